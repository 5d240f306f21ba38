"""Pooled figures of connection attempts equal plain loops; what is small or tells of it is hidden."""

from __future__ import annotations

import csv
import functools
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from attempts_oracle import Period as Pooled
from conftest import LONG, Store, daily, same
from logs import COLUMNS, Event, at, event, random_log, user
from oracle import Filters as OracleFilters
from oracle import Log, day_name
from product import table_of
from test_exact import random_filters

from kpi.meaning.filters import ATTEMPT_BREAKDOWNS, Filters, Period
from kpi.meaning.question import Options, Question
from kpi.meaning.tables import ACCOUNTS, BASES
from kpi.numbers.cells import hidden_parts
from kpi.numbers.warehouse import Warehouse, open_warehouse
from kpi.settings import Settings

SEEDS = (21, 22)
UNLOADED = {22: (9, 30)}
DAILY_SEED = 22
EACH_SEED = daily(DAILY_SEED, of=SEEDS)
REGIONS = ("DE", "US", "", "BR")


@functools.cache
def log_of(seed: int) -> list[Event]:
    """A random log whose sequences also come from somewhere."""
    log = random_log(seed, attempts_per_day=6, unloaded=UNLOADED.get(seed, ()))
    for row in log:
        row["region"] = REGIONS[int(row["seq_id"] or "0", 16) % len(REGIONS)]
    return log


def opened(store: Store, log: list[Event]) -> Warehouse:
    """The warehouse of a store that holds these events, and nothing else."""
    path = store.files / "events.parquet"
    with path.open("w", newline="") as file:
        rows = csv.DictWriter(file, [*COLUMNS, "region"])
        rows.writeheader()
        rows.writerows({**row, "new_user": int(bool(row["new_user"]))} for row in log)
    store.load(path)
    store.summarise()
    told = {name: value for name, value in store.settings().items() if value is not None}
    return open_warehouse(Settings.read(told))


@pytest.fixture(scope="session")
def warehouse_of(make_store: Callable[[], Store]) -> Callable[[int], Warehouse]:
    """Gives the warehouse that holds a random log, made once per seed."""

    @functools.cache
    def made(seed: int) -> Warehouse:
        return opened(make_store(), log_of(seed))

    return made


def asked_of(seed: int, count: int = 6) -> list[tuple[OracleFilters, str | None, str | None]]:
    """Filters and periods: none first, then random ones."""
    chance, log = random.Random(seed), Log(log_of(seed))
    asked: list[tuple[OracleFilters, str | None, str | None]] = [(OracleFilters(), None, None)]
    for _ in range(count):
        first, last = sorted(chance.choices(log.days, k=2))
        asked.append((random_filters(chance, log, "completion"), day_name(first), day_name(last)))
    return asked


def told_by(filters: OracleFilters, first: str | None, last: str | None) -> dict[str, Any]:
    """The same question to the library."""
    days = (date.fromisoformat(day) if day else None for day in (first, last))
    return {"filters": Filters(**vars(filters)), "period": Period(*days), "min_users": 0}


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """A frame's rows with None where a value is absent, and days as ISO dates."""
    if "day" in frame:
        frame = frame.assign(day=frame["day"].dt.strftime("%Y-%m-%d"))
    return [
        {name: None if pd.isna(value) else value for name, value in row.items()}
        for row in frame.to_dict("records")
    ]


def assert_rows(got: list[dict[str, Any]], expected: list[dict[str, Any]], about: str) -> None:
    """Two tables agree row by row, in order, in every column."""
    assert len(got) == len(expected), about
    for left, right in zip(got, expected, strict=True):
        assert list(left) == list(right), about
        for name, value in right.items():
            assert same(left[name], value), f"{about}: {left} {name}, expected {value}"


@pytest.mark.every_engine("long")
@pytest.mark.parametrize("seed", EACH_SEED)
def test_ready_within(seed: int, warehouse_of) -> None:
    """Of the attempts begun on a day, those ready within each limit, the limit included."""
    log = Log(log_of(seed))
    for asked in asked_of(seed):
        got = rows_of(table_of(warehouse_of(seed), "ready-within", **told_by(*asked)))
        assert_rows(got, Pooled(log, *asked).ready_within(), f"{asked}")


@pytest.mark.every_engine("long")
@pytest.mark.parametrize("metric", ["completion", "connection-time", "steps"])
@pytest.mark.parametrize("seed", EACH_SEED)
def test_four_weeks(seed: int, metric: str, warehouse_of) -> None:
    """A point of four whole weeks has all their attempts, whatever the period; without a day it is absent."""
    log = Log(log_of(seed))
    for place, (filters, first, last) in enumerate(asked_of(seed, 3)):
        by = (None, "os", "region", "users")[place]
        asked = told_by(filters, first, last)
        frame = table_of(warehouse_of(seed), metric, by=by, monthly=True, **asked)
        every = Pooled(log, filters, None, None)
        for value in [None] if by is None else sorted(set(frame[by])):
            mine = frame if by is None else frame[frame[by] == value].drop(columns=by)
            expected = [
                row
                for row in every.points(metric, 28, by, value)
                if (first or "") <= row["day"] <= (last or "9999")
            ]
            assert_rows(rows_of(mine), expected, f"{filters} {by} {value}")
        assert by or len(frame)


