"""Loading event files: every row checked, every id hashed, one transaction a file.

The engine reads, checks and stores. What can't be kept is rejected with
its line, column and reason, never with its value, which could be an id.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import stat
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import Connection

from kpi import queries, store
from kpi.errors import Refused, one_line
from kpi.events import formats, identity, simulated, staging
from kpi.events.torn import Torn
from kpi.settings import Settings

KNOWN_TYPES = (
    "sequence.begin account.created account.login account.verified account.reset account.deleted "
    "account.signed device.created device.connected device.disconnected device.deleted"
).split()


@dataclass(frozen=True)
class Loaded:
    """What became of one file; ``status`` is 'loaded' or 'unchanged'."""

    source: str
    status: str
    rows_read: int = 0
    rows_kept: int = 0
    rows_rejected: int = 0
    faults: tuple[staging.Fault, ...] = ()
    unknown_types: dict[str, int] = field(default_factory=dict)
    doubts: tuple[staging.Fault, ...] = ()
    replaced: int = 0
    """How many loads it took the place of."""


@dataclass(frozen=True)
class _Hashing:
    """Which ids are still to be hashed, and with the pads of which key."""

    pads: dict[str, bytes]
    users: bool
    devices: bool


@dataclass(frozen=True)
class _Asked:
    """How files are to be loaded, and the names of all of them."""

    format: str
    ids_hashed: bool
    replace: bool
    sources: frozenset[str]


def event_files(paths: Iterable[Path]) -> tuple[list[tuple[Path, str]], list[Refused]]:
    """Every event file under ``paths`` with the name its load goes by, in order; and refusals.

    A file goes by its own name, a file within a folder by its path below that folder, both without
    .gz or .zst; stray logs and texts in a folder are passed over. Refused is a path that isn't there
    or can't be read, and a folder without event files.
    """
    found: list[tuple[Path, str]] = []
    refused: list[Refused] = []
    for path in paths:
        try:
            folder = stat.S_ISDIR(path.stat().st_mode)
        except OSError as error:
            refused.append(_unreadable(path, error))
            continue
        if not folder:
            found.append((path, one_line(formats.bare_name(path.name))))
            continue
        events, closed = _files_below(path)
        if not events and not closed:
            closed = [
                Refused(f"{path}: no event files in this folder (CSV, JSON lines or Parquet)")
            ]
        refused += closed
        found += [
            (file, one_line(formats.bare_name(file.relative_to(path).as_posix())))
            for file in events
        ]
    return found, refused


def _files_below(path: Path) -> tuple[list[Path], list[Refused]]:
    """The event files in a folder and its subfolders, in order; and those that can't be listed."""
    closed: list[Refused] = []
    events = [
        file
        for folder, _, names in os.walk(
            path, onerror=lambda error: closed.append(_unreadable(Path(error.filename), error))
        )
        for name in names
        if formats.bare_name(name).endswith(formats.SUFFIXES)
        and not name.startswith(".")
        and _is_file(file := Path(folder, name))
        and not _is_firefox(file)
    ]
    return sorted(events), closed


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
    wanted_format: str = "auto",
    ids_hashed: bool = False,
    replace: bool = False,
    tell: Callable[[Loaded], None] = lambda loaded: None,
) -> Iterator[Refused]:
    """Load event files, telling each as it is done; yields the refusal of each that was refused.

    A refused file leaves nothing behind, and the others are loaded all the same. Files of other content
    that go by one name would replace each other, so none of them is loaded.
    """
    refuse_raw_table(settings)
    files, refused = event_files(paths)
    yield from refused
    if not files:
        return
    doubled = _doubled(files)
    asked = _Asked(wanted_format, ids_hashed, replace, frozenset(source for _, source in files))
    with (
        store.only_writer(settings),
        store.storage_faults(settings),
        store.loading(settings) as loading,
    ):
        simulated.refuse_others(
            queries.settings(loading.connection), settings, (path for path, _ in files)
        )
        for path, source in files:
            try:
                if source in doubled:
                    raise _two_of_a_name(path, source, doubled[source])
                tell(_load_file(loading, settings, path, source, asked))
            except Refused as refusal:
                yield refusal


