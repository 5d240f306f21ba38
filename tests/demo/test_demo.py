"""The simulator: what its files must keep, whatever the numbers in them."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest
from conftest import KEY, Store, daily
from event_files import write
from logs import heartbeat

from kpi.demo import FIREFOX_FILE, markers, write_files

FIRST, LAST = date(2015, 3, 2), date(2015, 4, 26)
USERS, SEED = 400, 7
NATIVE = (
    "timestamp",
    "seqId",
    "seqTime",
    "type",
    "uid",
    "deviceId",
    "newUser",
    "userAgentBrowser",
    "userAgentVersion",
    "userAgentOS",
    "service",
    "context",
    "entrypoint",
    "campaign",
    "migration",
)
KINDS = {
    "activity": "activity/*.csv",
    "flow": "flow/*.csv",
    "daily": "native/events-*.csv",
    "csv": "native/*.csv.zst",
    "json": "native/*.jsonl.zst",
    "parquet": "native/*.parquet",
}
CELLS = {"activity": 8, "flow": 16, "daily": 15, "csv": 16, "json": 16, "parquet": 16}


class Demo(NamedTuple):
    """One simulation: its folder, the event files it names, and a way to ask them."""

    folder: Path
    files: list[Path]
    engine: duckdb.DuckDBPyConnection

    def source(self, kind: str) -> str:
        """SQL that reads every file of one kind as text."""
        path = f"'{self.folder}/{KINDS[kind]}'"
        if kind == "parquet":
            return f"read_parquet({path})"
        if kind == "json":
            return f"read_json({path}, format = 'newline_delimited')"
        header = str(kind in ("daily", "csv")).lower()
        return (
            f"read_csv({path}, header = {header}, all_varchar = true, nullstr = ['', 'NULL'],"
            " delim = ',', ignore_errors = true)"
        )

    def rows(self, sql: str) -> list[tuple]:
        """The rows of a query."""
        return self.engine.execute(sql).fetchall()


def simulate(folder: Path, users: int = USERS, first: date = FIRST, last: date = LAST) -> Demo:
    """A simulation with a view `event` over all its files."""
    files = write_files(folder, users, first, last, SEED)
    engine = duckdb.connect()
    engine.execute("SET threads = 1")
    demo = Demo(folder, files, engine)
    parts = [
        (
            "SELECT TRY_CAST(column0 AS BIGINT) * 1000 AS t, NULL AS seq, NULL AS seq_time,"
            " column5 AS type, column4 AS uid, column7 AS device, NULL AS service, 'log' AS form"
            f" FROM {demo.source('activity')}"
        ),
        (
            "SELECT TRY_CAST(column00 AS BIGINT) * 1000, column02, TRY_CAST(column03 AS BIGINT),"
            f" column01, NULL, NULL, column10, 'flow' FROM {demo.source('flow')}"
        ),
    ]
    parts += [
        f"SELECT TRY_CAST(timestamp AS BIGINT), seqId, TRY_CAST(seqTime AS BIGINT), type, uid,"
        f" deviceId, service, 'native' FROM {demo.source(kind)}"
        for kind in ("daily", "csv", "json", "parquet")
    ]
    engine.execute(
        "CREATE TABLE event AS SELECT *, (t // 86400000)::INTEGER AS day FROM ("
        + " UNION ALL ".join(parts)
        + ") WHERE t > 1420000000000 AND length(uid) IS DISTINCT FROM 0"
    )
    return demo


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return simulate(tmp_path_factory.mktemp("demo"))


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_same_arguments_give_the_same_bytes(demo: Demo, tmp_path: Path) -> None:
    """Two runs with one seed agree in every file, byte for byte."""
    write_files(tmp_path, USERS, FIRST, LAST, SEED)
    assert digests(tmp_path) == digests(demo.folder)


def test_another_seed_gives_other_people(demo: Demo, tmp_path: Path) -> None:
    """No event file is the same under another seed."""
    write_files(tmp_path, USERS, FIRST, LAST, SEED + 1)
    ours, theirs = digests(demo.folder), digests(tmp_path)
    assert not {name for name in ours if ours[name] == theirs.get(name)}


def test_it_names_every_event_file_it_writes(demo: Demo) -> None:
    """The answer lists all files of the folder but the Firefox figures, each once."""
    found = {path for path in demo.folder.rglob("*") if path.is_file()}
    assert set(demo.files) == found - {demo.folder / FIREFOX_FILE}
    assert len(demo.files) == len(set(demo.files))


def test_all_formats_stand_with_their_columns(demo: Demo) -> None:
    """Eight weeks hold every kind of file, each with the number of columns it must have."""
    for kind, pattern in KINDS.items():
        assert list(demo.folder.glob(pattern)), kind
        columns = [row[0] for row in demo.rows(f"DESCRIBE SELECT * FROM {demo.source(kind)}")]
        assert len(columns) == CELLS[kind], kind
        if kind not in ("activity", "flow"):
            assert tuple(columns[:15]) == NATIVE, kind


def test_plain_lines_have_the_formats_cells_but_for_a_few(demo: Demo) -> None:
    """Nearly every line of the plain files has its format's cells; bad ones are under 0.1%."""
    lines = odd = 0
    for kind in ("activity", "flow", "daily"):
        for path in demo.folder.glob(KINDS[kind]):
            text = path.read_text(encoding="utf-8").splitlines()
            wrong = [line for line in text if line.count(",") + 1 != CELLS[kind]]
            assert len(wrong) <= 0.05 * len(text), path.name
            lines, odd = lines + len(text), odd + len(wrong)
    assert odd < 0.001 * lines


