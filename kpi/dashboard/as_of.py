"""Pages as of an earlier publication: `?as_of=2016-10-31`, or the number of a publication."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import streamlit as st

from kpi.dashboard.address import Address
from kpi.dashboard.page import Page
from kpi.errors import Refused
from kpi.numbers import past
from kpi.settings import Settings
from kpi.text import day_text

KEY = "as_of"
UNKNOWN = "names no publication that can be shown; `python -m kpi publications` lists them"


def chosen_publication(settings: Settings, address: Address) -> int | None:
    """The number of the publication that the address names; None for the newest."""

    def known(text: str) -> bool:
        return _number(settings, text) is not None

    chosen = address.restore_text(KEY, known, UNKNOWN)
    return _number(settings, chosen) if chosen else None


def draw_as_of(page: Page) -> None:
    """Says which earlier publication is shown, with the way back to the newest; nothing for the newest."""
    if not page.source.is_past:
        return
    shown = page.source.publication
    few = (
        f" Rows that differ from today's by fewer than {page.min_users} people are blank."
        if page.min_users > 1
        else ""
    )
    st.info(
        f"**As published on {day_text(shown.built_at.date())} at {shown.built_at:%H:%M} (UTC)**, in "
        f"publication {shown.id}. Later loads and corrections are not in these numbers.{few}",
        icon=":material/history:",
    )
    st.button(
        "Back to today's numbers", icon=":material/update:", key="back_to_today", on_click=_forget
    )


def _forget() -> None:
    st.session_state[KEY] = ""


def _number(settings: Settings, text: str) -> int | None:
    with suppress(Refused):
        if text.isdecimal() and len(text) < 10:
            past.refuse_unknown(settings, int(text))
            return int(text)
        with suppress(ValueError):
            return past.number_by(settings, date.fromisoformat(text))
    return None
