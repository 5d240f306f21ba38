"""Time to connect a device by day, with the band between its quartiles."""

from __future__ import annotations

from typing import Unpack

import altair as alt
import pandas as pd

from kpi.charts.layers import Beside, over_days
from kpi.charts.looks import BLUE, VERMILION, Series
from kpi.charts.values import floats, quartiles_text, values_drawn

ACCOUNT_SERIES = (
    Series("new", "New account", "New", BLUE, width=1.8),
    Series("existing", "Existing account", "Existing", VERMILION, (5, 2), width=1.8),
)


def connection_time(
    frame: pd.DataFrame, *, log: bool = False, **beside: Unpack[Beside]
) -> alt.LayerChart:
    """Median time to connection by day with the band between its quartiles, by kind of account.

    ``frame`` is `metrics.connection_time`; ``log`` gives seconds a logarithmic axis. Source:
    specification, "Time taken to connect a device".
    """
    return over_days(
        _quartile_values,
        frame,
        ACCOUNT_SERIES,
        title="Time to connect, median and quartiles",
        unit="seconds",
        from_zero=not log,
        log=log,
        **beside,
    )


def _quartile_values(frame: pd.DataFrame, complete: bool = True) -> pd.DataFrame:
    low, median, high = (frame[f"{name}_seconds"] for name in ("p25", "median", "p75"))
    rows = zip(low, median, high, frame["connections"], strict=True)
    exact = [quartiles_text(*row) for row in rows]
    values = values_drawn(frame, frame["account"], median, exact, complete)
    return values.assign(low=floats(low), high=floats(high))
