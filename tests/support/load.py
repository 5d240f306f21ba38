"""Many readers at once: raw sessions that change filters for a while, timed, with the server's memory."""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path

from sessions import Session
from streamlit.proto.BackMsg_pb2 import BackMsg

PAGES = ("", "engagement", "multi_device", "connection_time", "goals", "explore")
FILTERS = (
    "",
    "os=Android",
    "os=Windows+10",
    "users=existing",
    "browser=Firefox&os_mode=all+except",
)
PERIODS = ("all", "this year", "last 90 days", "last 28 days")


@dataclass
class Held:
    """What so many sessions met: runs, their times in seconds, faults, and the server's memory in MiB."""

    sessions: int
    seconds: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)

    @property
    def p95(self) -> float:
        """The 95th percentile of a run, from asking to the last element."""
        return statistics.quantiles(self.seconds, n=20)[-1]

    @property
    def growth(self) -> float:
        """By how much memory grew in the second half, as a part of what the first half ended with."""
        half = len(self.memory) // 2
        before = max(self.memory[half // 2 : half])
        return max(self.memory[half:]) / before - 1

    def told(self) -> str:
        """The figures in a line."""
        return (
            f"{self.sessions} sessions, {len(self.seconds)} runs, {len(self.faults)} faults; median "
            f"{statistics.median(self.seconds):.2f} s, 95th percentile {self.p95:.2f} s; memory "
            f"{self.memory[0]:.0f} MiB at first, {max(self.memory):.0f} at most, growth in the second "
            f"half {self.growth:+.1%}"
        )


def resident(process: int) -> float:
    """A process's memory in MiB."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(process)


async def hold(
    address: str, process: int, sessions: int, seconds: float, pause: float, greedy: int = 0
) -> Held:
    """Hold so many sessions for so long, each asking for a page every ``pause`` seconds or so.

    The time counts from when everybody has seen a first page; everybody asks for one more at least.
    ``greedy`` further sessions ask without any pause, interrupt their own runs, and clear the caches.
    """
    held = Held(sessions)
    ready = asyncio.Barrier(sessions + greedy + 1)
    end = float("inf")

    async def read(number: int) -> None:
        chance = random.Random(number)
        try:
            async with Session(address) as session:
                first = await session.run(patience=600)
                if first.failed:
                    held.faults.append(f"the first page: {first.elements[-3:]} {first.finished}")
                await ready.wait()
                await asyncio.sleep(chance.random() * pause)
                again = True
                while again or time.monotonic() < end:
                    again = False
                    query = f"period={chance.choice(PERIODS)}&{chance.choice(FILTERS)}"
                    asked = time.monotonic()
                    run = await session.run(
                        query.replace(" ", "+"), chance.choice(PAGES), patience=300
                    )
                    held.seconds.append(time.monotonic() - asked)
                    if run.failed:
                        held.faults.append(f"{query}: {run.elements[-3:]} finished {run.finished}")
                    await asyncio.sleep(pause * (0.5 + chance.random()))
        except Exception as fault:
            held.faults.append(repr(fault))
            await ready.abort()

    async def spoil(number: int) -> None:
        chance = random.Random(f"greedy {number}")
        async with Session(address) as session:
            await ready.wait()
            while time.monotonic() < end:
                clear = BackMsg()
                clear.clear_cache = True
                if chance.random() < 0.02:
                    await session.send(clear)
                rerun = BackMsg()
                rerun.rerun_script.query_string = f"os={chance.random()}&period=all"
                await session.send(rerun)
                await session.answer(patience=0.05)

    async def watch() -> None:
        nonlocal end
        await ready.wait()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            held.memory.append(resident(process))
            await asyncio.sleep(min(1.0, seconds / 40))

    await asyncio.gather(
        watch(), *(read(number) for number in range(sessions)), *(spoil(n) for n in range(greedy))
    )
    return held
