"""Multi-device usage: the users who are active on two devices, and the effect of the window."""

import streamlit as st

from kpi.dashboard import breakdown, draw, figures, frame, sections
from kpi.dashboard.cards import Card, draw_cards
from kpi.dashboard.figures import SPANS
from kpi.meaning.definitions import WINDOWS
from kpi.meaning.filters import BREAKDOWNS
from kpi.meaning.measures import MEASURES, over_window

SHOWN = [
    MEASURES[f"{span}multi_device_{unit}"]
    for unit in ("percent", "users")
    for span in ("", "monthly_")
]

with frame("pages/multi_device.py") as page:
    window = int(
        draw.choose(
            page,
            "Window, days",
            [str(days) for days in WINDOWS],
            key="window",
            default="5",
            help="A multi-device user was active on two devices within this number of days. The "
            "specification says 5; production moved from 5 to 7 in 2016.",
        )
    )
    share, monthly_share, users, monthly_users = (over_window(shown, window) for shown in SHOWN)
    table = page.ask("multi-device", window=window)
    draw_cards(
        page,
        [
            Card("multi_device_percent", "Of daily users", window),
            Card("monthly_multi_device_percent", "Of monthly users", window),
            Card("multi_device_users", "Multi-device, daily mean", window),
            Card("monthly_multi_device_users", "Multi-device, monthly", window),
        ],
    )

    draw.device_identity(page)
    draw.heading(page, "Multi-device users", share.definition)
    with draw.choices():
        percent = sections.choose_percent(page)
        spans = SPANS[draw.choose(page, "Over", list(SPANS), key="spans")]
    measure = figures.multi_device_share(spans, window)
    sections.multi_device(page, measure, table, percent, spans)

    draw.heading(page, "The effect of the window", "The same share by windows of 3 to 14 days.")
    monthly = "monthly" in spans and "daily" not in spans
    shown = monthly_share if monthly else share
    draw.chart(page, figures.by_window(page, shown, table, monthly))
    means = "" if monthly or page.chosen.weekly else "Lines are 7-day means. "
    st.caption(
        f"{means}A wider window counts more users as multi-device. The goal of 20% is for 5 days. Repeated "
        "sign-ins create placeholder devices, which inflate the share in every window."
    )

    draw.heading(page, "By segment", "The share of multi-device users by every value of a tag.")
    measure = monthly_share if monthly else share
    if draw.offers_breakdown(page):
        with draw.choices():
            by = draw.choose_dimension(page, BREAKDOWNS, key="by", default="os")
            view = draw.choose_view(page)
        breakdown.draw(page, measure, by, view, window=window)
