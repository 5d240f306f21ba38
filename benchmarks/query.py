"""A year of daily and monthly users and their ratio under filters, beside every other way to count."""

from __future__ import annotations

import random
import shutil
import statistics
from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
from sqlalchemy import event

from benchmarks import rivals
from benchmarks.generate import Log
from benchmarks.measure import Cost, cost, fastest, median_cost, memory_bytes_per_second, seconds
from benchmarks.rivals import MONTH, Rival
from kpi import store
from kpi.meaning.filters import TAGS, Filters
from kpi.meaning.question import Question
from kpi.numbers import users
from kpi.numbers.warehouse import Warehouse
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
RANDOM_YEARS = 4
"""So many filters are compared on every day, where a way counts all days at once."""
ASKED_DAYS = 7
PREPARED_DAYS = 60
REPEATS = 5
THREADS = (2, 1)
SLOW_MS = 5000
"""A run that takes longer isn't repeated."""


def measured(settings: Settings, log: Log, folder: Path) -> Iterator[dict[str, Any]]:
    """Times of ours for each kind of filter; then time, size and error of every rival."""
    ours: dict[str, Any] = {"filters": _ours(settings)}
    headline = ours["filters"][HEADLINE]
    ours |= {name: headline[name] for name in headline if name.startswith("query")}
    ours["engagement_frame_ms"] = headline["frame_ms"]
    ours["memory_bytes_per_second"] = memory_bytes_per_second()
    yield ours
    warehouse = _opened(settings, THREADS[0])
    with duckdb.connect(":memory:") as engine:
        engine.execute(
            "ATTACH $1 AS events (READ_ONLY)", [str(embedded.events_file(settings.home))]
        )
        engine.execute(
            "ATTACH $1 AS kpi (READ_ONLY)", [str(embedded.publication_file(settings.home))]
        )
        scanned = _scanned_bytes(engine)
        theirs = {"rivals": _rivals(engine, warehouse, log, folder / "clickhouse")}
    warehouse.close()
    limit = 1000 * scanned / ours["memory_bytes_per_second"]
    yield {
        "query_scan_bytes": scanned,
        "query_memory_limit_ms": limit,
        **theirs,
        **compared(ours | theirs),
    }


def compared(figures: dict[str, Any]) -> dict[str, Any]:
    """The best exact rival, by the least wall time on one thread or two, and how much faster we are.

    ``times_faster`` is the lesser of the ratios of wall and of processor time.
    """
    ways = figures["rivals"]
    exact = {name: way for name, way in ways.items() if way["exact"]}
    best = min(exact, key=lambda name: fastest(exact[name]))
    cpu = min(exact[best]["year_cpu_ms"], exact[best]["year_one_thread_cpu_ms"])
    return {
        "best_exact_rival": best,
        "best_exact_rival_ms": fastest(exact[best]),
        "best_exact_rival_cpu_ms": cpu,
        "count_distinct_ms": fastest(ways["count_distinct"]),
        "sketch_ms": min(fastest(ways[name]) for name in ("hll", "theta")),
        "times_faster": min(
            fastest(exact[best]) / figures["query_ms"], cpu / figures["query_cpu_ms"]
        ),
    }


def _opened(settings: Settings, threads: int) -> Warehouse:
    """The newest publication, read with so many threads."""
    opened = store.opened(settings, None)

    @event.listens_for(opened.engine, "connect")
    def use(raw: Any, _record: Any) -> None:
        raw.cursor().execute("SET threads = $1", [threads])

    return Warehouse(*opened)


def parameters(warehouse: Warehouse, filters: Filters, by: str | None = None) -> dict[str, Any]:
    """The bound parameters of `read/engagement` for all users over the whole history."""
    question, audiences = Question("engagement", filters, by=by), ("active",)
    return {
        **{audience: audience for audience in audiences},
        **users.counted_sets(warehouse, question, audiences),
        "with_incomplete": 0,
        **question.parameters(),
    }


def _ours(settings: Settings) -> dict[str, dict[str, float]]:
    """The statement alone, as a frame of counts; and the measure, for all three audiences."""
    figures: dict[str, dict[str, float]] = {name: {} for name in NAMED}
    for threads in THREADS:
        warehouse = _opened(settings, threads)
        for name, (filters, by) in NAMED.items():
            asking = partial(warehouse.frame, "engagement", **parameters(warehouse, filters, by))
            figures[name] |= _by_threads("query", threads, _repeated(asking, 9))
            measure = partial(warehouse.ask, Question("engagement", filters, by=by))
            figures[name] |= _by_threads("frame", threads, _repeated(measure))
        warehouse.close()
    return figures


def _by_threads(name: str, threads: int, measured: Cost) -> dict[str, float]:
    many = "" if threads == THREADS[0] else "_one_thread"
    return {f"{name}{many}_ms": measured.wall_ms, f"{name}{many}_cpu_ms": measured.cpu_ms}


def _repeated(work: Any, repeats: int = REPEATS) -> Cost:
    """The median cost of several runs after a first, which counts alone where it is slow."""
    first = cost(work)
    if first.wall_ms > SLOW_MS:
        return first
    return median_cost([cost(work) for _ in range(repeats)])


