"""The lock of a store's file: shared by readers, exclusive for a writer, free when its holder ends."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from kpi.errors import Refused
from kpi.store.locks import locked

HOLDER = """
import fcntl, os, sys
from kpi.store.locks import locked
with locked(os.open(sys.argv[1], os.O_RDWR), fcntl.LOCK_EX, 0, "busy"):
    print("held", flush=True)
    sys.stdin.read()  # until it is killed, or nobody waits for it any more
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An empty file to lock."""
    (tmp_path / "lock").touch()
    return tmp_path / "lock"


def writing(file: Path, seconds: float = 0) -> AbstractContextManager[None]:
    """The file's exclusive lock."""
    return locked(os.open(file, os.O_RDWR), fcntl.LOCK_EX, seconds, "busy")


def reading(file: Path, seconds: float = 0) -> AbstractContextManager[None]:
    """The file's shared lock, on a descriptor that can't write."""
    return locked(os.open(file, os.O_RDONLY), fcntl.LOCK_SH, seconds, "busy")


def test_readers_share_and_writers_exclude(file: Path) -> None:
    """Readers hold the lock at once; nobody else holds it with a writer."""
    with reading(file), reading(file), pytest.raises(Refused, match="busy"), writing(file):
        pass
    for other in (reading, writing):
        with writing(file), pytest.raises(Refused, match="busy"), other(file):
            pass
    with writing(file):
        pass


def test_a_killed_holder_frees_the_lock(file: Path) -> None:
    """A process that is killed while it holds the lock leaves nothing that keeps others out."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        try:
            assert holder.stdout is not None and holder.stdout.readline() == "held\n"
            with pytest.raises(Refused), reading(file):
                pass
        finally:
            holder.kill()
        with writing(file, seconds=10):
            pass


def test_a_failure_closes_the_file(file: Path) -> None:
    """Whoever fails or is refused leaves no open descriptor behind."""
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(ZeroDivisionError), writing(file):
        raise ZeroDivisionError
    with writing(file), pytest.raises(Refused), writing(file):
        pass
    assert len(os.listdir("/proc/self/fd")) == before
