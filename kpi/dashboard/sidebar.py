"""The sidebar: what a reader narrows the numbers to. All of it is in the URL; defaults are left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from kpi.dashboard.address import Address, tell_dropped
from kpi.dashboard.source import Source
from kpi.dashboard.words import plain
from kpi.meaning import periods
from kpi.meaning.filters import TAG_NAMES, Filters, Period
from kpi.meaning.measures import day_text, days_text
from kpi.rows import each_row

ONLY, EXCEPT = "only these", "all except"
EVERYBODY = "all"
DAY, WEEK = "day", "week"
FILTER_DEFAULTS: dict[str, Any] = {
    "users": EVERYBODY,
    "devices": EVERYBODY,
    **{tag: [] for tag in TAG_NAMES},
    **{f"{tag}_mode": ONLY for tag in TAG_NAMES},
}
SHARES_SHOWN = 8
BOUND: dict[str, Any] = {"bind": "query-params", "persist_state": "session"}
"""For widgets of a single page, whose state needn't outlive it; the sidebar's go by `Address`."""


@dataclass(frozen=True)
class Chosen:
    """What a reader chose; ``compared_words`` says what the comparison is with, or why there is none."""

    filters: Filters
    period: Period
    comparison: periods.Comparison | None
    compared_words: str
    weekly: bool


def draw_sidebar(source: Source, address: Address) -> Chosen:
    """The controls, each in the URL and kept from page to page, and what they say."""
    with st.sidebar:
        st.divider()
        period = _draw_period(source, address)
        shown = period.first or source.first_day, min(period.last or source.today, source.today)
        compare = _draw_selectbox(
            "Compare with",
            periods.COMPARISONS,
            key="compare",
            address=address,
            help="The same weekdays, whole weeks before: the previous period of as many days, 364 "
            "days before, or the year 2015. Without one, cards compare with 28 days before.",
        )
        granularity = _draw_radio(
            "A point per",
            [DAY, WEEK],
            key="granularity",
            address=address,
            help="Weeks are whole, Monday to Sunday, under their Sunday. People are never added "
            "over days: daily users are the mean of the week's days, the ratio and monthly users "
            "those of its Sunday; connections are those of all the week.",
        )
        filters = _draw_filters(source, address)
    comparison, words = periods.compared(compare, *shown, source.first_day)
    return Chosen(filters, period, comparison, words, granularity == WEEK)


def reset_filters() -> None:
    """Everyone again; the period, comparison and granularity stay."""
    for key, value in FILTER_DEFAULTS.items():
        st.session_state[key] = value


def tell_bad_values(key: str, known: Sequence[str]) -> None:
    """A notice for each value in the URL that can't be chosen, before a widget that drops it itself."""
    if key in st.session_state:
        return
    for value in st.query_params.get_all(key):
        if value and value not in known:
            tell_dropped(value, f"isn't a value of {plain(key)}")


def _draw_period(source: Source, address: Address) -> Period:
    names = [*periods.PRESETS, periods.CUSTOM]
    preset = _draw_selectbox(
        "Period",
        names,
        key="period",
        address=address,
        usual=periods.DEFAULT_PERIOD,
        help=f"Up to {day_text(source.today)}, the last complete UTC day.",
    )
    usual = periods.PRESETS[periods.DEFAULT_PERIOD](source.first_day, source.today)
    if preset != periods.CUSTOM:
        first, last = periods.PRESETS[preset](source.first_day, source.today)
        return Period(first, last)
    first = _draw_day("From", "from", max(usual[0], source.first_day), source, address)
    last = _draw_day("To", "to", usual[1], source, address)
    period, notice = periods.custom(first, last)
    if notice:
        st.caption(notice)
    return period


def _draw_day(label: str, key: str, usual: date, source: Source, address: Address) -> date:
    covered = days_text(source.first_day, source.today)
    address.day(key, usual, source.first_day, source.today, covered)
    picked = st.date_input(
        label,
        usual,
        source.first_day,
        source.today,
        key=key,
        format="YYYY-MM-DD",
        required=True,
    )
    chosen = picked if isinstance(picked, date) else usual
    address.note(key, chosen, usual)
    return chosen


