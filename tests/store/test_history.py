"""Earlier publications are given back exactly, from differences, and every change of a number is listed."""

from __future__ import annotations

import csv
import io
import random
import shutil
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import pandas as pd
import pytest
from conftest import ALL_CELLS, EVERY_EXPORT, LONG, Store, environment, parsed
from event_files import write
from logs import DAY_MS, D, Event, at, event, random_log, user

from kpi import store
from kpi.errors import Refused
from kpi.meaning.filters import Filters
from kpi.meaning.question import Question
from kpi.numbers.revisions import revisions, without_few
from kpi.numbers.warehouse import Warehouse, open_warehouse
from kpi.settings import Settings
from kpi.store import history, publications, recording, shared

PUBLICATIONS = 200
LISTED = ("engagement", "completion", "firefox")
"""The tables whose list of changes is compared with plain loops."""

KEYS = {"engagement": "audience", "completion": "", "firefox": "product"}
FIREFOX = "day,product,dau,mau\n2016-02-01,desktop,{dau},900\n2016-02-02,ios,{dau},800\n"


def cells(text: str) -> list[dict[str, str]]:
    """The rows of a CSV, every cell as its text."""
    return list(csv.DictReader(io.StringIO(text)))


class Life:
    """A store to which something happens, and what it exported after each publication."""

    def __init__(self, made: Store, seed: int = 0, exports: int = 0) -> None:
        self.store = made
        self.chance = random.Random(seed)
        self.exports = exports
        self.saved: dict[int, dict[tuple[str, ...], bytes]] = {}
        self.files: dict[str, list[Event]] = {}

    def write(self, name: str, rows: list[Event], *replace: str) -> None:
        """Load a file."""
        self.files[name] = rows
        self.store.run("load", write(self.store.files / name, rows), *replace)

    def publish(self, *command: str) -> None:
        """Summarise, or run another command that publishes, and save what is exported then."""
        ran = self.store.run(*(command or ("summarise",)))
        newest = self.store.home / "kpi.duckdb"
        number = publications.number_of(newest.resolve())
        if ran.status == 0 and number not in self.saved:
            asked = [*self.chance.sample(EVERY_EXPORT, self.exports), *map(asked_of, LISTED)]
            self.saved[number] = self.store.exports(asked)

    def firefox(self) -> None:
        """Other figures of Firefox."""
        path = self.store.files / "firefox.csv"
        path.write_text(FIREFOX.format(dau=self.chance.randrange(100, 700)))
        self.publish("load-firefox", str(path), "--replace")


