"""Engagement ratio by day, beside Firefox's own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Unpack

import altair as alt
import pandas as pd

from kpi.charts.layers import Beside, over_days
from kpi.charts.looks import BLUE, GREEN, GREY, PURPLE, VERMILION, GoalCurve, Series
from kpi.charts.values import Values, percent_text, texts, together, values_drawn
from kpi.meaning.measures import MEASURES
from kpi.text import written

ENGAGEMENT_SERIES = (
    Series("all", "FxA, all users", "FxA", BLUE, width=2.8),
    Series("multi_device", "FxA, multi-device", "FxA multi", VERMILION, width=2.2),
    Series("single_device", "FxA, single-device", "FxA single", GREY, (8, 3)),
    Series("desktop", "Firefox desktop", "Desktop", GREEN, (7, 3)),
    Series("android", "Firefox Android", "Android", GREY, (12, 4)),
    Series("ios", "Firefox iOS", "iOS", PURPLE, (9, 3, 2, 3)),
)


def engagement_ratio(
    frame: pd.DataFrame,
    firefox: pd.DataFrame | None = None,
    *,
    audiences: Sequence[str] = ("all", "multi_device"),
    points_above: Mapping[str, float] | None = None,
    **beside: Unpack[Beside],
) -> alt.LayerChart:
    """Engagement ratio by day: Firefox Accounts' audiences beside Firefox desktop, Android and iOS.

    ``frame`` is `metrics.engagement`, ``firefox`` `metrics.firefox`; ``points_above`` draws goals so many
    points above a product. Percent. Source: specification, "Engagement Ratio".
    """

    def values(rows: pd.DataFrame, complete: bool = True) -> Values:
        return _ratio_values(rows, "audience", complete).of(audiences)

    return over_days(
        values,
        frame,
        ENGAGEMENT_SERIES,
        others=[] if firefox is None else [_ratio_values(firefox, "product")],
        title=MEASURES["engagement_ratio"].title,
        unit="percent",
        curves=_curves(firefox, points_above or {}, beside.get("hidden", ())),
        **beside,
    )


PEOPLE_SERIES = (Series("people", "Same people", "Same", BLUE, width=2.6),)


def same_people(frame: pd.DataFrame, **beside: Unpack[Beside]) -> alt.LayerChart:
    """The engagement ratio of the same people by day, of a segment.

    ``frame`` is `same_people.same_people`. Percent. Source: design, section 3.
    """

    def values(rows: pd.DataFrame, complete: bool = True) -> Values:
        ratio, mean, people = (
            rows[name] for name in ("engagement_ratio", "people_7day_mean", "people")
        )
        exact = texts(percent_text, ratio, mean, people)
        return values_drawn(rows, "people", ratio, exact, complete)

    title = MEASURES["same_people_ratio"].title
    return over_days(values, frame, PEOPLE_SERIES, title=title, unit="percent", **beside)


ACTIVE_SERIES = (
    Series("dau_7day_mean", "Daily, 7-day mean", "7-day", BLUE, width=2.6),
    Series("dau", "Daily", "Daily", GREY, width=1.2),
    Series("mau", "Monthly", "Monthly", PURPLE, (6, 3)),
)


def active_users(
    frame: pd.DataFrame, *, audience: str = "all", **beside: Unpack[Beside]
) -> alt.LayerChart:
    """Daily users, their 7-day mean and monthly users by day, which the ratio is made of.

    Frames as in `engagement_ratio`, of one audience. Source: specification, "Engagement Ratio".
    """

    def values(rows: pd.DataFrame, complete: bool = True) -> Values:
        mine = rows[rows["audience"] == audience]
        parts = [
            values_drawn(
                mine,
                line.key,
                mine[line.key],
                texts(partial(written, unit="users"), mine[line.key]),
                complete,
            )
            for line in ACTIVE_SERIES
        ]
        return together(parts)

    return over_days(
        values,
        frame,
        ACTIVE_SERIES,
        title="Daily and monthly users",
        unit="users",
        from_zero=True,
        **beside,
    )


def _ratio_values(frame: pd.DataFrame, key: str, complete: bool = True) -> Values:
    ratio, mean, mau = frame["engagement_ratio"], frame["dau_7day_mean"], frame["mau"]
    exact = texts(percent_text, ratio, mean, mau)
    return values_drawn(frame, frame[key], ratio, exact, complete)


def _curves(
    firefox: pd.DataFrame | None, points: Mapping[str, float], hidden: Collection[str]
) -> list[GoalCurve]:
    """A curve so many points above each product's own ratio, where its line isn't hidden."""
    if firefox is None:
        return []
    curves = []
    for line in ENGAGEMENT_SERIES:
        if line.key in points and line.key not in hidden:
            values = _ratio_values(firefox[firefox["product"] == line.key], "product").known
            above_it = replace(values, value=values.value + points[line.key])
            label = f"Firefox’s own ratio + {points[line.key]:g} points"
            above = f" + {points[line.key]:g}"
            names = f"{line.title}{above}:", f"{line.short}{above}"
            curves.append(GoalCurve(label, line.colour, above_it, *names))
    return curves
