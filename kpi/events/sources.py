"""The view `source`: the rows of a block, every cell as text under our names, whatever the block holds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from kpi.errors import Refused, one_line
from kpi.events import layouts
from kpi.events.layouts import Layout, Recognised
from kpi.events.texts import Texts
from kpi.store import queries

LINE = "the line of a row"
TAGS = tuple("browser version os service context entrypoint campaign migration region".split())
_IDS = ("uid", "device_id", "seq_id")
_LONG_TAG = 24
_NOTHING = "NULL::VARCHAR"
_ROW_NUMBER = "file_row_number"


@dataclass(frozen=True)
class Constants:
    """Constants for reading all rows of a file: limits of time, unit, spelling of ids."""

    first_sane: datetime
    last_sane: datetime
    first_open: datetime
    time_unit: str | None = None
    as_written: bool = False
    event_wins: bool = False

    def columns(self, care: bool = True, tag_care: bool = True, spelled: bool = False) -> str:
        """The constants as columns of `source`.

        ``care`` is true where a cell may hold a NUL character or a number with an exponent, ``tag_care``
        where a tag may be long, an id or an address. Where sequences are ``spelled`` as they are stored,
        nothing is done about that.
        """
        limits = {name: getattr(self, name) for name in ("first_sane", "last_sane", "first_open")}
        constants = {
            "care": str(care),
            "tag_care": str(tag_care),
            "as_written": str(self.as_written or spelled),
            "event_wins": str(self.event_wins),
            "time_unit": literal(self.time_unit) if self.time_unit else "NULL::VARCHAR",
            **{name: str(int(limit.timestamp() * 1000)) for name, limit in limits.items()},
        }
        return ", ".join(f"{value} AS {name}" for name, value in constants.items())


def name_tags(reader: Any, care: bool) -> None:
    """Settle how the tags of the next block are stored; ``care`` as in `Constants.columns`."""
    for statement in queries.statements(f"files/tags_{'with' if care else 'without'}_care"):
        reader.execute(statement)


def view_cells(
    reader: Any, layout: Layout, table: pa.Table, care: bool, constants: Constants
) -> None:
    """`source` over rows whose cells are columns already, blank cells NULL."""
    cells = {name: f"c{place + 1}" for place, name in enumerate(layout.columns) if name}
    texts = {name: Texts(table.column(cell)) for name, cell in cells.items()}
    care |= any(texts[name].longest >= _LONG_TAG for name in TAGS if name in texts)
    name_tags(reader, care)
    padded = care or any(text.are_padded() for text in texts.values())
    spelled = "seq_id" in texts and _is_spelled(texts["seq_id"])
    columns = ", ".join(
        f"{text_cell(name, cells[name]) if padded else cells[name]} AS {identifier(name)}"
        if name in cells
        else f"{_NOTHING} AS {identifier(name)}"
        for name in layouts.CELLS
    )
    reader.execute(
        "CREATE OR REPLACE TEMP VIEW source AS SELECT line, NULL::VARCHAR AS fault, "
        f"'{layout.format}' AS format, {constants.columns(care, care, spelled)}, {columns} FROM block"
    )


def view_lines(reader: Any, kind: Recognised, constants: Constants) -> None:
    """`source` over the lines of a CSV that are not split yet: quoted, faulty or of another width."""
    name_tags(reader, care=True)
    mark = literal(kind.separator)
    widths = sorted(kind.layouts)
    cell = _cell_pattern(kind.separator)
    escaped = _cell_pattern(kind.separator, backslash=True)
    whole = f"RTRIM(text, CHR(10)) || {mark}"
    most = widths[-1]
    reader.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE cells AS
        SELECT line, fault, cells, CASE
            WHEN LEN(cells) IN ({", ".join(map(str, widths))}) THEN LEN(cells)
            WHEN LEN(cells) > {most} AND TRIM(ARRAY_TO_STRING(cells[{most + 1}:], '')) = '' THEN {most}
          END AS width
        FROM (
          SELECT line, fault, CASE
              WHEN fault IS NOT NULL THEN NULL
              WHEN NOT CONTAINS(text, '"') THEN STRING_SPLIT(RTRIM(text, CHR(10)), {mark})
              WHEN REGEXP_FULL_MATCH({whole}, '(?s)(?:{cell})+')
                THEN LIST_TRANSFORM(REGEXP_EXTRACT_ALL({whole}, '(?s){cell}', 1), lambda c: unquoted(c))
              WHEN CONTAINS(text, '\\"') AND REGEXP_FULL_MATCH({whole}, '(?s)(?:{escaped})+')
                THEN LIST_TRANSFORM(
                  REGEXP_EXTRACT_ALL({whole}, '(?s){escaped}', 1),
                  lambda c: REPLACE(REPLACE(unquoted(c), '\\"', '"'), '\\\\', '\\')
                )
            END AS cells
          FROM block
        )
        """
    )
    places = {
        name: {
            width: layout.columns.index(name) + 1
            for width, layout in kind.layouts.items()
            if name in layout.columns
        }
        for name in layouts.CELLS
    }
    columns = ", ".join(
        f"{text_cell(name, _at(place))} AS {identifier(name)}" for name, place in places.items()
    )
    few = widths[0] if len(widths) == 1 else most
    formats = " ".join(f"WHEN {w} THEN '{layout.format}'" for w, layout in kind.layouts.items())
    reader.execute(
        f"""
        CREATE OR REPLACE TEMP VIEW source AS
        SELECT line, CASE
            WHEN fault IS NOT NULL THEN fault
            WHEN cells IS NULL THEN 'row: a quote is out of place'
            WHEN width IS NULL AND LEN(cells) < {few} THEN 'row: too few cells'
            WHEN width IS NULL THEN 'row: too many cells'
          END AS fault,
          CASE width {formats} ELSE 'events' END AS format,
          {constants.columns()},
          {columns}
        FROM cells
        """
    )


