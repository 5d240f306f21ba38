"""Flows of monthly users and retention: the identity, the words new and returned, and what is hidden."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import oracle
import pandas as pd
import pytest
from conftest import LONG, Store, assert_same, daily
from event_files import write
from logs import DAY_MS, Event, at, days_from, event, heartbeat, random_log, user
from product import table_of

from kpi.meaning.filters import Filters, Period
from kpi.numbers.warehouse import Warehouse

FIRST, DAYS = "2016-01-20", 150
DAY = days_from(FIRST, DAYS)
ARRIVING, LEAVING = ("new", "returned", "moved_in"), ("lapsed", "moved_out")
FLOWS = (*ARRIVING, *LEAVING)
FILTERS, PERIODS = (1000, 20) if LONG else (10, 100)  # a thousand pairs every time


def long_log() -> list[Event]:
    """A log of 150 days whose users stay away for weeks and change their systems, half of whom come late."""
    late = random_log(62, first=DAY[60], days=DAYS - 60, users=12)
    for row in late:
        if row["uid"] not in (None, "", "NULL"):
            row["uid"] += "late"
    return random_log(61, first=FIRST, days=DAYS, users=12) + late


@pytest.fixture(scope="module")
def filled(make_store: Callable[[], Store]) -> Store:
    """A store of the long log."""
    store = make_store()
    store.load(write(store.files / "log.parquet", long_log()))
    store.summarise()
    return store


@pytest.fixture(scope="module")
def warehouse(filled: Store) -> Iterator[Warehouse]:
    """Its newest publication, opened once."""
    with filled.opened() as opened:
        yield opened


def random_filter(chance: random.Random, known: dict[str, list[str]]) -> Filters:
    """A filter of up to three tags, some left out, and of new or existing users at times."""
    picked: dict[str, Any] = {}
    for tag in chance.sample(("browser", "version", "os", "service"), chance.randint(0, 3)):
        some = tuple(chance.sample(known[tag], min(len(known[tag]), chance.randint(1, 3))))
        picked[f"not_{tag}" if chance.random() < 0.3 else tag] = some
    if chance.random() < 0.3:
        picked["users"] = chance.choice(("new", "existing"))
    return Filters(**picked)


def net(rows: pd.DataFrame) -> int:
    """Those who arrived less those who left, over all rows."""
    return int(rows[list(ARRIVING)].to_numpy().sum() - rows[list(LEAVING)].to_numpy().sum())


# Identity and oracle ------------------------------------------------------------------------------


def test_flows_are_the_change_of_monthly_users(warehouse: Warehouse) -> None:
    """Under any filter and over any days the flows are the change of monthly users, to the user."""
    chance = random.Random(1)
    known = warehouse.known_values()
    flowing: dict[str, int] = dict.fromkeys(FLOWS, 0)
    for place in range(FILTERS):
        filters = random_filter(chance, known)
        table = table_of(warehouse, "growth", filters, min_users=0)
        if place % 5 == 0:
            users = table_of(warehouse, "engagement", filters, min_users=0)
            mau = users.loc[users["audience"] == "all", "mau"].reset_index(drop=True)
            assert table["mau"].equals(mau)
            assert table["mau_before"].equals(mau.shift())
        rows = table[table["new"].notna()].reset_index(drop=True)
        assert list(rows["day"].astype(str)) == DAY[56:]
        for _ in range(PERIODS):
            first, last = sorted(chance.choices(range(len(rows)), k=2))
            part = rows.loc[first:last]
            assert rows["mau"][last] - rows["mau_before"][first] == net(part)
        if place % 5 == 0:
            period = Period(*(day.date() for day in part["day"].iloc[[0, -1]]))
            (total,) = table_of(
                warehouse, "growth", filters, period, min_users=0, total=True
            ).to_dict("records")
            assert {flow: total[flow] for flow in FLOWS} == dict(part[list(FLOWS)].sum())
            assert total["mau"] - total["mau_before"] == net(part)
            assert total["day"] == part["day"].iloc[-1]
        for flow in FLOWS:
            flowing[flow] += int(rows[flow].sum())
    assert all(flowing.values()), flowing


@pytest.mark.every_engine("long")
def test_each_way_equals_the_oracle(filled: Store) -> None:
    """Of every user who came or went the oracle knows the way, of whom each way has many."""
    known = oracle.Log(long_log())
    for filters in (
        oracle.Filters(),
        oracle.Filters(os=("Android", "Linux"), not_version=("40",)),
        oracle.Filters(users="new"),
    ):
        expected = oracle.export(known, "growth", filters)
        assert_same(filled.export("growth", *filters.arguments()), expected, str(filters))
        ways = {flow: sum(row[flow] or 0 for row in expected) for flow in FLOWS}
        assert filters.users or min(ways["new"], ways["returned"], ways["lapsed"]) > 2, ways
        assert filters == oracle.Filters() or min(ways["moved_in"], ways["moved_out"]) > 3, ways
        retained = oracle.export(known, "retention", filters)
        assert_same(filled.export("retention", *filters.arguments()), retained, str(filters))


def test_weeks_and_totals_add_up(filled: Store) -> None:
    """A week has the flows of its 7 days, a total those of its period, or of all known days."""
    for by in ((), ("--by=os",)):
        name = "os" if by else "day"
        days = filled.export("growth", *by)
        for week in filled.export("growth", *by, "--weekly"):
            of_week = [
                row
                for row in days
                if not by or row["os"] == week["os"]
                if -7 < _days_apart(row["day"], week["day"]) <= 0
            ]
            assert week["mau"] == of_week[-1]["mau"]
            assert week["mau_before"] == of_week[0]["mau_before"]
            for flow in FLOWS:
                parts = [row[flow] for row in of_week]
                expected = sum(parts) if len(parts) == 7 and None not in parts else None
                assert week[flow] == expected, (week, flow)
        known = [row for row in days if row["new"] is not None]
        for total in filled.export("growth", *by, "--total"):
            mine = [row for row in known if not by or row["os"] == total["os"]]
            assert total["day"] == mine[-1]["day"] and mine[0]["day"] == DAY[56]
            assert all(total[flow] == sum(row[flow] for row in mine) for flow in FLOWS), name
    (early,) = filled.export("growth", "--total", f"--from={DAY[55]}")
    assert early["mau"] is not None and all(early[flow] is None for flow in FLOWS)


def _days_apart(day: str, other: str) -> int:
    return (at(day) - at(other)) // DAY_MS


def test_total_goes_with_growth_only(filled: Store) -> None:
    """--total is wrong usage of another table, and beside --weekly."""
    for arguments in (("engagement", "--total"), ("growth", "--total", "--weekly")):
        ran = filled.run("export", *arguments)
        assert ran.status == 2 and "--total" in ran.err


# New and returned ---------------------------------------------------------------------------------


def stay(name: str, *places: int) -> list[Event]:
    """A user's days."""
    return [event(at(DAY[place]), uid=user(name), user_agent_os="Linux") for place in places]


