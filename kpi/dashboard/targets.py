"""What the year's goals ask for, worked out from the tables a page already has.

The same targets as `kpi.goals.scores` gives for the same filters (a test keeps them equal), without a
query of their own. Source: design, section 7.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from kpi.charts import GoalLine
from kpi.goals import Goal
from kpi.meaning.definitions import ATTEMPT_WINDOW
from kpi.meaning.filters import Filters, Period
from kpi.meaning.measures import Unit, within, written

GOAL_COLUMNS: dict[str, tuple[str, Mapping[str, str]]] = {
    "engagement_ratio": ("engagement_ratio", {"audience": "all"}),
    "multi_device_percent": ("daily_multi_device_percent", {}),
    "connection_time_new": ("median_seconds", {"account": "new"}),
    "connection_time_existing": ("median_seconds", {"account": "existing"}),
}
"""Each measure that a goal may have: its column in the measure's table, and what picks one row a day."""

PRODUCT_NAMES = {
    "desktop": "Firefox desktop",
    "android": "Firefox for Android",
    "ios": "Firefox for iOS",
}


@dataclass(frozen=True)
class Target:
    """What a goal asks for, in the measure's unit; None where there are no data to tell."""

    goal: Goal
    value: float | None

    @property
    def days(self) -> tuple[date, date]:
        """The days it holds for."""
        return date(self.goal.year, 1, 1), date(self.goal.year, 12, 31)


def targets(
    goals: Iterable[Goal],
    measure: str,
    daily: pd.DataFrame,
    firefox: pd.DataFrame,
    as_of: date,
    filters: Filters = Filters(),
    window: int = ATTEMPT_WINDOW,
) -> list[Target]:
    """What each of a measure's goals for the year of ``as_of`` asks for.

    ``daily`` is the measure's table by day over all days, ``firefox`` `metrics.firefox`. A goal with
    filters of its own is left out when the reader's are others, one for another window of multi-device
    when the table's is ``window``.
    """
    column, picked = GOAL_COLUMNS[measure]
    for name, value in picked.items():
        daily = daily[daily[name] == value]
    told = []
    for goal in goals:
        if goal.measure != measure or goal.year != as_of.year:
            continue
        if goal.filters not in (Filters(), filters):
            continue
        if measure == "multi_device_percent" and goal.device_window != window:
            continue
        told.append(Target(goal, _value(goal, daily, column, firefox, as_of)))
    return told


def lines(told: Iterable[Target], unit: Unit) -> list[GoalLine]:
    """A line for each target that is one value over its year."""
    return [
        GoalLine(_words(target, unit)[0], target.value, *target.days, _words(target, unit)[1])
        for target in told
        if target.value is not None and target.goal.kind != "comparator_plus"
    ]


def points_above(told: Iterable[Target]) -> dict[str, float]:
    """How many points above each product's own ratio the goals ask for."""
    return {
        str(target.goal.comparator): target.goal.threshold
        for target in told
        if target.goal.kind == "comparator_plus" and target.value is not None
    }


def gap_text(target: Target, value: float, unit: Unit) -> str:
    """How far a value is from a target, such as '2.1 points below the goal of 43.2%'."""
    assert target.value is not None
    gap = value - target.value
    size = f"{abs(gap):.1f} points" if unit == "percent" else written(abs(gap), unit)
    if not any(digit in "123456789" for digit in size):
        return f"at the goal of {written(target.value, unit)}"
    return f"{size} {'above' if gap > 0 else 'below'} the goal of {written(target.value, unit)}"


def met(target: Target, value: float) -> bool:
    """Whether a value is where the target wants it."""
    assert target.value is not None
    return target.goal.reaches(value, target.value)


def _value(
    goal: Goal, daily: pd.DataFrame, column: str, firefox: pd.DataFrame, as_of: date
) -> float | None:
    if goal.kind == "baseline_plus":
        year_before = Period(date(goal.year - 1, 1, 1), date(goal.year - 1, 12, 31))
        base = _mean(within(daily, year_before)[column])
    elif goal.kind == "comparator_plus":
        window = Period(as_of - timedelta(days=goal.window_days - 1), as_of)
        base = _mean(
            within(firefox[firefox["product"] == goal.comparator], window)["engagement_ratio"]
        )
    else:
        base = 0.0
    return None if base is None else base + goal.threshold


def _words(target: Target, unit: Unit) -> tuple[str, str]:
    """A goal line's label in full and in short."""
    goal, value = target.goal, written(target.value, unit)
    account = goal.measure.removeprefix("connection_time_")
    whose = f", {account}" if goal.measure.startswith("connection_time") else ""
    short = whose.replace("existing", "exist.")
    return f"Goal {goal.year}{whose} {value}", f"Goal{short} {value}"


def _mean(values: pd.Series) -> float | None:
    mean = values.dropna().astype("float64").mean()
    return None if pd.isna(mean) else float(mean)
