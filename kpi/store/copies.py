"""Local copies of a server's publication: a DuckDB file each, so that a filter needs no round trip.

A copy has every table of `kpi`, read in a single transaction by the dashboard's own role, and a record of
itself: the store, the publication, and the number of rows and a hash of each table. It gets its name only
when it is whole, and is compared with its record before a process uses it for the first time. It holds
nothing that pages could not read on the server.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
from sqlalchemy import Connection, TableClause, column, func, insert, select, table
from sqlalchemy.exc import SQLAlchemyError

from kpi import private
from kpi.errors import Refused
from kpi.settings import Settings
from kpi.store import connections, dialects, queries
from kpi.store.locks import locked
from kpi.store.shared import driver, in_memory, stored_key

TABLES = ("tables/kpi", "tables/notes")
BATCH_ROWS = 50_000
DIGITS = 16
_ATTACH = "ATTACH $1 AS kpi"
_ATTACH_TO_READ = "ATTACH $1 AS kpi (READ_ONLY)"

log = logging.getLogger(__name__)


class Copy(NamedTuple):
    """A whole copy: the keys of its publication and of its notes, and its file."""

    publication: str
    notes: str
    file: Path


def copies_folder(settings: Settings) -> Path:
    """The folder of the local copies."""
    return settings.home / "copies"


class Copies:
    """The copies of a server's publications in a folder; only the newest stays."""

    def __init__(self, settings: Settings) -> None:
        self.folder = copies_folder(settings)
        self._settings = settings
        url = connections.address(settings)
        self._store = _digest(f"{url.host} {url.port} {url.database}")
        self._compared: dict[Path, tuple[int, Copy | None]] = {}

    @property
    def writable(self) -> bool:
        """True where the folder can be written to, or made."""
        there = next(
            each for each in (self.folder, *self.folder.absolute().parents) if each.exists()
        )
        return there.is_dir() and os.access(there, os.W_OK)

    def of(self, publication: str) -> Copy | None:
        """The copy of a publication; None where there is none that equals its record."""
        copy = self._whole(self._file(publication))
        return copy if copy is not None and copy.publication == publication else None

    def newest(self) -> Copy | None:
        """The newest copy of any publication of this store; None where there is none."""
        with suppress(OSError):
            files = sorted(self._files(), key=lambda file: file.stat().st_mtime_ns, reverse=True)
            return next(filter(None, map(self._whole, files)), None)
        return None

    def make(self) -> None:
        """Copy the newest publication, unless it is there or another process copies it now.

        Raises Refused with the reason where that fails; nothing half-copied remains.
        """
        try:
            with self._alone(), private.umask():
                self._make()
        except _Busy:
            return
        except (OSError, duckdb.Error, SQLAlchemyError, Refused) as error:
            raise Refused(_reason(self.folder, error)) from error

    def _make(self) -> None:
        for left in self.folder.glob("*.work*"):
            left.unlink()
        with _snapshot(self._settings) as server:
            publication = stored_key(server)
            if publication is None or self.of(publication) is not None:
                return
            notes = notes_key(server)
            work = self.folder / f"{self._store}.work"
            try:
                with in_memory(self._settings, threads="1") as copy:
                    driver(copy).execute(_ATTACH, [str(work)])
                    for name in (*TABLES, "tables/copy"):
                        dialects.make_tables(copy, name)
                    _fill(server, copy)
                    queries.run(
                        copy,
                        "fill/copied_publication",
                        store=self._store,
                        publication=publication,
                        notes=notes,
                    )
                    copy.commit()
                    driver(copy).execute("CHECKPOINT kpi")
                    driver(copy).execute("DETACH kpi")
                target = self._file(publication)
                os.replace(work, target)
            finally:
                for left in self.folder.glob("*.work*"):
                    left.unlink()
        for file in self._files():
            if file != target:
                file.unlink(missing_ok=True)
                self._compared.pop(file, None)

    def _file(self, publication: str) -> Path:
        return self.folder / f"{self._store}-{_digest(publication)}.duckdb"

    def _files(self) -> Iterator[Path]:
        return self.folder.glob(f"{self._store}-*.duckdb")

    def _whole(self, file: Path) -> Copy | None:
        """The copy in a file that equals its record; compared once, and again when the file changed."""
        try:
            changed = file.stat().st_mtime_ns
        except OSError:
            return None
        known = self._compared.get(file)
        if known is None or known[0] != changed:
            known = self._compared[file] = changed, self._read(file)
        return known[1]

    def _read(self, file: Path) -> Copy | None:
        try:
            with in_memory(self._settings) as connection:
                driver(connection).execute(_ATTACH_TO_READ, [str(file)])
                store, publication, notes = queries.run(connection, "read/copied_publication").one()
                recorded = [tuple(row) for row in queries.run(connection, "read/copied_table")]
                counted = [
                    (each.name, *_rows_and_hash(connection, each)) for each in _tables(connection)
                ]
        except (OSError, duckdb.Error, SQLAlchemyError, Refused):
            counted, recorded, store, publication, notes = [], [], "", "", ""
        if store == self._store and counted and sorted(counted) == recorded:
            return Copy(publication, notes, file)
        log.warning("%s is no whole copy of this store's numbers; it is not used", file)
        with suppress(OSError):
            file.unlink()
        return None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the lock of the folder; raises _Busy where another process has it."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        with ExitStack() as holding:
            try:
                holding.enter_context(locked(lock, fcntl.LOCK_EX, 0, "it is copied now"))
            except Refused as refusal:
                raise _Busy from refusal
            yield


