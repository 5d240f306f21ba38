"""Every export equals the oracle: named stories, random logs, and logs that Hypothesis invents."""

from __future__ import annotations

import functools
import random
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import duckdb
import oracle
import pytest
from characters import CHARACTERS
from conftest import LONG, Store, assert_same, daily, parsed, same
from event_files import write
from hypothesis import given
from hypothesis import strategies as st
from logs import D, Event, at, days_from, device, event, heartbeat, random_log, user
from product import table_of

pytestmark = pytest.mark.every_engine("long")

METRICS = (
    "engagement",
    "multi-device",
    "device-coverage",
    "same-people",
    "growth",
    "retention",
    "connection-time",
    "completion",
    "steps",
)
WINDOWS = (3, 5, 7, 14)
TAGS = ("browser", "version", "os", "service", "users")
OF_ATTEMPTS = ("connection-time", "completion", "steps")
# The log of the last seed has days on which nothing was loaded.
UNLOADED = {13: (9, 30, 31)}
DAILY_SEED = 13
SEEDS = daily(DAILY_SEED, of=(11, 12, 13))


@functools.cache
def oracle_of(seed: int) -> oracle.Log:
    """What the oracle knows about a random log."""
    return oracle.Log(random_log(seed, unloaded=UNLOADED.get(seed, ())))


@pytest.fixture(scope="session")
def filled(make_store: Callable[[], Store]) -> Callable[[int], Store]:
    """Gives the store that holds a random log, made once per seed."""

    @functools.cache
    def made(seed: int) -> Store:
        store = make_store()
        log = random_log(seed, unloaded=UNLOADED.get(seed, ()))
        store.load(write(store.files / "events.parquet", log))
        store.summarise()
        return store

    return made


def random_filters(chance: random.Random, log: oracle.Log, metric: str) -> oracle.Filters:
    """Filters of one to four tags, some left out, some with several values."""
    picked: dict[str, object] = {}
    for tag in chance.sample(("browser", "version", "os", "service"), chance.randint(0, 3)):
        values = log.values(tag)
        some = tuple(chance.sample(values, min(len(values), chance.choice((1, 1, 2, 3)))))
        picked[tag if chance.random() < 0.6 else f"not_{tag}"] = some
        if chance.random() < 0.2:
            picked[f"not_{tag}"] = (chance.choice(values),)
    if chance.random() < 0.4:
        picked["users"] = chance.choice(("new", "existing"))
    if metric in ("connection-time", "completion", "steps") and chance.random() < 0.4:
        picked["devices"] = chance.choice(("single", "multi"))
    if metric in ("connection-time", "completion", "steps"):
        for tag in chance.sample(oracle.ACQUISITION, chance.choice((0, 0, 1, 2))):
            values = log.values(tag)
            some = tuple(chance.sample(values, min(len(values), chance.choice((1, 2)))))
            picked[tag if chance.random() < 0.6 else f"not_{tag}"] = some
    return oracle.Filters(**picked)


def random_period(chance: random.Random, log: oracle.Log) -> tuple[str | None, str | None]:
    """A first and a last day inside the log, either of them open at times."""
    first, last = sorted(chance.choices(log.days, k=2))
    return (
        oracle.day_name(first) if chance.random() < 0.7 else None,
        oracle.day_name(last) if chance.random() < 0.7 else None,
    )


def period_arguments(first: str | None, last: str | None) -> list[str]:
    """A period on the command line."""
    return [*([f"--from={first}"] if first else []), *([f"--to={last}"] if last else [])]


def in_one_log() -> list[Event]:
    """The events of all named stories, each with users, devices and sequences of its own."""
    return [
        row | {name: f"{row[name]}{number}" for name in ("uid", "device_id", "seq_id") if row[name]}
        for number, story in enumerate(CHARACTERS.values())
        for row in story().events
    ]


def test_all_characters_at_once(store: Store) -> None:
    """Everything that the named stories ask equals the oracle where they all happen in one store."""
    log = in_one_log()
    store.load(write(store.files / "stories.parquet", log))
    store.summarise()
    known = oracle.Log(log)
    asked = {
        (expected.metric, oracle.Filters(**(expected.filters or {})), expected.window)
        for story in CHARACTERS.values()
        for expected in story().expected
    }
    assert len(asked) > 20
    for metric, filters, window in asked:
        choice = [f"--window={window}"] if metric == "multi-device" else []
        got = store.export(metric, *filters.arguments(), "--allow-unknown", *choice)
        expected = oracle.export(known, metric, filters, window=window)
        assert_same(got, expected, f"{metric} {filters} {window}")


