"""Overview: how the three KPIs are, at a glance, for everyone or any segment."""

import streamlit as st

from kpi import charts
from kpi.frame import frame
from kpi.measures import MEASURES

RATIO = MEASURES["engagement_ratio"]
MULTI_DEVICE = MEASURES["multi_device_percent"]
TIME = MEASURES["connection_time"]

with frame("app.py") as page:
    engagement = page.metric("engagement")
    firefox = page.metric("firefox")
    multi_device = page.metric("multi-device")
    connection_time = page.metric("connection-time")

    page.draw_cards(
        [
            ("Engagement ratio", RATIO, engagement, {"audience": "all"}),
            ("Multi-device, of daily users", MULTI_DEVICE, multi_device, {}),
            ("Time to connect, new", TIME, connection_time, {"account": "new"}),
            ("Time to connect, existing", TIME, connection_time, {"account": "existing"}),
        ]
    )

    st.header(RATIO.title, help=RATIO.definition)
    page.draw_chart(
        charts.engagement_ratio,
        RATIO,
        engagement,
        firefox=page.shown(firefox),
        markers=page.markers,
    )
    page.tell_not_applied("Firefox's own figures")
    page.draw_tables({"engagement": engagement, "firefox": firefox}, key="engagement_table")

    left, right = st.columns(2, gap="medium")
    with left:
        st.header("Multi-device users", help=MULTI_DEVICE.definition)
        percent = page.choose("Show", ["counts", "percent"], key="multi_device_unit") == "percent"
        page.draw_chart(charts.multi_device_users, MULTI_DEVICE, multi_device, percent=percent)
        page.draw_tables({"multi-device": multi_device}, key="multi_device_table")
    with right:
        st.header("Time to connect a device", help=TIME.definition)
        log = page.choose("Scale", ["linear", "log"], key="time_scale") == "log"
        page.draw_chart(charts.connection_time, TIME, connection_time, log=log)
        page.draw_tables({"connection-time": connection_time}, key="connection_time_table")
