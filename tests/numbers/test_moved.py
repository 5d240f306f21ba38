"""The change of a KPI between two periods: its groups equal plain loops, and add up to the cards' change."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import moved_oracle
import oracle
import pytest
from conftest import LONG, Store, assert_same, daily, environment, parsed
from event_files import write
from logs import D, Event, at, event, random_log, user
from test_exact import random_filters

from kpi.meaning.filters import Filters, Period
from kpi.meaning.kpis import KPIS
from kpi.meaning.question import Options, Question
from kpi.meaning.tables import MOVED
from kpi.numbers.kpi_values import KpiValues, Subject
from kpi.numbers.warehouse import Warehouse, open_warehouse
from kpi.settings import Settings

TAGS = ("browser", "version", "os", "service", "users")
KPI = {
    "engagement-ratio": "same_people_ratio",
    "multi-device-percent": "multi_device_percent",
    "mau": "mau",
    "dau": "dau",
}


@functools.cache
def log() -> list[Event]:
    """A random log of 75 days, with days on which nothing was loaded."""
    return random_log(91, days=75, users=20, attempts_per_day=6, unloaded=(8, 70))


@functools.cache
def known() -> oracle.Log:
    """What the oracle knows about the log."""
    return oracle.Log(log())


@pytest.fixture(scope="module")
def filled(make_store: Callable[[], Store]) -> Store:
    """A store of the random log."""
    store = make_store()
    store.load(write(store.files / "log.parquet", log()))
    store.summarise()
    return store


def asked(ends: tuple[int, int], days: int, by: str) -> list[str]:
    """Two periods and a tag on the command line."""
    first, last = (oracle.day_name(end) for end in ends)
    return [f"--from={first}", f"--to={last}", f"--days={days}", f"--by={by}", "--allow-unknown"]


def refusal(store: Store, *arguments: str, status: int = 1) -> str:
    """The line that refuses a change."""
    ran = store.run("export", "moved", *arguments)
    assert ran.status == status, ran.said
    return ran.err


@pytest.mark.every_engine("long")
@pytest.mark.parametrize("measure", MOVED)
def test_groups_equal_plain_loops(filled: Store, measure: str) -> None:
    """Under random filters and periods every group is the oracle's, and the parts add up to the change."""
    chance, compared = random.Random(measure), 0
    for by in TAGS:
        filters = random_filters(chance, known(), "engagement") if by != "os" else oracle.Filters()
        days, window = chance.choice((1, 5, 7, 14)), chance.choice((3, 5, 14))
        last = known().days[-1] - chance.randint(6, 9)
        ends = (last - days - chance.randint(0, 6), last)
        expected = moved_oracle.moved(known(), measure, filters, by, ends, days, window)
        devices = [f"--window={window}"] if measure == "multi-device-percent" else []
        more = [*asked(ends, days, by), *devices, *filters.arguments(), "--min-users=0"]
        ran = filled.run("export", "moved", measure, *more)
        if ran.status:
            assert len(expected) <= 2 or expected[-1]["value_before"] in (0, None), ran.said
            continue
        rows = filled.export("moved", measure, *more[:-1])
        assert_same(rows, expected, str((measure, more)))
        assert [row["group"] for row in rows][-1] == "(all)"
        sizes = [abs(row["total"]) for row in rows[:-1]]
        assert sizes == sorted(sizes, reverse=True)
        parts = [row["total"] for row in rows[:-1]]
        assert sum(parts) == pytest.approx(rows[-1]["total"], abs=1e-9)
        if measure in ("engagement-ratio", "multi-device-percent"):
            for row in rows:
                assert row["behaviour"] + row["mix"] == pytest.approx(row["total"], abs=1e-9)
        compared += 1
    assert compared >= 3


@pytest.fixture(scope="module")
def warehouse(demo_home: Path) -> Iterator[Warehouse]:
    """The demo store."""
    with environment(KPI_HOME=str(demo_home)):
        opened = open_warehouse(Settings.read(), cache_size=24)
    yield opened
    opened.close()


