"""Somebody who subtracts: from all that is shown, no count of fewer people than the minimum comes out.

The attacker is plain loops over exported tables. Whoever knows a whole and all of its parts but one
knows the last; whoever knows that hidden parts are together few knows of few people. Neither may happen.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Any

import pytest
from conftest import LONG, Store, daily, environment, parsed
from differencing import Attacker
from event_files import write
from logs import D, at, device, event, random_log, user

from kpi.meaning.filters import ATTEMPT_TAGS
from kpi.numbers.warehouse import Warehouse, open_warehouse
from kpi.settings import Settings

LEAST = 4
EVERY_TAG = ("browser", "version", "os", "service", "users")
BREAKDOWNS = EVERY_TAG if LONG else ("os", "users")
ATTEMPTS = {
    "connection-time": (("account",), ("connections",)),
    "completion": ((), ("begun", "completed")),
    "steps": (("step",), ("reached",)),
}
Row = dict[str, Any]


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store with some twenty attempts a day, so that small and large cells stand side by side."""
    made = Store(tmp_path_factory.mktemp("busy"))
    log = random_log(81, days=45, users=24, attempts_per_day=22)
    made.load(write(made.files / "log.parquet", log))
    made.summarise()
    return made


def parts_by_whole(
    rows: Iterable[Row], by: str, levels: tuple[str, ...], count: str
) -> dict[tuple[Any, ...], list[tuple[str, float | None]]]:
    """The parts of each whole: by day and level, each value's count, None where it is hidden."""
    parts = defaultdict(list)
    for row in rows:
        parts[row["day"], *(row[level] for level in levels)].append((row[by], row[count]))
    return parts


def told(whole: float | None, parts: list[tuple[str, float | None]]) -> float | None:
    """What an attacker learns of the hidden parts: their sum if few, or the only one; None if nothing."""
    if whole is None:
        return None
    rest = whole - sum(count for _, count in parts if count is not None)
    hidden = [value for value, count in parts if count is None]
    if not hidden or rest == 0:
        return None
    return rest if len(hidden) == 1 or rest < LEAST else None


@pytest.fixture(scope="module")
def warehouse(busy: Store) -> Iterator[Warehouse]:
    """The busy store, opened for reading."""
    with environment(**busy.settings()):
        opened = open_warehouse(Settings.read(), cache_size=200)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    "weekly",
    ({}, pytest.param({"weekly": True}, marks=pytest.mark.long)),
    ids=("days", "weeks"),
)
@pytest.mark.parametrize("metric", daily("connection-time", of=ATTEMPTS))
def test_subtracting_attempts_gives_no_small_group(
    warehouse: Warehouse, metric: str, weekly: dict[str, bool]
) -> None:
    """The whole, every filter and exclusion of one value, and the breakdown say nothing of a few."""
    found = Attacker(warehouse, LEAST, ("os", "users", "entrypoint")).facts(metric, **weekly)
    assert not found.subtracted, sorted(found.subtracted, key=str)[:5]


def test_two_values_less_one_give_no_small_group(busy: Store) -> None:
    """A filter of two values, less the one of them that is shown, leaves nobody or enough."""
    alone = parts_by_whole(busy.export("completion", "--by=os", min_users=LEAST), "os", (), "begun")
    compared = 0
    for first, second in combinations(("Android", "Linux", "Windows 7", "iOS", "(none)"), 2):
        asked = (f"--os={first}", f"--os={second}")
        for row in busy.export("completion", *asked, min_users=LEAST):
            shown = dict(alone[row["day"],])
            for one in (first, second):
                if None not in (row["begun"], shown.get(one)):
                    rest = row["begun"] - shown[one]
                    assert rest == 0 or rest >= LEAST, (row, one, shown)
                    compared += 1
    assert compared > 100


@pytest.mark.long
@pytest.mark.parametrize("metric", ATTEMPTS)
def test_subtracting_attempts_under_every_tag(warehouse: Warehouse, metric: str) -> None:
    """The same for every tag that has a filter."""
    tags = ("browser", "version", "service", *ATTEMPT_TAGS)
    assert not Attacker(warehouse, LEAST, tags).facts(metric).subtracted


@functools.cache
def users_subtracted(warehouse: Warehouse) -> set[tuple[Any, ...]]:
    """What the attacker learns of users by operating system."""
    return Attacker(warehouse, LEAST, ("os",)).facts("engagement").subtracted


def test_what_subtracting_users_gives_is_documented(warehouse: Warehouse) -> None:
    """Users of several values at once make differences of few, as docs/privacy.md says; all are true.

    This keeps the attacker honest as well: where nothing stops it, it finds hundreds.
    """
    found = users_subtracted(warehouse)
    assert {fact[2].split()[0] for fact in found} >= {"without", "only"}
    assert len(found) > 100


