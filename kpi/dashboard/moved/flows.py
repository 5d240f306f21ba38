"""The flows of monthly users between two days: who came, and who went."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import streamlit as st

from kpi import charts
from kpi.dashboard import draw
from kpi.dashboard.drawing import drawn, put
from kpi.dashboard.page import Page
from kpi.dashboard.words import plain
from kpi.meaning.filters import Period
from kpi.text import written

NAMES = {
    "new": "+{} new",
    "returned": "+{} returned",
    "moved_in": "+{} moved in",
    "lapsed": "−{} lapsed",
    "moved_out": "−{} moved out",
}
MEANING = (
    "**New** were never active before, **returned** had lapsed, **lapsed** were active on none of 28 days. "
    "**Moved in** and **moved out** came from or went to outside the filter. Bars are whole weeks, Monday to "
    "Sunday."
)
HIDDEN = " What is missing in a bar is hidden for privacy, or not known; it is not 0."


def draw_flows(page: Page, before: date, after: date) -> None:
    """The sentence on all flows from one day to another, and a bar a week."""
    period = Period(before + timedelta(days=1), after)
    total = page.ask("growth", period=period, weekly=False, total=True)
    weeks = page.ask("growth", period=period, weekly=True)
    draw.heading(
        page, "Who came, who went", "Flows from the users of one day to those of the next."
    )
    known = total.table.dropna(subset=["mau", "mau_before"])
    if known.empty or known[list(NAMES)].isna().all(axis=None):
        st.info(
            "The flows of these days aren't known: they are hidden for privacy, or the days are among the "
            "first 56 of the history, when nobody is known to come back.",
            icon=":material/info:",
        )
        return
    st.markdown(plain(flow_sentence(known.iloc[0])))
    picture = drawn(charts.flows, weeks.table)
    if picture.has_values:
        put(picture, page, "Flows of monthly users by week")
    gaps = weeks.table[list(NAMES)].isna().any(axis=None)
    st.caption(f"{MEANING}{HIDDEN if gaps else ''}")
    draw.tables(page, [total, weeks], key="flows_table")


def flow_sentence(row: pd.Series) -> str:
    """The flows that lead from the users before to those after, such as '845 became 859: +120 new …'."""
    parts = [
        words.format(written(row[flow], "users"))
        for flow, words in NAMES.items()
        if pd.isna(row[flow]) or row[flow] > 0
    ]
    hidden = " (– is hidden for privacy)" if row[list(NAMES)].isna().any() else ""
    before, after = (written(row[name], "users") for name in ("mau_before", "mau"))
    return f"{before} monthly users became {after}: {', '.join(parts)}{hidden}."
