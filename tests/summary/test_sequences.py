"""Which sequences are attempts, which occurrence counts, and who is new without a sequence."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb
import oracle
import pytest
from conftest import Store, assert_same
from event_files import write
from logs import Event, at, days_from, event, heartbeat, random_log, user


def day_of(row: Event) -> str:
    """The ISO date of an event."""
    return oracle.day_name(oracle.day_number(row["timestamp"]))


LOG = random_log(43, days=30, attempts_per_day=5)
LATER = days_from(str(date.fromisoformat(max(map(day_of, LOG))) + timedelta(days=1)), 4)
"""Days after those of the random log."""
BLANK_TOO = {"KPI_SYNC_SERVICES": "sync,(none)"}


def steps(
    day: str, seq_id: str, *taken: tuple[str, int], service: str | None = "sync"
) -> list[Event]:
    """One sequence's events, (type, seqTime) each."""
    return [
        event(at(day) + ms, kind, seq_id=seq_id, seq_time=ms, uid=user("a"), service=service)
        for kind, ms in taken
    ]


@pytest.mark.every_engine
def test_which_sequences_and_occurrences_count(store: Store) -> None:
    """With (none) among the services, sequences that name none are attempts; else their number is said.

    Of ten sequences that begin without a service, four name sync later: 4 begun, or 4 of 10. The first
    occurrence of each type counts, with its own time, though a later one was quicker.
    """
    log = [*LOG, *heartbeat(LATER[0], 4)]
    for number in range(10):
        log += steps(LATER[0], f"s{number}", ("sequence.begin", 0), service=None)
        if number < 4:
            log += steps(LATER[0], f"s{number}", ("device.connected", 900))
    first = (("sequence.begin", 0), ("account.login", 4000), ("device.connected", 9000))
    again = (("sequence.begin", 0), ("account.login", 3000), ("device.connected", 5000))
    log += steps(LATER[1], "s", *first) + steps(LATER[2], "s", *again)
    log += [event(at(LATER[1]) + 4000, "account.login", seq_id="s", seq_time=4100, service="sync")]
    log += [event(at(day), uid=user("b")) for day in LATER[1:] for _ in range(4)]
    store.load(write(store.files / "log.parquet", log))
    told = store.summarise().text
    known, both = oracle.Log(log), oracle.Log(log, ("sync", "(none)"))
    (blank,) = [row["sequences"] for row in store.published("blank_sequences")]
    assert blank == len(both.attempts) - len(known.attempts) > 6
    assert f"{blank} sequences have a blank service" in told
    for metric in ("connection-time", "steps", "completion"):
        assert_same(store.export(metric), oracle.export(known, metric), metric)
    times = {(r["day"], r["account"]): r["median_seconds"] for r in store.export("connection-time")}
    assert times[LATER[1], "existing"] == 9.0
    assert times[LATER[2], "existing"] is None
    rows = {row["day"]: row for row in store.export("completion")}
    assert rows[LATER[0]]["begun"] == 4
    told = store.must("summarise", **BLANK_TOO).text
    assert "blank service" not in told
    for metric in ("completion", "connection-time", "steps"):
        assert_same(store.export(metric), oracle.export(both, metric), metric)
    by_service = store.export("completion", "--by=service")
    assert_same(by_service, oracle.export(both, "completion", by="service"))
    assert store.published("blank_sequences")[0]["sequences"] == 0
    row = {row["day"]: row for row in store.export("completion")}[LATER[0]]
    assert (row["begun"], row["completed"], row["completion_percent"]) == (10, 4, 40)


def test_no_sequence_at_all(store: Store) -> None:
    """Where no event carries a sequence, attempts are absent, never 0, and the reason is said."""
    store.load(write(store.files / "log.parquet", heartbeat("2016-11-01", 4)))
    store.summarise()
    for metric in ("connection-time", "completion", "steps"):
        ran = store.must("export", metric)
        assert "No event in the loaded files carries a sequence" in ran.err
        for row in store.export(metric):
            numbers = [
                value for name, value in row.items() if name not in ("day", "account", "step")
            ]
            assert set(numbers) == {None}
    store.load(write(store.files / "flow.parquet", steps("2016-11-02", "s", ("sequence.begin", 0))))
    store.summarise()
    assert [row["begun"] for row in store.export("completion")] == [0, 1, 0, 0]
    assert not store.must("export", "completion").err


def test_an_event_that_creates_an_account(store: Store) -> None:
    """Where new users aren't known and there is no sequence, account.created alone is a new user's."""
    created = [event(at("2016-11-02"), "account.created", uid=user(n)) for n in range(5)]
    log = [event(at("2016-11-02", "09:00"), uid=user(n)) for n in range(10)] + created
    store.load(write(store.files / "log.parquet", log))
    with duckdb.connect(str(store.home / "events.duckdb")) as events:
        events.execute("UPDATE event SET new_user = NULL")
    store.summarise()
    unknown = [{name: v for name, v in row.items() if name != "new_user"} for row in log]
    for users, count in (("new", 5), ("existing", 10)):
        rows = store.export("engagement", f"--users={users}")
        assert rows[0]["dau"] == count
        expected = oracle.export(oracle.Log(unknown), "engagement", oracle.Filters(users=users))
        assert_same(rows, expected)
