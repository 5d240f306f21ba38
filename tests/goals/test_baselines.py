"""Baselines: values, bands and warnings; the period proposed; and that a frozen one is never lost."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from conftest import TESTS, Store, environment
from event_files import write
from logs import Event, at, days_from, device, event, heartbeat, user

from kpi import store as stores
from kpi.errors import Refused, WarehouseDown
from kpi.goals import frozen
from kpi.goals.baseline import Calendar, baseline, calendar, level_shift, proposal
from kpi.goals.file import Goal
from kpi.goals.frozen import Frozen, team_baseline
from kpi.meaning.filters import Filters, Period
from kpi.numbers import notes
from kpi.numbers.annotations import Annotation
from kpi.settings import Settings
from kpi.store import dialects
from kpi.text import day_text

FIRST = date(2015, 1, 5)  # a Monday
HOSTILE = "Robert'); DROP TABLE kpi.baseline;--\n<script>alert(1)</script> :first_day %s {x} 🧊"


def daily(values: np.ndarray | list[float], first: date = FIRST) -> pd.Series:
    """Values on consecutive days."""
    return pd.Series(values, index=pd.date_range(first, periods=len(values)), dtype=float)


def noisy(weeks: int, seed: int = 1, level: float = 20.0, swing: float = 0.3) -> np.ndarray:
    """Days of a steady level with a weekly rhythm and noise."""
    chance = np.random.default_rng(seed)
    rhythm = np.tile([0.5, 0.4, 0.3, 0.2, 0.0, -0.8, -0.6], weeks)
    return level + rhythm + chance.normal(0, swing, 7 * weeks)


def day(number: int) -> date:
    """The date that is so many days after the first."""
    return FIRST + timedelta(days=number)


# --- value and bands --------------------------------------------------------------------------------


def test_value_is_the_mean_of_the_days_that_exist() -> None:
    """Absent days and days outside are left out; days and whole weeks are counted from the end."""
    values = noisy(10)
    values[3] = np.nan
    days = daily(values)
    found = baseline(days, Period(day(2), day(40)), Calendar())
    assert found is not None
    assert found.value == pytest.approx(np.nanmean(values[2:41]))
    assert (found.days, found.weeks) == (38, 5)
    assert baseline(days, Period(day(100), day(120)), Calendar()) is None


def test_band_of_days_without_noise_is_their_weekly_rhythm() -> None:
    """Days that repeat week by week have a band from their lowest to their highest, around the mean."""
    days = daily(np.tile([1.0, 2, 3, 4, 5, 6, 7], 12))
    found = baseline(days, Period(day(0), day(83)), Calendar())
    assert (found.value, found.mean_low, found.mean_high) == (4.0, 4.0, 4.0)
    assert (found.low_95, found.high_95) == (1.0, 7.0)
    assert (found.low_80, found.high_80) == (1.0, 7.0)


def test_bands_hold_the_days_to_come() -> None:
    """If nothing changes, 80 and 95 of 100 days to come lie in the bands, and the true level in its own."""
    inside_80, inside_95, level = [], [], []
    for seed in range(150):
        values = noisy(17, seed)
        found = baseline(daily(values[: 13 * 7]), Period(day(0), day(90)), Calendar())
        later = values[13 * 7 :]
        inside_80.append(((later >= found.low_80) & (later <= found.high_80)).mean())
        inside_95.append(((later >= found.low_95) & (later <= found.high_95)).mean())
        level.append(found.mean_low <= 20.0 <= found.mean_high)
    assert np.mean(inside_80) == pytest.approx(0.80, abs=0.03)
    assert np.mean(inside_95) == pytest.approx(0.95, abs=0.03)
    assert np.mean(level) >= 0.85


def test_weeks_that_hang_together_make_the_value_less_sure() -> None:
    """A level that wanders slowly leaves more doubt of its mean than the same weeks in any order."""
    chance = np.random.default_rng(9)
    weekly = np.repeat(20 + np.cumsum(chance.normal(0, 0.3, 40)), 7)
    shuffled = chance.permutation(weekly.reshape(40, 7)).ravel()
    period = Period(day(0), day(279))
    slow, mixed = (baseline(daily(v), period, Calendar()) for v in (weekly, shuffled))
    assert slow.value == pytest.approx(mixed.value)
    assert slow.mean_high - slow.mean_low > 1.5 * (mixed.mean_high - mixed.mean_low)


def test_one_week_has_no_band() -> None:
    """Under two whole weeks there is a value and no band, rather than a guess."""
    found = baseline(daily(noisy(1)), Period(day(0), day(6)), Calendar())
    assert found.low_80 is None
    assert found.value == pytest.approx(noisy(1).mean())


# --- warnings ---------------------------------------------------------------------------------------


def warnings_of(
    values: np.ndarray, known: Calendar = Calendar(), period: Period | None = None
) -> str:
    """The warnings of a period, in one text."""
    days = daily(values)
    period = period or Period(day(0), day(len(values) - 1))
    return "\n".join(baseline(days, period, known).warnings)


def test_steady_weeks_give_no_warning() -> None:
    """Thirteen steady weeks are a baseline without reserve."""
    assert warnings_of(noisy(13)) == ""


def test_warns_of_short_periods_gaps_outages_and_holidays() -> None:
    """Each of these is told with its days: under 8 whole weeks, unloaded, outage, holiday."""
    values = noisy(7)
    values[10] = np.nan
    known = Calendar(
        unloaded=frozenset({day(10)}),
        outages={day(20): "24% of the usual events"},
        holidays={day(30): "May Day"},
    )
    said = warnings_of(values, known)
    assert "Only 6 whole weeks" in said
    assert "1 day is not loaded" in said
    assert "Outage: 25 Jan 2015 (24% of the usual events)" in said
    assert "Holiday: 4 Feb 2015 (May Day)" in said


def test_warns_where_the_data_end_before_the_period() -> None:
    """A period that reaches beyond the data says over which days they are."""
    said = warnings_of(noisy(10), period=Period(date(2014, 1, 1), date(2015, 12, 31)))
    assert "only over 5 Jan – 15 Mar 2015" in said


def test_warns_of_a_level_shift_with_its_week_and_size() -> None:
    """A step of the level in the middle is told by the first day of its week."""
    values = noisy(16)
    values[56:] += 1.5
    said = warnings_of(values)
    assert "The level wanders or shifts, most clearly around 2 Mar 2015, by +1.5" in said


def test_level_shift_is_rarely_seen_where_there_is_none() -> None:
    """Steady noise shows a shift in a few of 100 cases at most, a clear step in nearly all."""
    chance = np.random.default_rng(4)
    steady = [level_shift(20 + chance.normal(0, 0.6, 26)) is not None for _ in range(200)]
    stepped = [
        level_shift(20 + chance.normal(0, 0.6, 26) + 1.8 * (np.arange(26) >= 13)) is not None
        for _ in range(100)
    ]
    assert np.mean(steady) <= 0.03
    assert np.mean(stepped) >= 0.9


@pytest.mark.parametrize(("memory", "at_most"), [(0.5, 0.07), (0.7, 0.12), (0.9, 0.23)])
def test_weeks_that_hang_together_seldom_look_like_a_shift(memory: float, at_most: float) -> None:
    """A series that returns to its level, however slowly, is seldom said to shift; a large step is."""
    from scipy.signal import lfilter  # here, since it takes most of a second to import

    chance = np.random.default_rng(8)
    shocks = chance.normal(0, 0.6, (400, 86))
    series = 20 + lfilter([1.0], [1.0, -memory], shocks, axis=1)[:, 60:]
    assert np.mean([level_shift(weeks) is not None for weeks in series]) <= at_most
    stepped = series + 10 * (np.arange(26) >= 13)
    assert np.mean([level_shift(weeks) is not None for weeks in stepped[:100]]) >= 0.9


def test_shift_under_two_percent_of_the_level_is_none() -> None:
    """However certain, a step too small to matter isn't called a shift."""
    weeks = 20 + np.random.default_rng(1).normal(0, 0.001, 26) + 0.3 * (np.arange(26) >= 13)
    assert level_shift(weeks) is None


