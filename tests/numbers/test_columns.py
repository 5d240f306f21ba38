"""Columns of DuckDB are those that its rows make, cell by cell and type by type."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any, cast

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from product import publication, table
from sqlalchemy import Connection, Result, create_engine, text
from test_sql_snapshots import ASKED, CASES

from kpi.numbers import published
from kpi.numbers.published import Published
from kpi.store.columns import Cells, columns

BIG = 2**62 + 1


class Rows:
    """A result that has rows only, as those of other engines."""

    def __init__(self, result: Result[Any]) -> None:
        self._result = result

    def keys(self) -> Any:
        """The names of the columns."""
        return self._result.keys()

    def all(self) -> Any:
        """Every row."""
        return self._result.all()


@pytest.fixture(scope="module")
def connection() -> Iterator[Connection]:
    """A connection to DuckDB in memory."""
    engine = create_engine("duckdb:///:memory:")
    with engine.connect() as made:
        yield made
    engine.dispose()


@pytest.mark.parametrize(
    ("cells", "kind", "expected"),
    (
        ("(1), (2)", "BIGINT", [1, 2]),
        (f"({BIG}), (2)", "BIGINT", [BIG, 2]),
        ("(1), (NULL)", "INTEGER", [1.0, None]),
        ("(NULL), (NULL)", "BIGINT", [None, None]),
        ("(1.5), (NULL)", "DOUBLE", [1.5, None]),
        (f"({BIG}), (2)", "HUGEINT", [BIG, 2]),
        ("(1.25), (2)", "DECIMAL(18, 2)", [1.25, 2]),
        ("('2016-02-29'), (NULL)", "DATE", [date(2016, 2, 29), None]),
        ("('2016-02-29 01:02:03'), (NULL)", "TIMESTAMP", [datetime(2016, 2, 29, 1, 2, 3), None]),
        ("('ü'), (NULL), ('')", "VARCHAR", ["ü", None, ""]),
        ("(NULL), (NULL)", "VARCHAR", [None, None]),
        ("(true), (NULL)", "BOOLEAN", [True, None]),
    ),
)
def test_each_type(connection: Connection, cells: str, kind: str, expected: list[Any]) -> None:
    """Every value comes back, larger whole numbers exactly, and absent values as pandas' own."""
    statement = text(
        " ".join(("SELECT CAST(v AS", kind, ") AS v FROM (VALUES", cells, ") AS t(v)"))
    )
    frame = pd.DataFrame(columns(connection.execute(statement)))
    assert_frame_equal(frame, pd.DataFrame(columns(cast(Any, Rows(connection.execute(statement))))))
    assert [None if pd.isna(cell) else cell for cell in frame["v"].tolist()] == expected
    nothing = text(
        " ".join(("SELECT CAST(v AS", kind, ") AS v FROM (VALUES", cells, ") AS t(v) LIMIT 0"))
    )
    empty = pd.DataFrame(columns(connection.execute(nothing)))
    assert_frame_equal(empty, pd.DataFrame(columns(cast(Any, Rows(connection.execute(nothing))))))


def test_whatever_tables_read(demo_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every reading behind every table is the same frame by columns as by rows."""
    read = Published._read
    compared = []

    def both(self: Published, query: str, params: dict[str, Any]) -> dict[str, Cells]:
        by_columns = read(self, query, params)
        with monkeypatch.context() as patched:
            patched.setattr(published, "columns", lambda result: columns(cast(Any, Rows(result))))
            by_rows = read(self, query, params)
        assert_frame_equal(pd.DataFrame(by_columns), pd.DataFrame(by_rows))
        compared.append(query)
        return by_columns

    monkeypatch.setattr(Published, "_read", both)
    with publication(demo_home) as warehouse:
        for name, case in ASKED:
            if case in ("none", "by-version", "weekly", "bands", "tags", "ratio-by-os"):
                table(warehouse, name, **CASES[case][1])
    assert len(set(compared)) > 15
