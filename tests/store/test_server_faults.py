"""A database that is restarted or cuts connections: a plain line, nothing half done, and on as before."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import duckdb
import psycopg2
import pytest
from conftest import LONG, Store, daily, environment
from event_files import write
from logs import random_log
from postgres import Postgres, ServerStore
from product import table_of
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import ProgrammingError

from kpi.errors import Refused, WarehouseDown
from kpi.numbers.export import written
from kpi.numbers.warehouse import Warehouse, open_warehouse
from kpi.settings import Settings
from kpi.store import adding, connections
from kpi.store.connections import retried
from kpi.summary.summarise import summarise

GLANCE = (("engagement", "--min-users=0"), ("completion", "--by=os", "--min-users=0"))
LOG = random_log(98, days=36)
CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"


@pytest.fixture(scope="module")
def standing(make_server_store: Callable[[str], ServerStore]) -> ServerStore:
    """A store on PostgreSQL with a publication, which no test changes."""
    store = make_server_store("postgresql")
    store.load(write(store.files / "log.parquet", LOG))
    store.summarise()
    return store


def opened(store: Store) -> Warehouse:
    """The store's newest publication, as pages hold it."""
    with environment(**store.settings()):
        return open_warehouse(Settings.read())


def cut(postgres: Postgres, store: ServerStore) -> None:
    """Every connection to the store's database is cut, whatever it is doing."""
    postgres.execute(CUT.replace("{name}", store.database))


def refused(status: int, told: str) -> None:
    """One plain line, without SQL, host or password."""
    assert status == 1 and len(told.splitlines()) == 1, told
    for secret in ("Traceback", "SELECT", "INSERT", "127.0.0.1", "password="):
        assert secret not in told, told


def test_restarted(postgres: Postgres, standing: ServerStore) -> None:
    """While the server is down, commands and pages say so; up again, they go on where they were."""
    store = standing
    before = store.exports(GLANCE)
    warehouse = opened(store)
    shown = written(table_of(warehouse, "engagement"), "csv")
    postgres.stop()
    try:
        for command in (
            ("export", "engagement"),
            ("summarise",),
            ("load", store.files / "log.parquet"),
        ):
            ran = store.run(*command)
            refused(ran.status, ran.err)
            assert "can't be reached" in ran.err
        try:
            table_of(warehouse, "engagement")
        except WarehouseDown:
            pass
        else:
            raise AssertionError("a server that is down answered")
    finally:
        postgres.start()
    assert written(table_of(warehouse, "engagement"), "csv") == shown
    assert store.exports(GLANCE) == before


def test_connections_cut_while_reading(postgres: Postgres, standing: ServerStore) -> None:
    """A reader whose connection is cut gets the same numbers on another one, or a plain refusal."""
    store = standing
    warehouse = opened(store)
    shown = written(table_of(warehouse, "engagement"), "csv")
    done = threading.Event()

    def cut_often() -> None:
        while not done.is_set():
            cut(postgres, store)
            done.wait(0.05)

    cutting = threading.Thread(target=cut_often)
    cutting.start()
    answered = 0
    try:
        for _ in range(25 if LONG else 10):
            try:
                assert written(table_of(warehouse, "engagement"), "csv") == shown
                answered += 1
            except WarehouseDown as fault:
                refused(1, str(fault))
    finally:
        done.set()
        cutting.join()
    assert answered, "not one reader was answered"
    assert written(table_of(warehouse, "engagement"), "csv") == shown


@pytest.mark.long
def test_connections_cut_while_writing(
    postgres: Postgres, make_server_store: Callable[[str], ServerStore]
) -> None:
    """A load or summary whose connection is cut leaves nothing of itself; again, it is done whole."""
    half = len(LOG) // 2
    store, whole = make_server_store("postgresql"), make_server_store("postgresql")
    whole.load(write(whole.files / "log.parquet", LOG[:half]))
    whole.load(write(whole.files / "more.parquet", LOG[half:]))
    whole.summarise()
    store.load(write(store.files / "log.parquet", LOG[:half]))
    store.summarise()
    before = store.exports(GLANCE)
    more = write(store.files / "more.parquet", LOG[half:])
    for words in ("LOCK TABLE events.writer", "INSERT INTO events.load ("):
        with cut_once(postgres, store, on=words) as sent:
            ran = store.run("load", more)
        assert sent, words
        refused(ran.status, ran.err)
        assert store.exports(GLANCE) == before
    store.load(more)
    with cut_once(postgres, store, on="INSERT INTO kpi.connection") as sent:
        store.summarise()
    assert sent
    assert store.exports(GLANCE) == whole.exports(GLANCE)


