"""The embedded store: one folder, a private events file, and one KPI file per publication.

`kpi.duckdb` is a link to the newest publication. Readers resolve it before they open it and keep what
they opened; a writer fills a file of its own and moves the link when it is whole. So nobody ever waits
for a summary, and nobody sees half a publication.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path

import duckdb
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from kpi import private
from kpi.errors import NoData, Refused, WarehouseDown
from kpi.settings import Settings
from kpi.store import (
    dialects,
    health,
    history,
    publications,
    queries,
    recording,
    rewriting,
    shared,
    upgrade,
)
from kpi.store.locks import locked
from kpi.store.notes import adding_notes as adding_notes
from kpi.store.notes import notes_file
from kpi.store.notes import notes_key as notes_key
from kpi.store.notes import reading_notes as reading_notes
from kpi.store.reading import Opened, Past, Shown, file_engine
from kpi.store.rewriting import attach_events, events_file
from kpi.store.shared import SCHEMA_VERSION, driver, in_memory

NOT_WRITABLE = "{home}: can't be written to; check its permissions, or set KPI_HOME"
NOT_READABLE = "{file}: can't be read; check its permissions, or run this as the store's own user"
DAMAGED_EVENTS = (
    "{home}/events.duckdb is damaged; put a backup in its place, or load the event files again into a "
    "new KPI_HOME. The pages go on showing the newest publication"
)
DAMAGED_NOTES = (
    "{file}, which holds frozen baselines and markers, is damaged; put a backup's in its place. Without one, "
    "move it aside: pages then show none"
)
DAMAGED_HISTORY = (
    "{file}, which gives earlier publications back, is damaged; put a backup's of the same number in its "
    "place. Without one, the history begins with the next publication"
)
DISK_FULL = ("No space left", "File too large", "max_temp_directory_size")
READ_ONLY = ("ermission denied", "Read-only file system", "read-only")


def place(settings: Settings) -> str:
    """The folder."""
    return str(settings.home)


def has_events(settings: Settings) -> bool:
    """True where there is a private file; raises WarehouseDown where this user may not look."""
    try:
        return events_file(settings.home).exists()
    except OSError as error:
        raise WarehouseDown(NOT_READABLE.format(file=settings.home)) from error


def publication_key(settings: Settings) -> str:
    """The newest publication's file and when it was written."""
    file = publication_file(settings.home)
    return f"{file}@{file.stat().st_mtime_ns}"


def counts_here(settings: Settings) -> bool:
    """True: DuckDB is a part of this process."""
    return True


def tidy(settings: Settings) -> None:
    """Nothing: every publication is written anew, statistics included."""


def stored_settings(settings: Settings) -> dict[str, str]:
    """The store's record of itself: the check of its key, its version, retention."""
    with storage_faults(settings):
        return health.stored_settings(settings, events_file(settings.home))


def damage(settings: Settings) -> Iterator[str]:
    """Sentences on files that are damaged, each with the way back."""
    home = settings.home
    yield from _publication_faults(settings)
    yield from _history_faults(settings)
    if notes_file(home).exists() and health.damaged(settings, notes_file(home)):
        yield DAMAGED_NOTES.format(file=notes_file(home))
    if not events_file(home).exists():
        return
    if not _readable(events_file(home)):
        yield NOT_READABLE.format(file=events_file(home))
    elif health.damaged(settings, events_file(home)):
        yield DAMAGED_EVENTS.format(home=home)


def _publication_faults(settings: Settings) -> Iterator[str]:
    home = settings.home
    target = publications.link(home).resolve()
    try:
        publications.newest(home)
    except NoData:
        return
    except WarehouseDown:
        if not _is_missing(target):  # it is there, or this user may not look
            return
        fault = f"{publications.link(home)} leads to no publication"
    else:
        if not health.damaged(settings, target):
            return
        fault = f"{target.name} is damaged"
    way_back = publications.way_back(home, lambda file: health.damaged(settings, file))
    yield f"{fault}; {way_back}"


def _history_faults(settings: Settings) -> Iterator[str]:
    with suppress(NoData, WarehouseDown):  # reported by itself
        file = publications.history_of(publications.newest(settings.home))
        if file.exists() and health.damaged(settings, file):
            yield DAMAGED_HISTORY.format(file=file)


def _is_missing(file: Path) -> bool:
    try:
        return not file.exists()
    except OSError:
        return False


def private_files(settings: Settings) -> Iterator[Path]:
    """The store's folder and all that is in it: for its own user alone."""
    return private.below(settings.home)


def local_copy(settings: Settings) -> Iterator[tuple[bool, str]]:
    """Nothing: pages read the store's own files."""
    yield from ()


