"""Engagement, Multi-device and Explore without a browser: full, filtered, hidden, empty, failing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from app_pages import alts, graphs, opened, words
from conftest import daily, environment
from demo_store import DEMO_DAYS
from product import table_of

from kpi.errors import Republished, WarehouseDown
from kpi.meaning.explore import explorable
from kpi.meaning.tables import TABLES as REGISTRY
from kpi.numbers import metrics
from kpi.numbers.warehouse import open_warehouse
from kpi.settings import Settings

ENGAGEMENT, MULTI, EXPLORE = "pages/engagement.py", "pages/multi_device.py", "pages/explore.py"
CONNECTION = "pages/connection_time.py"
PAGES = (ENGAGEMENT, MULTI, EXPLORE)
GRAPHS = {ENGAGEMENT: 5, MULTI: 3, EXPLORE: 2}
TABLES = {ENGAGEMENT: "engagement", MULTI: "multi-device", EXPLORE: "engagement"}
each_page = pytest.mark.parametrize("file", PAGES)


def on(page: str) -> pytest.MarkDecorator:
    """On a page in every run, by turns, on the others in long runs: they are made of the same parts."""
    return pytest.mark.parametrize("file", daily(page, of=PAGES))


@each_page
@pytest.mark.usefixtures("at_demo")
def test_full_page(file: str) -> None:
    """Cards, graphs with a sentence each, what overlaps, and the definitions at the foot."""
    page = opened(file, period="all")
    assert not page.exception
    assert len(graphs(page)) == GRAPHS[file]
    assert len(set(alts(page))) == GRAPHS[file]
    assert all(card.value != "–" for card in page.metric)
    told = words(page)
    assert " – ".join(DEMO_DAYS) in told
    assert "don’t add up to all users" in told
    assert "*Specification, " in told


@on(MULTI)
@pytest.mark.usefixtures("at_demo")
def test_filtered_page(file: str) -> None:
    """A filter narrows every number of the page and is told in words."""
    everyone, some = opened(file), opened(file, os="Android", os_mode="all except", users="new")
    assert not some.exception
    assert "All browsers on all systems except Android, all services, new users" in words(some)
    before = [card.value for card in everyone.metric]
    assert [card.value for card in some.metric] != before


@on(EXPLORE)
@pytest.mark.usefixtures("at_demo")
def test_compared_and_weekly_page(file: str) -> None:
    """Weeks and a comparison are applied and named; cards are of the 28 days, whatever a point is of."""
    page = opened(file, granularity="week", compare="previous period", period="last 28 days")
    assert not page.exception
    told = words(page)
    assert "Compared with 5 Feb – 3 Mar 2016, the same weekdays 4 weeks before." in told
    assert "4 Mar – 31 Mar 2016" in told
    assert any("previous period" in chart.spec for chart in graphs(page))


@on(MULTI)
def test_small_cells_are_hidden(file: str, demo_home: Path, in_project: None) -> None:
    """Where fewer people than the minimum match, nothing is drawn and the page says hidden."""
    with environment(KPI_HOME=str(demo_home), KPI_MIN_USERS="100000"):
        page = opened(file, period="all")
    assert not page.exception
    assert graphs(page) == []
    assert "Hidden for privacy" in words(page)
    assert all(card.value == "–" for card in page.metric)


@on(EXPLORE)
def test_empty_store(file: str, tmp_path: Path, no_caches: None) -> None:
    """Before anything is loaded the page says what to run, and draws nothing."""
    with environment(KPI_HOME=str(tmp_path / "nothing")):
        page = opened(file)
    assert not page.exception
    assert "python -m kpi load" in words(page)
    assert graphs(page) == []


@on(EXPLORE)
def test_failing_store(
    file: str, demo_home: Path, no_caches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A query that fails gives one plain sentence, without SQL, host or path."""

    def fails(*_args: object, **_options: object) -> None:
        raise WarehouseDown("SELECT secret FROM host.example") from OSError("host.example")

    monkeypatch.setitem(metrics.METRICS, TABLES[file], fails)
    with environment(KPI_HOME=str(demo_home)):
        page = opened(file)
    assert not page.exception
    assert "can't be read right now" in page.error[0].value
    assert "host.example" not in words(page)


