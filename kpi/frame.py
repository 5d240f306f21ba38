"""The frame that every page calls: navigation, filters, trust line, and one place for what goes wrong.

    with frame("app.py") as page:
        ...

Between opening the store and the last chart, whatever a reader can do something about (nothing loaded
yet, a store that doesn't answer) is told in one plain sentence; anything else is a bug and surfaces.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from kpi import charts, metrics, store
from kpi.annotations import Annotation
from kpi.errors import NoData, Refused, WarehouseDown
from kpi.export import written as file_content
from kpi.filters import Filters, Period
from kpi.measures import (
    ABSENT,
    COLUMNS,
    MEASURES,
    Measure,
    Reading,
    day_text,
    days_text,
    gaps_told,
    reading,
    why_nothing,
    within,
)
from kpi.settings import Settings
from kpi.warehouse import Publication, Warehouse, open_warehouse

PRODUCT = "Firefox Accounts KPIs"
ROOT = Path(__file__).resolve().parent.parent


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


@contextmanager
def frame(file: str) -> Iterator[Page]:
    """Draw the frame of a page around what the caller draws; ``file`` is its entry in `PAGES`.

    Stops the run, after a sentence, when there is nothing to draw from.
    """
    link = next(link for link in PAGES if link.file == file)
    st.set_page_config(page_title=f"{link.title} · {PRODUCT}", layout="wide")
    navigation = st.sidebar.container()
    st.title(link.title)
    try:
        try:
            page = _opened_page()
        finally:
            # Drawn after the filters, whose state the links take along.
            _draw_navigation(navigation)
        _draw_trust_line(page)
        _draw_sentence(page)
        yield page
    except Refused as refusal:
        _draw_refusal(refusal)
        st.stop()


class Page:
    """What a page reads: the publication, the reader's filters and period, and measures of both."""

    def __init__(self, warehouse: Warehouse, key: str, settings: Settings) -> None:
        self._warehouse = warehouse
        self._key = key
        self.min_users = settings.min_users
        self.publication: Publication = warehouse.publication
        if self.publication.last_complete_day is None:
            raise NoData(metrics.NO_COMPLETE_DAY)
        self.today: date = self.publication.last_complete_day
        self.first_day: date = self.publication.first_day or self.today
        self.filters, self.period = _draw_filters(self)

    def metric(self, name: str, *, min_users: int | None = None, **options: Any) -> pd.DataFrame:
        """A measure's table under the reader's filters over all days, so that cards can look back.

        ``name`` is as in `export`; ``options`` (by, window, incomplete) as in `kpi.metrics`.
        """
        filters = Filters() if name == "firefox" else self.filters
        shown = self.min_users if min_users is None else min_users
        return _measured(name, self._key, filters, shown, options, self._warehouse)

    def shown(self, table: pd.DataFrame) -> pd.DataFrame:
        """The table's rows within the reader's period."""
        return within(table, self.period)

    def unfinished(self, name: str) -> pd.DataFrame | None:
        """The measure on days after the last complete one, to be drawn apart; None when there is none."""
        last = self.publication.last_day
        if last is None or last <= self.today or self.period.bounds[1] < self.today:
            return None
        return within(self.metric(name, incomplete=True), Period(self.today + timedelta(days=1)))

    @cached_property
    def markers(self) -> list[Annotation]:
        """Releases, incidents and holidays, by day."""
        return _markers(self._key, self._warehouse)

    @property
    def last_shown_day(self) -> date:
        """The day that cards tell of: the last complete one of the period."""
        return min(self.period.last or self.today, self.today)

    def options(self, tag: str) -> pd.DataFrame:
        """The values of a tag, most used first: found, users."""
        values = _tag_values(self._key, self._warehouse)
        return values[values["tag"] == tag]

    def file_name(self, metric: str) -> str:
        """What a download is called: measure, days, filters, definitions and freshness."""
        first, last = self.period.first, self.last_shown_day
        parts = [
            metric,
            f"{first}_{last}",
            *_filter_words(self.filters if metric != "firefox" else Filters()),
            f"definitions-{self.publication.definitions}",
            f"through-{self.today}",
            f"built-{self.publication.built_at:%Y%m%dT%H%MZ}",
            *(["simulated"] if self.publication.simulated else []),
        ]
        return "_".join(re.sub(r"[^A-Za-z0-9._+-]+", "-", part)[:60] for part in parts) + ".csv"

    def draw_cards(
        self, cards: Sequence[tuple[str, Measure, pd.DataFrame, Mapping[str, str]]]
    ) -> None:
        """A row of cards: label, measure, its table over all days, and what picks one row a day."""
        row = st.container(horizontal=True, gap="small")
        for label, measure, table, picked in cards:
            now = reading(measure, table, self.last_shown_day, **picked)
            with row.container(border=True, width="stretch", height="stretch"):
                _draw_card(label, now)

    def draw_chart(
        self,
        draw: Callable[..., alt.LayerChart],
        measure: Measure,
        table: pd.DataFrame,
        **options: Any,
    ) -> None:
        """A measure's chart over the period, or the sentence that says why there is none.

        ``draw`` is a function of `kpi.charts`; ``table`` the measure's table over all days.
        """
        rows = self.shown(table)
        chart = draw(rows, incomplete=self.unfinished(measure.metric), **options)
        if rows[measure.column].isna().any() or not charts.has_values(chart):
            everything = self.shown(self.metric(measure.metric, min_users=0))
        else:
            everything = rows
        data = days_text(self.first_day, self.today)
        nothing = why_nothing(measure, rows, everything, self.filters.empty, self.min_users, data)
        if nothing:
            st.info(nothing, icon=":material/info:")
            return
        st.altair_chart(charts.without_description(chart), alt=charts.alt_text(chart))
        told = gaps_told(measure, rows, everything, self.min_users)
        marked = (
            "▼ marks releases, incidents and holidays: point at one."
            if options.get("markers")
            else ""
        )
        if told or marked:
            st.caption(" ".join(filter(None, [told, marked])))

    def choose(self, label: str, options: Sequence[str], key: str) -> str:
        """A choice of how a chart shows its measure; the first is the default, others are in the URL."""
        _tell_bad_values(key, options)
        chosen = st.segmented_control(
            label,
            options,
            default=options[0],
            key=key,
            required=True,
            label_visibility="collapsed",
            bind="query-params",
            persist_state="session",
        )
        return chosen or options[0]

    def tell_not_applied(self, what: str) -> None:
        """Say that filters don't reach figures which carry no tags, when there are any filters."""
        if not self.filters.empty:
            st.caption(f"{what} carry no tags: the filters are not applied to them.")

    def draw_tables(self, tables: Mapping[str, pd.DataFrame], key: str) -> None:
        """Behind a chart: the tables it was drawn from, over the period, each to download as CSV.

        ``tables`` are by their name in `export`, over all days.
        """
        names = {name: self.file_name(name) for name in tables}
        _draw_tables({name: self.shown(table) for name, table in tables.items()}, names, key)


