"""Markers on charts: releases, incidents and holidays, by UTC day, with who added and who withdrew them.

Markers are notes by people (`kpi.numbers.notes`). Earlier versions stored them in the publication, without
who and when; those are read there as before.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Protocol

import pandas as pd

from kpi import store
from kpi.errors import Refused
from kpi.numbers import notes
from kpi.numbers.notes import LONGEST_NAME, Withdrawal
from kpi.settings import Settings
from kpi.store import queries

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from kpi.numbers.warehouse import Warehouse

KINDS = ("release", "incident", "holiday")
LONGEST_LABEL, LONGEST_URL = 256, 1024
"""Bytes of UTF-8, as the columns of every engine count them."""

OPERATOR = "an operator"


class Marker(Protocol):
    """Anything with a day, a label and a kind."""

    @property
    def day(self) -> date: ...

    @property
    def label(self) -> str: ...

    @property
    def kind(self) -> str: ...


@dataclass(frozen=True)
class Annotation:
    """An event on a day; ``kind`` is one of `KINDS`. Who added a marker of an earlier version is unknown."""

    day: date
    label: str
    kind: str = "release"
    url: str | None = None
    marker_id: str = ""
    marked_at: datetime | None = None
    marked_by: str | None = None
    withdrawal: Withdrawal | None = None


def annotate(settings: Settings, given: Iterable[Marker], by: str = OPERATOR) -> None:
    """Mark days; the last marker of a day and label replaces those before, and the same again adds nothing.

    Raises Refused for a marker that can't be shown.
    """
    by = notes.checked(by, "a marker", "who adds it", LONGEST_NAME)
    wanted = [_checked(each) for each in given]
    with store.storage_faults(settings), store.adding_notes(settings) as connection:
        present = [row for row in _newest(_stored(connection)) if row.withdrawal is None]
        known = {(each.day, each.label, each.kind, each.url) for each in present}
        for row in wanted:
            if (row["day"], row["label"], row["kind"], row["url"]) not in known:
                made = {"marker_id": notes.new_id(), "marked_at": notes.now(), "marked_by": by}
                queries.run(connection, "fill/marker", **row, **made)


def _checked(marker: Marker) -> dict[str, Any]:
    """The columns of a marker; Refused unless its label is a line and its link a web address."""
    label, url = marker.label.strip(), (getattr(marker, "url", None) or "").strip()
    notes.checked(label, "a marker", "a label", LONGEST_LABEL)
    if "\n" in label:
        raise Refused("a label is a single line")
    if marker.kind not in KINDS:
        raise Refused(f"a marker is of the kind {', '.join(KINDS)}")
    if url and not (re.fullmatch(r"https?://[^\s/]+\S*", url) and url.isprintable()):
        raise Refused("a marker's link starts with http:// or https:// and has no spaces")
    if len(url.encode()) > LONGEST_URL:
        raise Refused(f"a marker's link may have {LONGEST_URL} bytes at most")
    return {"day": marker.day, "label": label, "kind": marker.kind, "url": url or None}


def remove(settings: Settings, day: date, label: str, by: str = OPERATOR, why: str = "") -> None:
    """Withdraw the marker of a day and label; raises Refused when there is none."""
    for marker in listed(settings):
        if (marker.day, marker.label) == (day, label.strip()):
            withdraw(settings, marker, by, why or "removed on the command line")
            return
    raise Refused(f"nothing is marked {label[:80]!r} on {day}")


def withdraw(settings: Settings, marker: Annotation, by: str, why: str) -> None:
    """Withdraw a marker, which stays in the history; refusals are those of `notes.withdraw`."""
    notes.withdraw(settings, marker.marker_id, by, why)


def listed(settings: Settings) -> list[Annotation]:
    """Every marker that isn't withdrawn, in order of days."""
    return [each for each in every(settings) if each.withdrawal is None]


def every(settings: Settings) -> list[Annotation]:
    """Every marker of the newest publication's store, withdrawn or not, in order of days."""
    from kpi.numbers.warehouse import open_warehouse

    with closing(open_warehouse(settings)) as warehouse:
        return history(settings, warehouse)


def history(settings: Settings, warehouse: Warehouse) -> list[Annotation]:
    """Every marker, withdrawn or not, in order of days; of a day and label the last that was added."""
    older = _published(warehouse)
    with store.storage_faults(settings), store.reading_notes(settings) as connection:
        if connection is None:
            return older
        return _newest(_stored(connection, older))


def _stored(connection: Connection, older: Iterable[Annotation] = ()) -> list[Annotation]:
    """Older markers and those that people added, each with its withdrawal; oldest first."""
    rows = queries.run(connection, "read/marker").mappings().all()
    withdrawn = notes.withdrawals(connection)
    return [
        replace(each, withdrawal=withdrawn.get(each.marker_id))
        for each in [*older, *(Annotation(**row) for row in rows)]
    ]


def _newest(markers: Iterable[Annotation]) -> list[Annotation]:
    """The last marker of each day and label, in order of days."""
    last = {(each.day, each.label): each for each in markers}
    return sorted(last.values(), key=lambda each: (each.day, each.label))


def _published(warehouse: Warehouse) -> list[Annotation]:
    """The markers that an earlier version stored in the publication, in order of days."""
    rows = warehouse.frame("annotation")
    rows = rows.astype(object).where(rows.notna(), None)
    return [
        Annotation(pd.Timestamp(day).date(), label, kind, url, _older_id(day, label))
        for day, label, kind, url in rows[["day", "label", "kind", "url"]].to_numpy().tolist()
    ]


def _older_id(day: date, label: str) -> str:
    """An id for a marker that has none, the same each time."""
    return hashlib.sha256(f"{pd.Timestamp(day):%Y-%m-%d} {label}".encode()).hexdigest()[:12]