@pytest.mark.every_engine("long")
@pytest.mark.parametrize("of", BASES)
@pytest.mark.parametrize("seed", EACH_SEED)
def test_distribution(seed: int, of: str, warehouse_of) -> None:
    """At every time that stands, the attempts ready by then are counted exactly."""
    log, counted = Log(log_of(seed)), 0
    for asked in asked_of(seed):
        frame = table_of(warehouse_of(seed), "connection-distribution", of=of, **told_by(*asked))
        for account, rows in frame.groupby("account", sort=False):
            seconds = [float(value) for value in rows["within_seconds"]]
            assert seconds == sorted(set(seconds))
            expected = Pooled(log, *asked).distribution(of, seconds)
            expected = [row for row in expected if row["account"] == account]
            assert_rows(rows_of(rows), expected, f"{asked}")
            ready = [
                a for a in (Pooled(log, *asked).begun, Pooled(log, *asked).ready)[of == "ready"]
            ]
            ever = [
                a for a in ready if a.ready_ms is not None and account in ("all", a.segment.users)
            ]
            assert rows["ready"].iloc[-1] == len(ever), "the last time is everybody's"
            counted += len(rows)
    assert counted > 40


@pytest.mark.every_engine("long")
@pytest.mark.parametrize("by", [None, *ATTEMPT_BREAKDOWNS])
@pytest.mark.parametrize("seed", EACH_SEED)
def test_breakdown(seed: int, by: str | None, warehouse_of) -> None:
    """Percentiles of a period are those of its attempts; rows add up, most begun first."""
    log = Log(log_of(seed))
    for asked in asked_of(seed, 4 if LONG else 1):
        frame = table_of(warehouse_of(seed), "connection-breakdown", by=by, **told_by(*asked))
        expected = Pooled(log, *asked).breakdown(by)
        if by is None:
            assert_rows(rows_of(frame), list(expected.values()) or rows_of(frame), f"{asked}")
            continue
        got = {row.pop(by): row for row in rows_of(frame)}
        assert set(got) == set(expected)
        for value, row in expected.items():
            assert_rows([got[value]], [row], f"{asked} {value}")
        begun = list(frame["begun"])
        assert begun == sorted(begun, reverse=True)
        assert sum(begun) == len(Pooled(log, *asked).begun)


@pytest.mark.every_engine("long")
@pytest.mark.parametrize("seed", EACH_SEED)
def test_steps(seed: int, warehouse_of) -> None:
    """Each step: who came this far, who fell away, and how long it took."""
    log = Log(log_of(seed))
    for asked in asked_of(seed):
        frame = table_of(warehouse_of(seed), "setup-steps", **told_by(*asked))
        assert_rows(rows_of(frame), Pooled(log, *asked).steps(), f"{asked}")
        assert (frame["lost"].dropna() >= 0).all()


def test_half_of_those_ready_are_within_the_median(warehouse_of) -> None:
    """The distribution of those ready and the median of a breakdown tell the same story."""
    warehouse = warehouse_of(DAILY_SEED)
    medians = table_of(warehouse, "connection-breakdown", by="users", min_users=0).set_index(
        "users"
    )
    frame = table_of(warehouse, "connection-distribution", of="ready", min_users=0)
    for account in ACCOUNTS:
        rows = frame[frame["account"] == account]
        median = medians.at[account, "median_seconds"]
        assert (rows.loc[rows["within_seconds"] < 0.9 * median, "percent"] <= 50).all()
        assert (rows.loc[rows["within_seconds"] > 1.1 * median, "percent"] >= 50).all()


def test_small_cells_are_hidden(warehouse_of) -> None:
    """What stands has the minimum behind it; what doesn't can't be told from the sums."""
    warehouse, least = warehouse_of(DAILY_SEED), 10
    hidden = 0
    for by in ATTEMPT_BREAKDOWNS:
        bare = table_of(warehouse, "connection-breakdown", by=by, min_users=0)
        shown = table_of(warehouse, "connection-breakdown", by=by, min_users=least)
        assert list(bare[by]) == list(shown[by])
        for count in ("begun", "connections"):
            kept = shown[count].notna()
            assert not ((bare.loc[kept, count] > 0) & (bare.loc[kept, count] < least)).any()
            left_out = int(bare.loc[~kept, count].sum())
            anything_shown = bool((bare.loc[kept, count] > 0).any())
            assert left_out == 0 or left_out >= least or not anything_shown
            hidden += int((~kept).sum())
        assert shown.loc[shown["connections"].isna(), "median_seconds"].isna().all()
        assert shown.loc[shown["begun"].isna(), "completion_percent"].isna().all()
    assert hidden > 0
    for of in BASES:
        frame = table_of(warehouse, "connection-distribution", of=of, min_users=least)
        for _, rows in frame.groupby("account"):
            assert (rows["ready"].diff().fillna(rows["ready"]) >= least).all()


