"""Files as people really have them: each loads as what it says, or is refused by its reason.

The files of `cases/` were made after public bug reports and the sources of the systems that wrote such
files. Each shows a kind of fault; the right values are beside its name.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import shutil
from collections.abc import Callable, Iterable
from typing import Any

import duckdb
import pyarrow
import pyarrow.parquet
import pytest
from conftest import TESTS, Ran, Store, daily
from event_files import SPECIFIED_NAMES, write_bytes

from kpi.events.staging import Staging

CASES = TESTS / "cases"

LOADED: dict[str, tuple[int, int, int, int, str, str]] = {
    "activity-account-created.csv": (10, 10, 10, 0, "2016-09-02", "2016-09-02"),
    "activity-gz-inside-plain-name.csv": (6, 3, 3, 0, "2016-09-02", "2016-09-02"),
    "activity-plain-inside-gz-name.csv.gz": (6, 3, 3, 0, "2016-09-02", "2016-09-02"),
    "activity-json-iso-timestamp.json": (6, 3, 0, 0, "2016-09-02", "2016-09-02"),
    "activity-json-time-offset.json": (6, 3, 0, 0, "2016-09-01", "2016-09-01"),
    "activity-unload-pipes.csv": (6, 3, 3, 0, "2016-09-02", "2016-09-02"),
    "amplitude-event-lines.json": (6, 3, 3, 0, "2016-09-02", "2016-09-02"),
    "auth-log-flow-in-first-lines.json": (253, 20, 40, 1, "2016-09-02", "2016-09-02"),
    "auth-log-with-request-summaries.json": (6, 3, 0, 0, "2016-09-02", "2016-09-02"),
    "auth-syslog-prefix.json": (6, 3, 0, 0, "2016-09-02", "2016-09-02"),
    "bq-fxa-log-auth-events.csv": (6, 3, 0, 0, "2020-06-12", "2020-06-12"),
    "events-backslash-quote.csv": (30, 30, 1, 0, "2016-09-02", "2016-09-02"),
    "events-comment-before-header.csv": (2, 2, 1, 0, "2016-09-02", "2016-09-02"),
    "events-excel-sep-line.csv": (2, 2, 1, 0, "2016-09-02", "2016-09-02"),
    "events-header-user-id.csv": (6, 3, 6, 6, "2016-09-02", "2016-09-02"),
    "events-headerless-15.csv": (6, 3, 3, 6, "2016-09-02", "2016-09-02"),
    "events-iso-timestamps.csv": (6, 3, 3, 6, "2016-09-02", "2016-09-02"),
    "events-json-array.json": (6, 3, 0, 0, "2016-09-02", "2016-09-02"),
    "events-json-user-id.json": (6, 3, 1, 0, "2016-09-02", "2016-09-02"),
    "events-leading-blank-line.csv": (1, 1, 1, 1, "2016-09-02", "2016-09-02"),
    "events-long-browser.csv": (10, 10, 1, 0, "2016-09-02", "2016-09-02"),
    "events-mixed-ends-and-a-blank-line.csv": (3, 3, 3, 3, "2016-09-02", "2016-09-02"),
    "events-one-row-in-ten-lacks-device.csv": (10, 3, 3, 0, "2016-09-02", "2016-09-02"),
    "events-open-quote.csv": (299, 299, 1, 0, "2016-09-02", "2016-09-02"),
    "events-placeholder-uids.csv": (11, 2, 3, 9, "2016-09-02", "2016-09-02"),
    "events-semicolons.csv": (6, 3, 3, 6, "2016-09-02", "2016-09-02"),
    "events-space-after-comma.csv": (6, 3, 3, 6, "2016-09-02", "2016-09-02"),
    "events-tabs.csv": (6, 3, 3, 6, "2016-09-02", "2016-09-02"),
    "events-uid-case-and-space.csv": (4, 1, 3, 4, "2016-09-02", "2016-09-02"),
    "events-utf8-bom-30-lines.json": (30, 30, 1, 0, "2016-09-02", "2016-09-02"),
    "flow-blank-service-means-sync.csv": (24, 10, 0, 10, "2016-09-02", "2016-09-02"),
    "flow-json-type-and-event.json": (18, 6, 0, 6, "2016-09-02", "2016-09-02"),
    "flow-mixed-16-and-18-columns.csv": (12, 3, 0, 6, "2016-09-02", "2016-09-02"),
    "flow-negative-flow-time.csv": (183, 61, 0, 61, "2016-09-02", "2016-09-02"),
    "mozlog-envelope-activity.json": (6, 3, 3, 0, "2016-09-02", "2016-09-02"),
    "pq-activity-time-timestamp.parquet": (6, 3, 3, 0, "2016-09-02", "2016-09-02"),
    "pq-binary.parquet": (6, 3, 3, 6, "2016-09-02", "2016-09-02"),
    "pq-newuser-double.parquet": (6, 3, 3, 6, "2016-09-02", "2016-09-02"),
}
"""Of each file: events, users, devices, sequences, first and last UTC day."""

REFUSED = {
    "activity-milliseconds.csv": ("in milliseconds, where seconds are expected", "--time-unit"),
    "activity-json-timestamp-ms.json": ("in milliseconds, where seconds are expected",),
    "activity-json-time-seconds.json": ("time is in seconds, where milliseconds are expected",),
    "events-seconds.csv": ("in seconds, where milliseconds are expected", "--time-unit seconds"),
    "events-excel-scientific.csv": ("scientific notation", "last digits are lost"),
    "events-header-device.csv": ("deviceId is missing", "'device' is no known name"),
    "auth-log-without-time.json": ("time is missing",),
    "email-events-2016-09-02.csv": ("holds email events, not activity",),
    "events.zip": ("is a zip archive", "unzip it"),
    "activity.csv.bz2": ("compressed with bzip2", "bunzip2"),
}

SAID = {
    "events-header-user-id.csv": "read: user_id as uid",
    "bq-fxa-log-auth-events.csv": "user_id as uid",
    "events-placeholder-uids.csv": "line 2, and in 8 more rows: uid is a placeholder",
    "auth-log-with-request-summaries.json": "lines that are no events: 6",
    "events-comment-before-header.csv": "lines that are no events: 1",
    "events-open-quote.csv": "line 5: a quote is not closed; row rejected",
    "events-long-browser.csv": "line 5: tag is longer than 256 bytes, shortened; row loaded",
    "flow-blank-service-means-sync.csv": "6 sequences have a blank service",
    "flow-negative-flow-time.csv": "flow_time is negative or over 30 years, left out; row loaded",
    "events-json-user-id.json": "read: user_id as uid",
}


def raw(store: Store, query: str) -> tuple[Any, ...]:
    """A row of the private file."""
    with duckdb.connect() as engine:
        engine.execute("ATTACH $1 AS private (READ_ONLY)", [str(store.home / "events.duckdb")])
        engine.execute("USE private")
        return engine.execute(query).fetchone()


ALONE = (
    "auth-log-with-request-summaries.json",
    "events-comment-before-header.csv",
    "pq-binary.parquet",
)
"""Files that are loaded alone, too: of the first two, what is said is a sum over all files."""


def counts(store: Store, name: str) -> tuple[Any, ...]:
    """Of a file: events, users, devices, sequences, first and last UTC day."""
    return raw(
        store,
        "SELECT COUNT(*), COUNT(DISTINCT uid), COUNT(DISTINCT device_id), COUNT(DISTINCT seq_id), "
        'MIN(EPOCH_MS("timestamp"))::DATE::VARCHAR, MAX(EPOCH_MS("timestamp"))::DATE::VARCHAR '
        f"FROM event INNER JOIN load USING (load_id) WHERE source = '{name.removesuffix('.gz')}'",
    )


@pytest.fixture(scope="module")
def loaded(make_store: Callable[[], Store]) -> tuple[Store, Ran]:
    """A store with every file that loads, by one command, and what it said."""
    store = make_store()
    return store, store.load(*(CASES / name for name in LOADED))


@pytest.mark.parametrize("name", LOADED)
def test_loads(name: str, loaded: tuple[Store, Ran]) -> None:
    """The file loads, with every user, device and sequence that its lines hold, on their UTC days."""
    store, ran = loaded
    assert counts(store, name) == LOADED[name], ran.said
    assert name in ALONE or SAID.get(name, "") in ran.said


@pytest.mark.parametrize("name", daily(*ALONE, of=LOADED))
def test_loads_alone(name: str, store: Store) -> None:
    """So it does alone; loaded again it is already there."""
    ran = store.load(CASES / name)
    assert counts(store, name) == LOADED[name], ran.said
    assert SAID.get(name, "") in ran.said
    assert store.run("load", CASES / name).text.startswith("0 files loaded, 1 already there")


@pytest.mark.parametrize("name", REFUSED)
def test_is_refused(name: str, store: Store) -> None:
    """The file is refused in a line that names it, what was seen, and what to do; nothing is loaded."""
    ran = store.run("load", CASES / name)
    assert ran.status == 1 and len(ran.err.splitlines()) == 1 and len(ran.err) < 600
    for words in (name, *REFUSED[name]):
        assert words in ran.err
    assert store.must("loads").text.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("activity-milliseconds.csv", "milliseconds"),
        ("activity-json-timestamp-ms.json", "milliseconds"),
        ("activity-json-time-seconds.json", "seconds"),
        ("events-seconds.csv", "seconds"),
    ],
)
def test_unit_can_be_given(name: str, unit: str, store: Store) -> None:
    """What the refusal says to do works: with its unit named, the file loads on its day."""
    store.must("load", f"--time-unit={unit}", CASES / name)
    first = raw(store, 'SELECT COUNT(*), MIN(EPOCH_MS("timestamp"))::DATE::VARCHAR FROM event')
    assert first == (6, "2016-09-02")


def test_folder_of_mixed_names(store: Store) -> None:
    """Every file of a folder is loaded, whatever its name, or named with the reason why it isn't."""
    ran = store.run("load", CASES / "folder-mixed-names")
    assert ran.status == 1 and "7 files loaded" in ran.text and "1 refused" in ran.text
    (line,) = ran.err.splitlines()
    assert "events-2016-09-05.csv.bz2: is compressed with bzip2" in line
    days = raw(store, 'SELECT COUNT(DISTINCT EPOCH_MS("timestamp")::DATE), COUNT(*) FROM event')
    assert days == (7, 21)


