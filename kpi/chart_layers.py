"""The layers of a chart over days: markers, goals, bands, lines, lonely points, the incomplete end,
labels at the line ends, and a rule that follows the pointer.

A frame of values has one row per day and series: day, series, value, low, high (a band, or absent),
exact (what the pointer tells) and complete (whether the day is). A value that is absent breaks its
line; nothing is joined over a gap or drawn as zero. Colours stand 3:1 or more against both themes,
and never alone: each series has a dash and a label of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from kpi.measures import ABSENT, Unit, day_text, days_text, written

if TYPE_CHECKING:
    from kpi.annotations import Marker

HEIGHT = 300
# What the axis of days and the padding take of a chart's height.
AXIS_HEIGHT = 44
PADDING = {"left": 2, "right": 2, "top": 6, "bottom": 4}
LABEL_GAP = 15
# Labels at the line ends are short below this width of the plot, in full above it.
WIDE = 430
# On a linear axis, bands are cut above what this share of days stays below.
USUAL_TAIL = 0.95
# Pixels that a character of a label takes at most, and what stands before and after it.
CHARACTER, AROUND_LABEL = 6.4, 18

# Okabe and Ito's palette without the colours that fade on white or on black; grey for black.
BLUE, VERMILION, GREEN, PURPLE, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#7F7F7F"
# The page's own text colour reads on its own background, in either theme.
TEXT = "currentColor"
SOLID: tuple[int, ...] = (1, 0)

VALUE_COLUMNS = ["day", "series", "value", "low", "high", "exact", "complete"]
NOTHING_DRAWN = "No values in this period."


@dataclass(frozen=True)
class Series:
    """One line: the key of its rows, its names (in full, and for narrow charts) and its looks."""

    key: str
    title: str
    short: str
    colour: str
    dash: tuple[int, ...] = SOLID
    width: float = 2.0


@dataclass(frozen=True)
class GoalLine:
    """A target value, drawn over the days it holds for; without days, over the whole chart."""

    label: str
    value: float
    first: date | None = None
    last: date | None = None


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

    def encoding(self, column: str, unit: Unit) -> alt.Y:
        """A column of values on this axis."""
        whole = all(float(tick).is_integer() for tick in self.ticks)
        suffix = {"percent": " + '%'", "seconds": " + ' s'"}.get(unit, "")
        axis = alt.Axis(
            values=list(self.ticks),
            labelExpr=f"format(datum.value, ',.{0 if whole else 1}f'){suffix}",
            labelPadding=6,
            gridOpacity=0.7,
        )
        kind = "log" if self.log else "linear"
        scale = alt.Scale(type=kind, domain=[self.low, self.high], nice=False)
        return alt.Y(f"{column}:Q", title=None, axis=axis, scale=scale)

    def share_below(self, value: float) -> float:
        """Where a value lies between bottom (0) and top (1)."""
        bend = math.log if self.log else float
        return (bend(value) - bend(self.low)) / (bend(self.high) - bend(self.low))

    def value_at(self, share: float) -> float:
        """The value that lies at a share of the height."""
        bend, back = (math.log, math.exp) if self.log else (float, float)
        return back(bend(self.low) + share * (bend(self.high) - bend(self.low)))


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
    height: int = HEIGHT,
) -> alt.LayerChart:
    """A chart of values over days, one line per series that has any, described in one sentence."""
    drawn = values.dropna(subset=["value"])
    series = [one for one in series if (drawn["series"] == one.key).any()]
    keys = [one.key for one in series]
    values = with_runs(values[values["series"].isin(keys)])
    if not series:
        empty = (
            alt.Chart(values[["day", "value"]])
            .mark_line()
            .encode(x=alt.X("day:T"), y=alt.Y("value:Q"))
        )
        return alt.layer(empty).properties(height=height, description=NOTHING_DRAWN)
    drawn = values.dropna(subset=["value"])
    complete = drawn[drawn["complete"]]
    first, last = values["day"].min(), values["day"].max()
    goals = [goal for goal in goals if _goal_days(goal, first, last)]
    axis = _value_axis(drawn, goals, from_zero, log)
    looks = _looks(series)
    latest = values.loc[values["complete"], "day"].max() if len(complete) else last
    labels = _label_texts(complete if len(complete) else drawn, series, unit, latest)
    scale = _day_scale(first, last, labels)
    days = alt.X("day:T", title=None, axis=_day_axis(first, last), scale=scale)

    def chart(frame: pd.DataFrame, *columns: str) -> alt.Chart:
        return alt.Chart(frame[["day", "series", "run", *columns]]).encode(
            x=days, color=looks["color"], detail="run:N"
        )

    layers = [*_markers(markers, first, last), *_goals(goals, axis, unit, first, last)]
    notes: list[str] = []
    banded = complete.dropna(subset=["low", "high"])
    if len(banded):
        band = chart(banded, "low", "high").mark_area(opacity=0.2, aria=False, clip=True)
        layers.append(band.encode(y=axis.encoding("low", unit), y2=alt.Y2("high:Q")))
        notes += _cut_note(banded, axis)
    y = axis.encoding("value", unit)
    line = chart(complete, "value").mark_line(aria=False)
    layers.append(line.encode(y=y, strokeDash=looks["dash"], strokeWidth=looks["width"]))
    lonely = complete[complete.groupby("run")["day"].transform("size") == 1]
    if len(lonely):
        # A line needs two values to be seen.
        point = chart(lonely, "value").mark_point(filled=True, size=26, aria=False)
        layers.append(point.encode(y=y))
    unfinished = drawn[~drawn["complete"]]
    if len(unfinished):
        # Finely dashed from the last complete value, hollow, and named.
        ends = complete.groupby("series").tail(1)
        bridge = pd.concat([ends, unfinished]).sort_values(["series", "day"]).assign(run=0)
        dashes = chart(bridge, "value").mark_line(strokeDash=[1, 3], opacity=0.7, aria=False)
        points = chart(unfinished, "value").mark_point(filled=False, size=30, aria=False)
        layers += [dashes.encode(y=y), points.encode(y=y)]
        notes.append("○ incomplete day")
    layers += _labels(labels, series, axis, last, height)
    layers.append(_pointer(values, series))
    chart = alt.layer(*layers).properties(
        height=height, padding=PADDING, description=_sentence(complete, series, title, unit)
    )
    return chart.properties(title=_note(notes)) if notes else chart


def with_runs(values: pd.DataFrame) -> pd.DataFrame:
    """The values with the run of days that each belongs to; lines are drawn within a run only.

    A run ends where a value is absent, where days are missing between rows, and with its series.
    """
    values = values.sort_values(["series", "day"], kind="stable", ignore_index=True)
    skipped = values["day"].diff() != pd.Timedelta(days=1)
    other = values["series"] != values["series"].shift()
    absent = values["value"].isna()
    breaks = skipped | other | absent | absent.shift(fill_value=False)
    return values.assign(run=breaks.cumsum())


def _looks(series: Sequence[Series]) -> dict[str, alt.Color | alt.StrokeDash | alt.StrokeWidth]:
    names = [one.key for one in series]
    colours = alt.Scale(domain=names, range=[one.colour for one in series])
    dashes = alt.Scale(domain=names, range=[list(one.dash) for one in series])
    widths = alt.Scale(domain=names, range=[one.width for one in series])
    return {
        "color": alt.Color("series:N", scale=colours, legend=None),
        "dash": alt.StrokeDash("series:N", scale=dashes, legend=None),
        "width": alt.StrokeWidth("series:N", scale=widths, sort=names, legend=None),
    }


def _day_scale(first: pd.Timestamp, last: pd.Timestamp, labels: pd.DataFrame) -> alt.Scale:
    """Days over the width, leaving room on the right for the labels at the line ends."""
    short, full = (
        math.ceil(labels[text].str.len().max() * CHARACTER + AROUND_LABEL)
        for text in ("short", "full")
    )
    room = f"(width < {WIDE} ? {short} : {full})"
    end = last if last > first else first + pd.Timedelta(days=1)
    return alt.Scale(
        type="time",
        domain=[_moment(first), _moment(end)],
        range=[{"expr": "0"}, {"expr": f"max(60, width - {room})"}],
        nice=False,
    )


def _day_axis(first: pd.Timestamp, last: pd.Timestamp) -> alt.Axis:
    """Months, or days in a short period; the year stands below January and the first tick."""
    days = (last - first).days
    if days > 100:
        every = 1 if days < 400 else 3 if days < 1200 else 12
        starts = pd.date_range(first, last, freq="MS")
        starts = [start for start in starts if (start.month - 1) % every == 0]
        name = "timeFormat(datum.value, '%b')"
    else:
        every = 1 if days < 8 else 7 if days < 60 else 14
        starts = list(pd.date_range(first, last, freq=f"{every}D"))
        name = "timeFormat(datum.value, '%-d %b')"
    year = "timeFormat(datum.value, '%Y')"
    first_of_year = "timeFormat(datum.value, '%j') == '001'"
    return alt.Axis(
        values=[_moment(start) for start in starts],
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
    )


def _moment(day: pd.Timestamp) -> alt.DateTime:
    return alt.DateTime(year=day.year, month=day.month, date=day.day)


def _value_axis(
    drawn: pd.DataFrame, goals: Sequence[GoalLine], from_zero: bool, log: bool
) -> ValueAxis:
    targets = [goal.value for goal in goals]
    low = min(drawn["value"].min(), drawn["low"].min(), *targets, math.inf)
    high = max(drawn["value"].max(), drawn["high"].max(), *targets, -math.inf)
    if log:
        steps = [by * 10.0**power for power in range(-3, 7) for by in (1, 2, 5)]
        bottom = max((s for s in steps if s <= low), default=steps[0])
        top = min((s for s in steps if s >= high and s > bottom), default=steps[-1])
        return ValueAxis(tuple(s for s in steps if bottom <= s <= top), log)
    tails = drawn["high"].dropna()
    if len(tails):
        # A few days of heavy tails would press every median to the floor.
        high = max(tails.quantile(USUAL_TAIL), drawn["value"].max(), *targets)
    if from_zero:
        low = min(low, 0.0)
    step = _round_step((high - low or abs(high) or 1.0) / 5)
    lowest, highest = math.floor(low / step), math.ceil(high / step)
    count = range(lowest, max(highest, lowest + 1) + 1)
    return ValueAxis(tuple(round(step * number, 10) for number in count), log)


def _round_step(step: float) -> float:
    """The next of 1, 2, 2.5, 5 and their tenfolds."""
    size = 10.0 ** math.floor(math.log10(step))
    return next(size * by for by in (1, 2, 2.5, 5, 10) if size * by >= step * (1 - 1e-9))


def _label_texts(
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


def _labels(
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
        x=alt.X("day:T"), y=alt.Y("value:Q"), color=_looks(series)["color"]
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


def _pointer(values: pd.DataFrame, series: Sequence[Series]) -> alt.Chart:
    """A rule at the day nearest to the pointer, telling every series' exact value with its n."""
    told = values.drop_duplicates(["day", "series"], keep="last")
    wide = told.pivot(index="day", columns="series", values="exact")
    # A key is the data's and may hold what a field's name can't.
    wide = wide.reindex(columns=[one.key for one in series]).fillna(ABSENT)
    fields = [f"told_{number}" for number in range(len(series))]
    wide.columns = pd.Index(fields)
    unfinished = set(values.loc[~values["complete"], "day"])
    dates = [
        f"{day:%a} {day_text(day)}{', incomplete' if day in unfinished else ''}"
        for day in wide.index
    ]
    nearest = alt.selection_point(
        name="day_pointed_at",
        nearest=True,
        on="pointerover",
        clear="pointerout",
        fields=["day"],
        empty=False,
    )
    tips = [alt.Tooltip("date:N", title="Day (UTC)")]
    tips += [
        alt.Tooltip(f"{field}:N", title=one.title)
        for field, one in zip(fields, series, strict=True)
    ]
    rule = alt.Chart(wide.assign(date=dates).reset_index()).mark_rule(color=TEXT, aria=False)
    shown = alt.condition(nearest, alt.value(0.55), alt.value(0))
    return rule.encode(x=alt.X("day:T"), opacity=shown, tooltip=tips).add_params(nearest)


