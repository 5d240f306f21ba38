"""Sending what waits in the outbox, several times within a bounded time."""

from __future__ import annotations

from contextlib import suppress

from tenacity import (
    RetryError,
    Retrying,
    retry_if_exception_type,
    stop_after_delay,
    wait_random_exponential,
)

from kpi.delivery.channels import Recipients, Way, of_digests
from kpi.delivery.chat import Chat
from kpi.delivery.mail import Mail
from kpi.delivery.outbox import Message, Outbox
from kpi.errors import Refused
from kpi.settings import Settings
from kpi.text import quantity

TRY_SECONDS = 60
SHORTEST_PAUSE, LONGEST_PAUSE = 1, 20
"""Tries begin within a minute, at growing distances; what failed then waits for the next run."""


class _Again(Exception):
    """A recipient may be reached by another try."""


def ways(settings: Settings, to: Recipients | None = None) -> list[Way]:
    """The ways to recipients, those of digests unless given; raises Refused where a setting is wrong."""
    to = to or of_digests(settings)
    set_up: list[Way] = []
    if to.mail_to:
        set_up.append(Mail(settings, to))
    if to.webhooks:
        set_up.append(Chat(to))
    return set_up


def names_of(set_up: list[Way]) -> dict[str, str]:
    """The name of every recipient, by its key."""
    return {key: name for way in set_up for key, name in way.recipients.items()}


def waiting(message: Message, names: dict[str, str]) -> list[str]:
    """The recipients who wait for a message and are still set."""
    return [key for key in message.waiting if key in names]


def send_waiting(outbox: Outbox, set_up: list[Way]) -> None:
    """Send all that waits in an outbox, and print it; raises Refused with whom a message hasn't reached."""
    names, failed = names_of(set_up), []
    for message in outbox.messages():
        before = waiting(message, names)
        send(outbox, message, set_up)
        left = waiting(message, names)
        if before:
            reached = quantity(len(before) - len(left), "recipient")
            print(f"{message.id}: sent to {reached}")
        failed += [f"{message.id} to {names[key]}: {message.failures[key]}" for key in left]
    outbox.tidy()
    if failed:
        raise Refused(
            f"not delivered: {'; '.join(failed)}. It stays in {outbox.folder}, and the next run tries again"
        )


def send(outbox: Outbox, message: Message, set_up: list[Way]) -> None:
    """Send a message to all who wait for it, and note in the outbox whom it reached and why it didn't."""
    left = set(waiting(message, names_of(set_up)))
    tries = Retrying(
        retry=retry_if_exception_type(_Again),
        stop=stop_after_delay(TRY_SECONDS),
        wait=wait_random_exponential(min=SHORTEST_PAUSE, max=LONGEST_PAUSE),
    )
    with suppress(RetryError):  # the reasons are in the outbox
        tries(_try, outbox, message, set_up, left)


def _try(outbox: Outbox, message: Message, set_up: list[Way], left: set[str]) -> None:
    """A try of each recipient who is left; those stay for whom another may help, and it raises _Again."""
    for way in set_up:
        for key, failure in way.send(message, [key for key in way.recipients if key in left]):
            if failure is None:
                outbox.note_sent(message, key)
            else:
                outbox.note_failure(message, key, failure.why)
            if failure is None or not failure.passing:
                left.remove(key)
    if left:
        raise _Again
