"""The SQL in `queries/`: one file per table it fills or result it reads, named after it.

What several of them need word by word is a file of `queries/fragments`; `{{ filter }}` is its place. A
line that ends with `-- if given` is part of a statement only where its parameter has a value. A few files
are about any table, whose name is `$table` in them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

from sqlalchemy import (
    Connection,
    Dialect,
    Integer,
    Result,
    String,
    TextClause,
    bindparam,
    column,
    insert,
    table,
)
from sqlalchemy import text as text_clause

ROWS_PER_INSERT = 500
COUNTING = "ANALYZE "
FOLDER = Path(__file__).resolve().parent.parent.parent / "queries"
PLACE = re.compile(r"^(?P<indent> *)(?P<before>.*?)\{\{ (?P<fragment>\w+) \}\}$", re.MULTILINE)
"""The place of a fragment: the end of a line, whose indentation the fragment gets."""

IF_GIVEN = re.compile(r"^.*:(?P<parameter>\w+).* -- if given\n", re.MULTILINE)
"""A line that narrows a statement only where its parameter has a value."""


@cache
def text(name: str) -> str:
    """The text of one file, such as ``text("read/engagement")``, with the fragments in their places."""
    return PLACE.sub(_fragment, (FOLDER / f"{name}.sql").read_text(encoding="utf-8"))


def _fragment(place: re.Match[str]) -> str:
    """The lines of a fragment, indented as its place is; its head comment is left out."""
    name = "/".join(("fragments", place["fragment"]))
    lines = text(name).splitlines()
    body = [line for line in lines if not line.startswith("--")]
    return place["indent"] + place["before"] + f"\n{place['indent']}".join(body)


@cache
def statements(name: str, given: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """The statements of one file, which a semicolon at the end of a line parts.

    ``given`` are the parameters with a value, of those in lines that end with `-- if given`.
    """

    def line(match: re.Match[str]) -> str:
        return match[0].replace(" -- if given", "") if match["parameter"] in given else ""

    whole = IF_GIVEN.sub(line, text(name))
    parts = (part.strip().removesuffix(";") for part in whole.replace(";\n", ";\0").split(";\0"))
    return tuple(part for part in parts if _first_line(part))


@cache
def optional(name: str) -> frozenset[str]:
    """The parameters without a value of which a file's statements are shorter."""
    return frozenset(match["parameter"] for match in IF_GIVEN.finditer(text(name)))


def _asked(name: str, params: Mapping[str, Any]) -> tuple[str, ...]:
    """The statements of one file for some parameters."""
    return statements(name, frozenset(filter(params.get, optional(name))))


def _first_line(part: str) -> str:
    """The first line that is no comment; '' where there is none, which some engines refuse to execute."""
    lines = map(str.lstrip, part.splitlines())
    return next((line for line in lines if line and not line.startswith("--")), "")


def run(connection: Connection, name: str, /, **params: Any) -> Result[*tuple[Any, ...]]:
    """Execute every statement of one file with bound parameters; the result of the last.

    A tuple or list is bound as the values of an IN; an empty list as a blank, which nothing stored
    equals. A parameter that a statement doesn't use is left out. A step of filling counts what it has
    made (ANALYZE) on PostgreSQL only, which plans blindly without; the others keep such counts themselves.
    """
    for statement in _asked(name, params):
        if only_for_postgresql(name, statement) and connection.dialect.name != "postgresql":
            continue
        clause, given = _bound(statement, params)
        result = connection.execute(clause, given)
    return result


def run_named(
    connection: Connection, name: str, names: Mapping[str, str], /, **params: Any
) -> None:
    """Execute every statement of one file about any table: its `$name`s replaced, parameters bound."""
    for statement in named(name, names):
        connection.execute(*_bound(statement, params))


def named(name: str, names: Mapping[str, str]) -> tuple[str, ...]:
    """The statements of one file with each `$name` replaced; ``names`` are ours, never values."""
    return tuple(Template(statement).substitute(names) for statement in statements(name))


def only_for_postgresql(name: str, statement: str) -> bool:
    """True where a statement counts the rows of a fill step, which other engines do by themselves."""
    return name.startswith("fill/") and _first_line(statement).startswith(COUNTING)


def insert_rows(connection: Connection, into: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert a few thousand rows at most, many per statement; ``into`` may have its schema before it."""
    schema, _, name = into.rpartition(".")
    for start in range(0, len(rows), ROWS_PER_INSERT):
        some = list(rows[start : start + ROWS_PER_INSERT])
        target = table(name, *map(column, some[0]), schema=schema or None)
        connection.execute(insert(target).values(some))


def settings(connection: Connection) -> dict[str, str]:
    """The store's record of itself, by name."""
    return {name: setting for name, setting in run(connection, "read/settings")}


def filled(name: str, **params: Any) -> str:
    """A file of one statement in Redshift's dialect, its parameters filled in as literals.

    For people to read and to paste into a console; programs use `run`. Redshift reads a backslash in
    a literal as the beginning of an escape, so it is doubled like a quote.
    """
    (statement,) = _asked(name, params)
    clause, given = _bound(statement, params)
    compiled = clause.bindparams(**given).compile(
        dialect=_redshift(), compile_kwargs={"literal_binds": True}
    )
    return f"{compiled};\n"


def _bound(statement: str, params: Mapping[str, Any]) -> tuple[TextClause, dict[str, Any]]:
    """A statement, its IN lists ready for any number of values, and the parameters it uses."""
    clause, names = _clause(statement)
    given = {key: _bindable(params[key]) for key in names}
    expanding = [
        bindparam(key, expanding=True, type_=Integer() if type(value[0]) is int else String())
        for key, value in given.items()
        if isinstance(value, list)
    ]
    return clause.bindparams(*expanding) if expanding else clause, given


@cache
def _clause(statement: str) -> tuple[TextClause, tuple[str, ...]]:
    """A statement of a file, and the names of its parameters."""
    clause = text_clause(statement)
    return clause, tuple(clause.compile().params)


def _bindable(value: Any) -> Any:
    return (list(value) or [""]) if isinstance(value, (tuple, list)) else value


@cache
def _redshift() -> Dialect:
    from sqlalchemy_redshift.dialect import RedshiftDialect_psycopg2

    # Not the driver's own style of parameters, which would double every per cent sign.
    dialect = RedshiftDialect_psycopg2(paramstyle="named")
    dialect._backslash_escapes = True
    return dialect