def _goal_days(goal: GoalLine, first: pd.Timestamp, last: pd.Timestamp) -> list[pd.Timestamp]:
    """The goal's first and last day within the chart, or none when it holds for other days."""
    start = max(first, pd.Timestamp(goal.first)) if goal.first else first
    end = min(last, pd.Timestamp(goal.last)) if goal.last else last
    return [start, end] if start <= end else []


def _goals(
    goals: Sequence[GoalLine],
    axis: ValueAxis,
    unit: Unit,
    first: pd.Timestamp,
    last: pd.Timestamp,
) -> list[alt.Chart]:
    """A line over the days that each goal holds for, with its words at its beginning."""
    if not goals:
        return []
    days = [_goal_days(goal, first, last) for goal in goals]
    frame = pd.DataFrame(
        {
            "day": [start for start, _ in days],
            "until": [end for _, end in days],
            "value": [float(goal.value) for goal in goals],
            "label": [goal.label for goal in goals],
        }
    )
    base = alt.Chart(frame).encode(x=alt.X("day:T"), y=axis.encoding("value", unit))
    rule = base.mark_rule(color=TEXT, strokeDash=[5, 4], strokeWidth=1.2, opacity=0.8, aria=False)
    label = base.mark_text(
        align="left", baseline="bottom", dx=3, dy=-3, fontSize=11, color=TEXT, opacity=0.85
    )
    return [rule.encode(x2=alt.X2("until:T")), label.encode(text=alt.Text("label:N"))]


