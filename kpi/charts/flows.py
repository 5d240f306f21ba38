"""Flows of monthly users by week, those who come above the line; and users who come back in week 4."""

from __future__ import annotations

import altair as alt
import pandas as pd

from kpi.charts.axes import AXIS_WORDS, day_axis, moment, tooltips
from kpi.charts.layers import layered, nothing, over_days
from kpi.charts.looks import BLUE, GREEN, GREY, HEIGHT, PURPLE, TEXT, VERMILION, Series
from kpi.charts.values import Values, percent_text, table_of, texts, values_drawn
from kpi.text import day_text, days_text, written

FLOWS = {
    "new": ("New", 1, BLUE),
    "returned": ("Returned", 1, GREEN),
    "moved_in": ("Moved in", 1, PURPLE),
    "lapsed": ("Lapsed", -1, VERMILION),
    "moved_out": ("Moved out", -1, GREY),
}
"""The columns of `growth`: name, direction and colour, from the line outwards."""


def flows(frame: pd.DataFrame) -> alt.LayerChart:
    """A bar a week of `growth`: new, returned and moved in upwards, lapsed and moved out downwards.

    Flows that are 0 in every week are left out; hidden ones are absent, never 0.
    """
    present = [name for name in FLOWS if (frame[name].fillna(0) > 0).any()]
    if not present:
        return nothing()
    rows = frame.melt(["day"], present, "flow", "users").dropna(subset=["users"])
    rows["name"] = rows["flow"].map(lambda flow: FLOWS[flow][0])
    rows["signed"] = rows["users"].astype(float) * rows["flow"].map(lambda flow: FLOWS[flow][1])
    rows["place"] = rows["flow"].map(list(FLOWS).index)
    rows["exact"] = [written(users, "users") for users in rows["users"]]
    rows["week"] = [f"week to {day_text(day.date())}" for day in rows["day"]]
    rows = rows[["day", "name", "signed", "place", "exact", "week"]]
    first, last = frame["day"].min(), frame["day"].max()
    beside = pd.Timedelta(days=4)  # room for half a bar
    scale = alt.Scale(type="time", domain=[moment(first - beside), moment(last + beside)])
    colours = alt.Scale(
        domain=[FLOWS[flow][0] for flow in present], range=[FLOWS[flow][2] for flow in present]
    )
    legend = alt.Legend(orient="top", title=None, labelColor=TEXT, symbolType="square")
    bars = (
        alt.Chart(rows)
        .mark_bar(aria=False, width={"expr": f"max(2, 0.62 * width / {len(frame) + 1})"})
        .encode(
            x=alt.X("day:T", title=None, axis=day_axis(first, last), scale=scale),
            y=alt.Y(
                "signed:Q",
                title=None,
                stack="zero",
                axis=alt.Axis(
                    labelExpr="format(abs(datum.value), ',.0f')",
                    **AXIS_WORDS,
                    gridOpacity=0.7,
                    tickCount=6,
                ),
            ),
            color=alt.Color("name:N", scale=colours, legend=legend),
            order=alt.Order("place:Q"),
            tooltip=tooltips(week="Week", name="Users", exact="Number"),
        )
    )
    line = alt.Chart(table_of({"zero": [0]})).mark_rule(color=TEXT, aria=False)
    sums = {name: frame[name].sum(min_count=1) for name in present}
    described = ", ".join(f"{written(n, 'users')} {FLOWS[k][0].lower()}" for k, n in sums.items())
    return layered(
        bars,
        line.encode(y="zero:Q"),
        height=HEIGHT,
        description=(
            f"Flows of monthly users by week, {days_text(first.date(), last.date())}: {described}; those who "
            "come are above the line, those who go below."
        ),
    )


RETENTION_SERIES = (
    Series("all", "All users", "All", BLUE, width=2.6),
    Series("new", "New accounts", "New", VERMILION, (7, 3)),
)


def retention(frame: pd.DataFrame, new: pd.DataFrame | None = None) -> alt.LayerChart:
    """The share of each day's users who were active again 21 to 27 days later, and that of ``new`` accounts.

    Frames are `growth.retention`. Percent. Source: design, section 4b.
    """

    def values(rows: pd.DataFrame, complete: bool = True, series: str = "all") -> Values:
        share, back, users = (
            rows[name] for name in ("retention_percent", "returned_week_4", "users")
        )
        exact = texts(percent_text, share, back, users)
        return values_drawn(rows, series, share, exact, complete)

    others = [] if new is None else [values(new, series="new")]
    return over_days(
        values, frame, RETENTION_SERIES, others=others, title="Back in week 4", unit="percent"
    )
