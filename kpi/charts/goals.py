"""The charts of a goal: its figures on one scale, its line in small, and its history with the outlook."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import altair as alt
import numpy as np
import pandas as pd

from kpi.charts.axes import tooltips
from kpi.charts.layers import layered, lines, nothing
from kpi.charts.looks import BLUE, GREY, TEXT, VERMILION, GoalLine, Series
from kpi.charts.values import Values, table_of, texts, together, values_drawn
from kpi.text import Unit, day_text, written

if TYPE_CHECKING:
    from kpi.numbers.annotations import Marker

STRIP_HEIGHT, SPARK_HEIGHT, HISTORY_HEIGHT = 92, 92, 330
# The places of the texts of a strip, in pixels from its top.
ABOVE, MIDDLE, BELOW, LOWEST = 12, 36, 60, 78
# A baseline is a ring, today a dot.
DOTS = alt.Scale(domain=["baseline", "now"], range=[GREY, BLUE])
FILLS = alt.Scale(domain=["baseline", "now"], range=["transparent", BLUE])
NO_AXIS = alt.Axis(labels=False, ticks=False, domain=False, grid=False, title=None)


def scale_strip(
    baseline: float | None,
    now: float,
    target: float,
    ends: tuple[float, float] | None,
    *,
    title: str,
    unit: Unit,
    end: date,
) -> alt.LayerChart:
    """Baseline, now, target and the range the year may end in, on one scale from left to right."""
    values = [value for value in (baseline, now, target, *(ends or ())) if value is not None]
    low, high = min(values), max(values)
    pad = 0.12 * (high - low or abs(high) or 1.0)
    scale = alt.Scale(domain=[low - pad, high + pad], nice=False, zero=False)
    x = alt.X("value:Q", scale=scale, axis=NO_AXIS)
    spans = [((low - pad, high + pad), GREY, 0.5, 1)]
    if ends:
        spans.append((ends, VERMILION, 0.45, 12))
    rules = [
        alt.Chart(table_of({"value": [start], "until": [stop]}))
        .mark_rule(color=colour, opacity=opacity, strokeWidth=width, y=MIDDLE, aria=False)
        .encode(x=x, x2=alt.X2("until:Q"))
        for (start, stop), colour, opacity, width in spans
    ]
    goal = (
        alt.Chart(table_of({"value": [target]}))
        .mark_rule(color=TEXT, strokeWidth=2.5, y=MIDDLE - 13, y2=MIDDLE + 13, aria=False)
        .encode(x=x)
    )
    named = {"baseline": (baseline, LOWEST), "now": (now, ABOVE), "target": (target, BELOW)}
    marks = [(what, value, at) for what, (value, at) in named.items() if value is not None]
    words = table_of(
        {
            "value": [value for _, value, _ in marks],
            "what": [what for what, _, _ in marks],
            "words": [f"{what} {written(value, unit)}" for what, value, _ in marks],
            "at": [at for _, _, at in marks],
            "side": [_side((value - low + pad) / (high - low + 2 * pad)) for _, value, _ in marks],
        }
    )
    label = (
        alt.Chart(words)
        .mark_text(
            align={"expr": "datum.side"},
            y={"expr": "datum.at"},
            baseline="middle",
            fontSize=12,
            color=TEXT,
            aria=False,
        )
        .encode(x=x, text=alt.Text("words:N"))
    )
    dots = (
        alt.Chart(words.slice(0, len(marks) - 1))  # the target is a rule
        .mark_point(size=110, strokeWidth=2, opacity=1, y=MIDDLE, aria=False)
        .encode(
            x=x,
            stroke=alt.Stroke("what:N", scale=DOTS, legend=None),
            fill=alt.Fill("what:N", scale=FILLS, legend=None),
        )
    )
    layers = [*rules, goal, dots, label]
    sentence = f"{title}: now {written(now, unit)}, target {written(target, unit)}"
    if baseline is not None:
        sentence += f", baseline {written(baseline, unit)}"
    if ends is not None:
        sentence += f", {written(ends[0], unit)} to {written(ends[1], unit)} on {day_text(end)}"
    return layered(*layers, height=STRIP_HEIGHT, description=f"{sentence}.")


def goal_spark(
    weeks: pd.Series, target: float | None, *, title: str, unit: Unit, year: int
) -> alt.LayerChart:
    """A goal's weekly values in small, with its line over the year it holds for."""
    known = weeks.dropna()
    if known.empty:
        return nothing(SPARK_HEIGHT)
    is_known = weeks.notna().to_numpy()
    x = alt.X("day:T", axis=NO_AXIS)
    y = alt.Y("value:Q", axis=NO_AXIS, scale=alt.Scale(zero=False, nice=False, padding=6))
    tips = tooltips(week="Week to (UTC)", words=title)
    values = table_of(
        {
            "day": known.index.to_numpy().astype("datetime64[s]"),
            "value": known.to_numpy("float64"),
            "run": np.cumsum(~is_known)[is_known],
            "week": [day_text(day) for day in known.index],
            "words": [written(value, unit) for value in known.tolist()],
        }
    )
    layers = [
        alt.Chart(values)
        .mark_line(color=BLUE, strokeWidth=2, aria=False)
        .encode(x=x, y=y, detail=alt.Detail("run:N"), tooltip=tips),
        alt.Chart(values.slice(len(known) - 1))
        .mark_point(color=BLUE, filled=True, size=50, opacity=1, aria=False)
        .encode(x=x, y=y, tooltip=tips),
    ]
    first, last = known.index[0], known.index[-1]
    start, stop = max(first, pd.Timestamp(year, 1, 1)), min(last, pd.Timestamp(year, 12, 31))
    if target is not None and start <= stop:
        rule = table_of({"day": [start], "until": [stop], "value": [target]})
        layers.append(
            alt.Chart(rule)
            .mark_rule(color=TEXT, strokeDash=[5, 4], strokeWidth=1.2, aria=False)
            .encode(x=x, x2=alt.X2("until:T"), y=y)
        )
    goal = "" if target is None else f"; the goal is {written(target, unit)}"
    sentence = (
        f"{title} by week, {day_text(first)} to {day_text(last)}: {written(known.iloc[-1], unit)} last, "
        f"between {written(known.min(), unit)} and {written(known.max(), unit)}{goal}."
    )
    return layered(*layers, height=SPARK_HEIGHT, description=sentence)