def test_bad_rows_are_sprinkled_thinly(tmp_path: Path) -> None:
    """A larger demo has some rows a loader must reject: at least one, fewer than 0.1%."""
    write_files(tmp_path, 3000, date(2015, 3, 2), date(2015, 3, 15), SEED)
    lines = [
        line
        for path in sorted(tmp_path.glob("native/*.csv"))
        for line in path.read_text(encoding="utf-8").splitlines()[1:]
    ]
    bad = [
        line
        for line in lines
        if line.count(",") != 14
        or len(line) > 400
        or not line.split(",")[0].isdigit()
        or line.split(",")[2].startswith("-")
        or line.split(",")[3] == "NULL"
    ]
    assert 0 < len(bad) < 0.001 * len(lines)


def test_every_day_lies_in_the_period_and_has_events(demo: Demo) -> None:
    """There are events on each day of the period and on no other."""
    days = demo.rows("SELECT DISTINCT day FROM event ORDER BY day")
    start = (FIRST - date(1970, 1, 1)).days
    assert [day for (day,) in days] == list(range(start, start + (LAST - FIRST).days + 1))


def test_files_are_in_order_of_time(demo: Demo) -> None:
    """Within a file no event is earlier than the one before it, bad rows apart."""
    for path in demo.folder.glob(KINDS["parquet"]):
        times = [t for (t,) in demo.rows(f"SELECT timestamp FROM read_parquet('{path}')")]
        assert times == sorted(times)
    for path in demo.folder.glob(KINDS["activity"]):
        cells = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines()]
        times = [
            int(row[0]) for row in cells if len(row) == 8 and row[0].isdigit() and row[0] > "1"
        ]
        assert times == sorted(times)


def test_people_keep_their_ids_through_all_formats(demo: Demo) -> None:
    """Ids are 32 hexadecimal characters, and most early users are met again later."""
    odd = demo.rows(
        "SELECT count(*) FROM event WHERE NOT regexp_full_match(uid, '[0-9a-f]{32}')"
        " OR NOT regexp_full_match(device, '[0-9a-f]{32}')"
    )
    assert odd == [(0,)]
    for column in ("uid", "device"):
        ((early, kept),) = demo.rows(
            f"SELECT count(DISTINCT a.{column}), count(DISTINCT b.{column}) FROM"
            f" (SELECT {column} FROM event WHERE form = 'log') AS a LEFT JOIN"
            f" (SELECT {column} FROM event WHERE form = 'native') AS b USING ({column})"
        )
        assert early > 50
        assert kept > 0.8 * early
    ((users,),) = demo.rows("SELECT count(DISTINCT uid) FROM event")
    assert 0.9 * USERS < users <= USERS


def test_weekends_are_quieter(demo: Demo) -> None:
    """Fewer people are active on Saturdays and Sundays than on other days."""
    ((week, weekend),) = demo.rows(
        "WITH dau AS (SELECT day, count(DISTINCT uid) AS users FROM event GROUP BY day)"
        " SELECT avg(users) FILTER ((day + 3) % 7 < 5), avg(users) FILTER ((day + 3) % 7 >= 5)"
        " FROM dau WHERE users > 0.5 * (SELECT median(users) FROM dau)"
    )
    assert 0.6 * week < weekend < 0.95 * week