def back_up(settings: Settings) -> Path:
    """Copy the store as it is between two writings."""
    with only_writer(settings), storage_faults(settings):
        if not has_events(settings):
            raise Refused(
                f"{events_file(settings.home)} is missing, so a backup wouldn't be whole; put it back, or "
                "load the event files again into a new KPI_HOME"
            )
        with loading(settings) as opened:
            opened.reader.execute("CHECKPOINT events")
        return upgrade.back_up(settings.home, publications.newest_or_none(settings.home), "store")


publication_file = publications.newest
"""The newest publication itself, link resolved; raises NoData when there is none."""


@contextmanager
def only_writer(settings: Settings) -> Iterator[None]:
    """Hold the store's lock: one load, summary or change at a time; others wait, then are refused."""
    home = settings.home
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        home.mkdir(mode=0o700, exist_ok=True)
        lock = os.open(home / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise Refused(NOT_WRITABLE.format(home=home)) from error
    with _locked(settings, lock, fcntl.LOCK_EX), private.umask():
        yield


@contextmanager
def reading_events(settings: Settings) -> Iterator[Connection | None]:
    """The private file, only read, while nobody writes it; None where there is none."""
    file = events_file(settings.home)
    if not has_events(settings):
        yield None
        return
    lock = settings.home / "lock"
    waiting = (
        _locked(settings, os.open(lock, os.O_RDONLY), fcntl.LOCK_SH)
        if lock.exists()  # a restored folder has none until something is written
        else nullcontext()
    )
    with waiting, in_memory(settings) as connection:
        driver(connection).execute("ATTACH $1 AS events (READ_ONLY)", [str(file)])
        yield connection


def _locked(settings: Settings, lock: int, kind: int) -> AbstractContextManager[None]:
    """The open lock file's lock, waited for as long as the settings say."""
    busy = f"{settings.home}: another load or summary is still running; try again when it is done"
    return locked(lock, kind, settings.lock_seconds, busy)


@contextmanager
def storage_faults(settings: Settings) -> Iterator[None]:
    """Turn what the disk or the engine says of a broken store into one line without SQL."""
    home = settings.home
    try:
        yield
    except (duckdb.Error, DBAPIError, OSError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        message = str(cause)
        if any(words in message for words in DISK_FULL):
            raise Refused(f"{home}: the disk is full; free some room and run it again") from error
        if any(words in message for words in READ_ONLY):
            raise Refused(NOT_WRITABLE.format(home=home)) from error
        if isinstance(cause, duckdb.OutOfMemoryException):
            raise Refused(
                "the memory limit is too small for this; raise KPI_MEMORY_LIMIT (such as 4GB)"
            ) from error
        unreadable = (duckdb.IOException, duckdb.SerializationException, duckdb.FatalException)
        if isinstance(cause, unreadable) or "Corrupt database file" in message:
            raise WarehouseDown(
                f"{home}: the store can't be read; if a file is damaged, "
                "`python -m kpi doctor` names it and the way back"
            ) from error
        raise


def opened(settings: Settings, copy: Path | None) -> Opened:
    """The publication that is the newest now; it stays as it is, and what the engine says is for the log."""
    file = publication_file(settings.home)
    return Opened(file_engine(settings, file), None, lambda error: None)


def opened_past(settings: Settings, number: int) -> Opened:
    """An earlier publication, written again from the history."""
    with storage_faults(settings):
        file = history.past_file(settings, number)
    return Opened(file_engine(settings, file), None, lambda error: None)


def past_states(settings: Settings, numbers: Iterable[int]) -> Iterator[Opened]:
    """The publications of these numbers, the highest first; each is there until the next."""
    with storage_faults(settings):
        for file in history.states(settings, numbers):
            engine = file_engine(settings, file)
            try:
                yield Opened(engine, None, lambda error: None)
            finally:
                engine.dispose()


def touched(settings: Settings) -> dict[int, set[str]]:
    """The tables in which each publication has rows of days before otherwise, by its number."""
    with storage_faults(settings):
        return history.touched(settings)


def past_publications(settings: Settings) -> list[Past]:
    """The publications that can be shown, oldest first; the newest is the last."""
    with storage_faults(settings):
        return history.publications_of(settings)


def differing(settings: Settings) -> list[str]:
    """The tables of the newest publication that aren't as they were published."""
    with storage_faults(settings):
        return history.differing(settings)


def beginning(settings: Settings) -> str | None:
    """The reason why there are no publications before the first of the history."""
    with storage_faults(settings):
        return history.beginning(settings)


def shown(settings: Settings) -> Shown:
    """The newest publication's file."""
    return Shown(publication_key(settings), notes_key(settings))


@contextmanager
def next_publication(settings: Settings) -> Iterator[Publishing]:
    """A private copy of the newest publication to change; published when the caller says so.

    `kpi` is the copy, `events` the private file. What the caller doesn't publish is gone.
    """
    home = settings.home
    folder = publications.folder(home)
    folder.mkdir(exist_ok=True)
    work = folder / "next.work"
    _clear(folder)
    _clear(home)
    before = publications.newest_or_none(home)
    if before is not None:
        publications.remove_superseded(home, before, time.time())
        shutil.copyfile(before, work)
    try:
        with in_memory(settings, home / "spill") as connection:
            raw = driver(connection)
            attach_events(raw, home)
            prepare_events(connection, home)
            raw.execute("ATTACH $1 AS kpi", [str(work)])
            _upgrade_copy(connection)
            dialects.make_tables(connection, "tables/kpi")
            connection.commit()
            yield Publishing(connection, home, work, before)
    finally:
        shutil.rmtree(home / "spill", ignore_errors=True)
        _clear(folder)


class Publishing(shared.Publishing):
    """A publication in the making: a file of its own."""

    def __init__(self, connection: Connection, home: Path, work: Path, before: Path | None) -> None:
        super().__init__(connection)
        self._home = home
        self._work = work
        self._before = before

    def end_part(self) -> None:
        """Commit."""
        self.connection.commit()

    def publish(
        self,
        definitions: str | None = None,
        simulated: bool | None = None,
        reason: str = shared.SUMMARY,
        forget: str | None = None,
    ) -> int:
        """Make this the newest publication, in one step that a crash can't halve; its number."""
        lowest = publications.next_number(self._home)
        before = queries.run(self.connection, "read/publication_key").first()
        number = shared.record_publication(self.connection, definitions, simulated, lowest)
        if before is not None and before.built_at.date() != shared.now().date():
            self.shrink_numbers()  # deleted rows cost half of the file after some weeks of summaries
        self.connection.commit()
        noted = self._work.with_name("history.work")
        recording.record(self.connection, self._before, noted, reason, forget)
        raw = driver(self.connection)
        raw.execute("CHECKPOINT kpi")
        raw.execute("DETACH kpi")
        if forget:
            history.remove_past_files(self._home)
        publications.put_in_place(self._home, self._work, number, noted)
        return number

    def refuse_without_room(self) -> None:
        """Raise Refused, saying how much is missing, where the private file can't be copied beside itself."""
        rewriting.refuse_without_room(self._home)

    def shrink_events(self) -> None:
        """Write the private file anew, so that no byte of what was deleted remains in it."""
        self.connection.commit()
        rewriting.rewrite(driver(self.connection), events_file(self._home), "events")

    def shrink_numbers(self) -> None:
        """Write the publication in the making anew, so that no byte of what was changed remains in it."""
        self.connection.commit()
        rewriting.rewrite(driver(self.connection), self._work, "kpi")


@contextmanager
def loading(settings: Settings) -> Iterator[Loading]:
    """The private file, open for writing; nothing spills, since raw ids pass through."""
    with in_memory(settings) as connection:
        raw = driver(connection)
        # Rows may be stored in any order; a checkpoint at the end is cheaper than a checkpoint a file.
        raw.execute("SET preserve_insertion_order = false")
        raw.execute("SET wal_autocheckpoint = '1GB'")
        attach_events(raw, settings.home)
        prepare_events(connection, settings.home)
        yield Loading(connection)


class Loading(shared.Loading):
    """The private file: DuckDB reads files and stores their rows in one transaction."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, driver(connection))

    def wait_for_writers(self) -> None:
        """Nothing: `only_writer` sees to it that nobody else writes the file."""

    def add_events(self, load_id: int, hash_users: bool, hash_devices: bool) -> int:
        """Add the staged rows, ids hashed."""
        return self.reader.execute(
            "INSERT INTO events.event " + queries.text("files/event"),
            {"load_id": load_id, "hash_users": hash_users, "hash_devices": hash_devices},
        ).fetchone()[0]


def prepare_events(connection: Connection, home: Path) -> None:
    """Make the private tables where they are missing, bring those of an older version up to date."""
    exists = "store" in upgrade.tables_of(driver(connection), "events")
    connection.rollback()
    if exists:
        upgrade.upgrade_events(connection, home, publications.newest_or_none(home))
        return
    with connection.begin():
        dialects.make_tables(connection, "tables/events")
        queries.run(connection, "tables/version", schema_version=str(SCHEMA_VERSION))


def _readable(file: Path) -> bool:
    try:
        with file.open("rb"):
            return True
    except OSError:
        return False


def _upgrade_copy(connection: Connection) -> None:
    """Bring the copy of the newest publication up to date; refuse a newer version's."""
    if "publication" in upgrade.tables_of(driver(connection), "kpi"):
        version = queries.run(connection, "read/schema_version").scalar_one()
        upgrade.upgrade_publication(connection, int(version))


def _clear(folder: Path) -> None:
    for left in (*folder.glob("*.work"), *folder.glob("*.work.wal")):
        left.unlink()
