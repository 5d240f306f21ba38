"""The layers of a chart over days: markers, goals, bands, lines, lonely points, the incomplete end,
labels at the line ends, and a rule that follows the pointer.

A frame of values has one row per day and series: day, series, value, low, high (a band, or absent),
exact (the tooltip) and complete (whether the day is). A value that is absent breaks its
line; nothing is joined over a gap or drawn as zero. Colours have a contrast of
3:1 or more in both themes, and each series has a dash and a label of its own besides.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from textwrap import wrap
from typing import TYPE_CHECKING, Any, TypedDict, cast

import altair as alt
import numpy as np
import pandas as pd

from kpi.charts.axes import (
    DRAWN,
    ValueAxis,
    day_axis,
    day_scale,
    least_positive,
    looks,
    raised,
    value_axis,
)
from kpi.charts.labels import label_texts, labels_beside
from kpi.charts.looks import (
    HEIGHT,
    NOTHING_DRAWN,
    PADDING,
    TEXT,
    Compared,
    Days,
    GoalCurve,
    GoalLine,
    Series,
    goal_days,
)
from kpi.charts.markers import SIGN, TITLE, MarkedDay, compared_flags, flags, marked_days, rules
from kpi.charts.values import together
from kpi.meaning.definitions import MONTH, WEEK
from kpi.text import ABSENT, Unit, day_text, days_text, quantity, written

if TYPE_CHECKING:
    from kpi.numbers.annotations import Marker


POINTED, STRIPES = "day_pointed_at", "stripes"
NOTE_WIDTH, NOTE_LINE = 58, 14
"""The most characters of a line above the plot, which a phone has room for, and its height in pixels."""

DAY = np.timedelta64(1, "D")


def lines(
    values: pd.DataFrame,
    series: Sequence[Series],
    *,
    title: str,
    unit: Unit,
    from_zero: bool = False,
    log: bool = False,
    goals: Sequence[GoalLine] = (),
    markers: Sequence[Marker] = (),
    compared: Compared | None = None,
    curves: Sequence[GoalCurve] = (),
    height: int = HEIGHT,
    span: tuple[float, float] | None = None,
    hidden: Collection[str] = (),
    days_behind: Days | None = None,
) -> alt.LayerChart:
    """A chart of values over days, one line per series that has any, described in one sentence.

    ``compared`` has the values of other days, drawn pale under the days they belong to; ``curves`` are
    goals that change from day to day; ``span`` widens the axis to values of another chart. Lines of the keys
    ``hidden`` are left out. ``days_behind`` are drawn thin, and don't widen the axis.
    """
    with_values = set(values.dropna(subset=["value"])["series"]) - set(hidden)
    series = [entry for entry in series if entry.key in with_values]
    keys = [entry.key for entry in series]
    values = with_runs(values[values["series"].isin(keys)])
    if not series:
        return nothing(height)
    drawn = values.dropna(subset=["value"])
    exact = drawn[drawn["complete"]]
    behind = values.head(0)
    if days_behind is not None:
        behind = days_behind.values
        behind = with_runs(behind[behind["series"].isin(keys)])
    every_day = pd.concat([values["day"], behind["day"]])
    first, last = every_day.min(), every_day.max()
    goals = [goal for goal in goals if goal_days(goal, first, last)]
    pale = values.head(0) if compared is None else _pale(compared.rows, keys, first, last)
    extent = pd.concat([drawn, pale, *(curve.values for curve in curves)], ignore_index=True)
    notes: list[str] = []
    if log:
        floor = least_positive(extent)
        notes += _floor_note(extent, floor, unit)
        values, drawn, pale, extent, behind = (
            raised(frame, floor) for frame in (values, drawn, pale, extent, behind)
        )
        span = span and (max(span[0], floor), max(span[1], floor))
    complete = drawn[drawn["complete"]]
    axis = value_axis(extent, goals, from_zero, log, span)
    look = looks(series)
    latest = values.loc[values["complete"], "day"].max() if len(complete) else last
    lasting = [goal for goal in goals if goal_days(goal, first, last)[1] == last]
    ends = exact if len(exact) else values.dropna(subset=["value"])
    named = [*lasting, *(end for curve in curves for end in curve.at_end(unit))]
    labels = label_texts(ends, series, unit, latest, named)
    if log:
        labels = labels.assign(value=labels["value"].clip(lower=floor))
    scale = day_scale(first, last, labels)
    days = alt.X("day:T", title=None, axis=day_axis(first, last), scale=scale)
    bare_days = alt.X("day:T", title=None, scale=scale)

    def over_days(frame: pd.DataFrame, *columns: str) -> alt.Chart:
        return alt.Chart(frame[["day", "series", "run", *columns]]).encode(
            x=bare_days, color=look["color"], detail=alt.Detail("run:N")
        )

    # The axes are drawn by one layer for all the others: specifications stay small.
    marked = marked_days(markers, first, last)
    layers = [*rules(marked), *_goals(goals, lasting, axis, first, last)]
    y = axis.bare()
    marked_before: list[MarkedDay] = []
    if compared and len(pale):
        marked_before = marked_days(compared.markers, first, last, compared.shift)
        line = over_days(pale, "value").mark_line(aria=False, strokeWidth=1.3, opacity=0.45)
        layers.append(line.encode(y=y))
        notes.append(f"pale: {compared.name}")
    for curve in curves:
        line = alt.Chart(curve.values[["day", "value"]]).mark_line(
            aria=False, color=curve.colour, strokeDash=[1, 3], strokeWidth=1.4, clip=True
        )
        layers.append(line.encode(x=bare_days, y=y))
    if curves:
        notes.append(f"dotted: goal, {curves[0].label}")
    if days_behind is not None:
        layers += _thin(behind[behind["complete"]], over_days, y)
        notes.append(f"thick: {days_behind.smoothing}; thin: days")
        notes += _cut_note(behind, axis, "value", "the line of days exceeds")
    banded = complete.dropna(subset=["low", "high"])
    if len(banded):
        band = over_days(banded, "low", "high").mark_area(opacity=0.2, aria=False, clip=True)
        layers.append(band.encode(y=axis.bare("low"), y2=alt.Y2("high:Q")))
        notes += _cut_note(banded, axis, "high", "the band exceeds")
    line = over_days(complete, "value").mark_line(aria=False)
    layers.append(
        line.encode(
            x=days,
            y=axis.encoding("value", unit),
            strokeDash=look["dash"],
            strokeWidth=look["width"],
        )
    )
    lonely = complete[complete.groupby("run")["day"].transform("size") == 1]
    if len(lonely):
        # A line needs two values to be visible.
        point = over_days(lonely, "value").mark_point(filled=True, size=26, aria=False)
        layers.append(point.encode(y=y))
    daily = pd.concat([drawn, behind.dropna(subset=["value"])])
    unfinished = daily[~daily["complete"]]
    if len(unfinished):
        # Finely dashed from the last complete value, hollow, and named.
        finished = daily[daily["complete"] & daily["series"].isin(unfinished["series"])]
        ends = finished.sort_values("day", kind="stable").groupby("series").tail(1)
        bridge = pd.concat([ends, unfinished]).sort_values(["series", "day"]).assign(run=0)
        dashes = over_days(bridge, "value").mark_line(strokeDash=[1, 3], opacity=0.7, aria=False)
        points = over_days(unfinished, "value").mark_point(filled=False, size=30, aria=False)
        layers += [dashes.encode(y=y), points.encode(y=y)]
        notes.append("○ incomplete day")
    above = wrap(" · ".join(notes), NOTE_WIDTH)
    layers += labels_beside(labels, series, axis, last, height - NOTE_LINE * len(above))
    thin = days_behind and replace(days_behind, values=behind)
    layers += _pointer(values, series, pale, compared, thin, marked)
    # Above the pointer's days, which would receive every hover and click.
    layers += flags(marked, first, last, height)
    layers += compared_flags(marked_before, pale, axis, first, last, height)
    chart = layered(
        height=height,
        padding=PADDING,
        description=_sentence(exact, series, title, unit, goals),
        title=note(above, offset=4) if above else alt.Undefined,
    )
    # Set on the finished chart: Altair copies layers and looks for their parameters again and again.
    chart.layer = list(layers)
    chart.params = [_pointed()]
    return chart


class Beside(TypedDict, total=False):
    """The optional parts of a chart of a measure over days, beside its complete days."""

    incomplete: pd.DataFrame | None
    compared: Compared | None
    goals: Sequence[GoalLine]
    markers: Sequence[Marker]
    hidden: Collection[str]


def over_days(
    values: Callable[..., pd.DataFrame],
    frame: pd.DataFrame,
    series: Sequence[Series],
    *,
    incomplete: pd.DataFrame | None = None,
    compared: Compared | None = None,
    others: Iterable[pd.DataFrame] = (),
    **look: Any,
) -> alt.LayerChart:
    """The `lines` of a measure's rows, of those of days that aren't complete, and of compared rows.

    ``values`` gives the values to draw of rows, and accepts ``complete``; ``others`` are values besides.
    """
    drawn = with_incomplete(values, frame, incomplete)
    compared = compared and compared.drawn(values)
    return lines(together([drawn, *others]), series, compared=compared, **look)


def with_incomplete(
    values: Callable[..., pd.DataFrame], frame: pd.DataFrame, incomplete: pd.DataFrame | None
) -> pd.DataFrame:
    """The values to draw of complete days, then of days that aren't complete."""
    drawn = [values(frame)]
    if incomplete is not None:
        drawn.append(values(incomplete, complete=False))
    return together(drawn)


