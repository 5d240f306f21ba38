"""Arithmetic that every measure shares: percents, and which cells are too small to show."""

from __future__ import annotations

import pandas as pd


def percent(part: pd.Series, whole: pd.Series) -> pd.Series:
    """100 × part / whole, absent where either is or the whole is 0."""
    whole = whole.astype("Float64")
    return 100 * part.astype("Float64") / whole.where(whole > 0)


def small(users: pd.Series, min_users: int) -> pd.Series:
    """Where a count of people is above zero and below the minimum cell size."""
    return ((users > 0) & (users < min_users)).fillna(False).astype(bool)


def small_or_telling(parts: pd.Series, min_users: int) -> pd.Series:
    """Which of several parts of one whole must be hidden: the small ones, and those that tell of them.

    What is hidden is the whole less what is shown. While that is itself a small count, the smallest
    part still shown is hidden too.
    """
    hidden = small(parts, min_users)
    shown = parts[~hidden & (parts > 0).fillna(False)].sort_values(kind="stable")
    together = int(parts[hidden].sum())
    for place, count in shown.items():
        if together == 0 or together >= min_users:
            break
        hidden[place] = True
        together += int(count)
    return hidden
