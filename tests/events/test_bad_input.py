"""What can't be done is refused in one clear line, and leaves everything as it was."""

from __future__ import annotations

import ctypes
import json
import os
import re
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import KEY, LONG, PROJECT, Ran, Store, daily
from event_files import ACTIVITY_COLUMNS, csv_of, production_csv, write, write_bytes, zstd
from killing import Commands
from logs import RAW_DEVICE, RAW_USER, D, at, event, heartbeat, random_log, user

from kpi.events import layouts, load
from kpi.events.event_file import EventFile
from kpi.events.staging import Staging

Exports = dict[object, object]
LOG = random_log(50, days=32)
GLANCE = (("engagement", "--min-users=0"),)
JUNK = bytes(range(256)) * 40


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store with something in it."""
    made = Store(tmp_path_factory.mktemp("template"))
    made.load(write(made.files / "before.parquet", LOG))
    made.summarise()
    return made


@pytest.fixture(scope="session")
def before(template: Store) -> Exports:
    """What the store exports as long as nothing changes it."""
    return exports(template)


@pytest.fixture
def filled(template: Store, tmp_path: Path) -> Store:
    """A store with something in it, which must stay as it is."""
    return template.copied_to(tmp_path)


def exports(store: Store) -> Exports:
    """All numbers, and what a metric prints of them byte for byte."""
    return {**store.numbers(), **store.exports(GLANCE)}


def assert_refused(ran: Ran | subprocess.CompletedProcess[str], *named: str) -> str:
    """Exit status 1 and one line on stderr that names the thing and is no traceback."""
    if isinstance(ran, Ran):
        status, told, out = ran.status, ran.err, ran.text
    else:
        status, told, out = ran.returncode, ran.stderr, ran.stdout
    assert status == 1, f"status {status}: {told}{out}"
    assert "Traceback" not in told + out
    assert len(told.splitlines()) == 1, told
    assert len(told) < 600, "a line that nobody would read"
    for name in named:
        assert name in told, told
    assert RAW_USER not in told + out and RAW_DEVICE not in told + out
    return told


def assert_nothing_changed(store: Store, before: Exports) -> None:
    """The store works, its exports are the same, also after summarising again."""
    store.summarise()
    assert exports(store) == before


def text_of(*names: str) -> bytes:
    """A CSV with these column names and one row."""
    return (",".join(names) + "\n" + ",".join("1" for _ in names) + "\n").encode()


def cut(content: bytes) -> bytes:
    """The first two thirds of a file."""
    return content[: len(content) * 2 // 3]


def compressed(name: str, content: bytes) -> Callable[[Path], bytes]:
    """Bytes as they would lie in a file of that name."""
    return lambda folder: write_bytes(folder / "scratch" / name, content).read_bytes()


WHOLE = csv_of(LOG)
SPECIFIED = WHOLE.decode().splitlines()[0].split(",")
UNREADABLE: dict[str, tuple[str, Callable[[Path], bytes]]] = {
    "empty": ("empty.csv", lambda folder: b""),
    "empty json": ("empty.json", lambda folder: b""),
    "empty parquet": ("empty.parquet", lambda folder: b""),
    "empty inside gz": ("empty.csv.gz", compressed("empty.csv.gz", b"")),
    "only newlines": ("newlines.csv", lambda folder: b"\n\n\n"),
    "only a byte order mark": ("mark.csv", lambda folder: b"\xef\xbb\xbf"),
    "only a byte order mark in gz": ("mark.json.gz", compressed("mark.json.gz", b"\xef\xbb\xbf")),
    "a byte order mark and newlines": ("marked.csv", lambda folder: b"\xef\xbb\xbf\r\n \n"),
    "only blanks of Unicode": ("blanks.csv", lambda folder: "\u00a0\n\u3000\n".encode()),
    "a json number without end": (
        "digits.json",
        lambda folder: b'{"timestamp": ' + b"9" * 5000 + b', "type": "account.signed"}\n',
    ),
    "junk": ("junk.csv", lambda folder: JUNK),
    "junk json": ("junk.json", lambda folder: JUNK),
    "junk parquet": ("junk.parquet", lambda folder: JUNK),
    "junk gz": ("junk.csv.gz", lambda folder: JUNK),
    "junk zst": ("junk.csv.zst", lambda folder: JUNK),
    "junk inside gz": ("inside.csv.gz", compressed("inside.csv.gz", JUNK)),
    "nothing but zeros": ("zeros.csv", lambda folder: bytes(5000)),
    "truncated gz": ("cut.csv.gz", lambda folder: cut(compressed("cut.csv.gz", WHOLE)(folder))),
    "truncated zst": ("cut.csv.zst", lambda folder: cut(zstd(WHOLE))),
    "truncated json gz": (
        "cut.json.gz",
        lambda folder: cut(write(folder / "scratch" / "cut.json.gz", LOG).read_bytes()),
    ),
    "truncated parquet": (
        "cut.parquet",
        lambda folder: cut(write(folder / "scratch" / "cut.parquet", LOG).read_bytes()),
    ),
    "a picture": ("picture.csv", lambda folder: b"\x89PNG\r\n\x1a\n" + JUNK),
    "a letter": ("letter.csv", lambda folder: b"Dear all,\nplease find the numbers.\nBest\n"),
    "wrong columns": ("wrong.csv", lambda folder: text_of("a", "b", "c")),
    "too few columns": ("few.csv", lambda folder: text_of(*SPECIFIED[:-1])),
    "a column twice": ("twice.csv", lambda folder: text_of(*SPECIFIED[:-1], "type")),
    "an unknown column": ("unknown.csv", lambda folder: text_of(*SPECIFIED[:-1], "mygration")),
    "a number of columns nobody wrote": (
        "nine.csv",
        lambda folder: b"1453300000,Firefox,40,Linux,u,account.signed,sync,d,e\n" * 30,
    ),
    "json without events": ("other.json", lambda folder: b'{"a": 1}\n{"a": 2}\n'),
    "a json value": ("value.json", lambda folder: b"42\n"),
}


@pytest.mark.parametrize("case", daily("empty", "junk parquet", of=UNREADABLE))
def test_unreadable_files(case: str, filled: Store, before: Exports) -> None:
    """A file that holds no events is refused by name, alone or beside good ones."""
    name, content = UNREADABLE[case]
    path = filled.files / name
    path.write_bytes(content(filled.folder))
    assert_refused(filled.run("load", path), name)
    assert_nothing_changed(filled, before)


@pytest.mark.parametrize("ending", (".gz", ".zst"))
@pytest.mark.parametrize("damage", (cut, lambda content: content[:20] + JUNK))
def test_damaged_firefox_figures(
    ending: str, damage: Callable[[bytes], bytes], filled: Store
) -> None:
    """Firefox's figures in a compressed file that is cut off or damaged are refused by name."""
    rows = "".join(f"2016-01-{day:02},desktop,{day * 7919},999999\n" for day in range(1, 32))
    path = write_bytes(
        filled.files / f"firefox.csv{ending}", b"day,product,dau,mau\n" + rows.encode()
    )
    path.write_bytes(damage(path.read_bytes()))
    assert_refused(filled.run("load-firefox", path), path.name)


