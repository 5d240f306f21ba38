"""Labels at the ends of the lines, moved apart where they would touch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import numpy as np
import pandas as pd
import pyarrow as pa

from kpi.charts.axes import ValueAxis, looks
from kpi.charts.looks import AXIS_HEIGHT, LABEL_GAP, WIDE, GoalLine, Series, ink
from kpi.charts.values import Values
from kpi.text import Unit, day_text, shortened, written

GROWTHS = (1, 2, 3, 4)
"""The heights for which labels are placed, in heights of a chart on a page."""

LONGEST_LABEL, LONGEST_TITLE = 24, 36
"""Characters of a name beside a bar and beside a line, so that the plot has room at 1,000 pixels."""


@dataclass(frozen=True)
class Label:
    """The words beside the end of a line, in full and in short; a goal has no day and no series."""

    day: np.datetime64 | None
    series: str | None
    value: float
    full: str
    short: str
    ink: str


def line_labels(
    ends: Values,
    series: Sequence[Series],
    unit: Unit,
    latest: np.datetime64,
    goals: Sequence[GoalLine] = (),
) -> list[Label]:
    """The label of each line, at its last of ``ends``, then those of goals.

    ``ends`` are in the order of days. A value of an earlier day than ``latest`` carries its date.
    """
    labels = []
    for line in series:
        mine = ends.of([line.key])
        if len(mine):
            day, value = mine.day[-1], float(mine.value[-1])
            date = "" if day == latest else f", {day_text(day.item()).rsplit(' ', 1)[0]}"
            text = f"{written(value, unit)}{date}"
            names = (shortened(line.title, LONGEST_TITLE), line.short)
            names = names if line.label is None else (line.label, line.label)
            full, short = (f"{name} {text}".strip() for name in names)
            labels.append(Label(day, line.key, value, full, short, ink(line.colour)))
    labels += [
        Label(None, None, float(goal.value), goal.label, goal.short or goal.label, goal.colour)
        for goal in goals
    ]
    return labels


def labels_beside(
    labels: Sequence[Label],
    series: Sequence[Series],
    axis: ValueAxis,
    last: pd.Timestamp,
    height: int,
) -> list[alt.Chart]:
    """The labels at the ends of the lines, moved apart where they would touch.

    They are placed for several heights: lines that touch on the page lie apart in full screen.
    """
    plots = [growth * (height - AXIS_HEIGHT) for growth in GROWTHS]
    above = [1 - axis.share_below(label.value) for label in labels]
    places = {
        f"at_{plot}": [
            pixels / plot for pixels in apart([plot * share for share in above], LABEL_GAP, plot)
        ]
        for plot in plots
    }
    *less, most = places
    choice = "".join(
        f"height < {plot} ? datum.{at} : " for plot, at in zip(plots[1:], less, strict=True)
    )
    ends = [label for label in labels if label.series is not None]
    at_ends = pa.table(
        {
            "day": np.array([label.day for label in ends], dtype="datetime64[s]"),
            "series": [label.series for label in ends],
            "value": [label.value for label in ends],
        }
    )
    point = (
        alt.Chart(at_ends)
        .mark_point(filled=True, size=34, opacity=1, aria=False)
        .encode(x=alt.X("day:T"), y=axis.bare(), color=looks(series)["color"])
    )
    placed = pa.table(
        {
            "last": np.full(len(labels), last.to_numpy().astype("datetime64[s]")),
            **{
                name: pa.array([getattr(label, name) for label in labels], pa.string())
                for name in ("series", "full", "short", "ink")
            },
            **places,
        }
    )
    text = (
        alt.Chart(placed)
        .mark_text(
            align="left",
            baseline="middle",
            dx=10,
            fontSize=12,
            color={"expr": "datum.ink"},
            text={"expr": f"width < {WIDE} ? datum.short : datum.full"},
            y={"expr": f"height * ({choice}datum.{most})"},
        )
        .encode(x=alt.X("last:T"))
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
