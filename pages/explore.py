"""Explore: any measure by any tag under any filter, two periods side by side."""

import streamlit as st

from kpi.explore import explorable
from kpi.frame import Card, frame
from kpi.measures import over_window

with frame("pages/explore.py") as page:
    measures = explorable()
    with page.choices():
        chosen = measures[page.choose("Measure", list(measures), key="explore")]
        measure, picked = chosen.measure, {}
        if chosen.level:
            label, column, names = chosen.level
            picked[column] = names[page.choose(label, list(names), key=column)]
        if chosen.windows:
            windows = [str(days) for days in chosen.windows]
            picked["window"] = int(page.choose("Window, days", windows, "window", default="5"))
            measure = over_window(measure, picked["window"])
        if page.settings.breakdowns:
            by = page.choose_dimension(chosen.dimensions, key="by", default="os")
            view = page.choose_view()

    options = {name: value for name, value in picked.items() if name == "window"}
    rows = {name: value for name, value in picked.items() if name not in options}
    table = page.metric(measure.metric, **options)
    page.draw_heading(measure.title, measure.definition)
    page.tell_devices_not_applied(measure)
    left, right = st.columns([1, 3], gap="medium")
    with left:
        page.draw_cards([Card(measure.title, measure, table, rows)])
    with right:
        page.draw_side_by_side(measure, table, **rows)
    page.draw_tables({measure.metric: table}, key="all_table")

    page.draw_heading("By segment", f"{measure.title} for every value of a tag.")
    if page.offers_breakdown():
        page.draw_breakdown(measure, by, view, **picked)
