"""Loading event files: every row checked, every id hashed, one transaction a file.

The engine reads, checks and stores; no row passes through Python. What can't be kept is rejected with
its line, column and reason, never with its value, which could be an id.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from kpi import queries, store
from kpi.errors import Refused
from kpi.events import formats, identity, staging
from kpi.settings import Settings

KNOWN_TYPES = (
    "sequence.begin account.created account.login account.verified account.reset account.deleted "
    "account.signed device.created device.connected device.disconnected device.deleted"
).split()


@dataclass(frozen=True)
class Loaded:
    """What became of one file; ``status`` is 'loaded', 'replaced' (another load) or 'unchanged'."""

    source: str
    status: str
    rows_read: int = 0
    rows_kept: int = 0
    rows_rejected: int = 0
    faults: tuple[staging.Fault, ...] = ()
    unknown_types: dict[str, int] = field(default_factory=dict)
    doubts: tuple[staging.Fault, ...] = ()


def event_files(paths: Iterable[Path]) -> list[tuple[Path, str]]:
    """Every event file under ``paths`` with the name its load goes by, in order.

    A file goes by its own name, a file within a folder by its path below that folder, both without
    .gz or .zst; stray logs and texts in a folder are passed over. Raises Refused for a path that
    isn't there and for a folder without event files.
    """
    found: list[tuple[Path, str]] = []
    for path in paths:
        if path.is_dir():
            below = sorted(
                file
                for file in path.rglob("*")
                if file.is_file()
                and formats.bare_name(file.name).endswith(formats.SUFFIXES)
                and not file.name.startswith(".")
            )
            events = [file for file in below if not _is_firefox(file)]
            if not events:
                raise Refused(f"{path}: no event files in this folder (CSV, JSON lines or Parquet)")
            found += [
                (file, formats.bare_name(file.relative_to(path).as_posix())) for file in events
            ]
        elif path.exists():
            found.append((path, formats.bare_name(path.name)))
        else:
            raise Refused(f"{path}: no such file or folder")
    return found


def load_files(
    settings: Settings,
    paths: Iterable[Path],
    wanted_format: str = "auto",
    ids_hashed: bool = False,
    replace: bool = False,
    tell: Callable[[Loaded], None] = lambda loaded: None,
) -> Iterator[Refused]:
    """Load event files, telling each as it is done; yields the refusal of each that was refused.

    A refused file leaves nothing behind, and the others are loaded all the same.
    """
    files = event_files(paths)
    with (
        store.only_writer(settings),
        store.storage_faults(settings.home),
        _writer(settings) as writer,
    ):
        for path, source in files:
            try:
                tell(_load_file(writer, settings, path, source, wanted_format, ids_hashed, replace))
            except Refused as refusal:
                yield refusal


def unload(settings: Settings, sources: Iterable[str]) -> list[int]:
    """Remove exactly what the loads that go by these names brought; returns the events of each."""
    with (
        store.only_writer(settings),
        store.storage_faults(settings.home),
        _writer(settings) as writer,
    ):
        standing = {source: _standing(writer, source) for source in sources}
        for source, loads in standing.items():
            if not loads:
                raise Refused(
                    f"{source}: no load goes by that name; `python -m kpi loads` lists them"
                )
        with _transaction(writer):
            removed = [_remove(writer, loads, "removed") for loads in standing.values()]
    return removed


def loads(settings: Settings) -> list[dict[str, Any]]:
    """The manifest: one entry per load, oldest first."""
    with (
        store.only_writer(settings),
        store.storage_faults(settings.home),
        _writer(settings) as writer,
    ):
        cursor = writer.execute("SELECT * FROM events.load ORDER BY load_id")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def mark_simulated(settings: Settings) -> None:
    """Say that this store holds simulated events only; refused where real ones were loaded."""
    with (
        store.only_writer(settings),
        store.storage_faults(settings.home),
        _writer(settings) as writer,
    ):
        if _setting(writer, "simulated") == "1":
            return
        if writer.execute("SELECT COUNT(*) FROM events.load").fetchone()[0]:
            raise Refused(
                f"{settings.home} holds real events; set KPI_HOME to a new folder for the demo"
            )
        _set(writer, "simulated", "1")


def prepare_store(settings: Settings) -> None:
    """Make sure that the private file is whole and of a version this program knows."""
    with _writer(settings):
        pass


@contextmanager
def _writer(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The private file, open for writing; nothing spills, since raw ids pass through."""
    writer = duckdb.connect(":memory:", config=store.connection_settings(settings, None))
    try:
        # Rows may be stored in any order; one checkpoint at the end is cheaper than one a file.
        writer.execute("SET preserve_insertion_order = false")
        writer.execute("SET wal_autocheckpoint = '1GB'")
        store.attach_events(writer, settings.home)
        _prepare(writer)
        yield writer
    finally:
        writer.close()


