"""Quartiles of connection time under filters, over as many attempts as asked, beside t-digests."""

from __future__ import annotations

import statistics
from datetime import date
from pathlib import Path
from typing import Any

import datasketches
import duckdb
import numpy as np

from benchmarks.measure import REPEATS, median_seconds, seconds
from kpi.meaning.filters import Filters
from kpi.store import dialects, queries

DAYS = 366
FIRST_DAY = date(2016, 1, 1)
FILTERS: dict[str, Filters] = {
    "no_filter": Filters(),
    "one_value": Filters(os=("Android",)),
    "exclusion": Filters(not_os=("Windows 10", "Windows 7"), devices="single"),
    "many_values": Filters(os=("Android", "iOS", "Linux"), users="existing"),
}
QUARTILES = (0.25, 0.5, 0.75)
DIGEST_SIZE = 200

SEGMENTS = """
INSERT INTO kpi.segment
SELECT row_number() OVER (), b, CAST(v AS VARCHAR), o, 'sync', n, 0
FROM (VALUES ('Firefox'), ('Firefox Mobile'), ('Firefox iOS')) AS browser (b),
  range(40, 48) AS version (v),
  (VALUES ('Windows 10'), ('Windows 7'), ('Mac OS X'), ('Linux'), ('Android'), ('iOS')) AS os (o),
  range(2) AS new_user (n)
"""
# A log-normal body and a long tail, a little apart for new and existing accounts, by day ready.
ATTEMPTS = """
INSERT INTO kpi.connection
SELECT
  day, day, CASE WHEN ready THEN day END, new_account, multi, segment_id,
  'fx_desktop_v3', 'menupanel', NULL, NULL, 'EU',
  CASE WHEN ready THEN 1 ELSE 0 END, ms, 0, entered, NULL, NULL, entered + 40, ms
FROM (
  SELECT
    DATE '2016-01-01' + CAST(n * {days} // {attempts} AS INTEGER) AS day,
    CASE WHEN a < 0.4 THEN 1 ELSE 0 END AS new_account,
    CASE WHEN b < 0.3 THEN 1 ELSE 0 END AS multi,
    1 + CAST(floor(c * c * 288) AS INTEGER) AS segment_id,
    d < 0.65 AS ready,
    CASE WHEN d < 0.65 THEN CAST(e AS BIGINT) END AS ms,
    CASE WHEN d < 0.65 THEN CAST(e * 0.7 AS BIGINT) END AS entered
  FROM (
    SELECT
      n, random() AS a, random() AS b, random() AS c, random() AS d,
      (CASE WHEN random() < 0.1 THEN 60000 ELSE 6000 END)
        * exp(0.6 * sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random())) AS e
    FROM range({attempts}) AS row (n)
  )
)
ORDER BY day
"""


def measured(folder: Path, attempts: int) -> dict[str, Any]:
    """Ours, DuckDB's own t-digest on the same rows, and digests stored per day, account and segment."""
    file = folder / "attempts.duckdb"
    with duckdb.connect(":memory:") as engine:
        engine.execute("ATTACH $1 AS kpi", [str(file)])
        for statement in dialects.definitions("tables/kpi", "duckdb"):
            engine.execute(statement)
        engine.execute("SELECT setseed(0.5)")
        engine.execute(SEGMENTS)
        engine.execute(ATTEMPTS.format(days=DAYS, attempts=attempts))
        engine.execute("CHECKPOINT kpi")
        figures = _measured(engine)
        figures["attempts"] = attempts
        figures["attempts_bytes"] = file.stat().st_size
    file.unlink()
    return figures


