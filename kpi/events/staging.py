"""A file's rows, block by block, typed and checked behind the name `checked`.

Everything here is DuckDB's own: it splits, parses and checks; no row passes through Python, unless a
quoted cell holds line ends.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from kpi.errors import Refused
from kpi.events import layouts, lines, sources
from kpi.events.contents import Contents
from kpi.events.event_file import EventFile
from kpi.events.layouts import Layout, NoEvents, Recognised
from kpi.events.sources import LINE, Constants, identifier, literal, text_cell
from kpi.events.texts import Texts
from kpi.store import queries
from kpi.text import plural

_Item = TypeVar("_Item")
_Rows = tuple[int | None, pa.Table, bool]
"""The width of rows (None for lines that are not split yet), the rows, and whether they ask for care."""

FIRST_SANE = datetime(2010, 1, 1, tzinfo=UTC)
BLOCK_BYTES = 192 << 20
PIECE_BYTES = 8 << 20
"""The size of the pieces in which text becomes columns: much larger pieces leave the processor's caches."""

_SPLITTERS = 2
"""Threads that split pieces."""

_HEAD_BYTES = 1 << 18
_MOST_SPELLINGS = 200
_WRAPPERS = set(
    "fields jsonpayload eventproperties userproperties log message msg textpayload".split()
)
"""Names under which log servers put an event, as an object or as text."""

_MOST_WRAPPERS = 3


@dataclass(frozen=True)
class Reading:
    """Choices for reading a file: format ('auto' to recognise it), limits, unit of times, spelling of ids.

    ``as_written`` leaves ids as the file has them. Days before ``frozen_before`` (a UTC date) are
    refused, since they can't be refilled.
    """

    format: str = "auto"
    max_unpacked_ratio: float = 200.0
    time_unit: str | None = None
    as_written: bool = False
    frozen_before: str | None = None


