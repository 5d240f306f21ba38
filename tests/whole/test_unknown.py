"""What can't be known is absent wherever it would stand, with the reason in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

import pytest
from app_pages import opened, words
from conftest import Store, environment
from event_files import write
from logs import Event, at, days_from, device, event, user
from product import table_of

from kpi.goals import Figures, read, scoring
from kpi.goals.frozen import Frozen
from kpi.meaning.filters import Filters
from kpi.numbers import coverage, trust
from kpi.numbers.warehouse import Warehouse, open_warehouse
from kpi.settings import Settings

FIRST = "2016-07-29"
DAYS = days_from(FIRST, 35)
NO_DEVICES = "none of the users have a device id (at least 50% are needed)"
NO_SEQUENCES = "No event in the loaded files carries a sequence"
GOAL = next(goal for goal in read() if goal.measure == "multi_device_percent")


def log(low: Sequence[int], days: int = 35) -> list[Event]:
    """Twelve users, half of them on two systems; on some days, by place, no event has a device id."""
    return [
        event(
            at(day),
            uid=user(person),
            user_agent_os=system,
            user_agent_browser="Firefox",
            device_id=None if place in low else device(f"{person} {system}"),
        )
        for place, day in enumerate(days_from(FIRST, days))
        for person in range(12)
        for system in ("Windows 7", "Android")[: 1 + person % 2]
    ]


def filled(store: Store, events: list[Event]) -> Store:
    """The store with these events, summarised."""
    store.load(write(store.files / "log.parquet", events))
    store.summarise()
    return store


def warehouse_of(store: Store) -> Warehouse:
    """The newest publication of a store."""
    told = {name: value for name, value in store.settings().items() if value is not None}
    return open_warehouse(Settings.read(told))


@pytest.fixture(scope="module")
def nobody(make_store: Callable[[], Store]) -> Store:
    """A store without a device id or a sequence."""
    return filled(make_store(), log(range(35)))


@pytest.mark.usefixtures("in_project")
@pytest.mark.parametrize(
    ("file", "devices", "sequences"),
    [
        ("app.py", True, True),
        ("pages/engagement.py", True, False),
        ("pages/multi_device.py", True, False),
        ("pages/connection_time.py", False, True),
        ("pages/goals.py", True, True),
        ("pages/data.py", True, True),
    ],
)
def test_every_page_says_why(file: str, devices: bool, sequences: bool, nobody: Store) -> None:
    """Cards, charts, goals and the Data page say that devices and sequences are unknown."""
    told = {name: value for name, value in nobody.settings().items() if value is not None}
    with environment(**told):
        page = opened(file, period="all")
        assert not page.exception
        said = words(page) + "".join(str(one.value) for one in page.warning)
        assert (NO_DEVICES in said) >= devices
        assert (NO_SEQUENCES in said) >= sequences
        cards = {metric.label: metric.value for metric in page.metric}
        for name, value in cards.items():
            if "ulti-device" in name or "connect" in name:
                assert value == "–", name


@pytest.mark.usefixtures("in_project")
def test_explore_says_why(nobody: Store) -> None:
    """Explore says it of any measure of devices, ranked or over time."""
    told = {name: value for name, value in nobody.settings().items() if value is not None}
    with environment(**told):
        for view in ("ranked", "lines"):
            page = opened("pages/explore.py", period="all", explore="Multi-device users", view=view)
            assert not page.exception and NO_DEVICES in words(page)


def test_exports_and_doctor_say_why(nobody: Store) -> None:
    """Exports say it on stderr, goals have no data with the reason, doctor names the way out."""
    for metric in ("multi-device", "engagement"):
        ran = nobody.must("export", metric)
        assert "absent on 29 Jul – 1 Sep 2016" in ran.err and NO_DEVICES in ran.err
    ran = nobody.must("export", "goals")
    rows = {row.split(",")[0]: row.split(",") for row in ran.text.splitlines()}
    assert rows["multi_device_share"][8] == "no data" and rows["multi_device_share"][5] == ""
    assert "multi_device_share: Multi-device numbers are absent" in ran.err
    assert f"connection_time_new_account: {NO_SEQUENCES}" in ran.err
    said = nobody.run("doctor").text
    assert "BAD  devices: Multi-device numbers are absent" in said
    assert "set KPI_DEVICE_BY=platform" in said and NO_SEQUENCES in said


def test_days_without_devices(store: Store) -> None:
    """Where some days don't know devices, goals and the filter of devices say so.

    A goal has a verdict with 21 usable days of its 28, and the reason where there are fewer.
    Attempts of single or multi are absent on days that don't know devices; others aren't.
    """
    steps = [
        event(at(day), kind, seq_id=day, seq_time=ms, uid=user(1), service="sync")
        for day in days_from(FIRST, 70)
        for kind, ms in (("sequence.begin", 0), ("device.connected", 900))
    ]
    unknown = (*range(27, 29), *range(62, 67))
    filled(store, log(unknown, 70) + steps)
    warehouse = warehouse_of(store)
    for last, scored in ((34, True), (69, False)):
        days = days_from(FIRST, 70)[last - 27 : last + 1]
        without = [str(day.date()) for day in coverage.days_without(warehouse)]
        assert (28 - len(set(days) & set(without)) >= 21) == scored
        score = scoring.score(Figures(warehouse, 0), GOAL, as_of=date.fromisoformat(days[-1]))
        assert (score.status != "no data") == scored
        assert (score.reason is None) == scored
        if not scored:
            assert "none of the users have a device id" in score.reason and score.actual is None
    warehouse.close()
    days = ("--devices=multi", f"--to={DAYS[-1]}")
    ran = store.must("export", "completion", *days, "--min-users=0")
    assert "Connections of multi-device users are absent on 25 Aug – 30 Aug 2016" in ran.err
    rows = store.export("completion", *days)
    assert [row["day"] for row in rows if row["begun"] is None] == DAYS[27:33]
    assert None not in [row["begun"] for row in store.export("completion")]


def test_coverage_beside_the_numbers(store: Store) -> None:
    """The share under the reader's filters is said under 95%, and not where nearly all have a device.

    Where nothing is missing, the day can be trusted: the answer is yes, and there is no list.
    """
    steps = [event(at(DAYS[9]), "sequence.begin", seq_id="s", seq_time=0, service="sync")]
    events = log(range(0)) + [event(at(day), uid=user("x")) for day in DAYS] + steps
    warehouse = warehouse_of(filled(store, events))
    # The user without a device is hidden.
    assert coverage.coverage_sentence(table_of(warehouse, "device-coverage")) is None
    table = table_of(warehouse, "device-coverage", min_users=0)
    assert "92.3% of the daily users" in coverage.coverage_sentence(table)
    on_android = table_of(warehouse, "device-coverage", Filters(os=("Android",)), min_users=0)
    assert coverage.coverage_sentence(on_android) is None
    found = trust.problems(warehouse, Settings(), date(2016, 9, 2))
    assert found == []
    assert trust.answer(warehouse, found).startswith("Yes: 1 Sep 2016 and the 27 days before it")
    warehouse.close()


def test_frozen_baselines_keep_their_identity(nobody: Store) -> None:
    """A frozen baseline of devices holds by the identity it was frozen by; any other by both."""
    frozen = Frozen(
        GOAL.measure, 5, 20.0, None, None, None, None, 30, date(2015, 1, 1), date(2015, 2, 1),
        Filters(), "2016.1", 1, "me", "why", None, "id",
    )  # fmt: skip
    assert frozen.holds_for(GOAL, "2016.2")
    assert not frozen.holds_for(GOAL, "2016.2-platform")
    assert replace(frozen, definitions="2016.2-platform").holds_for(GOAL, "2016.3-platform")
    ratio = replace(GOAL, measure="engagement_ratio")
    assert replace(frozen, measure=ratio.measure).holds_for(ratio, "2016.2-platform")


def test_can_i_trust_today(store: Store) -> None:
    """Yes, with care or no, in a sentence; then each problem with the numbers that it affects and its end."""
    filled(store, log(range(0)))
    warehouse, settings = warehouse_of(store), Settings()
    today = date(2016, 9, 2)
    sentence = trust.answer(warehouse, trust.problems(warehouse, settings, today))
    assert sentence.startswith("With care: 1 Sep 2016 is complete")  # no sequences
    late = trust.problems(warehouse, settings, date(2016, 9, 9))
    assert trust.answer(warehouse, late) == "No: the newest complete day is 1 Sep 2016, 8 days ago."
    warehouse.close()
    hole = [row for row in log(range(0)) if not DAYS[20] <= day_of(row) <= DAYS[21]]
    store.load("--replace", write(store.files / "log.parquet", hole))
    store.summarise()
    warehouse = warehouse_of(store)
    found = trust.problems(warehouse, settings, today)
    assert trust.answer(warehouse, found) == (
        "No: 18 Aug – 19 Aug 2016 are not loaded, so monthly numbers of 1 Sep 2016 are absent."
    )
    assert "until 15 Sep 2016" in found[0].sentence and "python -m kpi load" in found[0].sentence
    warehouse.close()


def day_of(row: Event) -> str:
    """The ISO date of an event."""
    import oracle

    return oracle.day_name(oracle.day_number(row["timestamp"]))
