"""A measure by the values of a tag over a window of days, a row a value, as the KPI of the cards."""

from __future__ import annotations

import pandas as pd

from kpi.meaning.definitions import MONTH
from kpi.meaning.measures import Measure
from kpi.numbers.bands import HIGH, LOW
from kpi.numbers.uncertainty import share_intervals


def of_users(daily: pd.DataFrame, measure: Measure, by: str) -> pd.DataFrame:
    """The mean of each value's daily values, with n of its last day with a value, and its 95% interval.

    ``daily`` has the rows of a window of days. Of counts of 28 days it is the window's last day. Shares have
    an interval, as `share_interval` says; absent values have no row.
    """
    column, n = measure.column, measure.n_column or measure.column
    rows = daily[daily[column].notna()].sort_values("day", kind="stable")
    if measure.unit == "users" and measure.span == MONTH:
        rows = rows[rows["day"] == daily["day"].max()]
    groups = rows.groupby(by, sort=False)
    values = groups[[column]].mean().astype({column: "Float64"})
    values[n] = groups[n].last() if n != column else values[column]
    values = values.reset_index()
    if measure.unit == "percent":
        values[f"{column}{LOW}"], values[f"{column}{HIGH}"] = share_intervals(
            values[column], values[n]
        )
    return values


def neighbours_overlap(values: pd.DataFrame, column: str) -> bool:
    """True where the intervals of two values that are next to each other in rank overlap."""
    if f"{column}{LOW}" not in values:
        return False
    ranks = values[values[column].notna()].sort_values(column, ascending=False, kind="stable")
    overlap = ranks[f"{column}{LOW}"] <= ranks[f"{column}{HIGH}"].shift(-1)
    return bool(overlap.fillna(False).any())
