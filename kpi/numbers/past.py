"""Earlier publications: which was shown on a day, and its numbers beside today's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from kpi import store
from kpi.errors import Refused
from kpi.meaning.definitions import WEEK
from kpi.meaning.measures import COLUMNS, COUNTED
from kpi.settings import Settings
from kpi.text import written

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


@dataclass(frozen=True)
class Apart:
    """By how many people the counts of an earlier table differ from today's: a row per row, with its keys."""

    keys: list[str]
    counts: pd.DataFrame

    @classmethod
    def of(cls, then: pd.DataFrame, now: pd.DataFrame) -> Apart:
        """The differences of a table; they are unknown where a row or number is absent in either."""
        keys = [str(name) for name in then if _unit(name) in ("day", "text")]
        counts = [str(name) for name in then if _unit(name) in COUNTED and name in now]
        both = then[[*keys, *counts]].merge(
            now[[*keys, *counts]], how="left", on=keys, suffixes=("", "_now")
        )
        differences = {
            name: people(name, floats(both[name])) - people(name, floats(both[f"{name}_now"]))
            for name in counts
        }
        return cls(keys, pd.DataFrame({**both[keys], **differences}))

    @property
    def counted(self) -> bool:
        """True where the table counts anybody."""
        return len(self._numbers.columns) > 0

    def less(self, part: Apart) -> Apart:
        """The differences of what isn't in a part of the table."""
        counts = [name for name in self.counts if name not in self.keys]
        both = part.counts.merge(self.counts, how="left", on=self.keys, suffixes=("", "_whole"))
        rest = {name: both[f"{name}_whole"] - both[name] for name in counts}
        return Apart(self.keys, pd.DataFrame({**both[self.keys], **rest}))

    def differs(self) -> pd.Series:
        """True for the rows of which a count differs."""
        return (self._numbers.abs() > 0).any(axis="columns")

    def few(self, least: int) -> pd.Series:
        """True for the rows of which a count differs by 1 to less than ``least`` people."""
        return few(self._numbers, 0, least).any(axis="columns")

    @property
    def _numbers(self) -> pd.DataFrame:
        return self.counts.drop(columns=self.keys)


def beside_newest(
    table: pd.DataFrame, mine: Apart, rests: Sequence[Apart], least: int
) -> pd.DataFrame:
    """An earlier table without the rows that would give few people away beside today's.

    Where a count of a day, or what ``rests`` are beyond the table's filter, differs from today's by 1 to less
    than ``least`` people, all numbers of the day that differ are absent: parts of a day add up.
    """
    hide = mine.few(least)
    for rest in rests:
        hide |= rest.few(least)
    days = table["day"] if "day" in table else pd.Series(0, index=table.index)
    hide = hide.groupby(days.to_numpy()).transform("any") & mine.differs()
    return _without(table, hide, mine.keys)


def rewritten(then: pd.DataFrame, now: pd.DataFrame) -> Iterator[tuple[str, set[date]]]:
    """The columns of a table by day, and the days on which it has another number, as it is written, now."""
    if then.empty or now.empty:
        return
    keys = [str(name) for name in then if _unit(name) in ("day", "text")]
    both = then.merge(now, how="inner", on=keys, suffixes=("", "_now"))
    for name in (str(each) for each in then if each not in keys):
        unit = COLUMNS[name][1]
        pairs = zip(both["day"], both[name], both[f"{name}_now"], strict=True)
        yield (
            name,
            {
                day.date()
                for day, before, after in pairs
                if not (pd.isna(before) or pd.isna(after))
                and written(float(before), unit) != written(float(after), unit)
            },
        )


def as_newest(table: pd.DataFrame, newest: pd.DataFrame) -> pd.DataFrame:
    """An earlier table of shares, which count nobody, with the rows alone that are the same as today's."""
    keys = [str(name) for name in table if _unit(name) in ("day", "text")]
    numbers = [name for name in table if name not in keys]
    both = table.merge(newest, how="left", on=keys, suffixes=("", "_now"))
    differs = pd.Series(False, index=both.index)
    for name in numbers:
        differs |= ~np.isclose(floats(both[name]), floats(both[f"{name}_now"]), equal_nan=True)
    return _without(table, differs, keys)


def _without(table: pd.DataFrame, hide: pd.Series, keys: list[str]) -> pd.DataFrame:
    hidden = table.copy()
    hidden.loc[hide.to_numpy(), [name for name in table if name not in keys]] = pd.NA
    return hidden


def few(count: Any, other: Any, least: int) -> Any:
    """True where two numbers of people differ by 1 to less than ``least``; False where any is absent."""
    apart = abs(count - other)
    return (apart > 0) & (apart < least)


def people(column: str, count: Any) -> Any:
    """The people whom a number of a column counts, of a mean over a week's days; absent of other numbers."""
    if _unit(column) not in COUNTED or count is pd.NA:
        return float("nan")
    return round(count * WEEK, 6) if "mean" in column else count


def _unit(column: object) -> str:
    return COLUMNS.get(str(column), ("", "text"))[1]


def floats(column: pd.Series) -> pd.Series:
    """A column as floats, absent values as NaN."""
    return pd.to_numeric(column).astype("float64")
