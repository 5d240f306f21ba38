"""Volume of events by day beside the usual volume of the weekday, with unusual days marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from kpi.charts.axes import day_axis, moment
from kpi.charts.layers import layered, lines, nothing
from kpi.charts.looks import BLUE, GREY, HEIGHT, NOTHING_DRAWN, PADDING, VERMILION, Series
from kpi.charts.values import floats, values_drawn
from kpi.rows import each_row
from kpi.text import ABSENT, day_text, written

if TYPE_CHECKING:
    from kpi.numbers.annotations import Marker

STRIP_HEIGHT = 26
SHAPES = {"low": "triangle-down", "high": "triangle-up"}


def volume(
    frame: pd.DataFrame,
    *,
    name: str,
    markers: Sequence[Marker] = (),
    height: int = HEIGHT,
) -> alt.LayerChart:
    """One type's events by day, in the band that is usual for the weekday; unusual days are marked.

    ``frame`` is `anomalies.judged` of one type, whose name is ``name``.
    """
    exact = [
        ABSENT
        if pd.isna(row.events)
        else f"{written(row.events, 'attempts')}"
        + (
            ""
            if pd.isna(row.usual)
            else f"  (usually {written(row.usual, 'attempts')}: {written(row.low, 'attempts')} to "
            f"{written(row.high, 'attempts')})"
        )
        + (f", unusually {row.unusual}" if row.unusual else "")
        for row in each_row(frame)
    ]
    values = values_drawn(frame, "events", frame["events"], exact, complete=True)
    values = values.assign(low=floats(frame["low"]), high=floats(frame["high"]))
    series = [Series("events", name, "Events", BLUE, width=1.6)]
    chart = lines(
        values,
        series,
        title=f"Events of {name}",
        unit="attempts",
        from_zero=True,
        markers=markers,
        height=height,
    )
    strays = frame[(frame["unusual"] != "") & frame["events"].notna()]
    if strays.empty or chart.description == NOTHING_DRAWN:
        return chart
    points = [
        alt.Chart(pd.DataFrame({"day": rows["day"].to_numpy(), "value": floats(rows["events"])}))
        .mark_point(shape=shape, filled=True, size=90, color=VERMILION, opacity=1, aria=False)
        .encode(x=alt.X("day:T"), y=alt.Y("value:Q"))
        for verdict, shape in SHAPES.items()
        if len(rows := strays[strays["unusual"] == verdict])
    ]
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
    y = alt.Y(
        "type:N", title=None, sort=names, axis=alt.Axis(labelLimit=130, ticks=False, domain=False)
    )
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
    columns = ["day", "type", "date", "events", "usual", "unusual"]
    tips = [
        alt.Tooltip("date:N", title="Day (UTC)"),
        alt.Tooltip("type:N", title="Type"),
        alt.Tooltip("events:N", title="Events"),
        alt.Tooltip("usual:N", title="Usually"),
        alt.Tooltip("unusual:N", title="Unusually"),
    ]
    points = [
        alt.Chart(rows.loc[rows["unusual"] == verdict, columns])
        .mark_point(shape=shape, filled=True, size=80, color=VERMILION, opacity=1, aria=False)
        .encode(x=alt.X("day:T"), y=y, tooltip=tips)
        for verdict, shape in SHAPES.items()
        if (rows["unusual"] == verdict).any()
    ]
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


def _days_text(strays: pd.DataFrame, most: int = 6) -> str:
    rows = strays.sort_values("day").tail(most)
    days = [f"{row.unusual} on {day_text(row.day.date())}" for row in each_row(rows)]
    before = len(strays) - len(rows)
    return ", ".join([*([f"{before} earlier"] if before else []), *days])
