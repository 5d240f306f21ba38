"""The charts of measures over days, as pages draw them and links ask for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from kpi import charts
from kpi.dashboard import targets
from kpi.dashboard.drawing import drawn
from kpi.dashboard.explained import explained, widened
from kpi.dashboard.page import Page
from kpi.meaning.definitions import ATTEMPT_WINDOW, WINDOWS
from kpi.meaning.measures import MEASURES, Measure, over_window, within
from kpi.numbers.answers import Answer
from kpi.numbers.users import week_means

if TYPE_CHECKING:
    import altair as alt

    from kpi.charts import Specification

RATIO, SAME_PEOPLE = MEASURES["engagement_ratio"], MEASURES["same_people_ratio"]
DAU, TIME = MEASURES["dau"], MEASURES["connection_time"]
# The measure of completion, in the table of all limits.
READY = replace(MEASURES["completion"], metric=MEASURES["ready_within_10"].metric)
DAILY, MONTHLY = "daily", "monthly"
SPANS = {"daily and monthly": (DAILY, MONTHLY), "daily": (DAILY,), "monthly": (MONTHLY,)}
AUDIENCES = {"all users": "all", "multi-device": "multi_device", "single-device": "single_device"}
"""The audiences by their names on pages."""

TIMES = ("connection_time_new", "connection_time_existing")
"""The KPIs of the time to connect."""


@dataclass(frozen=True)
class Figure:
    """A measure's chart over the period: a function of `kpi.charts`, the answer that it draws, its options.

    ``heading`` is above it in a picture, in place of the measure's title. ``smooth`` rows are drawn in place
    of the answer's, and ``days`` thin behind them; ``note`` is a sentence below. A reader hides any of the
    ``lines`` that have values; the choice is ``hide`` in the URL.
    """

    draw: Callable[..., alt.LayerChart]
    measure: Measure
    answer: Answer
    options: Mapping[str, Any] = field(default_factory=dict)
    heading: str = ""
    days: Answer | None = None
    smooth: pd.DataFrame | None = None
    note: str | None = None
    hide: str = ""
    lines: Mapping[str, str] = field(default_factory=dict)

    @property
    def audiences(self) -> Sequence[str | None]:
        """The audiences that it may draw; None for all of the answer's rows."""
        return self.options.get("audiences") or (self.options.get("audience"),)

    def rows(self, page: Page) -> pd.DataFrame:
        """The rows that it draws."""
        return page.shown(self.answer) if self.smooth is None else self.smooth

    def explained(self, page: Page) -> tuple[str | None, str | None]:
        """The reason why it has nothing to show, and the sentence on its gaps; or None."""
        rows = self.rows(page)
        with_values = _with_values(rows, self.measure, self.audiences)
        return explained(
            page,
            self.measure,
            self.answer,
            lambda table: _of_audiences(table, with_values),
            self.audiences,
        )

    def specified(self, page: Page, hidden: Sequence[str] = ()) -> Specification:
        """Its specification, without the hidden lines."""
        options = {**self.options, "incomplete": page.unfinished(self.days or self.answer)}
        if self.days is not None:
            options["days"] = page.shown(self.days)
        if hidden:
            options["hidden"] = hidden
        return drawn(self.draw, self.rows(page), **options)


def engagement_ratio(page: Page, audiences: Sequence[str], firefox: Answer | None = None) -> Figure:
    """The engagement ratio of some audiences, beside Firefox's own, if given."""
    answer = page.ask(RATIO.metric)
    own = None if firefox is None else page.shown(firefox)
    verdicts = page.verdicts_of(page.subject("engagement_ratio"))
    products = set() if own is None else set(own["product"])
    lines = {
        line.key: line.title
        for line in charts.ENGAGEMENT_SERIES
        if line.key in {*audiences, *products}
    }
    unfiltered = own is not None and not page.filters.empty
    return Figure(
        charts.engagement_ratio,
        RATIO,
        answer,
        {
            "audiences": tuple(audiences),
            "firefox": own,
            "compared": page.compared(answer),
            "goals": targets.lines(verdicts),
            "points_above": targets.points_above(verdicts),
            "markers": page.source.markers,
        },
        heading=f"{RATIO.title} (Firefox’s own without filters)" if unfiltered else "",
        hide="hide",
        lines=lines,
    )


def same_people(page: Page) -> Figure:
    """The engagement ratio of the same people, of all users."""
    answer = page.ask(SAME_PEOPLE.metric)
    return Figure(charts.same_people, SAME_PEOPLE, answer, _beside(page, answer))


