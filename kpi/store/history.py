"""Earlier publications of an embedded store, retained as differences from the newest.

`kpi.store.recording` writes them. From them any earlier publication is written again, as a file of its own in
`past/`, and compared with its hashes before anybody reads it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection

from kpi import private
from kpi.errors import Refused
from kpi.meaning.definitions import RETURN_REACH
from kpi.settings import Settings
from kpi.store import publications, queries
from kpi.store.differences import (
    READ_ONLY,
    attach,
    detach,
    run_of,
    view_rows,
    view_undone_rows,
)
from kpi.store.locks import locked
from kpi.store.publications import history_of
from kpi.store.reading import Past
from kpi.store.shared import driver, in_memory

FILES = 4
"""The number of earlier publications that are retained as files, those made last."""

BEGINS = "the history begins with publication {number} of {day}: {why}"


def past_folder(home: Path) -> Path:
    """The folder of earlier publications that were written again."""
    return publications.folder(home) / "past"


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
        attach(connection, "kpi", newest, READ_ONLY)
        view_rows(connection, "after_row", "kpi")
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
            attach(connection, "history", history_of(newest), READ_ONLY)
            for number in sorted(numbers, reverse=True):
                attach(connection, "kpi", work)
                _go_back(connection, reached, number)
                connection.commit()
                raw.execute("CHECKPOINT kpi")
                detach(connection, "kpi")
                reached = number
                yield work
    finally:
        for left in work.parent.glob("*.work*"):
            left.unlink()


def _go_back(connection: Connection, reached: int, number: int) -> None:
    """Put every table back to how publication ``number`` had it, from how ``reached`` had it."""
    raw = driver(connection)
    view_rows(connection, "after_row", "kpi")
    view_undone_rows(connection)
    between = {"publication_id": number, "reached": reached}
    queries.run(connection, "history/undo", **between)
    for (table,) in raw.execute("SELECT DISTINCT table_name FROM replaced_key").fetchall():
        run_of(connection, "put_back", table)
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
        view_undone_rows(connection)
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
        attach(connection, "history", file, READ_ONLY)
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
