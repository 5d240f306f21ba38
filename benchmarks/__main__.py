"""`python -m benchmarks --users N --days D [--json FILE]`: one simulated log, measured on this machine.

Subjects run in turn on the same data: load, summarise, query beside its rivals, connection times, and,
when asked for, the app in a browser. What is known is printed and written at once, so that a run that
is cut off still has its figures.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import connection, generate, load, measure, query, summarise
from kpi.settings import Settings

SUBJECTS = ("load", "summarise", "query", "connection")
ATTEMPTS_A_USER = 18
KEY = b"a key for benchmarks, stored nowhere else"


def main() -> None:
    """Measure, print a line per figure, and write them all as JSON where asked to."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--days", type=int, default=394)
    parser.add_argument("--json", type=Path, help="write every figure here")
    parser.add_argument("--only", default=",".join(SUBJECTS), help="subjects, by comma")
    parser.add_argument("--folder", type=Path, help="keep log and store here, and go on from them")
    arguments = parser.parse_args()
    subjects = [subject for subject in SUBJECTS if subject in arguments.only.split(",")]
    report = _Report(arguments.json)
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="benchmarks-"))
    try:
        run(folder, arguments.users, arguments.days, subjects, report.add)
    finally:
        if not arguments.folder:
            shutil.rmtree(folder)


class _Report:
    """Figures by name, printed as they come and written to a file."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._figures: dict[str, Any] = {}

    def add(self, figures: dict[str, Any]) -> None:
        """Take figures in, print them, and write all so far."""
        self._figures |= figures
        for name, figure in figures.items():
            _show(name, figure)
        if self._file:
            self._file.write_text(json.dumps(self._figures, indent=2, default=str) + "\n")


def run(
    folder: Path,
    users: int,
    days: int,
    subjects: list[str],
    report: Callable[[dict[str, Any]], None],
) -> None:
    """Measure the subjects on one log of so many users and days."""
    report({"users": users, "days": days, "machine": measure.machine()})
    folder.mkdir(parents=True, exist_ok=True)
    settings = Settings(home=folder / "store", hmac_key=KEY)
    log = _log(folder / "log", users, days, report)
    if "load" in subjects:
        shutil.rmtree(settings.home, ignore_errors=True)
        report(load.measured(settings, _without_last_day(log), folder))
    if "summarise" in subjects:
        summarise.forget(settings)
        report(summarise.measured(settings, log, folder))
    if "query" in subjects:
        for figures in query.measured(settings, log, folder):
            report(figures)
    if "connection" in subjects:
        report(connection.measured(folder, users * ATTEMPTS_A_USER))
    report({"load_average_at_end": round(os.getloadavg()[0], 2)})


def _log(
    folder: Path, users: int, days: int, report: Callable[[dict[str, Any]], None]
) -> generate.Log:
    if folder.exists():
        log = generate.existing(folder, days)
        report({"rows": log.rows, "raw_bytes": log.bytes})
        return log
    made = measure.apart(generate.generate, folder, users, days)
    report(
        {
            "rows": made.result.rows,
            "raw_bytes": made.result.bytes,
            "generate_seconds": made.seconds,
            "generate_peak_bytes": made.peak_bytes,
        }
    )
    return made.result


def _without_last_day(log: generate.Log) -> generate.Log:
    """The log but for its last file, a day that is loaded later by itself."""
    files = log.files[:-1]
    return replace(log, files=files, bytes=sum(file.stat().st_size for file in files))


def _show(name: str, figure: Any, indent: str = "") -> None:
    if isinstance(figure, dict):
        print(f"{indent}{name}", flush=True)
        for inner, value in figure.items():
            _show(inner, value, indent + "  ")
    else:
        shown = (
            f"{figure:,.1f}"
            if isinstance(figure, float)
            else f"{figure:,}"
            if isinstance(figure, int)
            else str(figure)
        )
        print(f"{indent}{name:30} {shown}", flush=True)


if __name__ == "__main__":
    main()
