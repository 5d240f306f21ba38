"""Reading `goals.toml`: the goals of each year, as data. A broken file is refused with line and reason."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kpi.errors import Refused
from kpi.meaning import toml_file
from kpi.meaning.definitions import MONTH, WINDOWS
from kpi.meaning.filters import FILTER_TAGS, TAGS, USERS, Filters, picked
from kpi.meaning.kpis import GOAL_KPIS, Kpi
from kpi.meaning.tables import PRODUCTS
from kpi.text import Unit

GOALS_FILE = Path(__file__).resolve().parent.parent / "goals.toml"
KINDS = ("baseline_plus", "comparator_plus", "floor", "ceiling")
LONGEST_TITLE = 120
COMPARED = {"desktop": "Firefox desktop", "android": "Firefox Android", "ios": "Firefox iOS"}
"""The names of the products that goals compare with."""

DEVICE_WINDOW = 5
"""The days within which two devices count, unless a goal has a setting of its own."""

# Each setting of a goal: its type, and whether a goal must have it.
SETTINGS: dict[str, tuple[type | tuple[type, ...], bool]] = {
    "id": (str, True),
    "title": (str, True),
    "measure": (str, True),
    "kind": (str, True),
    "threshold": ((int, float), True),
    "year": (int, True),
    "comparator": (str, False),
    "direction": (str, False),
    "window_days": (int, False),
    "device_window": (int, False),
    "filters": (dict, False),
}
TYPE_WORDS = {str: "a text", int: "a whole number", (int, float): "a number", dict: "a table"}


@dataclass(frozen=True)
class Goal:
    """A target: a KPI (``measure``, a name of `GOAL_KPIS`), its comparison, and the year it holds for.

    ``threshold`` is in the KPI's unit (points for percentages). ``lower`` is whether less is better: of
    every ceiling, and where the file says so. ``device_window`` is the days within which two devices count.
    """

    id: str
    title: str
    measure: str
    kind: str
    threshold: float
    year: int
    comparator: str | None = None
    lower: bool = False
    window_days: int = MONTH
    device_window: int = DEVICE_WINDOW
    filters: Filters = field(default_factory=Filters)

    @property
    def kpi(self) -> Kpi:
        """The KPI that the goal is about."""
        return GOAL_KPIS[self.measure]

    @property
    def comparison(self) -> str:
        """The kind and the comparator, such as 'comparator_plus desktop'."""
        return f"{self.kind} {self.comparator}" if self.comparator else self.kind

    @property
    def unit(self) -> Unit:
        """The KPI's unit: percent or seconds."""
        return self.kpi.unit

    @property
    def of_devices(self) -> bool:
        """True where its value depends on what counts as a user's device."""
        return self.kpi.of_devices or self.filters.devices is not None

    def reaches(self, value: float, target: float) -> bool:
        """True where a value meets a target: a ceiling strictly below it, any other at it or beyond it."""
        if self.kind == "ceiling":
            return value < target
        return value <= target if self.lower else value >= target

    def gap(self, value: float, target: float) -> float:
        """The distance of a value beyond a target in the good direction; negative when short of it."""
        return target - value if self.lower else value - target


def read(path: Path = GOALS_FILE) -> tuple[Goal, ...]:
    """The goals of a file; raises Refused, with line and reason, for a broken one."""
    goals: list[Goal] = []
    for entry, refuse in toml_file.entries(path, "goal", some=True):
        goal = _goal(entry, refuse)
        if goal.id in [other.id for other in goals]:
            raise refuse(f"another goal has the id {goal.id}", "id")
        goals.append(goal)
    return tuple(goals)


def _goal(entry: Any, refuse: Callable[..., Refused]) -> Goal:
    if not isinstance(entry, dict):
        raise refuse("must be a [[goal]] table")
    for name in entry:
        if name not in SETTINGS:
            raise refuse(f"{name} is no setting of a goal", name)
    for name, (kind, required) in SETTINGS.items():
        if name not in entry:
            if required:
                raise refuse(f"{name} is missing")
        elif not isinstance(entry[name], kind) or isinstance(entry[name], bool):
            raise refuse(f"{name} must be {TYPE_WORDS[kind]}", name)
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,63}", entry["id"]):
        raise refuse("id must be 1 to 64 of a-z, 0-9 and _, with a letter first", "id")
    if not 1 <= len(entry["title"].strip()) <= LONGEST_TITLE:
        raise refuse(f"title must have 1 to {LONGEST_TITLE} characters", "title")
    _one_of(entry, "measure", GOAL_KPIS, refuse)
    _one_of(entry, "kind", KINDS, refuse)
    if not math.isfinite(entry["threshold"]):
        raise refuse("threshold must be a finite number", "threshold")
    if not 1970 <= entry["year"] <= 9998:
        raise refuse("year must be a year such as 2016", "year")
    if not 1 <= entry.get("window_days", MONTH) <= 366:
        raise refuse("window_days must be 1 to 366", "window_days")
    _refuse_comparator(entry, refuse)
    if "device_window" in entry:
        if not GOAL_KPIS[entry["measure"]].table.accepts("window"):
            raise refuse("device_window is for shares of multi-device users only", "device_window")
        _one_of(entry, "device_window", WINDOWS, refuse)
    settings = {name: value for name, value in entry.items() if name != "direction"}
    return Goal(
        **{
            **settings,
            "threshold": float(entry["threshold"]),
            "lower": _lower(entry, refuse),
            "filters": picked(
                entry.get("filters", {}),
                FILTER_TAGS if GOAL_KPIS[entry["measure"]].table.of_attempts else TAGS,
                USERS,
                lambda reason: refuse(reason, "filters"),
            ),
        }
    )


def _refuse_comparator(entry: dict[str, Any], refuse: Callable[..., Refused]) -> None:
    if (entry["kind"] == "comparator_plus") != ("comparator" in entry):
        raise refuse(
            "comparator is for the kind comparator_plus, which needs it",
            "comparator" if "comparator" in entry else "kind",
        )
    if "comparator" in entry:
        _one_of(entry, "comparator", PRODUCTS, refuse)
        if entry["measure"] != "engagement_ratio":
            raise refuse("Firefox has an engagement_ratio only to compare with", "measure")


def _lower(entry: dict[str, Any], refuse: Callable[..., Refused]) -> bool:
    """True where less is better; a time compared with its baseline has to say so."""
    kind, direction = entry["kind"], entry.get("direction")
    if direction is not None:
        _one_of(entry, "direction", ("higher", "lower"), refuse)
    fixed = {"ceiling": "lower", "floor": "higher"}.get(kind)
    if fixed and direction not in (None, fixed):
        raise refuse(f"the direction of a {kind} is {fixed}", "direction")
    if not fixed and direction is None and GOAL_KPIS[entry["measure"]].timed:
        raise refuse("direction must say whether higher or lower times are meant", "kind")
    return (direction or fixed) == "lower"


def _one_of(entry: dict[str, Any], name: str, known: Any, refuse: Callable[..., Refused]) -> None:
    if entry[name] not in known:
        raise refuse(f"{name} must be one of {', '.join(str(name) for name in known)}", name)
