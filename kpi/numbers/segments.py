"""Segments by name: a choice of filters that people saved, or that `kpi/segments.toml` has.

Names that differ in case only are the same name. Of a name the file's segment counts, then the first that
was saved and isn't withdrawn. Segments that people save are notes (`kpi.numbers.notes`).
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import Connection

from kpi import store
from kpi.errors import Refused
from kpi.meaning import toml_file
from kpi.meaning.filters import DEVICES, FILTER_TAGS, USERS, Filters, picked
from kpi.numbers import notes
from kpi.numbers.notes import LONGEST_NAME, LONGEST_REASON, Withdrawal
from kpi.settings import Settings
from kpi.store import queries
from kpi.text import day_text

SEGMENTS_FILE = Path(__file__).resolve().parent.parent / "segments.toml"
LONGEST = 60
"""The most characters of a name, so that lists and sentences can hold it."""

SETTINGS: dict[str, tuple[type, str]] = {
    "name": (str, "a text"),
    "filters": (dict, "a table"),
    "reason": (str, "a text"),
}
IN_FILE = "segments.toml"


@dataclass(frozen=True)
class Segment:
    """Filters under a name. Who saved it and when is unknown of a segment of the file."""

    name: str
    filters: Filters
    reason: str = ""
    segment_id: str = ""
    saved_by: str | None = None
    saved_at: datetime | None = None
    withdrawal: Withdrawal | None = None


class Segments:
    """Every segment: the file's, then those that people saved, the oldest first, withdrawn ones too."""

    def __init__(self, every: Iterable[Segment]) -> None:
        self.every = tuple(every)
        self._named: dict[str, Segment] = {}
        for segment in self.every:
            if segment.withdrawal is None:
                self._named.setdefault(folded(segment.name), segment)

    @property
    def named(self) -> list[Segment]:
        """The segments that names mean now, in the order of names."""
        return sorted(self._named.values(), key=lambda segment: folded(segment.name))

    def by_name(self, name: str) -> Segment:
        """The segment of a name; raises Refused with who withdrew it, its new name, or the nearest."""
        segment = self._named.get(folded(name))
        if segment is not None:
            return segment
        shown = repr(name[:LONGEST])
        gone = [each for each in self.every if folded(each.name) == folded(name)]
        if not gone:
            names = [each.name for each in self.named]
            near = difflib.get_close_matches(name, names, 3, 0.4) or names[:3]
            hint = f"the nearest: {', '.join(map(repr, near))}" if near else "none is saved yet"
            raise Refused(f"no segment is named {shown}; {hint}")
        withdrawal = gone[-1].withdrawal
        assert withdrawal is not None
        renamed = [each.name for each in self.named if each.filters == gone[-1].filters]
        now = f"; its filters are those of {renamed[0]!r} now" if renamed else ""
        raise Refused(
            f"{withdrawal.withdrawn_by} withdrew the segment {shown} on "
            f"{day_text(withdrawal.withdrawn_at.date())}: {withdrawal.reason}{now}"
        )


def folded(name: str) -> str:
    """A name without its case and its way of writing accents, by which names are compared."""
    return unicodedata.normalize("NFC", name.strip()).casefold()


def read(settings: Settings) -> Segments:
    """Every segment of the file and of the store; raises Refused for a broken file, with line and reason."""
    return Segments([*of_file(), *stored(settings)])


def stored(settings: Settings) -> list[Segment]:
    """The segments that people saved, the oldest first, withdrawn ones too."""
    with store.storage_faults(settings), store.reading_notes(settings) as connection:
        return [] if connection is None else _stored(connection)


def save(settings: Settings, name: str, filters: Filters, by: str, why: str) -> None:
    """Save filters under a name; raises Refused where the name is taken or can't be shown.

    Of two people who save a name at once on a server both may succeed: the first one's counts.
    """
    row = {
        "segment_id": notes.new_id(),
        "name": (name := _checked_name(name)),
        "filters": notes.written_filters(filters, "a segment"),
        "saved_at": notes.now(),
        "saved_by": notes.checked(by, "a segment", "who saves it", LONGEST_NAME),
        "reason": notes.checked(why, "a segment", "the reason why", LONGEST_REASON),
    }
    if filters.empty:
        raise Refused("a segment needs a filter: choose any in the sidebar first")
    from_file = of_file()
    with store.storage_faults(settings), store.adding_notes(settings) as connection:
        for other in Segments([*from_file, *_stored(connection)]).named:
            if folded(other.name) == folded(name):
                whose = other.saved_by or IN_FILE
                raise Refused(
                    f"a segment is named {other.name!r} already, by {whose}; choose another name"
                )
        queries.run(connection, "fill/named_segment", **row)


