"""A file's rows, typed and checked, behind the name `checked`; and what is wrong with the others.

Everything here is DuckDB's own: it reads, parses and checks; no row passes through Python, unless
rows of a CSV are torn.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kpi import queries
from kpi.errors import Refused
from kpi.events import formats, torn
from kpi.events.torn import Torn

FIRST_SANE = datetime(2010, 1, 1, tzinfo=UTC)
SHOWN_FAULTS = 1000
_PASS_OVER, _KEEP_FAULTS = "ignore_errors=true", "store_rejects=true"
_MOST_KEYS = 200
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


def with_every_key(writer: Any, path: Path, kind: formats.Recognised) -> formats.Recognised:
    """The kind with every spelling of a known name, wherever in a file of JSON lines it occurs.

    Raises Refused for so many spellings that no program wrote them.
    """
    if kind.encoding != "json":
        return kind
    # Most keys are met in the first lines; passing over those first makes this three times quicker.
    met = "".join(f"{_quoted(key)}, " for key in _known_keys(kind))
    found = writer.execute(
        "SELECT DISTINCT key FROM (SELECT UNNEST(JSON_KEYS(json)) AS key FROM read_ndjson_objects("
        f"{_quoted(_literal_path(path))}, ignore_errors=true{_compression(path)})) "
        f"WHERE key NOT IN ({met}'') "
        f"AND LOWER(REPLACE(TRIM(key), '_', '')) IN (SELECT UNNEST($1)) LIMIT {_MOST_KEYS}",
        [list(formats.known_names(kind.format))],
    ).fetchall()
    kind = formats.with_keys(kind, sorted(key for (key,) in found))
    if len(_known_keys(kind)) >= _MOST_KEYS:
        raise Refused(f"{path}: spells its keys in too many ways; use one name for each")
    return kind


def _known_keys(kind: formats.Recognised) -> list[str]:
    return [key for key, name in zip(kind.names, kind.columns, strict=True) if name]


def stage(
    writer: Any, path: Path, kind: formats.Recognised, frozen_before: str | None = None
) -> list[Torn]:
    """Put the file's rows, typed and checked, behind the name `checked`; returns what is no whole row.

    Rows of days before ``frozen_before`` (a UTC date) are rejected, since they can't be refilled.

    Files that fit are staged in memory and parsed once, by user: a user's rows side by side store in
    less than half the room, and are looked up faster. Larger files are views, parsed at each use.

    Raises Refused for a file with more torn lines than memory has room for.
    """
    size = path.stat().st_size * (10 if path.suffix in formats.COMPRESSIONS else 2)
    limit = _memory_limit(writer)
    form = "TABLE" if size < limit / 8 else "VIEW"
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    first_open = FIRST_SANE
    if frozen_before:
        first_open = datetime.fromisoformat(frozen_before).replace(tzinfo=UTC)
    writer.execute(
        "CREATE TEMP TABLE check_limits AS "
        "SELECT $1::BIGINT AS first_sane, $2::BIGINT AS last_sane, $3::BIGINT AS first_open",
        [int(limit.timestamp() * 1000) for limit in (FIRST_SANE, tomorrow, first_open)],
    )
    _stage_rows(writer, path, kind, form, _PASS_OVER)
    if kind.encoding != "csv":
        return []
    # Of a view every column is asked for, since a cell that isn't is not found to be torn.
    every = "SELECT COUNT(*)" + (", COUNT(COLUMNS(*))" if form == "VIEW" else "") + " FROM checked"
    rows, *_ = writer.execute(every).fetchone()
    if kind.header + rows == kind.lines:
        return []
    # The engine passes over whole rows near torn ones, too, so this tells no more than that some are.
    blank = torn.blank_lines(path, len(kind.columns), limit / 4)
    reading = f"SELECT SUM({_newlines(kind)}) FROM {_csv(path, kind, _KEEP_FAULTS)}"
    within = writer.execute(reading).fetchone()[0] or 0
    _unstage_rows(writer)
    _stage_rows(writer, path, kind, form, _KEEP_FAULTS)
    ((rows, *_),) = writer.execute(every).fetchall()
    return torn.found(writer, kind.lines - kind.header - blank - within - rows)


def _stage_rows(writer: Any, path: Path, kind: formats.Recognised, form: str, faulty: str) -> None:
    _source_view(writer, path, kind, faulty)
    if kind.format != "events":
        writer.execute(f"CREATE TEMP VIEW browsed_source AS {queries.text('files/browsed_source')}")
    writer.execute(f"CREATE TEMP VIEW typed AS {queries.text('files/' + kind.format)}")
    order = " ORDER BY uid" if form == "TABLE" else ""
    writer.execute(f"CREATE TEMP {form} checked AS {queries.text('files/checked')}{order}")


def _source_view(
    writer: Any, path: Path, kind: formats.Recognised, faulty: str, numbered: bool = False
) -> None:
    """The file as text columns under our names, blanks as NULL, optionally with row numbers."""
    file = _quoted(_literal_path(path))
    position = {name: index for index, name in enumerate(kind.columns) if name}
    if kind.encoding == "csv":
        reader = _csv(path, kind, faulty)
        cells = {name: f"c{index}" for name, index in position.items()}
    elif kind.encoding == "json":
        reader = _json_lines(path, _known_keys(kind))
        spelled: dict[str, list[str]] = {}
        for index, name in enumerate(filter(None, kind.columns)):
            cell = f"CASE WHEN UPPER(k{index}) IN ('', 'NULL') THEN NULL ELSE k{index} END"
            spelled.setdefault(name, []).append(cell)
        cells = {name: f"COALESCE({', '.join(found)})" for name, found in spelled.items()}
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
                # One with a time zone is a moment; as a plain one it would be that of this machine's zone.
                if "TIME ZONE" not in types[kind.names[i]]:
                    cell = f"CAST({cell} AS TIMESTAMP)"
                cell = f"EPOCH_MS({cell}){scale}"
            cell = f"CAST({cell} AS VARCHAR)"
            cells[name] = f"CASE WHEN UPPER({cell}) IN ('', 'NULL') THEN NULL ELSE {cell} END"
    listed = ", ".join(
        f"{cells.get(name, 'CAST(NULL AS VARCHAR)')} AS {_name(name)}"
        for name in formats.NAMES[kind.format]
    )
    number = "ROW_NUMBER() OVER ()" if numbered else "CAST(NULL AS BIGINT)"
    if numbered and kind.encoding == "csv":
        listed += f", {_newlines(kind)} AS newlines"
    writer.execute(
        f"CREATE OR REPLACE TEMP VIEW source AS SELECT {listed}, {number} AS row_number FROM {reader}"
    )


def _csv(path: Path, kind: formats.Recognised, faulty: str) -> str:
    """The call that reads a CSV as it was recognised, told what to do with ``faulty`` lines."""
    columns = ", ".join(f"'c{index}': 'VARCHAR'" for index in range(len(kind.columns)))
    return (
        f"read_csv({_quoted(_literal_path(path))}, header={str(kind.header).lower()}, "
        f"auto_detect=false, delim=',', quote='\"', escape='\"', columns={{{columns}}}, "
        f"nullstr={_BLANKS}, {faulty}{_compression(path)})"
    )


def _json_lines(path: Path, keys: list[str]) -> str:
    """What reads JSON lines, with `k0`, `k1` and so on for their keys.

    Columns of the engine's reader can't differ by case alone; such keys are looked up in each line.
    """
    told = f"{_quoted(_literal_path(path))}, ignore_errors=true{_compression(path)}"
    if len({key.lower() for key in keys}) == len(keys):
        columns = ", ".join(f"{_quoted(key)}: 'VARCHAR'" for key in keys)
        names = ", ".join(f"k{index}" for index in range(len(keys)))
        return (
            f"read_json({told}, format='newline_delimited', columns={{{columns}}}) AS line({names})"
        )
    cells = ", ".join(
        f"json ->> {_quoted('$.' + _name(key))} AS k{index}" for index, key in enumerate(keys)
    )
    return f"(SELECT {cells} FROM read_ndjson_objects({told}))"


def _newlines(kind: formats.Recognised) -> str:
    """How many ends of lines a row of a CSV has within its cells; CR and LF together are one."""
    row = f"CONCAT({', '.join(f'c{index}' for index in range(len(kind.columns)))})"
    one_each = f"REPLACE({row}, CHR(13) || CHR(10), CHR(10))"
    none = f"REPLACE(REPLACE({one_each}, CHR(10), ''), CHR(13), '')"
    return f"LENGTH({one_each}) - LENGTH({none})"


def faults(
    writer: Any, path: Path, kind: formats.Recognised, stretches: list[Torn]
) -> tuple[Fault, ...]:
    """The first thousand rejected rows with their lines, found by another, numbered reading."""
    lines = _numbered(writer, path, kind, stretches)
    numbered = queries.text("files/checked")
    found = writer.execute(
        f"SELECT row_number, fault FROM ({numbered}) WHERE fault IS NOT NULL "
        f"ORDER BY row_number LIMIT {SHOWN_FAULTS}"
    ).fetchall()
    listed = [
        Fault(lines.of_record(one.record), "row", one.reason) for one in stretches[:SHOWN_FAULTS]
    ]
    for row, fault in found:
        column, _, reason = fault.partition(": ")
        spelled = kind.names[kind.columns.index(column)] if column in kind.columns else column
        listed.append(Fault(lines.of_row(row), spelled, reason))
    return tuple(sorted(listed, key=lambda fault: fault.line)[:SHOWN_FAULTS])


def doubts(
    writer: Any, path: Path, kind: formats.Recognised, stretches: list[Torn]
) -> tuple[Fault, ...]:
    """Rows that are kept although their seq_time disagrees with their timestamp, with their lines."""
    if not {"seq_time", "flow_time"} & set(kind.columns):
        return ()
    doubtful = queries.text("files/doubtful")
    if not writer.execute(f"SELECT COUNT(*) FROM ({doubtful})").fetchone()[0]:
        return ()
    lines = _numbered(writer, path, kind, stretches)
    checked = queries.text("files/checked")
    found = writer.execute(
        f"WITH checked AS MATERIALIZED ({checked}) "
        f"SELECT row_number FROM ({doubtful}) ORDER BY row_number LIMIT {SHOWN_FAULTS}"
    ).fetchall()
    reason = "disagrees with the timestamp by more than 2 seconds"
    return tuple(Fault(lines.of_row(row), "seq_time", reason) for (row,) in found)


def _numbered(
    writer: Any, path: Path, kind: formats.Recognised, stretches: list[Torn]
) -> torn.Lines:
    """Number the rows from here on; the lines that they stand on."""
    _source_view(writer, path, kind, _KEEP_FAULTS, numbered=True)
    tall = []
    if kind.encoding == "csv":
        torn.blank_lines(path, len(kind.columns), _memory_limit(writer) / 4)
        tall = writer.execute(
            "SELECT row_number, newlines FROM source WHERE newlines > 0 ORDER BY row_number"
        ).fetchall()
    return torn.Lines(kind.header, stretches, tall)


def unstage(writer: Any) -> None:
    """Take away what staging a file made."""
    for name in ("distinct_id", "hashed_id", "check_limits"):
        writer.execute(f"DROP TABLE IF EXISTS temp.{name}")
    _unstage_rows(writer)


def _unstage_rows(writer: Any) -> None:
    for name, kind in writer.execute(
        "SELECT table_name, table_type FROM information_schema.tables WHERE table_catalog = 'temp' "
        "AND table_name IN ('checked', 'typed', 'browsed_source', 'source', 'reject_errors', 'reject_scans')"
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


def _memory_limit(writer: Any) -> float:
    """The engine's limit in bytes."""
    number, unit = writer.execute("SELECT current_setting('memory_limit')").fetchone()[0].split()
    return (
        float(number) * {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}[unit]
    )


def _quoted(value: object) -> str:
    """A string literal, for the readers of files, which stand in statements that take no parameters."""
    return "'" + str(value).replace("'", "''") + "'"
