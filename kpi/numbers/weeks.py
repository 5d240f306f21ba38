"""Weeks from Monday to Sunday, under their Sunday, and only when all 7 days count.

Distinct users are never added over days: a week's daily users are the mean of its days, and values over
28 days (MAU, the ratio) are those of its Sunday. Attempts happen once, so those of a week
are pooled, in the queries, and their percentiles are of all of them.
"""

from __future__ import annotations

from datetime import timedelta

import pandas as pd

from kpi.meaning.definitions import WEEK
from kpi.meaning.filters import Period

SUNDAY = 6


def sunday(days: pd.Series) -> pd.Series:
    """The Sunday that ends each day's week."""
    left = pd.to_timedelta(SUNDAY - days.dt.day_of_week, unit="D").astype("timedelta64[s]")
    ends: pd.Series = days + left
    return ends


def on_sundays(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of Sundays, for values that look back over a week or more."""
    sundays: pd.DataFrame = frame[frame["day"].dt.day_of_week == SUNDAY]
    return sundays.reset_index(drop=True)


def mean_of_days(frame: pd.DataFrame, by: str, columns: list[str]) -> pd.DataFrame:
    """Columns as means over the 7 days that end with the row's; absent where any of the 7 is.

    ``frame`` has every day from first to last for each value of ``by``, in order.
    """
    days = frame[columns].astype("float64").groupby(frame[by], sort=False)
    means = days.rolling(WEEK, min_periods=WEEK).sum().droplevel(0).reindex(frame.index) / WEEK
    return frame.assign(**means.astype("Float64"))


def whole(counted: pd.Series) -> pd.Series:
    """True for each week that counts, by its Sunday: all of its 7 days do. ``counted`` is by day."""
    days = pd.Series(counted.index, index=counted.index)
    return counted.astype(int).groupby(sunday(days).to_numpy()).sum() == WEEK


def widened(period: Period) -> Period:
    """The period from the Monday before it, so that its first Sunday ends a whole week."""
    if period.first is None:
        return period
    return Period(period.first - timedelta(days=WEEK - 1), period.last)
