"""Fuzzed event files: whatever a file holds, it is loaded whole or refused in one line, and soon.

Files are made from good ones by cutting, doubling, swapping and overwriting bytes, cells and lines, with
hostile pieces thrown in; the loader is the product's own, over private tables in memory.
"""

from __future__ import annotations

import gzip
import random
import re
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow
import pytest
from conftest import KEY, LONG, Store, daily
from event_files import ACTIVITY_COLUMNS, FLOW_COLUMNS, production_csv, write, zstd
from hypothesis import given
from hypothesis import strategies as st
from logs import RAW_DEVICE, RAW_USER, at, event, random_activity, random_flow, random_log, user
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from kpi.errors import Refused
from kpi.events import load
from kpi.events.event_file import EventFile
from kpi.settings import Settings
from kpi.store.embedded import Loading

SLOWEST = 20.0  # seconds; a machine shared with other work may stall
MOST_MEMORY = 600 << 10  # KiB above what the process held before
SETTINGS = Settings(hmac_key=KEY.encode(), memory_limit="256MB", max_rejects_percent=40.0)
HOSTILE: tuple[bytes, ...] = (
    b"\0",
    b"\0" * 300,
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b'"',
    b'""',
    b'"\n',
    b"\r\n",
    b"\r",
    b",",
    b"," * 40,
    b"\n" * 20,
    b"NULL",
    b"-1",
    b"1e308",
    b"9" * 400,
    b"9223372036854775808",
    b"NaN",
    b"0x1F",
    b"'; DROP TABLE event; --",
    b"<script>alert(1)</script>",
    b"=cmd|' /C calc'!A0",
    b"\xe2\x80\xae",
    b"\xed\xa0\x80",
    b"{}",
    b"[" * 2000,
    b'{"a":' * 500,
    b"../../etc/passwd",
    b"x" * 70_000,
    b"\\N",
    b"PAR1",
    b"\x1f\x8b\x08\x00",
    b"(\xb5/\xfd",
    b"1970-01-01T00:00:00Z",
    b"2016-13-45T99:99:99",
    b"$1",
    b":word",
    b"%s%n",
)


def corpus(folder: Path) -> list[tuple[str, bytes]]:
    """Good files of every format, encoding and compression, small."""
    log = random_log(96, days=6, users=4)[:40]
    activity, flow = random_activity(96, days=6)[:30], random_flow(96, days=6)[:30]
    kept = []
    for name in ("native.csv", "native.json", "native.parquet", "native.csv.gz", "native.json.zst"):
        kept.append((name, write(folder / name, log).read_bytes()))
    kept += [
        ("activity.csv", production_csv(activity, ACTIVITY_COLUMNS, 8)),
        ("flow.csv", production_csv(flow, FLOW_COLUMNS, 18)),
        ("flow.csv.gz", gzip.compress(production_csv(flow, FLOW_COLUMNS, 20))),
        ("activity.csv.zst", zstd(production_csv(activity, ACTIVITY_COLUMNS, 10))),
    ]
    return kept


def mutated(chance: random.Random, content: bytes, other: bytes) -> bytes:
    """A file with one to six things wrong with it."""
    data = bytearray(content)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        place = chance.randrange(len(data) + 1)
        end = min(len(data), place + chance.choice((1, 2, 5, 20, 200)))
        what = chance.randrange(9)
        if what == 0:
            data[place:end] = b""
        elif what == 1:
            data[place:place] = chance.choice(HOSTILE)
        elif what == 2:
            data[place:end] = chance.choice(HOSTILE)
        elif what == 3:
            data[place:place] = data[place:end] * chance.choice((1, 3, 50))
        elif what == 4:
            del data[place:]
        elif what == 5:
            data[place:end] = chance.randbytes(end - place)
        elif what == 6:
            start = chance.randrange(len(other))
            data[place:place] = other[start : start + chance.choice((3, 30, 300))]
        elif what == 7:
            lines = bytes(data).split(b"\n")
            chance.shuffle(lines)
            data = bytearray(b"\n".join(lines))
        else:
            lines = bytes(data).split(b"\n")
            line = chance.randrange(len(lines))
            cells = lines[line].split(b",")
            cells[chance.randrange(len(cells))] = chance.choice(HOSTILE)
            lines[line] = b",".join(cells)
            data = bytearray(b"\n".join(lines))
    return bytes(data)


