"""Baselines: the value of a period, the band its days lie in, what to mind, and a period to propose.

Pure functions over a goal's daily values; a `Calendar` has what is known of the days themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import pandas as pd

from kpi.goals.blocks import block_of, moving_blocks
from kpi.meaning.definitions import WEEK
from kpi.meaning.filters import Period
from kpi.numbers.annotations import Marker
from kpi.numbers.kpi_values import WindowValue, mean_within
from kpi.numbers.uncertainty import mean_interval, memory_of
from kpi.rows import each_row
from kpi.summary import anomalies
from kpi.text import day_text, days_text, plural, quantity

FEWEST_WEEKS = 8
"""Whole weeks below which a period is short for a baseline."""

LONGEST_WEEKS = 52
FEWEST_FOR_BAND = 2
DRAWS, SHIFT_DRAWS, SEED = 2000, 300, 2016
OUTAGE_SHARE = 0.5
"""A day is an outage when it has fewer events than this share of what is usual for its weekday."""

SHIFT_WEEKS = 4
SHIFT_CHANCE = 0.01
SHIFT_SIZE = 0.02
"""A level shift is of 2% of the level or more, and by chance as clear in under 1 of 100 cases."""

SEARCHED_ENDS = 26


@dataclass(frozen=True)
class Calendar:
    """The days that weren't loaded, and those of an outage or a holiday, with a name for each."""

    unloaded: frozenset[date] = frozenset()
    outages: dict[date, str] = field(default_factory=dict)
    holidays: dict[date, str] = field(default_factory=dict)

    def fault(self, days: Iterable[date]) -> str | None:
        """The reason against these days, or None."""
        for day in days:
            if day in self.unloaded:
                return f"{day_text(day)} wasn't loaded"
            if day in self.outages:
                return f"{day_text(day)}: {self.outages[day]}"
            if day in self.holidays:
                return f"{day_text(day)}: {self.holidays[day]}"
        return None


@dataclass(frozen=True)
class Baseline:
    """A period's value: the mean of the daily values that exist, with its bands.

    ``low_80`` to ``high_80`` is where 80 of 100 single days are expected if nothing changes, and so on
    for 95; ``mean_low`` to ``mean_high`` where the value itself lies, 95 of 100. Bands of days are None under
    two whole weeks, that of a mean under four. ``days`` is the number of days with a value, ``weeks`` that
    of whole weeks.
    """

    period: Period
    value: float
    days: int
    weeks: int
    low_80: float | None = None
    high_80: float | None = None
    low_95: float | None = None
    high_95: float | None = None
    mean_low: float | None = None
    mean_high: float | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proposal:
    """A period to take as baseline, and why; or no period, and why not."""

    period: Period | None
    reason: str


def calendar(volumes: pd.DataFrame, markers: Iterable[Marker]) -> Calendar:
    """The calendar of the days: from their volumes (`Warehouse.volumes`) and from the markers of people.

    A day is an outage when it is marked as an incident, or when its volume is unusually low and under
    half of what is usual for its weekday.
    """
    whole = volumes[volumes["type"] == anomalies.EVERY_TYPE]
    judged = anomalies.judged(whole)
    low = judged[(judged["unusual"] == "low") & (judged["events"] < OUTAGE_SHARE * judged["usual"])]
    outages = {
        row.day.date(): f"{row.events / row.usual:.0%} of the usual events" for row in each_row(low)
    }
    by_kind: dict[str, dict[date, str]] = {"incident": {}, "holiday": {}}
    for marker in markers:
        by_kind.get(marker.kind, {})[marker.day] = marker.label
    return Calendar(
        unloaded=frozenset(day.date() for day in whole.loc[whole["loaded"] != 1, "day"]),
        outages={**outages, **by_kind["incident"]},
        holidays=by_kind["holiday"],
    )


def baseline(
    days: pd.Series, period: Period, known: Calendar, pooled: WindowValue | None = None
) -> Baseline | None:
    """The value, bands and warnings of a period of daily values; None where there is no value.

    ``pooled`` is the value over all attempts of the period, in place of the mean of the days. The bands of
    single days come from a moving-block bootstrap over the period's whole weeks, counted back from its end,
    so that the days of a week, and weeks that hang together, stay together; that of the mean from
    `mean_interval`, and that of a pooled value from its attempts.
    """
    first, last = _inside(days, period)
    value, count = mean_within(days, Period(first, last) if first <= last else period)
    if pooled is not None:
        value = pooled.value
    if value is None:
        return None
    weeks, ends = _whole_weeks(days, first, last)
    bands = _bands(weeks, value) if len(weeks) >= FEWEST_FOR_BAND else {}
    band = pooled.interval if pooled else mean_interval(weeks.mean(axis=1)) if len(weeks) else None
    if band is not None:
        bands = {**bands, "mean_low": band[0], "mean_high": band[1]}
    warnings = _warnings(days, period, first, last, weeks, ends, known)
    return Baseline(period, value, count, len(weeks), warnings=tuple(warnings), **bands)