def _draw_filters(source: Source, address: Address) -> Filters:
    chosen: dict[str, Any] = {}
    for tag, name in TAG_NAMES.items():
        values = source.tag_values(tag) if tag != "version" else _versions(source, address, chosen)
        picked, excluded = _draw_tag_filter(tag, name, values, source, address)
        chosen[f"not_{tag}" if excluded else tag] = tuple(picked)
    if not source.settings.exclusions:
        st.caption("One value of a tag at a time: differences of filters could be of few people.")
    users = _draw_radio(
        "Users",
        [EVERYBODY, "new", "existing"],
        key="users",
        address=address,
        help="New: the event came from a sign-up; of connections, the account was created in it.",
    )
    devices = _draw_radio(
        "Devices, of connections",
        [EVERYBODY, "single", "multi"],
        key="devices",
        address=address,
        help="Whether the user who connects counted as multi-device. It narrows connections only: "
        "the measures of users show single- and multi-device side by side.",
    )
    return Filters(
        **chosen,
        users=None if users == EVERYBODY else users,
        devices=None if devices == EVERYBODY else devices,
    )


def _versions(
    source: Source, address: Address, chosen: Mapping[str, tuple[str, ...]]
) -> pd.DataFrame:
    """The versions of the browsers that the reader chose; one picked before stays an option."""
    only, left_out = chosen.get("browser", ()), chosen.get("not_browser", ())
    if not only and not left_out:
        return source.tag_values("version")
    every = source.tag_values("version", of_browsers=True)
    browsers = every["browser"]
    kept = every[browsers.isin(only) if only else ~browsers.isin(left_out)]
    kept = kept.sort_values("users", ascending=False, kind="stable")
    picked = [str(value) for value in st.session_state.get("version", [])]
    picked += address.said("version")
    lost = every[every["found"].isin(picked) & ~every["found"].isin(kept["found"])]
    return pd.concat([kept, lost], ignore_index=True)


def _draw_tag_filter(
    tag: str, name: str, values: pd.DataFrame, source: Source, address: Address
) -> tuple[list[str], bool]:
    """One tag's values, and whether they are the ones to leave out."""
    found = list(dict.fromkeys(str(value) for value in values["found"]))
    key = f"{tag}_mode"
    subtracts = source.settings.exclusions
    if not subtracts:
        excluded = EXCEPT in address.said(key)
        why = (
            "is one that “all except” leaves out" if excluded else "is one value of a tag too many"
        )
        address.refuse(tag, f"{why}, which is closed here", 0 if excluded else 1)
    address.some_of(tag, found)
    picked = st.multiselect(
        name,
        found,
        key=tag,
        placeholder="All",
        help=_shares_told(values, source.min_users),
        max_selections=None if subtracts else 1,
    )
    address.note(tag, picked, [])
    if not picked or not subtracts:
        address.note(key, ONLY, ONLY)
        return picked, False
    mode = _draw_radio(f"{name}: which", [ONLY, EXCEPT], key, address, hidden=True)
    return picked, mode == EXCEPT


def _draw_radio(
    label: str,
    options: Sequence[str],
    key: str,
    address: Address,
    help: str | None = None,
    hidden: bool = False,
) -> str:
    address.one_of(key, options, options[0])
    chosen = st.radio(
        label,
        options,
        key=key,
        help=help,
        horizontal=True,
        label_visibility="collapsed" if hidden else "visible",
    )
    address.note(key, chosen, options[0])
    return chosen


def _draw_selectbox(
    label: str,
    options: Sequence[str],
    key: str,
    address: Address,
    help: str,
    usual: str | None = None,
) -> str:
    default = usual or options[0]
    address.one_of(key, options, default)
    chosen = st.selectbox(label, options, list(options).index(default), key=key, help=help)
    address.note(key, chosen, default)
    return chosen


def _shares_told(values: pd.DataFrame, min_users: int) -> str:
    """The most used values with their share of the last 28 days' users, as plain text in Markdown."""
    told = []
    for row in each_row(values.head(SHARES_SHOWN)):
        name = plain(f"{row.browser} {row.found}".strip())
        users, everyone = float(row.users), float(row.everyone)
        share = f": {users / everyone:.0%}" if users >= max(min_users, 1) else ""
        told.append(f"- {name}{share}")
    more = len(values) - SHARES_SHOWN
    rest = [f"- and {more} more" if more > 0 else ""]
    head = "Most used first, with their share of the last 28 days' users; a user can be in several:"
    return "\n".join([head, "", *told, *rest])