# Stories of days that aren't loaded, or have too few of something: others beside them would hide it.
ALONE = ("an_unloaded_day", "too_few_with_a_device")


@pytest.mark.parametrize("name", daily(*ALONE, of=CHARACTERS))
def test_named_characters(name: str, store: Store) -> None:
    """Every named story gives its hand-worked figures, and everything else as the oracle has it."""
    story = CHARACTERS[name]()
    store.load(write(store.files / "story.parquet", story.events))
    store.summarise()
    log = oracle.Log(story.events)
    told: dict[tuple[str, ...], list[dict]] = {}
    for expected in story.expected:
        filters = oracle.Filters(**(expected.filters or {}))
        asked = [expected.metric, *filters.arguments(), "--allow-unknown"]
        if expected.metric == "multi-device":
            asked.append(f"--window={expected.window}")
        if tuple(asked) not in told:
            told[tuple(asked)] = store.export(*asked)
        rows = [
            row
            for row in told[tuple(asked)]
            if row["day"] == expected.day
            and expected.key in (None, row.get("audience"), row.get("account"), row.get("step"))
        ]
        assert len(rows) == 1, expected
        assert same(rows[0][expected.column], expected.value), (
            f"{story.rule}: {expected}, got {rows[0]}"
        )
    for asked, rows in told.items():
        if len(asked) == 2:
            assert_same(rows, oracle.export(log, asked[0]), f"{name}: {asked}")


@pytest.mark.every_engine
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("metric", METRICS)
def test_without_filters(metric: str, seed: int, filled) -> None:
    """A whole export equals the oracle, in the columns of the design and in order of days."""
    expected = oracle.export(oracle_of(seed), metric)
    got = filled(seed).export(metric)
    assert tuple(got[0]) == oracle.COLUMNS[metric]
    assert [row["day"] for row in got] == [row["day"] for row in expected]
    for order in ("audience", "account", "step"):
        assert [row.get(order) for row in got] == [row.get(order) for row in expected]
    assert_same(got, expected, metric)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("window", WINDOWS)
def test_every_window(window: int, seed: int, filled) -> None:
    """Multi-device usage under each window equals the oracle, filtered or not."""
    log, store = oracle_of(seed), filled(seed)
    chance = random.Random(f"{seed} {window}")
    for filters in (
        oracle.Filters(),
        *(random_filters(chance, log, "") for _ in range(4 if LONG else 1)),
    ):
        got = store.export("multi-device", f"--window={window}", *filters.arguments())
        assert_same(got, oracle.export(log, "multi-device", filters, window=window), f"{filters}")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("metric", METRICS)
def test_random_filters(metric: str, seed: int, filled) -> None:
    """Any combination of filters, over any period, equals the oracle."""
    log, store = oracle_of(seed), filled(seed)
    chance = random.Random(f"{seed} {metric}")
    for _ in range(16 if LONG else 2):
        filters = random_filters(chance, log, metric)
        first, last = random_period(chance, log)
        asked = [*filters.arguments(), *period_arguments(first, last)]
        expected = oracle.export(log, metric, filters, first=first, last=last)
        assert_same(store.export(metric, *asked), expected, f"{metric} {asked}")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("metric", METRICS)
def test_broken_down(metric: str, seed: int, filled) -> None:
    """--by equals asking for each value, lists those with a count in the period, column first."""
    log, store = oracle_of(seed), filled(seed)
    chance = random.Random(f"{seed} {metric} by")
    of_attempts = oracle.ACQUISITION if metric in OF_ATTEMPTS else ()
    for place, by in enumerate((*TAGS, *(of_attempts if LONG else of_attempts[:1]))):
        both = (oracle.Filters(), random_filters(chance, log, metric))
        for filters in both if LONG else both[place % 2 :][:1]:
            first, last = random_period(chance, log)
            asked = [f"--by={by}", *filters.arguments(), *period_arguments(first, last)]
            expected = oracle.export(log, metric, filters, by=by, first=first, last=last)
            ran = store.must("export", metric, *asked, "--min-users=0")
            names = ("daily_users" if name == by else name for name in oracle.COLUMNS[metric])
            assert ran.text.splitlines()[0] == ",".join((by, *names))
            assert_same(parsed(ran.text), expected, f"{metric} {asked}")


