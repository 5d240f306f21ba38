"""Pages as of an earlier publication."""

from __future__ import annotations

import pytest
from app_pages import opened, words
from conftest import Store, environment
from event_files import write
from logs import D, at, event, heartbeat, user


@pytest.mark.usefixtures("in_project")
def test_a_page_shows_an_earlier_publication(make_store) -> None:
    """`?as_of=` shows an earlier publication with a line that says so, and a way back to the newest."""
    made: Store = make_store()
    rows = heartbeat(D[0], 30)
    rows += [event(at(day), uid=user(n)) for day in D[:30] for n in range(20)]
    late = [event(at(D[29]), uid=user(f"late{n}")) for n in range(15)]
    for name, events in (("base.csv", rows), ("late.csv", late)):
        made.load(write(made.files / name, events))
        made.summarise()
    with environment(**{k: v for k, v in made.settings().items() if v is not None}):
        page = opened("pages/engagement.py", as_of="1")
        assert not page.exception
        assert "in publication 1. Later loads" in words(page)
        assert page.query_params["as_of"] in ("1", ["1"])
        page.button(key="back_to_today").click().run()
        assert "Later loads" not in words(page) and "as_of" not in page.query_params
        data = opened("pages/data.py", open_changes="true")
        (listed,) = [table.value for table in data.dataframe if "Because" in table.value]
        users = listed[(listed["table"] == "engagement") & (listed["column"] == "Daily users")]
        assert list(users["change"]) == [15.0, 15.0, 15.0][: len(users)] and len(users)
        assert set(listed["Because"]) == {"load of late.csv"}
        wrong = opened("pages/engagement.py", as_of="77")
        assert "Later loads" not in words(wrong) and not wrong.exception
