"""Stories of a store equal plain loops over its exports, hide small counts, and are listed and reported."""

from __future__ import annotations

import csv
import io
import json
import math
import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import alerts_oracle as oracle
import pytest
from app_pages import opened, words
from conftest import Store, environment

from kpi import alerts
from kpi.alerts import departures, file, story
from kpi.alerts.file import VERDICT
from kpi.goals import MET, NO_DATA, NOT_MET, TOO_CLOSE, Goal, Score
from kpi.meaning.measures import MEASURES
from kpi.numbers import annotations
from kpi.numbers.kpi_values import KpiValues
from kpi.numbers.warehouse import Warehouse, open_warehouse
from kpi.settings import Settings

ALERTS = """[[alert]]
id = "ratio"
title = "Engagement ratio"
rule = "swing"
measure = "engagement_ratio"

[[alert]]
id = "daily_users"
title = "Daily active users"
rule = "step"
measure = "dau"

[[alert]]
id = "on_android"
title = "Daily active users"
rule = "step"
measure = "dau"
filters = { os = ["Android"] }

[[alert]]
id = "share"
title = "Share"
rule = "verdict"
goal = "multi_device_share"
"""


@pytest.fixture(scope="module", autouse=True)
def alerts_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file of four alerts, in place of the program's."""
    path = tmp_path_factory.mktemp("alerts") / "alerts.toml"
    path.write_text(ALERTS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file, "ALERTS_FILE", path)
        yield path


