"""Goal lines: what charts draw of the goals' own scores."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from conftest import environment

from kpi import goals
from kpi.dashboard import targets
from kpi.goals import Figures, Score
from kpi.numbers.warehouse import open_warehouse
from kpi.settings import Settings


@pytest.fixture(scope="module")
def scored(demo_home: Path) -> Iterator[list[Score]]:
    """The scores of the demo store."""
    with environment(KPI_HOME=str(demo_home)):
        warehouse = open_warehouse(Settings.read())
    yield goals.scores(Figures(warehouse), goals.read(), as_of=date(2016, 3, 31))
    warehouse.close()


def test_a_line_is_the_target_of_its_score_over_its_year(scored: list[Score]) -> None:
    """Each goal with a target of its own has a line of that value, from 1 January to 31 December."""
    lines = targets.lines(scored)
    own = [score for score in scored if score.goal.comparator is None]
    assert [line.value for line in lines] == [score.target for score in own]
    assert {(line.first, line.last) for line in lines} == {(date(2016, 1, 1), date(2016, 12, 31))}
    assert len({line.label for line in lines}) == len(lines) == 4


def test_goals_beside_firefox_are_no_line_of_one_value(scored: list[Score]) -> None:
    """What is asked beside Firefox moves from day to day: points above each product's own ratio."""
    assert targets.points_above(scored) == {"desktop": 5, "android": 5, "ios": 5}


def test_a_goal_without_a_target_has_no_line(scored: list[Score]) -> None:
    """Where there is no baseline there is no target, and so no line."""
    bare = [Score(score.goal, score.as_of) for score in scored]
    assert targets.lines(bare) == []
    assert targets.points_above(bare) == {}
