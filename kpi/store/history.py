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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection

from kpi import private
from kpi.errors import Refused
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
_DETACH = "DETACH {name}"
_ATTACH_NEW = "ATTACH $1 AS history (BLOCK_SIZE {size})"
_ROWS = (
    "CREATE OR REPLACE TEMPORARY VIEW {view} AS SELECT {part} AS part, CAST({key} AS BIGINT) AS key, "
    "CAST(FLOOR(({key}) / {width}) AS BIGINT) AS block, each FROM {database}.{table} AS each"
)
_UNDONE = (
    "CREATE OR REPLACE TEMPORARY VIEW undone_row AS SELECT publication_id, copies, {part} AS part, "
    "CAST({key} AS BIGINT) AS key, each FROM {database}.{table}"
)
_TABLE = (
    "CREATE TABLE history.{table} AS SELECT CAST(0 AS INTEGER) AS publication_id, "
    "CAST(0 AS INTEGER) AS copies, each FROM kpi.{table} AS each LIMIT 0"
)
_CHANGED = (
    "INSERT INTO history.{table} SELECT CAST($1 AS INTEGER), copies, each FROM changed_row "
    "ORDER BY each"
)
_RETAINED = "INSERT INTO history.{table} SELECT publication_id, copies, each FROM retained_row"
_GONE = (
    "DELETE FROM kpi.{table} AS each WHERE EXISTS "
    "(SELECT 1 FROM replaced_key AS r WHERE r.part = {part} AND r.key = {key})"
)
_RESTORED = "INSERT INTO kpi.{table} SELECT UNNEST(each) FROM restored_row ORDER BY ALL"
_NO_ROWS = "CREATE OR REPLACE TEMPORARY VIEW before_row AS SELECT * FROM after_row WHERE FALSE"
_CHANGED_DAYS = (
    "SELECT key FROM changed_row "
    "UNION SELECT UNNEST(RANGE(first_key, last_key + 1)) FROM appended_key"
)


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
    raw = driver(connection)
    raw.execute(_ATTACH_NEW.format(size=SMALL_BLOCK), [str(work)])
    _make_tables(connection)
    number, built_at = queries.run(connection, "read/publication_key").one()
    connection.commit()
    why = forget or _attach_earlier(connection, before)
    if why is None:
        queries.run(connection, "history/folded", all_since=built_at - timedelta(days=ALL_DAYS))
    else:
        queries.run(connection, "history/begun", publication_id=number, reason=why)
    days: set[int] = set()
    for table in tables():
        changed = _note(connection, table, number, anew=why is not None)
        days |= changed if table in NUMBERS else set()
    queries.run(connection, "history/past_publication", reason=reason, days_changed=len(days))
    connection.commit()
    raw.execute("CHECKPOINT history")
    for name in {"history", "earlier", "before"} & _attached(connection):
        raw.execute(_DETACH.format(name=name))


def tables() -> list[str]:
    """The tables of a publication."""
    return [dialects.created(made) for made in queries.statements("tables/kpi")]


def _make_tables(connection: Connection) -> None:
    for statement in queries.statements("tables/history"):
        connection.exec_driver_sql(statement)
    for table in tables():
        connection.exec_driver_sql(_TABLE.format(table=table))


def _attach_earlier(connection: Connection, before: Path | None) -> str | None:
    """Attach the publication before and its history; else the reason why the history begins anew."""
    if before is None:
        return FIRST
    raw = driver(connection)
    raw.execute(_ATTACH_TO_READ.format(name="before"), [str(before)])
    version = raw.execute("SELECT schema_version FROM before.publication").fetchone()[0]
    if version != SCHEMA_VERSION:
        return OTHER_SCHEMA
    if not history_of(before).exists():
        return FIRST
    raw.execute(_ATTACH_TO_READ.format(name="earlier"), [str(history_of(before))])
    return None


def _note(connection: Connection, table: str, number: int, anew: bool) -> set[int]:
    """Note what is new and different in a table, after what was noted of it before; the keys of both."""
    raw = driver(connection)
    raw.execute(_rows("after_row", "kpi", table))
    if anew:
        raw.execute(_NO_ROWS)
    else:
        raw.execute(_rows("before_row", "before", table))
        raw.execute(_undone("earlier", table))
        queries.run(connection, "history/retained_row", table_name=table)
        raw.execute(_RETAINED.format(table=table))
    queries.run(connection, "history/changes")
    queries.run(
        connection, "history/noted", publication_id=number, table_name=table, anew=int(anew)
    )
    raw.execute(_CHANGED.format(table=table), [number])
    return {key for (key,) in raw.execute(_CHANGED_DAYS).fetchall()}


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
            _write_again(settings, newest, number, file)
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


def _write_again(settings: Settings, newest: Path, number: int, file: Path) -> None:
    work = file.with_suffix(".work")
    shutil.copyfile(newest, work)
    try:
        with in_memory(settings) as connection:
            raw = driver(connection)
            raw.execute(_ATTACH_TO_READ.format(name="history"), [str(history_of(newest))])
            raw.execute(_ATTACH.format(name="kpi"), [str(work)])
            differing = [table for table in tables() if not _undo(connection, table, number)]
            if differing:
                raise Refused(
                    f"publication {number} can't be given back as it was: {', '.join(differing)} "
                    "would differ from what the history says of it; run: python -m kpi doctor"
                )
            connection.commit()
            raw.execute("CHECKPOINT kpi")
            raw.execute("DETACH kpi")
        os.replace(work, file)
    finally:
        for left in file.parent.glob("*.work*"):
            left.unlink()


def _undo(connection: Connection, table: str, number: int) -> bool:
    """Put a table back to how an earlier publication had it; True where it equals the record of it."""
    raw = driver(connection)
    raw.execute(_rows("after_row", "kpi", table))
    raw.execute(_undone("history", table))
    queries.run(connection, "history/undo", table_name=table, publication_id=number)
    keyed = KEYED.get(table, Keyed())
    raw.execute(_GONE.format(table=table, part=keyed.part, key=keyed.key))
    raw.execute(_RESTORED.format(table=table))
    same = queries.run(connection, "history/compared", table_name=table, publication_id=number)
    return bool(same.scalar_one())


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


def _rows(view: str, database: str, table: str) -> str:
    keyed = KEYED.get(table, Keyed())
    return _ROWS.format(
        view=view, database=database, table=table, part=keyed.part, key=keyed.key, width=keyed.width
    )


def _undone(database: str, table: str) -> str:
    keyed = KEYED.get(table, Keyed())
    return _UNDONE.format(database=database, table=table, part=keyed.part, key=keyed.key)


def _attached(connection: Connection) -> set[str]:
    rows = driver(connection).execute("SELECT database_name FROM duckdb_databases()").fetchall()
    return {name for (name,) in rows}
