"""Several processes of the dashboard behind nginx, as `make serve` starts them."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import PROJECT, environment

ESTABLISHED = "01"


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
        for _ in range(1200):
            if len(re.findall(said, self._log.read_text())) >= times:
                return
            assert self.process.poll() is None, self._log.read_text()
            time.sleep(0.1)
        pytest.fail(f"never said {said}: {self._log.read_text()}")


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
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield serving
    finally:
        process.terminate()
        process.wait(60)
