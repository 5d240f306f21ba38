"""The ways to recipients: a mail server, and chats or webhooks. Each says what became of a message, in words.

No sentence holds an address, a host or what a server said: it could hold a secret.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from kpi.delivery.outbox import Message
from kpi.settings import Settings

ANSWER_SECONDS = 15
"""So long a server may be silent."""


@dataclass(frozen=True)
class Failure:
    """The reason why a message hasn't reached a recipient; ``passing`` where another try may help at once."""

    why: str
    passing: bool


@dataclass(frozen=True)
class Recipients:
    """Those whom messages of a kind are for, and the names of the two settings that list them."""

    mail_to: tuple[str, ...]
    webhooks: tuple[str, ...]
    mail_setting: str = "KPI_MAIL_TO"
    webhook_setting: str = "KPI_WEBHOOKS"


def of_digests(settings: Settings) -> Recipients:
    """The recipients of digests."""
    return Recipients(settings.mail_to, settings.webhooks)


def of_alerts(settings: Settings) -> Recipients:
    """The recipients of alerts: their own where any is set, else those of digests."""
    own = settings.alert_mail_to, settings.alert_webhooks
    if not any(own):
        return of_digests(settings)
    return Recipients(*own, "KPI_ALERT_MAIL_TO", "KPI_ALERT_WEBHOOKS")


class Way(Protocol):
    """A way to some recipients."""

    @property
    def recipients(self) -> dict[str, str]:
        """The name of each recipient for operators, such as 'webhook 2', by its key."""

    def send(self, message: Message, keys: Iterable[str]) -> Iterator[tuple[str, Failure | None]]:
        """Send a message to each of these recipients, and give each as soon as its end is known."""


def key_of(recipient: str) -> str:
    """A recipient's key: a hash of its address."""
    return hashlib.sha256(recipient.encode()).hexdigest()[:16]
