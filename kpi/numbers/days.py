"""The days of a table: those that are judged, and those that are shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd

from kpi.errors import NoData
from kpi.meaning.question import ALL_DAYS, Question
from kpi.numbers.published import Published

NO_COMPLETE_DAY = (
    "no complete day has been summarised yet; load event files, then: python -m kpi summarise"
)


def judged(question: Question) -> Question:
    """The question by which cells are judged: a filter is judged over all days, so no period reveals more."""
    over_all_days = question.filters.narrowed and question.by is None
    return replace(question, period=ALL_DAYS) if over_all_days else question


def finished(
    frame: pd.DataFrame, shown: set[str], warehouse: Published, question: Question
) -> pd.DataFrame:
    """The rows of the period up to the last day that counts, with a column of the breakdown, if any.

    ``shown`` are the values of a breakdown that are listed.
    """
    frame = within_period(frame, warehouse, question)
    if not question.by:
        return frame.drop(columns="broken_by")
    frame = frame[frame["broken_by"].isin(shown)].reset_index(drop=True)
    return frame.rename(columns={"broken_by": question.by})


def within_period(frame: pd.DataFrame, warehouse: Published, question: Question) -> pd.DataFrame:
    """The rows of the period up to the last day that counts."""
    publication = warehouse.publication
    today = publication.last_day if question.options.incomplete else publication.last_complete_day
    if today is None:
        raise NoData(NO_COMPLETE_DAY)
    first, last = question.period.bounds
    inside = (frame["day"] >= pd.Timestamp(first)) & (frame["day"] <= stamp(min(last, today)))
    return frame[inside].reset_index(drop=True)


def counted(
    warehouse: Published, query: str, question: Question, counts: Iterable[str], **params: Any
) -> pd.DataFrame:
    """The whole counts of a query, as whole numbers, by value and day."""
    incomplete = int(question.options.incomplete)
    rows = warehouse.frame(query, **question.parameters(), with_incomplete=incomplete, **params)
    rows["day"] = dates(rows["day"])
    for count in counts:
        rows[count] = pd.to_numeric(rows[count]).astype("Int64")
    return rows


def dates(days: pd.Series) -> pd.Series:
    return pd.to_datetime(days).astype("datetime64[s]")


def stamp(day: date) -> pd.Timestamp:
    return pd.Timestamp(day).as_unit("s") if day.year < 2262 else pd.Timestamp(day.isoformat())
