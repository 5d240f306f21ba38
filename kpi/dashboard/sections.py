"""A KPI's chart with its goals and the tables behind it, as several pages show them."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from kpi import charts
from kpi.dashboard import draw, targets
from kpi.dashboard.cards import Card
from kpi.dashboard.page import Page
from kpi.meaning.definitions import ATTEMPT_WINDOW
from kpi.meaning.measures import MEASURES, Measure
from kpi.numbers.answers import Answer

RATIO, TIME = MEASURES["engagement_ratio"], MEASURES["connection_time"]
TIME_CARDS = (
    Card("connection_time_new", "Time to connect, new"),
    Card("connection_time_existing", "Time to connect, existing"),
)


def goal_lines(page: Page, *names: str, window: int = ATTEMPT_WINDOW) -> list[charts.GoalLine]:
    """The goals about some KPIs that are the same value over the year."""
    return page.goal_lines(*(page.subject(name, window) for name in names))


def engagement_ratio(
    page: Page, answer: Answer, audiences: Sequence[str], firefox: pd.DataFrame | None
) -> None:
    """The chart of the engagement ratio of some audiences, beside Firefox's own, if given."""
    verdicts = page.verdicts_of(page.subject("engagement_ratio"))
    products = set() if firefox is None else set(firefox["product"])
    lines = {
        line.key: line.title
        for line in charts.ENGAGEMENT_SERIES
        if line.key in {*audiences, *products}
    }
    hidden = draw.choose_hidden(page, lines, key="hide")
    unfiltered = firefox is not None and not page.filters.empty
    draw.chart(
        page,
        charts.engagement_ratio,
        RATIO,
        answer,
        heading=f"{RATIO.title} (Firefox’s own without filters)" if unfiltered else "",
        audiences=tuple(audiences),
        firefox=firefox,
        compared=page.compared(answer),
        goals=targets.lines(verdicts),
        points_above=targets.points_above(verdicts),
        hidden=hidden,
        markers=page.source.markers,
    )
    if firefox is not None:
        draw.not_applied(page, "Firefox's own figures")


def choose_percent(page: Page) -> bool:
    """True where the reader chose a percentage of multi-device users rather than counts."""
    return draw.choose(page, "Show", ["counts", "percent"], key="multi_device_unit") == "percent"


def multi_device(
    page: Page,
    measure: Measure,
    answer: Answer,
    percent: bool,
    spans: Sequence[str] = ("daily", "monthly"),
) -> None:
    """The chart of multi-device users and the table behind it."""
    window = answer.question.options.window
    goals = goal_lines(page, "multi_device_percent", window=window) if percent else []
    lines = {line.key: line.title for line in charts.multi_device_series(percent, spans)}
    hidden = draw.choose_hidden(page, lines, key="hide_multi_device") if len(lines) > 2 else []
    draw.chart(
        page,
        charts.multi_device_users,
        measure,
        answer,
        percent=percent,
        spans=tuple(spans),
        hidden=hidden,
        compared=page.compared(answer),
        goals=goals,
        markers=page.source.markers,
    )
    draw.tables(page, [answer], key="multi_device_table")


def connection_time(page: Page, answer: Answer) -> None:
    """The choice of scale, the chart of the time to connect, and the table behind it."""
    scale = "The log scale shows the whole band between the quartiles on every day."
    log = draw.choose(page, "Scale", ["linear", "log"], key="time_scale", help=scale) == "log"
    draw.chart(
        page,
        charts.connection_time,
        TIME,
        answer,
        log=log,
        compared=page.compared(answer),
        goals=goal_lines(page, *(card.kpi for card in TIME_CARDS)),
        markers=page.source.markers,
    )
    draw.tables(page, [answer], key="connection_time_table")
