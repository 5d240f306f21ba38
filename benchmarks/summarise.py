"""Summarising: a whole range, one more day, one late day, and the most memory used."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import duckdb
import numpy as np

from benchmarks.generate import Log
from benchmarks.load import load_everything
from benchmarks.measure import apart
from kpi.settings import Settings
from kpi.store import embedded
from kpi.summary.summarise import summarise

MEMORY_LIMIT = "7GiB"  # the engine's; the process stays below 8
MADE = {
    "known_user": "DELETE FROM known_user",
    "known_device": "DELETE FROM known_device",
    "user_day": "DELETE FROM user_day",
    "user_device_day": "DELETE FROM user_device_day",
    "multi_device_day": "DELETE FROM multi_device_day",
    "attempt": "DELETE FROM attempt",
}
"""What is made of the events, and how it is taken away."""
LATE_DAYS = 20
LATE_ROWS = 1000


def summarise_apart(settings: Settings) -> int:
    """Summarise what changed; the number of changed days."""
    return summarise(settings).days


def measured(settings: Settings, log: Log, folder: Path) -> dict[str, float]:
    """Fill everything but the last day, then the last day, then rows that came late."""
    limited = replace(settings, memory_limit=MEMORY_LIMIT)
    whole = apart(summarise_apart, limited)
    sizes = _sizes(settings)
    one_day = _one_more_day(limited, log)
    late = _late_day(limited, log, folder)
    return {
        "summarise_seconds": whole.seconds,
        "summarise_cpu_seconds": whole.cpu_seconds,
        "summarise_peak_bytes": whole.peak_bytes,
        "summarised_days": whole.result,
        **one_day,
        **late,
        **sizes,
    }


def _one_more_day(settings: Settings, log: Log) -> dict[str, float]:
    """The last day's file, loaded and summarised after all others."""
    load_everything(settings, [log.files[-1]])
    run = apart(summarise_apart, settings)
    return {
        "one_day_seconds": run.seconds,
        "one_day_cpu_seconds": run.cpu_seconds,
        "one_day_peak_bytes": run.peak_bytes,
    }


def _late_day(settings: Settings, log: Log, folder: Path) -> dict[str, float]:
    """A thousand events of one day that arrive 20 days late."""
    late = folder / "late.parquet"
    day = log.last - timedelta(days=min(LATE_DAYS, (log.last - log.first).days))
    start = int(np.datetime64(day, "ms").astype(np.int64))
    with duckdb.connect() as engine:
        engine.execute(
            "COPY (SELECT * REPLACE ($2 + hash(timestamp) % 80000000 AS timestamp) "
            f"FROM read_parquet($1) LIMIT {LATE_ROWS}) TO '{late}'",
            [str(log.files[-1]), start],
        )
    load_everything(settings, [late])
    run = apart(summarise_apart, settings)
    late.unlink()
    return {"late_day_seconds": run.seconds, "late_day_cpu_seconds": run.cpu_seconds}


def _sizes(settings: Settings) -> dict[str, float]:
    """Rows and bytes of the tables; bytes of the KPI tables with and without the attempts."""
    events = embedded.events_file(settings.home)
    publication = embedded.publication_file(settings.home)
    figures: dict[str, float] = {
        "events_bytes": events.stat().st_size,
        "kpi_file_bytes": publication.stat().st_size,
    }
    with duckdb.connect() as engine:
        engine.execute("ATTACH $1 AS events (READ_ONLY)", [str(events)])
        engine.execute("ATTACH $1 AS kpi (READ_ONLY)", [str(publication)])
        for name in MADE:
            figures[f"{name}_rows"] = _count(engine, f"events.{name}")
        for name in (
            *("segment", "segment_set", "segment_set_member"),
            *(
                "daily_users",
                "monthly_users_change",
                "monthly_move",
                "month_activity",
                "connection",
            ),
        ):
            figures[f"{name}_rows"] = _count(engine, f"kpi.{name}")
    copy = publication.with_name("without-attempts.duckdb")
    figures["kpi_bytes"] = _without_attempts(publication, copy)
    return figures


def _count(engine: duckdb.DuckDBPyConnection, table: str) -> int:
    return engine.table(table).count("*").fetchall()[0][0]


def _without_attempts(publication: Path, copy: Path) -> int:
    """The bytes of a publication without its attempts: a copy of all its other tables."""
    with duckdb.connect() as engine:
        engine.execute("ATTACH $1 AS kpi (READ_ONLY)", [str(publication)])
        engine.execute("ATTACH $1 AS copy", [str(copy)])
        engine.execute("COPY FROM DATABASE kpi TO copy (SCHEMA)")
        tables = engine.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = 'kpi'"
        ).fetchall()
        for (name,) in tables:
            if name != "connection":
                engine.table(f"kpi.{name}").insert_into(f"copy.{name}")
        engine.execute("CHECKPOINT copy")
        engine.execute("DETACH copy")
    size = copy.stat().st_size
    copy.unlink()
    return size


def forget(settings: Settings) -> None:
    """Take away all that was made of the events, so that everything is summarised anew."""
    with duckdb.connect(str(embedded.events_file(settings.home))) as engine:
        for statement in MADE.values():
            engine.execute(statement)
        engine.execute("CHECKPOINT")
    shutil.rmtree(settings.home / "publications", ignore_errors=True)
    (settings.home / "kpi.duckdb").unlink(missing_ok=True)
