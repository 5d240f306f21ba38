"""The days of a table: those that are judged, and those that are shown."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from kpi.errors import NoData
from kpi.meaning.question import ALL_DAYS, Question
from kpi.numbers.grid import NO_LEVEL, Grid
from kpi.numbers.published import Published

NO_COMPLETE_DAY = (
    "no complete day has been summarised yet; load event files, then: python -m kpi summarise"
)


def judged(question: Question) -> Question:
    """The question by which cells are judged: a filter is judged over all days, so no period reveals more."""
    over_all_days = question.filters.narrowed and question.by is None
    return replace(question, period=ALL_DAYS) if over_all_days else question


def finished(
    table: Grid,
    shown: pd.Index,
    warehouse: Published,
    question: Question,
    whole: Collection[str],
    level: str | None = None,
) -> pd.DataFrame:
    """The rows of the period up to the last day that counts, with a column of the breakdown, if any.

    ``shown`` are the values of a breakdown that are listed, ``whole`` the columns of whole numbers.
    """
    rows = table.on(within_period(table.days, warehouse, question))
    if question.by:
        rows = rows.under(rows.values.isin(shown))
    return rows.frame(question.by, level, whole)


def within_period(days: np.ndarray, warehouse: Published, question: Question) -> np.ndarray:
    """True for the days of the period up to the last day that counts."""
    publication = warehouse.publication
    today = publication.last_day if question.options.incomplete else publication.last_complete_day
    if today is None:
        raise NoData(NO_COMPLETE_DAY)
    first, last = question.period.bounds
    return (days >= np.datetime64(first)) & (days <= np.datetime64(min(last, today)))


def counted(
    warehouse: Published,
    query: str,
    question: Question,
    counts: Iterable[str],
    params: Mapping[str, object],
    level: str | None = None,
    levels: tuple[str, ...] = NO_LEVEL,
) -> Grid:
    """The whole counts of a query by value, day and level."""
    incomplete = int(question.options.incomplete)
    rows = warehouse.frame(query, **question.parameters(), with_incomplete=incomplete, **params)
    return Grid.of(rows, counts, level, levels)


def dates(days: pd.Series) -> pd.Series:
    return pd.to_datetime(days).astype("datetime64[s]")
