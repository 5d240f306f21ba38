"""A simulated log of any size, straight to Parquet: the demo's people, a file for each run of days.

Memory grows with the users, not with the days: one file's events are made while the last one's are
written. Every row is in the specification's own format; a signed certificate has a sequence of its own,
as in the specification's example.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet

from kpi.demo import Part, simulate
from kpi.demo.events import hexadecimal_ids
from kpi.demo.files import EventFiles
from kpi.demo.timeline import Timeline

FIRST_DAY = date(2015, 10, 1)
ROWS_A_FILE = 3_000_000
ROWS_A_USER_DAY = 0.4
KEENER = 0.5
"""The demo's chances of being active to this power: a quarter of all accounts on an average day."""


@dataclass(frozen=True)
class Log:
    """A generated log: its files in order of time, rows and bytes, and the days it covers."""

    files: tuple[Path, ...]
    rows: int
    bytes: int
    first: date
    last: date


def generate(folder: Path, users: int, days: int, seed: int = 1) -> Log:
    """Write the log of so many users and days below a folder; the same arguments, the same rows."""
    last = FIRST_DAY + timedelta(days=days - 1)
    timeline = Timeline(FIRST_DAY, last)
    people, simulated = simulate(timeline, users, seed, list(_parts(users, days)))
    people.propensity **= KEENER
    rng = np.random.default_rng([seed, 6])
    uids = hexadecimal_ids(rng, users)
    files = EventFiles(folder, timeline, uids, hexadecimal_ids(rng, max(people.devices, 1)))
    rows = 0
    with ThreadPoolExecutor(max_workers=1) as writer:
        pending: Future[None] | None = None
        for part, events in simulated:
            rows += len(events)
            if pending is not None:
                pending.result()
            pending = writer.submit(files.native, events, part.name)
        if pending is not None:
            pending.result()
    files.close()
    written = tuple(files.written)
    return Log(written, rows, sum(file.stat().st_size for file in written), FIRST_DAY, last)


def existing(folder: Path, days: int) -> Log:
    """A log that was generated before, for a run that goes on from there."""
    files = tuple(sorted(folder.rglob("*.parquet")))
    rows = sum(pyarrow.parquet.read_metadata(file).num_rows for file in files)
    total = sum(file.stat().st_size for file in files)
    return Log(files, rows, total, FIRST_DAY, FIRST_DAY + timedelta(days=days - 1))


def _parts(users: int, days: int) -> Iterator[Part]:
    """Runs of whole days of about as many rows, a week at most; the last day has a file of its own."""
    run = int(min(max(ROWS_A_FILE / (users * ROWS_A_USER_DAY), 1), 7))
    for start in range(0, days - 1, run):
        yield Part(start, min(start + run, days - 1), "run", f"{_name(start)}.parquet")
    yield Part(days - 1, days, "run", f"{_name(days - 1)}.parquet")


def _name(number: int) -> str:
    return f"events-{FIRST_DAY + timedelta(days=number)}"
