"""Pages and links as of an earlier publication, and the line on what was revised since a reader looked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from unittest import mock

import pytest
from app_pages import opened, words
from conftest import LONG, Store, environment
from event_files import write
from logs import D, at, event, heartbeat, user
from starlette.applications import Starlette
from starlette.testclient import TestClient
from test_baselines import baseline_of

from kpi import store
from kpi.dashboard import api, changes, revised
from kpi.dashboard.guard import GUARD
from kpi.dashboard.source import turn
from kpi.goals import frozen
from kpi.meaning.parameters import NAMES
from kpi.numbers import revisions
from kpi.numbers.export import written
from kpi.settings import Settings

ROOT = "/api/v1"


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


@pytest.mark.usefixtures("no_caches")
def test_changes_since_a_frozen_baseline(twice: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Changes are listed since a publication, or since a baseline was frozen; a step is compared once.

    Meanwhile other readers' pages are drawn.
    """
    settings = Settings.read()
    baseline = baseline_of(measure="engagement_ratio", publication_id=1)
    frozen.freeze(settings, baseline)
    compared = []

    def states(settings: Settings, numbers: list[int]) -> Iterator[object]:
        assert turn(settings).acquire(blocking=False)
        turn(settings).release()
        compared.append(numbers)
        return past_states(settings, numbers)

    past_states = store.past_states
    monkeypatch.setattr(store, "past_states", states)
    monkeypatch.setattr(changes, "_COMPARED", revisions.Compared())
    since = re.compile("since the baseline Engagement ratio 17.2%.* was frozen")
    page = opened("pages/data.py", open_changes="true")
    for choice in page.selectbox(key="changes").options:
        page.selectbox(key="changes").set_value(choice).run()
        assert not page.exception
        (listed,) = [table.value for table in page.dataframe if "Because" in table.value]
        assert set(listed["Because"]) == {"load of late.csv"}
    assert [bool(since.match(choice)) for choice in page.selectbox(key="changes").options] == [
        False,
        True,
        False,
    ]
    assert compared == [[2, 1]]


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


@pytest.fixture
def client(twice: Store, in_project: None) -> TestClient:
    """A client of the routes of links, as the server has them."""
    return TestClient(
        Starlette(routes=api.routes(), middleware=GUARD), base_url="http://127.0.0.1:8501"
    )


OFTEN = ("engagement", "multi-device", "connection-time", "moved", "goals")
"""A table of users, of devices and of attempts, and those with parameters of their own."""

OF_MOVED = {"measure": "mau", "from": f"{D[28]}", "to": f"{D[29]}", "by": "os", "days": "1"}


def test_links_have_the_bytes_of_exports(client: TestClient, twice: Store) -> None:
    """Each table as of an earlier publication is the export's, and isn't the newest."""
    changed = 0
    for table in NAMES if LONG else OFTEN:
        beside = OF_MOVED if table == "moved" else {}
        measure = [text for name, text in beside.items() if name == "measure"]
        options = [f"--{name}={text}" for name, text in beside.items() if name != "measure"]
        answer = client.get(f"{ROOT}/{table}.csv", params={**beside, "publication": "1"})
        ran = twice.run("export", table, *measure, *options, "--publication=1")
        if ran.status:
            assert (answer.status_code, f"kpi: {answer.text}") == (400, lines(ran.err)[-1]), table
            continue
        assert (answer.status_code, answer.content) == (200, ran.out), table
        assert answer.headers["x-note"].startswith(lines(ran.err)[0].rstrip("\n")), table
        changed += answer.content != client.get(f"{ROOT}/{table}.csv", params=beside).content
    assert changed > 1


def lines(text: str) -> list[str]:
    """The lines of a text, with their ends."""
    return text.splitlines(keepends=True)


def test_links_name_a_day(client: TestClient, twice: Store) -> None:
    """A day names the publication at its end; what can't be shown has the line of the export."""
    today = f"--published-by={datetime.now(UTC).date()}"
    for option in (today, "--publication=2", "--published-by=2016-01-31", "--publication=77"):
        answer = client.get(f"{ROOT}/engagement.csv?{option.removeprefix('--')}")
        ran = twice.run("export", "engagement", option)
        if ran.status:
            assert (answer.status_code, f"kpi: {answer.text}") == (400, ran.err)
        else:
            assert (answer.status_code, answer.content) == (200, ran.out)
            assert "x-note" not in answer.headers


def test_a_tag_is_of_a_publication(client: TestClient) -> None:
    """The ETag of a publication's table is its own, whichever way it is named, and charts have it, too."""

    def tag(name: str, **asked: str) -> str:
        answer = client.get(f"{ROOT}/{name}", params=asked)
        assert answer.status_code == 200, answer.text
        return answer.headers["etag"]

    for name in ("engagement.csv", "active-users.svg"):
        tags = [tag(name, publication="1"), tag(name, publication="2")]
        assert len({*tags, tag(name)}) == 3
        today = f"{datetime.now(UTC).date()}"
        assert tag(name, published_by=today) == tag(name, **{"published-by": today}) == tags[1]
        known = client.get(
            f"{ROOT}/{name}", params={"publication": "1"}, headers={"If-None-Match": tags[0]}
        )
        assert known.status_code == 304


@pytest.mark.parametrize(
    ("query", "line"),
    [
        ("publication=0", "publication must be a whole number from 1, not '0'"),
        ("published_by=May", "published-by must be a day like 2016-01-31, of the years 1970 to"),
        ("published_by=2016-01-31&publication=1", "published-by and publication name a publicat"),
        ("publication=1&publication=2", "publication may be given once only"),
    ],
)
def test_a_wrong_publication_is_refused(client: TestClient, query: str, line: str) -> None:
    """A value that can't be is refused in a line that says what to do."""
    answer = client.get(f"{ROOT}/engagement.csv?{query}")
    assert answer.status_code == 400 and answer.text.startswith(line)
    assert answer.text.count("\n") == 1


def test_a_page_links_to_the_numbers_that_it_shows(client: TestClient) -> None:
    """On a page as of an earlier publication, the links of a table return its rows."""
    page = opened("pages/explore.py", as_of="1", period="all")
    page.session_state["all_table"] = True
    page.run()
    shown = [written(frame.value, "csv") for frame in page.dataframe]
    (said,) = [each.value for each in page.markdown if " by link: " in each.value]
    link = re.search(r"\[csv\]\(([^)]*)\)", said)[1]
    assert "publication=1" in link and client.get(link).content in shown
