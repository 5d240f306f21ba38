"""Loading event files: every row checked, every id hashed, one transaction a file.

The engine reads, checks and stores. A row that can't be stored is rejected with its line, column and
reason, never with its value, which could be an id.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import Connection

from kpi import store
from kpi.errors import Refused
from kpi.events import identity, simulated
from kpi.events.contents import Contents
from kpi.events.event_file import EventFile, has_utf8_name, unreadable
from kpi.events.folder import event_files, of_a_shared_name, refusal_of_shared
from kpi.events.layouts import NoEvents, OtherData
from kpi.events.staging import Reading, Staging
from kpi.settings import Settings
from kpi.store import queries
from kpi.text import quantity

ID_SPELLING, AS_WRITTEN, CANONICAL = "id_spelling", "as written", "canonical"
"""A store's spelling of ids: a store that held ids before they were spelled alike goes on as it began."""

_MOST_TYPES = 20
_LONGEST_LIST = 1000
_MOST_HASHED = 400_000
"""Ids whose hashes are retained from block to block of a file."""


@dataclass(frozen=True)
class Loaded:
    """The result of loading a file; ``status`` is 'loaded' or 'unchanged'.

    ``contents`` is empty of an unchanged file; ``missing`` are known columns that the file doesn't have,
    ``ignored`` names in it that aren't read, ``synonyms`` names that were read as another, in words.
    """

    source: str
    status: str
    contents: Contents = field(default_factory=Contents)
    missing: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    synonyms: tuple[str, ...] = ()
    replaced: int = 0
    """The number of loads that it replaced."""


@dataclass(frozen=True)
class Options:
    """The choices for a load of files, and the names of the loads of all of them."""

    format: str = "auto"
    ids_hashed: bool = False
    replace: bool = False
    time_unit: str | None = None
    sources: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Hashing:
    """The ids still to be hashed, and the pads of the key."""

    pads: dict[str, bytes]
    users: bool
    devices: bool


def refuse_raw_table(settings: Settings) -> None:
    """Raise Refused where events come from somebody else's table, which is only read."""
    if settings.database_url and settings.raw_table:
        raise Refused(
            "KPI_RAW_TABLE is set: events come from that table, which this program only reads; "
            "what fills it also removes"
        )


def load_files(
    settings: Settings,
    paths: Iterable[Path],
    options: Options = Options(),
    report: Callable[[Loaded], None] = lambda loaded: None,
) -> Iterator[Refused]:
    """Load event files, reporting each as it is done; yields the refusal of each that was refused.

    A refusal that is `NoEvents` is of a file in a folder that was passed over, since it plainly holds
    something else. A refused file leaves nothing behind, and the others are loaded all the same. Files
    of other content whose loads would share a name would replace each other, so none of them is loaded.
    """
    refuse_raw_table(settings)
    files, refused = event_files(paths)
    yield from refused
    if not files:
        return
    shared = of_a_shared_name(files)
    options = dataclasses.replace(options, sources=frozenset(file.source for file in files))
    with (
        store.only_writer(settings),
        store.storage_faults(settings),
        store.loading(settings) as loading,
    ):
        simulated.refuse_others(
            queries.settings(loading.connection), settings, (file.path for file in files)
        )
        for file in files:
            try:
                if file.source in shared:
                    raise refusal_of_shared(file, shared[file.source])
                report(load_file(loading, settings, file, options))
            except NoEvents as refusal:
                yield refusal if _is_passed_over(file, refusal) else Refused(*refusal.args)
            except Refused as refusal:
                yield refusal


def _is_passed_over(file: EventFile, refusal: NoEvents) -> bool:
    """True where a file without events is no fault: it is in a folder and its name promises none."""
    if not file.is_in_folder:
        return False
    return isinstance(refusal, OtherData) or not file.is_named_like_events


def unload(settings: Settings, sources: Iterable[str]) -> list[int]:
    """Remove exactly what the loads of these names brought; returns the events of each."""
    refuse_raw_table(settings)
    with (
        store.only_writer(settings),
        store.storage_faults(settings),
        store.loading(settings) as loading,
        loading.transaction(),
    ):
        current = {source: _current_loads(loading.connection, source) for source in sources}
        for source, loads in current.items():
            if not loads:
                raise Refused(f"{source}: no load has that name; `python -m kpi loads` lists them")
        return [_remove(loading.connection, loads, "removed") for loads in current.values()]


