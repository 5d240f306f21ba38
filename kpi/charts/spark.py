"""The course of a measure in small, for a card: its shape and its last point, without axes.

An image rather than a chart: a page has as many as cards, and each chart costs a redraw.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import pandas as pd

from kpi.charts.looks import BLUE, difference
from kpi.text import Unit, written

WIDTH, HEIGHT, ROOM = 240, 40, 4


@dataclass(frozen=True)
class Spark:
    """An image as SVG, and the sentence that describes it to a screen reader."""

    svg: str
    sentence: str


def spark(course: pd.Series, unit: Unit) -> Spark | None:
    """Values in order, the last value marked; absent values are gaps. None where most are absent."""
    values = course.astype("Float64").reset_index(drop=True)
    known = values.dropna()
    if len(known) < max(2, len(values) / 2):
        return None
    low, high = float(known.min()), float(known.max())
    value_at = dict(zip(known.index.tolist(), known.tolist(), strict=True))
    first, last = min(value_at), max(value_at)
    across = (WIDTH - 2 * ROOM) / (last - first)
    spread = difference(low, high)

    def place(row: int) -> str:
        x = ROOM + (row - first) * across
        share = (value_at[row] - low) / spread if spread else 0.5
        y = HEIGHT - ROOM - share * (HEIGHT - 2 * ROOM)
        return f"{x:.1f},{y:.1f}"

    runs = groupby(enumerate(value_at), lambda place: place[1] - place[0])
    lines = (" ".join(place(row) for _, row in run) for _, run in runs)
    drawn = "".join(f'<polyline points="{line}"/>' for line in lines)
    x, y = place(last).split(",")
    sentence = (
        f"Course: {written(value_at[last], unit)} last, between {written(low, unit)} and "
        f"{written(high, unit)}."
    )
    return Spark(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" fill="none" '
        f'stroke="{BLUE}" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round">'
        f'{drawn}<circle cx="{x}" cy="{y}" r="2.5" fill="{BLUE}"/></svg>',
        sentence,
    )