def _measured(engine: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    digests, building = _timed_digests(engine)
    size = sum(digest.get_serialized_size_bytes() for digest in digests.values())
    figures: dict[str, Any] = {
        "attempt_filters": {},
        "digests_build_seconds": building,
        "digests_bytes": size,
    }
    for name, filters in FILTERS.items():
        exact_sql = _statement(filters)
        digest_sql = _in_engine(exact_sql)
        exact = _rows(engine, exact_sql)
        figures["attempt_filters"][name] = {
            "exact_ms": 1000 * median_seconds(lambda s=exact_sql: _rows(engine, s)),
            "engine_digest_ms": 1000 * median_seconds(lambda s=digest_sql: _rows(engine, s)),
            "engine_digest": _errors(exact, _rows(engine, digest_sql)),
        }
        if filters.devices is None:  # stored digests know segments, not devices
            picked = _picked(engine, filters)
            merged = _merged(digests, picked)
            figures["attempt_filters"][name] |= {
                "kept_digest_ms": 1000
                * statistics.median(
                    seconds(lambda p=picked: _merged(digests, p)) for _ in range(REPEATS)
                ),
                "kept_digest": _errors(exact, merged),
            }
    figures["connection_ms"] = max(f["exact_ms"] for f in figures["attempt_filters"].values())
    return figures


def _statement(filters: Filters) -> str:
    """The product's statement for a year of quartiles, its parameters filled in."""
    return queries.filled(
        "read/connection_time",
        broken_by="",
        point_days=1,
        first_day=FIRST_DAY,
        last_day=date(9999, 1, 1),
        **filters.parameters(),
    )


def _rows(engine: duckdb.DuckDBPyConnection, sql: str) -> dict[tuple[int, date], tuple[float, ...]]:
    """The quartiles by account and day."""
    rows = engine.execute(sql).fetchall()
    return {(row[1], row[2]): tuple(float(v) for v in row[4:7]) for row in rows}


def _in_engine(sql: str) -> str:
    """The same statement with DuckDB's approximate quantile, a t-digest, in place of the exact one."""
    for quartile in QUARTILES:
        sql = sql.replace(
            f"PERCENTILE_CONT({quartile:g}) WITHIN GROUP (ORDER BY c.ready_ms)",
            f"approx_quantile(c.ready_ms, {quartile:g})",
        )
    assert "PERCENTILE_CONT" not in sql
    return sql


def _timed_digests(engine: duckdb.DuckDBPyConnection) -> tuple[dict, float]:
    digests: dict[tuple[int, date, int], datasketches.tdigest_double] = {}

    def build() -> None:
        columns = engine.execute(
            "SELECT new_account, day_ready - DATE '1970-01-01' AS day, segment_id, ready_ms "
            "FROM kpi.connection WHERE ready_ms IS NOT NULL ORDER BY 1, 2, 3"
        ).fetchnumpy()
        account, day, segment, ms = (
            np.asarray(columns[name]) for name in ("new_account", "day", "segment_id", "ready_ms")
        )
        moved = (np.diff(account) != 0) | (np.diff(day) != 0) | (np.diff(segment) != 0)
        edges = np.flatnonzero(moved) + 1
        first = np.concatenate([[0], edges])
        for start, values in zip(first, np.split(ms.astype(np.float64), edges), strict=True):
            digest = datasketches.tdigest_double(DIGEST_SIZE)
            digest.update(values)
            when = date.fromordinal(int(day[start]) + date(1970, 1, 1).toordinal())
            digests[int(account[start]), when, int(segment[start])] = digest

    return digests, seconds(build)


def _merged(digests: dict, picked: set[int]) -> dict[tuple[int, date], tuple[float, ...]]:
    """The quartiles by account and day from digests merged over the picked segments."""
    merged: dict[tuple[int, date], datasketches.tdigest_double] = {}
    for (account, day, segment), digest in digests.items():
        if segment in picked:
            key = account, day
            if key not in merged:
                merged[key] = datasketches.tdigest_double(DIGEST_SIZE)
            merged[key].merge(digest)
    return {key: tuple(digest.get_quantile(q) for q in QUARTILES) for key, digest in merged.items()}


def _picked(engine: duckdb.DuckDBPyConnection, filters: Filters) -> set[int]:
    rows = engine.execute("SELECT segment_id, os, new_user FROM kpi.segment").fetchall()
    return {
        segment
        for segment, system, new_user in rows
        if (not filters.os or system in filters.os)
        and system not in filters.not_os
        and (filters.users is None or (filters.users == "new") == (new_user == 1))
    }


def _errors(exact: dict, estimated: dict) -> dict[str, float]:
    """The distance of the estimated quartiles from the exact, in percent of these."""
    errors = [
        100 * abs(got - known) / known
        for key, quartiles in exact.items()
        for got, known in zip(estimated.get(key, (0.0, 0.0, 0.0)), quartiles, strict=True)
        if known
    ]
    return {
        "worst_error_percent": max(errors, default=0.0),
        "mean_error_percent": statistics.fmean(errors) if errors else 0.0,
    }
