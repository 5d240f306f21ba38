"""However a log arrives (in pieces, late, twice, corrected, removed), the numbers are the same."""

from __future__ import annotations

import functools
import random
import shutil
from collections.abc import Callable

import oracle
import pytest
from conftest import LONG, Store, assert_reads_as, assert_same, daily
from event_files import write, write_bytes
from hypothesis import given
from hypothesis import strategies as st
from logs import D, Event, at, days_from, device, event, heartbeat, random_log, user
from product import table_of

pytestmark = pytest.mark.every_engine("long")


@functools.cache
def whole(make_store: Callable[[], Store]) -> dict[object, object]:
    """The numbers of the log that several tests divide, from a file."""
    return numbers_of(make_store, DIVIDED)


def numbers_of(make_store, log: list[Event]) -> dict[tuple[str, ...], bytes]:
    """The exports of a store that got the log in one file."""
    store = make_store()
    store.load(write(store.files / "whole.parquet", log))
    store.summarise()
    return store.numbers()


def by_day(log: list[Event]) -> dict[str, list[Event]]:
    """The events of each UTC day."""
    days: dict[str, list[Event]] = {}
    for row in log:
        days.setdefault(oracle.day_name(oracle.day_number(row["timestamp"])), []).append(row)
    return dict(sorted(days.items()))


DIVIDED = random_log(3, unloaded=(5, 40))
FILED = random_log(18, days=35)
STANDING = random_log(16, days=40)
APART = {"first.parquet": 0, "middle.parquet": 20, "last.parquet": 39}
"""The files of a standing store that hold a day each, with the day's place; all others are in another."""


