"""Raw ids never reach the disk; no id in any form reaches what the dashboard reads."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable
from pathlib import Path

import duckdb
import pytest
from conftest import KEY, Store
from event_files import ACTIVITY_COLUMNS, FLOW_COLUMNS, production_csv, write, write_bytes
from logs import RAW_DEVICE, RAW_USER, D, at, event, random_activity, random_flow, random_log, user

LOG = random_log(60, days=40)
THIRD = len(LOG) // 3


def hashed(value: str) -> str:
    """What stands for an id in the private store."""
    return hmac.new(KEY.encode(), value.encode(), hashlib.sha256).hexdigest()


def ids(name: str, log: Iterable[dict] = LOG) -> set[str]:
    """The known raw ids of a log."""
    return {row[name] for row in log if row[name] not in (None, "", "NULL")}


@pytest.fixture(scope="module")
def filled(make_store: Callable[[], Store]) -> Store:
    """A store that has been through everything: loads of all formats, rejects, replacements."""
    store = make_store()
    bad = [event(7, uid=user("bad"), device_id=f"{RAW_DEVICE}bad")]
    files = {
        "native.csv": write(store.files / "native.csv", [*LOG[:THIRD], *bad]),
        "native.json.gz": write(store.files / "native.json.gz", LOG[THIRD : 2 * THIRD]),
        "native.parquet": write(store.files / "native.parquet", LOG[2 * THIRD :]),
        "activity.csv": write_bytes(
            store.files / "activity.csv", production_csv(random_activity(60), ACTIVITY_COLUMNS, 8)
        ),
        "flow.csv": write_bytes(
            store.files / "flow.csv", production_csv(random_flow(60), FLOW_COLUMNS, 18)
        ),
    }
    said = store.load(*files.values()).said
    said += store.summarise().said
    said += store.load("--replace", write(files["native.csv"], LOG[:THIRD])).said
    refused = store.run("load", write(store.folder / "refused.csv", bad))
    assert refused.status == 1
    said += refused.said + store.summarise().said
    assert RAW_USER not in said and RAW_DEVICE not in said
    return store


def every_cell(path: Path) -> Iterable[tuple[str, str]]:
    """Every value of every column of every table, as text, with where it stands."""
    with duckdb.connect(str(path), read_only=True) as engine:
        tables = engine.execute(
            "SELECT table_schema, table_name FROM information_schema.tables"
        ).fetchall()
        assert tables
        for schema, table in tables:
            rows = engine.table(f'"{schema}"."{table}"')
            for row in rows.fetchall():
                for name, value in zip(rows.columns, row, strict=True):
                    text = value.hex() if isinstance(value, bytes) else str(value)
                    yield f"{table}.{name}", text


def test_no_raw_id_on_disk(filled: Store) -> None:
    """No file in the store's folder holds a raw id, not even a log, a spill or a left-over."""
    seen = 0
    for path in filled.home.rglob("*"):
        if path.is_file():
            seen += 1
            content = path.read_bytes()
            assert RAW_USER.encode() not in content, path.name
            assert RAW_DEVICE.encode() not in content, path.name
    assert seen >= 2
    for where, value in every_cell((filled.home / "events.duckdb").resolve()):
        assert RAW_USER not in value and RAW_DEVICE not in value, where


def test_ids_are_python_hmacs(filled: Store) -> None:
    """event.uid and event.device_id are the hexadecimal HMAC-SHA256 of the raw ids."""
    with duckdb.connect(str((filled.home / "events.duckdb").resolve()), read_only=True) as engine:
        for column in ("uid", "device_id"):
            stored = {
                value
                for (value,) in engine.table("event").project(column).distinct().fetchall()
                if value is not None
            }
            expected = {hashed(raw) for raw in ids(column)}
            assert expected and expected <= stored
            assert all(len(value) == 64 and int(value, 16) >= 0 for value in stored)


def test_dashboard_store_holds_no_ids(filled: Store) -> None:
    """kpi.duckdb has no user, device or sequence id: not raw, not hashed, not shortened."""
    forbidden = {RAW_USER, RAW_DEVICE}
    for column in ("uid", "device_id"):
        for raw in ids(column):
            digest = hashlib.sha256(raw.encode()).hexdigest()
            forbidden |= {hashed(raw)[:16], digest[:16]}
    forbidden |= {sequence[:16] for sequence in ids("seq_id")}
    path = (filled.home / "kpi.duckdb").resolve()
    counted = 0
    for where, value in every_cell(path):
        counted += 1
        assert not any(mark in value for mark in forbidden), where
    assert counted > 1000
    with duckdb.connect(str(path), read_only=True) as engine:
        columns = engine.execute(
            "SELECT DISTINCT column_name FROM information_schema.columns"
        ).fetchall()
    named = {name for (name,) in columns}
    assert not named & {"uid", "user_id", "device_id", "device", "seq_id", "sequence_id"}


def test_same_id_same_hash_in_every_format(store: Store) -> None:
    """A user of a native, an activity and a flow file is one user."""
    second = at(D[1]) // 1000
    store.load(
        write(store.files / "native.csv", [event(at(D[1]), uid=user("a"))]),
        write_bytes(
            store.files / "events-2016-01-02.csv",
            production_csv(
                [{"timestamp": second, "type": "account.signed", "uid": user("a")}],
                ACTIVITY_COLUMNS,
                8,
            ),
        ),
        write_bytes(
            store.files / "flow-2016-01-02.csv",
            production_csv(
                [
                    {
                        "timestamp": second,
                        "type": "account.login",
                        "flow_id": "f",
                        "flow_time": 3,
                        "uid": user("a"),
                    }
                ],
                FLOW_COLUMNS,
                18,
            ),
        ),
    )
    assert store.events("uid") == {(hashed(user("a")),): 3}


def test_hashed_ids_stay_as_they_are(store: Store) -> None:
    """With --ids-hashed a user's id is kept, so that it meets the one hashed here."""
    store.load(write(store.files / "raw.csv", [event(at(D[1]), uid=user("a"))]))
    given = [event(at(D[1]) + 1, uid=hashed(user("a")))]
    store.load("--ids-hashed", write(store.files / "hashed.csv", given))
    assert store.events("uid") == {(hashed(user("a")),): 2}


def test_other_keys_give_other_hashes(store: Store) -> None:
    """The hash depends on the key, and the key is nowhere in the store."""
    store.load(write(store.files / "log.csv", LOG[:50]), KPI_HMAC_KEY="one more secret key")
    store.summarise()
    with duckdb.connect(str((store.home / "events.duckdb").resolve()), read_only=True) as engine:
        stored = {row[0] for row in engine.execute("SELECT DISTINCT uid FROM event").fetchall()}
    assert not stored & {hashed(raw) for raw in ids("uid")}
    for found in store.home.rglob("*"):
        assert not found.is_file() or b"one more secret key" not in found.read_bytes()