def test_calendar_knows_outages_by_volume_and_by_mark() -> None:
    """A day with under half of its weekday's usual events is an outage; so is a marked incident."""
    index = pd.date_range(FIRST, periods=84, unit="s")
    events = np.tile([1000.0, 1000, 1000, 1000, 900, 500, 450], 12)
    events[40], events[47] = 200, 700
    volumes = pd.DataFrame(
        {"day": index, "type": "(all)", "events": events, "loaded": 1, "complete": 1}
    )
    volumes.loc[60, ["events", "loaded", "complete"]] = 0
    marks = [Annotation(day(3), "No mail", "incident"), Annotation(day(4), "Feast", "holiday")]
    known = calendar(volumes, [*marks, Annotation(day(5), "Firefox 36", "release")])
    assert known.unloaded == {day(60)}
    assert set(known.outages) == {day(40), day(3)}
    assert known.outages[day(40)] == "40% of the usual events"
    assert known.holidays == {day(4): "Feast"}


# --- the period proposed ----------------------------------------------------------------------------


def test_proposes_the_longest_recent_stretch_and_says_why() -> None:
    """Between an outage and the holidays lie 20 clean weeks: those, with what ends them at both sides."""
    values = noisy(52)
    known = Calendar(outages={day(24 * 7 + 3): "Outage"}, holidays={day(46 * 7 + 2): "Christmas"})
    found = proposal(daily(values), day(52 * 7 - 1), known)
    assert found.period == Period(day(25 * 7), day(46 * 7 - 1))
    assert found.reason.startswith("21 whole weeks without a gap, an outage, a holiday or a clear")
    assert "in the week before, 25 Jun 2015: Outage" in found.reason
    assert "in the week after, 25 Nov 2015: Christmas" in found.reason


