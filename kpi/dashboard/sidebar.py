"""The sidebar: period, comparison and filters. All choices are in the URL; defaults are left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from kpi.dashboard import segments
from kpi.dashboard.address import Address, notify_ignored
from kpi.dashboard.segments import EVERYBODY
from kpi.dashboard.source import Source
from kpi.dashboard.words import plain
from kpi.meaning import periods, services
from kpi.meaning.filters import (
    ATTEMPT_TAG_NAMES,
    ATTEMPT_TAGS,
    EXCEPT,
    ONLY,
    TAG_NAMES,
    Filters,
    Period,
)
from kpi.rows import each_row
from kpi.text import day_text, days_text

DAY, WEEK = "day", "week"
SHARES_SHOWN = 8
MOST_OPTIONS = 200
"""So many values of a tag of attempts are options, the most used first: their number has no limit."""

SHARES_OF_USERS = "users. A user can count for several"
BOUND: dict[str, Any] = {"bind": "query-params", "persist_state": "session"}
"""For widgets of a single page, whose state needn't outlive it; those of the sidebar use `Address`."""


@dataclass(frozen=True)
class Chosen:
    """A reader's choices; ``compared_words`` is a sentence on the comparison, or on why there is none.

    ``segment`` is the name of the filters, where they are those of a segment.
    """

    filters: Filters
    period: Period
    comparison: periods.Comparison | None
    compared_words: str
    weekly: bool
    segment: str | None = None


def draw_sidebar(source: Source, address: Address) -> Chosen:
    """Draws the controls, whose state is in the URL and the same on all pages, and returns the choices."""
    with st.sidebar:
        st.divider()
        period = _draw_period(source, address)
        shown = period.first or source.first_day, min(period.last or source.today, source.today)
        address.imply("compare", periods.CUSTOM, "compare_from")
        compare = _draw_selectbox(
            "Compare with",
            periods.COMPARISONS,
            key="compare",
            address=address,
            help="Compares every day with the same weekday whole weeks before: in the previous period "
            "of the same length, 364 days before, in 2015, or from a day that you choose (custom). With "
            "nothing chosen, cards compare with 28 days before.",
        )
        start = _draw_compared_day(compare, shown, source, address)
        granularity = _draw_radio(
            "A point per",
            [DAY, WEEK],
            key="granularity",
            address=address,
            help="Weeks run from Monday to Sunday and are shown on their Sunday; only whole weeks "
            "count. Daily users are the mean of the week's days. Monthly users and the ratio are "
            "those of its Sunday. Connections are those of the whole week.",
        )
        usable = segments.draw_choice(source, address)
        filters = _draw_filters(source, address)
        segment = segments.note_chosen(address, usable, filters)
        if segment is None and not filters.empty:
            segments.draw_saving(source, filters)
    comparison, words = periods.compared(compare, *shown, source.first_day, start)
    return Chosen(filters, period, comparison, words, granularity == WEEK, segment)


def reset_filters() -> None:
    """Remove all filters; the period, comparison and granularity stay."""
    segments.set_widgets(Filters())


def notify_bad_values(key: str, known: Sequence[str]) -> None:
    """A notice for each value in the URL that can't be chosen, before a widget that ignores it."""
    if key in st.session_state:
        return
    for value in st.query_params.get_all(key):
        if value and value not in known:
            notify_ignored(value, f"isn't a value of {plain(key)}")


def _draw_period(source: Source, address: Address) -> Period:
    names = [*periods.PRESETS, periods.CUSTOM]
    address.imply("period", periods.CUSTOM, "from", "to")
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
        for key in ("from", "to"):
            address.refuse(key, "is a day of a custom period, and another period is chosen")
            address.note(key, None, None)
        first, last = periods.PRESETS[preset](source.first_day, source.today)
        return Period(first, last)
    first = _draw_day("From", "from", max(usual[0], source.first_day), source, address)
    last = _draw_day("To", "to", usual[1], source, address)
    period, notice = periods.custom(first, last)
    if notice:
        st.caption(notice)
    return period


def _draw_compared_day(
    compare: str, shown: tuple[date, date], source: Source, address: Address
) -> date | None:
    """The first day of a custom comparison, which has as many days as the period."""
    if compare != periods.CUSTOM:
        address.refuse("compare_from", "is a day of a custom comparison, and another is chosen")
        address.note("compare_from", None, None)
        return None
    first, last = shown
    before = max(first - (last - first) - timedelta(days=1), source.first_day)
    return _draw_day("Compare from", "compare_from", min(before, source.today), source, address)


def _draw_day(label: str, key: str, usual: date, source: Source, address: Address) -> date:
    covered = days_text(source.first_day, source.today)
    address.restore_day(key, usual, source.first_day, source.today, covered)
    picked = st.date_input(
        label,
        usual,
        source.first_day,
        source.today,
        key=key,
        format="YYYY-MM-DD",
    )
    chosen = picked if isinstance(picked, date) else usual
    address.note(key, chosen, None)  # always written, so that a link names the same days later
    return chosen


