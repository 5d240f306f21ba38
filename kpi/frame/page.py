"""What a page reads and draws with: measures under the reader's filters, cards, charts, tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from kpi import behind, charts, coverage, goals, metrics, targets
from kpi.annotations import Annotation
from kpi.definitions import ATTEMPT_WINDOW, PLATFORM, device_identity
from kpi.errors import NoData
from kpi.filters import Filters, Period
from kpi.frame import breakdown, navigation, parts, source
from kpi.frame.address import Address
from kpi.frame.drawing import drawn, put
from kpi.frame.sidebar import draw_sidebar
from kpi.frame.words import file_name, link
from kpi.measures import COMPARED_DAYS, Measure, days_text, gaps_told, reading, why_nothing, within
from kpi.settings import Settings
from kpi.warehouse import Publication, Warehouse

if TYPE_CHECKING:
    import altair as alt


@dataclass(frozen=True)
class Card:
    """A headline: a measure's last value in the period. ``table`` is over all days; ``picked`` picks
    one row a day, as audience='all'; ``goal`` names the measure in `goals.toml`, if it has one.
    """

    label: str
    measure: Measure
    table: pd.DataFrame
    picked: Mapping[str, str] = field(default_factory=dict)
    goal: str = ""


class Page:
    """What a page reads: the publication, the reader's filters and period, and measures of both."""

    def __init__(
        self, warehouse: Warehouse, key: str, settings: Settings, address: Address
    ) -> None:
        self.address = address
        self._warehouse = self.warehouse = warehouse
        self._key = self.key = key
        self.settings = settings
        self._fetched: list[tuple[pd.DataFrame, parts.Asked]] = []
        self._measures: dict[str, Measure] = {}
        self._targets: dict[tuple[str, int], tuple[pd.DataFrame, list[targets.Target]]] = {}
        self._shown: dict[int, tuple[pd.DataFrame, pd.DataFrame]] = {}
        self.min_users = settings.min_users
        self.publication: Publication = warehouse.publication
        if self.publication.last_complete_day is None:
            raise NoData(metrics.NO_COMPLETE_DAY)
        self.today: date = self.publication.last_complete_day
        self.first_day: date = self.publication.first_day or self.today
        self.chosen = draw_sidebar(self)
        self.kept = dict(address.chosen)
        self.filters: Filters = self.chosen.filters
        self.period: Period = self.chosen.period

    # --- reading ----------------------------------------------------------------------------------

    def metric(
        self,
        name: str,
        *,
        filters: Filters | None = None,
        min_users: int | None = None,
        **options: Any,
    ) -> pd.DataFrame:
        """A measure's table under the reader's filters and granularity, over all days by default.

        ``name`` is as in `metrics.METRICS`; ``filters`` take the place of the reader's; ``options``
        (period, by, window, incomplete, weekly) as in `kpi.metrics`. Over all days cards can look
        back; a breakdown is read for its period only.
        """
        chosen = self.filters if filters is None else filters
        if name == "firefox":
            chosen, options = Filters(), {k: v for k, v in options.items() if k == "weekly"}
        elif name in metrics.USER_METRICS:
            chosen = replace(chosen, devices=None)
        weekly = self.chosen.weekly and behind.takes(name, "weekly")
        given = {"weekly": weekly, **options}
        given = {key: value for key, value in given.items() if value}
        shown = self.min_users if min_users is None else min_users
        asked = parts.Asked(name, chosen, given, shown)
        for table, before in self._fetched:
            if before == asked:
                return table
        table = source.measured(name, self._key, chosen, shown, given, self._warehouse)
        self._fetched.append((table, asked))
        return table

    def shown(self, table: pd.DataFrame) -> pd.DataFrame:
        """The table's rows within the reader's period."""
        if id(table) not in self._shown:
            self._shown[id(table)] = table, within(table, self.period)
        return self._shown[id(table)][1]

    def compared(self, table: pd.DataFrame) -> charts.Compared | None:
        """The table's rows of the days that the reader compares with, under the days they are beside."""
        comparison = self.chosen.comparison
        if comparison is None:
            return None
        return charts.Compared(comparison.name, comparison.of(table, self.period))

    def unfinished(self, name: str, **options: Any) -> pd.DataFrame | None:
        """The measure on days after the last complete one, to be drawn apart; None when there is none."""
        last = self.publication.last_day
        if last is None or last <= self.today or self.period.bounds[1] < self.today:
            return None
        if self.chosen.weekly or not behind.takes(name, "incomplete"):
            return None
        later = Period(self.today + timedelta(days=1))
        return within(self.metric(name, **{**options, "incomplete": True}), later)

    def targets(self, measure: str, table: pd.DataFrame) -> list[targets.Target]:
        """What the year's goals ask of a measure (by its name in `goals.toml`) under the filters.

        ``table`` is the measure's, over all days.
        """
        asked = self._asked(table)
        if (measure, id(table)) in self._targets:
            return self._targets[measure, id(table)][1]
        daily = table
        if asked is not None and self.chosen.weekly:
            daily = self.metric(asked.metric, **{**asked.options, "weekly": False})
        firefox = self.metric("firefox", weekly=False)
        options = {} if asked is None else {k: v for k, v in asked.options.items() if k == "window"}
        told = targets.targets(
            self._goals, measure, daily, firefox, self.last_shown_day, self.filters, **options
        )
        self._targets[measure, id(table)] = table, told
        return told

    def goal_lines(self, table: pd.DataFrame, unit: str, *measures: str) -> list[charts.GoalLine]:
        """The goals of some measures (by their names in `goals.toml`) that are one value over a year."""
        told = [target for measure in measures for target in self.targets(measure, table)]
        return targets.lines(told, unit)

    @cached_property
    def _goals(self) -> tuple[goals.Goal, ...]:
        return goals.read()

    @cached_property
    def markers(self) -> list[Annotation]:
        """Releases, incidents and holidays, by day."""
        return source.markers(self._key, self._warehouse)

    def told(self, what: str) -> pd.DataFrame:
        """What the publication tells of its own making: 'loads', 'retention', 'volumes' or 'doubtful'."""
        return source.told(what, self._key, self._warehouse)

    @property
    def device_identity(self) -> str:
        """What a user's device is in this store: a device id, or OS and browser."""
        return device_identity(self.publication.definitions)

    @property
    def last_shown_day(self) -> date:
        """The day that cards tell of: the last complete one of the period."""
        return min(self.period.last or self.today, self.today)

    def options(self, tag: str, of_browsers: bool = False) -> pd.DataFrame:
        """The values of a tag, most used first: found, users, everyone (users of any value).

        ``of_browsers`` gives a row per ``browser`` and version instead.
        """
        return source.tag_values(self._key, tag, of_browsers, self._warehouse)

    def file_name(
        self,
        metric: str,
        filters: Filters = Filters(),
        days: tuple[date, date] | None = None,
        **options: Any,
    ) -> str:
        """What a download is called: measure, days (of the period), filters, definitions and freshness."""
        days = days or (self.period.first or self.first_day, self.last_shown_day)
        return file_name(metric, days, filters, options, self.publication, self.today)

    @property
    def all_days(self) -> tuple[date, date]:
        """The first and last day of the data."""
        return self.first_day, self.today

    @property
    def link(self) -> str:
        """The address that shows this page as it stands: defaults are left out."""
        return link(st.context.url or "", self.address.chosen)

    # --- drawing ----------------------------------------------------------------------------------

    def draw_heading(self, title: str, definition: str, detail: str = "") -> None:
        """A heading with its definition as tooltip, and the way to the page that tells more."""
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.header(title, help=definition, width="content")
            navigation.draw_detail_link(detail, self.kept)

    def draw_cards(self, cards: Iterable[Card | tuple[Any, ...]]) -> None:
        """A row of cards, each with its value, change, distance to its goal and course."""
        comparison = self.chosen.comparison
        before = comparison.days if comparison else COMPARED_DAYS
        grid = st.grid(min_column_width=210, gap="small")
        for card in (card if isinstance(card, Card) else Card(*card) for card in cards):
            self.remember(card.measure)
            now = reading(
                card.measure, card.table, self._card_day(card.table), before, **card.picked
            )
            rows = self.shown(card.table)
            for column, value in card.picked.items():
                rows = rows[rows[column] == value]
            goal = self.targets(card.goal, card.table)[:1] if card.goal else []
            with grid.container(border=True, height="stretch"):
                why = self.why_unknown(card.measure, card.table, card.picked.get("audience"))
                parts.draw_card(card.label, now, rows[card.measure.column], goal, why)

    def draw_chart(
        self,
        draw: Callable[..., alt.LayerChart],
        measure: Measure,
        table: pd.DataFrame,
        **options: Any,
    ) -> None:
        """A measure's chart over the period, or the sentence that says why there is none.

        ``draw`` is a function of `kpi.charts`; ``table`` the measure's, from `Page.metric`.
        """
        self.remember(measure)
        asked = self._asked(table)
        again = asked.options if asked else {}
        rows = self.shown(table)
        chart = drawn(draw, rows, incomplete=self.unfinished(measure.metric, **again), **options)
        everything = rows = _of_audiences(rows, options)
        if asked and (rows[measure.column].isna().any() or not chart.has_values):
            bare = self.shown(self.metric(asked.metric, **{**again, "min_users": 0}))
            everything = _of_audiences(bare, options)
        data = days_text(self.first_day, self.today)
        audiences = options.get("audiences") or (options.get("audience"),)
        whys = [self.why_unknown(measure, table, one) for one in audiences]
        unknown = next(filter(None, whys), None)
        nothing = why_nothing(
            measure, rows, everything, self.filters.empty, self.min_users, data, unknown
        )
        if nothing:
            st.info(nothing, icon=":material/info:")
            parts.draw_note(None)
            return
        put(chart)
        told = gaps_told(measure, rows, everything, self.min_users, self.chosen.weekly, unknown)
        if told and "hidden" in told and measure.metric in metrics.ATTEMPT_METRICS:
            told += "" if self.chosen.weekly else " A point per week pools more attempts."
        first, last = self.period.bounds
        marked = (
            "▼ marks releases, incidents and holidays: point at one."
            if any(first <= marker.day <= last for marker in options.get("markers", ()))
            else ""
        )
        notes = [told, marked, self._devices_told(measure)]
        if measure.metric == "multi-device" or set(audiences) & {"multi_device", "single_device"}:
            notes.append(self.coverage_told())
        parts.draw_note(" ".join(filter(None, notes)))

    def why_unknown(
        self, measure: Measure, table: pd.DataFrame | None, audience: str | None = None
    ) -> str | None:
        """Why values of a measure can't be known on days of the period: devices, sequences; or None."""
        period = Period(self.period.first or self.first_day, self.last_shown_day)
        if (period.first or period.last) > period.last:
            return None
        if measure.metric not in metrics.USER_METRICS:
            return coverage.why_absent(self._warehouse, measure.metric, self.filters, period)
        if measure.metric == "engagement" and audience in (None, "all"):
            return None
        asked = self._asked(table) if table is not None else None
        window = asked.options.get("window", ATTEMPT_WINDOW) if asked else ATTEMPT_WINDOW
        span = coverage.span_of(measure.column)
        return coverage.why_no_devices(self._warehouse, period, window, span)

    def coverage_told(self) -> str | None:
        """The share of users with a device under the filters, where it is worth knowing; or None."""
        return coverage.share_told(self.shown(self.metric("device-coverage", weekly=False)))

    def choose(
        self,
        label: str,
        options: Sequence[str],
        key: str,
        help: str | None = None,
        default: str | None = None,
        of_data: bool = False,
    ) -> str:
        """A choice of how a page shows its measure; what isn't the default is in the URL.

        The default is the first option unless told; few options stand side by side, many in a list.
        So do those ``of_data``, since options side by side are shown as Markdown.
        """
        usual = default or options[0]
        self.address.one_of(key, options, usual)
        if of_data or len(options) > parts.MOST_SEGMENTS:
            place = list(options).index(usual)
            chosen = st.selectbox(label, options, place, key=key, help=help, width=260)
        else:
            chosen = st.segmented_control(
                label, options, default=usual, key=key, required=True, help=help
            )
        self.address.note(key, chosen or usual, usual)
        return chosen or usual

    @contextmanager
    def choices(self) -> Iterator[None]:
        """Choices side by side, as far as the width allows."""
        with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
            yield

    def choose_dimension(self, dimensions: Sequence[str], key: str, default: str) -> str:
        """Which tag a measure is broken down by."""
        named = {parts.dimension(one): one for one in dimensions}
        return named[self.choose("By", list(named), key, default=parts.dimension(default))]

    def tell_device_identity(self) -> None:
        """Say what a device is, where it isn't what has a device id."""
        by_platform = self.device_identity == PLATFORM
        parts.draw_note("A device is a user's OS and browser here." if by_platform else None)

    def tell_not_applied(self, what: str, why: str = "carry no tags") -> None:
        """Say that filters don't reach some figures, when a reader has set any; ``what`` is a plural."""
        told = f"{what} {why}: the filters are not applied to them."
        parts.draw_note(None if self.filters.empty else told)

    def tell_devices_not_applied(self, measure: Measure) -> None:
        """Say that the filter of devices doesn't reach a measure of users, when a reader has set it."""
        parts.draw_note(self._devices_told(measure))

    def _devices_told(self, measure: Measure) -> str | None:
        if self.filters.devices and measure.metric in metrics.USER_METRICS:
            return "The filter of devices narrows connections only: it is not applied here."
        return None

    def tell_overlap(self, by: str) -> None:
        """Say that segments of users overlap, wherever they stand side by side."""
        st.caption(
            f"A user active under two values of {parts.dimension(by).lower()} counts under both: "
            "these numbers overlap and don’t add up to all users."
        )

    def draw_tables(
        self, tables: Mapping[str, pd.DataFrame | Callable[[], pd.DataFrame]], key: str
    ) -> None:
        """Behind a chart: the tables it was drawn from, each to download, and the SQL that reads them.

        ``tables`` are by their name in `export`, from `Page.metric`; one that no chart needs may be a
        function, which is called once a reader opens them.
        """
        by_query = any(callable(one) or self._asked(one) for one in tables.values())
        parts.draw_tables(lambda: self._behind(tables), by_query, key)

    def _behind(
        self, tables: Mapping[str, pd.DataFrame | Callable[[], pd.DataFrame]]
    ) -> Iterator[parts.Behind]:
        for name, one in tables.items():
            table = one() if callable(one) else one
            asked = self._asked(table)
            file = (
                self.file_name(name, asked.filters, **asked.options)
                if asked
                else self.file_name(name, days=None if "day" in table else self.all_days)
            )
            read = partial(source.statements, self._key, asked, self._warehouse) if asked else None
            yield parts.Behind(name, self.shown(table), file, read)

    def remember(self, measure: Measure) -> None:
        """The measure is shown, so that its definition stands at the foot of the page."""
        self._measures[measure.id] = measure

    def offers_breakdown(self, key: str = "by") -> bool:
        """Whether this store may be broken down by tags; where it may not, a sentence says so."""
        if self.settings.breakdowns:
            return True
        self.address.refuse(key, "is a breakdown, which is closed here")
        self.address.note(key, "", "")
        st.info(
            "Breakdowns are closed for this store, since small groups could be read from them. "
            "Filter by one value in the sidebar instead.",
            icon=":material/info:",
        )
        return False

    def choose_view(self, key: str = "view") -> str:
        """How a breakdown is drawn."""
        return self.choose("View", breakdown.VIEWS, key=key)

    def draw_breakdown(self, measure: Measure, by: str, view: str, **picked: Any) -> None:
        """A measure by the values of a tag, as ranked bars, lines or small multiples, with its table.

        ``picked`` picks one row a value and day, as audience='all', or is an option, as window=7.
        """
        options = {name: value for name, value in picked.items() if name == "window"}
        rows = {name: value for name, value in picked.items() if name not in options}
        told = breakdown.Breakdown(measure, by, rows, options)
        breakdown.draw(self, told, view, f"{measure.metric}_by")

    def draw_side_by_side(self, measure: Measure, table: pd.DataFrame, **picked: str) -> None:
        """A measure's course over the period, beside that over the days it is compared with."""
        for column, value in picked.items():
            table = table[table[column] == value]
        breakdown.draw_two(self, measure, table)

    def draw_definitions(self) -> None:
        """The definition of every measure that the page showed, in a sentence each."""
        parts.draw_definitions(self._measures.values())

    def _asked(self, table: pd.DataFrame) -> parts.Asked | None:
        """What a table was asked for by; None for one that isn't from `metric`."""
        return next((asked for found, asked in self._fetched if found is table), None)

    def _card_day(self, table: pd.DataFrame) -> date:
        """The last day of the period that the table tells of: of weeks, the last Sunday."""
        last = self.last_shown_day
        if not self.chosen.weekly or table.empty:
            return last
        days = table.loc[table["day"] <= pd.Timestamp(last), "day"]
        return last if days.empty else days.max().date()


def _of_audiences(rows: pd.DataFrame, options: Mapping[str, Any]) -> pd.DataFrame:
    """The rows of the audiences that a chart was told to draw."""
    audiences = options.get("audiences") or (options.get("audience"),)
    if "audience" not in rows or audiences == (None,):
        return rows
    return rows[rows["audience"].isin(audiences)].reset_index(drop=True)
