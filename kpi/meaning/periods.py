"""Periods by name, and the days that a period is compared with. UTC days, both ends included."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from kpi.meaning.definitions import WEEK
from kpi.meaning.filters import Period
from kpi.meaning.measures import within
from kpi.text import day_text, days_text, plural, quantity

CUSTOM = "custom"
PRESETS: dict[str, Callable[[date, date], tuple[date, date]]] = {
    "last 28 days": lambda first, today: (today - timedelta(days=27), today),
    "last 90 days": lambda first, today: (today - timedelta(days=89), today),
    "this month": lambda first, today: (today.replace(day=1), today),
    "last month": lambda first, today: _before(today.replace(day=1), 1),
    "this quarter": lambda first, today: (_quarter(today), today),
    "last quarter": lambda first, today: _before(_quarter(today), 3),
    "this year": lambda first, today: (date(today.year, 1, 1), today),
    "last year": lambda first, today: (date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)),
    "all": lambda first, today: (first, today),
}
"""From the first day loaded and today (the last complete day) to two days."""

DEFAULT_PERIOD = "this year"

NOTHING, PREVIOUS, YEAR_BEFORE, BASE_YEAR = "nothing", "previous period", "a year before", "2015"
COMPARISONS = (NOTHING, PREVIOUS, YEAR_BEFORE, BASE_YEAR, CUSTOM)
CHOSEN = "the chosen days"
SAME_WEEKDAY_YEAR = 364
LONGEST_YEAR = 366


@dataclass(frozen=True)
class Comparison:
    """A comparison of every day with the day ``days`` before: whole weeks, so the same weekday.

    ``name`` is its name on pages, such as 'a year before'.
    """

    name: str
    days: int

    @property
    def shift(self) -> timedelta:
        """The distance to the compared day."""
        return timedelta(days=self.days)

    def of(self, table: pd.DataFrame, period: Period) -> pd.DataFrame:
        """The rows of the compared days, each under its day of the period."""
        first, last = period.bounds
        rows = within(table, Period(first - self.shift, last - self.shift))
        if len(rows):
            rows["day"] = rows["day"] + pd.Timedelta(self.shift)
        return rows


def compared(
    name: str, first: date, last: date, loaded_from: date, chosen: date | None = None
) -> tuple[Comparison | None, str]:
    """The comparison for the days ``first`` to ``last``, and a sentence on it, or on why there is none.

    ``chosen`` is the first day of a custom comparison, which begins on the nearest such weekday. A
    comparison needs as many days as the period has; where the data begins later, it says so.
    """
    length = (last - first).days + 1
    if name == PREVIOUS:
        days = WEEK * math.ceil(length / WEEK)
    elif name == YEAR_BEFORE:
        days = SAME_WEEKDAY_YEAR
        if length > LONGEST_YEAR:
            return None, (
                f"Not compared: the period has {quantity(length, 'day')} and would overlap the year before. "
                "Choose a year or less."
            )
    elif name == BASE_YEAR:
        if first.year <= int(BASE_YEAR) or length > LONGEST_YEAR:
            return None, (
                f"Not compared with {BASE_YEAR}: the period ({days_text(first, last)}) must lie "
                f"after {BASE_YEAR} and within a year, so that both have as many days."
            )
        days = SAME_WEEKDAY_YEAR * (first.year - int(BASE_YEAR))
    elif name == CUSTOM and chosen is not None:
        days = WEEK * round((first - chosen).days / WEEK)
        if days < length:
            latest = first - timedelta(days=WEEK * math.ceil(length / WEEK))
            return None, (
                f"Not compared: {quantity(length, 'day')} from {day_text(chosen)} would overlap the period. "
                f"Choose {day_text(latest)} or an earlier day."
            )
        name = CHOSEN
    else:
        return None, ""
    start, end = first - timedelta(days=days), last - timedelta(days=days)
    days_needed = days_text(start, end)
    if end < loaded_from:
        return None, (
            f"Not compared: this would need the days {days_needed}, and the data begins on "
            f"{day_text(loaded_from)}. Choose a later period or another comparison."
        )
    weeks = quantity(days // WEEK, "week")
    note = f"Compared with {days_needed}, the same {plural(length, 'weekday')} {weeks} before"
    if moved := chosen and abs((first - chosen).days - days):
        note += f" (moved by {quantity(moved, 'day')}, so that weekdays meet)"
    if start < loaded_from:
        note += f"; the data begins on {day_text(loaded_from)}"
    return Comparison(name, days), f"{note}."


def _quarter(day: date) -> date:
    """The first day of the quarter that a day is in."""
    return day.replace(month=3 * ((day.month - 1) // 3) + 1, day=1)


def _before(first: date, months: int) -> tuple[date, date]:
    """The first and last day of so many whole months before the first day of a month."""
    count = 12 * first.year + first.month - 1 - months
    return date(count // 12, count % 12 + 1, 1), first - timedelta(days=1)


def custom(first: date, last: date) -> tuple[Period, str]:
    """The days that a reader picked, exchanged where they were in the wrong order, with a notice."""
    if first <= last:
        return Period(first, last), ""
    return Period(last, first), "The period ended before it began: its two days were exchanged."
