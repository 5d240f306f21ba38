"""Sizes and colours of every chart, and the classes for a series, a goal and compared rows.

Colours have a contrast of 3:1 or more in both themes; each series has a dash and a label besides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pandas as pd

from kpi.text import Unit, written

if TYPE_CHECKING:
    from kpi.charts.values import Values
    from kpi.numbers.annotations import Marker

HEIGHT = 300
# The height of the axis of days and of the padding.
AXIS_HEIGHT = 44
PADDING = {"left": 2, "right": 2, "top": 6, "bottom": 4}
LABEL_GAP = 15
# Labels at the line ends are short below this width of the plot, in full above it.
WIDE = 480
# On a linear axis, bands are cut above this quantile of their upper ends.
USUAL_TAIL = 0.95
# The greatest width of a label's character in pixels, and the room around a label.
CHARACTER, AROUND_LABEL = 6.4, 18

# Okabe and Ito's palette without the colours that fade on white or on black; grey for black.
BLUE, VERMILION, GREEN, PURPLE, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#7F7F7F"
# Lines in the same chart, each in a colour and a dash of its own.
LOOKS = (
    (BLUE, (1, 0)),
    (VERMILION, (7, 3)),
    (GREEN, (2, 2)),
    (PURPLE, (9, 3, 2, 3)),
    (GREY, (4, 4)),
)
MOST_LINES = len(LOOKS)
# The page's own text colour reads on its own background, in either theme.
TEXT = "currentColor"
# Words in a line's colour: as much of it as leaves 4.5:1 on either theme's background, the rest text.
INK_SHARE = 75
SOLID: tuple[int, ...] = (1, 0)

NOTHING_DRAWN = "No values in this period."


@dataclass(frozen=True)
class Series:
    """One line: the key of its rows, its names (in full, and for narrow charts) and its looks.

    ``label`` replaces both names at the end of the line.
    """

    key: str
    title: str
    short: str
    colour: str
    dash: tuple[int, ...] = SOLID
    width: float = 2.0
    label: str | None = None


@dataclass(frozen=True)
class GoalLine:
    """A target value, drawn over the days it holds for; without days, over the whole chart.

    ``short`` is its label where the chart is narrow, ``colour`` the label's.
    """

    label: str
    value: float
    first: date | None = None
    last: date | None = None
    short: str = ""
    colour: str = TEXT


@dataclass(frozen=True)
class GoalCurve:
    """A target that changes from day to day, in one colour.

    ``label`` is its name in full, ``end`` and ``short`` that at its end, in full and in short.
    """

    label: str
    colour: str
    values: Values
    end: str
    short: str

    def at_end(self, unit: Unit) -> list[GoalLine]:
        """Its last value, as a goal that is named beside the chart; none without values."""
        return [
            GoalLine(
                f"{self.end} {written(value, unit)}",
                value,
                short=f"{self.short} {written(value, unit)}",
                colour=ink(self.colour),
            )
            for value in self.values.value[-1:]
        ]


@dataclass(frozen=True)
class Compared:
    """Rows of the days ``shift`` before, each under the day that it is compared with.

    They are drawn pale and called ``name``; ``markers`` are on their own days.
    """

    name: str
    rows: pd.DataFrame
    markers: Sequence[Marker] = ()
    shift: timedelta = timedelta(0)

    def drawn(self, values: Callable[[pd.DataFrame], Values]) -> ComparedValues:
        """The values that a chart draws of the rows."""
        return ComparedValues(self.name, values(self.rows), self.markers, self.shift)


@dataclass(frozen=True)
class ComparedValues:
    """The values of `Compared` rows, as a chart draws them."""

    name: str
    values: Values
    markers: Sequence[Marker]
    shift: timedelta


@dataclass(frozen=True)
class Days:
    """Values of days, drawn thin behind lines that smooth them; ``smoothing`` names what the lines are.

    A point of the lines is about the ``span`` days that end with its day.
    """

    values: Values
    smoothing: str
    span: int = 1

    def of(self, series: Sequence[Series]) -> list[Series]:
        """The lines that have values of days."""
        return [entry for entry in series if entry.key in self.values.series]


def ink(colour: str) -> str:
    """A line's colour as that of words: darker on a light page, lighter on a dark page, in the same hue."""
    return f"color-mix(in srgb, {colour} {INK_SHARE}%, {TEXT})"


def goal_days(goal: GoalLine, first: pd.Timestamp, last: pd.Timestamp) -> list[pd.Timestamp]:
    """The goal's first and last day within the chart, or none when it holds for other days."""
    start = max(first, pd.Timestamp(goal.first)) if goal.first else first
    end = min(last, pd.Timestamp(goal.last)) if goal.last else last
    return [start, end] if start <= end else []


def difference(low: float, high: float) -> float:
    """The distance of two values; 0 where they differ by a rounding error only."""
    return high - low if high - low > 1e-9 * max(abs(low), abs(high)) else 0.0