def _draw_filters(source: Source, address: Address) -> Filters:
    chosen: dict[str, Any] = {}
    for tag, name in TAG_NAMES.items():
        values = source.tag_values(tag) if tag != "version" else _versions(source, address, chosen)
        help = _shares_text(values, "users", SHARES_OF_USERS, source.min_users)
        chosen |= _draw_tag_filter(tag, name, values["found"], help, source, address)
    if not source.settings.exclusions:
        st.caption(
            "Only a single value of each tag can be chosen: the difference of two filters could "
            "reveal small groups."
        )
    users = _draw_radio(
        "Users",
        [EVERYBODY, "new", "existing"],
        key="users",
        address=address,
        help="New: events of a sign-up. For connections: attempts that created the account.",
    )
    devices = _draw_radio(
        "Devices, of connections",
        [EVERYBODY, "single", "multi"],
        key="devices",
        address=address,
        help="Connections of users who counted as single- or multi-device. This filter applies to "
        "connections only: measures of users show single- and multi-device users side by side.",
    )
    chosen |= _draw_attempt_filters(source, address)
    return Filters(
        **chosen,
        users=None if users == EVERYBODY else users,
        devices=None if devices == EVERYBODY else devices,
    )


def _versions(
    source: Source, address: Address, chosen: Mapping[str, tuple[str, ...]]
) -> pd.DataFrame:
    """The versions of the browsers that the reader chose; versions picked before stay options."""
    only, left_out = chosen.get("browser", ()), chosen.get("not_browser", ())
    if not only and not left_out:
        return source.tag_values("version")
    every = source.tag_values("version", of_browsers=True)
    browsers = every["browser"]
    offered = every[browsers.isin(only) if only else ~browsers.isin(left_out)]
    offered = offered.sort_values("users", ascending=False, kind="stable")
    picked = _picked("version", address)
    lost = every[every["found"].isin(picked) & ~every["found"].isin(offered["found"])]
    return pd.concat([offered, lost], ignore_index=True)


def _draw_attempt_filters(source: Source, address: Address) -> dict[str, tuple[str, ...]]:
    """The filters that only attempts have, in a box; asked for once it is open or any has a value."""
    picked = {tag: _picked(tag, address) for tag in ATTEMPT_TAGS}
    narrowed = any(picked.values())
    chosen: dict[str, tuple[str, ...]] = {}
    with st.expander(
        "More filters of connections",
        expanded=st.session_state.setdefault("attempt_filters_open", narrowed),
        icon=":material/filter_alt:",
        on_change="rerun",
        key="attempt_filters",
        bind="query-params",
    ) as box:
        for tag in ATTEMPT_TAGS if box.open or narrowed else ():
            values = source.attempt_tag_values(tag)
            help = _shares_text(values, "attempts", "connection attempts", source.min_users)
            every, name = values["found"], ATTEMPT_TAG_NAMES[tag]
            rest = every[MOST_OPTIONS:]
            options = pd.concat([every[:MOST_OPTIONS], rest[rest.isin(picked[tag])]])
            chosen |= _draw_tag_filter(tag, name, options, help, source, address)
    return chosen


def _picked(tag: str, address: Address) -> list[str]:
    """The values of a tag that were picked before, and those of the link."""
    return [*map(str, st.session_state.get(tag, [])), *address.said(tag)]


def _draw_tag_filter(
    tag: str, name: str, values: pd.Series, help: str, source: Source, address: Address
) -> dict[str, tuple[str, ...]]:
    """The values that a reader picked of a tag, or is to leave out, as a part of `Filters`."""
    options = list(dict.fromkeys(map(str, values)))
    key = f"{tag}_mode"
    subtracts = source.settings.exclusions
    if not subtracts:
        excluded = EXCEPT in address.said(key)
        why = "is left out by “all except”" if excluded else "is a second value of the same tag"
        address.refuse(tag, f"{why}, which is closed here", 0 if excluded else 1)
    address.restore_choices(tag, options)
    picked = st.multiselect(
        name,
        options,
        key=tag,
        placeholder="All",
        format_func=services.names(tag, options).__getitem__,
        help=help,
        max_selections=None if subtracts else 1,
    )
    address.note(tag, picked, [])
    if not picked or not subtracts:
        address.note(key, ONLY, ONLY)
        return {tag: tuple(picked)}
    mode = _draw_radio(f"{name}: which", [ONLY, EXCEPT], key, address, hidden=True)
    return {f"not_{tag}" if mode == EXCEPT else tag: tuple(picked)}


def _draw_radio(
    label: str,
    options: Sequence[str],
    key: str,
    address: Address,
    help: str | None = None,
    hidden: bool = False,
) -> str:
    address.restore_choice(key, options, options[0])
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
    address.restore_choice(key, options, default)
    chosen = st.selectbox(label, options, list(options).index(default), key=key, help=help)
    address.note(key, chosen, default)
    return chosen


def _shares_text(values: pd.DataFrame, count: str, whole: str, min_users: int) -> str:
    """The most used values with their share of the last 28 days, as plain text in Markdown.

    ``count`` is the column of users or attempts, ``whole`` the words on them.
    """
    lines = []
    for row in each_row(values.head(SHARES_SHOWN)):
        value = services.shown(row.tag, row.found)
        name = plain(f"{getattr(row, 'browser', '')} {value}".strip())
        counted, everyone = float(getattr(row, count)), float(row.everyone)
        share = f": {counted / everyone:.0%}" if counted >= max(min_users, 1) else ""
        lines.append(f"- {name}{share}")
    more = len(values) - SHARES_SHOWN
    rest = [f"- and {more} more" if more > 0 else ""]
    head = f"Most used first, with their share of the last 28 days' {whole}:"
    return "\n".join([head, "", *lines, *rest])
