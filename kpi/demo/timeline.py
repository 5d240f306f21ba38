"""The calendar of the simulation: rhythms of the week and year, releases, incidents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import NamedTuple

import numpy as np

DAY_MS = 86_400_000
EPOCH = date(1970, 1, 1)

DESKTOP, ANDROID, IOS, WEB = range(4)
WORK, HOME, MOBILE = range(3)

FIREFOX_BASE = 10
FIRST_FIREFOX = 33
BACK_TO_SCHOOL = {(9, day) for day in range(1, 15)}
# fmt: off
FIREFOX_RELEASES = tuple(
    date.fromisoformat(day)
    for day in (
        "2014-10-14", "2014-12-01", "2015-01-13", "2015-02-24", "2015-03-31", "2015-05-12",
        "2015-07-02", "2015-08-11", "2015-09-22", "2015-11-03", "2015-12-15", "2016-01-26",
        "2016-03-08", "2016-04-26", "2016-06-07", "2016-08-02", "2016-09-20", "2016-11-15",
    )
)
IOS_RELEASES = tuple(
    date.fromisoformat(day)
    for day in (
        "2015-11-12", "2016-02-17", "2016-03-30", "2016-05-04", "2016-07-13", "2016-10-05",
    )
)
# fmt: on
IOS_LAUNCH = IOS_RELEASES[0]
WINDOWS_10 = date(2015, 7, 29)
SHORTER_SIGN_UP = date(2016, 3, 8)
OUTAGE = date(2015, 9, 15)
OUTAGE_LEVELS = (0.07, 0.24)

RELEASE_NOTES = "https://www.mozilla.org/firefox/{version}.0/releasenotes/"

HOLIDAYS = {
    (12, 24): 0.80,
    (12, 25): 0.66,
    (12, 26): 0.74,
    (12, 27): 0.82,
    (12, 28): 0.84,
    (12, 29): 0.85,
    (12, 30): 0.84,
    (12, 31): 0.74,
    (1, 1): 0.67,
    (1, 2): 0.84,
    (1, 3): 0.93,
    (5, 1): 0.92,
}


class Annotation(NamedTuple):
    """A marker for a chart: its UTC day, a short label, and release, incident or holiday."""

    day: date
    label: str
    kind: str
    url: str | None = None


class Part(NamedTuple):
    """A run of days that is simulated at once: logs, a native file, or native files by day."""

    start: int
    stop: int
    kind: str
    name: str = ""


def ordinal(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


def _train(releases: tuple[date, ...], before: int, after: int, gap_days: int) -> np.ndarray:
    """Release days as ordinals, carried on at a steady pace on both sides of the known."""
    known = np.array([ordinal(day) for day in releases])
    earlier = known[0] - gap_days * np.arange(before, 0, -1)
    later = known[-1] + gap_days * np.arange(1, after + 1)
    return np.concatenate([earlier, known, later])


FIREFOX_TRAIN = _train(FIREFOX_RELEASES, FIRST_FIREFOX - FIREFOX_BASE, 150, 42)
"""Release days (ordinals) of Firefox; the first is that of version FIREFOX_BASE."""

IOS_TRAIN = _train(IOS_RELEASES, 0, 70, 84)
"""Release days (ordinals) of Firefox for iOS, from version 1."""


@dataclass(frozen=True)
class Timeline:
    """The simulated period, first and last UTC day included; days are counted from the first."""

    first: date
    last: date

    @cached_property
    def days(self) -> int:
        """The number of days of the period."""
        return (self.last - self.first).days + 1

    @cached_property
    def origin(self) -> int:
        """The first day as days since 1970-01-01."""
        return ordinal(self.first)

    @cached_property
    def origin_ms(self) -> int:
        """The first midnight, in epoch milliseconds."""
        return self.origin * DAY_MS

    def day(self, number: int) -> date:
        """The UTC day with this number."""
        return self.first + timedelta(days=number)

    def number(self, day: date) -> int:
        """The number of a UTC day, negative before the period."""
        return ordinal(day) - self.origin

    def years(self, numbers: np.ndarray) -> np.ndarray:
        """Years since 2015 began, within bounds; every slow trend is a function of these."""
        elapsed = (np.asarray(numbers) + self.origin - ordinal(date(2015, 1, 1))) / 365.25
        return np.clip(elapsed, -1.0, 4.0)

    def _fixed_or(self, day: date, share: float) -> int:
        """The number of a day of 2015-2016, or, in a period without it, a number at that share of it."""
        number = self.number(day)
        return number if 0 <= number < self.days else int(self.days * share)

    @cached_property
    def outage_days(self) -> tuple[int, ...]:
        """The two days on which nearly everything fails; none in a period under six weeks."""
        if self.days < 42:
            return ()
        start = self._fixed_or(OUTAGE, 0.62)
        return tuple(range(start, min(start + len(OUTAGE_LEVELS), self.days)))

    @cached_property
    def shorter_sign_up_day(self) -> int:
        """The day from which sign-up asks for less, and so is shorter."""
        if self.days < 42:
            return self.number(SHORTER_SIGN_UP)
        return self._fixed_or(SHORTER_SIGN_UP, 0.45)

    @cached_property
    def ios_launch_day(self) -> int:
        """The day Firefox came to iOS; long ago, for a period that would never see it."""
        return self.number(IOS_LAUNCH) if self.last >= IOS_LAUNCH else -10_000

    @cached_property
    def _calendar(self) -> list[date]:
        return [self.day(number) for number in range(self.days)]

    @cached_property
    def weekday(self) -> np.ndarray:
        """Monday 0 to Sunday 6, per day."""
        return (np.arange(self.days) + self.origin + 3) % 7

    @cached_property
    def holiday(self) -> np.ndarray:
        """The part of a day's usual activity that holidays and the summer leave, per day."""
        factor = np.ones(self.days)
        for number, day in enumerate(self._calendar):
            factor[number] = HOLIDAYS.get((day.month, day.day), 1.0)
            start, end = date(day.year, 6, 20), date(day.year, 9, 8)
            if start <= day <= end:
                phase = (day - start).days / (end - start).days
                factor[number] *= 1 - 0.065 * np.sin(np.pi * phase)
            if day.month == 11 and day.weekday() in (3, 4) and 22 <= day.day <= 29:
                factor[number] *= 0.96
        return factor

    @cached_property
    def service_level(self) -> np.ndarray:
        """The share of requests that succeed, per day: 1 except in the outage."""
        level = np.ones(self.days)
        level[list(self.outage_days)] = OUTAGE_LEVELS[: len(self.outage_days)]
        return level

    @cached_property
    def rhythm(self) -> np.ndarray:
        """The usual activity on each day, as rows for work computers, home computers, mobiles."""
        weekend = np.array([[0.20, 0.17], [0.99, 0.97], [1.03, 1.01]])
        week = np.ones((3, 7))
        week[:, 5:] = weekend
        week[:, 4] = (0.96, 0.97, 1.01)
        exponent = np.array([1.5, 0.75, 0.35])[:, None]
        return week[:, self.weekday] * self.holiday**exponent * self.service_level

    @cached_property
    def sign_up_season(self) -> np.ndarray:
        """True for the days of the campaign, back to school."""
        return np.array([(day.month, day.day) in BACK_TO_SCHOOL for day in self._calendar])

    @cached_property
    def sign_up_weight(self) -> np.ndarray:
        """The relative number of people who set out to sign up, per day."""
        week = np.array([1.06, 1.06, 1.04, 1.02, 0.98, 0.86, 0.90])[self.weekday]
        growth = 1 + 0.11 * self.years(np.arange(self.days))
        season = np.where(self.sign_up_season, 1.22, 1.0)
        return week * growth * season * self.holiday**0.6

    def firefox_version(self, numbers: np.ndarray) -> np.ndarray:
        """The major version of Firefox that was newest on each day."""
        releases = np.searchsorted(FIREFOX_TRAIN, np.asarray(numbers) + self.origin, "right")
        return np.maximum(releases, 1) - 1 + FIREFOX_BASE

    def ios_version(self, numbers: np.ndarray) -> np.ndarray:
        """The major version of Firefox for iOS that was newest on each day."""
        releases = np.searchsorted(IOS_TRAIN, np.asarray(numbers) + self.origin, "right")
        return np.maximum(releases, 1)

    def markers(self) -> list[Annotation]:
        """Releases, the outage and the holidays of the period, in order of day."""
        marks: list[Annotation] = []
        newest = int(self.firefox_version(np.array([-1]))[0])
        for number, version in enumerate(self.firefox_version(np.arange(self.days))):
            if version != newest:
                notes = RELEASE_NOTES.format(version=version)
                marks.append(Annotation(self.day(number), f"Firefox {version}", "release", notes))
                newest = int(version)
        if self.first <= IOS_LAUNCH <= self.last:
            marks.append(Annotation(IOS_LAUNCH, "Firefox for iOS 1.0", "release"))
        if 0 <= self.shorter_sign_up_day < self.days:
            label = "Shorter sign-up form"
            marks.append(Annotation(self.day(self.shorter_sign_up_day), label, "release"))
        if self.outage_days:
            label = "Outage, two days"
            marks.append(Annotation(self.day(self.outage_days[0]), label, "incident"))
        feasts = {(12, 25): "Christmas", (1, 1): "New Year"}
        for day in self._calendar:
            if (day.month, day.day) in feasts:
                marks.append(Annotation(day, feasts[day.month, day.day], "holiday"))
        return sorted(marks, key=lambda mark: mark[:3])
