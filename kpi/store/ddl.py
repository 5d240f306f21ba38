"""The definitions that a server needs once: groups, schemas, tables and grants, printed or carried out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlalchemy import text

from kpi.errors import Refused
from kpi.settings import Settings
from kpi.store import SCHEMA_VERSION, connections, dialects, queries, raw_events

_GROUP = re.compile(r"CREATE GROUP (\w+)")


def statements(settings: Settings, dialect: str) -> Iterator[str]:
    """Every statement, in order, each without its semicolon."""
    yield from queries.statements("tables/groups")
    for name in ("tables/schemas", "tables/events", "tables/kpi", "tables/notes"):
        for statement in dialects.definitions(name, dialect):
            if settings.raw_table and "EXISTS events.event (" in statement:
                yield raw_events.view(settings)
            else:
                yield statement
    yield from queries.statements("tables/version")
    yield from queries.statements("tables/grants")


def printed(settings: Settings, dialect: str) -> str:
    """Everything, to read or to paste into a console."""
    version = f"'{SCHEMA_VERSION}'"
    parts = (s.replace(":schema_version", version) for s in statements(settings, dialect))
    return "".join(f"{part};\n\n" for part in parts)


def apply(settings: Settings) -> int:
    """Carry everything out on the configured server, in one transaction; how many statements.

    What exists already is left as it is, so it can be run again, and is after an upgrade.
    """
    if not settings.database_url:
        raise Refused("KPI_DATABASE_URL is not set; the embedded store needs no definitions")
    engine = connections.writing(settings)
    done = 0
    with connections.faults(settings), engine.begin() as connection:
        groups = set(queries.run(connection, "read/groups").scalars())
        for statement in statements(settings, connection.dialect.name):
            group = _GROUP.search(statement)
            if group and group[1] in groups:
                continue
            clause = text(statement)
            version = {"schema_version": str(SCHEMA_VERSION)}
            connection.execute(clause, version if clause.compile().params else {})
            done += 1
    return done