def fill(store: Store) -> Store:
    """The store with the files of a standing store, loaded and summarised."""
    days = by_day(STANDING)
    alone = {list(days)[place]: name for name, place in APART.items()}
    for day, name in alone.items():
        write(store.files / name, days[day])
    others = [row for day, rows in days.items() if day not in alone for row in rows]
    write(store.files / "others.csv", others)
    store.load(store.files)
    store.summarise()
    return store


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A standing store in files, which no test changes."""
    return fill(Store(tmp_path_factory.mktemp("standing")))


@pytest.fixture
def standing(engine: str, make_store: Callable[[], Store], request: pytest.FixtureRequest) -> Store:
    """A standing store for the test alone."""
    if engine != "duckdb":
        return fill(make_store())
    template = request.getfixturevalue("template")
    store = template.copied_to(make_store().folder)
    shutil.copytree(template.files, store.files, dirs_exist_ok=True)
    return store


def assert_oracle(store: Store, log: list[Event]) -> None:
    """A few whole exports equal the oracle."""
    known = oracle.Log(log)
    for metric in ("engagement", "multi-device", "same-people", "connection-time", "completion"):
        assert_same(store.export(metric), oracle.export(known, metric), metric)


@pytest.mark.parametrize("seed", daily(3, of=range(4)))
def test_split_anywhere(seed: int, make_store, monkeypatch) -> None:
    """Rows dealt into files at random, loaded in any order, summarised between: same bytes.

    A file's name says nothing about its days. A load alone changes no number. Some days are
    summarised alone, and the last run groups few events in a statement.
    """
    log = DIVIDED if seed == 3 else random_log(seed)
    expected = whole(make_store) if seed == 3 else numbers_of(make_store, log)
    days = [oracle.day_name(day) for day in oracle.Log(log).days]
    chance = random.Random(seed)
    pieces: list[list[Event]] = [[] for _ in range(5 if LONG else 3)]
    for row in log:
        chance.choice(pieces).append(row)
    store = make_store()
    for place, piece in enumerate(pieces):
        before = store.numbers() if place == len(pieces) - 1 else None
        store.load(write(store.files / f"events-{days[place]}.parquet", piece))
        if before:
            assert store.numbers() == before
        elif place == 1:
            store.summarise(f"--from={days[25]}", f"--to={days[40]}")
        elif place == 0 or chance.random() < 0.7:
            store.summarise()
    monkeypatch.setattr("kpi.summary.steps.EVENTS_AT_ONCE", 120)
    store.summarise()
    assert store.numbers() == expected


@pytest.mark.long
@pytest.mark.parametrize("order", ("backwards", "shuffled"))
@pytest.mark.parametrize("seed", (5, 6))
def test_split_by_time(seed: int, order: str, make_store) -> None:
    """A log cut at any moments and loaded backwards or shuffled gives the same bytes."""
    log = sorted(random_log(seed), key=lambda row: row["timestamp"])
    expected = numbers_of(make_store, log)
    chance = random.Random(seed)
    cuts = sorted(chance.sample(range(1, len(log)), 4))
    pieces = [log[start:end] for start, end in zip([0, *cuts], [*cuts, len(log)], strict=True)]
    store = make_store()
    loaded = pieces[::-1] if order == "backwards" else chance.sample(pieces, len(pieces))
    for place, piece in enumerate(loaded):
        store.load(write(store.files / f"piece{place}.json", piece))
        store.summarise()
    assert store.numbers() == expected


@pytest.mark.long
def test_day_by_day(make_store) -> None:
    """Filling one more day at a time ends at the same bytes as filling all at once."""
    log = random_log(7, days=40)
    store = make_store()
    days = by_day(log)
    early = [row for rows in list(days.values())[:-15] for row in rows]
    store.load(write(store.files / "early.parquet", early))
    for day in list(days)[-15:]:
        store.load(write(store.files / f"events-{day}.parquet", days[day]))
        store.summarise()
    assert store.numbers() == numbers_of(make_store, log)


@pytest.mark.long
@pytest.mark.parametrize("days_a_file", (1, 8))
def test_many_files_at_once(days_a_file: int, store: Store) -> None:
    """One load of a folder of files has the rows of one file."""
    log = random_log(8)
    days = list(by_day(log).items())
    for start in range(0, len(days), days_a_file):
        rows = [row for _, of_day in days[start : start + days_a_file] for row in of_day]
        write(store.files / f"events-{days[start][0]}.csv.gz", rows)
    store.load(store.files)
    assert_reads_as(store, log)


@pytest.mark.parametrize("seed", daily(9, of=(9, 10)))
def test_late_rows(seed: int, store: Store) -> None:
    """Rows of any earlier day are found and refilled with all the days that depend on them."""
    log = random_log(seed)
    chance = random.Random(seed)
    late = chance.sample(log, 30)
    early = [row for row in log if not any(row is other for other in late)]
    store.load(write(store.files / "early.parquet", early))
    store.summarise()
    arrived = list(early)
    pieces = (late[:1], late[1:10], late[10:]) if LONG else (late,)
    for place, piece in enumerate(pieces):
        store.load(write(store.files / f"late{place}.parquet", piece))
        store.summarise()
        arrived += piece
        assert_oracle(store, arrived)


@pytest.mark.long
def test_late_device_changes_later_days(store: Store) -> None:
    """One late device makes its user multi-device on the days after, and their attempts multi."""
    log = heartbeat(D[0], 40)
    log += [event(at(D[10]), uid=user("a"), device_id=device(1))]
    log += [event(at(day), uid=user("a"), device_id=device(2)) for day in D[11:24]]
    log += [
        event(
            at(D[12]),
            kind,
            seq_id="s",
            seq_time=elapsed,
            uid=user("a"),
            service="sync",
        )
        for kind, elapsed in (("sequence.begin", 0), ("device.connected", 900))
    ]
    late, rest = log[40], log[:40] + log[41:]
    store.load(write(store.files / "rest.parquet", rest))
    store.summarise()
    assert store.export("completion", "--devices=multi", f"--from={D[12]}")[0]["begun"] == 0
    store.load(write(store.files / "late.parquet", [late]))
    store.summarise()
    assert store.export("completion", "--devices=multi", f"--from={D[12]}")[0]["begun"] == 1
    for window in (3, 5, 7, 14):
        got = store.export("multi-device", f"--window={window}")
        assert_same(got, oracle.export(oracle.Log(log), "multi-device", window=window))


def test_attempt_finished_in_a_later_file(store: Store) -> None:
    """Steps of one attempt may arrive in any order of files, days apart."""

    def step(kind: str, day: str, clock: str, elapsed: int) -> list[Event]:
        return [
            event(at(day, clock), kind, seq_id="s", seq_time=elapsed, uid=user("a"), service="sync")
        ]

    begin = step("sequence.begin", D[3], "23:59:58", 0)
    created = step("account.created", D[3], "23:59:59", 1000)
    ready = step("device.connected", D[4], "00:00:02", 4000)
    made = step("device.created", D[4], "00:00:05", 7000)
    pieces = (ready, made, created, begin) if LONG else (ready + made, created + begin)
    log = []
    for place, piece in enumerate(pieces):
        if place == 0:
            piece = [*heartbeat(D[0], 8), *piece]
        store.load(write(store.files / f"{place}.parquet", piece))
        store.summarise()
        log = log + piece
        for metric in ("connection-time", "completion", "steps"):
            assert_same(store.export(metric), oracle.export(oracle.Log(log), metric), metric)
    assert store.export("completion", "--users=new", f"--from={D[3]}")[0]["completed"] == 1


@pytest.mark.long
def test_day_before_the_first(store: Store) -> None:
    """A file from before all others moves the first day and fills the windows after it."""
    log = random_log(11, first=D[20], days=40)
    store.load(write(store.files / "later.parquet", log))
    store.summarise()
    before = [*heartbeat(D[0], 20), event(at(D[3]), uid=user(0)), event(at(D[19]), uid=user(1))]
    store.load(write(store.files / "before.parquet", before))
    store.summarise()
    assert_oracle(store, log + before)


def test_repeated_load_is_a_no_op(standing: Store) -> None:
    """The same file again, alone or with others, changes nothing."""
    before = standing.numbers()
    standing.load(standing.files / "middle.parquet")
    standing.load(standing.files)
    standing.summarise()
    assert standing.numbers() == before
    assert_oracle(standing, STANDING)


def test_summarise_again_changes_nothing(standing: Store) -> None:
    """Rerunning summarise, whole or for any range of days, changes no export."""
    before = standing.numbers()
    days = list(by_day(STANDING))
    standing.summarise()
    assert standing.numbers() == before
    for arguments in (
        (f"--from={days[0]}",),
        (f"--from={days[12]}", f"--to={days[35]}"),
        *(
            ((f"--from={days[30]}",), (f"--to={days[20]}",), (f"--from={days[-1]}",))
            if LONG
            else ()
        ),
    ):
        standing.summarise(*arguments)
        assert standing.numbers() == before, arguments


@pytest.mark.long
def test_summarise_in_parts(make_store) -> None:
    """--from and --to leave changed days outside them for another run, which ends the same."""
    days = [oracle.day_name(day) for day in oracle.Log(DIVIDED).days]
    chance = random.Random(23)
    late = chance.sample(DIVIDED, 60)
    early = [row for row in DIVIDED if not any(row is other for other in late)]
    store = make_store()
    store.load(write(store.files / "early.parquet", early))
    store.summarise(f"--from={days[20]}", f"--to={days[30]}")
    store.summarise()
    assert_oracle(store, early)
    store.load(write(store.files / "late.parquet", late))
    for first, last in ((25, 40), (0, 3), (-1, -1)):
        store.summarise(f"--from={days[first]}", f"--to={days[last]}")
    store.summarise()
    assert store.numbers() == whole(make_store)


@pytest.mark.long
@pytest.mark.parametrize("events_at_once", (1, 40))
def test_statements_over_a_few_days_at_once(events_at_once: int, make_store, monkeypatch) -> None:
    """However few events one statement may group, the numbers are the same."""
    expected = whole(make_store)
    monkeypatch.setattr("kpi.summary.steps.EVENTS_AT_ONCE", events_at_once)
    assert numbers_of(make_store, DIVIDED) == expected


def test_changed_file_needs_replace(standing: Store) -> None:
    """A source whose content changed is refused in one line; --replace swaps it in."""
    days = by_day(STANDING)
    day = list(days)[APART["middle.parquet"]]
    before = standing.events()
    corrected = [
        {**row, "user_agent_os": "Plan 9"} for row in days[day] if row["uid"] != user(0)
    ] + [event(at(day), uid=user("corrected"))]
    path = write(standing.files / "middle.parquet", corrected)
    ran = standing.run("load", path)
    assert ran.status == 1 and len(ran.err.splitlines()) == 1
    assert "middle.parquet" in ran.err and "--replace" in ran.err
    assert standing.events() == before
    standing.load("--replace", path)
    others = [row for name, rows in days.items() if name != day for row in rows]
    assert_reads_as(standing, others + corrected)
    write(path, days[day])
    standing.load("--replace", path)
    assert standing.events() == before


def test_replacing_a_file_with_itself(standing: Store) -> None:
    """--replace with the same content leaves every row as it was."""
    before = standing.events()
    standing.load("--replace", standing.files / "middle.parquet")
    assert standing.events() == before


def test_files_that_share_a_name(store: Store) -> None:
    """Two files of one name, of other content, are both refused by name; all others are loaded."""
    log = FILED
    first = write(store.files / "host1" / "e.parquet", log[::3])
    second = write(store.files / "host2" / "e.parquet", log[1::3])
    other = write(store.files / "host2" / "other.csv", log[2::3])
    for option, counted in (((), "1 file loaded, 0 already"), (("--replace",), "1 already there")):
        ran = store.run("load", *option, first.parent, second.parent)
        assert ran.status == 1 and counted in ran.text and "2 refused" in ran.text
        said = [line for line in ran.err.splitlines() if line.startswith("kpi: ")]
        assert len(said) == 2
        for line in said:
            assert str(first) in line and str(second) in line and "a folder that both" in line
    assert_reads_as(store, log[2::3])
    store.load("--replace", store.files)
    assert_reads_as(store, log)
    write(store.files / "host2" / "other.csv.gz", log)
    for option in ((), ("--replace",)):
        ran = store.run("load", *option, other.parent)
        assert ran.status == 1 and "remove or rename" in ran.err


def test_copies_that_share_a_name(store: Store) -> None:
    """One file that is met twice, or beside its copy, is loaded once."""
    log = FILED
    first = write(store.files / "host1" / "e.parquet", log)
    second = write(store.files / "host2" / "e.parquet", log)
    assert "1 file loaded, 2 already there" in store.load(first, first, second).text
    store.load("--replace", first, second)
    assert_reads_as(store, log)


def test_replacing_by_another_path(store: Store) -> None:
    """--replace of what stands under a longer or shorter path is refused; of what never stood, told."""
    log = FILED
    path = write(store.files / "2016" / "e.parquet", log)
    store.load(store.files)
    assert "1 already there" in store.load("--replace", path).text
    write(path, log[:-9])
    ran = store.run("load", "--replace", path)
    assert ran.status == 1 and len(ran.err.splitlines()) == 1
    assert f"{path}: " in ran.err and "2016/e.parquet exists" in ran.err
    assert "the folder that 2016/ is in" in ran.err
    assert "nothing was replaced" not in store.load("--replace", store.files).err
    late = write(store.files / "late.parquet", log[-9:])
    assert "late.parquet: no load had that name; nothing was replaced\n" in (
        store.load("--replace", late).err
    )
    shorter = write(store.folder / "other" / "in" / "late.parquet", log)
    ran = store.run("load", "--replace", shorter.parent.parent)
    assert (
        ran.status == 1
        and f"but late.parquet exists; to replace that, give {shorter} itself" in ran.err
    )
    assert_reads_as(store, log)


def test_names_that_end_alike(store: Store) -> None:
    """Files of one run whose names end alike are different files, with --replace too."""
    log = FILED
    for place, name in enumerate(("e.parquet", "2016/e.parquet", "in/2016/e.parquet")):
        write(store.files / name, log[place::3])
    assert "3 files loaded" in store.load("--replace", store.files).text
    write(store.files / "2015" / "e.parquet", log[:1])
    assert "1 file loaded, 3 already there" in store.load("--replace", store.files).text
    store.must("unload", "2015/e.parquet")
    assert_reads_as(store, log)


def test_replacing_removes_only_what_that_file_brought(store: Store) -> None:
    """Equal rows that another file brought stay when one file is replaced."""
    same_rows = [event(at(D[3]), uid=user("a")), event(at(D[4]), uid=user("b"))]
    extra = [event(at(D[4]), uid=user("c"))]
    write(store.files / "one.parquet", same_rows + extra)
    path = write(store.files / "two.parquet", same_rows)
    store.load(store.files)
    store.load("--replace", write(path, [event(at(D[5]), uid=user("d"))]))
    log = [*same_rows, *extra, event(at(D[5]), uid=user("d"))]
    assert_reads_as(store, log)


@pytest.mark.parametrize(
    "names",
    daily(["first.parquet", "middle.parquet"], of=[*([name] for name in APART), [*APART][:2]]),
)
def test_unload_days_and_load_them_back(names: list[str], standing: Store, make_store) -> None:
    """Without a day it is absent with all that needs it; loaded back, the bytes are the same.

    The first day, when it comes back, is before all others.
    """
    days = by_day(STANDING)
    gone = [list(days)[APART[name]] for name in names]
    left = [row for day, rows in days.items() if day not in gone for row in rows]
    before = standing.numbers()
    standing.must("unload", *names)
    standing.summarise()
    assert_oracle(standing, left)
    if LONG:
        assert standing.numbers() == numbers_of(make_store, left)
    standing.load(*(standing.files / name for name in names))
    standing.summarise()
    assert standing.numbers() == before


def test_unload_several_and_all(standing: Store) -> None:
    """Unloading every source, one named twice, leaves no day; the log can then be loaded anew."""
    before = standing.numbers()
    ran = standing.must("unload", "others.csv", *APART, "others.csv")
    assert [line.split(":")[0] for line in ran.text.splitlines()] == ["others.csv", *APART]
    ran = standing.run("summarise")
    assert ran.status in (0, 1) and "Traceback" not in ran.said
    standing.load(standing.files)
    standing.summarise()
    assert standing.numbers() == before


def test_unload_what_was_never_loaded(standing: Store) -> None:
    """Unloading an unknown source is refused in one line that names it, and unloads nothing."""
    before = standing.events()
    ran = standing.run("unload", "middle.parquet", "nosuch.csv")
    assert ran.status == 1 and len(ran.err.splitlines()) == 1 and "nosuch.csv" in ran.err
    assert standing.events() == before


@pytest.mark.long
def test_middle_days_never_loaded(make_store) -> None:
    """Days missing in the middle are absent rows; a file that brings them fills them in."""
    log = random_log(18, days=60)
    days = by_day(log)
    missing = set(list(days)[28:31])
    store = make_store()
    early = [row for day, rows in days.items() if day not in missing for row in rows]
    store.load(write(store.files / "early.parquet", early))
    store.summarise()
    for row in store.export("engagement"):
        if row["day"] in missing:
            assert (row["dau"], row["dau_7day_mean"], row["mau"]) == (None, None, None)
    assert_oracle(store, early)
    late = [row for day in missing for row in days[day]]
    store.load(write(store.files / "late.parquet", late))
    store.summarise()
    assert store.numbers() == numbers_of(make_store, log)


@pytest.mark.long
def test_rows_outside_their_files_day(store: Store) -> None:
    """An event belongs to its own UTC day, whichever file brought it."""
    names = days_from(D[0], 4)
    log = [event(at(day, "00:00"), uid=user(place)) for place, day in enumerate(names)]
    # Each file is named for one day and holds the next day's row.
    for row, name in zip(log, [names[-1], *names], strict=False):
        write(store.files / f"events-{name}.parquet", [row])
    store.load(store.files)
    store.summarise()
    assert_oracle(store, log)


def test_same_rows_compressed_are_not_counted_twice(standing: Store) -> None:
    """A file loaded plain and again compressed brings its attempts and users once."""
    before = standing.events()
    others = (standing.files / "others.csv").read_bytes()
    path = write_bytes(standing.folder / "again" / "others.csv.gz", others)
    ran = standing.run("load", path)
    assert ran.status in (0, 1) and "Traceback" not in ran.said
    assert standing.events() == before


KINDS = ("csv.gz", "csv.zst", "json", "json.gz", "jsonl", "ndjson.zst", "parquet")
FILES = [(kind, spelling) for kind in KINDS for spelling in ("specified", "columns")]


def test_every_kind_of_file_at_once(store: Store) -> None:
    """CSV, JSON lines and Parquet, plain or compressed, in the two spellings by turns, say the same."""
    some = FILES[::4] + FILES[3::4]
    for place, (kind, spelling) in enumerate(some):
        rows = FILED[place :: len(some)]
        write(store.files / f"{place}.{kind}", rows, spelling=spelling)
    store.load(store.files)
    assert_reads_as(store, FILED)


@pytest.mark.long
@pytest.mark.parametrize(("kind", "spelling"), FILES)
def test_every_kind_of_file(kind: str, spelling: str, store: Store) -> None:
    """Each kind in each spelling, in a store of its own."""
    store.load(write(store.files / f"e.{kind}", FILED, spelling=spelling))
    assert_reads_as(store, FILED)


@pytest.mark.long
def test_readers_keep_their_publication(store: Store) -> None:
    """A reader who has a publication open sees it whole to the end; a new one sees the newest.

    A server keeps the newest only: there, a reader of an older one is told so, never given a mixture.
    """
    from kpi.errors import Republished
    from kpi.numbers.warehouse import Warehouse, open_warehouse
    from kpi.settings import Settings

    def daily_users(warehouse: Warehouse) -> int:
        found = table_of(warehouse, "engagement", min_users=0)
        return int(found[found["audience"] == "all"]["dau"].iloc[3])

    told = {name: value for name, value in store.settings().items() if value is not None}
    log, rounds = heartbeat(D[0], 5), 4
    warehouses: list[Warehouse] = []
    publications = set()
    for number in range(rounds):
        log.append(event(at(D[3]), uid=user(number)))
        store.load(write(store.files / f"{number}.parquet", log if number == 0 else log[-1:]))
        store.summarise()
        newest = open_warehouse(Settings.read(told))
        publications.add(newest.publication.id)
        assert daily_users(newest) == number + 1
        # Every reader so far, the oldest too, tells what it told first.
        for users, older in enumerate(warehouses, 1):
            if "KPI_DATABASE_URL" in told:
                with pytest.raises(Republished):
                    daily_users(older)
            else:
                assert daily_users(older) == users
        warehouses.append(newest)
    assert len(publications) == rounds
    for warehouse in warehouses:
        warehouse.close()


TURNS = f"""
import sys
from kpi.commands.cli import main
for turn in range({3 if LONG else 1}):
    for command in (["load", sys.argv[1]], ["unload", "extra.parquet"]):
        if main(command) or main(["summarise"]):
            sys.exit(1)
