"""Several processes of the dashboard behind nginx, as `make serve` starts them."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import PROJECT, environment
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

ESTABLISHED = "01"
patiently = Retrying(
    retry=retry_if_exception_type((AssertionError, OSError)),
    stop=stop_after_delay(120),
    wait=wait_fixed(0.1),
    reraise=True,
)
"""Calls a function again until what it asserts holds."""


class Serving:
    """What runs behind a port."""

    def __init__(self, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
        self.port, self.process, self._log = port, process, log
        self.address = f"http://127.0.0.1:{port}"

    def processes(self) -> dict[int, int]:
        """The process at each port, the newest where there were several."""
        started = re.findall(r"process (\d+) at port (\d+)", self._log.read_text())
        return {int(port): int(process) for process, port in started}

    def sockets(self) -> Counter[int]:
        """How many open connections each process has accepted."""
        lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
        accepted = (line.split()[1] for line in lines if line.split()[3] == ESTABLISHED)
        ports = Counter(int(local.partition(":")[2], 16) for local in accepted)
        return Counter({port: ports[port] for port in self.processes()})

    def wait_for(self, said: str, times: int = 1) -> None:
        """Waits until the log has said it so often."""
        patiently(self._said, said, times)

    def _said(self, said: str, times: int) -> None:
        log = self._log.read_text()
        if self.process.poll() is not None:
            pytest.fail(f"the processes ended: {log}")
        assert len(re.findall(said, log)) >= times, f"{said} isn't in the log: {log}"

    def connect(self) -> None:
        """Connects once, or raises OSError."""
        socket.create_connection(("127.0.0.1", self.port), 1).close()


@contextmanager
def served(folder: Path, home: Path, *options: str, workers: int = 2) -> Iterator[Serving]:
    """So many processes over a store, and nginx, for as long as the block lasts."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "deploy/serve.py", f"--workers={workers}"]
    command += [f"--port={port}", *options]
    log = folder / "serve.log"
    with environment(KPI_HOME=str(home), KPI_MIN_USERS="1"), log.open("wb") as file:
        process = subprocess.Popen(command, cwd=PROJECT, stdout=file, stderr=file)
    serving = Serving(port, process, log)
    try:
        serving.wait_for("processes at http")
        patiently(serving.connect)
        yield serving
    finally:
        process.terminate()
        process.wait(60)