def test_parquet_of_something_else(filled: Store, before: Exports) -> None:
    """A whole Parquet file with other columns is refused by name."""
    path = filled.files / "other.parquet"
    duckdb.connect().execute("COPY (SELECT 1 AS a, 2 AS b) TO $1 (FORMAT parquet)", [str(path)])
    assert_refused(filled.run("load", path), "other.parquet")
    assert_nothing_changed(filled, before)


def test_cut_in_the_middle_of_a_big_file(filled: Store, before: Exports) -> None:
    """A large compressed file that ends early brings none of its many good rows."""
    rows = [event(at(D[40]) + step, uid=user(step)) for step in range(30_000)]
    path = write(filled.files / "big.csv.gz", rows)
    path.write_bytes(path.read_bytes()[:-20_000])
    assert_refused(filled.run("load", path), "big.csv.gz")
    assert_nothing_changed(filled, before)


def test_missing_file(filled: Store, before: Exports) -> None:
    """A file that isn't there is named."""
    assert_refused(filled.run("load", filled.files / "missing.csv"), "missing.csv")
    assert_nothing_changed(filled, before)


def test_missing_file_beside_a_good_one(filled: Store) -> None:
    """A command with one missing file says so; the good file can be loaded all the same."""
    good = write(filled.files / "good.csv", [event(at(D[3]), uid=user("good"))])
    assert_refused(filled.run("load", good, filled.files / "missing.csv"), "missing.csv")
    filled.load(good)
    filled.summarise()


