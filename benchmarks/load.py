"""Loading: rows a second with checks and hashing, for Parquet and CSV, beside DuckDB's bare reading."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb

from benchmarks.generate import Log
from benchmarks.measure import REPEATS, apart, disk_bytes_per_second
from kpi.events import load
from kpi.settings import Settings

CSV_ROWS = 2_500_000
CSV_SHARE = 4


def load_everything(settings: Settings, files: list[Path]) -> int:
    """Load files into a store as the command does; the rows read."""
    rows = 0

    def report(loaded: load.Loaded) -> None:
        nonlocal rows
        rows += loaded.contents.rows

    for refusal in load.load_files(settings, files, report=report):
        raise refusal
    return rows


def measured(settings: Settings, log: Log, folder: Path) -> dict[str, float]:
    """Load the whole log into the store, then a part of it as CSV, again and again, elsewhere."""
    whole = apart(load_everything, settings, list(log.files))
    figures = {
        "load_rows_per_second": whole.result / whole.seconds,
        "load_rows_per_cpu_second": whole.result / whole.cpu_seconds,
        "load_seconds": whole.seconds,
        "load_peak_bytes": whole.peak_bytes,
    }
    return figures | _as_csv(settings, log, folder) | _disk(log, whole.seconds, folder)


def _as_csv(settings: Settings, log: Log, folder: Path) -> dict[str, float]:
    """The same rows as one CSV: loaded into a new store, and read bare into a table of text."""
    csv = folder / "part.csv"
    rows = _write_csv(log, csv)
    ours, cpu, bare = [], [], []
    peak, read = 0, 0
    for _ in range(REPEATS):
        target = Settings(home=folder / "csv-store", hmac_key=settings.hmac_key)
        run = apart(load_everything, target, [csv])
        shutil.rmtree(target.home)
        ours.append(run.seconds)
        cpu.append(run.cpu_seconds)
        peak, read = max(peak, run.peak_bytes), run.bytes_read
        bare.append(apart(_bare_reading, csv, folder / "bare.duckdb").seconds)
    csv_bytes = csv.stat().st_size
    csv.unlink()
    middle = REPEATS // 2
    return {
        "csv_rows": rows,
        "csv_bytes": csv_bytes,
        "csv_rows_per_second": rows / sorted(ours)[middle],
        "csv_rows_per_cpu_second": rows / sorted(cpu)[middle],
        "csv_best_rows_per_second": rows / min(ours),
        "csv_peak_bytes": peak,
        "bytes_read_per_byte": read / csv_bytes,
        "load_share_of_bare_csv": sorted(bare)[middle] / sorted(ours)[middle],
        "csv_bare_rows_per_second": rows / sorted(bare)[middle],
        "csv_bare_best_rows_per_second": rows / min(bare),
    }


def _write_csv(log: Log, csv: Path) -> int:
    """The log's first files, a quarter of its rows and CSV_ROWS at most, as the specification's CSV."""
    most = min(CSV_ROWS, log.rows // CSV_SHARE)
    chosen, rows = [], 0
    with duckdb.connect() as engine:
        for file in log.files:
            if rows >= most:
                break
            chosen.append(str(file))
            rows += engine.execute("SELECT COUNT(*) FROM read_parquet($1)", [str(file)]).fetchone()[
                0
            ]
        rows = min(rows, most)
        engine.execute("SET preserve_insertion_order = true")
        engine.execute(
            f"COPY (SELECT * FROM read_parquet($1) LIMIT {rows}) TO '{csv}' "
            "(FORMAT csv, HEADER, NULLSTR 'NULL')",
            [chosen],
        )
    return rows


def _bare_reading(csv: Path, target: Path) -> None:
    """What reading alone costs: the file into a table on disk, no check, no hash."""
    with duckdb.connect(str(target)) as engine:
        engine.execute("SET preserve_insertion_order = false")
        engine.execute(
            "CREATE TABLE event AS SELECT * FROM read_csv($1, header = true, nullstr = 'NULL')",
            [str(csv)],
        )
    target.unlink()


def _disk(log: Log, took: float, folder: Path) -> dict[str, float]:
    """The disk's own pace, and the share of it that the load used."""
    pace = disk_bytes_per_second(folder)
    return {"disk_bytes_per_second": pace, "load_share_of_disk": log.bytes / took / pace}
