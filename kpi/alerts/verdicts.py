"""Changes of a goal's verdict that last: near a border a verdict changes its mind, and that is no news."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from kpi.goals import MET, NO_DATA, NOT_MET, TOO_CLOSE
from kpi.meaning.definitions import WEEK

SETTLED = {MET: 7, NOT_MET: 7, TOO_CLOSE: 56}
"""So many days in a row a verdict must hold before it counts."""


@dataclass(frozen=True)
class Change:
    """A verdict that replaced another: its first day, and the day with which it had held for long enough."""

    first: date
    known: date
    before: str
    after: str


def changes(verdict: Callable[[date], str], first: date, last: date) -> list[Change]:
    """The lasting changes of a verdict over UTC days; days without data neither count nor interrupt."""
    made: list[Change] = []
    settled = since = running = None
    held = 0
    for day, now in _daily(verdict, first, last):
        if now == NO_DATA:
            continue
        if now != running:
            running, since, held = now, day, 0
        held += 1
        if held >= SETTLED[now] and now != settled:
            if settled is not None and since is not None:
                made.append(Change(since, day, settled, now))
            settled = now
    return made


def _daily(verdict: Callable[[date], str], first: date, last: date) -> Iterator[tuple[date, str]]:
    """The verdict of each day. Between two ends of weeks that agree, the days are taken to agree with them.

    What is between them is too short to settle; the verdict of a time costs a reading of all its attempts.
    """
    start, known = first, verdict(first)
    yield start, known
    while start < last:
        end = min(start + timedelta(days=WEEK), last)
        then = verdict(end)
        for number in range(1, (end - start).days):
            day = start + timedelta(days=number)
            yield day, known if known == then != NO_DATA else verdict(day)
        yield end, then
        start, known = end, then
