"""Where the year will end: a block bootstrap of weekly changes, with the yearly pattern where it is known.

A week's change has a steady part (the drift and, where two years are known, the yearly pattern), and a
rest. Of the rest a share lasts and a share is gone the week after; how much is read from the history.
What is left after that is drawn anew, in blocks of weeks, many times: once to see how far off the steady
part may be, once for the weeks to come. See docs/decisions/goals.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from kpi.errors import Refused
from kpi.goals.blocks import circular_blocks
from kpi.goals.file import Goal
from kpi.meaning.definitions import PROJECTED_FROM_WEEKS, WEEK
from kpi.text import quantity

FEWEST_WEEKS = PROJECTED_FROM_WEEKS
"""Whole weeks of history below which nothing is projected."""

WEEKS_FOR_YEARLY_PATTERN = 104
WEEKS_A_YEAR = 365.25 / WEEK
WAVES = 3
"""The number of waves of a yearly pattern: of a year, half a year and four months."""

BLOCK = 4
DRAWS = 2000
SEED = 2016
SHARES = (0.1, 0.5, 0.9)
# How much of a week's surprise is taken back the week after: 0 none, -1 all; above 0 it goes on.
# Near -1, where nothing lasts, small steps make a great difference.
ECHOES = np.concatenate([[-0.99, -0.98, -0.97, -0.96], np.linspace(-0.95, 0.6, 32)])


class TooShort(Refused):
    """There is too little history to say anything of the future."""


@dataclass(frozen=True)
class Projection:
    """Where a goal's scored figure may go: a row per draw and week after the last known week.

    ``weeks`` are the last days of those weeks, ``levels`` the figure a week has, ``at_end`` the scored
    figure at the year's end. ``known_weeks`` is how many whole weeks it rests on, ``yearly`` whether a
    yearly pattern is in it.
    """

    weeks: pd.DatetimeIndex
    levels: np.ndarray
    at_end: np.ndarray
    known_weeks: int
    yearly: bool

    def range_at_end(self) -> tuple[float, float]:
        """The range that holds the scored figure at the year's end in 80 of 100 draws."""
        low, high = np.quantile(self.at_end, [SHARES[0], SHARES[-1]])
        return float(low), float(high)

    def fan(self) -> pd.DataFrame:
        """By week: day (its last), low, middle, high; 80 of 100 draws lie between low and high."""
        low, middle, high = np.quantile(self.levels, SHARES, axis=0)
        return pd.DataFrame({"day": self.weeks, "low": low, "middle": middle, "high": high})

    def chance(self, goal: Goal, target: float) -> float:
        """The share of draws in which the scored figure meets a target at the year's end."""
        return float(np.mean([goal.reaches(value, target) for value in self.at_end.tolist()]))


