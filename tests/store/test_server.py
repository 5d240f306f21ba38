"""A server as the store: the same bytes as the folder of files, roles, one writer, plain refusals."""

from __future__ import annotations

import json
import os
import random
import re
import threading
from collections.abc import Callable, Iterator

import psycopg2
import pytest
from conftest import ALL_CELLS, EVERY_EXPORT, LONG, PROJECT, Store, environment
from event_files import write
from logs import D, at, days_from, event, heartbeat, random_log, user
from postgres import ENGINES, PASSWORD, Postgres, ServerStore
from product import table_of

OWN = re.compile(" publication:| local copy:| history:")
"""Lines of `doctor` that differ from store to store, or are of servers or files only."""

FORMATS = ("--format=json", "--format=parquet")
PERIODS = (f"--from={D[56]}", f"--to={D[76]}", "--days=7")
ASKED = (
    *EVERY_EXPORT,
    ("firefox",),
    ("goals",),
    ("moved", "engagement-ratio", *PERIODS, "--by=os", *ALL_CELLS),
    ("moved", "dau", *PERIODS, "--by=version", *ALL_CELLS),
    *(("engagement", form) for form in FORMATS),
    *(("connection-time", "--by=os", form) for form in FORMATS),
    *(("steps", "--by=service", form) for form in FORMATS),
)


@pytest.fixture(scope="module")
def trio(
    make_server_store: Callable[[str], Store], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Store]:
    """An empty store of each engine."""
    return {
        name: Store(tmp_path_factory.mktemp("store"))
        if name == "duckdb"
        else make_server_store(name)
        for name in ENGINES
    }


@pytest.fixture(scope="module")
def server_store(make_server_store: Callable[[str], Store]) -> ServerStore:
    """A store on PostgreSQL with something in it, which no test changes."""
    store = make_server_store("postgresql")
    store.load(write(store.files / "log.parquet", random_log(3, days=40)))
    store.summarise()
    return store


def test_same_bytes_on_every_engine(trio: dict[str, Store]) -> None:
    """Through late rows, a corrected file, a removed one and expiry, all engines print the same."""
    log = random_log(31, days=70)
    chance = random.Random(31)
    late = chance.sample(log, 40)
    early = [row for row in log if not any(row is other for other in late)]
    half = len(early) // 2
    figures = ["day,product,dau,mau"] + [
        f"{day},desktop,{900 + place},{3000 + place}"
        for place, day in enumerate(days_from(D[0], 40))
    ]
    last = max(row["timestamp"] for row in log)
    newer = [{**row, "timestamp": last + 1000 * place} for place, row in enumerate(log[:50])]
    files = trio["duckdb"].files
    first = write(files / "first.parquet", early[:half])
    second = write(files / "second.parquet", early[half:])
    (files / "firefox.csv").write_text("\n".join(figures) + "\n")
    corrected = write(files / "corrected" / "first.parquet", early[: half - 20])
    story = (
        (("load", first, second), ("load-firefox", files / "firefox.csv")),
        (
            ("load", write(files / "late.json", late)),
            ("load", "--replace", corrected),
            ("annotate", D[5], "released"),
        ),
        (
            ("expire", "--keep-days", "45"),
            ("unload", "late.json"),
            ("load", write(files / "more.parquet", newer)),
        ),
    )
    for place, commands in enumerate(story, 1):
        said = {
            name: [store.must(*command).out for command in commands] for name, store in trio.items()
        }
        assert all("summarised" in store.summarise().text for store in trio.values())
        assert said["postgresql"] == said["redshift"] == said["duckdb"]
        some = ASKED[:: 1 if LONG else 2] if place == len(story) else ASKED[2 * place - 1 :: 4]
        told = {name: store.exports(some) for name, store in trio.items()}
        for asked in some:
            assert told["postgresql"][asked] == told["duckdb"][asked], (commands, asked)
            assert told["redshift"][asked] == told["duckdb"][asked], (commands, asked)
    listed = [
        [line.rsplit(",", 1)[0] for line in store.must("loads").text.splitlines()]
        for store in trio.values()
    ]
    assert listed[0] == listed[1] == listed[2] and len(listed[0]) == 6
    checked = [
        [line for line in store.run("doctor").text.splitlines() if not OWN.search(line)]
        for store in trio.values()
    ]
    assert checked[0] == checked[1] == checked[2] and any("integrity" in x for x in checked[0])