def on(store: Store, place: int, *arguments: str) -> dict[str, Any]:
    """The row of a day."""
    day = DAY[place]
    (row,) = store.export("growth", f"--from={day}", f"--to={day}", *arguments)
    return row


@pytest.mark.long
def test_days_never_loaded_between_two_files(make_store: Callable[[], Store]) -> None:
    """People lapse on days without a file too: the first day after a hole begins in the right sets."""
    log = [row for row in long_log() if not DAY[60] <= _day(row) < DAY[75]]
    whole, parts = make_store(), make_store()
    whole.load(write(whole.files / "log.parquet", log))
    whole.summarise()
    for name, days in (("early", DAY[:60]), ("last", DAY[120:]), ("late", DAY[75:120])):
        rows = [row for row in log if _day(row) in days]
        parts.load(write(parts.files / f"{name}.parquet", rows))
        parts.summarise()
    assert parts.numbers() == whole.numbers()
    parts.must("unload", "last.parquet")
    parts.summarise()
    parts.load(parts.files / "last.parquet")
    parts.summarise()
    assert parts.numbers() == whole.numbers()
    assert_same(parts.export("growth"), oracle.export(oracle.Log(log), "growth"))


def _day(row: Event) -> str:
    return oracle.day_name(oracle.day_number(row["timestamp"]))


