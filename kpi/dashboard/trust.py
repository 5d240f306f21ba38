"""What stands above a page: how far to trust the numbers, what they are of, and what went wrong."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from kpi.dashboard.page import Page
from kpi.dashboard.parts import draw_note
from kpi.dashboard.sidebar import reset_filters
from kpi.meaning.definitions import PLATFORM
from kpi.meaning.measures import day_text, days_text
from kpi.numbers import coverage


def draw_trust_line(page: Page) -> None:
    """How far the data goes, when it was built, and what to know before trusting it."""
    told = page.source.publication
    # A build on the day after the data needs no date; any other says which day it was.
    usual = told.built_at.date() - page.today <= timedelta(days=1)
    built = f"{told.built_at:%H:%M}"
    if not usual:
        built = f"{day_text(told.built_at.date())} {built}"
    by_platform = " A device is a user's OS and browser." * (
        page.source.device_identity == PLATFORM
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if told.simulated:
            st.badge("Demo data (simulated)", icon=":material/science:", color="orange")
        st.markdown(
            f"Data through **{day_text(page.today)}** (UTC) · built {built} · exact",
            help="Every count is of distinct users, over all events loaded: nothing is sampled or "
            f"estimated. Definitions {told.definitions}; times are UTC.{by_platform}",
            width="content",
        )
        warnings = (*told.warnings, *coverage.warnings(page.source.warehouse))
        if warnings:
            count = len(warnings)
            label = f"{count} warning{'s' if count > 1 else ''}"
            with st.popover(label, icon=":material/warning:", type="tertiary"):
                for warning in warnings:
                    st.text(warning)


def draw_sentence(page: Page) -> DeltaGenerator:
    """The filters and days in words, a way back to everyone, and the place for the link."""
    first, last = page.period.first or page.first_day, page.last_shown_day
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        words = page.filters.sentence()
        st.text(f"{words[:1].upper()}{words[1:]}; {days_text(first, last)}", width="content")
        if not page.filters.empty:
            st.button(
                "Reset filters",
                icon=":material/restart_alt:",
                type="tertiary",
                key="reset",
                on_click=reset_filters,
            )
        place = st.popover("Copy link", icon=":material/link:", type="tertiary")
    draw_note(page.chosen.compared_words)
    return place


def draw_link(place: DeltaGenerator, page: Page) -> None:
    """The address that shows the page as it stands, to copy."""
    with place:
        st.caption("Shows this page with these filters, days and choices to anyone:")
        st.code(page.link, language=None, wrap_lines=True)