def _prepare(writer: Any) -> None:
    """Make the private tables where they are missing; refuse a store of a newer version."""
    tables = {
        name
        for (name,) in writer.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = 'events'"
        ).fetchall()
    }
    if "store" in tables:
        store.refuse_newer_version(int(_setting(writer, "schema_version") or 0))
        return
    with _transaction(writer):
        for statement in queries.statements("tables/events"):
            writer.execute(statement)
        _set(writer, "schema_version", str(store.SCHEMA_VERSION))


def _load_file(
    writer: Any,
    settings: Settings,
    path: Path,
    source: str,
    wanted_format: str,
    ids_hashed: bool,
    replace: bool,
) -> Loaded:
    with _reading(path):
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        same = writer.execute(
            "SELECT source FROM events.load WHERE sha256 = $1 AND status = 'loaded'", [sha256]
        ).fetchone()
        if same:
            return Loaded(source, "unchanged")
        before = _standing(writer, source)
        if before and not replace:
            raise Refused(
                f"{path}: {source} was loaded before with other content; "
                "use --replace to swap the corrected file in"
            )
        if formats.is_firefox_file(path):
            raise Refused(f"{path}: holds Firefox figures; use: python -m kpi load-firefox {path}")
        kind = formats.recognise(path, wanted_format)
        # Production hashed user ids before they were written, device ids never.
        hash_users = not ids_hashed
        hash_devices = not ids_hashed or (kind.format == "activity" and "device_id" in kind.columns)
        pads = _pads(writer, settings) if hash_users or hash_devices else {}
        staging.stage(writer, path, kind)
        try:
            with _transaction(writer):
                if before:
                    _remove(writer, before, "replaced")
                loaded = _store(
                    writer, settings, path, source, sha256, kind, pads, hash_users, hash_devices
                )
        finally:
            staging.unstage(writer)
    return loaded


def _store(
    writer: Any,
    settings: Settings,
    path: Path,
    source: str,
    sha256: str,
    kind: formats.Recognised,
    pads: dict[str, bytes],
    hash_users: bool,
    hash_devices: bool,
) -> Loaded:
    """Hash, insert and write the manifest, inside the caller's transaction."""
    writer.execute(
        "CREATE TEMP TABLE distinct_id AS SELECT id FROM (SELECT UNNEST([uid, device_id]) AS id "
        "FROM checked WHERE fault IS NULL) WHERE id IS NOT NULL GROUP BY id"
    )
    hashed = "sha256($outer_pad || unhex(sha256($inner_pad || encode(id))))" if pads else "id"
    writer.execute(
        f"CREATE TEMP TABLE hashed_id AS SELECT id, {hashed} AS hashed FROM distinct_id", pads
    )
    load_id = writer.execute("SELECT COALESCE(MAX(load_id), 0) + 1 FROM events.load").fetchone()[0]
    kept = writer.execute(
        queries.text("files/event"),
        {"load_id": load_id, "hash_users": hash_users, "hash_devices": hash_devices},
    ).fetchone()[0]
    bad = dict(
        writer.execute(
            "SELECT fault, COUNT(*) FROM checked WHERE fault IS NOT NULL GROUP BY fault ORDER BY fault"
        ).fetchall()
    )
    torn = staging.torn_lines(writer, kind)
    for stretch in torn:
        fault = f"row: {stretch.reason}"
        bad[fault] = bad.get(fault, 0) + stretch.lines
    rejected = sum(bad.values())
    read = kept + rejected
    faults = staging.faults(writer, kind, path, torn) if rejected else ()
    if read == 0:
        raise Refused(f"{path}: holds no events")
    if rejected * 100 > settings.max_rejects_percent * read:
        first = faults[0]
        raise Refused(
            f"{path}: {rejected} of {read} rows are bad, more than "
            f"{settings.max_rejects_percent:g}%; the first: line {first.line}: {first}; "
            "nothing was loaded"
        )
    doubts = staging.doubts(writer, kind, path, torn)
    first_at, last_at = writer.execute(
        'SELECT MIN("timestamp"), MAX("timestamp") FROM checked WHERE fault IS NULL'
    ).fetchone()
    unknown = dict(
        writer.execute(
            "SELECT type, COUNT(*) FROM checked WHERE fault IS NULL AND type NOT IN "
            "(SELECT UNNEST($1)) GROUP BY type ORDER BY COUNT(*) DESC, type LIMIT 20",
            [KNOWN_TYPES],
        ).fetchall()
    )
    writer.execute(
        "INSERT INTO events.load VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,'loaded')",
        [
            load_id,
            source,
            sha256,
            kind.format,
            read,
            kept,
            rejected,
            json.dumps(bad),
            json.dumps(unknown),
            first_at,
            last_at,
            datetime.now(UTC).replace(tzinfo=None),
        ],
    )
    if faults:
        writer.execute(
            "INSERT INTO events.reject SELECT $1, UNNEST($2), UNNEST($3), UNNEST($4)",
            [
                load_id,
                [f.line for f in faults],
                [f.column for f in faults],
                [f.reason for f in faults],
            ],
        )
    return Loaded(source, "loaded", read, kept, rejected, faults, unknown, doubts)


