"""Multi-device usage: the users who are active on two devices, and the effect of the window."""

import streamlit as st

from kpi import charts
from kpi.dashboard import breakdown, draw, frame, sections
from kpi.dashboard.cards import Card, draw_cards
from kpi.meaning.definitions import WINDOWS
from kpi.meaning.filters import BREAKDOWNS
from kpi.meaning.measures import MEASURES, over_window, within
from kpi.numbers.users import week_means

SHOWN = [
    MEASURES[f"{span}multi_device_{unit}"]
    for unit in ("percent", "users")
    for span in ("", "monthly_")
]
BOTH = ("daily", "monthly")
SPANS = {"daily and monthly": BOTH, "daily": BOTH[:1], "monthly": BOTH[1:]}

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
    measure = share if "daily" in spans else monthly_share
    sections.multi_device(page, measure, table, percent, spans)

    draw.heading(page, "The effect of the window", "The same share by windows of 3 to 14 days.")
    monthly = "monthly" in spans and "daily" not in spans
    windows = {line.key: line.title for line in charts.WINDOW_SERIES}
    answers = {days: page.ask("multi-device", window=days) for days in WINDOWS}
    draw.chart(
        page,
        charts.by_window,
        monthly_share if monthly else share,
        table,
        others={
            days: page.shown(answer)
            if page.chosen.weekly
            else within(week_means(answer.table), page.period)
            for days, answer in answers.items()
        },
        monthly=monthly,
        hide="hide_windows",
        lines=windows,
    )
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
