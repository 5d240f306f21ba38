"""Arithmetic that every measure shares: percents, and which cells are too small to show."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from kpi.numbers import weeks


def percent(part: pd.Series, whole: pd.Series) -> pd.Series:
    """100 × part / whole, absent where either is or the whole is 0."""
    whole = whole.astype("Float64")
    return 100 * part.astype("Float64") / whole.where(whole > 0)


def small(users: pd.Series, min_users: int) -> pd.Series:
    """Where a count of people is above zero and below the minimum cell size."""
    return ((users > 0) & (users < min_users)).fillna(False).astype(bool)


def small_or_telling(
    parts: pd.Series, min_users: int, hidden: pd.Series | None = None
) -> pd.Series:
    """Which of several parts of one whole must be hidden: the small ones, and those that tell of them."""
    frame = pd.DataFrame({"whole": 0, "part": parts.to_numpy()}, index=parts.index)
    return hidden_parts(frame, "part", ["whole"], min_users, hidden)


def hidden_parts(
    frame: pd.DataFrame,
    count: str,
    whole: Sequence[str],
    min_users: int,
    hidden: pd.Series | None = None,
) -> pd.Series:
    """Which cells must be hidden: the small ones, and those that would tell of them by subtraction.

    The rows that agree in the columns of ``whole`` are parts of a whole that may be shown, and what is
    hidden of it is the whole less what is shown. So where that is one cell, or together a small count, the
    smallest cell still shown is hidden too. ``hidden`` are cells that must be hidden anyway.
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
    frame: pd.DataFrame,
    daily: pd.DataFrame | None,
    count: str,
    levels: list[str],
    min_users: int,
    anyway: tuple[pd.Series | None, pd.Series | None] = (None, None),
) -> pd.Series:
    """The cells of a table of attempts to hide: its values of a breakdown add up to the table without it.

    ``levels`` are its columns beside broken_by and day. Where ``frame`` is by week and ``daily`` the
    same counts by day, a week is hidden too that would tell, less its days that are shown, of a single
    hidden day or of fewer people than the minimum. ``anyway`` are cells of both hidden whatever they say.
    """
    whole = ["day", *levels]
    if daily is None:
        return hidden_parts(frame, count, whole, min_users, anyway[0])
    keys = ["broken_by", "day", *levels]
    gone = daily[hidden_parts(daily, count, whole, min_users, anyway[1]) & (daily[count] > 0)]
    rest = gone.assign(day=weeks.sunday(gone["day"])).groupby(keys)[count].agg(["sum", "count"])
    rest = frame[keys].merge(rest, how="left", on=keys).fillna(0)
    telling = (rest["count"] == 1) | small(rest["sum"], min_users)
    telling.index = frame.index
    return hidden_parts(frame, count, whole, min_users, _either(telling, anyway[0]))


def hidden_accounts(
    frame: pd.DataFrame,
    daily: pd.DataFrame | None,
    broken: bool,
    min_users: int,
    anyway: tuple[pd.Series | None, pd.Series | None] = (None, None),
) -> pd.Series:
    """The cells of connections to hide: new and existing accounts add up to all, values to accounts.

    An account whose connections are hidden on a day is hidden under every value of a breakdown as well.
    ``anyway`` are cells of both tables hidden whatever they say.
    """
    if not broken:  # the two accounts of a day are the parts, as the values of a breakdown are
        by_day = None if daily is None else _accounts_as_values(daily)
        return hidden_attempts(
            _accounts_as_values(frame), by_day, "connections", [], min_users, anyway
        )
    whole = _over_values(frame)
    whole_daily = None if daily is None else _over_values(daily)
    gone = hidden_accounts(whole, whole_daily, False, min_users)
    hidden = _either(_under_values(frame, whole, gone), anyway[0])
    hidden_daily = None
    if daily is not None and whole_daily is not None:
        gone = hidden_accounts(whole_daily, None, False, min_users)
        hidden_daily = _either(_under_values(daily, whole_daily, gone), anyway[1])
    return hidden_attempts(
        frame, daily, "connections", ["account"], min_users, (hidden, hidden_daily)
    )


def _either(hidden: pd.Series, anyway: pd.Series | None) -> pd.Series:
    return hidden if anyway is None else hidden | anyway


def _accounts_as_values(table: pd.DataFrame) -> pd.DataFrame:
    return table[["day", "account", "connections"]].rename(columns={"account": "broken_by"})


def _over_values(table: pd.DataFrame) -> pd.DataFrame:
    by_account = table.groupby(["day", "account"], sort=False)["connections"]
    return by_account.sum(min_count=1).reset_index()


def _under_values(table: pd.DataFrame, whole: pd.DataFrame, gone: pd.Series) -> pd.Series:
    """Where anybody was counted on a day under an account whose whole is gone."""
    keys = ["day", "account"]
    found = table[keys].merge(whole[keys].assign(gone=gone.to_numpy()), how="left", on=keys)
    anybody = (table["connections"] > 0).fillna(False).to_numpy(dtype=bool)
    return pd.Series(found["gone"].fillna(False).to_numpy(dtype=bool) & anybody, index=table.index)
