"""Connection time: how soon devices are ready, how many ever are, and where the others are lost."""

from dataclasses import replace

import streamlit as st

from kpi import charts
from kpi.frame import frame
from kpi.frame.pooled import caution, choose_tag, draw_breakdown, draw_pooled, draw_shares
from kpi.frame.pooled import period_table as pooled
from kpi.measures import CENSORED_WORDS, MEASURES

TIME, COMPLETION = MEASURES["connection_time"], MEASURES["completion"]
SOON = MEASURES["ready_within_10"]
READY = replace(COMPLETION, metric=SOON.metric)  # the same, in the table of all limits

with frame("pages/connection_time.py") as page:
    connection_time = page.metric("connection-time")
    completion, within = page.metric("completion"), page.metric("ready-within")
    page.draw_cards(
        [
            ("Time to connect, new", TIME, connection_time, {"account": "new"}),
            ("Time to connect, existing", TIME, connection_time, {"account": "existing"}),
            ("Ready within 10 seconds", SOON, within, {}),
            ("Completed, ever", COMPLETION, completion, {}),
        ]
    )

    st.header("Median and quartiles", help=TIME.definition)
    log = page.choose("Scale", ["linear", "log"], key="time_scale") == "log"
    page.draw_chart(charts.connection_time, TIME, connection_time, log=log, markers=page.markers)
    page.draw_tables({"connection-time": connection_time}, key="connection_time_table")

    st.header("How soon devices are ready", help=SOON.definition)
    draw_shares(page)
    shown = page.choose("Of", ["of all begun", "of those ready"], key="distribution_of")
    of = "ready" if "ready" in shown else "begun"
    distribution = pooled(page, "connection-distribution", of=of)
    chart = charts.distribution(distribution, of=of)
    draw_pooled(page, chart, "connection-distribution", "attempts", of=of)
    page.draw_tables({f"connection-distribution-of-{of}": distribution}, key="distribution_table")

    st.header("Completion over time", help=COMPLETION.definition)
    page.draw_chart(charts.ready_within, READY, within, markers=page.markers)
    st.caption(caution(page.filters) or CENSORED_WORDS)
    page.draw_tables({"completion": completion, "ready-within": within}, key="completion_table")

    st.header("Steps of set-up")
    steps = pooled(page, "setup-steps")
    draw_pooled(page, charts.funnel(steps), "setup-steps", "came_this_far")
    page.draw_tables({"setup-steps": steps, "steps": page.metric("steps")}, key="steps_table")

    st.header("Breakdown")
    tag = choose_tag()
    table = pooled(page, "connection-breakdown", by=tag)
    draw_breakdown(page, table, tag)
    page.draw_tables({f"connection-breakdown-by-{tag}": table}, key="breakdown_table")
