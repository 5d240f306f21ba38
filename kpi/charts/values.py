"""From a measure's frame to the values that the layers draw: `kpi.charts.layers` describes them."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd
import pyarrow as pa

from kpi.numbers.grid import days_of, numbers
from kpi.text import ABSENT, written


@dataclass(frozen=True)
class Values:
    """Values to draw over days, as arrays: a row per UTC day and series; absent numbers are NaN.

    ``low`` and ``high`` are the ends of a band, ``exact`` the words of the tooltip, ``complete`` whether the
    day is, and ``run`` the run of days that a line joins.
    """

    day: np.ndarray
    series: np.ndarray
    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    exact: np.ndarray
    complete: np.ndarray
    run: np.ndarray

    def __len__(self) -> int:
        return len(self.day)

    @property
    def is_known(self) -> np.ndarray:
        """True for each row with a value."""
        return ~np.isnan(self.value)

    @property
    def known(self) -> Values:
        """The rows with a value."""
        return self.where(self.is_known)

    def where(self, rows: np.ndarray | slice) -> Values:
        """Some of the rows, by their places or by True for each."""
        return Values(*(getattr(self, field.name)[rows] for field in fields(self)))

    def of(self, keys: Collection[str]) -> Values:
        """The rows of some series."""
        return self.where(self.is_of(keys))

    def is_of(self, keys: Collection[str]) -> np.ndarray:
        """True for each row of some series."""
        return np.isin(self.series, list(keys))

    def raised(self, floor: float) -> Values:
        """The same with no number below a floor."""
        columns = ("value", "low", "high")
        return replace(self, **{name: np.maximum(getattr(self, name), floor) for name in columns})

    def table(self, *columns: str) -> pa.Table:
        """Some of the columns, as they are sent to a page."""
        return table_of({name: getattr(self, name) for name in columns})


def table_of(columns: Mapping[str, np.ndarray | Sequence[object]]) -> pa.Table:
    """Columns by name as they are sent to a page; pandas would take a dozen times as long."""
    return pa.table({name: column(cells) for name, cells in columns.items()})


def column(cells: np.ndarray | Sequence[object]) -> pa.Array:
    """A column of a table that is sent to a page; of numbers NaN is absent."""
    texts = isinstance(cells, np.ndarray) and cells.dtype == object
    return pa.array(cells, pa.string() if texts else None, from_pandas=True)


def percent_text(percent: float, users: float, of: float) -> str:
    if math.isnan(percent):
        return ABSENT
    return f"{written(percent, 'percent')}  ({written(users, 'users')} of {written(of, 'users')})"


def quartiles_text(low: float, median: float, high: float, n: float) -> str:
    if math.isnan(median):
        return ABSENT
    band = f"{written(low, 'seconds')} to {written(high, 'seconds')}"
    return f"{written(median, 'seconds')}  ({band}; n = {written(n, 'attempts')})"


def texts(text: Callable[..., str], *columns: pd.Series) -> list[str]:
    """The text of each row, made of the numbers in some columns; absent numbers are NaN."""
    return [text(*row) for row in zip(*map(floats, columns), strict=True)]


def values_drawn(
    frame: pd.DataFrame,
    series: pd.Series | str,
    value: pd.Series,
    exact: list[str],
    complete: bool,
    low: pd.Series | None = None,
    high: pd.Series | None = None,
) -> Values:
    rows = len(frame)
    absent = np.full(rows, math.nan)
    return Values(
        day=days_of(frame["day"]),
        series=np.full(rows, series, dtype=object)
        if isinstance(series, str)
        else series.to_numpy(dtype=object),
        value=numbers(value),
        low=absent if low is None else numbers(low),
        high=absent if high is None else numbers(high),
        exact=np.array(exact, dtype=object),
        complete=np.full(rows, complete),
        run=np.zeros(rows, dtype="int64"),
    )


def floats(column: pd.Series) -> list[float]:
    cells: list[float] = numbers(column).tolist()
    return cells


def together(parts: Sequence[Values]) -> Values:
    """The rows of all the parts, one after the other."""
    return Values(
        *(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Values))
    )
