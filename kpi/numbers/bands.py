"""95% intervals beside the columns of a table: each as two columns, behind the value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from kpi.meaning.question import Question
from kpi.meaning.tables import ACCOUNTS
from kpi.numbers import weeks
from kpi.numbers.grid import NO_DAY, NO_LEVEL, Grid, column_of, without
from kpi.numbers.published import Published
from kpi.numbers.uncertainty import share_intervals

LOW, HIGH = "_low", "_high"
WHOLE_PERIOD = 0
QUARTILES = ("p25", "median", "p75")


def with_shares(table: pd.DataFrame, shares: Mapping[str, str]) -> pd.DataFrame:
    """The table with the interval of each share behind it; ``shares`` names the column of its n.

    The interval is made of what the table shows, so it is absent where a share or its n is hidden.
    """
    for share, n in shares.items():
        low, high = share_intervals(table[share], table[n])
        _insert_behind(table, share, low, high)
    return table


def with_shares_of(table: pd.DataFrame, n: str) -> pd.DataFrame:
    """`with_shares` for every percent of the table, all of the same n."""
    shares = [str(name) for name in table if str(name).endswith("_percent")]
    return with_shares(table, dict.fromkeys(shares, n))


def with_times(
    table: pd.DataFrame, warehouse: Published, question: Question, point_days: int
) -> pd.DataFrame:
    """The table with the interval of each quartile behind it, in seconds; absent where the quartile is.

    ``point_days`` are the days whose attempts a row has together; `WHOLE_PERIOD` for all of the period.
    """
    period = weeks.widened(question.period, point_days) if point_days else question.period
    by_account = "account" in table
    ranked = warehouse.frame(
        "time_bands",
        by_account=int(by_account),
        point_days=point_days,
        **question.parameters(period),
        with_incomplete=int(question.options.incomplete),
    )
    beside = Grid.of(
        ranked if "day" in table else ranked.drop(columns="day"),
        [f"{quartile}{end}_ms" for quartile in QUARTILES for end in (LOW, HIGH)],
        "new_account" if by_account else None,
        ACCOUNTS if by_account else NO_LEVEL,
        stored=(1, 0) if by_account else (),
        values=pd.Index(table[question.by].unique() if question.by else [""]),
        days=np.unique(table["day"].to_numpy()) if "day" in table else np.array([NO_DAY]),
    )
    for quartile in QUARTILES:
        column = f"{quartile}_seconds"
        hidden = table[column].isna().to_numpy()
        ends = [
            column_of(without(beside.cells[f"{quartile}{end}_ms"].ravel() / 1000, hidden), False)
            for end in (LOW, HIGH)
        ]
        _insert_behind(table, column, *ends)
    return table


def _insert_behind(table: pd.DataFrame, column: str, low: Any, high: Any) -> None:
    place = list(table.columns).index(column)
    table.insert(place + 1, f"{column}{LOW}", low)
    table.insert(place + 2, f"{column}{HIGH}", high)
