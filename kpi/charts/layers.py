"""The layers of a chart over days: markers, goals, bands, lines, lonely points, the incomplete end,
labels at the line ends, and a rule that follows the pointer.

They draw `kpi.charts.values.Values`. A value that is absent breaks its line; nothing is joined over a gap or
drawn as zero. Colours have a contrast of
3:1 or more in both themes, and each series has a dash and a label of its own besides.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from textwrap import wrap
from typing import TYPE_CHECKING, Any, TypedDict, cast

import altair as alt
import numpy as np
import pandas as pd
import pyarrow as pa

from kpi.charts.axes import ValueAxis, day_axis, day_scale, least_positive, looks, value_axis
from kpi.charts.labels import labels_beside, line_labels
from kpi.charts.looks import (
    HEIGHT,
    NOTHING_DRAWN,
    PADDING,
    TEXT,
    Compared,
    ComparedValues,
    Days,
    GoalCurve,
    GoalLine,
    Series,
    goal_days,
)
from kpi.charts.markers import SIGN, TITLE, MarkedDay, compared_flags, flags, marked_days, rules
from kpi.charts.values import Values, table_of, together
from kpi.meaning.definitions import MONTH, WEEK
from kpi.text import ABSENT, Unit, day_text, days_text, quantity, written

if TYPE_CHECKING:
    from kpi.numbers.annotations import Marker


POINTED, STRIPES = "day_pointed_at", "stripes"
NOTE_WIDTH, NOTE_LINE = 58, 14
"""The most characters of a line above the plot, which a phone has room for, and its height in pixels."""

DAY = np.timedelta64(1, "D")


def lines(
    values: Values,
    series: Sequence[Series],
    *,
    title: str,
    unit: Unit,
    from_zero: bool = False,
    log: bool = False,
    goals: Sequence[GoalLine] = (),
    markers: Sequence[Marker] = (),
    compared: ComparedValues | None = None,
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
    with_values = set(values.series[values.is_known]) - set(hidden)
    series = [entry for entry in series if entry.key in with_values]
    keys = [entry.key for entry in series]
    values = with_runs(values.of(keys))
    if not series:
        return nothing(height)
    drawn = values.known
    exact = drawn.where(drawn.complete)
    behind = values.where(slice(0))
    if days_behind is not None:
        behind = with_runs(days_behind.values.of(keys))
    every_day = np.concatenate([values.day, behind.day])
    first, last = pd.Timestamp(every_day.min()), pd.Timestamp(every_day.max())
    goals = [goal for goal in goals if goal_days(goal, first, last)]
    pale = values.where(slice(0)) if compared is None else _pale(compared.values, keys, first, last)
    extent = together([drawn, pale, *(curve.values for curve in curves)])
    notes: list[str] = []
    if log:
        floor = least_positive(extent)
        notes += _floor_note(extent, floor, unit)
        values, drawn, pale, extent, behind = (
            each.raised(floor) for each in (values, drawn, pale, extent, behind)
        )
        span = span and (max(span[0], floor), max(span[1], floor))
    complete = drawn.where(drawn.complete)
    axis = value_axis(extent, goals, from_zero, log, span)
    look = looks(series)
    latest = values.day[values.complete].max() if len(complete) else last.to_numpy()
    lasting = [goal for goal in goals if goal_days(goal, first, last)[1] == last]
    ends = exact if len(exact) else values.known
    named = [*lasting, *(end for curve in curves for end in curve.at_end(unit))]
    labels = line_labels(ends, series, unit, latest, named)
    if log:
        labels = [replace(label, value=max(label.value, floor)) for label in labels]
    scale = day_scale(first, last, labels)
    days = alt.X("day:T", title=None, axis=day_axis(first, last), scale=scale)
    bare_days = alt.X("day:T", title=None, scale=scale)

    # A chart is encoded in a single step, since each step copies the encodings before it.
    def over_days(rows: Values, *columns: str, **encodings: Any) -> alt.Chart:
        usual = {"x": bare_days, "color": look["color"], "detail": alt.Detail("run:N")}
        drawn = alt.Chart(rows.table("day", "series", "run", *columns))
        return drawn.encode(**{**usual, **encodings})

    # The axes are drawn by one layer for all the others: specifications stay small.
    marked = marked_days(markers, first, last)
    layers = [*rules(marked), *_goals(goals, lasting, axis, first, last)]
    y = axis.bare()
    marked_before: list[MarkedDay] = []
    if compared and len(pale):
        marked_before = marked_days(compared.markers, first, last, compared.shift)
        line = over_days(pale, "value", y=y)
        layers.append(line.mark_line(aria=False, strokeWidth=1.3, opacity=0.45))
        notes.append(f"pale: {compared.name}")
    for curve in curves:
        line = alt.Chart(curve.values.table("day", "value")).mark_line(
            aria=False, color=curve.colour, strokeDash=[1, 3], strokeWidth=1.4, clip=True
        )
        layers.append(line.encode(x=bare_days, y=y))
    if curves:
        notes.append(f"dotted: goal, {curves[0].label}")
    if days_behind is not None:
        layers += _thin(behind.where(behind.complete), over_days, y)
        notes.append(f"thick: {days_behind.smoothing}; thin: days")
        notes += _cut_note(behind.day[behind.value > axis.high], "the line of days exceeds")
    banded = complete.where(~np.isnan(complete.low) & ~np.isnan(complete.high))
    if len(banded):
        band = over_days(banded, "low", "high", y=axis.bare("low"), y2=alt.Y2("high:Q"))
        layers.append(band.mark_area(opacity=0.2, aria=False, clip=True))
        notes += _cut_note(banded.day[banded.high > axis.high], "the band exceeds")
    line = over_days(
        complete,
        "value",
        x=days,
        y=axis.encoding("value", unit),
        strokeDash=look["dash"],
        strokeWidth=look["width"],
    )
    layers.append(line.mark_line(aria=False))
    lonely = complete.where(_is_lonely(complete))
    if len(lonely):
        # A line needs two values to be visible.
        point = over_days(lonely, "value", y=y)
        layers.append(point.mark_point(filled=True, size=26, aria=False))
    daily = together([drawn, behind.known])
    unfinished = daily.where(~daily.complete)
    if len(unfinished):
        # Finely dashed from the last complete value, hollow, and named.
        finished = _latest(daily.where(daily.complete & daily.is_of(set(unfinished.series))))
        bridge = _in_order(together([finished, unfinished]))
        bridge = replace(bridge, run=np.zeros_like(bridge.run))
        dashes, points = (over_days(rows, "value", y=y) for rows in (bridge, unfinished))
        layers.append(dashes.mark_line(strokeDash=[1, 3], opacity=0.7, aria=False))
        layers.append(points.mark_point(filled=False, size=30, aria=False))
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
    values: Callable[..., Values],
    frame: pd.DataFrame,
    series: Sequence[Series],
    *,
    incomplete: pd.DataFrame | None = None,
    compared: Compared | None = None,
    others: Iterable[Values] = (),
    **look: Any,
) -> alt.LayerChart:
    """The `lines` of a measure's rows, of those of days that aren't complete, and of compared rows.

    ``values`` gives the values to draw of rows, and accepts ``complete``; ``others`` are values besides.
    """
    drawn = with_incomplete(values, frame, incomplete)
    pale = None if compared is None else compared.drawn(values)
    return lines(together([drawn, *others]), series, compared=pale, **look)


def with_incomplete(
    values: Callable[..., Values], frame: pd.DataFrame, incomplete: pd.DataFrame | None
) -> Values:
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


def with_runs(values: Values) -> Values:
    """The values in order, with the run of days that each belongs to; lines are drawn within a run only.

    A run ends where a value is absent, where days are missing between rows, and with its series.
    """
    values = _in_order(values)
    steps = np.diff(values.day)
    apart = steps[steps > DAY * 0]
    # Rows of weeks are a week apart, all of them, and those of four weeks likewise.
    usual = apart.min() if len(apart) and apart.min() in (WEEK * DAY, MONTH * DAY) else DAY
    breaks = ~values.is_known
    breaks[1:] |= breaks[:-1] | (steps != usual) | (values.series[1:] != values.series[:-1])
    breaks[:1] = True
    return replace(values, run=breaks.cumsum())


def _in_order(values: Values) -> Values:
    """The rows by series and day."""
    names = pd.factorize(values.series, sort=True)[0]
    return values.where(np.lexsort((values.day, names)))


def _latest(values: Values) -> Values:
    """The last row of each series."""
    values = _in_order(values)
    ends = np.ones(len(values), dtype=bool)
    ends[:-1] = values.series[1:] != values.series[:-1]
    return values.where(ends)


def _is_lonely(values: Values) -> np.ndarray:
    """True for each row without another of its run."""
    alone: np.ndarray = np.bincount(values.run)[values.run] == 1
    return alone


def _pale(compared: Values, keys: Sequence[str], first: pd.Timestamp, last: pd.Timestamp) -> Values:
    """The compared values that belong to a day and a series of the chart."""
    inside = (compared.day >= first.to_numpy()) & (compared.day <= last.to_numpy())
    rows = with_runs(compared.where(compared.is_of(keys) & inside & compared.is_known))
    # What is compared stretches no axis by its bands: only its values are drawn.
    absent = np.full(len(rows), math.nan)
    return replace(rows, low=absent, high=absent)


def _pointer(
    values: Values,
    series: Sequence[Series],
    pale: Values,
    compared: ComparedValues | None,
    behind: Days | None,
    marked: Sequence[MarkedDay],
) -> list[alt.Chart]:
    """A rule at the day under the pointer, and a stripe per day with every exact value, its n and markers.

    A compared value names its own day.
    """
    columns: dict[str, np.ndarray] = {}
    if compared:
        own = _dates(pale.day - np.timedelta64(compared.shift))
        dated = [
            f"{exact}, {day:%a} {day_text(day)}" for exact, day in zip(pale.exact, own, strict=True)
        ]
        pale = replace(pale, exact=np.array(dated, dtype=object))
    daily = values if behind is None else behind.values
    days = np.unique(daily.day)
    if behind is not None:
        columns |= _exact(daily, behind.of(series), days, "")
        values, pale = (_over_span(rows, behind.span) for rows in (values, pale))
        values = values.where(np.isin(values.day, days))
    for entry in series:
        after = f", {behind.smoothing}" if behind and entry in behind.of(series) else ""
        columns |= _exact(values.of([entry.key]), [entry], days, after)
    if compared and len(pale):
        pale = pale.where(np.isin(pale.day, days))
        columns |= _exact(pale, series, days, f", {compared.name}")
    unfinished = np.isin(days, daily.day[~daily.complete])
    dates = [
        f"{day:%a} {day_text(day)}{', incomplete' if ends else ''}"
        for day, ends in zip(_dates(days), unfinished, strict=True)
    ]
    words: dict[str, Sequence[str | None] | np.ndarray] = {"Day (UTC)": dates, **columns}
    if marked:
        marks = {day.day.date(): f"{SIGN} {day.text}" for day in marked}
        words = {TITLE: [marks.get(day) for day in _dates(days)], **words}
    half = (np.diff(days).min() if len(days) > 1 else DAY.astype("timedelta64[s]")) / 2
    cells = [pa.array(texts, pa.string()) for texts in words.values()]
    stretches = pa.table(
        {
            "day": days,
            "since": days - half,
            "until": days + half,
            "words": pa.StructArray.from_arrays(cells, list(words)),
        }
    )
    rule = alt.Chart(stretches).mark_rule(color=TEXT, opacity=0.55, aria=False)
    rule = rule.encode(x=alt.X("day:T"))
    # One element a day: looking for the nearest would need a second, and a page has thousands.
    # Its name is set as it is made: Altair checks a name that is set later.
    stripes = alt.Chart(stretches, name=STRIPES).mark_rect(opacity=0, clip=True, aria=False)
    stripes = stripes.encode(
        x=alt.X("since:T"), x2=alt.X2("until:T"), tooltip=alt.Tooltip("words:N")
    )
    return [rule.transform_filter({"param": POINTED, "empty": False}), stripes]


def _dates(days: np.ndarray) -> list[date]:
    dates: list[date] = days.astype("datetime64[D]").tolist()
    return dates


def _over_span(rows: Values, span: int) -> Values:
    """The rows under each of the days that they are about."""
    if span == 1 or not len(rows):
        return rows
    spread = rows.where(np.repeat(np.arange(len(rows)), span))
    return replace(spread, day=spread.day - np.tile(np.arange(span), len(rows)) * DAY)


def _thin(days: Values, over_days: Callable[..., alt.Chart], y: alt.Y) -> list[alt.Chart]:
    """Values of days behind smoother lines; days apart from others as points."""
    line = over_days(days, "value", y=y)
    layers = [line.mark_line(aria=False, strokeWidth=1, opacity=0.4, clip=True)]
    lonely = days.known.where(_is_lonely(days.known))
    if len(lonely):
        point = over_days(lonely, "value", y=y)
        layers.append(point.mark_point(filled=True, size=10, opacity=0.4, aria=False, clip=True))
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
    values: Values, series: Sequence[Series], days: np.ndarray, after: str
) -> Iterator[tuple[str, np.ndarray]]:
    """Each series' title and its exact words on each of the days."""
    places = np.searchsorted(days, values.day)
    for entry in series:
        mine = values.series == entry.key
        texts = np.full(len(days), ABSENT, dtype=object)
        texts[places[mine]] = values.exact[mine]
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
    table = table_of(
        {
            "day": [start for start, _ in days],
            "until": [end for _, end in days],
            "value": [float(goal.value) for goal in goals],
            "label": ["" if goal in lasting else goal.label for goal in goals],
        }
    )
    base = alt.Chart(table).encode(x=alt.X("day:T"), y=axis.bare())
    rule = base.mark_rule(color=TEXT, strokeDash=[5, 4], strokeWidth=1.2, opacity=0.8, aria=False)
    label = base.mark_text(
        align="left", baseline="bottom", dx=3, dy=-3, fontSize=11, color=TEXT, opacity=0.85
    )
    return [rule.encode(x2=alt.X2("until:T")), label.encode(text=alt.Text("label:N"))]


