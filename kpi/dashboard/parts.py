"""Parts of a page: cards, tables behind charts with their downloads and SQL, definitions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from kpi.dashboard.faults import fragment
from kpi.meaning.filters import BREAKDOWN_NAMES
from kpi.meaning.measures import COLUMNS, Measure
from kpi.numbers.answers import Answer
from kpi.numbers.export import for_spreadsheets
from kpi.text import ABSENT

MOST_SEGMENTS = 5


def dimension(by: str) -> str:
    """A breakdown's name as a reader meets it."""
    return BREAKDOWN_NAMES.get(by, by)


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
