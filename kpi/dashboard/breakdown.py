"""A measure by the values of a tag: the largest values, their charts, notes and the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from kpi import charts
from kpi.dashboard import draw as drawing
from kpi.dashboard.drawing import drawn, put
from kpi.dashboard.explained import explained, widened
from kpi.dashboard.page import Page, rows_of
from kpi.dashboard.parts import dimension, draw_note
from kpi.dashboard.words import plain
from kpi.meaning import services
from kpi.meaning.definitions import MONTH
from kpi.meaning.filters import Period
from kpi.meaning.measures import Measure
from kpi.meaning.tables import TABLES
from kpi.numbers.answers import Answer
from kpi.numbers.by_value import neighbours_overlap, of_users
from kpi.text import days_text, plural, shortened

if TYPE_CHECKING:
    from kpi.charts import Specification

Span = tuple[float, float]
RANKED, COURSES, LINES = drawing.VIEWS
MOST = {RANKED: 15, COURSES: 9, LINES: charts.MOST_LINES}
"""The most values that each view draws, the largest first."""


@dataclass(frozen=True)
class Breakdown:
    """A measure by ``by``; ``picked`` selects a row a value and day, ``options`` of `meaning.question`."""

    measure: Measure
    by: str
    picked: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def overlaps(self) -> bool:
        """True where a user can be in several segments, so that they don't add up."""
        return TABLES[self.measure.metric].overlaps

    def of(self, table: pd.DataFrame) -> pd.DataFrame:
        """The rows that are picked, services by name."""
        return services.with_names(rows_of(table, self.picked))

    def largest(self, table: pd.DataFrame, view: str) -> pd.DataFrame:
        """The rows of the values that a view draws."""
        rows = self.of(table)
        return rows[rows[self.by].isin(charts.largest(rows, self.measure, self.by, MOST[view]))]


def draw(
    page: Page,
    measure: Measure,
    by: str,
    view: str,
    picked: Mapping[str, str] | None = None,
    **options: Any,
) -> None:
    """A measure by the values of a tag, or the sentence on why there is nothing to draw.

    ``picked`` selects a row a value and day, as audience='all'; ``options`` are of `Options`.
    """
    breakdown = Breakdown(measure, by, picked or {}, options)
    page.remember(measure)
    answer = _answer(page, breakdown, page.period)
    points, note = answer, None
    if view != RANKED:
        points, note = widened(
            page, answer, measure.column, lambda table: breakdown.largest(table, view)
        )
        wider = points.question.options
        options |= {"weekly": wider.weekly, "monthly": wider.monthly}
        breakdown = replace(breakdown, options=options)
    rows = breakdown.of(page.shown(points))
    candidates = _over_28_days(page, breakdown, _last_28_days(page)) if view == RANKED else rows
    values = charts.largest(candidates, measure, breakdown.by, MOST[view])
    if not values:
        _say_why_nothing(page, breakdown, answer)
        return
    if view == RANKED:
        _draw_ranked(page, breakdown, candidates, values)
    else:
        DRAWN[view](page, breakdown, rows, values, _beside(page, breakdown))
        draw_note(note)
    _say_what_is_left_out(page, breakdown, candidates, values, view)
    if breakdown.overlaps:
        drawing.overlap(breakdown.by)
    title = f"{measure.title} by {dimension(by).lower()}"
    drawing.tables(page, [answer], f"{measure.metric}_by_table", title)


def _say_why_nothing(page: Page, breakdown: Breakdown, answer: Answer) -> None:
    """The reason why no value has anything to show; where no value occurs, that of all values together."""
    measure, audience = breakdown.measure, breakdown.picked.get("audience")
    if breakdown.of(page.shown(page.every_cell(answer))).empty:
        answer = page.ask(measure.metric, **breakdown.options)
    nothing, _ = explained(page, measure, answer, breakdown.of, (audience,))
    words = nothing or "No value has anything to show in the 28 days that end this period."
    st.info(page.reason(words), icon=":material/info:")


def _last_28_days(page: Page) -> Period:
    return Period(page.last_shown_day - timedelta(days=MONTH - 1), page.last_shown_day)


