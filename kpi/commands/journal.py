"""A line per command for whoever watches: time, name, duration and end; nothing of the data.

Neither what was refused nor its arguments are written: they could hold a filter or a file's name.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path


def recorded(file: Path | None, command: str, run: Callable[[], int]) -> int:
    """Run a command and append its line to ``file``; a file that can't be written is reported, no more."""
    started = time.monotonic()
    ended = "stopped"
    status: int | None = None
    try:
        status = run()
        ended = {0: "done", 2: "wrong usage"}.get(status, "refused")
        return status
    except Exception:
        ended = "failed"
        raise
    finally:
        if file is not None:
            line = {
                "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
                "command": command,
                "ended": ended,
                "status": status,
                "seconds": round(time.monotonic() - started, 3),
            }
            _append(file, json.dumps(line) + "\n")


def _append(file: Path, line: str) -> None:
    try:
        with file.open("a", encoding="utf-8") as journal:
            journal.write(line)
    except OSError as error:
        print(f"kpi: {file} can't be written ({error.strerror})", file=sys.stderr)