@on(EXPLORE)
@pytest.mark.usefixtures("at_demo")
@pytest.mark.parametrize(
    ("by", "view"),
    daily(
        ("Browser version", "small multiples"),
        ("New or existing users", "lines"),
        of=[
            (by, view)
            for by in ("Browser version", "New or existing users")
            for view in ("small multiples", "lines")
        ],
    ),
)
def test_breakdowns(file: str, view: str, by: str) -> None:
    """Any tag can be chosen, and drawn in any of the ways."""
    page = opened(file, by=by, view=view, compare="previous period", period="last 28 days")
    assert not page.exception
    assert len(graphs(page)) >= GRAPHS[file]


@pytest.mark.usefixtures("at_demo")
@pytest.mark.parametrize("title", daily(*list(explorable())[1::4], of=explorable()))
def test_every_measure_can_be_explored(title: str) -> None:
    """Each measure has a card, a course, and a breakdown by a tag that only it may have."""
    measure = explorable()[title]
    from kpi.dashboard.parts import dimension

    page = opened(
        EXPLORE, explore=title, by=dimension(REGISTRY[measure.metric].tags[-1]), period="all"
    )
    assert not page.exception
    assert len(page.metric) == 1
    assert len(graphs(page)) == 2
    assert f"**{title}**" in words(page)


@pytest.mark.usefixtures("at_demo")
def test_attempts_add_up_and_users_do_not() -> None:
    """The page warns of overlap where there is any, and only there."""
    assert "don’t add up" in words(opened(EXPLORE, explore="Daily active users"))
    assert "don’t add up" not in words(opened(EXPLORE, explore="Completed connections"))


@pytest.mark.usefixtures("at_demo")
def test_window_changes_the_numbers_and_takes_the_goal_along() -> None:
    """Another window gives other users; the goal of 20% is for 5 days and stands beside no other."""
    usual, wider = opened(MULTI), opened(MULTI, window="14")
    assert usual.metric[0].value != wider.metric[0].value
    assert "the goal of 20.0%" in words(usual).replace("\\", "")
    assert "the goal of 20.0%" not in words(wider).replace("\\", "")


@pytest.mark.usefixtures("at_demo")
def test_unequal_periods_are_refused_in_words() -> None:
    """What can't be compared isn't, and the page says why."""
    page = opened(ENGAGEMENT, compare="2015", period="last year")
    assert not page.exception
    assert "Not compared with 2015" in words(page)


@pytest.mark.usefixtures("at_demo")
def test_versions_are_those_of_the_chosen_browsers() -> None:
    """With a browser chosen, only its versions are options, with those picked before."""
    page = opened(EXPLORE)
    everything = page.multiselect(key="version").options
    rare = page.multiselect(key="browser").options[-1]
    some = opened(EXPLORE, browser=rare).multiselect(key="version").options
    assert set(some) < set(everything)
    assert some
    lost = next(value for value in everything if value not in some)
    kept = opened(EXPLORE, browser=rare, version=lost)
    assert kept.multiselect(key="version").value == [lost]
    assert "Nothing matches these filters" in words(kept)


@pytest.mark.usefixtures("at_demo")
def test_own_days() -> None:
    """From and to are in the URL; the wrong way round they are exchanged, a bad one is dropped."""
    told = {"period": "custom", "from": "2016-02-01", "to": "2016-02-20"}
    assert "1 Feb – 20 Feb 2016" in words(opened(EXPLORE, **told))
    turned = opened(EXPLORE, **{**told, "from": "2016-02-20", "to": "2016-02-01"})
    assert "exchanged" in words(turned)
    dropped = opened(EXPLORE, **{**told, "from": "2036-02-31"})
    assert not dropped.exception
    assert any("2036" in toast.value for toast in dropped.toast)


@pytest.mark.usefixtures("at_demo")
def test_devices_narrow_connections_only() -> None:
    """The filter of devices changes connections, and no number of users."""
    page = {name: opened("app.py", devices=name, period="all") for name in ("all", "multi")}
    users = [[card.value for card in each.metric][:2] for each in page.values()]
    assert users[0] == users[1]
    assert "connections of multi-device users" in words(page["multi"])


