"""A file written anew, without the bytes of deleted rows that stay in an engine's free blocks."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any, Literal

from kpi.errors import Refused
from kpi.store.publications import sync_folder

SPARE_BYTES = 16 * 2**20
"""The room that a commit and its log need beside the copy."""


# By database: what makes its file whole, copies it, and lets go of it; then what attaches the new file.
_COPYING = {
    "events": ("CHECKPOINT events", "COPY FROM DATABASE events TO rewritten", "DETACH events"),
    "kpi": ("CHECKPOINT kpi", "COPY FROM DATABASE kpi TO rewritten", "DETACH kpi"),
}
_ATTACHING = {"events": "ATTACH $1 AS events", "kpi": "ATTACH $1 AS kpi"}


def events_file(home: Path) -> Path:
    """The private file: events with hashed ids."""
    return home / "events.duckdb"


def attach_events(raw: Any, home: Path) -> None:
    """Attach the private file as `events` for writing."""
    raw.execute(_ATTACHING["events"], [str(events_file(home))])


def refuse_without_room(home: Path) -> None:
    """Raise Refused, saying how much is missing, where the file can't be copied beside itself."""
    missing = events_file(home).stat().st_size + SPARE_BYTES - shutil.disk_usage(home).free
    if missing > 0:
        raise Refused(
            f"{home}: the disk is full: the private file is written anew, which needs "
            f"{-(-missing // 2**20)} MB more; free them and run it again; nothing was changed"
        )


def rewrite(raw: Any, file: Path, database: Literal["events", "kpi"]) -> None:
    """Copy every table into a new file and put that in the old one's place, in one step.

    ``raw`` is a connection with the file attached as ``database``, outside of any transaction. Cut off, it
    leaves the old file as it is; the copy goes with the next command that writes.
    """
    work = file.with_name(f"{database}-rewritten.work")
    for left in (work, work.with_name(f"{work.name}.wal")):
        left.unlink(missing_ok=True)
    checkpoint, copy, detach = _COPYING[database]
    raw.execute(checkpoint)
    raw.execute("ATTACH $1 AS rewritten", [str(work)])
    raw.execute(copy)
    raw.execute("CHECKPOINT rewritten")
    raw.execute("DETACH rewritten")
    raw.execute(detach)
    with work.open("rb+") as written:
        os.fsync(written.fileno())
    os.replace(work, file)
    sync_folder(file.parent)
    raw.execute(_ATTACHING[database], [str(file)])
