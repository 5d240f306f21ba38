"""A goal in a row: its verdict, its figures on one scale, its line, and where the year may end."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import streamlit as st

from kpi import charts
from kpi.dashboard.drawing import drawn, put
from kpi.dashboard.goals.glance import COLOURS
from kpi.dashboard.page import Page
from kpi.dashboard.words import plain
from kpi.goals import words
from kpi.goals.outlook import Outlook
from kpi.text import day_text, sentence

NO_BASELINE = "No baseline: "


def draw_row(page: Page, shown: Outlook) -> None:
    goal, unit, status = shown.goal, words.scale_unit(shown.goal), shown.score.status
    halves = st.grid(2, min_column_width=380, gap="medium")
    with halves.container():
        st.markdown(f"**{plain(goal.title)}**")
        st.badge(status, icon=words.ICONS[status], color=COLOURS[status])
        st.caption(" ".join(filter(None, _lines(shown))))
        if shown.now is None or shown.target is None:
            return
        _draw_ending(shown)
    with halves.container():
        strip, spark = st.columns([3, 2], gap="medium")
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
        put(chart, page, f"{goal.title}: {status}")
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


def _lines(shown: Outlook) -> Iterator[str]:
    """The distance from the target and what it rests on; the baseline, where it isn't the reason given."""
    distance, base = words.distance(shown.score), words.baseline_sentence(shown)
    yield distance
    yield words.basis(shown.score)
    if not distance.startswith(NO_BASELINE):
        yield plain(base) if shown.frozen else base


def _draw_ending(shown: Outlook) -> None:
    """Where the year may end, and the chance of meeting the goal."""
    chance = ""
    if shown.projection is not None and shown.target is not None and shown.days_left:
        of = words.chance_text(shown.projection.chance(shown.goal, shown.target))
        chance = f" Chance of meeting it: **{of}**."
    when = f"On {day_text(shown.end)}: " if chance else ""
    st.markdown(f"{when}{sentence(words.ending(shown))}{chance}")
