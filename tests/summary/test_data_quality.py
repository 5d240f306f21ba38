"""What readers are told about the data: loads, retention, and days whose volume is unusual."""

from __future__ import annotations

import json
import random
import statistics
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from conftest import LONG, OFTEN_EXPORTED, Store, environment
from event_files import write
from logs import D, at, event, heartbeat, random_log, user

from kpi.numbers.published import Publication
from kpi.numbers.warehouse import Warehouse, open_warehouse
from kpi.settings import Settings
from kpi.summary import anomalies

FIRST = date(2016, 1, 4)


def warehouse_of(store: Store) -> Warehouse:
    """The newest publication of a store."""
    told = {name: value for name, value in store.settings().items() if value is not None}
    return open_warehouse(Settings.read(told))


def volumes(
    counts: Mapping[str, list[int | None]], incomplete: tuple[int, ...] = ()
) -> pd.DataFrame:
    """Volumes by type from the first day on; None is a day that wasn't loaded, for all types."""
    rows = []
    days = len(next(iter(counts.values())))
    for place in range(days):
        day = FIRST + timedelta(days=place)
        loaded = int(any(events[place] is not None for events in counts.values()))
        told = {"day": day, "loaded": loaded, "complete": int(loaded and place not in incomplete)}
        whole = sum(events[place] or 0 for events in counts.values())
        rows.append({**told, "type": "(all)", "events": whole})
        rows += [
            {**told, "type": name, "events": events[place]}
            for name, events in counts.items()
            if events[place]
        ]
    return anomalies.volumes(rows)


def plainly_judged(volumes: pd.DataFrame, rule: anomalies.Rule) -> dict[tuple[str, date], Any]:
    """The rule in plain loops: (events, usual, low, high, verdict) per type and counted day."""
    rows = volumes.to_dict("records")
    counted = {
        r["day"].date() for r in rows if r["type"] == "(all)" and r["loaded"] and r["complete"]
    }
    found = {}
    for name in {row["type"] for row in rows}:
        events = {row["day"].date(): row["events"] for row in rows if row["type"] == name}
        first_seen = min(events)
        for day in sorted(counted):
            if day < first_seen:
                continue
            earlier = [day - timedelta(days=7 * week) for week in range(1, rule.weeks + 1)]
            earlier = [events.get(d, 0) for d in earlier if d in counted and d >= first_seen]
            here = events.get(day, 0)
            if len(earlier) < rule.least_weeks:
                found[name, day] = (here, None, None, None, "")
                continue
            usual = statistics.median(earlier)
            deviation = 1.4826 * statistics.median(abs(count - usual) for count in earlier)
            spread = rule.spreads * max(deviation, rule.trend * usual)
            root, chance = usual**0.5, rule.spreads / 2
            low = max(min(usual - spread, max(root - chance, 0) ** 2), 0)
            high = max(usual + spread, (root + chance) ** 2)
            verdict = "low" if here < low else "high" if here > high else ""
            if max(here, usual) < rule.least_events:
                verdict = ""
            found[name, day] = (here, usual, low, high, verdict)
    return found


@pytest.mark.parametrize("seed", range(6))
def test_judged_equals_plain_loops(seed: int) -> None:
    """Median, deviation, bounds and verdict of every day are those of the rule in plain loops."""
    chance = random.Random(seed)
    days = 150
    counts = {
        name: [
            None
            if place % 37 == 36
            else int(chance.gauss(level, level * 0.05) * chance.choice([1] * 20 + [0, 0.3, 2]))
            for place in range(days)
        ]
        for name, level in (("signed", 4000), ("created", 40), ("rare", 2))
    }
    counts["late"] = [0 if place < 60 else 300 for place in range(days)]
    given = volumes(counts, incomplete=(3, 50, days - 1))
    before = given.copy()
    expected = plainly_judged(given, anomalies.RULE)
    got = anomalies.judged(given)
    pd.testing.assert_frame_equal(given, before)
    assert len(got) == len(expected) > 400
    for row in got.itertuples(index=False):
        events, usual, low, high, verdict = expected[row.type, row.day.date()]
        assert (row.events, row.unusual) == (events, verdict), row
        for value, wanted in ((row.usual, usual), (row.low, low), (row.high, high)):
            assert pd.isna(value) if wanted is None else value == pytest.approx(wanted), row
    assert {row[-1] for row in expected.values()} == {"low", "high", ""}