def test_whose_events_have_all_expired_is_new_again(store: Store) -> None:
    """A user of whom nothing is left counts as new; who always had a day left stays known."""
    gone, left = stay("gone", 0), stay("left", 0, 75)
    log = [*heartbeat(FIRST, 80), *stay("always", *range(0, 80, 7)), *gone, *left]
    store.load(write(store.files / "log.parquet", log))
    store.summarise()
    before = store.numbers()
    store.must("expire", "--keep-days", "41")
    assert store.numbers() == before
    more = [*heartbeat(DAY[80], 45), *stay("always", 83, 90, 101, 115, 124)]
    back = [*stay("gone", 120), *stay("left", 120)]
    store.load(write(store.files / "more.parquet", more), write(store.files / "back.parquet", back))
    store.summarise()
    assert (on(store, 120)["new"], on(store, 120)["returned"]) == (1, 1)
    store.must("expire", "--keep-days", "47")  # the days of "left" before are gone now
    if LONG:
        store.load(write(store.files / "late.parquet", stay("another", 121)))
        store.summarise("--from", DAY[120])
        store.must("unload", "late.parquet")
    store.load("--replace", write(store.files / "back.parquet", [*back, *stay("fresh", 120)]))
    store.summarise()
    assert (on(store, 120)["new"], on(store, 120)["returned"]) == (2, 1)


# Retention, and days that come or go ---------------------------------------------------------------


@pytest.mark.every_engine("long")
def test_whoever_comes_back_in_week_4_or_after_an_earlier_day(store: Store) -> None:
    """Days 21 to 27 after a day count, 20 and 28 don't; a day waits until all seven are loaded.

    Late data that move a user's first day make the old one a return; without them it is new again.
    """
    log = [*heartbeat(FIRST, 140), *stay("always", *range(0, 140, 7)), *stay("once", 120)]
    log += [*stay("third", 105, 125), *stay("first", 105, 126), *stay("last", 105, 132)]
    log += [*stay("fifth", 105, 133), *stay("both", 105, 129, 130)]
    early = [row for row in log if _day(row) < DAY[132]]
    store.load(write(store.files / "early.parquet", early))
    store.summarise()
    rows = {row["day"]: row for row in store.export("retention")}
    assert (rows[DAY[105]]["users"], rows[DAY[105]]["returned_week_4"]) == (6, None)
    assert (on(store, 120)["new"], on(store, 120)["returned"]) == (1, 0)
    moved = stay("once", 3)
    store.load(
        write(store.files / "rest.parquet", [row for row in log if _day(row) >= DAY[132]]),
        write(store.files / "moved.parquet", moved),
    )
    store.summarise()
    rows = {row["day"]: row for row in store.export("retention")}
    assert (rows[DAY[105]]["returned_week_4"], rows[DAY[105]]["retention_percent"]) == (4, 4 / 0.06)
    assert rows[DAY[111]]["returned_week_4"] == 0 and rows[DAY[113]]["returned_week_4"] is None
    assert (on(store, 120)["new"], on(store, 120)["returned"]) == (0, 1)
    assert_same(store.export("growth"), oracle.export(oracle.Log(log + moved), "growth"))
    late = stay("third", 127)
    store.must("unload", "moved.parquet")
    store.load(write(store.files / "late.parquet", late))
    store.summarise()
    for metric in ("retention", "growth"):
        assert_same(store.export(metric), oracle.export(oracle.Log(log + late), metric), metric)
    store.must("unload", "rest.parquet")
    store.summarise()
    assert all(
        row["returned_week_4"] is None for row in store.export("retention", f"--from={DAY[105]}")
    )
    known = oracle.Log([*early, *late])
    assert_same(store.export("retention"), oracle.export(known, "retention"))
    assert "BAD  integrity" not in store.run("doctor").text