def goal_history(
    days: pd.Series,
    *,
    title: str,
    unit: Unit,
    target: float | None,
    year: int,
    baseline: float | None = None,
    band: tuple[float, float] | None = None,
    base: tuple[date, date] | None = None,
    fan: pd.DataFrame | None = None,
    markers: Sequence[Marker] = (),
) -> alt.LayerChart:
    """A goal's days since its baseline began, the baseline with its band, the target, and the outlook.

    ``days`` are daily values, ``band`` where 80 of 100 days of the baseline lie, ``fan`` the columns
    day, low, middle and high of the weeks to come.
    """
    parts = [_rows(days.index, "history", days.to_numpy("float64"), unit)]
    if baseline is not None and base is not None and len(days):
        # On to the end, so that a reader sees which days the band of the baseline doesn't hold.
        end = date(year, 12, 31) if fan is not None and len(fan) else days.index[-1]
        inside = pd.date_range(max(pd.Timestamp(base[0]), days.index[0]), end)
        if len(inside):
            low, high = band or (np.nan, np.nan)
            parts.append(_rows(inside, "baseline", np.full(len(inside), baseline), unit, low, high))
    if fan is not None and len(fan) and len(days.dropna()):
        parts.append(_fan_rows(days.dropna(), fan, unit, pd.Timestamp(year, 12, 31)))
    goals = []
    if target is not None:
        label = f"Target {written(target, unit)}"
        goals.append(GoalLine(label, target, date(year, 1, 1), date(year, 12, 31)))
    series = [
        Series("history", title, "Now", BLUE, width=1.8),
        Series("baseline", "Baseline", "Base", GREY, (6, 3), width=1.8),
        Series("projection", "Projected", "Proj.", VERMILION, (2, 2), width=1.8),
    ]
    return lines(
        together(parts),
        series,
        title=title,
        unit=unit,
        goals=goals,
        markers=markers,
        height=HISTORY_HEIGHT,
    )


def _side(share: float) -> str:
    """The alignment of a label to its value, so that it stays inside the chart."""
    return "left" if share < 0.3 else "right" if share > 0.7 else "center"


def _rows(
    index: pd.Index,
    key: str,
    value: np.ndarray,
    unit: Unit,
    low: float | np.ndarray = np.nan,
    high: float | np.ndarray = np.nan,
) -> Values:
    def exact(value: float, low: float, high: float) -> str:
        if math.isnan(low):
            return written(value, unit)
        return f"{written(value, unit)}  ({written(low, unit)} to {written(high, unit)})"

    frame = pd.DataFrame({"day": index, "value": value, "low": low, "high": high})
    words = texts(exact, frame["value"], frame["low"], frame["high"])
    return values_drawn(frame, key, frame["value"], words, True, frame["low"], frame["high"])


def _fan_rows(days: pd.Series, fan: pd.DataFrame, unit: Unit, end: pd.Timestamp) -> Values:
    """The outlook by day, straight from one week's end to the next, setting out from today."""
    start = float(days.iloc[-7:].mean())
    known = pd.DataFrame(
        {"low": [start], "middle": [start], "high": [start]}, index=[days.index[-1]]
    )
    weekly = pd.concat([known, fan.set_index("day")])
    daily = weekly.reindex(pd.date_range(weekly.index[0], weekly.index[-1])).interpolate()
    daily = daily[daily.index <= end]
    return _rows(
        daily.index,
        "projection",
        daily["middle"].to_numpy(),
        unit,
        daily["low"].to_numpy(),
        daily["high"].to_numpy(),
    )
