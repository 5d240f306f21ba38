"""The sidebar: period, comparison and filters. All choices are in the URL; defaults are left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from kpi.dashboard.address import Address, notify_ignored
from kpi.dashboard.source import Source
from kpi.dashboard.words import plain
from kpi.meaning import periods
from kpi.meaning.filters import TAG_NAMES, Filters, Period
from kpi.rows import each_row
from kpi.text import day_text, days_text

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
COMPARING = (
    "Compares every day with the same weekday whole weeks before: in the previous period of the same length, "
    "364 days before, or in 2015. With nothing chosen, cards compare with 28 days before."
)
WEEKS = (
    "Weeks run from Monday to Sunday and are shown on their Sunday; only whole weeks count. Daily users are "
    "the mean of the week's days. Monthly users and the ratio are those of its Sunday. Connections are those "
    "of the whole week."
)
USERS = "New: events of a sign-up. For connections: attempts that created the account."
DEVICES = (
    "Connections of users who counted as single- or multi-device. This filter applies to connections only: "
    "measures of users show single- and multi-device users side by side."
)
BOUND: dict[str, Any] = {"bind": "query-params", "persist_state": "session"}
"""For widgets of a single page, whose state needn't outlive it; those of the sidebar use `Address`."""


@dataclass(frozen=True)
class Chosen:
    """A reader's choices; ``compared_words`` is a sentence on the comparison, or on why there is none."""

    filters: Filters
    period: Period
    comparison: periods.Comparison | None
    compared_words: str
    weekly: bool


def draw_sidebar(source: Source, address: Address) -> Chosen:
    """Draws the controls, whose state is in the URL and the same on all pages, and returns the choices."""
    with st.sidebar:
        st.divider()
        controls = _Controls(source, address)
        period = controls.draw_period()
        shown = period.first or source.first_day, min(period.last or source.today, source.today)
        compare = controls.draw_selectbox("Compare with", "compare", periods.COMPARISONS, COMPARING)
        granularity = controls.draw_radio("A point per", "granularity", [DAY, WEEK], WEEKS)
        filters = controls.draw_filters()
    comparison, words = periods.compared(compare, *shown, source.first_day)
    return Chosen(filters, period, comparison, words, granularity == WEEK)


def reset_filters() -> None:
    """Remove all filters; the period, comparison and granularity stay."""
    for key, value in FILTER_DEFAULTS.items():
        st.session_state[key] = value


def notify_bad_values(key: str, known: Sequence[str]) -> None:
    """A notice for each value in the URL that can't be chosen, before a widget that ignores it."""
    if key in st.session_state:
        return
    for value in st.query_params.get_all(key):
        if value and value not in known:
            notify_ignored(value, f"isn't a value of {plain(key)}")


