"""Scoring goals: baseline, target, actual, the gap between them, and whether a goal is met."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from typing import Any

import pandas as pd

from kpi.goals.figures import Figures
from kpi.goals.file import COMPARED, Goal
from kpi.goals.frozen import Frozen
from kpi.meaning.definitions import WINDOWS
from kpi.meaning.filters import Filters, Period
from kpi.meaning.question import EVERYBODY
from kpi.numbers.kpi_values import WindowValue, hidden_for_privacy, mean_within, values_within
from kpi.numbers.uncertainty import Interval, of_difference, share_interval
from kpi.text import plural

COLUMNS = (
    "goal measure comparison baseline target actual as_of gap status days n low high"
).split()
MET, NOT_MET, TOO_CLOSE, NO_DATA = "met", "not met", "too close to call", "no data"
NOTHING = WindowValue(Period(), 0.0)
"""A floor or a ceiling is compared with the threshold alone."""

SCORING_WINDOWS = (7, 28, 91)
"""Windows, in days, under which a verdict is looked at beside its own."""


@dataclass(frozen=True)
class Score:
    """A goal on a day; figures in the KPI's unit, None where there are no data for them.

    ``base`` is the frozen baseline or the period that the baseline is of; ``compared`` is the comparator's
    actual; ``days`` the days of the window with a value; ``n`` the users
    or attempts that the actual rests on; ``low`` to ``high`` the 95% interval of the gap. ``reason`` says
    why there is no verdict.
    """

    goal: Goal
    as_of: date
    baseline: float | None = None
    target: float | None = None
    actual: float | None = None
    gap: float | None = None
    status: str = NO_DATA
    reason: str | None = None
    compared: float | None = None
    days: int = 0
    n: int = 0
    low: float | None = None
    high: float | None = None
    base: Period | Frozen | None = None

    @property
    def plain_status(self) -> str:
        """The verdict by the sign of the gap alone, however uncertain it is."""
        if self.gap is None or self.actual is None or self.target is None:
            return NO_DATA
        return MET if self.goal.reaches(self.actual, self.target) else NOT_MET


def scores(
    figures: Figures,
    goals: Iterable[Goal],
    filters: Filters = EVERYBODY,
    as_of: date | None = None,
    base: Period | Frozen | None = None,
    every_baseline: bool = True,
) -> list[Score]:
    """Every goal's score under the reader's filters; see `score`."""
    return [score(figures, goal, filters, as_of, base, every_baseline) for goal in goals]


def score(
    figures: Figures,
    goal: Goal,
    filters: Filters = EVERYBODY,
    as_of: date | None = None,
    base: Period | Frozen | None = None,
    every_baseline: bool = True,
) -> Score:
    """The score of a goal as of the last complete day, or 31 December of its year if that is earlier.

    The actual is that of `KpiValues.over`; beside Firefox, both are means over the days that both have.
    The baseline is that of `base_of`. ``filters`` score a segment: of a goal about a segment, the part in
    both. Without ``every_baseline`` only baselines that a target rests on are worked out.
    """
    day = as_of or scored_day(goal, figures.last_day)
    segment = segment_of(goal, filters)
    if segment is None:
        reason = f"the goal is about {goal.filters.sentence()}, which these filters leave out"
        return Score(goal, day, reason=reason)
    goal = replace(goal, filters=segment)
    window = scored_window(goal, day)
    actual, compared = _actual(figures, goal, window)
    needs_baseline = every_baseline or goal.kind == "baseline_plus"
    chosen = base_of(figures, goal, base)
    baseline = baseline_of(figures, goal, chosen) if needs_baseline else WindowValue(window, None)
    against = {"baseline_plus": baseline, "comparator_plus": compared}.get(goal.kind, NOTHING)
    known = Score(
        goal,
        day,
        baseline.value,
        None if against.value is None else against.value + goal.threshold,
        actual.value,
        compared=compared.value,
        days=actual.days,
        n=actual.n,
        base=chosen,
    )
    if actual.value is None or against.value is None or known.target is None:
        return replace(known, reason=actual.reason or _why_no_target(figures, goal, window, chosen))
    target = against.value + goal.threshold
    known = replace(known, gap=goal.gap(actual.value, target))
    if actual.interval is not None:
        moved = _moved(against, goal.threshold)
        low, high = of_difference(actual.value, actual.interval, target, moved)
        low, high = (-high, -low) if goal.lower else (low, high)
        known = replace(known, low=low, high=high)
    if actual.why_no_verdict:
        return replace(known, reason=actual.why_no_verdict)
    if known.low is None or known.high is None:
        are = plural(known.n, "is", "are")
        few = f"{goal.kpi.measure.n_counted(known.n)} {are} too few for an interval"
        return replace(known, status=TOO_CLOSE, reason=few)
    if known.low <= 0 <= known.high:
        return replace(known, status=TOO_CLOSE)
    return replace(known, status=known.plain_status)


def table(scored: Iterable[Score], plain: bool = False) -> pd.DataFrame:
    """The scores as the table that `export goals` prints: a row per goal.

    ``plain`` gives the status by the sign of the gap alone.
    """
    rows = [
        (s.goal.id, s.goal.measure, s.goal.comparison, s.baseline, s.target, s.actual,
         s.as_of.isoformat(), s.gap, s.plain_status if plain else s.status, s.days, s.n, s.low, s.high)
        for s in scored
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=COLUMNS)
    numbers = ["baseline", "target", "actual", "gap", "low", "high"]
    return frame.astype({**dict.fromkeys(numbers, "Float64"), "days": "Int64", "n": "Int64"})


def scored_day(goal: Goal, last_day: date) -> date:
    """The day a goal is scored on: the last complete day, not after 31 December of its year."""
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


def base_of(figures: Figures, goal: Goal, chosen: Period | Frozen | None) -> Period | Frozen:
    """The base of a comparison: the chosen, else the team's frozen baseline, else the year before.

    A chosen frozen baseline is for goals of its KPI, device window and segment alone.
    """
    if isinstance(chosen, Frozen) and chosen.holds_for(goal, figures.definitions):
        return chosen
    if isinstance(chosen, Period):
        return baseline_period(goal, chosen)
    return figures.team_baseline(goal) or year_before(goal)


def baseline_of(figures: Figures, goal: Goal, base: Period | Frozen) -> WindowValue:
    """The KPI over the baseline period, or the frozen value, which has no interval."""
    if isinstance(base, Frozen):
        return WindowValue(base.period, base.baseline, days=base.days, newest=base.last_day)
    return figures.over(goal, base)


def segment_of(goal: Goal, reader: Filters) -> Filters | None:
    """The segment that is in both a goal's own filters and the reader's; None when there is none.

    Devices, and tags that only attempts have, narrow attempts only.
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
    return goal.kpi.table.applied(Filters(**both))


