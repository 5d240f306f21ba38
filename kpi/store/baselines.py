"""The embedded store's frozen baselines: a file of its own, which no publication replaces or copies.

Rows are only ever added, under a lock of a moment's length that has nothing to do with that of loads
and summaries. A process killed while it adds a row leaves the others as they were: from DuckDB's log of
the file, the next process knows what was committed.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from sqlalchemy import Connection

from kpi import private
from kpi.settings import Settings
from kpi.store import dialects
from kpi.store.locks import locked
from kpi.store.shared import driver, in_memory

ATTACH = "ATTACH $1 AS kpi"
ATTACH_TO_READ = "ATTACH $1 AS kpi (READ_ONLY)"


def baselines_file(home: Path) -> Path:
    """The file of the baselines, beside the publications."""
    return home / "baselines.duckdb"


@contextmanager
def adding_baselines(settings: Settings) -> Iterator[Connection]:
    """A connection that may add rows to `kpi.baseline`; committed when the block ends without fault."""
    file = baselines_file(settings.home)
    with _locked(settings, fcntl.LOCK_EX), private.umask():
        if not file.exists():
            _make(settings, file)
        with _attached(settings, file) as connection:
            yield connection
            connection.commit()


@contextmanager
def reading_baselines(settings: Settings) -> Iterator[Connection | None]:
    """A connection that sees every row of `kpi.baseline`; None when nothing was ever frozen."""
    file = baselines_file(settings.home)
    if not file.exists():
        yield None
        return
    with _locked(settings, fcntl.LOCK_SH), _attached(settings, file, ATTACH_TO_READ) as connection:
        yield connection


def _make(settings: Settings, file: Path) -> None:
    """Create an empty file with its table, put in place whole, so that no crash leaves half a file."""
    part = file.with_name(f"{file.name}.new")
    for left in (part, part.with_name(f"{part.name}.wal")):
        left.unlink(missing_ok=True)
    with _attached(settings, part) as connection:
        dialects.make_tables(connection, "tables/baseline")
        connection.commit()
        raw = driver(connection)
        raw.execute("CHECKPOINT kpi")
        raw.execute("DETACH kpi")
    os.replace(part, file)


def _locked(settings: Settings, kind: int) -> AbstractContextManager[None]:
    access = os.O_RDWR if kind == fcntl.LOCK_EX else os.O_RDONLY  # NFS demands it of a writer
    lock = os.open(settings.home / "baselines.lock", access | os.O_CREAT, 0o600)
    busy = "a baseline is being frozen now; try again in a moment"
    return locked(lock, kind, settings.lock_seconds, busy)


@contextmanager
def _attached(settings: Settings, file: Path, attach: str = ATTACH) -> Iterator[Connection]:
    with in_memory(settings, threads="1") as connection:
        driver(connection).execute(attach, [str(file)])
        yield connection
