"""Every statement that Redshift can be sent is one that it can read, as far as that can be told without it.

The product's commands are run through Redshift's dialect; what they send is collected before PostgreSQL
gets it. Two grammars read each statement, and a list of what Redshift lacks is held against it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import cached_property
from typing import Any

import grammar
import pytest
from conftest import EVERY_EXPORT, LONG, environment
from event_files import write
from logs import D, random_log
from postgres import WATCHERS, Postgres, ServerStore
from snapshot import FOLDER

from kpi import store as stores
from kpi.goals import frozen
from kpi.goals.figures import Figures
from kpi.goals.file import read
from kpi.meaning.filters import ATTEMPT_TAGS, Filters, Period
from kpi.meaning.question import Question
from kpi.meaning.tables import EXPORTED
from kpi.numbers import metrics, notes, segments
from kpi.numbers.days import counted
from kpi.numbers.published import Published
from kpi.numbers.users import ACTIVE, COUNTS, counted_sets
from kpi.numbers.warehouse import open_warehouse
from kpi.settings import Settings
from kpi.store import queries

READ = FOLDER / "read-by-redshifts-grammar.txt"
"""Marks of the statements that both grammars of Redshift read; `make snapshots` writes it."""
NOT_FOR_REDSHIFT = {
    "fill/copied_events": "PostgreSQL takes rows over the connection; Redshift reads them from S3",
    "read/events_schema_version": "of the folder of files only",
    "read/load_days": "of the folder of files only",
    **dict.fromkeys(
        ("tables/copy", "fill/copied_publication", "read/copied_publication", "read/copied_table"),
        "of a local copy only, a file of DuckDB",
    ),
}
TRANSACTIONS = re.compile(r"^(BEGIN|COMMIT|ROLLBACK|SET SESSION CHARACTERISTICS)\b", re.IGNORECASE)
RAW_TABLE = """
CREATE TABLE raw.activity (
  at BIGINT, seq_id TEXT, seq_time BIGINT, type TEXT, user_hash TEXT, device_id TEXT, new_user BOOLEAN,
  user_agent_browser TEXT, user_agent_version TEXT, user_agent_os TEXT, service TEXT, context TEXT,
  entrypoint TEXT, campaign TEXT, migration TEXT
)
"""
RAW = {
    "KPI_RAW_TABLE": "raw.activity",
    "KPI_RAW_COLUMNS": "uid=user_hash,timestamp=at,region=-",
    "KPI_RAW_TIME": "seconds",
}


EXPORTS = [
    asked
    for asked in EVERY_EXPORT
    if LONG or not {"--window=3", "--window=5", "--window=7", "--min-users=3"} & set(asked)
]
"""Exports, but for those that send the same statements with other values."""


class Collected:
    """Statements as they were sent, by their skeleton: the statement without its values."""

    def __init__(self) -> None:
        self.filled: dict[str, str] = {}
        self.loud: set[str] = set()

    def note(self, cursor: Any, statement: str, parameters: Any) -> None:
        """Keep the first of each kind, values filled in by the driver."""
        told = cursor.mogrify(statement, parameters or None).decode()
        self.loud.add(squeezed(told))
        self.filled.setdefault(skeleton(statement), told)


def squeezed(statement: str) -> str:
    """A statement without comments, on one line."""
    return " ".join(grammar.bare(statement).split())


def skeleton(statement: str) -> str:
    """A statement with a question mark for each value and each list of values."""
    text = re.sub(r"(?<![:\w'\"]):([a-z]\w*)", r"%(\1)s", grammar.bare(statement))
    text = re.sub(r"\((?:\s*%\(\w+\)s,?\s*)+\)|%\(\w+\)s", "?", text).replace("%%", "%")
    if text.startswith("COPY"):  # takes literals only
        text = re.sub(r"'[^']*'", "?", text)
    return " ".join(text.split())


def files() -> list[str]:
    """Every file of statements that a server can be sent."""
    return sorted(
        f"{file.parent.name}/{file.stem}"
        for folder in ("tables", "fill", "read")
        for file in (queries.FOLDER / folder).glob("*.sql")
    )


@pytest.fixture(scope="module")
def life(
    postgres: Postgres, tmp_path_factory: pytest.TempPathFactory, aws: None
) -> Iterator[tuple[ServerStore, Collected]]:
    """A store that went through every command, and all that was sent meanwhile."""
    collected = Collected()
    for made in postgres.made:
        collected.filled.setdefault(skeleton(made), made)
    WATCHERS.append(collected.note)
    store = ServerStore(tmp_path_factory.mktemp("life"), postgres, "redshift", postgres.database())
    store.execute("ALTER DATABASE {name} SET log_statement = 'all'", name=store.database)
    over_raw = ServerStore(
        tmp_path_factory.mktemp("raw"), postgres, "redshift", postgres.database()
    )
    over_raw.execute("CREATE SCHEMA raw")
    over_raw.execute(RAW_TABLE)
    over_raw.execute("INSERT INTO raw.activity (at, type) VALUES (1451606400, 'account.signed')")
    try:
        over_raw.must("ddl", "--apply", **RAW)
        over_raw.must("summarise", **RAW)
        _live(store)
        yield store, collected
    finally:
        WATCHERS.remove(collected.note)


PLANT = (
    "WITH done AS (UPDATE events.event SET campaign = 'ann@example.com' WHERE user_agent_os = 'iOS' "
    "RETURNING 1) SELECT COUNT(*) FROM done"
)
"""What an operator can't send: the test itself stores a private tag, as versions before did."""


