"""Cells of attempts under a filter that would reveal hidden cells of the tables without it.

An attempt has a single value of each tag. So a filter of a tag is the sum of some values of the breakdown
by that tag, and the other values are the rest. A filtered cell is shown only where the breakdown shows
every value inside the filter, or every value outside of it: then it adds nothing to the breakdown and
the table without the filter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from kpi.meaning.question import Question
from kpi.numbers.cells import Anyway, Counted, hidden_accounts, hidden_attempts, small
from kpi.numbers.published import Published

Counts = Callable[[Published, Question], Counted]
"""Gives the whole counts of a table of attempts for a question; hashable, so that they are read once."""

DEVICES = "devices"
"""The only dimension by which attempts are filtered but never broken down."""


def hidden_counts(
    warehouse: Published,
    read: Counts,
    table: Counted,
    question: Question,
    counts: Sequence[str],
    levels: tuple[str, ...],
) -> dict[str, pd.Series]:
    """The cells to hide of each count of a question's table of attempts.

    ``read`` gives the same table for a question under another filter and breakdown. Those of a question
    without a dimension are the same whatever is picked of it, so they are derived once.
    """
    filters, by, min_users = question.filters, question.by, question.shown_from
    narrowed = filters.narrowed if min_users > 1 else ()
    opened = {dimension: _opened(question, dimension) for dimension in narrowed}
    whole = [warehouse.derived(read, wider) for d, wider in opened.items() if by or d == DEVICES]
    parts = {} if by else {d: wider for d, wider in opened.items() if d != DEVICES}
    course_is_small = bool(filters.narrowed) and not by and _small(table.frame, counts, min_users)
    hidden = {}
    for count in counts:
        anyway = [
            _complements(mine.frame, [wide.frame for wide in wider], count, levels, min_users)
            for mine, *wider in zip(table.tables(), *(w.tables() for w in whole), strict=True)
        ]
        mask = _hidden(table, bool(by), count, levels, min_users, anyway)
        for dimension, wider in parts.items():
            values, gone = warehouse.derived(_hidden_values, read, wider, count, levels)
            if len(values):
                mask |= _given_away(gone, filters.picked(dimension, values))
        hidden[count] = mask | course_is_small
    return hidden


def _hidden_values(
    warehouse: Published, read: Counts, question: Question, count: str, levels: tuple[str, ...]
) -> tuple[pd.Series, np.ndarray]:
    """The values of a breakdown, and for each (a row) the hidden cells that hold anybody.

    Every value has the same days and levels in the same order, as the table under a filter has.
    """
    table = warehouse.derived(read, question)
    gone = _hidden(table, True, count, levels, question.shown_from, ())
    values = table.frame["broken_by"].drop_duplicates()
    anybody = (gone & (table.frame[count] > 0).fillna(False)).to_numpy(dtype=bool)
    return values, anybody.reshape(len(values), len(anybody) // max(len(values), 1))


def hidden_days(counts: pd.DataFrame, frame: pd.DataFrame, question: Question) -> pd.Series:
    """The rows of ``frame`` on whose day a segment of users is hidden with its zeros.

    ``counts`` are whole, by broken_by, audience and day. Where few users were active over 28 days, a
    day's 0 would reveal when they were not. Where no count under a filter reaches the minimum on any day,
    days without users are hidden as well.
    """
    if not (question.filters.narrowed or question.by):
        return pd.Series(False, index=frame.index)
    users = ["daily_users", "monthly_users"]
    keys = ["broken_by", "day"]
    active = counts[counts["audience"] == "active"]
    few = active[small(active["monthly_users"], question.shown_from)]
    if not question.by and _small(active, users, question.shown_from):
        few = active
    places = pd.MultiIndex.from_frame(frame[keys])
    return pd.Series(places.isin(pd.MultiIndex.from_frame(few[keys])), index=frame.index)


def reaching(frame: pd.DataFrame, counts: Sequence[str], least: int) -> set[str]:
    """The values of a breakdown with a count of at least ``least`` on any day; the others aren't listed."""
    reached = (frame[list(counts)].fillna(0) >= least).any(axis="columns")
    return set(frame.loc[reached, "broken_by"])


def _opened(question: Question, dimension: str) -> Question:
    """The question without a dimension of its filter; broken down by it, where it has no breakdown."""
    by = question.by or (None if dimension == DEVICES else dimension)
    return replace(question, filters=question.filters.without(dimension), by=by)


def _hidden(
    table: Counted,
    broken: bool,
    count: str,
    levels: Sequence[str],
    min_users: int,
    anyway: Anyway,
) -> pd.Series:
    if list(levels) == ["account"]:
        return hidden_accounts(table, broken, min_users, anyway)
    return hidden_attempts(table, count, list(levels), min_users, anyway)


def _small(frame: pd.DataFrame, counts: Sequence[str], min_users: int) -> bool:
    """True where some cell of a course holds anybody and no cell reaches the minimum."""
    most = frame[list(counts)].max().max()
    return bool(pd.notna(most) and 0 < most < min_users)


def _complements(
    frame: pd.DataFrame,
    wider: Sequence[pd.DataFrame],
    count: str,
    levels: Sequence[str],
    min_users: int,
) -> pd.Series | None:
    """True where the table without a dimension of the filter holds only a few attempts more."""
    keys = ["broken_by", "day", *levels]
    few = None
    for whole in wider:
        all_of_it = frame[keys].merge(whole[[*keys, count]], how="left", on=keys)[count]
        all_of_it.index = frame.index
        # A cell of nobody can reveal nothing but the whole, which has its own rule.
        mine = small(all_of_it - frame[count], min_users) & (frame[count] > 0).fillna(False)
        few = mine if few is None else few | mine
    return few


def _given_away(hidden: np.ndarray, inside: pd.Series) -> np.ndarray:
    """True where a value inside the filter and another outside of it are hidden in the breakdown.

    ``hidden`` has a row per value; ``inside`` is true for the values that the filter picks.
    """
    within = inside.to_numpy(dtype=bool)
    together: np.ndarray = hidden[within].any(axis=0) & hidden[~within].any(axis=0)
    return together