def test_does_not_propose_across_a_level_shift() -> None:
    """The level's step in week 30 ends the stretch there."""
    values = noisy(52)
    values[30 * 7 :] += 2.0
    found = proposal(daily(values), day(52 * 7 - 1), Calendar())
    assert found.period is not None
    assert found.period.first == day(30 * 7) or found.period.last < day(30 * 7 + 28)
    first, last = found.period.bounds
    assert not first < day(28 * 7) <= day(33 * 7) < last


def test_knows_nothing_of_days_after_the_limit() -> None:
    """A baseline for 2016 is proposed from before it, whatever comes later."""
    limit = day(30 * 7 - 1)
    found = proposal(daily(noisy(60)), limit, Calendar())
    assert found.period == Period(day(0), limit)
    assert "It is all there is." in found.reason


def test_proposes_nothing_where_nothing_is_stable() -> None:
    """Seven weeks, or a fault in every sixth, give a reason and no period."""
    assert "only 7 whole weeks" in proposal(daily(noisy(7)), day(48), Calendar()).reason
    faults = Calendar(outages={day(7 * week): "Outage" for week in range(0, 40, 6)})
    found = proposal(daily(noisy(40)), day(279), faults)
    assert found.period is None
    assert "the latest fault: 14 Sep 2015: Outage" in found.reason


# --- frozen -----------------------------------------------------------------------------------------


def settings_of(store: Store) -> Settings:
    """The settings that a store's commands have."""
    with environment(**store.settings()):
        return Settings.read()


def baseline_of(number: int = 0, **changed: Any) -> Frozen:
    """A baseline to freeze."""
    usual = Frozen(
        measure="multi_device_percent",
        device_window=5,
        baseline=17.25 + number,
        low_80=16.0,
        high_80=18.5,
        low_95=15.5,
        high_95=None,
        days=92,
        first_day=date(2015, 10, 1),
        last_day=date(2015, 12, 31),
        filters=Filters(),
        definitions="2016.1",
        publication_id=4,
        frozen_by="Ann",
        reason="Agreed on in the planning",
        frozen_at=notes.now(),
        baseline_id=notes.new_id(),
    )
    return replace(usual, **changed)


