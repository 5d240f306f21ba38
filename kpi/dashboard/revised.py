"""A quiet line on numbers in view that were revised since the reader last looked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from kpi.dashboard.page import Page
from kpi.dashboard.source import Source
from kpi.errors import Refused
from kpi.meaning.filters import Period
from kpi.meaning.measures import COLUMNS
from kpi.numbers import past, revisions
from kpi.settings import Settings
from kpi.text import day_text, quantity

COOKIE = "kpi_looked"
"""The cookie of the publication that a browser showed last, which `client.js` writes."""

NAMED = 3
"""So many measures are named."""


def looked_at(page: Page) -> int | None:
    """The publication that this browser showed before this visit; None at a first visit."""
    number = str(st.context.cookies.get(COOKIE, ""))
    known = number.isdecimal() and int(number) < page.source.publication.id
    return int(number) if known else None


def draw_revised(place: DeltaGenerator, page: Page) -> None:
    """Say which numbers in view differ, as they are written, from what the reader's browser showed last."""
    number = looked_at(page)
    if number is None or page.source.is_past or page.source.settings.database_url:
        return
    with suppress(Refused):
        if not _steps(page.source.key, page.source.settings, number):
            return
        earlier = page.source.as_of(number)
        words = revised_sentence(_revised(page, earlier))
        if words:
            built = day_text(earlier.publication.built_at.date())
            place.caption(
                f":material/history: Revised since you last looked, at the numbers of {built}: {words}. "
                "The Data page lists what changed, and why."
            )


def revised_sentence(days_of: dict[str, set[date]]) -> str:
    """The measures that were revised, those of most days first, with their days; '' where there are none."""
    most = sorted(days_of, key=lambda name: -len(days_of[name]))
    named = [f"{name} of {quantity(len(days_of[name]), 'day')}" for name in most[:NAMED]]
    others = len(most) - NAMED
    return ", ".join(named) + (f" and {quantity(others, 'other')}" if others > 0 else "")


@st.cache_data(max_entries=16, show_spinner=False)
def _steps(key: str, _settings: Settings, number: int) -> int:
    past.refuse_unknown(_settings, number)
    return len(revisions.steps_since(_settings, number))


def _revised(page: Page, earlier: Source) -> dict[str, set[date]]:
    """The days in view that each column has otherwise, by its name."""
    days_of: dict[str, set[date]] = {}
    for column, days in _differing(page, earlier):
        name = COLUMNS[column][0]
        days_of[name] = days_of.get(name, set()) | days
    return {name: days for name, days in days_of.items() if days}


def _differing(page: Page, earlier: Source) -> Iterator[tuple[str, set[date]]]:
    period = Period(page.period.first, min(page.last_shown_day, earlier.today))
    for question, answer in list(page.source.asked.items()):
        if question.shown_from == page.min_users and "day" in answer.table:
            then = earlier.answer(question)
            yield from past.rewritten(then.within(period), answer.within(period))
