"""Labels at the ends of the lines, moved apart where they would touch."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from kpi.charts.axes import ValueAxis, looks
from kpi.charts.looks import AXIS_HEIGHT, LABEL_GAP, TEXT, WIDE, GoalLine, Series
from kpi.text import Unit, day_text, written

LONGEST_LABEL, LONGEST_TITLE = 24, 36
"""Characters of a name beside a bar and beside a line, so that the plot has room at 1,000 pixels."""


def label_texts(
    ends: pd.DataFrame,
    series: Sequence[Series],
    unit: Unit,
    latest: pd.Timestamp,
    goals: Sequence[GoalLine] = (),
) -> pd.DataFrame:
    """Each series' last day and value, and its label in full and in short; then those of goals."""
    ends = ends.groupby("series").tail(1).set_index("series")
    named = [line for line in series if line.key in ends.index]
    keys = [line.key for line in named]
    values, days = ends.loc[keys, "value"].tolist(), ends.loc[keys, "day"].tolist()
    texts = [written(value, unit) for value in values]
    # A value of an earlier day carries its date.
    texts = [
        text if day == latest else f"{text}, {day_text(day).rsplit(' ', 1)[0]}"
        for text, day in zip(texts, days, strict=True)
    ]
    full = [
        shortened(line.title, LONGEST_TITLE) if line.label is None else line.label for line in named
    ]
    short = [line.short if line.label is None else line.label for line in named]
    return pd.DataFrame(
        {
            "day": [*days, *(pd.NaT for _ in goals)],
            "series": [*(line.key for line in named), *(None for _ in goals)],
            "value": [*values, *(float(goal.value) for goal in goals)],
            "full": [*_joined(full, texts), *(goal.label for goal in goals)],
            "short": [*_joined(short, texts), *(goal.short or goal.label for goal in goals)],
        }
    )


def shortened(name: str, longest: int = LONGEST_LABEL) -> str:
    """The name, shortened in the middle, so that names that begin alike differ."""
    if len(name) <= longest:
        return name
    end = (longest - 1) // 2
    return f"{name[: longest - 1 - end]}…{name[-end:]}"


def _joined(names: Sequence[str], texts: Sequence[str]) -> list[str]:
    return [f"{name} {text}".strip() for name, text in zip(names, texts, strict=True)]


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
