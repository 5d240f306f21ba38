"""People of 28 days and their active days of the last 7: the second reading of a segment's ratio."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np
import oracle
import pytest
from conftest import Store, assert_same, daily, same
from event_files import write
from logs import D, Event, at, event, heartbeat, random_log, user

from kpi.numbers.same_people import mean_days_interval

BARE = ("--min-users=0",)


@pytest.fixture(scope="module")
def log() -> list[Event]:
    """A random log of 64 days, of which 37 have monthly users."""
    return random_log(41, users=14)


@pytest.fixture(scope="module")
def filled(make_store: Callable[[], Store], log: list[Event]) -> Store:
    """A store of the random log."""
    store = make_store()
    store.load(write(store.files / "log.parquet", log))
    store.summarise()
    return store


EVERY_DAY = "DELETE FROM kpi.month_activity"
FIRST_AND_LAST_DAYS = (
    "DELETE FROM kpi.month_activity WHERE day < '2016-02-20' OR day > '2016-03-20'"
)


def forget(store: Store, statement: str = EVERY_DAY) -> None:
    """Take rows of month_activity out of the newest publication, as an older version left it."""
    if hasattr(store, "execute"):
        store.execute(statement)
        return
    with duckdb.connect() as connection:
        connection.execute("ATTACH $1 AS kpi", [str((store.home / "kpi.duckdb").resolve())])
        connection.execute(statement)


def interval(active: list[int]) -> tuple[float, float]:
    """The 95% interval of the mean share of 7 days, in plain sums over people, in percent."""
    n = len(active)
    shares = [days / 7 for days in active]
    mean = math.fsum(shares) / n
    from scipy import stats  # here, since it takes half a second to import

    t = float(stats.t.ppf(0.975, max(n - 1, 1)))
    alike = n
    if len(set(active)) > 1:
        variance = math.fsum((share - mean) ** 2 for share in shares) / (n - 1)
        alike = max(n, n * mean * (1 - mean) / variance)
    middle = (mean + t * t / (2 * alike)) / (1 + t * t / alike)
    half = t * math.sqrt(mean * (1 - mean) / alike + t * t / (4 * alike * alike))
    half /= 1 + t * t / alike
    return max(100 * (middle - half), 0), min(100 * (middle + half), 100)


# The table -----------------------------------------------------------------------------------


@pytest.mark.every_engine("long")
def test_without_a_filter_it_is_the_specification_s_ratio(filled: Store) -> None:
    """Of everybody, people are monthly users and their ratio is the mean of daily users over them."""
    ratios = [row for row in filled.export("engagement") if row["audience"] == "all"]
    rows = filled.export("same-people")
    assert [row["day"] for row in rows] == [row["day"] for row in ratios]
    for mine, theirs in zip(rows, ratios, strict=True):
        assert mine["people"] == theirs["mau"]
        assert mine["engagement_ratio"] == theirs["engagement_ratio"]
        if theirs["mau"] is not None:
            assert mine["people_7day_mean"] == theirs["dau_7day_mean"]
    assert sum(row["engagement_ratio"] is not None for row in rows) == 37


@pytest.mark.every_engine("long")
def test_intervals_equal_plain_sums_over_people(filled: Store, log: list[Event]) -> None:
    """--bands adds the interval of the ratio, as sums over single people give it, under any filter."""
    known = oracle.Log(log)
    for filters in (oracle.Filters(), oracle.Filters(os=("Android",)), oracle.Filters(users="new")):
        rows = filled.export("same-people", "--bands", *filters.arguments())
        compared = 0
        for day, row in zip(known.days, rows, strict=True):
            active = known.days_active(day, filters)
            low, high = interval(active) if active else (None, None)
            assert same(row["engagement_ratio_low"], low), row
            assert same(row["engagement_ratio_high"], high), row
            compared += bool(active)
        assert compared > 20
    bare = filled.export("same-people")
    assert not {"engagement_ratio_low", "engagement_ratio_high"} & set(bare[0])


def test_bands_go_with_tables_that_have_them(filled: Store) -> None:
    """--bands is wrong usage for a table without intervals, and the tables with them are named."""
    ran = filled.run("export", "steps", "--bands")
    assert ran.status == 2 and "same-people" in ran.err


def changed_version() -> list[Event]:
    """Twenty people who use version 48 every day until D[40], and version 49 from then on."""
    return heartbeat(D[0], 60) + [
        event(at(day), uid=user(n), user_agent_version="48" if place < 40 else "49")
        for place, day in enumerate(D[:60])
        for n in range(20)
    ]


def test_whoever_changes_tags_counts_whole(store: Store) -> None:
    """A fortnight after everybody left a version its people are active every day: 100%, not 0%."""
    store.load(write(store.files / "log.parquet", changed_version()))
    store.summarise()
    asked = ("--version=48", f"--from={D[54]}", f"--to={D[54]}")
    (row,) = store.export("same-people", *asked, min_users=10)
    assert (row["people"], row["week_people"]) == (20, 20)
    assert (row["people_7day_mean"], row["engagement_ratio"]) == (20, 100)
    first = store.export("engagement", *asked, min_users=10)[0]
    assert (first["mau"], first["engagement_ratio"]) == (20, 0)


def test_nobody_is_zero_and_a_day_not_loaded_is_unknown(store: Store) -> None:
    """Days of nobody have 0 people and no ratio; days after a hole have nothing for 28 days."""
    beats = [beat for place, beat in enumerate(heartbeat(D[0], 70)) if place != 35]
    once = event(at(D[2]), uid=user("a"))
    store.load(write(store.files / "log.parquet", [*beats, once]))
    store.summarise()
    rows = store.export("same-people", "--bands")
    for place, row in enumerate(rows):
        known = 27 <= place < 35 or place >= 63
        assert row["people"] == ((1 if place < 30 else 0) if known else None), (place, row)
        assert row["engagement_ratio"] == (0 if 27 <= place < 30 else None)
        assert (row["engagement_ratio_low"] is None) == (row["engagement_ratio"] is None)
    assert_same(
        store.export("same-people"), oracle.export(oracle.Log([*beats, once]), "same-people")
    )


# Intervals -----------------------------------------------------------------------------------


def of_people(*active: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """The intervals of several groups of people, of whom each was active on so many days."""
    sums = [(len(a), sum(a), sum(days * days for days in a)) for a in active]
    people, days, squares = np.array(sums, dtype=float).T
    return mean_days_interval(people, days, squares)


def test_intervals_where_nothing_is_known_of_the_spread() -> None:
    """Nobody has no interval; a lone person, and people active alike, have a wide one, never a point."""
    low, high = of_people([], [3], [0] * 30, [7] * 30, [3] * 30, [3] * 30 + [4])
    assert np.isnan(low).tolist() == np.isnan(high).tolist() == [True, *[False] * 5]
    assert low[1] < 5 and high[1] > 95
    assert low[2] == 0 and 10 < high[2] < 13
    assert high[3] == 100 and 87 < low[3] < 90
    assert high[4] - low[4] > 30
    assert high[5] - low[5] < 2


def test_an_absent_count_has_no_interval() -> None:
    """Where a count is absent, so is its interval."""
    absent = np.array([np.nan])
    low, high = mean_days_interval(absent, absent, absent)
    assert np.isnan(low).all() and np.isnan(high).all()


@pytest.mark.parametrize("people", daily(30, 300, of=(30, 300, 3000)))
def test_intervals_hold_as_often_as_they_say(people: int) -> None:
    """Of simulated stores, 93 to 98% have the true ratio in their interval, for the keen and the rare."""
    rng = np.random.default_rng(people)
    stores = 1500
    for a, b, away in ((0.8, 1.2, 0.1), (0.5, 2, 0.2), (4, 0.8, 0), (50, 50, 0)):
        keenness = rng.beta(a, b, (stores, people))
        active = rng.binomial(7, keenness) * (rng.random((stores, people)) >= away)
        low, high = mean_days_interval(
            np.full(stores, people),
            active.sum(axis=1),
            (active**2).sum(axis=1),
        )
        truth = 100 * a / (a + b) * (1 - away)
        held = ((low <= truth) & (truth <= high)).mean()
        assert 0.93 <= held <= 0.98, (a, b, held)


# Stores of an older version ------------------------------------------------------------------


@pytest.mark.every_engine("long")
def test_days_without_counts_are_filled(filled: Store, log: list[Event], tmp_path: Any) -> None:
    """Days that lack their counts are absent, not zero, and said; the next summary fills them, once.

    What their counts need doesn't expire before that.
    """
    before = filled.must("export", "same-people", "--bands", "--by=version", *BARE).out
    store = filled.copied_to(tmp_path / "older")
    forget(store)
    ran = store.must("export", "same-people", *BARE)
    assert "Same-people numbers are absent on 16 Feb – 23 Mar 2016" in ran.err
    assert "Run: python -m kpi summarise" in ran.err
    assert all(row["people"] is None for row in store.export("same-people"))
    assert "BAD  same people: Same-people numbers are absent" in store.run("doctor").text
    ran = store.run("expire", "--keep-days", "41")
    assert ran.status == 1 and "37 days wait to be summarised" in ran.err
    said = store.must("summarise").text
    assert "no day's events changed; same-people numbers of 37 days filled" in said
    assert store.must("export", "same-people", "--bands", "--by=version", *BARE).out == before
    assert "nothing changed" in store.must("summarise").text
    store.must("expire", "--keep-days", "41")
    assert store.must("export", "same-people", "--bands", "--by=version", *BARE).out == before
    assert "ok   same people: counted on every day" in store.run("doctor").text


@pytest.mark.long
@pytest.mark.every_engine("long")
def test_some_days_without_counts_are_filled(filled: Store, tmp_path: Any) -> None:
    """Only some days lacking, and late rows besides: the numbers are as of a whole filling."""
    late = [event(at("2016-03-01"), uid=user("late"), user_agent_os="Linux")]
    stores = []
    for name in ("older", "newer"):
        store = filled.copied_to(tmp_path / name)
        if name == "older":
            forget(store, FIRST_AND_LAST_DAYS)
        store.load(write(store.files / "late.parquet", late))
        assert "1 changed day" in store.must("summarise").text
        stores.append(store.must("export", "same-people", "--bands", "--by=version", *BARE).out)
    assert stores[0] == stores[1]


def test_expired_days_stay_absent_where_they_were_never_counted(
    make_store: Callable[[], Store], log: list[Event]
) -> None:
    """Events that expired before their days were counted so leave them absent; the rest is filled."""
    store = make_store()
    early = [row for row in log if row["timestamp"] < at("2016-03-21", "00:00")]
    store.load(write(store.files / "log.parquet", early))
    store.summarise()
    store.must("expire", "--keep-days", "41")
    whole = store.export("same-people")
    forget(store)
    assert "37 days" not in store.must("summarise").text
    rows = store.export("same-people")
    first = "2016-03-07"  # 27 days after the first whose events are left
    assert [row for row in rows if row["day"] >= first] == [r for r in whole if r["day"] >= first]
    assert all(row["people"] is None for row in rows if row["day"] < first)
    ran = store.must("export", "same-people", *BARE)
    assert "absent on 16 Feb – 6 Mar 2016" in ran.err and "have expired" in ran.err
    assert ran.err.count("\n") == 1
    assert "ok   same people: Same-people numbers are absent" in store.run("doctor").text
    assert "nothing changed" in store.must("summarise").text
    late = [row for row in log if row["timestamp"] >= at("2016-03-21", "00:00")]
    store.load(write(store.files / "late.parquet", late))
    store.summarise()
    expected = oracle.export(oracle.Log(log), "same-people")
    assert_same(
        [row for row in store.export("same-people") if row["day"] >= first],
        [row for row in expected if row["day"] >= first],
    )


# Small groups --------------------------------------------------------------------------------


def test_those_active_in_the_week_tell_nothing_of_the_others(
    filled: Store, log: list[Event]
) -> None:
    """People less those active in the week are nobody or enough, and hidden counts have no ratio."""
    hidden = 0
    for least in (3, 5):
        for by in (None, "os", "users"):
            asked = [f"--by={by}"] if by else []
            for row in filled.export("same-people", *asked, min_users=least):
                people, week = row["people"], row["week_people"]
                assert people is None or people == 0 or people >= least
                assert week is None or week == 0 or week >= least
                if None not in (people, week):
                    assert people == week or people - week >= least
                hidden += people is not None and week is None
                assert people is not None or row["engagement_ratio"] is None
    assert hidden > 20


def test_a_hidden_day_does_not_come_out_of_the_week(store: Store) -> None:
    """Active days less the daily users that the engagement table shows are no hidden day's users."""
    chance = random.Random(3)
    log = heartbeat(D[0], 50)
    for place, day in enumerate(D[:50]):
        for n in range(3 if place == 40 else 12 + chance.randrange(4)):
            log.append(event(at(day), uid=user(n), user_agent_os="Linux"))
    store.load(write(store.files / "log.parquet", log))
    store.summarise()
    for asked in ((), ("--os=Linux",), ("--by=os",)):
        daily = {
            row["day"]: row
            for row in store.export("engagement", *asked, min_users=10)
            if row["audience"] == "all"
        }
        rows = store.export("same-people", "--bands", *asked, min_users=10)
        assert daily[D[40]]["dau"] is None
        for row in rows:
            inside = D[40] <= row["day"] <= D[46]
            known = row["day"] >= D[27]
            for name in ("people_7day_mean", "engagement_ratio", "engagement_ratio_low"):
                assert (row[name] is None) == (inside or not known), (asked, row)
    assert_same(
        store.export("same-people", min_users=10),
        oracle.export(oracle.Log(log), "same-people", min_users=10),
    )
