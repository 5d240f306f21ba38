"""The outbox: every digest as it was made, and whom it has reached, in a folder of the store.

A digest is a file, `digests/week-2016-09-18.json`. It is written before anything is sent, and again after
each recipient, whole or not at all. A recipient is noted by a hash: no address and no secret is in it.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kpi import private
from kpi.digest.content import Digest
from kpi.digest.pictures import Inline
from kpi.digest.rendered import as_html, as_json, as_text, subject
from kpi.errors import Refused
from kpi.settings import Settings
from kpi.store.locks import locked

FOLDER = "digests"
RETAINED = 60
"""So many digests are retained, and of them so many days is one tried that didn't reach everybody."""

TRIED = timedelta(days=31)
BUSY = "another command is sending digests; try again in a moment"


@dataclass
class Issue:
    """A digest as it is sent, and what became of it.

    ``channels`` are the recipients it is for, ``sent`` the moments at which it reached them, ``failures`` the
    reasons why it hasn't, each by the recipient's key. A ``silent`` digest, in which nothing moved, is for
    nobody.
    """

    id: str
    every: str
    publication: int
    made_at: str
    subject: str
    text: str
    html: str
    line: str
    pictures: list[Inline]
    channels: list[str]
    silent: bool = False
    sent: dict[str, str] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    @property
    def moment(self) -> datetime:
        """The moment at which it was made, in UTC."""
        return datetime.fromisoformat(self.made_at)

    @property
    def waiting(self) -> list[str]:
        """The recipients whom it hasn't reached, while they are still tried."""
        if datetime.now(UTC) - self.moment > TRIED:
            return []
        return [key for key in self.channels if key not in self.sent]


def issue_of(digest: Digest, pictures: list[Inline], channels: list[str], silent: bool) -> Issue:
    """A digest as it is sent to these recipients."""
    return Issue(
        id=digest.id,
        every=digest.every,
        publication=digest.publication,
        made_at=_now(),
        subject=subject(digest),
        text=as_text(digest),
        html=as_html(digest, pictures),
        line=as_json(digest),
        pictures=pictures,
        channels=[] if silent else channels,
        silent=silent,
    )


class Outbox:
    """The digests of a store, whose folder is ``home`` (KPI_HOME)."""

    def __init__(self, settings: Settings) -> None:
        self.folder = settings.home / FOLDER
        self._lock_seconds = settings.lock_seconds

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the outbox's lock; raises Refused where another command holds it for too long."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise self._not_written(error) from error
        with locked(lock, fcntl.LOCK_EX, self._lock_seconds, BUSY), private.umask():
            yield

    def issues(self) -> list[Issue]:
        """Every retained digest, the oldest first; raises Refused where a file can't be read."""
        try:
            issues = [self._read(file) for file in self.folder.glob("*-*.json")]
        except PermissionError as error:
            raise Refused(f"digests can't be read: {error.strerror}: {self.folder}") from error
        return sorted(issues, key=lambda issue: (issue.made_at, issue.id))

    def note_sent(self, issue: Issue, key: str) -> None:
        """Note that a digest has reached a recipient."""
        issue.sent[key] = _now()
        issue.failures.pop(key, None)
        self.write(issue)

    def note_failure(self, issue: Issue, key: str, why: str) -> None:
        """Note why a digest hasn't reached a recipient."""
        if issue.failures.get(key) != why:
            issue.failures[key] = why
            self.write(issue)

    def write(self, issue: Issue) -> None:
        """Write a digest, whole or not at all, to the disk."""
        content = asdict(issue)
        for picture in content["pictures"]:
            picture["png"] = base64.b64encode(picture["png"]).decode()
        self.replace(f"{issue.id}.json", json.dumps(content, ensure_ascii=False).encode())

    def replace(self, name: str, content: bytes) -> None:
        """Write a file of the folder, whole or not at all, to the disk."""
        work = self.folder / f"{name}.work"
        try:
            with work.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(work, self.folder / name)
        except OSError as error:
            raise self._not_written(error) from error

    def tidy(self) -> None:
        """Remove all but the newest digests."""
        for issue in self.issues()[:-RETAINED]:
            (self.folder / f"{issue.id}.json").unlink(missing_ok=True)

    def _not_written(self, error: OSError) -> Refused:
        return Refused(
            f"{self.folder}: can't be written to ({error.strerror}); nothing more was sent, and what wasn't "
            "noted is sent again by the next: python -m kpi digest"
        )

    @staticmethod
    def _read(file: Path) -> Issue:
        try:
            content = json.loads(file.read_bytes())
            pictures = [
                Inline(each["name"], base64.b64decode(each["png"]), each["sentence"])
                for each in content.pop("pictures")
            ]
            return Issue(**content, pictures=pictures)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise Refused(f"{file} is no digest any more; remove it") from error


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
