"""A file's rows, typed and checked, behind the name `checked`; and what is wrong with the others.

Everything here is DuckDB's own: it reads, parses and checks, no row passes through Python.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kpi import queries
from kpi.events import formats
from kpi.store.shared import quoted

FIRST_SANE = datetime(2010, 1, 1, tzinfo=UTC)
SHOWN_FAULTS = 1000
_BLANKS = "['', 'NULL', 'null', 'Null']"


@dataclass(frozen=True)
class Fault:
    """One rejected row: its line in the file, the column and the reason."""

    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        """The fault without its line, such as 'type is missing' or 'too few cells'."""
        return self.reason if self.column == "row" else f"{self.column} {self.reason}"


@dataclass(frozen=True)
class Torn:
    """A stretch of a CSV that is no whole row: where it begins, why, and how many lines it took."""

    line: int
    reason: str
    lines: int


def stage(
    writer: Any, path: Path, kind: formats.Recognised, frozen_before: str | None = None
) -> None:
    """Put the file's rows, typed and checked, behind the name `checked`.

    Rows of days before ``frozen_before`` (a UTC date) are rejected, since they can't be refilled.

    Files that fit are staged in memory and parsed once, by user: a user's rows side by side store in
    less than half the room, and are looked up faster. Larger files are views, parsed at each use.
    """
    size = path.stat().st_size * (10 if path.suffix in formats.COMPRESSIONS else 2)
    limit = writer.execute("SELECT current_setting('memory_limit')").fetchone()[0]
    fits = size < _bytes(limit) / 8
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    first_open = FIRST_SANE
    if frozen_before:
        first_open = datetime.fromisoformat(frozen_before).replace(tzinfo=UTC)
    writer.execute(
        "CREATE TEMP TABLE check_limits AS "
        "SELECT $1::BIGINT AS first_sane, $2::BIGINT AS last_sane, $3::BIGINT AS first_open",
        [int(limit.timestamp() * 1000) for limit in (FIRST_SANE, tomorrow, first_open)],
    )
    _source_view(writer, path, kind, numbered=False)
    if kind.format != "events":
        writer.execute(f"CREATE TEMP VIEW browsed_source AS {queries.text('files/browsed_source')}")
    writer.execute(f"CREATE TEMP VIEW typed AS {queries.text('files/' + kind.format)}")
    checked = queries.text("files/checked")
    form = f"TABLE checked AS {checked} ORDER BY uid" if fits else f"VIEW checked AS {checked}"
    writer.execute(f"CREATE TEMP {form}")


def _source_view(writer: Any, path: Path, kind: formats.Recognised, numbered: bool) -> None:
    """The file as text columns under our names, blanks as NULL, optionally with row numbers."""
    file = quoted(_literal_path(path))
    position = {name: index for index, name in enumerate(kind.columns) if name}
    if kind.encoding == "csv":
        columns = ", ".join(f"'c{index}': 'VARCHAR'" for index in range(len(kind.columns)))
        reader = (
            f"read_csv({file}, header={str(kind.header).lower()}, auto_detect=false, delim=',', "
            f"quote='\"', escape='\"', columns={{{columns}}}, nullstr={_BLANKS}, "
            f"store_rejects=true{_compression(path)})"
        )
        cells = {name: f"c{index}" for name, index in position.items()}
    elif kind.encoding == "json":
        columns = ", ".join(f"{quoted(kind.names[i])}: 'VARCHAR'" for i in position.values())
        reader = (
            f"read_json({file}, format='newline_delimited', columns={{{columns}}}, "
            f"ignore_errors=true{_compression(path)})"
        )
        cells = {
            name: f"CASE WHEN UPPER({_name(kind.names[i])}) IN ('', 'NULL') THEN NULL "
            f"ELSE {_name(kind.names[i])} END"
            for name, i in position.items()
        }
    else:
        reader = f"read_parquet({file})"
        types = dict(
            row[:2] for row in writer.execute(f"DESCRIBE SELECT * FROM {reader}").fetchall()
        )
        cells = {}
        for name, i in position.items():
            cell = _name(kind.names[i])
            if types[kind.names[i]].startswith("TIMESTAMP"):
                scale = "" if kind.format == "events" else " / 1000.0"
                cell = f"EPOCH_MS(CAST({cell} AS TIMESTAMP)){scale}"
            cell = f"CAST({cell} AS VARCHAR)"
            cells[name] = f"CASE WHEN UPPER({cell}) IN ('', 'NULL') THEN NULL ELSE {cell} END"
    listed = ", ".join(
        f"{cells.get(name, 'CAST(NULL AS VARCHAR)')} AS {_name(name)}"
        for name in formats.NAMES[kind.format]
    )
    number = "ROW_NUMBER() OVER ()" if numbered else "CAST(NULL AS BIGINT)"
    if numbered and kind.encoding == "csv":
        cells = ", ".join(f"c{index}" for index in range(len(kind.columns)))
        whole = f"CONCAT({cells})"
        listed += f", LENGTH({whole}) - LENGTH(REPLACE({whole}, CHR(10), '')) AS newlines"
    writer.execute(
        f"CREATE OR REPLACE TEMP VIEW source AS SELECT {listed}, {number} AS row_number FROM {reader}"
    )


def torn_lines(writer: Any, kind: formats.Recognised) -> list[Torn]:
    """Lines that are no whole CSV row: line, column, reason and how many lines were lost with it."""
    if kind.encoding != "csv":
        return []
    reasons = {
        "MISSING COLUMNS": "too few cells",
        "TOO MANY COLUMNS": "too many cells",
        "UNQUOTED VALUE": "a quote is not closed",
        "LINE SIZE OVER MAXIMUM": "is longer than 2 MB",
        "INVALID ENCODING": "is not UTF-8",
    }
    found = writer.execute(
        "SELECT line, MIN(error_type), MAX(1 + LENGTH(TRIM(csv_line, chr(10) || chr(13))) - "
        "LENGTH(REPLACE(TRIM(csv_line, chr(10) || chr(13)), chr(10), ''))) "
        "FROM reject_errors GROUP BY line ORDER BY line"
    ).fetchall()
    return [
        Torn(line, reasons.get(error, "can't be read"), lines or 1) for line, error, lines in found
    ]


def faults(
    writer: Any, kind: formats.Recognised, path: Path, torn: list[Torn]
) -> tuple[Fault, ...]:
    """The first thousand rejected rows with their lines, found by a second, numbered reading."""
    _source_view(writer, path, kind, numbered=True)
    lines = _Lines(writer, kind, torn)
    numbered = queries.text("files/checked")
    found = writer.execute(
        f"SELECT row_number, fault FROM ({numbered}) WHERE fault IS NOT NULL "
        f"ORDER BY row_number LIMIT {SHOWN_FAULTS}"
    ).fetchall()
    listed = [
        Fault(lines.of_record(stretch.line), "row", stretch.reason)
        for stretch in torn[:SHOWN_FAULTS]
    ]
    for row, fault in found:
        column, _, reason = fault.partition(": ")
        spelled = kind.names[kind.columns.index(column)] if column in kind.columns else column
        listed.append(Fault(lines.of_row(row), spelled, reason))
    return tuple(sorted(listed, key=lambda fault: fault.line)[:SHOWN_FAULTS])


def doubts(
    writer: Any, kind: formats.Recognised, path: Path, torn: list[Torn]
) -> tuple[Fault, ...]:
    """Rows that are kept although their seq_time disagrees with their timestamp, with their lines."""
    if not {"seq_time", "flow_time"} & set(kind.columns):
        return ()
    doubtful = queries.text("files/doubtful")
    if not writer.execute(f"SELECT COUNT(*) FROM ({doubtful})").fetchone()[0]:
        return ()
    _source_view(writer, path, kind, numbered=True)
    lines = _Lines(writer, kind, torn)
    checked = queries.text("files/checked")
    found = writer.execute(
        f"WITH checked AS MATERIALIZED ({checked}) "
        f"SELECT row_number FROM ({doubtful}) ORDER BY row_number LIMIT {SHOWN_FAULTS}"
    ).fetchall()
    reason = "disagrees with the timestamp by more than 2 seconds"
    return tuple(Fault(lines.of_row(row), "seq_time", reason) for (row,) in found)


class _Lines:
    """Where in a file a row stands, given the stretches that are no rows and the cells with newlines.

    The engine counts records; a quoted cell with newlines, or a quote that is never closed, makes one
    record of several lines.
    """

    def __init__(self, writer: Any, kind: formats.Recognised, torn: list[Torn]) -> None:
        self._header = int(kind.header)
        self._torn = [stretch.line for stretch in torn]
        extra = [(stretch.line, stretch.lines - 1) for stretch in torn]
        if kind.encoding == "csv":
            tall = writer.execute(
                "SELECT row_number, newlines FROM source WHERE newlines > 0 ORDER BY row_number"
            ).fetchall()
            extra += [(self._record(row), newlines) for row, newlines in tall]
        self._extra = extra

    def of_row(self, row: int) -> int:
        """The line of the nth readable row."""
        return self.of_record(self._record(row))

    def of_record(self, record: int) -> int:
        """The line of the nth record, readable or not."""
        return record + sum(lines for before, lines in self._extra if before < record)

    def _record(self, row: int) -> int:
        record = row + self._header
        for torn in self._torn:
            record += torn <= record
        return record


def unstage(writer: Any) -> None:
    """Take away what staging a file made."""
    for name in ("distinct_id", "hashed_id", "check_limits", "reject_errors", "reject_scans"):
        writer.execute(f"DROP TABLE IF EXISTS temp.{name}")
    for name, kind in writer.execute(
        "SELECT table_name, table_type FROM information_schema.tables "
        "WHERE table_catalog = 'temp' AND table_name IN ('checked', 'typed', 'browsed_source', 'source')"
    ).fetchall():
        form = "VIEW" if kind == "VIEW" else "TABLE"
        writer.execute(f"DROP {form} temp.{name}")


def _compression(path: Path) -> str:
    kind = formats.COMPRESSIONS.get(path.suffix)
    return f", compression='{kind}'" if kind else ", compression='none'"


def _literal_path(path: Path) -> str:
    """The path with the engine's wildcards escaped, so that a file's name is only its name."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in os.fspath(path.absolute()))


def _name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _bytes(told: str) -> float:
    number, unit = told.split()
    return (
        float(number) * {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}[unit]
    )
