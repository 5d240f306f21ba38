"""Arithmetic that every measure shares: percents, and which cells are too small to show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from kpi.numbers import weeks

Anyway = Sequence[pd.Series | None]
"""Cells to hide in any case, of each of `Counted.tables`; none of an empty sequence."""


@dataclass(frozen=True)
class Counted:
    """Whole counts of attempts by broken_by, day and levels; ``finer`` are the same by points of fewer days.

    A point has ``point_days``, and is under the last of them.
    """

    frame: pd.DataFrame
    point_days: int = 1
    finer: Counted | None = None

    def each(self, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Counted:
        """This table and all finer ones, changed in the same way."""
        finer = self.finer and self.finer.each(change)
        return replace(self, frame=change(self.frame), finer=finer)

    def tables(self) -> Iterator[Counted]:
        """This table, and then the finer ones."""
        yield self
        if self.finer:
            yield from self.finer.tables()


def percent(part: pd.Series, whole: pd.Series) -> pd.Series:
    """100 × part / whole, absent where either is or the whole is 0."""
    whole = whole.astype("Float64")
    return 100 * part.astype("Float64") / whole.where(whole > 0)


def small(users: pd.Series, min_users: int) -> pd.Series:
    """True where a count of people is above zero and below the minimum cell size."""
    return ((users > 0) & (users < min_users)).fillna(False).astype(bool)


def small_or_revealing(
    parts: pd.Series, min_users: int, hidden: pd.Series | None = None
) -> pd.Series:
    """True for the parts of a whole to hide: small parts, and parts that would reveal them."""
    frame = pd.DataFrame({"whole": 0, "part": parts.to_numpy()}, index=parts.index)
    return hidden_parts(frame, "part", ["whole"], min_users, hidden)


def hidden_parts(
    frame: pd.DataFrame,
    count: str,
    whole: Sequence[str],
    min_users: int,
    hidden: pd.Series | None = None,
) -> pd.Series:
    """True for the cells to hide: small cells, and cells that would reveal them by subtraction.

    Rows that agree in the columns of ``whole`` are parts of a whole that may be shown, so readers know the
    sum of its hidden cells. Where that is a single cell, or a small count, the smallest cell still shown is
    hidden too. ``hidden`` are cells to hide in any case.
    """
    hide = small(frame[count], min_users)
    if hidden is not None:
        hide |= hidden
    if not hide.any():
        return hide
    counts = frame[count].fillna(0).to_numpy(dtype=float)
    wholes = frame.groupby(list(whole), sort=False).ngroup().to_numpy()
    # A whole of a single part has no other that could give it away.
    several = np.bincount(wholes)[wholes] > 1
    gone, ascending = hide.to_numpy(copy=True), np.argsort(counts, kind="stable")
    while True:
        lost = gone & (counts > 0)
        number = np.bincount(wholes, lost)
        together = np.bincount(wholes, counts * lost)
        known = (number == 1) | ((together > 0) & (together < min_users))
        open_ = ascending[(known[wholes] & several & ~gone & (counts > 0))[ascending]]
        if not len(open_):
            return pd.Series(gone, index=frame.index)
        _, smallest = np.unique(wholes[open_], return_index=True)
        gone[open_[smallest]] = True


def hidden_attempts(
    table: Counted, count: str, levels: list[str], min_users: int, anyway: Anyway = ()
) -> pd.Series:
    """The cells of a table of attempts to hide: its values of a breakdown add up to the table without it.

    ``levels`` are its columns beside broken_by and day. A week is hidden too if the week less its shown days
    would reveal a single hidden day, or fewer people than the minimum; four weeks if they less what is shown
    of them, weeks and days of other weeks, would reveal a single hidden week, or fewer people.
    """
    return _hidden_and_unknown(table, count, ["broken_by", "day", *levels], min_users, anyway)[0]


def _hidden_and_unknown(
    table: Counted, count: str, keys: list[str], min_users: int, anyway: Anyway
) -> tuple[pd.Series, pd.DataFrame]:
    """The cells of a table to hide; and those hidden, with the attempts that no shown day of theirs has."""
    frame, always, *further = table.frame, *(anyway or (None,))
    rest = None
    if table.finer:
        _, unknown = _hidden_and_unknown(table.finer, count, keys, min_users, further)
        ends = weeks.last_days(unknown["day"], table.point_days)
        by_point = unknown.assign(day=ends).groupby(keys)[count].agg(["sum", "count"])
        rest = frame[keys].merge(by_point, how="left", on=keys).fillna(0).set_axis(frame.index)
        always = _either((rest["count"] == 1) | small(rest["sum"], min_users), always)
    hidden = hidden_parts(frame, count, keys[1:], min_users, always)
    unknown = frame[[*keys, count]] if rest is None else rest.rename(columns={"sum": count})
    return hidden, unknown[hidden & (unknown[count] > 0).fillna(False)]


def hidden_accounts(table: Counted, broken: bool, min_users: int, anyway: Anyway = ()) -> pd.Series:
    """The cells of connections to hide: new and existing accounts add up to all, values to accounts.

    An account whose connections are hidden on a day is hidden under every value of a breakdown as well.
    """
    if not broken:  # the two accounts of a day are the parts, as the values of a breakdown are
        parts = table.each(_accounts_as_values)
        return hidden_attempts(parts, "connections", [], min_users, anyway)
    pairs = zip(table.tables(), table.each(_over_values).tables(), strict=True)
    under = [
        _under_values(mine.frame, whole.frame, hidden_accounts(whole, False, min_users))
        for mine, whole in pairs
    ]
    always = [_either(*both) for both in zip(under, anyway or [None] * len(under), strict=True)]
    return hidden_attempts(table, "connections", ["account"], min_users, always)


def _either(hidden: pd.Series, anyway: pd.Series | None) -> pd.Series:
    return hidden if anyway is None else hidden | anyway


def _accounts_as_values(table: pd.DataFrame) -> pd.DataFrame:
    return table[["day", "account", "connections"]].rename(columns={"account": "broken_by"})


def _over_values(table: pd.DataFrame) -> pd.DataFrame:
    by_account = table.groupby(["day", "account"], sort=False)["connections"]
    return by_account.sum(min_count=1).reset_index()


def _under_values(table: pd.DataFrame, whole: pd.DataFrame, gone: pd.Series) -> pd.Series:
    """True where anybody was counted on a day under an account whose whole is hidden."""
    keys = ["day", "account"]
    rows = table[keys].merge(whole[keys].assign(gone=gone.to_numpy()), how="left", on=keys)
    anybody = (table["connections"] > 0).fillna(False).to_numpy(dtype=bool)
    return pd.Series(rows["gone"].fillna(False).to_numpy(dtype=bool) & anybody, index=table.index)
