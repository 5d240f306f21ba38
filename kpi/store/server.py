"""The store on a server: Amazon Redshift, or PostgreSQL, with `events` and `kpi` as two schemas.

A run is one transaction, so readers see the old numbers or the new. It begins by locking a table that
nobody reads, so there is one writer at a time; the same statement does it on both servers, and the lock
goes with the transaction, however that ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from kpi import private
from kpi.errors import Refused, Republished
from kpi.settings import Settings
from kpi.store import adding, connections, queries, shared
from kpi.store.copies import Copies, copies_folder
from kpi.store.copies import notes_key as count_of_notes
from kpi.store.reading import Opened, Past, Shown, file_engine
from kpi.store.shared import (
    SCHEMA_VERSION,
    connection_settings,
    driver,
    refuse_newer_version,
)
from kpi.store.watch import server_keys, watch

NEWER = "newer numbers were published just now; try again"
NO_HISTORY = (
    "a database has its newest publication only; earlier ones are in its own snapshots "
    "(a store in a folder retains them all)"
)
STILL_RUNNING = "the database: another load or summary is still running; try again when it is done"


def place(settings: Settings) -> str:
    """The database, whatever it is called."""
    return "the database"


def has_events(settings: Settings) -> bool:
    """True where there is an event or was a load; of a raw table only events count."""
    name = "read/any_raw_event" if settings.raw_table else "read/any_event"
    with _connection(settings) as connection:
        return bool(queries.run(connection, name).scalar())


def publication_key(settings: Settings) -> str:
    """The newest publication's number and what may change without a new number."""
    return server_keys(settings)[0]


def shown(settings: Settings) -> Shown:
    """The newest publication, or a local copy of it where these are on."""
    return watch(settings).shown() if settings.local_copy else Shown(*server_keys(settings))


def counts_here(settings: Settings) -> bool:
    """True where pages read a local copy."""
    return settings.local_copy and watch(settings).reads_copy


def opened(settings: Settings, copy: Path | None) -> Opened:
    """The publication in a local copy, or in the tables, which go on to the next."""
    if copy is None:
        return Opened(connections.reading(settings), publication_key(settings), connections.refusal)
    return Opened(file_engine(settings, copy), None, partial(_explained_by, copy))


def opened_past(settings: Settings, number: int) -> Opened:
    """Refused: a server's tables hold the newest publication only."""
    raise Refused(NO_HISTORY)


def past_states(settings: Settings, numbers: Iterable[int]) -> Iterator[Opened]:
    """Refused: a server's tables hold the newest publication only."""
    raise Refused(NO_HISTORY)


def touched(settings: Settings) -> dict[int, set[str]]:
    """None: there is no history."""
    return {}


def past_publications(settings: Settings) -> list[Past]:
    """Refused: a server's tables hold the newest publication only."""
    raise Refused(NO_HISTORY)


def differing(settings: Settings) -> list[str]:
    """None: a server looks after its own tables."""
    return []


def beginning(settings: Settings) -> str | None:
    """None: there is no history."""
    return None


def _explained_by(copy: Path, error: Exception) -> Refused | None:
    """The sentence where a copy was removed while it was read, since there is a newer copy."""
    return None if copy.exists() else Republished(NEWER)


def stored_settings(settings: Settings) -> dict[str, str]:
    """The store's record of itself."""
    with connections.faults(settings), _connection(settings) as connection:
        return queries.settings(connection)


def damage(settings: Settings) -> Iterator[str]:
    """Nothing: a server looks after its own files."""
    yield from ()


def private_files(settings: Settings) -> Iterator[Path]:
    """Local copies of the numbers."""
    yield from private.below(copies_folder(settings))


def local_copy(settings: Settings) -> Iterator[tuple[bool, str]]:
    """The copy of the newest publication in the folder of this machine."""
    if not settings.local_copy:
        return
    copies = Copies(settings)
    if not copies.writable:
        yield (
            False,
            f"{copies.folder} can't be written to, so pages wait for the database; set KPI_HOME",
        )
    elif copies.of(publication_key(settings)):
        yield True, "of the newest publication, whole"
    else:
        yield True, "none of the newest publication; the next visit of a page makes it"


def back_up(settings: Settings) -> Path:
    """Refused: a server has snapshots of its own."""
    raise Refused("a database is backed up by its own snapshots; see docs/operations.md")


def only_writer(settings: Settings) -> Any:
    """Nothing yet: every transaction that writes locks by itself."""
    return nullcontext()