def fitted(segment: Segment, known: Mapping[str, Sequence[str]]) -> tuple[Filters, str | None]:
    """The filters without values that the data doesn't have, which nobody matches, and a sentence on these.

    Raises Refused where all values that a tag is narrowed to are missing, so that nobody is in the segment.
    """
    filters, lost = segment.filters, []
    for tag in FILTER_TAGS:
        for name in (tag, f"not_{tag}"):
            values = getattr(filters, name)
            missing = [value for value in values if value not in known.get(tag, ())]
            if not missing:
                continue
            words = f"{tag} {', '.join(map(repr, missing))}"
            left = tuple(value for value in values if value not in missing)
            if name == tag and not left:
                raise Refused(
                    f"the segment {segment.name!r} is empty: the data has no {words} (any more)"
                )
            filters = Filters.of_entries({**filters.entries, name: left})
            lost.append(words)
    if not lost:
        return filters, None
    return filters, (
        f"the data has no {' and no '.join(lost)} (any more), which the segment {segment.name!r} "
        "names; the rest of it applies"
    )


def table(segments: Segments) -> pd.DataFrame:
    """A row per segment: its name, filters in words, who saved it, when and why, its withdrawal, its id."""
    now = segments.named
    rows = [
        {
            "name": each.name,
            "filters": each.filters.sentence(),
            "saved_by": each.saved_by or IN_FILE,
            "saved_at": None if each.saved_at is None else f"{each.saved_at:%Y-%m-%d %H:%M}",
            "reason": each.reason,
            "in_use": each in now,
            "withdrawn": None if each.withdrawal is None else str(each.withdrawal),
            "id": each.segment_id,
        }
        for each in segments.every
    ]
    columns = "name filters saved_by saved_at reason in_use withdrawn id".split()
    return pd.DataFrame(rows, columns=columns)


def of_file(path: Path | None = None) -> list[Segment]:
    """The segments of a file; raises Refused, with line and reason, for a broken one."""
    path = path or SEGMENTS_FILE
    segments: list[Segment] = []
    for entry, refuse in toml_file.entries(path, "segment"):
        segment = _segment(entry, refuse)
        if folded(segment.name) in [folded(other.name) for other in segments]:
            raise refuse(f"another segment is named {segment.name!r}", "name")
        segments.append(segment)
    return segments


def _segment(entry: Any, refuse: Callable[..., Refused]) -> Segment:
    toml_file.refuse_wrong_settings(entry, "a segment", SETTINGS, ("name", "filters"), refuse)
    try:
        name = _checked_name(entry["name"])
    except Refused as refusal:
        raise refuse(str(refusal), "name") from refusal
    filters = picked(
        entry["filters"], FILTER_TAGS, {**USERS, **DEVICES}, lambda why: refuse(why, "filters")
    )
    if filters.empty:
        raise refuse("filters must narrow something", "filters")
    for tag in FILTER_TAGS:
        if getattr(filters, tag) and getattr(filters, f"not_{tag}"):
            raise refuse(f"filters.{tag} and filters.not_{tag} exclude each other", "filters")
    return Segment(name, filters, entry.get("reason", ""))


def _checked_name(name: str) -> str:
    """The name, trimmed; raises Refused unless it is a line of a few characters that can be shown."""
    name = unicodedata.normalize("NFC", name.strip())
    if not 1 <= len(name) <= LONGEST:
        raise Refused(f"a segment's name has 1 to {LONGEST} characters")
    if not name.isprintable():
        raise Refused("a segment's name is a single line of characters that can be shown")
    return name


def _stored(connection: Connection) -> list[Segment]:
    rows = queries.run(connection, "read/named_segment").mappings().all()
    withdrawn = notes.withdrawals(connection)
    return [
        Segment(
            **{
                **row,
                "filters": notes.read_filters(row["filters"]),
                "withdrawal": withdrawn.get(row["segment_id"]),
            }
        )
        for row in rows
    ]
