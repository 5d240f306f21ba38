"""Engagement ratio by day, beside Firefox's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from kpi.charts.layers import lines
from kpi.charts.looks import BLUE, GREEN, GREY, HEIGHT, PURPLE, VERMILION, GoalLine, Series
from kpi.charts.values import percent_told, together, values_drawn
from kpi.measures import MEASURES

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
        together(parts),
        ENGAGEMENT_SERIES,
        title=MEASURES["engagement_ratio"].title,
        unit="percent",
        goals=goals,
        markers=markers,
        height=height,
    )


def _ratio_values(frame: pd.DataFrame, key: str, complete: bool = True) -> pd.DataFrame:
    ratio, mean, mau = frame["engagement_ratio"], frame["dau_7day_mean"], frame["mau"]
    exact = [percent_told(*row) for row in zip(ratio, mean, mau, strict=True)]
    return values_drawn(frame, frame[key], ratio, exact, complete)
