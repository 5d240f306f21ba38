"""Data: freshness and completeness of the numbers, loads, and the meaning of every word."""

import streamlit as st

from kpi.dashboard import draw, frame
from kpi.dashboard.about import (
    draw_alerts,
    draw_definitions,
    draw_doubtful,
    draw_freshness,
    draw_loads,
    draw_retention,
    draw_trust,
    draw_volumes,
)
from kpi.dashboard.changes import draw_changes
from kpi.dashboard.markers import draw_markers
from kpi.dashboard.segments import draw_segments

with frame("pages/data.py") as page:
    draw.not_applied(page, "Loads and volumes", "cover all events")
    st.header(
        "Can I trust today's numbers?", help="Judged for the newest complete day, over all users."
    )
    draw_trust(page)
    draw_freshness(page)

    st.header("Volume by event type", help="Counts of events, not of users, by UTC day.")
    draw_volumes(page)

    draw_doubtful(page)

    st.header("Loads and rejects", help="Every file that was loaded. Times are UTC.")
    draw_loads(page)

    st.header(
        "Alerts",
        help="Days on which a KPI was out of the usual, or the verdict of a goal changed for good.",
    )
    draw_alerts(page)

    st.header(
        "Markers",
        help="Releases, incidents and holidays, shown as ▼ on charts over days, with who added them.",
    )
    draw_markers(page)

    st.header(
        "Segments",
        help="Filters that people saved under a name, with who, when and why, for everyone.",
    )
    draw_segments(page)

    st.header(
        "Changes in history", help="Numbers of days that were published before and differ since."
    )
    draw_changes(page)

    st.header("Retention")
    draw_retention(page)

    st.header(
        "Definitions", help=f"Version {page.source.publication.definitions} of the definitions."
    )
    draw_definitions()
