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
        actual, n, with_value, newest = value_over(log, measure, filters, (start, day))
        base, *_ = value_over(log, measure, filters, baseline)
        if kind == "baseline_plus":
            target = None if base is None else base + threshold
        elif kind == "comparator_plus":
            theirs = {
                row["day"]: row["engagement_ratio"]
                for row in oracle.firefox(figures)
                if row["product"] == product and row["engagement_ratio"] is not None
            }
            ours = daily(log, measure, filters)
            both = [at for at in ours if start <= at <= day and at in theirs]
            compared = mean([theirs[at] for at in both])
            target = None if compared is None else compared + threshold
            if both:
                actual, with_value, newest = mean([ours[at] for at in both]), both, max(both)
        else:
            target = float(threshold)
        gap, status = None, "no data"
        if actual is not None and target is not None:
            gap = target - actual if kind == "ceiling" else actual - target
            late = date.fromisoformat(day) - date.fromisoformat(newest)
            if len(with_value) >= 21 / 28 * window and late.days <= 7:
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
                "days": len(with_value),
                "n": n,
            }
        )
    return rows


def value_over(
    log: oracle.Log, measure: str, filters: oracle.Filters, days: tuple[str, str]
) -> tuple[float | None, int, list[str], str]:
    """A measure over two days and those between: its value, users or attempts, days with a value, and the
    newest day with somebody.
    """
    first, last = days
    if measure.startswith("connection_time"):
        picked = [
            (oracle.day_name(attempt.day_ready), attempt.ready_ms / 1000)
            for attempt in log.attempts_picked(filters)
            if attempt.day_ready is not None
            and first <= oracle.day_name(attempt.day_ready) <= last
            and attempt.segment.users == measure.rsplit("_", 1)[1]
        ]
        if not picked:
            return None, 0, [], first
        counted = [at for at in map(oracle.day_name, log.loaded_days) if first <= at <= last]
        median = oracle.percentile([seconds for _, seconds in picked], 0.5)
        return median, len(picked), counted, max(at for at, _ in picked)
    values = {at: v for at, v in daily(log, measure, filters).items() if first <= at <= last}
    if not values:
        return None, 0, [], first
    newest = max(values)
    of = "mau" if measure == "engagement_ratio" else "daily_users"
    rows = (
        [row for row in log.engagement(filters) if row["audience"] == "all"]
        if of == "mau"
        else log.multi_device(filters)
    )
    (users,) = [row[of] for row in rows if row["day"] == newest]
    return mean(list(values.values())), users, list(values), newest