def plainly_slow(volumes: pd.DataFrame, rule: anomalies.SlowRule) -> dict[tuple[str, date], Any]:
    """The slow rule in plain loops: (mean a day, mean before, share of change) per type and day noted."""
    rows = volumes.to_dict("records")
    counted = {
        r["day"].date() for r in rows if r["type"] == "(all)" and r["loaded"] and r["complete"]
    }
    noted = {}
    for name in {row["type"] for row in rows}:
        events = {row["day"].date(): row["events"] for row in rows if row["type"] == name}
        first_seen = min(events)
        for last in {row["day"].date() for row in rows}:
            pairs = []
            for back in range(rule.days):
                day = last - timedelta(days=back)
                before = day - timedelta(days=rule.apart)
                if {day, before} <= counted and before >= first_seen:
                    pairs.append((events.get(day, 0), events.get(before, 0)))
            now, then = sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)
            if len(pairs) < rule.least_pairs or not then:
                continue
            by_chance = abs(now**0.5 - then**0.5) <= rule.spreads * 0.5**0.5
            if abs(now / then - 1) > rule.change and not by_chance:
                noted[name, last] = (now / len(pairs), then / len(pairs), now / then - 1)
    return noted


@pytest.mark.parametrize("seed", range(4))
def test_slow_changes_equal_plain_loops(seed: int) -> None:
    """The days with a slow note, its means and its change are those of the rule in plain loops."""
    chance = random.Random(seed)
    days = 200
    counts = {
        name: [
            None
            if place % 29 == 28
            else int(chance.gauss(level, level**0.5) * fall ** max(0, place - 90))
            for place in range(days)
        ]
        for name, level, fall in (("signed", 4000, 0.995), ("created", 40, 1.004), ("rare", 6, 1.0))
    }
    given = volumes(counts, incomplete=(3, days - 1))
    expected = plainly_slow(given, anomalies.SLOW_RULE)
    got = anomalies.slow(given)
    assert {(row.type, row.day.date()) for row in got.itertuples()} == set(expected)
    for row in got.itertuples():
        numbers = (row.events, row.before, row.change)
        assert numbers == pytest.approx(expected[row.type, row.day.date()])
    assert {name for name, _ in expected} >= {"(all)", "signed"}


def test_a_slow_change_is_said_in_a_sentence() -> None:
    """It names the change, the days and the means; few events a day aren't named exactly."""
    said = anomalies.slow_sentence("(all)", 820.4, 1000.0, -0.18)
    assert said == (
        "Events: over the newest 14 days 18% fewer than 8 weeks before: 820 a day, before 1,000"
    )
    assert "under 10 a day" in anomalies.slow_sentence("rare", 4.2, 30.0, -0.86)


def test_outage_is_found_and_not_its_aftermath() -> None:
    """Two days of outage are low; the same weekdays in the weeks after are ordinary again."""
    counts = [1000 + 200 * (place % 7 < 5) for place in range(140)]
    counts[90], counts[91] = 70, 240
    found = anomalies.judged(volumes({"signed": counts}))
    unusual = found[(found["unusual"] != "") & (found["type"] == "signed")]
    assert [(day - pd.Timestamp(FIRST)).days for day in unusual["day"]] == [90, 91]
    assert set(unusual["unusual"]) == {"low"}


def test_type_that_vanishes_is_low() -> None:
    """A type without any event on a day is judged by its absence, not passed over."""
    counts = {"signed": [500] * 80, "created": [50] * 79 + [0]}
    (mark,) = [m for m in anomalies.marks(volumes(counts)) if m["type"] == "created"]
    assert mark["day"] == FIRST + timedelta(days=79)
    assert mark["warning"].startswith("low: 0 events, usually 50 (")


def test_ordinary_days_are_not_flagged() -> None:
    """Of ordinary days, by chance and with a weekly rhythm and growth, under 1 in 1,000 is flagged."""
    chance = np.random.default_rng(7)
    rhythm = np.array([1.05, 1.05, 1.0, 1.0, 0.95, 0.7, 0.75])
    days = 700
    usual = rhythm[np.arange(days) % 7] * (1 + 0.4 * np.arange(days) / days)
    counts = {
        f"type {level}": chance.poisson(level * usual).tolist()
        for level in (5, 20, 100, 1000, 20000)
    }
    found = anomalies.judged(volumes(counts))
    flagged = (found["unusual"] != "").sum()
    assert len(found) == 6 * days
    assert flagged <= len(found) / 1000