def _live(store: ServerStore) -> None:
    """Every command once, and what only pages ask for."""
    log = random_log(3, days=60)
    half = len(log) // 2
    store.must("ddl", "--apply")
    first = write(store.files / "first.parquet", log[:half])
    store.load(first, write(store.files / "bad.csv", [*log[half:], {**log[0], "type": None}]))
    store.run("load", write(store.files / "more.parquet", log[:9]), **STAGING)
    store.summarise()
    write(first, log[: half - 5])
    store.load("--replace", first)
    store.summarise()
    (store.files / "firefox.csv").write_text("day,product,dau,mau\n2016-01-05,ios,1,2\n")
    crowd = [{**log[-1], "uid": f"crowd {place}"} for place in range(200)]
    store.load("--replace", write(store.files / "crowd.parquet", crowd))
    store.summarise()
    store.must("load-firefox", store.files / "firefox.csv")
    store.must("annotate", D[3], "released")
    store.must("annotate", "--list")
    store.must("annotate", D[3], "released", "--remove")
    store.must("loads")
    store.must("segments")
    periods = (f"--from={D[55]}", f"--to={D[70]}", "--days=7", "--by=os", "--min-users=0")
    moved = (("moved", measure, *periods) for measure in ("engagement-ratio", "dau"))
    for asked in (*EXPORTS, ("firefox",), ("goals",), ("projections",), *moved):
        store.must("export", *asked)
    store.must("export", "engagement", "--os=iOS", "--not-browser=Firefox", "--allow-unknown")
    of_attempts = [f"--{mode}{tag}=x" for tag in ATTEMPT_TAGS for mode in ("", "not-")]
    store.must("export", "connection-time", *of_attempts, "--bands", "--allow-unknown")
    store.run("doctor")
    store.execute(PLANT)
    store.must("blank-tags")
    _read_as_pages_do(store)
    store.must("unload", "bad.csv")
    store.summarise()
    store.must("expire", "--keep-days", "41")


def _read_as_pages_do(store: ServerStore) -> None:
    with environment(**store.settings()):
        settings = Settings.read()
    warehouse = open_warehouse(settings)
    period = Period(date(2016, 1, 5), date(2016, 2, 20))
    for name in metrics.METRICS.keys() - {*EXPORTED, "moved-tags"}:  # which reads as moved does
        warehouse.ask(Question(name, period=period))
    asked = Question("engagement", period=period)
    alone = {ACTIVE: ACTIVE, **counted_sets(warehouse, asked, (ACTIVE,))}
    counted(warehouse, "engagement", asked, COUNTS, alone, "audience", (ACTIVE,))
    for name, found in vars(Published).items():
        if isinstance(found, cached_property):
            getattr(warehouse, name)
    figures = Figures(warehouse, 0)
    for goal in read():
        figures.scored_weeks(goal, period.last)
    stores.publication_key(settings)
    stores.tidy(settings)
    one = frozen.Frozen(
        measure="engagement_ratio",
        device_window=5,
        baseline=40.0,
        low_80=39.0,
        high_80=41.0,
        low_95=38.0,
        high_95=42.0,
        days=30,
        first_day=period.first,
        last_day=period.last,
        filters=Filters(os=("iOS",)),
        definitions="2016.1",
        publication_id=1,
        frozen_by="me",
        reason="it's the year before",
        frozen_at=notes.now(),
        baseline_id=notes.new_id(),
    )
    segments.save(settings, "it's mine", one.filters, "me", "of my team")
    frozen.freeze(settings, one)
    assert frozen.frozen_baselines(settings) == [one]
    stores.notes_key(settings)


