"""Time to connect a device by day, with the band between its quartiles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from kpi.charts.layers import lines
from kpi.charts.looks import BLUE, HEIGHT, VERMILION, Compared, GoalLine, Series
from kpi.charts.values import floats, quartiles_text, values_drawn, with_incomplete

if TYPE_CHECKING:
    from kpi.numbers.annotations import Marker


ACCOUNT_SERIES = (
    Series("new", "New account", "New", BLUE, width=1.8),
    Series("existing", "Existing account", "Existing", VERMILION, (5, 2), width=1.8),
)


def connection_time(
    frame: pd.DataFrame,
    *,
    accounts: Sequence[str] = ("new", "existing"),
    log: bool = False,
    goals: Sequence[GoalLine] = (),
    markers: Sequence[Marker] = (),
    compared: Compared | None = None,
    incomplete: pd.DataFrame | None = None,
    height: int = HEIGHT,
) -> alt.LayerChart:
    """Median time to connection by day with the band between its quartiles, by kind of account.

    ``frame`` is `metrics.connection_time`; ``log`` gives seconds a logarithmic axis. Source:
    specification, "Time taken to connect a device".
    """

    def values(rows: pd.DataFrame, complete: bool = True) -> pd.DataFrame:
        return _quartile_values(rows[rows["account"].isin(accounts)], complete)

    return lines(
        with_incomplete(values, frame, incomplete),
        [line for line in ACCOUNT_SERIES if line.key in accounts],
        title="Time to connect, median and quartiles",
        unit="seconds",
        from_zero=not log,
        log=log,
        goals=goals,
        markers=markers,
        compared=compared and compared.drawn(values),
        height=height,
    )


def _quartile_values(frame: pd.DataFrame, complete: bool) -> pd.DataFrame:
    low, median, high = (frame[f"{name}_seconds"] for name in ("p25", "median", "p75"))
    rows = zip(low, median, high, frame["connections"], strict=True)
    exact = [quartiles_text(*row) for row in rows]
    values = values_drawn(frame, frame["account"], median, exact, complete)
    return values.assign(low=floats(low), high=floats(high))
