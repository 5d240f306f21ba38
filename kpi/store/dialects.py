"""The few words in which the engines' table definitions differ.

`queries/tables` has them as Redshift reads them. Elsewhere the storage clauses (how rows are spread over
nodes, sorted and compressed) are left out; on PostgreSQL texts are compared byte by byte, as the other
two do, whatever the database's language is.
"""

from __future__ import annotations

import re

from sqlalchemy import Connection

from kpi.store import queries

_STORAGE = re.compile(
    r"\s+(?:ENCODE \w+|DISTSTYLE \w+|DISTKEY \([^)]*\)|SORTKEY \([^)]*\)|BACKUP (?:YES|NO))"
)
_CREATED = re.compile(r"CREATE TABLE IF NOT EXISTS kpi\.(\w+)")
_TEXT = re.compile(r"\bVARCHAR\(\d+\)")


def definitions(name: str, dialect: str) -> tuple[str, ...]:
    """The statements of a file in `queries/tables` for 'redshift', 'postgresql' or 'duckdb'."""
    return tuple(translated(statement, dialect) for statement in queries.statements(name))


def created(definition: str) -> str:
    """The name of the table in `kpi` that a definition creates."""
    return _CREATED.findall(definition)[0]


def make_tables(connection: Connection, name: str) -> None:
    """Make the tables of a file in `queries/tables` where they are missing."""
    for statement in definitions(name, connection.dialect.name):
        connection.exec_driver_sql(statement)


def translated(statement: str, dialect: str) -> str:
    """A table definition of ours in another dialect than Redshift's."""
    if dialect == "redshift" or "CREATE TABLE" not in statement:
        return statement
    plain = without_storage(statement)
    return _TEXT.sub(r'\g<0> COLLATE "C"', plain) if dialect == "postgresql" else plain


def without_storage(statement: str) -> str:
    """A table definition without Redshift's storage clauses."""
    return _STORAGE.sub("", statement)