def layered(*layers: alt.Chart, **properties: Any) -> alt.LayerChart:
    """The layers in one chart; none of them is a chart of facets, whose type Altair names too."""
    return cast(alt.LayerChart, alt.layer(*layers, **properties))


def nothing(height: int = HEIGHT) -> alt.LayerChart:
    """A chart without values."""
    empty = alt.Chart(pd.DataFrame({"day": [], "value": []})).mark_line()
    return layered(
        empty.encode(x=alt.X("day:T"), y=alt.Y("value:Q")),
        height=height,
        description=NOTHING_DRAWN,
    )


def with_runs(values: pd.DataFrame) -> pd.DataFrame:
    """The values with the run of days that each belongs to; lines are drawn within a run only.

    A run ends where a value is absent, where days are missing between rows, and with its series.
    """
    names, days = pd.factorize(values["series"], sort=True)[0], values["day"].to_numpy()
    order = np.lexsort((days, names))
    values = values.take(order).reset_index(drop=True)
    names, steps = names[order], np.diff(days[order])
    apart = steps[steps > DAY * 0]
    # Rows of weeks are a week apart, all of them, and those of four weeks likewise.
    usual = apart.min() if len(apart) and apart.min() in (WEEK * DAY, MONTH * DAY) else DAY
    absent = values["value"].isna().to_numpy()
    breaks = absent.copy()
    breaks[:1] = True
    breaks[1:] |= absent[:-1] | (steps != usual) | (names[1:] != names[:-1])
    return values.assign(run=breaks.cumsum())