@pytest.mark.parametrize("stray", (None, "notes.txt", "import.log"))
def test_folder_without_event_files(stray: str | None, filled: Store, before: Exports) -> None:
    """A folder that holds no event file is named."""
    folder = filled.folder / "barren"
    folder.mkdir()
    if stray:
        (folder / stray).write_text("nothing to load\n")
    assert_refused(filled.run("load", folder), "barren")
    assert_nothing_changed(filled, before)


def test_names_with_odd_characters(filled: Store) -> None:
    """Quotes, spaces, brackets and patterns in a file's name are part of its name."""
    names = ("it's.csv", "a b.csv", "[x].csv", "100%.csv", "*.csv", "ünï.csv", "-x.csv", ";.csv")
    for place, name in enumerate(names):
        write(filled.files / "odd" / name, [event(at(D[60]), uid=user(f"odd{place}"))])
    filled.load(*sorted((filled.files / "odd").iterdir()))
    assert_loaded(filled, len(names))
    bad = filled.files / "bad 'n\" [odd]*.csv"
    bad.write_bytes(JUNK)
    assert_refused(filled.run("load", bad), "bad 'n\" [odd]*.csv")


def test_missing_key(filled: Store, before: Exports) -> None:
    """Without a key unhashed ids are refused with one line that says how to make one."""
    path = write(filled.files / "more.csv", LOG[:5])
    told = assert_refused(filled.run("load", path, KPI_HMAC_KEY=None), "KPI_HMAC_KEY")
    assert "python -c" in told
    assert_refused(filled.run("load", path, KPI_HMAC_KEY=""), "KPI_HMAC_KEY")
    assert_nothing_changed(filled, before)


def test_missing_key_on_a_new_store(store: Store) -> None:
    """Refusing for want of a key leaves no raw id in the store's folder."""
    path = write(store.files / "first.csv", LOG)
    assert_refused(store.run("load", path, KPI_HMAC_KEY=None), "KPI_HMAC_KEY")
    for found in store.home.rglob("*"):
        assert not found.is_file() or RAW_USER.encode() not in found.read_bytes()
    assert_refused(store.run("export", "engagement"))


def test_reading_needs_no_key(filled: Store, before: Exports) -> None:
    """Summaries and exports hold no ids, so they need no key."""
    filled.must("summarise", KPI_HMAC_KEY=None)
    ran = filled.must("export", "engagement", "--min-users=0", KPI_HMAC_KEY=None)
    assert ran.out == before["engagement", "--min-users=0"]


def test_another_key(filled: Store, before: Exports) -> None:
    """Under another key every user would become two; that is refused, and no key is shown."""
    path = write(filled.files / "more.csv", LOG[:5])
    told = assert_refused(filled.run("load", path, KPI_HMAC_KEY="quite another key"))
    assert KEY not in told and "quite another key" not in told
    assert_nothing_changed(filled, before)


def test_nothing_loaded_yet(store: Store) -> None:
    """An export of nothing says which command loads something."""
    assert "load" in assert_refused(store.run("export", "engagement"))
    store.home.mkdir(parents=True)
    assert "load" in assert_refused(store.run("export", "completion"))


def test_loaded_but_not_summarised(store: Store) -> None:
    """An export before the first summary says which command makes one."""
    store.load(write(store.files / "log.csv", LOG))
    assert "summarise" in assert_refused(store.run("export", "engagement"))