def test_attacker_learns_something_where_nothing_is_done(busy: Store) -> None:
    """The attacker is no dummy: with only the small cells hidden, subtraction tells many of them."""
    whole = {row["day"]: row["begun"] for row in busy.export("completion")}
    shown = busy.export("completion", "--by=os")
    for row in shown:
        if row["begun"] is not None and 0 < row["begun"] < LEAST:
            row["begun"] = None
    parts = parts_by_whole(shown, "os", (), "begun")
    assert sum(told(whole[day], found) is not None for (day,), found in parts.items()) > 5


def test_accounts_of_a_day_tell_nothing_of_each_other(busy: Store) -> None:
    """All connections of a day less those of one kind of account tell no small count of the other."""
    everything: dict[str, float] = defaultdict(float)
    for row in busy.export("connection-time"):
        everything[row["day"]] += row["connections"]
    hidden = 0
    parts = parts_by_whole(
        busy.export("connection-time", min_users=LEAST), "account", (), "connections"
    )
    for (day,), found in parts.items():
        whole = everything[day] if everything[day] >= LEAST else None  # else hidden itself
        assert told(whole, found) is None, (day, found)
        hidden += sum(count is None for _, count in found)
    assert hidden > 5


def test_weeks_tell_nothing_of_a_day(busy: Store) -> None:
    """A week less those of its days that are shown tells nothing of the only day that is hidden."""
    from datetime import date, timedelta

    for metric, (levels, counts) in ATTEMPTS.items():
        for by in (None, "os", "browser") if LONG else (None, "os"):
            asked = [f"--by={by}"] if by else []
            names = (*levels, *([by] if by else []))
            days = busy.export(metric, *asked, min_users=LEAST)
            for week in busy.export(metric, *asked, "--weekly", min_users=LEAST):
                last = date.fromisoformat(week["day"])
                of_week = {(last - timedelta(days=back)).isoformat() for back in range(7)}
                same = [
                    r for r in days if r["day"] in of_week and all(r[n] == week[n] for n in names)
                ]
                for count in counts:
                    found = [(row["day"], row[count]) for row in same]
                    assert told(week[count], found) is None, (metric, week, found)


def test_single_and_multi_device_users(busy: Store) -> None:
    """Daily users less multi-device users tell no small count of the single-device ones, and back."""
    for by in (None, *BREAKDOWNS):
        asked = [f"--by={by}"] if by else []
        tables: dict[tuple[Any, ...], dict[str, float | None]] = defaultdict(dict)
        for row in busy.export("engagement", *asked, min_users=LEAST):
            tables[row["day"], row.get(by)][row["audience"]] = row["dau"]
        for place, dau in tables.items():
            parts = [(name, dau[name]) for name in ("single_device", "multi_device")]
            assert told(dau["all"], parts) is None, (place, dau)
        for row in busy.export("multi-device", *asked, min_users=LEAST):
            users, several = row["daily_users"], row["daily_multi_device_users"]
            if None not in (users, several):
                assert several == 0 or several >= LEAST
                assert users == several or users - several >= LEAST


def test_people_of_the_week_and_the_others(busy: Store) -> None:
    """People of 28 days less those active in the week tell of no few, and are the monthly users."""
    hidden = 0
    for by in (None, *BREAKDOWNS):
        asked = [f"--by={by}"] if by else []
        monthly = {
            (row["day"], row.get(by)): row["mau"]
            for row in busy.export("engagement", *asked, min_users=LEAST)
            if row["audience"] == "all"
        }
        for row in busy.export("same-people", *asked, "--bands", min_users=LEAST):
            people, week = row["people"], row["week_people"]
            assert people == monthly[row["day"], row.get(by)]
            if None not in (people, week):
                assert week == 0 or week >= LEAST
                assert people == week or people - week >= LEAST
            if people is None:
                assert set(row.values()) == {row["day"], row.get(by), None}
            hidden += people is not None and week is None
    assert hidden > 5


def test_a_week_of_people_tells_nothing_of_a_day(busy: Store) -> None:
    """The active days of a week, less the days of it that are shown, aren't the users of those hidden."""
    compared = shown = 0
    for by in (None, *BREAKDOWNS):
        asked = [f"--by={by}"] if by else []
        dau: dict[int, dict[Any, dict[str, float | None]]] = {}
        for least in (0, LEAST):
            dau[least] = defaultdict(dict)
            for row in busy.export("engagement", *asked, min_users=least):
                if row["audience"] == "all":
                    dau[least][row.get(by)][row["day"]] = row["dau"]
        for row in busy.export("same-people", *asked, min_users=LEAST):
            if row["people_7day_mean"] is None:
                continue
            days, true = dau[LEAST][row.get(by)], dau[0][row.get(by)]
            place = list(days).index(row["day"])
            week = list(days)[place - 6 : place + 1]
            gone = [day for day in week if days[day] is None]
            shown += 1
            if gone:
                rest = 7 * row["people_7day_mean"] - sum(days[d] for d in week if d not in gone)
                assert rest - sum(true[day] for day in gone) > LEAST - 1e-6, row
                compared += 1
    assert shown > 100 and compared > 5