def _standing(writer: Any, source: str) -> list[int]:
    return [
        load_id
        for (load_id,) in writer.execute(
            "SELECT load_id FROM events.load WHERE source = $1 AND status = 'loaded'", [source]
        ).fetchall()
    ]


def _remove(writer: Any, load_ids: list[int], status: str) -> int:
    removed = writer.execute(
        "DELETE FROM events.event WHERE load_id IN (SELECT UNNEST($1))", [load_ids]
    ).fetchone()[0]
    writer.execute(
        "UPDATE events.load SET status = $1 WHERE load_id IN (SELECT UNNEST($2))",
        [status, load_ids],
    )
    return removed


def _pads(writer: Any, settings: Settings) -> dict[str, bytes]:
    """The key's pads, after making sure that it is the key this store was made with."""
    key = identity.required(settings.hmac_key)
    check = identity.key_check(key)
    known = _setting(writer, "key_check")
    if known is None:
        _set(writer, "key_check", check)
    elif known != check:
        raise Refused(
            "KPI_HMAC_KEY is not the key this store was made with, so every user would count twice; "
            "set the first key again, or load everything into a new KPI_HOME"
        )
    return identity.pads(key)


def _setting(writer: Any, name: str) -> str | None:
    row = writer.execute("SELECT setting FROM events.store WHERE name = $1", [name]).fetchone()
    return row[0] if row else None


def _set(writer: Any, name: str, setting: str) -> None:
    writer.execute("INSERT INTO events.store VALUES ($1, $2)", [name, setting])


@contextmanager
def _transaction(writer: Any) -> Iterator[None]:
    writer.execute("BEGIN")
    try:
        yield
        writer.execute("COMMIT")
    except BaseException:
        with suppress(duckdb.Error):  # the engine may have rolled back already
            writer.execute("ROLLBACK")
        raise


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Faults of the file being read, told by its name; faults of the store pass through."""
    try:
        yield
    except (duckdb.Error, OSError) as error:
        told = str(error)
        name = path.name
        if isinstance(error, PermissionError) and name in told:
            raise Refused(f"{path}: no permission to read it") from error
        if isinstance(error, OSError) and not isinstance(error, duckdb.Error):
            raise
        if "GZIP" in told.upper() or "ZSTD" in told.upper() or "decompress" in told:
            raise Refused(
                f"{path}: its compression is broken; is it cut off? Nothing was loaded"
            ) from error
        if isinstance(error, duckdb.OutOfMemoryException):
            raise Refused(
                f"{path}: does not fit the memory limit; raise KPI_MEMORY_LIMIT (such as 4GB)"
            ) from error
        if isinstance(error, (duckdb.InvalidInputException, duckdb.ConversionException)) or (
            name in told and "events.duckdb" not in told
        ):
            raise Refused(f"{path}: can't be read as an event file; nothing was loaded") from error
        raise


def _is_firefox(path: Path) -> bool:
    try:
        return formats.is_firefox_file(path)
    except (Refused, OSError):
        return False  # reading it as events will tell what is wrong
