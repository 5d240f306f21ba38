"""Weeks from Monday to Sunday, under their Sunday, and only when all 7 days count; four weeks likewise.

Distinct users are never added over days: a week's daily users are the mean of its days, and values over
28 days (MAU, the ratio) are those of its Sunday. Attempts happen once, so those of a week
are pooled, in the queries, and their percentiles are of all of them. Periods of four weeks are counted from
Monday, 5 January 1970 on: each has whole weeks, and no two have a day in common.
"""

from __future__ import annotations

from datetime import timedelta

import pandas as pd

from kpi.meaning.definitions import WEEK
from kpi.meaning.filters import Period

SUNDAY = 6
FIRST_MONDAY = pd.Timestamp(1970, 1, 5).as_unit("s")


def last_days(days: pd.Series, point_days: int) -> pd.Series:
    """The last day of each day's point: the Sunday of its week, or of its four weeks."""
    place = (days - FIRST_MONDAY).dt.days % point_days
    left = pd.to_timedelta(point_days - 1 - place, unit="D").astype("timedelta64[s]")
    ends: pd.Series = days + left
    return ends


def sunday(days: pd.Series) -> pd.Series:
    """The Sunday that ends each day's week."""
    return last_days(days, WEEK)


def on_sundays(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of Sundays, for values that look back over a week or more."""
    sundays: pd.DataFrame = frame[frame["day"].dt.day_of_week == SUNDAY]
    return sundays.reset_index(drop=True)


def mean_of_days(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Columns as means over the 7 days that end with the row's; absent where any of the 7 is.

    ``frame`` has every day from first to last for each value of broken_by, in order.
    """
    days = frame[columns].astype("float64").groupby(frame["broken_by"], sort=False)
    means = days.rolling(WEEK, min_periods=WEEK).sum().droplevel(0).reindex(frame.index) / WEEK
    return frame.assign(**means.astype("Float64"))


def whole(counted: pd.Series, point_days: int) -> pd.Series:
    """True for each point that counts, by its last day: all of its days do. ``counted`` is by day."""
    days = pd.Series(counted.index, index=counted.index)
    ends = last_days(days, point_days).to_numpy()
    return counted.astype(int).groupby(ends).sum() == point_days


def widened(period: Period, point_days: int = WEEK) -> Period:
    """The period from so many days before that its first point is whole."""
    if period.first is None:
        return period
    return Period(period.first - timedelta(days=point_days - 1), period.last)