def storage_faults(settings: Settings) -> Any:
    """Turn the driver's errors into one line."""
    return connections.faults(settings)


@contextmanager
def next_publication(settings: Settings) -> Iterator[shared.Publishing]:
    """The newest publication, to be changed in one transaction."""
    with _connection(settings) as connection:
        _lock(connection, settings)
        _refuse_other_version(connection)
        publishing = shared.Publishing(connection)
        yield publishing
        if publishing.published:
            connection.commit()


@contextmanager
def loading(settings: Settings) -> Iterator[Loading]:
    """The private tables; DuckDB in memory reads, checks and hashes, and nothing spills."""
    reader = duckdb.connect(":memory:", config=connection_settings(settings, None))
    try:
        reader.execute("SET preserve_insertion_order = false")
        with _connection(settings) as connection:
            _refuse_other_version(connection)
            connection.rollback()
            yield Loading(settings, connection, reader)
    finally:
        reader.close()


class Loading(shared.Loading):
    """The private tables of a server, and DuckDB to read files with."""

    def __init__(self, settings: Settings, connection: Connection, reader: Any) -> None:
        super().__init__(connection, reader)
        self._settings = settings

    def wait_for_writers(self) -> None:
        """Lock the table that nobody reads."""
        _lock(self.connection, self._settings)

    def add_events(self, load_id: int, hash_users: bool, hash_devices: bool) -> int:
        """Add the staged rows, ids hashed."""
        params = {"load_id": load_id, "hash_users": hash_users, "hash_devices": hash_devices}
        rows = self.reader.sql(queries.text("files/event"), params=params)
        batches = rows.to_arrow_reader(adding.BATCH_ROWS)
        try:
            return adding.add(self._settings, self.connection, batches)
        finally:
            batches.close()  # a generator that failed midway would keep the reader busy


@contextmanager
def reading_events(settings: Settings) -> Iterator[Connection]:
    """A connection of its own, without the writers' lock."""
    with _connection(settings) as connection:
        yield connection


def notes_key(settings: Settings) -> str:
    """The number of notes of each kind: rows are only ever added."""

    def read() -> str:
        with connections.reading(settings).connect() as connection:
            return count_of_notes(connection)

    with connections.faults(settings):
        return connections.retried(read)


@contextmanager
def adding_notes(settings: Settings) -> Iterator[Connection]:
    """A transaction of its own, without the writers' lock: the dashboard's role may do this much."""
    with _connection(settings) as connection:
        yield connection
        connection.commit()
    if settings.local_copy:
        watch(settings).ask_again()


@contextmanager
def reading_notes(settings: Settings) -> Iterator[Connection]:
    """A connection of the shared pool, or to the local copy that pages go on with."""
    copy = watch(settings).stand_in() if settings.local_copy else None
    if copy is not None:
        with file_engine(settings, copy).connect() as connection:
            yield connection
        return
    with connections.faults(settings), connections.reading(settings).connect() as connection:
        yield connection


def tidy(settings: Settings) -> None:
    """Give back the room of deleted rows and learn how the tables are filled, table by table.

    Raises Refused when this user may not.
    """
    with _connection(settings) as connection:
        driver(connection).autocommit = True
        queries.run(connection, "tables/tidy")


@contextmanager
def _connection(settings: Settings) -> Iterator[Connection]:
    engine = connections.writing(settings)
    with connections.faults(settings):
        with connections.retried(engine.connect) as connection:
            yield connection


def _lock(connection: Connection, settings: Settings) -> None:
    """Wait for other writers, as long as the settings say, then keep them waiting."""
    _set_timeout(connection, max(int(settings.lock_seconds * 1000), 1))
    try:
        queries.run(connection, "fill/locked")
    except DBAPIError as error:
        if connections.was_stopped(error):
            raise Refused(STILL_RUNNING) from error
        raise
    _set_timeout(connection, 0)


def _set_timeout(connection: Connection, milliseconds: int) -> None:
    connection.exec_driver_sql(connections.SET, ("statement_timeout", str(milliseconds)))


def _refuse_other_version(connection: Connection) -> None:
    stored = queries.settings(connection)
    if "schema_version" not in stored:
        raise Refused(f"the database's tables were never finished; {connections.MAKE_TABLES}")
    version = int(stored["schema_version"])
    refuse_newer_version(version)
    if version < SCHEMA_VERSION:
        raise Refused(
            f"the database's tables are of an older version (schema {version}, this is {SCHEMA_VERSION}); "
            f"{connections.MAKE_TABLES}"
        )
