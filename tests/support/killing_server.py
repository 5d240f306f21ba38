"""The process behind `killing.py`: forks a command per line of its input, kills it when told to."""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import tempfile
import time
from typing import Any

import duckdb
import duckdb_engine  # noqa: F401 - imported once, here, rather than in every fork
import numpy  # noqa: F401
import pandas
import pyarrow.parquet  # noqa: F401

from kpi.commands.cli import main
from kpi.events import firefox, load  # noqa: F401
from kpi.summary import (
    summarise,  # noqa: F401
)

WATCHED = ("replace", "fsync", "symlink", "unlink", "rename", "mkdir", "open")
"""Calls of `os` before which a command may be killed, beside every statement given to the engine."""


class _Counting:
    """Counts calls, and dies just before one of them."""

    def __init__(self, last: int | None, told: int) -> None:
        self.calls = 0
        self._last = last
        self._told = told

    def watch(self, owner: Any, name: str) -> None:
        call = getattr(owner, name)

        def counted(*arguments: Any, **named: Any) -> Any:
            self.calls += 1
            if self.calls == self._last:
                os.kill(os.getpid(), signal.SIGKILL)
            os.pwrite(self._told, str(self.calls).encode(), 0)
            return call(*arguments, **named)

        setattr(owner, name, counted)


def _set_clock(days: float) -> None:
    """Every module of the product reads a clock that is fast by so many days."""
    from datetime import datetime, timedelta

    class Jumped(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(tz) + timedelta(days=days)

    for name, module in list(sys.modules.items()):
        if name.startswith("kpi") and getattr(module, "datetime", None) is datetime:
            module.datetime = Jumped


def _command(asked: dict[str, Any], said: int, told: int) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(said, 2)
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - ends with the process
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    for name in [name for name in os.environ if name.startswith("KPI_")]:
        del os.environ[name]
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    if asked["clock_days"]:
        _set_clock(asked["clock_days"])
    counting = _Counting(asked["at_call"], told)
    counting.watch(duckdb.DuckDBPyConnection, "execute")
    for name in WATCHED:
        counting.watch(os, name)
    try:
        status = main(asked["arguments"])
    except SystemExit as stopped:
        status = int(stopped.code or 0)
    except BaseException:
        import traceback

        traceback.print_exc()
        status = 70
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _run(asked: dict[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as told:
        started = time.monotonic()
        child = os.fork()
        if child == 0:
            _command(asked, said.fileno(), told.fileno())
        if asked["after_seconds"] is not None:
            watched = os.pidfd_open(child)
            select.select([watched], [], [], asked["after_seconds"])
            os.close(watched)
            os.kill(child, signal.SIGKILL)
        _, ended = os.waitpid(child, 0)
        seconds = time.monotonic() - started
        said.seek(0)
        told.seek(0)
        return {
            "killed": os.WIFSIGNALED(ended),
            "status": None if os.WIFSIGNALED(ended) else os.waitstatus_to_exitcode(ended),
            "seconds": seconds,
            "calls": int(told.read() or 0),
            "said": said.read().decode(errors="replace"),
        }


if __name__ == "__main__":
    pandas.DataFrame({"warm": [1]}).to_csv()
    for line in sys.stdin:
        print(json.dumps(_run(json.loads(line))), flush=True)
