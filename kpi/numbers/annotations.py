"""Markers on charts: releases, incidents and holidays, by UTC day."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Protocol
from unicodedata import category

from sqlalchemy import Connection

from kpi import store
from kpi.errors import Refused
from kpi.settings import Settings
from kpi.store import queries

if TYPE_CHECKING:
    from kpi.numbers.warehouse import Warehouse


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
    """An event on a day; ``kind`` is release, incident or holiday."""

    day: date
    label: str
    kind: str = "release"
    url: str | None = None


def annotate(settings: Settings, notes: Iterable[Marker]) -> None:
    """Mark days; a marker with the same day and label is replaced."""
    with store.only_writer(settings), store.storage_faults(settings):
        with store.next_publication(settings) as publishing:
            for note in notes:
                _refuse_odd(note)
                queries.run(
                    publishing.connection,
                    "fill/annotation",
                    day=note.day,
                    label=note.label,
                    kind=note.kind,
                    url=getattr(note, "url", None),
                )
            publishing.publish()


def _refuse_odd(note: Marker) -> None:
    """Raises Refused unless the label is a single line and the link a web address: readers see both."""
    if len(note.label.encode()) > 256:
        raise Refused("a label may have 256 bytes at most")
    if not note.label.strip() or any(category(letter) == "Cc" for letter in note.label):
        raise Refused("a label is a single line of letters, without control characters")
    url = getattr(note, "url", None)
    if url and not (re.fullmatch(r"https?://[^\s/]+\S*", url) and len(url.encode()) <= 1024):
        raise Refused("a marker's link starts with http:// or https://, and has 1024 bytes at most")


def remove(settings: Settings, note: Marker) -> None:
    """Remove a marker; raises Refused when there is none on that day with that label."""
    with store.only_writer(settings), store.storage_faults(settings):
        with store.next_publication(settings) as publishing:
            markers = _read(publishing.connection)
            if not any((n.day, n.label) == (note.day, note.label) for n in markers):
                raise Refused(f"nothing is marked {note.label!r} on {note.day}")
            queries.run(
                publishing.connection, "fill/annotation_removed", day=note.day, label=note.label
            )
            publishing.publish()


def listed(settings: Settings) -> list[Annotation]:
    """Every marker, in order of days."""
    from kpi.numbers.warehouse import open_warehouse

    warehouse = open_warehouse(settings)
    try:
        return published(warehouse)
    finally:
        warehouse.close()


def published(warehouse: Warehouse) -> list[Annotation]:
    """Every marker of an open publication, in order of days."""
    rows = warehouse.frame("annotation")
    rows = rows.astype(object).where(rows.notna(), None)
    return [Annotation(*row) for row in rows[["day", "label", "kind", "url"]].to_numpy().tolist()]


def _read(connection: Connection) -> list[Annotation]:
    return [Annotation(*row) for row in queries.run(connection, "read/annotation")]
