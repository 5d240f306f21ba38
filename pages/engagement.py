"""Engagement: the ratio with the daily and monthly users behind it, by segment."""

import streamlit as st

from kpi.dashboard import breakdown, draw, figures, frame, sections
from kpi.dashboard.cards import Card, draw_cards
from kpi.dashboard.figures import AUDIENCES, RATIO, SAME_PEOPLE
from kpi.dashboard.readings import choose_reading
from kpi.dashboard.returning import draw_people
from kpi.meaning.filters import BREAKDOWNS
from kpi.meaning.measures import MEASURES

DAU, MAU = MEASURES["dau"], MEASURES["mau"]
SHOWN = {"ratio": RATIO, "daily users": DAU, "monthly users": MAU}
FIREFOX = ["Firefox Accounts only", "and Firefox’s own"]

with frame("pages/engagement.py") as page:
    engagement, firefox = page.ask("engagement"), page.ask("firefox")
    ratio = choose_reading(page, key="reading")
    of_devices = [Card("engagement_ratio_multi_device", "Ratio, multi-device")]
    draw_cards(
        page,
        [
            Card(ratio.id),
            *(of_devices if ratio is RATIO else []),
            Card("dau", "Daily users, mean"),
            Card("mau", "Monthly users"),
        ],
    )

    draw.heading(page, ratio.title, ratio.definition)
    beside = ratio is RATIO and draw.choose(page, "Lines", FIREFOX, key="beside") == FIREFOX[1]
    shown = sections.engagement_ratio(
        page, ratio, tuple(AUDIENCES.values()), firefox if beside else None
    )

    draw.heading(page, "Daily and monthly users", f"{DAU.definition} {MAU.definition}")
    audience = AUDIENCES[draw.choose(page, "Users", list(AUDIENCES), key="audience")]
    draw.chart(page, figures.active_users(page, audience))
    st.caption(
        "On a day, single- and multi-device users add up to all. Over 28 days a user can be both."
    )
    draw.tables(page, [shown, engagement, firefox], key="engagement_table")

    draw_people(page)

    draw.heading(page, "By segment", "Each measure for the users of every value of a tag.")
    if draw.offers_breakdown(page):
        with draw.choices():
            measure = SHOWN[draw.choose(page, "Measure", list(SHOWN), key="measure")]
            by = draw.choose_dimension(page, BREAKDOWNS, key="by", default="os")
            view = draw.choose_view(page)
        picked = {"audience": audience}
        if measure is RATIO and audience == "all":
            measure = choose_reading(page, "by_reading", by)
            picked = {} if measure is SAME_PEOPLE else picked
        breakdown.draw(page, measure, by, view, picked)