def _pale(
    compared: pd.DataFrame, keys: Sequence[str], first: pd.Timestamp, last: pd.Timestamp
) -> pd.DataFrame:
    """The compared values that belong to a day and a series of the chart."""
    beside = compared["series"].isin(keys) & compared["day"].between(first, last)
    rows = with_runs(compared[beside & compared["value"].notna()])
    # What is compared stretches no axis by its bands: only its values are drawn.
    return rows.assign(low=math.nan, high=math.nan)


def _pointer(
    values: pd.DataFrame,
    series: Sequence[Series],
    pale: pd.DataFrame,
    compared: Compared | None,
    behind: Days | None,
    marked: Sequence[MarkedDay],
) -> list[alt.Chart]:
    """A rule at the day under the pointer, and a stripe per day with every exact value, its n and markers.

    A compared value names its own day.
    """
    columns: dict[str, np.ndarray] = {}
    if compared:
        own = pale["day"] - compared.shift
        dated = [
            f"{exact}, {day:%a} {day_text(day)}"
            for exact, day in zip(pale["exact"], own, strict=True)
        ]
        pale = pale.assign(exact=dated)
    days = np.unique((values if behind is None else behind.values)["day"].to_numpy())
    if behind is not None:
        columns |= _exact(behind.values, behind.of(series), days, "")
        values, pale = (_over_span(rows, behind.span) for rows in (values, pale))
        values = values[values["day"].isin(days)]
    for entry in series:
        after = f", {behind.smoothing}" if behind and entry in behind.of(series) else ""
        columns |= _exact(values[values["series"] == entry.key], [entry], days, after)
    if compared and len(pale):
        columns |= _exact(pale[pale["day"].isin(days)], series, days, f", {compared.name}")
    daily = values if behind is None else behind.values
    unfinished = np.isin(days, daily.loc[~daily["complete"], "day"].to_numpy())
    dates = [
        f"{day:%a} {day_text(day)}{', incomplete' if ends else ''}"
        for day, ends in zip(days.astype("datetime64[D]").tolist(), unfinished, strict=True)
    ]
    names = ["Day (UTC)", *columns]
    marks = {day.day: f"{SIGN} {day.text}" for day in marked}
    words = [
        ({TITLE: marks.get(pd.Timestamp(day))} if marks else {})
        | dict(zip(names, row, strict=True))
        for day, row in zip(days, zip(dates, *columns.values(), strict=True), strict=True)
    ]
    day = pd.Series(days)
    half = (day.diff().min() if len(day) > 1 else pd.Timedelta(days=1)) / 2
    stretches = {"day": day, "since": day - half, "until": day + half, "words": words}
    base = alt.Chart(pd.DataFrame(stretches))
    rule = base.mark_rule(color=TEXT, opacity=0.55, aria=False).encode(x=alt.X("day:T"))
    # One element a day: looking for the nearest would need a second, and a page has thousands.
    stripes = base.mark_rect(opacity=0, clip=True, aria=False).properties(name=STRIPES)
    stripes = stripes.encode(
        x=alt.X("since:T"), x2=alt.X2("until:T"), tooltip=alt.Tooltip("words:N")
    )
    return [rule.transform_filter({"param": POINTED, "empty": False}), stripes]


