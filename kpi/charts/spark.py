"""The course of a measure in small, for a card: its shape and its last point, without axes."""

from __future__ import annotations

import altair as alt
import pandas as pd

from kpi.charts.looks import BLUE, NOTHING_DRAWN
from kpi.measures import Unit, written

SPARK_HEIGHT = 44


def spark(course: pd.Series, unit: Unit) -> alt.LayerChart:
    """Values in order, the last one marked; absent values are gaps."""
    values = course.astype("Float64").reset_index(drop=True)
    known = values.dropna()
    if len(known) < 2:
        empty = alt.Chart(pd.DataFrame({"place": []})).mark_line().encode(x=alt.X("place:Q"))
        return alt.layer(empty).properties(height=SPARK_HEIGHT, description=NOTHING_DRAWN)
    frame = pd.DataFrame(
        {
            "place": known.index,
            "value": known.to_numpy("float64"),
            "run": values.isna().cumsum()[known.index],
        }
    )
    base = alt.Chart(frame).encode(
        x=alt.X("place:Q", axis=None, scale=alt.Scale(nice=False, zero=False, padding=4)),
        y=alt.Y("value:Q", axis=None, scale=alt.Scale(nice=False, zero=False, padding=4)),
    )
    line = base.mark_line(color=BLUE, strokeWidth=1.5, aria=False).encode(detail="run:N")
    last = alt.Chart(frame.tail(1)).mark_point(
        color=BLUE, filled=True, size=30, opacity=1, aria=False
    )
    last = last.encode(x=alt.X("place:Q"), y=alt.Y("value:Q"))
    told = (
        f"Course: {written(known.iloc[-1], unit)} last, between {written(known.min(), unit)} and "
        f"{written(known.max(), unit)}."
    )
    return alt.layer(line, last).properties(
        height=SPARK_HEIGHT,
        padding={"left": 0, "right": 2, "top": 0, "bottom": 0},
        description=told,
        view=alt.ViewConfig(stroke=None),
    )
