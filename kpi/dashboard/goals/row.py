"""A goal in a row: its verdict, its figures on one scale, its line, and where the year may end."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from kpi import charts
from kpi.dashboard.drawing import drawn, put
from kpi.dashboard.goals.glance import COLOURS
from kpi.dashboard.words import plain
from kpi.goals import words
from kpi.goals.outlook import Outlook
from kpi.text import day_text


def draw_row(shown: Outlook) -> None:
    goal, unit, status = shown.goal, words.scale_unit(shown.goal), shown.score.status
    said, strip, spark, end = st.columns([3, 3, 2, 2], gap="medium")
    with said:
        st.markdown(f"**{plain(goal.title)}**")
        st.badge(status, icon=words.ICONS[status], color=COLOURS[status])
        base = words.baseline_sentence(shown)
        st.caption(
            f"{words.distance(shown.score)} {words.basis(shown.score)} "
            f"{plain(base) if shown.frozen else base}"
        )
    if shown.now is None or shown.target is None:
        return
    with strip:
        chart = drawn(
            charts.scale_strip,
            shown.baseline,
            shown.now,
            shown.target,
            shown.projection.range_at_end() if shown.projection and shown.days_left else None,
            title=words.scale_title(goal),
            unit=unit,
            end=shown.end,
        )
        put(chart)
    with spark:
        recent = shown.weeks[shown.weeks.index >= pd.Timestamp(shown.base.bounds[0])]
        chart = drawn(
            charts.goal_spark,
            recent,
            shown.target,
            title=words.scale_title(goal),
            unit=unit,
            year=goal.year,
        )
        if chart.has_values:
            put(chart)
    with end:
        st.markdown(f"On {day_text(shown.end)}")
        st.caption(words.ending(shown))
        if shown.projection is not None and shown.days_left:
            chance = shown.projection.chance(goal, shown.target)
            st.markdown(f"Chance of meeting it: **{words.chance_text(chance)}**")