@pytest.mark.parametrize(
    "arguments",
    (
        ("export", "nosuch"),
        ("export", "engagement", "--nosuch=1"),
        ("export", "multi-device", "--window=4"),
        ("export", "engagement", "--window=7"),
        ("export", "engagement", "--from=2016-02-30"),
        ("export", "engagement", "--to=yesterday"),
        ("export", "engagement", "--users=old"),
        ("export", "engagement", "--devices=multi"),
        ("export", "engagement", "--min-users=-1"),
        ("export", "engagement", "--min-users=x"),
        ("export", "engagement", "--by=day"),
        ("export", "firefox", "--os=Linux"),
        ("load",),
        ("load", "--format=xml", "x.csv"),
        ("nosuch",),
        (),
    ),
    ids=" ".join,
)
def test_wrong_usage(arguments: tuple[str, ...], filled: Store) -> None:
    """What the command line can't mean is exit status 2 with the usage, and prints no table."""
    ran = filled.run(*arguments)
    assert ran.status == 2 and ran.out == b""
    assert "usage:" in ran.err and "Traceback" not in ran.err


def test_period_the_wrong_way_round(filled: Store) -> None:
    """A period that ends before it begins is refused, no empty table and no summary of nothing."""
    wrong = ("--from=2016-03-02", "--to=2016-03-01")
    for command in (("export", "engagement"), ("export", "firefox"), ("summarise",)):
        ran = filled.run(*command, *wrong)
        assert_refused(ran, "2016-03-02", "2016-03-01", "before it begins")
        assert ran.out == b""


# The store ----------------------------------------------------------------------------------------


def test_home_is_a_file(store: Store) -> None:
    """A KPI_HOME that is no folder is named."""
    store.home.write_text("not a folder\n")
    path = write(store.files / "log.csv", LOG)
    assert_refused(store.run("load", path), "home")
    assert_refused(store.run("export", "engagement"))
    assert_refused(store.run("summarise"))


@pytest.mark.parametrize("name", ("events.duckdb", "kpi.duckdb"))
def test_store_that_is_no_store(name: str, filled: Store) -> None:
    """A store's file full of junk is named; nothing is written over it."""
    path = (filled.home / name).resolve()
    path.write_bytes(JUNK)
    more = write(filled.files / "more.csv", LOG[:5])
    commands = {"events.duckdb": (("load", more), ("summarise",))}
    for command in commands.get(name, (("export", "engagement"),)):
        assert_refused(filled.run(*command))
        assert path.read_bytes() == JUNK


@pytest.mark.parametrize("name", ("events.duckdb", "kpi.duckdb"))
def test_store_of_a_newer_engine(name: str, filled: Store) -> None:
    """A file that a newer DuckDB wrote is refused in a plain line and left alone."""
    path = (filled.home / name).resolve()
    content = written_by_newer_duckdb(path.read_bytes())
    path.write_bytes(content)
    with pytest.raises(duckdb.IOException, match="newer version"):
        duckdb.connect(str(path), read_only=True)
    more = write(filled.files / "more.csv", LOG[:5])
    commands = {"events.duckdb": (("load", more), ("summarise",))}
    for command in commands.get(name, (("export", "engagement"),)):
        assert_refused(filled.run(*command))
        assert path.read_bytes() == content


def written_by_newer_duckdb(content: bytes) -> bytes:
    """A DuckDB file with the storage version of some later year in its first header."""
    header = bytearray(content[8:4096])
    assert header[:4] == b"DUCK"
    header[4:12] = (2000).to_bytes(8, "little")
    checksum = 5381
    for (word,) in struct.iter_unpack("<Q", header):
        checksum ^= word * 0xBF58476D1CE4E5B9 % 2**64
    return checksum.to_bytes(8, "little") + bytes(header) + content[4096:]


def test_store_of_a_newer_version(filled: Store) -> None:
    """A publication of newer tables than these is refused in a line that says so."""
    path = (filled.home / "kpi.duckdb").resolve()
    with duckdb.connect(str(path)) as engine:
        engine.execute("UPDATE publication SET schema_version = schema_version + 1000")
    told = assert_refused(filled.run("export", "engagement"))
    assert "newer" in told


def test_events_of_a_newer_version(filled: Store, before: Exports) -> None:
    """Events of newer tables than these are neither loaded into nor summarised."""
    path = (filled.home / "events.duckdb").resolve()
    with duckdb.connect(str(path)) as engine:
        changed = engine.execute(
            "UPDATE store SET setting = CAST(setting AS INTEGER) + 1000 "
            "WHERE name LIKE '%version%' RETURNING 1"
        ).fetchall()
    assert changed
    more = write(filled.files / "more.csv", LOG[:5])
    assert "newer" in assert_refused(filled.run("load", more))
    assert "newer" in assert_refused(filled.run("summarise"))
    assert exports(filled) == before