@pytest.mark.every_engine
def test_what_is_frozen_is_read_back_on_every_engine(store: Store) -> None:
    """Every field, hostile text and filters with any characters come back as they were, newest first."""
    settings = settings_of(store)
    settings.home.mkdir(parents=True, exist_ok=True)
    assert frozen.frozen_baselines(settings) == []
    odd = Filters(os=("Windows 10", 'a"b\\c', "日本"), not_browser=("(none)",), users="new")
    first = baseline_of(frozen_at=datetime(2016, 1, 2, 3, 4, 5))
    second = baseline_of(1, frozen_by=HOSTILE.replace("\n", " "), reason=HOSTILE, filters=odd)
    frozen.freeze(settings, first)
    frozen.freeze(settings, second)
    assert frozen.frozen_baselines(settings) == [second, first]
    assert frozen.by_id(settings, first.baseline_id) == first
    with pytest.raises(Refused, match="no frozen baseline has the id"):
        frozen.by_id(settings, "' OR 1=1 --")


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"frozen_by": "  "}, "needs who freezes it"),
        ({"reason": ""}, "needs the reason why"),
        ({"frozen_by": "é" * 129}, "256 bytes at most"),
        ({"reason": "x" * 1025}, "1024 bytes at most"),
        ({"reason": "a\x00b"}, "can't be shown"),
        ({"frozen_by": "a\u202eb"}, "can't be shown"),
        ({"filters": Filters(os=("x" * 4100,))}, "filters are too long"),
    ],
)
def test_without_who_and_why_nothing_is_frozen(
    tmp_path: Path, changed: dict[str, Any], reason: str
) -> None:
    """Who and why are needed, in the lengths every engine keeps; a refusal leaves nothing behind."""
    settings = Settings(home=tmp_path)
    with pytest.raises(Refused, match=reason):
        frozen.freeze(settings, baseline_of(**changed))
    assert frozen.frozen_baselines(settings) == []


def few_users() -> list[Event]:
    """Five users on every day of 90, two of them with two devices on every third."""
    log = heartbeat("2015-10-01", 90)
    for place, when in enumerate(days_from("2015-10-01", 90)):
        for person in range(5):
            log.append(event(at(when), uid=user(person), device_id=device(f"{person}a")))
            if person < 2 and place % 3 == 0:
                log.append(event(at(when), uid=user(person), device_id=device(f"{person}b")))
    return log


FEW_USERS = few_users()


@pytest.fixture
def small_store(store_of: Callable[..., Store]) -> Store:
    """A store of five users."""
    return store_of(FEW_USERS)


def listed(store: Store) -> list[dict[str, str]]:
    """What ``baselines`` prints."""
    return list(csv.DictReader(io.StringIO(store.must("baselines", KPI_MIN_USERS="0").text)))


def test_no_publication_loses_a_frozen_baseline(small_store: Store) -> None:
    """Summaries, markers, more than three publications and corrections leave it; drift tells of them."""
    store = small_store
    settings = settings_of(store)
    first, last = date(2015, 11, 1), date(2015, 11, 30)
    value = float(_export_mean(store, first, last))
    kept = baseline_of(baseline=value, first_day=first, last_day=last, days=30)
    frozen.freeze(settings, kept)
    for number in range(5):
        store.must("annotate", "2015-11-15", f"mark {number}")
    (row,) = listed(store)
    assert (row["baseline_id"], float(row["drift"])) == (kept.baseline_id, 0.0)
    late = [
        event(at(when), uid=user(person), device_id=device(f"{person}late"))
        for when in days_from("2015-11-01", 15)
        for person in range(5)
    ]
    store.load(write(store.files / "late.parquet", late))
    store.summarise()
    (row,) = listed(store)
    assert float(row["baseline"]) == value
    today = float(_export_mean(store, first, last))
    assert float(row["today"]) == pytest.approx(today)
    assert float(row["drift"]) == pytest.approx(today - value)
    assert today > value
    assert (row["frozen_by"], row["reason"]) == (kept.frozen_by, kept.reason)


def _export_mean(store: Store, first: date, last: date) -> float:
    rows = store.export("multi-device", f"--from={first}", f"--to={last}")
    return float(np.mean([row["daily_multi_device_percent"] for row in rows]))


