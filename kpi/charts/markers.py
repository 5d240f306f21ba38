"""Markers on a chart over days: a thin line, a triangle and the names of each day that has any.

The marks of the compared days are hollow, on the pale line. Names are written along the lines, from the top;
those of days too near to each other are written together. The whole names are in the tooltip of the day.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from kpi.charts.axes import ValueAxis
from kpi.charts.looks import AXIS_HEIGHT, TEXT, WIDE
from kpi.charts.values import table_of
from kpi.text import day_text, shortened

if TYPE_CHECKING:
    from kpi.charts.values import Values
    from kpi.numbers.annotations import Marker

NAMED_FROM = 200
"""Pixels of height from which a chart has room for names; smaller charts have them in tooltips."""

NARROW_PLOT, WIDE_PLOT = 140, 300
"""Pixels of the plot, at the least, of a chart below and from `WIDE`."""

LINE = 13
"""Pixels between two names, at the least."""

CHARACTER, PART = 5.7, 0.45
"""The width of a name's letter in pixels, and the part of the plot's height that a name has at most."""

TITLE = "title"
"""The key of a tooltip's heading; where it is absent the tooltip has none, unlike any other key."""

SIGN, COMPARED_SIGN = "▼", "▽"
NAMED = "marker_names"
"""The layer of names, which client.css gives an edge in the page's colour, so that lines don't cross them."""
SAID: dict[str, Any] = {
    "tooltip": alt.Tooltip("words:N"),
    "description": alt.Description("said:N"),
}
TEXT_LOOK: dict[str, Any] = {
    "angle": 270,
    "baseline": "top",
    "dy": 3,
    "fontSize": 10.5,
    "color": TEXT,
    "opacity": 0.85,
    "aria": False,
    "text": {"expr": f"width < {WIDE} ? datum.narrow : datum.wide"},
}


@dataclass(frozen=True)
class MarkedDay:
    """A day of the chart with its markers, which may be of another day that it is compared with."""

    day: pd.Timestamp
    markers: tuple[Marker, ...]

    @property
    def text(self) -> str:
        """The day's markers in a line, such as 'release: Firefox 45; incident: Outage'."""
        return "; ".join(f"{marker.kind}: {marker.label}" for marker in self.markers)

    @property
    def date(self) -> str:
        """The day that the markers are of, which is another one where days are compared."""
        return day_text(self.markers[0].day)

    @property
    def url(self) -> str:
        """The first link of the day's markers, or ''."""
        urls = (getattr(marker, "url", None) for marker in self.markers)
        return next((url for url in urls if url), "")


def marked_days(
    markers: Iterable[Marker],
    first: pd.Timestamp,
    last: pd.Timestamp,
    shift: timedelta = timedelta(0),
) -> list[MarkedDay]:
    """The days from ``first`` to ``last`` that have markers, each of the day ``shift`` before."""
    by_day: dict[pd.Timestamp, list[Marker]] = {}
    for marker in markers:
        day = pd.Timestamp(marker.day) + shift
        if first <= day <= last:
            by_day.setdefault(day, []).append(marker)
    return [MarkedDay(day, tuple(of)) for day, of in sorted(by_day.items())]


def names(
    days: Sequence[MarkedDay], first: pd.Timestamp, last: pd.Timestamp, plot: int, longest: int
) -> list[str]:
    """The name beside each day's line; '' for a day too near to one before it, which names both."""
    apart = LINE * max((last - first).days, 1) / plot
    texts = [""] * len(days)
    start, labels = 0, list[str]()
    for place, marked in enumerate(days):
        if place and (marked.day - days[start].day).days < apart:
            labels += [marker.label for marker in marked.markers]
        else:
            start, labels = place, [marker.label for marker in marked.markers]
        texts[start] = _joined(labels, longest)
    return texts


def _joined(labels: Sequence[str], longest: int) -> str:
    """The labels in a line, or the first, shortened, and the number of the others."""
    whole = ", ".join(labels)
    if len(labels) == 1 or len(whole) <= longest:
        return shortened(whole, longest)
    more = f" +{len(labels) - 1}"
    return shortened(labels[0], longest - len(more)) + more


