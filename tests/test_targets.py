"""What goals ask for, as pages draw it: the same as the goals' own scoring says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from conftest import environment

from kpi import goals
from kpi.dashboard import targets
from kpi.meaning.filters import Filters
from kpi.numbers import metrics
from kpi.numbers.warehouse import Warehouse, open_warehouse
from kpi.settings import Settings

TABLES = {
    "engagement_ratio": "engagement",
    "multi_device_percent": "multi-device",
    "connection_time_new": "connection-time",
    "connection_time_existing": "connection-time",
}


@pytest.fixture(scope="module")
def warehouse(demo_home: Path) -> Iterator[Warehouse]:
    """The demo store."""
    with environment(KPI_HOME=str(demo_home)):
        opened = open_warehouse(Settings.read())
    yield opened
    opened.close()


def asked(warehouse: Warehouse, measure: str, filters: Filters, day: date) -> list[targets.Target]:
    """The targets of a measure, from the tables that a page has."""
    daily = metrics.METRICS[TABLES[measure]](warehouse, filters)
    return targets.targets(goals.read(), measure, daily, metrics.firefox(warehouse), day, filters)


@pytest.mark.parametrize(
    "filters",
    [Filters(), Filters(os=("Windows 7",)), Filters(users="existing", not_browser=("Chrome",))],
    ids=["everyone", "one system", "existing"],
)
def test_targets_equal_the_goals_own(warehouse: Warehouse, filters: Filters) -> None:
    """A line or a card never asks for anything but what the goals page scores by."""
    day = warehouse.publication.last_complete_day
    figures = goals.Figures(warehouse)
    scored = {score.goal.id: score.target for score in goals.scores(figures, goals.read(), filters)}
    compared = 0
    for measure in TABLES:
        for target in asked(warehouse, measure, filters, day):
            assert target.value == pytest.approx(scored[target.goal.id]), target.goal.id
            compared += target.value is not None
    assert compared == 7


def test_goals_of_another_year_ask_for_nothing(warehouse: Warehouse) -> None:
    """A goal holds for its own year only."""
    assert asked(warehouse, "multi_device_percent", Filters(), date(2015, 12, 31)) == []


def test_goal_lines_are_those_of_one_value(warehouse: Warehouse) -> None:
    """What is asked beside Firefox moves from day to day and is no line of one value."""
    told = asked(warehouse, "engagement_ratio", Filters(), date(2016, 3, 31))
    assert len(targets.lines(told, "percent")) == 1
    assert targets.points_above(told) == {"desktop": 5, "android": 5, "ios": 5}
    (line,) = targets.lines(told, "percent")
    assert (line.first, line.last) == (date(2016, 1, 1), date(2016, 12, 31))


def test_gaps_are_told_in_points_and_seconds(warehouse: Warehouse) -> None:
    """A percentage is points from its goal, never percent; a ceiling is met below it."""
    day = date(2016, 3, 31)
    (share,) = asked(warehouse, "multi_device_percent", Filters(), day)
    assert targets.gap_text(share, 17.9, "percent") == "2.1 points below the goal of 20.0%"
    assert targets.gap_text(share, 20.04, "percent") == "at the goal of 20.0%"
    assert targets.met(share, 20.0)
    (time,) = asked(warehouse, "connection_time_new", Filters(), day)
    assert targets.gap_text(time, 12.5, "seconds") == "2.50 s above the goal of 10.0 s"
    assert targets.met(time, 9.9)
    assert not targets.met(time, 10.0)
    slower = replace(time.goal, kind="baseline_plus")
    assert targets.met(replace(time, goal=slower), 9.9)
    assert targets.met(replace(time, goal=slower), 10.0)
    assert not targets.met(replace(time, goal=slower), 10.1)
