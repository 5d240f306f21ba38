"""Overview: how the three KPIs are, at a glance, for everyone or any segment.

`streamlit run app.py` imports it once, for what it serves, and then runs it as a page for every reader.
"""

import streamlit as st

from kpi import charts
from kpi.dashboard import draw, frame, targets
from kpi.dashboard.draw import Card
from kpi.dashboard.guard import GUARD
from kpi.meaning.measures import MEASURES

RATIO = MEASURES["engagement_ratio"]
MULTI_DEVICE = MEASURES["multi_device_percent"]
TIME = MEASURES["connection_time"]
TIME_GOALS = ("connection_time_new", "connection_time_existing")
NEW, EXISTING = {"account": "new"}, {"account": "existing"}

if __name__ != "__main__":
    app = st.App(__file__, middleware=GUARD)
else:
    with frame("app.py") as page:
        engagement = page.ask("engagement")
        firefox = page.ask("firefox")
        multi_device = page.ask("multi-device")
        times = page.ask("connection-time")

        draw.cards(
            page,
            [
                Card(
                    "Engagement ratio", RATIO, engagement, {"audience": "all"}, "engagement_ratio"
                ),
                Card("Multi-device, daily", MULTI_DEVICE, multi_device, {}, "multi_device_percent"),
                Card("Time to connect, new", TIME, times, NEW, "connection_time_new"),
                Card(
                    "Time to connect, existing", TIME, times, EXISTING, "connection_time_existing"
                ),
            ],
        )

        draw.heading(page, RATIO.title, RATIO.definition, "pages/engagement.py")
        told = page.targets("engagement_ratio", engagement)
        draw.chart(
            page,
            charts.engagement_ratio,
            RATIO,
            engagement,
            audiences=("all", "multi_device"),
            firefox=page.shown(firefox),
            compared=page.compared(engagement),
            goals=targets.lines(told, RATIO.unit),
            points_above=targets.points_above(told),
            markers=page.source.markers,
        )
        draw.not_applied(page, "Firefox's own figures")
        draw.tables(page, [engagement, firefox], key="engagement_table")

        left, right = st.columns(2, gap="medium")
        with left:
            draw.heading(
                page, "Multi-device users", MULTI_DEVICE.definition, "pages/multi_device.py"
            )
            percent = (
                draw.choose(page, "Show", ["counts", "percent"], key="multi_device_unit")
                == "percent"
            )
            draw.chart(
                page,
                charts.multi_device_users,
                MULTI_DEVICE,
                multi_device,
                percent=percent,
                compared=page.compared(multi_device),
                goals=page.goal_lines(multi_device, "percent", "multi_device_percent")
                if percent
                else [],
                markers=page.source.markers,
            )
            draw.tables(page, [multi_device], key="multi_device_table")
        with right:
            draw.heading(
                page, "Time to connect a device", TIME.definition, "pages/connection_time.py"
            )
            log = draw.choose(page, "Scale", ["linear", "log"], key="time_scale") == "log"
            draw.chart(
                page,
                charts.connection_time,
                TIME,
                times,
                log=log,
                compared=page.compared(times),
                goals=page.goal_lines(times, TIME.unit, *TIME_GOALS),
                markers=page.source.markers,
            )
            draw.tables(page, [times], key="connection_time_table")
