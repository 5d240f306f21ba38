"""Messages to Slack and other chats, or to any webhook, through Apprise."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from kpi.delivery.channels import ANSWER_SECONDS, Failure, Recipients, key_of
from kpi.delivery.outbox import Message
from kpi.errors import Refused

if TYPE_CHECKING:
    from apprise import NotifyBase

CODE = re.compile(r"error=(\d{3})")


class Chat:
    """The way to the addresses of KPI_WEBHOOKS; raises Refused where Apprise doesn't know what it is."""

    def __init__(self, to: Recipients) -> None:
        self._targets = {
            key_of(url): self._target(url, place, to.webhook_setting)
            for place, url in enumerate(to.webhooks, 1)
        }

    @property
    def recipients(self) -> dict[str, str]:
        """The place of each address in KPI_WEBHOOKS, by its key."""
        return {key: f"webhook {place}" for place, key in enumerate(self._targets, 1)}

    def send(self, message: Message, keys: Iterable[str]) -> Iterator[tuple[str, Failure | None]]:
        """Send the text to each address."""
        for key in keys:
            yield key, self._send(self._targets[key], message)

    @staticmethod
    def _target(url: str, place: int, setting: str) -> NotifyBase:
        import apprise

        with apprise.LogCapture():
            target = apprise.Apprise.instantiate(url, suppress_exceptions=True)
        if target is None:
            raise Refused(
                f"address {place} of {setting} is none that Apprise knows, such as slack://… or jsons://…"
            )
        target.socket_connect_timeout = target.socket_read_timeout = ANSWER_SECONDS
        return target

    @staticmethod
    def _send(target: NotifyBase, message: Message) -> Failure | None:
        import apprise

        # What Apprise logs holds hosts; only the code of an answer is taken from it.
        with apprise.LogCapture(level=apprise.logging.WARNING) as log:
            if target.notify(
                title=message.subject, body=message.text, body_format=apprise.NotifyFormat.TEXT
            ):
                return None
            code = CODE.search(log.getvalue())
        if code is None:
            return Failure("it can't be reached", True)
        return Failure(f"it answered {code[1]}", int(code[1]) >= 500)