def test_few_events_are_not_told_exactly() -> None:
    """A handful of events could tell of one person, so a warning says only how few there are."""
    counts = {"signed": [500] * 79 + [3]}
    told = {mark["type"]: mark["warning"] for mark in anomalies.marks(volumes(counts))}
    assert told["signed"].startswith("low: under 10 events, usually 500")


def test_no_days_no_verdicts() -> None:
    """An empty store has nothing to judge."""
    assert anomalies.judged(anomalies.volumes([])).empty
    assert list(anomalies.marks(volumes({"signed": [5, 6]}, incomplete=(0, 1)))) == []


def test_outage_of_the_demo_is_marked(demo_home: Path) -> None:
    """The demo's outage is marked on both its days, and no ordinary day's whole volume is."""
    from kpi.demo.timeline import Timeline

    timeline = Timeline(date(2015, 11, 1), date(2016, 3, 31))
    outage = {timeline.day(number) for number in timeline.outage_days}
    with environment(KPI_HOME=str(demo_home)):
        warehouse = open_warehouse(Settings.read())
    marked = warehouse.frame("unusual_days", since=date(2015, 1, 1))
    whole = {pd.Timestamp(day).date() for day in marked.loc[marked["type"] == "(all)", "day"]}
    holidays = {date(2015, 12, day) for day in range(24, 32)} | {date(2016, 1, 1)}
    assert len(outage) == 2
    assert outage <= whole <= outage | holidays
    warehouse.close()


@pytest.mark.every_engine("long")
def test_unusual_days_follow_the_events(store: Store) -> None:
    """A day is marked while its volume is unusual, and no longer once its events were corrected.

    A day on which a type didn't occur gets a row that says so, once, whatever is rerun.
    """
    usual = [
        event(at(day, f"{hour:02}:{minute:02}"), kind, uid=user(minute))
        for day in D[:70]
        for kind, hours in (("account.signed", 2), ("account.login", 1))
        for hour in range(hours)
        for minute in range(40)
        if day != D[60] and (day, kind) != (D[65], "account.login")
    ]
    store.load(write(store.files / "usual.parquet", usual))
    few = write(
        store.files / "day60.parquet", [event(at(D[60], f"12:0{m}"), uid=user(m)) for m in range(8)]
    )
    store.load(few)
    store.summarise()
    told = [said for said in warehouse_of(store).publication.noted if "1 Mar 2016" in said]
    assert told[0].startswith("1 Mar 2016: volume low: under 10 events, usually 120 (")
    full = [
        event(at(D[60], f"0{3 + hour}:{m:02}"), kind, uid=user(m))
        for kind, hours in (("account.signed", 2), ("account.login", 1))
        for hour in range(hours)
        for m in range(40)
    ]
    store.load("--replace", write(few, full))
    store.summarise()
    warehouse = warehouse_of(store)
    assert not [said for said in warehouse.publication.noted if "1 Mar 2016" in said]
    marked = warehouse.frame("unusual_days", since=date(2015, 1, 1))
    (row,) = marked[marked["type"] == "account.login"].to_dict("records")
    assert (str(row["day"])[:10], row["events"]) == (D[65], 0)
    assert row["warnings"].startswith("low: 0 events, usually 40")