@dataclass(frozen=True)
class _Controls:
    """The controls of one run, over the tags and days of a source."""

    source: Source
    address: Address

    def draw_period(self) -> Period:
        source, address = self.source, self.address
        names = [*periods.PRESETS, periods.CUSTOM]
        address.imply("period", periods.CUSTOM, "from", "to")
        through = f"Up to {day_text(source.today)}, the last complete UTC day."
        preset = self.draw_selectbox("Period", "period", names, through, periods.DEFAULT_PERIOD)
        if preset != periods.CUSTOM:
            for key in ("from", "to"):
                address.refuse(key, "is a day of a custom period, and another period is chosen")
                address.note(key, None, None)
            return Period(*periods.PRESETS[preset](source.first_day, source.today))
        usual = periods.PRESETS[periods.DEFAULT_PERIOD](source.first_day, source.today)
        first = self._draw_day("From", "from", max(usual[0], source.first_day))
        period, notice = periods.custom(first, self._draw_day("To", "to", usual[1]))
        if notice:
            st.caption(notice)
        return period

    def _draw_day(self, label: str, key: str, usual: date) -> date:
        first, last = self.source.first_day, self.source.today
        self.address.restore_day(key, usual, first, last, days_text(first, last))
        picked = st.date_input(
            label, usual, first, last, key=key, format="YYYY-MM-DD", required=True
        )
        chosen = picked if isinstance(picked, date) else usual
        self.address.note(
            key, chosen, None
        )  # always written, so that a link names the same days later
        return chosen

    def draw_filters(self) -> Filters:
        chosen: dict[str, Any] = {}
        for tag, name in TAG_NAMES.items():
            values = self._versions(chosen) if tag == "version" else self.source.tag_values(tag)
            picked, excluded = self._draw_tag_filter(tag, name, values)
            chosen[f"not_{tag}" if excluded else tag] = tuple(picked)
        if not self.source.settings.exclusions:
            st.caption(
                "Only a single value of each tag can be chosen: the difference of two filters could "
                "reveal small groups."
            )
        users = self.draw_radio("Users", "users", [EVERYBODY, "new", "existing"], USERS)
        kinds = [EVERYBODY, "single", "multi"]
        devices = self.draw_radio("Devices, of connections", "devices", kinds, DEVICES)
        return Filters(
            **chosen,
            users=None if users == EVERYBODY else users,
            devices=None if devices == EVERYBODY else devices,
        )

    def _versions(self, chosen: Mapping[str, tuple[str, ...]]) -> pd.DataFrame:
        """The versions of the browsers that the reader chose; versions picked before stay options."""
        only, left_out = chosen.get("browser", ()), chosen.get("not_browser", ())
        if not only and not left_out:
            return self.source.tag_values("version")
        every = self.source.tag_values("version", of_browsers=True)
        browsers = every["browser"]
        offered = every[browsers.isin(only) if only else ~browsers.isin(left_out)]
        offered = offered.sort_values("users", ascending=False, kind="stable")
        picked = [str(value) for value in st.session_state.get("version", [])]
        picked += self.address.said("version")
        lost = every[every["found"].isin(picked) & ~every["found"].isin(offered["found"])]
        return pd.concat([offered, lost], ignore_index=True)

    def _draw_tag_filter(self, tag: str, name: str, values: pd.DataFrame) -> tuple[list[str], bool]:
        """The values that a reader picked of a tag, and True where they are to be left out."""
        address, subtracts = self.address, self.source.settings.exclusions
        options = list(dict.fromkeys(str(value) for value in values["found"]))
        key = f"{tag}_mode"
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
            help=_shares_text(values, self.source.min_users),
            max_selections=None if subtracts else 1,
        )
        address.note(tag, picked, [])
        if not picked or not subtracts:
            address.note(key, ONLY, ONLY)
            return picked, False
        mode = self.draw_radio(f"{name}: which", key, [ONLY, EXCEPT], label_visibility="collapsed")
        return picked, mode == EXCEPT

    def draw_radio(
        self, label: str, key: str, options: Sequence[str], help: str | None = None, **look: Any
    ) -> str:
        self.address.restore_choice(key, options, options[0])
        chosen = str(st.radio(label, options, key=key, help=help, horizontal=True, **look))
        self.address.note(key, chosen, options[0])
        return chosen

    def draw_selectbox(
        self, label: str, key: str, options: Sequence[str], help: str, usual: str | None = None
    ) -> str:
        default = usual or options[0]
        self.address.restore_choice(key, options, default)
        chosen = st.selectbox(label, options, list(options).index(default), key=key, help=help)
        self.address.note(key, chosen, default)
        return chosen


def _shares_text(values: pd.DataFrame, min_users: int) -> str:
    """The most used values with their share of the last 28 days' users, as plain text in Markdown."""
    lines = []
    for row in each_row(values.head(SHARES_SHOWN)):
        name = plain(f"{row.browser} {row.found}".strip())
        users, everyone = float(row.users), float(row.everyone)
        share = f": {users / everyone:.0%}" if users >= max(min_users, 1) else ""
        lines.append(f"- {name}{share}")
    more = len(values) - SHARES_SHOWN
    rest = [f"- and {more} more" if more > 0 else ""]
    head = "Most used first, with their share of the last 28 days' users. A user can count for several:"
    return "\n".join([head, "", *lines, *rest])