def by_scoring_window(goal: Goal) -> list[Goal]:
    """The goal as scored over 7, 28 and 91 days, its own window among them."""
    spans = sorted({*SCORING_WINDOWS, goal.window_days})
    return [replace(goal, window_days=days) for days in spans]


def by_device_window(goal: Goal) -> list[Goal]:
    """A multi-device goal with two devices in 3, 5, 7 and 14 days; none of other goals."""
    if not goal.kpi.table.accepts("window"):
        return []
    return [replace(goal, device_window=days) for days in WINDOWS]


def of_some_goal(frozen: Frozen, goals: Iterable[Goal], filters: Filters, definitions: str) -> bool:
    """True where a frozen baseline holds for any of the goals under these filters and definitions."""
    segments = [(goal, segment_of(goal, filters)) for goal in goals]
    return any(
        segment is not None and frozen.holds_for(replace(goal, filters=segment), definitions)
        for goal, segment in segments
    )


def _actual(figures: Figures, goal: Goal, window: Period) -> tuple[WindowValue, WindowValue]:
    """The goal's KPI over the window, and the comparator's; of a comparison over the days both have."""
    actual, compared = figures.over(goal, window), WindowValue(window, None)
    if goal.comparator is None or actual.value is None:
        return actual, compared
    theirs = values_within(figures.compared_days(goal), window)
    ours = values_within(figures.days(goal), window)
    both = ours.index.intersection(theirs.index)
    if not len(both):
        return actual, compared
    newest, shift = both[-1].date(), float(ours[both].mean()) - actual.value
    interval = _moved(actual, shift)
    shared = replace(
        actual, value=actual.value + shift, days=len(both), newest=newest, interval=interval
    )
    value, users = float(theirs[both].mean()), int(figures.compared_users(goal)[both[-1]])
    interval = share_interval(value, users)
    return shared, WindowValue(window, value, users, len(both), newest, interval)


def _moved(value: WindowValue, by: float) -> Interval | None:
    """The interval of a value, moved."""
    if value.interval is None:
        return None
    return value.interval[0] + by, value.interval[1] + by


def _why_no_target(figures: Figures, goal: Goal, window: Period, base: Period | Frozen) -> str:
    """Why there is no target, in words that say what to do."""
    if goal.kind == "comparator_plus":
        product = COMPARED[goal.comparator or ""]
        given = figures.compared_days(goal).dropna()
        if given.empty:
            return f"no figures of {product}; run: python -m kpi load-firefox FILE"
        return (
            f"no figures of {product} from {window.first} to {window.last}; "
            f"they end on {given.index[-1].date()}"
        )
    return f"no baseline: {baseline_of(figures, goal, base).reason}"


def hidden_baseline(figures: Figures, goal: Goal, period: Period) -> str | None:
    """That a baseline's days are hidden for privacy, where there are any."""
    if not figures.min_users:
        return None
    everything = figures.with_every_cell().scored_days(goal)
    if mean_within(everything, period)[0] is None:
        return None
    return hidden_for_privacy(figures.min_users)