STAGING = {
    "KPI_S3_STAGING": "s3://kpi-staging/events",
    "KPI_COPY_ROLE": "arn:aws:iam::123456789012:role/kpi-copy",
}


def test_every_file_was_sent(life: tuple[ServerStore, Collected]) -> None:
    """No file of statements is left out of what was collected."""
    _, collected = life
    missing = [
        name
        for name in files()
        if name not in NOT_FOR_REDSHIFT
        for statement in queries.statements(name)
        if skeleton(statement) not in collected.filled
        and not queries.only_for_postgresql(name, statement)
    ]
    assert not missing


def test_nothing_else_was_sent(life: tuple[ServerStore, Collected]) -> None:
    """What the server heard is what was collected, but for storage clauses, transactions and set-up."""
    from kpi.store import dialects

    store, collected = life
    plain = {squeezed(dialects.without_storage(told)) for told in collected.filled.values()}
    plain |= {squeezed(dialects.without_storage(told)) for told in collected.loud}
    heard = {squeezed(told) for told in store.postgres.heard(store.database)}
    assert len(heard) > 200
    unknown = {told for told in heard - plain if not TRANSACTIONS.match(told)}
    assert unknown <= SET_UP | {PLANT}, sorted(unknown - SET_UP)[:5]


SET_UP = {
    "SELECT set_config('statement_timeout', '0', false)",
    "SELECT set_config('statement_timeout', '60000', false)",
    "SELECT set_config('query_group', 'kpi', false)",
    "select pg_catalog.version()",
    "select current_schema()",
    "show transaction isolation level",
    "SELECT 1",
}
"""What a connection is set up with, by the driver, the dialect and `kpi.store.connections`."""


def test_redshift_can_read_all_of_it(life: tuple[ServerStore, Collected], renewing: bool) -> None:
    """Both grammars read every statement, values filled in, and it asks for nothing Redshift lacks.

    Read is what isn't in the committed list of statements that were read; in long runs all.
    """
    _, collected = life
    sent = {
        **collected.filled,
        **{told: told for told in SET_UP if not told.startswith("show")},
    }
    assert len(sent) > 200
    read_before = set() if LONG or renewing else set(READ.read_text().split())
    found = {
        told[:200]: grammar.faults(grammar.bare(told), grammar.mark(kind) in read_before)
        for kind, told in sent.items()
    }
    assert not {told: faults for told, faults in found.items() if faults}
    if renewing:
        READ.write_text("\n".join(sorted(map(grammar.mark, sent))) + "\n")


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("SELECT COUNT(*) FILTER (WHERE a > 1) FROM t", "FILTER"),
        ("SELECT DISTINCT ON (a) a, b FROM t", "DISTINCT ON"),
        ("SELECT SUM(a) OVER (ORDER BY b) FROM t", "needs a frame"),
        ("SELECT SUM(a) OVER (ORDER BY b RANGE 3 PRECEDING) FROM t", "ROWS only"),
        ("SELECT d FROM generate_series(1, 9) AS d", "generate_series"),
        (
            "SELECT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY a), "
            "PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY b) FROM t",
            "same ORDER BY",
        ),
        ("SELECT a AS tag FROM t", "reserved"),
        ("SELECT k.tag FROM t AS k", "reserved"),
        ("CREATE TABLE t (tag VARCHAR(16) NOT NULL)", "reserved"),
        ("SELECT FROM WHERE", "sqlfluff"),
        ("INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING", "ON CONFLICT"),
        ("DELETE FROM t WHERE a = 1 RETURNING a", "RETURNING"),
    ],
)
def test_what_redshift_lacks_is_noticed(statement: str, fault: str) -> None:
    """The check itself finds what it is there for."""
    assert any(fault in found for found in grammar.faults(statement)), grammar.faults(statement)
