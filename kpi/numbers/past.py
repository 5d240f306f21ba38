"""Earlier publications: which was shown on a day, and its numbers beside today's."""

from __future__ import annotations

from datetime import date

import pandas as pd

from kpi import store
from kpi.errors import Refused
from kpi.meaning.definitions import WEEK
from kpi.meaning.measures import COLUMNS, COUNTED
from kpi.settings import Settings

LISTED = "publication published_at first_day last_day days_changed reason bytes".split()


def listed(settings: Settings) -> pd.DataFrame:
    """The publications that can be shown, oldest first: a row each, with the columns of `LISTED`."""
    rows = [
        (
            past.number,
            f"{past.built_at:%Y-%m-%dT%H:%M:%SZ}",
            past.first_day and past.first_day.isoformat(),
            past.last_complete_day and past.last_complete_day.isoformat(),
            past.days_changed,
            past.reason,
            past.bytes,
        )
        for past in store.past_publications(settings)
    ]
    return pd.DataFrame(rows, columns=LISTED)


def number_by(settings: Settings, day: date) -> int:
    """The number of the publication that readers had at the end of a UTC day; Refused where none is left."""
    before = [p.number for p in store.past_publications(settings) if p.built_at.date() <= day]
    if not before:
        began = store.beginning(settings)
        raise Refused(
            f"nothing that was published by {day} can be shown" + (f"; {began}" if began else "")
        )
    return before[-1]


def refuse_unknown(settings: Settings, number: int) -> None:
    """Raise Refused where the history doesn't have a publication, so that changes since it aren't known."""
    if number not in [past.number for past in store.past_publications(settings)]:
        began = store.beginning(settings)
        raise Refused(
            f"changes since publication {number} aren't known" + (f"; {began}" if began else "")
        )


def beside_newest(table: pd.DataFrame, newest: pd.DataFrame, least: int) -> pd.DataFrame:
    """An earlier table without the rows that differ from today's by 1 to less than ``least`` people.

    Their keys stay, their numbers are absent: today's less theirs would be a small group of people.
    """
    keys = [
        str(name) for name in table if COLUMNS.get(str(name), ("", "text"))[1] in ("day", "text")
    ]
    counts = [
        str(name)
        for name in table
        if COLUMNS.get(str(name), ("", ""))[1] in COUNTED and name in newest and name not in keys
    ]
    if least < 2 or not counts or table.empty:
        return table
    both = table[[*keys, *counts]].merge(
        newest[[*keys, *counts]], how="left", on=keys, suffixes=("", "_now")
    )
    few = pd.Series(False, index=both.index)
    for name in counts:
        apart = (_number(both[name]) - _number(both[f"{name}_now"])).abs()
        apart = (apart * (WEEK if "mean" in name else 1)).round(6)
        few |= (apart > 0) & (apart < least)
    hidden = table.copy()
    hidden.loc[few.to_numpy(), [name for name in table if name not in keys]] = pd.NA
    return hidden


def _number(column: pd.Series) -> pd.Series:
    return pd.to_numeric(column).astype("float64")