@pytest.mark.parametrize("metric", METRICS)
def test_breakdown_is_grouped_by_value(metric: str, filled) -> None:
    """With --by, the rows of a value stand together, its days in order."""
    rows = filled(DAILY_SEED).export(metric, "--by=os")
    values = [row["os"] for row in rows]
    changes = sum(earlier != later for earlier, later in pairwise(values))
    assert changes + 1 == len(set(values)) > 1
    for value in set(values):
        days = [row["day"] for row in rows if row["os"] == value]
        assert days == sorted(days)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_period_is_a_slice(seed: int, filled) -> None:
    """--from and --to choose rows and change no number, since windows reach outside of them."""
    store = filled(seed)
    days = [oracle.day_name(day) for day in oracle_of(seed).days]
    first, last = days[20], days[44]
    for metric in METRICS:
        whole = store.export(metric, min_users=3)
        part = store.export(metric, f"--from={first}", f"--to={last}", min_users=3)
        assert part == [row for row in whole if first <= row["day"] <= last]
        assert {row["day"] for row in part} == set(days[20:45])
        # Days before the first or after the last are not invented.
        assert whole == store.export(metric, "--from=2015-01-01", "--to=2017-01-01", min_users=3)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("metric", METRICS)
def test_small_cells_are_hidden(metric: str, seed: int, filled) -> None:
    """Counts of 1 to N - 1 are hidden with all that derives from them; by default N is 10."""
    log, store = oracle_of(seed), filled(seed)
    for smallest in (1, 2, 3, 4) if LONG else (3,):
        got = store.export(metric, min_users=smallest)
        expected = oracle.export(log, metric, min_users=smallest)
        assert_same(got, expected, f"{metric} --min-users {smallest}")
    by_default = parsed(store.must("export", metric).text)
    assert_same(by_default, oracle.export(log, metric, min_users=10), metric)
    by_os = store.export(metric, "--by=os", min_users=2)
    assert_same(by_os, oracle.export(log, metric, by="os", min_users=2), f"{metric} by os")


@pytest.mark.parametrize("seed", SEEDS)
def test_figures_hold_together(seed: int, filled) -> None:
    """One row per day and audience; DAU <= MAU; single and multi make DAU; percents in 0..100."""
    store = filled(seed)
    rows = {(row["day"], row["audience"]): row for row in store.export("engagement")}
    everyone = [row for row in rows.values() if row["audience"] == "all"]
    assert len(rows) == 3 * len(everyone) == 3 * len(oracle_of(seed).days)
    for row in everyone:
        multi, single = rows[row["day"], "multi_device"], rows[row["day"], "single_device"]
        if None not in (row["dau"], multi["dau"]):
            assert multi["dau"] + single["dau"] == row["dau"]
        if row["mau"] is not None:
            assert row["dau"] <= row["mau"]
        if None not in (row["mau"], multi["mau"]):
            assert max(multi["mau"], single["mau"]) <= row["mau"]
            assert multi["mau"] + single["mau"] >= row["mau"]
        assert row["engagement_ratio"] is None or 0 <= row["engagement_ratio"] <= 100
    by_window = [store.export("multi-device", f"--window={window}") for window in WINDOWS]
    for rows_of_day in zip(*by_window, strict=True):
        counts = [row["daily_multi_device_users"] for row in rows_of_day]
        assert None in counts or counts == sorted(counts)
    for row in store.export("completion"):
        shares = [row[name] for name in oracle.COLUMNS["completion"][3:]]
        if row["begun"]:
            assert 0 <= shares[1] <= shares[2] <= shares[0] <= 100


