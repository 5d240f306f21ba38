"""One measure by the values of a tag: ranked bars, lines of the largest, a small chart for each.

Frames are a measure's table with a breakdown, one row per value and day. The largest
values are those with the greatest n, never those with the greatest measure.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from kpi.charts.axes import AXIS_WORDS, tooltips
from kpi.charts.labels import LONGEST_LABEL
from kpi.charts.layers import layered, lines, note, nothing
from kpi.charts.looks import BLUE, LOOKS, TEXT, Compared, Series
from kpi.charts.values import Values, floats, quartiles_text, together, values_drawn
from kpi.meaning.measures import Measure
from kpi.rows import each_row, records
from kpi.text import ABSENT, days_text, shortened, written

if TYPE_CHECKING:
    from kpi.numbers.annotations import Marker

BAR, AROUND_BARS, NOTE, SMALL_HEIGHT = 28, 24, 20, 150
SHORTENED = (
    f"length(datum.label) <= {LONGEST_LABEL} ? datum.label : "
    "slice(datum.label, 0, 12) + '…' + slice(datum.label, -11)"
)
"""A label of an axis, shortened in the middle as `shortened` does."""


def largest(frame: pd.DataFrame, measure: Measure, by: str, count: int) -> list[str]:
    """The values with the most users or attempts on any day, of those that have anything to show."""
    size = measure.n_column or measure.column
    most = (
        frame[frame[measure.column].notna()]
        .groupby(by)[size]
        .max()
        .sort_values(ascending=False, kind="stable")
    )
    return [str(value) for value in most.head(count).index]


def extent(frame: pd.DataFrame, measure: Measure) -> tuple[float, float] | None:
    """The least and the greatest value, for charts that share an axis; None when there is none."""
    values = floats(frame[measure.column].dropna())
    return (min(values), max(values)) if values else None


def by_value(
    frame: pd.DataFrame,
    measure: Measure,
    by: str,
    values: Sequence[str],
    *,
    markers: Sequence[Marker] = (),
    span: tuple[float, float] | None = None,
    hidden: Collection[str] = (),
) -> alt.LayerChart:
    """A line for each of a few values, in a single chart."""
    series = [
        Series(value, value, shortened(value, 12), colour, dash)
        for value, (colour, dash) in zip(values, LOOKS, strict=False)
    ]
    parts = [measure_values(frame[frame[by] == line.key], measure, line.key) for line in series]
    return lines(
        together(parts or [measure_values(frame.head(0), measure, "")]),
        series,
        title=f"{measure.title} by {by}",
        unit=measure.unit,
        from_zero=measure.unit != "percent",
        span=span,
        markers=markers,
        hidden=hidden,
    )


def course(
    frame: pd.DataFrame,
    measure: Measure,
    name: str,
    *,
    compared: Compared | None = None,
    markers: Sequence[Marker] = (),
    span: tuple[float, float] | None = None,
    height: int = SMALL_HEIGHT,
) -> alt.LayerChart:
    """A small chart with the line of a single value, its axis shared with others by ``span``."""
    series = Series("value", name, "", BLUE, width=2.4, label="")

    def values(rows: pd.DataFrame) -> Values:
        return measure_values(rows, measure, "value")

    return lines(
        values(frame),
        [series],
        title=f"{measure.title}, {name}",
        unit=measure.unit,
        from_zero=measure.unit != "percent",
        span=span,
        markers=markers,
        compared=None if compared is None else compared.drawn(values),
        height=height,
    )


def ranked(
    frame: pd.DataFrame,
    measure: Measure,
    by: str,
    days: tuple[date, date],
    values: Sequence[str],
    *,
    compared: Compared | None = None,
) -> alt.LayerChart:
    """A bar for each value over some days, the greatest first, with its n and a whisker of its interval.

    ``frame`` has a row a value; the columns of its 95% interval may be absent.
    """
    rows = frame[frame[by].isin(values)]
    rows = rows[rows[measure.column].notna()].sort_values(
        measure.column, ascending=False, kind="stable"
    )
    if rows.empty:
        return nothing()
    shown = pd.DataFrame(
        {
            "name": rows[by].astype(str).to_numpy(),
            "value": floats(rows[measure.column]),
            "exact": [_exact(measure, row) for row in records(rows)],
            "label": [_label(measure, row) for row in records(rows)],
        }
    )
    low, high = (f"{measure.column}{end}" for end in ("_low", "_high"))
    whiskers = low in rows and high in rows
    if whiskers:
        shown = shown.assign(low=floats(rows[low]), high=floats(rows[high]))
        shown["interval"] = [
            f"{measure.text(low)} – {measure.text(high)}"
            for low, high in zip(shown["low"], shown["high"], strict=True)
        ]
    if compared is not None:
        before = compared.rows.set_index(by)[measure.column]
        shown["before"] = floats(shown["name"].map(before).astype("Float64"))
        shown["before_text"] = [measure.text(value) for value in shown["before"]]
    ends = [name for name in ("value", "before", "high") if name in shown]
    shown["end"] = shown[ends].max(axis="columns")
    # Room on the right for the labels at the ends of the bars.
    top = shown["end"].max()
    x = alt.X(
        "value:Q",
        title=None,
        axis=None,
        scale=alt.Scale(domain=[0, top or 1], range=[{"expr": "0"}, {"expr": "width * 0.62"}]),
    )
    y = alt.Y(
        "name:N",
        title=None,
        sort=None,
        axis=alt.Axis(
            labelLimit=170,
            labelExpr=SHORTENED,
            labelPadding=6,
            labelOverlap=False,
            labelFontSize=12,
            ticks=False,
            domain=False,
            **AXIS_WORDS,
        ),
    )
    tips = tooltips(name=by.capitalize(), exact="Value")
    if whiskers:
        tips += tooltips(interval="95%")
    base = alt.Chart(shown).encode(y=y)
    bars = base.mark_bar(color=BLUE, height={"band": 0.68}, aria=False)
    text = base.mark_text(align="left", dx=6, color=TEXT, fontSize=12)
    layers = [
        bars.encode(x=x, tooltip=tips),
        text.encode(x=alt.X("end:Q", title=None), text=alt.Text("label:N")),
    ]
    if whiskers:
        whisker = alt.Chart(shown.dropna(subset=["low", "high"])).mark_rule(
            color=TEXT, strokeWidth=1.4, aria=False
        )
        layers.append(whisker.encode(x=alt.X("low:Q"), x2=alt.X2("high:Q"), y=y, tooltip=tips))
    if compared is not None:
        tip = [*tips, *tooltips(before_text=compared.name.capitalize())]
        ticks = alt.Chart(shown.dropna(subset=["before"])).mark_tick(
            color=TEXT, thickness=2.5, height={"band": 0.9}, aria=False
        )
        layers.append(ticks.encode(x=alt.X("before:Q"), y=y, tooltip=tip))
    sentence = "; ".join(f"{row.name} {row.exact}" for row in each_row(shown.head(8)))
    return layered(
        *layers,
        height=BAR * len(shown) + AROUND_BARS + (NOTE if compared else 0),
        description=f"{measure.title} by {by}, {days_text(*days)}: {sentence}.",
        title=note([f"│ {compared.name}"]) if compared else alt.Undefined,
    )


def measure_values(frame: pd.DataFrame, measure: Measure, series: str) -> Values:
    """Any measure's rows as values to draw, each with its n; a median with its quartiles."""
    exact = [_exact(measure, row) for row in records(frame)]
    return values_drawn(frame, series, frame[measure.column], exact, complete=True)


def _exact(measure: Measure, row: dict[str, Any]) -> str:
    value = row[measure.column]
    if pd.isna(value):
        return ABSENT
    if measure.column == "median_seconds" and "p25_seconds" in row:
        return quartiles_text(row["p25_seconds"], value, row["p75_seconds"], row["connections"])
    basis = measure.n_text(row[measure.n_column]) if measure.n_column else ""
    return f"{measure.text(value)}  ({basis})" if basis else measure.text(value)


def _label(measure: Measure, row: dict[str, Any]) -> str:
    value = measure.text(row[measure.column])
    if not measure.n_column or measure.n_column == measure.column:
        return value
    return f"{value}, n = {written(row[measure.n_column], 'users')}"
