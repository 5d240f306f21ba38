"""What goals are measured by: the daily and weekly values of a goal's measure, each table read once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import cache

import numpy as np
import pandas as pd

from kpi.errors import NoData
from kpi.goals.file import Goal
from kpi.meaning.definitions import ATTEMPT_WINDOW, WEEK
from kpi.meaning.filters import Filters, Period
from kpi.meaning.question import Options, Question
from kpi.numbers import coverage, metrics
from kpi.numbers.answers import Answer
from kpi.numbers.warehouse import Warehouse

USABLE = 21 / 28
"""Which part of a window's days must have a number of devices for a verdict."""

Ask = Callable[[Question], Answer]


class Figures:
    """One publication's values for goals, with small cells hidden.

    ``ask`` answers questions, for a caller that keeps answers; by default the warehouse does. Days that
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
        self.min_users = min_users
        self.incomplete = incomplete
        told = warehouse.publication
        last = told.last_day if incomplete else told.last_complete_day
        if last is None:
            raise NoData(metrics.NO_COMPLETE_DAY)
        self.last_day: date = last

    def with_nothing_hidden(self) -> Figures:
        """The same with every cell, to tell what is hidden from what isn't there; never to be shown."""
        return Figures(self._warehouse, 0, self.incomplete)

    @property
    def definitions(self) -> str:
        """The version of the definitions that the values are made by."""
        return self._warehouse.publication.definitions

    def why_unknown(self, goal: Goal, window: Period) -> str | None:
        """Why a goal's measure is unknown over its window, in a sentence; None where it isn't.

        A number of devices is known where three quarters of the window's days have one.
        """
        if goal.timed and self._warehouse.lacks_sequences:
            return coverage.NO_SEQUENCE
        if not goal.of_devices:
            return None
        days = goal.device_window if not goal.timed else ATTEMPT_WINDOW
        first, last = (pd.Timestamp(day) for day in window.bounds)
        absent = coverage.days_without(self._warehouse, days)
        absent = absent[(absent >= first) & (absent <= last)]
        if goal.window_days - len(absent) >= USABLE * goal.window_days:
            return None
        return coverage.why_no_devices(self._warehouse, window, days)

    def days(self, goal: Goal) -> pd.Series:
        """The goal's measure by UTC day, over every day of the store; absent values as NaN."""
        if goal.measure == "engagement_ratio":
            frame = self._table("engagement", goal.filters)
            return _by_day(frame[frame["audience"] == "all"], "engagement_ratio")
        if goal.measure == "multi_device_percent":
            frame = self._table("multi-device", goal.filters, window=goal.device_window)
            return _by_day(frame, "daily_multi_device_percent")
        frame = self._table("connection-time", goal.filters)
        account = goal.measure.removeprefix("connection_time_")
        return _by_day(frame[frame["account"] == account], "median_seconds")

    def compared_days(self, goal: Goal) -> pd.Series:
        """The ratio of the Firefox product a goal compares with, by UTC day; empty where none was given.

        Firefox's figures carry no tags, so no filter reaches them.
        """
        frame = self._table("firefox", Filters())
        return _by_day(frame[frame["product"] == goal.comparator], "engagement_ratio")

    def scored_days(self, goal: Goal) -> pd.Series:
        """By UTC day, what a goal's outlook is about: its measure, or its lead over the comparator."""
        days = self.days(goal)
        if goal.comparator is None:
            return days
        return days - self.compared_days(goal).reindex(days.index)

    def scored_weeks(self, goal: Goal, as_of: date) -> pd.Series:
        """The same by whole week, counted back from the week that ends with ``as_of``.

        Indexed by each week's last day, oldest first; a week is NaN unless it has all its seven days.
        A percentage's week is the mean of its days, a median's the median of its attempts, pooled.
        """
        days = self.scored_days(goal)
        whole = days.notna()
        if goal.timed:
            counted = self._counted_days()
            whole = counted.reindex(days.index, fill_value=False)
        ends = pd.date_range(end=pd.Timestamp(as_of), periods=_weeks_until(days, as_of), freq="7D")
        complete = whole.astype("float64").rolling(WEEK).sum().reindex(ends) == WEEK
        if goal.timed:
            return self._week_medians(goal, ends).where(complete)
        return days.rolling(WEEK, min_periods=WEEK).mean().reindex(ends).where(complete)

    def pooled_median(self, goal: Goal, window: Period) -> tuple[float | None, int]:
        """The median seconds over all attempts that became ready in the days, pooled, and how many."""
        first, last = window.bounds
        found = self._warehouse.frame(
            "connection_median",
            first_day=first,
            last_day=last,
            with_incomplete=int(self.incomplete),
            **goal.filters.parameters(),
        )
        rows = found[found["new_account"] == _new_account(goal)]
        connections = 0 if rows.empty else int(rows["connections"].iloc[0])
        if connections < max(self.min_users, 1):
            return None, connections
        return float(rows["median_ms"].iloc[0]) / 1000, connections

    def _week_medians(self, goal: Goal, ends: pd.DatetimeIndex) -> pd.Series:
        if len(ends) == 0:
            return pd.Series(index=ends, dtype="float64")
        found = self._warehouse.frame(
            "connection_week_median",
            first_day=(ends[0] - timedelta(days=WEEK - 1)).date(),
            last_day=ends[-1].date(),
            with_incomplete=int(self.incomplete),
            **goal.filters.parameters(),
        )
        rows = found[
            (found["new_account"] == _new_account(goal))
            & (found["connections"] >= max(self.min_users, 1))
        ]
        medians = pd.Series(
            rows["median_ms"].astype("float64").to_numpy() / 1000,
            index=ends[-1] - pd.to_timedelta(rows["week"].astype("int64") * WEEK, unit="D"),
        )
        return medians.reindex(ends)

    def _counted_days(self) -> pd.Series:
        days = self._warehouse.frame("days", with_incomplete=int(self.incomplete), device_window=0)
        index = pd.DatetimeIndex(pd.to_datetime(days["day"]).astype("datetime64[s]"))
        return pd.Series(days["counted"].to_numpy() == 1, index=index)

    def _table(self, name: str, filters: Filters, window: int = ATTEMPT_WINDOW) -> pd.DataFrame:
        chosen = Options(incomplete=self.incomplete, window=window)
        question = Question(name, filters, options=chosen, shown_from=self.min_users)
        return self._ask(question).table


def mean_within(days: pd.Series, period: Period) -> tuple[float | None, int]:
    """The mean of the daily values that exist in a period, and how many there are."""
    values = values_within(days, period)
    return (float(values.mean()) if len(values) else None), len(values)


def values_within(days: pd.Series, period: Period) -> pd.Series:
    """The daily values that exist in a period."""
    first, last = period.bounds
    inside = [first <= day.date() <= last for day in days.index]
    return days[np.array(inside, dtype=bool)].dropna()


def _by_day(frame: pd.DataFrame, column: str) -> pd.Series:
    index = pd.DatetimeIndex(pd.to_datetime(frame["day"]).astype("datetime64[s]"), name="day")
    values = frame[column].astype("Float64").to_numpy("float64", na_value=float("nan"))
    return pd.Series(values, index=index, name=column)


def _new_account(goal: Goal) -> int:
    return int(goal.measure == "connection_time_new")


def _weeks_until(days: pd.Series, as_of: date) -> int:
    if days.empty:
        return 0
    return max(((pd.Timestamp(as_of) - days.index[0]).days + 1) // WEEK, 0)