def test_functions_and_command_line_agree(filled, monkeypatch: pytest.MonkeyPatch) -> None:
    """The frames that pages read are what export prints, with typed columns."""
    from kpi.meaning.filters import Filters
    from kpi.numbers.warehouse import open_warehouse
    from kpi.settings import Settings

    store = filled(DAILY_SEED)
    told = {name: value for name, value in store.settings().items() if value is not None}
    warehouse = open_warehouse(Settings.read(told))
    asked = {"os": ("Android", "iOS"), "not_version": ("40",), "users": "existing"}
    arguments = oracle.Filters(**asked).arguments()
    for metric in METRICS:
        frame = table_of(warehouse, metric, Filters(**asked), by="browser", min_users=0)
        assert tuple(frame.columns) == ("browser", *oracle.COLUMNS[metric])
        assert str(frame["day"].dtype).startswith("datetime64")
        for count in oracle.COUNTS[metric]:
            assert str(frame[count].dtype) == "Int64", count
        rows = [
            {
                name: str(value.date())
                if name == "day"
                else (value if isinstance(value, str) else None if value != value else float(value))
                for name, value in row.items()
            }
            for row in frame.astype(object).where(frame.notna(), None).to_dict("records")
            for row in [{k: float("nan") if v is None else v for k, v in row.items()}]
        ]
        assert_same(rows, store.export(metric, "--by=browser", *arguments), metric)
    publication = warehouse.publication
    days = oracle_of(DAILY_SEED).days
    assert str(publication.first_day) == oracle.day_name(days[0])
    assert str(publication.last_complete_day) == oracle.day_name(days[-1])
    assert publication.simulated is False


def test_output_formats(filled) -> None:
    """CSV, JSON and Parquet hold the same table, on standard output or in a file."""
    store = filled(DAILY_SEED)
    expected = store.export("completion")
    ran = store.must("export", "completion", "--min-users=0", "--format=csv", "-o", "out.csv")
    assert ran.out == b""
    written = (store.folder / "out.csv").read_text()
    assert parsed(written) == expected
    assert store.must("export", "completion", "--min-users=0").text == written
    engine = duckdb.connect()
    columns = ", ".join(f"{name}::DOUBLE" for name in oracle.COLUMNS["completion"][1:])
    for kind, reader in (("json", "read_json"), ("parquet", "read_parquet")):
        ran = store.must("export", "completion", "--min-users=0", f"--format={kind}")
        path = store.folder / f"printed.{kind}"
        path.write_bytes(ran.out)
        found = engine.execute(
            f"SELECT day::DATE::VARCHAR, {columns} FROM {reader}(?)", [str(path)]
        ).fetchall()
        assert [tuple(row.values()) for row in expected] == found
        store.must("export", "completion", "--min-users=0", f"--format={kind}", "-o", f"out.{kind}")
        assert (store.folder / f"out.{kind}").read_bytes() == ran.out


def test_unknown_values_are_refused_with_the_nearest(filled) -> None:
    """A filter value that doesn't exist is an error that names the nearest ones."""
    store = filled(DAILY_SEED)
    for option, nearest in (("--os=Androit", "Android"), ("--not-browser=Firefx", "Firefox")):
        ran = store.run("export", "engagement", option)
        assert ran.status == 1 and ran.out == b""
        assert nearest in ran.err and len(ran.err.splitlines()) == 1
        assert option.split("=")[1] in ran.err


def test_unknown_values_when_allowed(filled) -> None:
    """With --allow-unknown nobody matches an unknown value, and everybody differs from it."""
    store, log = filled(DAILY_SEED), oracle_of(DAILY_SEED)
    hostile = ("'; DROP TABLE segment; --", "%", "\\", "-x", 'a"b', "none", "")
    for values in (("Androit",), hostile, *((value,) for value in hostile if LONG)):
        for filters in (oracle.Filters(os=values), oracle.Filters(not_os=values)):
            got = store.export("engagement", *filters.arguments(), "--allow-unknown")
            assert_same(got, oracle.export(log, "engagement", filters), f"{filters}")


@pytest.mark.every_engine
def test_hostile_values_are_just_values(store: Store) -> None:
    """Attack strings, quotes and patterns in tags are counted and filtered like any other."""
    values = [
        "'; DROP TABLE segment; --",
        '"quoted", and; comma',
        "100%",
        "_",
        "back\\slash",
        ":name",
        "-x",
        "=1+1",
        "<script>",
        "(none)",
        "ünï",
        "{0} %s $1 ?",
    ]
    log = [
        event(at(D[0]), uid=user(place), user_agent_browser=value, user_agent_os="Linux")
        for place, value in enumerate(values)
    ]
    store.load(write(store.files / "hostile.parquet", log))
    store.summarise()
    for value in values:
        rows = store.export("engagement", f"--browser={value}")
        assert rows[0]["dau"] == 1, value
    for value in values if LONG else values[:2]:
        rows = store.export("engagement", f"--not-browser={value}")
        assert rows[0]["dau"] == len(values) - 1, value
    assert_same(
        store.export("engagement", "--by=browser"),
        oracle.export(oracle.Log(log), "engagement", by="browser"),
    )


