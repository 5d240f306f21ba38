"""A file's rows, block by block, typed and checked behind the name `checked`, and what was seen of them.

Everything here is DuckDB's own: it splits, parses and checks; no row passes through Python, unless a
quoted cell holds line ends.
"""

from __future__ import annotations

import heapq
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from kpi import queries
from kpi.errors import Refused
from kpi.events import layouts, lines
from kpi.events.event_file import EventFile
from kpi.events.layouts import Layout, NoEvents, Recognised

_Item = TypeVar("_Item")

FIRST_SANE = datetime(2010, 1, 1, tzinfo=UTC)
SHOWN_FAULTS = 1000
SHOWN_LINES = 5
TIME_UNITS = ("seconds", "milliseconds", "microseconds", "nanoseconds")
BLOCK_BYTES = 48 << 20

_HEAD_BYTES = 1 << 18
_PARQUET_ROWS = 200_000
_MOST_SPELLINGS = 200
_WRAPPERS = set(
    "fields jsonpayload eventproperties userproperties log message msg textpayload".split()
)
"""Names under which log servers put an event, as an object or as text."""

_MOST_WRAPPERS = 3
_PLACEHOLDER = "is a placeholder, read as blank"
_CHANGES = {
    4: ("seq_id", _PLACEHOLDER),
    8: ("seq_time", "is negative or over 30 years, left out"),
    16: ("tag", "is longer than 256 bytes, shortened"),
    32: ("tag", "looks like an id, a mail address or a token, left out"),
}
"""What is changed in cells, by its number in `changed`: the column and the words for it."""


@dataclass(frozen=True)
class Fault:
    """A row and what is wrong with it: its line in the file, the column and the reason."""

    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        """The fault without its line, such as 'type is missing' or 'too few cells'."""
        return self.reason if self.column == "row" else f"{self.column} {self.reason}"


@dataclass(frozen=True)
class Reading:
    """How a file is read: format ('auto' to recognise it), limits, unit of its times, spelling of ids.

    ``as_written`` leaves ids as the file has them. Days before ``frozen_before`` (a UTC date) are
    refused, since they can't be refilled.
    """

    format: str = "auto"
    max_unpacked_ratio: float = 200.0
    time_unit: str | None = None
    as_written: bool = False
    frozen_before: str | None = None


@dataclass
class Contents:
    """What the rows staged so far held; ``days`` has events and first lines by UTC day."""

    rows: int = 0
    lines: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    with_uid: int = 0
    with_device: int = 0
    with_sequence: int = 0
    first_timestamp: int | None = None
    last_timestamp: int | None = None
    days: dict[date, tuple[int, list[int]]] = field(default_factory=dict)
    unknown_types: Counter[str] = field(default_factory=Counter)
    changes: dict[str, tuple[int, int]] = field(default_factory=dict)
    """What was changed in cells, in words: the number of rows and the first line."""

    faults: list[Fault] = field(default_factory=list)
    doubts: list[Fault] = field(default_factory=list)

    @property
    def passed_over(self) -> int:
        """Lines that are no events."""
        return self.lines - self.rows

    @property
    def kept(self) -> int:
        """Rows without a fault."""
        return self.rows - sum(self.rejected.values())

    def add_change(self, change: Fault, rows: int) -> None:
        """Count rows in which a cell was changed; ``change`` has the first line of them."""
        before, line = self.changes.get(str(change), (0, change.line))
        self.changes[str(change)] = before + rows, line


