"""The keys of each table, by which the history of publications compares its rows, and its statements.

`queries/history` has the statements; `$table` and other names in them are of the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection

from kpi.store import dialects, queries
from kpi.store.shared import driver

READ_ONLY = "(READ_ONLY)"


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


def tables() -> list[str]:
    """The tables of a publication."""
    return [dialects.created(made) for made in queries.statements("tables/kpi")]


def attach(connection: Connection, name: str, file: Path, how: str = "") -> None:
    """Attach a file under a name of ours; ``how`` are the engine's own words in brackets."""
    driver(connection).execute(" ".join(("ATTACH $1 AS", name, how)), [str(file)])


def detach(connection: Connection, name: str) -> None:
    """Let go of a file that is attached under a name."""
    driver(connection).execute(" ".join(("DETACH", name)))


def run_of(connection: Connection, name: str, table: str, **params: object) -> None:
    """Execute every statement of one file of `queries/history` for a table, with bound parameters."""
    queries.run_named(connection, f"history/{name}", _names(table), **params)


def view_rows(connection: Connection, view: str, database: str) -> None:
    """Make a view of the rows of every table of a database: table_name, part, key, block and row_hash."""
    _view(connection, view, "history/rows", database=database)


def view_undone_rows(connection: Connection) -> None:
    """Make `undone_row`, a view of the rows that the history has of every table.

    Columns: table_name, publication_id, part, key.
    """
    _view(connection, "undone_row", "history/undone_rows")


def _view(connection: Connection, view: str, name: str, **names: str) -> None:
    rows = [queries.named(name, {**_names(table), **names})[0] for table in tables()]
    made = ("CREATE OR REPLACE TEMPORARY VIEW", view, "AS", "\nUNION ALL\n".join(rows))
    driver(connection).execute(" ".join(made))


def _names(table: str) -> dict[str, str]:
    keyed = KEYED.get(table, Keyed())
    return {"table": table, "part": keyed.part, "key": keyed.key, "width": str(keyed.width)}
