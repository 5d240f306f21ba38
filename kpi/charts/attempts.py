"""Connection attempts of a whole period: distribution, shares ready in time, steps, and breakdowns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Unpack

import altair as alt
import pandas as pd

from kpi.charts.axes import AXIS_WORDS, log_ticks, tooltips
from kpi.charts.layers import Beside, layered, nothing, over_days
from kpi.charts.looks import (
    BLUE,
    GREEN,
    GREY,
    HEIGHT,
    PADDING,
    PURPLE,
    TEXT,
    VERMILION,
    WIDE,
    Series,
)
from kpi.charts.values import Values, floats, texts, together, values_drawn
from kpi.rows import each_row
from kpi.text import ABSENT, Unit, written

WITHIN_SERIES = (
    Series("completion_percent", "Ever", "Ever", BLUE, width=2.4),
    Series("within_60_seconds_percent", "Within 60 s", "60 s", PURPLE, (9, 3, 2, 3)),
    Series("within_30_seconds_percent", "Within 30 s", "30 s", GREEN, (7, 3)),
    Series("within_10_seconds_percent", "Within 10 s", "10 s", VERMILION, (5, 2)),
    Series("within_5_seconds_percent", "Within 5 s", "5 s", GREY, (2, 2)),
)
DISTRIBUTION_SERIES = {
    "all": Series("all", "All accounts", "All", BLUE),
    "new": Series("new", "New account", "New", BLUE),
    "existing": Series("existing", "Existing account", "Existing", VERMILION, (5, 2)),
}
STEP_WORDS = {
    "sequence.begin": "Page requested",
    "account.created": "Account created or signed in to",
    "account.login": "Account created or signed in to",
    "device.created": "Device registered",
    "account.verified": "Email address verified",
    "device.connected": "Keys fetched: ready to sync",
}
WAYS = {"account.created": " to create", "account.login": " to sign in"}
ROW_HEIGHT = 40
AXIS_HEIGHT = 25
"""The height of the axis below the rows, which a chart's height includes."""
ABOVE_BAR: dict[str, Any] = {"align": "left", "baseline": "middle", "fontSize": 12, "color": TEXT}
SHOWN_ROWS = 15
TIMES = (0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 7200, 43_200, 86_400, 604_800)
"""The ticks of a logarithmic axis of seconds; minutes, hours and days are written as such."""


def ready_within(frame: pd.DataFrame, **beside: Unpack[Beside]) -> alt.LayerChart:
    """Percent of the attempts begun that were ready within 5 to 60 seconds, and ever, by day.

    ``frame`` is `attempts.ready_within`.
    """

    def values(rows: pd.DataFrame, complete: bool = True) -> Values:
        return together([_within_values(rows, line.key, complete) for line in WITHIN_SERIES])

    return over_days(
        values,
        frame,
        WITHIN_SERIES,
        title="Attempts ready to sync, of those begun",
        unit="percent",
        from_zero=True,
        **beside,
    )


def distribution(frame: pd.DataFrame, *, of: str) -> alt.LayerChart:
    """The percent of attempts that were ready within each time, on a logarithmic axis of time.

    ``frame`` is `attempts.connection_distribution`, ``of`` its base ('begun' or 'ready').
    """
    whole = "attempts begun" if of == "begun" else "attempts that became ready"
    if frame.empty:
        return nothing()
    values = frame.assign(
        name=[DISTRIBUTION_SERIES[account].title for account in frame["account"]],
        seconds=floats(frame["within_seconds"].clip(lower=TIMES[0])),
        exact=[
            f"{written(row.percent, 'percent')}  ({written(row.ready, 'attempts')} of "
            f"{written(row.attempts, 'attempts')} {whole})"
            for row in each_row(frame)
        ],
        within=[time_text(value) for value in frame["within_seconds"]],
        percent=floats(frame["percent"]),
    )
    series = [DISTRIBUTION_SERIES[name] for name in dict.fromkeys(frame["account"])]
    names = [line.title for line in series]
    low = max((t for t in TIMES if t <= values["seconds"].min()), default=TIMES[0])
    high = min((t for t in TIMES if t >= values["seconds"].max()), default=TIMES[-1])
    ticks = [t for t in TIMES if low <= t <= high]
    x = alt.X(
        "seconds:Q",
        title=None,
        scale=alt.Scale(type="log", domain=[low, high], nice=False),
        axis=alt.Axis(
            values=ticks,
            labelExpr=_time_labels(ticks),
            labelOverlap="greedy",
            grid=True,
            gridOpacity=0.5,
            **AXIS_WORDS,
        ),
    )
    y = alt.Y(
        "percent:Q",
        title=None,
        scale=alt.Scale(domain=[0, 100]),
        axis=alt.Axis(values=[0, 25, 50, 75, 100], labelExpr="datum.value + '%'", **AXIS_WORDS),
    )
    colour = alt.Color(
        "name:N",
        scale=alt.Scale(domain=names, range=[line.colour for line in series]),
        legend=None if len(series) == 1 else alt.Legend(title=None, orient="top", labelColor=TEXT),
    )
    dash = alt.StrokeDash(
        "name:N",
        scale=alt.Scale(domain=names, range=[list(line.dash) for line in series]),
        legend=None,
    )
    base = alt.Chart().encode(x=x, y=y, color=colour)
    line = base.mark_line(aria=False).encode(strokeDash=dash)
    nearest = alt.selection_point(
        name="time_pointed_at",
        nearest=True,
        on="pointerover",
        clear="pointerout",
        fields=["seconds"],
        empty=False,
    )
    point = (
        base.mark_point(filled=True, size=45, aria=False)
        .encode(
            opacity=alt.OpacityValue(
                0, condition={"param": nearest.name, "empty": False, "value": 1}
            ),
            tooltip=tooltips(within="Within", name="Account", exact="Ready"),
        )
        .add_params(nearest)
    )
    return layered(
        line,
        point,
        data=values[["name", "seconds", "percent", "within", "exact"]],
        height=HEIGHT,
        padding=PADDING,
        description=_distribution_sentence(values, whole),
    )


