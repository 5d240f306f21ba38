"""Stores that hold tags like ids, mail addresses or tokens: doctor counts them, one command blanks them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import duckdb
import pytest
from conftest import ALL_CELLS, EVERY_EXPORT, LONG, Store, assert_reads_as, daily
from event_files import write
from logs import DAY_MS, Event, random_log, user

from kpi.errors import Refused
from kpi.store import queries

PRIVATE = {
    "user_agent_browser": "ann.other@example.com",
    "user_agent_version": "ann@example.com",
    "user_agent_os": "0123456789abcdef0123456789abcdef",
    "context": "3f2b8c1a-9d4e-4f6a-8b7c-0123456789ab",
    "campaign": "eyJhbGciOiJIUzI1NiJ9abcdefghijkl",
}
STAND_INS = {column: f"stand-in {column[-7:]}" for column in PRIVATE}
EXPORTS = (
    *EVERY_EXPORT,
    *(("engagement", f"--by={tag}", *ALL_CELLS) for tag in ("browser", "version", "users")),
    ("multi-device", "--version=(none)", *ALL_CELLS),
    ("completion", "--by=os", *ALL_CELLS),
)
GLANCE = (("engagement", *ALL_CELLS), *EXPORTS[-2:])


def told(store: Store) -> dict[Any, Any]:
    """Every number, and exports that name tags; in long runs many more."""
    return {**store.numbers(), **store.exports(EXPORTS if LONG else GLANCE)}


def two_logs(seed: int) -> tuple[list[Event], list[Event]]:
    """A log in which some users' tags are stand-ins, and the same log with these tags blank."""
    log = random_log(seed, days=60)
    users = {user(1), user(2), user(3)}
    sequences = {row["seq_id"] for row in log if row["uid"] in users and row["seq_id"]}
    chosen = [
        place for place, row in enumerate(log) if row["uid"] in users or row["seq_id"] in sequences
    ]
    assert len(chosen) > 20
    held, blank = copy.deepcopy(log), copy.deepcopy(log)
    for place in chosen:
        held[place] |= STAND_INS
        blank[place] |= dict.fromkeys(PRIVATE)
    return held, blank


def plant(store: Store) -> None:
    """Put private values where the stand-ins are, as loads of earlier versions stored them."""
    for column, value in PRIVATE.items():
        statement = (
            f"UPDATE events.event SET {column} = '{value}' WHERE {column} = '{STAND_INS[column]}'"
        )
        if hasattr(store, "execute"):
            store.execute(statement)
        else:
            with duckdb.connect(":memory:") as raw:
                raw.execute("ATTACH $1 AS events", [str(store.home / "events.duckdb")])
                raw.execute(statement)


def parts(log: list[Event]) -> tuple[list[Event], list[Event]]:
    """The events before and in the last five days."""
    end = max(row["timestamp"] for row in log)
    cut = end - end % DAY_MS - 4 * DAY_MS
    return [row for row in log if row["timestamp"] < cut], [
        row for row in log if row["timestamp"] >= cut
    ]


@pytest.mark.every_engine("long")
@pytest.mark.parametrize("expired", daily(True, of=(False, True)))
def test_as_if_they_had_always_been_blank(expired: bool, make_store: Callable[[], Store]) -> None:
    """Every export is that of a store whose tags were blank: at once, after more loads, of expired days.

    Neither the private file nor the newest publication holds a blanked value in any block.
    """
    held, blank = make_store(), make_store()
    (held_early, _), (blank_early, late) = map(parts, two_logs(7))
    for store, early in ((held, held_early), (blank, blank_early)):
        store.load(write(store.files / "early.parquet", early))
        if store is held:
            plant(store)
        store.summarise()
        if expired:
            store.must("expire", "--keep-days", "41")
    assert held.numbers() != blank.numbers()
    assert hasattr(held, "execute") or holding(held)
    doctor = held.run("doctor")
    assert (
        "published values look like ids, mail addresses or tokens: browser 1, version 1, os 1"
        in doctor.text
    )
    assert "private values look" in doctor.text and "python -m kpi blank-tags" in doctor.text
    ran = held.must("blank-tags")
    assert "values blanked: browser 1, version 2, os 1, context 1, campaign 1" in ran.text
    for value in PRIVATE.values():
        assert value not in doctor.said + ran.said
    assert held.numbers() == blank.numbers()
    assert hasattr(held, "execute") or not holding(held)
    doctor = held.run("doctor")
    assert "none look like ids" in doctor.text and "BAD  integrity" not in doctor.text
    assert "nothing changed" in held.must("blank-tags").text
    for store in (held, blank):
        store.load(write(store.files / "late.parquet", late))
        store.summarise()
    assert told(held) == told(blank)


@pytest.mark.long
@pytest.mark.every_engine("long")
def test_cut_off(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that ends before it publishes changes no export, and the next run finishes its work."""
    held, _ = two_logs(10)
    store.load(write(store.files / "log.parquet", held))
    plant(store)
    store.summarise()
    before = told(store)
    run = queries.run

    def cut(connection: Any, name: str, /, **params: Any) -> Any:
        if name == "fill/versionless":
            raise Refused("cut off")
        return run(connection, name, **params)

    with monkeypatch.context() as patch:
        patch.setattr(queries, "run", cut)
        assert store.run("blank-tags").status == 1
    assert told(store) == before
    assert "published values look like" in store.run("doctor").text
    store.must("blank-tags")
    assert "none look like ids" in store.run("doctor").text
    after = told(store)
    assert (
        after != before and after[("engagement", *ALL_CELLS)] == before[("engagement", *ALL_CELLS)]
    )


def holding(store: Store) -> set[str]:
    """The private values that are bytes of the private file or the newest publication."""
    read = [(store.home / name).read_bytes() for name in ("events.duckdb", "kpi.duckdb")]
    return {value for value in PRIVATE.values() if any(value.encode() in text for text in read)}


def test_before_anything_is_summarised(store: Store) -> None:
    """Events that were never summarised are blanked, too, and nothing is published for it."""
    held, blank = two_logs(9)
    assert store.run("blank-tags").status == 1
    store.load(write(store.files / "log.parquet", held))
    plant(store)
    assert "nothing was published yet" in store.must("blank-tags").text
    assert store.run("export", "engagement").status == 1
    assert_reads_as(store, blank)
