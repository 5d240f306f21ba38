"""Labels at the ends of the lines, moved apart where they would touch."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from kpi.charts.axes import ValueAxis, looks
from kpi.charts.looks import AXIS_HEIGHT, LABEL_GAP, TEXT, WIDE, GoalLine, Series
from kpi.meaning.measures import Unit, day_text, written


def label_texts(
    ends: pd.DataFrame,
    series: Sequence[Series],
    unit: Unit,
    latest: pd.Timestamp,
    goals: Sequence[GoalLine] = (),
) -> pd.DataFrame:
    """Each series' last day and value, and its label in full and in short; then those of goals."""
    ends = ends.groupby("series").tail(1).set_index("series")
    named = [one for one in series if one.key in ends.index]
    keys = [one.key for one in named]
    values, days = ends.loc[keys, "value"].tolist(), ends.loc[keys, "day"].tolist()
    told = [written(value, unit) for value in values]
    # A value of an earlier day isn't passed off as the latest.
    told = [
        text if day == latest else f"{text}, {day_text(day).rsplit(' ', 1)[0]}"
        for text, day in zip(told, days, strict=True)
    ]
    full = [one.title if one.label is None else one.label for one in named]
    short = [one.short if one.label is None else one.label for one in named]
    return pd.DataFrame(
        {
            "day": [*days, *(pd.NaT for _ in goals)],
            "series": [*(one.key for one in named), *(None for _ in goals)],
            "value": [*values, *(float(goal.value) for goal in goals)],
            "full": [*_joined(full, told), *(goal.label for goal in goals)],
            "short": [*_joined(short, told), *(goal.short or goal.label for goal in goals)],
        }
    )


def _joined(names: Sequence[str], told: Sequence[str]) -> list[str]:
    return [f"{name} {text}".strip() for name, text in zip(names, told, strict=True)]


def labels_beside(
    labels: pd.DataFrame,
    series: Sequence[Series],
    axis: ValueAxis,
    last: pd.Timestamp,
    height: int,
) -> list[alt.Chart]:
    """The labels at the ends of the lines, moved apart where they would touch."""
    plot = height - AXIS_HEIGHT
    wanted = [plot * (1 - axis.share_below(value)) for value in labels["value"]]
    beside = [axis.value_at(1 - pixels / plot) for pixels in apart(wanted, LABEL_GAP, plot)]
    placed = labels.assign(beside=beside, last=last)
    ends = alt.Chart(labels.loc[labels["series"].notna(), ["day", "series", "value"]])
    point = ends.mark_point(filled=True, size=34, opacity=1, aria=False).encode(
        x=alt.X("day:T"), y=axis.bare(), color=looks(series)["color"]
    )
    text = (
        alt.Chart(placed[["last", "series", "beside", "full", "short"]])
        .mark_text(
            align="left",
            baseline="middle",
            dx=10,
            fontSize=12,
            color=TEXT,
            text={"expr": f"width < {WIDE} ? datum.short : datum.full"},
        )
        .encode(x=alt.X("last:T"), y=axis.bare("beside"))
    )
    return [point, text]


def apart(wanted: Sequence[float], gap: float, height: float) -> list[float]:
    """Places at least a gap apart, as near as can be to those wanted and within the height."""
    order = sorted(range(len(wanted)), key=lambda place: wanted[place])
    blocks: list[tuple[float, int]] = []
    for place in order:
        centre, count = wanted[place], 1
        # Neighbours that touch become one block around their common centre.
        while blocks and centre - blocks[-1][0] < gap * (count + blocks[-1][1]) / 2:
            before, many = blocks.pop()
            centre = (centre * count + before * many) / (count + many)
            count += many
        room = (count - 1) * gap / 2
        blocks.append((min(max(centre, room), max(room, height - room)), count))
    spread = [
        centre + (k - (count - 1) / 2) * gap for centre, count in blocks for k in range(count)
    ]
    placed = [0.0] * len(order)
    for place, pixels in zip(order, spread, strict=True):
        placed[place] = pixels
    return placed
