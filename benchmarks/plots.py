"""`python -m benchmarks.plots RUN.json`: one run's figures as pictures, into docs/benchmarks."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import altair as alt
import pandas as pd

from benchmarks.growth import RUNS, svg

NAMES = {
    "ours": "sets of segments (here)",
    "count_distinct": "COUNT(DISTINCT) a day at a time",
    "windowed_distinct": "COUNT(DISTINCT) OVER 28 days",
    "islands": "islands in one statement",
    "uniq_exact": "ClickHouse, uniqExact a day at a time",
    "clickhouse_bitmaps": "ClickHouse, groupBitmap states merged",
    "roaring": "Roaring bitmaps, merged in Python",
    "approx_count_distinct": "approx_count_distinct a day at a time",
    "hll": "HyperLogLog sketches, merged",
    "theta": "theta sketches, merged",
    "last_value": "last value of a user",
}


def main() -> None:
    """Draw the run's ways of counting: time of a year's chart against the worst error."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.plots", description=__doc__)
    parser.add_argument("run", type=Path)
    run = json.loads(parser.parse_args().run.read_text())
    ways = {"ours": {"year_ms": run["query_ms"], "worst_error_percent": 0.0}, **run["rivals"]}
    frame = pd.DataFrame(
        {
            "way": f"{NAMES[name]}: {_error_text(way['worst_error_percent'])}",
            "milliseconds": way["year_ms"],
            "exact": "exact" if way["worst_error_percent"] == 0 else "off",
        }
        for name, way in ways.items()
    )
    unit = run.get("unit", "milliseconds")
    title = (
        f"{run['days']} days of daily and monthly users under a filter, {run['users']:,} users, "
        f"{run['rows']:,} events"
    )
    name = f"ways-{run['users']}x{run['days']}.svg"
    (RUNS / name).write_text(svg(plot(frame, title, unit)))


def plot(frame: pd.DataFrame, title: str, unit: str) -> alt.LayerChart:
    """A bar per way of counting, on a logarithmic axis, with its time written at the end."""
    base = alt.Chart(frame, title=title, width=560, height=300).encode(
        y=alt.Y("way:N", sort="x", title=None).axis(labelLimit=320),
        x=alt.X("milliseconds:Q", title=f"{unit} (logarithmic)").scale(type="log"),
    )
    bars = base.mark_bar().encode(
        x2=alt.datum(1), color=alt.Color("exact:N", title=None).scale(scheme="tableau10")
    )
    label = base.mark_text(align="left", dx=4).encode(
        text=alt.Text("milliseconds:Q", format=",.0f")
    )
    return bars + label


def _error_text(worst: float) -> str:
    return "exact" if worst == 0 else f"up to {worst:.1f}% off"


if __name__ == "__main__":
    main()