@pytest.mark.parametrize("measure", MOVED)
def test_the_change_is_that_of_the_cards(warehouse: Warehouse, measure: str) -> None:
    """The values of all are those that the KPI has everywhere else over the same 28 days."""
    values = KpiValues(warehouse, 1)
    for filters in (Filters(), Filters(os=("Windows 7", "Android")), Filters(users="existing")):
        subject = Subject(KPIS[KPI[measure]], filters)
        ends = date(2016, 2, 7), date(2016, 3, 27)
        periods = [Period(end - timedelta(days=27), end) for end in ends]
        options = Options(measure=measure)
        table = warehouse.ask(
            Question("moved", filters, Period(*ends), "browser", options, 1)
        ).table
        expected = [values.over(subject, period).value for period in periods]
        whole = table.iloc[-1]
        assert [whole["value_before"], whole["value_after"]] == pytest.approx(expected, abs=1e-9)
        assert whole["total"] == pytest.approx(expected[1] - expected[0], abs=1e-9)


# What can't be determined ---------------------------------------------------------------------


def test_periods_that_overlap(filled: Store) -> None:
    """Periods with a day in common are refused: it would be compared with itself."""
    line = refusal(filled, "dau", *asked((known().days[40], known().days[46]), 7, "os"))
    assert "overlap" in line and "at least 7 days apart" in line


def test_a_period_without_a_complete_day(filled: Store) -> None:
    """A period without a value names itself, and the days that have one."""
    line = refusal(filled, "mau", *asked((known().days[20], known().days[60]), 7, "os"))
    assert "has no value on" in line and "no day of it is complete and known" in line
    outside = (known().days[60], known().days[-1] + 40)
    assert "has no value of" in refusal(filled, "dau", *asked(outside, 7, "os"))


def test_a_filter_that_matches_nobody(filled: Store) -> None:
    """A ratio of nobody is refused; of counts nothing changes from 0 to 0."""
    ends = (known().days[50], known().days[66])
    arguments = [*asked(ends, 7, "os"), "--os=Plan 9"]
    assert "has no value" in refusal(filled, "engagement-ratio", *arguments)
    (row,) = filled.export("moved", "dau", *arguments)
    assert (row["group"], row["value_before"], row["value_after"], row["total"]) == (
        "(all)", 0, 0, 0,
    )  # fmt: skip
    assert row["share_before"] is None and row["behaviour"] is None


def people(number: int, days: range, **tags: str) -> list[Event]:
    """So many people with the same tags, each active every day."""
    name = tags["user_agent_os"]
    return [
        event(at(D[day]), uid=user(f"{name}{each}"), **tags)
        for day in days
        for each in range(number)
    ]


GROUPS = [
    *people(20, range(75), user_agent_os="Linux", user_agent_browser="Firefox"),
    *people(14, range(0, 75, 2), user_agent_os="Android", user_agent_browser="Firefox"),
    *people(3, range(0, 75, 3), user_agent_os="BeOS", user_agent_browser="Firefox"),
    *people(2, range(0, 75, 3), user_agent_os="Plan 9", user_agent_browser="Firefox"),
    *people(2, range(40, 75), user_agent_os="iOS", user_agent_browser="Firefox"),
]


@pytest.fixture(scope="module")
def groups(make_store: Callable[[], Store]) -> Store:
    """A store of a few groups of people."""
    store = make_store()
    store.load(write(store.files / "log.parquet", GROUPS))
    store.summarise()
    return store


def test_a_tag_with_a_single_value(groups: Store) -> None:
    """A tag that is the same for everybody says nothing, and is named with its value."""
    arguments = [f"--from={D[20]}", f"--to={D[35]}", "--days=7", "--by=browser", "--min-users=0"]
    assert "the same browser in both periods (Firefox)" in refusal(groups, "dau", *arguments)


