"""Labels at the ends of the lines, moved apart where they would touch."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from kpi.charts.axes import ValueAxis
from kpi.charts.looks import AXIS_HEIGHT, LABEL_GAP, TEXT, WIDE, Series, looks
from kpi.measures import Unit, day_text, written


def label_texts(
    ends: pd.DataFrame, series: Sequence[Series], unit: Unit, latest: pd.Timestamp
) -> pd.DataFrame:
    """Each series' last day and value, and its label in full and in short."""
    ends = ends.groupby("series").tail(1).set_index("series")
    named = [one for one in series if one.key in ends.index]
    values = [ends.at[one.key, "value"] for one in named]
    days = [ends.at[one.key, "day"] for one in named]
    told = [written(value, unit) for value in values]
    # A value of an earlier day isn't passed off as the latest.
    told = [
        text if day == latest else f"{text}, {day_text(day).rsplit(' ', 1)[0]}"
        for text, day in zip(told, days, strict=True)
    ]
    return pd.DataFrame(
        {
            "day": days,
            "series": [one.key for one in named],
            "value": values,
            "full": [f"{one.title} {text}" for one, text in zip(named, told, strict=True)],
            "short": [f"{one.short} {text}" for one, text in zip(named, told, strict=True)],
        }
    )


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
    base = alt.Chart(labels.assign(beside=beside, last=last))
    point = base.mark_point(filled=True, size=34, opacity=1, aria=False).encode(
        x=alt.X("day:T"), y=alt.Y("value:Q"), color=looks(series)["color"]
    )
    text = base.mark_text(
        align="left",
        baseline="middle",
        dx=10,
        fontSize=12,
        color=TEXT,
        text={"expr": f"width < {WIDE} ? datum.short : datum.full"},
    ).encode(x=alt.X("last:T"), y=alt.Y("beside:Q"))
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
