"""Explore: any measure by any tag under any filter, two periods side by side."""

import streamlit as st

from kpi.dashboard import breakdown, draw, frame
from kpi.dashboard.cards import Card, draw_cards
from kpi.meaning.definitions import ATTEMPT_WINDOW
from kpi.meaning.explore import explorable
from kpi.meaning.kpis import Kpi
from kpi.meaning.measures import MEASURES, over_window
from kpi.meaning.tables import TABLES

with frame("pages/explore.py") as page:
    measures = explorable()
    picked: dict[str, str] = {}
    options: dict[str, int] = {}
    with draw.choices():
        measure = measures[draw.choose(page, "Measure", list(measures), key="explore")]
        table = TABLES[measure.metric]
        if level := table.level:
            value = draw.choose(page, level.label, list(level.named), key=level.column)
            picked[level.column] = level.named[value]
        if table.windows:
            windows = [str(days) for days in table.windows]
            options["window"] = int(
                draw.choose(page, "Window, days", windows, "window", default="5")
            )
            measure = over_window(measure, options["window"])
        if page.source.settings.breakdowns:
            by = draw.choose_dimension(page, table.tags, key="by", default="os")
            view = draw.choose_view(page)

    answer = page.ask(measure.metric, **options)
    draw.heading(page, measure.title, measure.definition)
    draw.attempt_filters_not_applied(page, measure)
    parts = st.grid(4, min_column_width=190, gap="medium")
    with parts.cell():
        name = Kpi(MEASURES[measure.id], picked.get(level.column) if level else None).id
        draw_cards(page, [Card(name, device_window=options.get("window", ATTEMPT_WINDOW))])
    with parts.cell(column_span=3):
        breakdown.draw_two(page, measure, answer, picked)
    draw.tables(page, [answer], key="all_table")

    draw.heading(page, "By segment", f"{measure.title} for every value of a tag.")
    if draw.offers_breakdown(page):
        breakdown.draw(page, measure, by, view, picked, **options)