class _Busy(Exception):
    """Another process copies the same numbers now."""


def notes_key(connection: Connection) -> str:
    """A key of the notes by people that a server's connection sees: rows are only ever added."""
    return " ".join(map(str, queries.run(connection, "read/notes_key").one()))


@contextmanager
def _snapshot(settings: Settings) -> Iterator[Connection]:
    """A connection on which every statement sees the tables of a single moment."""
    with connections.faults(settings), connections.reading(settings).connect() as connection:
        yield connection.execution_options(stream_results=True, max_row_buffer=BATCH_ROWS)


def _fill(server: Connection, copy: Connection) -> None:
    """Copy the rows of every table, in the order of its columns, and record their number and hash."""
    for each in _tables(copy):
        columns = list(each.columns)
        counted = server.execute(select(func.count()).select_from(each)).scalar_one()
        schema = driver(copy).table(f"kpi.{each.name}").limit(0).to_arrow_table().schema
        rows = server.execute(select(*columns).order_by(*columns[:3])).partitions(BATCH_ROWS)
        for batch in rows:
            driver(copy).register("batch", _arrow(batch, schema))
            source = table("batch", *(column(c.name) for c in columns))
            copy.execute(insert(each).from_select([c.name for c in columns], select(source)))
            driver(copy).unregister("batch")
        copied, row_hash = _rows_and_hash(copy, each)
        if copied != counted:
            raise Refused(f"{copied} of {counted} rows of {each.name} arrived")
        row = {"table_name": each.name, "row_count": copied, "row_hash": row_hash}
        queries.insert_rows(copy, "kpi.copied_table", [row])


def _tables(connection: Connection) -> list[TableClause]:
    """The tables of `kpi` and of the notes, with the columns that they have in a copy."""
    names = [dialects.created(made) for part in TABLES for made in queries.statements(part)]
    return [
        table(name, *map(column, driver(connection).table(f"kpi.{name}").columns), schema="kpi")
        for name in names
    ]


def _rows_and_hash(connection: Connection, of: TableClause) -> tuple[int, str]:
    """The number of rows of a table, and the sum of their hashes."""
    row_count, row_hash = connection.execute(
        select(func.count(), func.sum(func.hash(*of.columns))).select_from(of)
    ).one()
    return row_count, str(row_hash)


def _arrow(rows: Any, schema: pa.Schema) -> pa.Table:
    columns = zip(*rows, strict=True)
    return pa.table(
        [pa.array(cells, field.type) for cells, field in zip(columns, schema, strict=True)],
        schema=schema,
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def _reason(folder: Path, error: Exception) -> str:
    """The reason why there is no copy, without SQL, hosts or rows."""
    if isinstance(error, Refused):
        return str(error)
    message = str(error)
    if "No space left" in message or "File too large" in message:
        return f"{folder}: the disk is full; free some room"
    if isinstance(error, OSError) or "ermission" in message or "Read-only" in message:
        return f"{folder} can't be written to; check its permissions, or set KPI_HOME"
    return f"{folder}: the copy failed ({type(error).__name__})"