def refuse_reserved(path: Path, names: Iterable[str]) -> None:
    """Raise Refused where a column of a Parquet file has the name of the engine's own row number."""
    for name in names:
        if name.lower() == _ROW_NUMBER:
            raise Refused(
                f"{path}: has a column named {one_line(name)}, as the number of a row is named while the "
                "file is read; leave it out"
            )


def view_part(reader: Any, path: Path, first: int, rows: int) -> None:
    """`block` over rows of a Parquet file, with their numbers; the engine reads them where they are used."""
    file = re.sub(r"[*?[]", r"[\g<0>]", str(path.absolute()))
    reader.execute(
        f"CREATE OR REPLACE TEMP VIEW block AS SELECT {_ROW_NUMBER} + 1 AS {identifier(LINE)}, "
        f"* EXCLUDE ({_ROW_NUMBER}) FROM read_parquet({literal(file)}, {_ROW_NUMBER} = true, "
        f"hive_partitioning = false) WHERE {_ROW_NUMBER} BETWEEN {first} AND {first + rows - 1}"
    )


def view_parquet(reader: Any, layout: Layout, constants: Constants) -> None:
    """`source` over rows of a Parquet file: every cell as text under our names."""
    types = {row[0]: row[1] for row in reader.execute("DESCRIBE block").fetchall()}
    spelling = {c: n for n, c in zip(layout.names, layout.columns, strict=True) if c}
    cells = {name: _as_text(identifier(n), types[n]) for name, n in spelling.items()}
    tags = ", ".join(f"{cells.get(tag, _NOTHING)} AS {tag}" for tag in TAGS)
    given = reader.table("block").project(tags)
    [(asks_for_care,)] = given.query("given_tag", queries.text("files/careful_tags")).fetchall()
    care = bool(asks_for_care)
    name_tags(reader, care)
    columns = ", ".join(
        f"{text_cell(name, cells.get(name, _NOTHING), care)} AS {identifier(name)}"
        for name in layouts.CELLS
    )
    reader.execute(
        f"CREATE OR REPLACE TEMP VIEW source AS SELECT {identifier(LINE)} AS line, NULL::VARCHAR AS fault, "
        f"'{layout.format}' AS format, {constants.columns(tag_care=care)}, {columns} FROM block"
    )


def _is_spelled(ids: Texts) -> bool:
    """True where ids are spelled as they are stored: without blanks around them and capital letters."""
    return not ids.are_padded() and not ids.have_capitals()


def text_cell(name: str, cell: str, padded: bool = True) -> str:
    """A cell that is NULL where it is blank, without blanks around it; ids are spelled later."""
    if cell == _NOTHING:
        return cell
    return f"{'plain_cell' if padded and name not in _IDS else 'word_cell'}({cell})"


def _at(places: dict[int, int]) -> str:
    """A cell by the width of its row."""
    if not places:
        return _NOTHING
    if len(set(places.values())) == 1:
        place = next(iter(places.values()))
        shortest = min(places)
        return f"CASE WHEN width >= {shortest} THEN cells[{place}] END"
    cases = " ".join(f"WHEN {width} THEN cells[{place}]" for width, place in places.items())
    return f"CASE width {cases} END"


def _cell_pattern(separator: str, backslash: bool = False) -> str:
    """RE2 for a cell of a CSV and the separator after it; its first group is the cell."""
    mark = {"|": r"\|", "\t": r"\t"}.get(separator, separator)
    inside = r'(?:[^"\\]|""|\\.)*' if backslash else '(?:[^"]|"")*'
    return f'( *"{inside}" *|[^"{mark}][^{mark}]*|){mark}'


def _as_text(cell: str, kind: str) -> str:
    """A Parquet cell as the text that a CSV would have."""
    if kind == "BLOB":
        return f"TRY(DECODE({cell}))"
    if kind in ("DOUBLE", "FLOAT"):
        whole = f"CAST(CAST({cell} AS BIGINT) AS VARCHAR)"
        return (
            f"CASE WHEN ISNAN({cell}) THEN NULL WHEN ABS({cell}) < 9e18 AND {cell} = FLOOR({cell}) "
            f"THEN {whole} ELSE CAST({cell} AS VARCHAR) END"
        )
    return f"CAST({cell} AS VARCHAR)"


def identifier(name: str) -> str:
    """A name as SQL quotes it."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: object) -> str:
    """A string literal, for statements of views, which accept no parameters."""
    return "'" + str(value).replace("'", "''") + "'"
