"""Raw events expire; what was summarised of them stays, and stays right."""

from __future__ import annotations

import shutil
from datetime import timedelta

import duckdb
import pytest
from event_files import write
from logs import DAY_MS, event, random_log, user

LOG = random_log(6, days=60)


def _halves(log: list[dict], last_days: int) -> tuple[list[dict], list[dict]]:
    end = max(event["timestamp"] for event in log)
    cut = end - end % 86_400_000 - (last_days - 1) * 86_400_000
    early = [event for event in log if event["timestamp"] < cut]
    return early, [event for event in log if event["timestamp"] >= cut]


def test_expiry_changes_no_export_then_or_later(make_store) -> None:
    """Exports are the same after expiry, and after more days are loaded, as if nothing had expired.

    An attempt that ends in the later days was begun in the earlier. No file of the store holds the
    hash of a user or device that is only in expired days.
    """
    early, late = _halves(random_log(5, days=75), 5)
    end = max(event["timestamp"] for event in late)
    for kind, before in (("sequence.begin", 6), ("device.connected", 1)):
        moment = end - before * DAY_MS
        of_both = event(
            moment,
            kind,
            seq_id="f" * 32,
            seq_time=(6 - before) * DAY_MS,
            service="sync",
            uid=user(1),
        )
        (early if before == 6 else late).append(of_both)
    for row in early:
        if row["timestamp"] < end - 60 * DAY_MS and row["uid"]:
            row["uid"] = row["uid"][::-1]
    kept = make_store()
    kept.load(write(kept.files / "early.parquet", early))
    kept.summarise()
    expired = kept.copied_to(make_store().folder)
    before, hashes = expired.numbers(), _hashes(expired)
    content = (expired.home / "events.duckdb").read_bytes()
    assert sum(each in content for each in hashes) > 5
    ran = expired.run("expire", "--keep-days", "41")
    assert ran.status == 0 and "events expired" in ran.out.decode()
    gone = hashes - _hashes(expired)
    assert len(gone) >= 5 and _found(expired, gone) == {}
    assert expired.numbers() == before
    assert "nothing changed" in expired.summarise().text
    for store in (kept, expired):
        store.load(write(store.files / "late.parquet", late))
        store.summarise()
    assert expired.numbers() == kept.numbers()


def test_expired_rows_are_gone_and_stay_gone(store_of) -> None:
    """No private table keeps a row of a day past retention, and readers see from which day they are kept.

    A late row for a day that can't be refilled is rejected with its reason, never half counted. A
    second expiry that keeps more days leaves what had expired as it stands.
    """
    store = store_of(LOG)
    before = store.numbers()
    assert store.published("retention") == []
    first = store.must("expire", "--keep-days", "45").text
    with duckdb.connect(str(store.home / "events.duckdb"), read_only=True) as events:
        ((last,),) = events.table("user_day").max("day").fetchall()
        for table in ("user_day", "user_device_day", "multi_device_day"):
            ((oldest,),) = events.table(table).min("day").fetchall()
            assert (last - oldest).days <= 44
        first_ms, last_ms = events.execute(
            'SELECT MIN("timestamp"), MAX("timestamp") FROM event'
        ).fetchone()
        assert last_ms - first_ms < 45 * DAY_MS
    (kept,) = store.published("retention")
    days = [str(day)[:10] for day in kept.values()]
    assert days == [str(last - timedelta(days=back)) for back in (44, 4)]
    ran = store.run("load", str(write(store.files / "late.parquet", LOG[:20])))
    assert ran.status == 1 and "expired" in ran.err
    again = store.must("expire", "--keep-days", "55").text
    assert again.partition(" events expired")[::2] == ("0", first.partition(" events expired")[2])
    assert "nothing changed" in store.summarise().text
    assert store.numbers() == before


def _hashes(store) -> set[bytes]:
    """Every id of a user or device that the private tables hold."""
    with duckdb.connect(str(store.home / "events.duckdb"), read_only=True) as events:
        found = events.execute(
            "SELECT uid FROM event UNION SELECT device_id FROM event "
            "UNION SELECT uid FROM known_user UNION SELECT device FROM known_device"
        ).fetchall()
    return {each.encode() for (each,) in found if each}


def _found(store, hashes: set[bytes]) -> dict[str, int]:
    """How many of the hashes stand as bytes in each file below the store's folder."""
    counts = {
        path.name: sum(each in content for each in hashes)
        for path in store.home.rglob("*")
        if path.is_file() and (content := path.read_bytes())
    }
    return {name: count for name, count in counts.items() if count}


def test_expiry_says_how_much_room_is_missing(store_of, monkeypatch) -> None:
    """Where the private file can't be copied beside itself, nothing is deleted, and the room is named."""
    store = store_of(LOG)
    before = (store.home / "events.duckdb").read_bytes()
    size = len(before) + 16 * 2**20
    usage = shutil.disk_usage(store.home)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=size - 3 * 2**20 + 1))
    ran = store.run("expire", "--keep-days", "41")
    assert ran.status == 1 and "needs 3 MB more" in ran.err
    assert (store.home / "events.duckdb").read_bytes() == before
    monkeypatch.undo()
    store.must("expire", "--keep-days", "41")


@pytest.mark.parametrize("keep", ["0", "40"])
def test_expiry_below_what_the_next_summary_needs_is_refused(store_of, keep: str) -> None:
    """A day's summary reaches 41 days back, so fewer can't be kept."""
    store = store_of(LOG)
    before = store.numbers()
    ran = store.run("expire", "--keep-days", keep)
    assert ran.status == 1 and "41" in ran.err
    assert store.numbers() == before


def test_expiry_waits_for_the_summary(store_of) -> None:
    """Events that no summary has counted yet can't expire."""
    store = store_of(LOG)
    early, late = _halves(random_log(9, days=60), 30)
    store.load(write(store.files / "more.parquet", early))
    ran = store.run("expire", "--keep-days", "41")
    assert ran.status == 1 and "summarise" in ran.err
    assert late


@pytest.mark.long
def test_attempts_completed_after_expiry_count(make_store) -> None:
    """An attempt begun while its day was kept is completed and timed, however little is kept."""
    log = random_log(12, days=60)
    last = max(event["timestamp"] for event in log)
    begun, ready = last - 2 * DAY_MS, last + DAY_MS
    steps = {"sequence.begin": (begun, 0), "account.login": (begun + 5, 5)}
    attempt = [
        event(moment, step, seq_id="f" * 32, seq_time=ms, service="sync", uid=user(1))
        for step, (moment, ms) in steps.items()
    ]
    end = event(
        ready,
        "device.connected",
        seq_id="f" * 32,
        seq_time=ready - begun,
        service="sync",
        uid=user(1),
    )
    kept, expired = make_store(), make_store()
    for store in (kept, expired):
        store.load(write(store.files / "log.parquet", log + attempt))
        store.summarise()
    expired.must("expire", "--keep-days", "41")
    for store in (kept, expired):
        rest = [event(ready + step, uid=user(2)) for step in range(20)]
        store.load(write(store.files / "late.parquet", [end, *rest]))
        store.summarise()
    assert expired.numbers() == kept.numbers()
    assert sum(row["connections"] for row in kept.export("connection-time")[-2:]) > 0
