"""Parquet files: every row group is read, under any name, and cells are checked as those of a CSV."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pyarrow
import pyarrow.parquet
import pytest
from conftest import Store
from event_files import SPECIFIED_NAMES, write_bytes

from kpi.events.event_file import ParquetContent

START = 1_472_774_400_000  # 2 September 2016


def columns(rows: int, **changed: list[Any]) -> dict[str, list[Any]]:
    """The columns of rows of three users, but for those given."""
    users = [str(row % 3) * 32 for row in range(rows)]
    blank: dict[str, list[Any]] = {name: [""] * rows for name in SPECIFIED_NAMES.values()}
    given = {
        "timestamp": [str(START + row) for row in range(rows)],
        "type": ["account.signed"] * rows,
        "uid": users,
        "deviceId": users,
    }
    return blank | given | changed


def parquet(path: Path, table: dict[str, list[Any]], group: int | None = None) -> Path:
    """A Parquet file of these columns, in row groups of so many rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(pyarrow.table(table), path, row_group_size=group)
    return path


def stored(store: Store, query: str) -> list[Any]:
    """The only column of what the private file has."""
    with duckdb.connect(str(store.home / "events.duckdb"), read_only=True) as engine:
        return [value for (value,) in engine.execute(query).fetchall()]


@pytest.mark.parametrize("most", (1, 99, 100, 101, 250, 10**6))
def test_parts_are_whole_row_groups(most: int) -> None:
    """Parts cover every row once, in order, and join row groups as far as they fit."""
    groups = ((10, 100), (0, 0), (7, 50), (20, 400), (1, 20), (1, 30))
    parts = list(ParquetContent((), False, groups).parts(most))
    rows = [row for first, count in parts for row in range(first, first + count)]
    assert rows == list(range(39))
    starts = {sum(count for count, _ in groups[:place]) for place in range(len(groups))}
    assert {first for first, _ in parts} <= starts
    assert len(parts) == {1: 5, 99: 4, 100: 4, 101: 4, 250: 3, 10**6: 1}[most]


def test_a_bad_row_of_any_part_is_named_by_its_number(store: Store) -> None:
    """A file that is read in several parts is numbered through."""
    rows, bad = 90_000, (3, 44_444, 89_999)
    types = [None if row in bad else "account.signed" for row in range(rows)]
    path = parquet(store.files / "events.parquet", columns(rows, type=types), 7_000)
    store.load(path, KPI_MEMORY_LIMIT="256MB")  # so a part is 4 MB
    lines = stored(store, "SELECT line FROM reject ORDER BY line")
    assert lines == [row + 1 for row in bad]


def test_a_name_is_no_pattern(store: Store) -> None:
    """Marks that engines read as patterns, or as columns, are characters of a name like others."""
    folder = store.files / "type=x"
    parquet(folder / "ab.parquet", columns(5))
    ran = store.load(parquet(folder / "a[b*]?.parquet", columns(6)))
    assert "6 events, 0 rows rejected" in ran.text, ran.said
    ran = store.load(parquet(folder / "*.parquet", columns(7)))
    assert "7 events, 0 rows rejected" in ran.text, ran.said


def test_a_column_with_the_engines_own_name(store: Store) -> None:
    """A file that can't be numbered, since a column has the number's name, is refused by that reason."""
    path = parquet(store.files / "own.parquet", columns(6, FILE_row_number=[9] * 6))
    ran = store.run("load", path)
    assert ran.status == 1 and "own.parquet: has a column named FILE_row_number" in ran.err, (
        ran.said
    )


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    (
        ("timestamp", "1.4727744E+12", "scientific notation"),
        ("uid", "a\0b", "NUL character"),
        ("type", "account.\0signed", "type"),
        ("userAgentOS", "Win\0dows", "NUL character"),
    ),
)
def test_cells_are_checked_as_those_of_a_csv(
    column: str, cell: str, reason: str, store: Store
) -> None:
    """A row with a cell that can't be stored is rejected, whatever the other cells are."""
    table = columns(40)
    table[column][7] = cell
    ran = store.load(parquet(store.files / "events.parquet", table))
    assert "39 events, 1 row rejected" in ran.text, ran.said
    assert "line 8" in ran.said and reason in ran.said, ran.said


def test_tags_are_trimmed_and_private_ones_left_out(store: Store) -> None:
    """A tag that looks like an address or an id isn't stored; blanks around a tag are no part of it."""
    systems = ["Linux", " Linux ", "NULL", "\\N", "someone@example.org", "0f" * 16, "x" * 300]
    ran = store.load(parquet(store.files / "events.parquet", columns(7, userAgentOS=systems)))
    assert "7 events, 0 rows rejected" in ran.text, ran.said
    expected = ["Linux", "Linux", None, None, None, None, "x" * 256]
    assert stored(store, 'SELECT user_agent_os FROM event ORDER BY "timestamp"') == expected


def test_a_damaged_column_is_refused(store: Store) -> None:
    """Damage behind a sound end of the file is refused by the file's name, and leaves nothing."""
    path = parquet(store.files / "events.parquet", columns(3_000))
    content = bytearray(path.read_bytes())
    content[200:6_000] = b"\xff" * 5_800
    ran = store.run("load", write_bytes(path, bytes(content)))
    assert ran.status == 1 and "events.parquet: is no whole Parquet file" in ran.err, ran.said
    assert len(ran.err.splitlines()) == 1
