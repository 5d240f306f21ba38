"""Time to connect a device by day, with the band between its quartiles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

import altair as alt
import pandas as pd

from kpi.charts.layers import Beside, over_days, with_incomplete
from kpi.charts.looks import BLUE, VERMILION, Days, Series
from kpi.charts.values import Values, quartiles_text, texts, values_drawn
from kpi.meaning.definitions import WEEK

ACCOUNT_SERIES = (
    Series("new", "New account", "New", BLUE, width=1.8),
    Series("existing", "Existing account", "Existing", VERMILION, (5, 2), width=1.8),
)


def connection_time(
    frame: pd.DataFrame,
    *,
    accounts: Sequence[str] = ("new", "existing"),
    log: bool = False,
    days: pd.DataFrame | None = None,
    **beside: Unpack[Beside],
) -> alt.LayerChart:
    """Median time to connection by day with the band between its quartiles, by kind of account.

    ``frame`` is `metrics.connection_time`, by week where ``days`` has the same by day, which are drawn thin;
    ``incomplete`` are more days. ``log`` gives seconds a logarithmic axis. Source:
    specification, "Time taken to connect a device".
    """

    def values(rows: pd.DataFrame, complete: bool = True) -> Values:
        return _quartile_values(rows[rows["account"].isin(accounts)], complete)

    behind = None
    if days is not None:
        every = with_incomplete(values, days, beside.pop("incomplete", None))
        behind = Days(every, "the week’s attempts together", WEEK)
    return over_days(
        values,
        frame,
        [line for line in ACCOUNT_SERIES if line.key in accounts],
        title="Time to connect, median and quartiles",
        unit="seconds",
        from_zero=not log,
        log=log,
        days_behind=behind,
        **beside,
    )


def _quartile_values(frame: pd.DataFrame, complete: bool = True) -> Values:
    low, median, high = (frame[f"{name}_seconds"] for name in ("p25", "median", "p75"))
    exact = texts(quartiles_text, low, median, high, frame["connections"])
    return values_drawn(frame, frame["account"], median, exact, complete, low, high)