def test_frozen_baseline_is_a_goals_base(small_store: Store) -> None:
    """``export goals --baseline ID`` goes by it where measure and segment are its own, else refuses."""
    store = small_store
    settings = settings_of(store)
    mine = baseline_of(measure="engagement_ratio", baseline=12.5)
    other = baseline_of(measure="engagement_ratio", filters=Filters(os=("Linux",)))
    for one in (mine, other):
        frozen.freeze(settings, one)
    ran = store.must("export", "goals", f"--baseline={mine.baseline_id}", "--min-users=0")
    rows = {row["goal"]: row for row in csv.DictReader(io.StringIO(ran.text))}
    assert float(rows["engagement_over_baseline"]["baseline"]) == 12.5
    assert float(rows["engagement_over_baseline"]["target"]) == 17.5
    assert float(rows["multi_device_share"]["baseline"]) != 12.5
    ran = store.run("export", "goals", f"--baseline={other.baseline_id}")
    assert ran.status == 1
    assert "which no goal is about under these filters" in ran.err


GOAL = Goal("share", "Share", "multi_device_percent", "baseline_plus", 5.0, 2016)


def test_the_newest_that_holds_is_the_default() -> None:
    """Of a goal's measure, window and segment, not withdrawn, of its year or the year before."""
    gone = notes.Withdrawal("Bob", notes.now(), "too short")
    old, new = baseline_of(1, baseline_id="old"), baseline_of(2, baseline_id="new")
    others = [
        replace(new, withdrawal=gone),
        replace(new, measure="engagement_ratio"),
        replace(new, device_window=7),
        replace(new, filters=Filters(os=("iOS",))),
        replace(new, definitions="2016.1-platform"),
        replace(new, first_day=date(2014, 1, 1), last_day=date(2014, 12, 31)),
        replace(new, first_day=date(2017, 1, 1), last_day=date(2017, 2, 1)),
    ]
    assert team_baseline([*others, new, old], GOAL, "2016.1") == new
    assert team_baseline(others, GOAL, "2016.1") is None
    assert team_baseline([new], replace(GOAL, year=2017), "2016.1") is None


@pytest.mark.every_engine
def test_a_withdrawal_has_who_when_and_why_and_deletes_nothing(store: Store) -> None:
    """A withdrawn baseline stays in the history; a second withdrawal is refused and names the first."""
    settings = settings_of(store)
    other, mine = baseline_of(frozen_at=datetime(2016, 1, 2)), baseline_of(1)
    for each in (other, mine):
        frozen.freeze(settings, each)
    before = stores.notes_key(settings)
    frozen.withdraw(settings, mine.baseline_id, "Ann <b>", HOSTILE)
    assert stores.notes_key(settings) != before
    gone, still = frozen.frozen_baselines(settings)
    assert still == other
    assert replace(gone, withdrawal=None) == mine
    assert (gone.withdrawal.withdrawn_by, gone.withdrawal.reason) == ("Ann <b>", HOSTILE)
    assert abs(gone.withdrawal.withdrawn_at - notes.now()) < timedelta(minutes=10)
    with pytest.raises(Refused, match=r"Ann <b> withdrew it on \d+ \w+ \d+ already; load the page"):
        frozen.withdraw(settings, mine.baseline_id, "Bob", "me too")
    for who, why in (("", "because"), ("Bob", " ")):
        with pytest.raises(Refused, match="a withdrawal needs"):
            frozen.withdraw(settings, other.baseline_id, who, why)
    assert frozen.frozen_baselines(settings) == [gone, still]
    with pytest.raises(Refused, match="withdrew the baseline"):
        frozen.by_id(settings, mine.baseline_id)


