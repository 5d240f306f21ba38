"""Every call that the snapshots make into the product, in one place, so that a redesign changes one file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
from conftest import environment

from kpi.meaning.filters import Filters, Period
from kpi.meaning.question import ALL_DAYS, EVERYBODY, LEAST_SHOWN, Options, Question
from kpi.meaning.tables import TABLES as REGISTRY
from kpi.numbers.warehouse import Warehouse, open_warehouse
from kpi.settings import Settings

USER_OPTIONS = ("filters", "period", "by", "weekly")
TABLES: dict[str, tuple[str, ...]] = {
    "engagement": USER_OPTIONS,
    "multi-device": (*USER_OPTIONS, "window"),
    "device-coverage": USER_OPTIONS,
    "same-people": (*USER_OPTIONS, "bands"),
    "growth": (*USER_OPTIONS, "total"),
    "retention": USER_OPTIONS,
    "connection-time": (*USER_OPTIONS, "devices", "attempt tags", "bands"),
    "completion": (*USER_OPTIONS, "devices", "attempt tags"),
    "steps": (*USER_OPTIONS, "devices", "attempt tags"),
    "firefox": ("period", "weekly"),
    "moved": ("moved", "moved by"),
    "moved-tags": ("moved", "tags"),
    "ready-within": ("filters", "period", "weekly", "devices"),
    "connection-distribution": ("filters", "period", "devices", "of"),
    "connection-breakdown": ("filters", "period", "by", "devices", "attempt tags", "bands"),
    "setup-steps": ("filters", "period", "devices"),
}
"""Each table, and what a reader can choose of it."""

NOT_EXPORTED = (
    "moved-tags",
    "ready-within",
    "connection-distribution",
    "connection-breakdown",
    "setup-steps",
)
EXPORTS = (*(name for name in TABLES if name not in NOT_EXPORTED), "goals")


def tables() -> set[str]:
    """The names of the product's tables."""
    return set(REGISTRY)


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
    return warehouse.ask(_question(name, options)).table


def table_of(
    warehouse: Warehouse,
    name: str,
    filters: Filters = EVERYBODY,
    period: Period = ALL_DAYS,
    by: str | None = None,
    min_users: int = LEAST_SHOWN,
    **options: Any,
) -> pd.DataFrame:
    """A table as a page shows it: small cells are hidden by default. ``options`` are those of `Options`."""
    question = Question(name, filters, period, by, Options(**options), min_users)
    return warehouse.ask(question).table


def statements(warehouse: Warehouse, name: str, **options: Any) -> dict[str, str]:
    """The SQL behind a table as pages show it, by the name of the query.

    ``options`` are ``filters`` (the fields of a filter), ``period`` (first and last day), and the
    table's own.
    """
    answer = warehouse.ask(_question(name, options))
    return {statement.query: statement.text for statement in answer.statements}


def _question(name: str, options: dict[str, Any]) -> Question:
    asked = dict(options)
    filters = Filters(**asked.pop("filters", {}))
    period = Period(*asked.pop("period", ()))
    by = asked.pop("by", None)
    return Question(name, filters, period, by, Options(**asked), shown_from=0)
