"""The sidebar: what a reader narrows the numbers to. All of it is in the URL; defaults are left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from kpi.filters import Filters, Period
from kpi.frame.words import plain
from kpi.measures import day_text

if TYPE_CHECKING:
    from kpi.frame.page import Page

ONLY, EXCEPT = "only these", "all except"
EVERYBODY = "all"
TAG_NAMES = {"browser": "Browser", "os": "Operating system", "service": "Service"}
PRESETS: dict[str, Callable[[date, date], tuple[date, date]]] = {
    "last 28 days": lambda first, today: (today - timedelta(days=27), today),
    "last 90 days": lambda first, today: (today - timedelta(days=89), today),
    "this year": lambda first, today: (date(today.year, 1, 1), today),
    "last year": lambda first, today: (date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)),
    "all": lambda first, today: (first, today),
}
"""Periods by name: from the first day loaded and today (the last complete day) to two days."""

DEFAULT_PERIOD = "this year"
STATE_DEFAULTS: dict[str, Any] = {
    "period": DEFAULT_PERIOD,
    "users": EVERYBODY,
    **{tag: [] for tag in TAG_NAMES},
    **{f"{tag}_mode": ONLY for tag in TAG_NAMES},
}
"""What every page's filters say by default, by their names in the URL."""


def draw_filters(page: Page) -> tuple[Filters, Period]:
    """The sidebar: period, tags and users, each in the URL and kept from page to page."""
    with st.sidebar:
        st.divider()
        tell_bad_values("period", list(PRESETS))
        preset = st.selectbox(
            "Period",
            list(PRESETS),
            index=list(PRESETS).index(DEFAULT_PERIOD),
            key="period",
            bind="query-params",
            persist_state="session",
            help=f"Up to {day_text(page.today)}, the last complete UTC day.",
        )
        chosen: dict[str, Any] = {}
        for tag, name in TAG_NAMES.items():
            picked, excluded = _draw_tag_filter(page, tag, name)
            chosen[f"not_{tag}" if excluded else tag] = tuple(picked)
        tell_bad_values("users", [EVERYBODY, "new", "existing"])
        users = st.radio(
            "Users",
            [EVERYBODY, "new", "existing"],
            key="users",
            horizontal=True,
            bind="query-params",
            persist_state="session",
            help="New: the event came from a sign-up; of connections, the account was created in it.",
        )
        chosen["users"] = None if users == EVERYBODY else users
    first, last = PRESETS[preset or DEFAULT_PERIOD](page.first_day, page.today)
    return Filters(**chosen), Period(first, last)


def _draw_tag_filter(page: Page, tag: str, name: str) -> tuple[list[str], bool]:
    """One tag's values, and whether they are the ones to leave out."""
    options = page.options(tag)
    found = [str(value) for value in options["found"]]
    tell_bad_values(tag, found)
    picked = st.multiselect(
        name,
        found,
        key=tag,
        placeholder="All",
        bind="query-params",
        persist_state="session",
        help=_shares_told(options, page.min_users),
    )
    tell_bad_values(f"{tag}_mode", [ONLY, EXCEPT])
    if not picked and f"{tag}_mode" not in st.session_state:
        return [], False
    mode = st.radio(
        f"{name}: which",
        [ONLY, EXCEPT],
        key=f"{tag}_mode",
        horizontal=True,
        label_visibility="collapsed",
        bind="query-params",
        persist_state="session",
    )
    return picked, mode == EXCEPT


def _shares_told(options: pd.DataFrame, min_users: int) -> str:
    """The most used values with their share of the last 28 days' users, as plain text in Markdown."""
    most = options.head(8)
    users = pd.to_numeric(most["users"])
    whole = pd.to_numeric(options["users"]).sum()
    told = [
        f"- {plain(str(name))}" + (f": {count / whole:.0%}" if count >= max(min_users, 1) else "")
        for name, count in zip(most["found"], users, strict=True)
    ]
    return "Most used first. Of all uses in the last 28 days:\n\n" + "\n".join(told)


def tell_bad_values(key: str, known: Sequence[str]) -> None:
    """A notice for each value in the URL that can't be chosen; the widget drops it."""
    if key in st.session_state:
        return
    for value in st.query_params.get_all(key):
        if value and value not in known:
            st.toast(
                f"“{plain(value[:60])}” in the link isn't a value of {plain(key)}; it was dropped.",
                icon=":material/link_off:",
                duration="long",
            )


def reset_filters() -> None:
    for key, value in STATE_DEFAULTS.items():
        if key != "period":
            st.session_state[key] = value