class Loader:
    """The product's loader over private tables in memory, which counts what stands in them."""

    def __init__(self, opened: Loading, folder: Path) -> None:
        self._opened = opened
        self._folder = folder
        self.loaded = self.refused = 0

    def _standing(self) -> tuple[int, int, int]:
        counts = self._opened.reader.execute(
            "SELECT (SELECT COUNT(*) FROM events.event), (SELECT COUNT(*) FROM events.load), "
            "(SELECT COALESCE(MAX(load_id), 0) FROM events.load)"
        ).fetchone()
        return tuple(counts)

    def take(self, name: str, content: bytes, number: int) -> None:
        """Load one file; it stands whole, or was refused in one line and nothing of it stands."""
        path = self._folder / f"case{number}-{name}"
        path.write_bytes(content)
        events, loads, last = self._standing()
        started = time.monotonic()
        try:
            file = EventFile(path, f"{number}-{name}")
            done = load.load_file(self._opened, SETTINGS, file, load.Options())
        except Refused as refusal:
            told = str(refusal)
            assert "\n" not in told and len(told) < 700, told
            assert RAW_USER not in told and RAW_DEVICE not in told
            assert self._standing() == (events, loads, last), "half of a refused file stands"
            self.refused += 1
        else:
            for fault in (*done.contents.faults, *done.contents.doubts):
                assert RAW_USER not in str(fault) and "\n" not in str(fault)
            if done.status == "loaded":
                assert self._standing()[:2] == (events + done.contents.accepted, loads + 1)
                assert done.contents.rows == done.contents.accepted + done.contents.rows_rejected
                if name.endswith(".csv") and b'"' not in content:
                    lines = [line for line in re.split(rb"\r\n|\n|\r", content) if line]
                    headers = len([line for line in lines if line.strip() == lines[0].strip()])
                    unread = len(lines) - done.contents.rows - done.contents.passed_over
                    assert 0 <= unread <= headers, "rows are lost without a word"
            self.loaded += 1
        finally:
            path.unlink()
        assert time.monotonic() - started < SLOWEST, "hangs"


@contextmanager
def loader(folder: Path) -> Iterator[Loader]:
    """A loader with nothing in it."""
    engine = create_engine(
        "duckdb:///:memory:",
        poolclass=NullPool,
        connect_args={"config": {"memory_limit": SETTINGS.memory_limit, "threads": 1}},
    )
    with engine.connect() as connection:
        connection.connection.driver_connection.execute("ATTACH ':memory:' AS events")
        opened = Loading(connection, folder)
        opened.prepare()
        yield Loader(opened, folder)
    engine.dispose()


FILES_A_COMMAND = 250


def fuzz(cases: int, seed: int, folder: Path) -> None:
    """So many mutated files; they are loaded and refused in fair parts, in bounded memory."""
    chance = random.Random(seed)
    good = corpus(folder)
    with loader(folder) as taking:
        for number, (name, content) in enumerate(good, 1):
            taking.take(name, content, number)
        assert taking.loaded == len(good)
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    loaded = refused = 0
    for first in range(0, cases, FILES_A_COMMAND):
        with loader(folder) as taking:
            for number in range(first, min(first + FILES_A_COMMAND, cases)):
                name, content = chance.choice(good)
                taking.take(name, mutated(chance, content, chance.choice(good)[1]), number)
            loaded, refused = loaded + taking.loaded, refused + taking.refused
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - held < MOST_MEMORY
    assert loaded + refused == cases and min(loaded, refused) > cases / 20


