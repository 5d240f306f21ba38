"""What of a CSV is no whole row, and on which line of the file a row stands."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Any

from kpi.errors import Refused
from kpi.events import formats

REASONS = {
    "MISSING COLUMNS": "too few cells",
    "TOO MANY COLUMNS": "too many cells",
    "UNQUOTED VALUE": "a quote is not closed",
    "LINE SIZE OVER MAXIMUM": "is longer than 2 MB",
    "INVALID ENCODING": "is not UTF-8",
}
UNREADABLE = "can't be read"
_LONGEST_LINE = 2_000_000
_FAULT_BYTES = 1500  # what the engine keeps of a fault, but for the line
_QUOTED = rb'"(?:[^"]|"")*+"'
_WELL_QUOTED = re.compile(rb"(?:%b|[^\",]*)(?:,(?:%b|[^\",]*))*" % (_QUOTED, _QUOTED))


@dataclass(frozen=True)
class Torn:
    """A stretch of a CSV that is no whole row: its place among the file's records, counted from 1 with
    the header, why, and how many lines it took.
    """

    record: int
    reason: str
    lines: int


def found(writer: Any, lost: int) -> list[Torn]:
    """What the engine met while it read a CSV, in order, given how many lines it lost.

    A record has one reason. A quote that is never closed takes a large part of the file with it, of
    which the engine keeps the first 10,000 bytes: such a stretch took what the others don't account for.
    """
    rows = writer.execute(
        "SELECT line, MIN(error_type), MAX(1 + LENGTH(TRIM(csv_line, chr(10) || chr(13))) - "
        "LENGTH(REPLACE(TRIM(csv_line, chr(10) || chr(13)), chr(10), ''))), MAX(STRLEN(csv_line)) "
        "FROM reject_errors GROUP BY line ORDER BY line"
    ).fetchall()
    stretches = [Torn(row[0], REASONS.get(row[1], UNREADABLE), row[2] or 1) for row in rows]
    more = lost - sum(one.lines for one in stretches)
    if more <= 0:
        return stretches
    if not stretches:
        return [Torn(1, UNREADABLE, more)]
    longest = max(range(len(rows)), key=lambda place: (rows[place][3] or 0, place))
    stretches[longest] = replace(stretches[longest], lines=stretches[longest].lines + more)
    return stretches


def blank_lines(path: Path, cells: int, room: float) -> int:
    """How many lines of a CSV are blank; Refused if its faults would take more bytes than ``room``.

    The engine keeps a fault for every cell that is missing, too many or unreadable, each with its whole
    line, and no setting of it bounds them: 2 MB of lines of one letter take 12 GB, a line of 75,000
    cells two minutes.
    """
    blank = 0
    for number, line in enumerate(formats.text_lines(path, _LONGEST_LINE), 1):
        text = line.rstrip(b"\r\n")
        if not text:
            blank += 1
            continue
        faults = _most_faults(text, cells)
        room -= faults and faults * (_FAULT_BYTES + 2 * len(line))
        if room < 0:
            raise Refused(
                f"{path}: too much of it is no row of {cells} cells, line {number} for one; "
                "nothing was loaded"
            )
    return blank


def _most_faults(line: bytes, cells: int) -> int:
    """At most so many faults are kept of a line; none of a whole row."""
    plain = line
    if b'"' in line:
        if not _WELL_QUOTED.fullmatch(line):
            return 2 * max(cells, line.count(b",") + 1)
        plain = re.sub(_QUOTED, b"", line)
    faults = abs(plain.count(b",") + 1 - cells)
    if not line.isascii():
        try:
            line.decode()
        except UnicodeDecodeError:
            faults += cells
    return faults


class Lines:
    """Where in a file a row stands, given what is torn and the rows whose cells hold newlines.

    The engine counts records; a quoted cell with newlines, or a quote that is never closed, makes one
    record of several lines. ``tall`` has rows and the newlines in them.
    """

    def __init__(self, header: bool, torn: Sequence[Torn], tall: Iterable[tuple[int, int]]) -> None:
        self._header = header
        # How many records stand before the nth torn one without the torn ones themselves.
        self._whole_before = [one.record - place for place, one in enumerate(torn)]
        higher = sorted(
            [(one.record, one.lines - 1) for one in torn]
            + [(self._record(row), newlines) for row, newlines in tall]
        )
        self._higher = [record for record, _ in higher]
        self._more_before = [0, *accumulate(more for _, more in higher)]

    def of_row(self, row: int) -> int:
        """The line of the nth readable row."""
        return self.of_record(self._record(row))

    def of_record(self, record: int) -> int:
        """The line of the nth record, readable or not."""
        return record + self._more_before[bisect_left(self._higher, record)]

    def _record(self, row: int) -> int:
        row += self._header
        return row + bisect_right(self._whole_before, row)
