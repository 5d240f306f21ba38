"""The uncertainty of numbers: 95% intervals, and the usual swing of a series.

Counts are exact, but the people of a day are a sample of those like them. Sources: design, section 9;
`docs/decisions/how-sure.md`.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

CONFIDENCE = 0.95
Z = 1.959963984540054
"""The normal deviate that 95 of 100 cases stay within, on either side."""

Interval = tuple[float, float]
Numbers = np.ndarray | np.float64
FEWEST_CHANGES = 12
"""Past changes, a week apart, from which the usual swing is known."""

YEAR_DAYS = 364
"""The days of a year of whole weeks."""

LONGEST_MEMORY = 0.95
"""Of a level that never returns there is no mean; what lasts longer is counted as this."""


def share_interval(percent: float, n: float) -> Interval | None:
    """Wilson's interval of a percentage of ``n`` people or attempts; None of nobody.

    Of a mean of daily shares, and of a ratio of mean daily to monthly users, it is an upper bound.
    """
    if not n > 0:
        return None
    low, high = wilson(np.float64(percent) / 100, np.float64(n))
    return float(100 * low), float(100 * high)


def share_intervals(percent: pd.Series, n: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Wilson's intervals of percentages, each of ``n`` people or attempts; absent where n is 0 or absent."""
    share = percent.astype("Float64").to_numpy(float, na_value=np.nan) / 100
    count = n.astype("Float64").to_numpy(float, na_value=np.nan)
    low, high = wilson(share, np.where(count > 0, count, np.nan))
    ends = [pd.Series(100 * end, percent.index).astype("Float64") for end in (low, high)]
    return ends[0], ends[1]


def wilson(
    share: Numbers, count: Numbers, reach: float | Numbers = Z
) -> tuple[np.ndarray, np.ndarray]:
    """The ends of Wilson's interval of shares, 0 to 1; NaN where a count is.

    ``reach`` is the number of standard errors to either side.
    """
    middle = (share + reach**2 / (2 * count)) / (1 + reach**2 / count)
    half = reach * np.sqrt(share * (1 - share) / count + reach**2 / (4 * count**2))
    half /= 1 + reach**2 / count
    # An end at 0 or 1 is there to the last digit, whatever the sum of two roundings says.
    low = np.where((share == 0) & (count > 0), 0.0, np.clip(middle - half, 0, 1))
    high = np.where((share == 1) & (count > 0), 1.0, np.clip(middle + half, 0, 1))
    return low, high


def mean_interval(weeks: np.ndarray) -> Interval | None:
    """The interval of the mean of a series with memory, such as weekly values; None of under four.

    Equal-weighted cosines with Student's t (Lazarus, Lewis, Stock and Watson, 2018), widened by what cosines
    of so few weeks miss of a memory, since the slowest swing of a series looks like its level.
    """
    count = len(weeks)
    if count < 4:
        return None
    from scipy.special import stdtrit  # here, since it takes a moment to import

    mean = float(np.mean(weeks))
    if np.ptp(weeks) == 0:
        return mean, mean
    terms = max(math.ceil(0.4 * count ** (2 / 3)), 1)
    at = (np.arange(count) + 0.5) / count
    cosines = np.sqrt(2) * np.cos(np.pi * np.outer(np.arange(1, terms + 1), at))
    long_run = float(np.mean((cosines @ (weeks - mean)) ** 2 / count))
    long_run *= _missed_by(cosines, memory_of(weeks))
    half = float(stdtrit(terms, (1 + CONFIDENCE) / 2)) * math.sqrt(long_run / count)
    return mean - half, mean + half


def memory_of(weeks: np.ndarray) -> float:
    """The share of a week's distance from the mean that lasts a week: 0 to 0.95, on the safe side.

    The correlation of neighbours, corrected for the mean that was estimated (Kendall 1954), and a standard
    error more.
    """
    away, count = weeks - np.mean(weeks), len(weeks)
    if not away.any():
        return 0.0
    lasting = float(away[1:] @ away[:-1] / (away @ away))
    corrected = lasting + (1 + 3 * lasting) / count
    return min(max(corrected + math.sqrt(max(1 - corrected**2, 0) / count), 0.0), LONGEST_MEMORY)


def _missed_by(cosines: np.ndarray, memory: float) -> float:
    """The variance of the mean as a multiple of the cosines', where ``memory`` is what lasts a week."""
    terms, count = cosines.shape
    weeks = np.arange(count)
    together = memory ** np.abs(np.subtract.outer(weeks, weeks))
    return float(together.sum() * terms / ((cosines @ together) * cosines).sum())


def usual_swing(weeks: pd.Series, length: int, apart: int) -> float | None:
    """The size that 95 of 100 past changes stay within; None where the history is too short to know.

    ``weeks`` are weekly values, oldest first, with gaps as NaN. A change is between the means of ``length``
    weeks that begin ``apart`` weeks after each other; the newest, which is judged, isn't among them.
    """
    means = weeks.rolling(length, min_periods=length).mean().to_numpy()
    changes = np.abs(means[apart:] - means[: max(len(means) - apart, 0)])[:-1]
    changes = changes[~np.isnan(changes)]
    if len(changes) < FEWEST_CHANGES:
        return None
    apart_enough = max(len(changes) / length, 1)  # changes that share no week with another
    return float(np.quantile(changes, min(CONFIDENCE * (1 + 1 / apart_enough), 1.0)))


def usual_swings(changes: pd.Series, apart: int) -> pd.Series:
    """By day, the size that 95 of 100 changes of the year before stay within, as `usual_swing` has it.

    ``changes`` has every UTC day in order, each against the day ``apart`` days before; gaps are NaN. Of a
    day's year, the last ``apart`` days aren't looked at, since they are judged with it. NaN where fewer than
    `FEWEST_CHANGES` changes that share no day with another are known.
    """
    sizes = changes.abs().to_numpy(float)
    swings = np.full(len(sizes), np.nan)
    for place in range(apart, len(sizes)):
        past = sizes[max(place - YEAR_DAYS, 0) : place - apart + 1]
        past = past[~np.isnan(past)]
        apart_enough = len(past) / apart
        if apart_enough >= FEWEST_CHANGES:
            swings[place] = np.quantile(past, min(CONFIDENCE * (1 + 1 / apart_enough), 1.0))
    return pd.Series(swings, changes.index)


def _beside(value: float, interval: Interval | None) -> tuple[float, float]:
    """The distances of an interval's ends below and above a value; 0 where the value is exact."""
    return (0.0, 0.0) if interval is None else (value - interval[0], interval[1] - value)


def of_difference(
    value: float, interval: Interval | None, other: float, other_interval: Interval | None
) -> Interval:
    """The interval of a value less another, of two that are independent.

    A value without an interval is exact. Distances from the values add up as squares, on each side
    (Newcombe 1998, of shares; Zou and Donner 2008, of any).
    """
    below, above = _beside(value, interval)
    their_below, their_above = _beside(other, other_interval)
    difference = value - other
    return difference - math.hypot(below, their_above), difference + math.hypot(above, their_below)