@pytest.mark.every_engine
def test_of_people_who_withdraw_at_once_each_succeeds_or_is_told(store: Store) -> None:
    """Whoever is refused reads who was first; the history has a single withdrawal.

    On a server two who are within the same moment may both succeed: the refused read of either.
    """
    settings = settings_of(store)
    mine = baseline_of()
    frozen.freeze(settings, mine)

    def withdraw(number: int) -> str:
        try:
            frozen.withdraw(settings, mine.baseline_id, f"reader {number}", "at once")
        except Refused as refusal:
            return str(refusal)
        return "done"

    with ThreadPoolExecutor(4) as threads:
        said = list(threads.map(withdraw, range(8)))
    (gone,) = frozen.frozen_baselines(settings)
    done = {f"reader {number}" for number, words in enumerate(said) if words == "done"}
    assert gone.withdrawal.withdrawn_by in done
    assert len(done) == 1 or hasattr(store, "execute")
    refused = [words.partition(" withdrew it on ")[0] for words in said if words != "done"]
    assert set(refused) <= done, said
    assert settings.database_url or said.count("done") == 1


def test_baselines_of_an_earlier_version_are_read_and_can_be_withdrawn(tmp_path: Path) -> None:
    """A file that has the table of baselines alone is read as it is, and gets the others when written."""
    settings = Settings(home=tmp_path)
    with duckdb.connect(str(tmp_path / "baselines.duckdb")) as earlier:
        made = dialects.definitions("tables/notes", "duckdb")[0]
        earlier.execute("ATTACH ':memory:' AS kpi")
        earlier.execute(made.replace("kpi.baseline", "baselines.baseline"))
        row = {**vars(baseline_of()), "filters": "{}"}
        names = [name for name in row if name != "withdrawal"]
        marks = ", ".join("?" * len(names))
        earlier.execute(
            f"INSERT INTO baselines.baseline ({', '.join(names)}) VALUES ({marks})",
            [row[name] for name in names],
        )
    (stored,) = frozen.frozen_baselines(settings)
    frozen.withdraw(settings, stored.baseline_id, "Ann", "upgraded")
    (gone,) = frozen.frozen_baselines(settings)
    assert replace(gone, withdrawal=None) == stored
    assert gone.withdrawal.reason == "upgraded"


def test_a_frozen_baseline_is_the_default_of_exports(small_store: Store) -> None:
    """`export goals` uses it and names it; other days can be chosen; withdrawn, it is the year before's."""
    store = small_store
    settings = settings_of(store)
    before = store.must("export", "goals", "--min-users=0")
    mine = baseline_of(measure="engagement_ratio", baseline=12.5)
    frozen.freeze(settings, mine)
    ran = store.must("export", "goals", "--min-users=0")
    rows = {row["goal"]: row for row in csv.DictReader(io.StringIO(ran.text))}
    assert float(rows["engagement_over_baseline"]["target"]) == 17.5
    day = day_text(mine.frozen_at.date())
    named = f"Baseline 12.5% of Q4 2015, frozen by Ann on {day}: “Agreed on in the planning”."
    assert f"engagement_over_baseline: {named}" in ran.err.splitlines()
    year = ("--baseline-from=2015-01-01", "--baseline-to=2015-12-31")
    assert store.must("export", "goals", "--min-users=0", *year).text == before.text
    (row,) = listed(store)
    assert "engagement_over_baseline" in row["default_of"].split()
    frozen.withdraw(settings, mine.baseline_id, "Bob", "of *another* time")
    assert store.must("export", "goals", "--min-users=0").text == before.text
    (row,) = listed(store)
    assert (row["default_of"], row["withdrawn_by"]) == ("", "Bob")
    assert row["withdrawn_because"] == "of *another* time"
    ran = store.run("export", "goals", f"--baseline={mine.baseline_id}")
    assert (ran.status, "Bob withdrew the baseline" in ran.err) == (1, True)


