"""Axes: round values at the side, months or days below, and room for the labels on the right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np
import pandas as pd

from kpi.charts.looks import (
    AROUND_LABEL,
    CHARACTER,
    GREY,
    TEXT,
    USUAL_TAIL,
    WIDE,
    GoalLine,
    Series,
    difference,
)
from kpi.text import Unit

if TYPE_CHECKING:
    from kpi.charts.labels import Label
    from kpi.charts.values import Values

AXIS_WORDS: dict[str, Any] = {"labelColor": TEXT, "labelOpacity": 0.78}
"""An axis' text: paler than labels, with a contrast of 4.5:1 in both themes."""

LEAST = 0.001
"""The least value of a logarithmic axis, in seconds."""


@dataclass(frozen=True)
class ValueAxis:
    """The span of values a chart shows, its ticks, and whether it is logarithmic."""

    ticks: tuple[float, ...]
    log: bool

    @property
    def low(self) -> float:
        """The value at the bottom."""
        return self.ticks[0]

    @property
    def high(self) -> float:
        """The value at the top."""
        return self.ticks[-1]

    @property
    def scale(self) -> alt.Scale:
        """From bottom to top; every layer needs it, or its own values would widen the axis."""
        return alt.Scale(
            type="log" if self.log else "linear", domain=[self.low, self.high], nice=False
        )

    def bare(self, column: str = "value") -> alt.Y:
        """A column of values on this axis, which another layer draws."""
        return alt.Y(f"{column}:Q", title=None, scale=self.scale)

    def encoding(self, column: str, unit: Unit) -> alt.Y:
        """A column of values on this axis, drawn with ticks and grid."""
        digits = 0 if all(float(tick).is_integer() for tick in self.ticks) else 1
        number = f"format(datum.value, ',.{digits}f')"
        if self.log and self.low < 0.1:
            number = "format(datum.value, ',.3~f')"
        suffix = {"percent": " + '%'", "seconds": " + ' s'"}.get(unit, "")
        axis = alt.Axis(
            values=list(self.ticks),
            labelExpr=f"{number}{suffix}",
            labelPadding=6,
            gridOpacity=0.7,
            **AXIS_WORDS,
        )
        return alt.Y(f"{column}:Q", title=None, axis=axis, scale=self.scale)

    def share_below(self, value: float) -> float:
        """The place of a value between bottom (0) and top (1)."""
        bend = math.log if self.log else float
        return (bend(value) - bend(self.low)) / (bend(self.high) - bend(self.low))


def day_scale(first: pd.Timestamp, last: pd.Timestamp, labels: Sequence[Label]) -> alt.Scale:
    """Days over the width, leaving room on the right for the labels at the line ends."""
    short, full = (
        math.ceil(max(map(len, texts)) * CHARACTER + AROUND_LABEL)
        for texts in zip(*((label.short, label.full) for label in labels), strict=True)
    )
    room = f"(width < {WIDE} ? {short} : {full})"
    end = last if last > first else first + pd.Timedelta(days=1)
    return alt.Scale(
        type="time",
        domain=[moment(first), moment(end)],
        range=[{"expr": "0"}, {"expr": f"max(60, width - {room})"}],
        nice=False,
    )


def day_axis(first: pd.Timestamp, last: pd.Timestamp) -> alt.Axis:
    """Months, or days in a short period; the year is written below January and the first tick."""
    days = (last - first).days
    if days > 100:
        every = 1 if days < 400 else 3 if days < 1200 else 12
        months = np.arange(np.datetime64(first, "M"), np.datetime64(last, "M") + 1).tolist()
        starts = [
            month for month in months if month >= first.date() and (month.month - 1) % every == 0
        ]
        name = "timeFormat(datum.value, '%b')"
    else:
        every = 1 if days < 8 else 7 if days < 60 else 14
        starts = np.arange(np.datetime64(first, "D"), np.datetime64(last, "D") + 1, every).tolist()
        name = "timeFormat(datum.value, '%-d %b')"
    year = "timeFormat(datum.value, '%Y')"
    first_of_year = "timeFormat(datum.value, '%j') == '001'"
    return alt.Axis(
        values=[moment(start) for start in starts],
        labelExpr=f"datum.index == 0 || {first_of_year} ? [{name}, {year}] : {name}",
        labelFlush=False,
        labelOverlap="greedy",
        labelPadding=4,
        grid=False,
        ticks=True,
        tickSize=4,
        tickColor=GREY,
        domain=True,
        domainColor=GREY,
        domainOpacity=0.5,
        **AXIS_WORDS,
    )


