"""A measure by the values of a tag: which values, how they are drawn, what is hidden, the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from kpi import charts, metrics
from kpi.filters import Period
from kpi.frame.parts import dimension
from kpi.frame.words import plain
from kpi.measures import Measure, day_text, days_text, why_nothing

if TYPE_CHECKING:
    from kpi.frame.page import Page

RANKED, COURSES, LINES = "ranked", "small multiples", "lines"
MOST_BARS, MOST_COURSES = 15, 9


@dataclass(frozen=True)
class Breakdown:
    """A measure by ``by``; ``picked`` picks one row a value and day, ``options`` as in `kpi.metrics`."""

    measure: Measure
    by: str
    picked: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def overlaps(self) -> bool:
        """Whether a user can be in several segments, so that they don't add up."""
        return self.measure.metric in metrics.USER_METRICS

    def of(self, table: pd.DataFrame) -> pd.DataFrame:
        """The rows that are picked, each value as text."""
        for column, value in self.picked.items():
            table = table[table[column] == value]
        return table


def draw(page: Page, told: Breakdown, views: tuple[str, ...], key: str) -> None:
    """A breakdown as the reader wants to see it, or the sentence that says why there is none."""
    view = page.choose("View", views, key=f"{key}_view")
    measure = told.measure
    page.remember(measure)
    table = _table(page, told, page.period)
    rows = told.of(page.shown(table))
    shown_values = charts.largest(rows, measure, told.by, MOST_BARS)
    if not shown_values:
        bare = _table(page, told, page.period, min_users=0)
        everything = told.of(page.shown(bare))
        data = days_text(page.first_day, page.today)
        nothing = why_nothing(measure, rows, everything, page.filters.empty, page.min_users, data)
        st.info(nothing or "Nothing to show in this period.", icon=":material/info:")
        return
    beside = _beside(page, told)
    if view == RANKED:
        _draw_ranked(page, told, rows, shown_values, beside)
    elif view == LINES:
        _draw_lines(page, told, rows, shown_values[: charts.MOST_LINES], beside)
    else:
        _draw_courses(page, told, rows, shown_values[:MOST_COURSES], beside)
    _tell_left_out(page, told, rows, shown_values, view)
    if told.overlaps:
        page.tell_overlap(told.by)
    page.draw_tables({measure.metric: table}, key=f"{key}_table")


def _table(page: Page, told: Breakdown, period: Period, **options: Any) -> pd.DataFrame:
    return page.metric(
        told.measure.metric, by=told.by, period=period, **{**told.options, **options}
    )


def _beside(page: Page, told: Breakdown) -> charts.Compared | None:
    """The compared days' rows, under the days they stand beside."""
    comparison = page.chosen.comparison
    if comparison is None:
        return None
    first, last = page.period.bounds
    days = Period(first - comparison.shift, last - comparison.shift)
    rows = comparison.of(_table(page, told, days), page.period)
    return charts.Compared(comparison.name, told.of(rows))


def _draw_ranked(
    page: Page,
    told: Breakdown,
    rows: pd.DataFrame,
    values: list[str],
    beside: charts.Compared | None,
) -> None:
    day = rows["day"].max().date()
    chart = charts.ranked(rows, told.measure, told.by, day, values, compared=beside)
    if not charts.has_values(chart):
        st.info(
            f"No value has anything to show on {day_text(day)}: the small multiples show "
            "the days before.",
            icon=":material/info:",
        )
        return
    page.draw_drawn(chart)
    when = f"the week to {day_text(day)}" if page.chosen.weekly else day_text(day)
    st.caption(f"Values of {when}, the last {'whole week' if page.chosen.weekly else 'day'} shown.")


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
        page.draw_drawn(charts.by_value(rows, measure, by, values))
        return
    shift = page.chosen.comparison.shift if page.chosen.comparison else None
    before = beside.rows.assign(day=beside.rows["day"] - pd.Timedelta(shift))
    seen = pd.concat([rows, before], ignore_index=True)
    span = charts.extent(seen[seen[by].isin(values)], measure)
    for place, part, name in zip(
        st.columns(2, gap="medium"), (before, rows), (beside.name, "the period"), strict=True
    ):
        with place:
            if not part[measure.column].notna().any():
                st.info(f"Nothing to show for {name}.", icon=":material/info:")
                continue
            first, last = part["day"].min().date(), part["day"].max().date()
            st.markdown(f"**{name[:1].upper()}{name[1:]}**, {days_text(first, last)}")
            page.draw_drawn(charts.by_value(part, measure, by, values, span=span))


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
            page.draw_drawn(charts.course(mine, measure, value, compared=before, span=span))


def _tell_left_out(
    page: Page, told: Breakdown, rows: pd.DataFrame, values: list[str], view: str
) -> None:
    """How many values aren't drawn, and why."""
    most = {RANKED: MOST_BARS, LINES: charts.MOST_LINES}.get(view, MOST_COURSES)
    with_values = set(rows.loc[rows[told.measure.column].notna(), told.by])
    hidden = len(set(rows[told.by]) - with_values)
    more = len(with_values) - min(most, len(values))
    parts = []
    if more > 0:
        parts.append(f"{more} smaller ones are in the table")
    if hidden:
        parts.append(
            f"{hidden} ha{'s' if hidden == 1 else 've'} nothing to show, as fewer than "
            f"{page.min_users} people or attempts match"
        )
    if parts:
        name = dimension(told.by).lower()
        st.caption(f"The largest by {name} are drawn; {'; '.join(parts)}.")
