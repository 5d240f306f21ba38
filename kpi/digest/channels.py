"""The ways to recipients: a mail server, and chats or webhooks. Each says what became of a digest, in words.

No sentence holds an address, a host or what a server said: it could hold a secret.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from kpi.digest.outbox import Issue

ANSWER_SECONDS = 15
"""So long a server may be silent."""


@dataclass(frozen=True)
class Failure:
    """The reason why a digest hasn't reached a recipient; ``passing`` where another try may help at once."""

    why: str
    passing: bool


class Way(Protocol):
    """A way to some recipients."""

    @property
    def recipients(self) -> dict[str, str]:
        """The name of each recipient for operators, such as 'webhook 2', by its key."""

    def send(self, issue: Issue, keys: Iterable[str]) -> Iterator[tuple[str, Failure | None]]:
        """Send a digest to each of these recipients, and give each as soon as its end is known."""


def key_of(recipient: str) -> str:
    """A recipient's key: a hash of its address."""
    return hashlib.sha256(recipient.encode()).hexdigest()[:16]
