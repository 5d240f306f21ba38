"""A measure by the values of a tag: which values, how they are drawn, what is hidden, the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from kpi import charts
from kpi.dashboard import draw as drawing
from kpi.dashboard.drawing import drawn, put
from kpi.dashboard.page import Page, rows_of
from kpi.dashboard.parts import dimension, draw_note
from kpi.dashboard.words import plain
from kpi.meaning.filters import Period
from kpi.meaning.measures import Measure, day_text, days_text, why_nothing
from kpi.meaning.tables import TABLES
from kpi.numbers.answers import Answer

if TYPE_CHECKING:
    from kpi.charts import Specification

RANKED, COURSES, LINES = drawing.VIEWS
MOST = {RANKED: 15, COURSES: 9, LINES: charts.MOST_LINES}
"""How many values each view draws, the largest first."""


@dataclass(frozen=True)
class Breakdown:
    """A measure by ``by``; ``picked`` picks one row a value and day, ``options`` of `meaning.question`."""

    measure: Measure
    by: str
    picked: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def overlaps(self) -> bool:
        """Whether a user can be in several segments, so that they don't add up."""
        return TABLES[self.measure.metric].overlaps

    def of(self, table: pd.DataFrame) -> pd.DataFrame:
        """The rows that are picked, each value as text."""
        return rows_of(table, self.picked)


def draw(
    page: Page,
    measure: Measure,
    by: str,
    view: str,
    picked: Mapping[str, str] | None = None,
    **options: Any,
) -> None:
    """A measure by the values of a tag, or the sentence that says why there is nothing to draw.

    ``picked`` picks one row a value and day, as audience='all'; ``options`` are of `Options`.
    """
    told = Breakdown(measure, by, picked or {}, options)
    page.remember(measure)
    answer = _answer(page, told, page.period)
    rows = told.of(page.shown(answer))
    seen = _on_last_day(rows) if view == RANKED else rows
    values = charts.largest(seen, measure, told.by, MOST[view])
    if not values:
        _tell_why_nothing(page, told, answer, rows)
        return
    beside = _beside(page, told)
    DRAWN[view](page, told, rows, values, beside)
    _tell_left_out(page, told, seen, values, view)
    if told.overlaps:
        drawing.overlap(told.by)
    drawing.tables(page, [answer], key=f"{measure.metric}_by_table")


def _tell_why_nothing(page: Page, told: Breakdown, answer: Answer, rows: pd.DataFrame) -> None:
    bare = page.every_cell(answer)
    data = days_text(page.first_day, page.today)
    nothing = why_nothing(
        told.measure,
        rows,
        told.of(page.shown(bare)),
        page.filters.empty,
        page.min_users,
        data,
        page.why_unknown(told.measure, bare, told.picked.get("audience")),
    )
    words = [nothing or "No value has anything to show on the last day of this period."]
    if not told.overlaps and not page.chosen.weekly:
        words.append("A point per week pools more attempts.")
    st.info(" ".join(words), icon=":material/info:")


def _on_last_day(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["day"] == rows["day"].max()] if len(rows) else rows


def draw_two(page: Page, measure: Measure, answer: Answer, picked: Mapping[str, str]) -> None:
    """One line over the period; where days are compared, theirs beside it, on the same axis."""
    page.remember(measure)
    rows, beside = rows_of(page.shown(answer), picked), page.compared(answer)
    if beside is not None:
        beside = replace(beside, rows=rows_of(beside.rows, picked))
    if not rows[measure.column].notna().any():
        return  # the card and the breakdown say why
    if beside is None:
        alone = drawn(
            charts.course,
            rows,
            measure,
            measure.title,
            markers=page.source.markers,
            height=charts.HEIGHT,
        )
        put(alone)
        return
    _draw_pair(
        page,
        measure,
        rows,
        beside,
        lambda part, span: drawn(
            charts.course, part, measure, measure.title, span=span, height=charts.HEIGHT
        ),
    )


def _answer(page: Page, told: Breakdown, period: Period) -> Answer:
    return page.ask(told.measure.metric, by=told.by, period=period, **told.options)


