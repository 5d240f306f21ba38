"""Volume of events by day beside the usual volume of the weekday, with unusual days marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from kpi.charts.axes import AXIS_WORDS, day_axis, moment, tooltips
from kpi.charts.layers import layered, lines, nothing
from kpi.charts.looks import BLUE, GREY, NOTHING_DRAWN, PADDING, VERMILION, Series
from kpi.charts.values import floats, values_drawn
from kpi.rows import each_row
from kpi.text import ABSENT, day_text, written

if TYPE_CHECKING:
    from kpi.numbers.annotations import Marker

STRIP_HEIGHT = 26
MOST_NAMED = 6
SHAPES = {"low": "triangle-down", "high": "triangle-up"}


def volume(frame: pd.DataFrame, *, name: str, markers: Sequence[Marker] = ()) -> alt.LayerChart:
    """One type's events by day, in the band that is usual for the weekday; unusual days are marked.

    ``frame`` is `anomalies.judged` of one type, whose name is ``name``.
    """
    exact = [_exact(row) for row in each_row(frame)]
    values = values_drawn(
        frame, "events", frame["events"], exact, True, frame["low"], frame["high"]
    )
    series = [Series("events", name, "Events", BLUE, width=1.6)]
    chart = lines(
        values,
        series,
        title=f"Events of {name}",
        unit="attempts",
        from_zero=True,
        markers=markers,
    )
    strays = frame[(frame["unusual"] != "") & frame["events"].notna()]
    if strays.empty or chart.description == NOTHING_DRAWN:
        return chart
    points = _points(strays.assign(value=floats(strays["events"])), ["day", "value"], 90)
    points = [point.encode(y=alt.Y("value:Q")) for point in points]
    described = f"{chart.description} Unusual: {_days_text(strays)}."
    marked = chart.copy(deep=False)  # with its parameters, which another layering would lose
    marked.layer = [*chart.layer, *points]
    marked.description = described
    return marked


def unusual_days(frame: pd.DataFrame) -> alt.LayerChart:
    """The unusual days of each event type; one row a type, the largest first.

    ``frame`` is `anomalies.judged` of all types.
    """
    if frame.empty:
        return nothing(STRIP_HEIGHT)
    first, last = frame["day"].min(), frame["day"].max()
    spans = frame.groupby("type", as_index=False).agg(
        first=("day", "min"), last=("day", "max"), size=("usual", "max")
    )
    spans = spans.sort_values("size", ascending=False, kind="stable", na_position="last")
    names = list(spans["type"])
    axis = alt.Axis(labelLimit=130, ticks=False, domain=False, **AXIS_WORDS)
    y = alt.Y("type:N", title=None, sort=names, axis=axis)
    scale = alt.Scale(type="time", domain=[moment(first), moment(last)], nice=False)
    x = alt.X("day:T", title=None, scale=scale, axis=day_axis(first, last))
    ends = spans.melt("type", ["first", "last"], value_name="day")[["type", "day"]]
    rule = (
        alt.Chart(ends)
        .mark_line(color=GREY, opacity=0.5, strokeWidth=1, aria=False)
        .encode(x=x, y=y, detail=alt.Detail("type:N"))
    )
    strays = frame[frame["unusual"] != ""]
    rows = strays.assign(
        date=[day_text(day.date()) for day in strays["day"]],
        events=[written(value, "attempts") for value in strays["events"]],
        usual=[written(value, "attempts") for value in strays["usual"]],
    )
    tips = tooltips(
        date="Day (UTC)", type="Type", events="Events", usual="Usually", unusual="Unusually"
    )
    points = _points(rows, ["day", "type", "date", "events", "usual", "unusual"], 80)
    points = [point.encode(y=y, tooltip=tips) for point in points]
    words = "; ".join(
        f"{name} {_days_text(rows)}" for name, rows in strays.groupby("type", sort=False)
    )
    return layered(
        rule,
        *points,
        height=STRIP_HEIGHT * max(len(names), 2),
        padding=PADDING,
        description=f"Unusual days by type: {words or 'none'}.",
    )


def _exact(row: Any) -> str:
    """A day's events in words, beside what is usual."""
    if pd.isna(row.events):
        return ABSENT
    events, usual, low, high = (
        written(value, "attempts") for value in (row.events, row.usual, row.low, row.high)
    )
    usually = "" if pd.isna(row.usual) else f"  (usually {usual}: {low} to {high})"
    return f"{events}{usually}{f', unusually {row.unusual}' if row.unusual else ''}"


def _points(strays: pd.DataFrame, columns: list[str], size: int) -> list[alt.Chart]:
    """Triangles on the unusual days: those with few events, and those with many."""
    return [
        alt.Chart(strays.loc[strays["unusual"] == verdict, columns])
        .mark_point(shape=shape, filled=True, size=size, color=VERMILION, opacity=1, aria=False)
        .encode(x=alt.X("day:T"))
        for verdict, shape in SHAPES.items()
        if (strays["unusual"] == verdict).any()
    ]


def _days_text(strays: pd.DataFrame) -> str:
    rows = strays.sort_values("day").tail(MOST_NAMED)
    days = [f"{row.unusual} on {day_text(row.day.date())}" for row in each_row(rows)]
    before = len(strays) - len(rows)
    return ", ".join([*([f"{before} earlier"] if before else []), *days])
