"""Stores of earlier versions: backed up whole, then brought up to date, a version at a time.

`queries/upgrade/events_N.sql` and `kpi_N.sql` lead from version N - 1 to N. The private file is upgraded
in one transaction; publications are never changed, the next is made of an upgraded copy.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.engine.default import DefaultDialect

from kpi.settings import ALERTS_FOLDER, DIGESTS_FOLDER
from kpi.store import dialects, queries
from kpi.store.publications import history_of
from kpi.store.shared import SCHEMA_VERSION, driver, refuse_newer_version

_VIEW = "CREATE VIEW kpi.{table} AS SELECT * FROM published.{table}"


def upgrade_events(connection: Connection, home: Path, publication: Path | None) -> None:
    """Bring the private file, attached as `events`, up to date; a store of a newer version is refused.

    Everything is copied into `backups/` first.
    """
    stored = queries.settings(connection)
    version = int(stored.get("schema_version", 1))
    connection.rollback()
    refuse_newer_version(version)
    if version == SCHEMA_VERSION:
        return
    driver(connection).execute("CHECKPOINT events")
    back_up(home, publication, f"schema-{version}")
    with connection.begin():
        _steps(connection, "events", version)


def upgrade_publication(connection: Connection, version: int) -> None:
    """Bring the copy of a publication, attached as `kpi`, up to date; a newer version is refused."""
    refuse_newer_version(version)
    _steps(connection, "kpi", version)
    connection.commit()


def attach_for_reading(cursor: Any, file: Path, wanted_tables: str = "tables/kpi") -> None:
    """Attach a file as `kpi`, read only; to an older file the tables added since, all empty."""
    cursor.execute("ATTACH $1 AS kpi (READ_ONLY)", [str(file)])
    present = tables_of(cursor, "kpi")
    wanted = {
        dialects.created(made): made for made in dialects.definitions(wanted_tables, "duckdb")
    }
    missing = [made for name, made in wanted.items() if name not in present]
    if not missing:
        return
    cursor.execute("DETACH kpi")
    cursor.execute("ATTACH $1 AS published (READ_ONLY)", [str(file)])
    cursor.execute("ATTACH ':memory:' AS kpi")
    for name in present:
        cursor.execute(_view(name))
    for made in missing:
        cursor.execute(made)


def _view(name: str) -> str:
    """The statement that shows a table of `published` in `kpi`; DuckDB binds no names, so they are quoted."""
    quoted = DefaultDialect().identifier_preparer.quote_identifier(name)
    return _VIEW.format(table=quoted)


def tables_of(cursor: Any, database: str) -> list[str]:
    """The names of an attached database's tables."""
    cursor.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = $1", [database])
    return [name for (name,) in cursor.fetchall()]


SENT = (
    *(f"{ALERTS_FOLDER}/{name}" for name in ("history.json", "reported.jsonl", "messages/*.json")),
    *(f"{DIGESTS_FOLDER}/{name}" for name in ("*.json", "feed.atom")),
)
"""Reports and messages, so that a restored store sends nothing twice. In this order a copy that is made while
alerts are sent has no report without its message."""


def back_up(home: Path, publication: Path | None, name: str) -> Path:
    """Copy private file, publication with history, notes and `SENT`, whole or not at all; their folder."""
    moment = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    target = home / "backups" / f"{name}-{moment}"
    part = home / "backups" / "next.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for file in ("events.duckdb", "events.duckdb.wal", "baselines.duckdb", "baselines.duckdb.wal"):
        with suppress(FileNotFoundError):
            _copy(home / file, part / file)
    if publication is not None:
        (part / "publications").mkdir()
        for held in (publication, history_of(publication)):
            with suppress(FileNotFoundError):
                _copy(held, part / "publications" / held.name)
        (part / "kpi.duckdb").symlink_to(Path("publications") / publication.name)
    for pattern in SENT:
        for sent in home.glob(pattern):
            copy = part / sent.relative_to(home)
            copy.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):
                _copy(sent, copy)
    shutil.rmtree(target, ignore_errors=True)
    os.replace(part, target)
    return target


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    target.chmod(0o600)
    with target.open("rb") as file:
        os.fsync(file.fileno())


def _steps(connection: Connection, part: str, version: int) -> None:
    for newer in range(version + 1, SCHEMA_VERSION + 1):
        queries.run(connection, f"upgrade/{part}_{newer}")