def test_a_group_that_comes_is_all_mix(groups: Store) -> None:
    """Where a group has nobody in a period it has no rate there: nothing is divided by zero."""
    days = [f"--from={D[38]}", f"--to={D[72]}", "--days=7", "--by=os"]
    rows = {row["group"]: row for row in groups.export("moved", "engagement-ratio", *days)}
    ios = rows["iOS"]
    assert ios["share_before"] == 0 and ios["value_before"] is None
    assert ios["value_after"] == pytest.approx(100) and ios["behaviour"] == 0
    assert ios["mix"] == pytest.approx(ios["total"]) and ios["total"] > 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--from=2016-01-01",), "a measure"),
        (("mau", "--from=2016-01-01", "--by=os"), "--from and --to"),
        (("mau", "--from=2016-01-01", "--to=2016-03-01"), "--by"),
        (("dau", "--window=7", "--from=2016-01-01", "--to=2016-03-01", "--by=os"), "--window"),
        (("dau", "--weekly", "--from=2016-01-01", "--to=2016-03-01", "--by=os"), "no weeks"),
        (("visits",), "invalid choice"),
    ],
)
def test_wrong_usage(filled: Store, arguments: tuple[str, ...], words: str) -> None:
    """Whoever leaves out a part is told which, and other tables have no measure."""
    assert words in refusal(filled, *arguments, status=2)
    assert filled.run("export", "engagement", "mau").status == 2
    assert filled.run("export", "engagement", "--days=7").status == 2


# Small cells ----------------------------------------------------------------------------------


def test_small_groups_are_together(groups: Store) -> None:
    """Groups of few people are a row together, which itself is of nobody or of enough."""
    days = [f"--from={D[40]}", f"--to={D[70]}", "--days=7", "--by=os"]
    rows = groups.export("moved", "mau", *days, min_users=10)
    # Seven people alone would be the difference of all and those shown.
    assert {row["group"]: row["value_after"] for row in rows} == {
        "Linux": 20, "(small groups)": 21, "(all)": 41,
    }  # fmt: skip
    line = refusal(groups, "mau", *days, "--os=Linux", "--os=BeOS", "--min-users=21")
    assert "hidden for privacy" in line and "choose another tag" in line


@pytest.mark.parametrize("measure", daily("engagement-ratio", of=MOVED))
def test_subtracting_gives_no_small_group(filled: Store, measure: str) -> None:
    """The people of a row, those of them who count in a ratio, and the others, are none or enough."""
    least, shown = 2, 0
    end = known().days[-1] - 6
    for by in TAGS:
        for later in (0, 1, 2) if LONG else (1,):
            more = asked((end - 12 + later, end + later - 3), 1, by)
            ran = filled.run("export", "moved", measure, *more, f"--min-users={least}")
            if ran.status:
                continue
            for row in parsed(ran.text):
                for side in ("before", "after"):
                    counts = people_of_row(measure, row, side, more)
                    for count in counts:
                        assert count < 1e-6 or count > least - 1e-6, (row, counts)
                shown += row["group"] not in ("(all)", "(small groups)")
    assert shown


def people_of_row(measure: str, row: dict, side: str, more: list[str]) -> list[float]:
    """The people behind a row of a day, as whoever knows the number of all works them out."""
    value = row[f"value_{side}"] or 0.0
    if measure in ("mau", "dau"):
        return [value]
    option = "--from=" if side == "before" else "--to="
    day = next(argument for argument in more if argument.startswith(option)).removeprefix(option)
    number = (date.fromisoformat(day) - oracle.EPOCH).days
    everybody = moved_oracle.people_of(known(), measure, oracle.Filters(), "os", number, 5)
    people = row[f"share_{side}"] * len(everybody or ())
    if measure == "engagement-ratio":
        return [people]
    return [people, people * value / 100, people * (1 - value / 100)]