def _floor_note(extent: Values, floor: float, unit: Unit) -> list[str]:
    """A note that zeros are drawn at the least positive value of a logarithmic axis; none without zeros."""
    if not any((numbers <= 0).any() for numbers in (extent.value, extent.low, extent.high)):
        return []
    return [f"0 is drawn at {floor:.3g}{' s' if unit == 'seconds' else ''}"]


def _cut_note(days: np.ndarray, what: str) -> list[str]:
    """A note on the days on which ``what`` is above the chart; none where it never is."""
    count = len(np.unique(days))
    return [f"↑ {what} the chart on {quantity(count, 'day')}"] if count else []


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
    complete: Values,
    series: Sequence[Series],
    title: str,
    unit: Unit,
    goals: Sequence[GoalLine],
) -> str:
    """One sentence from the data: the days, every series' last value and range, and the goals."""
    parts = []
    for entry in series:
        mine = complete.of([entry.key])
        if len(mine):
            parts.append(
                f"{entry.title} {written(mine.value[-1], unit)} on {day_text(_dates(mine.day)[-1])}, "
                f"between {written(mine.value.min(), unit)} and {written(mine.value.max(), unit)}"
            )
    if not parts:
        return NOTHING_DRAWN
    parts += [goal.label for goal in goals]
    covered = days_text(*_dates(np.array([complete.day.min(), complete.day.max()])))
    return f"{title}, {covered}: {'; '.join(parts)}."
