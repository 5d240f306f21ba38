"""The year's goals at a glance: how many are met, and a chip for each that leads to it."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from kpi import goals
from kpi.dashboard.page import Page
from kpi.dashboard.words import plain
from kpi.goals import Score, words
from kpi.text import day_text, sentence

COLOURS: dict[str, Literal["green", "red", "orange", "gray"]] = {
    goals.MET: "green",
    goals.NOT_MET: "red",
    goals.TOO_CLOSE: "orange",
    goals.NO_DATA: "gray",
}
"""The colour of each verdict, which its icon and word go with."""


def draw_goals_at_a_glance(page: Page) -> None:
    """The sentence and the chips; nothing in a year without goals."""
    scored = page.scores
    if not scored:
        return
    st.markdown(f"**{words.summary(scored)}**, for all users, on {day_text(scored[0].as_of)}:")
    with st.container(horizontal=True, gap="xsmall"):
        for score in scored:
            st.page_link(
                "pages/goals.py",
                label=chip(score),
                help=plain(f"{sentence(words.verdict_sentence(score))} {words.target_base(score)}"),
                query_params={**page.links, f"open_{score.goal.id}": "true"},
            )


def chip(score: Score) -> str:
    """A verdict and the goal in short, as a label in Markdown."""
    icon, colour = words.ICONS[score.status], COLOURS[score.status]
    return f":{colour}-badge[{icon} {score.status}] {plain(words.short_title(score.goal))}"
