"""The SQL behind a table: what it was read with, in Redshift's dialect, safe to paste."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from conftest import environment

from kpi.meaning.filters import Filters
from kpi.meaning.question import Options, Question
from kpi.meaning.tables import EXPORTED, TABLES
from kpi.numbers.published import noted
from kpi.numbers.warehouse import Warehouse, open_warehouse
from kpi.settings import Settings
from kpi.store import queries

HOSTILE = (
    "'; DROP TABLE kpi.segment; --",
    "O''Reilly's",
    "back\\slash\\' OR 1=1 --",
    ":os :browser %(os)s %s {x} 100%",
    "two\nlines /* and */ -- comments",
    '$$ $1 ? " `',
    "Ünïcødé 火狐 \U0001f98a",
    "",
)
PICKED = Filters(os=("Android", "iOS"), not_browser=("Chrome",), users="existing")

BY_DAY = [name for name in EXPORTED if TABLES[name].accepts("weekly")]
"""The exported tables with rows by day."""


@pytest.fixture(scope="module")
def warehouse(demo_home: Path) -> Iterator[Warehouse]:
    """The demo store."""
    with environment(KPI_HOME=str(demo_home)):
        opened = open_warehouse(Settings.read())
    yield opened
    opened.close()


def literals(statement: str) -> list[str]:
    """The texts in a statement as Redshift reads them: a doubled quote or backslash is one."""
    bare = re.sub(r"(?m)^--.*$", "", statement)
    found = re.findall(r"'((?:[^'\\]|''|\\\\)*)'", bare)
    return [text.replace("''", "'").replace("\\\\", "\\") for text in found]


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_values_are_only_values(warehouse: Warehouse, value: str) -> None:
    """Whatever a tag holds stands whole in one literal, and nothing of it outside one."""
    filters = Filters(os=(value, "Android"), not_service=(value,))
    (statement,) = warehouse.ask(Question("engagement", filters)).statements
    assert literals(statement.text).count(value) >= 2
    outside = re.sub(r"'(?:[^'\\]|''|\\\\)*'", "", re.sub(r"(?m)^--.*$", "", statement.text))
    assert ";" not in outside.rstrip().removesuffix(";")
    assert "'" not in outside
    assert "DROP" not in outside


@pytest.mark.parametrize("name", BY_DAY)
@pytest.mark.parametrize("filters", [Filters(), PICKED], ids=["everyone", "some"])
def test_statement_returns_what_the_table_was_made_of(
    warehouse: Warehouse, demo_home: Path, name: str, filters: Filters
) -> None:
    """Pasted into a console, the statement gives the rows that the measure was worked out from."""
    with noted() as readings:
        answer = warehouse.ask(Question(name, filters))
    assert readings == []  # an answer notes its own
    (statement,) = answer.statements
    # The same query is asked again without each filter, for what must be hidden.
    query, params = next(reading for reading in answer.readings if reading[0] == statement.query)
    read = warehouse.frame(query, **params)
    with duckdb.connect() as console:
        file = (demo_home / "kpi.duckdb").resolve()
        console.execute("ATTACH $1 AS kpi (READ_ONLY)", [str(file)])
        rows = console.execute(statement.text).fetchall()
    assert len(rows) > 10
    assert as_told(pd.DataFrame(rows, columns=read.columns)) == as_told(read)


def as_told(frame: pd.DataFrame) -> list[tuple]:
    """Rows with days as days, numbers as numbers and absent values alike."""

    def plain(value: object) -> object:
        if pd.isna(value):
            return None
        if isinstance(value, (date, pd.Timestamp)):
            return pd.Timestamp(value).date()
        return value if isinstance(value, str) else float(value)

    return [tuple(map(plain, row)) for row in frame.itertuples(index=False)]


def test_weeks_and_breakdowns_are_in_the_statement(warehouse: Warehouse) -> None:
    """What a reader chose besides filters is filled in too, and no parameter is left open."""
    question = Question("connection-time", by="region", options=Options(weekly=True))
    (statement,) = warehouse.ask(question).statements
    assert "CASE CAST('region' AS VARCHAR(16))" in statement.text
    assert "CAST(7 - 1 - MOD(" in statement.text
    assert not re.search(r"(?<![:\w]):[a-z_]+", re.sub(r"(?m)^--.*$", "", statement.text))


def test_statement_has_no_driver_marks() -> None:
    """Per cent signs stand once, as a console wants them."""
    text = queries.filled("read/firefox")
    assert "%%" not in text
    assert text.endswith(";\n")


def test_a_copy_of_the_table_loses_nothing(warehouse: Warehouse) -> None:
    """Statements and the file's name belong to the answer, whatever becomes of its table."""
    answer = warehouse.ask(Question("engagement", PICKED))
    days = date(2016, 3, 1), date(2016, 3, 31)
    copied = replace(answer, table=answer.table.copy().head(3))
    assert copied.statements == answer.statements
    assert len(copied.statements) == 1
    assert copied.file_name(days) == answer.file_name(days)
    assert "not-browser-Chrome_os-Android+iOS_users-existing" in copied.file_name(days)


def test_equal_questions_are_one_question() -> None:
    """What doesn't apply to a table is left out of a question, so that its answer is kept once."""
    assert Question("engagement", Filters(devices="multi")) == Question("engagement")
    assert Question("firefox", PICKED, options=Options(window=7)) == Question("firefox")
    assert Question("completion", Filters(devices="multi")) != Question("completion")
    assert len({Question("multi-device", options=Options(window=n)) for n in (5, 5, 7)}) == 2
    assert Question("multi-device", options=Options(window=5)) == Question("multi-device")
    assert hash(Question("multi-device", options=Options(window=5))) == hash(
        Question("multi-device")
    )
    with pytest.raises(ValueError, match="none of"):
        Question("engagement", by="region")
