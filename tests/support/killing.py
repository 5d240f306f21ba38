"""Commands that are killed: a prepared process that forks one per command and ends it at any moment.

The process has everything imported, so a command costs milliseconds to start, and it is killed with
SIGKILL as a machine that loses its power would kill it: nothing is cleaned up, no buffer is written.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import PROJECT, Store

SERVE = Path(__file__).with_name("killing_server.py")


@dataclass(frozen=True)
class Ended:
    """How a forked command ended: killed or by itself, with what status, how long and how far it came.

    ``calls`` is how many calls it made to the engine and to the file system; ``said`` its stderr.
    """

    killed: bool
    status: int | None
    seconds: float
    calls: int
    said: str


class Commands:
    """Commands of a store, each in a process forked for it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(
        self,
        store: Store,
        arguments: Sequence[str | Path],
        *,
        after_seconds: float | None = None,
        at_call: int | None = None,
        clock_days: float = 0,
        **told: str,
    ) -> Ended:
        """Run a command; killed after so many seconds, or just before its nth call, or not at all.

        By ``clock_days`` its clock is fast, or slow where negative.
        """
        asked: dict[str, Any] = {
            "arguments": [str(argument) for argument in arguments],
            "environment": {k: v for k, v in store.settings(**told).items() if v is not None},
            "folder": str(store.folder),
            "after_seconds": after_seconds,
            "at_call": at_call,
            "clock_days": clock_days,
        }
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the process that forks commands has gone"
        return Ended(**json.loads(answer))


@contextmanager
def commands() -> Iterator[Commands]:
    """A process with everything imported, ready to fork commands."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KPI_")}
    with subprocess.Popen(
        [sys.executable, str(SERVE)],
        env={**kept, "PYTHONPATH": str(PROJECT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Commands(process)
        finally:
            process.stdin.close()


@pytest.fixture(scope="session")
def forked() -> Iterator[Commands]:
    """Commands in processes that can be killed."""
    with commands() as ready:
        yield ready
