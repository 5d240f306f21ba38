"""What the seven goals of 2016 come to, in plain loops over the oracle's daily rows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import oracle

Figures = Iterable[tuple[str, str, int, int]]

GOALS: dict[str, tuple[str, str, str | None, float]] = {
    "engagement_over_baseline": ("engagement_ratio", "baseline_plus", None, 5),
    "engagement_over_desktop": ("engagement_ratio", "comparator_plus", "desktop", 5),
    "engagement_over_android": ("engagement_ratio", "comparator_plus", "android", 5),
    "engagement_over_ios": ("engagement_ratio", "comparator_plus", "ios", 5),
    "multi_device_share": ("multi_device_percent", "floor", None, 20),
    "connection_time_new_account": ("connection_time_new", "ceiling", None, 10),
    "connection_time_existing_account": ("connection_time_existing", "ceiling", None, 5),
}
"""The goals of design section 7, written down a second time."""


def mean(values: list[float]) -> float | None:
    """The mean of what there is; None of nothing."""
    return sum(values) / len(values) if values else None


def daily(log: oracle.Log, measure: str, filters: oracle.Filters) -> dict[str, float]:
    """The measure on every day that has it."""
    if measure == "engagement_ratio":
        rows = [row for row in log.engagement(filters) if row["audience"] == "all"]
        column = "engagement_ratio"
    elif measure == "multi_device_percent":
        rows, column = log.multi_device(filters), "daily_multi_device_percent"
    else:
        account = measure.rsplit("_", 1)[1]
        rows = [row for row in log.connection_time(filters) if row["account"] == account]
        column = "median_seconds"
    return {row["day"]: row[column] for row in rows if row[column] is not None}


def goal_rows(
    log: oracle.Log,
    figures: Figures = (),
    filters: oracle.Filters = oracle.Filters(),
    as_of: str | None = None,
    baseline: tuple[str, str] = ("2015-01-01", "2015-12-31"),
    window: int = 28,
) -> list[dict[str, Any]]:
    """The rows of ``export goals``."""
    last = min(oracle.day_name(max(log.loaded_days)), "2016-12-31")
    day = as_of or last
    start = (date.fromisoformat(day) - timedelta(days=window - 1)).isoformat()
    rows = []
    for name, (measure, kind, product, threshold) in GOALS.items():
        values = daily(log, measure, filters)
        if measure.startswith("connection_time"):
            seconds = [
                attempt.ready_ms / 1000
                for attempt in log.attempts_picked(filters)
                if attempt.day_ready is not None
                and start <= oracle.day_name(attempt.day_ready) <= day
                and attempt.segment.users == measure.rsplit("_", 1)[1]
            ]
            actual = oracle.percentile(seconds, 0.5)
        else:
            actual = mean([value for at, value in values.items() if start <= at <= day])
        base = mean([value for at, value in values.items() if baseline[0] <= at <= baseline[1]])
        if kind == "baseline_plus":
            target = None if base is None else base + threshold
        elif kind == "comparator_plus":
            ratios = [
                row["engagement_ratio"]
                for row in oracle.firefox(figures)
                if row["product"] == product
                and start <= row["day"] <= day
                and row["engagement_ratio"] is not None
            ]
            compared = mean(ratios)
            target = None if compared is None else compared + threshold
        else:
            target = float(threshold)
        gap, status = None, "no data"
        if actual is not None and target is not None:
            gap = target - actual if kind == "ceiling" else actual - target
            met = actual < target if kind == "ceiling" else actual >= target
            status = "met" if met else "not met"
        rows.append(
            {
                "goal": name,
                "measure": measure,
                "comparison": f"{kind} {product}" if product else kind,
                "baseline": base,
                "target": target,
                "actual": actual,
                "as_of": day,
                "gap": gap,
                "status": status,
            }
        )
    return rows