def proposal(days: pd.Series, before: date, known: Calendar) -> Proposal:
    """The longest recent stretch of whole weeks without faults or a level shift, and why it is that.

    It ends within the half year up to ``before``, has 8 to 52 weeks, and of equally long ones it is the
    latest.
    """
    table, ends = _weeks_to(days, before)
    means = table.mean(axis=1)
    faults = [_fault_of_week(table[row], ends[row], known) for row in range(len(ends))]
    clean = np.array([fault is None for fault in faults], dtype=bool)
    for length in range(min(LONGEST_WEEKS, len(ends)), FEWEST_WEEKS - 1, -1):
        for stop in range(len(ends), max(len(ends) - SEARCHED_ENDS, length - 1), -1):
            start = stop - length
            if clean[start:stop].all() and level_shift(means[start:stop]) is None:
                period = Period(ends[start] - timedelta(days=WEEK - 1), ends[stop - 1])
                limits = _limits(means, faults, ends, start, stop)
                return Proposal(period, f"{length} whole weeks without a gap, an outage, a holiday or a "
                                f"clear shift of level: the longest that ends in the half year before "
                                f"{day_text(before + timedelta(days=1))}. {limits}")  # fmt: skip
    if len(ends) < FEWEST_WEEKS:
        few = f"{plural(len(ends), 'is', 'are')} only {quantity(len(ends), 'whole week')}"
        return Proposal(None, f"There {few} before "
                        f"{day_text(before + timedelta(days=1))}; {FEWEST_WEEKS} are needed.")  # fmt: skip
    latest = next((fault for fault in reversed(faults) if fault), None)
    why = f"; the latest fault: {latest}" if latest else "; its level keeps moving"
    return Proposal(None, f"No stretch of {FEWEST_WEEKS} whole weeks in the half year before "
                    f"{day_text(before + timedelta(days=1))} is stable{why}.")  # fmt: skip


def level_shift(weeks: np.ndarray) -> tuple[int, float] | None:
    """The first week after the clearest change of level, and its size; None where there is none.

    A change parts at least four weeks from at least four. It counts when it is of 2% of the level or more,
    and when series with the same memory and no change have one as clear in under 1 of 100 cases. A level that
    wanders for months can look the same.
    """
    count = len(weeks)
    if count < 2 * SHIFT_WEEKS:
        return None
    clear, places, sizes = _clearest_splits(weeks[None, :])
    at, size = int(places[0]), float(sizes[0])
    if abs(size) < SHIFT_SIZE * abs(float(weeks.mean())):
        return None
    levels = np.where(np.arange(count) < at, weeks[:at].mean(), weeks[at:].mean())
    by_chance, _, _ = _clearest_splits(_series_with(memory_of(weeks - levels), count))
    if (by_chance >= clear[0]).mean() >= SHIFT_CHANCE:
        return None
    return at, size


