"""Overview: the three KPIs at a glance, for everyone or any segment.

`streamlit run app.py` imports it once, for ``app``, and then runs it as a page for every reader.
"""

import streamlit as st

from kpi.dashboard import draw, frame, sections
from kpi.dashboard.cards import Card, draw_cards
from kpi.dashboard.goals import draw_goals_at_a_glance
from kpi.dashboard.guard import GUARD
from kpi.meaning.measures import MEASURES

RATIO = MEASURES["engagement_ratio"]
MULTI_DEVICE = MEASURES["multi_device_percent"]
TIME = MEASURES["connection_time"]

if __name__ != "__main__":
    app = st.App(__file__, middleware=GUARD)
else:
    with frame("app.py") as page:
        engagement = page.ask("engagement")
        firefox = page.ask("firefox")
        multi_device = page.ask("multi-device")
        times = page.ask("connection-time")

        draw_goals_at_a_glance(page)
        draw_cards(
            page,
            [
                Card("engagement_ratio"),
                Card("multi_device_percent", "Multi-device, of daily users"),
                *sections.TIME_CARDS,
            ],
        )

        draw.heading(page, RATIO.title, RATIO.definition, "pages/engagement.py")
        sections.engagement_ratio(page, engagement, ("all", "multi_device"), page.shown(firefox))
        draw.tables(page, [engagement, firefox], key="engagement_table")

        left, right = st.columns(2, gap="medium")
        with left:
            draw.heading(
                page, "Multi-device users", MULTI_DEVICE.definition, "pages/multi_device.py"
            )
            sections.multi_device(page, MULTI_DEVICE, multi_device, sections.choose_percent(page))
        with right:
            draw.heading(
                page, "Time to connect a device", TIME.definition, "pages/connection_time.py"
            )
            sections.connection_time(page, times)
