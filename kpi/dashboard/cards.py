"""Cards: a KPI's headline, with its verdict where a goal is about it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from kpi import charts
from kpi.dashboard.page import Page
from kpi.dashboard.words import plain
from kpi.goals import words
from kpi.meaning.definitions import ATTEMPT_WINDOW
from kpi.meaning.measures import Measure, over_window
from kpi.numbers.headline import Headline, doubt_text, size_text
from kpi.numbers.kpi_values import Subject
from kpi.text import day_text, days_text, sentence

SPARKLINE_DAYS = 90
GOAL_IS_FOR_ALL = "The goal is for all users."


@dataclass(frozen=True)
class Card:
    """A card of a KPI, by its name; ``label`` where its title is too long for a card."""

    kpi: str
    label: str = ""
    device_window: int = ATTEMPT_WINDOW


def draw_cards(page: Page, cards: Iterable[Card]) -> None:
    """A row of cards: 28-day value, change, verdict with its doubt, course, and the last day's value."""
    shown = [(card, page.headline(page.subject(card.kpi, card.device_window))) for card in cards]
    st.caption(days_of(of for _, of in shown))
    grid = st.grid(len(shown), min_column_width=210, gap="small")
    for card, of in shown:
        with grid.container(border=True, height="stretch", gap="xsmall"):
            draw_headline(page, card.label or of.subject.kpi.title, of)


def days_of(headlines: Iterable[Headline]) -> str:
    """The days of the cards, which are the same for all of them, and those that they are compared with."""
    every = list(headlines)
    cards = "The card is" if len(every) == 1 else "The cards are"
    words = f"{cards} about {days_text(*every[0].now.window.bounds)}"
    if any(of.change is not None for of in every):
        words += f", against {days_text(*every[0].before.window.bounds)}"
    return f"{words}."


def draw_headline(page: Page, label: str, of: Headline) -> None:
    """A card of a headline."""
    measure = over_window(of.subject.kpi.measure, of.subject.device_window)
    page.remember(measure)
    # The label has a place of its own, since a metric's own is cut off where a card is narrow.
    st.markdown(f"**{plain(label)}**", help=f"{measure.definition} {measure.source}.")
    good = 1 if measure.better == "higher" else -1
    change = of.change if of.change is not None and not measure.flat(of.change) else None
    moved = good * change if change is not None and of.unusual else 0.0
    st.metric(
        label,
        measure.text(of.now.value),
        None if of.change is None else measure.change_text(of.change),
        label_visibility="collapsed",
        delta_color="green" if moved > 0 else "red" if moved < 0 else "gray",
        delta_arrow="off" if change is None else "up" if change > 0 else "down",
        delta_description=size_text(of),
    )
    st.caption("  \n".join(map(_unbroken, _lines(page, measure, of))))
    course = page.course(of.subject).loc[: pd.Timestamp(of.last.day)]
    spark = charts.spark(course.tail(SPARKLINE_DAYS), measure.unit)
    if spark:
        # A metric's own chart has marks without a name, which a screen reader stumbles over.
        st.image(spark.svg, width="stretch", alt=spark.sentence)


def _unbroken(words: str) -> str:
    """Words in which no line ends between a number and its unit."""
    return re.sub(r"(?<=\d) (?=s\b|points\b)", "\u00a0", words)


def _lines(page: Page, measure: Measure, of: Headline) -> Iterable[str]:
    """The small print of a card: verdict, interval with its n, and the last day where it has a value."""
    now, last = of.now, of.last
    if now.value is None:
        yield plain(page.reason(sentence(now.reason or "no value to show")))
        return
    if last.day == page.last_shown_day:  # the day of the goals' scores
        yield from _verdicts(page, of.subject)
    yield doubt_text(measure, now)
    if last.value is not None:
        n = f" {measure.n_text(last.n)}" if last.n and last.n != now.n else ""
        yield f"{day_text(last.day)} alone: {measure.text(last.value)}{n}"


def _verdicts(page: Page, subject: Subject) -> Iterable[str]:
    scored = page.verdicts_of(subject)
    if not scored and page.scores_of(subject):
        yield GOAL_IS_FOR_ALL
    for score in scored:
        if score.goal.comparator is None:
            icon = words.ICONS[score.status]
            yield f"{icon} {plain(words.verdict_sentence(score))}"
            if words.target_base(score):
                yield plain(words.target_base(score))
