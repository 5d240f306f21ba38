"""Pages as of an earlier publication, and the line on what was revised since a reader looked."""

from __future__ import annotations

from collections.abc import Iterator
from unittest import mock

import pytest
from app_pages import opened, words
from conftest import Store, environment
from event_files import write
from logs import D, at, event, heartbeat, user

from kpi.dashboard import revised


@pytest.fixture(scope="module")
def twice(make_store) -> Iterator[Store]:
    """A store of 20 users a day with two publications: in the second 15 more come late on the last day."""
    made: Store = make_store()
    rows = heartbeat(D[0], 30)
    rows += [event(at(day), uid=user(n)) for day in D[:30] for n in range(20)]
    late = [event(at(D[29]), uid=user(f"late{n}")) for n in range(15)]
    for name, events in (("base.csv", rows), ("late.csv", late)):
        made.load(write(made.files / name, events))
        made.summarise()
    with environment(**{k: v for k, v in made.settings().items() if v is not None}):
        yield made


@pytest.mark.usefixtures("in_project", "twice")
def test_a_page_shows_an_earlier_publication() -> None:
    """`?as_of=` shows an earlier publication with a line that says so, and a way back to the newest."""
    page = opened("pages/data.py", as_of="1", open_changes="true")
    assert not page.exception
    assert "in publication 1. Later loads" in words(page)
    assert page.query_params["as_of"] in ("1", ["1"])
    (listed,) = [table.value for table in page.dataframe if "Because" in table.value]
    users = listed[(listed["table"] == "engagement") & (listed["column"] == "Daily users")]
    assert set(users["change"]) == {15.0}
    assert set(listed["Because"]) == {"load of late.csv"}
    page.button(key="back_to_today").click().run()
    assert "Later loads" not in words(page) and "as_of" not in page.query_params


@pytest.mark.usefixtures("in_project", "twice")
def test_an_unknown_publication_is_not_shown() -> None:
    """`?as_of=` of a publication that never was shows the newest."""
    page = opened("pages/data.py", as_of="77")
    assert "Later loads" not in words(page) and not page.exception


@pytest.mark.usefixtures("in_project", "twice")
@pytest.mark.parametrize(("number", "says"), [(1, True), (2, False), (None, False)])
def test_revised_numbers_are_named(number: int | None, says: bool) -> None:
    """A reader who last looked at the first publication reads what was revised since; others read nothing."""
    with mock.patch.object(revised, "looked_at", lambda page: number):
        page = opened("pages/explore.py")
    assert not page.exception
    assert ("Revised since you last looked" in words(page)) == says
    assert ("Daily users of 1 day" in words(page)) == says