def test_neighbours_of_event_files_are_passed_over(store: Store) -> None:
    """Email events, Firefox figures and notes in a folder are named, counted, and no fault."""
    shutil.copy(CASES / "email-events-2016-09-02.csv", store.files)
    shutil.copy(CASES / "activity-unload-pipes.csv", store.files)
    (store.files / "README").write_text("The files of a day.\n")
    (store.files / "firefox.csv").write_text("day,product,dau,mau\n2016-09-02,ios,1,2\n")
    ran = store.must("load", store.files)
    assert "1 file loaded" in ran.text and "0 refused, 3 passed over" in ran.text
    assert len(ran.err.splitlines()) == 3
    for words in ("holds email events", "holds Firefox figures", "README: is neither CSV"):
        assert words in ran.err


# Relatives of the cases -----------------------------------------------------------------------------

START = 1472774400000  # 2 September 2016
EVENTS = [
    {
        "event": "account.signed",
        "time": START + 60_000 * place,
        "uid": f"{place % 3 + 1:032x}",
        "device_id": f"{place % 3 + 100:032x}",
        "userAgent": "Mozilla/5.0 (Windows NT 6.1; rv:48.0) Gecko/20100101 Firefox/48.0",
        "service": "sync",
    }
    for place in range(6)
]
FIELDS = [{name: event[name] for name in event if name != "time"} for event in EVENTS]
HEADER = ",".join(SPECIFIED_NAMES.values())
ROWS = [
    f"{event['time']},,,account.signed,{event['uid']},{event['device_id']},0,Firefox,48,Windows 7,sync,,,,"
    for event in EVENTS
]
ACTIVITY = [
    f"{START // 1000 + place},Firefox,48,Windows 7,{place % 3 + 1:064x},account.signed,sync,{place % 3:032x}"
    for place in range(6)
]


