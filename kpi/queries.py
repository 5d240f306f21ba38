"""The SQL in `queries/`: one file per table it fills or result it reads, named after it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Result, String, bindparam
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
        clause = text_clause(statement)
        given = {key: params[key] for key in clause.compile().params}
        expanding = [
            bindparam(key, expanding=True, type_=String())
            for key, value in given.items()
            if isinstance(value, (tuple, list))
        ]
        result = connection.execute(clause.bindparams(*expanding), given)
    return result


def run_many(connection: Connection, name: str, rows: list[dict[str, Any]]) -> None:
    """Execute a file of one statement once per row of bound parameters."""
    (statement,) = statements(name)
    connection.execute(text_clause(statement), rows)
