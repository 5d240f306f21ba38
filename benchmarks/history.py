"""The bytes of daily publications that are retained as differences, against those of a single publication.

    python -m benchmarks.history --users 10000 --publications 400

A log of the demo's people is loaded a day at a time, with a summary after each. A second store gets the same
events at once, so that a publication of many days is compared with one that was filled in a single run.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import duckdb
import pyarrow.parquet

from benchmarks import generate
from kpi import store
from kpi.commands.cli import main as command
from kpi.numbers import revisions
from kpi.settings import Settings
from kpi.store import history, publications, shared

DAYS_BEFORE = 57
DAY_MS = 86_400_000


def run(folder: Path, users: int, count: int, late: int) -> dict[str, float]:
    """Publish ``count`` days one by one; the bytes and CPU seconds of it."""
    log = generate.generate(folder / "log", users, DAYS_BEFORE + count)
    days = list(_split(folder, log, late))[: DAYS_BEFORE + count]
    settings = Settings(home=folder / "daily", hmac_key=os.urandom(32).hex().encode())
    _do(settings, "load", *map(str, days[:DAYS_BEFORE]))
    _do(settings, "summarise")
    spent = 0.0
    for number, day in enumerate(days[DAYS_BEFORE:], 1):
        _do(settings, "load", str(day))
        shared.now = partial(_moment, number)
        before = time.process_time()
        _do(settings, "summarise")
        spent += time.process_time() - before
        if number % 20 == 0:
            newest = publications.newest(settings.home)
            sizes = newest.stat().st_size, publications.history_of(newest).stat().st_size
            print(number, *sizes, round(spent / number, 2), file=sys.stderr, flush=True)
    newest = publications.newest(settings.home)
    publications.remove_superseded(settings.home, newest, time.time() + 3601)
    whole = Settings(home=folder / "whole", hmac_key=settings.hmac_key)
    _do(whole, "load", *map(str, days))
    _do(whole, "summarise")
    past = store.past_publications(settings)
    before = time.process_time()
    history.past_file(settings, past[0].number)
    seconds = time.process_time() - before
    before = time.process_time()
    changed = revisions.revisions(settings, past[0].number, settings.min_users)
    listing = time.process_time() - before
    held = sum(f.stat().st_size for f in publications.folder(settings.home).glob("*.duckdb"))
    single = publications.newest(whole.home).stat().st_size
    return {
        "users": users,
        "publications": len(past),
        "newest_bytes": newest.stat().st_size,
        "history_bytes": publications.history_of(newest).stat().st_size,
        "all_bytes": held,
        "filled_at_once_bytes": single,
        "summary_cpu_seconds": spent / count,
        "oldest_written_again_cpu_seconds": seconds,
        "steps_that_changed_history": len(revisions.steps_since(settings, past[0].number)),
        "numbers_changed": len(changed),
        "changes_listed_cpu_seconds": listing,
    }


def _moment(days: int) -> datetime:
    """The time of a publication: a day after the last."""
    return datetime(2016, 11, 1, 1, 10) + timedelta(days=days)


def _split(folder: Path, log: generate.Log, late: int) -> Iterator[Path]:
    """The log as a Parquet file a day; ``late`` of 1000 events come in the file of three days later."""
    target = folder / "days"
    target.mkdir()
    with duckdb.connect() as engine:
        for file in log.files:
            engine.execute(
                "CREATE OR REPLACE TABLE part AS SELECT *, "
                "timestamp + CASE WHEN HASH(uid, timestamp) % 1000 < $2 THEN 259200000 ELSE 0 END AS comes "
                "FROM read_parquet($1)",
                [str(file), late],
            )
            days = engine.execute(
                "SELECT DISTINCT CAST(FLOOR(comes / $1) AS BIGINT) AS day FROM part ORDER BY day",
                [DAY_MS],
            ).fetchall()
            for (day,) in days:
                rows = engine.execute(
                    "SELECT * EXCLUDE (comes) FROM part WHERE comes >= $1 AND comes < $2",
                    [day * DAY_MS, (day + 1) * DAY_MS],
                )
                path = target / f"{day}-{file.stem}.parquet"
                pyarrow.parquet.write_table(rows.to_arrow_table(), path)
                yield path


def _do(settings: Settings, *arguments: str) -> None:
    os.environ.update(KPI_HOME=str(settings.home), KPI_HMAC_KEY=(settings.hmac_key or b"").decode())
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        assert command(list(arguments)) == 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--publications", type=int, default=400)
    parser.add_argument("--late", type=int, default=0, help="events of 1000 that come 3 days late")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measured = run(Path(folder), asked.users, asked.publications, asked.late)
        print(json.dumps(measured, indent=1))
