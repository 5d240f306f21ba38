"""Charts of tables over a whole period, with a row a step, time or value of a tag."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from kpi import charts
from kpi.dashboard.drawing import drawn, put
from kpi.dashboard.page import Page
from kpi.dashboard.parts import dimension, draw_note
from kpi.dashboard.reasons import not_loaded
from kpi.meaning import services
from kpi.meaning.filters import Filters
from kpi.meaning.measures import MEASURES
from kpi.numbers.answers import Answer
from kpi.text import days_text, written

if TYPE_CHECKING:
    from kpi.charts import Specification

TAGS_IN_ORDER = (
    "region browser entrypoint context campaign migration os version service users"
).split()
"""Tags to break attempts down by: `kpi.meaning.filters.ATTEMPT_BREAKDOWNS`, the most useful first."""


def draw_pooled(page: Page, chart: Specification, answer: Answer, count: str, title: str) -> bool:
    """A chart of a pooled answer, or the sentence on why there is none; True if it was drawn.

    ``count`` is the column of attempts, so that "nothing matches" and "hidden" differ.
    """
    if chart.has_values:
        put(chart, page, title)
        return True
    why = why_empty(page, page.every_cell(answer).table, count)
    st.info(page.reason(why), icon=":material/info:")
    return False


def why_empty(page: Page, everything: pd.DataFrame, count: str) -> str:
    """The reason why a pooled table is empty; ``everything`` is the same table with no cell hidden."""
    unknown = page.why_unknown(MEASURES["completion"])
    any_attempt = bool((everything[count].fillna(0) > 0).any())
    if unknown and not any_attempt:
        return unknown
    if any_attempt:
        return (
            f"Hidden for privacy: fewer than {page.min_users} attempts match in this period. "
            f"{'C' if page.filters.empty else 'Remove a filter or c'}hoose a longer period to see more."
        )
    if not page.has_days:
        return not_loaded(days_text(page.first_day, page.today))
    if page.filters.empty:
        return "No connection attempt was recorded in this period. Choose a longer period."
    return "No attempt matches these filters in this period. Remove a filter, or reset all filters."


def draw_shares(page: Page) -> None:
    """The shares of the period's attempts that were ready within 5, 10, 30, 60 seconds, and ever.

    Nothing where they are absent or hidden: the chart of the same attempts says why.
    """
    pooled = page.ask_pooled("connection-breakdown").table.iloc[0]
    if pd.isna(pooled["begun"]):
        return
    shares = {f"Within {s} s": f"within_{s}_seconds_percent" for s in (5, 10, 30, 60)}
    with st.container(horizontal=True, gap="small"):
        for label, column in {**shares, "Ever": "completion_percent"}.items():
            st.metric(label, written(pooled[column], "percent"), width=130)
    begun = MEASURES["completion"].n_counted(pooled["begun"])
    st.caption(f"Percent of the {begun} in the period. Small counts are hidden.")


def caution(filters: Filters) -> str | None:
    """A caution on completion under a filter; or None."""
    if filters.users:
        return (
            "An attempt counts as new only once its account is created or flagged as new. Attempts "
            "abandoned before that count as existing, so nearly all new accounts seem to complete, "
            "and few existing accounts. Compare the two by time, not by completion."
        )
    if filters.devices:
        return (
            "The user of an attempt is known only once somebody signs in. An attempt abandoned before "
            "that counts as single-device, so nearly all multi-device users seem to complete. Compare "
            "the two by time, not by completion."
        )
    return None


def draw_breakdown(page: Page, answer: Answer, tag: str) -> None:
    """Time and completion by a tag's values, side by side, each with its n."""
    table = services.with_names(answer.table)
    title = dimension(tag)
    for place, head, draw, column in zip(
        st.columns(2, gap="medium"),
        ("Median, and the middle half", "Completed, of those begun"),
        (charts.times_by, charts.completion_by),
        ("median_seconds", "completion_percent"),
        strict=True,
    ):
        with place:
            st.subheader(head)
            count = "connections" if column == "median_seconds" else "begun"
            chart = drawn(draw, table, tag, title)
            if draw_pooled(page, chart, answer, count, f"{head}, by {title.lower()}"):
                draw_note(_rows_left_out(table, column, count))


def _rows_left_out(table: pd.DataFrame, column: str, count: str) -> str | None:
    """A note on the values of a tag that a chart leaves out, with the reasons; or None."""
    hidden = int(table[count].isna().sum())
    more = int(table[column].notna().sum()) - charts.SHOWN_ROWS
    notes = []
    if more > 0:
        notes.append(f"{more} more in the table")
    if hidden:
        notes.append(f"{hidden} hidden, since few attempts match")
    return f"{'; '.join(notes)}." if notes else None
