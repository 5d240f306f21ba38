"""Arithmetic that every measure shares: percents, and which cells are too small to show.

Cells are arrays as in `kpi.numbers.grid`: absent numbers are NaN, which is neither small nor large.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def percent(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """100 × part / whole, absent where either is or the whole is 0."""
    return 100 * part / np.where(whole > 0, whole, np.nan)


def small(users: np.ndarray, min_users: int) -> np.ndarray:
    """True where a count of people is above zero and below the minimum cell size."""
    return (users > 0) & (users < min_users)


def hidden_parts(
    counts: np.ndarray, min_users: int, hidden: np.ndarray | bool = False
) -> np.ndarray:
    """True for the cells to hide: small cells, and cells that would reveal them by subtraction.

    Along the first axis are the parts of a whole that may be shown, so readers know the sum of its hidden
    cells. Where that is a single cell, or a small count, the smallest cell still shown is hidden too.
    ``hidden`` are cells to hide in any case.
    """
    gone = small(counts, min_users) | hidden
    anybody = counts > 0
    places = np.arange(len(counts)).reshape(-1, *(1 for _ in counts.shape[1:]))
    while True:
        lost = gone & anybody
        known = (lost.sum(axis=0) == 1) | small(np.where(lost, counts, 0).sum(axis=0), min_users)
        open_ = known & anybody & ~gone
        if not open_.any():
            return gone
        smallest = np.where(open_, counts, np.inf).argmin(axis=0)
        gone |= open_ & (places == smallest)


def hidden_attempts(
    points: Sequence[np.ndarray], min_users: int, anyway: Sequence[np.ndarray] = ()
) -> np.ndarray:
    """The cells of a table of attempts to hide: its values of a breakdown add up to the table without it.

    ``points`` are its counts, then those by the weeks and by the days that its points consist of;
    ``anyway`` the cells of each to hide in any case. A week is hidden too if the week less its shown days
    would reveal a single hidden day, or fewer people than the minimum; four weeks if they less what is shown
    of them, weeks and days of other weeks, would reveal a single hidden week, or fewer people.
    """
    return _hidden_and_unknown(points, min_users, anyway)[0]


def _hidden_and_unknown(
    points: Sequence[np.ndarray], min_users: int, anyway: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """The cells to hide; and of those hidden, the attempts that no shown day of theirs has."""
    counts, *finer = points
    always, *further = anyway or (np.array(False),)
    unknown = counts
    if finer:
        _, parts = _hidden_and_unknown(finer, min_users, further)
        values, days, levels = counts.shape
        by_point = parts.reshape(values, days, finer[0].shape[1] // max(days, 1), levels)
        unknown = by_point.sum(axis=2)
        always = always | ((by_point > 0).sum(axis=2) == 1) | small(unknown, min_users)
    hidden = hidden_parts(counts, min_users, always)
    return hidden, np.where(hidden & (unknown > 0), unknown, 0)


def hidden_accounts(
    points: Sequence[np.ndarray],
    broken: bool,
    min_users: int,
    anyway: Sequence[np.ndarray] = (),
) -> np.ndarray:
    """The cells of connections to hide: new and existing accounts add up to all, values to accounts.

    An account whose connections are hidden on a day is hidden under every value of a breakdown as well.
    """
    if not broken:  # the two accounts of a day are the parts, as the values of a breakdown are
        parts, always = ([cells.swapaxes(0, 2) for cells in those] for those in (points, anyway))
        return hidden_attempts(parts, min_users, always).swapaxes(0, 2)
    whole = [counts.sum(axis=0, keepdims=True) for counts in points]
    under = [
        hidden_accounts(whole[place:], False, min_users) & (counts > 0)
        for place, counts in enumerate(points)
    ]
    always = [mine | other for mine, other in zip(under, anyway or under, strict=True)]
    return hidden_attempts(points, min_users, always)
