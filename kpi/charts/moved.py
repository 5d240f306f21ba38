"""The change of a KPI between two periods, as steps from the first value to the second."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from kpi.charts.axes import AXIS_WORDS, tooltips
from kpi.charts.breakdown import BAR, SHORTENED
from kpi.charts.layers import layered, note, nothing
from kpi.charts.looks import BLUE, GREY, TEXT, VERMILION
from kpi.meaning.measures import Measure
from kpi.rows import each_row

MOST_STEPS = 8
"""So many of the largest groups have a step of their own; the others are a step together."""

LEAST_SPAN = 1.0
"""The points that a chart covers at least, so that a change of nothing doesn't look like a fall."""

AROUND = 24
THICK, THIN = 0.66, 0.3
"""The heights of behaviour and mix, so that colour isn't all that distinguishes them."""


def waterfall(
    groups: pd.DataFrame, whole: pd.Series, measure: Measure, before: str, after: str
) -> alt.LayerChart:
    """A step for each of the largest groups, from the value of a period to that of another.

    ``groups`` are rows of the table `moved`, the largest change first, ``whole`` is its row of all;
    ``before`` and ``after`` name the periods. A step of a ratio is behaviour (thick) and mix (thin).
    """
    if groups.empty or pd.isna(whole["total"]):
        return nothing()
    steps = _steps(groups, measure)
    split = bool(steps["mix"].notna().any())
    start, end = float(whole["value_before"]), float(whole["value_after"])
    steps["from_"] = start + steps["total"].cumsum().shift(fill_value=0.0)
    steps["turn"] = steps["from_"] + steps["behaviour"].where(steps["mix"].notna(), steps["total"])
    steps["to"] = steps["from_"] + steps["total"]
    ends = pd.DataFrame(
        {
            "name": [before, after],
            "value": [start, end],
            "label": [*map(measure.text, (start, end))],
        }
    )
    names = [before, *steps["name"], after]
    points = np.concatenate([steps[["from_", "turn", "to"]].to_numpy().ravel(), [start, end]])
    low, high = float(np.nanmin(points)), float(np.nanmax(points))
    narrow = max((LEAST_SPAN if measure.unit == "percent" else abs(high) / 50) - (high - low), 0.0)
    pad = 0.04 * (high - low) + narrow / 2 or 1.0
    scale = alt.Scale(
        domain=[low - pad, high + pad],
        range=[{"expr": "0"}, {"expr": "max(40, width - 96)"}],
        nice=False,
        zero=False,
    )
    y = alt.Y(
        "name:N",
        title=None,
        sort=None,
        scale=alt.Scale(domain=names),
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

    def along(column: str) -> alt.X:
        return alt.X(f"{column}:Q", title=None, axis=None, scale=scale)

    tips = tooltips(name="Group", exact="Change", share="Share of people", value="Its value")
    step = alt.Chart(steps).encode(y=y, tooltip=tips)
    thick = step.mark_bar(color=BLUE, height={"band": THICK}, aria=False)
    layers = [
        alt.Chart(pd.DataFrame({"start": [start]}))
        .mark_rule(color=GREY, strokeDash=[2, 3], opacity=0.8, aria=False)
        .encode(x=along("start")),
        thick.encode(x=along("from_"), x2=alt.X2("turn:Q")),
    ]
    if split:
        thin = step.mark_bar(color=VERMILION, height={"band": THIN}, aria=False)
        layers.append(thin.encode(x=along("turn"), x2=alt.X2("to:Q")))
    steps["right"] = steps[["from_", "turn", "to"]].max(axis="columns")
    text = alt.Chart(steps).mark_text(align="left", dx=7, color=TEXT, fontSize=12, aria=False)
    tick = alt.Chart(ends).mark_tick(color=TEXT, thickness=3, height={"band": 0.9}, aria=False)
    value = alt.Chart(ends).mark_text(
        align="left", dx=8, color=TEXT, fontSize=13, fontWeight="bold", aria=False
    )
    layers += [
        text.encode(x=along("right"), y=y, text=alt.Text("label:N")),
        tick.encode(x=along("value"), y=y),
        value.encode(x=along("value"), y=y, text=alt.Text("label:N")),
    ]
    described = "; ".join(f"{row.name} {row.exact}" for row in each_row(steps))
    return layered(
        *layers,
        height=BAR * len(names) + AROUND,
        description=(
            f"{measure.title}, from {measure.text(start)} in {before} to {measure.text(end)} in {after}, "
            f"by groups: {described}."
        ),
        title=note(["thick: behaviour · thin: mix"]) if split else alt.Undefined,
    )


def _steps(groups: pd.DataFrame, measure: Measure) -> pd.DataFrame:
    """A row a step: name, behaviour, mix, total, and its texts."""
    largest, rest = groups.head(MOST_STEPS), groups.iloc[MOST_STEPS:]
    numbers = ["behaviour", "mix", "total", "share_before", "share_after"]
    rows = [
        {
            "name": str(row["group"]),
            **{name: row[name] for name in numbers},
            "value": f"{measure.text(row['value_before'])} → {measure.text(row['value_after'])}",
        }
        for _, row in largest.iterrows()
    ]
    if len(rest):
        sums = {name: rest[name].sum(min_count=1) for name in numbers}
        rows.append({"name": f"{len(rest)} other groups", **sums, "value": ""})
    steps = pd.DataFrame(rows)
    steps[numbers] = steps[numbers].astype("Float64").astype(float)
    steps["label"] = [measure.change_text(total) for total in steps["total"]]
    steps["exact"] = [_exact(measure, row) for _, row in steps.iterrows()]
    steps["share"] = [
        f"{100 * row.share_before:.1f}% → {100 * row.share_after:.1f}%" for row in each_row(steps)
    ]
    return steps


def _exact(measure: Measure, row: pd.Series) -> str:
    total = measure.change_text(row["total"])
    if pd.isna(row["mix"]):
        return total
    parts = (measure.change_text(row[name]) for name in ("behaviour", "mix"))
    return "{} (behaviour {}, mix {})".format(total, *parts)
