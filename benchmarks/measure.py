"""How things are timed here: the median of several runs, memory of a process of its own, the machine."""

from __future__ import annotations

import multiprocessing
import os
import platform
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

REPEATS = 5
_PACKAGES = (
    *("duckdb", "pandas", "pyarrow", "SQLAlchemy", "streamlit"),
    *("datasketches", "pyroaring", "chdb-core"),
)


class Apart(NamedTuple):
    """What a function gave in a process of its own, its time, its most memory, and the bytes it read."""

    result: Any
    seconds: float
    cpu_seconds: float
    peak_bytes: int
    bytes_read: int


def seconds(work: Callable[[], object]) -> float:
    """Seconds of a run."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def median_seconds(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """The median of several runs, after a run that isn't counted."""
    work()
    return statistics.median(seconds(work) for _ in range(repeats))


class Cost(NamedTuple):
    """What a run costs: wall milliseconds, and processor milliseconds of all threads."""

    wall_ms: float
    cpu_ms: float


def cost(work: Callable[[], object]) -> Cost:
    """The cost of a run."""
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    work()
    after, wall = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter() - started
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(1000 * wall, 1000 * cpu)


def median_cost(costs: list[Cost]) -> Cost:
    """The medians of wall and processor time."""
    return Cost(*(statistics.median(each) for each in zip(*costs, strict=True)))


def fastest(way: dict[str, Any]) -> float:
    """Milliseconds of a year, with the better number of threads of those that were measured."""
    return min(way["year_ms"], way.get("year_one_thread_ms") or way["year_ms"])


def apart(work: Callable[..., Any], *arguments: Any) -> Apart:
    """Run a function in a new process, so that its memory is its own."""
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return Apart(*pool.apply(_weighed, (work, arguments)))


def _weighed(work: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    started, cpu, read = time.perf_counter(), time.process_time(), _bytes_read()
    result = work(*arguments)
    took, used = time.perf_counter() - started, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return result, took, used, peak, _bytes_read() - read


def _bytes_read() -> int:
    """The bytes that this process has read, from disk or cache."""
    return int(Path("/proc/self/io").read_text().split()[1])


def machine() -> dict[str, str | int | float]:
    """What the figures depend on: processor, cores, memory, versions, and how busy it is."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    known: dict[str, str | int | float] = {
        "processor": names[0] if names else platform.processor(),
        "cores": os.cpu_count() or 1,
        "memory_gib": round(memory / 2**30, 1),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "load_average": round(os.getloadavg()[0], 2),
    }
    return known | {name.lower(): version(name) for name in _PACKAGES}


def memory_bytes_per_second() -> float:
    """Bytes per second that a thread reads from memory: the sum of an array far larger than any cache."""
    numbers = np.ones(2**27, dtype=np.int64)
    return numbers.nbytes / min(seconds(numbers.sum) for _ in range(REPEATS))


def disk_bytes_per_second(folder: Path, megabytes: int = 512) -> float:
    """Bytes per second that the folder's disk writes, synced, in one stretch."""
    block = os.urandom(2**20)

    def write() -> None:
        with tempfile.TemporaryFile(dir=folder) as file:
            for _ in range(megabytes):
                file.write(block)
            file.flush()
            os.fsync(file.fileno())

    return megabytes * 2**20 / min(seconds(write) for _ in range(3))
