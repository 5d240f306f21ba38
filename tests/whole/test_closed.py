"""A small store that its operator closes to exclusions or breakdowns, on pages and in exports alike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from app_pages import opened, words
from conftest import Store, environment

from kpi.commands.cli import main

NO_EXCLUSIONS = {"KPI_EXCLUSIONS": "0", "KPI_MIN_USERS": "1"}
NO_BREAKDOWNS = {"KPI_BREAKDOWNS": "0", "KPI_MIN_USERS": "1"}
BROKEN_DOWN = (
    "pages/engagement.py",
    "pages/multi_device.py",
    "pages/connection_time.py",
    "pages/what_moved.py",
    "pages/explore.py",
)


@pytest.fixture
def demo(demo_home: Path, in_project: None) -> Iterator[str]:
    """The demo store's folder."""
    yield str(demo_home)


@pytest.mark.parametrize(
    "asked", (("--not-os=Linux",), ("--os=Android", "--os=iOS")), ids=("exclusion", "several")
)
def test_exports_refuse_what_subtracts(
    demo: str, asked: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """An exclusion, and several values of a tag, are refused in a line; one value a tag is not."""
    with environment(KPI_HOME=demo, **NO_EXCLUSIONS):
        for metric in ("engagement", "completion", "goals"):
            assert main(["export", metric, *asked]) == 1
            said = capsys.readouterr()
            assert "KPI_EXCLUSIONS=0" in said.err and said.err.count("\n") == 1 and not said.out
        assert main(["export", "engagement", "--os=Android", "--users=new"]) == 0
        assert main(["export", "engagement", "--by=os"]) == 0


def test_exports_refuse_breakdowns(demo: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A breakdown is refused in a line where those are closed; filters are not."""
    with environment(KPI_HOME=demo, **NO_BREAKDOWNS):
        assert main(["export", "engagement", "--by=os"]) == 1
        said = capsys.readouterr()
        assert "KPI_BREAKDOWNS=0" in said.err and said.err.count("\n") == 1 and not said.out
        assert main(["export", "engagement", "--not-os=Linux"]) == 0


def test_pages_without_exclusions(demo: str) -> None:
    """The sidebar takes one value of a tag and offers no "all except", and says so."""
    with environment(KPI_HOME=demo, **NO_EXCLUSIONS):
        page = opened("app.py", os=["Android"])
    assert not page.exception
    assert page.multiselect(key="os").value == ["Android"]
    assert page.multiselect(key="os").proto.max_selections == 1
    assert not [radio for radio in page.radio if radio.key and radio.key.endswith("_mode")]
    assert "Only a single value of each tag can be chosen" in words(page)
    assert not page.toast


def test_links_with_exclusions(demo: str) -> None:
    """A link with "all except", or with two values, drops them with a notice; nothing is turned around."""
    with environment(KPI_HOME=demo, **NO_EXCLUSIONS):
        left_out = opened("app.py", os=["Android"], os_mode="all except")
        two = opened("app.py", os=["Android", "iOS"])
    assert not left_out.exception and not two.exception
    assert left_out.multiselect(key="os").value == []
    assert "Android" in left_out.toast[0].value and "closed here" in left_out.toast[0].value
    assert two.multiselect(key="os").value == ["Android"]
    assert "iOS" in two.toast[0].value and "closed here" in two.toast[0].value


@pytest.mark.parametrize("file", BROKEN_DOWN)
def test_pages_without_breakdowns(demo: str, file: str) -> None:
    """Where breakdowns are closed a sentence stands in their place, and a link with one gets a notice."""
    with environment(KPI_HOME=demo, **NO_BREAKDOWNS):
        page = opened(file, by="browser", period="all")
    assert not page.exception
    assert "Breakdowns are closed in this store" in words(page)
    assert any("closed here" in toast.value for toast in page.toast)
    assert not [box for box in page.selectbox if box.key in ("by", "view")]
    assert "by" not in page.query_params


def test_everything_is_open_unless_closed(store: Store) -> None:
    """A bad switch is refused by name; without one, nothing is closed."""
    for name in ("KPI_EXCLUSIONS", "KPI_BREAKDOWNS"):
        ran = store.run("export", "engagement", **{name: "perhaps"})
        assert ran.status == 1 and f"{name} must be 0 or 1" in ran.err