def moment(day: date) -> alt.DateTime:
    """A day as Vega writes it."""
    return alt.DateTime(year=day.year, month=day.month, date=day.day)


def value_axis(
    drawn: Values,
    goals: Sequence[GoalLine],
    from_zero: bool,
    log: bool,
    span: tuple[float, float] | None = None,
) -> ValueAxis:
    """The axis that shows all values and goals, and at least ``span``."""
    targets = [goal.value for goal in goals] + list(span or ())
    low = min(_least(drawn.value), _least(drawn.low), *targets, math.inf)
    high = max(-_least(-drawn.value), -_least(-drawn.high), *targets, -math.inf)
    if log:
        return ValueAxis(log_ticks(low, high), log)
    tails = drawn.high[~np.isnan(drawn.high)]
    if len(tails):
        # A few days of heavy tails would press every median to the floor.
        high = max(float(np.quantile(tails, USUAL_TAIL)), -_least(-drawn.value), *targets)
    if from_zero:
        low = min(low, 0.0)
    step = _round_step((difference(low, high) or abs(high) or 1.0) / 5)
    lowest, highest = math.floor(low / step), math.ceil(high / step)
    count = range(lowest, max(highest, lowest + 1) + 1)
    return ValueAxis(tuple(round(step * number, 10) for number in count), log)


def _least(numbers: np.ndarray) -> float:
    """The least of the numbers that aren't absent; infinite of none."""
    return float(np.min(numbers[~np.isnan(numbers)], initial=math.inf))


def least_positive(drawn: Values) -> float:
    """The least positive value, at least 1 ms: where a logarithmic axis draws zeros."""
    numbers = np.concatenate([drawn.value, drawn.low, drawn.high])
    positive = numbers[numbers > 0]
    return max(float(positive.min()), LEAST) if len(positive) else LEAST


def log_ticks(low: float, high: float) -> tuple[float, ...]:
    """Ticks at 1, 2, 5 and their tenfolds, from at most the lowest value to at least the highest."""
    steps = [by * 10.0**power for power in range(-3, 7) for by in (1, 2, 5)]
    bottom = max((s for s in steps if s <= low), default=steps[0])
    top = min((s for s in steps if s >= high and s > bottom), default=steps[-1])
    return tuple(s for s in steps if bottom <= s <= top)


def _round_step(step: float) -> float:
    """The next of 1, 2, 2.5, 5 and their tenfolds."""
    size = 10.0 ** math.floor(math.log10(step))
    return next(size * by for by in (1, 2, 2.5, 5, 10) if size * by >= step * (1 - 1e-9))


def tooltips(**titles: str) -> list[alt.Tooltip]:
    """The text columns that a tooltip shows, each with its title."""
    return [alt.Tooltip(f"{column}:N", title=title) for column, title in titles.items()]


def looks(series: Sequence[Series]) -> dict[str, Any]:
    names = [line.key for line in series]
    colours = alt.Scale(domain=names, range=[line.colour for line in series])
    dashes = alt.Scale(domain=names, range=[list(line.dash) for line in series])
    widths = alt.Scale(type="ordinal", domain=names, range=[line.width for line in series])
    return {
        "color": alt.Color("series:N", scale=colours, legend=None),
        "dash": alt.StrokeDash("series:N", scale=dashes, legend=None),
        "width": alt.StrokeWidth("series:N", scale=widths, sort=names, legend=None),
    }