def _over_span(rows: pd.DataFrame, span: int) -> pd.DataFrame:
    """The rows under each of the days that they are about."""
    if span == 1 or rows.empty:
        return rows
    spread = rows.loc[rows.index.repeat(span)]
    back = np.tile(np.arange(span), len(rows)) * DAY
    return spread.assign(day=spread["day"].to_numpy() - back)


def _thin(days: pd.DataFrame, over_days: Callable[..., alt.Chart], y: alt.Y) -> list[alt.Chart]:
    """Values of days behind smoother lines; days apart from others as points."""
    line = over_days(days, "value").mark_line(aria=False, strokeWidth=1, opacity=0.4, clip=True)
    layers = [line.encode(y=y)]
    lonely = days.dropna(subset=["value"])
    lonely = lonely[lonely.groupby("run")["day"].transform("size") == 1]
    if len(lonely):
        point = over_days(lonely, "value").mark_point(
            filled=True, size=10, opacity=0.4, aria=False, clip=True
        )
        layers.append(point.encode(y=y))
    return layers


def _pointed() -> alt.TopLevelSelectionParameter:
    """The day of the stripe under the pointer.

    Set on the finished chart: Altair spends more on moving it up from a layer than on all else.
    """
    select = alt.PointSelectionConfig(
        type="point", on="pointerover", clear="pointerout", fields=["day"]
    )
    return alt.TopLevelSelectionParameter(name=POINTED, select=select, views=[STRIPES])