class Staging:
    """A file being staged by a DuckDB connection, all in memory: raw ids never reach the disk."""

    def __init__(self, reader: Any, file: EventFile) -> None:
        self._reader = reader
        self._file = file
        self.reading = Reading()
        self._block_bytes = int(min(BLOCK_BYTES, max(_memory_limit(reader) / 64, 1 << 18)))
        self._layouts: list[Layout] = []
        self._keys: dict[str, None] = {}
        self._mozlog = False
        self._event_wins: bool | None = None
        self._constants = _constants(self.reading)
        self.contents = Contents()
        self.format = ""

    def begin(self, reading: Reading) -> None:
        """Settle how the file is read."""
        self.reading = reading
        self._constants = _constants(reading)
        for statement in queries.statements("files/macros"):
            self._reader.execute(statement)
        self._reader.execute("SET TimeZone = 'UTC'")
        if "jemalloc" in pa.supported_memory_backends():
            # The pages of Arrow's usual allocator are cleared anew for each block: a tenth of a load.
            pa.set_memory_pool(pa.jemalloc_memory_pool())

    def blocks(self) -> Iterator[None]:
        """Each time, `checked` holds the next rows of the file.

        Raises Refused, naming the file and the reason, where it holds no events or can't be read.
        """
        source = self._parquet() if self._file.is_parquet else self._text()
        faults = self._file.parquet_faults if self._file.is_parquet else nullcontext
        for is_by_user in source:
            with faults():
                self._check_block(is_by_user)
            yield
        if not self.contents.rows and self._keys:
            layouts.refuse_missing(self._file.path, self._key_layout(), keys_may_be_absent=True)
        if not self.contents.rows:
            passed = self.contents.passed_over
            lines = plural(
                passed, "its line isn't an event", f"none of its {passed} lines is an event"
            )
            more = f"; {lines}" if passed else ""
            raise NoEvents(f"{self._file.path}: holds no events{more}")
        if self._keys:
            self._layouts = [self._key_layout()]
            layouts.refuse_missing(self._file.path, self._layouts[0], keys_may_be_absent=True)
        formats = Counter(layout.format for layout in self._layouts)
        self.format = formats.most_common(1)[0][0]

    @property
    def has_unhashed_devices(self) -> bool:
        """True where rows in a format of production's have device ids, which it never hashed."""
        used = [self._key_layout()] if self._keys else self._layouts
        return any(each.format != "events" and "device_id" in each.columns for each in used)

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
        read_as = {name: layouts.SYNONYMS.get(layouts.folded(name)) for name in names}
        return [f"{name} as {column}" for name, column in read_as.items() if column]

    def unstage(self) -> None:
        """Drop whatever staging made."""
        names = self._reader.execute(
            "SELECT table_name, table_type FROM information_schema.tables WHERE table_catalog = 'temp' "
            "AND table_name IN ('checked', 'source', 'cells', 'object', 'block', "
            "'distinct_id', 'hashed_id')"
        ).fetchall()
        for name, kind in names:
            self._reader.execute(
                f"DROP {'VIEW' if kind == 'VIEW' else 'TABLE'} IF EXISTS temp.{name}"
            )
        self._reader.unregister("block")

    # --- files to blocks ----------------------------------------------------------------------------

    def _text(self) -> Iterator[bool]:
        self._file.refuse_unreadable_kinds()
        blocks = self._file.blocks(self.reading.max_unpacked_ratio)
        head = b""
        for block in blocks:
            head += block
            if len(head) >= _HEAD_BYTES:
                break
        kind = layouts.recognise(self._file.path, _whole_lines(head), self.reading.format)
        content = chain([head], blocks)
        if kind.encoding == "csv":
            self._layouts = list(kind.layouts.values())
            self.contents.lines += kind.comments
            size = min(PIECE_BYTES, self._block_bytes)
            yield from self._csv(kind, lines.pieces(content, size, kind.separator))
            return
        tables: Iterator[pa.Table]
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
            yield False

    def _csv(self, kind: Recognised, pieces: Iterable[lines.Piece]) -> Iterator[bool]:
        for width, table, care in ahead(_merged(kind, _csv_rows(kind, pieces), self._block_bytes)):
            self.contents.lines += table.num_rows
            self._reader.register("block", table)
            if width is None:
                sources.view_lines(self._reader, kind, self._constants)
            else:
                layout = kind.layouts[width]
                sources.view_cells(self._reader, layout, table, care, self._constants)
            yield width is not None

    def _parquet(self) -> Iterator[bool]:
        file = self._file.parquet(self.reading.max_unpacked_ratio)
        sources.refuse_reserved(self._file.path, file.names)
        if not file.is_nested:
            layout = layouts.named(self._file.path, file.names, self.reading.format)
            layouts.refuse_missing(self._file.path, layout)
            self._layouts = [layout]
        for first, rows in file.parts(self._block_bytes):
            with self._file.parquet_faults():
                sources.view_part(self._reader, self._file.path, first, rows)
                if file.is_nested:
                    self._make_objects(
                        f"SELECT {identifier(LINE)} AS line, NULL::VARCHAR AS fault, '' AS text, "
                        "CAST(TO_JSON(block) AS VARCHAR) AS body FROM block"
                    )
                else:
                    self.contents.lines += rows
                    sources.view_parquet(self._reader, self._layouts[0], self._constants)
            yield False

    # --- JSON objects to rows -----------------------------------------------------------------------

    def _make_objects(self, rows: str) -> None:
        """`source` over JSON objects, unwrapped from whatever log servers put around an event."""
        run = self._reader.execute
        sources.name_tags(self._reader, care=True)
        run(
            f"CREATE OR REPLACE TEMP TABLE object AS SELECT line, body, CASE WHEN fault IS NOT NULL THEN "
            f"fault WHEN body IS NOT NULL AND NOT JSON_VALID(body) THEN '{lines.NOT_JSON}' WHEN body IS NULL "
            f"AND JSON_VALID(text) THEN '{lines.NOT_JSON}' END AS fault FROM ({rows})"
        )
        self.contents.lines += self._count("SELECT COUNT(*) FROM object")
        keys = self._block_keys()
        for _ in range(_MOST_WRAPPERS):
            wrappers = [k for k in keys if layouts.folded(k) in _WRAPPERS and layouts.is_plain(k)]
            if not wrappers:
                break
            self._mozlog |= any(layouts.folded(key) == "fields" for key in wrappers)
            for key in wrappers:
                self._unwrap(key)
            keys = self._block_keys()
        self._keys |= dict.fromkeys(key for key in keys if key != LINE)
        layout = self._key_layout()
        spelled = {n: c for n, c in zip(layout.names, layout.columns, strict=True) if c}
        if len(spelled) >= _MOST_SPELLINGS:
            raise Refused(
                f"{self._file.path}: spells its keys in too many ways; use a single name for each"
            )
        paths = list(spelled)
        places: dict[str, list[str]] = {}
        for place, name in enumerate(paths, 1):
            places.setdefault(spelled[name], []).append(text_cell(spelled[name], f"cells[{place}]"))
        columns = ", ".join(
            f"COALESCE({', '.join(places[name])})" + f" AS {identifier(name)}"
            if name in places
            else f"NULL::VARCHAR AS {identifier(name)}"
            for name in layouts.CELLS
        )
        listed = ", ".join(literal("$." + identifier(name)) for name in paths) or "'$.type'"
        form = "CASE WHEN seq_id IS NULL THEN 'activity' ELSE 'flow' END"
        if layout.format == "events" or self.reading.format != "auto":
            form = f"'{layout.format}'"
        if self._event_wins is None:
            self._event_wins = self._judge_event(listed, places)
            self._constants = replace(self._constants, event_wins=self._event_wins)
        run(
            f"CREATE OR REPLACE TEMP VIEW source AS SELECT line, fault, {form} AS format, "
            f"{self._constants.columns()}, COLUMNS(* EXCLUDE (line, fault)) FROM ("
            f"SELECT line, fault, {columns} FROM (SELECT line, fault, CASE WHEN fault IS NULL "
            f"THEN JSON_EXTRACT_STRING(body, [{listed}]) END AS cells FROM object)) "
            "WHERE fault IS NOT NULL OR type IS NOT NULL OR event IS NOT NULL"
        )

    def _block_keys(self) -> list[str]:
        rows = self._reader.execute(
            "SELECT key FROM (SELECT UNNEST(JSON_KEYS(body)) AS key, line FROM object WHERE fault IS NULL) "
            f"GROUP BY key ORDER BY MIN(line), key LIMIT {20 * _MOST_SPELLINGS}"
        ).fetchall()
        return [key for (key,) in rows]

    def _unwrap(self, key: str) -> None:
        """Put what is under a key in place of the key, whether it is an object or its text."""
        path = literal("$." + identifier(key))
        without = literal(json.dumps({key: None}))
        self._reader.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE object AS
            SELECT line, fault, CASE
                WHEN JSON_VALID(inner_text) AND JSON_TYPE(inner_text) = 'OBJECT'
                  THEN CAST(JSON_MERGE_PATCH(JSON_MERGE_PATCH(body, {without}), inner_text) AS VARCHAR)
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
        """True where `event` names the event of lines that have `type` too, which is then a single value."""
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

    def _key_layout(self) -> Layout:
        return layouts.keyed(self._keys, self.reading.format, self._mozlog)

    def _check_block(self, is_by_user: bool) -> None:
        steps = ", ".join(
            f"{name} AS NOT MATERIALIZED ({queries.text('files/' + name)})"
            for name in ("browsed", "typed")
        )
        # A user's rows side by side need less than half the room, and are looked up faster. Small numbers
        # are sorted in half the time of texts.
        order = "" if is_by_user else "ORDER BY CAST(HASH(uid) >> 32 AS UINTEGER)"
        self._reader.execute(
            f"CREATE OR REPLACE TEMP TABLE checked AS WITH {steps} {queries.text('files/checked')} {order}"
        )
        self.contents.add(self._reader, self._spelled)

    def _spelled(self, column: str) -> str:
        layout = self._key_layout() if self._keys else next(iter(self._layouts), None)
        return layout.spelled(column) if layout else column

    def _count(self, statement: str) -> int:
        return self._reader.execute(statement).fetchone()[0]


