"""`python -m benchmarks.server`: filling on a server beside the embedded store, on the same events.

KPI_DATABASE_URL names an empty database, on this machine for a fair comparison; its settings stay as they
are. Both stores load a log without its last day, are filled, and are filled again with the last day.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks import generate, load
from benchmarks.measure import apart
from benchmarks.summarise import summarise_apart
from kpi import store
from kpi.settings import Settings
from kpi.store import ddl

KEY = b"a key for benchmarks, stored nowhere else"


def main() -> None:
    """Print the seconds of each store and their ratio."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.server", description=__doc__)
    parser.add_argument("--users", type=int, default=60_000)
    parser.add_argument("--days", type=int, default=90)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
        log = generate.generate(Path(folder) / "log", asked.users, asked.days)
        print(f"{log.rows} events of {asked.users} users, {asked.days} days")
        embedded = Settings(home=Path(folder) / "store", hmac_key=KEY)
        server = replace(embedded, database_url=os.environ["KPI_DATABASE_URL"])
        ddl.apply(server)
        ours, theirs = _seconds(embedded, log), _seconds(server, log)
    for what in ours:
        ratio = theirs[what] / ours[what]
        print(f"{what}: {ours[what]:.1f} s, on the server {theirs[what]:.1f} s, {ratio:.1f} times")


def _seconds(settings: Settings, log: generate.Log) -> dict[str, float]:
    figures = {}
    for name, files in (("the range", log.files[:-1]), ("one more day", log.files[-1:])):
        load.load_everything(settings, list(files))
        figures[name] = apart(summarise_apart, settings).seconds
        store.tidy(settings)
    return figures


if __name__ == "__main__":
    main()
