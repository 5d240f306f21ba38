"""The lines of a text as Arrow tables: number and text, some megabytes at a time.

A table has `line` (counted from 1, as an editor counts), `text` (with its line end) and `fault` (why the
line can't be read, or NULL). A record of a CSV whose quoted cells hold line ends has the number of its
first line.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache, cached_property
from json import JSONDecodeError, JSONDecoder
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

NOT_UTF8 = "row: is not UTF-8"
TOO_LONG = "row: is longer than 2 MB"
OPEN_QUOTE = "row: a quote is not closed"
NOT_JSON = "row: is no readable event"
SCHEMA = pa.schema([("line", pa.int64()), ("text", pa.string()), ("fault", pa.string())])

BLANKS = ("", "NULL", "null", "Null")
"""Cells that are blank. Other placeholders of ids are blank, too, but reported."""

_Item = TypeVar("_Item")
_LONGEST_LINE = 2_000_000
_MOST_LINES_A_RECORD = 200
_MARK = b"\xef\xbb\xbf"
_NEWLINE, _QUOTE = 10, 34
_DICTIONARY = pa.dictionary(pa.int32(), pa.string())
_BETWEEN_VALUES = re.compile(r"[\s,\[\]]*")


def pieces(blocks: Iterable[bytes], size: int, separator: str | None = None) -> Iterator[Piece]:
    """Pieces of about ``size`` bytes; with a ``separator``, of whole records of a CSV."""
    number = 1
    waiting: list[bytes] = []
    length = 0
    for block, last in with_last(_without_mark(blocks)):
        waiting.append(block)
        length += len(block)
        if length < size and not last:
            continue
        text = b"".join(waiting)
        end = len(text) if last else _last_line_end(text)
        if end == 0:  # no line ends here; the rest of an endless line is not needed
            waiting, length = [text[: _LONGEST_LINE + 1]], min(len(text), _LONGEST_LINE + 1)
            continue
        piece = Piece(_with_newlines(text[:end]), number, separator)
        if separator:
            piece.join_records(last)
        yield piece
        number += piece.used
        waiting = [piece.unused, text[end:]]
        length = sum(map(len, waiting))


class Piece:
    """Whole lines of a text, each of which ends with a newline; ``number`` is that of the first.

    Those of a CSV have a ``separator``.
    """

    def __init__(self, text: bytes, number: int, separator: str | None = None) -> None:
        self._separator = separator or ","
        self._faults: dict[int, str] = {}
        self.text = text if text.isascii() else self._readable(text)
        self._number = number
        self._lines = self.text.count(b"\n")
        self.used = self._lines
        if _has_long_line(self.text):
            for place in np.flatnonzero(self._lengths > _LONGEST_LINE):
                self._faults[int(place)] = TOO_LONG

    @property
    def unused(self) -> bytes:
        """The lines of a record that goes on after this piece."""
        return b"" if self.used == self._lines else self.text[self._starts[self.used] :]

    @cached_property
    def _ends(self) -> np.ndarray:
        return np.flatnonzero(self._is_newline) + 1

    @cached_property
    def _starts(self) -> np.ndarray:
        return np.concatenate([[0], self._ends[:-1]])

    @cached_property
    def _lengths(self) -> np.ndarray:
        return np.diff(self._ends, prepend=0)

    @cached_property
    def _quotes(self) -> np.ndarray:
        return np.flatnonzero(self._codes == _QUOTE)

    @cached_property
    def _quote_counts(self) -> np.ndarray:
        return np.diff(np.searchsorted(self._quotes, self._ends), prepend=0)

    @cached_property
    def _begins_record(self) -> np.ndarray:
        return np.ones(self._lines, dtype=bool)

    @cached_property
    def _is_newline(self) -> np.ndarray:
        return self._codes == _NEWLINE

    @property
    def _codes(self) -> np.ndarray:
        return np.frombuffer(self.text, dtype=np.uint8)

    @cached_property
    def _quotes_every_cell(self) -> bool:
        """True where every cell of every line is quoted and holds neither quote nor line end.

        Then each quote but the first and the last has its part in just one end of a cell and beginning of
        the next, `","` or a line end in quotes; every line end is in one of these.
        """
        if not (self.text.startswith(b'"') and self.text.endswith(b'"\n')):
            return False
        is_quote, between_lines = self._codes == _QUOTE, self._is_newline[1:-1]
        quoted = is_quote[:-2] & is_quote[2:]
        ends_line = quoted & between_lines
        ends_cell = quoted & (self._codes[1:-1] == ord(self._separator))
        ends_cell |= ends_line
        return bool(
            np.count_nonzero(is_quote) == 2 * np.count_nonzero(ends_cell) + 2
            and np.count_nonzero(ends_line) == self._lines - 1
            and not (ends_cell[0] or ends_cell[-2:].any() or (ends_cell[:-2] & ends_cell[2:]).any())
        )

    def join_records(self, last: bool) -> None:
        """Join lines within quotes to a record; a quote that nothing closes is a fault of its line."""
        if b'"' not in self.text or self._quotes_every_cell:
            return
        odd = [int(place) for place in np.flatnonzero(self._quote_counts % 2)]
        place = 0
        while place < len(odd):
            opened, closed = odd[place], odd[place + 1] if place + 1 < len(odd) else None
            if self._is_record(opened, opened):  # a quote within a cell without quotes
                place += 1
            elif closed is not None and self._is_record(opened, closed):
                self._begins_record[opened + 1 : closed + 1] = False
                place += 2
            elif closed is None and not last and 0 < opened > self.used - _MOST_LINES_A_RECORD:
                self.used = opened
                return
            else:
                self._faults.setdefault(opened, OPEN_QUOTE)
                place += 1

    def table(self) -> pa.Table:
        """Every record as a row of line, text and fault."""
        return self._table(np.flatnonzero(self._begins_record[: self.used]))

    def rows(
        self,
        widths: Iterable[int],
        skipped: int,
        header: str | None,
        repeated: Mapping[int, Collection[int]] = MappingProxyType({}),
    ) -> Iterator[tuple[int | None, pa.Table]]:
        """Tables of the rows of a CSV: with their width, or None and lines as `table` gives them.

        Where rows have as many cells as ``widths`` allow and their quotes are simple, the table has the
        cells as c1, c2 and so on, blank cells NULL, and `line`; the cells that are ``repeated`` in rows of
        a width, counted from 1, are dictionaries. Lines up to ``skipped``, blank lines and lines equal to
        ``header`` are no rows.
        """
        if self._number > skipped and (header is None or header.encode() not in self.text):
            width, table = self._all_cells(widths, repeated)
            if table is not None:
                yield width, table
                return
        is_row = self._begins_record[: self.used] & (self._lengths[: self.used] > 1)
        is_row[: max(skipped + 1 - self._number, 0)] = False
        if header is not None:
            is_row[self._equal_to(header.encode())] = False
        is_plain = is_row & np.append(self._begins_record[1 : self.used], True)
        if b'"' in self.text and not self._quotes_every_cell:
            is_plain &= ~self._misquoted()[: self.used]
        is_plain[[place for place in self._faults if place < self.used]] = False
        usual = self._first_width(is_plain)
        for width in sorted(widths, key=lambda width: width != usual):
            places, table = self._cells(np.flatnonzero(is_plain), width, repeated.get(width, ()))
            if len(places):
                yield width, table
                is_row[places] = is_plain[places] = False
        rest = [place for place in np.flatnonzero(is_row) if not self._is_blank(int(place))]
        if rest:
            yield None, self._table(np.array(rest))

    def _all_cells(
        self, widths: Iterable[int], repeated: Mapping[int, Collection[int]]
    ) -> tuple[int, pa.Table | None]:
        """The width and the cells of all lines, where they are simply quoted rows of the same width."""
        width = self._width_at(0, self.text.find(b"\n"))
        if self._faults or width not in widths:
            return width, None
        if b'"' in self.text and not self._quotes_every_cell:
            return width, None
        try:
            table, _ = _split(self.text, self._separator, width, repeated.get(width, ()))
        except pa.ArrowInvalid:
            return width, None
        if table.num_rows != self._lines:  # blank lines were passed over
            return width, None
        first = self._number
        return width, table.append_column("line", integers(np.arange(first, first + self._lines)))

    def _first_width(self, is_plain: np.ndarray) -> int:
        """The number of cells of the first plain line, which most others share."""
        place = int(np.argmax(is_plain))
        return self._width_at(self._starts[place], self._ends[place])

    def _width_at(self, start: int, end: int) -> int:
        return self.text.count(self._separator.encode(), start, end) + 1

    def _cells(
        self, places: np.ndarray, width: int, repeated: Collection[int]
    ) -> tuple[np.ndarray, pa.Table]:
        """The rows of a width among the lines at ``places``: their places, and their cells and lines."""
        if len(places) == 0:
            return places, SCHEMA.empty_table()
        text = self._lines_at(places)
        try:
            table, _ = _split(text, self._separator, width, repeated)
        except pa.ArrowInvalid:
            table, torn = _split(text, self._separator, width, repeated, torn=True)
            places = np.delete(places, torn)
        return places, table.append_column("line", integers(places + self._number))

    def _lines_at(self, places: np.ndarray) -> memoryview | bytes:
        """The text of some lines, in their order."""
        first, last = places[0], places[-1]
        if last - first + 1 == len(places):
            return memoryview(self.text)[self._starts[first] : self._ends[last]]
        chosen = np.zeros(self._lines, dtype=bool)
        chosen[places] = True
        return self._codes[np.repeat(chosen, self._lengths)].tobytes()

    def _misquoted(self) -> np.ndarray:
        """True for lines with a quote that doesn't begin or end a cell."""
        quotes, counts = self._quotes, self._quote_counts
        misquoted = counts % 2 == 1
        before = np.cumsum(counts) - counts
        closes = ((np.arange(len(quotes)) - np.repeat(before, counts)) & 1).astype(bool)
        beside = self._codes[quotes + np.where(closes, 1, -1)]
        inside = (beside != ord(self._separator)) & (beside != _NEWLINE)
        misquoted[np.searchsorted(self._ends, quotes[inside], side="right")] = True
        return misquoted

    def _table(self, places: np.ndarray) -> pa.Table:
        if len(places) == 0:
            return SCHEMA.empty_table()
        following = np.append(np.flatnonzero(self._begins_record[: self.used]), self.used)
        lasts = following[np.searchsorted(following, places, side="right")] - 1
        starts, ends = self._starts[places], self._ends[lasts]
        text, lengths = self.text, ends - starts
        faults: pa.Array = pa.nulls(len(places), pa.string())
        if self._faults or len(places) < len(following) - 1:
            # A line of megabytes must not be split into cells.
            texts = [
                b"-" if place in self._faults else text[start:end]
                for place, start, end in zip(places, starts, ends, strict=True)
            ]
            text, lengths = b"".join(texts), np.array(list(map(len, texts)))
        if self._faults:
            faults = pa.array([self._faults.get(int(place)) for place in places], pa.string())
        offsets = np.append(0, np.cumsum(lengths)).astype(np.int32)
        buffers = (pa.py_buffer(offsets), pa.py_buffer(text))
        cells = pa.StringArray.from_buffers(len(places), *buffers)
        return pa.table([integers(places + self._number), cells, faults], schema=SCHEMA)

    def _is_record(self, opened: int, closed: int) -> bool:
        if closed - opened >= _MOST_LINES_A_RECORD:
            return False
        record = self.text[self._starts[opened] : self._ends[closed] - 1]
        return (
            len(record) <= _LONGEST_LINE
            and _well_quoted(self._separator).fullmatch(record) is not None
        )

    def _is_blank(self, place: int) -> bool:
        return not self.text[self._starts[place] : self._ends[place]].strip(b" \t\n")

    def _equal_to(self, line: bytes) -> list[int]:
        """The places of lines that are equal to another, but for blanks around them."""
        places, at = [], self.text.find(line)
        while at >= 0:
            place = int(np.searchsorted(self._ends, at, side="right"))
            whole = self.text[self._starts[place] : self._ends[place]].strip()
            if whole == line and place < self.used:
                places.append(place)
            at = self.text.find(line, at + len(line))
        return places

    def _readable(self, text: bytes) -> bytes:
        """The text with a dash for each line that is not UTF-8."""
        try:
            text.decode()
            return text
        except UnicodeDecodeError:
            lines = text.split(b"\n")
        for place, line in enumerate(lines):
            try:
                line.decode()
            except UnicodeDecodeError:
                lines[place] = b"-"
                self._faults[place] = NOT_UTF8
        return b"\n".join(lines)