def _constants(reading: Reading) -> Constants:
    first_open = FIRST_SANE
    if reading.frozen_before:
        first_open = datetime.fromisoformat(reading.frozen_before).replace(tzinfo=UTC)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    return Constants(FIRST_SANE, tomorrow, first_open, reading.time_unit, reading.as_written)


def _csv_rows(kind: Recognised, pieces: Iterable[lines.Piece]) -> Iterator[_Rows]:
    """The rows of pieces, each split by a thread of its own while the next are read."""
    waiting: deque[Future[list[_Rows]]] = deque()
    with ThreadPoolExecutor(_SPLITTERS) as apart:
        for piece in pieces:
            waiting.append(apart.submit(_rows_of, kind, piece))
            if len(waiting) > _SPLITTERS:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()


def _rows_of(kind: Recognised, piece: lines.Piece) -> list[_Rows]:
    """Rows as `lines.Piece.rows` gives them, and whether their text asks for care."""
    care = _asks_for_care(piece.text)
    rows = piece.rows(kind.layouts, kind.skipped, kind.header, kind.repeated)
    return [(width, table, care) for width, table in rows]


def _asks_for_care(text: bytes) -> bool:
    if any(mark in text for mark in (b"@", b"\0", b"\\")):
        return True
    return b"+" in text and (b"E+" in text or b"e+" in text)


