"""The columns of a result, as pandas takes them: whole columns of DuckDB, rows of every other engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from sqlalchemy import Result

Cells = np.ndarray | Sequence[Any]
"""The cells of a column: an array, or a list of Python objects."""


def columns(result: Result[Any]) -> dict[str, Cells]:
    """The columns of a result by name, which is closed then.

    Whole numbers are int64, or float64 where some are absent (NaN); days are `date`. Where every cell is
    absent, and where there are no rows, a column is a list of None or an empty list.
    """
    names = list(result.keys())
    cursor: Any = getattr(result, "cursor", None)
    kinds = (
        [str(kind) for _, kind, *_ in cursor.description] if hasattr(cursor, "fetchnumpy") else []
    )
    if not kinds or not set(kinds) <= set(_ARRAYS):
        rows = result.all()
        lists = map(list, zip(*rows, strict=True)) if rows else ([] for _ in names)
        return dict(zip(names, map(_plain, lists), strict=True))
    # Row by row every cell would be a Python object, which takes a quarter of the time of a statement.
    arrays = cursor.fetchnumpy().values()
    result.close()
    return {
        name: _cells(array, _ARRAYS[kind])
        for name, kind, array in zip(names, kinds, arrays, strict=True)
    }


def _cells(array: np.ndarray, cells: Callable[[np.ndarray, np.ndarray], Cells]) -> Cells:
    absent = np.ma.getmaskarray(array)
    return [None] * len(array) if absent.all() else cells(np.ma.getdata(array), absent)


def _whole(numbers: np.ndarray, absent: np.ndarray) -> np.ndarray:
    return np.where(absent, np.nan, numbers) if absent.any() else numbers.astype("int64")


def _real(numbers: np.ndarray, absent: np.ndarray) -> np.ndarray:
    return np.where(absent, np.nan, numbers)


def _days(days: np.ndarray, absent: np.ndarray) -> np.ndarray:
    return _texts(days.astype("datetime64[D]").astype(object), absent)


def _texts(texts: np.ndarray, absent: np.ndarray) -> np.ndarray:
    texts[absent] = None
    return texts


_ARRAYS = {
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT"), _whole),
    "DOUBLE": _real,
    "DATE": _days,
    "VARCHAR": _texts,
}
"""The types of DuckDB that are read as arrays, and how; an array of larger numbers would round them."""


def _plain(cells: list[Any]) -> list[Any]:
    """Numbers as Python's own, where an engine gives a sum of whole numbers as a decimal."""
    if not isinstance(next((cell for cell in cells if cell is not None), None), Decimal):
        return cells
    return [
        (int(cell) if cell == cell.to_integral_value() else float(cell))
        if isinstance(cell, Decimal)
        else cell
        for cell in cells
    ]
