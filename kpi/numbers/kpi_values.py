"""Values of KPIs: by day, and over a window of days. Each table is read once."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, cached_property
from typing import Self

import numpy as np
import pandas as pd

from kpi.errors import NoData
from kpi.meaning.definitions import ATTEMPT_WINDOW, MONTH, WEEK
from kpi.meaning.filters import Filters, Period
from kpi.meaning.kpis import KPIS, Kpi
from kpi.meaning.question import EVERYBODY, Options, Question
from kpi.numbers import coverage
from kpi.numbers.answers import Answer
from kpi.numbers.bands import HIGH, LOW
from kpi.numbers.days import NO_COMPLETE_DAY
from kpi.numbers.grid import days_of, numbers, places_of
from kpi.numbers.uncertainty import Interval, share_interval
from kpi.numbers.warehouse import Warehouse
from kpi.text import day_text, days_text, plural

USABLE = 21 / 28
"""The part of a window's days that must have a value for a verdict."""

OLDEST_VALUE = 7
"""The newest value of a window may be so many days old for a verdict."""

Ask = Callable[[Question], Answer]


@dataclass(frozen=True)
class Subject:
    """The subject of a value: a KPI, under filters, with devices that count within ``device_window`` days.

    Filters that don't apply to the KPI's table are left out.
    """

    kpi: Kpi
    filters: Filters = EVERYBODY
    device_window: int = ATTEMPT_WINDOW

    def __post_init__(self) -> None:
        object.__setattr__(self, "filters", self.kpi.table.applied(self.filters))


@dataclass(frozen=True)
class WindowValue:
    """The value of a KPI over a window of days; None where it is absent, and ``reason`` says why.

    ``n`` is the users or attempts that it rests on, ``days`` the number of days with a value and
    ``newest`` the last of them. ``interval`` is the 95% interval of a ratio, share or time, of the people
    or attempts as a sample of those like them.
    """

    window: Period
    value: float | None
    n: int = 0
    days: int = 0
    newest: date | None = None
    interval: Interval | None = None
    reason: str | None = None

    @property
    def why_no_verdict(self) -> str | None:
        """The reason why there is no verdict: few days with a value, or no recent value; or None."""
        first, last = self.window.bounds
        length = (last - first).days + 1
        if self.value is None or self.newest is None:
            return self.reason
        if self.days < USABLE * length:
            needed = math.ceil(USABLE * length)
            have = plural(self.days, "has", "have")
            return f"only {self.days} of the {length} days {have} a value, and {needed} are needed"
        if (last - self.newest).days > OLDEST_VALUE:
            return (
                f"the newest value is of {day_text(self.newest)}, more than {OLDEST_VALUE} days "
                f"before {day_text(last)}"
            )
        return None


