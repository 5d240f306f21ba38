"""Numbers by value of a breakdown, day and level, as arrays, until a table of them is made."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

Cells = Mapping[str, np.ndarray]
"""Columns by name: each an array with an axis of values, of days and of levels; absent numbers are NaN."""

NO_LEVEL = ("",)
FIRST_DATE = np.datetime64("0000-12-31", "D")
"""The day before the first, whose ordinal is 1."""

NO_DAY = np.datetime64(0, "s")
"""The day of numbers of a whole period."""


@dataclass(frozen=True)
class Grid:
    """Columns of numbers with a row for each value of a breakdown, day and level.

    ``days`` ascend. Whole numbers are exact as floats up to 2**53. A table without a level has a single one.
    """

    values: pd.Index
    days: np.ndarray
    cells: Cells
    levels: tuple[str, ...] = NO_LEVEL

    @classmethod
    def of(
        cls,
        rows: pd.DataFrame,
        columns: Iterable[str],
        level: str | None = None,
        levels: tuple[str, ...] = NO_LEVEL,
        *,
        stored: Sequence[Any] = (),
        values: pd.Index | None = None,
        days: np.ndarray | None = None,
        absent: float = np.nan,
    ) -> Grid:
        """The columns of some rows by broken_by, day and ``level``; ``absent`` where there is no row.

        ``stored`` are the levels as the rows have them, where these aren't their names. Values and days are
        those of the rows, in order, unless they are given: then other rows are left out.
        """
        at_day = days_of(rows["day"]) if "day" in rows else np.full(len(rows), NO_DAY)
        if values is None:
            values = pd.Index(rows["broken_by"].unique()).sort_values()
        if days is None:
            days = np.unique(at_day)
        places = [values.get_indexer(pd.Index(rows["broken_by"])), places_of(at_day, days)]
        if level is None:
            places.append(np.zeros(len(rows), dtype=np.intp))
        else:
            places.append(pd.Index(stored or levels).get_indexer(pd.Index(rows[level])))
        known = np.min(places, axis=0) >= 0
        at = tuple(place[known] for place in places)
        cells = {}
        for column in columns:
            cells[column] = np.full((len(values), len(days), len(levels)), absent, dtype=float)
            cells[column][at] = numbers(rows[column])[known]
        return cls(values, days, cells, levels)

    def level(self, name: str) -> Cells:
        """The columns of a single level."""
        place = self.levels.index(name)
        return {column: cells[..., place : place + 1] for column, cells in self.cells.items()}

    def at(self, levels: tuple[str, ...]) -> Grid:
        """The rows of some of the levels."""
        places = [self.levels.index(name) for name in levels]
        cells = {column: cells[..., places] for column, cells in self.cells.items()}
        return replace(self, cells=cells, levels=levels)

    def on(self, days: np.ndarray) -> Grid:
        """The rows of the days that are marked with True."""
        cells = {column: cells[:, days] for column, cells in self.cells.items()}
        return replace(self, days=self.days[days], cells=cells)

    def under(self, values: np.ndarray) -> Grid:
        """The rows of the values that are marked with True, or are at these places."""
        cells = {column: cells[values] for column, cells in self.cells.items()}
        return replace(self, values=self.values[values], cells=cells)

    def beside(self, other: Grid, cells: np.ndarray, absent: float = np.nan) -> np.ndarray:
        """Cells of this grid at the values and days of another; ``absent`` where this has none."""
        value, day = self.values.get_indexer(other.values), places_of(other.days, self.days)
        shape = (len(value), len(day), cells.shape[2])
        beside = np.full(shape, absent, dtype=cells.dtype)
        has_value, has_day = np.flatnonzero(value >= 0), np.flatnonzero(day >= 0)
        own = np.ix_(value[has_value], day[has_day])
        beside[np.ix_(has_value, has_day)] = cells[own]
        return beside

    def frame(self, by: str | None, level: str | None, whole: Collection[str]) -> pd.DataFrame:
        """The table, by value, day and level: the columns ``whole`` as whole numbers.

        ``by`` and ``level`` name the columns of the value and of the level; None leaves them out.
        """
        sizes = len(self.values), len(self.days), len(self.levels)
        value, day, place = np.indices(sizes).reshape(3, -1)
        keys: dict[str, object] = {} if by is None else {by: self.values.take(value)}
        keys["day"] = self.days[day]
        if level is not None:
            keys[level] = pd.Index(self.levels, dtype="str").take(place)
        columns = {name: column_of(cells, name in whole) for name, cells in self.cells.items()}
        return pd.DataFrame({**keys, **columns})


def days_of(column: pd.Series) -> np.ndarray:
    """The days of a column of dates, or of times."""
    if column.dtype != object:
        return column.to_numpy().astype("datetime64[s]")
    ordinals = np.fromiter(map(date.toordinal, column.to_numpy()), dtype=int, count=len(column))
    return (FIRST_DATE + ordinals).astype("datetime64[s]")


def places_of(days: np.ndarray, among: np.ndarray) -> np.ndarray:
    """The place of each day among others, which ascend; -1 where it isn't one of them."""
    if not len(among):
        return np.full(len(days), -1)
    places = np.searchsorted(among, days)
    return np.where(among[np.minimum(places, len(among) - 1)] == days, places, -1)


def numbers(column: pd.Series) -> np.ndarray:
    """The numbers of a column, NaN where they are absent."""
    return column.to_numpy(dtype=float, na_value=np.nan)


def column_of(cells: np.ndarray, whole: bool) -> pd.api.extensions.ExtensionArray:
    """A column of whole numbers, or of any: absent where a cell is NaN."""
    flat = cells.flatten()
    absent = np.isnan(flat)
    if whole:
        return pd.arrays.IntegerArray(np.where(absent, 0, flat).astype("int64"), absent)
    return pd.arrays.FloatingArray(flat, absent)


def without(cells: np.ndarray, hidden: np.ndarray | bool) -> np.ndarray:
    """The cells, NaN where they are hidden."""
    return np.where(hidden, np.nan, cells)
