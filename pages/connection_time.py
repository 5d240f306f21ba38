"""Connection time: the time until devices are ready, completion, and the steps where attempts end."""

import streamlit as st

from kpi import charts
from kpi.dashboard import draw, drawn, figures, frame, sections
from kpi.dashboard.cards import Card, draw_cards
from kpi.dashboard.pooled import TAGS_IN_ORDER, caution, draw_breakdown, draw_pooled, draw_shares
from kpi.meaning.measures import CENSORED_WORDS, MEASURES

TIME, COMPLETION = MEASURES["connection_time"], MEASURES["completion"]
SOON = MEASURES["ready_within_10"]

with frame("pages/connection_time.py") as page:
    times, within = page.ask("connection-time"), page.ask("ready-within")
    draw_cards(
        page, [*sections.TIME_CARDS, Card("ready_within_10"), Card("completion", "Completed, ever")]
    )

    draw.heading(page, "Median and quartiles", TIME.definition)
    sections.connection_time(page, times)

    draw.heading(page, "How soon devices are ready", SOON.definition)
    draw_shares(page)
    shown = draw.choose(page, "Of", ["all begun", "those ready"], key="distribution_of")
    of = "ready" if shown == "those ready" else "begun"
    distribution = page.ask_pooled("connection-distribution", of=of)
    chart = drawn(charts.distribution, distribution.table, of=of)
    draw_pooled(page, chart, distribution, "attempts", "How soon devices are ready")
    draw.tables(page, [distribution], key="distribution_table")

    draw.heading(page, "Completion over time", COMPLETION.definition)
    draw.chart(page, figures.completion(page, within))
    st.caption(caution(page.filters) or CENSORED_WORDS)
    draw.tables(
        page,
        [lambda: page.ask("completion"), within],
        key="completion_table",
    )

    draw.heading(
        page, "Steps of set-up", "The attempts that came as far as each step, of those begun."
    )
    steps = page.ask_pooled("setup-steps")
    draw_pooled(page, drawn(charts.funnel, steps.table), steps, "came_this_far", "Steps of set-up")
    draw.tables(page, [steps, lambda: page.ask("steps")], key="steps_table")

    draw.heading(
        page,
        "Breakdown",
        "An attempt has a single value of each tag, so rows add up to all attempts.",
    )
    if draw.offers_breakdown(page):
        tag = draw.choose_dimension(page, TAGS_IN_ORDER, key="by", default="region")
        answer = page.ask_pooled("connection-breakdown", by=tag)
        draw_breakdown(page, answer, tag)
        draw.tables(page, [answer], key="breakdown_table")
