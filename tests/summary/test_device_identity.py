"""A store has one device identity, and its numbers say which: device ids, or pairs of OS and browser."""

from __future__ import annotations

from collections.abc import Callable

import oracle
import pytest
from conftest import Store, assert_same
from event_files import write
from logs import Event, at, days_from, device, event, random_log, user

PLATFORM = {"KPI_DEVICE_BY": "platform"}
METRICS = ("engagement", "multi-device", "device-coverage", "completion")
LOG = random_log(31, days=45)


def assert_oracle(store: Store, log: list[Event], device_by: str) -> None:
    """Every export about devices equals the oracle's of that identity."""
    known = oracle.Log(log, device_by=device_by)
    for metric in METRICS:
        assert_same(store.export(metric), oracle.export(known, metric), metric)
    for devices in ("single", "multi"):
        expected = oracle.export(known, "completion", oracle.Filters(devices=devices))
        assert_same(store.export("completion", f"--devices={devices}"), expected, devices)


@pytest.mark.every_engine("long")
def test_one_identity_then_the_other(store_of: Callable[..., Store]) -> None:
    """A change makes every day anew, by the pair of OS and browser where both are known, and back."""
    store = store_of(LOG)
    assert_oracle(store, LOG, "device_id")
    before = store.numbers()
    assert '"days": 45' in store.must("summarise", **PLATFORM).text
    assert_oracle(store, LOG, "platform")
    assert store.published("publication")[0]["definitions"].endswith("-platform")
    assert '"days": 0' in store.must("summarise", **PLATFORM).text
    store.summarise()
    assert store.numbers() == before


def test_never_a_mixture(store_of: Callable[..., Store]) -> None:
    """A change is refused for some of the days, and where days have expired, with both ways out."""
    store = store_of(LOG)
    before = store.numbers()
    ran = store.run("summarise", "--from=2016-02-01", **PLATFORM)
    assert (
        ran.status == 1 and "without --from and --to" in ran.err and len(ran.err.splitlines()) == 1
    )
    store.must("expire", "--keep-days=41")
    ran = store.run("summarise", **PLATFORM)
    assert ran.status == 1 and len(ran.err.splitlines()) == 1
    assert "back to device_id" in ran.err and "a new KPI_HOME" in ran.err
    assert store.numbers() == before


def test_figures_of_firefox_keep_the_identity(store_of: Callable[..., Store]) -> None:
    """What publishes without summarising keeps the definitions that the numbers were made by."""
    store = store_of(LOG)
    figures = store.files / "firefox.csv"
    figures.write_text("day,product,dau,mau\n2016-02-01,ios,1,2\n")
    store.must("load-firefox", figures, **PLATFORM)
    assert not store.published("publication")[0]["definitions"].endswith("-platform")


def test_an_unknown_identity_is_refused(store: Store) -> None:
    """KPI_DEVICE_BY is device_id or platform."""
    ran = store.run("summarise", KPI_DEVICE_BY="cookie")
    assert ran.status == 1 and "KPI_DEVICE_BY must be device_id or platform" in ran.err


@pytest.mark.every_engine
def test_hardly_any_device_ids(store: Store) -> None:
    """Twelve users, six on Windows and Android, of whom one has a device id: unknown by device ids.

    With KPI_MIN_DEVICE_COVERAGE=0 the share of users with a device decides nothing. By platform half
    of the users are multi-device.
    """
    log = [
        event(
            at(day),
            uid=user(person),
            device_id=device(person) if person == 0 else None,
            user_agent_os=system,
            user_agent_browser="Firefox",
        )
        for day in days_from("2016-08-01", 30)
        for person in range(12)
        for system in ("Windows 7", "Android")[: 1 + person % 2]
    ]
    store.load(write(store.files / "log.parquet", log))
    store.summarise()
    for row in store.export("multi-device"):
        assert row["daily_users"] == 12
        assert [row[name] for name in row if "multi" in name] == [None] * 4
    for row in store.export("engagement"):
        assert (row["dau"] is None) == (row["audience"] != "all")
    known = oracle.Log(log)
    assert_same(store.export("device-coverage"), oracle.export(known, "device-coverage"))
    store.must("summarise", KPI_MIN_DEVICE_COVERAGE="0")
    known = oracle.Log(log, min_coverage=0)
    assert_same(store.export("multi-device"), oracle.export(known, "multi-device"))
    store.must("summarise", **PLATFORM)
    rows = store.export("multi-device")
    assert {row["daily_multi_device_percent"] for row in rows} == {50}
    assert rows[-1]["monthly_multi_device_percent"] == 50