def integers(numbers: np.ndarray) -> pa.Array:
    """The numbers as an array of Arrow's; `pa.array` would import pandas, which costs 0.2 s."""
    buffers = [None, pa.py_buffer(numbers.astype(np.int64))]
    return pa.Array.from_buffers(pa.int64(), len(numbers), buffers)


def _has_long_line(text: bytes) -> bool:
    """True where a line is longer than a line may be."""
    start = 0
    while len(text) - start > _LONGEST_LINE:
        end = text.rfind(b"\n", start, start + _LONGEST_LINE)
        if end < 0:
            return True
        start = end + 1
    return False


def _split(
    text: memoryview | bytes,
    separator: str,
    width: int,
    repeated: Collection[int],
    torn: bool = False,
) -> tuple[pa.Table, list[int]]:
    """The cells of simply quoted lines as c1, c2 and so on; where ``torn``, without lines of another width.

    The second of the result are the places of those. Without ``torn``, they raise ArrowInvalid. The
    ``repeated`` cells are dictionaries.
    """
    places: list[int] = []

    def note(row: Any) -> str:
        if not torn:
            return "error"
        places.append(row.number - 1)
        return "skip"

    types = {
        f"c{place}": _DICTIONARY if place in repeated else pa.string()
        for place in range(1, width + 1)
    }
    table = pa_csv.read_csv(
        pa.BufferReader(text),
        # Pieces have a thread each; and numbers of rows are known to a single thread only.
        pa_csv.ReadOptions(
            column_names=list(types), block_size=2 * _LONGEST_LINE, use_threads=False
        ),
        pa_csv.ParseOptions(delimiter=separator, invalid_row_handler=note),
        pa_csv.ConvertOptions(
            column_types=types,
            null_values=BLANKS,
            strings_can_be_null=True,
            check_utf8=False,  # it was checked line by line
        ),
    )
    return table, places


