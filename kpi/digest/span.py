"""The days that a digest is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from kpi.meaning.definitions import MONTH, WEEK

WEEKLY, MONTHLY = "week", "month"
EVERY = (WEEKLY, MONTHLY)
PATIENCE_DAYS = 2
"""So many days a digest waits for the last day of its week or month to become complete."""


@dataclass(frozen=True)
class Span:
    """A whole week or month of the calendar, and the days that its digest compares.

    ``due`` is its last day, ``day`` the last of the 28 days shown: that day, or the newest complete day
    where that is earlier. ``before`` is the last of the 28 days that KPIs are compared with, ``since`` the
    day whose verdicts are compared.
    """

    every: str
    due: date
    day: date
    before: date
    since: date

    @property
    def id(self) -> str:
        """The digest's name, such as 'week-2016-09-18': the same whenever it is made."""
        return f"{self.every}-{self.due}"

    def waits(self, today: date) -> bool:
        """True while the newest days may still become complete."""
        return self.day < self.due and (today - self.due).days <= PATIENCE_DAYS


def span(every: str, today: date, last_complete: date) -> Span:
    """The newest whole week (Monday to Sunday) or month before ``today``."""
    if every == WEEKLY:
        due = today - timedelta(days=today.isoweekday())
        day = min(due, last_complete)
        return Span(every, due, day, day - timedelta(days=MONTH), day - timedelta(days=WEEK))
    due = today.replace(day=1) - timedelta(days=1)
    day = min(due, last_complete)
    # The periods of 28 days don't overlap.
    before = min(day.replace(day=1) - timedelta(days=1), day - timedelta(days=MONTH))
    return Span(every, due, day, before, before)
