"""What stands behind a measure's table: the exact statements that it was read with, for people to run."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from kpi import attempts, metrics, queries
from kpi.filters import Filters
from kpi.warehouse import Publication, Warehouse


def table(name: str) -> Callable[..., pd.DataFrame]:
    """What works a table out, by its name: one of `export`'s, or of those that pages alone show."""
    return metrics.METRICS.get(name) or attempts.DETAILS[name]


CALENDAR = "days"
"""Every measure of attempts also reads the days that count; it has no filter and goes without saying."""


@dataclass(frozen=True)
class Statement:
    """One statement: the file in `queries/read` it comes from, and its text with parameters filled in."""

    query: str
    text: str


class _Noting(Warehouse):
    """A warehouse that notes what it is asked."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def frame(self, query: str, **params: Any) -> pd.DataFrame:
        self.asked.append((query, params))
        return self._warehouse.frame(query, **params)

    @property
    def publication(self) -> Publication:
        return self._warehouse.publication

    @property
    def lacks_sequences(self) -> bool:
        return self._warehouse.lacks_sequences

    @property
    def has_versionless_sets(self) -> bool:
        return self._warehouse.has_versionless_sets


def takes(metric: str, option: str) -> bool:
    """Whether a table can be asked for by an option, such as weekly."""
    return option in inspect.signature(table(metric)).parameters


def statements(
    warehouse: Warehouse, metric: str, filters: Filters, **options: Any
) -> tuple[Statement, ...]:
    """The statements that a measure's table under these filters and options is read with.

    In Redshift's dialect; they return whole counts, of which `kpi.metrics` makes means and percents.
    """
    noting = _Noting(warehouse)
    if metric == "firefox":
        metrics.firefox(noting, **options)
    else:
        table = attempts.DETAILS.get(metric) or metrics.METRICS[metric]
        table(noting, filters, **options)
    told: dict[str, Statement] = {}
    for query, params in noting.asked:
        if query != CALENDAR and query not in told:
            told[query] = Statement(query, queries.filled(f"read/{query}", **params))
    return tuple(told.values())
