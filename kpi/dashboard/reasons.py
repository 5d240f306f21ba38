"""Sentences on empty charts and gaps, which distinguish zero, hidden and not loaded."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kpi.meaning.definitions import MONTH, WEEK
from kpi.meaning.measures import COLUMNS, COUNTED, Measure
from kpi.text import quantity


@dataclass(frozen=True)
class Point:
    """The words for the points of a chart: in counts, and where all or most of them have no value."""

    name: str
    every: str
    most: str


POINTS = {
    1: Point("day", "on every day", "on most days"),
    WEEK: Point("week", "in every week", "in most weeks"),
    MONTH: Point("point", "in all four weeks of every point", "in most four weeks"),
}
"""The words by the days that a point has."""

NO_WHOLE_WEEK = (
    "This period has no whole week, from Monday to Sunday, that is loaded. Choose a longer period, or a "
    "point per day."
)


def why_nothing(
    measure: Measure,
    rows: pd.DataFrame,
    everything: pd.DataFrame,
    unfiltered: bool,
    min_users: int,
    data: str,
    unknown: str | None = None,
    point: Point = POINTS[1],
) -> str | None:
    """A sentence on why a measure has nothing to show in a period, and what to do; or None.

    ``rows`` are the rows that readers may see, ``everything`` the same with no cell hidden, ``data`` the
    days of the store in words, ``unknown`` the reason for values that can't be known. ``point`` has
    the words for rows, those of a day where no day of the period is loaded.
    """
    if len(everything) == 0:
        return not_loaded(data) if point is POINTS[1] else NO_WHOLE_WEEK
    counts = [
        column for column in everything if COLUMNS.get(str(column), ("", "text"))[1] in COUNTED
    ]
    if rows[measure.column].notna().any() and _anybody(rows, counts):
        return None
    if unknown and everything[measure.column].isna().all():
        return unknown
    if all(everything[column].isna().all() for column in counts):
        return not_loaded(data) if point is POINTS[1] else NO_WHOLE_WEEK
    if not _anybody(everything, counts):
        if unfiltered:
            return "Nothing was counted in this period. Choose a longer period."
        return (
            "Nothing matches these filters in this period. Remove a filter, or reset all filters."
        )
    if everything[measure.column].notna().any():
        return (
            f"Hidden for privacy: {point.every} fewer than {min_users} people or attempts match."
            f"{'' if unfiltered else ' Remove a filter to see a wider group.'}"
        )
    return f"No value yet: a monthly count needs 28 loaded days in a row. The data covers {data}."


def _anybody(rows: pd.DataFrame, counts: Iterable[Hashable]) -> bool:
    """True where any of the counts is more than 0 in any row."""
    return any((rows[column].to_numpy("float64", na_value=0) > 0).any() for column in counts)


def not_loaded(data: str) -> str:
    """The sentence for a period without a loaded day."""
    return f"No day of this period is loaded. The data covers {data}: choose another period."


def gaps_sentence(
    measure: Measure,
    rows: pd.DataFrame,
    everything: pd.DataFrame,
    min_users: int,
    point: Point = POINTS[1],
    unknown: str | None = None,
) -> str | None:
    """A sentence on gaps and their reasons: hidden for privacy, nobody there, or not counted; or None.

    Arguments as in `why_nothing`, with the same rows in the same order; ``unknown`` is added at the end.
    """
    absent = rows[measure.column].isna().to_numpy()
    bare = everything[measure.column].isna().to_numpy()
    nobody = np.zeros(len(rows), dtype=bool)
    if measure.n_column:
        nobody = (everything[measure.n_column] == 0).fillna(False).to_numpy(dtype=bool)
    hidden = set(rows.loc[absent & ~bare, "day"])
    empty = set(rows.loc[absent & bare & nobody, "day"]) - hidden
    missing = set(rows.loc[absent & bare & ~nobody, "day"]) - hidden - empty
    windowed = measure.metric in ("engagement", "same-people", "multi-device")
    not_whole = "not" if point is POINTS[1] else "not wholly"
    not_loaded = "not every day of their window is" if windowed else not_whole
    absence = (
        f"without a value ({not_loaded} loaded{', or devices are unknown' if unknown else ''})"
    )
    gaps = [
        (hidden, f"hidden, since fewer than {min_users} people or attempts match"),
        (empty, "where nothing matches"),
        (missing, absence),
    ]
    words = [f"{quantity(len(days), point.name)} {why}" for days, why in gaps if days]
    sentence = [f"Gaps are not zeros: {'; '.join(words)}."] if words else []
    return " ".join([*sentence, *([unknown] if unknown else [])]) or None
