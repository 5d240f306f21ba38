"""Links to the pages, each with the reader's filters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from kpi.text import PRODUCT

Choices = Mapping[str, Sequence[str]]
"""The choices in a link, by their names in the URL."""


@dataclass(frozen=True)
class PageLink:
    """A page: its file, and its name and icon in the navigation."""

    file: str
    title: str
    icon: str


PAGES = (
    PageLink("app.py", "Overview", ":material/dashboard:"),
    PageLink("pages/engagement.py", "Engagement", ":material/favorite:"),
    PageLink("pages/multi_device.py", "Multi-device", ":material/devices:"),
    PageLink("pages/connection_time.py", "Connection time", ":material/timer:"),
    PageLink("pages/goals.py", "Goals", ":material/flag:"),
    PageLink("pages/what_moved.py", "What moved", ":material/compare_arrows:"),
    PageLink("pages/explore.py", "Explore", ":material/search:"),
    PageLink("pages/data.py", "Data", ":material/database:"),
)
"""The pages in the order of the navigation."""


def base_path() -> str:
    """The path below which the pages are: '' unless the server has another, such as '/kpi'."""
    base = (st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}" if base else ""


def draw_navigation(place: DeltaGenerator, choices: Choices) -> None:
    """Links to the pages; each has the reader's filters and period."""
    with place:
        st.markdown(f"**{PRODUCT}**")
        for link in PAGES:
            st.page_link(
                link.file,
                label=link.title,
                icon=link.icon,
                width="stretch",
                query_params=choices,
            )


def draw_detail_link(file: str, choices: Choices) -> None:
    """The link to the page with more detail, if any."""
    if file:
        st.page_link(
            file,
            label="Details",
            icon=":material/arrow_forward:",
            icon_position="right",
            query_params=choices,
        )
