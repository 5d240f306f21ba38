"""The private file written anew, without the bytes of deleted rows that stay in an engine's free blocks."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from kpi.errors import Refused
from kpi.store.publications import sync_folder

SPARE_BYTES = 16 * 2**20
"""What a commit and its log need beside the copy."""


def events_file(home: Path) -> Path:
    """The private file: events with hashed ids."""
    return home / "events.duckdb"


def attach_events(raw: Any, home: Path) -> None:
    """Attach the private file as `events` for writing."""
    raw.execute("ATTACH $1 AS events", [str(events_file(home))])


def refuse_without_room(home: Path) -> None:
    """Raise Refused, saying how much is missing, where the file can't be copied beside itself."""
    missing = events_file(home).stat().st_size + SPARE_BYTES - shutil.disk_usage(home).free
    if missing > 0:
        raise Refused(
            f"{home}: the disk is full: the private file is written anew, which needs "
            f"{-(-missing // 2**20)} MB more; free them and run it again; nothing was changed"
        )


def rewrite(raw: Any, home: Path) -> None:
    """Copy every table into a new file and put that in the old one's place, in one step.

    ``raw`` is a connection with the file attached as `events`, outside of any transaction. Cut off, it
    leaves the old file as it is; the copy goes with the next command that writes.
    """
    file = events_file(home)
    work = home / "events.work"
    for left in (work, home / "events.work.wal"):
        left.unlink(missing_ok=True)
    raw.execute("CHECKPOINT events")
    raw.execute("ATTACH $1 AS rewritten", [str(work)])
    raw.execute("COPY FROM DATABASE events TO rewritten")
    raw.execute("CHECKPOINT rewritten")
    raw.execute("DETACH rewritten")
    raw.execute("DETACH events")
    with work.open("rb+") as written:
        os.fsync(written.fileno())
    os.replace(work, file)
    sync_folder(home)
    attach_events(raw, home)
