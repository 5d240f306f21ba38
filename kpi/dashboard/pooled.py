"""Charts of tables that stand for a whole period, one row a step, time or value of a tag."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from kpi import charts
from kpi.dashboard.drawing import drawn, put
from kpi.dashboard.page import Page
from kpi.dashboard.parts import dimension, draw_note
from kpi.meaning.filters import Filters
from kpi.meaning.measures import MEASURES, days_text, written
from kpi.numbers.answers import Answer

if TYPE_CHECKING:
    from kpi.charts import Specification

TAGS_IN_ORDER = (
    "region browser entrypoint context campaign migration os version service users"
).split()
"""Tags to break attempts down by: `kpi.meaning.filters.ATTEMPT_BREAKDOWNS`, those asked for most first."""


def draw_pooled(page: Page, chart: Specification, answer: Answer, count: str) -> bool:
    """A chart of a pooled answer, or the sentence that says why there is none; whether it was drawn.

    ``count`` is the column of attempts, so that "nothing matches" and "hidden" differ.
    """
    if chart.has_values:
        put(chart)
        return True
    st.info(why_empty(page, page.every_cell(answer).table, count), icon=":material/info:")
    return False


def why_empty(page: Page, everything: pd.DataFrame, count: str) -> str:
    """Why a pooled table has nothing to show; ``everything`` is the same table with no cell hidden."""
    unknown = page.why_unknown(MEASURES["completion"])
    if unknown and not (len(everything) and (everything[count].fillna(0) > 0).any()):
        return unknown
    if len(everything) and (everything[count].fillna(0) > 0).any():
        return (
            f"Hidden for privacy: fewer than {page.min_users} attempts match in this period. "
            "Remove a filter or choose a longer period to see a wider group."
        )
    if page.last_shown_day < max(page.first_day, page.period.first or page.first_day):
        covered = days_text(page.first_day, page.today)
        return f"No day of this period is loaded. The data covers {covered}: choose another period."
    if page.filters.empty:
        return "No attempt to connect was seen in this period: choose a longer one."
    return "No attempt matches these filters in this period: remove a filter, or reset them."


def draw_shares(page: Page) -> None:
    """How many of the period's attempts were ready within 5, 10, 30, 60 seconds, and ever."""
    pooled = page.ask_pooled("connection-breakdown").table.iloc[0]
    shares = {f"Within {s} s": f"within_{s}_seconds_percent" for s in (5, 10, 30, 60)}
    with st.container(horizontal=True, gap="small"):
        for label, column in {**shares, "Ever": "completion_percent"}.items():
            st.metric(label, written(pooled[column], "percent"), width=130)
    unknown = page.why_unknown(MEASURES["completion"])
    if unknown:
        draw_note(unknown)
    if pd.isna(pooled["begun"]):
        return
    begun = written(pooled["begun"], "attempts")
    st.caption(f"Of {begun} attempts begun in the period, exact; a percent of few is hidden.")


def caution(filters: Filters) -> str | None:
    """What a filter does to completion that a reader might not expect; or None."""
    if filters.users:
        return (
            "An attempt counts as new only once its account is created or flagged as new; one given "
            "up before that counts as existing. So new accounts seem to complete nearly always, and "
            "existing ones seldom: compare them by time, not by completion."
        )
    if filters.devices:
        return (
            "Whose attempt it is, is known only once somebody signs in; one given up before that "
            "counts as single-device. So multi-device users seem to complete nearly always: compare "
            "the two by time, not by completion."
        )
    return None


def draw_breakdown(page: Page, answer: Answer, tag: str) -> None:
    """Time and completion by a tag's values, side by side, each with its n."""
    table = answer.table
    title = dimension(tag)
    for place, head, draw, column in zip(
        st.columns(2, gap="medium"),
        ("Median, and a quarter to three quarters", "Completed, of those begun"),
        (charts.times_by, charts.completion_by),
        ("median_seconds", "completion_percent"),
        strict=True,
    ):
        with place:
            st.subheader(head)
            count = "connections" if column == "median_seconds" else "begun"
            chart = drawn(draw, table, tag, title)
            if draw_pooled(page, chart, answer, count):
                draw_note(_rows_left_out(table, column, count))


def _rows_left_out(table: pd.DataFrame, column: str, count: str) -> str | None:
    """How many values of a tag a chart leaves out, and why; or None."""
    hidden = int(table[count].isna().sum())
    more = int(table[column].notna().sum()) - charts.SHOWN_ROWS
    told = [
        f"{more} more in the table" if more > 0 else "",
        f"{hidden} hidden, since few attempts match" if hidden else "",
    ]
    told = [words for words in told if words]
    return f"{'; '.join(told)}." if told else None
