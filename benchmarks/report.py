"""`python -m benchmarks.report RUN.json`: one run's figures as Markdown tables, to read or to paste."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.measure import fastest
from benchmarks.plots import NAMES

MB, GB = 1e6, 1e9


def main() -> None:
    """Print every table that the run has figures for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__)
    parser.add_argument("run", type=Path)
    for part in parts(json.loads(parser.parse_args().run.read_text())):
        print(part, end="\n\n")


def parts(run: dict[str, Any]) -> Iterator[str]:
    """The parts of a report for which the run has figures: the machine, and tables."""
    needed = {
        "machine": machine,
        "csv_rows": load,
        "summarise_seconds": summary,
        "filters": filters,
        "rivals": rivals,
        "attempts": attempts,
    }
    return (part(run) for figure, part in needed.items() if figure in run)


def machine(run: dict[str, Any]) -> str:
    """What it ran on, and how busy that was."""
    parts = ", ".join(f"{name} {value}" for name, value in run["machine"].items())
    return f"{run['users']:,} users, {run['days']} days, {run.get('rows', 0):,} events. {parts}."


def load(run: dict[str, Any]) -> str:
    """Loading."""
    return table(
        ["loading", "rows/s", "rows per CPU second"],
        [
            [
                "Parquet, the whole log",
                f"{run['load_rows_per_second']:,.0f}",
                f"{run['load_rows_per_cpu_second']:,.0f}",
            ],
            [
                "CSV, checked and hashed",
                f"{run['csv_rows_per_second']:,.0f} (best {run['csv_best_rows_per_second']:,.0f})",
                f"{run['csv_rows_per_cpu_second']:,.0f}",
            ],
            [
                "CSV, DuckDB's bare reading into a table",
                f"{run['csv_bare_rows_per_second']:,.0f} "
                f"(best {run['csv_bare_best_rows_per_second']:,.0f})",
                "",
            ],
        ],
    )


def summary(run: dict[str, Any]) -> str:
    """Summarising, and sizes."""
    share = 100 * run["kpi_bytes"] / run["raw_bytes"]
    return table(
        ["what", "figure"],
        [
            [
                "the whole range",
                f"{run['summarise_seconds']:.0f} s ({run['summarise_cpu_seconds']:.0f} CPU s), "
                f"{run['summarise_peak_bytes'] / GB:.1f} GB",
            ],
            [
                "one more day",
                f"{run['one_day_seconds']:.1f} s ({run['one_day_cpu_seconds']:.1f} CPU s)",
            ],
            [
                "a day 20 days back",
                f"{run['late_day_seconds']:.1f} s ({run['late_day_cpu_seconds']:.1f} CPU s)",
            ],
            ["raw events, Parquet", f"{run['raw_bytes'] / GB:.2f} GB"],
            ["private file", f"{run['events_bytes'] / GB:.2f} GB"],
            [
                "KPI tables without attempts",
                f"{run['kpi_bytes'] / MB:.0f} MB, {share:.2f}% of the raw events",
            ],
            [
                "user-days; sets; monthly changes",
                "; ".join(
                    f"{run[name]:,}"
                    for name in ("user_day_rows", "segment_set_rows", "monthly_users_change_rows")
                ),
            ],
        ],
    )


def filters(run: dict[str, Any]) -> str:
    """Our own times by kind of filter."""
    return table(
        ["filter", "query, ms", "measure for three audiences, ms"],
        [
            [name.replace("_", " "), f"{f['query_ms']:.0f}", f"{f['frame_ms']:.0f}"]
            for name, f in run["filters"].items()
        ],
    )


def rivals(run: dict[str, Any]) -> str:
    """All ways of counting a year under one filter: exact ways first, the best of them at the top.

    Runs of earlier versions have fewer figures; the others are blank.
    """
    ours = {
        "year_ms": run["query_ms"],
        "year_cpu_ms": run.get("query_cpu_ms"),
        "year_one_thread_ms": run.get("query_one_thread_ms"),
        "year_one_thread_cpu_ms": run.get("query_one_thread_cpu_ms"),
        "kept_bytes": run.get("kpi_bytes", 0),
        "worst_error_percent": 0.0,
        "mean_error_percent": 0.0,
        "prepare_seconds": 0.0,
    }

    def place(named: tuple[str, dict[str, Any]]) -> tuple[bool, float]:
        way = named[1]
        return not way.get("exact", way["worst_error_percent"] == 0), fastest(way)

    ways = dict(sorted(run["rivals"].items(), key=place))
    rows = [
        [
            NAMES[name],
            *(
                _whole(way.get(f"year{threads}{kind}_ms"))
                for threads in ("", "_one_thread")
                for kind in ("", "_cpu")
            ),
            f"{fastest(way) / fastest(ours):,.1f}",
            f"{way['kept_bytes'] / MB:,.0f}",
            f"{way['worst_error_percent']:.2f}",
            f"{way['mean_error_percent']:.2f}",
            f"{way['prepare_seconds']:,.0f}",
        ]
        for name, way in {"ours": ours, **ways}.items()
    ]
    return table(
        [
            "way",
            *("two threads, ms", "CPU ms", "one thread, ms", "CPU ms"),
            "times ours",
            "stored, MB",
            "worst error, %",
            "mean error, %",
            "prepared in, s",
        ],
        rows,
    )


def _whole(figure: float | None) -> str:
    return "" if figure is None else f"{figure:,.0f}"


def attempts(run: dict[str, Any]) -> str:
    """Quartiles of attempts."""
    rows = []
    for name, f in run["attempt_filters"].items():
        digest = f.get("kept_digest")
        rows.append(
            [
                name.replace("_", " "),
                f"{f['exact_ms']:,.0f}",
                f"{f['engine_digest_ms']:,.0f}",
                f"{f['engine_digest']['worst_error_percent']:.1f}",
                f"{f['kept_digest_ms']:,.0f}" if digest else "",
                f"{digest['worst_error_percent']:.1f}" if digest else "",
            ]
        )
    return table(
        [
            "filter",
            "exact, ms",
            "t-digest in the engine, ms",
            "off by up to, %",
            "stored t-digests merged, ms",
            "off by up to, %",
        ],
        rows,
    )


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    main()