def test_what_hides_cells_is_derived_once(warehouse_of) -> None:
    """Another value of the same filter is judged by what was derived for the first."""
    warehouse = warehouse_of(1)
    asked = Question("connection-time", Filters(os=("Android",)), shown_from=5)
    warehouse.ask(asked)
    before = warehouse._derived.cache_info()
    warehouse.ask(replace(asked, filters=Filters(os=("Linux",))))
    after = warehouse._derived.cache_info()
    assert after.misses == before.misses and after.hits > before.hits


def test_steps_tell_nothing_small(warehouse_of) -> None:
    """No count of the funnel is small, and no two of those who came differ by a small count."""
    least, hidden = 10, 0
    for filters, first, last in asked_of(DAILY_SEED, 20 if LONG else 6):
        asked = told_by(filters, first, last)
        bare = table_of(warehouse_of(DAILY_SEED), "setup-steps", **asked)
        funnel = table_of(warehouse_of(DAILY_SEED), "setup-steps", **{**asked, "min_users": least})
        for count in ("came_this_far", "lost", "reached"):
            values = funnel[count].dropna()
            assert not ((values > 0) & (values < least)).any()
        came = funnel["came_this_far"].dropna().unique().tolist()
        apart = [a - b for a in came for b in came if a > b]
        assert all(one >= least or b == 0 for one, b in zip(apart, _lower(came), strict=True))
        hidden += int((funnel["came_this_far"].isna() & (bare["came_this_far"] >= least)).sum())
    assert hidden > 0


def _lower(came: list[int]) -> list[int]:
    """The lower of each pair, in the order of the pairs above."""
    return [b for a in came for b in came if a > b]


@pytest.mark.parametrize(
    ("parts", "hidden"),
    [
        ((50, 40, 30), (False, False, False)),
        ((50, 40, 3), (False, True, True)),  # 93 in all less 50 and 40 would tell the 3
        ((50, 6, 5), (False, True, True)),  # together 11: nobody can tell which is which
        ((3, 0), (True, False)),
        ((8, 8), (True, True)),
        ((12, 4), (True, True)),
        ((), ()),
    ],
)
def test_complements(parts: tuple[int, ...], hidden: tuple[bool, ...]) -> None:
    """A small part is hidden with the smallest others until what is hidden is no small count."""
    found = hidden_parts(np.array(parts, dtype=float), 10)
    assert tuple(found) == hidden


@pytest.mark.every_engine("long")
def test_incomplete_days_do_not_count(store: Store) -> None:
    """Attempts of a day that isn't over are in no pooled figure unless asked for."""
    now = datetime.now(UTC)
    days = [(now - timedelta(days=back)).date() for back in (3, 0)]
    log = []
    for number, day in enumerate(days):
        start = at(day, "00:00")
        steps = ("sequence.begin", "account.login", "device.connected")
        log += [
            event(start, step, seq_id=f"{number:032x}", seq_time=ms, service="sync", uid=user(1))
            for step, ms in zip(steps, (0, 400, 700), strict=True)
        ]
    warehouse = opened(store, [{**row, "region": None} for row in log])
    for incomplete, count in ((False, 1), (True, 2)):
        how = {"min_users": 0, "incomplete": incomplete}
        pooled = table_of(warehouse, "connection-breakdown", **how)
        assert list(pooled["begun"]) == list(pooled["connections"]) == [count]
        assert table_of(warehouse, "setup-steps", **how)["came_this_far"].tolist() == [count] * 6
        for of in BASES:
            frame = table_of(warehouse, "connection-distribution", of=of, **how)
            assert frame["attempts"].unique().tolist() == [count]


def test_unknown_names_are_bugs() -> None:
    """A breakdown or a base that doesn't exist is refused before any query."""
    with pytest.raises(ValueError, match="colour"):
        Question("connection-breakdown", by="colour")
    with pytest.raises(ValueError, match="finished"):
        Question("connection-distribution", options=Options(of="finished"))


@pytest.mark.every_engine("long")
def test_nothing_matches(warehouse_of) -> None:
    """Where nobody matches there are zeros and absent values, not errors."""
    how = {"filters": Filters(os=("BeOS",)), "min_users": 10}
    warehouse = warehouse_of(DAILY_SEED)
    assert table_of(warehouse, "connection-breakdown", **how)["begun"].tolist() == [0]
    assert table_of(warehouse, "connection-breakdown", by="os", **how).empty
    assert table_of(warehouse, "connection-distribution", **how).empty
    assert table_of(warehouse, "setup-steps", **how)["came_this_far"].tolist() == [0] * 6
