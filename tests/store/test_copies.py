"""Local copies of a server's publication: the same numbers, without a round trip, also while it is away."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from app_pages import opened, words
from conftest import LONG, daily, environment
from event_files import write
from logs import D, random_log
from postgres import Postgres, ServerStore
from product import table_of
from sqlalchemy import event

from kpi import store as stores
from kpi.errors import NoData, WarehouseDown
from kpi.numbers import annotations
from kpi.numbers.annotations import Annotation
from kpi.numbers.export import written
from kpi.numbers.warehouse import open_warehouse
from kpi.settings import Settings
from kpi.store import connections
from kpi.store.copies import Copies
from kpi.store.watch import ASK_SECONDS, WAIT_SECONDS, Watch, watch

OFTEN = ("engagement", "multi-device", "connection-time", "firefox")
TABLES = (*OFTEN, "steps", "same-people") if LONG else OFTEN
LOG = random_log(5, days=40)


@pytest.fixture(scope="module")
def filled(make_server_store: Callable[[str], ServerStore]) -> ServerStore:
    """A store on PostgreSQL with numbers; tests read it, or a copy of its database."""
    store = make_server_store("postgresql")
    store.load(write(store.files / "log.parquet", LOG))
    store.summarise()
    return store


@pytest.fixture
def settings(filled: ServerStore, tmp_path: Path) -> Settings:
    """The settings of pages, with a folder for copies of their own."""
    with environment(**filled.settings(KPI_HOME=str(tmp_path / "home"))):
        return Settings.read()


class Clock:
    """A clock that moves when a test says so."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        """Seconds since an arbitrary moment."""
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock by which a server is asked again."""
    clock = Clock()
    monkeypatch.setattr("kpi.store.watch.time", clock)
    return clock


@contextmanager
def statements(settings: Settings) -> Iterator[list[str]]:
    """The statements that reach the server meanwhile."""
    sent: list[str] = []
    engine = connections.reading(settings)

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


def numbers(settings: Settings, copy: Path | None) -> list[bytes]:
    """What every table prints, read from the server or from a copy."""
    warehouse = open_warehouse(settings, copy=copy)
    try:
        return [written(table_of(warehouse, name), "csv") for name in TABLES]
    finally:
        warehouse.close()


@pytest.mark.parametrize("dialect", daily("redshift", of=("postgresql", "redshift")))
def test_a_copy_has_the_same_numbers_without_a_round_trip(
    filled: ServerStore, tmp_path: Path, dialect: str
) -> None:
    """The first reader is answered by the server; once the copy is whole, nothing is asked there."""
    store = ServerStore(tmp_path, filled.postgres, dialect, filled.database)
    with environment(**store.settings(KPI_HOME=str(tmp_path / "home"))):
        settings = Settings.read()
    watched = Watch(settings)
    first = watched.shown()
    assert first.file is None and first.fault is None
    watched.wait()
    shown = watched.shown()
    assert shown.file is not None and shown.key != first.key
    from_server = numbers(settings, None)
    with statements(settings) as sent:
        assert numbers(settings, shown.file) == from_server
        assert watched.shown() == shown
    assert sent == []
    assert oct(shown.file.stat().st_mode & 0o777) == "0o600"
    assert [file.name for file in shown.file.parent.glob("*.work*")] == []


def test_newer_numbers_replace_the_copy(filled: ServerStore, tmp_path: Path, clock: Clock) -> None:
    """A new publication is seen within seconds, is copied, and the copy of the old one is removed."""
    store = filled.copied_to(tmp_path)
    with environment(**store.settings(KPI_HOME=str(tmp_path / "home"))):
        settings = Settings.read()
    watched = Watch(settings)
    watched.shown()
    watched.wait()
    before = watched.shown()
    store.must("load-firefox", _firefox(tmp_path))
    assert watched.shown() == before, "a server is not asked again at once"
    clock.seconds += ASK_SECONDS + 1
    assert watched.shown() == before, "no reader waits for the answer"
    watched.wait()
    assert watched.shown().file is None, (
        "the newest numbers are shown before there is a copy of them"
    )
    watched.wait()
    after = watched.shown()
    assert after.file not in (None, before.file)
    assert [file for file in Copies(settings).folder.glob("*.duckdb")] == [after.file]
    assert numbers(settings, after.file) == numbers(settings, None)
    store.must("load-firefox", "--replace", _firefox(tmp_path, dau=901))
    clock.seconds += WAIT_SECONDS + 1
    assert watched.shown().key not in (before.key, after.key), "after a pause the reader waits"
    watched.wait()