def unload(settings: Settings, sources: Iterable[str]) -> list[int]:
    """Remove exactly what the loads that go by these names brought; returns the events of each."""
    refuse_raw_table(settings)
    with (
        store.only_writer(settings),
        store.storage_faults(settings),
        store.loading(settings) as loading,
        loading.transaction(),
    ):
        standing = {source: _standing(loading.connection, source) for source in sources}
        for source, loads in standing.items():
            if not loads:
                raise Refused(
                    f"{source}: no load goes by that name; `python -m kpi loads` lists them"
                )
        return [_remove(loading.connection, loads, "removed") for loads in standing.values()]


def loads(settings: Settings) -> list[dict[str, Any]]:
    """The manifest: one entry per load, oldest first."""
    with (
        store.only_writer(settings),
        store.storage_faults(settings),
        store.loading(settings) as loading,
    ):
        return [dict(row) for row in queries.run(loading.connection, "read/loads").mappings()]


def prepare_store(settings: Settings) -> None:
    """Make sure that the private tables are there and of a version this program knows."""
    with store.loading(settings):
        pass


def _load_file(
    loading: store.Loading,
    settings: Settings,
    path: Path,
    source: str,
    asked: _Asked,
) -> Loaded:
    with _reading(path):
        if os.fsencode(path).decode(errors="replace") != os.fspath(path):
            raise Refused(f"{path}: its name is not UTF-8; rename it")
        with _opening(path):
            sha256 = _sha256(path)
        with loading.transaction():
            if _is_loaded(loading.connection, sha256):
                return Loaded(source, "unchanged")
            _replaced(loading.connection, path, source, asked)
            frozen_before = queries.settings(loading.connection).get("frozen_before")
        with _opening(path):
            if formats.is_firefox_file(path):
                raise Refused(
                    f"{path}: holds Firefox figures; use: python -m kpi load-firefox {path}"
                )
            kind = formats.recognise(path, asked.format, settings.max_unpacked_ratio)
        kind = staging.with_every_key(loading.reader, path, kind)
        # Production hashed user ids before they were written, device ids never.
        hash_users = not asked.ids_hashed
        hash_devices = not asked.ids_hashed or (
            kind.format == "activity" and "device_id" in kind.columns
        )
        key = identity.required(settings.hmac_key) if hash_users or hash_devices else None
        try:
            with _opening(path):
                torn = staging.stage(loading.reader, path, kind, frozen_before)
            with loading.transaction():
                # Another load may have come in between, where several machines share a store.
                if _is_loaded(loading.connection, sha256):
                    return Loaded(source, "unchanged")
                before = _replaced(loading.connection, path, source, asked)
                if before:
                    _remove(loading.connection, before, "replaced")
                pads = _pads(loading.connection, key) if key else {}
                hashing = _Hashing(pads, hash_users, hash_devices)
                loaded = _store(loading, settings, path, source, sha256, kind, torn, hashing)
                return dataclasses.replace(loaded, replaced=len(before))
        finally:
            staging.unstage(loading.reader)


