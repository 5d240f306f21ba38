"""What the tests share: a store of its own for each, the command line in process, comparing."""

from __future__ import annotations

import csv
import fcntl
import gc
import io
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, settings

TESTS = Path(__file__).parent
PROJECT = TESTS.parent
ROOMS = [path for path in sorted(TESTS.iterdir()) if any(path.glob("*.py"))]
for folder in map(str, (PROJECT, TESTS, *ROOMS)):
    if folder not in sys.path:
        sys.path.insert(0, folder)

pytest_plugins = ["app_pages", "browser", "demo_store", "snapshot", "killing", "postgres", "aws"]

# Imports leave little garbage, and looking for it takes a tenth of the collection of tests.
gc.disable()

MEMORY = Path("/dev/shm")


IN_CHROMIUM = tuple(
    f"tests/dashboard/test_{module}.py"
    for module in (
        *("browser", "client", "downloads", "every_page"),
        *("hostile_tags", "nginx", "page_state", "sign_in"),
    )
)
"""Modules that a single worker runs, so that they share a browser, a server, and what both have cached."""

LONGEST = (
    *IN_CHROMIUM,
    *(f"tests/store/test_{module}.py" for module in ("server", "grammar", "faults", "upgrade")),
    *(f"tests/store/test_{module}.py" for module in ("server_faults", "copies", "history")),
    *(f"tests/events/test_{module}.py" for module in ("formats", "bad_input", "cases")),
    *(f"tests/summary/test_{module}.py" for module in ("split_and_late", "loaded_days")),
    "tests/dashboard/test_goals_page.py",
    "tests/numbers/test_exact.py",
    "tests/whole/test_one_truth.py",
)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A worker gets a module at a time, and all modules in Chromium together."""
    from xdist.scheduler import LoadScopeScheduling

    class ByModule(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "Chromium" if nodeid.startswith(IN_CHROMIUM) else super()._split_scope(nodeid)

    return ByModule(config, log) if config.getvalue("dist") == "loadscope" else None


def roomy_folder() -> str:
    """Memory where there is enough of it, since a store is some dozens of small files; else the disk."""
    if not MEMORY.is_dir() or os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
        return tempfile.gettempdir()
    return str(MEMORY) if shutil.disk_usage(MEMORY).free > 4 * 2**30 else tempfile.gettempdir()


# Where pytest makes the folders of tests.
os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", roomy_folder())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest modules come first, so that no worker begins such a module when the others end."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


def pytest_collection_finish() -> None:
    """The collector of garbage begins with the first test, and passes over all that is there before."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()


KEY = "a key for tests, kept nowhere else"

# A store is built for every example, so a deadline per example would only measure the machine.
_unhurried = {"deadline": None, "suppress_health_check": list(HealthCheck)}
# Shrinking a failure takes minutes of stores; `long` does it, a daily run tells the seed.
_found_only = [Phase.explicit, Phase.reuse, Phase.generate]
settings.register_profile(
    "default", max_examples=2, derandomize=True, phases=_found_only, **_unhurried
)
settings.register_profile("long", max_examples=100, **_unhurried)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"


def _connected(
    database: object = ":memory:", read_only: bool = False, config: Mapping[str, Any] | None = None
) -> duckdb.DuckDBPyConnection:
    """DuckDB's connection with a single thread: a store of some hundred rows has no work for a second.

    In memory it uses an instance that was used before. In long runs it has all threads and its own instance.
    Whoever connects may attach any file, so no other connection has one open.
    """
    from instances import Instances

    global _instances
    close_publication()
    if LONG:
        return _connect(database, read_only, config or {})
    told = {"threads": 1, **(config or {})}
    if database != ":memory:" or told.get("temp_directory"):
        return _connect(database, read_only, told)
    _instances = _instances or Instances(_connect)
    return _instances.borrowed(told)


_instances: Any = None
_connect = duckdb.connect
duckdb.connect = _connected

_read_last: dict[object, Any] = {}
"""The publication that an export read last, by its key; it stays open as in a server of pages."""


def close_publication() -> None:
    """Let go of the publication that an export read last."""
    while _read_last:
        _read_last.popitem()[1]._engine.dispose()


@dataclass(frozen=True)
class Ran:
    """What a command did: its exit status and what it printed."""

    status: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """Standard output as text."""
        return self.out.decode()

    @property
    def said(self) -> str:
        """All that a person would see."""
        return self.text + self.err