def _firefox(folder: Path, dau: int = 900) -> Path:
    file = folder / "firefox.csv"
    row = [D[0], "desktop", str(dau), "3000"]
    file.write_text("\n".join(["day,product,dau,mau", ",".join(row), ""]))
    return file


def test_pages_go_on_while_the_server_is_away(
    filled: ServerStore, settings: Settings, postgres: Postgres, clock: Clock
) -> None:
    """The same numbers are shown, with the moment since which the server is silent, until it answers."""
    watched = Watch(settings)
    watched.shown()
    watched.wait()
    before = watched.shown()
    from_server = numbers(settings, None)
    postgres.stop()
    try:
        clock.seconds += ASK_SECONDS + 1
        watched.shown()
        watched.wait()
        silent = watched.shown()
        assert silent.silent_since is not None
        assert (silent.key, silent.notes_key, silent.file) == (
            before.key,
            before.notes_key,
            before.file,
        )
        assert numbers(settings, silent.file) == from_server
        started = Watch(settings).shown()
        assert started.file == before.file and started.silent_since is not None
    finally:
        postgres.start()
    clock.seconds += ASK_SECONDS + 1
    watched.shown()
    watched.wait()
    assert watched.shown() == before


def test_without_a_copy_the_refusal_is_the_servers(
    filled: ServerStore, tmp_path: Path, postgres: Postgres
) -> None:
    """A server that is away is reported as such where nothing was copied."""
    with environment(**filled.settings(KPI_HOME=str(tmp_path / "home"))):
        settings = Settings.read()
    postgres.stop()
    try:
        with pytest.raises(WarehouseDown, match="can't be reached"):
            Watch(settings).shown()
    finally:
        postgres.start()


def test_nothing_summarised_yet(
    make_server_store: Callable[[str], ServerStore], tmp_path: Path
) -> None:
    """An empty database is reported as empty, and nothing is copied."""
    with environment(**make_server_store("postgresql").settings(KPI_HOME=str(tmp_path / "home"))):
        settings = Settings.read()
    with pytest.raises(NoData, match="nothing has been summarised"):
        Watch(settings).shown()
    assert not (tmp_path / "home").exists()


# Copies that must not be read ---------------------------------------------------------------------


