"""The outbox: every message as it was made, and whom it has reached, in a folder of the store.

A message is a file, such as `digests/week-2016-09-18.json`. It is written before anything is sent, and again
after each recipient, whole or not at all. A recipient is noted by a hash: no address and no secret is in it.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kpi import private
from kpi.errors import Refused
from kpi.settings import ALERTS_FOLDER, DIGESTS_FOLDER, Settings
from kpi.store.locks import locked

RETAINED = 60
"""So many messages are retained."""

TRIED = timedelta(days=31)
"""So long a message is tried that didn't reach everybody."""


@dataclass(frozen=True)
class Box:
    """A kind of messages: its folder in the store, and the command that sends them."""

    name: str
    folder: str
    command: str


DIGESTS = Box("digests", DIGESTS_FOLDER, "python -m kpi digest")
ALERTS = Box("alerts", f"{ALERTS_FOLDER}/messages", "python -m kpi alerts --report")


@dataclass(frozen=True)
class Inline:
    """A picture within a mail: its name there, its PNG, and the sentence that describes it."""

    name: str
    png: bytes
    sentence: str

    @property
    def content_id(self) -> str:
        """Its content id in a mail."""
        return f"{self.name}@digest"


@dataclass
class Message:
    """A message as it is sent, and what became of it.

    ``line`` is its content as JSON. ``channels`` are the recipients it is for, ``sent`` the moments at which
    it reached them, ``failures`` the reasons why it hasn't, each by the recipient's key. A ``silent``
    message, a digest in which nothing moved, is for nobody.
    """

    id: str
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
    def kind(self) -> str:
        """Its kind, with which its id begins: 'week', 'month' or 'alerts'."""
        return self.id.partition("-")[0]

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


MEMBERS = tuple(each.name for each in fields(Message) if each.name != "pictures")


class Outbox:
    """The messages of a kind in a store, whose folder is ``home`` (KPI_HOME)."""

    def __init__(self, settings: Settings, box: Box = DIGESTS) -> None:
        self.box, self.folder = box, settings.home / box.folder
        self._lock_seconds = settings.lock_seconds

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the outbox's lock; raises Refused where another command holds it for too long."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise self._not_written(error) from error
        with locked(lock, fcntl.LOCK_EX, self._lock_seconds, self._busy), private.umask():
            yield

    def messages(self) -> list[Message]:
        """Every retained message, the oldest first; raises Refused where a file can't be read."""
        try:
            messages = [self._read(file) for file in self.folder.glob("*-*.json")]
        except PermissionError as error:
            raise Refused(
                f"{self.box.name} can't be read: {error.strerror}: {self.folder}"
            ) from error
        return sorted(messages, key=lambda message: (message.made_at, message.id))

    def note_sent(self, message: Message, key: str) -> None:
        """Note that a message has reached a recipient."""
        message.sent[key] = _now()
        message.failures.pop(key, None)
        self.write(message)

    def note_failure(self, message: Message, key: str, why: str) -> None:
        """Note why a message hasn't reached a recipient."""
        if message.failures.get(key) != why:
            message.failures[key] = why
            self.write(message)

    def write(self, message: Message) -> None:
        """Write a message, whole or not at all, to the disk."""
        content = asdict(message)
        for picture in content["pictures"]:
            picture["png"] = base64.b64encode(picture["png"]).decode()
        self.replace(f"{message.id}.json", json.dumps(content, ensure_ascii=False).encode())

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
        """Remove all but the newest messages."""
        for message in self.messages()[:-RETAINED]:
            (self.folder / f"{message.id}.json").unlink(missing_ok=True)

    @property
    def _busy(self) -> str:
        return f"another command is sending {self.box.name}; try again in a moment"

    def _not_written(self, error: OSError) -> Refused:
        return Refused(
            f"{self.folder}: can't be written to ({error.strerror}); nothing more was sent, and what wasn't "
            f"noted is sent again by the next: {self.box.command}"
        )

    @staticmethod
    def _read(file: Path) -> Message:
        try:
            content = json.loads(file.read_bytes())
            pictures = [
                Inline(each["name"], base64.b64decode(each["png"]), each["sentence"])
                for each in content.pop("pictures")
            ]
            known = {name: content[name] for name in MEMBERS if name in content}
            return Message(**known, pictures=pictures)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise Refused(f"{file} is no message any more; remove it") from error


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