def test_rare_values_fold_into_other(store: Store) -> None:
    """A tag keeps its 200 most frequent values and folds the rest into (other)."""
    log = []
    for number in range(230):
        for turn in range(3 if number < 200 else 1):
            log.append(
                event(at(D[turn]), uid=user(f"{number}"), user_agent_browser=f"browser {number}")
            )
    store.load(write(store.files / "dirty.parquet", log))
    store.summarise()
    rows = store.export("engagement", "--by=browser", f"--to={D[0]}")
    counted = {row["browser"]: row["dau"] for row in rows if row["audience"] == "all"}
    assert counted == {**{f"browser {number}": 1 for number in range(200)}, "(other)": 30}
    assert store.export("engagement")[0]["dau"] == 230
    assert store.export("engagement", "--not-browser=(other)")[0]["dau"] == 200


def test_incomplete_days_are_left_out(store: Store) -> None:
    """A day loaded before it was over enters no export unless asked for, nor any mean or MAU."""
    now = datetime.now(UTC)
    days = [(now - timedelta(days=back)).date() for back in range(40, -1, -1)]
    moments = [at(day, "00:00") for day in days if day <= now.date()]
    store.load(
        write(
            store.files / "now.parquet",
            [event(moment, uid=user("a"), device_id=device("a")) for moment in moments],
        )
    )
    store.summarise()
    # Yesterday is complete only from an hour after its end; the test may run within that hour.
    told = {row["day"]: row for row in store.export("engagement") if row["audience"] == "all"}
    assert str(days[0]) in told and str(days[-3]) in told and str(days[-1]) not in told
    assert told[str(days[-3])]["engagement_ratio"] == 100
    asked = store.export("engagement", "--include-incomplete")
    assert asked[-1]["day"] == str(days[-1])
    assert [row["dau"] for row in asked if row["day"] == str(days[-1])] == [1, 0, 1]


BEATS = heartbeat("2016-02-20", 20)


def test_firefox_reference(store_of: Callable[..., Store]) -> None:
    """Firefox's own ratio is its mean DAU over seven days as a percentage of its MAU."""
    chance = random.Random(5)
    figures = [
        (day, product, chance.randrange(900, 1100), chance.randrange(3000, 3300))
        for day in days_from("2016-02-20", 20)
        for product in ("desktop", "android", "ios")
        if (day, product) != ("2016-02-28", "ios")
    ]
    lines = ["day,product,dau,mau", *(",".join(map(str, row)) for row in figures)]
    store = store_of(BEATS)
    path = store.files / "firefox.csv"
    path.write_text("\n".join(lines) + "\n")
    store.must("load-firefox", path)
    expected = oracle.firefox(figures)
    got = [row for row in store.export("firefox") if row["dau"] is not None]
    assert tuple(got[0]) == oracle.COLUMNS["firefox"]
    assert_same(got, expected)
    first, last = "2016-02-29", "2016-03-03"
    part = store.export("firefox", f"--from={first}", f"--to={last}")
    assert_same(part, [row for row in expected if first <= row["day"] <= last])
    again = store.must("export", "firefox").out
    store.must("load-firefox", path)
    assert "nothing changed" in store.summarise().text
    assert store.must("export", "firefox").out == again


def test_firefox_corrections(store_of: Callable[..., Store]) -> None:
    """Wrong or double figures are refused whole; --replace brings a correction."""
    store = store_of(BEATS)
    path = store.files / "firefox.csv"
    path.write_text("day,product,dau,mau\n2016-03-01,desktop,10,20\n2016-03-02,desktop,11,20\n")
    store.must("load-firefox", path)
    before = store.must("export", "firefox").out
    for wrong in (
        "2016-03-03,desktop,30,20",
        "2016-03-03,desktop,-1,20",
        "2016-03-03,toaster,1,20",
        "2016-13-03,desktop,1,20",
        "2016-3-3,desktop,1,20",
        "2016-03-3,desktop,1,20",
        "02016-03-03,desktop,1,20",
        ",desktop,1,20",
        "2016-03-03,desktop,x,20",
        "2016-03-03,ios,1,20\n2016-03-03,ios,2,20",
        "2016-03-02,desktop,12,20",
    ):
        bad = store.files / "bad.csv"
        bad.write_text("\n".join(["day,product,dau,mau", "2016-03-04,desktop,5,20", wrong, ""]))
        ran = store.run("load-firefox", bad)
        assert ran.status == 1, wrong
        assert len(ran.err.splitlines()) == 1 and "bad.csv: line" in ran.err, ran.err
    assert store.must("export", "firefox").out == before
    path.write_text("day,product,dau,mau\n2016-03-01,desktop,10,20\n2016-03-02,desktop,15,30\n")
    store.must("load-firefox", "--replace", path)
    assert [(row["dau"], row["mau"]) for row in store.export("firefox") if row["dau"]] == [
        (10, 20),
        (15, 30),
    ]


