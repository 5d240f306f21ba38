"""The lines of a text as Arrow tables: number and text, some megabytes at a time.

A table has `line` (counted from 1, as an editor counts), `text` (with its line end) and `fault` (why the
line can't be read, or NULL). A record of a CSV whose quoted cells hold line ends has the number of its
first line.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from functools import cache, cached_property
from json import JSONDecodeError, JSONDecoder
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

NOT_UTF8 = "row: is not UTF-8"
TOO_LONG = "row: is longer than 2 MB"
OPEN_QUOTE = "row: a quote is not closed"
NOT_JSON = "row: is no readable event"
SCHEMA = pa.schema([("line", pa.int64()), ("text", pa.string()), ("fault", pa.string())])

BLANKS = ("", "NULL", "null", "Null")
"""Cells that are blank. Other placeholders of ids are blank, too, but reported."""

_LONGEST_LINE = 2_000_000
_MOST_LINES_A_RECORD = 200
_MARK = b"\xef\xbb\xbf"
_NEWLINE, _QUOTE = 10, 34


def pieces(blocks: Iterable[bytes], size: int, separator: str | None = None) -> Iterator[Piece]:
    """Pieces of about ``size`` bytes; with a ``separator``, of whole records of a CSV."""
    number = 1
    waiting: list[bytes] = []
    length = 0
    for block, last in _with_last(_without_mark(blocks)):
        waiting.append(block)
        length += len(block)
        if length < size and not last:
            continue
        text = b"".join(waiting)
        end = len(text) if last else _last_line_end(text)
        if end == 0:  # no line ends here; the rest of an endless one is not needed
            waiting, length = [text[: _LONGEST_LINE + 1]], min(len(text), _LONGEST_LINE + 1)
            continue
        piece = Piece(_with_newlines(text[:end]), number)
        if separator:
            piece.join_records(separator, last)
        yield piece
        number += piece.used
        waiting = [piece.unused, text[end:]]
        length = sum(map(len, waiting))


class Piece:
    """Whole lines of a text, each of which ends with a newline; ``number`` is that of the first."""

    def __init__(self, text: bytes, number: int) -> None:
        self._faults: dict[int, str] = {}
        self.text = text if text.isascii() else self._readable(text)
        self._number = number
        self._lines = self.text.count(b"\n")
        self.used = self._lines

    @property
    def unused(self) -> bytes:
        """The lines of a record that goes on after this piece."""
        return b"" if self.used == self._lines else self.text[self._starts[self.used] :]

    @cached_property
    def _ends(self) -> np.ndarray:
        ends = np.flatnonzero(self._codes == _NEWLINE) + 1
        for place in np.flatnonzero(np.diff(ends, prepend=0) > _LONGEST_LINE):
            self._faults[int(place)] = TOO_LONG
        return ends

    @cached_property
    def _starts(self) -> np.ndarray:
        return np.concatenate([[0], self._ends[:-1]])

    @cached_property
    def _begins_record(self) -> np.ndarray:
        return np.ones(self._lines, dtype=bool)

    @property
    def _codes(self) -> np.ndarray:
        return np.frombuffer(self.text, dtype=np.uint8)

    def join_records(self, separator: str, last: bool) -> None:
        """Join lines within quotes to a record; a quote that nothing closes is a fault of its line."""
        if b'"' not in self.text:
            return
        quotes = np.add.reduceat(self._codes == _QUOTE, self._starts, dtype=np.int64)
        odd = [int(place) for place in np.flatnonzero(quotes % 2)]
        place = 0
        while place < len(odd):
            opened, closed = odd[place], odd[place + 1] if place + 1 < len(odd) else None
            if self._is_record(opened, opened, separator):  # a quote within a cell without quotes
                place += 1
            elif closed is not None and self._is_record(opened, closed, separator):
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
        self, separator: str, widths: Iterable[int], skipped: int, header: str | None
    ) -> Iterator[tuple[int | None, pa.Table]]:
        """Tables of the rows of a CSV: with their width, or None and lines as `table` gives them.

        Where rows have as many cells as ``widths`` allow and no cell holds a separator, the table has
        the cells as c1, c2 and so on, blank ones NULL, and `line`. Lines up to ``skipped``, blank lines
        and lines equal to ``header`` are no rows.
        """
        widths = tuple(widths)
        whole = self._whole(separator, widths, skipped, header)
        if whole is not None:
            yield widths[0], whole
            return
        is_row = self._begins_record[: self.used].copy()
        is_row[: max(skipped + 1 - self._number, 0)] = False
        if header is not None:
            is_row[self._equal_to(header.encode())] = False
        text, ends = self.text, self._ends[: self.used]
        if self.used < self._lines:
            text = text[: ends[-1]]
        plain = is_row.copy()
        if b'"' in text:
            text, ends, is_quoted = _without_simple_quotes(text, ends, separator)
            plain &= ~is_quoted & np.append(self._begins_record[1 : self.used], True)
        plain[[place for place in self._faults if place < self.used]] = False
        codes = np.frombuffer(text, dtype=np.uint8)
        marks = np.searchsorted(np.flatnonzero(codes == ord(separator)), ends)
        counts = np.diff(marks, prepend=0) + 1
        starts = np.concatenate([[0], ends[:-1]])
        for width in widths:
            chosen = plain & (counts == width)
            if not chosen.any():
                continue
            part = codes[np.repeat(chosen, ends - starts)].tobytes()
            table = _cells(part, separator, width, np.flatnonzero(chosen) + self._number)
            if table is not None:
                yield width, table
                is_row &= ~chosen
        places = np.array([p for p in np.flatnonzero(is_row) if not self._is_blank(p)], dtype=int)
        if len(places):
            yield None, self._table(places)

    def _whole(
        self, separator: str, widths: tuple[int, ...], skipped: int, header: str | None
    ) -> pa.Table | None:
        """The cells of all lines after those skipped, where every line is a plain row; else None."""
        before = min(max(skipped + 1 - self._number, 0), self._lines)
        start = 0
        for _ in range(before):
            start = self.text.index(b"\n", start) + 1
        text = self.text[start:] if start else self.text
        if len(widths) > 1 or b'"' in text or self._faults or before == self._lines:
            return None
        if header is not None and header.encode() in text:
            return None
        return _cells(text, separator, widths[0], np.arange(before, self._lines) + self._number)

    def _table(self, places: np.ndarray) -> pa.Table:
        if len(places) == 0:
            return SCHEMA.empty_table()
        following = np.append(np.flatnonzero(self._begins_record[: self.used]), self.used)
        lasts = following[np.searchsorted(following, places, side="right")] - 1
        if len(places) == len(following) - 1:
            offsets = np.append(self._starts[places], self._ends[lasts[-1]]).astype(np.int32)
            buffers = (pa.py_buffer(offsets), pa.py_buffer(self.text))
            texts: pa.Array = pa.StringArray.from_buffers(len(places), *buffers)
        else:
            spans = zip(self._starts[places], self._ends[lasts], strict=True)
            texts = pa.array([self.text[a:b].decode() for a, b in spans], pa.string())
        faults: pa.Array = pa.nulls(len(places), pa.string())
        if self._faults:
            faults = pa.array([self._faults.get(int(place)) for place in places], pa.string())
            # A line of megabytes must not be split into cells.
            texts = pc.if_else(pc.is_valid(faults), "-", texts)
        return pa.table([pa.array(places + self._number), texts, faults], schema=SCHEMA)

    def _is_record(self, opened: int, closed: int, separator: str) -> bool:
        if closed - opened >= _MOST_LINES_A_RECORD:
            return False
        record = self.text[self._starts[opened] : self._ends[closed] - 1]
        return (
            len(record) <= _LONGEST_LINE and _well_quoted(separator).fullmatch(record) is not None
        )

    def _is_blank(self, place: int) -> bool:
        return not self.text[self._starts[place] : self._ends[place]].strip(b" \t\n")

    def _equal_to(self, line: bytes) -> list[int]:
        """The places of lines that are equal to another, but for blanks around them."""
        found, at = [], self.text.find(line)
        while at >= 0:
            place = int(np.searchsorted(self._ends, at, side="right"))
            if (
                self.text[self._starts[place] : self._ends[place]].strip() == line
                and place < self.used
            ):
                found.append(place)
            at = self.text.find(line, at + len(line))
        return found

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


def _cells(text: bytes, separator: str, width: int, numbers: np.ndarray) -> pa.Table | None:
    """The cells of lines without quotes as c1, c2 and so on; None unless every line has its width."""
    bad: list[Any] = []

    def note(row: Any) -> str:
        bad.append(row.actual_columns)
        return "skip" if len(bad) < 2 else "error"

    names = [f"c{place}" for place in range(1, width + 1)]
    blanks = [blank for blank in BLANKS if blank.encode() in text]
    try:
        table = pa_csv.read_csv(
            pa.BufferReader(text),
            pa_csv.ReadOptions(column_names=names, block_size=2 * _LONGEST_LINE),
            pa_csv.ParseOptions(delimiter=separator, quote_char=False, invalid_row_handler=note),
            pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                null_values=blanks,
                strings_can_be_null=True,
                check_utf8=False,  # it was checked line by line
            ),
        )
    except pa.ArrowInvalid:
        return None
    if bad or table.num_rows != len(numbers):
        return None
    return table.append_column("line", pa.array(numbers))


def _without_simple_quotes(
    text: bytes, ends: np.ndarray, separator: str
) -> tuple[bytes, np.ndarray, np.ndarray]:
    """The text and its line ends without the quotes of lines that could do without them.

    In such a line every quote begins or ends a cell, and no quoted cell holds a separator or a quote.
    The last of the result is true for lines that hold quotes of another kind.
    """
    codes = np.frombuffer(text, dtype=np.uint8)
    quotes = np.flatnonzero(codes == _QUOTE)
    line = np.searchsorted(ends, quotes, side="right")
    place = np.arange(len(quotes)) - np.searchsorted(line, line)
    marks = np.searchsorted(np.flatnonzero(codes == ord(separator)), quotes)
    before = np.where(quotes > 0, codes[quotes - 1], _NEWLINE)
    after = codes[np.minimum(quotes + 1, len(codes) - 1)]
    opens = (before == ord(separator)) | (before == _NEWLINE)
    closes = (after == ord(separator)) | (after == _NEWLINE)
    closes &= marks == np.concatenate([[-1], marks[:-1]])
    fits = np.where(place % 2 == 0, opens, closes)
    is_quoted = np.zeros(len(ends), dtype=bool)
    is_quoted[line[~fits]] = True
    odd = np.flatnonzero(np.bincount(line, minlength=len(ends)) % 2)
    is_quoted[odd] = True
    stays = np.ones(len(codes), dtype=bool)
    stays[quotes[~is_quoted[line]]] = False
    gone = np.searchsorted(quotes[~is_quoted[line]], ends)
    return codes[stays].tobytes(), ends - gone, is_quoted


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
    for block, last in _with_last(blocks):
        text += decode(block, last)
        place = 0
        while True:
            start = _between_values().match(text, place).end()  # type: ignore[union-attr]
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
def _between_values() -> re.Pattern[str]:
    return re.compile(r"[\s,\[\]]*")


@cache
def _well_quoted(separator: str) -> re.Pattern[bytes]:
    """A record of a CSV, each cell quoted whole or not at all."""
    mark = re.escape(separator).encode()
    cell = rb' *"(?:[^"]|"")*+" *|[^"\n%b][^\n%b]*|' % (mark, mark)
    return re.compile(rb"(?:%b)(?:%b(?:%b))*" % (cell, mark, cell))


def _last_line_end(text: bytes) -> int:
    """Where the last line of a text ends that goes on, or 0."""
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


def _with_last(blocks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each block, and whether it is the last."""
    before: bytes | None = None
    for block in blocks:
        if before is not None:
            yield before, False
        before = block
    if before is not None:
        yield before, True
