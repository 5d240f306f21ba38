"""Tags that look like ids, mail addresses or tokens: loads blank them, and older stores may hold some."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
from sqlalchemy import Connection

from kpi import store
from kpi.errors import Refused
from kpi.events import load
from kpi.events.sources import TAGS
from kpi.settings import Settings
from kpi.store import queries

LOOKS_PRIVATE = "look like ids, mail addresses or tokens"

FORGET = "tags that look private were blanked, and the publications before it held them"

PrivateTags = dict[str, set[str]]
"""The values to blank by tag; only tags that have some."""


@dataclass(frozen=True)
class Blanked:
    """The number of values blanked by tag, and the publication without them, where there is any."""

    values: Mapping[str, int]
    publication_id: int | None


def private_tags(rows: Iterable[Mapping[Any, Any]]) -> PrivateTags:
    """The values that look private in rows with a column for each tag, judged as a load judges them."""
    rows = list(rows)
    held = {tag: {row[tag] for row in rows if isinstance(row[tag], str)} for tag in TAGS}
    with duckdb.connect(":memory:") as judge:
        for statement in queries.statements("files/macros"):
            judge.execute(statement)
        judged = {tag: _private(judge, tag, values) for tag, values in held.items() if values}
    return {tag: values for tag, values in judged.items() if values}


def stored_private_tags(connection: Connection) -> PrivateTags:
    """The values in events and attempts that look private."""
    return private_tags(queries.run(connection, "read/long_tags_private").mappings().all())


def counted(tags: PrivateTags) -> str:
    """Counts of values by tag, such as 'browser 1, campaign 3'; never a value."""
    return ", ".join(f"{tag} {len(values)}" for tag, values in tags.items())


def blank_tags(settings: Settings) -> Blanked:
    """Blank every stored value that looks private, in the private tables and in what is published.

    Readers see the new publication or the old. A run that was cut off is finished by the next.
    """
    load.refuse_raw_table(settings)
    with store.only_writer(settings), store.storage_faults(settings):
        if not store.has_events(settings):
            raise Refused(store.no_events(settings))
        with store.next_publication(settings) as publishing:
            publishing.refuse_without_room()
            return _blanked(publishing)


def _blanked(publishing: store.Publishing) -> Blanked:
    connection = publishing.connection
    private = stored_private_tags(connection)
    published = private_tags(queries.run(connection, "read/long_tags_published").mappings().all())
    tags = {tag: private.get(tag, set()) | published.get(tag, set()) for tag in TAGS}
    values = {tag: len(held) for tag, held in tags.items() if held}
    if not values:
        return Blanked({}, None)
    queries.run(connection, "fill/private_tag")
    rows = [{"tag": tag, "held": value} for tag, held in tags.items() for value in sorted(held)]
    queries.insert_rows(connection, "private_tag", rows)
    queries.run(connection, "fill/merged_segment")
    publishing.end_part()
    queries.run(connection, "fill/blanked_private")
    publishing.end_part()
    publishing.shrink_events()
    if queries.run(connection, "read/publication").first() is None:
        return Blanked(values, None)
    queries.run(connection, "fill/blanked_published")
    queries.run(connection, "fill/versionless")
    publishing.end_part()
    publishing.shrink_numbers()
    return Blanked(values, publishing.publish(reason=store.TAGS, forget=FORGET))


def _private(judge: duckdb.DuckDBPyConnection, tag: str, values: set[str]) -> set[str]:
    asked = {"held": sorted(values), "of_version": tag == "version"}
    rows = judge.execute(queries.text("files/private_values"), asked).fetchall()
    return {value for (value,) in rows}