def project(
    goal: Goal,
    weeks: pd.Series,
    actual: float,
    as_of: date,
    draws: int = DRAWS,
    end: date | None = None,
) -> Projection:
    """Where a goal's figure may stand on 31 December of its year.

    ``weeks`` are its whole weeks up to ``as_of``, as `Figures.scored_weeks`; ``actual`` the scored
    figure now. The projection begins with the last known week, so that a gap since then widens it. Raises
    TooShort under 26 whole weeks.
    """
    end = end or date(goal.year, 12, 31)
    known = usable(weeks)
    last = known.index[-1].date()
    days_left = max((end - last).days, 0)
    ahead = -(-days_left // WEEK)
    levels = simulated(known.to_numpy(), ahead, draws, SEED)
    shares = _shares(goal.window_days, days_left)
    absent = len(weeks.loc[known.index[-1] :]) - 1  # weeks that the figure now is without
    at_end = _scored(known.to_numpy(), levels, actual, shares, goal.window_days, absent)
    ends = pd.date_range(pd.Timestamp(last) + pd.Timedelta(days=WEEK), periods=ahead, freq="7D")
    bounds = (
        (-np.inf, np.inf) if goal.comparator else (0.0, 100.0 if goal.unit == "percent" else np.inf)
    )
    return Projection(
        weeks=ends,
        levels=np.clip(levels, *bounds),
        at_end=np.clip(at_end, *bounds),
        known_weeks=int(weeks.notna().sum()),
        yearly=has_yearly_pattern(len(known)),
    )


def usable(weeks: pd.Series) -> pd.Series:
    """The weeks from the first whole week to the last, with gaps bridged by straight lines.

    Raises TooShort under 26 whole weeks, which bridged ones are not.
    """
    whole = int(weeks.notna().sum())
    if whole < FEWEST_WEEKS:
        have = quantity(whole, "whole week has", "whole weeks have")
        raise TooShort(
            f"Too little history to project from: {have} values, and {FEWEST_WEEKS} are needed."
        )
    return weeks.loc[weeks.first_valid_index() : weeks.last_valid_index()].interpolate()


def has_yearly_pattern(weeks: int) -> bool:
    """True where the history is long enough to know the effect of a season."""
    return weeks >= WEEKS_FOR_YEARLY_PATTERN


@dataclass(frozen=True)
class _Fit:
    """The history under an echo and a steady part: its slopes, how surprises move them, and the surprises."""

    echo: float
    slopes: np.ndarray
    estimate: np.ndarray
    surprises: np.ndarray
    past: np.ndarray
    future: np.ndarray

    @property
    def fitted(self) -> int:
        """The number of slopes."""
        return self.past.shape[1]


def simulated(levels: np.ndarray, ahead: int, draws: int, seed: int) -> np.ndarray:
    """Draws of the next weeks of a series of weekly levels: (draws, ahead).

    Every draw has an echo, and a drift or none, chosen by how well they explain the history; the drift (and
    yearly pattern) is as uncertain as the history leaves it; surprises are drawn in blocks from past ones.
    """
    if ahead == 0:
        return np.empty((draws, 0))
    changes = np.diff(levels)
    count = len(changes)
    fits = _fits(changes, ahead, has_yearly_pattern(len(levels)))
    chosen = np.searchsorted(np.cumsum(_weights(fits)), (np.arange(draws) + 0.5) / draws)
    past = circular_blocks(count, BLOCK, draws, count, seed)
    coming = circular_blocks(count, BLOCK, draws, ahead, seed + 1)
    drawn = np.empty((draws, ahead))
    for number in np.unique(chosen):
        here = chosen == number
        drawn[here] = levels[-1] + _changes_to_come(fits[number], past[here], coming[here])
    return drawn


def _fits(changes: np.ndarray, ahead: int, yearly: bool) -> list[_Fit]:
    """The history under every echo, with a drift and without."""
    count = len(changes)
    steady = _steady_part(count, ahead, yearly)
    fits = []
    for part in (steady, steady[:, 1:]):
        past, future = part[:count], part[count:]
        both = _without_echoes(np.column_stack([changes, past]))
        estimates = np.linalg.pinv(both[:, :, 1:])
        slopes = estimates @ both[:, :, :1]
        surprises = both[:, :, :1] - both[:, :, 1:] @ slopes
        fits += [
            _Fit(*values, past, future)
            for values in zip(ECHOES, slopes[:, :, 0], estimates, surprises[:, :, 0], strict=True)
        ]
    return fits


def _without_echoes(weeks: np.ndarray) -> np.ndarray:
    """Weekly values, a column each, less each echo's share of the week before: (echo, week, column)."""
    rest = np.empty((len(ECHOES), *weeks.shape))
    before = np.zeros((len(ECHOES), weeks.shape[1]))
    for number, week in enumerate(weeks):
        rest[:, number] = before = week - ECHOES[:, np.newaxis] * before
    return rest


def _weights(fits: list[_Fit]) -> np.ndarray:
    """The weight of each fit, in all 1: by its errors, at the price of a fitted number (Schwarz 1978).

    Absolute errors, so that an outage, taken back a week later, doesn't count as usual weeks.
    """
    count = len(fits[0].surprises)
    errors = np.array([np.abs(fit.surprises).sum() for fit in fits])
    errors = np.maximum(errors, np.finfo(float).tiny)
    fitted = np.array([fit.fitted for fit in fits])
    weights = -(count - fitted.max()) * np.log(errors / errors.min())
    weights -= fitted * np.log(count) / 2
    likely = np.exp(weights - weights.max())
    return np.asarray(likely / likely.sum())


def _changes_to_come(fit: _Fit, past: np.ndarray, coming: np.ndarray) -> np.ndarray:
    """The sums of the weekly changes ahead, a row per draw of blocks of past and of coming weeks."""
    count = len(fit.surprises)
    # Surprises that were fitted are smaller than those to come. Of what lasts, which fitting removes
    # most of, a block of weeks counts as a single observation; of what passes, every week does.
    lasting = np.sqrt(count / max(count - BLOCK * fit.fitted - 1, count // 4))
    passing = np.sqrt(count / max(count - fit.fitted - 1, count // 4))
    pool = fit.surprises - fit.surprises.mean()
    off = lasting * pool[past] @ fit.estimate.T
    new = pool[coming]
    before = np.column_stack([np.full(len(new), fit.surprises[-1]), passing * new[:, :-1]])
    shocks = lasting * (1 + fit.echo) * new - fit.echo * (passing * new - before)
    changes = fit.future @ fit.slopes - off @ fit.future.T + shocks
    return np.asarray(np.cumsum(changes, axis=1))


def _steady_part(count: int, ahead: int, yearly: bool) -> np.ndarray:
    """The steady parts of a week's change, by week from the first to the last ahead: drift, yearly waves."""
    week = np.arange(-count, ahead + 1)
    columns = [np.ones(count + ahead)]
    for wave in range(1, WAVES + 1) if yearly else ():
        turn = 2 * np.pi * wave * week / WEEKS_A_YEAR
        columns += [np.diff(np.sin(turn)), np.diff(np.cos(turn))]
    return np.column_stack(columns)


def _shares(window: int, days_left: int) -> np.ndarray:
    """The share of each week ahead in the window that is scored at the end; the rest is known."""
    days = np.arange(1, days_left + 1)
    scored = days > days_left - window
    ahead = -(-days_left // WEEK)
    return np.bincount((days[scored] - 1) // WEEK, minlength=ahead)[:ahead] / window


def _scored(
    known: np.ndarray,
    levels: np.ndarray,
    actual: float,
    shares: np.ndarray,
    window: int,
    absent: int,
) -> np.ndarray:
    """The scored figure at the end: the figure now, moved by how the weeks in its window move.

    ``absent`` is the number of weeks since the last known week, which the figure now is without.
    """
    lasting = max(1 - shares.sum(), 0.0)
    recent = known[-max(-(-window // WEEK), 1) :]
    now = recent[min(absent, len(recent) - 1) :].mean()
    # The days of today's window that are still in the window at the end are its latest.
    weeks_still = max(round(lasting * window / WEEK), 1)
    before = recent[-weeks_still:].mean() if lasting else 0.0
    return actual + (levels @ shares + lasting * before - now)
