"""A year of daily and monthly users and their ratio under filters, beside every other way to count."""

from __future__ import annotations

import random
import statistics
from datetime import date, timedelta
from typing import Any

import duckdb
import pandas as pd

from benchmarks.generate import Log
from benchmarks.measure import median_seconds, memory_bytes_per_second, seconds
from benchmarks.rivals import MONTH, Bitmaps, LastValue, PerDay, Rival, Sketches, pick
from kpi.meaning.filters import TAGS, Filters
from kpi.meaning.question import Question
from kpi.numbers import users
from kpi.numbers.warehouse import Warehouse, open_warehouse
from kpi.settings import Settings
from kpi.store import embedded

HEADLINE = "many_values"
NAMED: dict[str, tuple[Filters, str | None]] = {
    "no_filter": (Filters(), None),
    "one_value": (Filters(os=("Android",)), None),
    HEADLINE: (Filters(os=("Android", "iOS"), users="existing"), None),
    "exclusion": (Filters(not_os=("Windows 10", "Windows 7"), not_browser=("Chrome",)), None),
    "versions": (Filters(browser=("Firefox",), version=("44", "45", "46")), None),
    "by_os": (Filters(), "os"),
    "by_version": (Filters(), "version"),
}
RANDOM_FILTERS = 50
ASKED_DAYS = 7
PREPARED_DAYS = 60


def measured(settings: Settings, log: Log) -> dict[str, Any]:
    """Times of ours for each kind of filter; then time, size and error of every rival."""
    warehouse = open_warehouse(settings)
    figures: dict[str, Any] = {"filters": _ours(warehouse)}
    headline = figures["filters"][HEADLINE]
    figures["query_ms"] = headline["query_ms"]
    figures["engagement_frame_ms"] = headline["frame_ms"]
    figures["memory_bytes_per_second"] = memory_bytes_per_second()
    with duckdb.connect(":memory:") as engine:
        engine.execute(
            "ATTACH $1 AS events (READ_ONLY)", [str(embedded.events_file(settings.home))]
        )
        engine.execute(
            "ATTACH $1 AS kpi (READ_ONLY)", [str(embedded.publication_file(settings.home))]
        )
        figures["query_scan_bytes"] = _scanned_bytes(engine)
        figures["rivals"] = _rivals(engine, warehouse, log)
    warehouse.close()
    by_name = figures["rivals"]
    figures["count_distinct_ms"] = by_name["count_distinct"]["year_ms"]
    figures["sketch_ms"] = by_name["hll"]["year_ms"]
    figures["times_faster"] = figures["count_distinct_ms"] / figures["query_ms"]
    figures["query_memory_limit_ms"] = (
        1000 * figures["query_scan_bytes"] / figures["memory_bytes_per_second"]
    )
    return figures


def parameters(warehouse: Warehouse, filters: Filters, by: str | None = None) -> dict[str, Any]:
    """The bound parameters of `read/engagement` for all users over the whole history."""
    question, audiences = Question("engagement", filters, by=by), ("active",)
    return {
        **{audience: audience for audience in audiences},
        **users.counted_sets(warehouse, question, audiences),
        "with_incomplete": 0,
        **question.parameters(),
    }


def _ours(warehouse: Warehouse) -> dict[str, dict[str, float]]:
    """The statement alone, as a frame of counts; and the measure, for all three audiences."""
    figures = {}
    for name, (filters, by) in NAMED.items():
        params = parameters(warehouse, filters, by)
        figures[name] = {
            "query_ms": 1000
            * median_seconds(lambda p=params: warehouse.frame("engagement", **p), 9),
            "frame_ms": 1000
            * median_seconds(
                lambda f=filters, b=by: warehouse.ask(Question("engagement", f, by=b))
            ),
        }
    return figures


