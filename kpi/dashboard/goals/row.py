"""A goal in a row: its verdict, its figures on one scale, its line, and where the year may end."""

from __future__ import annotations

from typing import Literal

import pandas as pd
import streamlit as st

from kpi import charts, goals
from kpi.dashboard.drawing import drawn, put
from kpi.dashboard.words import plain
from kpi.goals import words
from kpi.goals.outlook import Outlook
from kpi.text import day_text

STATUS: dict[str, tuple[Literal["green", "red", "orange", "gray"], str]] = {
    goals.MET: ("green", ":material/check_circle:"),
    goals.NOT_MET: ("red", ":material/cancel:"),
    goals.TOO_CLOSE: ("orange", ":material/balance:"),
    goals.NO_DATA: ("gray", ":material/help:"),
}


def draw_row(seen: Outlook) -> None:
    goal, unit = seen.goal, words.scale_unit(seen.goal)
    said, strip, spark, end = st.columns([3, 3, 2, 2], gap="medium")
    with said:
        colour, icon = STATUS[seen.score.status]
        st.markdown(f"**{plain(goal.title)}**")
        st.badge(seen.score.status, icon=icon, color=colour)
        st.caption(
            f"{words.standing(seen.score)} {words.basis(seen.score)} {words.baseline_told(seen)}"
        )
    if seen.now is None or seen.target is None:
        return
    with strip:
        chart = drawn(
            charts.scale_strip,
            seen.baseline,
            seen.now,
            seen.target,
            seen.projection.range_at_end() if seen.projection and seen.days_left else None,
            title=words.scale_title(goal),
            unit=unit,
            end=seen.end,
        )
        put(chart)
    with spark:
        recent = seen.weeks[seen.weeks.index >= pd.Timestamp(seen.base.bounds[0])]
        chart = drawn(
            charts.goal_spark,
            recent,
            seen.target,
            title=words.scale_title(goal),
            unit=unit,
            year=goal.year,
        )
        if chart.has_values:
            put(chart)
    with end:
        st.markdown(f"On {day_text(seen.end)}")
        st.caption(words.ending(seen))
        if seen.projection is not None and seen.days_left:
            chance = seen.projection.chance(goal, seen.target)
            st.markdown(f"Chance of meeting it: **{words.chance_text(chance)}**")
