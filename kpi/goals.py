"""Scoring the year's goals of `goals.toml`: baseline, target, actual and whether it is met."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from kpi import metrics
from kpi.definitions import MONTH
from kpi.errors import NoData, Refused
from kpi.filters import TAGS, Filters, Period
from kpi.warehouse import Warehouse

GOALS_FILE = Path(__file__).with_name("goals.toml")
KINDS = ("baseline_plus", "comparator_plus", "floor", "ceiling")
MEASURES = (
    "engagement_ratio",
    "multi_device_percent",
    "connection_time_new",
    "connection_time_existing",
)
COLUMNS = "goal measure comparison baseline target actual as_of gap status".split()
MET, NOT_MET, NO_DATA = "met", "not met", "no data"


@dataclass(frozen=True)
class Goal:
    """One target: a measure, what it is compared with, and the year it holds for."""

    id: str
    title: str
    measure: str
    kind: str
    threshold: float
    year: int
    comparator: str | None = None
    window_days: int = MONTH
    filters: Filters = field(default_factory=Filters)

    @property
    def comparison(self) -> str:
        """What the measure is compared with, such as 'comparator_plus desktop'."""
        return f"{self.kind} {self.comparator}" if self.comparator else self.kind


@dataclass(frozen=True)
class Score:
    """A goal on a day; figures in the measure's unit, None where there are no data for them."""

    goal: Goal
    as_of: date
    baseline: float | None
    target: float | None
    actual: float | None
    gap: float | None
    status: str
    reason: str | None = None


