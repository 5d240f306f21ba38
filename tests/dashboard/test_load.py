"""Many readers at once: no error, memory that stays, and nobody who starves the others."""

from __future__ import annotations

import asyncio
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from browser import serving
from load import Held, hold


def held(folder: Path, home: Path, *asked: float, greedy: int = 0) -> Held:
    """What sessions met on a fresh server; told, and kept where KPI_FIGURES says."""
    server = serving(folder, KPI_HOME=str(home))
    with server as address:
        # The browser's own loop runs in this thread, so the sessions have one of their own.
        with ThreadPoolExecutor(1) as apart:
            work = hold(address, server.process, *asked, greedy=greedy)
            found = apart.submit(asyncio.run, work).result()
    print(found.told())
    if os.environ.get("KPI_FIGURES"):
        with Path(os.environ["KPI_FIGURES"]).open("a") as file:
            file.write(json.dumps({"told": found.told()}) + "\n")
    assert not found.faults, found.faults[:3]
    return found


@pytest.mark.long
def test_three_readers(demo_home: Path, tmp_path: Path) -> None:
    """3 sessions change filters for a moment without an error; each asks for two pages at least."""
    found = held(tmp_path, demo_home, 3, 0.5, 0.5)
    assert len(found.seconds) >= 3


@pytest.mark.long
def test_ten_readers(demo_home: Path, tmp_path: Path) -> None:
    """10 sessions change filters for 5 seconds without an error."""
    found = held(tmp_path, demo_home, 10, 5, 4)
    assert len(found.seconds) >= 10


@pytest.mark.long
def test_twenty_readers(demo_home: Path, tmp_path: Path) -> None:
    """20 sessions change filters for 20 seconds without an error."""
    found = held(tmp_path, demo_home, 20, 20, 8)
    assert len(found.seconds) >= 20


@pytest.mark.long
def test_a_greedy_reader_starves_nobody(demo_home: Path, tmp_path: Path) -> None:
    """While one client asks without pause, interrupts itself and clears caches, others are answered."""
    found = held(tmp_path, demo_home, 4, 10, 2, greedy=1)
    assert len(found.seconds) >= 4


@pytest.mark.long
def test_a_hundred_readers(demo_home: Path, tmp_path: Path) -> None:
    """100 sessions for 5 minutes: no error, and memory is flat once everything was seen."""
    found = held(tmp_path, demo_home, 100, 300, 25)
    assert len(found.seconds) >= 300
    assert found.growth < 0.15