# What is hidden -----------------------------------------------------------------------------------


def solved(equations: list[dict[Any, float]], unknown: list[Any]) -> set[Any]:
    """The unknowns that the equations determine, each a sum of unknowns with factors whose value is known."""
    place = {cell: number for number, cell in enumerate(unknown)}
    matrix = np.zeros((len(equations), len(unknown)))
    for row, equation in enumerate(equations):
        for cell, factor in equation.items():
            matrix[row, place[cell]] = factor
    if not equations:
        return set()
    _, sizes, directions = np.linalg.svd(matrix)
    free = directions[int((sizes > 1e-9).sum()) :]
    return {cell for cell in unknown if not np.abs(free[:, place[cell]]).max(initial=0) > 1e-9}


@pytest.mark.parametrize("least", daily(3, of=(3, 6)))
def test_the_identity_gives_no_hidden_flow(warehouse: Warehouse, least: int) -> None:
    """Whoever solves all days and weeks of a filter together learns no hidden flow or count of a few."""
    compared = shown = 0
    for filters in (
        Filters(),
        Filters(os=("Linux",)),
        Filters(browser=("Firefox",)),
        Filters(users="existing"),
    ):
        tables = {
            weekly: tuple(
                table_of(warehouse, "growth", filters, min_users=some, weekly=weekly)
                for some in (0, least)
            )
            for weekly in (False, True)
        }
        known: dict[Any, float | None] = {}
        truth: dict[Any, float] = {}
        for weekly, (bare, hidden) in tables.items():
            for true, row in zip(bare.to_dict("records"), hidden.to_dict("records"), strict=True):
                if pd.isna(true["new"]):
                    continue
                day = row["day"]
                for flow in FLOWS:
                    cell = (flow, weekly, day)
                    truth[cell], known[cell] = true[flow], row[flow]
                for column, of in (
                    ("mau", day),
                    ("mau_before", day - pd.Timedelta(days=7 if weekly else 1)),
                ):
                    cell = ("mau", of)
                    truth[cell] = true[column]
                    if known.get(cell) is None or pd.isna(known[cell]):
                        known[cell] = row[column]
        unknown = [cell for cell, value in known.items() if pd.isna(value)]
        equations = []
        for weekly, step in ((False, 1), (True, 7)):
            for cell in [cell for cell in known if cell[:2] == ("new", weekly)]:
                day = cell[2]
                signs = {
                    **{(flow, weekly, day): 1.0 for flow in ARRIVING},
                    **{(flow, weekly, day): -1.0 for flow in LEAVING},
                    ("mau", day): -1.0,
                    ("mau", day - pd.Timedelta(days=step)): 1.0,
                }
                equations.append(signs)
                if weekly:
                    days = [day - pd.Timedelta(days=back) for back in range(7)]
                    for flow in FLOWS:
                        parts = {(flow, False, each): 1.0 for each in days}
                        equations.append({**parts, (flow, True, day): -1.0})
        rest = [{c: f for c, f in e.items() if pd.isna(known[c])} for e in equations]
        learned = solved([equation for equation in rest if equation], unknown)
        small = {cell for cell in learned if 0 < truth[cell] < least}
        assert not small, (filters, sorted(small, key=str)[:5])
        compared += len(unknown)
        shown += sum(known[cell] == truth[cell] > 0 for cell in known if cell not in unknown)
    assert compared > 100 and shown > 100


def test_flows_of_few_are_hidden_with_another(filled: Store) -> None:
    """A small flow is blank, and beside it one of the other direction; a segment of few shows no flow."""
    for by in (None, "os"):
        asked = [f"--by={by}"] if by else []
        for row in filled.export("growth", *asked, min_users=4):
            gone = {name for name in FLOWS if row[name] is None}
            assert all(row[name] == 0 or row[name] >= 4 for name in FLOWS if name not in gone)
            assert not gone or (gone & set(ARRIVING) and gone & set(LEAVING))
            if None in (row["mau"], row["mau_before"]):
                assert gone == set(FLOWS)
