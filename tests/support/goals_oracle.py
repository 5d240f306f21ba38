"""What the seven goals of 2016 come to, in plain loops over the oracle's daily rows."""

from __future__ import annotations

import math
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
        actual, n, with_value, newest, ours_at_95 = value_over(log, measure, filters, (start, day))
        base, _, _, _, base_at_95 = value_over(log, measure, filters, baseline)
        theirs_at_95 = None
        if kind == "baseline_plus":
            target = None if base is None else base + threshold
            if base is not None:
                theirs_at_95 = [end + threshold for end in base_at_95]
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
                moved = mean([ours[at] for at in both]) - actual
                ours_at_95 = [end + moved for end in ours_at_95]
                actual, with_value, newest = actual + moved, both, max(both)
                (their_mau,) = [
                    row["mau"]
                    for row in oracle.firefox(figures)
                    if row["product"] == product and row["day"] == newest
                ]
                theirs_at_95 = [end + threshold for end in wilson(compared, their_mau)]
        else:
            target = float(threshold)
        gap, low, high, status = None, None, None, "no data"
        if actual is not None and target is not None:
            gap = target - actual if kind == "ceiling" else actual - target
            late = date.fromisoformat(day) - date.fromisoformat(newest)
            if ours_at_95:
                below, above = theirs_at_95 or (target, target)
                low = actual - target - math.hypot(actual - ours_at_95[0], above - target)
                high = actual - target + math.hypot(ours_at_95[1] - actual, target - below)
                if kind == "ceiling":
                    low, high = -high, -low
            if len(with_value) >= 21 / 28 * window and late.days <= 7:
                met = actual < target if kind == "ceiling" else actual >= target
                unsure = low is None or low <= 0 <= high
                status = "too close to call" if unsure else "met" if met else "not met"
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
                "low": low,
                "high": high,
            }
        )
    return rows


def value_over(
    log: oracle.Log, measure: str, filters: oracle.Filters, days: tuple[str, str]
) -> tuple[float | None, int, list[str], str, list[float] | None]:
    """A measure over two days and those between: its value, users or attempts, days with a value, the
    newest day with somebody, and the 95% interval.
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
            return None, 0, [], first, None
        counted = [at for at in map(oracle.day_name, log.loaded_days) if first <= at <= last]
        times = sorted(seconds for _, seconds in picked)
        median = oracle.percentile(times, 0.5)
        return median, len(picked), counted, max(at for at, _ in picked), ranked(times, 0.5)
    values = {at: v for at, v in daily(log, measure, filters).items() if first <= at <= last}
    if not values:
        return None, 0, [], first, None
    newest = max(values)
    of = "mau" if measure == "engagement_ratio" else "daily_users"
    rows = (
        [row for row in log.engagement(filters) if row["audience"] == "all"]
        if of == "mau"
        else log.multi_device(filters)
    )
    (users,) = [row[of] for row in rows if row["day"] == newest]
    value = mean(list(values.values()))
    interval = wilson(value, users)
    if measure == "engagement_ratio" and filters == oracle.Filters():
        interval = of_active_days(
            log.days_active((date.fromisoformat(newest) - oracle.EPOCH).days, filters), value
        )
    return value, users, list(values), newest, interval


def of_active_days(active: list[int], ratio: float) -> list[float]:
    """Wilson's interval with Student's t, for as many people as would have the same standard error if each
    were active always or never: around the ratio of people by their active days of 7, moved to ``ratio``.
    """
    n = len(active)
    share = sum(active) / 7 / n
    variance = sum((days / 7 - share) ** 2 for days in active) / n
    widest = share * (1 - share)
    alike = len(set(active)) == 1
    effective = n if alike else max(n, (n - 1) * widest / variance)
    from scipy.stats import t as student  # here, since it takes half a second to import

    reach = float(student.ppf(0.975, max(n - 1, 1)))
    middle = (share + reach**2 / (2 * effective)) / (1 + reach**2 / effective)
    half = reach * math.sqrt(widest / effective + reach**2 / (4 * effective**2))
    half /= 1 + reach**2 / effective
    moved = ratio - 100 * share
    return [min(max(100 * (middle + sign * half), 0.0), 100.0) + moved for sign in (-1, 1)]


def wilson(percent: float, n: int) -> list[float]:
    """Wilson's 95% interval: the shares that lie within 1.96 of their own standard errors."""
    share, z = percent / 100, 1.959963984540054
    root = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    ends = [(share + z * z / (2 * n) + sign * root) / (1 + z * z / n) for sign in (-1, 1)]
    return [100 * min(max(end, 0.0), 1.0) for end in ends]


def ranked(times: list[float], share: float) -> list[float] | None:
    """The times, of those in order, that a quantile lies between with a chance of 95% or more."""
    n = len(times)
    reach = 1.959964 * math.sqrt(n * share * (1 - share))
    middle = n * share + (1 - 2 * share) * 0.473576 + 0.5
    first, last = math.floor(middle - reach), math.ceil(middle + reach)
    return [times[first - 1], times[last - 1]] if first >= 1 and last <= n else None
