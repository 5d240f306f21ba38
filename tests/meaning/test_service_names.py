"""Services by name: pages show the name, exports and links keep the id."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from app_pages import alts, opened, words

from kpi.errors import Refused
from kpi.meaning import services
from kpi.meaning.filters import Filters

ENGAGEMENT, CONNECTION = "pages/engagement.py", "pages/connection_time.py"


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ('a = "A"\nb = 3', 2, "b: the name must be a text"),
        ('a = "A"\n\n[b]\nc = "C"', 3, "b: the name must be a text"),
        ('a = " A"', 1, "without spaces around"),
        ('a = ""', 1, "must be 1 to 60 characters"),
        (f'a = "{"x" * 61}"', 1, "must be 1 to 60 characters"),
        ('a = "A\\u0007"', 1, "that can be shown"),
        ('# names\na = "A"\n"b" = "A"', 3, "another service has the name 'A'"),
        ('a = "b"\nb = "B"', 1, "the name 'b' is the id of another service"),
        ('a = "A"\na = "B"', 2, "line 2: "),
        ('a = "A', 1, "line 1: "),
    ],
)
def test_broken_file_is_refused_with_line_and_reason(
    tmp_path: Path, text: str, line: int, reason: str
) -> None:
    """Whatever is wrong with the file, the message has the line and the reason, in a line."""
    path = tmp_path / "services.toml"
    path.write_text(text)
    with pytest.raises(Refused) as refused:
        services.read(path)
    said = str(refused.value)
    assert f": line {line}: " in said and reason in said and "\n" not in said


def test_names_of_the_product() -> None:
    """The file of the product is sound; what it doesn't name is shown by its id."""
    assert services.shown("service", "sync") == "Sync"
    assert services.shown("browser", "sync") == "sync"
    assert services.shown("service", "0123456789abcdef") == "0123456789abcdef"
    for service, name in services.read().items():
        assert services.id_of("service", name) == service
    assert (
        "Sync or Pocket (web) except 0123456789abcdef"
        in Filters(
            service=("sync", "749818d3f2e7857f"), not_service=("0123456789abcdef",)
        ).sentence()
    )


def test_a_name_that_is_an_id_in_the_data_is_not_given_twice() -> None:
    """Where the data have a service called as another is named, both are shown by their ids."""
    assert services.names("service", ["sync", "x"]) == {"sync": "Sync", "x": "x"}
    table = pd.DataFrame({"service": ["sync", "Sync", "x"], "n": [1, 2, 3]})
    assert list(services.with_names(table)["service"]) == ["sync", "Sync", "x"]


@pytest.mark.usefixtures("at_demo")
def test_pages_show_names_and_links_keep_ids() -> None:
    """In the filter, its sentence, legends, labels and tables; hidden lines and filters by id in the link."""
    page = opened(ENGAGEMENT, service="sync", by="Service", view="lines", hide_values="sync")
    assert not page.exception and not page.toast
    said = words(page)
    assert "on all systems, Sync, new and existing users" in said
    assert "service=sync" in said and "hide_values=sync" in said
    assert "Sync" in page.multiselect(key="service").options
    assert page.multiselect(key="service").value == ["sync"]
    connection = opened(CONNECTION, by="Service")
    assert any("Sync" in alt for alt in alts(connection))
    page = opened(ENGAGEMENT, by="Service", view="small multiples", engagement_by_table="true")
    assert "**Sync**" in words(page)
