"""The SQL behind every table, under each kind of choice, is the committed one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from product import TABLES, publication, statements, tables
from snapshot import Compare, assert_no_others

from kpi.numbers.warehouse import Warehouse

MOVED = (date(2016, 1, 31), date(2016, 3, 20))
# By case: what a table must have for it, and what is chosen.
CASES: dict[str, tuple[str | None, dict[str, Any]]] = {
    "none": (None, {}),
    "value": ("filters", {"filters": {"os": ("Android",)}}),
    "version": ("filters", {"filters": {"browser": ("Firefox",), "version": ("41", "42")}}),
    "exclusion": ("filters", {"filters": {"not_os": ("Android", "iOS")}}),
    "new-users": ("filters", {"filters": {"users": "new"}}),
    "multi-device-users": ("devices", {"filters": {"devices": "multi"}}),
    "region": (
        "devices",
        {"filters": {"region": ("DE", "(none)"), "not_campaign": ("spring",), "os": ("iOS",)}},
    ),
    "by-os": ("by", {"by": "os"}),
    "by-version": ("by", {"by": "version"}),
    "by-users": ("by", {"by": "users"}),
    "by-region": ("attempt tags", {"by": "region"}),
    "weekly": ("weekly", {"weekly": True}),
    "period": ("period", {"period": (date(2016, 2, 1), date(2016, 2, 29))}),
    "window-7": ("window", {"window": 7}),
    "bands": ("bands", {"bands": True}),
    "total": ("total", {"total": True}),
    "of-ready": ("of", {"of": "ready"}),
    "ratio-by-os": ("moved by", {"by": "os", "period": MOVED}),
    "multi-device-by-version": (
        "moved by",
        {"by": "version", "period": MOVED, "measure": "multi-device-percent", "window": 7},
    ),
    "tags": ("tags", {"period": MOVED}),
}
ASKED = [
    (table, case)
    for table, accepted in TABLES.items()
    for case, (needed, _) in CASES.items()
    if needed in accepted or (needed is None and "moved" not in accepted)
]


def file_name(table: str, case: str) -> str:
    """The file of one table's SQL in one case."""
    return f"{table}__{case}.sql"


@pytest.fixture(scope="module")
def demo(demo_home: Path) -> Iterator[Warehouse]:
    """The demo's newest publication."""
    with publication(demo_home) as warehouse:
        yield warehouse


@pytest.mark.parametrize(("table", "case"), ASKED)
def test_sql_is_the_committed_one(
    table: str, case: str, demo: Warehouse, same_as_snapshot: Compare
) -> None:
    """A table's statements, in Redshift's dialect with parameters filled in, change only on purpose."""
    shown = statements(demo, table, **CASES[case][1])
    assert shown
    same_as_snapshot(f"sql/{file_name(table, case)}", "\n".join(shown.values()))


def test_every_table_has_its_snapshots(renewing: bool) -> None:
    """No table of the product is without snapshots, and no snapshot without its table."""
    assert tables() == set(TABLES)
    assert_no_others("sql", [file_name(*asked) for asked in ASKED], renewing)
