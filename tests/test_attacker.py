"""Somebody who subtracts: from all that is shown, no count of fewer people than the minimum comes out.

The attacker is plain loops over exported tables. Whoever knows a whole and all of its parts but one
knows the last; whoever knows that hidden parts are together few knows of few people. Neither may happen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import pytest
from conftest import Store
from event_files import write
from logs import random_log

LEAST = 4
BREAKDOWNS = ("browser", "version", "os", "service", "users")
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
    made.load(write(made.files / "log.csv.gz", log))
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


@pytest.mark.parametrize("weekly", (False, True))
@pytest.mark.parametrize("metric", ATTEMPTS)
def test_no_breakdown_tells_a_hidden_value(busy: Store, metric: str, weekly: bool) -> None:
    """Every value of a breakdown but one, taken from the whole, tells nothing that is hidden."""
    levels, counts = ATTEMPTS[metric]
    how = ["--weekly"] if weekly else []
    whole_rows = busy.export(metric, *how, min_users=LEAST)
    hidden = 0
    for by in BREAKDOWNS:
        shown = busy.export(metric, f"--by={by}", *how, min_users=LEAST)
        for count in counts:
            wholes = {(r["day"], *(r[level] for level in levels)): r[count] for r in whole_rows}
            for place, parts in parts_by_whole(shown, by, levels, count).items():
                assert told(wholes[place], parts) is None, (metric, by, count, place, parts)
                hidden += sum(value is None for _, value in parts)
    assert hidden > 20


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
        for by in (None, "os", "browser"):
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


def test_hiding_takes_no_more_than_it_must(busy: Store) -> None:
    """Where no value of a day is small, none is hidden."""
    bare = parts_by_whole(busy.export("completion", "--by=users"), "users", (), "begun")
    rows = busy.export("completion", "--by=users", min_users=LEAST)
    for place, parts in parts_by_whole(rows, "users", (), "begun").items():
        if not any(0 < (count or 0) < LEAST for _, count in bare[place]):
            assert parts == bare[place]