def lines_of(rows: Iterable[str], separator: str = "\n") -> bytes:
    """Lines of text, each with its end."""
    return "".join(row + separator for row in rows).encode()


def parquet_of(columns: dict[str, Any]) -> bytes:
    """A Parquet file of these columns."""
    packed = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(columns), packed)
    return packed.getvalue()


RELATIVES: dict[str, bytes] = {
    "docker.json": lines_of(
        json.dumps(
            {"log": json.dumps(event) + "\n", "stream": "stdout", "time": "2016-09-02T00:00:00Z"}
        )
        for event in EVENTS
    ),
    "container.log": lines_of(f"2016-09-02T00:00:00.1Z stdout F {json.dumps(e)}" for e in EVENTS),
    "compose.log": lines_of(f"auth_1  | {json.dumps(event)}" for event in EVENTS),
    "server.log": lines_of(
        ["Listening on 9000", *(f"[x] INFO auth: {json.dumps(e)}" for e in EVENTS)]
    ),
    "stackdriver.json": lines_of(
        json.dumps(
            {"severity": "INFO", "jsonPayload": {"Timestamp": START * 10**6, "Fields": fields}}
        )
        for fields in FIELDS
    ),
    "bigquery.json": lines_of(
        json.dumps(
            {"timestamp": "2016-09-02 00:00:00.123 UTC", "jsonPayload": {"type": "x", "fields": f}}
        )
        for f in FIELDS
    ),
    "pretty.json": json.dumps(EVENTS, indent=2).encode(),
    "objects.json": lines_of(json.dumps(event, indent=2) for event in EVENTS),
    "array.json": b"[\n" + b",\n".join(json.dumps(e).encode() for e in EVENTS) + b"\n]\n",
    "mac.csv": lines_of([HEADER, *ROWS], "\r"),
    "quoted.csv": lines_of(",".join(f'"{c}"' for c in row.split(",")) for row in [HEADER, *ROWS]),
    "spaced.csv": lines_of(", ".join(f'"{c}"' for c in row.split(",")) for row in [HEADER, *ROWS]),
    "joined.csv": lines_of([HEADER, *ROWS[:3], HEADER, *ROWS[3:]]),
    "capitals.csv": lines_of([HEADER.upper(), *ROWS]),
    "comma.csv": lines_of(
        [
            HEADER,
            *(
                row.replace(str(e["time"]), '"2016-09-02 00:00:00,5"')
                for e, row in zip(EVENTS, ROWS, strict=True)
            ),
        ]
    ),
    "floats.csv": lines_of([HEADER, *(row.replace(",,,account", ".0,,,account") for row in ROWS)]),
    "blanks.csv": lines_of([HEADER, *(row.replace("sync", "\\N") for row in ROWS)]),
    "pipes.csv": lines_of("|".join(f'"{cell}"' for cell in row.split(",")) for row in ACTIVITY),
    "semicolons.txt": lines_of(row.replace(",", ";") for row in ACTIVITY),
    "two kinds.csv": lines_of([*ACTIVITY[:5], ACTIVITY[5].rpartition(",")[0]]),
    "no last end": lines_of(ACTIVITY).rstrip(),
    "zoned.parquet": parquet_of(
        {
            "time": pyarrow.array(
                [START * 10**6] * 6, pyarrow.timestamp("ns", tz="America/Los_Angeles")
            ),
            "event": pyarrow.array(["account.signed"] * 6).dictionary_encode(),
            "uid": pyarrow.array([event["uid"] for event in EVENTS], pyarrow.large_string()),
            "device_id": [event["device_id"] for event in EVENTS],
        }
    ),
    "nested.parquet": parquet_of(
        {
            "timestamp": pyarrow.array([START * 1000] * 6, pyarrow.timestamp("us")),
            "jsonPayload": [{"type": "x", "fields": fields} for fields in FIELDS],
        }
    ),
}