@pytest.mark.every_engine("long")
def test_loads_are_published_without_values(store: Store) -> None:
    """Readers see every load with its rows, its rejects by reason and what became of it.

    A load that came and went changes no day, but readers see that it did; once.
    """
    log = random_log(5, days=6)
    bad = [event(7, uid=user("bad"))]
    store.load(write(store.files / "first.parquet", [*log, *bad]))
    store.load(write(store.files / "second.parquet", heartbeat(D[9], 3)))
    store.summarise()
    loads = warehouse_of(store).loads
    assert list(loads["source"]) == ["second.parquet", "first.parquet"]
    first = loads.iloc[1]
    assert (first["rows_read"], first["rows_kept"], first["rows_rejected"]) == (
        len(log) + 1,
        len(log),
        1,
    )
    assert json.loads(first["rejected_by_reason"]) == {
        "timestamp: is not between 2010 and tomorrow": 1
    }
    assert first["first_timestamp"] == min(row["timestamp"] for row in log)
    assert set(loads["status"]) == {"loaded"}
    assert set(loads.columns) == {
        *("load_id", "source", "format", "rows_read", "rows_kept", "rows_rejected"),
        *("rejected_by_reason", "first_timestamp", "last_timestamp", "loaded_at", "status"),
        *("rows_with_uid", "rows_with_device", "rows_with_sequence", "lines_passed_over"),
        *("columns_missing", "columns_ignored", "cells_changed"),
    }
    store.load(write(store.files / "mistake.parquet", heartbeat(D[10], 1)))
    store.must("unload", "mistake.parquet")
    assert "no day changed" in store.summarise().text
    assert list(warehouse_of(store).loads["status"]) == ["removed", "loaded", "loaded"]
    assert "nothing changed" in store.summarise().text


def test_older_publication_is_read_and_brought_up_to_date(store: Store) -> None:
    """A publication of schema 1, without list of loads, is read as it is; a summary adds the list."""
    store.load(write(store.files / "first.parquet", random_log(3, days=30)))
    store.summarise()
    some = OFTEN_EXPORTED if LONG else OFTEN_EXPORTED[::5]
    before = store.exports(some)
    with duckdb.connect(str((store.home / "kpi.duckdb").resolve())) as engine:
        engine.execute("DROP TABLE load_manifest")
        engine.execute("DROP TABLE retention")
        engine.execute("UPDATE publication SET schema_version = 1")
    warehouse = warehouse_of(store)
    assert warehouse.loads.empty and warehouse.retention.empty
    assert warehouse.publication.noted == ()
    warehouse.close()
    assert store.exports(some) == before
    assert "no day changed" in store.summarise().text
    assert list(warehouse_of(store).loads["source"]) == ["first.parquet"]
    assert store.exports(some) == before


@pytest.mark.long
@pytest.mark.every_engine("long")
def test_retention_is_published(store: Store) -> None:
    """After events expired, readers see from which day they are kept and what can be refilled."""
    store.load(write(store.files / "log.parquet", heartbeat(D[0], 70)))
    store.summarise()
    before = store.numbers()
    assert warehouse_of(store).retention.empty
    store.must("expire", "--keep-days", "50")
    for _ in range(2):
        kept = warehouse_of(store).retention.iloc[0]
        assert [str(pd.Timestamp(day).date()) for day in kept] == [D[20], D[60]]
        assert "nothing changed" in store.summarise().text
    assert store.numbers() == before


def test_old_data_is_told_and_simulated_data_do_not_age() -> None:
    """A newest complete day over three days old is a warning; of the demo it isn't."""
    day = date(2016, 6, 14)
    told = {"id": 1, "built_at": datetime(2016, 6, 15), "definitions": "2016.1"}
    days = {"first_day": day, "last_complete_day": day, "last_day": day}
    real = Publication(**told, **days, simulated=False)
    assert real.old_data(day + timedelta(days=3)) == ()
    (sentence,) = real.old_data(day + timedelta(days=4))
    assert "4 days old: 14 Jun 2016" in sentence
    assert real.warnings  # 2016 is past
    assert Publication(**told, **days, simulated=True).warnings == ()


def test_days_loaded_too_early_and_missing_days_are_told(store: Store) -> None:
    """Days that don't count, and days never loaded, are told with their number."""
    now = datetime.now(UTC).date()
    beats = [event(at(now - timedelta(days=back), "00:00")) for back in (9, 8, 5, 4)]
    store.load(write(store.files / "beats.parquet", beats))
    store.summarise()
    path = (store.home / "kpi.duckdb").resolve()
    with duckdb.connect(str(path)) as engine:
        engine.execute(
            "UPDATE day_status SET complete = 0 WHERE day = ?", [now - timedelta(days=8)]
        )
    told = warehouse_of(store).publication.warnings
    assert any(sentence.startswith("2 days were never loaded") for sentence in told)
    assert any(sentence.startswith("1 day was loaded before") for sentence in told)
    assert any("4 days old" in sentence for sentence in told)
