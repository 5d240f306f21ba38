"""Rows of a frame for code that reads them by name; a type checker can't know the types of cells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd


def each_row(frame: pd.DataFrame) -> Iterator[Any]:
    """Every row, as a tuple with the columns as its attributes."""
    return frame.itertuples(index=False)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Every row, as a dictionary by column."""
    return [
        {str(name): cell for name, cell in row.items()} for row in frame.to_dict(orient="records")
    ]