class KpiValues:
    """The values of one publication, with small cells hidden.

    ``ask`` answers questions, for a caller that retains answers; by default the warehouse does. Days that
    aren't complete are left out unless ``incomplete``.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        min_users: int = 10,
        incomplete: bool = False,
        ask: Ask | None = None,
    ) -> None:
        self._warehouse = warehouse
        self._ask = cache(ask or warehouse.ask)
        self._rows = cache(self._read_rows)
        self._column = cache(self._read_column)
        self.min_users = min_users
        self.incomplete = incomplete
        publication = warehouse.publication
        last = publication.last_day if incomplete else publication.last_complete_day
        if last is None:
            raise NoData(NO_COMPLETE_DAY)
        self.last_day: date = last

    @property
    def definitions(self) -> str:
        """The version of the definitions that the values follow."""
        return self._warehouse.publication.definitions

    def with_every_cell(self) -> Self:
        """The same with nothing hidden: to say why something is absent, never to be shown."""
        return type(self)(self._warehouse, 0, self.incomplete)

    def daily(self, of: Subject) -> pd.Series:
        """The KPI by UTC day, over every day of the store; absent values as NaN.

        Callers share it, as all series by day, so nobody may change it in place.
        """
        return self._column(of, of.kpi.measure.column)

    def daily_n(self, of: Subject) -> pd.Series:
        """The users or attempts behind each day's value, by UTC day."""
        measure = of.kpi.measure
        return self._column(of, measure.n_column or measure.column)

    def firefox(self, product: str, column: str = "engagement_ratio") -> pd.Series:
        """A column of a Firefox product by UTC day, by default the ratio; no filter applies to it."""
        table = self._ask(Question("firefox")).table
        return by_day(table, column, table["product"].to_numpy(dtype=object) == product)

    def over(self, of: Subject, window: Period, bands: bool = True) -> WindowValue:
        """The KPI over a window of days.

        Of users it is the mean of the daily values, or the last day's where a value is a count of 28 days;
        of attempts it is that of all attempts together. ``n`` is these attempts, or the users of the last
        day with a value. Without ``bands`` a median has no interval.
        """
        unknown = self.why_unknown(of, window)
        if unknown:
            return WindowValue(window, None, reason=unknown)
        if of.kpi.measure.pooled_in:
            value = self._of_attempts(of, window, bands)
        else:
            value = self._of_users(of, window)
        if value.value is None:
            return replace(value, reason=self._why_none(of, window))
        return value

    def week_values(self, of: Subject, as_of: date) -> pd.Series:
        """The KPI by whole week up to a day, by the week's last day, oldest first; NaN where it is absent.

        Weeks are counted back from the day. Of users a week is the mean of its days, and a share of attempts
        is that of all its attempts; the median of a week's attempts is of Monday to Sunday.
        """
        if of.kpi.timed:
            weeks = self._column(of, of.kpi.measure.column, weekly=True)
            return weeks[weeks.index <= pd.Timestamp(as_of)]
        days = self.daily(of)
        if not of.kpi.measure.pooled_in:
            return whole_weeks(days, as_of)
        n = self.daily_n(of)
        return whole_weeks(days.where(n != 0, 0.0) * n, as_of) / whole_weeks(n, as_of)

    def why_unknown(self, of: Subject, window: Period) -> str | None:
        """The reason why a KPI can't be known over a window, in a sentence; None where it can.

        A KPI of devices is known where three quarters of the window's days have a number of them.
        """
        if of.kpi.table.of_attempts and self._warehouse.lacks_sequences:
            return coverage.NO_SEQUENCE
        by_devices = of.kpi.table.of_attempts and of.filters.devices
        if not (of.kpi.of_devices or by_devices):
            return None
        span = of.kpi.measure.span
        first, last = window.bounds
        absent = coverage.days_without(self._warehouse, of.device_window, span).to_numpy()
        length = (last - first).days + 1
        if length - len(places_within(absent, window)) >= USABLE * length:
            return None
        return coverage.why_no_devices(self._warehouse, window, of.device_window, span)

    def _of_users(self, of: Subject, window: Period) -> WindowValue:
        days = self.daily(of)
        last_alone = of.kpi.unit == "users" and of.kpi.measure.span == MONTH
        last = window.bounds[1]
        at = places_within(days.index.to_numpy(), Period(last, last) if last_alone else window)
        at = at[~np.isnan(days.to_numpy()[at])]
        if not len(at):
            return WindowValue(window, None)
        value, newest = float(days.to_numpy()[at].mean()), days.index[at[-1]]
        users = int(self.daily_n(of).to_numpy()[at[-1]])
        interval = share_interval(value, users) if of.kpi.unit == "percent" else None
        everybody = of == Subject(KPIS["engagement_ratio"])
        if everybody or of.kpi is KPIS["same_people_ratio"]:
            interval = self._of_same_people(of.filters, value, newest) or interval
        return WindowValue(window, value, users, len(at), newest.date(), interval)

    def _of_same_people(self, filters: Filters, ratio: float, day: pd.Timestamp) -> Interval | None:
        """The interval of a ratio of the same people, from how unevenly they were active in the week.

        ``day`` ends the week. Of all users the ratio is that of the same people, too. None on a day
        whose active days aren't counted.
        """
        options = Options(incomplete=self.incomplete, bands=True)
        question = Question("same-people", filters, options=options, shown_from=self.min_users)
        table = self._ask(question).table
        rows = np.flatnonzero(table["day"].to_numpy() == day.to_numpy())
        interval = _interval(table, rows[0], "engagement_ratio") if len(rows) else None
        if interval is None:
            return None
        moved = ratio - float(table["engagement_ratio"].array[rows[0]])
        return max(interval[0] + moved, 0.0), min(interval[1] + moved, 100.0)

    def _of_attempts(self, of: Subject, window: Period, bands: bool) -> WindowValue:
        options = Options(incomplete=self.incomplete, bands=bands)
        question = of.kpi.pooled(of.filters, window, options, self.min_users)
        table, measure = self._ask(question).table, of.kpi.measure
        rows = np.flatnonzero(of.kpi.pooled_rows(table))
        value = table[measure.column].array[rows[0]] if len(rows) else None
        counted = self._counted_days[places_within(self._counted_days, window)]
        if pd.isna(value) or not len(counted):
            return WindowValue(window, None)
        n = table[measure.n_column or measure.column].array[rows[0]]
        daily_n = self.daily_n(of)
        with_attempts = daily_n.index.to_numpy()[daily_n.to_numpy() != 0]  # hidden counts aren't 0
        newest = counted[places_of(counted, with_attempts) >= 0]
        return WindowValue(
            window,
            float(value),
            int(n),
            len(counted),
            newest[-1].astype("datetime64[D]").item() if len(newest) else None,
            _interval(table, rows[0], measure.column),
        )

    def _why_none(self, of: Subject, window: Period) -> str:
        """The reason for an absent value, in words that say what to do."""
        everything = self.with_every_cell()
        counts = values_within(everything.daily_n(of), window)
        if len(counts) and not counts.any():
            return f"nothing matches on {days_text(*window.bounds)}"
        if self.min_users and everything.over(of, window).value is not None:
            return hidden_for_privacy(self.min_users)
        return f"no value on any day of {days_text(*window.bounds)}"

    @cached_property
    def _counted_days(self) -> np.ndarray:
        """The UTC days that count: they are loaded and complete."""
        days = self._warehouse.frame("days", with_incomplete=int(self.incomplete), device_window=0)
        return days_of(days["day"])[numbers(days["counted"]) == 1]

    def _read_column(self, of: Subject, column: str, weekly: bool = False) -> pd.Series:
        """A column of the KPI's table by day; absent values as NaN."""
        table, rows, days = self._rows(of, weekly)
        return pd.Series(numbers(table[column])[rows], days, name=column)

    def _read_rows(
        self, of: Subject, weekly: bool
    ) -> tuple[pd.DataFrame, np.ndarray, pd.DatetimeIndex]:
        """The KPI's table, True for its rows there, and their UTC days, which its columns share."""
        options, name = Options(weekly, self.incomplete, of.device_window), of.kpi.table.name
        question = Question(name, of.filters, options=options, shown_from=self.min_users)
        table = self._ask(question).table
        rows = of.kpi.rows(table)
        return table, rows, _index(table, rows)