def json_values(blocks: Iterable[bytes], size: int) -> Iterator[pa.Table]:
    """The same tables of the values in a JSON array, or of objects that span several lines."""
    rows: list[tuple[int, str, str | None]] = []
    length = 0
    for number, text, fault in _values(_without_mark(blocks)):
        rows.append((number, text, fault))
        length += len(text)
        if length >= size:
            yield _table_of(rows)
            rows, length = [], 0
    if rows:
        yield _table_of(rows)


def _values(blocks: Iterable[bytes]) -> Iterator[tuple[int, str, str | None]]:
    """Line, text and fault of each value; the separators between them are passed over."""
    decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
    # Python refuses to make numbers of 4,300 digits.
    decoder = JSONDecoder(parse_int=str, parse_float=str)
    text, number = "", 1
    for block, last in with_last(blocks):
        text += decode(block, last)
        place = 0
        while True:
            start = _BETWEEN_VALUES.match(text, place).end()  # type: ignore[union-attr]
            number += text.count("\n", place, start)
            place = start
            if place == len(text):
                break
            try:
                value, end = decoder.raw_decode(text, place)
            except (JSONDecodeError, RecursionError):
                if not last and len(text) - place <= _LONGEST_LINE:
                    break  # the value may go on in the next block
                end = text.find("\n", place) + 1 or len(text)
                value = None
            fault = None if isinstance(value, dict) else NOT_JSON
            yield number, "-" if fault else text[place:end], fault
            number += text.count("\n", place, end)
            place = end
        text = text[place:]