def test_a_killed_command_ends_on_the_server(
    make_server_store: Callable[[str], ServerStore],
) -> None:
    """A command killed within a statement soon leaves neither the statement nor its lock behind."""
    store = make_server_store("postgresql")
    store.load(write(store.files / "log.parquet", LOG))
    blocker = store.postgres.connect(store.database)
    blocker.autocommit = False
    blocker.cursor().execute(
        "LOCK TABLE kpi.segment"
    )  # the summary's statement waits, as a long one
    process = store.started(COMMAND, "summarise", KPI_APPLICATION_NAME="killed")
    working = "SELECT COUNT(*) FROM pg_stat_activity WHERE application_name = 'killed'"
    until(store, f"{working} AND wait_event = 'relation'", 1)
    process.kill()
    process.wait()
    until(store, working, 0)
    assert store.execute(
        "SELECT COUNT(*) FROM pg_locks WHERE relation = 'events.writer'::regclass"
    ) == [(0,)]
    blocker.close()
    process.stdout.close()
    process.stderr.close()
    store.summarise()


COMMAND = "import sys\nfrom kpi.commands.cli import main\nsys.exit(main(sys.argv[1:]))"


def until(store: ServerStore, count: str, expected: int, seconds: float = 30) -> None:
    """Ask the server again and again until it counts so many."""
    deadline = time.monotonic() + seconds
    while store.execute(count) != [(expected,)]:
        assert time.monotonic() < deadline, f"never {expected}: {count}"


@contextmanager
def cut_once(postgres: Postgres, store: ServerStore, on: str) -> Iterator[list[str]]:
    """The connection is cut as it is about to send its first statement with some words in it.

    Gives every statement with these words that was sent.
    """
    sent: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if on in statement:
            sent.append(statement)
            if len(sent) == 1:
                cut(postgres, store)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@pytest.mark.parametrize("engine", daily("redshift", of=("postgresql", "redshift")))
def test_a_read_that_was_cut_is_tried_again(
    engine: str, postgres: Postgres, make_server_store: Callable[[str], ServerStore]
) -> None:
    """A reader doesn't notice that the connection was lost in the middle of a question."""
    store = make_server_store(engine)
    store.load(write(store.files / "log.parquet", LOG))
    store.summarise()
    warehouse = opened(store)
    shown = written(table_of(warehouse, "engagement"), "csv")
    with cut_once(postgres, store, on="monthly_users_change") as sent:
        assert written(table_of(warehouse, "engagement"), "csv") == shown
    assert len(sent) == 2
    with cut_once(postgres, store, on="no such words") as sent:
        assert written(table_of(warehouse, "engagement"), "csv") == shown
    assert sent == []


def test_a_summary_that_was_cut_is_done_again_from_its_beginning(
    postgres: Postgres, make_server_store: Callable[[str], ServerStore]
) -> None:
    """Its one transaction left nothing, and the second try gives what an undisturbed one gives."""
    store, whole = make_server_store("postgresql"), make_server_store("postgresql")
    for one in (store, whole):
        one.load(write(one.files / "log.parquet", LOG))
    whole.summarise()
    with cut_once(postgres, store, on="INSERT INTO kpi.monthly_users_change") as sent:
        with environment(**store.settings()):
            done = summarise(Settings.read())
    assert done.days > 0
    assert len(sent) > 1 and sent[0] in sent[1:]
    assert store.exports(GLANCE) == whole.exports(GLANCE)


def test_a_load_that_was_cut_is_not_tried_again(
    postgres: Postgres, make_server_store: Callable[[str], ServerStore]
) -> None:
    """Whether the server kept it can't be known from here: it says so, and loading again is safe."""
    store = make_server_store("postgresql")
    file = write(store.files / "log.parquet", LOG)
    with cut_once(postgres, store, on="INSERT INTO events.load (") as sent:
        ran = store.run("load", file)
    refused(ran.status, ran.err)
    assert len(sent) == 1
    store.load(file)
    store.load(file)
    store.summarise()
    whole = make_server_store("postgresql")
    whole.load(write(whole.files / "log.parquet", LOG))
    whole.summarise()
    assert store.exports(GLANCE) == whole.exports(GLANCE)


def test_a_fault_that_stays_is_not_tried_again(standing: ServerStore) -> None:
    """A question that the server can't answer is sent once, and told in one line."""
    warehouse = opened(standing)
    tries = 0

    def work() -> None:
        nonlocal tries
        tries += 1
        with warehouse._engine.connect() as connection:
            connection.execute(text("SELECT day FROM kpi.no_such_table"))

    with pytest.raises(ProgrammingError):
        retried(work)
    assert tries == 1


