"""A KPI's chart with its goals and the tables behind it, as several pages show them."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from kpi import charts
from kpi.dashboard import draw, targets
from kpi.dashboard.draw import Card
from kpi.dashboard.page import Page
from kpi.meaning.measures import MEASURES, Measure
from kpi.numbers.answers import Answer

RATIO, TIME = MEASURES["engagement_ratio"], MEASURES["connection_time"]
EVERYBODY = {"audience": "all"}
ACCOUNTS = {"new": "connection_time_new", "existing": "connection_time_existing"}
"""The goals' measure of each account."""


def ratio_card(answer: Answer) -> Card:
    """The card of the engagement ratio."""
    return Card(RATIO.title, RATIO, answer, EVERYBODY, "engagement_ratio")


def time_cards(answer: Answer) -> list[Card]:
    """The cards of the time to connect, for new and for existing accounts."""
    return [
        Card(f"Time to connect, {account}", TIME, answer, {"account": account}, goal)
        for account, goal in ACCOUNTS.items()
    ]


def engagement_ratio(
    page: Page, answer: Answer, audiences: Sequence[str], firefox: pd.DataFrame | None
) -> None:
    """The chart of the engagement ratio of some audiences, beside Firefox's own, if given."""
    asked = page.targets("engagement_ratio", answer)
    draw.chart(
        page,
        charts.engagement_ratio,
        RATIO,
        answer,
        audiences=tuple(audiences),
        firefox=firefox,
        compared=page.compared(answer),
        goals=targets.lines(asked, RATIO.unit),
        points_above=targets.points_above(asked),
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
    goals = page.goal_lines(answer, "percent", "multi_device_percent") if percent else []
    draw.chart(
        page,
        charts.multi_device_users,
        measure,
        answer,
        percent=percent,
        spans=tuple(spans),
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
        goals=page.goal_lines(answer, TIME.unit, *ACCOUNTS.values()),
        markers=page.source.markers,
    )
    draw.tables(page, [answer], key="connection_time_table")
