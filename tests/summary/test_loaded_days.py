"""A day is loaded when it has enough events beside its nearest days, and complete when it was over."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

import oracle
import pytest
from conftest import LONG, PROJECT, Store, assert_same, daily
from event_files import write
from logs import Event, at, days_from, device, event, random_log, user

pytestmark = pytest.mark.every_engine("long")

METRICS = (
    "engagement",
    "multi-device",
    "device-coverage",
    "same-people",
    "connection-time",
    "completion",
    "steps",
)
OFTEN = ("engagement", "completion")
"""What every test compares; ``METRICS`` are compared of a stray event, of a random log, and in long runs."""
FIRST, DAYS = "2016-03-01", 36
LAST = days_from(FIRST, DAYS)[-1]


def bulk(days: int = DAYS, events: int = 30) -> list[Event]:
    """Days of so many events of a few users, each on a device of its own."""
    return [
        event(
            at(day, f"{6 + number // 6:02d}:{number % 6 * 10:02d}"),
            uid=user(number % 7),
            device_id=device(number % 9),
        )
        for day in days_from(FIRST, days)
        for number in range(events)
    ]


def stray(day: str, clock: str = "00:00:01") -> Event:
    """One event of somebody who is there all the time."""
    return event(at(day, clock), uid=user(1), device_id=device(1))


def assert_oracle(store: Store, log: list[Event], metrics: tuple[str, ...] = OFTEN) -> None:
    """Exports of users and of attempts equal the oracle's, which judges days in plain loops."""
    known = oracle.Log(log)
    for metric in METRICS if LONG else metrics:
        assert_same(store.export(metric), oracle.export(known, metric), metric)


def doubtful(store: Store) -> list[tuple[str, str, int]]:
    """The listed doubtful days: day, file and events."""
    rows = store.published("doubtful_day")
    return [(str(row["day"])[:10], row["source"], int(row["events"])) for row in rows]


STRAYS = ["2010-05-05", "2016-04-06"]


@pytest.mark.parametrize(
    "away", daily(STRAYS, of=[*([day] for day in (*STRAYS, "2016-04-20", "2019-09-09")), STRAYS])
)
def test_a_stray_is_no_day(away: list[str], store: Store) -> None:
    """Rows long before, just after, or long after the bulk move neither the first nor the last day."""
    log = [*bulk(), *map(stray, away)]
    store.load(write(store.files / "bulk.parquet", log))
    store.summarise()
    assert_oracle(store, log, METRICS)
    days = {row["day"] for row in store.export("engagement")}
    assert (min(days), max(days)) == (FIRST, LAST)
    assert sorted(doubtful(store)) == [(day, "bulk.parquet", 1) for day in away]
    assert '"days": 0' in store.summarise().text


@pytest.mark.long
@pytest.mark.parametrize(("usual", "strays", "loaded"), [(12, 1, 0), (12, 2, 1), (9, 1, 1)])
def test_one_event_alone(usual: int, strays: int, loaded: int, store: Store) -> None:
    """One event loads no day among days of ten or more, even over 5% of twelve; two do, or of nine."""
    log = [*bulk(events=usual), *(stray("2016-04-06", f"00:00:0{n}") for n in range(strays))]
    store.load(write(store.files / "log.parquet", log))
    store.summarise()
    assert_oracle(store, log)
    assert len(doubtful(store)) == 1 - loaded


