"""Sentences on empty charts and gaps, which distinguish zero, hidden and not loaded."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kpi.meaning.measures import COLUMNS, COUNTED, Measure
from kpi.text import quantity

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
    weekly: bool = False,
) -> str | None:
    """A sentence on why a measure has nothing to show in a period, and what to do; or None.

    ``rows`` are the rows that readers may see, ``everything`` the same with no cell hidden, ``data`` the
    days of the store in words, ``unknown`` the reason for values that can't be known. ``weekly`` is True
    where rows are weeks and days of the period are loaded.
    """
    if len(everything) == 0:
        return NO_WHOLE_WEEK if weekly else not_loaded(data)
    counts = [
        column for column in everything if COLUMNS.get(str(column), ("", "text"))[1] in COUNTED
    ]
    if rows[measure.column].notna().any() and (rows[counts].fillna(0) > 0).any(axis=None):
        return None
    if unknown and everything[measure.column].isna().all():
        return unknown
    if everything[counts].isna().all(axis=None):
        return NO_WHOLE_WEEK if weekly else not_loaded(data)
    if not (everything[counts].fillna(0) > 0).any(axis=None):
        if unfiltered:
            return "Nothing was counted in this period. Choose a longer period."
        return (
            "Nothing matches these filters in this period. Remove a filter, or reset all filters."
        )
    if everything[measure.column].notna().any():
        span = "in every week" if weekly else "on every day"
        return (
            f"Hidden for privacy: {span} fewer than {min_users} people or attempts match."
            f"{'' if unfiltered else ' Remove a filter to see a wider group.'}"
        )
    return f"No value yet: a monthly count needs 28 loaded days in a row. The data covers {data}."


def not_loaded(data: str) -> str:
    """The sentence for a period without a loaded day."""
    return f"No day of this period is loaded. The data covers {data}: choose another period."


def gaps_sentence(
    measure: Measure,
    rows: pd.DataFrame,
    everything: pd.DataFrame,
    min_users: int,
    weekly: bool = False,
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
    not_loaded = "not every day of their window is" if windowed else "not"
    absence = (
        f"without a value ({not_loaded} loaded{', or devices are unknown' if unknown else ''})"
    )
    gaps = [
        (hidden, f"hidden, since fewer than {min_users} people or attempts match"),
        (empty, "where nothing matches"),
        (missing, absence),
    ]
    unit = "week" if weekly else "day"
    words = [f"{quantity(len(days), unit)} {why}" for days, why in gaps if days]
    sentence = [f"Gaps are not zeros: {'; '.join(words)}."] if words else []
    return " ".join([*sentence, *([unknown] if unknown and missing else [])]) or None
