"""From a measure's frame to the rows that the layers draw: `kpi.charts.layers` describes them."""

from __future__ import annotations

import math
from collections.abc import Callable

import pandas as pd

from kpi.text import ABSENT, written


def percent_text(percent: float | None, users: float | None, of: float | None) -> str:
    if pd.isna(percent):
        return ABSENT
    return f"{written(percent, 'percent')}  ({written(users, 'users')} of {written(of, 'users')})"


def quartiles_text(
    low: float | None, median: float | None, high: float | None, n: float | None
) -> str:
    if pd.isna(median):
        return ABSENT
    band = f"{written(low, 'seconds')} to {written(high, 'seconds')}"
    return f"{written(median, 'seconds')}  ({band}; n = {written(n, 'attempts')})"


def values_drawn(
    frame: pd.DataFrame,
    series: pd.Series | str,
    value: pd.Series,
    exact: list[str],
    complete: bool,
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "day": pd.to_datetime(frame["day"]).to_numpy(),
            "series": series if isinstance(series, str) else series.to_numpy(),
            "value": floats(value),
            "low": math.nan,
            "high": math.nan,
            "exact": exact,
            "complete": complete,
        }
    )


def with_incomplete(
    values: Callable[..., pd.DataFrame], frame: pd.DataFrame, incomplete: pd.DataFrame | None
) -> pd.DataFrame:
    """The values of the complete days, then those of the incomplete days, if there are any."""
    if incomplete is None:
        return values(frame)
    return together([values(frame), values(incomplete, complete=False)])


def floats(column: pd.Series) -> list[float]:
    return column.astype("Float64").to_numpy("float64", na_value=math.nan).tolist()


def together(parts: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
