"""Writing the history of a publication beside it: the differences between earlier publications.

`history-000124.duckdb` beside `kpi-000124.duckdb` has, for each publication before 124, the rows that the
next publication removed or changed, the ranges of keys that were new in it, and a hash of every table.
It is made with its publication and never changed, so that a reader of either always has both.
"""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from kpi.store import queries
from kpi.store.differences import NUMBERS, READ_ONLY, attach, detach, run_of, tables, view_rows
from kpi.store.publications import history_of
from kpi.store.shared import SCHEMA_VERSION, SUMMARY, driver

ALL_DAYS = 2
"""So many days every publication is retained; of days before, the last of each UTC day."""

FIRST = "it is the first that retained its differences"
UNREADABLE = "the history before it couldn't be read"
OTHER_SCHEMA = "the publication before it was made by an earlier version of the program"

_SMALL_BLOCKS = "(BLOCK_SIZE 16384)"
"""Most tables of a history have few rows."""


def record(
    connection: Connection,
    before: Path | None,
    work: Path,
    reason: str = SUMMARY,
    forget: str | None = None,
) -> None:
    """Write into ``work`` the history of the publication in the making, attached as `kpi`.

    ``before`` is the publication that it is made of; ``forget`` the reason why no earlier publication may be
    given back. Nothing else of the store changes.
    """
    try:
        _record(connection, before, work, reason, forget)
    except (duckdb.Error, DBAPIError):
        if forget is not None:
            raise
        # A history that can't be read must not keep newer numbers from being published.
        connection.rollback()
        _let_go(connection)
        work.unlink(missing_ok=True)
        _record(connection, before, work, reason, UNREADABLE)


def _record(
    connection: Connection, before: Path | None, work: Path, reason: str, forget: str | None
) -> None:
    raw = driver(connection)
    number, built_at = queries.run(connection, "read/publication_key").one()
    connection.commit()
    why = forget or _attach_before(connection, before)
    view_rows(connection, "after_row", "kpi")
    if before is None or why is not None:
        queries.run(connection, "history/no_rows")
        _make(connection, work)
        queries.run(connection, "history/begun", publication_id=number, reason=why)
    else:
        view_rows(connection, "before_row", "before")
        _carry_over(connection, history_of(before), work, built_at - timedelta(days=ALL_DAYS))
    queries.run(connection, "history/changes")
    queries.run(connection, "history/table_name")
    listed = [{"table_name": table, "numbers": table in NUMBERS} for table in tables()]
    queries.insert_rows(connection, "table_name", listed)
    for (table,) in raw.execute("SELECT DISTINCT table_name FROM changed_block").fetchall():
        run_of(connection, "changed_rows", table, publication_id=number)
    anew = int(why is not None)
    queries.run(connection, "history/noted", publication_id=number, reason=reason, anew=anew)
    connection.commit()
    raw.execute("CHECKPOINT history")
    _let_go(connection)


def _attach_before(connection: Connection, before: Path | None) -> str | None:
    """Attach the publication before; the reason why the history begins anew, or None."""
    if before is None:
        return FIRST
    raw = driver(connection)
    attach(connection, "before", before, READ_ONLY)
    version = raw.execute("SELECT schema_version FROM before.publication").fetchone()[0]
    if version != SCHEMA_VERSION:
        return OTHER_SCHEMA
    return None if history_of(before).exists() else FIRST


def _make(connection: Connection, work: Path) -> None:
    attach(connection, "history", work, _SMALL_BLOCKS)
    for statement in queries.statements("history/tables"):
        connection.exec_driver_sql(statement)
    for table in tables():
        run_of(connection, "table", table)


def _carry_over(connection: Connection, earlier: Path, work: Path, all_since: datetime) -> None:
    """Take over the history before: as a copy, or written anew where publications are folded."""
    attach(connection, "earlier", earlier, READ_ONLY)
    if not queries.run(connection, "history/folded", all_since=all_since).scalar_one():
        detach(connection, "earlier")
        shutil.copyfile(earlier, work)
        attach(connection, "history", work)
        return
    _make(connection, work)
    queries.run(connection, "history/carried_over")
    for table in tables():
        run_of(connection, "carried_over_rows", table)


def _let_go(connection: Connection) -> None:
    """Detach what was attached to record a publication."""
    raw = driver(connection)
    rows = raw.execute("SELECT database_name FROM duckdb_databases()").fetchall()
    for (name,) in rows:
        if name in ("history", "earlier", "before"):
            detach(connection, name)