def test_fuzzed_files(tmp_path: Path) -> None:
    """20 mutated files are each loaded whole or refused."""
    fuzz(20, 1, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 22))
def test_many_fuzzed_files(seed: int, tmp_path: Path) -> None:
    """5,000 mutated files per seed, 100,000 in all."""
    fuzz(5_000, seed, tmp_path)


CELLS = st.one_of(
    st.sampled_from([piece.decode(errors="replace")[:400] for piece in HOSTILE]),
    st.text(max_size=40),
    st.sampled_from(
        ["1453300000000", "0", "account.signed", "Firefox", "sync", f"{RAW_USER}1", ""]
    ),
)


@given(rows=st.lists(st.lists(CELLS, min_size=15, max_size=15), min_size=1, max_size=12))
def test_hostile_cells_well_quoted(
    rows: list[list[str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Any text at all in the cells of a well-formed file is loaded, rejected by row, or refused."""
    import csv
    import io

    folder = tmp_path_factory.mktemp("cells")
    header = corpus(folder)[0][1].split(b"\n")[0].decode().strip().split(",")
    told = io.StringIO(newline="")
    writer = csv.writer(told)
    writer.writerow(header)
    writer.writerows(rows)
    with loader(folder) as taking:
        taking.take("cells.csv", told.getvalue().encode("utf-8", "replace"), 1)
        table = pyarrow.table({name: [row[i] for row in rows] for i, name in enumerate(header)})
        pyarrow.parquet.write_table(table, folder / "scratch")
        taking.take("cells.parquet", (folder / "scratch").read_bytes(), 2)


def test_parquet_of_more_rows_than_bytes(store: Store) -> None:
    """A small Parquet file that claims to hold millions of rows is refused."""
    path = store.files / "rows.parquet"
    one = pyarrow.parquet.read_table(
        write(store.files / "one.parquet", [event(at("2016-03-01"), uid=user("z"))])
    )
    table = pyarrow.concat_tables([one] * 1).take(pyarrow.array([0] * 5_000_000))
    pyarrow.parquet.write_table(table, path, compression="zstd")
    assert path.stat().st_size < 400_000
    ran = store.run("load", path)
    assert ran.status == 1 and "unpacks to more than" in ran.err


CELL = b"a"
ENDLESS = {
    "lines of one letter": b"x\n" * 1_000_000,
    "lines of too many cells": (b",".join([CELL] * 30) + b"\n") * 35_000,
    "one line of 200,000 cells": b",".join([CELL] * 200_000) + b"\n",
    "lines of 75,000 cells": (b",".join([CELL] * 75_000) + b"\n") * 14,
    "stray quotes in every cell": (b",".join([b'"a"b'] * 15) + b"\n") * 30_000,
    "cells that are no UTF-8": (b",".join([b"aaaaaaaaaaaa\xff"] * 15) + b"\n") * 30_000,
    "no line ever ends": CELL + b",a" * 1_000_000,
}


FEW = ("one line of 200,000 cells", "lines of 75,000 cells", "no line ever ends")


@pytest.mark.parametrize("what", daily("lines of too many cells", *FEW[1:], of=ENDLESS))
def test_endless_faults(what: str, tmp_path: Path) -> None:
    """2 MB of torn rows at the end of a good file are read soon, and never fill the memory.

    Many of them refuse the file; a few, however long, are rejected by themselves.
    """
    name, good = corpus(tmp_path)[0]
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with loader(tmp_path) as taking:
        taking.take(name, good + ENDLESS[what], 1)
        assert (taking.loaded, taking.refused) == ((1, 0) if what in FEW else (0, 1))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - held < MOST_MEMORY


def test_blank_lines_are_no_faults(tmp_path: Path) -> None:
    """A million blank lines at the end of a file change nothing of it."""
    name, good = corpus(tmp_path)[0]
    with loader(tmp_path) as taking:
        taking.take(name, good + b"\n" * 1_000_000, 1)
        assert taking.loaded == 1


# What was taken in ----------------------------------------------------------------------------------


def test_what_was_taken_in_is_summarised(store: Store) -> None:
    """Mutated files that were accepted can be summarised and exported like any other."""
    chance = random.Random(5)
    files = []
    for number in range(40 if LONG else 15):
        name, content = chance.choice(corpus(store.files))
        path = store.files / "fuzzed" / f"{number}-{name}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(mutated(chance, content, content))
        files.append(path)
    ran = store.run("load", *files, KPI_MAX_REJECTS_PERCENT="60")
    assert "Traceback" not in ran.err
    store.summarise()
    assert store.export("engagement") and store.export("completion", "--by=os")


def bomb(folder: Path, megabytes: int) -> Path:
    """A small file that would be large: one good row, and then nothing but one character."""
    path = write(folder / "good.csv", [event(at("2016-03-01"), uid=user("z"))])
    target = folder / "bomb.csv.gz"
    with gzip.open(target, "wb") as file:
        file.write(path.read_bytes())
        for _ in range(megabytes):
            file.write(b"," * (1 << 20))
    path.unlink()
    return target


def test_bomb_within_its_limit(store: Store) -> None:
    """A compressed file that unpacks to far more than it is, is refused while it is unpacked."""
    store.load(write(store.files / "first.csv", [event(at("2016-03-01"), uid=user("a"))]))
    path = bomb(store.files, 300)
    assert path.stat().st_size < 1 << 20
    started = time.monotonic()
    ran = store.run("load", path)
    assert ran.status == 1 and "unpacks to more than" in ran.err
    assert time.monotonic() - started < 60
    store.summarise()
    assert store.export("engagement")[0]["dau"] == 1


def test_many_rows_that_pack_well_are_no_bomb(store: Store) -> None:
    """A real day's file packs well; it is loaded."""
    rows = [event(at("2016-03-01") + step % 1000, uid=user("a")) for step in range(30_000)]
    ran = store.load(write(store.files / "day.csv.gz", rows))
    assert "30000 events" in ran.text


NAMES = (
    "a..b.csv",
    "a..csv.csv",
    "line\nkpi: all is well.csv",
    "escape\x1b[2J.csv",
    'comma,quote".csv',
    "\u202egnp.csv",
    "; rm -rf ~.csv",
    "$(touch x).csv",
    "%2e%2e%2fetc.csv",
    "not utf8 \udcff.csv",
    "x" * 240 + ".csv",
)


def test_hostile_names(store: Store) -> None:
    """A file's name is only a name: it is loaded or refused by it, in one line, and listed as CSV."""
    import csv
    import io

    folder = store.files / "inside"
    for number, name in enumerate(NAMES):
        bad = name.startswith("escape")
        path = folder / name
        write(path, [event(at("2016-03-01") + number, uid=user(number))])
        if bad:
            path.write_bytes(b"junk, and nothing but junk")
    ran = store.run("load", folder)
    assert ran.status == 1 and "\x1b" not in ran.said and "Traceback" not in ran.said
    assert len(ran.err.splitlines()) == 2, ran.err  # the junk, and the name that is no UTF-8
    assert "its name is not UTF-8; rename it" in ran.err
    listed = store.must("loads").text
    assert "\x1b" not in listed
    rows = list(csv.DictReader(io.StringIO(listed)))
    assert len(rows) == len(NAMES) - 2
    assert {row["rows_kept"] for row in rows} == {"1"}
    for number, name in enumerate(NAMES):
        ran = store.run("load", folder / name)
        assert len(ran.said.splitlines()) <= 2 and "Traceback" not in ran.said, (number, ran.said)
    assert not (store.folder / "x").exists()
