"""Labels at the ends of the lines, moved apart where they would touch."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from kpi.charts.axes import ValueAxis, looks
from kpi.charts.looks import AXIS_HEIGHT, LABEL_GAP, WIDE, GoalLine, Series, ink
from kpi.rows import each_row
from kpi.text import Unit, day_text, shortened, written

GROWTHS = (1, 2, 3, 4)
"""The heights for which labels are placed, in heights of a chart on a page."""

LONGEST_LABEL, LONGEST_TITLE = 24, 36
"""Characters of a name beside a bar and beside a line, so that the plot has room at 1,000 pixels."""


def label_texts(
    ends: pd.DataFrame,
    series: Sequence[Series],
    unit: Unit,
    latest: pd.Timestamp,
    goals: Sequence[GoalLine] = (),
) -> pd.DataFrame:
    """Each series' last day and value, its label in full, in short and its colour; then those of goals."""
    last = {row.series: row for row in each_row(ends)}
    rows: list[tuple[object, ...]] = []
    for line in series:
        if line.key in last:
            end = last[line.key]
            # A value of an earlier day carries its date.
            date = "" if end.day == latest else f", {day_text(end.day).rsplit(' ', 1)[0]}"
            text = f"{written(end.value, unit)}{date}"
            names = (shortened(line.title, LONGEST_TITLE), line.short)
            names = names if line.label is None else (line.label, line.label)
            labels = (f"{name} {text}".strip() for name in names)
            rows.append((end.day, line.key, end.value, *labels, ink(line.colour)))
    rows += [(None, None, float(g.value), g.label, g.short or g.label, g.colour) for g in goals]
    return pd.DataFrame(rows, columns=["day", "series", "value", "full", "short", "ink"])


def labels_beside(
    labels: pd.DataFrame,
    series: Sequence[Series],
    axis: ValueAxis,
    last: pd.Timestamp,
    height: int,
) -> list[alt.Chart]:
    """The labels at the ends of the lines, moved apart where they would touch.

    They are placed for several heights: lines that touch on the page lie apart in full screen.
    """
    plots = [growth * (height - AXIS_HEIGHT) for growth in GROWTHS]
    above = [1 - axis.share_below(value) for value in labels["value"]]
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
    placed = labels.assign(last=last, **places)
    ends = alt.Chart(labels.loc[labels["series"].notna(), ["day", "series", "value"]])
    point = ends.mark_point(filled=True, size=34, opacity=1, aria=False).encode(
        x=alt.X("day:T"), y=axis.bare(), color=looks(series)["color"]
    )
    text = (
        alt.Chart(placed[["last", "series", "full", "short", "ink", *places]])
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