class RandomLife(Life):
    """A store to which anything happens, in any order."""

    def __init__(self, made: Store, seed: int, exports: int) -> None:
        super().__init__(made, seed, exports)
        log = sorted(random_log(seed, days=64), key=lambda each: each["timestamp"])
        start = log[0]["timestamp"] // DAY_MS
        self.days: list[list[Event]] = [[] for _ in range(64)]
        self.late: list[Event] = []
        for row in log:
            day = self.days[row["timestamp"] // DAY_MS - start]
            (self.late if self.chance.random() < 0.1 else day).append(row)
        self.write("base.parquet", [row for day in self.days[:45] for row in day])
        self.coming = self.days[45:]
        self.publish()

    def new_day(self) -> None:
        if self.coming:
            self.write(f"day{len(self.coming)}.parquet", self.coming.pop(0))
        self.publish()

    def late_rows(self) -> None:
        rows = [self.late.pop(self.chance.randrange(len(self.late))) for _ in range(2) if self.late]
        if rows:
            self.write(f"late{len(self.late)}.parquet", rows)
        self.publish()

    def correct(self) -> None:
        name = self.chance.choice(sorted(self.files))
        rows = [row for row in self.files[name] if self.chance.random() < 0.95]
        self.write(name, rows or self.files[name], "--replace")
        self.publish()

    def remove(self) -> None:
        name = self.chance.choice(
            [name for name in sorted(self.files) if name != "base.parquet"] or [""]
        )
        if name:
            self.store.run("unload", name)
            self.late += self.files.pop(name)
        self.publish()

    def expire(self) -> None:
        self.publish("expire", "--keep-days", str(self.chance.choice((45, 50, 60))))


def asked_of(table: str) -> tuple[str, ...]:
    """The export of a table with every cell; figures of Firefox are of nobody."""
    return (table,) if table == "firefox" else (table, *ALL_CELLS)


def changes_by_loops(life: Life) -> set[tuple[Any, ...]]:
    """Every cell of an earlier export that the next has otherwise: publication, table, group, column, day."""
    changes = set()
    numbers = sorted(life.saved)
    for before, after in pairwise(numbers):
        for name in LISTED:
            then, now = (
                parsed(life.saved[each][asked_of(name)].decode()) for each in (before, after)
            )
            group = KEYS[name]
            later = {(row["day"], row.get(group)): row for row in now}
            for row in then:
                other = later.get((row["day"], row.get(group)), {})
                for column in row:
                    if column not in ("day", group) and row[column] != other.get(column):
                        changes.add((after, name, row.get(group) or "", column, row["day"]))
    return changes


def assert_no_other_number(now: str, then: str) -> None:
    """Each cell is as it was, or absent, since it would reveal a few people beside today's."""
    for row, before in zip(parsed(now), parsed(then), strict=True):
        assert all(row[name] in (before[name], None) for name in before)


def assert_given_back(life: Life, numbers: Iterable[int]) -> None:
    """Each export of these publications is the same to the byte."""
    for number in numbers:
        for asked, printed in life.saved[number].items():
            ran = life.store.must("export", *asked, "--publication", str(number))
            if "--min-users=0" in asked or asked == ("firefox",):
                assert ran.out == printed, (number, asked)
            else:
                assert_no_other_number(ran.text, printed.decode())


def assert_listed(life: Life, rows: pd.DataFrame) -> None:
    """The list of changes is complete, each with its reason, and has no other."""
    rows = rows[rows["table"].isin(LISTED)]
    keys = ["publication", "table", "group", "column", "day"]
    found = list(
        rows.assign(day=rows["day"].dt.strftime("%Y-%m-%d"))[keys].itertuples(
            index=False, name=None
        )
    )
    assert len(set(found)) == len(found)
    assert set(found) == changes_by_loops(life)
    assert rows["because"].all()


def people(day: str, first: int, count: int, system: str) -> list[Event]:
    """Users of an operating system on a day, numbered from ``first`` on, who each connect a device."""
    rows = []
    for number in range(first, first + count):
        tags = {"user_agent_os": system, "uid": user(number), "seq_id": f"{day}-{number}"}
        rows += [
            event(at(day), "sequence.begin", seq_time=0, service="sync", **tags),
            event(at(day), "device.connected", seq_time=5000, service="sync", **tags),
        ]
    return rows


@pytest.fixture(scope="module")
def life(make_store) -> Life:
    """A store of 35 people a day, of whom 20 use Linux, with seven publications on a day.

    Of D[30] people come late in the second (3 of Linux), third (15 of Linux, 3 of Windows) and fourth (14
    of Linux, by a correction); the 3 are removed in the fifth. Of D[35] 15 come late in the third. Then raw
    events expire, and there are figures of Firefox.
    """
    made = Life(make_store())
    moments = (datetime(2016, 3, 1, hour) for hour in range(1, 24))
    usual = [row for day in D[:45] for row in people(day, 0, 20, "Linux")]
    usual += [row for day in D[:45] for row in people(day, 20, 15, "Windows 7")]
    mixed = people(D[30], 103, 15, "Linux") + people(D[30], 118, 3, "Windows 7")
    mixed += people(D[35], 103, 15, "Linux")
    with mock.patch.object(shared, "now", lambda: next(moments)):
        for name, rows in (
            ("base.parquet", usual),
            ("few.parquet", people(D[30], 100, 3, "Linux")),
            ("mixed.parquet", mixed),
            ("mixed.parquet", mixed + people(D[30], 121, 14, "Linux")),
        ):
            made.write(name, rows, "--replace")
            made.publish()
        made.store.must("unload", "few.parquet")
        made.publish()
        made.publish("expire", "--keep-days", "42")
        made.firefox()
    assert list(made.saved) == [1, 2, 3, 4, 5, 6, 7]
    return made


def test_each_earlier_export_is_given_back(life: Life) -> None:
    """After late, corrected, removed and expired loads every earlier export is printed again to the byte.

    The first goes back through all others; in long runs each is printed.
    """
    assert_given_back(life, life.saved if LONG else (1, 4, 6, 7))


def test_every_change_is_listed(life: Life, revised: pd.DataFrame) -> None:
    """The list of changes since the first publication is complete, and has no other."""
    assert_listed(life, revised)


@pytest.mark.long
def test_each_of_200_earlier_exports_is_given_back(make_store) -> None:
    """The same for 200 random loads, corrections, removals, expiries and figures of Firefox."""
    life = RandomLife(make_store(), 22, exports=2)
    steps = [life.late_rows, life.correct, life.remove, life.new_day, life.firefox]
    with mock.patch.object(recording, "ALL_DAYS", 10_000):
        for number in range(1, 5 * PUBLICATIONS):
            life.chance.choice(steps)() if number % PUBLICATIONS else life.expire()
            if len(life.saved) > PUBLICATIONS:
                break
    assert len(life.saved) > PUBLICATIONS
    assert_given_back(life, life.saved)
    with environment(**life.store.settings()):
        assert_listed(life, revisions(Settings.read(), min(life.saved), 0))


@pytest.fixture(scope="module")
def shown(life: Life) -> Iterator[dict[int, Warehouse]]:
    """Publications as readers have them, by their number; the seventh is the newest."""
    with environment(**life.store.settings()):
        settings = Settings.read()
        opened = {n: open_warehouse(settings, 50, publication=n) for n in (1, 2, 3, 4, 7)}
    yield opened
    for each in opened.values():
        each.close()


def of_day(warehouse: Warehouse, table: str, column: str, day: str, **filters: Any) -> float | None:
    """A count of a day, as readers have it with the usual minimum; of users, that of all."""
    rows = warehouse.ask(Question(table, Filters(**filters))).table
    rows = rows[(rows["day"] == day) & (rows.get("audience", "all") == "all")]
    (count,) = rows[column]
    return None if pd.isna(count) else float(count)


@pytest.mark.parametrize("filters", ({}, {"os": ("Linux",)}), ids=("all", "filtered"))
def test_no_earlier_number_reveals_a_few_people(
    shown: dict[int, Warehouse], filters: dict[str, Any]
) -> None:
    """An earlier number is absent where today's differs from it by 1 to 9 people, and shown elsewhere."""
    days = partial(of_day, table="engagement", column="dau", **filters)
    usual = 20 if filters else 35
    assert [days(shown[3], day=day) for day in (D[20], D[30])] == [usual, 38 if filters else 56]
    assert [days(shown[4], day=day) for day in (D[20], D[30])] == [usual, None]


def test_an_attacker_subtracts_an_earlier_publication_from_today(
    shown: dict[int, Warehouse],
) -> None:
    """Of attempts, no earlier table less today's gives 1 to 9 of a system, nor do wholes less parts."""
    tables = [{}, *({each: ("Windows 7",)} for each in ("os", "not_os"))]
    begun = {
        number: [of_day(shown[number], "completion", "begun", D[30], **each) for each in tables]
        for number in (1, 3, 4, 7)
    }
    absent = 0
    for number in (1, 3, 4):
        pairs = list(zip(begun[number], begun[7], strict=True))
        whole, *parts = [None if None in pair else pair[0] - pair[1] for pair in pairs]
        differences = [whole, *parts, *(whole - p for p in parts if None not in (whole, p))]
        assert all(each is None or each == 0 or abs(each) > 9 for each in differences), differences
        absent += differences.count(None)
    assert absent


def test_two_earlier_publications_differ_by_few(shown: dict[int, Warehouse]) -> None:
    """What docs/privacy.md leaves open: each is far from today's, and the 3 late people are between them."""
    daily = partial(of_day, table="engagement", column="dau", day=D[30])
    assert daily(shown[2]) - daily(shown[1]) == 3


def test_changes_are_listed_with_the_load(revised: pd.DataFrame) -> None:
    """A change is listed with its load, correction or removal."""
    assert daily_users(revised) == [
        (D[30], 35, 38, "load of few.parquet"),
        (D[30], 38, 56, "load of mixed.parquet"),
        (D[35], 35, 50, "load of mixed.parquet"),
        (D[30], 56, 70, "correction of mixed.parquet"),
        (D[30], 70, 67, "removal of few.parquet"),
    ]


def test_listed_changes_reveal_no_few_people(revised: pd.DataFrame) -> None:
    """Any two numbers of a day that are listed are the same or at least 10 people apart; others are blank."""
    assert [row[:3] for row in daily_users(without_few(revised, 10))] == [
        (D[30], None, 38),
        (D[30], 38, 56),
        (D[35], 35, 50),
        (D[30], 56, None),
        (D[30], None, 67),
    ]


@pytest.fixture(scope="module")
def revised(life: Life) -> pd.DataFrame:
    """Every change since the first publication."""
    with environment(**life.store.settings()):
        return revisions(Settings.read(), 1, 0)


def daily_users(rows: pd.DataFrame) -> list[tuple[Any, ...]]:
    """The changes of daily users: day, before, after, because; None is blank."""
    of_all = (rows["table"] == "engagement") & (rows["group"] == "all") & (rows["column"] == "dau")
    return [
        (f"{row.day:%Y-%m-%d}", number(row.before), number(row.after), row.because)
        for row in rows[of_all].itertuples()
    ]


def number(cell: Any) -> float | None:
    return None if pd.isna(cell) else float(cell)


def test_publications_are_listed(life: Life) -> None:
    """`publications` lists number, time, days and bytes; `--published-by` finds the last of a day."""
    rows = cells(life.store.must("publications").text)
    assert [row["publication"] for row in rows] == list("1234567")
    assert rows[1]["days_changed"] == "15" and rows[0]["last_day"] == D[44]
    assert int(rows[0]["bytes"]) < int(rows[-1]["bytes"]) / 10
    asked = ("export", "engagement")
    assert life.store.must(*asked, "--published-by=2016-03-01").out == life.store.must(*asked).out
    refused = life.store.run("export", "engagement", "--published-by=2016-01-01")
    assert refused.status == 1 and "the history begins with publication 1" in refused.err
    refused = life.store.run("export", "engagement", "--publication=9")
    assert refused.status == 1 and "publication 9 can't be shown" in refused.err
    for wrong in (["--since=2016-01-01"], ["--publication=1", "--published-by=2016-01-01"]):
        assert life.store.run("export", "engagement", *wrong).status == 2


def test_of_long_past_days_the_last_publication_is_retained(life: Life, tmp_path: Path) -> None:
    """Publications of a day more than two days ago are folded into its last, which is given back exactly."""
    made = life.store.copied_to(tmp_path / "copy")
    with mock.patch.object(shared, "now", lambda: datetime(2016, 3, 9)):
        made.must("load-firefox", _firefox(made))
    assert [row["publication"] for row in cells(made.must("publications").text)] == ["7", "8"]
    for asked, printed in life.saved[7].items():
        assert made.must("export", *asked, "--publication=7").out == printed


def _firefox(made: Store) -> Path:
    path = made.files / "firefox.csv"
    path.write_text(FIREFOX.format(dau=300).replace("2016-02", "2016-01"))
    return path


def test_a_damaged_history_keeps_nothing_from_going_on(life: Life, tmp_path: Path) -> None:
    """doctor names a damaged history; earlier publications are refused, and the next begins a new one."""
    made = life.store.copied_to(tmp_path / "copy")
    file = publications.history_of((made.home / "kpi.duckdb").resolve())
    file.write_bytes(b"no database" * 4000)
    assert f"{file.name}, which gives" in made.run("doctor").said
    assert made.run("export", "engagement", "--publication=1").status == 1
    made.must("load-firefox", _firefox(made))
    listed = made.must("publications")
    assert len(cells(listed.text)) == 1 and "couldn't be read" in listed.err


def test_a_false_history_is_refused(life: Life, tmp_path: Path) -> None:
    """A publication whose rows differ from the record of it is never shown."""
    made = life.store.copied_to(tmp_path / "copy")
    file = publications.history_of((made.home / "kpi.duckdb").resolve())
    history.remove_past_files(made.home)
    with duckdb.connect(str(file)) as changed:
        changed.execute("DELETE FROM daily_users WHERE publication_id = 2")
    refused = made.run("export", "engagement", "--publication=1")
    assert refused.status == 1 and "daily_users would differ" in refused.err


def test_only_the_newest_file_stays(life: Life, tmp_path: Path) -> None:
    """An hour after a publication the files before it go; the history still gives their numbers back."""
    made = life.store.copied_to(tmp_path / "copy")
    before = made.must("export", "engagement", "--publication=2", *ALL_CELLS).out
    newest = (made.home / "kpi.duckdb").resolve()
    publications.remove_superseded(made.home, newest, newest.stat().st_mtime + 3500)
    assert len(publications.numbered(made.home)) == 3
    publications.remove_superseded(made.home, newest, newest.stat().st_mtime + 3700)
    assert list(publications.numbered(made.home)) == [7]
    assert made.must("export", "engagement", "--publication=2", *ALL_CELLS).out == before


def test_an_earlier_publication_is_a_way_back(life: Life, tmp_path: Path) -> None:
    """Where only the newest is left and damaged, doctor names a publication that was written again."""
    made = life.store.copied_to(tmp_path / "copy")
    made.must("export", "engagement", "--publication=5")
    newest = (made.home / "kpi.duckdb").resolve()
    publications.remove_superseded(made.home, newest, newest.stat().st_mtime + 3700)
    newest.write_bytes(b"no database" * 4000)
    assert "past/kpi-000005.duckdb" in made.run("doctor").said


def test_a_backup_has_the_history(life: Life, tmp_path: Path) -> None:
    """A restored backup gives earlier publications back."""
    made = life.store.copied_to(tmp_path / "copy")
    made.must("backup")
    (backup,) = (made.home / "backups").iterdir()
    restored = Store(tmp_path / "restored")
    backup.rename(restored.home)
    asked = ("export", "engagement", "--publication=1")
    assert restored.must(*asked).out == made.must(*asked).out
    assert "history: 7 publications" in restored.run("doctor").said


def test_a_copy_that_followed_the_link_has_no_history(life: Life, tmp_path: Path) -> None:
    """A store whose newest publication is a plain `kpi.duckdb` lists no earlier ones, and is read as ever."""
    shutil.copy(life.store.home / "kpi.duckdb", tmp_path / "kpi.duckdb")
    settings = Settings.read({"KPI_HOME": str(tmp_path)})
    assert store.past_publications(settings) == []
    with closing(open_warehouse(settings)) as warehouse:
        assert warehouse.publication.last_complete_day is not None


def test_a_database_has_no_history() -> None:
    """Of a server, earlier publications are refused in a sentence."""
    with pytest.raises(Refused, match="its newest publication only"):
        store.past_publications(Settings(database_url="postgresql://nobody@nowhere/kpi"))
