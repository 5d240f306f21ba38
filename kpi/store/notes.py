"""The embedded store's notes by people: frozen baselines, markers, named segments, and their withdrawals.

They are in a file of their own, `baselines.duckdb`, which no publication replaces or copies. Rows are only
ever added, under a lock of a moment's length that has nothing to do with that of loads and summaries. A
process killed while it adds a row leaves the others as they were: from DuckDB's log of the file, the next
process knows what was committed.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection

from kpi import private
from kpi.settings import Settings
from kpi.store import dialects, upgrade
from kpi.store.locks import locked
from kpi.store.shared import driver, in_memory

TABLES = "tables/notes"
ATTACH = "ATTACH $1 AS kpi"


def notes_file(home: Path) -> Path:
    """The file of the notes, beside the publications."""
    return home / "baselines.duckdb"


def notes_key(settings: Settings) -> str:
    """When the file and its log were written, and their sizes: differs whenever a note was added."""
    file, parts = notes_file(settings.home), []
    for part in (file, file.with_name(f"{file.name}.wal")):
        with suppress(FileNotFoundError):
            known = part.stat()
            parts.append(f"{known.st_mtime_ns} {known.st_size}")
    return " ".join(parts)


@contextmanager
def adding_notes(settings: Settings) -> Iterator[Connection]:
    """A connection that may add rows to the notes; committed when the block ends without fault."""
    file = notes_file(settings.home)
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The mask is the whole process's, so that only the holder of the lock may change it.
    with _locked(settings, fcntl.LOCK_EX), private.umask():
        if not file.exists():
            _make(settings, file)
        with _attached(settings, file) as connection:
            dialects.make_tables(connection, TABLES)  # a file of an earlier version has fewer
            yield connection
            connection.commit()


@contextmanager
def reading_notes(settings: Settings) -> Iterator[Connection | None]:
    """A connection that sees every note; None when there never was any."""
    file = notes_file(settings.home)
    if not file.exists():
        yield None
        return
    with _locked(settings, fcntl.LOCK_SH), in_memory(settings, threads="1") as connection:
        upgrade.attach_for_reading(driver(connection).cursor(), file, TABLES)
        yield connection


def _make(settings: Settings, file: Path) -> None:
    """Create an empty file with its table, put in place whole, so that no crash leaves half a file."""
    part = file.with_name(f"{file.name}.new")
    for left in (part, part.with_name(f"{part.name}.wal")):
        left.unlink(missing_ok=True)
    with _attached(settings, part) as connection:
        dialects.make_tables(connection, TABLES)
        connection.commit()
        raw = driver(connection)
        raw.execute("CHECKPOINT kpi")
        raw.execute("DETACH kpi")
    os.replace(part, file)


def _locked(settings: Settings, kind: int) -> AbstractContextManager[None]:
    access = os.O_RDWR if kind == fcntl.LOCK_EX else os.O_RDONLY  # NFS demands it of a writer
    lock = os.open(settings.home / "baselines.lock", access | os.O_CREAT, 0o600)
    busy = "somebody adds a baseline, a marker or a segment now; try again in a moment"
    return locked(lock, kind, settings.lock_seconds, busy)


@contextmanager
def _attached(settings: Settings, file: Path) -> Iterator[Connection]:
    with in_memory(settings, threads="1") as connection:
        driver(connection).execute(ATTACH, [str(file)])
        yield connection