def test_a_day_counts_once_its_own_file_comes(make_store: Callable[[], Store]) -> None:
    """A stray row in a hole, and one past the end, count once the rest of their day is loaded."""
    log = bulk()
    hole, next_day = days_from(FIRST, DAYS)[20], str(date.fromisoformat(LAST) + timedelta(days=1))
    of_hole = [row for row in log if oracle.day_name(row["timestamp"] // oracle.DAY_MS) == hole]
    rest = [row for row in log if row not in of_hole]
    of_next = [{**row, "timestamp": row["timestamp"] + 16 * oracle.DAY_MS} for row in of_hole]
    pieces = [rest + of_hole[:1] + of_next[:1], of_hole[1:], of_next[1:]]
    if not LONG:
        pieces = [pieces[0], pieces[1] + pieces[2]]
    expected = []
    for order in ((0, 1, 2), (2, 0, 1)) if LONG else ((0, 1),):
        store, loaded = make_store(), []
        for place in order:
            store.load(write(store.files / f"{place}.parquet", pieces[place]))
            loaded += pieces[place]
            store.summarise()
            assert_oracle(store, loaded)
        assert doubtful(store) == []
        assert store.export("engagement")[-1]["day"] == next_day
        expected.append(store.numbers())
    assert all(numbers == expected[0] for numbers in expected)


def test_neighbours_take_a_day_out(store: Store) -> None:
    """A day that was loaded alone is doubtful once days of a hundred times its events come; and back."""
    lone = [stray(LAST, f"12:00:0{second}") for second in range(2)]
    store.load(write(store.files / "lone.parquet", lone))
    store.summarise()
    before = bulk(DAYS - 2, events=60)
    store.load(write(store.files / "before.parquet", before))
    store.summarise()
    assert_oracle(store, lone + before)
    assert doubtful(store) == [(LAST, "lone.parquet", 2)]
    store.must("unload", "before.parquet")
    store.summarise()
    assert_oracle(store, lone)


@pytest.mark.parametrize("seed", daily(0, of=range(2)))
def test_strays_anywhere(seed: int, make_store: Callable[[], Store]) -> None:
    """With stray events and attempts between, before and after, as the oracle; files in any order."""
    chance = random.Random(seed)
    full = random_log(seed, days=44, users=14, attempts_per_day=20)
    thin = set(chance.sample(sorted({row["timestamp"] // oracle.DAY_MS for row in full}), 6))
    log = [
        row
        for row in full
        if row["timestamp"] // oracle.DAY_MS not in thin or chance.random() < 0.05
    ]
    away = [{**row, "timestamp": row["timestamp"] + 900 * oracle.DAY_MS} for row in log[:3]]
    log = log + away
    known = oracle.Log(log)
    assert {row["timestamp"] // oracle.DAY_MS for row in log} - known.loaded_days
    chance.shuffle(log)
    whole = make_store()
    whole.load(write(whole.files / "whole.parquet", log))
    whole.summarise()
    assert_oracle(whole, log, METRICS)
    if not LONG:
        return
    pieces = make_store()
    for place in range(4):
        pieces.load(write(pieces.files / f"{place}.parquet", log[place::4]))
        if place % 2:
            pieces.summarise(f"--to={oracle.day_name(known.days[20])}")
    pieces.summarise()
    assert pieces.numbers() == whole.numbers()


def test_some_days_only(store: Store) -> None:
    """Days outside --from and --to keep their status for another run."""
    log = bulk()
    few = [stray(day) for day in days_from("2016-04-06", 3)]
    store.load(write(store.files / "bulk.parquet", log), write(store.files / "few.parquet", few))
    store.summarise(f"--to={days_from(FIRST, DAYS)[9]}")
    assert store.export("engagement")[-1]["day"] == days_from(FIRST, DAYS)[9]
    store.summarise()
    assert_oracle(store, log + few)


def test_frozen_days_keep_their_status(store: Store) -> None:
    """After events expired, the strays that were listed stay listed and no number changes."""
    log = [*bulk(90), stray("2010-05-05")]
    store.load(write(store.files / "log.parquet", log))
    store.summarise()
    before = store.numbers()
    store.must("expire", "--keep-days=50")
    store.summarise()
    assert store.numbers() == before
    assert ("2010-05-05", "log.parquet", 1) in doubtful(store)


def test_the_share_is_a_setting(store: Store) -> None:
    """With KPI_MIN_DAY_PERCENT=0 every day with an event is loaded; a change makes every day anew.

    By default one event loads no day of twelve events, though it is over 5% of them; two do.
    """
    alone, two = stray("2016-02-28"), [stray("2016-04-06", f"00:00:0{n}") for n in range(2)]
    log = [alone, *bulk(events=12), *two]
    store.load(write(store.files / "log.parquet", log))
    store.summarise()
    assert_oracle(store, log)
    assert doubtful(store) == [("2016-02-28", "log.parquet", 1)]
    assert store.export("engagement")[-1]["day"] == "2016-04-06"
    store.must("summarise", KPI_MIN_DAY_PERCENT="0")
    known = oracle.Log(log, min_day_percent=0)
    assert_same(store.export("engagement"), oracle.export(known, "engagement"))
    store.summarise()
    assert_oracle(store, log)


# Complete -----------------------------------------------------------------------------------------


class Clock:
    """The time that the product reads."""

    moment = datetime(2016, 3, 1, tzinfo=UTC)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """A clock that a test sets."""
    import kpi.events.load
    import kpi.summary.summarise

    told = Clock()

    class Set(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return told.moment if tz else told.moment.replace(tzinfo=None)

    for module in (kpi.events.load, kpi.summary.summarise):
        monkeypatch.setattr(module, "datetime", Set)
    yield told


def last_day(store: Store) -> str | None:
    """The newest complete day."""
    ran = store.run("export", "engagement", "--min-users=0")
    return ran.text.splitlines()[-1][:10] if ran.status == 0 and "\n2" in ran.text else None


def test_timer_runbook_and_doctor_agree(store: Store, clock: Clock) -> None:
    """The shipped timer's first run loads yesterday's file; the day is complete when the runbook says.

    That is at the first run an hour after the day's end. `doctor` prints the same rule, with the
    hours that the settings have.
    """
    timer = (PROJECT / "deploy" / "kpi-summarise.timer").read_text()
    minute = int(re.search(r"^OnCalendar=\*-\*-\* \*:(\d\d):00 UTC$", timer, re.M)[1])
    runbook = (PROJECT / "docs" / "operations.md").read_text()
    stated = re.search(r"a day is complete at (\d\d:\d\d) UTC", runbook)[1]
    days = days_from(FIRST, 5 if LONG else 2)
    for place, day in enumerate(days):
        rows = [row for row in bulk(5) if oracle.day_name(row["timestamp"] // oracle.DAY_MS) == day]
        after = date.fromisoformat(day) + timedelta(days=1)
        clock.moment = datetime(after.year, after.month, after.day, 0, minute, tzinfo=UTC)
        store.load(write(store.files / f"{day}.parquet", rows))
        store.summarise()
        while last_day(store) != day:
            assert last_day(store) == (days[place - 1] if place else None)
            clock.moment += timedelta(hours=1)
            assert clock.moment.hour < 6
            said = store.summarise().text
        assert "1 day became complete" in said and '"days": 0' in said
        assert f"{clock.moment:%H:%M}" == stated
    assert "nothing changed" in store.summarise().text
    doctor = store.run("doctor").text
    assert f"complete through {days[-1]}" in doctor
    assert "at least 1 hour after its UTC end" in doctor
    assert "`KPI_COMPLETE_AFTER_HOURS` (1) hours after its\nUTC end" in runbook
    assert "at least 3 hours" in store.run("doctor", KPI_COMPLETE_AFTER_HOURS="3").text


@pytest.mark.long
def test_the_next_nights_run_completes_the_day(store: Store, clock: Clock) -> None:
    """Where nothing runs between, the next night's run makes the day before complete."""
    days = days_from(FIRST, 3)
    for place, day in enumerate(days):
        rows = [row for row in bulk(3) if oracle.day_name(row["timestamp"] // oracle.DAY_MS) == day]
        clock.moment = datetime(2016, 3, 2 + place, 0, 10, tzinfo=UTC)
        store.load(write(store.files / f"{day}.parquet", rows))
        store.summarise()
        assert last_day(store) == (days[place - 1] if place else None)


def test_a_straggler_completes_nothing(store: Store, clock: Clock) -> None:
    """Half a day, loaded at noon, isn't complete because the next day's file holds one of its rows."""
    day = bulk(1, events=96)
    half = [row for row in day if row["timestamp"] < at(FIRST, "12:00")]
    clock.moment = datetime(2016, 3, 1, 12, tzinfo=UTC)
    store.load(write(store.files / "noon.parquet", half))
    clock.moment = datetime(2016, 3, 3, 12, tzinfo=UTC)
    second = [{**row, "timestamp": row["timestamp"] + oracle.DAY_MS} for row in day]
    store.load(write(store.files / "next.parquet", [*second, stray(FIRST, "23:59:59")]))
    store.summarise()
    shown = store.export("engagement")
    assert [row["dau"] for row in shown if row["day"] == FIRST] == [None] * 3
    rest = [row for row in day if row not in half]
    store.load(write(store.files / "rest.parquet", rest))
    store.summarise()
    shown = store.export("engagement")
    assert [row["dau"] for row in shown if row["day"] == FIRST and row["audience"] == "all"] == [7]


def test_many_small_files_complete_a_day(store: Store, clock: Clock) -> None:
    """A day in small files is complete when its last was loaded after its end, though it's under the share.

    Each of 6 files brings less than 20% of the day, in long runs each of 24 less than 5%.
    """
    number, percent = (24, "5") if LONG else (6, "20")
    rows = bulk(1, events=4 * number)
    files = [write(store.files / f"{n}.parquet", rows[4 * n : 4 * n + 4]) for n in range(number)]
    noon = number // 2
    for hour, few in ((12, files[:noon]), (23, files[noon:-1]), (24, files[-1:])):
        clock.moment = datetime(2016, 3, 1, tzinfo=UTC) + timedelta(hours=hour, seconds=9)
        store.load(*few)
    store.must("summarise", KPI_MIN_DAY_PERCENT=percent)
    assert last_day(store) is None
    clock.moment += timedelta(hours=1)
    store.must("summarise", KPI_MIN_DAY_PERCENT=percent)
    assert last_day(store) == FIRST