@pytest.fixture(scope="module")
def demo(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A copy of the demo store."""
    store = Store(tmp_path_factory.mktemp("demo"))
    shutil.copytree(demo_home, store.home, ignore=shutil.ignore_patterns("demo", "events.duckdb"))
    return store


def settings_of(store: Store) -> Settings:
    """The settings of a store."""
    return Settings.read({"KPI_HOME": str(store.home)})


@pytest.fixture(scope="module")
def warehouse(demo: Store) -> Iterator[Warehouse]:
    """The demo's publication."""
    with closing(open_warehouse(settings_of(demo), cache_size=64)) as opened_once:
        yield opened_once


def daily(store: Store, column: str, *arguments: str) -> oracle.Days:
    """A column of all users in `export engagement`; absent cells are left out."""
    rows = csv.DictReader(io.StringIO(store.must("export", "engagement", *arguments).text))
    return {
        date.fromisoformat(row["day"]): float(row[column])
        for row in rows
        if row["audience"] == "all" and row[column]
    }


def test_stories_equal_plain_loops_over_exports(demo: Store, warehouse: Warehouse) -> None:
    """First, known, last and ended of each story are those of the exported values, under filters too."""
    markers = annotations.listed(settings_of(demo))
    got: dict[str, list[tuple[date, date, date, date | None]]] = {}
    for each in alerts.stories(warehouse, alerts.read(), markers=markers):
        days = (each.first, each.known, each.last, each.ended)
        got.setdefault(each.alert.id, []).append(days)
    touched = [each.day for each in markers if each.kind in ("incident", "holiday")]
    swings = oracle.swings(daily(demo, "engagement_ratio"), touched)
    assert got.get("ratio", []) == oracle.stretches(swings, 3, 7)
    for name, filters in (("daily_users", ()), ("on_android", ("--os", "Android"))):
        steps = oracle.steps(daily(demo, "dau", *filters), lambda usual, day: math.sqrt(usual))
        assert got.get(name, []) == oracle.stretches(steps, 1, 1)
    assert got["daily_users"]


def test_a_story_names_the_markers_of_its_days(demo: Store, warehouse: Warehouse) -> None:
    """Christmas is low, and the sentence says that it is Christmas."""
    markers = annotations.listed(settings_of(demo))
    every = alerts.stories(warehouse, alerts.read(), markers=markers)
    (christmas,) = [s for s in every if s.alert.id == "daily_users" and s.first.month == 12]
    assert "Christmas (25 Dec 2015)" in christmas.markers
    assert christmas.text.startswith("Daily active users: lower than usual, 25 Dec")
    assert "Markers: Christmas (25 Dec 2015)" in christmas.text


def test_no_story_of_hidden_numbers(warehouse: Warehouse) -> None:
    """Where a number is below the minimum cell, no alert says anything of its day."""
    watched = [alert for alert in alerts.read() if alert.rule != VERDICT]
    assert alerts.stories(warehouse, watched, min_users=1_000_000) == []
    (android,) = [alert for alert in watched if alert.id == "on_android"]
    values = KpiValues(warehouse, min_users=13)
    judged = departures.steps(
        values.daily(android.subject), values.daily_n(android.subject), MEASURES["dau"]
    )
    assert 0 < len(judged) < len(values.daily(android.subject))
    assert judged[["value", "usual"]].min().min() >= 13


def test_a_verdict_of_too_few_days_is_no_story(warehouse: Warehouse) -> None:
    """In three months of a goal's year the verdict on its share doesn't change for good."""
    of_verdict = [alert for alert in alerts.read() if alert.rule == VERDICT]
    assert alerts.stories(warehouse, of_verdict) == []


def test_a_verdict_is_a_story_until_it_is_back(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends when the verdict of before has lasted; where a third follows, that is the next story."""
    spells = [(MET, 40), (NOT_MET, 20), (MET, 30), (NOT_MET, 30), (TOO_CLOSE, 60), (NO_DATA, 3)]
    by_day = [word for word, days in spells for _ in range(days)]
    first = date(2016, 1, 1)

    def scored(figures: object, goal: Goal, filters: object, day: date, **_: object) -> Score:
        return Score(goal, day, gap=-1.5, status=by_day[(day - first).days])

    monkeypatch.setattr(story, "score", scored)
    monkeypatch.setattr(story, "scored_day", lambda goal, last: first + timedelta(days=182))
    of_verdict = [alert for alert in alerts.read() if alert.rule == VERDICT]
    got = [
        (
            (s.first - first).days,
            (s.last - first).days,
            s.ended and (s.ended - first).days,
            s.follows,
        )
        for s in alerts.stories(warehouse, of_verdict)
    ]
    assert got == [(40, 59, 66, False), (90, 119, 175, True), (120, 182, None, False)]
    *_, last = alerts.stories(warehouse, of_verdict)
    assert last.text == (
        "Share: too close to call (before: not met) since 30 Apr 2016. "
        "Gap −1.5 points on 1 Jul 2016."
    )


def test_the_command_lists_and_reports_once(demo: Store) -> None:
    """All stories with JSON last, as JSON, and what is new once, until something changes."""
    listed = demo.must("alerts")
    *sentences, last = listed.text.splitlines()
    assert json.loads(last) == {"command": "alerts", "stories": len(sentences), "open": 0}
    rows = json.loads(demo.must("alerts", "--json").text)
    assert [row["alert"] for row in rows].count("daily_users") >= 1
    assert rows == sorted(rows, key=lambda row: (row["first_day"], row["alert"]), reverse=True)
    assert demo.must("alerts", "--report").text == ""  # all are history
    assert demo.run("alerts", "--report", "--json").status == 2


def test_before_the_first_summary_there_is_nothing_to_report(tmp_path: Path) -> None:
    """The command says so and succeeds, so that the first hours of a schedule raise no alarm."""
    ran = Store(tmp_path).must("alerts", "--report")
    assert ran.text == ""
    assert "nothing has been summarised yet" in ran.said


def test_a_value_that_the_data_lacks_is_said(demo: Store, alerts_file: Path) -> None:
    """The command names an alert on a system that nobody has, and refuses a broken file."""
    try:
        alerts_file.write_text(ALERTS.replace("Android", "Androd"))
        assert "the alert on_android: no os is named 'Androd'" in demo.must("alerts").said
        alerts_file.write_text(ALERTS + "wrong = 1\n")
        refused = demo.run("alerts")
        assert refused.status == 1
        assert f"line {len(ALERTS.splitlines()) + 1}: alert 4: wrong is no setting" in refused.said
    finally:
        alerts_file.write_text(ALERTS)


def test_the_data_page_lists_them(demo: Store, no_caches: None) -> None:
    """Before the command ran it says so; then from, to, what and how large, the newest first."""
    shutil.rmtree(demo.home / "alerts", ignore_errors=True)
    with environment(KPI_HOME=str(demo.home)):
        assert "python -m kpi alerts" in words(opened("pages/data.py", period="all"))
        demo.must("alerts")
        page = opened("pages/data.py", period="all")
        assert not page.exception
        (table,) = [frame.value for frame in page.dataframe if "first_day" in frame.value]
    assert (table["name"] == "Daily active users").any()
    assert table["first_day"].is_monotonic_decreasing
    assert f"{len(table)} stories; 0 of them go on." in words(page)
