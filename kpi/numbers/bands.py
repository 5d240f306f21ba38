"""95% intervals beside the columns of a table: each as two columns, behind the value."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from kpi.meaning.question import Question
from kpi.numbers import weeks
from kpi.numbers.days import dates
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
    ranked["day"] = dates(ranked["day"])
    ranked["account"] = ranked["new_account"].map({1: "new", 0: "existing"})
    keys = {
        "broken_by": question.by,
        "day": "day" if "day" in table else None,
        "account": "account" if by_account else None,
    }
    on = {theirs: ours for theirs, ours in keys.items() if ours}
    rows = ranked.rename(columns=on)[[*on.values(), *(c for c in ranked if str(c).endswith("_ms"))]]
    if on:
        beside = table[list(on.values())].merge(rows, how="left", on=list(on.values()))
    else:
        beside = rows.reindex(range(len(table)))
    for quartile in QUARTILES:
        column = f"{quartile}_seconds"
        ends = [
            (pd.to_numeric(beside[f"{quartile}{end}_ms"]).astype("Float64") / 1000)
            .set_axis(table.index)
            .mask(table[column].isna())
            for end in (LOW, HIGH)
        ]
        _insert_behind(table, column, *ends)
    return table


def _insert_behind(table: pd.DataFrame, column: str, low: pd.Series, high: pd.Series) -> None:
    place = list(table.columns).index(column)
    table.insert(place + 1, f"{column}{LOW}", low)
    table.insert(place + 2, f"{column}{HIGH}", high)
