"""The frame that every page calls: navigation, filters, trust line, and a single place for refusals.

    with frame("app.py") as page:
        ...

Between opening the store and the last chart, refusals that a reader can act on (nothing loaded yet, a
store that doesn't answer) are shown as a plain sentence; any other error is a bug and surfaces.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from kpi.dashboard import gate
from kpi.dashboard.address import Address
from kpi.dashboard.as_of import chosen_publication, draw_as_of
from kpi.dashboard.client import extend_client
from kpi.dashboard.drawing import drawn
from kpi.dashboard.faults import draw_refusal
from kpi.dashboard.markers import draw_markers_of_period
from kpi.dashboard.navigation import PAGES, draw_navigation
from kpi.dashboard.page import Page
from kpi.dashboard.parts import draw_definitions
from kpi.dashboard.revised import draw_revised
from kpi.dashboard.sidebar import draw_sidebar
from kpi.dashboard.source import Source, taken_turn
from kpi.dashboard.trust import draw_link, draw_sentence, draw_trust_line
from kpi.dashboard.words import plain
from kpi.errors import Refused, Republished
from kpi.settings import Settings
from kpi.text import PRODUCT


@contextmanager
def frame(file: str) -> Iterator[Page]:
    """Draw the frame of a page around what the caller draws; ``file`` is its entry in `PAGES`.

    Stops the run, after a sentence, when there is nothing to draw.
    """
    link = next(link for link in PAGES if link.file == file)
    st.set_page_config(page_title=f"{link.title} · {PRODUCT}", layout="wide")
    st.title(link.title)
    extend_client()
    try:
        settings = Settings.read()
        reader = gate.admit(file, settings)
        with taken_turn(settings):
            navigation = st.sidebar.container()
            address = Address(file)
            try:
                page = _opened_page(settings, address)
            finally:
                # Drawn after the filters, whose state the links carry.
                draw_navigation(navigation, address.chosen)
                gate.draw_reader(reader)
            draw_trust_line(page)
            draw_as_of(page)
            revised = st.container()
            place = draw_sentence(page)
            try:
                yield page
            except Refused:
                address.write()
                raise
            if file != "pages/data.py":  # which has them among its own parts
                draw_markers_of_period(page)
            draw_revised(revised, page)
            draw_definitions(page.measures.values())
            draw_link(place, page)
            address.write()
    except Republished:
        st.rerun()
    except Refused as refusal:
        draw_refusal(refusal)
        st.stop()


def _opened_page(settings: Settings, address: Address) -> Page:
    source = Source(settings, chosen_publication(settings, address))
    return Page(source, address, draw_sidebar(source, address))


__all__ = ["PAGES", "Page", "drawn", "frame", "plain"]
