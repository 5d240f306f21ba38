"""Shared by both kinds of store: the record of a publication, and DuckDB's reading of files."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

from kpi.errors import Refused
from kpi.meaning.definitions import DEFINITIONS
from kpi.settings import Settings
from kpi.store import queries

SCHEMA_VERSION = 7

SUMMARY, SETTINGS, EXPIRY, FIREFOX, TAGS = (
    "summary",
    "settings or definitions",
    "expiry",
    "Firefox's figures",
    "private tags blanked",
)
"""The reasons for a publication."""


class Publishing:
    """A publication in the making. On a server it is one transaction, and most steps have nothing to do."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.published = False

    def end_part(self) -> None:
        """End a part of the run: DuckDB writes one file a transaction, a server all in one."""

    def publish(
        self,
        definitions: str | None = None,
        simulated: bool | None = None,
        reason: str = SUMMARY,
        forget: str | None = None,
    ) -> int:
        """Make this the newest publication; its number. None repeats the last.

        ``reason`` is one of those above; ``forget`` says why no publication before it may be shown again.
        """
        self.published = True
        return record_publication(self.connection, definitions, simulated)

    def refuse_without_room(self) -> None:
        """Raise Refused where what `shrink_events` needs isn't there; a server looks after its disk."""

    def shrink_events(self) -> None:
        """See to it that deleted private rows leave neither room nor bytes behind; a server's VACUUM does."""

    def shrink_numbers(self) -> None:
        """See to it that changed published rows leave neither room nor bytes behind."""


class Loading(ABC):
    """The private tables, open for loading.

    ``reader`` is the DuckDB connection that reads, checks and hashes files; nothing of it reaches the disk.
    """

    def __init__(self, connection: Connection, reader: Any) -> None:
        self.connection = connection
        self.reader = reader

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One transaction on the private tables, by the only writer."""
        self.connection.rollback()
        with self.connection.begin():
            self.wait_for_writers()
            yield

    @abstractmethod
    def wait_for_writers(self) -> None:
        """Wait until nobody else writes the private tables."""

    @abstractmethod
    def add_events(self, load_id: int, hash_users: bool, hash_devices: bool) -> int:
        """Add the rows that are staged as `checked`, ids hashed, as one load's; how many."""


def driver(connection: Connection) -> Any:
    """The driver's own connection, for what SQLAlchemy has no words for."""
    return connection.connection.driver_connection


@contextmanager
def in_memory(settings: Settings, spill: Path | None = None, **more: str) -> Iterator[Connection]:
    """A connection to DuckDB in memory, to attach files to; ``more`` are settings of the engine."""
    engine = create_engine(
        "duckdb:///:memory:",
        poolclass=NullPool,
        connect_args={"config": connection_settings(settings, spill) | more},
    )
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def now() -> datetime:
    """The moment in UTC, to the second, that a publication is of."""
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def record_publication(
    connection: Connection, definitions: str | None, simulated: bool | None, lowest: int = 1
) -> int:
    """Write what was built, when and by which definitions; the publication's number.

    ``definitions`` or ``simulated`` None keeps what the publication before it said; ``lowest`` is the
    lowest number that no other publication has.
    """
    before = queries.run(connection, "read/publication").mappings().first()
    number = max((before["publication_id"] if before else 0) + 1, lowest)
    if definitions is None:
        definitions = before["definitions"] if before else DEFINITIONS
    if simulated is None:
        simulated = bool(before and before["simulated"])
    queries.run(
        connection,
        "fill/publication",
        publication_id=number,
        built_at=now(),
        schema_version=SCHEMA_VERSION,
        definitions=definitions,
        simulated=int(simulated),
    )
    return number


def stored_key(connection: Connection) -> str | None:
    """A key of the publication that this connection sees; None where there is none."""
    parts = queries.run(connection, "read/publication_key").first()
    return None if parts is None else " ".join(map(str, parts))


def refuse_newer_version(version: int | None) -> None:
    """Raise Refused when a store is of a later schema than this program knows."""
    if version is not None and version > SCHEMA_VERSION:
        raise Refused(
            f"this store was made by a newer version (schema {version}, this is {SCHEMA_VERSION}); "
            "upgrade the program"
        )


def connection_settings(settings: Settings, spill: Path | None) -> dict[str, Any]:
    """DuckDB's settings: half of the machine's memory at most, and spilling only into ``spill``.

    ``spill`` is None wherever raw ids pass through, so that they can't reach the disk.
    """
    return {
        "memory_limit": settings.memory_limit or f"{_machine_memory() // 2 // 2**20}MiB",
        "temp_directory": str(spill) if spill else "",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }


def _machine_memory() -> int:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with suppress(OSError, ValueError):
        memory = min(memory, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return memory