@contextmanager
def environment(**told: str | None) -> Iterator[None]:
    """The process's KPI_ settings are exactly these for a while."""
    before = {name: value for name, value in os.environ.items() if name.startswith("KPI_")}
    for name in before:
        del os.environ[name]
    os.environ.update({name: value for name, value in told.items() if value is not None})
    try:
        yield
    finally:
        for name in [name for name in os.environ if name.startswith("KPI_")]:
            del os.environ[name]
        os.environ.update(before)


@contextmanager
def publications_stay_open() -> Iterator[None]:
    """Exports of the same publication open it once, which is half of the time that a small export needs."""
    from kpi import store
    from kpi.numbers import warehouse

    open_anew = warehouse.open_warehouse

    def opened(settings: Any, publication: int | None = None) -> Any:
        key = settings, store.publication_key(settings), publication
        if key not in _read_last:
            close_publication()
            reader = open_anew(settings, publication=publication)
            reader.close = lambda: reader in _read_last.values() or reader._engine.dispose()
            _read_last[key] = reader
        return _read_last[key]

    with mock.patch.object(warehouse, "open_warehouse", opened):
        yield


class Store:
    """An embedded store in a folder of its own, driven by the command line."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.files = folder / "files"
        self.files.mkdir(parents=True, exist_ok=True)

    def settings(self, **told: str | None) -> dict[str, str | None]:
        """The environment of a command; None takes a setting away."""
        return {"KPI_HOME": str(self.home), "KPI_HMAC_KEY": KEY, **told}

    def run(self, *arguments: str | Path, **told: str | None) -> Ran:
        """Run one command in this process, in an empty folder, so that no secrets file is read."""
        from kpi.commands.cli import main

        out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
        err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
        here = Path.cwd()
        os.chdir(self.folder)
        settings = self.settings(**told)
        reads_files = "export" in arguments[:1] and not settings.get("KPI_DATABASE_URL")
        reading = publications_stay_open() if reads_files else nullcontext()
        try:
            with environment(**settings), redirect_stdout(out), redirect_stderr(err), reading:
                try:
                    status = main([str(argument) for argument in arguments])
                except SystemExit as stopped:
                    status = stopped.code
        finally:
            os.chdir(here)
        return Ran(status or 0, out.buffer.getvalue(), err.buffer.getvalue().decode())

    def start(
        self, *arguments: str | Path, before: str = "", **told: str | None
    ) -> subprocess.CompletedProcess[str]:
        """Run one command in a process of its own; ``before`` is Python to run first."""
        program = (
            f"import sys\n{before}\nfrom kpi.commands.cli import main\nsys.exit(main(sys.argv[1:]))"
        )
        with self.started(program, *arguments, **told) as process:
            out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def started(
        self, program: str, *arguments: str | Path, **told: str | None
    ) -> subprocess.Popen[str]:
        """A Python program at work on this store in a process of its own."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("KPI_")}
        given = {name: value for name, value in self.settings(**told).items() if value is not None}
        return subprocess.Popen(
            [sys.executable, "-c", program, *map(str, arguments)],
            env={**kept, **given, "PYTHONPATH": str(PROJECT)},
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def must(self, *arguments: str | Path, **told: str | None) -> Ran:
        """Run a command that has to succeed."""
        ran = self.run(*arguments, **told)
        assert ran.status == 0, f"{arguments} gave {ran.status}: {ran.said}"
        return ran

    def load(self, *files: Path, **told: str | None) -> Ran:
        """Load files."""
        return self.must("load", *files, **told)

    def summarise(self, *arguments: str) -> Ran:
        """Bring the summaries up to date."""
        return self.must("summarise", *arguments)

    def export(self, metric: str, *arguments: str, min_users: int = 0) -> list[dict[str, Any]]:
        """The rows of an export, parsed: numbers as floats, an empty field as None."""
        ran = self.must("export", metric, *arguments, f"--min-users={min_users}")
        return parsed(ran.text)

    def published(self, query: str, **params: Any) -> list[dict[str, Any]]:
        """The rows of a file in `queries/read` in the newest publication, as pages read it."""
        with self.opened() as warehouse:
            return warehouse.frame(query, **params).to_dict("records")

    def numbers(self) -> dict[object, object]:
        """All numbers of the newest publication; stores of the same events are equal.

        In long runs with all that metrics print of them.
        """
        from contents import contents

        with self.opened() as warehouse:
            held = contents(warehouse)
        return {**held, **self.exports()} if LONG else held

    @contextmanager
    def opened(self) -> Iterator[Any]:
        """The newest publication, as pages read it."""
        from kpi.numbers import warehouse
        from kpi.settings import Settings

        told = {name: value for name, value in self.settings().items() if value is not None}
        with nullcontext() if "KPI_DATABASE_URL" in told else publications_stay_open():
            opened = warehouse.open_warehouse(Settings.read(told))
        try:
            yield opened
        finally:
            opened.close()

    def events(self, *columns: str) -> Counter[tuple[Any, ...]]:
        """The rows of the private table of events: these columns, or all that a file says itself."""
        with duckdb.connect() as engine:
            engine.execute("ATTACH $1 AS events (READ_ONLY)", [str(self.home / "events.duckdb")])
            named = ", ".join(columns or EVENT_COLUMNS)
            return Counter(engine.sql("SELECT " + named + " FROM events.event").fetchall())

    def exports(self, which: Iterable[tuple[str, ...]] = ()) -> dict[tuple[str, ...], bytes]:
        """What metrics print, byte for byte; by default enough to read every table, in long runs all."""
        usual = EVERY_EXPORT if LONG else OFTEN_EXPORTED
        return {asked: self.must("export", *asked).out for asked in which or usual}

    def copied_to(self, folder: Path) -> Store:
        """A store of its own with the same content."""
        copy = Store(folder)
        shutil.copytree(self.home, copy.home, symlinks=True)
        return copy


def daily(*values: Any, of: Iterable[Any]) -> list[Any]:
    """The values of a parameter: ``values`` in every run, the rest of ``of`` in long runs only."""

    def repeat(value: Any) -> Any:
        parts = value if type(value) is tuple else (value,)
        return pytest.param(*parts, marks=pytest.mark.long)

    return [value if value in values else repeat(value) for value in of]


EVENT_COLUMNS = (
    *('"timestamp"', "seq_id", "seq_time", "type", "uid", "device_id"),
    *("user_agent_browser", "user_agent_version", "user_agent_os"),
    *("service", "context", "entrypoint", "campaign", "migration"),
)
"""Columns of the table of events, but for those that production's files leave to the summary."""


def assert_reads_as(store: Store, events: Iterable[Mapping[str, Any]]) -> None:
    """The store has these events and no other, as a plain file of them has; so it has their numbers."""
    from event_files import write
    from logs import COLUMNS

    plain = Store(Path(tempfile.mkdtemp(dir=store.folder)))
    rows = [dict.fromkeys(COLUMNS) | event for event in events]
    file = write(plain.files / "plain.parquet", rows)
    content = file.read_bytes()
    if content not in _plain:
        plain.load(file)
        _plain[content] = plain.events()
    assert store.events() == _plain[content]


_plain: dict[bytes, Counter[tuple[Any, ...]]] = {}
"""The rows of each plain file that was loaded, by its content."""

ALL_CELLS = ("--min-users=0",)
EVERY_EXPORT: tuple[tuple[str, ...], ...] = (
    ("engagement", *ALL_CELLS),
    ("engagement", "--min-users=3"),
    ("engagement", "--by=os", *ALL_CELLS),
    ("engagement", "--not-os=Linux", "--users=existing", "--allow-unknown", *ALL_CELLS),
    *(("multi-device", f"--window={window}", *ALL_CELLS) for window in (3, 5, 7, 14)),
    ("multi-device", "--by=browser", *ALL_CELLS),
    ("device-coverage", *ALL_CELLS),
    ("same-people", "--bands", *ALL_CELLS),
    ("same-people", "--by=version", *ALL_CELLS),
    ("growth", *ALL_CELLS),
    ("growth", "--by=os", "--weekly", *ALL_CELLS),
    ("retention", "--by=version", *ALL_CELLS),
    ("connection-time", *ALL_CELLS),
    ("connection-time", "--devices=multi", *ALL_CELLS),
    ("completion", *ALL_CELLS),
    ("completion", "--by=version", *ALL_CELLS),
    ("steps", *ALL_CELLS),
)
OFTEN_EXPORTED: tuple[tuple[str, ...], ...] = (
    ("engagement", "--by=os", *ALL_CELLS),
    ("engagement", "--not-os=Linux", "--users=existing", "--allow-unknown", *ALL_CELLS),
    *(("multi-device", f"--window={window}", *ALL_CELLS) for window in (3, 7)),
    ("multi-device", "--window=14", "--by=browser", *ALL_CELLS),
    ("device-coverage", *ALL_CELLS),
    ("same-people", "--by=version", *ALL_CELLS),
    ("connection-time", *ALL_CELLS),
    ("connection-time", "--devices=multi", *ALL_CELLS),
    ("completion", "--by=version", *ALL_CELLS),
    ("steps", *ALL_CELLS),
)
"""Enough to read every audience, every tag and every kind of number of a publication."""

TEXT_COLUMNS = {
    *("day", "audience", "account", "step", "product"),
    *("group", "tag", "why"),
    *("browser", "version", "os", "service", "users"),
    *("region", "context", "entrypoint", "campaign", "migration"),
}


def parsed(text: str) -> list[dict[str, Any]]:
    """CSV as rows: numbers as floats, an empty field as None."""
    return [
        {
            name: cell if _is_text(name, cell) else (None if cell == "" else float(cell))
            for name, cell in row.items()
        }
        for row in csv.DictReader(io.StringIO(text, newline=""))
    ]


def _is_text(column: str, cell: str) -> bool:
    """True for the cell of a text column; users are a kind of account or their number."""
    return column in TEXT_COLUMNS and (column != "users" or cell in ("new", "existing"))


def differences(
    got: Sequence[Mapping[str, Any]], expected: Sequence[Mapping[str, Any]]
) -> list[str]:
    """How two tables differ, cell by cell; rows are known by their text columns."""

    def by_name(rows: Iterable[Mapping[str, Any]]) -> dict[tuple, Mapping[str, Any]]:
        named = {}
        for row in rows:
            name = tuple(
                row[column]
                for column in row
                if column in TEXT_COLUMNS and isinstance(row[column], str)
            )
            if name in named:
                found.append(f"{name}: twice")
            named[name] = row
        return named

    found: list[str] = []
    left, right = by_name(got), by_name(expected)
    found += [f"{name}: missing" for name in right if name not in left]
    found += [f"{name}: not expected" for name in left if name not in right]
    for name in [name for name in right if name in left]:
        if list(left[name]) != list(right[name]):
            found.append(f"columns {list(left[name])}, expected {list(right[name])}")
            break
        for column, value in right[name].items():
            if not same(left[name][column], value):
                found.append(f"{name} {column}: {left[name][column]}, expected {value}")
    return found


def same(got: Any, expected: Any) -> bool:
    """Equal, numbers within a billionth of their size; absent equals only absent."""
    if isinstance(expected, str) or None in (got, expected):
        return got == expected
    return abs(got - expected) <= 1e-9 * max(1.0, abs(expected))


def assert_same(
    got: Sequence[Mapping[str, Any]], expected: Sequence[Mapping[str, Any]], about: str = ""
) -> None:
    """Two tables hold the same rows; tells the first few cells that differ."""
    found = differences(got, expected)
    more = "" if len(found) <= 12 else f"\n... and {len(found) - 12} more"
    assert not found, f"{about}\n" + "\n".join(found[:12]) + more


def built_once(folders: pytest.TempPathFactory, name: str, build: Callable[[Path], object]) -> Path:
    """The folder that ``build`` fills, for all workers of a run; the first to ask builds it."""
    shared = folders.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder, built = shared / name, shared / f"{name}.built"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not built.exists():
            build(folder)
            built.touch()
    return folder


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest) -> str:
    """The engine that stores are of: DuckDB, or each in turn for tests marked `every_engine`."""
    return getattr(request, "param", "duckdb")