"""


@pytest.mark.long
def test_reading_while_another_process_summarises(store: Store) -> None:
    """A reader meanwhile gets the old numbers or the new ones, no mixture and no error."""
    log = random_log(24, days=40)
    extra = write(store.folder / "extra.parquet", [event(at(D[40]), uid=user("extra"))])
    asked = ("export", "engagement", "--by=os", "--min-users=0")
    store.load(write(store.files / "log.parquet", log))
    store.summarise()
    told = {store.must(*asked).out}
    store.load(extra)
    store.summarise()
    told.add(store.must(*asked).out)
    store.must("unload", "extra.parquet")
    store.summarise()
    assert len(told) == 2
    seen = set()
    with store.started(TURNS, extra) as writer:
        while writer.poll() is None:
            seen.add(store.must(*asked).out)
    assert writer.returncode == 0
    assert seen == told


# A store's life: what is done to it, with which of the pieces of a log.
STEPS = st.tuples(
    st.sampled_from(("load", "load", "load", "replace", "unload", "summarise", "summarise")),
    st.integers(0, 3),
    st.integers(0, 3),
)


@given(seed=st.integers(0, 10_000), life=st.lists(STEPS, min_size=4, max_size=12))
def test_any_life_of_a_store(
    seed: int, life: list[tuple[str, int, int]], make_store: Callable[[], Store]
) -> None:
    """Loads, replacements and removals in any order, summarised at any time: the oracle's numbers."""
    chance = random.Random(seed)
    log = random_log(seed, days=36, users=5)
    contents: list[list[Event]] = [[], [], [], []]
    for row in log:
        contents[chance.randrange(4)].append(row)
    standing: dict[int, int] = {}
    store = make_store()
    for act, slot, content in [*life, ("load", 0, 0), ("summarise", 0, 0)]:
        path = store.files / f"slot{slot}.parquet"
        # The same content under another name would be the same file again, a no-op.
        elsewhere = content in [used for place, used in standing.items() if place != slot]
        if act == "load" and slot not in standing and not elsewhere:
            store.load(write(path, contents[content]))
            standing[slot] = content
        elif act == "replace" and slot in standing and not elsewhere:
            store.load("--replace", write(path, contents[content]))
            standing[slot] = content
        elif act == "unload" and slot in standing:
            store.must("unload", path.name)
            del standing[slot]
        elif act == "summarise" and standing:
            store.summarise()
            assert_oracle(store, [row for used in standing.values() for row in contents[used]])
    shutil.rmtree(store.folder)