def _exact(
    values: pd.DataFrame, series: Sequence[Series], days: np.ndarray, after: str
) -> Iterator[tuple[str, np.ndarray]]:
    """Each series' title and its exact words on each of the days."""
    places = np.searchsorted(days, values["day"].to_numpy())
    keys, exact = (values[column].to_numpy() for column in ("series", "exact"))
    for entry in series:
        mine = keys == entry.key
        texts = np.full(len(days), ABSENT, dtype=object)
        texts[places[mine]] = exact[mine]
        yield entry.title + after, texts


def _goals(
    goals: Sequence[GoalLine],
    lasting: Sequence[GoalLine],
    axis: ValueAxis,
    first: pd.Timestamp,
    last: pd.Timestamp,
) -> list[alt.Chart]:
    """A line over the days that each goal holds for; one that ends before the chart is named on it."""
    if not goals:
        return []
    days = [goal_days(goal, first, last) for goal in goals]
    frame = pd.DataFrame(
        {
            "day": [start for start, _ in days],
            "until": [end for _, end in days],
            "value": [float(goal.value) for goal in goals],
            "label": ["" if goal in lasting else goal.label for goal in goals],
        }
    )
    base = alt.Chart(frame).encode(x=alt.X("day:T"), y=axis.bare())
    rule = base.mark_rule(color=TEXT, strokeDash=[5, 4], strokeWidth=1.2, opacity=0.8, aria=False)
    label = base.mark_text(
        align="left", baseline="bottom", dx=3, dy=-3, fontSize=11, color=TEXT, opacity=0.85
    )
    return [rule.encode(x2=alt.X2("until:T")), label.encode(text=alt.Text("label:N"))]


def _floor_note(extent: pd.DataFrame, floor: float, unit: Unit) -> list[str]:
    """A note that zeros are drawn at the least positive value of a logarithmic axis; none without zeros."""
    if not (extent[list(DRAWN)] <= 0).any(axis=None):
        return []
    return [f"0 is drawn at {floor:.3g}{' s' if unit == 'seconds' else ''}"]


def _cut_note(rows: pd.DataFrame, axis: ValueAxis, column: str, what: str) -> list[str]:
    """A note on the days on which ``what`` is above the chart; none where it never is."""
    days = rows.loc[rows[column] > axis.high, "day"].nunique()
    return [f"↑ {what} the chart on {quantity(days, 'day')}"] if days else []


def note(lines: list[str], offset: int | alt.UndefinedType = alt.Undefined) -> alt.TitleParams:
    """Small lines above the plot."""
    return alt.TitleParams(
        lines if len(lines) > 1 else lines[0],
        fontSize=11,
        fontWeight="normal",
        color=TEXT,
        offset=offset,
        anchor="start",
    )


def _sentence(
    complete: pd.DataFrame,
    series: Sequence[Series],
    title: str,
    unit: Unit,
    goals: Sequence[GoalLine],
) -> str:
    """One sentence from the data: the days, every series' last value and range, and the goals."""
    parts = []
    keys, values, days = (complete[column].to_numpy() for column in ("series", "value", "day"))
    for entry in series:
        mine = keys == entry.key
        if mine.any():
            value, day = values[mine], pd.Timestamp(days[mine][-1])
            parts.append(
                f"{entry.title} {written(value[-1], unit)} on {day_text(day)}, "
                f"between {written(value.min(), unit)} and {written(value.max(), unit)}"
            )
    if not parts:
        return NOTHING_DRAWN
    parts += [goal.label for goal in goals]
    covered = days_text(complete["day"].min().date(), complete["day"].max().date())
    return f"{title}, {covered}: {'; '.join(parts)}."
