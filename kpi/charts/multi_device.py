"""Multi-device users by day, as counts or percent."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Unpack

import altair as alt
import pandas as pd

from kpi.charts.layers import Beside, lines, over_days, with_incomplete
from kpi.charts.looks import BLUE, GREEN, PURPLE, VERMILION, Days, Series
from kpi.charts.values import Values, percent_text, texts, together, values_drawn
from kpi.text import written

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
WINDOW_SERIES = tuple(
    Series(str(days), f"{days} days", f"{days} d", colour, dash, 2.8 if days == 5 else 1.8)
    for (days, colour), dash in zip(WINDOW_COLOURS.items(), WINDOW_DASHES, strict=True)
)


def multi_device_series(percent: bool, spans: Sequence[str]) -> list[Series]:
    """The lines of `multi_device_users`."""
    every = PERCENT_SERIES if percent else USER_SERIES
    return [line for line in every if line.key.startswith(tuple(spans))]


def multi_device_users(
    frame: pd.DataFrame,
    *,
    percent: bool = False,
    spans: Sequence[str] = ("daily", "monthly"),
    days: pd.DataFrame | None = None,
    **beside: Unpack[Beside],
) -> alt.LayerChart:
    """Multi-device users by day against all users, as counts or percent; daily, monthly or both.

    ``frame`` is `metrics.multi_device`. Where ``days`` has the same, daily values of ``frame`` are
    7-day means, and those of the days are drawn thin. Source: specification, "Multi-device usage".
    """
    series = multi_device_series(percent, spans)
    of_days = [line.key for line in series if line.key.startswith("daily")]

    def values(rows: pd.DataFrame, complete: bool = True) -> Values:
        return together([_multi_device_values(rows, line.key, complete) for line in series])

    def daily(rows: pd.DataFrame, complete: bool = True) -> Values:
        every = values(rows, complete)
        return every.of(of_days)

    def smoothed(rows: pd.DataFrame, complete: bool = True) -> Values:
        every = values(rows, complete)
        return every.where(every.complete | ~every.is_of(of_days))

    behind = None
    if days is not None:
        behind = Days(with_incomplete(daily, days, beside.get("incomplete")), "7-day mean")
    return over_days(
        values if days is None else smoothed,
        frame,
        series,
        title="Multi-device users, percent" if percent else "Multi-device users and all users",
        unit="percent" if percent else "users",
        from_zero=not percent,
        days_behind=behind,
        **beside,
    )


def by_window(
    frame: pd.DataFrame,
    *,
    others: Mapping[int, pd.DataFrame],
    monthly: bool = False,
    incomplete: pd.DataFrame | None = None,
    hidden: Collection[str] = (),
) -> alt.LayerChart:
    """Percent of users who are multi-device, by the window within which two devices count.

    ``others`` has `metrics.multi_device` for each window; ``frame`` for the chosen window.
    """
    column = f"{'monthly' if monthly else 'daily'}_multi_device_percent"
    parts = [_multi_device_values(rows, column, series=str(days)) for days, rows in others.items()]
    return lines(
        together(parts),
        WINDOW_SERIES,
        title="Multi-device users by window",
        unit="percent",
        hidden=hidden,
    )


def _multi_device_values(
    frame: pd.DataFrame, column: str, complete: bool = True, series: str | None = None
) -> Values:
    value = frame[column]
    if column.endswith("_users"):
        exact = texts(partial(written, unit="users"), value)
    else:
        span = column.split("_")[0]
        several, everyone = frame[f"{span}_multi_device_users"], frame[f"{span}_users"]
        exact = texts(percent_text, value, several, everyone)
    return values_drawn(frame, series or column, value, exact, complete)