def _clearest_splits(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Per row: how clear its clearest split is, the first week after it, and the difference of the means.

    A split is as clear as the squares that it explains are many times the squares that remain.
    """
    count = rows.shape[1]
    before = np.arange(SHIFT_WEEKS, count - SHIFT_WEEKS + 1)
    away = rows - rows.mean(axis=1, keepdims=True)
    sums = np.cumsum(away, axis=1)[:, before - 1]
    explained = sums**2 * count / (before * (count - before))
    best = np.argmax(explained, axis=1)
    row = np.arange(len(rows))
    most = explained[row, best]
    rest = np.maximum((away**2).sum(axis=1) - most, np.finfo(float).tiny)
    at = before[best]
    return most / rest, at, -sums[row, best] * count / (at * (count - at))


def _series_with(memory: float, count: int) -> np.ndarray:
    """Series of weeks without a change of level, of which ``memory`` lasts a week: (draws, count)."""
    from scipy.signal import lfilter  # here, since it takes most of a second to import

    shocks = np.random.default_rng(SEED).normal(size=(SHIFT_DRAWS, count))
    shocks[:, 0] /= np.sqrt(1 - memory**2)  # as after many weeks before
    return np.asarray(lfilter([1.0], [1.0, -memory], shocks, axis=1))


def _bands(weeks: np.ndarray, value: float) -> dict[str, float]:
    """The bands of single days and of the value, around the value."""
    drawn = weeks[moving_blocks(len(weeks), block_of(weeks.mean(axis=1)), DRAWS, SEED)]
    means = drawn.mean(axis=(1, 2)) - weeks.mean()
    # How far a day to come may lie: its own swing, and how far off the value may be.
    swings = (weeks.ravel() - weeks.mean())[None, :] - means[:, None]
    low_95, low_80, high_80, high_95 = np.quantile(swings, [0.025, 0.1, 0.9, 0.975]) + value
    return {
        "low_80": float(low_80), "high_80": float(high_80),
        "low_95": float(low_95), "high_95": float(high_95),
    }  # fmt: skip


def _warnings(
    days: pd.Series,
    period: Period,
    first: date,
    last: date,
    weeks: np.ndarray,
    ends: list[date],
    known: Calendar,
) -> list[str]:
    warnings = []
    start, end = period.bounds
    if (period.first and start < first) or (period.last and end > last):
        warnings.append(f"The data reach only over {days_text(first, last)} of this period.")
    inside = _calendar_days(first, last)
    unloaded = sum(day in known.unloaded for day in inside)
    if unloaded:
        warnings.append(
            f"{_days(unloaded)} not loaded: {plural(unloaded, 'it is', 'they are')} left out."
        )
    missing = int(days.reindex(pd.to_datetime(inside)).isna().sum()) - unloaded
    if missing > 0:
        warnings.append(f"{_days(missing)} without a value, such as those before a window is full.")
    for what, marked in (("Outage", known.outages), ("Holiday", known.holidays)):
        marks = [f"{day_text(day)} ({marked[day]})" for day in inside if day in marked]
        if marks:
            more = len(marks) - 3
            rest = f" and {more} more {plural(more, 'day')}" if more > 0 else ""
            warnings.append(
                f"{what}: {', '.join(marks[:3])}{rest}. Such days are counted like any."
            )
    if len(weeks) < FEWEST_WEEKS:
        few = quantity(len(weeks), "whole week")
        warnings.append(f"Only {few}; {FEWEST_WEEKS} or more make a baseline firm.")
    shift = level_shift(weeks.mean(axis=1)) if len(weeks) else None
    if shift:
        at, size = shift
        day = ends[at] - timedelta(days=WEEK - 1)
        warnings.append(
            f"The level wanders or shifts, most clearly around {day_text(day)}, by {size:+.2g} between the "
            "means before and after: the value is of neither.".replace("-", "−")
        )
    return warnings


def _inside(days: pd.Series, period: Period) -> tuple[date, date]:
    """The part of a period that there are days for."""
    first, last = period.bounds
    if days.empty:
        return first, last
    return max(first, days.index[0].date()), min(last, days.index[-1].date())


def _weeks_to(days: pd.Series, last: date) -> tuple[np.ndarray, list[date]]:
    """Every seven days back from a day, oldest first: (weeks, 7) values, absent ones NaN, and last days."""
    if days.empty:
        return np.empty((0, WEEK)), []
    last = min(last, days.index[-1].date())
    count = max(((pd.Timestamp(last) - days.index[0]).days + 1) // WEEK, 0)
    index = pd.date_range(end=pd.Timestamp(last), periods=count * WEEK)
    table = days.reindex(index).to_numpy("float64").reshape(count, WEEK)
    ends = [day.date() for day in index[WEEK - 1 :: WEEK]]
    return table, ends


def _whole_weeks(days: pd.Series, first: date, last: date) -> tuple[np.ndarray, list[date]]:
    """The weeks of a period that have every day, as `_weeks_to` gives them."""
    table, ends = _weeks_to(days[days.index >= pd.Timestamp(first)], last)
    whole = ~np.isnan(table).any(axis=1)
    return table[whole], [end for end, complete in zip(ends, whole, strict=True) if complete]


def _fault_of_week(values: np.ndarray, end: date, known: Calendar) -> str | None:
    week = _calendar_days(end - timedelta(days=WEEK - 1), end)
    fault = known.fault(week)
    if fault is None and np.isnan(values).any():
        missing = week[int(np.argmax(np.isnan(values)))]
        fault = f"{day_text(missing)} has no value"
    return fault


def _limits(
    means: np.ndarray, faults: list[str | None], ends: list[date], start: int, stop: int
) -> str:
    """The reasons why a stretch isn't longer, at either end."""

    def why(week: int, low: int, high: int) -> str:
        fault = faults[week]
        if fault is None and level_shift(means[low:high]) is not None:
            fault = "the level wanders or shifts"
        return fault or "a fault lies beyond"

    limits = []
    if start > 0 and stop - start < LONGEST_WEEKS:
        limits.append(
            f"It begins there since in the week before, {why(start - 1, start - 1, stop)}"
        )
    if stop < len(ends) and stop - start < LONGEST_WEEKS:
        limits.append(f"it ends there since in the week after, {why(stop, start, stop + 1)}")
    words = "; ".join(limits)
    return f"{words[0].upper()}{words[1:]}." if words else "It is all there is."


def _calendar_days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _days(count: int) -> str:
    return quantity(count, "day is", "days are")
