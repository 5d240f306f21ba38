"""The lines of a text as Arrow tables: number and text, some megabytes at a time.

A table has `line` (counted from 1, as an editor counts), `text` (with its line end) and `fault` (why the
line can't be read, or NULL). A record of a CSV whose quoted cells hold line ends has the number of its
first line.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from functools import cache
from json import JSONDecodeError, JSONDecoder

import numpy as np
import pyarrow as pa

NOT_UTF8 = "row: is not UTF-8"
TOO_LONG = "row: is longer than 2 MB"
OPEN_QUOTE = "row: a quote is not closed"
NOT_JSON = "row: is no readable event"
SCHEMA = pa.schema([("line", pa.int64()), ("text", pa.string()), ("fault", pa.string())])

_LONGEST_LINE = 2_000_000
_MOST_LINES_A_RECORD = 200
_MARK = b"\xef\xbb\xbf"
_NEWLINE, _QUOTE = 10, 34


def tables(blocks: Iterable[bytes], size: int, separator: str | None = None) -> Iterator[pa.Table]:
    """Tables of about ``size`` bytes of text; with a ``separator``, records of a CSV."""
    number = 1
    waiting, length = [], 0
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
        piece = _with_newlines(text[:end])
        lines = _Lines(piece, number)
        if separator and b'"' in piece:
            lines.join_records(separator, last)
        yield lines.table()
        number += lines.used_lines
        waiting = [lines.unused, text[end:]]
        length = len(lines.unused) + len(text) - end


class _Lines:
    """The lines of one piece of text, each of which ends with a newline."""

    def __init__(self, piece: bytes, number: int) -> None:
        self._piece = piece
        self._faults: dict[int, str] = {}
        if not piece.isascii():
            self._mend_encoding()
        codes = np.frombuffer(self._piece, dtype=np.uint8)
        ends = np.flatnonzero(codes == _NEWLINE) + 1
        self._starts = np.concatenate([[0], ends[:-1]])
        self._ends = ends
        self._first = number
        self._is_first = np.ones(len(ends), dtype=bool)  # lines that begin a record
        self.used_lines = len(ends)
        for place in np.flatnonzero(ends - self._starts > _LONGEST_LINE):
            self._faults[int(place)] = TOO_LONG

    @property
    def unused(self) -> bytes:
        """What belongs to a record that goes on after this piece."""
        if self.used_lines == len(self._ends):
            return b""
        return self._piece[self._starts[self.used_lines] :]

    def join_records(self, separator: str, last: bool) -> None:
        """Join lines within quotes to one record; an open quote that nothing closes is a fault."""
        codes = np.frombuffer(self._piece, dtype=np.uint8)
        quotes = np.add.reduceat(codes == _QUOTE, self._starts, dtype=np.int64)
        odd = [int(place) for place in np.flatnonzero(quotes % 2)]
        place = 0
        while place < len(odd):
            opened = odd[place]
            closed = odd[place + 1] if place + 1 < len(odd) else None
            near = len(self._ends) - opened <= _MOST_LINES_A_RECORD and opened > 0
            if closed is None and near and not last:
                self.used_lines = opened
                return
            if closed is not None and self._is_record(opened, closed, separator):
                self._is_first[opened + 1 : closed + 1] = False
                place += 2
            else:
                self._faults.setdefault(opened, OPEN_QUOTE)
                place += 1

    def table(self) -> pa.Table:
        """The records as an Arrow table."""
        places = np.flatnonzero(self._is_first[: self.used_lines])
        if len(places) == 0:
            return SCHEMA.empty_table()
        end = int(self._ends[self.used_lines - 1])
        offsets = np.append(self._starts[places], end).astype(np.int32)
        texts = pa.StringArray.from_buffers(
            len(places), pa.py_buffer(offsets), pa.py_buffer(self._piece)
        )
        faults: pa.Array = pa.nulls(len(places), pa.string())
        if self._faults:
            found = [self._faults.get(int(place)) for place in places]
            faults = pa.array(found, pa.string())
            # A line of gigabytes must not be split into cells.
            texts = pa.compute.if_else(pa.compute.is_valid(faults), "-", texts)
        return pa.table([pa.array(places + self._first), texts, faults], schema=SCHEMA)

    def _is_record(self, opened: int, closed: int, separator: str) -> bool:
        if closed - opened >= _MOST_LINES_A_RECORD:
            return False
        record = self._piece[self._starts[opened] : self._ends[closed] - 1]
        return (
            len(record) <= _LONGEST_LINE and _well_quoted(separator).fullmatch(record) is not None
        )

    def _mend_encoding(self) -> None:
        try:
            self._piece.decode()
            return
        except UnicodeDecodeError:
            pass
        lines = self._piece.split(b"\n")
        for place, line in enumerate(lines):
            try:
                line.decode()
            except UnicodeDecodeError:
                lines[place] = b"-"
                self._faults[place] = NOT_UTF8
        self._piece = b"\n".join(lines)


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
    cell = rb' *"(?:[^"]|"")*+" *|[^"%b]*' % mark
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