def test_the_outage_leaves_little_but_not_nothing(demo: Demo) -> None:
    """The incident's days have some active users, far fewer than usual."""
    (incident,) = [note for note in markers(FIRST, LAST) if note.kind == "incident"]
    start = (incident.day - date(1970, 1, 1)).days
    users = dict(demo.rows("SELECT day, count(DISTINCT uid) FROM event GROUP BY day"))
    usual = sorted(users.values())[len(users) // 2]
    for day in (start, start + 1):
        assert 0 < users[day] < 0.5 * usual


def test_steps_of_a_finished_attempt_come_in_order(demo: Demo) -> None:
    """Begin at 0, then the account, then verification, then the connection; time agrees."""
    found = demo.rows(
        "SELECT min(seq_time) FILTER (type = 'sequence.begin') AS begun,"
        " min(seq_time) FILTER (type IN ('account.created', 'account.login')) AS entered,"
        " min(seq_time) FILTER (type = 'account.verified') AS verified,"
        " min(seq_time) FILTER (type = 'device.created') AS created,"
        " min(seq_time) FILTER (type = 'device.connected') AS connected,"
        " count(DISTINCT t - seq_time) AS starts, count(DISTINCT uid) AS users"
        " FROM event WHERE form = 'native' AND seq IS NOT NULL AND length(seq) = 32"
        " GROUP BY seq HAVING connected IS NOT NULL"
    )
    assert len(found) > 50
    for begun, entered, verified, created, connected, starts, users in found:
        assert begun in (0, None)
        assert 0 < entered < connected
        assert verified is None or entered <= verified <= connected
        assert created is None or entered <= created
        assert starts == users == 1


def test_attempts_fail_and_finish(demo: Demo) -> None:
    """More than a third and fewer than nine in ten begun attempts connect a device."""
    ((begun, done),) = demo.rows(
        "SELECT count(*), count(*) FILTER (done) FROM (SELECT"
        " bool_or(type IN ('sequence.begin', 'flow.begin')) AS begun,"
        " bool_or(type IN ('device.connected', 'account.keyfetch')) AS done FROM event"
        " WHERE seq IS NOT NULL GROUP BY seq HAVING bool_or(service = 'sync')) WHERE begun"
    )
    assert 0.35 * begun < done < 0.9 * begun


def test_firefox_figures_are_whole_and_sane(demo: Demo) -> None:
    """One row for each day and product, and a month's users are never fewer than a day's."""
    rows = demo.rows(f"SELECT * FROM read_csv('{demo.folder / FIREFOX_FILE}')")
    days = [FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 1)]
    products = ("desktop", "android", "ios")
    assert [row[:2] for row in rows] == [(day, product) for day in days for product in products]
    assert all(0 < dau <= mau for _, _, dau, mau in rows)


def test_firefox_for_ios_has_no_figures_before_its_launch(tmp_path: Path) -> None:
    """A period that sees the launch has iOS rows from that day on."""
    write_files(tmp_path, 20, date(2015, 11, 9), date(2015, 11, 20), SEED)
    text = (tmp_path / FIREFOX_FILE).read_text(encoding="utf-8")
    days = [line[:10] for line in text.splitlines() if ",ios," in line]
    assert days == [f"2015-11-{day}" for day in range(12, 21)]


@pytest.mark.parametrize(("users", "days"), [(1, 1), (1, 43), (30, 3), (30, 41)])
def test_few_people_and_short_periods(tmp_path: Path, users: int, days: int) -> None:
    """However little there is to simulate, no file is empty; under six weeks all are by day."""
    files = write_files(tmp_path, users, FIRST, FIRST + timedelta(days=days - 1), SEED)
    assert all(path.stat().st_size > 0 for path in files)
    if days < 42:
        assert all(path.match("native/events-*.csv") for path in files)
    if users > 1:
        assert len(files) == days


def test_annotations_are_in_order_and_of_known_kinds() -> None:
    """The default period has releases, an outage and holidays, by day."""
    notes = markers(date(2015, 1, 1), date(2016, 10, 31))
    assert [note.day for note in notes] == sorted(note.day for note in notes)
    assert {note.kind for note in notes} == {"release", "incident", "holiday"}
    assert len(notes) > 15


@pytest.mark.parametrize(("users", "last"), [(0, LAST), (10, FIRST - timedelta(days=1))])
def test_impossible_arguments_are_refused(tmp_path: Path, users: int, last: date) -> None:
    """Nobody, or a period that ends before it begins, is an error and writes nothing."""
    with pytest.raises(ValueError, match=r"users|before"):
        write_files(tmp_path, users, FIRST, last, SEED)
    assert not list(tmp_path.iterdir())


@pytest.mark.every_engine("long")
@pytest.mark.parametrize("key", daily(KEY, of=(None, KEY)))
def test_a_demo_takes_no_real_events(key: str | None, store: Store) -> None:
    """Real events aren't hashed with the demo's key and mixed with simulated ones; its own files load."""
    told = {"KPI_HMAC_KEY": key}
    build = ("demo", "--users=60", "--from=2016-01-01", "--to=2016-01-12")
    store.must(*build, **told)
    before = store.must("loads", **told).out
    real = write(store.files / "real.csv", heartbeat("2016-01-01", 3))
    own = store.home / "demo"
    for files in ((real,), (own, real), (store.files,)):
        ran = store.run("load", "--replace", *files, **told)
        assert ran.status == 1 and ran.out == b"" and len(ran.err.splitlines()) == 1
        assert str(real) in ran.err and "simulated demo" in ran.err and "to a" in ran.err
    assert store.must("loads", **told).out == before
    figures = store.must("export", "firefox", **told).out
    real = store.files / FIREFOX_FILE
    real.write_text("day,product,dau,mau\n2016-01-05,desktop,1,2\n")
    ran = store.run("load-firefox", "--replace", real, **told)
    assert ran.status == 1 and str(real) in ran.err and "simulated demo" in ran.err
    store.must("load-firefox", own / FIREFOX_FILE, **told)
    assert store.must("export", "firefox", **told).out == figures
    assert "0 files loaded" in store.load(own, **told).text
    store.must(*build, **told)
    assert store.must("loads", **told).out == before
