"""The year's goals as charts and cards draw them. Their scores are those of the Goals page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from kpi.charts import GoalLine
from kpi.goals import Score
from kpi.text import written


def lines(scored: Iterable[Score]) -> list[GoalLine]:
    """A line for each goal whose target is the same value all year."""
    return [_line(score) for score in scored if score.target is not None and not _compares(score)]


def points_above(scored: Iterable[Score]) -> dict[str, float]:
    """The points above each product's own ratio that the goals ask for, by product."""
    return {
        str(score.goal.comparator): score.goal.threshold
        for score in scored
        if _compares(score) and score.target is not None
    }


def _compares(score: Score) -> bool:
    return score.goal.kind == "comparator_plus"


def _line(score: Score) -> GoalLine:
    """The line of a goal over its year, with a label in full and a short one."""
    goal, value = score.goal, written(score.target, score.goal.unit)
    group = goal.kpi.group if goal.kpi.timed else None
    whose = f", {group}" if group else ""
    assert score.target is not None
    return GoalLine(
        f"Goal {goal.year}{whose} {value}",
        score.target,
        date(goal.year, 1, 1),
        date(goal.year, 12, 31),
        f"Goal{whose.replace('existing', 'exist.')} {value}",
    )