def test_texts_are_compared_byte_by_byte(server_store: ServerStore) -> None:
    """On PostgreSQL, texts are ordered as on the other engines, whatever language the database has."""
    found = server_store.execute(
        "SELECT DISTINCT collation_name FROM information_schema.columns "
        "WHERE table_schema IN ('events', 'kpi') AND data_type = 'character varying'"
    )
    assert found == [("C",)]


# Roles --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dashboard(server_store: ServerStore) -> Iterator[str]:
    """A user of the dashboard's role."""
    server_store.execute("CREATE ROLE dash LOGIN PASSWORD 'dash-pw' IN GROUP kpi_dashboard")
    yield server_store.postgres.url(server_store.database, "postgresql", "dash", "dash-pw")
    server_store.execute("DROP ROLE dash")


def test_the_dashboards_role(server_store: ServerStore, dashboard: str) -> None:
    """It reads every table of `kpi`, no table of `events`, and may add notes by people only."""
    tables = server_store.execute(
        "SELECT table_schema, table_name FROM information_schema.tables "
        "WHERE table_schema IN ('events', 'kpi') ORDER BY 1, 2"
    )
    assert len(tables) > 25
    connection = server_store.postgres.connect(
        server_store.database, user="dash", password="dash-pw"
    )
    cursor = connection.cursor()

    def may(statement: str) -> bool:
        try:
            cursor.execute(statement)
        except psycopg2.errors.InsufficientPrivilege:
            return False
        return True

    for schema, table in tables:
        assert may(f'SELECT COUNT(*) FROM {schema}."{table}"') is (schema == "kpi"), table
        granted = {
            verb: server_store.execute(
                f"SELECT has_table_privilege('dash', '{schema}.{table}', '{verb}')"
            )[0][0]
            for verb in ("INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
        }
        added = schema == "kpi" and table in ("baseline", "marker", "named_segment", "withdrawal")
        assert granted == {**dict.fromkeys(granted, False), "INSERT": added}, (schema, table)
    assert not may("CREATE TABLE kpi.mine (n INTEGER)")
    assert not may("SELECT 1 FROM events.event")
    connection.close()


def test_dashboards_role_through_the_product(server_store: ServerStore, dashboard: str) -> None:
    """With the dashboard's user exports work, and what isn't granted is named without SQL."""
    assert server_store.must("export", "engagement", KPI_DATABASE_URL=dashboard).out
    server_store.must("annotate", D[3], "x", KPI_DATABASE_URL=dashboard)
    server_store.must("annotate", D[3], "x", "--remove", KPI_DATABASE_URL=dashboard)
    server_store.must("annotate", D[4], "y", KPI_DATABASE_URL=dashboard)
    marker = server_store.must("annotate", "--list", KPI_DATABASE_URL=dashboard).text.split()[0]
    said = ("--who=Ann", "--why=of another product")
    server_store.must("withdraw", marker, *said, KPI_DATABASE_URL=dashboard)
    for command in (("summarise",), ("loads",)):
        ran = server_store.run(*command, KPI_DATABASE_URL=dashboard)
        assert ran.status == 1 and len(ran.err.splitlines()) == 1
        assert "lacks a grant (permission denied for schema events)" in ran.err
        assert "python -m kpi ddl" in ran.err and "dash" not in ran.err
    for key in (None, server_store.settings()["KPI_HMAC_KEY"]):
        told = {"KPI_DATABASE_URL": dashboard, "KPI_HMAC_KEY": key}
        found = json.loads(server_store.run("doctor", "--json", **told).text)
        bad = {one["subject"]: one["sentence"] for one in found if not one["good"]}
        assert set(bad) <= {"days", "sequences"}, (
            "a log of long ago without sequences; nothing else"
        )
        assert {"key", "events", "publication", "integrity"} <= {one["subject"] for one in found}


def test_the_documents_alarm(server_store: ServerStore) -> None:
    """The alarm that docs/redshift.md gives fails where no recent day is complete, and passes otherwise."""
    text = (PROJECT / "docs/redshift.md").read_text()
    alarm = text.partition("AS up_to_date")[0].rpartition("```sql\n")[2] + (
        "AS up_to_date" + text.partition("AS up_to_date")[2].partition("```")[0]
    )
    with pytest.raises(psycopg2.errors.DivisionByZero):
        server_store.execute(alarm)
    recent = alarm.replace("CURRENT_DATE", f"DATE '{D[39]}'")
    assert server_store.execute(recent) == [(1,)]
    with pytest.raises(psycopg2.errors.DivisionByZero):
        server_store.execute(recent.replace("complete = 1", "complete = 7"))


# What goes wrong ----------------------------------------------------------------------------------


def refused(store: Store, url: str, *command: str, **told: str) -> str:
    """The one line that a command says with this URL."""
    ran = store.run(*(command or ("export", "engagement")), KPI_DATABASE_URL=url, **told)
    assert ran.status == 1 and ran.out == b"", ran.said
    (line,) = ran.err.splitlines()
    for secret in (PASSWORD, "s3cret", "nosuch.invalid", "127.0.0.1", "SELECT", "sqlalche"):
        assert secret not in line
    return line


def test_wrong_addresses(store: Store, postgres: Postgres) -> None:
    """A URL that can't be used, an unknown dialect and a missing package are told in one line."""
    assert "is no URL like redshift" in refused(store, "what is this s3cret")
    for name in ("mysql+pymysql", "sqlite", "postgresql+asyncpg", "nosuch"):
        assert "must begin with one of" in refused(store, f"{name}://u:s3cret@nosuch.invalid/d")
    assert "can't be reached" in refused(store, "postgresql://u:s3cret@nosuch.invalid/d")
    for driver in ("psycopg2", "redshift_connector"):
        address = f"redshift+{driver}://u:s3cret@127.0.0.1:1/d"
        assert "can't be reached" in refused(store, address)


def told_to_driver(url: str, **settings: object) -> dict[str, object]:
    """What the driver is told, beside what the dialect adds."""
    from kpi.settings import Settings
    from kpi.store import connections

    engine = connections.writing(Settings(database_url=url, **settings))
    told = {}
    event_args = engine.dialect.create_connect_args(engine.url)[1]
    told |= event_args | connections._arguments(Settings(database_url=url, **settings), engine.url)
    return told


def test_tls_is_on_unless_the_server_is_here() -> None:
    """Redshift's certificate is verified, PostgreSQL's TLS required; the URL may say otherwise."""
    assert told_to_driver("redshift://u:p@c.example/d")["sslmode"] == "verify-full"
    assert str(told_to_driver("redshift://u:p@c.example/d")["sslrootcert"]).endswith(".crt")
    assert told_to_driver("postgresql://u:p@c.example/d")["sslmode"] == "require"
    assert told_to_driver("postgresql://u:p@127.0.0.1/d")["sslmode"] == "prefer"
    assert told_to_driver("postgresql://u@/d?host=/run/postgresql")["sslmode"] == "prefer"
    disabled = told_to_driver("postgresql://u:p@c.example/d?sslmode=disable")
    assert disabled["sslmode"] == "disable"
    connector = told_to_driver("redshift+redshift_connector://u:p@c.example/d")
    assert (connector["ssl"], connector["sslmode"]) == (True, "verify-full")
    assert connector["application_name"] == "kpi"


def test_iam_by_the_secrets_file(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """`[connections.kpi]` gives a URL or its parts, and what the driver is told beside it."""
    # Nobody's credentials are at hand, whatever the tests before it left in this process.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    from kpi.settings import Settings

    secrets = store.folder / ".streamlit" / "secrets.toml"
    secrets.parent.mkdir()
    secrets.write_text(
        '[connections.kpi]\nurl = "redshift+redshift_connector://:@/dev"\n'
        '[connections.kpi.connect_args]\niam = true\ncluster_identifier = "kpi"\n'
    )
    ran = store.run("export", "engagement", KPI_HOME=None)
    assert ran.status == 1 and "the log-in by IAM failed" in ran.err
    url = "redshift+redshift_connector://:@/dev"
    told = told_to_driver(url, connect_args=(("iam", True), ("cluster_identifier", "kpi")))
    assert told["iam"] is True and told["ssl"] is True
    secrets.write_text(
        '[connections.kpi]\ndialect = "postgresql"\nhost = "127.0.0.1"\nport = 1\n'
        'username = "u"\npassword = "s3cret"\ndatabase = "d"\n'
    )
    ran = store.run("export", "engagement", KPI_HOME=None)
    assert ran.status == 1 and "can't be reached" in ran.err and "s3cret" not in ran.err
    assert "s3cret" not in repr(Settings(database_url="postgresql://u:s3cret@h/d"))


def test_wrong_credentials_and_names(store: Store, postgres: Postgres) -> None:
    """A wrong password, user or database is told apart, and none of them is repeated."""
    database = postgres.database("kpi_postgresql")
    good = postgres.url(database, "postgresql")
    for dialect in ("postgresql", "redshift"):
        bad = postgres.url(database, dialect, password="s3cret")
        assert "doesn't know this user or password" in refused(store, bad)
        assert "no such database" in refused(store, postgres.url("s3cret", dialect))
    no_tls = f"{good}?sslmode=require"
    assert "offers no TLS" in refused(store, no_tls)
    assert "doesn't know this user" in refused(
        store, postgres.url(database, "postgresql", user="s3cret")
    )


def test_missing_tables(store: Store, postgres: Postgres) -> None:
    """Without our schemas every command says which command makes them."""
    url = postgres.url(postgres.database(), "postgresql")
    file = str(write(store.files / "a.parquet", heartbeat(D[0], 2)))
    for command in (("export", "engagement"), ("load", file), ("summarise",), ("loads",)):
        assert "run: python -m kpi ddl --apply" in refused(store, url, *command)
    ran = store.must("ddl", "--apply", KPI_DATABASE_URL=url)
    assert "carried out" in ran.text
    store.must("load", file, KPI_DATABASE_URL=url)
    store.must("ddl", "--apply", KPI_DATABASE_URL=url)
    assert "summarised" in store.must("summarise", KPI_DATABASE_URL=url).text


def test_tables_of_an_earlier_version(make_server_store: Callable[[str], Store]) -> None:
    """Tables of schema 6 are refused in a sentence; `ddl --apply` brings them up to date, numbers stay."""
    store = make_server_store("redshift")
    log = random_log(3, days=40)
    store.load(write(store.files / "log.parquet", log))
    store.summarise()
    before = store.exports(ASKED[:4])
    store.execute("DROP TABLE kpi.named_segment CASCADE")
    store.execute("DROP TABLE kpi.projection CASCADE")
    store.execute("UPDATE events.store SET setting = '6' WHERE name = 'schema_version'")
    store.execute("UPDATE kpi.publication SET schema_version = 6")
    ran = store.run("export", *ASKED[0])
    assert ran.status == 1 and "older tables; run: python -m kpi ddl --apply" in ran.err
    more = write(store.files / "more.parquet", [event(at(D[70]), uid=user("late"))])
    for command in (("load", more), ("summarise",)):
        ran = store.run(*command)
        assert ran.status == 1
        assert "older version (schema 6, this is 7); run: python -m kpi ddl --apply" in ran.err
    store.must("ddl", "--apply")
    assert store.exports(ASKED[:4]) == before
    store.load(more)
    store.summarise()
    fresh = make_server_store("redshift")
    fresh.load(write(fresh.files / "log.parquet", log), more)
    fresh.summarise()
    assert store.exports(ASKED[:4]) == fresh.exports(ASKED[:4])


def test_nothing_summarised_yet(make_server_store: Callable[[str], Store]) -> None:
    """A server with our tables and nothing in them says what to run."""
    store = make_server_store("redshift")
    assert "nothing has been loaded yet in the database" in store.run("summarise").err
    assert "nothing has been summarised yet" in store.run("export", "engagement").err


def test_a_statement_that_takes_too_long(server_store: ServerStore) -> None:
    """Reading stops at the configured time and says so."""
    blocker = server_store.postgres.connect(server_store.database)
    blocker.autocommit = False
    cursor = blocker.cursor()
    cursor.execute("LOCK TABLE kpi.daily_users IN ACCESS EXCLUSIVE MODE")
    try:
        ran = server_store.run("export", "engagement", KPI_STATEMENT_SECONDS="0.2")
    finally:
        blocker.close()
    assert ran.status == 1 and "took too long" in ran.err


def test_one_writer_at_a_time(make_server_store: Callable[[str], Store]) -> None:
    """Who may not wait is told that another writes; who may wait goes on after it."""
    for dialect in ENGINES[1:]:
        store = make_server_store(dialect)
        store.load(write(store.files / "log.parquet", heartbeat(D[0], 30)))
        blocker = store.postgres.connect(store.database)
        blocker.autocommit = False
        blocker.cursor().execute("LOCK TABLE events.writer")
        more = write(store.files / "more.parquet", [event(at(D[2]), uid=user("a"))])
        store.must("annotate", D[1], "a note waits for nobody", KPI_LOCK_SECONDS="0.1")
        for command in (("summarise",), ("load", more)):
            ran = store.run(*command, KPI_LOCK_SECONDS="0.1")
            assert ran.status == 1 and "another load or summary is still running" in ran.err
        waiting = threading.Thread(target=store.summarise)
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
        blocker.close()
        waiting.join(30)
        assert not waiting.is_alive() and store.export("engagement")


def test_readers_see_one_publication(make_server_store: Callable[[str], Store]) -> None:
    """Whoever reads while a summary is published gets the old numbers or the new, never both."""
    from kpi.errors import Republished
    from kpi.numbers.export import written
    from kpi.numbers.warehouse import open_warehouse
    from kpi.settings import Settings

    store = make_server_store("postgresql")
    store.load(write(store.files / "log.parquet", random_log(3, days=40)))
    store.summarise()
    with environment(**store.settings()):
        settings = Settings.read()
    old = open_warehouse(settings)
    before = written(table_of(old, "engagement", min_users=0), "csv")
    store.load(write(store.files / "more.parquet", [event(at(D[30]), uid=user("more"))]))
    assert written(table_of(old, "engagement", min_users=0), "csv") == before
    store.summarise()
    with pytest.raises(Republished):
        table_of(old, "engagement", min_users=0)
    new = open_warehouse(settings)
    assert written(table_of(new, "engagement", min_users=0), "csv") != before


def test_a_cut_run_leaves_nothing(make_server_store: Callable[[str], Store]) -> None:
    """A summary that fails midway changes no number, and the next one does it all."""
    store = make_server_store("postgresql")
    log = random_log(3, days=40)
    store.load(write(store.files / "log.parquet", log[: len(log) // 2]))
    store.summarise()
    before = store.exports(ASKED[:4])
    store.load(write(store.files / "more.parquet", log[len(log) // 2 :]))
    store.execute("ALTER TABLE kpi.day_status RENAME TO day_status_away")
    ran = store.run("summarise")
    assert ran.status == 1 and "lacks our schemas or tables" in ran.err
    store.execute("ALTER TABLE kpi.day_status_away RENAME TO day_status")
    assert store.exports(ASKED[:4]) == before
    store.summarise()
    whole = make_server_store("postgresql")
    whole.load(write(whole.files / "log.parquet", log))
    whole.summarise()
    assert store.exports(ASKED[:4]) == whole.exports(ASKED[:4])


def test_the_documents_users(postgres: Postgres) -> None:
    """The runbook's first statements create the database, both groups and a user of each."""
    text = (PROJECT / "docs" / "redshift.md").read_text()
    (block,) = re.findall(r"```sql\n(CREATE DATABASE .*?)```", text, re.DOTALL)
    statements = [line.partition("--")[0].strip() for line in block.splitlines()]
    for statement in statements:
        postgres.execute(statement.replace("kpi", "by_hand"))
    members = postgres.execute(
        "SELECT g.rolname, u.rolname FROM pg_auth_members AS m INNER JOIN pg_roles AS g ON g.oid = m.roleid "
        "INNER JOIN pg_roles AS u ON u.oid = m.member WHERE g.rolname LIKE 'by_hand%' ORDER BY 1"
    )
    assert members == [("by_hand_dashboard", "by_hand_dash"), ("by_hand_loader", "by_hand_load")]
    (rights,) = postgres.execute(
        "SELECT HAS_DATABASE_PRIVILEGE('by_hand_load', 'by_hand', 'CREATE'), "
        "HAS_DATABASE_PRIVILEGE('by_hand_dash', 'by_hand', 'CREATE')"
    )
    assert rights == (True, False)
