"""Checks of the embedded store's files for `doctor`: damage, and their record of themselves."""

from __future__ import annotations

from pathlib import Path

import duckdb

from kpi.settings import Settings
from kpi.store.shared import connection_settings


def stored_settings(settings: Settings, file: Path) -> dict[str, str]:
    """The private file's record of itself; empty where there is no file. Raises duckdb.Error."""
    if not file.exists():
        return {}
    with duckdb.connect(":memory:", config=connection_settings(settings, None)) as engine:
        engine.execute("ATTACH $1 AS events (READ_ONLY)", [str(file)])
        return dict(engine.execute("SELECT name, setting FROM events.store").fetchall())


def damaged(settings: Settings, file: Path) -> bool:
    """True where a file can't be read through; a file that is being written counts as whole."""
    try:
        with duckdb.connect(":memory:", config=connection_settings(settings, None)) as engine:
            engine.execute("ATTACH $1 AS looked_at (READ_ONLY)", [str(file)])
            tables = engine.execute(
                "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'looked_at'"
            ).fetchall()
            for schema, table in tables:
                name = ".".join('"' + part.replace('"', '""') + '"' for part in (schema, table))
                # Every block of every column is read, and its checksum verified.
                engine.execute(
                    f"SELECT BIT_XOR(HASH(each)) FROM looked_at.{name} AS each"
                ).fetchall()
    except duckdb.Error as error:
        return "Could not set lock" not in str(error)
    return False