@pytest.mark.usefixtures("at_demo")
def test_what_the_filter_of_devices_cannot_reach_is_said() -> None:
    """Explore says so for measures of users, and for no others."""
    said = "it is not applied here"
    assert said in words(opened(EXPLORE, devices="multi"))
    assert said not in words(opened(EXPLORE))
    assert said not in words(opened(EXPLORE, devices="multi", explore="Median time to connect"))


@pytest.mark.parametrize("file", [MULTI, EXPLORE])
@pytest.mark.usefixtures("at_demo")
def test_definition_names_the_window(file: str) -> None:
    """Above numbers of 14 days, no tooltip and no foot speaks of 5."""
    page = opened(file, window="14", explore="Multi-device users")
    told = "\n".join([words(page), *(each.help or "" for each in page.markdown)])
    assert "within the 14 UTC days" in told or "within the 14 days" in told
    assert "within the 5 " not in told


def test_gaps_are_those_of_what_is_drawn(demo_home: Path, in_project: None) -> None:
    """Days hidden of single- and multi-device users are no gaps of a chart of all users."""

    def days_hidden(audience: str, least: int) -> int:
        frame = table_of(warehouse, "engagement", min_users=least)
        rows = frame[frame["audience"] == audience]
        return int(rows["dau"].isna().sum())

    least = 15
    for label, audience in (("all users", "all"), ("single-device", "single_device")):
        with environment(KPI_HOME=str(demo_home), KPI_MIN_USERS=str(least)):
            warehouse = open_warehouse(Settings.read())
            page = opened(ENGAGEMENT, period="all", audience=label)
        days = days_hidden(audience, least)
        told = f"{days} day{'s' if days > 1 else ''} hidden, since fewer than {least}"
        assert any(told in each.value for each in page.caption), told
    assert days_hidden("all", least) < days_hidden("single_device", least)


def test_fault_in_an_opened_table_is_told_there(
    monkeypatch: pytest.MonkeyPatch, demo_home: Path, no_caches: None
) -> None:
    """What fails when a table is opened is told in its place, and the page goes on below it."""

    def fails(*_args: object, **_options: object) -> None:
        raise WarehouseDown("no answer")

    monkeypatch.setitem(metrics.METRICS, "steps", fails)
    with environment(KPI_HOME=str(demo_home)):
        page = opened(CONNECTION)
        assert not page.error
        page.session_state["steps_table"] = True
        page.run()
    assert not page.exception
    assert ["can't be read right now" in each.value for each in page.error] == [True]
    assert "Breakdown" in [each.value for each in page.header]


def test_newer_numbers_in_an_opened_table(
    monkeypatch: pytest.MonkeyPatch, demo_home: Path, no_caches: None
) -> None:
    """A publication that is replaced while a table is opened makes the page anew, without an error."""
    real, failed = metrics.METRICS["completion"], []

    def fails_once(*args: Any, **options: Any) -> Any:
        if not failed:
            failed.append(True)
            raise Republished("newer numbers were published just now; try again")
        return real(*args, **options)

    monkeypatch.setitem(metrics.METRICS, "completion", fails_once)
    with environment(KPI_HOME=str(demo_home)):
        page = opened(CONNECTION)
        page.session_state["completion_table"] = True
        page.run()
    assert failed
    assert not page.exception
    assert not page.error
    assert len(page.dataframe) == 2


@on(EXPLORE)
@pytest.mark.usefixtures("at_demo")
def test_sql_stands_behind_the_table(file: str) -> None:
    """The SQL is there to copy, with the filters filled in."""
    page = opened(file, os="Android")
    assert "FROM kpi.segment" not in words(page)
    key = {ENGAGEMENT: "engagement_table", MULTI: "multi_device_table", EXPLORE: "all_table"}[file]
    page.session_state[key] = True
    page.session_state[f"{key}_sql"] = True
    page.run()
    assert not page.exception
    code = "\n".join(each.value for each in page.code)
    assert "os IN ('Android')" in code