def active_users(page: Page, audience: str) -> Figure:
    """The daily and monthly users of an audience."""
    answer = page.ask(DAU.metric)
    return Figure(
        charts.active_users,
        DAU,
        answer,
        {"audience": audience, **_beside(page, answer)},
        heading="" if audience == "all" else f"{DAU.title}, {audience.replace('_', '-')}",
        hide="hide_users",
        lines={line.key: line.title for line in charts.ACTIVE_SERIES},
    )


def multi_device(
    page: Page,
    measure: Measure,
    answer: Answer,
    percent: bool,
    spans: Sequence[str] = (DAILY, MONTHLY),
) -> Figure:
    """Multi-device users, daily, monthly or both, as counts or as percent of all users."""
    window = answer.question.options.window
    goals = _goal_lines(page, "multi_device_percent", window=window) if percent else []
    means = None if page.chosen.weekly or DAILY not in spans else week_means(answer.table)
    lines = {line.key: line.title for line in charts.multi_device_series(percent, spans)}
    compared = page.compared(answer if means is None else replace(answer, table=means))
    return Figure(
        charts.multi_device_users,
        measure,
        answer,
        {
            "percent": percent,
            "spans": tuple(spans),
            "compared": compared,
            "goals": goals,
            "markers": page.source.markers,
        },
        days=None if means is None else answer,
        smooth=None if means is None else within(means, page.period),
        hide="hide_multi_device",
        lines=lines if len(lines) > 2 else {},
    )


def by_window(page: Page, measure: Measure, answer: Answer, monthly: bool) -> Figure:
    """The share of multi-device users by windows of 3 to 14 days; ``answer`` is of the reader's window."""
    answers = {days: page.ask("multi-device", window=days) for days in WINDOWS}
    return Figure(
        charts.by_window,
        measure,
        answer,
        {
            "others": {
                days: page.shown(other)
                if page.chosen.weekly
                else within(week_means(other.table), page.period)
                for days, other in answers.items()
            },
            "monthly": monthly,
        },
        hide="hide_windows",
        lines={line.key: line.title for line in charts.WINDOW_SERIES},
    )


def connection_time(page: Page, answer: Answer, log: bool) -> Figure:
    """The quartiles of the time to connect, by week where the days of ``answer`` show too little."""
    weeks = page.source.answer(answer.question.with_options(weekly=True))
    line, note = widened(page, answer, TIME.column)
    days = None
    if line is answer and not page.chosen.weekly and page.shown(weeks)[TIME.column].notna().any():
        line, days = weeks, answer
    goals = _goal_lines(page, *TIMES)
    options = {"log": log, "goals": goals, **_beside(page, line)}
    return Figure(charts.connection_time, TIME, line, options, days=days, note=note)


def completion(page: Page, answer: Answer) -> Figure:
    """The shares of attempts that were ready within some limits, or ever."""
    line, note = widened(page, answer, READY.column)
    return Figure(
        charts.ready_within,
        READY,
        line,
        {"markers": page.source.markers},
        note=note,
        hide="hide_within",
        lines={line.key: line.title for line in charts.WITHIN_SERIES},
    )


def multi_device_share(spans: Sequence[str], window: int) -> Measure:
    """The share of multi-device users over a window: of daily users, or of monthly users alone."""
    name = "multi_device_percent" if DAILY in spans else "monthly_multi_device_percent"
    return over_window(MEASURES[name], window)


def _beside(page: Page, answer: Answer) -> dict[str, Any]:
    """The compared days and the markers of a chart."""
    return {"compared": page.compared(answer), "markers": page.source.markers}


def _goal_lines(page: Page, *names: str, window: int = ATTEMPT_WINDOW) -> list[charts.GoalLine]:
    """The goals about some KPIs that are the same value over the year."""
    return page.goal_lines(*(page.subject(name, window) for name in names))


def _with_values(
    rows: pd.DataFrame, measure: Measure, audiences: Sequence[str | None]
) -> Sequence[str | None]:
    """The audiences that have a line; all of them where none has."""
    if "audience" not in rows or None in audiences:
        return audiences
    known = set(rows.loc[rows[measure.column].notna(), "audience"])
    return [audience for audience in audiences if audience in known] or audiences


def _of_audiences(rows: pd.DataFrame, audiences: Sequence[str | None]) -> pd.DataFrame:
    """The rows of the audiences that a chart draws."""
    if "audience" not in rows or None in audiences:
        return rows
    return rows[rows["audience"].isin(audiences)].reset_index(drop=True)