# Logs that Hypothesis invents ---------------------------------------------------------------------

PLACES = st.sampled_from((0, 1, 2, 4, 5, 6, 13, 14, 27, 28, 29, 30, 33, 34, 55, 56, 57, 58, 59))
CLOCKS = st.sampled_from(("00:00:00.000", "00:00:00.001", "12:00", "23:59:59.999"))
SYSTEMS = st.sampled_from(("Linux", "iOS", ""))
VERSIONS = st.sampled_from(("40", "41.0", ""))
USERS = st.sampled_from((user(0), user(1), user(2), None))
DEVICES = st.sampled_from((device(0), device(1), device(2), None))


@st.composite
def activity(draw: st.DrawFn) -> Event:
    """One event of one of three users, on a day that stands at the edge of a window."""
    return event(
        at(D[draw(PLACES)], draw(CLOCKS)),
        uid=draw(USERS),
        device_id=draw(DEVICES),
        user_agent_os=draw(SYSTEMS),
        user_agent_version=draw(VERSIONS),
        new_user=draw(st.booleans()),
        service="sync",
    )


@st.composite
def sequence(draw: st.DrawFn) -> list[Event]:
    """One sequence: any steps in any order, any clocks."""
    start = at(D[draw(PLACES)], draw(CLOCKS))
    kinds = draw(st.lists(st.sampled_from(oracle.STEPS), min_size=1, max_size=6))
    times = draw(
        st.lists(
            st.sampled_from((0, 1, 4999, 5000, 5001, 10_000, 12_345, 86_400_000)),
            min_size=len(kinds),
            max_size=len(kinds),
        )
    )
    person, system = draw(USERS), draw(SYSTEMS)
    seq_id = draw(st.uuids()).hex
    return [
        event(
            start + draw(st.sampled_from((0, 1, elapsed))),
            kind,
            seq_id=seq_id,
            seq_time=elapsed,
            uid=person,
            user_agent_os=system,
            service="sync",
            new_user=draw(st.booleans()),
        )
        for kind, elapsed in zip(kinds, times, strict=True)
    ]


@given(
    moments=st.lists(activity(), max_size=25),
    sequences=st.lists(sequence(), max_size=6),
    unloaded=st.sets(st.integers(0, 59), max_size=2),
    picked=st.tuples(st.sets(SYSTEMS, max_size=2), st.sets(VERSIONS, max_size=2)),
)
def test_any_log(
    moments: list[Event],
    sequences: list[list[Event]],
    unloaded: set[int],
    picked: tuple[set[str], set[str]],
    make_store: Callable[[], Store],
) -> None:
    """Whatever users, days, devices, sequences and gaps: every export equals the oracle."""
    beats = [beat for place, beat in enumerate(heartbeat(D[0], 60)) if place not in unloaded]
    events = beats + moments + [step for steps in sequences for step in steps]
    log = oracle.Log(events)
    filters = oracle.Filters(
        os=tuple(sorted(oracle.tag(value) for value in picked[0])),
        not_version=tuple(sorted(oracle.tag(oracle.major(value)) for value in picked[1])),
    )
    store = make_store()
    store.load(write(store.files / "any.parquet", events))
    store.summarise()
    for asked in (oracle.Filters(), filters):
        for metric in METRICS:
            got = store.export(metric, *asked.arguments(), "--allow-unknown")
            assert_same(got, oracle.export(log, metric, asked), f"{metric} {asked}")
    got = store.export("multi-device", "--window=14", "--by=os")
    assert_same(got, oracle.export(log, "multi-device", by="os", window=14))
    shutil.rmtree(store.folder)
