"""The lines above a page: freshness and warnings, the filters in words, and the link."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from kpi.dashboard.page import Page
from kpi.dashboard.parts import draw_note
from kpi.dashboard.sidebar import reset_filters
from kpi.numbers import coverage
from kpi.text import day_text, quantity


def draw_trust_line(page: Page) -> None:
    """The newest day of the data, the time of the publication, and the warnings."""
    publication = page.source.publication
    # A publication of the day after the data needs no date.
    usual = publication.built_at.date() - page.today <= timedelta(days=1)
    built = f"{publication.built_at:%H:%M}"
    if not usual:
        built = f"{day_text(publication.built_at.date())} {built}"
    warnings = (*publication.warnings, *coverage.warnings(page.source.warehouse))
    exact = "" if warnings else " · exact"
    warnings = (*warnings, *_without_copy(page.source.shown.fault))
    # The key names the newest publication to client.js, for its cookie.
    key = None if page.source.is_past else f"publication_{publication.id}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=key):
        if publication.simulated:
            st.badge("Demo data (simulated)", icon=":material/science:", color="orange")
        st.markdown(
            f"Data through **{day_text(page.today)}** (UTC) · built {built}{exact}",
            help="Counts are exact, over all loaded events: nothing is sampled or estimated. "
            f"Definitions {publication.definitions}; times are UTC. {page.source.device_note or ''}",
            width="content",
        )
        if warnings:
            count = len(warnings)
            label = quantity(count, "warning")
            with st.popover(label, icon=":material/warning:", type="tertiary"):
                for warning in warnings:
                    st.text(warning)
    silent_since = page.source.shown.silent_since
    if silent_since is not None:
        st.info(
            f"The database has not answered since {day_text(silent_since.date())} {silent_since:%H:%M} "
            "(UTC). These are its numbers from a local copy, exact as before; newer numbers follow by "
            "themselves when it answers.",
            icon=":material/cloud_off:",
        )


def _without_copy(fault: str | None) -> Iterator[str]:
    if fault is not None:
        yield f"Pages read the database itself and are slower: there is no local copy. {fault}"


def draw_sentence(page: Page) -> DeltaGenerator:
    """Draws the filters and days in words with a reset, and returns the place for the link."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.text(page.sentence(page.filters), width="content")
        if not page.filters.empty:
            st.button(
                "Reset filters",
                icon=":material/restart_alt:",
                type="tertiary",
                key="reset",
                on_click=reset_filters,
            )
        place = st.popover("Copy link", icon=":material/link:", type="tertiary", key="copy_link")
    draw_note(page.chosen.compared_words)
    return place


def draw_link(place: DeltaGenerator, page: Page) -> None:
    """The address of the page with its choices, to copy."""
    with place:
        st.caption("This link shows the page with the same filters, days and choices:")
        st.code(page.link, language=None, wrap_lines=True)
        if page.fixed_link != page.link:
            st.caption("This link shows the same days later too, when there are newer ones:")
            st.code(page.fixed_link, language=None, wrap_lines=True)