def test_subtracting_same_people_gives_what_users_give(warehouse: Warehouse) -> None:
    """Differences of people are those of monthly users, which docs/privacy.md lists, and all are true."""
    people = Attacker(warehouse, LEAST, ("os",)).facts("same-people").subtracted
    users = users_subtracted(warehouse)
    groups = {fact[2:3] + fact[4:5] for fact in people if fact[3] == "people"}
    assert groups == {
        fact[2:3] + fact[4:5] for fact in users if fact[3] == "mau" and fact[5] == "all"
    }


def test_hiding_takes_no_more_than_it_must(busy: Store) -> None:
    """Where no value of a day is small, none is hidden."""
    bare = parts_by_whole(busy.export("completion", "--by=users"), "users", (), "begun")
    rows = busy.export("completion", "--by=users", min_users=LEAST)
    for place, parts in parts_by_whole(rows, "users", (), "begun").items():
        if not any(0 < (count or 0) < LEAST for _, count in bare[place]):
            assert parts == bare[place]


LONE_DAYS = (20, 21, 27)


@pytest.fixture(scope="module")
def lone(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store of twelve users of Linux every day, and one of BeOS who connects on three days."""
    made = Store(tmp_path_factory.mktemp("lone"))
    log = [
        event(at(day, "10:00"), uid=user(person), user_agent_os="Linux")
        for day in D[:45]
        for person in range(12)
    ]
    for place in LONE_DAYS:
        tags = {"uid": user("lone"), "user_agent_os": "BeOS", "service": "sync"}
        tags |= {"seq_id": f"{place:032x}", "device_id": device("lone")}
        log.append(event(at(D[place], "11:00"), "sequence.begin", seq_time=0, **tags))
        log.append(event(at(D[place], "11:01"), "device.connected", seq_time=60_000, **tags))
    made.load(write(made.files / "log.parquet", log))
    made.summarise()
    return made


COUNTS = {
    "engagement": ("dau", "dau_7day_mean", "mau"),
    "multi-device": ("daily_users", "monthly_users"),
    "same-people": ("people", "week_people", "people_7day_mean"),
    "retention": ("users",),
    "connection-time": ("connections",),
    "completion": ("begun", "completed"),
    "steps": ("reached",),
}


@pytest.mark.parametrize("metric", COUNTS)
def test_a_lone_user_has_no_days(lone: Store, metric: str) -> None:
    """A value that never reaches the minimum isn't listed by day, and its filter shows not even zeros."""
    assert all(row["os"] != "BeOS" for row in lone.export(metric, "--by=os", min_users=10))
    asked = ("--os=BeOS",)
    whole = lone.export(metric, *asked, min_users=10)
    assert whole and all(row[count] is None for row in whole for count in COUNTS[metric])
    bare = lone.export(metric, *asked)
    assert any(row[count] for row in bare for count in COUNTS[metric])
    assert any(row[count] == 0 for row in bare for count in COUNTS[metric])
    # No choice of days says more: with him or without, a day looks alike.
    alike = set()
    for place in (*LONE_DAYS, 22, 40) if LONG else (LONE_DAYS[0], 22):
        days = (f"--from={D[place]}", f"--to={D[place]}")
        rows = lone.export(metric, *asked, *days, min_users=10)
        alike.add(str([[row[count] for count in COUNTS[metric]] for row in rows]))
        if LONG or place in LONE_DAYS:
            assert all(
                r["os"] != "BeOS" for r in lone.export(metric, "--by=os", *days, min_users=10)
            )
    assert len(alike) == 1


def test_nobody_is_still_zero(lone: Store) -> None:
    """A segment that nobody was ever in shows zeros, and so does a store without a filter."""
    asked = ("--os=Plan 9", "--allow-unknown")
    rows = parsed(lone.must("export", "engagement", *asked).text)
    assert {row["dau"] for row in rows if row["audience"] == "all"} == {0}
    assert 0 in {row["begun"] for row in lone.export("completion", min_users=10)}


def test_nothing_small_changes_nothing(lone: Store) -> None:
    """An export without a small cell is the same, byte for byte, whatever the minimum is."""
    for asked in (
        ("engagement", "--os=Linux"),
        ("multi-device", "--not-os=BeOS"),
        ("same-people", "--os=Linux", "--bands"),
    ):
        bare = lone.must("export", *asked, "--min-users=0").out
        assert lone.must("export", *asked, "--min-users=10").out == bare
