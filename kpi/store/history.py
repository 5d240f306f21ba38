"""Earlier publications of an embedded store, retained as differences from the newest.

`history-000124.duckdb` beside `kpi-000124.duckdb` has, for each publication before 124, the rows that the
next publication removed or changed, the ranges of keys that were new in it, and a hash of every table. From
these any of them is written again, as a file of its own in `past/`, and compared with its hashes before
anybody reads it.
It is made with its publication and never changed, so that a reader of either always has both.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import duckdb
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from kpi import private
from kpi.errors import Refused
from kpi.meaning.definitions import RETURN_REACH
from kpi.settings import Settings
from kpi.store import dialects, publications, queries
from kpi.store.locks import locked
from kpi.store.publications import history_of
from kpi.store.reading import Past
from kpi.store.shared import SCHEMA_VERSION, SUMMARY, driver, in_memory

ALL_DAYS = 2
"""So many days every publication is retained; of days before, the last of each UTC day."""

FILES = 4
"""The number of earlier publications that are retained as files, those made last."""

SMALL_BLOCK = 16384
BEGINS = "the history begins with publication {number} of {day}: {why}"
FIRST = "it is the first that retained its differences"
UNREADABLE = "the history before it couldn't be read"
OTHER_SCHEMA = "the publication before it was made by an earlier version of the program"


class Keyed(NamedTuple):
    """The part and the key of a row of a table, and how many keys are compared together."""

    part: str = "''"
    key: str = "0"
    width: int = 1


def _by_day(column: str = "day", part: str = "''") -> Keyed:
    return Keyed(part, f"each.{column} - DATE '1970-01-01'")


def _by_id(column: str) -> Keyed:
    return Keyed("''", f"each.{column}", 1024)


KEYED: Mapping[str, Keyed] = {
    "daily_users": _by_day(part="each.audience"),
    "monthly_users_change": _by_day(part="each.audience"),
    "monthly_move": _by_day(part="each.audience"),
    "month_activity": _by_day(),
    "connection": _by_day("first_day"),
    "blank_sequence": _by_day("first_day"),
    "load_day": _by_day(),
    "day_status": _by_day(),
    "day_coverage": _by_day(),
    "doubtful_day": _by_day(),
    "firefox_engagement": _by_day(part="each.product"),
    "segment": _by_id("segment_id"),
    "segment_set": _by_id("set_id"),
    "segment_set_member": _by_id("set_id"),
    "load_manifest": _by_id("load_id"),
    "load_contents": _by_id("load_id"),
}
"""The tables whose rows come with a day or an id; others are small and compared whole."""

NUMBERS = (
    "daily_users monthly_users_change monthly_move month_activity connection firefox_engagement"
).split()
"""The tables that hold numbers by day."""

_ATTACH = "ATTACH $1 AS {name}"
_ATTACH_TO_READ = "ATTACH $1 AS {name} (READ_ONLY)"
_ATTACH_NEW = "ATTACH $1 AS history (BLOCK_SIZE {size})"
_DETACH = "DETACH {name}"
_ALL_ROWS = "CREATE OR REPLACE TEMPORARY VIEW {view} AS {rows}"
_ROWS = (
    "SELECT '{table}' AS table_name, {part} AS part, CAST({key} AS BIGINT) AS key, "
    "CAST(FLOOR(({key}) / {width}) AS BIGINT) AS block, HASH(each) AS row_hash "
    "FROM {database}.{table} AS each"
)
_NO_ROWS = "CREATE OR REPLACE TEMPORARY VIEW before_row AS SELECT * FROM after_row WHERE FALSE"
_UNDONE_ROWS = (
    "SELECT '{table}' AS table_name, publication_id, {part} AS part, CAST({key} AS BIGINT) AS key "
    "FROM history.{table}"
)
_TABLE = (
    "CREATE TABLE history.{table} AS SELECT CAST(0 AS INTEGER) AS publication_id, "
    "CAST(0 AS INTEGER) AS copies, each FROM kpi.{table} AS each LIMIT 0"
)
_CHANGED_ROWS = """
INSERT INTO history.{table}
SELECT CAST($1 AS INTEGER), CAST(SUM(r.copies) AS INTEGER), r.each
FROM (
  SELECT 1 AS copies, {part} AS part, {key} AS key, each FROM before.{table} AS each
  UNION ALL
  SELECT -1, {part}, {key}, each FROM kpi.{table} AS each
) AS r
INNER JOIN bound AS b
  ON b.table_name = '{table}' AND b.part = r.part AND r.key >= b.lowest AND r.key <= b.highest
