"""`python -m benchmarks.growth [--run]`: the growth of every figure, from the runs in docs/benchmarks.

`--run` measures the sizes first that aren't there yet. Draws the log-log plot and prints each figure's
exponent: 1 is in step with the log, 0 doesn't grow.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

RUNS = Path(__file__).resolve().parent.parent / "docs" / "benchmarks"
SIZES = tuple((users, days) for users in (10_000, 100_000) for days in (90, 394, 1100))
FIGURES = {
    "load_seconds": "load, s",
    "summarise_cpu_seconds": "summarise, CPU s",
    "one_day_cpu_seconds": "one more day, CPU s",
    "kpi_bytes": "KPI tables, bytes",
    "segment_set_rows": "sets of segments",
    "monthly_users_change_rows": "monthly changes, rows",
    "query_ms": "a chart's query, ms",
    "count_distinct_ms": "COUNT(DISTINCT), ms",
    "sketch_ms": "HyperLogLog, ms",
}


def main() -> None:
    """Run what is missing with --run; draw; print the exponents."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--run", action="store_true")
    if parser.parse_args().run:
        for users, days in SIZES:
            measure(users, days)
    runs = stored_runs()
    long = pd.DataFrame(
        {"rows": run["rows"], "users": run["users"], "days": run["days"], **_row(name, run)}
        for run in runs
        for name in FIGURES
        if name in run
    )
    (RUNS / "growth.svg").write_text(svg(plot(long)))
    print(exponents(long).to_string(index=False))


def measure(users: int, days: int) -> None:
    """One size, in a process of its own, unless it was measured before."""
    target = RUNS / f"{users}x{days}.json"
    if not target.exists():
        size = ["--users", str(users), "--days", str(days), "--json", str(target)]
        subprocess.run([sys.executable, "-m", "benchmarks", *size], check=True)


def stored_runs() -> list[dict[str, Any]]:
    """Every stored run, smallest first."""
    runs = [json.loads(file.read_text()) for file in RUNS.glob("*x*.json")]
    return sorted(runs, key=lambda run: run["rows"])


def exponents(long: pd.DataFrame) -> pd.DataFrame:
    """The slope of each figure over the log's rows, both as logarithms, by least squares."""
    rows = []
    for name, part in long.groupby("figure", sort=False):
        slope = np.polyfit(np.log(part["rows"]), np.log(part["value"]), 1)[0]
        rows.append({"figure": name, "runs": len(part), "exponent": round(float(slope), 2)})
    return pd.DataFrame(rows)


def plot(long: pd.DataFrame) -> alt.Chart:
    """Every figure over the rows of the log, both axes logarithmic."""
    return (
        alt.Chart(long, width=560, height=420)
        .mark_line(point=True)
        .encode(
            x=alt.X("rows:Q", title="events in the log").scale(type="log"),
            y=alt.Y("value:Q", title=None).scale(type="log"),
            color=alt.Color("figure:N", title=None, sort=list(FIGURES.values())).scale(
                scheme="tableau20"
            ),
            shape=alt.Shape("figure:N", sort=list(FIGURES.values()), legend=None),
        )
    )


def _row(name: str, run: dict[str, Any]) -> dict[str, Any]:
    return {"figure": FIGURES[name], "value": run[name]}


def svg(chart: alt.Chart | alt.LayerChart) -> str:
    """The chart as a picture."""
    import vl_convert

    return vl_convert.vegalite_to_svg(chart.to_json())


if __name__ == "__main__":
    main()
