"""The whole content of a publication, written so that two stores with the same numbers are equal.

Ids of segments and sets are written out as the tags that they mean, since every store counts its own.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, select, table, text

from kpi.numbers.warehouse import Warehouse

Contents = dict[str, Any]

TAGS = ("version", "browser", "os", "service", "new_user")

WHOLE = (
    "day_status",
    "day_coverage",
    "blank_sequence",
    "firefox_engagement",
)
"""Tables whose rows mean the same in every store."""


def contents(warehouse: Warehouse) -> Contents:
    """The rows of every table that a table of numbers reads, as counts of rows and sums."""
    last = warehouse.publication.last_day
    with warehouse._engine.connect() as connection:
        segments = {
            row["segment_id"]: tuple(row[name] for name in TAGS)
            for row in _rows(connection, "segment")
        }
        sets = _sets(connection, segments)
        return {
            **{name: Counter(_plain(_rows(connection, name))) for name in WHOLE},
            "daily_users": _sums(connection, "daily_users", sets, "set_id"),
            "monthly_users_change": {
                key: change
                for key, change in _sums(
                    connection, "monthly_users_change", sets, "set_id", of="change"
                ).items()
                if last is None or key[1] <= last
            },
            "monthly_move": _sums(connection, "monthly_move", sets, "from_set", "to_set"),
            "connection": Counter(
                _plain(
                    {**row, "segment_id": segments[row["segment_id"]]}
                    for row in _rows(connection, "connection")
                )
            ),
        }


def _rows(connection: Connection, name: str) -> Iterator[dict[str, Any]]:
    for row in connection.execute(
        select(text("*")).select_from(table(name, schema="kpi"))
    ).mappings():
        yield dict(row)


def _plain(rows: Iterator[dict[str, Any]]) -> Iterator[tuple[tuple[str, Any], ...]]:
    return (tuple(sorted(row.items())) for row in rows)


def _sets(connection: Connection, segments: dict[int, Any]) -> dict[int, Any]:
    """The segments of each set; of sets without versions, whose numbers are below 0, without these."""
    members: dict[int, list[Any]] = defaultdict(list)
    for row in _rows(connection, "segment_set_member"):
        segment = segments[row["segment_id"]]
        members[row["set_id"]].append(segment if row["set_id"] >= 0 else segment[1:])
    named = {number: tuple(sorted(segments)) for number, segments in members.items()}
    return named | {0: "nobody", -1: "never"}


def _sums(
    connection: Connection, table: str, sets: dict[int, Any], *columns: str, of: str = "users"
) -> dict[Any, int]:
    """The users or changes of each audience, day and sets of segments, where there are any."""
    sums: Counter[Any] = Counter()
    for row in _rows(connection, table):
        named = (sets[row[column]] for column in columns)
        sums[row["audience"], row["day"], *named] += int(row[of])
    return {key: total for key, total in sums.items() if total}
