"""Earlier publications are given back exactly, from differences, and every change of a number is listed."""

from __future__ import annotations

import csv
import io
import random
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import pytest
from conftest import ALL_CELLS, EVERY_EXPORT, Store, parsed
from event_files import write
from logs import DAY_MS, D, Event, at, event, heartbeat, random_log, user

from kpi import store
from kpi.errors import Refused
from kpi.settings import Settings
from kpi.store import history, publications, shared

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

    def __init__(self, made: Store, seed: int, exports: int) -> None:
        self.store = made
        self.chance = random.Random(seed)
        self.saved: dict[int, dict[tuple[str, ...], bytes]] = {}
        self.files: dict[str, list[Event]] = {}
        self.exports = exports
        log = sorted(random_log(seed, days=64), key=lambda each: each["timestamp"])
        start = log[0]["timestamp"] // DAY_MS
        self.days: list[list[Event]] = [[] for _ in range(64)]
        self.late: list[Event] = []
        for row in log:
            held = (
                self.late
                if self.chance.random() < 0.1
                else self.days[row["timestamp"] // DAY_MS - start]
            )
            held.append(row)
        self.write("base.csv", [row for day in self.days[:45] for row in day])
        self.coming = self.days[45:]
        self.publish()

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
            asked = self.chance.sample(EVERY_EXPORT, self.exports)
            asked = [
                *asked,
                *((name, *ALL_CELLS) if name != "firefox" else (name,) for name in LISTED),
            ]
            self.saved[number] = self.store.exports(asked)

    def new_day(self) -> None:
        if self.coming:
            self.write(f"day{len(self.coming)}.csv", self.coming.pop(0))
        self.publish()

    def late_rows(self) -> None:
        rows = [self.late.pop(self.chance.randrange(len(self.late))) for _ in range(2) if self.late]
        if rows:
            self.write(f"late{len(self.late)}.csv", rows)
        self.publish()

    def correct(self) -> None:
        name = self.chance.choice(sorted(self.files))
        rows = [row for row in self.files[name] if self.chance.random() < 0.95]
        self.write(name, rows or self.files[name], "--replace")
        self.publish()

    def remove(self) -> None:
        name = self.chance.choice(
            [name for name in sorted(self.files) if name != "base.csv"] or [""]
        )
        if name:
            self.store.run("unload", name)
            self.late += self.files.pop(name)
        self.publish()

    def expire(self) -> None:
        self.publish("expire", "--keep-days", str(self.chance.choice((45, 50, 60))))

    def firefox(self) -> None:
        path = self.store.files / "firefox.csv"
        path.write_text(FIREFOX.format(dau=self.chance.randrange(100, 700)))
        self.publish("load-firefox", str(path), "--replace")


def changes_by_loops(life: Life) -> set[tuple[Any, ...]]:
    """Every cell of an earlier export that the next has otherwise: publication, table, group, column, day."""
    changes = set()
    numbers = sorted(life.saved)
    for before, after in pairwise(numbers):
        for name in LISTED:
            asked = (name, *ALL_CELLS) if name != "firefox" else (name,)
            then, now = (parsed(life.saved[each][asked].decode()) for each in (before, after))
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


def assert_given_back(life: Life) -> None:
    """Each earlier export is the same to the byte; the list of changes is complete and has no other."""
    first = min(life.saved)
    for number, exports in life.saved.items():
        for asked, printed in exports.items():
            ran = life.store.must("export", *asked, "--publication", str(number))
            if "--min-users=0" in asked or asked == ("firefox",):
                assert ran.out == printed, (number, asked)
            else:
                assert_no_other_number(ran.text, printed.decode())
    listed = life.store.must("export", "revisions", "--publication", str(first), *ALL_CELLS)
    rows = [row for row in cells(listed.text) if row["table"] in LISTED]
    found = [
        (int(row["publication"]), row["table"], row["group"], row["column"], row["day"])
        for row in rows
    ]
    assert len(set(found)) == len(found)
    assert set(found) == changes_by_loops(life)
    assert all(row["because"] for row in rows)


def test_each_earlier_export_is_given_back(make_store) -> None:
    """After late, corrected, removed and expired loads every earlier export is printed again to the byte."""
    life = Life(make_store(), 21, exports=1)
    for step in (life.late_rows, life.correct, life.remove, life.expire):
        step()
    assert len(life.saved) >= 4
    assert_given_back(life)


@pytest.mark.long
def test_each_of_200_earlier_exports_is_given_back(make_store) -> None:
    """The same for 200 random loads, corrections, removals, expiries and figures of Firefox."""
    life = Life(make_store(), 22, exports=2)
    steps = [life.late_rows, life.correct, life.remove, life.new_day, life.firefox]
    with mock.patch.object(history, "ALL_DAYS", 10_000):
        for number in range(1, 5 * PUBLICATIONS):
            life.chance.choice(steps)() if number % PUBLICATIONS else life.expire()
            if len(life.saved) > PUBLICATIONS:
                break
    assert len(life.saved) > PUBLICATIONS
    assert_given_back(life)


@pytest.fixture(scope="module")
def three(make_store) -> Store:
    """A store with three publications: of 20 users a day, of 3 more on a day, and of 15 more on another."""
    made = make_store()
    base = heartbeat(D[0], 40)
    base += [
        event(at(day), uid=user(n), user_agent_os="Linux") for day in D[:40] for n in range(20)
    ]
    few = [event(at(D[30]), uid=user(f"few{n}"), user_agent_os="Linux") for n in range(3)]
    many = [event(at(D[35]), uid=user(f"many{n}"), user_agent_os="Linux") for n in range(15)]
    for name, rows in (("base.csv", base), ("few.csv", few), ("many.csv", many)):
        made.load(write(made.files / name, rows))
        made.summarise()
    return made


def daily_users(made: Store, *arguments: str) -> dict[str, float | None]:
    """Daily users of all by day, as an export with the usual minimum has them."""
    rows = made.export("engagement", *arguments, min_users=10)
    return {row["day"]: row["dau"] for row in rows if row["audience"] == "all"}


def test_no_earlier_number_reveals_a_few_people(three: Store) -> None:
    """An earlier number is absent where today's less it is 1 to 9 people, and shown where it is more."""
    for filters in ((), ("--os=Linux",)):
        then, now = daily_users(three, "--publication=1", *filters), daily_users(three, *filters)
        assert now[D[30]] == 23 and then[D[30]] is None
        assert now[D[35]] == 35 and then[D[35]] == 20
        assert then[D[20]] == now[D[20]] == 20


def test_changes_are_listed_with_the_load(three: Store) -> None:
    """A changed number is listed with its load; of a few people neither number is shown."""
    printed = three.must("export", "revisions", "--publication=1").text
    rows = {
        row["day"]: row
        for row in cells(printed)
        if (row["table"], row["group"], row["column"]) == ("engagement", "all", "dau")
    }
    assert set(rows) == {D[30], D[35]}
    assert rows[D[35]]["before"] == "20.0" and rows[D[35]]["after"] == "35.0"
    assert rows[D[35]]["because"] == "load of many.csv"
    assert rows[D[30]]["before"] == rows[D[30]]["after"] == ""
    assert rows[D[30]]["because"] == "load of few.csv"


def test_publications_are_listed(three: Store) -> None:
    """`publications` lists number, time, days and bytes; `--published-by` finds the last of a day."""
    rows = cells(three.must("publications").text)
    assert [row["publication"] for row in rows] == ["1", "2", "3"]
    assert rows[1]["days_changed"] == "10" and rows[0]["last_day"] == D[39]
    assert int(rows[0]["bytes"]) < int(rows[2]["bytes"]) / 10
    today = rows[0]["published_at"][:10]
    assert daily_users(three, f"--published-by={today}") == daily_users(three)
    refused = three.run("export", "engagement", "--published-by=2016-01-01")
    assert refused.status == 1 and "the history begins with publication 1" in refused.err
    refused = three.run("export", "engagement", "--publication=9")
    assert refused.status == 1 and "publication 9 can't be shown" in refused.err
    for wrong in (["--since=2016-01-01"], ["--publication=1", "--published-by=2016-01-01"]):
        assert three.run("export", "engagement", *wrong).status == 2


def test_of_long_past_days_the_last_publication_is_retained(make_store) -> None:
    """Publications of a day more than two days ago are folded into its last, which is given back exactly."""
    made = make_store()
    moments = [
        datetime(2016, 3, 1, 8),
        datetime(2016, 3, 1, 9),
        datetime(2016, 3, 1, 10),
        datetime(2016, 3, 9),
    ]
    saved = {}
    rows = heartbeat(D[0], 30)
    for number, moment in enumerate(moments, 1):
        rows = [event(at(D[29 - number], f"0{n}:00"), uid=user(n)) for n in range(number)] + (
            rows if number == 1 else []
        )
        made.load(write(made.files / f"{number}.csv", rows))
        with mock.patch.object(shared, "now", lambda moment=moment: moment):
            made.summarise()
        saved[number] = made.must("export", "engagement", *ALL_CELLS).out
    made.must("load-firefox", _firefox(made))
    listed = [row["publication"] for row in cells(made.must("publications").text)]
    assert listed == ["3", "4", "5"]
    for number in (3, 4):
        asked = ("export", "engagement", *ALL_CELLS, f"--publication={number}")
        assert made.must(*asked).out == saved[number]


def _firefox(made: Store) -> Path:
    path = made.files / "firefox.csv"
    path.write_text(FIREFOX.format(dau=300))
    return path


def test_a_damaged_history_keeps_nothing_from_going_on(three: Store, tmp_path: Path) -> None:
    """doctor names a damaged history; earlier publications are refused, and the next begins a new one."""
    made = three.copied_to(tmp_path / "copy")
    file = publications.history_of((made.home / "kpi.duckdb").resolve())
    file.write_bytes(b"no database" * 4000)
    assert f"{file.name}, which gives" in made.run("doctor").said
    assert made.run("export", "engagement", "--publication=1").status == 1
    made.must("load-firefox", _firefox(made))
    listed = made.must("publications")
    assert len(cells(listed.text)) == 1 and "couldn't be read" in listed.err


def test_a_false_history_is_refused(three: Store, tmp_path: Path) -> None:
    """A publication whose rows differ from the record of it is never shown."""
    made = three.copied_to(tmp_path / "copy")
    file = publications.history_of((made.home / "kpi.duckdb").resolve())
    history.remove_past_files(made.home)
    with duckdb.connect(str(file)) as changed:
        changed.execute("DELETE FROM daily_users WHERE publication_id = 2")
    refused = made.run("export", "engagement", "--publication=1")
    assert refused.status == 1 and "daily_users would differ" in refused.err


def test_only_the_newest_file_stays(three: Store, tmp_path: Path) -> None:
    """An hour after a publication the files before it go; the history still gives their numbers back."""
    made = three.copied_to(tmp_path / "copy")
    before = made.must("export", "engagement", "--publication=2", *ALL_CELLS).out
    newest = (made.home / "kpi.duckdb").resolve()
    publications.remove_superseded(made.home, newest, newest.stat().st_mtime + 3500)
    assert len(publications.numbered(made.home)) == 3
    publications.remove_superseded(made.home, newest, newest.stat().st_mtime + 3700)
    assert list(publications.numbered(made.home)) == [3]
    assert made.must("export", "engagement", "--publication=2", *ALL_CELLS).out == before


def test_a_backup_has_the_history(three: Store, tmp_path: Path) -> None:
    """A restored backup gives earlier publications back."""
    made = three.copied_to(tmp_path / "copy")
    made.must("backup")
    (backup,) = (made.home / "backups").iterdir()
    restored = Store(tmp_path / "restored")
    backup.rename(restored.home)
    asked = ("export", "engagement", "--publication=1")
    assert restored.must(*asked).out == made.must(*asked).out
    assert "history: 3 publications" in restored.run("doctor").said


def test_a_database_has_no_history() -> None:
    """Of a server, earlier publications are refused in a sentence."""
    with pytest.raises(Refused, match="its newest publication only"):
        store.past_publications(Settings(database_url="postgresql://nobody@nowhere/kpi"))