# --- the store ------------------------------------------------------------------------------------


def _opened_page() -> Page:
    settings = Settings.read()
    file = store.publication_file(settings.home)
    key = f"{file}@{file.stat().st_mtime_ns}"
    return Page(_opened(key, settings), key, settings)


def _let_go(warehouse: Warehouse) -> None:
    warehouse.close()


@st.cache_resource(max_entries=4, show_spinner="Opening the store …", on_release=_let_go)
def _opened(key: str, _settings: Settings) -> Warehouse:
    """One warehouse per publication, shared by every reader; ``key`` tells publications apart."""
    return open_warehouse(_settings)


@st.cache_data(max_entries=256, show_spinner=False)
def _measured(
    name: str,
    key: str,
    filters: Filters,
    min_users: int,
    options: dict[str, Any],
    _warehouse: Warehouse,
) -> pd.DataFrame:
    if name == "firefox":
        return metrics.firefox(_warehouse)
    return metrics.METRICS[name](_warehouse, filters, min_users=min_users, **options)


@st.cache_data(max_entries=8, show_spinner=False)
def _tag_values(key: str, _warehouse: Warehouse) -> pd.DataFrame:
    return _warehouse.tag_values


@st.cache_data(max_entries=8, show_spinner=False)
def _markers(key: str, _warehouse: Warehouse) -> list[Annotation]:
    rows = _warehouse.frame("annotation").itertuples(index=False)
    return [Annotation(row.day, row.label, row.kind, row.url) for row in rows]


# --- what stands around a page --------------------------------------------------------------------


def _draw_navigation(place: DeltaGenerator) -> None:
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
                    query_params=_kept_state(),
                )


def _kept_state() -> dict[str, Any]:
    """What every page's filters say now, as the URL would have it: defaults are left out."""
    said = {key: st.session_state.get(key) for key in STATE_DEFAULTS}
    return {key: value for key, value in said.items() if value and value != STATE_DEFAULTS[key]}


def _draw_trust_line(page: Page) -> None:
    """How far the data goes, when it was built, and what to know before trusting it."""
    told = page.publication
    # A build on the day after the data needs no date; any other says which day it was.
    usual = told.built_at.date() - page.today <= timedelta(days=1)
    built = f"{told.built_at:%H:%M}"
    if not usual:
        built = f"{day_text(told.built_at.date())} {built}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if told.simulated:
            st.badge("Demo data (simulated)", icon=":material/science:", color="orange")
        st.markdown(
            f"Data through **{day_text(page.today)}** (UTC) · built {built} · exact",
            help="Every count is of distinct users, over all events loaded: nothing is sampled or "
            f"estimated. Definitions {told.definitions}; times are UTC.",
            width="content",
        )
        if told.warnings:
            count = len(told.warnings)
            label = f"{count} warning{'s' if count > 1 else ''}"
            with st.popover(label, icon=":material/warning:", type="tertiary"):
                for warning in told.warnings:
                    st.text(warning)


