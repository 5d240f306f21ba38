"""Parts of a page: cards, tables behind charts with their downloads and SQL, definitions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from kpi.dashboard.faults import fragment
from kpi.dashboard.navigation import base_path
from kpi.meaning import services
from kpi.meaning.filters import BREAKDOWN_NAMES
from kpi.meaning.measures import COLUMNS, Measure
from kpi.numbers.answers import Answer
from kpi.numbers.export import FORMATS, for_spreadsheets
from kpi.text import ABSENT, quantity

if TYPE_CHECKING:
    from kpi.charts import Picture

MOST_SEGMENTS = 5

Content = bytes | Callable[[], bytes]
"""The bytes of a file, or a function that returns them once a reader asks for the file."""


def dimension(by: str) -> str:
    """A breakdown's name on pages."""
    return BREAKDOWN_NAMES.get(by, by)


@dataclass(frozen=True)
class Behind:
    """A table behind a chart: its name, rows, the name of its file, its answer, and its CSV for people.

    ``query`` is that of a link to its numbers, None where no link asks for them.
    """

    name: str
    table: pd.DataFrame
    file: str
    answer: Answer | None = None
    readable: Callable[[], bytes] | None = None
    query: str | None = None


@fragment
def draw_tables(
    tables: Callable[[], Iterable[Behind]],
    by_query: bool,
    key: str,
    picture: Picture | None = None,
) -> None:
    """Tables, downloads and, of those read ``by_query``, the SQL: drawn only once a reader opens them.

    Files for people are written only once a reader asks for them, as is the ``picture`` of the charts.
    """
    label = "Table and download, SQL" if by_query else "Table and download"
    with st.expander(label, icon=":material/table:", on_change="rerun", key=key) as box:
        if not box.open:
            return
        parts = list(tables())
        for part in parts:
            st.dataframe(
                services.with_names(part.table),
                hide_index=True,
                height=260,
                placeholder=ABSENT,
                column_config={str(name): _column_config(str(name)) for name in part.table},
                alt=f"Table of {part.name}, {quantity(len(part.table), 'row')}; the download has the same "
                "numbers.",
            )
            with st.container(horizontal=True, gap="small"):
                _draw_csv(part, f"{key}_{part.name}")
            _draw_links(part)
        if picture:
            draw_picture(picture, parts[0].file.removesuffix(".csv"), key)
        if by_query and st.toggle("Show the SQL", key=f"{key}_sql"):
            st.caption(
                "Statements for Amazon Redshift, with your filters filled in. They return whole counts "
                "and quartiles; means, percents and the hiding of small counts come after them."
            )
            for part in parts:
                for statement in part.answer.statements if part.answer else ():
                    # Without colours, which can't all be read, and whole: what scrolls needs a key.
                    st.code(statement.text, language=None, wrap_lines=True)


def _draw_csv(part: Behind, key: str) -> None:
    _draw_download(f"Download {part.name} as CSV", for_spreadsheets(part.table), part.file, key)
    if part.readable:
        file = f"{part.file.removesuffix('.csv')}_readable.csv"
        label = f"{part.name} for spreadsheets"
        help = "With context, readable heads, rounded numbers and the compared days."
        _draw_download(label, part.readable, file, f"{key}_readable", help)


def _draw_links(part: Behind) -> None:
    """Links to the numbers of a table, for programs."""
    if part.query is None:
        return
    root = f"{base_path()}/api/v1"
    query = f"?{part.query}" if part.query else ""
    forms = " · ".join(f"[{form}]({root}/{part.name}.{form}{query})" for form in FORMATS)
    # Links in a caption are too pale to be read by all.
    st.markdown(f"{part.name} by link: {forms} · [all links]({root}/)")


def draw_picture(picture: Picture, file: str, key: str) -> None:
    """Buttons that download a picture as PNG and as SVG."""
    help = "The charts above with their context, on white."
    with st.container(horizontal=True, gap="small"):
        for kind, content in (("png", picture.png), ("svg", picture.svg)):
            label = f"Picture ({kind.upper()})"
            _draw_download(label, content, f"{file}.{kind}", f"{key}_{kind}", help)


def _draw_download(
    label: str, content: Content, file: str, key: str, help: str | None = None
) -> None:
    kind = file.rsplit(".", 1)[1]
    mime = {"csv": "text/csv", "png": "image/png", "svg": "image/svg+xml"}[kind]
    icon = ":material/download:" if kind == "csv" else ":material/image:"
    st.download_button(label, content, file, mime, key=key, on_click="ignore", icon=icon, help=help)


def draw_note(words: str | None) -> None:
    """Small print, or its empty place, so that parts below it need not be drawn again."""
    place = st.empty()
    if words:
        place.caption(words)


def draw_definitions(measures: Iterable[Measure]) -> None:
    """Each measure's definition and where it is specified."""
    texts = [f"**{each.title}**: {each.definition} *{each.source}.*" for each in measures]
    if texts:
        st.divider()
        st.caption("\n\n".join(texts))


def _column_config(column: str) -> Any:
    title, unit = COLUMNS.get(column, (BREAKDOWN_NAMES.get(column, column), "text"))
    if unit == "day":
        return st.column_config.DateColumn(title, format="D MMM YYYY", pinned=True)
    if unit in ("users", "attempts"):
        return st.column_config.NumberColumn(title, format="%,.0f")
    if unit in ("share", "number"):
        return st.column_config.NumberColumn(
            title, format="percent" if unit == "share" else "%,.2f"
        )
    if unit in ("percent", "seconds"):
        return st.column_config.NumberColumn(
            title, format="%.1f%%" if unit == "percent" else "%.2f s"
        )
    return st.column_config.TextColumn(title)