@pytest.fixture(scope="session")
def make_store(
    engine: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Callable[[], Store]:
    """Makes empty stores, for tests that need several."""
    if engine == "duckdb":
        return lambda: Store(tmp_path_factory.mktemp("store"))
    return partial(request.getfixturevalue("make_server_store"), engine)


@pytest.fixture
def store(make_store: Callable[[], Store]) -> Store:
    """An empty store."""
    return make_store()


@pytest.fixture(scope="module")
def store_of(engine: str, make_store: Callable[[], Store]) -> Callable[[Sequence[Any]], Store]:
    """Makes stores of a log, loaded from log.parquet and summarised.

    In files that is done once a module for each log, which must be a constant; a test gets a copy.
    """
    from event_files import write

    built: dict[int, Store] = {}

    def summarised(log: Sequence[Any]) -> Store:
        store = make_store()
        store.load(write(store.files / "log.parquet", log))
        store.summarise()
        return store

    def copied(log: Sequence[Any]) -> Store:
        if engine != "duckdb":
            return summarised(log)
        if id(log) not in built:
            built[id(log)] = summarised(log)
        copy = built[id(log)].copied_to(make_store().folder)
        shutil.copytree(built[id(log)].files, copy.files, dirs_exist_ok=True)
        return copy

    return copied
