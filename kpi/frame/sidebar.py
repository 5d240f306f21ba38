"""The sidebar: what a reader narrows the numbers to. All of it is in the URL; defaults are left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from kpi import periods
from kpi.filters import Filters, Period
from kpi.frame.words import plain
from kpi.measures import day_text, days_text

if TYPE_CHECKING:
    from kpi.frame.page import Page

ONLY, EXCEPT = "only these", "all except"
EVERYBODY = "all"
DAY, WEEK = "day", "week"
TAG_NAMES = {
    "browser": "Browser",
    "version": "Browser version",
    "os": "Operating system",
    "service": "Service",
}
FILTER_DEFAULTS: dict[str, Any] = {
    "users": EVERYBODY,
    "devices": EVERYBODY,
    **{tag: [] for tag in TAG_NAMES},
    **{f"{tag}_mode": ONLY for tag in TAG_NAMES},
}
STATE_DEFAULTS: dict[str, Any] = {
    "period": periods.DEFAULT_PERIOD,
    "from": None,
    "to": None,
    "compare": periods.NOTHING,
    "granularity": DAY,
    **FILTER_DEFAULTS,
}
"""What every page's sidebar says by default, by its names in the URL."""

SHARES_SHOWN = 8
BOUND: dict[str, Any] = {"bind": "query-params", "persist_state": "session"}


@dataclass(frozen=True)
class Chosen:
    """What a reader chose; ``compared_words`` says what the comparison is with, or why there is none."""

    filters: Filters
    period: Period
    comparison: periods.Comparison | None
    compared_words: str
    weekly: bool


def draw_sidebar(page: Page) -> Chosen:
    """The controls, each in the URL and kept from page to page, and what they say."""
    with st.sidebar:
        st.divider()
        period = _draw_period(page)
        shown = period.first or page.first_day, min(period.last or page.today, page.today)
        compare = _draw_selectbox(
            "Compare with",
            periods.COMPARISONS,
            key="compare",
            help="The same weekdays, whole weeks before: the previous period of as many days, 364 "
            "days before, or the year 2015. Without one, cards compare with 28 days before.",
        )
        granularity = _draw_radio(
            "A point per",
            [DAY, WEEK],
            key="granularity",
            help="Weeks are whole, Monday to Sunday, under their Sunday. People are never added "
            "over days: daily users are the mean of the week's days, the ratio and monthly users "
            "those of its Sunday; connections are those of all the week.",
        )
        filters = _draw_filters(page)
    comparison, words = periods.compared(compare, *shown, page.first_day)
    return Chosen(filters, period, comparison, words, granularity == WEEK)


def kept_state() -> dict[str, Any]:
    """What the sidebar says now, as the URL would have it: defaults are left out."""
    said = {key: st.session_state.get(key) for key in STATE_DEFAULTS}
    if said["period"] != periods.CUSTOM:
        said["from"] = said["to"] = None
    return {
        key: value.isoformat() if isinstance(value, date) else value
        for key, value in said.items()
        if value and value != STATE_DEFAULTS[key]
    }


def reset_filters() -> None:
    """Everyone again; the period, comparison and granularity stay."""
    for key, value in FILTER_DEFAULTS.items():
        st.session_state[key] = value


def tell_bad_values(key: str, known: Sequence[str]) -> None:
    """A notice for each value in the URL that can't be chosen; the widget drops it."""
    if key in st.session_state:
        return
    for value in st.query_params.get_all(key):
        if value and value not in known:
            _tell_dropped(key, value, f"isn't a value of {plain(key)}")


def _tell_dropped(key: str, value: str, why: str) -> None:
    st.toast(
        f"“{plain(value[:60])}” in the link {why}; it was dropped.",
        icon=":material/link_off:",
        duration="long",
    )


def _draw_period(page: Page) -> Period:
    names = [*periods.PRESETS, periods.CUSTOM]
    preset = _draw_selectbox(
        "Period",
        names,
        key="period",
        index=names.index(periods.DEFAULT_PERIOD),
        help=f"Up to {day_text(page.today)}, the last complete UTC day.",
    )
    usual = periods.PRESETS[periods.DEFAULT_PERIOD](page.first_day, page.today)
    if preset != periods.CUSTOM:
        first, last = periods.PRESETS[preset](page.first_day, page.today)
        return Period(first, last)
    left, right = st.columns(2, gap="small")
    with left:
        first = _draw_day("From", "from", max(usual[0], page.first_day), page)
    with right:
        last = _draw_day("To", "to", usual[1], page)
    period, notice = periods.custom(first, last)
    if notice:
        st.caption(notice)
    return period


