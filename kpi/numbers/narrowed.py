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
from kpi.meaning.tables import ACCOUNTS
from kpi.numbers.cells import hidden_accounts, hidden_attempts, small
from kpi.numbers.grid import Grid
from kpi.numbers.published import Published

Points = tuple[Grid, ...]
"""Whole counts of attempts, then the same by the weeks and by the days that the points consist of."""

Counts = Callable[[Published, Question], Points]
"""Gives the whole counts of a table of attempts for a question; hashable, so that they are read once."""

DEVICES = "devices"
"""The only dimension by which attempts are filtered but never broken down."""


def hidden_counts(
    warehouse: Published, read: Counts, table: Points, question: Question, counts: Sequence[str]
) -> dict[str, np.ndarray]:
    """The cells to hide of each count of a question's table of attempts.

    ``read`` gives the same table for a question under another filter and breakdown. Those of a question
    without a dimension are the same whatever is picked of it, so they are derived once.
    """
    filters, by, min_users = question.filters, question.by, question.shown_from
    narrowed = filters.narrowed if min_users > 1 else ()
    opened = {dimension: _opened(question, dimension) for dimension in narrowed}
    whole = [warehouse.derived(read, wider) for d, wider in opened.items() if by or d == DEVICES]
    parts = {} if by else {d: wider for d, wider in opened.items() if d != DEVICES}
    course = [table[0].cells[count] for count in counts]
    course_is_small = bool(filters.narrowed) and not by and _small(course, min_users)
    hidden = {}
    for count in counts:
        anyway = [
            _complements(mine, wider, count, min_users)
            for mine, *wider in zip(table, *whole, strict=True)
        ]
        mask = _hidden(table, bool(by), count, min_users, anyway) | course_is_small
        for dimension, wider in parts.items():
            values, gone = warehouse.derived(_hidden_values, read, wider, count)
            if len(values):
                mask |= _given_away(gone, filters.picked(dimension, values))
        hidden[count] = mask
    return hidden


def _hidden_values(
    warehouse: Published, read: Counts, question: Question, count: str
) -> tuple[pd.Series, np.ndarray]:
    """The values of a breakdown, and the hidden cells of each that hold anybody."""
    table = warehouse.derived(read, question)
    gone = _hidden(table, True, count, question.shown_from, ())
    return table[0].values.to_series(), gone & (table[0].cells[count] > 0)


def hidden_days(counts: Grid, question: Question) -> np.ndarray:
    """The values and days of ``counts`` under which a segment of users is hidden with its zeros.

    ``counts`` are whole, by audience. Where few users were active over 28 days, a day's 0 would reveal when
    they were not. Where no count under a filter reaches the minimum on any day, days without users are
    hidden as well.
    """
    active = counts.level("active")
    users = [active["daily_users"], active["monthly_users"]]
    if not (question.filters.narrowed or question.by):
        return np.zeros_like(users[1], dtype=bool)
    if not question.by and _small(users, question.shown_from):
        return np.ones_like(users[1], dtype=bool)
    return small(users[1], question.shown_from)


def reaching(table: Grid, counts: Sequence[str], least: int) -> pd.Index:
    """The values of a breakdown with a count of at least ``least`` on any day; the others aren't listed."""
    reached = [np.nan_to_num(table.cells[count]) >= least for count in counts]
    return table.values[np.any(reached, axis=(0, 2, 3))]


def _opened(question: Question, dimension: str) -> Question:
    """The question without a dimension of its filter; broken down by it, where it has no breakdown."""
    by = question.by or (None if dimension == DEVICES else dimension)
    return replace(question, filters=question.filters.without(dimension), by=by)


def _hidden(
    table: Points, broken: bool, count: str, min_users: int, anyway: Sequence[np.ndarray]
) -> np.ndarray:
    points = [grid.cells[count] for grid in table]
    if table[0].levels == ACCOUNTS:
        return hidden_accounts(points, broken, min_users, anyway)
    return hidden_attempts(points, min_users, anyway)


def _small(course: Sequence[np.ndarray], min_users: int) -> bool:
    """True where some cell of a course holds anybody and no cell reaches the minimum."""
    return 0 < max(np.nan_to_num(cells).max(initial=0) for cells in course) < min_users


def _complements(mine: Grid, wider: Sequence[Grid], count: str, min_users: int) -> np.ndarray:
    """True where the table without a dimension of the filter holds only a few attempts more."""
    counts = mine.cells[count]
    few = np.zeros_like(counts, dtype=bool)
    for whole in wider:
        # A cell of nobody can reveal nothing but the whole, which has its own rule.
        more = whole.beside(mine, whole.cells[count]) - counts
        few |= small(more, min_users) & (counts > 0)
    return few


def _given_away(hidden: np.ndarray, inside: pd.Series) -> np.ndarray:
    """True where a value inside the filter and another outside of it are hidden in the breakdown.

    ``hidden`` has values on its first axis; ``inside`` is true for the values that the filter picks.
    """
    within = inside.to_numpy(dtype=bool)
    together: np.ndarray = hidden[within].any(axis=0) & hidden[~within].any(axis=0)
    return together
