"""Scoring goals: baseline, target, actual, the gap between them, and whether a goal is met."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from typing import Any

import pandas as pd

from kpi.goals.figures import Figures, mean_within
from kpi.goals.file import Goal
from kpi.goals.frozen import Frozen
from kpi.meaning.definitions import WINDOWS
from kpi.meaning.filters import Filters, Period

COLUMNS = "goal measure comparison baseline target actual as_of gap status".split()
MET, NOT_MET, NO_DATA = "met", "not met", "no data"
SCORING_WINDOWS = (7, 28, 91)
"""Windows, in days, under which a verdict is looked at beside its own."""


@dataclass(frozen=True)
class Score:
    """A goal on a day; figures in the measure's unit, None where there are no data for them.

    ``compared`` is the comparator's actual, ``n`` what the actual rests on: days, or attempts of a
    median. ``reason`` says why there are no data.
    """

    goal: Goal
    as_of: date
    baseline: float | None
    target: float | None
    actual: float | None
    gap: float | None
    status: str
    reason: str | None = None
    compared: float | None = None
    n: int = 0


def scores(
    figures: Figures,
    goals: Iterable[Goal],
    filters: Filters = Filters(),
    as_of: date | None = None,
    base: Period | Frozen | None = None,
) -> list[Score]:
    """Every goal's score under the reader's filters; see `score`."""
    return [score(figures, goal, filters, as_of, base) for goal in goals]


def score(
    figures: Figures,
    goal: Goal,
    filters: Filters = Filters(),
    as_of: date | None = None,
    base: Period | Frozen | None = None,
) -> Score:
    """One goal as of the last complete day, or 31 December of its year if that is earlier.

    A percentage's actual is the mean of its daily values over the window, a median's the median over
    all attempts of the window, pooled. The baseline is the mean of the daily values that exist in its
    period, by default the whole year before, or a frozen one where it is of this measure and segment.
    ``filters`` score a segment: of a goal about a segment, the part in both.
    """
    day = as_of or scored_day(goal, figures.last_day)
    segment = segment_of(goal, filters)
    if segment is None:
        reason = f"the goal is about {goal.filters.sentence()}, which these filters leave out"
        return Score(goal, day, None, None, None, None, NO_DATA, reason)
    goal = replace(goal, filters=segment)
    window = scored_window(goal, day)
    unknown = figures.why_unknown(goal, window)
    actual, n = (None, 0) if unknown else _actual(figures, goal, window)
    baseline = baseline_of(figures, goal, base)
    compared = None
    if goal.comparator is not None:
        compared, _ = mean_within(figures.compared_days(goal), window)
    target = _target(goal, baseline, compared)
    known: dict[str, Any] = {
        "baseline": baseline,
        "target": target,
        "actual": actual,
        "compared": compared,
        "n": n,
    }
    if actual is None or target is None:
        reason = unknown or _why_none(figures, goal, window, base, actual is None)
        return Score(goal, day, gap=None, status=NO_DATA, reason=reason, **known)
    status = MET if goal.reaches(actual, target) else NOT_MET
    return Score(goal, day, gap=goal.gap(actual, target), status=status, **known)


def table(scored: Iterable[Score]) -> pd.DataFrame:
    """The scores as the table that `export goals` prints: one row per goal."""
    rows = [
        (s.goal.id, s.goal.measure, s.goal.comparison, s.baseline, s.target, s.actual,
         s.as_of.isoformat(), s.gap, s.status)
        for s in scored
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.astype(dict.fromkeys(["baseline", "target", "actual", "gap"], "Float64"))


def scored_day(goal: Goal, last_day: date) -> date:
    """The day a goal is scored on: the last one there is, not after 31 December of its year."""
    return min(last_day, date(goal.year, 12, 31))


def scored_window(goal: Goal, as_of: date) -> Period:
    """The days that are scored, ending with ``as_of``."""
    return Period(as_of - timedelta(days=goal.window_days - 1), as_of)


def year_before(goal: Goal) -> Period:
    """The baseline period unless another is chosen: the whole year before the goal's."""
    return Period(date(goal.year - 1, 1, 1), date(goal.year - 1, 12, 31))


def baseline_period(goal: Goal, chosen: Period | None) -> Period:
    """The days of the baseline; an end that nobody chose is that of the year before."""
    usual = year_before(goal)
    if chosen is None:
        return usual
    return Period(chosen.first or usual.first, chosen.last or usual.last)


