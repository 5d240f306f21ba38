"""Every call that the snapshots make into the product, in one place, so that a redesign changes one file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
from conftest import environment

from kpi import attempts, behind, metrics, queries
from kpi.filters import Filters, Period
from kpi.goals import Goal
from kpi.goals.figures import Figures
from kpi.settings import Settings
from kpi.warehouse import Warehouse, open_warehouse

USER_OPTIONS = ("filters", "period", "by", "weekly")
TABLES: dict[str, tuple[str, ...]] = {
    "engagement": USER_OPTIONS,
    "multi-device": (*USER_OPTIONS, "window"),
    "device-coverage": USER_OPTIONS,
    "connection-time": (*USER_OPTIONS, "devices", "attempt tags"),
    "completion": (*USER_OPTIONS, "devices", "attempt tags"),
    "steps": (*USER_OPTIONS, "devices", "attempt tags"),
    "firefox": ("period", "weekly"),
    "ready-within": ("filters", "period", "weekly", "devices"),
    "connection-distribution": ("filters", "period", "devices", "of"),
    "connection-breakdown": ("filters", "period", "by", "devices", "attempt tags"),
    "setup-steps": ("filters", "period", "devices"),
}
"""Each table, and what a reader can choose of it."""

GOAL_TABLES = {"goal-median": ("filters", "period"), "goal-weeks": ("filters",)}
"""What goals read beside these tables: attempts pooled over a window, and over each week."""
ANY_GOAL: dict[str, Any] = {
    "id": "time",
    "title": "Time",
    "measure": "connection_time_new",
    "kind": "ceiling",
    "threshold": 5,
    "year": 2016,
}

NOT_EXPORTED = ("ready-within", "connection-distribution", "connection-breakdown", "setup-steps")
EXPORTS = (*(name for name in TABLES if name not in NOT_EXPORTED), "goals")


def tables() -> set[str]:
    """The names of the product's tables."""
    return {*metrics.METRICS, *attempts.DETAILS}


@contextmanager
def publication(home: Path) -> Iterator[Warehouse]:
    """The newest publication of a store in a folder."""
    with environment(KPI_HOME=str(home)):
        warehouse = open_warehouse(Settings.read())
    try:
        yield warehouse
    finally:
        warehouse.close()


def table(warehouse: Warehouse, name: str, **options: Any) -> pd.DataFrame:
    """A table with no cell hidden, or the 'volumes' of events; ``options`` as in `statements`."""
    if name == "volumes":
        return warehouse.volumes
    if name != "firefox":
        options = {"min_users": 0, **options}
    return behind.table(name)(warehouse, **_options(name, options))


def statements(warehouse: Warehouse, name: str, **options: Any) -> dict[str, str]:
    """The SQL behind a table as pages show it, by the name of the query.

    ``options`` are ``filters`` (the fields of a filter), ``period`` (first and last day), and the
    table's own.
    """
    if name in GOAL_TABLES:
        return _goal_statements(warehouse, name, **options)
    asked = _options(name, options)
    shown = behind.statements(warehouse, name, asked.pop("filters", Filters()), **asked)
    return {statement.query: statement.text for statement in shown}


def _options(name: str, options: dict[str, Any]) -> dict[str, Any]:
    asked = dict(options)
    if "filters" in asked:
        asked["filters"] = Filters(**asked["filters"])
    if "period" in asked:
        asked["period"] = Period(*asked["period"])
    return asked


def _goal_statements(
    warehouse: Warehouse,
    name: str,
    filters: dict[str, Any] | None = None,
    period: tuple[date, date] | None = None,
) -> dict[str, str]:
    asking = behind._Noting(warehouse)
    figures = Figures(asking)
    goal = Goal(**ANY_GOAL, filters=Filters(**filters or {}))
    if name == "goal-median":
        figures.pooled_median(goal, Period(*(period or (date(2016, 3, 4), date(2016, 3, 31)))))
        query = "connection_median"
    else:
        figures.scored_weeks(goal, date(2016, 3, 27))
        query = "connection_week_median"
    asked = next(params for asked, params in asking.asked if asked == query)
    return {query: queries.filled(f"read/{query}", **asked)}