@pytest.mark.every_engine("long")
def test_a_baseline_is_withdrawn_by_the_command_line(store: Store) -> None:
    """`withdraw` wants an id, who and why; a second withdrawal names the first; the history stays."""
    settings = settings_of(store)
    other, mine = baseline_of(frozen_at=datetime(2016, 1, 2)), baseline_of(1)
    for each in (other, mine):
        frozen.freeze(settings, each)
    for missing in (("--who=Bob",), ("--why=of another time",)):
        assert store.run("withdraw", mine.baseline_id, *missing).status == 2
    blank = store.run("withdraw", mine.baseline_id, "--who= ", "--why=of another time")
    assert (blank.status, blank.err) == (1, "kpi: a withdrawal needs who withdraws it\n")
    ran = store.must("withdraw", mine.baseline_id, "--who=Bob", "--why", HOSTILE)
    assert f"the baseline {mine.baseline_id} is withdrawn" in ran.text
    gone, still = frozen.frozen_baselines(settings)
    assert still == other and replace(gone, withdrawal=None) == mine
    assert (gone.withdrawal.withdrawn_by, gone.withdrawal.reason) == ("Bob", HOSTILE)
    again = store.run("withdraw", mine.baseline_id, "--who=Ann", "--why=me too")
    assert again.status == 1 and "Bob withdrew it on" in again.err


@pytest.mark.long
def test_many_freeze_at_once_and_all_succeed(tmp_path: Path) -> None:
    """Threads of one server and processes beside it freeze at the same time: nothing is lost or refused."""
    home = tmp_path / "home"
    home.mkdir()
    settings = Settings(home=home)
    program = (
        "import sys; sys.path[:0] = sys.argv[1:3]\n"
        "from pathlib import Path; from kpi.goals import frozen; from kpi.settings import Settings\n"
        "from test_baselines import baseline_of\n"
        "for n in range(8): frozen.freeze(Settings(home=Path(sys.argv[3])), baseline_of(100 + n))\n"
    )
    beside = Store(tmp_path / "beside")
    tests = Path(__file__).parent
    arguments = (str(TESTS), str(tests), str(home))
    processes = [beside.started(program, *arguments) for _ in range(2)]
    with ThreadPoolExecutor(6) as threads:
        counts = list(
            threads.map(
                lambda n: (
                    frozen.freeze(settings, baseline_of(n)),
                    len(frozen.frozen_baselines(settings)),
                )[1],
                range(18),
            )
        )
    for process in processes:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    assert min(counts) >= 1
    found = frozen.frozen_baselines(settings)
    assert len(found) == 18 + 16
    assert {one.baseline for one in found} >= {17.25 + n for n in range(18)}


KILLED = """
import os, random, select, signal, sys
sys.path[:0] = sys.argv[1:3]
from pathlib import Path
from kpi.goals import frozen
from kpi.settings import Settings
from test_baselines import baseline_of

settings, chance, done = Settings(home=Path(sys.argv[3])), random.Random(5), set()
for _ in range(30):
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        for number in range(1000):
            one = baseline_of(number)
            frozen.freeze(settings, one)
            os.write(writing, f"{one.baseline_id}\\n".encode())
    os.close(writing)
    if chance.random() < 0.7:
        select.select([reading], [], [], 20)  # at least one is frozen
    select.select([], [], [], chance.uniform(0, 0.08))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(reading) as said:
        done |= set(said.read().split())
    found = {one.baseline_id for one in frozen.frozen_baselines(settings)}
    assert found >= done, f"lost {len(done - found)} of {len(done)}"
after = baseline_of(baseline_id="after")
frozen.freeze(settings, after)
assert frozen.frozen_baselines(settings)[0] == after
print(len(done))
"""


@pytest.mark.long
def test_killed_while_freezing_loses_nothing_that_stood(tmp_path: Path) -> None:
    """A process that is killed at any moment leaves all earlier baselines, and the next can freeze."""
    home = tmp_path / "home"
    home.mkdir()
    tests = Path(__file__).parent
    with Store(tmp_path / "beside").started(KILLED, TESTS, tests, home) as process:
        out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    assert int(out) > 20


def test_file_that_is_damaged_is_told_in_one_line(tmp_path: Path) -> None:
    """A baselines file that is no database is told plainly, without SQL."""
    (tmp_path / "baselines.duckdb").write_bytes(b"nothing of the kind" * 500)
    with pytest.raises(WarehouseDown) as refused:
        frozen.frozen_baselines(Settings(home=tmp_path))
    assert "ATTACH" not in str(refused.value)
    (damage,) = list(stores.damage(Settings(home=tmp_path)))
    assert "baselines.duckdb, which holds frozen baselines and markers, is damaged" in damage