@contextmanager
def without_root_powers() -> Iterator[None]:
    """Permissions hold for this thread even if the tests run as root.

    Capabilities belong to threads: giving up the effective ones, with the permitted ones kept,
    can be undone, and needs no other user.
    """
    if sys.platform != "linux" or os.geteuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    held = (ctypes.c_uint32 * 6)()
    assert libc.capget(header, held) == 0
    fewer = (ctypes.c_uint32 * 6)(*held)
    # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH are what lets root pass by permissions.
    fewer[0] &= ~0b110
    assert libc.capset(header, fewer) == 0
    try:
        yield
    finally:
        assert libc.capset(header, held) == 0


@contextmanager
def mode(path: Path, permissions: int) -> Iterator[None]:
    """A path has other permissions for a while."""
    before = path.stat().st_mode
    path.chmod(permissions)
    try:
        with without_root_powers():
            yield
    finally:
        path.chmod(before)


def test_no_permission_to_make_the_store(store: Store) -> None:
    """A folder that may not be written is named, and nothing appears in it."""
    path = write(store.files / "log.csv", LOG)
    with mode(store.folder, 0o555):
        ran = store.run("load", path)
    assert_refused(ran, "home")
    assert not store.home.exists()


def test_no_permission_to_write_the_store(filled: Store, before: Exports) -> None:
    """A store that may only be read still exports, and refuses to load and summarise."""
    more = write(filled.files / "more.csv", LOG[:5])
    (filled.home / "events.duckdb").chmod(0o444)
    with mode(filled.home, 0o555):
        assert_refused(filled.run("load", more))
        assert exports(filled) == before
    (filled.home / "events.duckdb").chmod(0o644)
    assert_nothing_changed(filled, before)


@pytest.mark.parametrize("place", ("..", ".", "publications", "events.duckdb"))
def test_no_permission_to_read_the_store(place: str, filled: Store) -> None:
    """To another user than its own, doctor tells as a finding what can't be read, and nothing of damage."""
    (filled.folder / "above").mkdir()
    filled.home = filled.home.rename(filled.folder / "above" / "home")
    with mode((filled.home / place).resolve(), 0o000):
        text, listed = filled.run("doctor"), filled.run("doctor", "--json")
        others = [filled.run(*command) for command in (("summarise",), ("export", "engagement"))]
    bad = [finding for finding in json.loads(listed.text) if not finding["good"]]
    assert text.status == listed.status == 1 and text.err == listed.err == ""
    told = [
        finding["sentence"] for finding in bad if "check its permissions" in finding["sentence"]
    ]
    assert len(told) == 1 and str(filled.home) in told[0] and told[0] in text.text
    assert "damaged" not in listed.text
    for ran in others[: 1 if place == "events.duckdb" else None]:
        assert_refused(ran, "check its permissions")


def test_no_permission_to_read_a_file(filled: Store, before: Exports) -> None:
    """An event file that may not be read is named."""
    path = write(filled.files / "secret.csv", LOG)
    with mode(path, 0o000):
        ran = filled.run("load", path)
    assert_refused(ran, "secret.csv")
    assert_nothing_changed(filled, before)


def good_beside(filled: Store, *names: str) -> list[Path]:
    """Good files of these names, each with events of a user of its own on a new day."""
    return [
        write(
            filled.files / "given" / name,
            [event(at(D[60]) + step, uid=user(name)) for step in range(12)],
        )
        for name in names
    ]


def assert_loaded(store: Store, users: int) -> None:
    """So many of the good files were loaded."""
    loaded = [uid for uid, moment in store.events("uid", '"timestamp"') if moment >= at(D[60])]
    assert len(set(loaded)) == users


def test_no_permission_beside_good_files(filled: Store) -> None:
    """A file or subfolder that may not be read is refused in a line; the others are loaded."""
    good_beside(filled, "a.csv", "secret.csv", "shut/x.csv", "z.csv")
    folder = filled.files / "given"
    with mode(folder / "secret.csv", 0o000), mode(folder / "shut", 0o000):
        ran = filled.run("load", folder)
    assert ran.status == 1 and "2 files loaded" in ran.text and "2 refused" in ran.text
    assert sorted(ran.err.splitlines()) == [
        f"kpi: {folder / name}: no permission to read it" for name in ("secret.csv", "shut")
    ]
    assert_loaded(filled, 2)


