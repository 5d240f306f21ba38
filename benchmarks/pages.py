"""`python -m benchmarks.pages [--home STORE] [--changes N] [--json FILE]`: what a page costs its server.

For each page: processor milliseconds of the server for a filter that nobody chose before, for a choice that
somebody made before, and the bytes sent. Beside them Streamlit's own floor, a page of one choice and a chart
(`benchmarks/floor.py`), and each page as a multiple of it. A session on a websocket asks, so no browser is
needed; `benchmarks.app` has the times in a real Chromium.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

PROJECT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(PROJECT / "tests"), str(PROJECT / "tests" / "support")]

from browser import path, serving  # noqa: E402
from sessions import Session  # noqa: E402

from benchmarks.measure import machine  # noqa: E402
from benchmarks.sessions import SYSTEMS, demo  # noqa: E402
from kpi.dashboard.navigation import PAGES  # noqa: E402

CHANGES = 20
FLOOR = "Streamlit's floor"


class Cost(NamedTuple):
    """The cost of a page for a new choice and for an old one, in processor milliseconds; bytes sent."""

    new_ms: float
    old_ms: float
    bytes_sent: float


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=__doc__)
    parser.add_argument("--home", type=Path, help="the store to show; a demo is built otherwise")
    parser.add_argument("--changes", type=int, default=CHANGES, metavar="N")
    parser.add_argument("--page", action="append", help="a page's title; all of them otherwise")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        home = asked.home or demo(folder / "home")
        costs = measured(folder, home, asked.changes, asked.page)
    floor = costs[FLOOR].new_ms
    print(f"{'page':20} {'new, ms':>8} {'old, ms':>8} {'floors':>7} {'bytes':>10}")
    for name, cost in costs.items():
        print(
            f"{name:20} {cost.new_ms:8.0f} {cost.old_ms:8.0f} {cost.new_ms / floor:7.1f} "
            f"{cost.bytes_sent:10,.0f}"
        )
    if asked.json:
        figures = {"machine": machine(), **{name: cost._asdict() for name, cost in costs.items()}}
        asked.json.write_text(json.dumps(figures, indent=2) + "\n")


def measured(
    folder: Path, home: Path, changes: int, titles: list[str] | None = None
) -> dict[str, Cost]:
    """The cost of each page, by its title, after that of the floor."""
    with serving(folder, script="benchmarks/floor.py") as address:
        server = _server(address)
        costs = {FLOOR: asyncio.run(_cost(server, address, "", _steps(), changes))}
    with serving(folder, KPI_HOME=str(home)) as address:
        server = _server(address)
        for link in PAGES:
            if titles is None or link.title in titles:
                page = path(link).strip("/")
                costs[link.title] = asyncio.run(_cost(server, address, page, _filters(), changes))
    return costs


async def _cost(
    server: int, address: str, page: str, choices: Iterator[Mapping[str, Any]], changes: int
) -> Cost:
    """The mean cost of so many choices, each made for the first time and then again."""
    chosen = list(islice(choices, changes + 2))
    new, old, sent = [], [], []
    async with Session(address) as session:
        await session.run()
        await session.run("", page)
        for query in chosen:
            for costs in new, old:
                before = _processor_ms(server)
                run = await session.run(query, page, patience=300)
                if run.failed:
                    raise SystemExit(f"{page or 'overview'}: the page failed for {query}")
                costs.append(_processor_ms(server) - before)
            sent.append(run.bytes)
    # The first two choices pay for imports. The system counts in hundredths of a second: a mean is finer.
    return Cost(*(statistics.fmean(costs[2:]) for costs in (new, old, sent)))


def _filters() -> Iterator[dict[str, Any]]:
    """Choices that differ from each other."""
    chance, made = random.Random(1), set()
    while True:
        systems = tuple(sorted(chance.sample(SYSTEMS, chance.randint(1, 4))))
        users = chance.choice(("new", "existing", "all"))
        if (systems, users) not in made:
            made.add((systems, users))
            yield {"os": systems, "users": users}


def _steps() -> Iterator[dict[str, Any]]:
    while True:
        for steps in 1, 2, 3:
            yield {"steps": steps}


def _server(address: str) -> int:
    """The number of the process that answers at an address."""
    port = f":{int(address.rsplit(':', 1)[1]):04X}"
    listening = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    socket = next(line[9] for line in listening if line[1].endswith(port) and line[3] == "0A")
    for process in Path("/proc").glob("[0-9]*"):
        try:
            handles = [os.readlink(handle) for handle in (process / "fd").iterdir()]
        except OSError:
            continue
        if f"socket:[{socket}]" in handles:
            return int(process.name)
    raise SystemExit(f"{address}: its server isn't among this user's processes")


def _processor_ms(process: int) -> float:
    """User and system time of a process and of its threads that ended, in milliseconds."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