def _merged(kind: Recognised, rows: Iterable[_Rows], size: int) -> Iterator[_Rows]:
    """The same rows in tables of about ``size`` bytes, those that are split by user."""
    tables: dict[int | None, list[pa.Table]] = {}
    length, care = 0, False
    for (width, table, careful), last in lines.with_last(rows):
        tables.setdefault(width, []).append(table)
        length += table.nbytes
        care |= careful
        if length >= size or last:
            for width, each in tables.items():
                merged = pa.concat_tables(each)
                yield (
                    width,
                    merged if width is None else _by_user(kind.layouts[width], merged),
                    care,
                )
            tables, length, care = {}, 0, False


def _by_user(layout: Layout, table: pa.Table) -> pa.Table:
    """The same rows of cells, those of a user side by side, or almost."""
    if "uid" not in layout.columns:
        return table
    users = Texts(table.column(f"c{layout.columns.index('uid') + 1}"))
    order = lines.integers(np.argsort(users.buckets(), kind="stable"))
    table = table.unify_dictionaries()
    with ThreadPoolExecutor(_SPLITTERS) as apart:
        columns = apart.map(lambda column: column.take(order), table.columns)
        return pa.table(list(columns), names=table.column_names)


def ahead(given: Iterator[_Item]) -> Iterator[_Item]:
    """The same items, each made by a thread of its own while the item before it is used."""
    with ThreadPoolExecutor(1) as apart:
        waiting = apart.submit(next, given, None)
        while (item := waiting.result()) is not None:
            waiting = apart.submit(next, given, None)
            yield item


def _whole_lines(head: bytes) -> bytes:
    """The beginning of a text without the line that may go on after it."""
    if len(head) < _HEAD_BYTES:
        return head
    end = max(head.rfind(b"\n"), head.rfind(b"\r"))
    return head[: end + 1] if end > 0 else head


def _memory_limit(reader: Any) -> float:
    """The engine's limit in bytes."""
    number, unit = reader.execute("SELECT current_setting('memory_limit')").fetchone()[0].split()
    return (
        float(number) * {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}[unit]
    )
