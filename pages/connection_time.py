"""Connection time: how soon devices are ready, how many ever are, and where the others are lost."""

from dataclasses import replace

import streamlit as st

from kpi import charts, targets
from kpi.frame import Card, drawn, frame
from kpi.frame.pooled import TAGS_IN_ORDER, caution, draw_breakdown, draw_pooled, draw_shares
from kpi.frame.pooled import period_table as pooled
from kpi.measures import CENSORED_WORDS, MEASURES

TIME, COMPLETION = MEASURES["connection_time"], MEASURES["completion"]
SOON = MEASURES["ready_within_10"]
READY = replace(COMPLETION, metric=SOON.metric)  # the same, in the table of all limits
NEW, EXISTING = {"account": "new"}, {"account": "existing"}

with frame("pages/connection_time.py") as page:
    times, within = page.metric("connection-time"), page.metric("ready-within")
    page.draw_cards(
        [
            Card("Time to connect, new", TIME, times, NEW, "connection_time_new"),
            Card("Time to connect, existing", TIME, times, EXISTING, "connection_time_existing"),
            Card("Ready within 10 seconds", SOON, within),
            Card("Completed, ever", READY, within),
        ]
    )

    page.draw_heading("Median and quartiles", TIME.definition)
    log = page.choose("Scale", ["linear", "log"], key="time_scale") == "log"
    told = page.targets("connection_time_new", times)
    told += page.targets("connection_time_existing", times)
    page.draw_chart(
        charts.connection_time,
        TIME,
        times,
        log=log,
        compared=page.compared(times),
        goals=targets.lines(told, TIME.unit),
        markers=page.markers,
    )
    page.draw_tables({"connection-time": times}, key="connection_time_table")

    page.draw_heading("How soon devices are ready", SOON.definition)
    draw_shares(page)
    shown = page.choose("Of", ["all begun", "those ready"], key="distribution_of")
    of = "ready" if shown == "those ready" else "begun"
    distribution = pooled(page, "connection-distribution", of=of)
    chart = drawn(charts.distribution, distribution, of=of)
    draw_pooled(page, chart, "connection-distribution", "attempts", of=of)
    page.draw_tables({"connection-distribution": distribution}, key="distribution_table")

    page.draw_heading("Completion over time", COMPLETION.definition)
    page.draw_chart(charts.ready_within, READY, within, markers=page.markers)
    st.caption(caution(page.filters) or CENSORED_WORDS)
    page.draw_tables(
        {"completion": lambda: page.metric("completion"), "ready-within": within},
        key="completion_table",
    )

    page.draw_heading(
        "Steps of set-up", "Of the attempts begun, how many came as far as each step."
    )
    steps = pooled(page, "setup-steps")
    draw_pooled(page, drawn(charts.funnel, steps), "setup-steps", "came_this_far")
    page.draw_tables(
        {"setup-steps": steps, "steps": lambda: page.metric("steps")}, key="steps_table"
    )

    page.draw_heading("Breakdown", "An attempt has one value of each tag: rows add up to all.")
    if page.offers_breakdown():
        tag = page.choose_dimension(TAGS_IN_ORDER, key="by", default="region")
        table = pooled(page, "connection-breakdown", by=tag)
        draw_breakdown(page, table, tag)
        page.draw_tables({"connection-breakdown": table}, key="breakdown_table")