def _rivals(
    engine: duckdb.DuckDBPyConnection, warehouse: Warehouse, log: Log, folder: Path
) -> dict[str, dict[str, Any]]:
    from benchmarks import clickhouse

    days = [log.first + timedelta(days=n) for n in range((log.last - log.first).days + 1)]
    prepared = days[-min(len(days), PREPARED_DAYS) :]
    tables: list[clickhouse.ClickHouse] = []
    loading = seconds(lambda: tables.append(clickhouse.ClickHouse(engine, folder)))
    made: dict[str, Any] = {
        "count_distinct": lambda: rivals.PerDay(engine, "COUNT(DISTINCT d.user_id)", exact=True),
        "windowed_distinct": lambda: rivals.InOnePass(engine, rivals.WINDOWED),
        "islands": lambda: rivals.InOnePass(engine, rivals.ISLANDS),
        "uniq_exact": lambda: clickhouse.ADay(tables[0]),
        "clickhouse_bitmaps": lambda: clickhouse.Months(tables[0]),
        "roaring": lambda: rivals.Merged(engine, prepared, rivals.Roaring),
        "approx_count_distinct": lambda: rivals.PerDay(
            engine, "approx_count_distinct(d.user_id)", exact=False
        ),
        "hll": lambda: rivals.Merged(engine, prepared, rivals.HyperLogLog),
        "theta": lambda: rivals.Merged(engine, prepared, rivals.Theta),
        "last_value": lambda: rivals.LastValue(engine),
    }
    figures = {}
    try:
        for name, make in made.items():
            ready: list[Rival] = []
            preparing = seconds(lambda make=make, ready=ready: ready.append(make()))
            figures[name] = {
                "exact": ready[0].exact,
                "prepare_seconds": preparing
                + loading * (name in ("uniq_exact", "clickhouse_bitmaps")),
                "kept_bytes": ready[0].bytes_per_day * len(days),
                **_measured(engine, ready[0], warehouse, days),
            }
    finally:
        tables[0].close()
        shutil.rmtree(folder, ignore_errors=True)
    return figures


def _measured(
    engine: duckdb.DuckDBPyConnection, rival: Rival, warehouse: Warehouse, days: list[date]
) -> dict[str, float]:
    """Costs of a year and errors of a rival."""
    chance = random.Random(5)
    counted = days[-min(len(days), PREPARED_DAYS) :][MONTH - 1 :]
    asked = sorted(chance.sample(counted, min(ASKED_DAYS, len(counted))))
    picked = _pick(engine, NAMED[HEADLINE][0])
    runs = {"day": [[day] for day in asked], "prepared": [counted], "whole": [days]}[rival.reach]
    figures: dict[str, float] = {}
    for threads in THREADS:
        rival.use(threads)
        each = [
            Cost(*(spent * len(days) / len(run) for spent in _run(rival, picked, run)))
            for run in runs
        ]
        figures |= _by_threads("year", threads, median_cost(each))
    rival.use(THREADS[0])
    filters = [_random_filter(chance, warehouse.known_values()) for _ in range(RANDOM_FILTERS)]
    if rival.reach == "whole":
        drawn = [(each, days) for each in filters[:RANDOM_YEARS]]
    else:
        drawn = [(each, [chance.choice(counted)]) for each in filters]
    return figures | _errors(engine, rival, warehouse, drawn)


def _run(rival: Rival, picked: set[int], days: list[date]) -> Cost:
    return _repeated(partial(rival.counts, picked, days), 1 if rival.reach == "day" else 3)


def _errors(
    engine: duckdb.DuckDBPyConnection,
    rival: Rival,
    warehouse: Warehouse,
    drawn: list[tuple[Filters, list[date]]],
) -> dict[str, float]:
    """How far the rival's monthly and daily users are from ours, in percent of ours.

    An exact rival must agree to the last user. A filter for which it needs more memory than there is counts
    in ``filters_without_memory`` only.
    """
    errors, without_memory = [], 0
    for filters, days in drawn:
        ours = _truth(warehouse, filters)
        try:
            theirs = rival.counts(_pick(engine, filters), days)
        except duckdb.OutOfMemoryException:
            without_memory += 1
            continue
        errors += [
            100 * abs(float(got or 0) - known) / known
            for day in days
            for got, known in zip(theirs[day], ours[day], strict=True)
            if known
        ]
    return {
        "filters_without_memory": without_memory,
        "worst_error_percent": max(errors, default=0.0),
        "mean_error_percent": statistics.fmean(errors) if errors else 0.0,
        "counts_compared": len(errors),
    }


@lru_cache(RANDOM_FILTERS)
def _truth(warehouse: Warehouse, filters: Filters) -> dict[date, tuple[int, int]]:
    """Daily and monthly users by day, as the product counts them; 0 for a month that isn't whole."""
    frame = warehouse.frame("engagement", **parameters(warehouse, filters))
    counts = frame[["daily_users", "monthly_users"]].fillna(0).astype(int)
    days = [pd.Timestamp(day).date() for day in frame["day"]]
    return dict(zip(days, counts.itertuples(index=False, name=None), strict=True))


def _pick(engine: duckdb.DuckDBPyConnection, filters: Filters) -> set[int]:
    """The segments that a filter picks, by plain loops."""
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