def _markers(markers: Sequence[Marker], first: pd.Timestamp, last: pd.Timestamp) -> list[alt.Chart]:
    """A thin line and a triangle on each day that something happened, telling it to the pointer."""
    rows = [
        {
            "day": pd.Timestamp(marker.day),
            "date": day_text(marker.day),
            "what": f"{marker.kind}: {marker.label}",
        }
        for marker in markers
        if first <= pd.Timestamp(marker.day) <= last
    ]
    if not rows:
        return []
    base = alt.Chart(pd.DataFrame(rows)).encode(x=alt.X("day:T"))
    rule = base.mark_rule(color=TEXT, opacity=0.22, aria=False)
    flag = base.mark_point(
        shape="triangle-down", filled=True, size=60, color=TEXT, opacity=0.6, y=0
    )
    tips = [alt.Tooltip("date:N", title="Day (UTC)"), alt.Tooltip("what:N", title="What")]
    return [rule, flag.encode(tooltip=tips)]


def _cut_note(banded: pd.DataFrame, axis: ValueAxis) -> list[str]:
    """Words that say on how many days a band reaches above the chart, when any does."""
    days = banded.loc[banded["high"] > axis.high, "day"].nunique()
    if not days:
        return []
    return [f"↑ band cut on {days} day{'s' if days > 1 else ''}: the log scale shows all"]


def _note(notes: Sequence[str]) -> alt.TitleParams:
    """A small line above the plot."""
    return alt.TitleParams(
        " · ".join(notes), fontSize=11, fontWeight="normal", color=TEXT, offset=4, anchor="start"
    )


def _sentence(complete: pd.DataFrame, series: Sequence[Series], title: str, unit: Unit) -> str:
    """One sentence from the data: the days, and every series' last value and range."""
    told = []
    for one in series:
        rows = complete[complete["series"] == one.key]
        if len(rows):
            value = rows["value"]
            told.append(
                f"{one.title} {written(value.iloc[-1], unit)} on {day_text(rows['day'].iloc[-1])}, "
                f"between {written(value.min(), unit)} and {written(value.max(), unit)}"
            )
    if not told:
        return NOTHING_DRAWN
    days = days_text(complete["day"].min().date(), complete["day"].max().date())
    return f"{title}, {days}: {'; '.join(told)}."