def funnel(frame: pd.DataFrame) -> alt.LayerChart:
    """The attempts that came as far as each step of set-up, and those lost before it.

    ``frame`` is `attempts.setup_steps`; steps that nobody took are left out.
    """
    taken = frame[(frame["reached"].fillna(1) > 0) & frame["came_this_far"].notna()]
    taken = taken.assign(words=taken["step"].map(STEP_WORDS))
    if taken.empty or not (taken["came_this_far"] > 0).any():
        return nothing(ROW_HEIGHT)
    step_times = {words: _step_times(rows) for words, rows in taken.groupby("words", sort=False)}
    rows = taken.drop_duplicates("words")
    values = pd.DataFrame(
        {
            "words": rows["words"],
            "percent": floats(rows["came_this_far_percent"]),
            "came": _counts(rows, "came_this_far"),
            "lost": _counts(rows, "lost"),
            "step_time": rows["words"].map(step_times),
        }
    )
    values["full"] = [
        f"{row.words}: {row.came}"
        + ("" if row.lost == ABSENT else f", lost {row.lost}")
        + ("" if row.step_time == ABSENT else f", step time {row.step_time}")
        for row in each_row(values)
    ]
    values["short"] = [
        f"{words}: {written(share, 'percent')}"
        for words, share in zip(values["words"], values["percent"], strict=True)
    ]
    base = alt.Chart().encode(
        y=alt.Y("words:N", sort=None, title=None, axis=None, scale=alt.Scale(paddingInner=0)),
        tooltip=tooltips(
            words="Step",
            came="Came this far",
            lost="Lost since the step before",
            step_time="Time for this step, median",
        ),
    )
    x = _percent("percent")
    bar = base.mark_bar(size=12, yOffset=9, color=BLUE, aria=False).encode(x=x)
    words = f"width < {WIDE + 70} ? datum.short : datum.full"
    left = alt.XDatum(0, type="quantitative", scale=alt.Scale(domain=[0, 100]))
    text = base.mark_text(**ABOVE_BAR, dy=-9, text={"expr": words}).encode(x=left)
    return layered(
        bar,
        text,
        data=values,
        height=ROW_HEIGHT * len(values) + AXIS_HEIGHT,
        padding=PADDING,
        description=f"Steps of set-up, of the attempts begun: {'; '.join(values['full'])}.",
    )


def times_by(frame: pd.DataFrame, by: str, title: str) -> alt.LayerChart:
    """Median and quartiles of the time to connection by a tag's values, most connections first.

    ``frame`` is `attempts.connection_breakdown`; a dot is the median, the bar runs from a quarter to
    three quarters of the connections, on a logarithmic axis.
    """
    rows = frame[frame["median_seconds"].notna()].head(SHOWN_ROWS)
    if rows.empty:
        return nothing(ROW_HEIGHT)
    values = _ranked(rows, by, "median_seconds", "connections", "seconds").assign(
        low=floats(rows["p25_seconds"].clip(lower=TIMES[0])),
        high=floats(rows["p75_seconds"].clip(lower=TIMES[0])),
        band=[
            f"{written(low, 'seconds')} to {written(high, 'seconds')}"
            for low, high in zip(rows["p25_seconds"], rows["p75_seconds"], strict=True)
        ],
    )
    values["value"] = values["value"].clip(lower=TIMES[0])
    ticks = log_ticks(values["low"].min(), values["high"].max())
    scale = alt.Scale(type="log", domain=[ticks[0], ticks[-1]], nice=False)
    axis = alt.Axis(
        values=list(ticks),
        labelExpr=_time_labels(ticks),
        labelOverlap="greedy",
        gridOpacity=0.5,
        **AXIS_WORDS,
    )
    base = _rows_base(title, "Median", band="A quarter to three quarters")
    bar = base.mark_bar(size=10, yOffset=6, opacity=0.35, color=BLUE, aria=False).encode(
        x=alt.X("low:Q", title=None, scale=scale, axis=axis), x2=alt.X2("high:Q")
    )
    dot = base.mark_point(
        filled=True, size=70, yOffset=6, color=BLUE, opacity=1, aria=False
    ).encode(x=alt.X("value:Q", title=None, scale=scale, axis=axis))
    return _with_labels(values, [bar, dot], f"Median time to connect by {title.lower()}")


