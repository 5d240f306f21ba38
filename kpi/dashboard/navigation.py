"""Links to the pages, each taking the reader's filters along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

Kept = Mapping[str, Sequence[str]]
"""What a link takes along: what was chosen, by its name in the URL."""

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
"""The pages in the order of the navigation; those whose file isn't there yet are left out."""


def draw_navigation(place: DeltaGenerator, kept: Kept) -> None:
    """Links to the pages that are there; each takes the reader's filters and period along."""
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
                    query_params=kept,
                )


def draw_detail_link(file: str, kept: Kept) -> None:
    """The way to the page that tells more, where there is one."""
    if file and (ROOT / file).exists():
        st.page_link(
            file,
            label="Details",
            icon=":material/arrow_forward:",
            icon_position="right",
            query_params=kept,
        )