def _cut_short(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def _empty(file: Path) -> None:
    file.write_bytes(b"")


def _with_other_rows(file: Path) -> None:
    with duckdb.connect(str(file)) as connection:
        connection.execute("UPDATE daily_users SET users = users + 1 WHERE audience = 'active'")


def _with_fewer_rows(file: Path) -> None:
    with duckdb.connect(str(file)) as connection:
        connection.execute("DELETE FROM connection WHERE ready = 0")


def _of_another_store(file: Path) -> None:
    with duckdb.connect(str(file)) as connection:
        connection.execute("UPDATE copied_publication SET store = 'another'")


def _stale(file: Path) -> None:
    with duckdb.connect(str(file)) as connection:
        connection.execute("UPDATE copied_publication SET publication = '0 2016-01-01'")


DAMAGES = (_cut_short, _empty, _with_other_rows, _with_fewer_rows, _of_another_store, _stale)


@pytest.mark.parametrize("damage", daily(_cut_short, _with_other_rows, _stale, of=DAMAGES))
def test_a_damaged_copy_is_never_read(settings: Settings, damage: Callable[[Path], None]) -> None:
    """A copy that isn't what its record says is not used; pages read the server, and it is copied anew."""
    watched = Watch(settings)
    watched.shown()
    watched.wait()
    file = watched.shown().file
    assert file is not None
    damage(file)
    again = Watch(settings)
    assert again.shown().file is None
    again.wait()
    whole = again.shown().file
    assert whole is not None and numbers(settings, whole) == numbers(settings, None)


def test_a_copy_that_was_cut_off_is_begun_again(settings: Settings) -> None:
    """What a killed process left of a copy is removed and never read."""
    folder = Copies(settings).folder
    folder.mkdir(parents=True)
    left = folder / f"{'0' * 16}.work"
    left.write_bytes(b"half")
    watched = Watch(settings)
    watched.shown()
    watched.wait()
    assert watched.shown().file is not None and not left.exists()


def test_an_unwritable_folder_is_reported_once(
    settings: Settings, caplog: pytest.LogCaptureFixture, clock: Clock
) -> None:
    """Without room for a copy pages read the server, with the reason; the log has it a single time."""
    settings.home.mkdir()
    (settings.home / "copies").write_text("a file where the folder should be")
    watched = Watch(settings)
    for _ in range(3):
        watched.shown()
        watched.wait()
        clock.seconds += 1000
    shown = watched.shown()
    assert shown.file is None
    assert shown.fault is not None and "can't be written to" in shown.fault
    watched.wait()
    assert len([r for r in caplog.records if "no local copy" in r.message]) == 1
    assert numbers(settings, None)


def test_two_processes_copy_once(settings: Settings) -> None:
    """While a process copies, another reads the server and uses the copy when it is there."""
    first, second = Copies(settings), Copies(settings)
    with first._alone():
        second.make()
        assert second.newest() is None
    first.make()
    made = second.newest()
    assert made is not None
    changed = made.file.stat().st_mtime_ns
    second.make()
    assert made.file.stat().st_mtime_ns == changed


def test_switched_off(filled: ServerStore, tmp_path: Path) -> None:
    """With KPI_LOCAL_COPY=0 pages read the server, and no folder is made."""
    home = tmp_path / "home"
    with environment(**filled.settings(KPI_HOME=str(home), KPI_LOCAL_COPY="0")):
        settings = Settings.read()
    shown = stores.shown(settings)
    assert shown.file is None and shown.fault is None
    assert not stores.counts_here(settings)
    assert not home.exists()


# Notes and pages ----------------------------------------------------------------------------------


def test_a_note_is_seen_at_once(settings: Settings) -> None:
    """Who adds a marker sees it on the next page, though the server is asked only now and then."""
    before = stores.shown(settings)
    marker = Annotation(date.fromisoformat(str(D[1])), "a release")
    annotations.annotate(settings, [marker], by="a reader")
    assert stores.shown(settings).notes_key != before.notes_key


def test_a_page_without_its_server(
    filled: ServerStore, tmp_path: Path, postgres: Postgres, no_caches: None
) -> None:
    """A page opened while the server is away shows the numbers of the copy and since when they may be old."""
    told = filled.settings(KPI_HOME=str(tmp_path / "home"), KPI_MIN_USERS="1")
    with environment(**told):
        settings = Settings.read()
        stores.shown(settings)
        watch(settings).wait()
        fresh = words(opened("pages/engagement.py"))
        assert "has not answered" not in fresh
        postgres.stop()
        try:
            watch.cache_clear()
            silent = words(opened("pages/engagement.py"))
        finally:
            postgres.start()
            watch.cache_clear()
    assert "The database has not answered since" in silent
    assert "can't be read" not in silent
    assert "Data through" in silent


def test_the_folder_can_be_thrown_away(settings: Settings) -> None:
    """A folder that is removed while pages run costs a new copy and nothing else."""
    watched = Watch(settings)
    watched.shown()
    watched.wait()
    shutil.rmtree(Copies(settings).folder)
    assert watched.shown().file is None
    watched.wait()
    assert watched.shown().file is not None