@pytest.mark.parametrize("permissions", (0o000, 0o444), ids=("shut", "listed only"))
def test_no_permission_to_enter_a_folder(permissions: int, filled: Store) -> None:
    """A folder that may not be entered is refused, and so is a path in it; the others are loaded."""
    *shut, good = good_beside(filled, "shut/x.csv", "shut/y.csv", "z.csv")
    with mode(shut[0].parent, permissions):
        for number, path in enumerate((shut[0], shut[0].parent)):
            ran = filled.run("load", path, *[good][number:])
            assert ran.status == 1 and "Traceback" not in ran.said
            told = ran.err.splitlines()
            assert 1 <= len(told) <= 2 and all("shut" in line for line in told)
            assert all(line.endswith(": no permission to read it") for line in told)
    assert_loaded(filled, 1)


ENDINGS = (".csv", ".json", ".csv.gz", ".csv.zst", ".parquet")
PLACES = (
    (load, "load_file"),
    (Staging, "begin"),
    (EventFile, "blocks"),
    (layouts, "recognise"),
    (EventFile, "parquet"),
)
VANISHING = [(*place, ending) for ending in ENDINGS for place in PLACES]


# Every step and every kind of file daily; all pairs of them in long runs.
@pytest.mark.parametrize(
    ("place", "step", "ending"),
    daily(*VANISHING[:: len(PLACES) + 1], of=VANISHING),
    ids=lambda given: getattr(given, "__name__", given),
)
def test_file_that_vanishes(
    place: Any, step: str, ending: str, filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that goes while it is loaded is refused in a line or loaded whole; the others are loaded."""
    _, going, _ = good_beside(filled, f"a{ending}", f"[b]{ending}", f"c{ending}")
    real = getattr(place, step)

    def vanishing(*given: Any, **named: Any) -> Any:
        if any(path_of(each) == going for each in given):
            going.unlink(missing_ok=True)
        return real(*given, **named)

    monkeypatch.setattr(place, step, vanishing)
    ran = filled.run("load", filled.files / "given")
    if going.exists() or "3 files loaded" in ran.text:
        assert ran.status == 0 and "3 files loaded" in ran.text, ran.said
        return assert_loaded(filled, 3)
    assert ran.status == 1 and "2 files loaded" in ran.text, ran.said
    assert len(ran.err.splitlines()) == 1 and f"[b]{ending}: " in ran.err, ran.err
    return assert_loaded(filled, 2)


def path_of(given: Any) -> Path | None:
    """The path of a file or of what stages it."""
    file = getattr(given, "_file", given)
    return file if isinstance(file, Path) else getattr(file, "path", None)


@pytest.mark.parametrize("at_first", (True, False))
def test_missing_path_beside_good_files(at_first: bool, filled: Store) -> None:
    """A path that isn't there is refused in a line; the others are loaded."""
    paths = [*good_beside(filled, "a.csv"), filled.files / "missing"]
    ran = filled.run("load", *sorted(paths, reverse=at_first))
    told = assert_refused(ran, "missing: no such file or folder")
    assert "missing" in told and "1 file loaded" in ran.text
    assert_loaded(filled, 1)


def test_unreadable_files_beside_good_ones(filled: Store) -> None:
    """However many files of a run hold no events, each is refused in a line, and the others loaded."""
    good_beside(filled, "a.csv", "z.csv")
    for name, content in UNREADABLE.values():
        (filled.files / "given" / name).write_bytes(content(filled.folder))
    ran = filled.run("load", filled.files / "given")
    assert ran.status == 1 and "2 files loaded" in ran.text
    told = ran.err.splitlines()
    assert len(told) == len(UNREADABLE) and all(line.startswith("kpi: ") for line in told)
    for name, _ in UNREADABLE.values():
        assert sum(f"{filled.files / 'given' / name}: " in line for line in told) == 1, name
    assert "Traceback" not in ran.said and RAW_USER not in ran.said and RAW_DEVICE not in ran.said
    assert_loaded(filled, 2)


def test_no_permission_to_write_the_output(filled: Store) -> None:
    """An output that can't be written is named."""
    folder = filled.folder / "closed"
    folder.mkdir()
    with mode(folder, 0o555):
        ran = filled.run("export", "engagement", "-o", folder / "out.csv")
    assert_refused(ran, "out.csv")
    assert_refused(filled.run("export", "engagement", "-o", filled.folder / "no" / "out.csv"))
    assert list(folder.iterdir()) == []


@pytest.mark.long
@pytest.mark.parametrize("kilobytes", (16, 600, 1500))
def test_full_disk_while_loading(kilobytes: int, filled: Store, before: Exports) -> None:
    """When a file can grow no further, a load is refused in one line and leaves nothing."""
    rows = [
        event(at(D[40]) + step, uid=user(step * 7919 % 65_537), seq_id=f"{step:x}", seq_time=step)
        for step in range(60_000)
    ]
    path = write(filled.files / "big.csv", rows)
    ran = filled.start("load", path, before=limit(filled, kilobytes))
    assert_refused(ran)
    assert_nothing_changed(filled, before)
    filled.load(path)


@pytest.mark.long
@pytest.mark.parametrize("kilobytes", (4, 64, 300))
def test_full_disk_while_summarising(kilobytes: int, filled: Store, before: Exports) -> None:
    """When a summary can't be written, readers keep the one they have."""
    filled.load(write(filled.files / "more.csv", random_log(51, days=40)))
    ran = filled.start("summarise", before=limit(filled, kilobytes))
    assert_refused(ran)
    assert exports(filled) == before
    filled.summarise()
    assert exports(filled) != before


LIMITED = (
    "import resource, sys; sys.dont_write_bytecode = True; "
    "resource.setrlimit(resource.RLIMIT_FSIZE, ({most}, {most}))"
)
"""Python that lets no file grow beyond so many bytes; bytecode would be cut off there, too."""


def limit(store: Store, kilobytes: int) -> str:
    """Python that lets no file grow by more than so much beyond the store's largest."""
    largest = max(path.stat().st_size for path in store.home.rglob("*") if path.is_file())
    most = largest + kilobytes * 1024 if kilobytes > 400 else kilobytes * 1024
    return LIMITED.format(most=most)


def test_full_disk_while_exporting(filled: Store) -> None:
    """An export that can't be written whole is refused by name and leaves no half of it."""
    path = filled.folder / "out.csv"
    path.write_text("an older export\n")
    within = LIMITED.format(most=500)
    ran = filled.start("export", "steps", "--min-users=0", "-o", path, before=within)
    assert_refused(ran, "out.csv")
    assert path.read_text() == "an older export\n"
    assert [found.name for found in filled.folder.glob("out.csv*")] == ["out.csv"]


def test_output_that_is_no_plain_file(filled: Store) -> None:
    """-o into a pipe or through a link writes there; neither is replaced by a file."""
    expected = filled.must("export", "completion").out
    pipe = filled.folder / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        filled.must("export", "completion", "-o", pipe)
        assert pipe.is_fifo()
        assert os.read(reader, 1 << 16) == expected
    finally:
        os.close(reader)
    target, link = filled.folder / "target.csv", filled.folder / "link.csv"
    link.symlink_to(target)
    filled.must("export", "completion", "-o", link)
    assert link.is_symlink() and target.read_bytes() == expected


def test_reader_who_leaves(filled: Store) -> None:
    """`export | head -1` ends quietly."""
    command = f"'{sys.executable}' -m kpi export steps --min-users 0 | head -1"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KPI_")}
    told = {"KPI_HOME": str(filled.home), "PYTHONPATH": str(PROJECT)}
    ran = subprocess.run(
        ["sh", "-c", command],
        env=kept | told,
        cwd=filled.folder,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.stdout == "day,step,reached,median_seconds\n"
    assert ran.stderr == ""


HOLD = """
import sys
import duckdb
engine = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def held_open(path: Path) -> Iterator[None]:
    """Another process has the file open for writing."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "held\n"
        try:
            yield
        finally:
            process.stdin.close()


def test_events_held_by_another_process(filled: Store, before: Exports) -> None:
    """While another process writes, a load is refused in one line; exports never notice."""
    more = write(filled.files / "more.csv", LOG[:5])
    with held_open((filled.home / "events.duckdb").resolve()):
        assert exports(filled) == before
        assert_refused(filled.run("load", more, KPI_LOCK_SECONDS="0.2"))
    filled.load(more)


def dies_at(filled: Store, forked: Commands, *arguments: str | Path) -> Iterator[Store]:
    """Copies of a store in which a command died at calls from the first to the last.

    Calls of the engine and of the file system; it dies by SIGKILL just before.
    """

    def copied(name: str) -> Store:
        return filled.copied_to(filled.folder / name)

    whole = forked.run(copied("whole"), arguments)
    assert whole.status == 0, whole.said
    count = whole.calls
    assert count > 5
    every = (1, count // 2, count * 3 // 4, count - 1, count)
    for last in every if LONG else every[1::3]:
        store = copied(f"died at {last}")
        ended = forked.run(store, arguments, at_call=last)
        assert ended.killed, ended.said
        yield store


def test_killed_while_loading(filled: Store, forked: Commands, before: Exports) -> None:
    """A load that dies leaves its file absent or whole, and the store usable."""
    rows = [event(at(D[55]) + step, uid=user(step)) for step in range(2_000)]
    path = write(filled.files / "big.csv", rows)
    absent = 0
    for store in dies_at(filled, forked, "load", path):
        store.summarise()
        if exports(store) == before:
            absent += 1
            store.load(path)
            store.summarise()
        rows = store.export("engagement", f"--from={D[55]}")
        assert (rows[0]["day"], rows[0]["dau"]) == (D[55], 2_000)
    assert absent >= (2 if LONG else 1)


def test_killed_while_summarising(filled: Store, forked: Commands, before: Exports) -> None:
    """A summary that dies changes nothing or all for readers; the next one does what is left."""
    filled.load(write(filled.files / "more.csv", random_log(52, days=40)))
    kept = []
    for store in dies_at(filled, forked, "summarise"):
        found = exports(store)
        store.summarise()
        after = exports(store)
        kept.append(after)
        assert found in (before, after)
    assert before not in kept
    assert all(after == kept[0] for after in kept)


def test_over_five_percent_bad(filled: Store, before: Exports) -> None:
    """Too many bad rows refuse the file, naming it and the first bad line with its reason."""
    rows = [event(at(D[3]) + place, uid=user("x")) for place in range(30)]
    for place in (4, 9):
        rows[place]["type"] = ""
    told = assert_refused(filled.run("load", write(filled.files / "bad.csv", rows)), "bad.csv")
    assert re.search(r"\bline 6\b", told) and "type" in told
    assert_nothing_changed(filled, before)


def test_bad_settings(filled: Store) -> None:
    """A setting that makes no sense is named in one line, its value never shown."""
    for name in ("KPI_MIN_USERS", "KPI_MAX_REJECTS_PERCENT", "KPI_COMPLETE_AFTER_HOURS"):
        told = assert_refused(filled.run("export", "engagement", **{name: "shhh"}), name)
        assert "shhh" not in told


def test_swapped_production_columns(filled: Store, before: Exports) -> None:
    """A file whose columns were swapped throughout is refused, not read into wrong columns."""
    swapped = (ACTIVITY_COLUMNS[5], *ACTIVITY_COLUMNS[1:5], ACTIVITY_COLUMNS[0])
    rows = [
        {"timestamp": at(D[3]) // 1000, "type": "account.signed", "uid": user("x")}
        for _ in range(30)
    ]
    content = production_csv(rows, (*swapped, *ACTIVITY_COLUMNS[6:]), 8)
    path = write_bytes(filled.files / "swapped.csv", content)
    assert_refused(filled.run("load", path), "swapped.csv")
    assert_nothing_changed(filled, before)


def test_ids_never_in_messages(filled: Store) -> None:
    """Rejects and refusals never repeat a user's or a device's id."""
    log = heartbeat(D[0], 2)
    log += [event(at(D[0]), uid=user("y" * 70)), event(7, uid=user("z"))]
    ran = filled.run("load", write(filled.files / "ids.csv", log))
    assert ran.status == 1
    assert RAW_USER not in ran.said and RAW_DEVICE not in ran.said