def _draw_day(label: str, key: str, usual: date, page: Page) -> date:
    if key not in st.session_state:
        for value in st.query_params.get_all(key):
            try:
                inside = page.first_day <= date.fromisoformat(value) <= page.today
            except ValueError:
                inside = False
            if value and not inside:
                covered = days_text(page.first_day, page.today)
                _tell_dropped(key, value, f"isn't one of the days loaded, {covered}")
    picked = st.date_input(
        label,
        usual,
        page.first_day,
        page.today,
        key=key,
        format="YYYY-MM-DD",
        required=True,
        **BOUND,
    )
    return picked if isinstance(picked, date) else usual


def _draw_filters(page: Page) -> Filters:
    chosen: dict[str, Any] = {}
    for tag, name in TAG_NAMES.items():
        values = page.options(tag) if tag != "version" else _versions(page, chosen)
        picked, excluded = _draw_tag_filter(tag, name, values, page.min_users)
        chosen[f"not_{tag}" if excluded else tag] = tuple(picked)
    users = _draw_radio(
        "Users",
        [EVERYBODY, "new", "existing"],
        key="users",
        help="New: the event came from a sign-up; of connections, the account was created in it.",
    )
    devices = _draw_radio(
        "Devices, of connections",
        [EVERYBODY, "single", "multi"],
        key="devices",
        help="Whether the user who connects counted as multi-device. It narrows connections only: "
        "the measures of users show single- and multi-device side by side.",
    )
    return Filters(
        **chosen,
        users=None if users == EVERYBODY else users,
        devices=None if devices == EVERYBODY else devices,
    )


def _versions(page: Page, chosen: Mapping[str, tuple[str, ...]]) -> pd.DataFrame:
    """The versions of the browsers that the reader chose; one picked before stays an option."""
    only, left_out = chosen.get("browser", ()), chosen.get("not_browser", ())
    if not only and not left_out:
        return page.options("version")
    every = page.options("version", of_browsers=True)
    browsers = every["browser"]
    kept = every[browsers.isin(only) if only else ~browsers.isin(left_out)]
    kept = kept.sort_values("users", ascending=False, kind="stable")
    picked = [str(value) for value in st.session_state.get("version", [])]
    picked += st.query_params.get_all("version") if "version" not in st.session_state else []
    lost = every[every["found"].isin(picked) & ~every["found"].isin(kept["found"])]
    return pd.concat([kept, lost], ignore_index=True)


def _draw_tag_filter(
    tag: str, name: str, values: pd.DataFrame, min_users: int
) -> tuple[list[str], bool]:
    """One tag's values, and whether they are the ones to leave out."""
    found = list(dict.fromkeys(str(value) for value in values["found"]))
    tell_bad_values(tag, found)
    picked = st.multiselect(
        name,
        found,
        key=tag,
        placeholder="All",
        help=_shares_told(values, min_users),
        **BOUND,
    )
    if not picked:
        return [], False
    mode = _draw_radio(f"{name}: which", [ONLY, EXCEPT], key=f"{tag}_mode", hidden=True)
    return picked, mode == EXCEPT


def _draw_radio(
    label: str, options: Sequence[str], key: str, help: str | None = None, hidden: bool = False
) -> str:
    tell_bad_values(key, options)
    return st.radio(
        label,
        options,
        key=key,
        help=help,
        horizontal=True,
        label_visibility="collapsed" if hidden else "visible",
        **BOUND,
    )


def _draw_selectbox(label: str, options: Sequence[str], key: str, help: str, index: int = 0) -> str:
    tell_bad_values(key, options)
    return st.selectbox(label, options, index=index, key=key, help=help, **BOUND)


def _shares_told(values: pd.DataFrame, min_users: int) -> str:
    """The most used values with their share of the last 28 days' users, as plain text in Markdown."""
    told = []
    for row in values.head(SHARES_SHOWN).itertuples(index=False):
        name = plain(f"{row.browser} {row.found}".strip())
        users, everyone = float(row.users), float(row.everyone)
        share = f": {users / everyone:.0%}" if users >= max(min_users, 1) else ""
        told.append(f"- {name}{share}")
    more = len(values) - SHARES_SHOWN
    rest = [f"- and {more} more" if more > 0 else ""]
    head = "Most used first, with their share of the last 28 days' users; a user can be in several:"
    return "\n".join([head, "", *told, *rest])
