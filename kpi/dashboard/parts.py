"""Parts of a page: cards, tables behind charts with their downloads and SQL, definitions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from kpi import charts
from kpi.dashboard import targets
from kpi.dashboard.faults import fragment
from kpi.dashboard.words import plain
from kpi.meaning.filters import BREAKDOWN_NAMES
from kpi.meaning.measures import ABSENT, COLUMNS, Measure, Reading, day_text
from kpi.numbers.answers import Answer
from kpi.numbers.export import for_spreadsheets

MOST_SEGMENTS = 5
SPARKLINE_DAYS = 90


def dimension(by: str) -> str:
    """A breakdown's name as a reader meets it."""
    return BREAKDOWN_NAMES.get(by, by)


def draw_card(
    label: str,
    now: Reading,
    course: pd.Series,
    goal: Sequence[targets.Target] = (),
    unknown: str | None = None,
) -> None:
    """A measure's value on a day, its change, its course, and how far its goal is.

    ``unknown`` says why there is no value, where that can't be known.
    """
    measure = now.measure
    good = {"higher": 1, "lower": -1}.get(measure.better or "", 0)
    change = None if now.change is None else measure.change_text(now.change)
    moved = 0.0 if now.change is None or measure.flat(now.change) else good * now.change
    spark = charts.spark(course.tail(SPARKLINE_DAYS), measure.unit)
    # The label stands apart, since a metric's own is cut off where a card is narrow.
    st.markdown(f"**{plain(label)}**", help=f"{measure.definition} {measure.source}.")
    st.metric(
        label,
        measure.text(now.value),
        change,
        label_visibility="collapsed",
        delta_color="green" if moved > 0 else "red" if moved < 0 else "gray",
        delta_arrow="off" if not moved else "up" if moved * good > 0 else "down",
    )
    if spark:
        # A metric's own chart has marks without a name, which a screen reader stumbles over.
        st.image(spark.svg, width="stretch", alt=spark.sentence)
    since = f"since {day_text(now.compared_day)}; " if change else ""
    basis = measure.n_text(now.n) if now.value is not None else "no value to show"
    st.caption(f"{since}{basis} on {day_text(now.day)}")
    if now.value is None and unknown:
        st.caption(plain(unknown))
    for target in goal:
        if target.value is None or now.value is None:
            continue
        icon = ":material/check_circle:" if targets.met(target, now.value) else ":material/flag:"
        st.caption(f"{icon} {targets.gap_text(target, now.value, measure.unit)}")


@dataclass(frozen=True)
class Behind:
    """A table behind a chart: its name, rows, the file it is saved to, and the answer it is a part of."""

    name: str
    table: pd.DataFrame
    file: str
    answer: Answer | None = None


@fragment
def draw_tables(tables: Callable[[], Iterable[Behind]], by_query: bool, key: str) -> None:
    """Tables, downloads and, of those read ``by_query``, the SQL: made only once a reader opens them."""
    label = "Table and download, SQL" if by_query else "Table and download"
    with st.expander(label, icon=":material/table:", on_change="rerun", key=key) as box:
        if not box.open:
            return
        found = list(tables())
        for one in found:
            st.dataframe(
                one.table,
                hide_index=True,
                height=260,
                placeholder=ABSENT,
                column_config={str(name): _column_config(str(name)) for name in one.table},
                alt=f"Table of {one.name}, {len(one.table)} rows; the download has the same numbers.",
            )
            st.download_button(
                f"Download {one.name} as CSV",
                for_spreadsheets(one.table),
                one.file,
                "text/csv",
                key=f"{key}_{one.name}",
                on_click="ignore",
                icon=":material/download:",
            )
        if by_query and st.toggle("Show the SQL that reads it", key=f"{key}_sql"):
            st.caption(
                "For Redshift, with the filters filled in. It returns whole counts and quartiles; "
                "means and percents are made of them, and small counts hidden, after it."
            )
            for one in found:
                for statement in one.answer.statements if one.answer else ():
                    st.code(statement.text, language="sql", height=320)


def draw_note(words: str | None) -> None:
    """Small print, or its empty place: without one, all that stands below would be drawn anew."""
    place = st.empty()
    if words:
        place.caption(words)


def draw_definitions(measures: Iterable[Measure]) -> None:
    """Each measure's definition and where it is specified."""
    told = [f"**{one.title}**: {one.definition} *{one.source}.*" for one in measures]
    if told:
        st.divider()
        st.caption("\n\n".join(told))


def _column_config(column: str) -> Any:
    title, unit = COLUMNS.get(column, (BREAKDOWN_NAMES.get(column, column), "text"))
    if unit == "day":
        return st.column_config.DateColumn(title, format="D MMM YYYY", pinned=True)
    if unit in ("users", "attempts"):
        return st.column_config.NumberColumn(title, format="%,.0f")
    if unit in ("percent", "seconds"):
        return st.column_config.NumberColumn(
            title, format="%.1f%%" if unit == "percent" else "%.2f s"
        )
    return st.column_config.TextColumn(title)
