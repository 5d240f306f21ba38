"""A goal of a ratio beside the people that it is of: a ratio also rises where occasional users leave."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pandas as pd
import streamlit as st

from kpi.dashboard.page import Page
from kpi.goals.scoring import Score
from kpi.meaning.definitions import MONTH
from kpi.meaning.filters import Period
from kpi.meaning.tables import TABLES
from kpi.numbers.growth import ARRIVING, LEAVING
from kpi.text import day_text, written


def draw_people(page: Page, score: Score) -> None:
    """The sentence on monthly users over the 28 days that are scored, under a goal of a ratio of users."""
    goal = score.goal
    if not TABLES[goal.kpi.measure.metric].overlaps:
        return
    period = Period(score.as_of - timedelta(days=MONTH - 1), score.as_of)
    question = page.question("growth", period=period, weekly=False, total=True)
    table = page.source.answer(replace(question, filters=goal.filters)).table
    sentence = None if table.empty else people_sentence(table.iloc[0])
    if sentence:
        st.markdown(f"**The people behind it.** {sentence}")


def people_sentence(row: pd.Series) -> str | None:
    """The change of monthly users and those who came and went; None where monthly users aren't known.

    ``row`` is a total of `growth`. Source: design, section 4b.
    """
    if pd.isna(row["mau"]) or pd.isna(row["mau_before"]):
        return None
    change = row["mau"] - row["mau_before"]
    way = "a gain" if change > 0 else "a loss" if change < 0 else "neither gain nor loss"
    before, after = written(row["mau_before"], "users"), written(row["mau"], "users")
    text = (
        f"In the 28 days to {day_text(row['day'].date())} the ratio came with {way} of people: monthly users "
        f"went from {before} to {after}"
    )
    flows = row[[*ARRIVING, *LEAVING]]
    if flows.isna().any():
        return f"{text}."
    came, went = (written(int(row[side].sum()), "users") for side in (ARRIVING, LEAVING))
    return f"{text}; {came} came and {went} went."
