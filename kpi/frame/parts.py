"""Parts of a page: cards, and the tables behind charts with their downloads."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from kpi.export import written as file_content
from kpi.measures import ABSENT, COLUMNS, Reading, day_text


def draw_card(label: str, now: Reading) -> None:
    measure = now.measure
    good = {"higher": 1, "lower": -1}.get(measure.better or "", 0)
    change = None if now.change is None else measure.change_text(now.change)
    flat = now.change is None or measure.flat(now.change) or not good
    # The label stands apart, since a metric's own is cut off where a card is narrow.
    st.markdown(label, help=f"{measure.definition} {measure.source}.")
    st.metric(
        label,
        measure.text(now.value),
        change,
        label_visibility="collapsed",
        delta_color="gray" if flat else "green" if now.change * good > 0 else "red",
        delta_arrow="off" if flat else "up" if now.change > 0 else "down",
    )
    since = f"since {day_text(now.compared_day)}; " if change else ""
    basis = measure.n_text(now.n) if now.value is not None else "no value to show"
    st.caption(f"{since}{basis} on {day_text(now.day)}")


@st.fragment
def draw_tables(tables: dict[str, pd.DataFrame], names: dict[str, str], key: str) -> None:
    """Tables and downloads, made only once a reader opens them."""
    with st.expander(
        "Table and download", icon=":material/table:", on_change="rerun", key=key
    ) as box:
        if not box.open:
            return
        for name, table in tables.items():
            st.dataframe(
                table,
                hide_index=True,
                height=260,
                placeholder=ABSENT,
                column_config={column: _column_config(column) for column in table},
                alt=f"Table of {name}, {len(table)} rows; the download has the same numbers.",
            )
            st.download_button(
                f"Download {name} as CSV",
                file_content(table, "csv"),
                names[name],
                "text/csv",
                key=f"{key}_{name}",
                on_click="ignore",
                icon=":material/download:",
            )


def _column_config(column: str) -> Any:
    title, unit = COLUMNS.get(column, (column, "text"))
    if unit == "day":
        return st.column_config.DateColumn(title, format="D MMM YYYY", pinned=True)
    if unit in ("users", "attempts"):
        return st.column_config.NumberColumn(title, format="%,.0f")
    if unit in ("percent", "seconds"):
        return st.column_config.NumberColumn(
            title, format="%.1f%%" if unit == "percent" else "%.2f s"
        )
    return st.column_config.TextColumn(title)