def _rivals(
    engine: duckdb.DuckDBPyConnection, warehouse: Warehouse, log: Log
) -> dict[str, dict[str, Any]]:
    days = [log.first + timedelta(days=n) for n in range((log.last - log.first).days + 1)]
    prepared = days[-min(len(days), PREPARED_DAYS) :]
    counted = prepared[MONTH - 1 :]
    chance = random.Random(5)
    asked = sorted(chance.sample(counted, min(ASKED_DAYS, len(counted))))
    values = warehouse.known_values()
    drawn = [
        (_random_filter(chance, values), chance.choice(counted)) for _ in range(RANDOM_FILTERS)
    ]
    truth = [_truth(warehouse, filters, day) for filters, day in drawn]
    figures = {}
    for name in ("count_distinct", "approx_count_distinct", "hll", "roaring", "last_value"):
        made: list[Rival] = []
        preparing = seconds(lambda n=name, k=made: k.append(_rival(engine, n, prepared)))
        rival = made[0]
        picked = _pick(engine, NAMED[HEADLINE][0])
        rival.day(asked[0], picked)
        figures[name] = {
            "year_ms": 1000 * rival.year_seconds(asked, len(days), picked),
            "prepare_seconds": preparing,
            "kept_bytes": rival.kept_bytes * len(days),
            **_errors(engine, rival, drawn, truth),
        }
        del rival, made
    return figures


def _rival(engine: duckdb.DuckDBPyConnection, name: str, days: list[date]) -> Rival:
    if name == "count_distinct":
        return PerDay(engine, name, "COUNT(DISTINCT d.user_id)", exact=True)
    if name == "approx_count_distinct":
        return PerDay(engine, name, "approx_count_distinct(d.user_id)", exact=False)
    if name == "last_value":
        return LastValue(engine)
    return (Sketches if name == "hll" else Bitmaps)(engine, days)


def _errors(
    engine: duckdb.DuckDBPyConnection,
    rival: Rival,
    drawn: list[tuple[Filters, date]],
    truth: list[tuple[int, int]],
) -> dict[str, float]:
    """How far the rival's monthly and daily users are from the truth, in percent of it."""
    errors = []
    for (filters, day), exact in zip(drawn, truth, strict=True):
        counted = rival.day(day, _pick(engine, filters))
        errors += [
            100 * abs(float(got or 0) - known) / known
            for got, known in zip(counted, exact, strict=True)
            if known
        ]
    return {
        "worst_error_percent": max(errors, default=0.0),
        "mean_error_percent": statistics.fmean(errors) if errors else 0.0,
        "counts_compared": len(errors),
    }


def _truth(warehouse: Warehouse, filters: Filters, day: date) -> tuple[int, int]:
    """What the product says; COUNT(DISTINCT), the first rival, must agree to the last user."""
    frame = warehouse.frame("engagement", **parameters(warehouse, filters))
    row = frame[pd.to_datetime(frame["day"]) == pd.Timestamp(day)].iloc[0]
    return int(row["daily_users"]), int(row["monthly_users"])


def _pick(engine: duckdb.DuckDBPyConnection, filters: Filters) -> set[int]:
    """The segments that a filter picks, by plain loops, also as a table for the rivals."""
    rows = engine.execute(
        "SELECT segment_id, browser, version, os, service, new_user FROM kpi.segment"
    ).fetchall()
    picked = set()
    for segment, *tags, new_user in rows:
        wanted = filters.users is None or (filters.users == "new") == (new_user == 1)
        for tag, value in zip(TAGS, tags, strict=True):
            some = getattr(filters, tag)
            wanted &= not some or value in some
            wanted &= value not in getattr(filters, f"not_{tag}")
        if wanted:
            picked.add(segment)
    pick(engine, picked)
    return picked


def _random_filter(chance: random.Random, values: dict[str, list[str]]) -> Filters:
    """A filter on one to three tags, among each tag's more used values; sometimes an exclusion."""
    picked: dict[str, Any] = {}
    for tag in chance.sample(TAGS, chance.randint(1, 3)):
        often = values[tag][:12]
        some = tuple(chance.sample(often, min(len(often), chance.randint(1, 4))))
        picked[f"not_{tag}" if chance.random() < 0.3 else tag] = some
    if chance.random() < 0.4:
        picked["users"] = chance.choice(("existing", "existing", "new"))
    return Filters(**picked)


def _scanned_bytes(engine: duckdb.DuckDBPyConnection) -> int:
    """The bytes that a query for one audience must read: keys and counts of its rows, uncompressed."""
    members, daily, monthly = engine.execute(
        "SELECT (SELECT COUNT(*) FROM kpi.segment_set_member), "
        "(SELECT COUNT(*) FROM kpi.daily_users WHERE audience = 'active'), "
        "(SELECT COUNT(*) FROM kpi.monthly_users_change WHERE audience = 'active')"
    ).fetchone()
    return members * 8 + (daily + monthly) * 16