SEMI JOIN changed_block AS c
  ON c.table_name = '{table}' AND c.part = r.part AND c.block = CAST(FLOOR(r.key / {width}) AS BIGINT)
GROUP BY r.each
HAVING SUM(r.copies) <> 0
ORDER BY r.each
"""
# Rows of keys that are new in the publication that they are folded into don't matter any more.
_CARRIED_OVER = """
INSERT INTO history.{table}
SELECT r.publication_id, CAST(SUM(r.copies) AS INTEGER), r.each
FROM (
  SELECT f.into_id AS publication_id, h.copies, {part} AS part, {key} AS key, h.each
  FROM earlier.{table} AS h
  INNER JOIN folded AS f ON f.publication_id = h.publication_id
) AS r
ANTI JOIN history.appended AS a
  ON a.table_name = '{table}' AND a.publication_id = r.publication_id AND a.part = r.part
  AND r.key >= a.first_key AND r.key <= a.last_key
GROUP BY r.publication_id, r.each
HAVING SUM(r.copies) <> 0
ORDER BY r.publication_id, r.each
"""
_RESTORED = """
CREATE OR REPLACE TEMPORARY TABLE restored AS
SELECT r.each, SUM(r.copies) AS copies
FROM (
  SELECT 1 AS copies, {part} AS part, {key} AS key, each
  FROM kpi.{table} AS each
  ANTI JOIN gone_key AS g ON g.table_name = '{table}' AND g.part = {part} AND g.key = {key}
  UNION ALL
  SELECT h.copies, {part}, {key}, h.each
  FROM history.{table} AS h
  INNER JOIN undone_key AS u
    ON u.table_name = '{table}' AND u.part = {part} AND u.key = {key}
    AND u.publication_id = h.publication_id
) AS r
SEMI JOIN undone_key AS u ON u.table_name = '{table}' AND u.part = r.part AND u.key = r.key
GROUP BY r.each
HAVING SUM(r.copies) <> 0
"""
_GONE = """
DELETE FROM kpi.{table} AS each
WHERE EXISTS (
  SELECT 1
  FROM replaced_key AS r
  WHERE r.table_name = '{table}' AND r.part = {part} AND r.key = {key}
)
"""
_PUT_BACK = """
INSERT INTO kpi.{table}
SELECT UNNEST(each) FROM (SELECT each, UNNEST(RANGE(CAST(copies AS BIGINT))) FROM restored) ORDER BY ALL
"""


def past_folder(home: Path) -> Path:
    """The folder of earlier publications that were written again."""
    return publications.folder(home) / "past"


# Recording ---------------------------------------------------------------------------------------


def record(
    connection: Connection,
    before: Path | None,
    work: Path,
    reason: str = SUMMARY,
    forget: str | None = None,
) -> None:
    """Write into ``work`` the history of the publication in the making, attached as `kpi`.

    ``before`` is the publication that it is made of; ``forget`` the reason why no earlier publication may be
    given back. Nothing else of the store changes.
    """
    try:
        _record(connection, before, work, reason, forget)
    except (duckdb.Error, DBAPIError):
        if forget is not None:
            raise
        # A history that can't be read must not keep newer numbers from being published.
        connection.rollback()
        _let_go(connection)
        work.unlink(missing_ok=True)
        _record(connection, before, work, reason, UNREADABLE)


def _record(
    connection: Connection, before: Path | None, work: Path, reason: str, forget: str | None
) -> None:
    raw = driver(connection)
    number, built_at = queries.run(connection, "read/publication_key").one()
    connection.commit()
    why = forget or _attach_before(connection, before)
    raw.execute(_all_rows("after_row", "kpi"))
    raw.execute(_NO_ROWS if why else _all_rows("before_row", "before"))
    if before is None or why is not None:
        _make(connection, work)
        queries.run(connection, "history/begun", publication_id=number, reason=why)
    else:
        _carry_over(connection, history_of(before), work, built_at - timedelta(days=ALL_DAYS))
    queries.run(connection, "history/changes")
    queries.run(connection, "history/table_name")
    listed = [{"table_name": table, "numbers": table in NUMBERS} for table in tables()]
    queries.insert_rows(connection, "table_name", listed)
    for (table,) in raw.execute("SELECT DISTINCT table_name FROM changed_block").fetchall():
        raw.execute(_of(_CHANGED_ROWS, table), [number])
    anew = int(why is not None)
    queries.run(connection, "history/noted", publication_id=number, reason=reason, anew=anew)
    connection.commit()
    raw.execute("CHECKPOINT history")
    _let_go(connection)


def tables() -> list[str]:
    """The tables of a publication."""
    return [dialects.created(made) for made in queries.statements("tables/kpi")]


def _attach_before(connection: Connection, before: Path | None) -> str | None:
    """Attach the publication before; the reason why the history begins anew, or None."""
    if before is None:
        return FIRST
    raw = driver(connection)
    raw.execute(_ATTACH_TO_READ.format(name="before"), [str(before)])
    version = raw.execute("SELECT schema_version FROM before.publication").fetchone()[0]
    if version != SCHEMA_VERSION:
        return OTHER_SCHEMA
    return None if history_of(before).exists() else FIRST


def _make(connection: Connection, work: Path) -> None:
    driver(connection).execute(_ATTACH_NEW.format(size=SMALL_BLOCK), [str(work)])
    for statement in queries.statements("history/tables"):
        connection.exec_driver_sql(statement)
    for table in tables():
        connection.exec_driver_sql(_of(_TABLE, table))


def _carry_over(connection: Connection, earlier: Path, work: Path, all_since: datetime) -> None:
    """Take over the history before: as a copy, or written anew where publications are folded."""
    raw = driver(connection)
    raw.execute(_ATTACH_TO_READ.format(name="earlier"), [str(earlier)])
    if not queries.run(connection, "history/folded", all_since=all_since).scalar_one():
        raw.execute(_DETACH.format(name="earlier"))
        shutil.copyfile(earlier, work)
        raw.execute(_ATTACH.format(name="history"), [str(work)])
        return
    _make(connection, work)
    queries.run(connection, "history/carried_over")
    for table in tables():
        raw.execute(_of(_CARRIED_OVER, table))


# Reading -----------------------------------------------------------------------------------------


def publications_of(settings: Settings) -> list[Past]:
    """The publications that can be given back, oldest first, the newest among them."""
    newest = publications.newest(settings.home)
    with _reading(settings, newest) as connection:
        if connection is None:
            return []
        rows = queries.run(connection, "history/publications").mappings().all()
    costs = history_of(newest).stat().st_size
    rows_of_all = sum(row["rows_noted"] for row in rows) or 1
    return [
        Past(
            row["publication_id"],
            row["built_at"],
            row["definitions"],
            bool(row["simulated"]),
            row["first_day"],
            row["last_complete_day"],
            row["reason"],
            row["days_changed"],
            newest.stat().st_size
            if row is rows[-1]
            else round(costs * row["rows_noted"] / rows_of_all),
        )
        for row in rows
    ]


def beginning(settings: Settings) -> str | None:
    """Why there are no publications before the first of the history; None where there is no history."""
    with _reading(settings, publications.newest(settings.home)) as connection:
        if connection is None:
            return None
        number, built_at, why = queries.run(connection, "history/beginning").one()
    return BEGINS.format(number=number, day=built_at.date(), why=why)


def differing(settings: Settings) -> list[str]:
    """The tables of the newest publication whose rows differ from those that were published."""
    newest = publications.newest(settings.home)
    with _reading(settings, newest) as connection:
        if connection is None:
            return []
        raw = driver(connection)
        raw.execute(_ATTACH_TO_READ.format(name="kpi"), [str(newest)])
        raw.execute(_all_rows("after_row", "kpi"))
        number = publications.number_of(newest)
        return list(queries.run(connection, "history/compared", publication_id=number).scalars())


def past_file(settings: Settings, number: int) -> Path:
    """The file of an earlier publication, written again unless it is there.

    Raises Refused where the history has none of this number, or where it can't be given back as it was.
    """
    newest = publications.newest(settings.home)
    if number == publications.number_of(newest):
        return newest
    if number not in [past.number for past in publications_of(settings)]:
        raise Refused(_no_such(settings, number))
    file = past_folder(settings.home) / publications.name_of(number)
    with _alone(settings):
        if not file.exists():
            for work in _gone_back(settings, [number]):
                os.replace(work, file)
        os.utime(file)
        _remove_others(file)
    return file


def remove_past_files(home: Path) -> None:
    """Remove the earlier publications that were written again."""
    for file in past_folder(home).glob("kpi-*"):
        file.unlink()


def _no_such(settings: Settings, number: int) -> str:
    began = beginning(settings)
    return (
        f"publication {number} can't be shown; `python -m kpi publications` lists those that can"
        + (f"; {began}" if began else "")
    )


def states(settings: Settings, numbers: Iterable[int]) -> Iterator[Path]:
    """A file that is the publication of each number in turn, the highest first; the next replaces it.

    Raises Refused where a publication can't be given back as it was.
    """
    with _alone(settings):
        yield from _gone_back(settings, numbers)


def _gone_back(settings: Settings, numbers: Iterable[int]) -> Iterator[Path]:
    newest = publications.newest(settings.home)
    work = past_folder(settings.home) / "kpi.work"
    shutil.copyfile(newest, work)
    reached = publications.number_of(newest)
    try:
        with in_memory(settings) as connection:
            raw = driver(connection)
            raw.execute(_ATTACH_TO_READ.format(name="history"), [str(history_of(newest))])
            for number in sorted(numbers, reverse=True):
                raw.execute(_ATTACH.format(name="kpi"), [str(work)])
                _go_back(connection, reached, number)
                connection.commit()
                raw.execute("CHECKPOINT kpi")
                raw.execute(_DETACH.format(name="kpi"))
                reached = number
                yield work
    finally:
        for left in work.parent.glob("*.work*"):
            left.unlink()


def _go_back(connection: Connection, reached: int, number: int) -> None:
    """Put every table back to how publication ``number`` had it, from how ``reached`` had it."""
    raw = driver(connection)
    raw.execute(_all_rows("after_row", "kpi"))
    raw.execute(_undone_rows())
    between = {"publication_id": number, "reached": reached}
    queries.run(connection, "history/undo", **between)
    for (table,) in raw.execute("SELECT DISTINCT table_name FROM replaced_key").fetchall():
        for step in (_RESTORED, _GONE, _PUT_BACK):
            raw.execute(_of(step, table))
    differing = queries.run(connection, "history/compared", publication_id=number)
    names = ", ".join(differing.scalars())
    if names:
        raise Refused(
            f"publication {number} can't be given back as it was: by the history its {names} "
            "would differ; put a backup's history in its place"
        )


def touched(settings: Settings) -> dict[int, set[str]]:
    """The tables in which each publication has rows otherwise that numbers of days before come of."""
    tables_of: dict[int, set[str]] = {}
    with _reading(settings, publications.newest(settings.home)) as connection:
        if connection is None:
            return {}
        driver(connection).execute(_undone_rows())
        rows = queries.run(connection, "history/touched", return_reach=RETURN_REACH)
        for number, table in rows:
            tables_of.setdefault(number, set()).add(table)
    return tables_of


@contextmanager
def _reading(settings: Settings, publication: Path) -> Iterator[Connection | None]:
    """A connection to the history of a publication; None where it has none."""
    file = history_of(publication)
    if not file.exists():
        yield None
        return
    with in_memory(settings, threads="1") as connection:
        driver(connection).execute(_ATTACH_TO_READ.format(name="history"), [str(file)])
        yield connection


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """Hold the lock of the folder of earlier publications."""
    folder = past_folder(settings.home)
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise Refused(
            f"{folder}: can't be written to, so no earlier publication can be shown; check its permissions"
        ) from error
    busy = "an earlier publication is written again now; try again in a moment"
    with locked(lock, fcntl.LOCK_EX, settings.lock_seconds, busy), private.umask():
        yield


def _remove_others(file: Path) -> None:
    files = sorted(file.parent.glob("kpi-*.duckdb"), key=lambda each: each.stat().st_mtime_ns)
    for old in files[:-FILES]:
        old.unlink()


def _all_rows(view: str, database: str) -> str:
    """The statement that makes a view of the rows of every table of a database."""
    rows = " UNION ALL ".join(_of(_ROWS, table, database=database) for table in tables())
    return _ALL_ROWS.format(view=view, rows=rows)


def _undone_rows() -> str:
    """The statement that makes a view of the rows of every table of the history."""
    rows = " UNION ALL ".join(_of(_UNDONE_ROWS, table) for table in tables())
    return _ALL_ROWS.format(view="undone_row", rows=rows)


def _of(statement: str, table: str, **names: str) -> str:
    """A statement for a table, with the expressions of its keys."""
    keyed = KEYED.get(table, Keyed())
    return statement.format(table=table, part=keyed.part, key=keyed.key, width=keyed.width, **names)


def _let_go(connection: Connection) -> None:
    """Detach what was attached to record a publication."""
    raw = driver(connection)
    rows = raw.execute("SELECT database_name FROM duckdb_databases()").fetchall()
    for (name,) in rows:
        if name in ("history", "earlier", "before"):
            raw.execute(_DETACH.format(name=name))
