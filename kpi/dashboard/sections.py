"""A KPI's chart with its goals and the tables behind it, as several pages show them."""

from __future__ import annotations

from collections.abc import Sequence

from kpi.dashboard import draw, figures
from kpi.dashboard.cards import Card
from kpi.dashboard.page import Page
from kpi.dashboard.parts import draw_note
from kpi.meaning.measures import MEASURES, Measure
from kpi.numbers.answers import Answer
from kpi.rows import each_row

TIME = MEASURES["connection_time"]
TIME_CARDS = (
    Card(figures.TIMES[0], "Time to connect, new"),
    Card(figures.TIMES[1], "Time to connect, existing"),
)


def engagement_ratio(
    page: Page, measure: Measure, audiences: Sequence[str], firefox: Answer | None
) -> Answer:
    """The chart of the engagement ratio of some audiences, beside Firefox's own, if given; its answer.

    The reading of the same people is of all users, and alone in its chart.
    """
    if measure is figures.SAME_PEOPLE:
        figure = figures.same_people(page)
    else:
        figure = figures.engagement_ratio(page, audiences, firefox)
    draw.chart(page, figure)
    if firefox is not None and measure is not figures.SAME_PEOPLE:
        draw.not_applied(page, "Firefox's own figures")
    return figure.answer


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
    draw.chart(page, figures.multi_device(page, measure, answer, percent, spans))
    draw.tables(page, [answer], key="multi_device_table")


def connection_time(page: Page, answer: Answer) -> None:
    """The choice of scale, the chart of the time to connect, and the table behind it."""
    scale = "The log scale shows the whole band between the quartiles on every day."
    log = draw.choose(page, "Scale", ["linear", "log"], key="time_scale", help=scale) == "log"
    figure = figures.connection_time(page, answer, log)
    draw.chart(page, figure)
    if page.has_days and not page.shown(figure.answer)[TIME.column].notna().any():
        draw_note(_times_of_the_period(page))
    draw.tables(page, [answer], key="connection_time_table")


def _times_of_the_period(page: Page) -> str | None:
    """The medians of all attempts of the period together; None where they are hidden, too."""
    table = page.ask_pooled("connection-breakdown", by="users").table.dropna(subset=[TIME.column])
    parts = [
        f"{row.users} account {TIME.text(row.median_seconds)}, n = {row.connections}"
        for row in each_row(table)
    ]
    return f"All attempts of the period together: {'; '.join(parts)}." if parts else None
