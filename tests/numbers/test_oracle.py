"""The oracle itself, against figures worked out by hand."""

from __future__ import annotations

from itertools import pairwise

import oracle
import pytest
from characters import CHARACTERS, Expected
from conftest import same
from logs import at, event, random_log, user


def cell(rows: list[dict], expected: Expected) -> float | None:
    """The one cell that a hand-worked figure speaks of."""
    found = [
        row
        for row in rows
        if row["day"] == expected.day
        and expected.key in (None, row.get("audience"), row.get("account"), row.get("step"))
    ]
    assert len(found) == 1, f"{len(found)} rows for {expected}"
    return found[0][expected.column]


@pytest.mark.parametrize("name", CHARACTERS)
def test_named_characters(name: str) -> None:
    """The oracle gives every figure of the named stories."""
    story = CHARACTERS[name]()
    log = oracle.Log(story.events)
    assert story.expected
    for expected in story.expected:
        filters = oracle.Filters(**(expected.filters or {}))
        rows = oracle.export(log, expected.metric, filters, window=expected.window)
        got = cell(rows, expected)
        assert same(got, expected.value), f"{story.rule}: {expected} but {got}"


def test_percentile_is_continuous() -> None:
    """A percentile lies on the line between its two nearest ranks."""
    assert oracle.percentile([10, 20, 30, 40], 0.25) == 17.5
    assert oracle.percentile([10, 20, 30, 40], 0.5) == 25
    assert oracle.percentile([7], 0.75) == 7
    assert oracle.percentile([], 0.5) is None


def test_ratio_by_hand() -> None:
    """The ratio is 100 x the mean of seven DAUs over the users of 28 days."""
    events = [
        event(at(f"2016-03-{number:02d}"), uid=user(person))
        for person, active in (("a", range(1, 29)), ("b", (22, 24, 28)), ("c", (5,)))
        for number in active
    ]
    row = oracle.export(oracle.Log(events), "engagement", first="2016-03-28")[0]
    assert row["dau"] == 2
    assert row["dau_7day_mean"] == pytest.approx((7 + 3) / 7)
    assert row["mau"] == 3
    assert row["engagement_ratio"] == pytest.approx(100 * 10 / 7 / 3)


@pytest.mark.parametrize("seed", range(4))
def test_definitions_hold_together(seed: int) -> None:
    """DAU <= MAU, multi and single split DAU, and percents lie between 0 and 100."""
    log = oracle.Log(random_log(seed))
    rows = {(row["day"], row["audience"]): row for row in log.engagement(oracle.Filters())}
    days = sorted({day for day, _ in rows})
    assert days
    for day in days:
        everyone, multi, single = (rows[day, name] for name in oracle.AUDIENCES)
        assert multi["dau"] + single["dau"] == everyone["dau"]
        assert everyone["mau"] is None or everyone["dau"] <= everyone["mau"]
    completion = log.completion(oracle.Filters())
    assert sum(row["completed"] for row in completion) > 0
    for row in completion:
        assert row["completed"] <= row["begun"]


def test_random_logs_reach_the_edges() -> None:
    """Random logs have users who come and leave, idle days, and attempts of every kind."""
    logs = [oracle.Log(random_log(seed)) for seed in range(6)]
    changes, multi, attempts = [], [], []
    for log in logs:
        rows = [row for row in log.engagement(oracle.Filters()) if row["audience"] == "all"]
        mau = [row["mau"] for row in rows if row["mau"] is not None]
        changes += [later - earlier for earlier, later in pairwise(mau)]
        found = [row["daily_multi_device_users"] for row in log.multi_device(oracle.Filters())]
        multi += [users for users in found if users is not None]
        attempts += log.attempts
    assert min(changes) < 0 < max(changes)
    assert min(multi) == 0 and max(multi) >= 2
    known = [a for a in attempts if a.devices != "unknown"]
    assert len({(a.segment.users, a.devices, a.ready_ms is None) for a in known}) == 8
    assert any(attempt.day_begun is None for attempt in attempts)
    assert any(a.day_begun != a.day_ready for a in attempts if a.day_begun and a.day_ready)


def test_by_lists_values_that_were_counted() -> None:
    """A value with nothing counted in the period is not listed, nor one that is small on every day."""
    tags = {"user_agent_os": "Linux"}
    events = [
        event(at("2016-03-01"), uid=user("a"), **tags),
        event(at("2016-03-02"), uid=user("b"), user_agent_os="iOS"),
    ]
    log = oracle.Log(events)
    assert {row["os"] for row in oracle.export(log, "engagement", by="os")} == {"Linux", "iOS"}
    later = oracle.export(log, "engagement", by="os", first="2016-03-02")
    assert {row["os"] for row in later} == {"iOS"}
    assert not oracle.export(log, "engagement", by="os", min_users=5)


def test_small_cells_are_hidden() -> None:
    """Counts of 1 to N - 1 go, and all that would tell them; 0 stays."""
    events = [event(at("2016-03-01"), uid=user(n), device_id=f"d{n}") for n in range(4)]
    events += [event(at("2016-03-01"), uid=user(0), device_id="second")]
    events += [event(at("2016-03-02"), uid=None)]
    log = oracle.Log(events)

    def shown(metric: str, n: int) -> list[tuple]:
        rows = oracle.export(log, metric, min_users=n)
        return [tuple(row.values())[2 if metric == "engagement" else 1 :][:3] for row in rows]

    daus = [row[0] for row in shown("engagement", 0)]
    assert daus == [4, 1, 3, 0, 0, 0]
    # Of 4 users the one with two devices is hidden, and so the other three, who would tell.
    assert [row[0] for row in shown("engagement", 2)] == [4, None, None, 0, 0, 0]
    assert [row[0] for row in shown("engagement", 5)] == [None, None, None, 0, 0, 0]
    assert shown("multi-device", 0)[0] == (4, 1, 25.0)
    assert shown("multi-device", 2)[0] == (4, None, None)
    assert shown("multi-device", 2)[1] == (0, 0, None)


def test_production_rows_are_read_as_the_specification_says() -> None:
    """Seconds become milliseconds, flow's words become steps, durations are no step times."""
    flow = [
        {"timestamp": 10, "type": kind, "flow_id": "f", "flow_time": 7}
        for kind in (
            "flow.begin",
            "flow.signup.begin",
            "account.created",
            "account.keyfetch",
            "flow.complete",
            "flow.performance.network",
            "flow.timing.total",
            "flow.signup.engage",
        )
    ]
    read = oracle.events_of_flow(flow, 18)
    assert [row["type"] for row in read[:5]] == [
        "sequence.begin",
        "sequence.begin",
        "account.created",
        "device.connected",
        "device.connected",
    ]
    assert [row["seq_time"] for row in read] == [7, 7, 7, 7, 7, None, None, 7]
    assert all(row["new_user"] and row["timestamp"] == 10_000 for row in read)
