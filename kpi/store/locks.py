"""Locks between processes: `flock` on a file, which the system frees when a process ends."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from kpi.errors import Refused

POLL_SECONDS = 0.02


@contextmanager
def locked(lock: int, kind: int, seconds: float, busy: str) -> Iterator[None]:
    """Holds an open file's lock, waits up to so many seconds for others, and closes the file.

    ``kind`` is ``fcntl.LOCK_EX`` to write and ``fcntl.LOCK_SH`` to read. Raises Refused with the text
    ``busy`` where others still hold the lock.
    """
    try:
        deadline = time.monotonic() + seconds
        while not _acquired(lock, kind):
            if time.monotonic() >= deadline:
                raise Refused(busy)
            time.sleep(POLL_SECONDS)
        yield
    finally:
        os.close(lock)


def _acquired(lock: int, kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
