"""What a fixed log costs: rows and bytes kept, statements a page runs, rows a query reads.

Counted, not timed, so that a slow machine can't fail them nor a fast one pass. A bound is raised on
purpose only, with the reason in the commit; docs/benchmarks.md has the times.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from app_pages import opened
from conftest import Store, daily
from event_files import write
from logs import random_log
from sqlalchemy import Connection, Engine, create_engine, event, func, select, table

from kpi.meaning.filters import Filters
from kpi.store import embedded, queries

MOST_ROWS = {
    "segment": 245,
    "segment_set": 1_170,
    "segment_set_member": 3_875,
    "daily_users": 41_653,
    "monthly_users_change": 16_100,
    "monthly_move": 6_000,
    "connection": 493,
}
"""Rows of the demo store's tables: its log is the same every time, and so are they. Daily users have the
audiences of users with a device and of those who returned in week 4."""

MOST_BYTES = 5_000_000
MOST_STATEMENTS = {
    "app.py": 24,
    "pages/engagement.py": 22,
    "pages/multi_device.py": 18,
    "pages/connection_time.py": 28,
    "pages/goals.py": 26,
    "pages/explore.py": 19,
    "pages/data.py": 18,
}
FILTERED = Filters(os=("Android", "iOS"), users="existing")
MOST_ROWS_READ = {"engagement": 63_042, "connection_time": 738}


@pytest.fixture
def demo_tables(demo_home: Path) -> Iterator[Connection]:
    """A connection that reads the demo store's publication as `kpi`."""
    engine = create_engine("duckdb:///:memory:")
    with engine.connect() as connection:
        publication = embedded.publication_file(demo_home)
        connection.exec_driver_sql("ATTACH $1 AS kpi (READ_ONLY)", (str(publication),))
        yield connection
    engine.dispose()


def test_rows_of_the_summary(demo_tables: Connection) -> None:
    """The summary of a fixed log has no more rows than it had."""
    counted = {
        name: demo_tables.scalar(select(func.count()).select_from(table(name, schema="kpi")))
        for name in MOST_ROWS
    }
    more = {name: rows for name, rows in counted.items() if not 0 < rows <= MOST_ROWS[name]}
    assert not more, f"more rows than {MOST_ROWS}"


def test_bytes_of_the_summary(demo_home: Path) -> None:
    """The file that pages read is no larger than it was."""
    assert embedded.publication_file(demo_home).stat().st_size <= MOST_BYTES


OFTEN = ("app.py", "pages/connection_time.py", "pages/goals.py", "pages/data.py")


@pytest.mark.parametrize("file", daily(*OFTEN, of=MOST_STATEMENTS))
def test_statements_of_a_page(file: str, no_caches: None, at_demo: None) -> None:
    """A page that nobody has opened yet asks the store no more often than it did; drawn again, never."""
    with counted_statements() as first:
        page = opened(file)
    assert not page.exception
    assert 0 < len(first) <= MOST_STATEMENTS[file], first
    with counted_statements() as again:
        page.run()
    assert not page.exception
    assert not again


@pytest.mark.parametrize("query", MOST_ROWS_READ)
def test_rows_read_by_a_filtered_query(query: str, demo_tables: Connection) -> None:
    """A filter reads each row of its tables once at most, as the engine's own profile counts them."""
    assert 0 < rows_read(demo_tables, query) <= MOST_ROWS_READ[query]


def test_a_summary_counts_no_rows_for_the_planner(make_store: Callable[[], Store]) -> None:
    """The embedded store is summarised without ANALYZE, which reads every event there is."""
    store = make_store()
    store.load(write(store.files / "log.parquet", random_log(12, days=30)))
    with sent_statements() as sent:
        store.summarise()
    lines = [line.lstrip() for statement in sent for line in statement.splitlines()]
    assert any("judged_day" in line for line in lines)
    assert not [line for line in lines if line.startswith("ANALYZE")]


def counted_statements() -> AbstractContextManager[list[str]]:
    """The statements that reach any engine meanwhile, by their first words."""
    return sent_statements(lambda statement: statement.split("\n", 1)[0][:80])


@contextmanager
def sent_statements(noted: Callable[[str], str] = str) -> Iterator[list[str]]:
    """The statements that reach any engine meanwhile, as ``noted`` gives them."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(noted(statement))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def rows_read(connection: Connection, query: str) -> int:
    """How many rows the scans of a filtered query read."""
    given = {
        "active": "active",
        "counted_audiences": ("active*",),
        "lowest_set": -(2**31) + 1,
        "highest_set": -1,
        "broken_by": "",
        "first_day": date(1970, 1, 1),
        "last_day": date(9999, 1, 1),
        "with_incomplete": 0,
        "point_days": 1,
        **FILTERED.parameters(),
    }
    statement = queries.filled(f"read/{query}", **given)
    explained = connection.exec_driver_sql(" ".join(["EXPLAIN (ANALYZE, FORMAT json)", statement]))
    profile = json.loads(explained.all()[0][1])
    return sum(operator.get("rows_scanned", 0) for operator in _operators(profile["operator"]))


def _operators(nodes: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for node in nodes:
        yield node
        yield from _operators(node.get("children", []))
