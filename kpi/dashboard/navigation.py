"""Links to the pages, each with the reader's filters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

Choices = Mapping[str, Sequence[str]]
"""The choices in a link, by their names in the URL."""

PRODUCT = "Firefox Accounts KPIs"
ROOT = Path(__file__).resolve().parent.parent.parent


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
    PageLink("pages/explore.py", "Explore", ":material/search:"),
    PageLink("pages/data.py", "Data", ":material/database:"),
)
"""The pages in the order of the navigation; pages without a file are left out."""


def draw_navigation(place: DeltaGenerator, choices: Choices) -> None:
    """Links to the pages that are there; each has the reader's filters and period."""
    there = [link for link in PAGES if (ROOT / link.file).exists()]
    with place:
        st.markdown(f"**{PRODUCT}**")
        if len(there) > 1:
            for link in there:
                st.page_link(
                    link.file,
                    label=link.title,
                    icon=link.icon,
                    width="stretch",
                    query_params=choices,
                )


def draw_detail_link(file: str, choices: Choices) -> None:
    """The link to the page with more detail, where there is one."""
    if file and (ROOT / file).exists():
        st.page_link(
            file,
            label="Details",
            icon=":material/arrow_forward:",
            icon_position="right",
            query_params=choices,
        )
