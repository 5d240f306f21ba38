"""Engagement: the ratio with the daily and monthly users it is made of, by segment."""

import streamlit as st

from kpi import charts, targets
from kpi.filters import BREAKDOWNS
from kpi.frame import Card, frame
from kpi.measures import MEASURES

RATIO, DAU, MAU = (MEASURES[name] for name in ("engagement_ratio", "dau", "mau"))
AUDIENCES = {"all users": "all", "multi-device": "multi_device", "single-device": "single_device"}
SHOWN = {"ratio": RATIO, "daily users": DAU, "monthly users": MAU}
FIREFOX = ["Firefox Accounts only", "and Firefox’s own"]

with frame("pages/engagement.py") as page:
    engagement = page.metric("engagement")
    firefox = page.metric("firefox")
    page.draw_cards(
        [
            Card("Engagement ratio", RATIO, engagement, {"audience": "all"}, "engagement_ratio"),
            Card("Ratio, multi-device", RATIO, engagement, {"audience": "multi_device"}),
            Card("Daily users", DAU, engagement, {"audience": "all"}),
            Card("Monthly users", MAU, engagement, {"audience": "all"}),
        ]
    )

    page.draw_heading(RATIO.title, RATIO.definition)
    beside = page.choose("Lines", FIREFOX, key="beside") == FIREFOX[1]
    told = page.targets("engagement_ratio", engagement)
    page.draw_chart(
        charts.engagement_ratio,
        RATIO,
        engagement,
        audiences=tuple(AUDIENCES.values()),
        firefox=page.shown(firefox) if beside else None,
        compared=page.compared(engagement),
        goals=targets.lines(told, RATIO.unit),
        points_above=targets.points_above(told),
        markers=page.markers,
    )
    if beside:
        page.tell_not_applied("Firefox's own figures")

    page.draw_heading("Daily and monthly users", f"{DAU.definition} {MAU.definition}")
    audience = AUDIENCES[page.choose("Users", list(AUDIENCES), key="audience")]
    page.draw_chart(
        charts.active_users,
        DAU,
        engagement,
        audience=audience,
        compared=page.compared(engagement),
        markers=page.markers,
    )
    st.caption(
        "On a day, single- and multi-device users add up to all. Over 28 days a user can be both."
    )
    page.draw_tables({"engagement": engagement, "firefox": firefox}, key="engagement_table")

    page.draw_heading("By segment", "Each measure for the users of every value of a tag.")
    if page.offers_breakdown():
        with page.choices():
            measure = SHOWN[page.choose("Measure", list(SHOWN), key="measure")]
            by = page.choose_dimension(BREAKDOWNS, key="by", default="os")
            view = page.choose_view()
        page.draw_breakdown(measure, by, view, audience=audience)
