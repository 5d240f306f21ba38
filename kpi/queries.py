"""The SQL in `queries/`: one file per table it fills or result it reads, named after it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Dialect, Result, String, TextClause, bindparam
from sqlalchemy import text as text_clause

FOLDER = Path(__file__).resolve().parent.parent / "queries"


@cache
def text(name: str) -> str:
    """The text of one file, such as ``text("read/engagement")``."""
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")


@cache
def statements(name: str) -> tuple[str, ...]:
    """The statements of one file, which a semicolon at the end of a line parts."""
    parts = (part.strip() for part in text(name).replace(";\n", ";\0").split(";\0"))
    return tuple(part.removesuffix(";") for part in parts if part.strip(" ;\n"))


def run(connection: Connection, name: str, **params: Any) -> Result:
    """Execute every statement of one file with bound parameters; the last one's result.

    A tuple or list is bound as the values of an IN; a parameter that a statement doesn't use is left out.
    """
    for statement in statements(name):
        clause, given = _bound(statement, params)
        result = connection.execute(clause, given)
    return result


def run_many(connection: Connection, name: str, rows: list[dict[str, Any]]) -> None:
    """Execute a file of one statement once per row of bound parameters."""
    (statement,) = statements(name)
    connection.execute(text_clause(statement), rows)


def filled(name: str, **params: Any) -> str:
    """A file of one statement in Redshift's dialect, its parameters filled in as literals.

    For people to read and to paste into a console; programs use `run`. Redshift reads a backslash in
    a literal as the beginning of an escape, so it is doubled like a quote.
    """
    (statement,) = statements(name)
    clause, given = _bound(statement, params)
    compiled = clause.bindparams(**given).compile(
        dialect=_redshift(), compile_kwargs={"literal_binds": True}
    )
    return f"{compiled};\n"


def _bound(statement: str, params: Mapping[str, Any]) -> tuple[TextClause, dict[str, Any]]:
    """A statement, its IN lists ready to take any number of values, and the parameters it uses."""
    clause = text_clause(statement)
    given = {key: params[key] for key in clause.compile().params}
    expanding = [
        bindparam(key, expanding=True, type_=String())
        for key, value in given.items()
        if isinstance(value, (tuple, list))
    ]
    return clause.bindparams(*expanding), given


@cache
def _redshift() -> Dialect:
    from sqlalchemy_redshift.dialect import RedshiftDialect_psycopg2

    # Not the driver's own style of parameters, which would double every per cent sign.
    dialect = RedshiftDialect_psycopg2(paramstyle="named")
    dialect._backslash_escapes = True
    return dialect