def test_a_copy_that_was_cut(
    postgres: Postgres,
    make_server_store: Callable[[str], ServerStore],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A connection that is lost while rows are sent is told in one line; the next load does it whole."""
    store = make_server_store("postgresql")
    file = write(store.files / "log.parquet", LOG)
    read = adding._Csv.read

    def cut_and_read(rows: adding._Csv, size: int = -1) -> bytes:
        cut(postgres, store)
        return read(rows, size)

    with monkeypatch.context() as patch:
        patch.setattr(adding._Csv, "read", cut_and_read)
        ran = store.run("load", file)
    refused(ran.status, ran.err)
    assert "can't be reached" in ran.err
    assert store.execute("SELECT COUNT(*) FROM events.event") == [(0,)]
    store.load(file)


def test_rows_that_the_server_refuses(make_server_store: Callable[[str], ServerStore]) -> None:
    """What the server says quotes the row; only its code is told, and other files are loaded."""
    store = make_server_store("postgresql")
    store.execute("ALTER TABLE events.event ADD CHECK (type <> 'account.reset')")
    bad = write(store.files / "bad.csv", [*LOG, {**LOG[0], "type": "account.reset"}])
    good = write(
        store.files / "good.parquet", [row for row in LOG if row["type"] != "account.reset"]
    )
    ran = store.run("load", bad, good)
    sentences = [line for line in ran.err.splitlines() if line.startswith("kpi: ")]
    refused(ran.status, "\n".join(sentences))
    assert sentences == ["kpi: the database refused the rows (SQLSTATE 23514); nothing was loaded"]
    assert "1 file loaded" in ran.text and "Failing" not in ran.err


CODES = (
    ("23514", "Failing row", "refused a statement (SQLSTATE 23514)"),
    ("22003", "out of range", "refused a statement (SQLSTATE 22003)"),
    ("40001", "could not serialize", "changed the same tables at the same moment"),
    ("XX000", "1023: Serializable isolation violation", "changed the same tables"),
)
REFUSING = """
    CREATE FUNCTION kpi.refused() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'WORDS' USING ERRCODE = 'STATE', DETAIL = 'user ' || NEW.user_id;
    END $$
"""


@pytest.mark.parametrize(("state", "words", "sentence"), daily(CODES[3], of=CODES))
def test_a_statement_that_the_server_refuses(
    state: str, words: str, sentence: str, make_server_store: Callable[[str], ServerStore]
) -> None:
    """What the server says quotes ids; its code is said, and the numbers stay as they were."""
    half = len(LOG) // 2
    store = make_server_store("postgresql")
    store.load(write(store.files / "log.parquet", LOG[:half]))
    store.summarise()
    before = store.exports(GLANCE)
    store.load(write(store.files / "more.parquet", LOG[half:]))
    store.execute(REFUSING.replace("WORDS", words).replace("STATE", state))
    store.execute(
        "CREATE TRIGGER refused BEFORE INSERT ON events.user_day "
        "FOR EACH ROW EXECUTE FUNCTION kpi.refused()"
    )
    ran = store.run("summarise")
    refused(ran.status, ran.err)
    assert sentence in ran.err and "user" not in ran.err and words not in ran.err
    assert store.exports(GLANCE) == before
    store.execute("DROP FUNCTION kpi.refused() CASCADE")
    store.summarise()
    assert store.exports(GLANCE) != before


def test_wrong_sql_surfaces(make_server_store: Callable[[str], ServerStore]) -> None:
    """A statement that is wrong by itself is a bug: it is not made into a sentence for an operator."""
    told = Settings(database_url=make_server_store("postgresql").settings()["KPI_DATABASE_URL"])
    with pytest.raises(ProgrammingError), connections.faults(told):
        with connections.writing(told).connect() as connection:
            connection.exec_driver_sql("SELEC 1")


@pytest.mark.parametrize(
    ("state", "sentence"),
    (
        ("53100", "out of disk"),
        ("57P01", "can't be reached"),
        ("42501", "lacks a grant"),
        ("22001", "refused the rows (SQLSTATE 22001)"),
    ),
)
def test_faults_of_a_copy(state: str, sentence: str) -> None:
    """A fault of the driver while it copies gets the same sentence as any other, and no word of the row."""

    class Fault(psycopg2.Error):
        pgcode = state

    class Cursor:
        def copy_expert(self, statement: str, rows: object) -> None:
            raise Fault(f'sorry\nCONTEXT:  COPY event, line 1: "{"ab" * 32}"\n')

        def close(self) -> None:
            pass

    told = Settings(database_url="postgresql://nobody@127.0.0.1/none")
    raw = SimpleNamespace(cursor=Cursor, closed=0)
    connection = SimpleNamespace(
        dialect=connections.writing(told).dialect,
        connection=SimpleNamespace(driver_connection=raw, dbapi_connection=raw),
    )
    with pytest.raises(Refused) as refusal, connections.faults(told):
        adding.add(told, connection, [])
    assert sentence in str(refusal.value) and "abab" not in str(refusal.value)


@pytest.mark.parametrize(
    ("fault", "sentence"),
    (
        (duckdb.OutOfMemoryException("Out of Memory Error"), "KPI_MEMORY_LIMIT"),
        (KeyboardInterrupt(), "kpi: stopped"),
    ),
)
def test_a_fault_of_what_is_copied(
    fault: BaseException,
    sentence: str,
    make_server_store: Callable[[str], ServerStore],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rows that can't be made are no fault of the server: it is told as it is in a folder."""
    store = make_server_store("postgresql")

    def fail() -> None:
        raise fault

    monkeypatch.setattr("kpi.store.adding._Counted.__iter__", lambda self: iter(fail, None))
    ran = store.run("load", write(store.files / "log.parquet", LOG))
    refused(ran.status, ran.err)
    assert sentence in ran.err
