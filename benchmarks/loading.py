"""`python -m benchmarks.loading --before CHECKOUT`: loading by this version and by another, in one run.

Every kind of file is loaded by `python -m kpi load` into a new store, by each version in turn, and read by
the engine alone into a table on disk (bare: no check, no hash). Printed are the best of the runs: rows a
second, their share of the bare ones, processor seconds, and the bytes read for each byte of the file. These
are those of the whole process less those of a load of a few rows.
"""

from __future__ import annotations

import argparse
import gzip
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import duckdb

PROJECT = Path(__file__).resolve().parent.parent
HEADER = (
    "timestamp,seqId,seqTime,type,uid,deviceId,newUser,userAgentBrowser,userAgentVersion,userAgentOS,"
    "service,context,entrypoint,campaign,migration\n"
)
START = 1_472_774_400_000
REPEATS = 3
_PROGRAM = (
    "import sys; from kpi.__main__ import main; status = main(['load', sys.argv[1]]); "
    "print(open('/proc/self/io').read(), file=sys.stderr); sys.exit(status)"
)

_BARE_PROGRAM = """
import sys, duckdb
engine = duckdb.connect("bare.duckdb")
engine.execute("SET preserve_insertion_order = false")
engine.execute(sys.argv[2], [sys.argv[1]])
engine.close()
print(open("/proc/self/io").read(), file=sys.stderr)
"""
_BARE_CSV = "CREATE TABLE event AS SELECT * FROM read_csv($1, header = true, nullstr = 'NULL')"
_BARE = {
    "torn.csv": (
        "CREATE TABLE event AS SELECT * "
        "FROM read_csv($1, header = true, nullstr = 'NULL', ignore_errors = true)"
    ),
    "plain.parquet": "CREATE TABLE event AS SELECT * FROM read_parquet($1)",
}
BARE = "bare"


class Run(NamedTuple):
    """A load: wall seconds, processor seconds and bytes read."""

    seconds: float
    cpu_seconds: float
    bytes_read: int


def main() -> None:
    """Write the files, load each by both versions, and print a line of figures each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=Path, help="a checkout of another version")
    parser.add_argument("--rows", type=int, default=2_000_000)
    asked = parser.parse_args()
    versions = {"after": PROJECT} | ({"before": asked.before.resolve()} if asked.before else {})
    print("file,version,rows_per_second,share_of_bare,cpu_seconds,bytes_read_per_byte")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        few = folder / "few.csv"
        few.write_text("".join(lines(10)))
        loads: dict[str, Callable[[Path], Run]] = {
            name: partial(loaded, checkout, folder) for name, checkout in versions.items()
        }
        loads[BARE] = partial(read_bare, folder)
        for path in files(folder, asked.rows):
            runs: dict[str, list[Run]] = {name: [] for name in loads}
            for _ in range(REPEATS):
                for name, load in loads.items():
                    runs[name].append(load(path))
            best = {name: Run(*map(min, zip(*of, strict=True))) for name, of in runs.items()}
            for name, load in loads.items():
                run = best[name]
                own = run.bytes_read - load(few).bytes_read
                print(
                    f"{path.name},{name},{asked.rows / run.seconds:.0f},"
                    f"{best[BARE].seconds / run.seconds:.2f},{run.cpu_seconds:.1f},"
                    f"{own / path.stat().st_size:.2f}",
                    flush=True,
                )
            path.unlink()


def lines(rows: int) -> Iterator[str]:
    """The lines of a day's file, the same every time."""
    chance = random.Random(1)
    users = [f"{chance.getrandbits(128):032x}" for _ in range(max(rows // 40, 1))]
    yield HEADER
    for number in range(rows):
        user = chance.choice(users)
        yield (
            f"{START + number % 86_400_000},{chance.getrandbits(128):032x},0,account.signed,{user},"
            f"{user[::-1]},0,Firefox,48,Windows 7,sync,fx_desktop_v3,,,\n"
        )


def files(folder: Path, rows: int) -> Iterator[Path]:
    """A plain file; the same packed, as Parquet, with a torn row in its middle, with every cell quoted."""
    plain = folder / "plain.csv"
    with plain.open("w") as file:
        file.writelines(lines(rows))
    content = plain.read_bytes()
    parquet = folder / "plain.parquet"
    duckdb.read_csv(str(plain), all_varchar=True).write_parquet(str(parquet))
    yield plain
    packed = folder / "packed.csv.gz"
    packed.write_bytes(gzip.compress(content, 6))
    yield packed
    yield parquet
    middle = content.index(b"\n", len(content) // 2) + 1
    torn = folder / "torn.csv"
    torn.write_bytes(content[:middle] + b"1,2,3\n" + content[middle:])
    yield torn
    quoted = folder / "quoted.csv"
    inner = content.rstrip(b"\n").replace(b",", b'","').replace(b"\n", b'"\n"')
    quoted.write_bytes(b'"' + inner + b'"\n')
    yield quoted


def loaded(checkout: Path, folder: Path, path: Path) -> Run:
    """Load a file into a new store by the version in a checkout."""
    return _run([_PROGRAM, str(path)], folder, checkout)


def read_bare(folder: Path, path: Path) -> Run:
    """Read a file into a new table by the engine alone."""
    return _run([_BARE_PROGRAM, str(path), _BARE.get(path.name, _BARE_CSV)], folder, PROJECT)


def _run(program: list[str], folder: Path, checkout: Path) -> Run:
    with tempfile.TemporaryDirectory(dir=folder) as home:
        environment = os.environ | {
            "KPI_HOME": f"{home}/store",
            "KPI_HMAC_KEY": "a key for benchmarks only",
            "PYTHONPATH": str(checkout),
            "PYTHONDONTWRITEBYTECODE": "",  # compiled once, as in an installation
        }
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        ran = subprocess.run(
            [sys.executable, "-c", *program],
            env=environment,
            cwd=home,
            check=True,
            capture_output=True,
            text=True,
        )
        seconds = time.perf_counter() - started
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    read = next(line for line in ran.stderr.splitlines() if line.startswith("rchar:"))
    return Run(seconds, cpu, int(read.split()[1]))


if __name__ == "__main__":
    main()