def _beside(page: Page, told: Breakdown) -> charts.Compared | None:
    """The compared days' rows, under the days they stand beside."""
    comparison = page.chosen.comparison
    if comparison is None:
        return None
    first, last = page.period.bounds
    days = Period(first - comparison.shift, last - comparison.shift)
    rows = comparison.of(_answer(page, told, days).table, page.period)
    return charts.Compared(comparison.name, told.of(rows))


def _draw_ranked(
    page: Page,
    told: Breakdown,
    rows: pd.DataFrame,
    values: list[str],
    beside: charts.Compared | None,
) -> None:
    day = rows["day"].max().date()
    put(drawn(charts.ranked, rows, told.measure, told.by, day, values, compared=beside))
    which = "the whole week to" if page.chosen.weekly else "the last day shown,"
    st.caption(f"Values of {which} {day_text(day)}.")


def _draw_lines(
    page: Page,
    told: Breakdown,
    rows: pd.DataFrame,
    values: list[str],
    beside: charts.Compared | None,
) -> None:
    """The largest values in one chart; the compared period in a chart of its own beside it."""
    measure, by = told.measure, told.by
    if beside is None:
        put(drawn(charts.by_value, rows, measure, by, values))
        return
    few = rows[rows[by].isin(values)]
    beside = replace(beside, rows=beside.rows[beside.rows[by].isin(values)])
    _draw_pair(
        page,
        measure,
        few,
        beside,
        lambda part, span: drawn(charts.by_value, part, measure, by, values, span=span),
    )


def _draw_pair(
    page: Page,
    measure: Measure,
    rows: pd.DataFrame,
    beside: charts.Compared,
    draw: Callable[[pd.DataFrame, tuple[float, float] | None], Specification],
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
            st.markdown(f"**{name[:1].upper()}{name[1:]}**, {days}")
            put(draw(part, span))


def _draw_courses(
    page: Page,
    told: Breakdown,
    rows: pd.DataFrame,
    values: list[str],
    beside: charts.Compared | None,
) -> None:
    """A small chart for each of the largest values, all on one axis."""
    measure, by = told.measure, told.by
    kept = [rows[rows[by].isin(values)]]
    if beside is not None:
        kept.append(beside.rows[beside.rows[by].isin(values)])
    span = charts.extent(pd.concat(kept, ignore_index=True), measure)
    grid = st.grid(3, min_column_width=300, gap="small")
    for value in values:
        mine = rows[rows[by] == value]
        before = None
        if beside is not None:
            before = charts.Compared(beside.name, beside.rows[beside.rows[by] == value])
        last = mine[mine[measure.column].notna()].iloc[-1]
        n = measure.n_text(last[measure.n_column]) if measure.n_column else ""
        with grid.container(border=True, gap="xsmall"):
            st.markdown(f"**{plain(value)}** {plain(n)}")
            put(drawn(charts.course, mine, measure, value, compared=before, span=span))


def _tell_left_out(
    page: Page, told: Breakdown, seen: pd.DataFrame, values: list[str], view: str
) -> None:
    """How many values aren't drawn, and why."""
    with_values = set(seen.loc[seen[told.measure.column].notna(), told.by])
    without = len(set(seen[told.by]) - with_values)
    more = len(with_values) - len(values)
    name = dimension(told.by).lower()
    parts = []
    if more > 0:
        parts.append(f"The {len(values)} largest are drawn; {more} more in the table.")
    if without:
        parts.append(
            f"{without} further value{'s' if without > 1 else ''} of {name} "
            f"ha{'ve' if without > 1 else 's'} nothing to show: nobody, or fewer than "
            f"{page.min_users} people or attempts."
        )
    if page.min_users > 1:
        parts.append(
            f"Values that never reach {page.min_users} people or attempts in this period aren't listed."
        )
    draw_note(" ".join(parts))


DRAWN = {RANKED: _draw_ranked, COURSES: _draw_courses, LINES: _draw_lines}