class Staging:
    """One file being staged by a DuckDB connection, all in memory: raw ids never reach the disk."""

    def __init__(self, reader: Any, file: EventFile, known_types: Sequence[str]) -> None:
        self._reader = reader
        self._file = file
        self.reading = Reading()
        self._known_types = list(known_types)
        self._block_bytes = int(min(BLOCK_BYTES, max(_memory_limit(reader) / 64, 1 << 18)))
        self._layouts: list[Layout] = []
        self._keys: dict[str, None] = {}
        self._mozlog = False
        self._event_wins: bool | None = None
        self.contents = Contents()
        self.format = ""

    def begin(self, reading: Reading) -> None:
        """Settle how the file is read."""
        self.reading = reading
        for statement in queries.statements("files/macros"):
            self._reader.execute(statement)
        self._reader.execute("SET TimeZone = 'UTC'")

    def blocks(self) -> Iterator[None]:
        """Each time, `checked` holds the next rows of the file.

        Raises Refused, naming the file and the reason, where it holds no events or can't be read.
        """
        source = self._parquet() if self._file.is_parquet else self._text()
        for _ in source:
            self._check_block()
            yield
        if not self.contents.rows and self._keys:
            layouts.refuse_missing(self._file.path, self._key_layout(), keys_may_be_absent=True)
        if not self.contents.rows:
            passed = self.contents.passed_over
            more = f"; none of its {passed} lines is an event" if passed else ""
            raise NoEvents(f"{self._file.path}: holds no events{more}")
        if self._keys:
            self._layouts = [self._key_layout()]
            layouts.refuse_missing(self._file.path, self._layouts[0], keys_may_be_absent=True)
        formats = Counter(layout.format for layout in self._layouts)
        self.format = formats.most_common(1)[0][0]

    @property
    def has_unhashed_devices(self) -> bool:
        """True where rows in a format of production's have device ids, which it never hashed."""
        found = [self._key_layout()] if self._keys else self._layouts
        return any(each.format != "events" and "device_id" in each.columns for each in found)

    @property
    def missing(self) -> list[str]:
        """Known columns that the file doesn't have."""
        held = self.contents
        counts = {"uid": held.with_uid, "device_id": held.with_device}
        return layouts.absent_columns(self._layouts, [c for c, n in counts.items() if n == 0])

    @property
    def ignored(self) -> list[str]:
        """Names in the file that aren't read."""
        return list(dict.fromkeys(chain.from_iterable(layout.ignored for layout in self._layouts)))

    @property
    def synonyms(self) -> list[str]:
        """Names that were read as another, in words."""
        names = dict.fromkeys(chain.from_iterable(layout.names for layout in self._layouts))
        found = {name: layouts.SYNONYMS.get(layouts.folded(name)) for name in names}
        return [f"{name} as {column}" for name, column in found.items() if column]

    def spelled(self, column: str) -> str:
        """The file's own name for a column."""
        return next((layout.spelled(column) for layout in self._layouts), column)

    def unstage(self) -> None:
        """Drop whatever staging made."""
        names = self._reader.execute(
            "SELECT table_name, table_type FROM information_schema.tables WHERE table_catalog = 'temp' "
            "AND table_name IN ('checked', 'typed', 'browsed', 'source', 'cells', 'object', "
            "'distinct_id', 'hashed_id')"
        ).fetchall()
        for name, kind in names:
            self._reader.execute(
                f"DROP {'VIEW' if kind == 'VIEW' else 'TABLE'} IF EXISTS temp.{name}"
            )
        self._reader.unregister("block")

    # --- files to blocks ----------------------------------------------------------------------------

    def _text(self) -> Iterator[None]:
        blocks = self._file.blocks(self.reading.max_unpacked_ratio)
        head = b""
        for block in blocks:
            head += block
            if len(head) >= _HEAD_BYTES:
                break
        self._file.refuse_unreadable_kinds()
        kind = layouts.recognise(self._file.path, _whole_lines(head), self.reading.format)
        content = chain([head], blocks)
        if kind.encoding == "csv":
            self._layouts = list(kind.layouts.values())
            self.contents.lines += kind.comments
            yield from self._csv(kind, lines.pieces(content, self._block_bytes, kind.separator))
            return
        if kind.encoding == "lines":
            tables = (piece.table() for piece in lines.pieces(content, self._block_bytes))
        else:
            tables = lines.json_values(content, self._block_bytes)
        for table in tables:
            self._reader.register("block", table)
            self._make_objects(
                "SELECT line, fault, text, CASE WHEN fault IS NULL AND CONTAINS(text, '{') THEN "
                "RTRIM(SUBSTR(text, STRPOS(text, '{')), ', ' || CHR(10)) END AS body FROM block "
                "WHERE STRLEN(text) > 40 OR TRIM(text, ' ' || CHR(9) || CHR(10)) <> ''"
            )
            yield

    def _csv(self, kind: Recognised, pieces: Iterable[lines.Piece]) -> Iterator[None]:
        for width, table, care in ahead(_csv_rows(kind, pieces)):
            self.contents.lines += table.num_rows
            self._reader.register("block", table)
            if width is None:
                self._view_lines(kind)
            else:
                layout = kind.layouts[width]
                care |= _has_long_tags(table, layout)
                self._view_cells(layout, care or _has_padded_cells(table), care)
            yield

    def _parquet(self) -> Iterator[None]:
        with self._file.parquet(self.reading.max_unpacked_ratio) as file:
            nested = any(pa.types.is_nested(column.type) for column in file.schema_arrow)
            names = file.schema_arrow.names
            columns = None
            if not nested:
                layout = layouts.named(self._file.path, names, self.reading.format)
                layouts.refuse_missing(self._file.path, layout)
                self._layouts = [layout]
                columns = [n for n, c in zip(names, layout.columns, strict=True) if c]
            first = 1
            for batch in file.iter_batches(_PARQUET_ROWS, columns=columns):
                numbers = pa.array(range(first, first + batch.num_rows), pa.int64())
                first += batch.num_rows
                table = pa.Table.from_batches([batch]).append_column(_LINE, numbers)
                self._reader.register("block", table)
                if nested:
                    self._make_objects(
                        f"SELECT {_name(_LINE)} AS line, NULL::VARCHAR AS fault, '' AS text, "
                        "CAST(TO_JSON(block) AS VARCHAR) AS body FROM block"
                    )
                else:
                    self.contents.lines += batch.num_rows
                    self._view_parquet(self._layouts[0], table)
                yield

    # --- blocks to rows -----------------------------------------------------------------------------

    def _view_cells(self, layout: Layout, padded: bool, care: bool) -> None:
        """`source` over rows whose cells are columns already, blank ones NULL."""
        cells = {name: f"c{place + 1}" for place, name in enumerate(layout.columns) if name}
        columns = ", ".join(
            f"{_cell(name, cells[name]) if padded else cells[name]} AS {_name(name)}"
            if name in cells
            else f"NULL::VARCHAR AS {_name(name)}"
            for name in layouts.CELLS
        )
        self._reader.execute(
            "CREATE OR REPLACE TEMP VIEW source AS SELECT line, NULL::VARCHAR AS fault, "
            f"'{layout.format}' AS format, {self._constants(care)}, {columns} FROM block"
        )

    def _view_lines(self, kind: Recognised) -> None:
        """`source` over the lines of a CSV that are not split yet: quoted, faulty or of another width."""
        mark = _quoted(kind.separator)
        widths = sorted(kind.layouts)
        cell = _cell_pattern(kind.separator)
        escaped = _cell_pattern(kind.separator, backslash=True)
        whole = f"RTRIM(text, CHR(10)) || {mark}"
        most = widths[-1]
        self._reader.execute(
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
            f"{_cell(name, _at(place))} AS {_name(name)}" for name, place in places.items()
        )
        few = widths[0] if len(widths) == 1 else most
        formats = " ".join(f"WHEN {w} THEN '{layout.format}'" for w, layout in kind.layouts.items())
        self._reader.execute(
            f"""
            CREATE OR REPLACE TEMP VIEW source AS
            SELECT line, CASE
                WHEN fault IS NOT NULL THEN fault
                WHEN cells IS NULL THEN 'row: a quote is out of place'
                WHEN width IS NULL AND LEN(cells) < {few} THEN 'row: too few cells'
                WHEN width IS NULL THEN 'row: too many cells'
              END AS fault,
              CASE width {formats} ELSE 'events' END AS format,
              {self._constants()},
              {columns}
            FROM cells
            """
        )

    def _view_parquet(self, layout: Layout, table: pa.Table) -> None:
        """`source` over a batch of a Parquet file: every cell as text under our names."""
        types = {row[0]: row[1] for row in self._reader.execute("DESCRIBE block").fetchall()}
        spelled = {c: n for n, c in zip(layout.names, layout.columns, strict=True) if c}
        texts = [table.column(spelled[name]) for name in _TAGS if name in spelled]
        care = any(_asks_for_care(text) for text in texts)
        columns = ", ".join(
            f"{_cell(name, _as_text(_name(spelled[name]), types[spelled[name]]), care)} AS {_name(name)}"
            if name in spelled
            else f"NULL::VARCHAR AS {_name(name)}"
            for name in layouts.CELLS
        )
        self._reader.execute(
            f"CREATE OR REPLACE TEMP VIEW source AS SELECT {_name(_LINE)} AS line, NULL::VARCHAR AS fault, "
            f"'{layout.format}' AS format, {self._constants(care)}, {columns} FROM block"
        )

    def _make_objects(self, rows: str) -> None:
        """`source` over JSON objects, unwrapped from whatever log servers put around an event."""
        run = self._reader.execute
        run(
            f"CREATE OR REPLACE TEMP TABLE object AS SELECT line, body, CASE WHEN fault IS NOT NULL THEN "
            f"fault WHEN body IS NOT NULL AND NOT JSON_VALID(body) THEN '{lines.NOT_JSON}' WHEN body IS NULL "
            f"AND JSON_VALID(text) THEN '{lines.NOT_JSON}' END AS fault FROM ({rows})"
        )
        self.contents.lines += self._count("SELECT COUNT(*) FROM object")
        keys = self._block_keys()
        for _ in range(_MOST_WRAPPERS):
            wrappers = [key for key in keys if layouts.folded(key) in _WRAPPERS]
            if not wrappers:
                break
            self._mozlog |= any(layouts.folded(key) == "fields" for key in wrappers)
            for key in wrappers:
                self._unwrap(key)
            keys = self._block_keys()
        self._keys |= dict.fromkeys(keys)
        layout = self._key_layout()
        spelled = {
            name: column
            for name, column in zip(layout.names, layout.columns, strict=True)
            if column
        }
        if len(spelled) >= _MOST_SPELLINGS:
            raise Refused(
                f"{self._file.path}: spells its keys in too many ways; use a single name for each"
            )
        paths = list(spelled)
        places: dict[str, list[str]] = {}
        for place, name in enumerate(paths, 1):
            places.setdefault(spelled[name], []).append(_cell(spelled[name], f"cells[{place}]"))
        columns = ", ".join(
            f"COALESCE({', '.join(places[name])})" + f" AS {_name(name)}"
            if name in places
            else f"NULL::VARCHAR AS {_name(name)}"
            for name in layouts.CELLS
        )
        listed = ", ".join(_quoted("$." + _name(name)) for name in paths) or "'$.type'"
        form = "CASE WHEN seq_id IS NULL THEN 'activity' ELSE 'flow' END"
        if layout.format == "events" or self.reading.format != "auto":
            form = f"'{layout.format}'"
        if self._event_wins is None:
            self._event_wins = self._judge_event(listed, places)
        run(
            f"CREATE OR REPLACE TEMP VIEW source AS SELECT line, fault, {form} AS format, "
            f"{self._constants()}, COLUMNS(* EXCLUDE (line, fault)) FROM ("
            f"SELECT line, fault, {columns} FROM (SELECT line, fault, CASE WHEN fault IS NULL "
            f"THEN JSON_EXTRACT_STRING(body, [{listed}]) END AS cells FROM object)) "
            "WHERE fault IS NOT NULL OR type IS NOT NULL OR event IS NOT NULL"
        )

    def _block_keys(self) -> list[str]:
        found = self._reader.execute(
            "SELECT key FROM (SELECT UNNEST(JSON_KEYS(body)) AS key, line FROM object WHERE fault IS NULL) "
            f"GROUP BY key ORDER BY MIN(line), key LIMIT {20 * _MOST_SPELLINGS}"
        ).fetchall()
        return [key for (key,) in found]

    def _unwrap(self, key: str) -> None:
        """Put what is under a key in place of the key, whether it is an object or its text."""
        path = _quoted("$." + _name(key))
        name = _quoted(json.dumps({key: None}))
        self._reader.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE object AS
            SELECT line, fault, CASE
                WHEN JSON_VALID(inner_text) AND JSON_TYPE(inner_text) = 'OBJECT'
                  THEN CAST(JSON_MERGE_PATCH(JSON_MERGE_PATCH(body, {name}), inner_text) AS VARCHAR)
                ELSE body
              END AS body
            FROM (
              SELECT *, SUBSTR(raw_text, STRPOS(raw_text, '{{')) AS inner_text
              FROM (
                SELECT *, CASE WHEN fault IS NULL THEN JSON_EXTRACT_STRING(body, {path}) END AS raw_text
                FROM object
              )
            )
            """
        )

    def _judge_event(self, listed: str, places: dict[str, list[str]]) -> bool:
        """Whether `event` names the event where a line has `type` too: where that is a single value."""
        if not {"type", "event"} <= set(places):
            return False
        both = self._reader.execute(
            "SELECT COUNT(*), COUNT(DISTINCT type), COUNT(*) FILTER (CONTAINS(event, '.') OR "
            f"CONTAINS(event, ' - ')) FROM (SELECT {places['type'][0]} AS type, "
            f"{places['event'][0]} AS event FROM (SELECT JSON_EXTRACT_STRING(body, [{listed}]) AS cells "
            "FROM object WHERE fault IS NULL)) "
            "WHERE type IS NOT NULL AND event IS NOT NULL"
        ).fetchone()
        return both[0] > 0 and both[1] == 1 and both[2] > both[0] / 2

    def _constants(self, care: bool = True) -> str:
        """The columns that say how the rows of `source` are read, the same in every row."""
        reading = self.reading
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        first_open = FIRST_SANE
        if reading.frozen_before:
            first_open = datetime.fromisoformat(reading.frozen_before).replace(tzinfo=UTC)
        limits = {"first_sane": FIRST_SANE, "last_sane": tomorrow, "first_open": first_open}
        constants = {
            "care": str(care),
            "as_written": str(reading.as_written),
            "event_wins": str(bool(self._event_wins)),
            "time_unit": _quoted(reading.time_unit) if reading.time_unit else "NULL::VARCHAR",
            **{name: str(int(limit.timestamp() * 1000)) for name, limit in limits.items()},
        }
        return ", ".join(f"{value} AS {name}" for name, value in constants.items())

    def _key_layout(self) -> Layout:
        return layouts.keyed(self._keys, self.reading.format, self._mozlog)

    def _check_block(self) -> None:
        for name in ("browsed", "typed"):
            self._reader.execute(
                f"CREATE OR REPLACE TEMP VIEW {name} AS {queries.text('files/' + name)}"
            )
        # A user's rows side by side need less than half the room, and are looked up faster. Numbers are
        # sorted in half the time of texts.
        self._reader.execute(
            f"CREATE OR REPLACE TEMP TABLE checked AS {queries.text('files/checked')} ORDER BY HASH(uid)"
        )
        self._note()

    # --- rows to contents ---------------------------------------------------------------------------

    def _note(self) -> None:
        """Add what `checked` holds to the contents."""
        held = self.contents
        rows, with_sequence, first, last = self._reader.execute(
            "SELECT COUNT(*), "
            "COUNT(*) FILTER (fault IS NULL AND seq_id IS NOT NULL AND seq_time IS NOT NULL), "
            'MIN("timestamp") FILTER (fault IS NULL), MAX("timestamp") FILTER (fault IS NULL) FROM checked'
        ).fetchone()
        held.rows += rows
        held.with_sequence += with_sequence
        moments = [held.first_timestamp, held.last_timestamp, first, last]
        known = [moment for moment in moments if moment is not None]
        held.first_timestamp, held.last_timestamp = (
            min(known, default=None),
            max(known, default=None),
        )
        rejected = self._reader.execute(
            "SELECT fault, COUNT(*) FROM checked WHERE fault IS NOT NULL GROUP BY fault"
        ).fetchall()
        held.rejected.update(dict(rejected))
        if rejected:
            self._note_faults()
        self._note_ids()
        self._note_days()
        self._note_types()
        self._note_changes()
        if with_sequence:
            self._note_doubts()

    def _note_ids(self) -> None:
        """Put the distinct ids behind the name `distinct_id`, and count the rows that have them."""
        self._reader.execute(
            f"CREATE OR REPLACE TEMP TABLE distinct_id AS {queries.text('files/distinct_id')}"
        )
        for is_placeholder, *found in self._reader.execute(
            "SELECT is_placeholder(id) AS blank, SUM(uid_rows), MIN(uid_line), SUM(device_rows), "
            "MIN(device_line) FROM distinct_id GROUP BY blank"
        ).fetchall():
            uid_rows, uid_line, device_rows, device_line = found
            if not is_placeholder:
                self.contents.with_uid += uid_rows
                self.contents.with_device += device_rows
                continue
            for column, rows, line in (
                ("uid", uid_rows, uid_line),
                ("device_id", device_rows, device_line),
            ):
                if rows:
                    self.contents.add_change(Fault(line, self._spelled(column), _PLACEHOLDER), rows)

    def _note_faults(self) -> None:
        found = self._reader.execute(
            "SELECT line, fault FROM checked WHERE fault IS NOT NULL "
            f"ORDER BY line LIMIT {SHOWN_FAULTS - len(self.contents.faults)}"
        ).fetchall()
        for line, fault in found:
            column, _, reason = fault.partition(": ")
            spelled = column if column == "row" else self._spelled(column)
            self.contents.faults.append(Fault(line, spelled, reason))

    def _note_days(self) -> None:
        found = self._reader.execute(
            'SELECT CAST(EPOCH_MS("timestamp") AS DATE) AS day, COUNT(*), '
            f"MIN(line, {SHOWN_LINES}) FROM checked WHERE fault IS NULL GROUP BY day"
        ).fetchall()
        for day, events, first in found:
            before, known = self.contents.days.get(day, (0, []))
            self.contents.days[day] = (
                before + events,
                heapq.nsmallest(SHOWN_LINES, [*known, *first]),
            )

    def _note_types(self) -> None:
        found = self._reader.execute(
            "SELECT type, COUNT(*) FROM checked WHERE fault IS NULL AND type NOT IN "
            "(SELECT UNNEST($1)) GROUP BY type ORDER BY COUNT(*) DESC, type LIMIT 200",
            [self._known_types],
        ).fetchall()
        self.contents.unknown_types.update(dict(found))

    def _note_changes(self) -> None:
        for changed, count, line in self._reader.execute(
            "SELECT changed, COUNT(*), MIN(line) FROM checked WHERE fault IS NULL AND changed > 0 "
            "GROUP BY changed ORDER BY MIN(line)"
        ).fetchall():
            for flag in (flag for flag in _CHANGES if changed & flag):
                column, reason = _CHANGES[flag]
                spelled = column if column == "tag" else self._spelled(column)
                self.contents.add_change(Fault(line, spelled, reason), count)

    def _note_doubts(self) -> None:
        room = SHOWN_FAULTS - len(self.contents.doubts)
        found = self._reader.execute(
            f"{queries.text('files/doubtful')} ORDER BY c.line LIMIT {room}"
        ).fetchall()
        reason = "disagrees with the timestamp by more than 2 seconds"
        self.contents.doubts += [Fault(line, "seq_time", reason) for (line,) in found]

    def _spelled(self, column: str) -> str:
        layout = self._key_layout() if self._keys else next(iter(self._layouts), None)
        return layout.spelled(column) if layout else column

    def _count(self, statement: str) -> int:
        return self._reader.execute(statement).fetchone()[0]


_LINE = "the line of a row"
_TAGS = (
    "browser",
    "version",
    "os",
    "service",
    "context",
    "entrypoint",
    "campaign",
    "migration",
    "region",
)
_LONG_TAG = 24


def _csv_rows(
    kind: Recognised, pieces: Iterable[lines.Piece]
) -> Iterator[tuple[int | None, pa.Table, bool]]:
    """Width and rows as `lines.Piece.rows` gives them, and whether their text asks for care."""
    for piece in pieces:
        careful = any(mark in piece.text for mark in (b"@", b"\0", b"E+", b"e+", b"\\N"))
        for width, table in piece.rows(kind.separator, kind.layouts, kind.skipped, kind.header):
            yield width, table, careful


def ahead(given: Iterator[_Item]) -> Iterator[_Item]:
    """The same items, each made by a thread of its own while the one before it is used."""
    with ThreadPoolExecutor(1) as apart:
        waiting = apart.submit(next, given, None)
        while (item := waiting.result()) is not None:
            waiting = apart.submit(next, given, None)
            yield item


def _has_padded_cells(table: pa.Table) -> bool:
    """Whether a cell begins or ends with a space."""
    return any(
        pc.any(test(table.column(place), " ")).as_py()
        for place in range(table.num_columns - 1)
        for test in (pc.starts_with, pc.ends_with)
    )


def _has_long_tags(table: pa.Table, layout: Layout) -> bool:
    """Whether a tag is long enough to be an id, a token or too long."""
    places = [place for place, name in enumerate(layout.columns) if name in _TAGS]
    longest = (pc.max(pc.binary_length(table.column(place))).as_py() for place in places)
    return any(length and length >= _LONG_TAG for length in longest)


def _cell(name: str, cell: str, padded: bool = True) -> str:
    """A cell that is NULL where it is blank, without blanks around it; ids are spelled later."""
    if cell == "NULL::VARCHAR":
        return cell
    is_id = name in ("uid", "device_id", "seq_id")
    return f"{'plain_cell' if padded and not is_id else 'word_cell'}({cell})"


def _asks_for_care(texts: pa.ChunkedArray) -> bool:
    """Whether a Parquet column of tags holds more than short texts without blanks around them."""
    if pa.types.is_null(texts.type):
        return False
    if not (pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type)):
        return True
    longest = pc.max(pc.binary_length(texts)).as_py() or 0
    if longest >= _LONG_TAG:
        return True
    return any(
        pc.any(test(texts, mark)).as_py()
        for test, mark in (
            (pc.starts_with, " "),
            (pc.ends_with, " "),
            (pc.match_substring, "@"),
            (pc.match_substring, "\0"),
            (pc.starts_with, "\\N"),
        )
    )


def _at(places: dict[int, int]) -> str:
    """A cell by the width of its row."""
    if not places:
        return "NULL::VARCHAR"
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


def _whole_lines(head: bytes) -> bytes:
    """The beginning of a text without the line that may go on after it."""
    if len(head) < _HEAD_BYTES:
        return head
    end = max(head.rfind(b"\n"), head.rfind(b"\r"))
    return head[: end + 1] if end > 0 else head


def _name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _quoted(value: object) -> str:
    """A string literal, for statements of views, which take no parameters."""
    return "'" + str(value).replace("'", "''") + "'"


def _memory_limit(reader: Any) -> float:
    """The engine's limit in bytes."""
    number, unit = reader.execute("SELECT current_setting('memory_limit')").fetchone()[0].split()
    return (
        float(number) * {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}[unit]
    )