def _over_28_days(page: Page, breakdown: Breakdown, window: Period) -> pd.DataFrame:
    """A row a value over a window of days: of users means of days, of attempts all of them together.

    Steps have no pooled table by tag: they are those of the last day.
    """
    measure, by = breakdown.measure, breakdown.by
    pooled = measure.pooled_in
    if pooled and TABLES[pooled].accepts("by"):
        filters = page.filters
        account = breakdown.picked.get("account")
        question = page.question(pooled, by=by, period=window, bands=True)
        if account and filters.users not in (None, account):
            return page.ask(pooled, by=by, period=window, bands=True).table.head(0)
        if account:
            question = replace(question, filters=replace(filters, users=account))
        return services.with_names(page.source.answer(question).table)
    options = {**breakdown.options, "weekly": False}
    # The rows of the page's period have those of the window, too, and are read already.
    period = page.period if page.period.covers(window) else window
    answer = page.ask(measure.metric, by=by, period=period, **options)
    rows = breakdown.of(answer.within(window))
    return rows[rows["day"] == rows["day"].max()] if pooled else of_users(rows, measure, by)


def draw_two(page: Page, measure: Measure, answer: Answer, picked: Mapping[str, str]) -> None:
    """The line over the period; where days are compared, their line beside it, on the same axis."""
    page.remember(measure)
    answer, note = widened(page, answer, measure.column)
    rows, beside = rows_of(page.shown(answer), picked), page.compared(answer)
    if beside is not None:
        beside = replace(beside, rows=rows_of(beside.rows, picked))
    nothing, gaps = explained(
        page, measure, answer, lambda table: rows_of(table, picked), (picked.get("audience"),)
    )
    if nothing:
        st.info(page.reason(nothing), icon=":material/info:")
        return

    def course(part: pd.DataFrame, span: Span | None) -> Specification:
        look = {"span": span, "height": charts.HEIGHT, "markers": page.source.markers}
        return drawn(charts.course, part, measure, measure.title, **look)

    if beside is None:
        put(course(rows, None), page, measure.title)
    else:
        _draw_pair(page, measure, rows, beside, course)
    draw_note(" ".join(filter(None, (note, gaps))))


def _answer(page: Page, breakdown: Breakdown, period: Period) -> Answer:
    return page.ask(breakdown.measure.metric, by=breakdown.by, period=period, **breakdown.options)


def _beside(page: Page, breakdown: Breakdown) -> charts.Compared | None:
    """The compared days' rows, under their days of the period."""
    comparison = page.chosen.comparison
    if comparison is None:
        return None
    first, last = page.period.bounds
    days = Period(first - comparison.shift, last - comparison.shift)
    rows = comparison.of(_answer(page, breakdown, days).table, page.period)
    return charts.Compared(
        comparison.name, breakdown.of(rows), page.source.markers, comparison.shift
    )


def _draw_ranked(
    page: Page,
    breakdown: Breakdown,
    rows: pd.DataFrame,
    values: list[str],
) -> None:
    """The values of the 28 days of the cards, or of the last day where a table has no more."""
    measure, by, comparison = breakdown.measure, breakdown.by, page.chosen.comparison
    window, beside = _last_28_days(page), None
    if comparison is not None:
        first, last = window.bounds
        before = Period(first - comparison.shift, last - comparison.shift)
        rows_before = _over_28_days(page, breakdown, before)
        beside = charts.Compared(comparison.name, rows_before, shift=comparison.shift)
    days = window.bounds
    if "day" in rows:
        days = (rows["day"].max().date(),) * 2
    put(
        drawn(charts.ranked, rows, measure, by, days, values, compared=beside),
        page,
        days_text(*days),
    )
    words = [f"Values of {days_text(*days)}."]
    if neighbours_overlap(rows[rows[by].isin(values)], measure.column):
        words.append("Bars whose whiskers overlap can't be ranked for sure.")
    st.caption(" ".join(words))


