"""What a page reads and draws with: measures under the reader's filters, cards, charts, tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from kpi import charts, metrics
from kpi.annotations import Annotation
from kpi.errors import NoData
from kpi.filters import Filters, Period
from kpi.frame import source
from kpi.frame.parts import draw_card, draw_tables
from kpi.frame.sidebar import draw_sidebar, tell_bad_values
from kpi.frame.words import filter_words
from kpi.measures import Measure, days_text, gaps_told, reading, why_nothing, within
from kpi.settings import Settings
from kpi.warehouse import Publication, Warehouse


class Page:
    """What a page reads: the publication, the reader's filters and period, and measures of both."""

    def __init__(self, warehouse: Warehouse, key: str, settings: Settings) -> None:
        self._warehouse = self.warehouse = warehouse
        self._key = self.key = key
        self.settings = settings
        self.min_users = settings.min_users
        self.publication: Publication = warehouse.publication
        if self.publication.last_complete_day is None:
            raise NoData(metrics.NO_COMPLETE_DAY)
        self.today: date = self.publication.last_complete_day
        self.first_day: date = self.publication.first_day or self.today
        self.chosen = draw_sidebar(self)
        self.filters, self.period = self.chosen.filters, self.chosen.period

    def metric(
        self,
        name: str,
        *,
        filters: Filters | None = None,
        min_users: int | None = None,
        **options: Any,
    ) -> pd.DataFrame:
        """A measure's table over all days, so that cards can look back, under the reader's filters.

        ``name`` is as in `metrics.METRICS`; ``filters`` take the place of the reader's; ``options``
        (by, window, incomplete) as in `kpi.metrics`.
        """
        chosen = self.filters if filters is None else filters
        if name == "firefox":
            chosen, options = Filters(), {}
        given = {key: value for key, value in options.items() if value is not None}
        shown = self.min_users if min_users is None else min_users
        return source.measured(name, self._key, chosen, shown, given, self._warehouse)

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
        return source.markers(self._key, self._warehouse)

    @property
    def last_shown_day(self) -> date:
        """The day that cards tell of: the last complete one of the period."""
        return min(self.period.last or self.today, self.today)

    def options(self, tag: str, of_browsers: bool = False) -> pd.DataFrame:
        """The values of a tag, most used first: found, users, everyone (users of any value).

        ``of_browsers`` gives a row per ``browser`` and version instead.
        """
        values = source.tag_values(self._key, self._warehouse)
        return values[(values["tag"] == tag) & ((values["browser"] != "") == of_browsers)]

    def file_name(self, metric: str) -> str:
        """What a download is called: measure, days, filters, definitions and freshness."""
        first, last = self.period.first, self.last_shown_day
        parts = [
            metric,
            f"{first}_{last}",
            *filter_words(self.filters if metric != "firefox" else Filters()),
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
                draw_card(label, now)

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
        tell_bad_values(key, options)
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

    def tell_not_applied(self, what: str, why: str = "carry no tags") -> None:
        """Say that filters don't reach some figures, when a reader has set any; ``what`` is a plural."""
        if not self.filters.empty:
            st.caption(f"{what} {why}: the filters are not applied to them.")

    def draw_tables(self, tables: Mapping[str, pd.DataFrame], key: str) -> None:
        """Behind a chart: the tables it was drawn from, over the period, each to download as CSV.

        ``tables`` are by their name in `export`, over all days.
        """
        names = {name: self.file_name(name) for name in tables}
        draw_tables({name: self.shown(table) for name, table in tables.items()}, names, key)
