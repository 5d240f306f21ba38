"""`python -m benchmarks.sessions [--home STORE] [--workers N] [--json FILE]`: many readers.

A server over a store (a demo's, where none is given): 1, 10 and 50 sessions on websockets of their own
that change filters at once, each as fast as it is answered: to any of some 300 choices, hardly ever one
that was made before, and to one of a dozen. Then 50 and 100 sessions that think some 10 s before each change,
to any of the choices. And the server's memory over 500 changes. With `--workers` the sessions are spread
over so many processes behind nginx, as by `make serve`, and no memory is measured. Beside them Streamlit's
own floor: a page of one line, asked again by the same means. `benchmarks.app` has one reader's Chromium.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(PROJECT / "tests"), str(PROJECT / "tests" / "support")]

from browser import serving  # noqa: E402
from sessions import Session  # noqa: E402
from workers import served  # noqa: E402

from benchmarks.measure import machine  # noqa: E402

CROWDS = (1, 10, 50)
CHANGES_EACH = 4
THINKING, THINK_SECONDS, CHANGES_OF_THINKING = (50, 100), 10.0, 6
CHANGES_FOR_MEMORY = 500
A_DOZEN = 12
SYSTEMS = ("Windows 7", "Windows 10", "Windows 8.1", "Mac OS X", "Linux", "Android", "iOS")
DEMO = ("demo", "--users", "3000", "--from", "2015-06-01", "--to", "2016-06-14")
EMPTY = 'import streamlit as st\n\nst.write("nothing")\n'


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sessions", description=__doc__)
    parser.add_argument("--home", type=Path, help="the store to show; a demo is built otherwise")
    parser.add_argument("--workers", type=int, default=1, help="processes, behind nginx if several")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = arguments.home or demo(Path(folder) / "home")
        figures = measured(Path(folder), home, arguments.workers)
    print(json.dumps(figures, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


def demo(home: Path) -> Path:
    """A year of the demo's simulated data."""
    from kpi.commands.cli import main as command

    os.environ["KPI_HOME"] = str(home)
    command(list(DEMO))
    return home


def measured(folder: Path, home: Path, workers: int) -> dict[str, Any]:
    """Everything, on one server, or on several behind nginx."""
    figures: dict[str, Any] = {"machine": machine(), "workers": workers}
    if workers > 1:
        with served(folder, home, workers=workers) as several:
            figures |= _crowds(several.address)
    else:
        running = serving(folder, KPI_HOME=str(home))
        with running as address:
            figures |= _crowds(address)
            figures["memory"] = _memory(running, address)
    figures["streamlit_floor_ms"] = _floor(folder)
    figures["load_average_at_end"] = round(os.getloadavg()[0], 2)
    return figures


def _crowds(address: str) -> dict[str, Any]:
    """Each crowd, among all choices and among a dozen that were made before."""
    among_all = {str(count): _crowd(address, count) for count in CROWDS}
    _crowd(address, CROWDS[1], A_DOZEN)
    of_a_dozen = {str(count): _crowd(address, count, A_DOZEN) for count in CROWDS}
    thinking = {
        str(count): _crowd(address, count, changes=CHANGES_OF_THINKING, think=THINK_SECONDS)
        for count in THINKING
    }
    return {
        "sessions": among_all,
        "sessions_of_a_dozen": of_a_dozen,
        "sessions_that_think": thinking,
    }


def _crowd(
    address: str,
    count: int,
    choices: int | None = None,
    changes: int = CHANGES_EACH,
    think: float = 0,
) -> dict[str, float]:
    """So many sessions, each changing filters among so many, some ``think`` seconds after an answer."""
    waits, failed, size = asyncio.run(_all(address, count, changes, choices, think))
    waits.sort()
    return {
        "changes": len(waits),
        "failed": failed,
        "median_ms": 1000 * statistics.median(waits),
        "95th_ms": 1000 * waits[min(len(waits) - 1, int(0.95 * len(waits)))],
        "bytes_a_page": size,
    }


async def _all(
    address: str, count: int, changes: int, choices: int | None = None, think: float = 0
) -> tuple[list[float], int, float]:
    sessions = (_session(address, seed, changes, choices, think) for seed in range(count))
    measured = await asyncio.gather(*sessions)
    waits = [wait for session in measured for wait, _, _ in session]
    failed = sum(failure for session in measured for _, failure, _ in session)
    return waits, failed, statistics.fmean(size for session in measured for _, _, size in session)


async def _session(
    address: str, seed: int, changes: int, choices: int | None, think: float
) -> list[tuple[float, bool, int]]:
    chance = random.Random(seed)
    offered = [_choice(random.Random(f"choice {n}")) for n in range(choices or 0)]
    runs = []
    async with Session(address) as session:
        await session.run(patience=300)
        for _ in range(changes):
            asked = chance.choice(offered) if offered else _choice(chance)
            await asyncio.sleep(think * chance.uniform(0.5, 1.5))
            started = time.perf_counter()
            run = await session.run(asked, patience=300)
            runs.append((time.perf_counter() - started, run.failed, run.bytes))
    return runs


def _choice(chance: random.Random) -> dict[str, Any]:
    return {
        "os": chance.sample(SYSTEMS, chance.randint(1, 4)),
        "users": chance.choice(("new", "existing", "all")),
    }


def _memory(running: serving, address: str) -> dict[str, int]:
    """The server's memory before and after changes by ten sessions, again and again."""
    before = _resident(running)
    sizes = []
    for _ in range(5):
        asyncio.run(_all(address, 10, CHANGES_FOR_MEMORY // 50))
        sizes.append(_resident(running))
    return {"before_bytes": before, **{f"after_{100 * n}": b for n, b in enumerate(sizes, 1)}}


def _resident(running: serving) -> int:
    pages = Path(f"/proc/{running._process.pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _floor(folder: Path) -> float:
    """Seconds to ask Streamlit for a page of one line, once it was asked before."""
    script = folder / "empty.py"
    script.write_text(EMPTY)
    port = 18_000 + os.getpid() % 10_000
    command = [sys.executable, "-m", "streamlit", "run", str(script), f"--server.port={port}"]
    process = subprocess.Popen(
        [*command, "--server.headless=true"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        waits = asyncio.run(_reruns(f"http://127.0.0.1:{port}"))
    finally:
        process.terminate()
        process.wait(20)
    return 1000 * statistics.median(waits)


async def _reruns(address: str) -> list[float]:
    deadline = time.monotonic() + 60
    while True:
        try:
            async with Session(address) as session:
                await session.run()
                waits = []
                for _ in range(50):
                    started = time.perf_counter()
                    await session.run()
                    waits.append(time.perf_counter() - started)
                return waits
        except OSError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.2)


if __name__ == "__main__":
    main()