def baseline_of(figures: Figures, goal: Goal, base: Period | Frozen | None) -> float | None:
    """The mean of the daily values that exist in the baseline period, or the frozen value.

    A frozen baseline holds for goals of its measure, device window and segment; others go by the year
    before.
    """
    if isinstance(base, Frozen):
        if base.holds_for(goal, figures.definitions):
            return base.baseline
        base = None
    return mean_within(figures.days(goal), baseline_period(goal, base))[0]


def segment_of(goal: Goal, reader: Filters) -> Filters | None:
    """The segment that is in both a goal's own filters and the reader's; None when there is none.

    Single or multi device narrows attempts only: people are measured over all their devices.
    """
    both: dict[str, Any] = {}
    for part in fields(Filters):
        mine, theirs = getattr(goal.filters, part.name), getattr(reader, part.name)
        if part.name.startswith("not_"):
            both[part.name] = tuple(dict.fromkeys((*mine, *theirs)))
        elif not mine or not theirs:
            both[part.name] = mine or theirs
        elif isinstance(mine, str):
            if mine != theirs:
                return None
            both[part.name] = mine
        else:
            both[part.name] = tuple(value for value in theirs if value in mine)
            if not both[part.name]:
                return None
    if not goal.timed:
        both["devices"] = None
    return Filters(**both)


def by_scoring_window(goal: Goal) -> list[Goal]:
    """The goal as scored over 7, 28 and 91 days, its own window among them."""
    spans = sorted({*SCORING_WINDOWS, goal.window_days})
    return [replace(goal, window_days=days) for days in spans]


def by_device_window(goal: Goal) -> list[Goal]:
    """A multi-device goal with two devices in 3, 5, 7 and 14 days; none of other goals."""
    if goal.measure != "multi_device_percent":
        return []
    return [replace(goal, device_window=days) for days in WINDOWS]


def of_some_goal(frozen: Frozen, goals: Iterable[Goal], filters: Filters, definitions: str) -> bool:
    """Whether a frozen baseline holds for any of the goals under these filters and definitions."""
    segments = [(goal, segment_of(goal, filters)) for goal in goals]
    return any(
        segment is not None and frozen.holds_for(replace(goal, filters=segment), definitions)
        for goal, segment in segments
    )


def _actual(figures: Figures, goal: Goal, window: Period) -> tuple[float | None, int]:
    if goal.timed:
        return figures.pooled_median(goal, window)
    return mean_within(figures.days(goal), window)


def _target(goal: Goal, baseline: float | None, compared: float | None) -> float | None:
    if goal.kind == "baseline_plus":
        return None if baseline is None else baseline + goal.threshold
    if goal.kind == "comparator_plus":
        return None if compared is None else compared + goal.threshold
    return goal.threshold


def _why_none(
    figures: Figures, goal: Goal, window: Period, base: Period | Frozen | None, of_actual: bool
) -> str:
    """Why there is no actual, or else no target, in words that say what to do."""
    if of_actual:
        if (
            figures.min_users
            and _actual(figures.with_nothing_hidden(), goal, window)[0] is not None
        ):
            return _hidden(figures)
        return f"no value on any day from {window.first} to {window.last}"
    if goal.kind == "comparator_plus":
        given = figures.compared_days(goal).dropna()
        if given.empty:
            return f"no Firefox figures for {goal.comparator}; run: python -m kpi load-firefox FILE"
        return (
            f"no Firefox figures for {goal.comparator} from {window.first} to {window.last}; "
            f"they end on {given.index[-1].date()}"
        )
    period = baseline_period(goal, base if isinstance(base, Period) else None)
    first, last = period.bounds
    why = hidden_baseline(figures, goal, period) or f"no value on any day from {first} to {last}"
    return f"no baseline: {why}"


def hidden_baseline(figures: Figures, goal: Goal, period: Period) -> str | None:
    """That a baseline's days are hidden for privacy, where there are any."""
    if not figures.min_users:
        return None
    bare = figures.with_nothing_hidden()
    found = mean_within(bare.scored_days(goal), period)[0]
    return None if found is None else _hidden(figures)


def _hidden(figures: Figures) -> str:
    return f"hidden for privacy: fewer than {figures.min_users} people or attempts match"
