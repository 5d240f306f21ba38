"""Markers on charts: releases, incidents and holidays, by UTC day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from kpi import queries, store
from kpi.definitions import DEFINITIONS
from kpi.errors import Refused
from kpi.settings import Settings


class Marker(Protocol):
    """Anything with a day, a label and a kind."""

    day: date
    label: str
    kind: str


@dataclass(frozen=True)
class Annotation:
    """What happened on a day; ``kind`` is release, incident or holiday."""

    day: date
    label: str
    kind: str = "release"
    url: str | None = None


def annotate(settings: Settings, notes: Iterable[Marker]) -> None:
    """Mark days; the same day and label again replace what stood."""
    with store.only_writer(settings), store.storage_faults(settings):
        with store.next_publication(settings) as publishing:
            for note in notes:
                if len(note.label) > 256:
                    raise Refused("a label may have 256 characters at most")
                queries.run(
                    publishing.connection,
                    "fill/annotation",
                    day=note.day,
                    label=note.label,
                    kind=note.kind,
                    url=getattr(note, "url", None),
                )
            publishing.publish(DEFINITIONS)


def remove(settings: Settings, note: Marker) -> None:
    """Take a mark away; raises Refused when there is none on that day with that label."""
    with store.only_writer(settings), store.storage_faults(settings):
        with store.next_publication(settings) as publishing:
            standing = _read(publishing.connection)
            if not any((n.day, n.label) == (note.day, note.label) for n in standing):
                raise Refused(f"nothing is marked {note.label!r} on {note.day}")
            queries.run(
                publishing.connection, "fill/annotation_removed", day=note.day, label=note.label
            )
            publishing.publish(DEFINITIONS)


def standing(settings: Settings) -> list[Annotation]:
    """Every mark, in order of days."""
    from kpi.warehouse import open_warehouse

    warehouse = open_warehouse(settings)
    try:
        rows = warehouse.frame("annotation").itertuples(index=False)
        return [Annotation(r.day, r.label, r.kind, r.url) for r in rows]
    finally:
        warehouse.close()


def _read(connection: object) -> list[Annotation]:
    return [Annotation(*row) for row in queries.run(connection, "read/annotation")]