def _draw_sentence(page: Page) -> None:
    """The filters and days in words, and a way back to everything."""
    first, last = page.period.first or page.first_day, page.last_shown_day
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        words = page.filters.sentence()
        st.text(f"{words[:1].upper()}{words[1:]}; {days_text(first, last)}", width="content")
        if not page.filters.empty:
            st.button(
                "Reset filters",
                icon=":material/restart_alt:",
                type="tertiary",
                key="reset",
                on_click=_reset_filters,
            )


def _draw_refusal(refusal: Refused) -> None:
    """The one place where a store that can't be read from is told."""
    if isinstance(refusal, WarehouseDown):
        st.error(
            "The numbers can't be read right now: the store did not answer. Nothing is lost; "
            "reload the page in a minute. If it stays so, whoever runs this finds the reason with:",
            icon=":material/cloud_off:",
        )
        st.code("python -m kpi doctor", language="shell")
    elif isinstance(refusal, NoData):
        st.info(
            "Nothing has been loaded yet. Load event files and sum them up:",
            icon=":material/upload_file:",
        )
        st.code("python -m kpi load FILE…\npython -m kpi summarise", language="shell")
        st.markdown("Or look around with simulated data first:")
        st.code("python -m kpi demo", language="shell")
    else:
        st.error("This can't be shown:", icon=":material/error:")
        st.text(str(refusal))


# --- filters --------------------------------------------------------------------------------------


def _draw_filters(page: Page) -> tuple[Filters, Period]:
    """The sidebar: period, tags and users, each in the URL and kept from page to page."""
    with st.sidebar:
        st.divider()
        _tell_bad_values("period", list(PRESETS))
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
        _tell_bad_values("users", [EVERYBODY, "new", "existing"])
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
    _tell_bad_values(tag, found)
    picked = st.multiselect(
        name,
        found,
        key=tag,
        placeholder="All",
        bind="query-params",
        persist_state="session",
        help=_shares_told(options, page.min_users),
    )
    _tell_bad_values(f"{tag}_mode", [ONLY, EXCEPT])
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


def _tell_bad_values(key: str, known: Sequence[str]) -> None:
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


def _reset_filters() -> None:
    for key, value in STATE_DEFAULTS.items():
        if key != "period":
            st.session_state[key] = value


def _filter_words(filters: Filters) -> list[str]:
    told = []
    for name, value in vars(filters).items():
        if value:
            values = value if isinstance(value, str) else "+".join(value)
            told.append(f"{name.replace('_', '-')}-{values}")
    return told


# --- parts of a page ------------------------------------------------------------------------------


def _draw_card(label: str, now: Reading) -> None:
    measure = now.measure
    good = {"higher": 1, "lower": -1}.get(measure.better or "", 0)
    change = None if now.change is None else measure.change_text(now.change)
    flat = now.change is None or measure.flat(now.change) or not good
    # The label stands apart, since a metric's own is cut off where a card is narrow.
    st.markdown(label, help=f"{measure.definition} {measure.source}.")
    st.metric(
        label,
        measure.text(now.value),
        change,
        label_visibility="collapsed",
        delta_color="gray" if flat else "green" if now.change * good > 0 else "red",
        delta_arrow="off" if flat else "up" if now.change > 0 else "down",
    )
    since = f"since {day_text(now.compared_day)}; " if change else ""
    basis = measure.n_text(now.n) if now.value is not None else "no value to show"
    st.caption(f"{since}{basis} on {day_text(now.day)}")


@st.fragment
def _draw_tables(tables: dict[str, pd.DataFrame], names: dict[str, str], key: str) -> None:
    """Tables and downloads, made only once a reader opens them."""
    with st.expander(
        "Table and download", icon=":material/table:", on_change="rerun", key=key
    ) as box:
        if not box.open:
            return
        for name, table in tables.items():
            st.dataframe(
                table,
                hide_index=True,
                height=260,
                placeholder=ABSENT,
                column_config={column: _column_config(column) for column in table},
                alt=f"Table of {name}, {len(table)} rows; the download has the same numbers.",
            )
            st.download_button(
                f"Download {name} as CSV",
                file_content(table, "csv"),
                names[name],
                "text/csv",
                key=f"{key}_{name}",
                on_click="ignore",
                icon=":material/download:",
            )


def _column_config(column: str) -> Any:
    title, unit = COLUMNS.get(column, (column, "text"))
    if unit == "day":
        return st.column_config.DateColumn(title, format="D MMM YYYY", pinned=True)
    if unit in ("users", "attempts"):
        return st.column_config.NumberColumn(title, format="%,.0f")
    if unit in ("percent", "seconds"):
        return st.column_config.NumberColumn(
            title, format="%.1f%%" if unit == "percent" else "%.2f s"
        )
    return st.column_config.TextColumn(title)


def plain(text: str) -> str:
    """Text that Markdown shows as it is: what data or a URL says is never markup."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$:&])", r"\\\1", " ".join(text.split()))


__all__ = ["MEASURES", "Page", "frame", "plain"]