def rules(days: Sequence[MarkedDay]) -> list[alt.Chart]:
    """A thin line at each marked day."""
    if not days:
        return []
    rule = alt.Chart(table_of({"day": [marked.day for marked in days]}))
    rule = rule.mark_rule(color=TEXT, opacity=0.22, aria=False)
    return [rule.encode(x=alt.X("day:T", title=None))]


def flags(
    days: Sequence[MarkedDay], first: pd.Timestamp, last: pd.Timestamp, height: int
) -> list[alt.Chart]:
    """A triangle and the names at the top of each marked day; a click on a day with a link opens it."""
    if not days:
        return []
    layers = []
    for linked in (False, True):
        some = [marked for marked in days if bool(marked.url) == linked]
        if not some:
            continue
        columns = {**_said(some, SIGN), "url": [marked.url for marked in some]}
        flag = alt.Chart(table_of(columns)).mark_point(
            shape="triangle-down", filled=True, size=60, color=TEXT, opacity=0.6, y=0
        )
        link = {"href": alt.Href("url:N")} if linked else {}
        layers.append(flag.encode(x=alt.X("day:T", title=None), **SAID, **link))
    text = alt.Chart(table_of(_named(days, first, last, height)), name=NAMED)
    text = text.mark_text(**TEXT_LOOK, align="right", dx=-10, y=0)
    return [*layers, text.encode(x=alt.X("day:T", title=None))] if height >= NAMED_FROM else layers


def compared_flags(
    days: Sequence[MarkedDay],
    pale: Values,
    axis: ValueAxis,
    first: pd.Timestamp,
    last: pd.Timestamp,
    height: int,
) -> list[alt.Chart]:
    """A hollow triangle and the names on the pale line, of each day whose compared day is marked."""
    if not days:
        return []
    of_days = [pale.value[pale.day == marked.day.to_numpy()] for marked in days]
    days = [marked for marked, values in zip(days, of_days, strict=True) if len(values)]
    if not days:
        return []
    at = [float(values.max()) for values in of_days if len(values)]
    up = [axis.share_below(value) < PART for value in at]
    columns: dict[str, Sequence[object]] = {
        "day": [marked.day for marked in days],
        "value": at,
        "up": up,
        **_said(days, COMPARED_SIGN),
        **_named(days, first, last, height),
    }
    base = alt.Chart(table_of(columns))
    base = base.encode(x=alt.X("day:T", title=None), y=axis.bare())
    triangle = base.mark_point(
        shape="triangle-down", filled=False, size=40, color=TEXT, opacity=0.6, yOffset=-6
    )
    text = base.properties(name=f"{NAMED}_before").mark_text(
        **TEXT_LOOK,
        align={"expr": "datum.up ? 'left' : 'right'"},
        dx={"expr": "datum.up ? 14 : -4"},
    )
    layers = [triangle.encode(**SAID)]
    return [*layers, text] if height >= NAMED_FROM else layers


def _said(days: Sequence[MarkedDay], sign: str) -> dict[str, list[Any]]:
    """Each marked day with its words, in a tooltip and for screen readers."""
    return {
        "day": [marked.day for marked in days],
        "words": [{TITLE: f"{sign} {marked.text}", "Day (UTC)": marked.date} for marked in days],
        "said": [f"{marked.date}, {marked.text}" for marked in days],
    }


def _named(
    days: Sequence[MarkedDay], first: pd.Timestamp, last: pd.Timestamp, height: int
) -> dict[str, list[Any]]:
    """Each marked day with its name in a narrow and a wide chart."""
    longest = int((height - AXIS_HEIGHT) * PART / CHARACTER)
    return {
        "day": [marked.day for marked in days],
        "narrow": names(days, first, last, NARROW_PLOT, longest),
        "wide": names(days, first, last, WIDE_PLOT, longest),
    }