def _store(
    loading: store.Loading,
    settings: Settings,
    path: Path,
    source: str,
    sha256: str,
    kind: formats.Recognised,
    torn: list[Torn],
    hashing: _Hashing,
) -> Loaded:
    """Hash, insert and write the manifest, inside the caller's transaction."""
    reader, connection = loading.reader, loading.connection
    reader.execute(
        "CREATE TEMP TABLE distinct_id AS "
        "SELECT uid AS id FROM checked WHERE fault IS NULL AND uid IS NOT NULL "
        "UNION SELECT device_id FROM checked WHERE fault IS NULL AND device_id IS NOT NULL"
    )
    hashed = (
        "sha256($outer_pad || unhex(sha256($inner_pad || encode(id))))" if hashing.pads else "id"
    )
    reader.execute(
        f"CREATE TEMP TABLE hashed_id AS SELECT id, {hashed} AS hashed FROM distinct_id",
        hashing.pads,
    )
    load_id = queries.run(connection, "read/last_load").mappings().one()["load_id"] + 1
    kept = loading.add_events(load_id, hashing.users, hashing.devices)
    bad = dict(
        reader.execute(
            "SELECT fault, COUNT(*) FROM checked WHERE fault IS NOT NULL GROUP BY fault ORDER BY fault"
        ).fetchall()
    )
    for stretch in torn:
        fault = f"row: {stretch.reason}"
        bad[fault] = bad.get(fault, 0) + stretch.lines
    rejected = sum(bad.values())
    read = kept + rejected
    faults = staging.faults(reader, path, kind, torn) if rejected else ()
    if read == 0:
        raise Refused(f"{path}: holds no events")
    if rejected * 100 > settings.max_rejects_percent * read:
        first = faults[0]
        raise Refused(
            f"{path}: {rejected} of {read} rows are bad, more than "
            f"{settings.max_rejects_percent:g}%; the first: line {first.line}: {first}; "
            "nothing was loaded"
        )
    doubts = staging.doubts(reader, path, kind, torn)
    first_at, last_at = reader.execute(
        'SELECT MIN("timestamp"), MAX("timestamp") FROM checked WHERE fault IS NULL'
    ).fetchone()
    unknown = dict(
        reader.execute(
            "SELECT type, COUNT(*) FROM checked WHERE fault IS NULL AND type NOT IN "
            "(SELECT UNNEST($1)) GROUP BY type ORDER BY COUNT(*) DESC, type LIMIT 20",
            [KNOWN_TYPES],
        ).fetchall()
    )
    queries.run(
        connection,
        "fill/load",
        load_id=load_id,
        source=source,
        sha256=sha256,
        format=kind.format,
        rows_read=read,
        rows_kept=kept,
        rows_rejected=rejected,
        rejected_by_reason=json.dumps(bad),
        unknown_types=json.dumps(unknown),
        first_timestamp=first_at,
        last_timestamp=last_at,
        loaded_at=datetime.now(UTC).replace(tzinfo=None),
    )
    rejects = [
        {"load_id": load_id, "line": f.line, "column_name": f.column, "reason": f.reason}
        for f in faults
    ]
    queries.insert_rows(connection, "events.reject", rejects)
    return Loaded(source, "loaded", read, kept, rejected, faults, unknown, doubts)


