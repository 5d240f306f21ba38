"""The embedded store: one folder, a private events file, and one KPI file per publication.

`kpi.duckdb` is a link to the newest publication. Readers resolve it before they open it and keep what
they opened; a writer fills a file of its own and moves the link when it is whole. So nobody ever waits
for a summary, and nobody sees half of one.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool, QueuePool

from kpi import queries
from kpi.errors import NoData, Refused, WarehouseDown
from kpi.settings import Settings

SCHEMA_VERSION = 2
KEPT_PUBLICATIONS = 3
NOTHING_YET = (
    "nothing has been summarised yet in {home}; "
    "run: python -m kpi load FILE… && python -m kpi summarise"
)


def events_file(home: Path) -> Path:
    """The private file: events with hashed ids."""
    return home / "events.duckdb"


def publication_file(home: Path) -> Path:
    """The newest publication itself, link resolved; raises NoData when there is none."""
    link = home / "kpi.duckdb"
    try:
        target = link.resolve(strict=True)
        with target.open("rb"):
            return target
    except FileNotFoundError as error:
        raise NoData(NOTHING_YET.format(home=home)) from error
    except OSError as error:
        raise WarehouseDown(f"{link}: can't be read; check its permissions") from error


@contextmanager
def only_writer(settings: Settings) -> Iterator[None]:
    """Hold the store's lock: one load, summary or change at a time; others wait, then are refused."""
    home = settings.home
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = os.open(home / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise Refused(
            f"{home}: can't be written to; check its permissions, or set KPI_HOME"
        ) from error
    try:
        deadline = time.monotonic() + settings.lock_seconds
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise Refused(
                        f"{home}: another load or summary is still running; try again when it is done"
                    ) from None
                time.sleep(0.05)
        yield
    finally:
        os.close(lock)


@contextmanager
def storage_faults(home: Path) -> Iterator[None]:
    """Turn what the disk or the engine says of a broken store into one line without SQL."""
    try:
        yield
    except (duckdb.Error, OSError) as error:
        told = str(error)
        if "No space left" in told or "File too large" in told or "max_temp_directory_size" in told:
            raise Refused(f"{home}: the disk is full; free some room and run it again") from error
        if "ermission denied" in told or "Read-only file system" in told or "read-only" in told:
            raise Refused(
                f"{home}: can't be written to; check its permissions, or set KPI_HOME"
            ) from error
        if isinstance(error, duckdb.OutOfMemoryException):
            raise Refused(
                "the memory limit is too small for this; raise KPI_MEMORY_LIMIT (such as 4GB)"
            ) from error
        if isinstance(error, (duckdb.IOException, duckdb.SerializationException)):
            raise WarehouseDown(
                f"{home}: the store can't be read; if a file is damaged, move the folder away and "
                "load the event files again"
            ) from error
        raise


def connection_settings(settings: Settings, spill: Path | None) -> dict[str, Any]:
    """DuckDB's settings: half of the machine's memory at most, and spilling only where told to.

    ``spill`` is None wherever raw ids pass through, so that they can't reach the disk.
    """
    told: dict[str, Any] = {
        "memory_limit": settings.memory_limit or f"{_machine_memory() // 2 // 2**20}MiB",
        "temp_directory": str(spill) if spill else "",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    return told


def attach_events(raw: Any, home: Path) -> None:
    """Attach the private file as `events` for writing."""
    raw.execute(f"ATTACH {quoted(events_file(home))} AS events")


def quoted(value: object) -> str:
    """A string literal, for the few statements that take no parameters (ATTACH, file readers)."""
    return "'" + str(value).replace("'", "''") + "'"


def reading_engine(settings: Settings, publication: Path) -> Engine:
    """A pool of connections that see one publication, read only, as `kpi`."""
    engine = create_engine(
        "duckdb:///:memory:",
        poolclass=QueuePool,
        pool_size=4,
        max_overflow=16,
        connect_args={"config": connection_settings(settings, None)},
    )

    @event.listens_for(engine, "connect")
    def attach(raw: Any, _record: Any) -> None:
        raw.cursor().execute(f"ATTACH {quoted(publication)} AS kpi (READ_ONLY)")

    return engine


@contextmanager
def next_publication(settings: Settings) -> Iterator[Publishing]:
    """A private copy of the newest publication to change; published when the caller says so.

    `kpi` is the copy, `events` the private file. What the caller doesn't publish is gone.
    """
    home = settings.home
    folder = home / "publications"
    folder.mkdir(exist_ok=True)
    work = folder / "next.work"
    _clear(folder)
    with suppress(NoData):
        shutil.copyfile(publication_file(home), work)
    engine = create_engine(
        "duckdb:///:memory:",
        poolclass=NullPool,
        connect_args={"config": connection_settings(settings, home / "spill")},
    )
    try:
        with engine.connect() as connection:
            raw = connection.connection.driver_connection
            attach_events(raw, home)
            raw.execute(f"ATTACH {quoted(work)} AS kpi")
            _refuse_newer(connection)
            queries.run(connection, "tables/kpi")
            connection.commit()
            yield Publishing(connection, home, work)
    finally:
        engine.dispose()
        shutil.rmtree(home / "spill", ignore_errors=True)
        _clear(folder)


class Publishing:
    """A publication in the making."""

    def __init__(self, connection: Connection, home: Path, work: Path) -> None:
        self.connection = connection
        self._home = home
        self._work = work

    def publish(self, definitions: str, simulated: bool | None = None) -> int:
        """Make this the newest publication, in one step that a crash can't halve; its number.

        ``simulated`` None keeps what the publication before it said.
        """
        before = queries.run(self.connection, "read/publication").mappings().first()
        number = (before["publication_id"] if before else 0) + 1
        if simulated is None:
            simulated = bool(before and before["simulated"])
        queries.run(
            self.connection,
            "fill/publication",
            publication_id=number,
            built_at=datetime.now(UTC).replace(tzinfo=None, microsecond=0),
            schema_version=SCHEMA_VERSION,
            definitions=definitions,
            simulated=int(simulated),
        )
        self.connection.commit()
        raw = self.connection.connection.driver_connection
        raw.execute("CHECKPOINT kpi")
        raw.execute("DETACH kpi")
        _move_link(self._home, self._work, number)
        return number


def _refuse_newer(connection: Connection) -> None:
    tables = connection.exec_driver_sql(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = 'kpi'"
    ).scalars()
    if "publication" in tables.all():
        found = connection.exec_driver_sql("SELECT schema_version FROM kpi.publication").scalar()
        refuse_newer_version(found)


def refuse_newer_version(found: int | None) -> None:
    """Raise Refused when a store is of a later schema than this program knows."""
    if found is not None and found > SCHEMA_VERSION:
        raise Refused(
            f"this store was made by a newer version (schema {found}, this is {SCHEMA_VERSION}); "
            "upgrade the program"
        )


def _clear(folder: Path) -> None:
    for left in (*folder.glob("*.work"), *folder.glob("*.work.wal")):
        left.unlink()


def _move_link(home: Path, work: Path, number: int) -> None:
    target = work.with_name(f"kpi-{number:06d}.duckdb")
    with work.open("rb+") as file:
        os.fsync(file.fileno())
    os.replace(work, target)
    link = home / "kpi.duckdb.next"
    link.unlink(missing_ok=True)
    link.symlink_to(target.relative_to(home))
    os.replace(link, home / "kpi.duckdb")
    for folder in (home, work.parent):
        handle = os.open(folder, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)
    for old in sorted(work.parent.glob("kpi-*.duckdb"))[:-KEPT_PUBLICATIONS]:
        old.unlink()


def _machine_memory() -> int:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit in (Path("/sys/fs/cgroup/memory.max"),):
        with suppress(OSError, ValueError):
            memory = min(memory, int(limit.read_text()))
    return memory
