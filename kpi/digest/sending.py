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

from kpi.digest.channels import Way
from kpi.digest.chat import Chat
from kpi.digest.mail import Mail
from kpi.digest.outbox import Issue, Outbox
from kpi.settings import Settings

TRY_SECONDS = 60
SHORTEST_PAUSE, LONGEST_PAUSE = 1, 20
"""Tries begin within a minute, at growing distances; what failed then waits for the next run."""


class _Again(Exception):
    """A recipient may be reached by another try."""


def ways(settings: Settings) -> list[Way]:
    """The ways that are set; raises Refused where a setting is wrong."""
    set_up: list[Way] = []
    if settings.mail_to:
        set_up.append(Mail(settings))
    if settings.webhooks:
        set_up.append(Chat(settings))
    return set_up


def names_of(set_up: list[Way]) -> dict[str, str]:
    """The name of every recipient, by its key."""
    return {key: name for way in set_up for key, name in way.recipients.items()}


def waiting(issue: Issue, names: dict[str, str]) -> list[str]:
    """The recipients who wait for a digest and are still set."""
    return [key for key in issue.waiting if key in names]


def send(outbox: Outbox, issue: Issue, set_up: list[Way]) -> None:
    """Send a digest to all who wait for it, and note in the outbox whom it reached and why it didn't."""
    left = set(waiting(issue, names_of(set_up)))
    tries = Retrying(
        retry=retry_if_exception_type(_Again),
        stop=stop_after_delay(TRY_SECONDS),
        wait=wait_random_exponential(min=SHORTEST_PAUSE, max=LONGEST_PAUSE),
    )
    with suppress(RetryError):  # the reasons are in the outbox
        tries(_try, outbox, issue, set_up, left)


def _try(outbox: Outbox, issue: Issue, set_up: list[Way], left: set[str]) -> None:
    """A try of each recipient who is left; those stay for whom another may help, and it raises _Again."""
    for way in set_up:
        for key, failure in way.send(issue, [key for key in way.recipients if key in left]):
            if failure is None:
                outbox.note_sent(issue, key)
            else:
                outbox.note_failure(issue, key, failure.why)
            if failure is None or not failure.passing:
                left.remove(key)
    if left:
        raise _Again
