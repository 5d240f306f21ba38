"""Reports of alerts as a message: text, and HTML for mail clients, each story with a link to its view."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kpi.alerts.history import History
from kpi.alerts.journal import BEGAN, Reported
from kpi.alerts.story import Story
from kpi.delivery.outbox import Message
from kpi.delivery.pages import page_link
from kpi.delivery.templates import templates
from kpi.meaning.definitions import MONTH
from kpi.meaning.kpis import EVERYONE, Kpi
from kpi.meaning.periods import CUSTOM
from kpi.settings import Settings
from kpi.text import PRODUCT, day_text, quantity

TEMPLATES = Path(__file__).parent / "templates"
BEFORE = timedelta(days=MONTH)
"""So many days before a story its view begins."""


@dataclass(frozen=True)
class Item:
    """A report within a message."""

    headline: str
    details: str
    link: str | None


@dataclass(frozen=True)
class Rendered:
    """The forms of a message of alerts."""

    subject: str
    text: str
    html: str


def rendered(settings: Settings, known: History, reports: Sequence[Reported]) -> Rendered:
    """The forms of reports."""
    demo = "Demo data (simulated). " if known.simulated else ""
    title = _subject(known, reports)
    values = {
        "title": title,
        "context": f"{demo}Data through {day_text(known.last_day)} (UTC), publication "
        f"{known.publication}.",
        "items": [_item(settings, known, report) for report in reports],
        "every": page_link(settings, "/data"),
    }
    text, html = (
        templates(TEMPLATES).get_template(name).render(values)
        for name in ("alerts.txt", "alerts.html")
    )
    return Rendered(title, text, html)


def message_of(
    settings: Settings,
    known: History,
    reports: Sequence[Reported],
    lines: str,
    channels: list[str],
) -> Message:
    """The message of reports to these recipients; ``lines`` are theirs in the journal."""
    forms = rendered(settings, known, reports)
    return Message(
        id=f"alerts-{known.last_day}-{hashlib.sha256(lines.encode()).hexdigest()[:8]}",
        publication=known.publication,
        made_at=datetime.now(UTC).isoformat(),
        subject=forms.subject,
        text=forms.text,
        html=forms.html,
        line=lines,
        pictures=[],
        channels=channels,
    )


def view_of(story: Story, known: History) -> tuple[str, dict[str, str | list[str]]]:
    """The page that shows a story, and its choices: the KPI, the filters, and the days around the story."""
    first, last = max(story.first - BEFORE, known.first_day), story.ended or known.last_day
    of, goal = story.alert.subject, story.alert.goal
    days = {"period": CUSTOM, "from": str(first), "to": str(last)}
    if goal is not None:
        return "/goals", {**of.filters.choices, **days, f"open_{goal.id}": "true"}
    window = {"window": str(of.device_window)} if of.kpi.table.accepts("window") else {}
    measure = {"explore": of.kpi.measure.title, **_level(of.kpi), **window}
    return "/explore", {**measure, **of.filters.choices, **days}


def _level(kpi: Kpi) -> dict[str, str]:
    """The choice of a KPI's group on a page; none of everybody."""
    level = kpi.table.level
    if level is None or kpi.group in (None, EVERYONE):
        return {}
    (name,) = (name for name, value in level.named.items() if value == kpi.group)
    return {level.column: name}


def _item(settings: Settings, known: History, report: Reported) -> Item:
    if report.story is None:
        return Item(f"{report.headline}.", "", page_link(settings, "/data"))
    path, choices = view_of(report.story, known)
    link = page_link(settings, path, choices)
    return Item(f"{report.headline}.", report.story.details, link)


def _subject(known: History, reports: Sequence[Reported]) -> str:
    demo = "[Demo] " if known.simulated else ""
    return f"{demo}{PRODUCT}: {_happened(reports)}"


def _happened(reports: Sequence[Reported]) -> str:
    """The happenings in a line: the only report, or how many stories began and how many are over."""
    if len(reports) == 1:
        return " ".join(reports[0].headline.split())
    began = sum(each.event == BEGAN and _goes_on(each) for each in reports)
    parts = [(began, "began"), (len(reports) - began, "over")]
    said = ", ".join(f"{count} {what}" for count, what in parts if count)
    return f"{quantity(len(reports), 'alert')}: {said}"


def _goes_on(report: Reported) -> bool:
    return report.story is not None and report.story.ended is None
