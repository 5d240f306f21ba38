"""The days of a table: those that are judged, and those that are shown."""

from __future__ import annotations

from datetime import date

import pandas as pd

from kpi.errors import NoData
from kpi.meaning.filters import Filters, Period
from kpi.numbers.published import Published

NO_COMPLETE_DAY = (
    "no complete day has been summarised yet; load event files, then: python -m kpi summarise"
)


def judged_period(filters: Filters, period: Period, by: str | None) -> Period:
    """The days by which cells under a filter are judged: all, so that no choice of days reveals more."""
    return Period() if filters.narrowed and by is None else period


def finished(
    frame: pd.DataFrame,
    period: Period,
    by: str | None,
    shown: set[str],
    warehouse: Published,
    incomplete: bool,
) -> pd.DataFrame:
    """The rows of the period up to the last day that counts, with a column of the breakdown, if any.

    ``shown`` are the values of a breakdown that are listed.
    """
    frame = within_period(frame, period, warehouse, incomplete)
    if not by:
        return frame.drop(columns="broken_by")
    frame = frame[frame["broken_by"].isin(shown)].reset_index(drop=True)
    return frame.rename(columns={"broken_by": by})


def within_period(
    frame: pd.DataFrame, period: Period, warehouse: Published, incomplete: bool
) -> pd.DataFrame:
    """The rows of the period up to the last day that counts."""
    publication = warehouse.publication
    today = publication.last_day if incomplete else publication.last_complete_day
    if today is None:
        raise NoData(NO_COMPLETE_DAY)
    first, last = period.bounds
    inside = (frame["day"] >= pd.Timestamp(first)) & (frame["day"] <= stamp(min(last, today)))
    return frame[inside].reset_index(drop=True)


def dates(days: pd.Series) -> pd.Series:
    return pd.to_datetime(days).astype("datetime64[s]")


def stamp(day: date) -> pd.Timestamp:
    return pd.Timestamp(day).as_unit("s") if day.year < 2262 else pd.Timestamp(day.isoformat())
