"""Multi-device users by day, as counts or percent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from kpi.charts.layers import lines
from kpi.charts.looks import BLUE, GREEN, HEIGHT, PURPLE, VERMILION, Compared, GoalLine, Series
from kpi.charts.values import percent_text, together, values_drawn, with_incomplete
from kpi.text import written

if TYPE_CHECKING:
    from kpi.numbers.annotations import Marker


USER_SERIES = (
    Series("monthly_users", "All, monthly", "All mon.", BLUE, (6, 3)),
    Series("daily_users", "All, daily", "All daily", BLUE, width=1.6),
    Series("monthly_multi_device_users", "Multi-device, monthly", "Multi mon.", VERMILION, (6, 3)),
    Series("daily_multi_device_users", "Multi-device, daily", "Multi daily", VERMILION, width=1.6),
)
PERCENT_SERIES = (
    Series("daily_multi_device_percent", "Of daily users", "Of daily", VERMILION, width=1.8),
    Series("monthly_multi_device_percent", "Of monthly users", "Of monthly", BLUE, (6, 3)),
)

WINDOW_COLOURS = {3: GREEN, 5: VERMILION, 7: BLUE, 14: PURPLE}
WINDOW_DASHES = ((2, 2), (1, 0), (7, 3), (9, 3, 2, 3))


def multi_device_users(
    frame: pd.DataFrame,
    *,
    percent: bool = False,
    spans: Sequence[str] = ("daily", "monthly"),
    goals: Sequence[GoalLine] = (),
    markers: Sequence[Marker] = (),
    compared: Compared | None = None,
    incomplete: pd.DataFrame | None = None,
    height: int = HEIGHT,
) -> alt.LayerChart:
    """Multi-device users by day against all users, as counts or percent; daily, monthly or both.

    ``frame`` is `metrics.multi_device`. Source: specification, "Multi-device usage".
    """
    series = [
        line
        for line in (PERCENT_SERIES if percent else USER_SERIES)
        if line.key.startswith(tuple(spans))
    ]

    def values(rows: pd.DataFrame, complete: bool = True) -> pd.DataFrame:
        return together([_multi_device_values(rows, line.key, complete) for line in series])

    return lines(
        with_incomplete(values, frame, incomplete),
        series,
        title="Multi-device users, percent" if percent else "Multi-device users and all users",
        unit="percent" if percent else "users",
        from_zero=True,
        goals=goals,
        markers=markers,
        compared=compared and compared.drawn(values),
        height=height,
    )


def by_window(
    frame: pd.DataFrame,
    *,
    others: Mapping[int, pd.DataFrame],
    monthly: bool = False,
    incomplete: pd.DataFrame | None = None,
    height: int = HEIGHT,
) -> alt.LayerChart:
    """Percent of users who are multi-device, by the window within which two devices count.

    ``others`` has `metrics.multi_device` for each window; ``frame`` for the chosen window.
    """
    column = f"{'monthly' if monthly else 'daily'}_multi_device_percent"
    series = [
        Series(str(days), f"{days} days", f"{days} d", colour, dash, 2.8 if days == 5 else 1.8)
        for (days, colour), dash in zip(WINDOW_COLOURS.items(), WINDOW_DASHES, strict=True)
    ]
    parts = [
        _multi_device_values(rows, column).assign(series=str(days)) for days, rows in others.items()
    ]
    return lines(
        together(parts),
        series,
        title="Multi-device users by window",
        unit="percent",
        height=height,
    )


def _multi_device_values(frame: pd.DataFrame, column: str, complete: bool = True) -> pd.DataFrame:
    value = frame[column]
    if column.endswith("_users"):
        exact = [written(users, "users") for users in value]
    else:
        span = column.split("_")[0]
        several, everyone = frame[f"{span}_multi_device_users"], frame[f"{span}_users"]
        exact = [percent_text(*row) for row in zip(value, several, everyone, strict=True)]
    return values_drawn(frame, column, value, exact, complete)