def read(path: Path = GOALS_FILE) -> tuple[Goal, ...]:
    """The goals of a file; raises Refused, with line or goal and reason, for a broken one."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Refused(f"{path}: can't be read") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refused(f"{path}: is no TOML: {error}") from error
    entries = told.get("goal")
    if not isinstance(entries, list) or set(told) != {"goal"}:
        raise Refused(f"{path}: must hold [[goal]] tables and nothing else")
    goals = tuple(_goal(path, place, entry) for place, entry in enumerate(entries, 1))
    ids = [goal.id for goal in goals]
    if len(set(ids)) < len(ids):
        raise Refused(f"{path}: two goals share an id")
    return goals


def scores(
    warehouse: Warehouse,
    goals: tuple[Goal, ...],
    filters: Filters = Filters(),
    as_of: date | None = None,
    baseline: Period | None = None,
    min_users: int = 10,
) -> list[Score]:
    """Every goal as of the last complete day, or 31 December of its year if that is earlier.

    A percentage's actual is the mean of its daily values over the window, a median's the median over
    all attempts of the window, pooled. A baseline is the mean of the daily values that exist in its
    period, by default the whole year before. ``filters`` score a segment, in place of a goal's own.
    """
    last = warehouse.publication.last_complete_day
    if last is None:
        raise NoData(metrics.NO_COMPLETE_DAY)
    scored = []
    for goal in goals:
        day = as_of or min(last, date(goal.year, 12, 31))
        segment = goal.filters if filters.empty else filters
        scored.append(_score(warehouse, replace(goal, filters=segment), day, baseline, min_users))
    return scored


def table(scored: list[Score]) -> pd.DataFrame:
    """The scores as the table that `export goals` prints: one row per goal."""
    rows = [
        (s.goal.id, s.goal.measure, s.goal.comparison, s.baseline, s.target, s.actual,
         s.as_of.isoformat(), s.gap, s.status)
        for s in scored
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=COLUMNS)
    figures = ["baseline", "target", "actual", "gap"]
    return frame.astype(dict.fromkeys(figures, "Float64"))


def _score(
    warehouse: Warehouse, goal: Goal, as_of: date, period: Period | None, min_users: int
) -> Score:
    window = Period(as_of - timedelta(days=goal.window_days - 1), as_of)
    actual = _actual(warehouse, goal, window, min_users)
    baseline = None
    if goal.kind == "baseline_plus":
        year_before = Period(date(goal.year - 1, 1, 1), date(goal.year - 1, 12, 31))
        baseline = _daily_mean(warehouse, goal, period or year_before, min_users)
        target = None if baseline is None else baseline + goal.threshold
        missing = "no baseline: no value in the baseline period"
    elif goal.kind == "comparator_plus":
        ratios = metrics.firefox(warehouse, window)
        compared = _mean(ratios.loc[ratios["product"] == goal.comparator, "engagement_ratio"])
        target = None if compared is None else compared + goal.threshold
        missing = f"no Firefox figures for {goal.comparator}; run: python -m kpi load-firefox FILE"
    else:
        target, missing = goal.threshold, ""
    if actual is None or target is None:
        reason = missing if target is None else f"no value from {window.first} to {window.last}"
        return Score(goal, as_of, baseline, target, actual, None, NO_DATA, reason)
    if goal.kind == "ceiling":
        return Score(goal, as_of, baseline, target, actual, target - actual,
                     MET if actual < target else NOT_MET)  # fmt: skip
    return Score(goal, as_of, baseline, target, actual, actual - target,
                 MET if actual >= target else NOT_MET)  # fmt: skip


def _actual(warehouse: Warehouse, goal: Goal, window: Period, min_users: int) -> float | None:
    if not goal.measure.startswith("connection_time"):
        return _daily_mean(warehouse, goal, window, min_users)
    first, last = window.bounds
    found = warehouse.frame(
        "connection_median", first_day=first, last_day=last, **goal.filters.parameters()
    )
    rows = found[found["new_account"] == int(goal.measure.endswith("_new"))]
    if rows.empty or rows["connections"].iloc[0] < max(min_users, 1):
        return None
    return float(rows["median_ms"].iloc[0]) / 1000


def _daily_mean(warehouse: Warehouse, goal: Goal, period: Period, min_users: int) -> float | None:
    """The mean of the daily values that exist in a period."""
    if goal.measure == "engagement_ratio":
        frame = metrics.engagement(warehouse, goal.filters, period, min_users=min_users)
        return _mean(frame.loc[frame["audience"] == "all", "engagement_ratio"])
    if goal.measure == "multi_device_percent":
        frame = metrics.multi_device(warehouse, goal.filters, period, min_users=min_users)
        return _mean(frame["daily_multi_device_percent"])
    frame = metrics.connection_time(warehouse, goal.filters, period, min_users=min_users)
    account = goal.measure.removeprefix("connection_time_")
    return _mean(frame.loc[frame["account"] == account, "median_seconds"])


def _mean(values: pd.Series) -> float | None:
    mean = values.dropna().astype("float64").mean()
    return None if pd.isna(mean) else float(mean)


def _goal(path: Path, place: int, entry: object) -> Goal:
    def refuse(reason: str) -> Refused:
        name = entry.get("id") if isinstance(entry, dict) else None
        return Refused(f"{path}: goal {place}{f' ({name})' if name else ''}: {reason}")

    if not isinstance(entry, dict):
        raise refuse("must be a [[goal]] table")
    kinds = {"id": str, "title": str, "measure": str, "kind": str, "threshold": (int, float),
             "year": int, "comparator": str, "window_days": int, "filters": dict}  # fmt: skip
    for name in entry:
        if name not in kinds:
            raise refuse(f"{name} is no setting of a goal")
    for name, kind in kinds.items():
        required = name not in ("comparator", "window_days", "filters")
        if required and name not in entry:
            raise refuse(f"{name} is missing")
        value = entry.get(name)
        if name in entry and (not isinstance(value, kind) or isinstance(value, bool)):
            raise refuse(f"{name} is of the wrong type")
    if entry["measure"] not in MEASURES:
        raise refuse(f"measure must be one of {', '.join(MEASURES)}")
    if entry["kind"] not in KINDS:
        raise refuse(f"kind must be one of {', '.join(KINDS)}")
    if (entry["kind"] == "comparator_plus") != ("comparator" in entry):
        raise refuse("comparator goes with the kind comparator_plus, and only with it")
    if "comparator" in entry and entry["comparator"] not in metrics.PRODUCTS:
        raise refuse(f"comparator must be one of {', '.join(metrics.PRODUCTS)}")
    if not 1 <= entry.get("window_days", MONTH) <= 366:
        raise refuse("window_days must be 1 to 366")
    if not 1970 <= entry["year"] <= 9998:
        raise refuse("year must be a year such as 2016")
    return Goal(**{**entry, "filters": _filters(entry.get("filters", {}), refuse)})


def _filters(told: dict[str, object], refuse: object) -> Filters:
    known = {*TAGS, *(f"not_{tag}" for tag in TAGS)}
    picked: dict[str, object] = {}
    for name, value in told.items():
        if name == "users" and value in ("new", "existing"):
            picked[name] = value
        elif name in known and isinstance(value, list) and all(isinstance(v, str) for v in value):
            picked[name] = tuple(value)
        else:
            raise refuse(f"filters.{name} must be a list of texts, or users new or existing")
    return Filters(**picked)