def completion_by(frame: pd.DataFrame, by: str, title: str) -> alt.LayerChart:
    """Percent of the attempts begun that became ready, by a tag's values, most begun first.

    ``frame`` is `attempts.connection_breakdown`.
    """
    rows = frame[frame["completion_percent"].notna()].head(SHOWN_ROWS)
    if rows.empty:
        return nothing(ROW_HEIGHT)
    values = _ranked(rows, by, "completion_percent", "begun", "percent")
    bar = _rows_base(title, "Completed").mark_bar(size=10, yOffset=6, color=GREEN, aria=False)
    return _with_labels(
        values, [bar.encode(x=_percent("value"))], f"Completed attempts by {title.lower()}"
    )


def time_text(seconds: float) -> str:
    """A time such as '450 ms' or '20 h'; days from two days on."""
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size or (seconds == size and unit != "d"):
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s" if seconds >= 1 else f"{seconds * 1000:.3g} ms"


def _within_values(frame: pd.DataFrame, column: str, complete: bool) -> Values:
    exact = texts(_share_text, frame[column], frame["begun"])
    return values_drawn(frame, column, frame[column], exact, complete)


def _share_text(share: float, n: float) -> str:
    if math.isnan(share):
        return ABSENT
    return f"{written(share, 'percent')}  of {written(n, 'attempts')}"


def _percent(column: str) -> alt.X:
    """A column of percents, on an axis from 0 to 100."""
    words = {"labelExpr": "datum.value + '%'", **AXIS_WORDS}
    axis = alt.Axis(values=[0, 25, 50, 75, 100], gridOpacity=0.5, **words)
    return alt.X(f"{column}:Q", title=None, scale=alt.Scale(domain=[0, 100]), axis=axis)


def _time_labels(ticks: Sequence[float]) -> str:
    """A Vega expression that writes each tick as a time."""
    words = [f"datum.value == {tick:g} ? '{time_text(tick)}'" for tick in ticks]
    return f"{' : '.join(words)} : ''"


def _step_times(rows: pd.DataFrame) -> str:
    """The median duration of a step, for each way to complete it."""
    durations = [
        f"{written(row.step_seconds, 'seconds')}{WAYS.get(row.step, '')}"
        for row in each_row(rows)
        if pd.notna(row.step_seconds)
    ]
    return ", ".join(durations) or ABSENT


def _counts(rows: pd.DataFrame, name: str) -> list[str]:
    """The percents of a count, each with the count itself."""
    return [
        ABSENT if pd.isna(share) else f"{written(share, 'percent')} ({written(n, 'attempts')})"
        for share, n in zip(rows[f"{name}_percent"], rows[name], strict=True)
    ]


def _ranked(rows: pd.DataFrame, by: str, column: str, n: str, unit: Unit) -> pd.DataFrame:
    """One row per value: its name, its figure, and the words beside it."""
    figures = [written(value, unit) for value in rows[column]]
    counts = [written(count, "attempts") for count in rows[n]]
    return pd.DataFrame(
        {
            "name": rows[by].astype(str).to_numpy(),
            "value": floats(rows[column]),
            "figure": figures,
            "n": counts,
            "beside": [f"{text}, n = {count}" for text, count in zip(figures, counts, strict=True)],
        }
    )


def _rows_base(title: str, measure: str, **more: str) -> alt.Chart:
    return alt.Chart().encode(
        y=_rows_axis(), tooltip=tooltips(name=title, figure=measure, **more, n="n")
    )


def _rows_axis() -> alt.Y:
    axis = alt.Axis(labels=False, ticks=False, domain=False, title=None)
    return alt.Y("name:N", sort=None, axis=axis)


def _with_labels(values: pd.DataFrame, marks: list[alt.Chart], title: str) -> alt.LayerChart:
    """The marks with each row's name and figures written above them, where no mark can cover them."""
    text = {"expr": "datum.name + ':  ' + datum.beside"}
    words = alt.Chart().mark_text(**ABOVE_BAR, dy=-13, limit={"expr": "width"}, text=text)
    words = words.encode(y=_rows_axis(), x=alt.XValue(0))
    rows = "; ".join(f"{row.name} {row.beside}" for row in each_row(values))
    return layered(
        *marks,
        words,
        data=values,
        height=ROW_HEIGHT * len(values) + AXIS_HEIGHT,
        padding=PADDING,
        description=f"{title}: {rows}.",
    )


def _distribution_sentence(values: pd.DataFrame, whole: str) -> str:
    parts = []
    for name, rows in values.groupby("name", sort=False):
        last = rows.iloc[-1]["percent"]
        times = [
            f"{words} within {rows.loc[rows['percent'] >= share, 'within'].iloc[0]}"
            for share, words in ((25, "a quarter"), (50, "half"), (75, "three quarters"))
            if last >= share
        ]
        times.append(f"{written(last, 'percent')} in the end")
        parts.append(f"{name}: {', '.join(times)}")
    return f"How soon devices are ready, of {whole}. {'; '.join(parts)}."
