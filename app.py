"""Overview: the three KPIs at a glance, for everyone or any segment.

`streamlit run app.py` imports it once, for ``app``, and then runs it as a page for every reader.
"""

import streamlit as st

from kpi.dashboard import api, draw, frame, sections
from kpi.dashboard.cards import Card, draw_cards
from kpi.dashboard.goals import draw_goals_at_a_glance
from kpi.dashboard.guard import GUARD
from kpi.dashboard.readings import choose_reading
from kpi.meaning.measures import MEASURES

MULTI_DEVICE = MEASURES["multi_device_percent"]
TIME = MEASURES["connection_time"]

if __name__ != "__main__":
    app = st.App(__file__, routes=api.routes(), middleware=GUARD)
else:
    with frame("app.py") as page:
        multi_device = page.ask("multi-device")
        times = page.ask("connection-time")

        draw_goals_at_a_glance(page)
        ratio = choose_reading(page, key="reading")
        draw_cards(
            page,
            [
                Card(ratio.id),
                Card("multi_device_percent", "Multi-device, of daily users"),
                *sections.TIME_CARDS,
            ],
        )

        draw.heading(page, ratio.title, ratio.definition, "pages/engagement.py")
        engagement, firefox = page.ask("engagement"), page.ask("firefox")
        shown = sections.engagement_ratio(page, ratio, ("all", "multi_device"), firefox)
        draw.tables(page, [shown, engagement, firefox], key="engagement_table")

        halves = st.grid(2, min_column_width=420, gap="medium")
        with halves.container():
            draw.heading(
                page, "Multi-device users", MULTI_DEVICE.definition, "pages/multi_device.py"
            )
            sections.multi_device(page, MULTI_DEVICE, multi_device, sections.choose_percent(page))
        with halves.container():
            draw.heading(
                page, "Time to connect a device", TIME.definition, "pages/connection_time.py"
            )
            sections.connection_time(page, times)
