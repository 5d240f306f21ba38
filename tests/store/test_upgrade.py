"""A store of an older version is backed up and brought up to date; no number changes."""

from __future__ import annotations

import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import oracle
import pytest
from conftest import LONG, TESTS, Store, assert_same, daily
from event_files import write
from killing import Commands
from logs import at, random_log

FIXTURES = TESTS / "fixtures"
NOW = 7
PLACES = 8


def unpacked(folder: Path, schema: int) -> Store:
    """A store that the program of a schema made, with what it exported then in exports.json."""
    with tarfile.open(FIXTURES / f"schema-{schema}.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return Store(folder)


@pytest.fixture
def old(tmp_path: Path) -> Store:
    """A store of schema 1."""
    return unpacked(tmp_path, 1)


def exported_then(store: Store) -> dict[tuple[str, ...], str]:
    """What every export printed under the old version."""
    kept = json.loads((store.home / "exports.json").read_text())
    return {tuple(asked.split()): text for asked, text in kept.items()}


def some(then: dict[tuple[str, ...], str]) -> dict[tuple[str, ...], str]:
    """Exports of users and of attempts; in long runs all."""
    return then if LONG else dict(list(then.items())[1:5:3])


def assert_exports_as_then(store: Store, then: dict[tuple[str, ...], str]) -> None:
    """Not a byte of any export changed."""
    for asked, text in then.items():
        assert store.must("export", *asked).text == text, asked


def versions(store: Store) -> tuple[int, int]:
    """The schema versions of the private file and of the publication."""
    with duckdb.connect(str(store.home / "events.duckdb"), read_only=True) as events:
        private = events.execute(
            "SELECT setting FROM store WHERE name = 'schema_version'"
        ).fetchone()
    with duckdb.connect(str((store.home / "kpi.duckdb").resolve()), read_only=True) as kpi:
        return int(private[0]), kpi.execute("SELECT schema_version FROM publication").fetchone()[0]


def test_old_store_reads_before_it_is_upgraded(old: Store) -> None:
    """Readers of an old publication see its numbers, and nothing is changed by reading."""
    then = exported_then(old)
    assert_exports_as_then(old, then)
    assert versions(old) == (1, 1)
    assert not (old.home / "backups").exists()


def test_old_store_is_upgraded(old: Store) -> None:
    """The first command that writes backs up, upgrades, and changes no number."""
    then = exported_then(old)
    before = (old.home / "events.duckdb").read_bytes()
    old.summarise()
    assert versions(old) == (NOW, NOW)
    assert_exports_as_then(old, then)
    (backup,) = (old.home / "backups").iterdir()
    assert backup.name.startswith("schema-1-")
    assert (backup / "events.duckdb").read_bytes() == before
    old.summarise()
    assert len(list((old.home / "backups").iterdir())) == 1
    log = random_log(92, first="2016-04-04", days=8)
    old.load(write(old.files / "more.parquet", log))
    old.summarise()
    assert versions(old) == (NOW, NOW)


def test_people_of_a_store_of_schema_3_are_counted_where_events_are_left(tmp_path: Path) -> None:
    """Active days are absent before the upgrade, filled from the first day whose 28 days are left."""
    store = unpacked(tmp_path, 3)
    then = exported_then(store)
    assert_exports_as_then(store, then)
    ran = store.must("export", "same-people", "--min-users=0")
    assert "Same-people numbers are absent on 1 Feb – 24 Mar 2016" in ran.err
    assert all(row["people"] is None for row in store.export("same-people"))
    said = store.summarise().text
    assert "of 50 days and same-people numbers of 23 days filled" in said
    assert versions(store) == (NOW, NOW)
    assert_exports_as_then(store, then)
    first = "2016-03-02"  # events are left from 4 February on
    log = random_log(93, first="2016-01-05", days=80, users=12, attempts_per_day=5)
    expected = oracle.export(oracle.Log(log), "same-people")
    rows = store.export("same-people")
    assert_same(
        [row for row in rows if row["day"] >= first],
        [row for row in expected if row["day"] >= first],
    )
    assert all(row["people"] is None for row in rows if row["day"] < first)
    ran = store.must("export", "same-people", "--min-users=0")
    assert "absent on 1 Feb – 1 Mar 2016" in ran.err and "have expired" in ran.err


@pytest.mark.parametrize(
    "command",
    daily(
        *("annotate 2016-03-09 another", "expire --keep-days 43"),
        of=("annotate 2016-03-09 another", "expire --keep-days 43", "loads", "unload second.json"),
    ),
)
def test_any_writing_command_upgrades(old: Store, command: str) -> None:
    """Whatever writes first, the store ends up to date after a summary."""
    then = some(exported_then(old))
    ran = old.run(*command.split())
    # What expires can't be made anew by newer definitions.
    assert ran.status == command.startswith("expire"), ran.said
    assert not ran.status or "days wait to be summarised" in ran.err
    if not command.startswith("unload"):
        assert_exports_as_then(old, then)
    old.summarise()
    assert versions(old) == (NOW, NOW)


def test_backup_is_a_store(old: Store) -> None:
    """What was backed up is a store by itself: moved back, it is what it was."""
    then = exported_then(old)
    old.summarise()
    (backup,) = (old.home / "backups").iterdir()
    restored = Store(old.folder / "restored")
    shutil.copytree(backup, restored.home, symlinks=True)
    assert versions(restored) == (1, 1)
    assert_exports_as_then(restored, then)
    restored.summarise()
    assert versions(restored) == (NOW, NOW)
    assert_exports_as_then(restored, then)


def test_killed_while_upgrading(old: Store, forked: Commands) -> None:
    """Wherever an upgrade dies, the next command does it whole."""
    then = some(exported_then(old))
    whole = forked.run(old.copied_to(old.folder / "whole"), ("summarise",))
    assert whole.status == 0, whole.said
    places = range(1, whole.calls, max(1, whole.calls // PLACES))
    for place in places if LONG else places[3:4]:
        store = old.copied_to(old.folder / f"killed at {place}")
        assert forked.run(store, ("summarise",), at_call=place).killed
        assert_exports_as_then(store, dict([next(iter(then.items()))]))
        store.summarise()
        assert versions(store) == (NOW, NOW)
        assert_exports_as_then(store, then)


def test_every_version_has_its_steps() -> None:
    """From version 1 to this one no step is missing."""
    from kpi.store import queries
    from kpi.store.shared import SCHEMA_VERSION

    assert SCHEMA_VERSION == NOW
    for version in range(2, SCHEMA_VERSION + 1):
        for part in ("events", "kpi"):
            assert queries.statements(f"upgrade/{part}_{version}")


# Moves between sets, since version 6 -------------------------------------------------------------

EARLIER = """
DROP TABLE kpi.monthly_move;
DROP TABLE kpi.followed_from;
DELETE FROM kpi.daily_users WHERE audience LIKE 'returned%';
UPDATE kpi.publication SET schema_version = 5;
DROP TABLE events.earlier_user;
UPDATE events.store SET setting = '5' WHERE name = 'schema_version'
"""
RENUMBERED = "UPDATE kpi.{table} SET set_id = set_id + 1 WHERE set_id < 0"
LONG_LOG = dict(first="2016-01-05", users=12, attempts_per_day=1)


def as_version_5_left_it(store: Store) -> None:
    """No moves, nobody who returned, and sets without versions numbered from -1 down."""
    numbered = ("segment_set_member", "daily_users", "month_activity", "monthly_users_change")
    statements = [*EARLIER.split(";"), *(RENUMBERED.format(table=table) for table in numbered)]
    if hasattr(store, "execute"):
        for statement in statements:
            store.execute(statement)
        return
    with duckdb.connect(":memory:") as raw:
        raw.execute("ATTACH $1 AS events", [str(store.home / "events.duckdb")])
        raw.execute("ATTACH $1 AS kpi", [str((store.home / "kpi.duckdb").resolve())])
        for statement in statements:
            raw.execute(statement)


def monthly(store: Store) -> list[bytes]:
    """Exports that sum the changes of sets, with versions and without."""
    asked = (("engagement",), ("engagement", "--by=version"), ("multi-device", "--by=os"))
    return [store.must("export", *some, "--min-users=0").out for some in asked]


def test_moves_of_a_store_of_schema_5(tmp_path: Path) -> None:
    """Before the first summary monthly users are as they were and flows absent; after it all are there."""
    store = Store(tmp_path)
    store.load(write(store.files / "log.parquet", random_log(94, days=80, **LONG_LOG)))
    store.summarise()
    whole, users = store.numbers(), monthly(store)
    as_version_5_left_it(store)
    assert monthly(store) == users
    for metric, words in (("growth", "Flows are"), ("retention", "Users of week 4 are")):
        ran = store.must("export", metric)
        assert f"{words} absent on 5 Jan – 24 Mar 2016" in ran.err and "kpi summarise" in ran.err
    assert all(row["new"] is None for row in store.export("growth"))
    store.must("annotate", "2016-03-09", "the first to write")
    assert monthly(store) == users
    said = store.summarise().text
    assert "no day's events changed; growth and retention of 80 days filled" in said
    assert store.numbers() == whole and monthly(store) == users
    assert "absent" not in store.must("export", "growth").err
    assert "made by an earlier version of the program" in store.must("publications").err
    assert "nothing changed" in store.summarise().text


@pytest.mark.long
def test_moves_of_a_store_whose_events_have_expired(tmp_path: Path) -> None:
    """Where events have expired, monthly users are what they were, and flows begin 56 days after the cut."""
    log = random_log(95, days=150, **LONG_LOG)
    cut = at("2016-04-07", "00:00")
    early = [row for row in log if row["timestamp"] < cut]
    late = [row for row in log if row["timestamp"] >= cut]
    store = Store(tmp_path)
    store.load(write(store.files / "early.parquet", early))
    store.summarise()
    store.must("expire", "--keep-days", "50")
    users = monthly(store)
    as_version_5_left_it(store)
    store.summarise()
    assert monthly(store) == users
    store.load(write(store.files / "late.parquet", late))
    store.summarise()
    assert "BAD  integrity" not in store.run("doctor").text
    known = oracle.Log(log)
    assert_same(store.export("engagement"), oracle.export(known, "engagement"))
    first = "2016-04-13"  # events are left from 17 February on
    flows = ("returned", "moved_in", "lapsed", "moved_out")
    for row, true in zip(store.export("growth"), oracle.export(known, "growth"), strict=True):
        if row["day"] < first:
            assert all(row[flow] is None for flow in ("new", *flows)), row
        else:
            assert row["new"] + row["returned"] == true["new"] + true["returned"], row
            assert all(row[flow] == true[flow] for flow in flows[1:]), row
    ran = store.must("export", "growth")
    assert "Flows are absent on 5 Jan – 12 Apr 2016" in ran.err and "have expired" in ran.err


@pytest.mark.long
def test_moves_of_a_server_of_schema_5(make_server_store: Callable[[str], Store]) -> None:
    """`ddl --apply` creates the tables, and the next summary counts moves."""
    store = make_server_store("redshift")
    store.load(write(store.files / "log.parquet", random_log(94, days=80, **LONG_LOG)))
    store.summarise()
    whole, users = store.numbers(), monthly(store)
    as_version_5_left_it(store)
    assert "ddl --apply" in store.run("summarise").err
    store.must("ddl", "--apply")
    assert monthly(store) == users
    store.summarise()
    assert store.numbers() == whole and monthly(store) == users