def _doubled(files: list[tuple[Path, str]]) -> dict[str, list[Path]]:
    """The files that share a name without being the same, by that name."""
    named: dict[str, list[Path]] = defaultdict(list)
    for path, source in files:
        named[source].append(path)
    return {
        source: paths
        for source, paths in named.items()
        if len(paths) > 1 and len({_content(path) for path in paths}) > 1
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _content(path: Path) -> str:
    """What tells a file from others of its name; one that can't be read is like no other."""
    try:
        return _sha256(path)
    except OSError:
        return str(path)


def _two_of_a_name(path: Path, source: str, paths: list[Path]) -> Refused:
    other = next(each for each in paths if each != path)
    way = (
        "remove or rename one of them"
        if other.parent == path.parent
        else "give a folder that both are below, or rename one of them"
    )
    return Refused(
        f"{path}: {other} goes by the same name, {source}, and is another file; neither was loaded: {way}"
    )


def _is_loaded(connection: Connection, sha256: str) -> bool:
    return queries.run(connection, "read/same_load", sha256=sha256).first() is not None


def _standing(connection: Connection, source: str) -> list[int]:
    return list(queries.run(connection, "read/standing_loads", source=source).scalars())


def _replaced(connection: Connection, path: Path, source: str, asked: _Asked) -> list[int]:
    """The loads that this file takes the place of; refused unless that was asked for."""
    before = _standing(connection, source)
    if before and not asked.replace:
        raise Refused(
            f"{path}: {source} was loaded before with other content; "
            "use --replace to swap the corrected file in"
        )
    if asked.replace and not before:
        _refuse_moved(connection, path, source, asked.sources)
    return before


def _refuse_moved(connection: Connection, path: Path, source: str, sources: frozenset[str]) -> None:
    """Refuse to load a file beside what it seems to replace, loaded by way of another folder."""
    moved = queries.run(connection, "read/moved_loads", source=source).scalars()
    standing = next((name for name in moved.all() if name not in sources), None)
    if standing is None:
        return
    within = standing.removesuffix(source)
    way = f"the folder that {within} is in" if standing.endswith(source) else f"{path} itself"
    raise Refused(
        f"{path}: no load goes by the name {source}, but {standing} does; to replace that, give {way}; "
        "to load another file, leave out --replace"
    )


def _remove(connection: Connection, load_ids: list[int], status: str) -> int:
    removed = queries.run(connection, "read/events_of_loads", load_ids=load_ids).scalar()
    queries.run(connection, "fill/unloaded", load_ids=load_ids, status=status)
    return removed


def _pads(connection: Connection, key: bytes) -> dict[str, bytes]:
    """The key's pads, after making sure that it is the key this store was made with."""
    check = identity.key_check(key)
    known = queries.settings(connection).get("key_check")
    if known is None:
        queries.run(connection, "fill/setting", name="key_check", setting=check)
    elif known != check:
        raise Refused(identity.ANOTHER_KEY)
    return identity.pads(key)


def _unreadable(path: Path, error: OSError) -> Refused:
    """The refusal of a file or folder that the system doesn't let be read."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return Refused(f"{path}: no such file or folder")
    if isinstance(error, PermissionError):
        return Refused(f"{path}: no permission to read it")
    return Refused(f"{path}: can't be read ({error.strerror or 'for no told reason'})")


@contextmanager
def _opening(path: Path) -> Iterator[None]:
    """Faults of the system are the file's while nothing but the file is being read."""
    try:
        yield
    except OSError as error:
        raise _unreadable(path, error) from error


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Faults of the file being read, told by its name; faults of the store pass through."""
    try:
        yield
    except (duckdb.Error, OSError) as error:
        told = str(error)
        name = path.name
        if isinstance(error, OSError):
            if error.filename == os.fspath(path):
                raise _unreadable(path, error) from error
            raise
        if isinstance(error, duckdb.IOException) and not os.access(path, os.R_OK):
            raise Refused(f"{path}: can't be read any more; nothing was loaded") from error
        if "GZIP" in told.upper() or "ZSTD" in told.upper() or "decompress" in told:
            raise Refused(
                f"{path}: its compression is broken; is it cut off? Nothing was loaded"
            ) from error
        if isinstance(error, duckdb.OutOfMemoryException):
            raise Refused(
                f"{path}: does not fit the memory limit; raise KPI_MEMORY_LIMIT (such as 4GB)"
            ) from error
        of_the_file = (duckdb.InvalidInputException, duckdb.DataError)
        # Damaged Parquet is told by the engine's bare errors, which name no file.
        bare = type(error) is duckdb.Error and "Corrupt database file" not in told
        bare |= "bitpacked data exceeds" in told
        named = name in told and "events.duckdb" not in told
        if isinstance(error, of_the_file) or bare or named:
            raise Refused(f"{path}: can't be read as an event file; nothing was loaded") from error
        raise


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return True  # reading it will tell what is wrong


def _is_firefox(path: Path) -> bool:
    try:
        return formats.is_firefox_file(path)
    except (Refused, OSError):
        return False  # reading it as events will tell what is wrong