@pytest.fixture(scope="module")
def relatives(make_store: Callable[[], Store]) -> Store:
    """A store with each of these files, by one command; what is equal in them differs by name."""
    store = make_store()
    for name, content in RELATIVES.items():
        write_bytes(store.files / name, content)
    store.load(*(store.files / name for name in RELATIVES))
    return store


@pytest.mark.parametrize("name", RELATIVES)
def test_relative(name: str, relatives: Store) -> None:
    """Other files of the same kinds load, too: six events of three users on 2 September, and no reject."""
    assert counts(relatives, name) == (6, 3, 3, 0, "2016-09-02", "2016-09-02")
    kept, rejected, passed_over = raw(
        relatives,
        "SELECT rows_kept, rows_rejected, lines_passed_over FROM load "
        f"INNER JOIN load_contents USING (load_id) WHERE source = '{name}'",
    )
    assert (kept, rejected, passed_over) == (6, 0, int(name == "server.log"))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (
            "utf16.csv",
            lines_of([HEADER, *ROWS]).decode().encode("utf-16"),
            ("UTF-16", "save it as UTF-8"),
        ),
        (
            "twice.csv.gz",
            gzip.compress(gzip.compress(lines_of([HEADER, *ROWS]))),
            ("compressed twice",),
        ),
        (
            "names.csv",
            lines_of([HEADER.replace("uid", "person"), *ROWS]),
            ("uid is missing", "not known: person"),
        ),
        (
            "user.json",
            b'{"timestamp": 1472774400000, "type": "account.signed", "user": "u"}',
            ("uid is missing",),
        ),
        ("torn.json", b'{"event": "account.sig\n', ("is neither CSV, JSON lines nor Parquet",)),
    ],
)
def test_relative_is_refused(
    name: str, content: bytes, words: tuple[str, ...], store: Store
) -> None:
    """Other files that can't be read are refused by their reason."""
    path = store.files / name
    path.write_bytes(content)
    ran = store.run("load", path)
    assert ran.status == 1 and len(ran.err.splitlines()) == 1
    assert all(part in ran.err for part in (name, *words)), ran.err


