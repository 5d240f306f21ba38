"""Tests of the projection's 80% ranges on a store's own history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from kpi.goals.projection import FEWEST_WEEKS, SEED, SHARES, TooShort, simulated, usable

DRAWS = 400
FEWEST_TRIES = 8
MOST_TRIES = 80
WEEKS_BEFORE = 52


@dataclass(frozen=True)
class PastProjection:
    """A range that the method gives from the weeks up to ``made``, and the value that came by ``due``."""

    made: date
    due: date
    low: float
    high: float
    came: float

    @property
    def held(self) -> bool:
        """True where the value that came is in the range."""
        return self.low <= self.came <= self.high


@dataclass(frozen=True)
class Backtest:
    """The outcome: ranges for so many weeks ahead, the number tried and the number that held.

    ``wanted`` is how far the year's end is; where the history doesn't reach that far twice, ranges for
    fewer weeks were tried. ``past`` are the tries, oldest first.
    """

    weeks_ahead: int
    wanted: int
    tries: int
    held: int
    past: tuple[PastProjection, ...] = ()

    @property
    def apart(self) -> list[PastProjection]:
        """The past projections that share no week with each other, newest first."""
        chosen: list[PastProjection] = []
        for projection in reversed(self.past):
            if not chosen or projection.due <= chosen[-1].made:
                chosen.append(projection)
        return chosen

    @property
    def share(self) -> float:
        """The share of ranges that held; 0.8 is what they promise."""
        return self.held / self.tries


def backtest(weeks: pd.Series, ahead: int, scored_weeks: int = 4) -> Backtest:
    """Project from every past week as if no later one were known, and see whether the range held.

    Each try knows at least 26 whole weeks and is judged by the mean of the ``scored_weeks`` that end
    ``ahead`` weeks later. Neighbouring tries share weeks, so that they are fewer than they look. Raises
    TooShort where fewer than 8 can be made.
    """
    known = usable(weeks)
    levels = known.to_numpy()
    wanted = max(ahead, 1)
    possible = len(levels) - FEWEST_WEEKS - FEWEST_TRIES + 1
    if possible < 1:
        raise TooShort(
            f"Too little history to test the method on: {FEWEST_WEEKS + FEWEST_TRIES} whole weeks "
            f"are needed, and there are {len(levels)}."
        )
    tried = min(wanted, possible)
    starts = range(FEWEST_WEEKS, len(levels) - tried + 1)
    step = -(-len(starts) // MOST_TRIES)
    starts = starts[::-step][::-1]  # the newest among them
    past = tuple(_projected(known, start, tried, scored_weeks) for start in starts)
    return Backtest(tried, wanted, len(past), sum(each.held for each in past), past)


def moved_as_far(weeks: pd.Series, ahead: int, needed: float, window: int = 4) -> tuple[int, int]:
    """Of all past stretches of ``ahead`` weeks, how many moved by ``needed`` or more, and how many there are.

    ``needed`` has the sign of the move. A stretch runs from the mean of ``window`` weeks to that of the
    ``window`` weeks ``ahead`` later; stretches overlap.
    """
    scored = weeks.rolling(window, min_periods=window).mean()
    moves = (scored.shift(-ahead) - scored).dropna().to_numpy()
    far = moves >= needed if needed >= 0 else moves <= needed
    return int(far.sum()), len(moves)


def moved_a_year_before(weeks: pd.Series, ahead: int, window: int = 4) -> float | None:
    """The move of the scored figure over the same ``ahead`` weeks a year before; None if unknown."""
    scored = weeks.rolling(window, min_periods=window).mean()
    start, end = len(scored) - 1 - WEEKS_BEFORE, len(scored) - 1 - WEEKS_BEFORE + ahead
    if start < 0 or end >= len(scored):
        return None
    moved = scored.iloc[end] - scored.iloc[start]
    return None if pd.isna(moved) else float(moved)


def _projected(weeks: pd.Series, start: int, ahead: int, scored_weeks: int) -> PastProjection:
    levels = weeks.to_numpy()
    before = levels[:start]
    drawn = simulated(before, ahead, DRAWS, SEED)
    known = before[-max(scored_weeks - ahead, 0) :] if scored_weeks > ahead else before[:0]
    coming = min(scored_weeks, ahead)
    ends = (drawn[:, -coming:].sum(axis=1) + known.sum()) / scored_weeks
    low, high = np.quantile(ends, [SHARES[0], SHARES[-1]])
    came = levels[start + ahead - scored_weeks : start + ahead].mean()
    made = weeks.index[start - 1].date()
    return PastProjection(made, made + timedelta(weeks=ahead), float(low), float(high), float(came))