def loads(settings: Settings) -> list[dict[str, Any]]:
    """The manifest: one entry per load, oldest first. It is only read, so it needs no right to write."""
    with store.storage_faults(settings), store.reading_events(settings) as connection:
        if connection is None:
            return []
        return [dict(row) for row in queries.run(connection, "read/loads").mappings()]


def load_file(
    loading: store.Loading, settings: Settings, file: EventFile, options: Options
) -> Loaded:
    """Load one file in one transaction; raises Refused, and leaves nothing of it, where it can't be."""
    with _faults_of(file.path):
        if not has_utf8_name(file.path):
            raise Refused(f"{file.path}: its name is not UTF-8; rename it")
        sha256 = file.sha256
        staging = Staging(loading.reader, file)
        try:
            with loading.transaction():
                if queries.run(loading.connection, "read/same_load", sha256=sha256).first():
                    return Loaded(file.source, "unchanged")
                before = _replaced(loading.connection, file, options)
                if before:
                    _remove(loading.connection, before, "replaced")
                staging.begin(_reading(loading.connection, settings, options))
                loaded = _stored(loading, settings, file, staging, options)
                return dataclasses.replace(loaded, replaced=len(before))
        finally:
            staging.unstage()


def _reading(connection: Connection, settings: Settings, options: Options) -> Reading:
    stored = queries.settings(connection)
    return Reading(
        options.format,
        settings.max_unpacked_ratio,
        options.time_unit,
        _id_spelling(connection, stored) == AS_WRITTEN,
        stored.get("frozen_before"),
    )


def _stored(
    loading: store.Loading,
    settings: Settings,
    file: EventFile,
    staging: Staging,
    options: Options,
) -> Loaded:
    """Hash and insert the rows and write the manifest, inside the caller's transaction."""
    connection = loading.connection
    load_id = queries.run(connection, "read/last_load").mappings().one()["load_id"] + 1
    hashing: _Hashing | None = None
    for _ in staging.blocks():
        if hashing is None:
            hashing = _hashing(connection, settings, staging, options)
        _hash_ids(loading.reader, hashing, staging.reading.as_written)
        loading.add_events(load_id, hashing.users, hashing.devices)
    held = staging.contents
    _refuse_too_many_rejects(settings, file, held)
    _write_manifest(connection, load_id, file, staging)
    missing, ignored = tuple(staging.missing), tuple(staging.ignored)
    return Loaded(file.source, "loaded", held, missing, ignored, tuple(staging.synonyms))


def _hashing(
    connection: Connection, settings: Settings, staging: Staging, options: Options
) -> _Hashing:
    """Production hashed user ids before they were written, device ids never."""
    users = not options.ids_hashed
    devices = users or staging.has_unhashed_devices
    key = identity.required(settings.hmac_key) if users or devices else None
    return _Hashing(_pads(connection, key) if key else {}, users, devices)


def _hash_ids(reader: Any, hashing: _Hashing, as_written: bool) -> None:
    """Put the distinct ids of `checked` with their hashes behind the name `hashed_id`.

    Ids are spelled alike before they are hashed; a placeholder has no hash. Those of earlier blocks stay,
    as far as there is room.
    """
    reader.execute("CREATE TEMP TABLE IF NOT EXISTS hashed_id (id TEXT, spelled TEXT, hashed TEXT)")
    if reader.execute("SELECT COUNT(*) FROM hashed_id").fetchone()[0] > _MOST_HASHED:
        reader.execute("TRUNCATE hashed_id")
    hashed = (
        "sha256($outer_pad || unhex(sha256($inner_pad || encode(spelled))))"
        if hashing.pads
        else "spelled"
    )
    reader.execute(
        f"INSERT INTO hashed_id SELECT id, spelled, {hashed} AS hashed "
        f"FROM (SELECT d.id, spelled_id(d.id, {as_written}) AS spelled FROM distinct_id AS d "
        "ANTI JOIN hashed_id AS h ON h.id = d.id) WHERE spelled IS NOT NULL",
        hashing.pads,
    )


def _refuse_too_many_rejects(settings: Settings, file: EventFile, held: Contents) -> None:
    rejected = held.rows_rejected
    if rejected * 100 <= settings.max_rejects_percent * held.rows:
        return
    first = held.faults[0]
    raise Refused(
        f"{file.path}: {rejected} of {quantity(held.rows, 'row is', 'rows are')} bad, more than "
        f"{settings.max_rejects_percent:g}%; the first: line {first.line}: {first}; "
        "nothing was loaded"
    )