def _draw_lines(
    page: Page,
    breakdown: Breakdown,
    rows: pd.DataFrame,
    values: list[str],
    beside: charts.Compared | None,
) -> None:
    """The largest values in a single chart; the compared period in a chart of its own beside it."""
    measure, by, markers = breakdown.measure, breakdown.by, page.source.markers
    place = st.container()
    lines = {services.id_of(by, value): value for value in values}
    hidden = [lines[key] for key in drawing.choose_hidden(page, lines, key="hide_values")]

    def by_value(part: pd.DataFrame, span: Span | None) -> Specification:
        look = {"span": span, "hidden": hidden, "markers": markers}
        return drawn(charts.by_value, part, measure, by, values, **look)

    with place:
        if len(hidden) == len(values):
            st.info(drawing.ALL_HIDDEN, icon=":material/info:")
        elif beside is None:
            put(by_value(rows, None), page, measure.title)
        else:
            beside = replace(beside, rows=beside.rows[beside.rows[by].isin(values)])
            _draw_pair(page, measure, rows[rows[by].isin(values)], beside, by_value)


def _draw_pair(
    page: Page,
    measure: Measure,
    rows: pd.DataFrame,
    beside: charts.Compared,
    draw: Callable[[pd.DataFrame, Span | None], Specification],
) -> None:
    """The compared days on the left, the period on the right, on the same axis, each with its days."""
    assert page.chosen.comparison is not None
    shift = pd.Timedelta(page.chosen.comparison.shift)
    before = beside.rows.assign(day=beside.rows["day"] - shift)
    span = charts.extent(pd.concat([rows, before], ignore_index=True), measure)
    halves = ((before, beside.name), (rows, "the period"))
    for place, (part, name) in zip(st.columns(2, gap="medium"), halves, strict=True):
        with place:
            if not part[measure.column].notna().any():
                st.info(f"Nothing to show for {name}.", icon=":material/info:")
                continue
            days = days_text(part["day"].min().date(), part["day"].max().date())
            name = f"{name[:1].upper()}{name[1:]}"
            st.markdown(f"**{name}**, {days}")
            put(draw(part, span), page, f"{name}, {days}")


def _draw_courses(
    page: Page,
    breakdown: Breakdown,
    rows: pd.DataFrame,
    values: list[str],
    beside: charts.Compared | None,
) -> None:
    """A small chart for each of the largest values, all on the same axis."""
    measure, by = breakdown.measure, breakdown.by
    parts = [rows[rows[by].isin(values)]]
    if beside is not None:
        parts.append(beside.rows[beside.rows[by].isin(values)])
    span = charts.extent(pd.concat(parts, ignore_index=True), measure)
    grid = st.grid(3, min_column_width=300, gap="small")
    for value in values:
        mine = rows[rows[by] == value]
        before = beside and replace(beside, rows=beside.rows[beside.rows[by] == value])
        last = mine[mine[measure.column].notna()].iloc[-1]
        n = measure.n_text(last[measure.n_column]) if measure.n_column else ""
        with grid.container(border=True, gap="xsmall"):
            st.markdown(f"**{plain(value)}** {plain(n)}")
            look = {"compared": before, "span": span, "markers": page.source.markers}
            chart = drawn(charts.course, mine, measure, value, **look)
            put(chart, page, f"{shortened(value, charts.LONGEST_LABEL)}  {n}", small=True)


def _say_what_is_left_out(
    page: Page, breakdown: Breakdown, candidates: pd.DataFrame, values: list[str], view: str
) -> None:
    """A note on the values that aren't drawn, with the reasons."""
    with_values = set(candidates.loc[candidates[breakdown.measure.column].notna(), breakdown.by])
    without = len(set(candidates[breakdown.by]) - with_values)
    more = len(with_values) - len(values)
    name = dimension(breakdown.by).lower()
    parts = []
    if more > 0:
        largest = plural(len(values), "largest is", f"{len(values)} largest are")
        parts.append(f"The {largest} drawn; {more} more in the table.")
    if without:
        parts.append(
            f"{without} further {plural(without, 'value')} of {name} "
            f"{plural(without, 'has', 'have')} nothing to show: nobody, or fewer than "
            f"{page.min_users} people or attempts."
        )
    if page.min_users > 1:
        parts.append(
            f"Values that never reach {page.min_users} people or attempts in this period aren't listed."
        )
    draw_note(" ".join(parts))


DRAWN = {COURSES: _draw_courses, LINES: _draw_lines}
