"""Several processes of the dashboard behind a single port of the loopback: `make serve WORKERS=2`.

Starts them and an nginx (Debian's package) that keeps a browser with its process; starts a process again that
ended or doesn't answer. SIGUSR1 starts the version that is installed now: new sessions go to it once it
answers, earlier ones may go on for `--drain` seconds. SIGTERM, SIGHUP and Ctrl-C stop everything.
"""

from __future__ import annotations

import argparse
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from itertools import count, islice
from pathlib import Path
from threading import Event

PROJECT = Path(__file__).absolute().parent.parent  # a link to the installed version remains a link
TEMPLATE = (PROJECT / "deploy" / "processes.conf").read_text()
NGINX = "/usr/sbin/nginx"
START_SECONDS = 120
ASK_SECONDS = 5
HUNG_SECONDS = 60
STOP_SECONDS = 20
RESTART_SECONDS = 5


class Process:
    """A process of the dashboard, at a port of the loopback."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.start()

    def start(self) -> None:
        """Starts it, at the same port each time."""
        command = [sys.executable, "-m", "streamlit", "run", "app.py"]
        command += ["--server.address=127.0.0.1", f"--server.port={self.port}"]
        self._process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL)
        self._started = self.answered = time.monotonic()
        print(f"process {self._process.pid} at port {self.port}", flush=True)

    def answers(self) -> bool:
        """True where it answers that it is well."""
        try:
            address = f"http://127.0.0.1:{self.port}/_stcore/health"
            with urllib.request.urlopen(address, timeout=ASK_SECONDS):
                self.answered = time.monotonic()
                return True
        except OSError:
            return False

    def ended(self) -> bool:
        """True where it runs no more."""
        return self._process.poll() is not None

    def look_after(self) -> None:
        """Starts it again where it ended, or has not answered for a minute."""
        silent = not self.ended() and not self.answers()
        if silent and time.monotonic() - self.answered > HUNG_SECONDS:
            stop([self])
        if self.ended() and time.monotonic() - self._started > RESTART_SECONDS:
            self.start()

    def terminate(self) -> None:
        """Asks it to end."""
        self._process.terminate()

    def wait(self) -> None:
        """Waits for its end, which comes by force if it has to."""
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def stop(processes: Sequence[Process]) -> None:
    """Ends all of them at once."""
    for process in processes:
        process.terminate()
    for process in processes:
        process.wait()


def configuration(
    folder: Path, port: int, drain: int, pages: Sequence[int], earlier: Sequence[int] = ()
) -> str:
    """The text of nginx's configuration: pages from these ports, downloads from the earlier ones, too."""

    def servers(ports: Sequence[int]) -> str:
        known = "    server 127.0.0.1:{} max_fails=1 fail_timeout=2s;"
        return "\n".join(map(known.format, ports))

    text = {
        "folder": folder,
        "port": port,
        "drain": drain,
        "pages": servers(pages),
        "files": servers([*pages, *earlier]),
    }
    return re.sub("@([a-z]+)@", lambda name: str(text[name[1]]), TEMPLATE)


def free_ports(after: int) -> Iterator[int]:
    """The ports above this that nothing listens at."""
    for port in count(after + 1):
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)):
                yield port


def started(number: int, after: int, over: Event) -> list[Process]:
    """So many processes that answer; none, and SystemExit, where any of them doesn't in time."""
    processes = [Process(port) for port in islice(free_ports(after), number)]
    deadline = time.monotonic() + START_SECONDS
    while not all(process.answers() for process in processes):
        late = time.monotonic() > deadline
        if late or over.is_set() or any(process.ended() for process in processes):
            stop(processes)
            raise SystemExit("The dashboard did not start; if it said why, that is above.")
        time.sleep(0.2)
    return processes


class Served:
    """The processes and their nginx."""

    def __init__(
        self, folder: Path, port: int, number: int, drain: int, over: Event, renew: Event
    ) -> None:
        self._folder, self._port, self._number, self._drain = folder, port, number, drain
        self._file = folder / "nginx.conf"
        self._earlier: list[Process] = []
        self._drained = 0.0
        self._over, self._renew = over, renew
        self._processes = started(number, port, over)
        self._configure()
        command = [NGINX, "-e", "stderr", "-p", str(folder), "-c", str(self._file)]
        self._nginx = subprocess.Popen(command)

    def run(self) -> None:
        """Looks after everything until it is over."""
        while not self._over.wait(1):
            if self._renew.is_set():
                self._renew.clear()
                self._deploy()
            if self._earlier and time.monotonic() > self._drained:
                self._end_earlier()
            for process in self._processes:
                process.look_after()
            if self._nginx.poll() is not None:
                raise SystemExit(f"nginx ended; is port {self._port} in use?")

    def end(self) -> None:
        """Ends nginx and every process."""
        self._nginx.terminate()
        stop([*self._processes, *self._earlier])
        self._nginx.wait()

    def _deploy(self) -> None:
        """New processes for new sessions; where they don't start, the earlier ones go on."""
        self._end_earlier()
        try:
            new = started(self._number, self._port, self._over)
        except SystemExit as failed:
            print(f"{failed} The earlier ones go on.", file=sys.stderr, flush=True)
            return
        self._earlier, self._processes = self._processes, new
        self._drained = time.monotonic() + self._drain
        self._configure()
        self._nginx.send_signal(signal.SIGHUP)

    def _end_earlier(self) -> None:
        """Ends what has had its time. nginx passes over it: another reload would end sessions for nothing."""
        stop(self._earlier)
        self._earlier = []

    def _configure(self) -> None:
        ports = [process.port for process in self._processes]
        earlier = [process.port for process in self._earlier]
        text = configuration(self._folder, self._port, self._drain, ports, earlier)
        self._file.write_text(text)


def main() -> None:
    """Serves until a signal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=2, help="processes of the dashboard")
    parser.add_argument("--port", type=int, default=8501, help="of the loopback")
    parser.add_argument("--drain", type=int, default=300, help="seconds for earlier sessions")
    arguments = parser.parse_args()
    if arguments.workers < 1 or arguments.drain < 1:
        parser.error("--workers and --drain are at least 1")
    if not Path(NGINX).exists():
        parser.error(f"{NGINX} is missing: apt-get install nginx")
    over, renew = Event(), Event()
    signal.signal(signal.SIGUSR1, lambda *_: renew.set())
    for stopping in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(stopping, lambda *_: over.set())
    with tempfile.TemporaryDirectory(prefix="kpi-") as folder:
        served = Served(
            Path(folder), arguments.port, arguments.workers, arguments.drain, over, renew
        )
        print(f"{arguments.workers} processes at http://localhost:{arguments.port}", flush=True)
        try:
            served.run()
        finally:
            served.end()


if __name__ == "__main__":
    main()