def _write_manifest(
    connection: Connection, load_id: int, file: EventFile, staging: Staging
) -> None:
    held = staging.contents
    queries.run(
        connection,
        "fill/load",
        load_id=load_id,
        source=file.source,
        sha256=file.sha256,
        format=staging.format,
        rows_read=held.rows,
        rows_kept=held.accepted,
        rows_rejected=held.rows_rejected,
        rejected_by_reason=json.dumps(dict(sorted(held.rejected.items()))),
        unknown_types=json.dumps(dict(held.unknown_types.most_common(_MOST_TYPES))),
        first_timestamp=held.first_timestamp,
        last_timestamp=held.last_timestamp,
        loaded_at=datetime.now(UTC).replace(tzinfo=None),
    )
    contents = {
        "load_id": load_id,
        "lines_passed_over": held.passed_over,
        "rows_with_uid": held.with_uid,
        "rows_with_device": held.with_device,
        "rows_with_sequence": held.with_sequence,
        "columns_missing": json.dumps(staging.missing),
        "columns_ignored": _listed(staging.ignored),
        "cells_changed": json.dumps({words: rows for words, (rows, _) in held.changes.items()}),
    }
    queries.insert_rows(connection, "events.load_contents", [contents])
    queries.insert_rows(
        connection,
        "events.load_day",
        [
            {
                "load_id": load_id,
                "day": day,
                "events": events,
                "first_lines": ", ".join(map(str, first)),
            }
            for day, (events, first) in sorted(held.days.items())
        ],
    )
    rejects = [
        {"load_id": load_id, "line": f.line, "column_name": f.column[:64], "reason": f.reason}
        for f in held.faults
    ]
    queries.insert_rows(connection, "events.reject", rejects)


def _listed(names: list[str]) -> str:
    """A JSON list of names, as many as fit their column."""
    while len(text := json.dumps(names)) > _LONGEST_LIST:
        names = names[:-1]
    return text


def _id_spelling(connection: Connection, stored: dict[str, str]) -> str:
    """This store's spelling of ids, settled by its first load."""
    known = stored.get(ID_SPELLING)
    if known is None:
        loads = queries.run(connection, "read/last_load").mappings().one()["loads"]
        known = AS_WRITTEN if loads else CANONICAL
        queries.run(connection, "fill/setting", name=ID_SPELLING, setting=known)
    return known


def _current_loads(connection: Connection, source: str) -> list[int]:
    return list(queries.run(connection, "read/current_loads", source=source).scalars())


def _replaced(connection: Connection, file: EventFile, options: Options) -> list[int]:
    """The loads that this file replaces; refused unless that was asked for."""
    before = _current_loads(connection, file.source)
    if before and not options.replace:
        raise Refused(
            f"{file.path}: {file.source} was loaded before with other content; "
            "use --replace to swap the corrected file in"
        )
    if options.replace and not before:
        _refuse_moved(connection, file, options.sources)
    return before


def _refuse_moved(connection: Connection, file: EventFile, sources: frozenset[str]) -> None:
    """Refuse to load a file beside what it seems to replace, loaded by way of another folder."""
    moved = queries.run(connection, "read/moved_loads", source=file.source).scalars()
    current = next((name for name in moved.all() if name not in sources), None)
    if current is None:
        return
    within = current.removesuffix(file.source)
    way = (
        f"the folder that {within} is in"
        if current.endswith(file.source)
        else f"{file.path} itself"
    )
    raise Refused(
        f"{file.path}: no load has the name {file.source}, but {current} exists; to replace that, give "
        f"{way}; to load another file, leave out --replace"
    )


def _remove(connection: Connection, load_ids: list[int], status: str) -> int:
    removed = queries.run(connection, "read/events_of_loads", load_ids=load_ids).scalar_one()
    queries.run(connection, "fill/unloaded", load_ids=load_ids, status=status)
    return int(removed)


def _pads(connection: Connection, key: bytes) -> dict[str, bytes]:
    """The key's pads, after making sure that it is the key this store was made with."""
    check = identity.key_check(key)
    known = queries.settings(connection).get("key_check")
    if known is None:
        queries.run(connection, "fill/setting", name="key_check", setting=check)
    elif known != check:
        raise Refused(identity.ANOTHER_KEY)
    return identity.pads(key)


@contextmanager
def _faults_of(path: Path) -> Iterator[None]:
    """Faults of the file being read are refused by its name; faults of the store pass through."""
    try:
        yield
    except OSError as error:
        if error.filename == os.fspath(path):
            raise unreadable(path, error) from error
        raise
    except duckdb.OutOfMemoryException as error:
        raise Refused(
            f"{path}: does not fit the memory limit; raise KPI_MEMORY_LIMIT (such as 4GB)"
        ) from error
