"""A goal's outlook: its place on its own scale, where it may end, and what a threshold needs.

The scale is the measure itself, or, of a goal compared with Firefox, its lead over it in points: the
comparator moves too, so that only the lead can be projected.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd

from kpi.goals.backtest import Backtest, backtest, moved_a_year_before, moved_as_far
from kpi.goals.figures import Figures
from kpi.goals.file import Goal
from kpi.goals.frozen import Frozen
from kpi.goals.projection import Projection, TooShort, project
from kpi.goals.scoring import NO_DATA, Score, hidden_baseline, year_before
from kpi.meaning.definitions import WEEK
from kpi.meaning.filters import Period
from kpi.numbers.kpi_values import mean_within


@dataclass(frozen=True)
class Outlook:
    """A score with its history and projection, on the goal's scale.

    ``base`` is the baseline period the values go by, ``baseline``, ``now`` and ``target`` are on the
    scale, ``days`` and ``weeks`` the history up to the day scored. Where there is no projection,
    ``why_none`` says why.
    """

    score: Score
    base: Period
    frozen: Frozen | None
    baseline: float | None
    now: float | None
    target: float | None
    days: pd.Series
    weeks: pd.Series
    projection: Projection | None
    why_none: str | None
    hidden: str | None = None
    """Why there is no baseline, where its values are only hidden."""

    @property
    def goal(self) -> Goal:
        """The goal, with the segment it was scored for."""
        return self.score.goal

    @property
    def end(self) -> date:
        """The day by which the goal is to be met."""
        return date(self.goal.year, 12, 31)

    @property
    def days_left(self) -> int:
        """Days from the day scored to the end."""
        return max((self.end - self.score.as_of).days, 0)

    @property
    def weeks_left(self) -> float:
        """The same in weeks."""
        return self.days_left / WEEK

    @property
    def whole_weeks_left(self) -> int:
        """The same in whole weeks, at least 1."""
        return max(round(self.weeks_left), 1)

    @property
    def scored_weeks(self) -> int:
        """The weeks of the scoring window, at least 1."""
        return max(round(self.goal.window_days / WEEK), 1)


@dataclass(frozen=True)
class Needed:
    """The way to a target: the move from now, per week; how often the past moved that far; the chance.

    ``stretches`` is how many past stretches are as long as the time left, ``moved`` how many of them
    moved as far; both 0 where the history is shorter. ``year_before`` is the move over the same weeks
    a year before.
    """

    target: float
    move: float
    per_week: float | None
    moved: int
    stretches: int
    year_before: float | None
    chance: float | None
    met_now: bool


def outlook(figures: Figures, scored: Score) -> Outlook:
    """A goal's outlook as of the day it was scored; a score without data has no projection."""
    goal, lead = scored.goal, scored.compared or 0.0
    chosen = scored.base or year_before(goal)
    frozen = chosen if isinstance(chosen, Frozen) else None
    period = chosen.period if isinstance(chosen, Frozen) else chosen
    if scored.actual is None:
        empty = pd.Series(dtype="float64", index=pd.DatetimeIndex([]))
        days = weeks = empty
        why = scored.reason
    else:
        days = figures.scored_days(goal)
        days = days[days.index <= pd.Timestamp(scored.as_of)]
        weeks, why = figures.scored_weeks(goal, scored.as_of), None
    baseline = scored.baseline
    if goal.comparator is not None:
        baseline = mean_within(days, period)[0]
    now = None if scored.actual is None else scored.actual - lead
    target = None if scored.target is None else scored.target - lead
    projection = None
    if scored.status == NO_DATA:
        why = scored.reason
    elif now is not None:
        try:
            projection = project(goal, weeks, now, scored.as_of)
        except TooShort as short:
            why = str(short)
    if goal.comparator is not None:
        frozen = None  # its lead is the mean of those days as they are now
    hidden = None if baseline is not None else hidden_baseline(figures, goal, period)
    return Outlook(
        scored, period, frozen, baseline, now, target, days, weeks, projection, why, hidden
    )  # fmt: skip


def target_for(outlook: Outlook, threshold: float) -> float | None:
    """The target on the goal's scale that another threshold makes."""
    if outlook.goal.kind == "baseline_plus":
        return None if outlook.score.baseline is None else outlook.score.baseline + threshold
    return threshold


def needed(outlook: Outlook, target: float) -> Needed:
    """The way from today to a target by the end of the year."""
    assert outlook.now is not None
    move = target - outlook.now
    moved, stretches = moved_as_far(
        outlook.weeks, outlook.whole_weeks_left, move, outlook.scored_weeks
    )
    return Needed(
        target=target,
        move=move,
        per_week=move / outlook.weeks_left if outlook.days_left else None,
        moved=moved,
        stretches=stretches,
        year_before=moved_a_year_before(
            outlook.weeks, outlook.whole_weeks_left, outlook.scored_weeks
        ),
        chance=None
        if outlook.projection is None
        else outlook.projection.chance(outlook.goal, target),
        met_now=outlook.goal.reaches(outlook.now, target),
    )


def tested(outlook: Outlook) -> Backtest:
    """The share of the method's ranges that held on this goal's history; raises TooShort if it is short."""
    return backtest(outlook.weeks, outlook.whole_weeks_left, outlook.scored_weeks)
