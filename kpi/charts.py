"""The charts: pure functions from a measure's frame to an Altair chart, which they leave unchanged."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from kpi.chart_layers import (
    BLUE,
    GREEN,
    GREY,
    HEIGHT,
    NOTHING_DRAWN,
    PURPLE,
    VALUE_COLUMNS,
    VERMILION,
    GoalLine,
    Series,
    lines,
)
from kpi.measures import ABSENT, MEASURES, written

if TYPE_CHECKING:
    from kpi.annotations import Marker

ENGAGEMENT_SERIES = (
    Series("all", "FxA, all users", "FxA", BLUE, width=2.8),
    Series("multi_device", "FxA, multi-device", "FxA multi", VERMILION, width=2.2),
    Series("single_device", "FxA, single-device", "FxA single", GREY, (8, 3)),
    Series("desktop", "Firefox desktop", "Desktop", GREEN, (7, 3)),
    Series("android", "Firefox Android", "Android", GREY, (2, 2)),
    Series("ios", "Firefox iOS", "iOS", PURPLE, (9, 3, 2, 3)),
)
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
ACCOUNT_SERIES = (
    Series("new", "New account", "New", BLUE, width=1.8),
    Series("existing", "Existing account", "Existing", VERMILION, (5, 2), width=1.8),
)


def engagement_ratio(
    frame: pd.DataFrame,
    firefox: pd.DataFrame | None = None,
    *,
    audiences: Sequence[str] = ("all", "multi_device"),
    goals: Sequence[GoalLine] = (),
    markers: Sequence[Marker] = (),
    incomplete: pd.DataFrame | None = None,
    height: int = HEIGHT,
) -> alt.LayerChart:
    """Engagement ratio by day: Firefox Accounts' audiences beside Firefox desktop, Android and iOS.

    ``frame`` is `metrics.engagement`, ``firefox`` `metrics.firefox`; ``incomplete`` has the columns
    of ``frame``, for days that aren't complete. Percent. Source: specification, "Engagement Ratio".
    """
    parts = [_ratio_values(frame[frame["audience"].isin(audiences)], "audience")]
    if firefox is not None:
        parts.append(_ratio_values(firefox, "product"))
    if incomplete is not None:
        rows = incomplete[incomplete["audience"].isin(audiences)]
        parts.append(_ratio_values(rows, "audience", complete=False))
    return lines(
        _together(parts),
        ENGAGEMENT_SERIES,
        title=MEASURES["engagement_ratio"].title,
        unit="percent",
        goals=goals,
        markers=markers,
        height=height,
    )


def multi_device_users(
    frame: pd.DataFrame,
    *,
    percent: bool = False,
    spans: Sequence[str] = ("daily", "monthly"),
    goals: Sequence[GoalLine] = (),
    markers: Sequence[Marker] = (),
    incomplete: pd.DataFrame | None = None,
    height: int = HEIGHT,
) -> alt.LayerChart:
    """Multi-device users by day against all users, as counts or percent; daily, monthly or both.

    ``frame`` is `metrics.multi_device`. Source: specification, "Multi-device usage".
    """
    series = [
        one
        for one in (PERCENT_SERIES if percent else USER_SERIES)
        if one.key.startswith(tuple(spans))
    ]
    parts = [_multi_device_values(frame, one.key) for one in series]
    if incomplete is not None:
        parts += [_multi_device_values(incomplete, one.key, complete=False) for one in series]
    return lines(
        _together(parts),
        series,
        title="Multi-device users, percent" if percent else "Multi-device users and all users",
        unit="percent" if percent else "users",
        from_zero=True,
        goals=goals,
        markers=markers,
        height=height,
    )


def connection_time(
    frame: pd.DataFrame,
    *,
    accounts: Sequence[str] = ("new", "existing"),
    log: bool = False,
    goals: Sequence[GoalLine] = (),
    markers: Sequence[Marker] = (),
    incomplete: pd.DataFrame | None = None,
    height: int = HEIGHT,
) -> alt.LayerChart:
    """Median time to connection by day with the band between its quartiles, by kind of account.

    ``frame`` is `metrics.connection_time`; ``log`` gives seconds a logarithmic axis. Source:
    specification, "Time taken to connect a device".
    """
    parts = [_quartile_values(frame[frame["account"].isin(accounts)])]
    if incomplete is not None:
        rows = incomplete[incomplete["account"].isin(accounts)]
        parts.append(_quartile_values(rows, complete=False))
    return lines(
        _together(parts),
        [one for one in ACCOUNT_SERIES if one.key in accounts],
        title="Time to connect, median and quartiles",
        unit="seconds",
        from_zero=not log,
        log=log,
        goals=goals,
        markers=markers,
        height=height,
    )


def alt_text(chart: alt.LayerChart) -> str:
    """The sentence that stands for a chart where it can't be seen: days, last values and ranges."""
    return str(chart.description)


def has_values(chart: alt.LayerChart) -> bool:
    """Whether anything is drawn; a chart without values needs a sentence in its place."""
    return alt_text(chart) != NOTHING_DRAWN


def without_description(chart: alt.LayerChart) -> alt.LayerChart:
    """The chart without its sentence, for a page that gives the sentence itself."""
    bare = chart.copy(deep=False)
    bare.description = alt.Undefined
    return bare


def _ratio_values(frame: pd.DataFrame, key: str, complete: bool = True) -> pd.DataFrame:
    ratio, mean, mau = frame["engagement_ratio"], frame["dau_7day_mean"], frame["mau"]
    exact = [_percent_told(*row) for row in zip(ratio, mean, mau, strict=True)]
    return _values(frame, frame[key], ratio, exact, complete)


def _multi_device_values(frame: pd.DataFrame, column: str, complete: bool = True) -> pd.DataFrame:
    value = frame[column]
    if column.endswith("_users"):
        exact = [written(users, "users") for users in value]
    else:
        span = column.split("_")[0]
        several, everyone = frame[f"{span}_multi_device_users"], frame[f"{span}_users"]
        exact = [_percent_told(*row) for row in zip(value, several, everyone, strict=True)]
    return _values(frame, column, value, exact, complete)


def _quartile_values(frame: pd.DataFrame, complete: bool = True) -> pd.DataFrame:
    low, median, high = (frame[f"{name}_seconds"] for name in ("p25", "median", "p75"))
    rows = zip(low, median, high, frame["connections"], strict=True)
    exact = [_quartiles_told(*row) for row in rows]
    values = _values(frame, frame["account"], median, exact, complete)
    return values.assign(low=_floats(low), high=_floats(high))


def _percent_told(percent: float | None, users: float | None, of: float | None) -> str:
    if pd.isna(percent):
        return ABSENT
    return f"{written(percent, 'percent')}  ({written(users, 'users')} of {written(of, 'users')})"


def _quartiles_told(
    low: float | None, median: float | None, high: float | None, n: float | None
) -> str:
    if pd.isna(median):
        return ABSENT
    band = f"{written(low, 'seconds')} to {written(high, 'seconds')}"
    return f"{written(median, 'seconds')}  ({band}; n = {written(n, 'attempts')})"


def _values(
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
            "value": _floats(value),
            "low": math.nan,
            "high": math.nan,
            "exact": exact,
            "complete": complete,
        },
        columns=VALUE_COLUMNS,
    )


def _floats(column: pd.Series) -> list[float]:
    return column.astype("Float64").to_numpy("float64", na_value=math.nan).tolist()


def _together(parts: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)


__all__ = [
    "GoalLine",
    "Series",
    "alt_text",
    "connection_time",
    "engagement_ratio",
    "has_values",
    "multi_device_users",
    "without_description",
]
