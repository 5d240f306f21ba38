"""Weeks from Monday to Sunday, under their Sunday, and only when all 7 days count; four weeks likewise.

Distinct users are never added over days: a week's daily users are the mean of its days, and values over
28 days (MAU, the ratio) are those of its Sunday. Attempts happen once, so those of a week
are pooled, in the queries, and their percentiles are of all of them. Periods of four weeks are counted from
Monday, 5 January 1970 on: each has whole weeks, and no two have a day in common.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd

from kpi.meaning.definitions import WEEK
from kpi.meaning.filters import Period

FIRST_MONDAY = np.datetime64("1970-01-05", "D")


def last_days(days: np.ndarray, point_days: int) -> np.ndarray:
    """The last day of each day's point: the Sunday of its week, or of its four weeks."""
    dates = days.astype("datetime64[D]")
    place = (dates - FIRST_MONDAY).astype(int) % point_days
    ends: np.ndarray = (dates + (point_days - 1 - place)).astype("datetime64[s]")
    return ends


def sunday(days: pd.Series) -> pd.Series:
    """The Sunday that ends each day's week."""
    return pd.Series(last_days(days.to_numpy(), WEEK), days.index)


def are_sundays(days: np.ndarray) -> np.ndarray:
    """True for the Sundays, which show values that look back over a week or more."""
    sundays: np.ndarray = last_days(days, WEEK) == days
    return sundays


def mean_of_days(cells: np.ndarray) -> np.ndarray:
    """Means over the 7 days that end with each day, the second axis; absent where any of the 7 is."""
    means: np.ndarray = _weeks(cells, np.nan).sum(axis=-1) / WEEK
    return means


def any_of_week(cells: np.ndarray) -> np.ndarray:
    """True where any of the 7 days that end with each day, the second axis, is."""
    of_week: np.ndarray = np.any(_weeks(cells, False), axis=-1)
    return of_week


def _weeks(cells: np.ndarray, before: float) -> np.ndarray:
    """The 7 days that end with each day, as a further axis; ``before`` stands for days before the first."""
    padding = [(0, 0)] * cells.ndim
    padding[1] = (WEEK, 0)  # a day more than is needed, since no days would make no week
    padded = np.pad(cells, padding, constant_values=before)
    return np.lib.stride_tricks.sliding_window_view(padded, WEEK, axis=1)[:, 1:]


def whole(counted: np.ndarray, days: np.ndarray, point_days: int) -> tuple[np.ndarray, np.ndarray]:
    """The last day of each point, and True for those that count: all of their days do."""
    ends, point = np.unique(last_days(days, point_days), return_inverse=True)
    return ends, np.bincount(point, counted, len(ends)) == point_days


def parts(ends: np.ndarray, point_days: int, length: int) -> np.ndarray:
    """The last days of the points of ``length`` days that points of more days consist of."""
    before = np.arange(point_days - length, -1, -length) * np.timedelta64(1, "D")
    return (ends[:, np.newaxis] - before).ravel()


def widened(period: Period, point_days: int = WEEK) -> Period:
    """The period from so many days before that its first point is whole."""
    if period.first is None:
        return period
    return Period(period.first - timedelta(days=point_days - 1), period.last)