def test_days_of_a_cut_run_are_taken_up_whatever_is_wanted(make_store: Callable[[], Store]) -> None:
    """After a run that was killed, one for other days gives the numbers of an undisturbed store."""
    cut = (
        "import os\nfrom kpi.summary.steps import Steps\nrun = Steps.run\n"
        "Steps.run = lambda self, step, **told: "
        "os._exit(9) if step == 'attempt_tag_combination' else run(self, step, **told)"
    )
    first = [
        event(at(D[0]), uid=user(n), user_agent_browser="Firefox", user_agent_os="Linux")
        for n in range(7)
    ]
    later = [
        event(at(D[3]), uid=user(20 + n), user_agent_browser="Other", user_agent_os="Mac")
        for n in range(3)
    ]
    store = make_store()
    store.load(write(store.files / "heartbeat.parquet", heartbeat(D[0], 35)))
    store.summarise()
    store.load(write(store.files / "first.parquet", first))
    assert store.start("summarise", before=cut).returncode == 9
    store.load(write(store.files / "later.parquet", later))
    store.summarise("--from", D[3], "--to", D[3])

    def monthly() -> dict[str, float]:
        rows = [row for row in store.export("engagement", "--by=browser") if row["day"] == D[27]]
        return {row["browser"]: row["mau"] for row in rows if row["audience"] == "all"}

    assert monthly()["Other"] == 3
    store.summarise()
    assert monthly() == {"Firefox": 7, "Other": 3}
