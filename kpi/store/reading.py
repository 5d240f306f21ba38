"""An engine on a publication, for pages and exports, with the sentences for its errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import QueuePool

from kpi.errors import Refused
from kpi.settings import Settings
from kpi.store import upgrade
from kpi.store.shared import connection_settings


class Opened(NamedTuple):
    """A publication, opened for reading as `kpi`.

    ``key`` identifies it where the engine would read on in the next publication; ``explain`` gives the
    sentence for an error while reading, where there is better to say than that it failed.
    """

    engine: Engine
    key: str | None
    explain: Callable[[Exception], Refused | None]


@dataclass(frozen=True)
class Shown:
    """The publication that pages show.

    ``key`` and ``notes_key`` differ whenever its numbers or the notes by people may differ. ``file`` is a
    local copy, or None where the store itself is read. ``silent_since`` is the moment in UTC since which a
    server hasn't answered. ``fault`` is the reason why there is no copy, where making it failed.
    """

    key: str
    notes_key: str
    file: Path | None = None
    silent_since: datetime | None = None
    fault: str | None = None


@dataclass(frozen=True)
class Past:
    """A publication of the history; ``days_changed`` counts days that are new in it, or differ."""

    number: int
    built_at: datetime
    definitions: str
    simulated: bool
    first_day: date | None
    last_complete_day: date | None
    reason: str
    days_changed: int
    bytes: int


def file_engine(settings: Settings, file: Path) -> Engine:
    """A pool of connections that read a publication's file."""
    engine = create_engine(
        "duckdb:///:memory:",
        poolclass=QueuePool,
        pool_size=4,
        max_overflow=16,
        connect_args={"config": connection_settings(settings, None)},
    )

    @event.listens_for(engine, "connect")
    def attach(raw: Any, _record: Any) -> None:
        upgrade.attach_for_reading(raw.cursor(), file)

    return engine