def _table_of(rows: list[tuple[int, str, str | None]]) -> pa.Table:
    columns = zip(*rows, strict=True)
    return pa.table(
        [pa.array(c, f.type) for c, f in zip(columns, SCHEMA, strict=True)], schema=SCHEMA
    )


@cache
def _well_quoted(separator: str) -> re.Pattern[bytes]:
    """A record of a CSV, each cell quoted whole or not at all."""
    mark = re.escape(separator).encode()
    cell = rb' *"(?:[^"]|"")*+" *|[^"\n%b][^\n%b]*|' % (mark, mark)
    return re.compile(rb"(?:%b)(?:%b(?:%b))*" % (cell, mark, cell))


def _last_line_end(text: bytes) -> int:
    """The end of the last whole line of a text that goes on, or 0."""
    end = text.rfind(b"\n") + 1
    if end:
        return end
    # Line ends of old Macs; the last byte may be half of a line end of Windows.
    return text.rfind(b"\r", 0, len(text) - 1) + 1


def _with_newlines(text: bytes) -> bytes:
    """The text with every line end as a newline, also after the last line."""
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return text if text.endswith(b"\n") else text + b"\n"


def _without_mark(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The blocks without the byte order mark of UTF-8 at their beginning."""
    first = True
    for block in blocks:
        yield block.removeprefix(_MARK) if first else block
        first = False


def with_last(items: Iterable[_Item]) -> Iterator[tuple[_Item, bool]]:
    """Each item, and whether it is the last."""
    before: _Item | None = None
    for item in items:
        if before is not None:
            yield before, False
        before = item
    if before is not None:
        yield before, True
