"""The charts behind links: the pictures that pages offer of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import streamlit as st

from kpi import charts, goals
from kpi.dashboard import figures
from kpi.dashboard.address import NoAddress
from kpi.dashboard.api.contents import Content, Pairs, filters, noted, published
from kpi.dashboard.drawing import picture_of
from kpi.dashboard.figures import AUDIENCES, SPANS, Figure
from kpi.dashboard.page import Page
from kpi.dashboard.sidebar import DAY, WEEK, Chosen
from kpi.dashboard.source import Source
from kpi.errors import Refused
from kpi.meaning import parameters, periods
from kpi.meaning.definitions import ATTEMPT_WINDOW, WINDOWS
from kpi.meaning.filters import Filters, Period
from kpi.meaning.parameters import Parameter
from kpi.numbers.answers import days_in_name, download_name

MEDIA = {"svg": "image/svg+xml", "png": "image/png"}
"""The media type of each form of a chart."""

MOST_PICTURES = 64
"""Pictures cached for all readers together, each of some 100 kB."""

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Chart:
    """A chart: its name, its table, its meaning in words, parameters of its own, and the page's function."""

    name: str
    table: str
    words: str
    draw: Callable[[Page, Values], Figure]
    own: tuple[Parameter, ...] = ()

    @property
    def parameters(self) -> dict[str, Parameter]:
        """Its parameters by name: filters and days as tables have them, choices as pages have them."""
        return {each.name: each for each in self._parameters()}

    def _parameters(self) -> Iterator[Parameter]:
        choices = "by weekly total include-incomplete bands window".split()
        of_table = parameters.parameters(self.table)
        yield from (each for name, each in of_table.items() if name not in choices)
        words = f"a period by its name; {periods.DEFAULT_PERIOD} unless given"
        yield Parameter("period", words, values=tuple(periods.PRESETS))
        words = "the days that each day is compared with"
        yield Parameter("compare", words, values=periods.COMPARISONS[:-1])
        yield Parameter("granularity", "a point per day or week", values=(DAY, WEEK))
        yield from self.own


def _ratio(page: Page, values: Values) -> Figure:
    firefox = page.ask("firefox") if values.get("firefox") else None
    return figures.engagement_ratio(page, tuple(AUDIENCES.values()), firefox)


def _multi_device(page: Page, values: Values) -> Figure:
    window, spans = _window(values), SPANS[values.get("spans", "daily and monthly")]
    percent = values.get("multi_device_unit") == "percent"
    measure = figures.multi_device_share(spans, window)
    return figures.multi_device(
        page, measure, page.ask("multi-device", window=window), percent, spans
    )


def _by_window(page: Page, values: Values) -> Figure:
    window, spans = _window(values), SPANS[values.get("spans", "daily")]
    measure = figures.multi_device_share(spans, window)
    answer = page.ask("multi-device", window=window)
    return figures.by_window(page, measure, answer, spans == SPANS["monthly"])


def _window(values: Values) -> int:
    return int(values.get("window", ATTEMPT_WINDOW))


WINDOW = Parameter(
    "window",
    "days within which a user is active on two devices; 5 unless given",
    values=tuple(map(str, WINDOWS)),
)
SPAN = Parameter("spans", "of daily users, of monthly users, or both", values=tuple(SPANS))

CHARTS = {
    chart.name: chart
    for chart in (
        Chart(
            "engagement-ratio",
            "engagement",
            "the engagement ratio of all, multi-device and single-device users",
            _ratio,
            (Parameter("firefox", "Firefox's own ratios beside it", "flag"),),
        ),
        Chart(
            "same-people",
            "same-people",
            "the engagement ratio of the same people, of a segment",
            lambda page, _: figures.same_people(page),
        ),
        Chart(
            "active-users",
            "engagement",
            "daily and monthly users",
            lambda page, values: figures.active_users(
                page, AUDIENCES[values.get("audience", "all users")]
            ),
            (Parameter("audience", "the users that are counted", values=tuple(AUDIENCES)),),
        ),
        Chart(
            "multi-device",
            "multi-device",
            "multi-device users, as counts or percent",
            _multi_device,
            (
                WINDOW,
                Parameter("multi_device_unit", "the unit", values=("counts", "percent")),
                SPAN,
            ),
        ),
        Chart(
            "multi-device-windows",
            "multi-device",
            "the share of multi-device users by windows of 3 to 14 days",
            _by_window,
            (WINDOW, SPAN),
        ),
        Chart(
            "connection-time",
            "connection-time",
            "the median and the quartiles of the time to connect a device",
            lambda page, values: figures.connection_time(
                page, page.ask("connection-time"), values.get("time_scale") == "log"
            ),
            (Parameter("time_scale", "the scale of seconds", values=("linear", "log")),),
        ),
        Chart(
            "completion",
            "completion",
            "the shares of attempts that were ready within 5 to 60 seconds, and ever",
            lambda page, _: figures.completion(page, page.ask("ready-within")),
        ),
    )
}
"""The charts by name."""


def picture(source: Source, chart: Chart, form: str, pairs: Pairs) -> Content:
    """A chart in a form; raises Refused for what the link can't ask for."""
    values = parameters.given(chart.parameters, pairs, f"the chart {chart.name}")
    source = published(source, values)
    picked, note = filters(source, values)
    note = noted(source, note)
    chosen = _chosen(source, values, picked)

    def drawn() -> charts.Picture:
        page = Page(source, NoAddress(), chosen)
        figure = chart.draw(page, values)
        title = figure.heading or figure.measure.title
        nothing, _ = figure.explained(page)
        if nothing:
            return charts.Picture(title, (*page.context(picked), nothing), ())
        pictured = (charts.Pictured(title, figure.specified(page)),)
        return picture_of(page, pictured, picked)

    period = chosen.period.first or source.first_day, chosen.period.last or source.today
    words = [chart.name, days_in_name(period), *picked.words()]
    numbers = source.notes_key, source.settings.min_device_coverage, source.min_users
    key = (*numbers, goals.read(), chart.name, values, picked, chosen.period, form)
    return Content(
        key,
        download_name(source.publication, words).removesuffix("csv") + form,
        MEDIA[form],
        drawn,
        lambda picture: _rendered(repr(key), form, picture),
        note,
    )


@st.cache_data(max_entries=MOST_PICTURES, show_spinner=False)
def _rendered(key: str, form: str, _picture: charts.Picture) -> bytes:
    return _picture.png() if form == "png" else _picture.svg()


def _chosen(source: Source, values: Values, picked: Filters) -> Chosen:
    """The choices of a page that a link names, and the defaults of pages for all others."""
    period = _period(source, values)
    days = period.first or source.first_day, min(period.last or source.today, source.today)
    compare = values.get("compare", periods.NOTHING)
    comparison, words = periods.compared(compare, *days, source.first_day)
    weekly, segment = values.get("granularity") == WEEK, values.get(parameters.SEGMENT)
    return Chosen(picked, period, comparison, words, weekly, segment)


def _period(source: Source, values: Values) -> Period:
    first: date | None = values.get("from")
    last: date | None = values.get("to")
    if first or last:
        if "period" in values:
            raise Refused("a period has its own days; leave out from and to")
        return Period(first or source.first_day, last or source.today)
    name = values.get("period", periods.DEFAULT_PERIOD)
    return Period(*periods.PRESETS[name](source.first_day, source.today))
