"""The publication that pages show: of a server its newest, read from a local copy as soon as there is one.

Pages of a server ask it for its newest publication at most every ten seconds, and not while a reader waits,
unless nobody has looked for a minute. While it doesn't answer, they go on with the last copy.
"""

from __future__ import annotations

import logging
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from threading import Lock

from kpi.errors import NoData, Refused, WarehouseDown
from kpi.settings import Settings
from kpi.store import connections
from kpi.store.copies import Copies, notes_key
from kpi.store.reading import Shown
from kpi.store.shared import stored_key

ASK_SECONDS = 10.0
WAIT_SECONDS = 60.0
"""After so long without an answer a reader waits for the next."""

PATIENCE_SECONDS = 3.0
"""So long a reader waits for a server, where there is a copy."""

RETRY_SECONDS = 600.0
"""So long after a copy failed the next is tried."""

LONG_AGO = float("-inf")

NOTHING_YET = (
    "nothing has been summarised yet; run: python -m kpi load FILE… && python -m kpi summarise"
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Answer:
    """A server's last answer: keys of its publication and notes, or an error; by the clock, and in UTC."""

    publication: str
    notes: str
    error: Refused | None
    asked_at: float
    silent_since: datetime | None


class Watch:
    """A server's newest publication and its copies, for all pages of a process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._copies = Copies(settings)
        self._apart = ThreadPoolExecutor(2, "kpi-watch")
        self._lock = Lock()
        self._answer: _Answer | None = None
        self._written = 0
        self.reads_copy = False
        """True where pages read a copy, so that this machine does the counting."""
        self._asking: Future[None] | None = None
        self._copying: Future[None] | None = None
        self._fault: tuple[float, str] | None = None

    def shown(self) -> Shown:
        """The publication to show now; raises what the server's refusal says where there is no copy."""
        shown = self._shown()
        self.reads_copy = shown.file is not None
        return shown

    def _shown(self) -> Shown:
        answer = self._asked()
        if isinstance(answer.error, WarehouseDown):
            copy = self._copies.newest()
            if copy is None:
                raise answer.error
            known = answer.publication == copy.publication
            notes = answer.notes if known else copy.notes
            return Shown(f"{copy.publication} copied", notes, copy.file, answer.silent_since)
        if answer.error is not None:
            raise answer.error
        copy = self._copies.of(answer.publication)
        if copy is not None:
            return Shown(f"{copy.publication} copied", answer.notes, copy.file)
        self._copy()
        fault = None if self._fault is None else self._fault[1]
        return Shown(answer.publication, answer.notes, fault=fault)

    def ask_again(self) -> None:
        """Let the next reader wait for a new answer: something was just written."""
        with self._lock:
            self._written += 1
            if self._answer is not None:
                self._answer = replace(self._answer, asked_at=LONG_AGO)

    def stand_in(self) -> Path | None:
        """The copy in use while the server doesn't answer; None while it does."""
        answer = self._answer
        if answer is None or not isinstance(answer.error, WarehouseDown):
            return None
        copy = self._copies.newest()
        return copy.file if copy else None

    def wait(self) -> None:
        """Wait until nothing is asked or copied in the background."""
        wait([each for each in (self._asking, self._copying) if each])

    def _asked(self) -> _Answer:
        with self._lock:
            before = self._answer
            age = time.monotonic() - (before.asked_at if before else LONG_AGO)
            if age > ASK_SECONDS and self._asking is None:
                self._asking = self._apart.submit(self._ask)
            asking = self._asking
        if before is not None and (age <= WAIT_SECONDS or before.silent_since):
            return before
        patience = PATIENCE_SECONDS if self._copies.newest() else None
        if asking is not None and wait([asking], patience).done:
            asking.result()
        if self._answer is None or self._answer is before:
            return _Answer("", "", WarehouseDown(connections.UNREACHABLE), LONG_AGO, _now())
        return self._answer

    def _ask(self) -> None:
        before, written = self._answer, self._written
        keys = (before.publication, before.notes) if before else ("", "")
        error: Refused | None = None
        silent_since = None
        try:
            keys = server_keys(self._settings)
        except WarehouseDown as refusal:
            error = refusal
            silent_since = (before.silent_since if before else None) or _now()
        except Refused as refusal:
            error = refusal
        finally:
            self._asking = None
        with self._lock:
            asked_at = time.monotonic() if written == self._written else LONG_AGO
            self._answer = _Answer(*keys, error, asked_at, silent_since)

    def _copy(self) -> None:
        with self._lock:
            recent = self._fault and time.monotonic() - self._fault[0] < RETRY_SECONDS
            if recent or (self._copying is not None and not self._copying.done()):
                return
            self._copying = self._apart.submit(self._make)

    def _make(self) -> None:
        try:
            self._copies.make()
            self._fault = None
        except Refused as refusal:
            if self._fault is None:
                log.warning("no local copy of the numbers: %s; pages read the database", refusal)
            self._fault = time.monotonic(), str(refusal)


def server_keys(settings: Settings) -> tuple[str, str]:
    """Keys of a server's newest publication and of its notes; raises NoData where there is no publication."""
    engine = connections.reading(settings)

    def read() -> tuple[str | None, str]:
        with engine.connect() as connection:
            return stored_key(connection), notes_key(connection)

    with connections.faults(settings):
        publication, notes = connections.retried(read)
    if publication is None:
        raise NoData(NOTHING_YET)
    return publication, notes


@lru_cache(maxsize=8)
def watch(settings: Settings) -> Watch:
    """The watch of a server, a single one in a process."""
    return Watch(settings)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)
