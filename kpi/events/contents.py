"""The contents of a file's rows: counts by day and column, faults and changes."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from kpi.store import queries

KNOWN_TYPES = (
    "sequence.begin account.created account.login account.verified account.reset account.deleted "
    "account.signed device.created device.connected device.disconnected device.deleted"
).split()
SHOWN_FAULTS = 1000
SHOWN_LINES = 5

_PLACEHOLDER = "is a placeholder, read as blank"
_CHANGES = {
    4: ("seq_id", _PLACEHOLDER),
    8: ("seq_time", "is negative or over 30 years, left out"),
    16: ("tag", "is longer than 256 bytes, shortened"),
} | {
    32 << place: (column, "looks like an id, a mail address or a token, left out")
    for place, column in enumerate(
        "browser version os service context entrypoint campaign migration region".split()
    )
}
"""The changes of cells by their number in `changed`: the column and the words for each."""


@dataclass(frozen=True)
class Fault:
    """A row and what is wrong with it: its line in the file, the column and the reason."""

    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        """The fault without its line, such as 'type is missing' or 'too few cells'."""
        return self.reason if self.column == "row" else f"{self.column} {self.reason}"


@dataclass
class Contents:
    """The contents of the rows staged so far; ``days`` has events and first lines by UTC day."""

    rows: int = 0
    lines: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    with_uid: int = 0
    with_device: int = 0
    with_sequence: int = 0
    blank_sequences: int = 0
    """Sequences with a step of connecting a device and no service, within a block of the file."""

    first_timestamp: int | None = None
    last_timestamp: int | None = None
    days: dict[date, tuple[int, list[int]]] = field(default_factory=dict)
    unknown_types: Counter[str] = field(default_factory=Counter)
    changes: dict[str, tuple[int, int]] = field(default_factory=dict)
    """The changes of cells, in words: the number of rows and the first line."""

    faults: list[Fault] = field(default_factory=list)
    doubts: list[Fault] = field(default_factory=list)

    @property
    def passed_over(self) -> int:
        """Lines that are no events."""
        return self.lines - self.rows

    @property
    def rows_rejected(self) -> int:
        """Rows with a fault."""
        return sum(self.rejected.values())

    @property
    def accepted(self) -> int:
        """Rows without a fault."""
        return self.rows - self.rows_rejected

    def add_change(self, change: Fault, rows: int) -> None:
        """Count rows in which a cell was changed; ``change`` has the first line of them."""
        before, line = self.changes.get(str(change), (0, change.line))
        self.changes[str(change)] = before + rows, line

    def add(self, reader: Any, spelled: Callable[[str], str]) -> None:
        """Add the rows of `checked`; ``spelled`` gives the file's own name for a column."""
        rows, with_sequence, first, last = reader.execute(
            "SELECT COUNT(*), "
            "COUNT(*) FILTER (fault IS NULL AND seq_id IS NOT NULL AND seq_time IS NOT NULL), "
            'MIN("timestamp") FILTER (fault IS NULL), MAX("timestamp") FILTER (fault IS NULL) FROM checked'
        ).fetchone()
        self.rows += rows
        self.with_sequence += with_sequence
        moments = [self.first_timestamp, self.last_timestamp, first, last]
        known = [moment for moment in moments if moment is not None]
        self.first_timestamp = min(known, default=None)
        self.last_timestamp = max(known, default=None)
        rejected = reader.execute(
            "SELECT fault, COUNT(*) FROM checked WHERE fault IS NOT NULL GROUP BY fault"
        ).fetchall()
        self.rejected.update(dict(rejected))
        if rejected:
            self._add_faults(reader, spelled)
        self._add_ids(reader, spelled)
        self._add_days(reader)
        self._add_types(reader)
        self._add_changes(reader, spelled)
        if with_sequence:
            self._add_doubts(reader)
            blank = reader.execute(queries.text("files/blank_sequences")).fetchone()
            self.blank_sequences += blank[0]

    def _add_ids(self, reader: Any, spelled: Callable[[str], str]) -> None:
        """Put the distinct ids behind the name `distinct_id`, and count the rows that have them."""
        reader.execute(
            f"CREATE OR REPLACE TEMP TABLE distinct_id AS {queries.text('files/distinct_id')}"
        )
        for is_placeholder, uid_rows, uid_line, device_rows, device_line in reader.execute(
            "SELECT is_placeholder(id) AS blank, SUM(uid_rows), MIN(uid_line), SUM(device_rows), "
            "MIN(device_line) FROM distinct_id GROUP BY blank"
        ).fetchall():
            if not is_placeholder:
                self.with_uid += uid_rows
                self.with_device += device_rows
                continue
            ids = (("uid", uid_rows, uid_line), ("device_id", device_rows, device_line))
            for column, rows, line in ids:
                if rows:
                    self.add_change(Fault(line, spelled(column), _PLACEHOLDER), rows)

    def _add_faults(self, reader: Any, spelled: Callable[[str], str]) -> None:
        rows = reader.execute(
            "SELECT line, fault FROM checked WHERE fault IS NOT NULL "
            f"ORDER BY line LIMIT {SHOWN_FAULTS - len(self.faults)}"
        ).fetchall()
        for line, fault in rows:
            column, _, reason = fault.partition(": ")
            name = column if column == "row" else spelled(column)
            self.faults.append(Fault(line, name, reason))

    def _add_days(self, reader: Any) -> None:
        rows = reader.execute(
            'SELECT CAST(EPOCH_MS("timestamp") AS DATE) AS day, COUNT(*), '
            f"MIN(line, {SHOWN_LINES}) FROM checked WHERE fault IS NULL GROUP BY day"
        ).fetchall()
        for day, events, first in rows:
            before, known = self.days.get(day, (0, []))
            self.days[day] = before + events, heapq.nsmallest(SHOWN_LINES, [*known, *first])

    def _add_types(self, reader: Any) -> None:
        rows = reader.execute(
            "SELECT type, COUNT(*) FROM checked WHERE fault IS NULL AND type NOT IN "
            "(SELECT UNNEST($1)) GROUP BY type ORDER BY COUNT(*) DESC, type LIMIT 200",
            [list(KNOWN_TYPES)],
        ).fetchall()
        self.unknown_types.update(dict(rows))

    def _add_changes(self, reader: Any, spelled: Callable[[str], str]) -> None:
        for changed, count, line in reader.execute(
            "SELECT changed, COUNT(*), MIN(line) FROM checked WHERE fault IS NULL AND changed > 0 "
            "GROUP BY changed ORDER BY MIN(line)"
        ).fetchall():
            for flag in (flag for flag in _CHANGES if changed & flag):
                column, reason = _CHANGES[flag]
                name = column if column == "tag" else spelled(column)
                self.add_change(Fault(line, name, reason), count)

    def _add_doubts(self, reader: Any) -> None:
        room = SHOWN_FAULTS - len(self.doubts)
        rows = reader.execute(
            f"{queries.text('files/doubtful')} ORDER BY c.line LIMIT {room}"
        ).fetchall()
        reason = "disagrees with the timestamp by more than 2 seconds"
        self.doubts += [Fault(line, "seq_time", reason) for (line,) in rows]
