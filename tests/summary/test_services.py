"""Whose sequences count as connection attempts is a setting: changed, it holds for every day there is."""

from __future__ import annotations

from collections.abc import Callable

import oracle
import pytest
from conftest import LONG, Store, assert_same
from event_files import write
from logs import random_log

LOG = random_log(71, days=64, attempts_per_day=4)
BOTH = ("sync", "a1b2c3d4e5f60718")
TOLD = {"KPI_SYNC_SERVICES": ", ".join(BOTH)}
METRICS = ("engagement", "multi-device", "connection-time", "completion", "steps")
NOTHING_TO_DO = '"days": 0'


def assert_oracle(store: Store, services: tuple[str, ...]) -> None:
    """Whole exports equal the oracle, told which services count."""
    known = oracle.Log(LOG, services)
    for metric in METRICS:
        assert_same(store.export(metric), oracle.export(known, metric), metric)


@pytest.fixture
def summarised(store_of: Callable[..., Store]) -> Store:
    """A store whose attempts are those of sync."""
    return store_of(LOG)


@pytest.mark.every_engine("long")
def test_another_service_counts(summarised: Store) -> None:
    """With another service every day is made anew, once; taken back, the numbers are those of before.

    A run over some of the days leaves the others to the next whole one, whatever is set by then.
    """
    store, some = summarised, f"--to={oracle.day_name(oracle.Log(LOG).days[20])}"
    assert_oracle(store, ("sync",))
    before = store.numbers()
    assert NOTHING_TO_DO in store.summarise().text
    store.must("summarise", some, **TOLD)
    store.summarise()
    assert store.numbers() == before
    assert NOTHING_TO_DO in store.summarise().text
    if LONG:
        store.must("summarise", some, **TOLD)
    assert NOTHING_TO_DO not in store.must("summarise", **TOLD).text
    assert_oracle(store, BOTH)
    upside_down = {"KPI_SYNC_SERVICES": ",".join(reversed(BOTH))}
    assert NOTHING_TO_DO in store.must("summarise", **upside_down).text
    if LONG:
        store.summarise()
        assert store.numbers() == before


def test_some_days_before_all(store: Store) -> None:
    """The first run, if only over some days, is remembered too."""
    store.load(write(store.files / "log.parquet", LOG))
    store.summarise(f"--to={oracle.day_name(oracle.Log(LOG).days[20])}")
    store.must("summarise", **TOLD)
    assert_oracle(store, BOTH)


def test_no_day_expires_that_waits_for_it(summarised: Store) -> None:
    """Raw events don't expire before the days they belong to were made anew; frozen days stay."""
    store = summarised
    ran = store.run("expire", "--keep-days=50", **TOLD)
    assert ran.status == 1 and "days wait to be summarised" in ran.err
    store.must("expire", "--keep-days=50")
    store.must("summarise", **TOLD)
    last = oracle.Log(LOG).days[-1]
    frozen_before = oracle.day_name(last - 49 + 40)
    shown = store.export("completion")
    for services, is_frozen in ((("sync",), True), (BOTH, False)):
        expected = oracle.export(oracle.Log(LOG, services), "completion")
        some = [row for row in expected if (row["day"] < frozen_before) is is_frozen]
        assert some
        found = [row for row in shown if (row["day"] < frozen_before) is is_frozen]
        assert_same(found, some, "completion")