def test_a_file_that_is_written_to(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that changes between its two readings is refused, and leaves nothing."""
    path = write_bytes(store.files / "growing.csv", lines_of([HEADER, *ROWS]))
    real = Staging.begin

    def grown(staging: Staging, *given: Any) -> None:
        with path.open("ab") as file:
            file.write(lines_of(ROWS[:1]))
        real(staging, *given)

    monkeypatch.setattr(Staging, "begin", grown)
    ran = store.run("load", path)
    assert ran.status == 1 and "changed while it was read" in ran.err
    assert raw(store, "SELECT COUNT(*) FROM event") == (0,)


def test_a_store_from_before_goes_on_spelling_ids(store: Store) -> None:
    """An id once hashed stays the same: a store that had loads before spells ids as its files do."""
    upper = ROWS[0].replace(EVENTS[0]["uid"], "ABCDEF0123456789")
    store.load(write_bytes(store.files / "first.csv", lines_of([HEADER, upper])))
    with duckdb.connect(str(store.home / "events.duckdb")) as engine:
        engine.execute("DELETE FROM store WHERE name = 'id_spelling'")
        engine.execute("UPDATE event SET uid = 'as it was hashed'")
    again = upper.replace(str(EVENTS[0]["time"]), str(START + 1))
    lower = again.lower().replace("windows 7", "Windows 7").replace("firefox", "Firefox")
    store.load(write_bytes(store.files / "second.csv", lines_of([HEADER, again, lower])))
    assert raw(store, "SELECT COUNT(DISTINCT uid) FROM event") == (3,)


# Numbers -----------------------------------------------------------------------------------------------


@pytest.fixture
def summarised(make_store: Callable[[], Store]) -> Callable[..., Store]:
    """Makes a store with a case's files, summarised under some settings."""

    def made(name: str, **told: str) -> Store:
        store = make_store()
        store.must("load", CASES / name, **told)
        store.must("summarise", **told)
        return store

    return made


def days_of(store: Store, audience: str = "all", *options: str) -> dict[str, dict[str, Any]]:
    """The rows of `engagement` by day."""
    rows = store.export("engagement", *options)
    return {row["day"]: row for row in rows if row["audience"] == audience}


@pytest.mark.every_engine("long")
def test_no_device_ids(summarised: Callable[..., Store]) -> None:
    """Without a device id nobody's number of devices is known: values are absent, and it is said why."""
    store = summarised("proto-7-columns-no-device-id")
    rows = store.export("multi-device")
    assert max(row["daily_users"] or 0 for row in rows) == 12
    for row in rows:
        for column, value in row.items():
            assert "multi" not in column or value is None
    for audience in ("multi_device", "single_device"):
        for row in days_of(store, audience).values():
            assert {row[name] for name in row if name not in ("day", "audience")} == {None}
    ran = store.must("export", "multi-device")
    assert "device id" in ran.err
    goals = store.must("export", "goals")
    assert re.search(r"^multi_device_share,.*,no data", goals.text, re.MULTILINE)
    assert "device id" in goals.err


@pytest.mark.long
@pytest.mark.every_engine("long")
def test_no_device_ids_by_platform(summarised: Callable[..., Store]) -> None:
    """By platform, the 6 of 12 users who are on Windows and Android every day are multi-device."""
    store = summarised("proto-7-columns-no-device-id", KPI_DEVICE_BY="platform")
    ran = store.must("export", "multi-device", "--min-users=0", KPI_DEVICE_BY="platform")
    shares = {line.split(",")[3] for line in ran.text.splitlines()[1:]} - {""}
    assert shares == {"50.0"}


@pytest.mark.every_engine("long")
def test_flows_among_activity(summarised: Callable[..., Store]) -> None:
    """Lines with a device and lines with a flow give both: 20 multi-device users, a connection of 12 s."""
    store = summarised("auth-log-flow-in-first-lines.json")
    multi = [row["daily_multi_device_users"] for row in store.export("multi-device")]
    assert max(count or 0 for count in multi) == 20
    times = [row for row in store.export("connection-time") if row["connections"]]
    assert [(row["connections"], row["median_seconds"]) for row in times] == [(1, 12)]


@pytest.mark.every_engine("long")
@pytest.mark.parametrize(
    ("services", "begun", "percent"),
    daily(("sync,(none)", 10, 40), of=[("sync,(none)", 10, 40), ("sync", 4, 100)]),
)
def test_blank_service(
    services: str, begun: int, percent: float, summarised: Callable[..., Store]
) -> None:
    """Flows of a blank service are attempts where the setting says so; where not, it is said."""
    store = summarised("flow-blank-service-means-sync.csv", KPI_SYNC_SERVICES=services)
    rows = [row for row in store.export("completion") if row["begun"]]
    assert [(row["begun"], row["completed"]) for row in rows] == [(begun, 4)]
    assert rows[0]["completion_percent"] == percent
    doctor = store.run("doctor", KPI_SYNC_SERVICES=services).text
    assert ("6 sequences" in doctor and "blank service" in doctor) == (services == "sync")


STRAY = (
    ("activity-last-row-after-midnight.csv", "2016-07-30", 421),
    ("activity-one-row-three-years-ahead.csv", "2016-07-30", 421),
    ("activity-one-row-of-2010.csv", "2016-07-30", 1),
)


@pytest.mark.every_engine("long")
@pytest.mark.parametrize(
    ("name", "first", "line"),
    daily(*STRAY[2:], of=STRAY),
)
def test_a_stray_row(name: str, first: str, line: int, summarised: Callable[..., Store]) -> None:
    """A row far from the others loads no day: the data end on 2 September with 100%; it is listed."""
    store = summarised(name)
    days = days_of(store)
    assert (min(days), max(days)) == (first, "2016-09-02")
    assert days["2016-09-02"]["engagement_ratio"] == 100
    doctor = store.run("doctor").text
    assert re.search(rf"{name}.*\bline {line}\b", doctor), doctor


@pytest.mark.every_engine("long")
def test_first_occurrence(summarised: Callable[..., Store]) -> None:
    """A flow id that is used again the next day stays the first day's: 9 s on 2 November."""
    store = summarised("flow-id-reused-next-day.csv")
    times = [row for row in store.export("connection-time") if row["connections"]]
    assert [(row["day"], row["median_seconds"]) for row in times] == [("2016-11-02", 9)]


@pytest.mark.every_engine("long")
def test_new_users_of_activity(summarised: Callable[..., Store]) -> None:
    """Whoever created an account in an activity file is new that day: 5 of 10 users."""
    store = summarised("activity-account-created.csv")
    assert days_of(store)["2016-09-02"]["dau"] == 10
    assert days_of(store, "all", "--users=new")["2016-09-02"]["dau"] == 5


@pytest.mark.every_engine("long")
@pytest.mark.parametrize(
    ("name", "begun", "completed"),
    [("flow-json-type-and-event.json", 6, 6), ("flow-negative-flow-time.csv", 61, 60)],
)
def test_attempts(name: str, begun: int, completed: int, summarised: Callable[..., Store]) -> None:
    """An envelope's type names no event; an unusable step time leaves its attempt begun."""
    rows = [row for row in summarised(name).export("completion") if row["begun"]]
    assert [(row["begun"], row["completed"]) for row in rows] == [(begun, completed)]


@pytest.mark.long
@pytest.mark.every_engine("long")
def test_ids_of_one_user(summarised: Callable[..., Store]) -> None:
    """Placeholders are nobody, and an id is the same in capitals and between spaces."""
    assert days_of(summarised("events-placeholder-uids.csv"))["2016-09-02"]["dau"] == 2
    assert days_of(summarised("events-uid-case-and-space.csv"))["2016-09-02"]["dau"] == 1
