"""A KPI's chart with its goals and the tables behind it, as several pages show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kpi import charts
from kpi.dashboard import draw, readings, targets
from kpi.dashboard.cards import Card
from kpi.dashboard.explained import widened
from kpi.dashboard.page import Page
from kpi.dashboard.parts import draw_note
from kpi.meaning.definitions import ATTEMPT_WINDOW
from kpi.meaning.measures import MEASURES, Measure, within
from kpi.numbers.answers import Answer
from kpi.numbers.users import week_means
from kpi.rows import each_row

TIME = MEASURES["connection_time"]
TIME_CARDS = (
    Card("connection_time_new", "Time to connect, new"),
    Card("connection_time_existing", "Time to connect, existing"),
)


def goal_lines(page: Page, *names: str, window: int = ATTEMPT_WINDOW) -> list[charts.GoalLine]:
    """The goals about some KPIs that are the same value over the year."""
    return page.goal_lines(*(page.subject(name, window) for name in names))


def engagement_ratio(
    page: Page, measure: Measure, audiences: Sequence[str], firefox: Answer | None
) -> Answer:
    """The chart of the engagement ratio of some audiences, beside Firefox's own, if given; its answer.

    The reading of the same people is of all users, and alone in its chart.
    """
    answer = page.ask(measure.metric)
    if measure is readings.SAME_PEOPLE:
        draw.chart(
            page,
            charts.same_people,
            measure,
            answer,
            compared=page.compared(answer),
            markers=page.source.markers,
        )
        return answer
    own = None if firefox is None else page.shown(firefox)
    verdicts = page.verdicts_of(page.subject("engagement_ratio"))
    products = set() if own is None else set(own["product"])
    lines = {
        line.key: line.title
        for line in charts.ENGAGEMENT_SERIES
        if line.key in {*audiences, *products}
    }
    unfiltered = own is not None and not page.filters.empty
    draw.chart(
        page,
        charts.engagement_ratio,
        measure,
        answer,
        heading=f"{measure.title} (Firefox’s own without filters)" if unfiltered else "",
        audiences=tuple(audiences),
        firefox=own,
        compared=page.compared(answer),
        goals=targets.lines(verdicts),
        points_above=targets.points_above(verdicts),
        hide="hide",
        lines=lines,
        markers=page.source.markers,
    )
    if firefox is not None:
        draw.not_applied(page, "Firefox's own figures")
    return answer


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
    means = None if page.chosen.weekly or "daily" not in spans else week_means(answer.table)
    lines = {line.key: line.title for line in charts.multi_device_series(percent, spans)}
    draw.chart(
        page,
        charts.multi_device_users,
        measure,
        answer,
        days=None if means is None else answer,
        smooth=None if means is None else within(means, page.period),
        percent=percent,
        spans=tuple(spans),
        hide="hide_multi_device",
        lines=lines if len(lines) > 2 else {},
        compared=page.compared(answer if means is None else replace(answer, table=means)),
        goals=goals,
        markers=page.source.markers,
    )
    draw.tables(page, [answer], key="multi_device_table")


def connection_time(page: Page, answer: Answer) -> None:
    """The choice of scale, the chart of the time to connect, and the table behind it."""
    scale = "The log scale shows the whole band between the quartiles on every day."
    log = draw.choose(page, "Scale", ["linear", "log"], key="time_scale", help=scale) == "log"
    weeks = page.source.answer(answer.question.with_options(weekly=True))
    line, note = widened(page, answer, TIME.column)
    days = None
    if line is answer and not page.chosen.weekly and page.shown(weeks)[TIME.column].notna().any():
        line, days = weeks, answer
    draw.chart(
        page,
        charts.connection_time,
        TIME,
        line,
        days=days,
        note=note,
        log=log,
        compared=page.compared(line),
        goals=goal_lines(page, *(card.kpi for card in TIME_CARDS)),
        markers=page.source.markers,
    )
    if page.has_days and not page.shown(line)[TIME.column].notna().any():
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