def _interval(table: pd.DataFrame, row: int, column: str) -> Interval | None:
    """The interval beside a column of a row; None where the table has none, or an end is absent."""
    if f"{column}{LOW}" not in table:
        return None
    ends = [table[f"{column}{end}"].array[row] for end in (LOW, HIGH)]
    return None if any(pd.isna(end) for end in ends) else (float(ends[0]), float(ends[1]))


def hidden_for_privacy(min_users: int) -> str:
    """The reason why a value of few people is absent."""
    return f"hidden for privacy: fewer than {min_users} people or attempts match"


def mean_within(days: pd.Series, period: Period) -> tuple[float | None, int]:
    """The mean of the daily values that exist in a period, and their number."""
    values = values_within(days, period)
    return (float(values.mean()) if len(values) else None), len(values)


def values_within(days: pd.Series, period: Period) -> pd.Series:
    """The daily values that exist in a period."""
    values = days.iloc[places_within(days.index.to_numpy(), period)]
    return values[values.notna()]


def places_within(days: np.ndarray, period: Period) -> np.ndarray:
    """The places of a period's days among days, which ascend."""
    first, last = map(np.datetime64, period.bounds)
    order = days.astype("datetime64[D]")
    return np.arange(order.searchsorted(first), order.searchsorted(last, "right"))


def whole_weeks(days: pd.Series, as_of: date) -> pd.Series:
    """The mean of each week, counted back from the week that ends with ``as_of``, by its last day.

    A week is NaN unless all its seven days have a value.
    """
    length = 0 if days.empty else (pd.Timestamp(as_of) - days.index[0]).days + 1
    ends = pd.date_range(end=pd.Timestamp(as_of), periods=max(length // WEEK, 0), freq="7D")
    return days.rolling(WEEK, min_periods=WEEK).mean().reindex(ends)


def by_day(table: pd.DataFrame, column: str, rows: np.ndarray | slice = slice(None)) -> pd.Series:
    """A column of some rows of a table by their UTC days; absent values as NaN."""
    return pd.Series(numbers(table[column])[rows], _index(table, rows), name=column)


def _index(table: pd.DataFrame, rows: np.ndarray | slice) -> pd.DatetimeIndex:
    """The UTC days of some rows of a table."""
    return pd.DatetimeIndex(days_of(table["day"])[rows], name="day")
