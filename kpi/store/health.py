"""Whether the embedded store's files are whole, and what they keep about themselves; what `doctor` asks."""

from __future__ import annotations

from pathlib import Path

import duckdb

from kpi.settings import Settings
from kpi.store.shared import connection_settings


def kept_settings(settings: Settings, file: Path) -> dict[str, str]:
    """What the private file keeps about itself; empty where it isn't there. Raises duckdb.Error."""
    if not file.exists():
        return {}
    with duckdb.connect(":memory:", config=connection_settings(settings, None)) as engine:
        engine.execute("ATTACH $1 AS events (READ_ONLY)", [str(file)])
        return dict(engine.execute("SELECT name, setting FROM events.store").fetchall())


def damaged(settings: Settings, file: Path) -> bool:
    """Whether a file can't be read through; one that is being written can't be looked at."""
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
