"""Reading `alerts.toml`: the watched KPIs, and the rule of each. A broken file is refused, with the line."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kpi import goals
from kpi.errors import Refused
from kpi.goals import Goal
from kpi.meaning import toml_file
from kpi.meaning.definitions import WINDOWS
from kpi.meaning.filters import FILTER_TAGS, TAGS, USERS, Filters, picked
from kpi.meaning.kpis import KPIS, Kpi
from kpi.numbers.kpi_values import Subject

ALERTS_FILE = Path(__file__).resolve().parent.parent / "alerts.toml"
SWING, STEP, VERDICT = "swing", "step", "verdict"
RULES = (SWING, STEP, VERDICT)
LONGEST_TITLE = 120
DEVICE_WINDOW = 5
"""The days within which two devices count, unless an alert has a setting of its own."""

# Each setting of an alert: its type, and the type in words.
SETTINGS: dict[str, tuple[type, str]] = {
    "id": (str, "a text"),
    "title": (str, "a text"),
    "rule": (str, "a text"),
    "measure": (str, "a text"),
    "goal": (str, "a text"),
    "device_window": (int, "a whole number"),
    "segment": (str, "a text"),
    "filters": (dict, "a table"),
}


@dataclass(frozen=True)
class Alert:
    """A rule over a KPI, or over the verdict of a goal, which then is not None.

    Of an alert on a ``segment`` by name the subject has the segment's filters by `kpi.alerts.segments` only.
    """

    id: str
    title: str
    rule: str
    subject: Subject
    goal: Goal | None = None
    segment: str | None = None

    @property
    def name(self) -> str:
        """The title with the segment, such as 'Engagement ratio, on Android'."""
        if self.segment is not None:
            return f"{self.title}, {self.segment}"
        filters = self.subject.filters
        return self.title if filters.empty else f"{self.title}, {filters.sentence()}"


def read(path: Path | None = None) -> tuple[Alert, ...]:
    """The alerts of a file; raises Refused, with line and reason, for a broken one."""
    path = path or ALERTS_FILE
    by_id = {goal.id: goal for goal in goals.read()}
    alerts: list[Alert] = []
    for entry, refuse in toml_file.entries(path, "alert"):
        alert = _alert(entry, by_id, refuse)
        if alert.id in [other.id for other in alerts]:
            raise refuse(f"another alert has the id {alert.id}", "id")
        alerts.append(alert)
    return tuple(alerts)


def _alert(entry: Any, by_id: dict[str, Goal], refuse: Callable[..., Refused]) -> Alert:
    toml_file.refuse_wrong_settings(entry, "an alert", SETTINGS, ("id", "title", "rule"), refuse)
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,63}", entry["id"]):
        raise refuse("id must be 1 to 64 of a-z, 0-9 and _, with a letter first", "id")
    if not 1 <= len(entry["title"].strip()) <= LONGEST_TITLE or not entry["title"].isprintable():
        raise refuse(f"title must be a line of 1 to {LONGEST_TITLE} characters", "title")
    _one_of(entry, "rule", RULES, refuse)
    of_goal = entry["rule"] == VERDICT
    wanted, other = ("goal", "measure") if of_goal else ("measure", "goal")
    if wanted not in entry:
        raise refuse(f"{wanted} is missing, which the rule {entry['rule']} needs", "rule")
    if other in entry:
        raise refuse(f"{other} doesn't go with the rule {entry['rule']}", other)
    _one_of(entry, wanted, by_id if of_goal else KPIS, refuse)
    goal = by_id[entry["goal"]] if of_goal else None
    kpi = goal.kpi if goal else KPIS[entry["measure"]]
    filters = _filters(entry, kpi, refuse)
    if goal and goals.segment_of(goal, filters) is None:
        raise refuse("filters leave out everything that the goal is about", "filters")
    window = goal.device_window if goal else _window(entry, kpi, refuse)
    if goal and "device_window" in entry:
        raise refuse("device_window doesn't go with the rule verdict", "device_window")
    subject = Subject(kpi, filters, window)
    segment = entry.get("segment")
    if segment is not None and "filters" in entry:
        raise refuse("segment and filters exclude each other", "filters")
    return Alert(entry["id"], entry["title"].strip(), entry["rule"], subject, goal, segment)


def _filters(entry: dict[str, Any], kpi: Kpi, refuse: Callable[..., Refused]) -> Filters:
    tags = FILTER_TAGS if kpi.table.of_attempts else TAGS
    entries = entry.get("filters", {})
    return picked(entries, tags, USERS, lambda reason: refuse(reason, "filters"))


def _window(entry: dict[str, Any], kpi: Kpi, refuse: Callable[..., Refused]) -> int:
    if "device_window" not in entry:
        return DEVICE_WINDOW
    if not kpi.table.accepts("window"):
        raise refuse("device_window is for multi-device users only", "device_window")
    _one_of(entry, "device_window", WINDOWS, refuse)
    return int(entry["device_window"])


def _one_of(entry: dict[str, Any], name: str, known: Any, refuse: Callable[..., Refused]) -> None:
    if entry[name] not in known:
        raise refuse(f"{name} must be one of {', '.join(map(str, known))}", name)
