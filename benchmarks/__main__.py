"""`python -m benchmarks --users N --days D [--json FILE]`: load, summarise and query one simulated log.

Every figure comes from the same data in the same run. `count_distinct_ms` is the specification's way,
a COUNT(DISTINCT) per day over users and days, for the same chart under the same filter.
"""

from __future__ import annotations

import argparse
import json
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pandas as pd

from kpi import demo, metrics
from kpi.events import load
from kpi.filters import Filters
from kpi.settings import Settings
from kpi.store import embedded
from kpi.summarise import summarise
from kpi.warehouse import open_warehouse

FIRST_DAY = date(2015, 10, 1)
PICKED = Filters(os=("Android", "iOS"), users="existing")
COUNT_DISTINCT = """
WITH picked AS (
  SELECT d.day, d.user_id
  FROM events.user_day AS d
  JOIN kpi.segment AS s USING (segment_id)
  WHERE s.os IN ('Android', 'iOS') AND s.new_user = 0
)
SELECT
  y.day,
  (SELECT COUNT(DISTINCT user_id) FROM picked WHERE day = y.day) AS dau,
  (SELECT COUNT(DISTINCT p.user_id) FROM picked AS p WHERE p.day BETWEEN y.day - 27 AND y.day) AS mau
FROM (SELECT DISTINCT day FROM events.user_day) AS y
ORDER BY y.day
"""


def main() -> None:
    """Measure, print a line per figure, and write them all as JSON where asked to."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--days", type=int, default=394)
    parser.add_argument("--json", type=Path)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measured(Path(folder), told.users, told.days)
    for name, figure in figures.items():
        print(f"{name:24} {figure:,.1f}" if isinstance(figure, float) else f"{name:24} {figure:,}")
    if told.json:
        told.json.write_text(json.dumps(figures, indent=2) + "\n")


def measured(home: Path, users: int, days: int) -> dict[str, float | int]:
    """Every figure by its name, for a simulated log of so many users and days."""
    settings = Settings(home=home / "store", hmac_key=secrets.token_hex(32).encode())
    last = FIRST_DAY + timedelta(days=days - 1)
    files = demo.write_files(home / "files", users, FIRST_DAY, last, seed=1)
    rows = 0

    def tell(loaded: load.Loaded) -> None:
        nonlocal rows
        rows += loaded.rows_read

    def load_all() -> None:
        for refusal in load.load_files(settings, files, tell=tell):
            raise refusal

    load_seconds = _seconds(load_all)
    summarise_seconds = _seconds(lambda: summarise(settings))
    raw_bytes = sum(file.stat().st_size for file in files)
    publication = embedded.publication_file(settings.home)
    warehouse = open_warehouse(settings)
    query = "engagement"
    params = {
        "audiences": ("active",),
        "broken_by": "",
        "with_incomplete": 0,
        **PICKED.parameters(),
    }
    warehouse.frame(query, **params)
    query_seconds = statistics.median(
        _seconds(lambda: warehouse.frame(query, **params)) for _ in range(9)
    )
    everything = statistics.median(
        _seconds(lambda: metrics.engagement(warehouse, PICKED)) for _ in range(5)
    )
    exact = metrics.engagement(warehouse, PICKED, min_users=0).query("audience == 'all'")
    warehouse.close()
    with duckdb.connect(":memory:") as engine:
        engine.execute(f"ATTACH '{embedded.events_file(settings.home)}' AS events (READ_ONLY)")
        engine.execute(f"ATTACH '{publication}' AS kpi (READ_ONLY)")
        user_days = engine.execute("SELECT COUNT(*) FROM events.user_day").fetchone()[0]
        sets = engine.execute("SELECT COUNT(*) FROM kpi.segment_set").fetchone()[0]
        changes = engine.execute("SELECT COUNT(*) FROM kpi.monthly_users_change").fetchone()[0]
        found: list[tuple] = []
        count_distinct_seconds = _seconds(
            lambda: found.extend(engine.execute(COUNT_DISTINCT).fetchall())
        )
    shown = exact[["dau", "mau"]].astype("Float64").reset_index(drop=True)
    counted = pd.DataFrame(found, columns=["day", "dau", "mau"])[["dau", "mau"]].astype("Float64")
    agree = int(((shown == counted) | shown.isna()).all(axis="columns").sum())
    return {
        "users": users,
        "days": days,
        "rows": rows,
        "user_days": user_days,
        "sets": sets,
        "monthly_change_rows": changes,
        "load_rows_per_second": rows / load_seconds,
        "load_seconds": load_seconds,
        "summarise_seconds": summarise_seconds,
        "raw_bytes": raw_bytes,
        "events_bytes": embedded.events_file(settings.home).stat().st_size,
        "kpi_bytes": publication.stat().st_size,
        "query_ms": query_seconds * 1000,
        "engagement_frame_ms": everything * 1000,
        "count_distinct_ms": count_distinct_seconds * 1000,
        "times_faster": count_distinct_seconds / query_seconds,
        "days_that_agree": agree,
    }


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
