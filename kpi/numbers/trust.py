"""The reliability of today's numbers: problems with their cause, the numbers they affect, and the remedy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pandas as pd

from kpi.meaning.definitions import MONTH, WEEK
from kpi.numbers import coverage
from kpi.numbers.published import RECENT_DAYS, Published
from kpi.rows import each_row
from kpi.settings import Settings
from kpi.summary import anomalies
from kpi.text import day_text, days_text, plural, quantity

LOAD = "python -m kpi load FILE…, then: python -m kpi summarise"
WINDOWED = f"7-day means for {WEEK} days; monthly users and the engagement ratio for {MONTH}"


@dataclass(frozen=True)
class Problem:
    """A problem with the data: its cause, its days, the numbers it affects, and the remedy.

    ``grave`` names the numbers of the newest complete day that can't be used because of it, if any.
    ``until`` is None where only the remedy ends it.
    """

    what: str
    affects: str
    remedy: str
    since: date | None = None
    until: date | None = None
    grave: str = ""

    @property
    def sentence(self) -> str:
        """The problem in sentences."""
        since = f" since {day_text(self.since)}" if self.since else ""
        until = f", until {day_text(self.until)}" if self.until else ""
        return f"{self.what}{since}. This affects {self.affects}{until}. {self.remedy}."


def problems(warehouse: Published, settings: Settings, today: date | None = None) -> list[Problem]:
    """The problems of the newest numbers, grave problems first."""
    today = today or datetime.now(UTC).date()
    listed = [
        *_old(warehouse, today),
        *_gaps(warehouse),
        *_short(warehouse),
        *_devices(warehouse),
        *_sequences(warehouse, settings),
        *_doubtful(warehouse),
        *_unusual(warehouse),
        *_slow(warehouse),
    ]
    return sorted(listed, key=lambda problem: not problem.grave)


def answer(warehouse: Published, listed: list[Problem]) -> str:
    """The answer to "Can I trust today's numbers?", in a sentence."""
    last = warehouse.publication.last_complete_day
    if last is None:
        return "No: no day is complete yet."
    day = day_text(last)
    grave = [problem for problem in listed if problem.grave]
    if grave:
        return f"No: {grave[0].grave}."
    if listed:
        count = plural(len(listed), "the problem", f"the {len(listed)} problems")
        return f"With care: {day} is complete, but {count} below may affect your numbers."
    return f"Yes: {day} and the {MONTH - 1} days before it are loaded and complete."


def _old(warehouse: Published, today: date) -> Iterator[Problem]:
    last = warehouse.publication.last_complete_day
    if last is None or not warehouse.publication.old_data(today):
        return
    yield Problem(
        f"No newer day than {day_text(last)} is complete: {(today - last).days:,} days are missing",
        "every number of the newest days",
        f"An operator loads the newer files: {LOAD}",
        since=last + timedelta(days=1),
        grave=f"the newest complete day is {day_text(last)}, {(today - last).days:,} days ago",
    )


def _gaps(warehouse: Published) -> Iterator[Problem]:
    """Stretches of days that don't count, as long as a monthly number of a recent day needs them."""
    last = warehouse.publication.last_complete_day
    volumes = warehouse.volumes
    if last is None:
        return
    whole = volumes[volumes["type"] == anomalies.EVERY_TYPE]
    whole = whole[whole["day"] <= pd.Timestamp(last)]
    recent = whole[whole["day"] > pd.Timestamp(last - timedelta(days=RECENT_DAYS + MONTH))]
    gap = recent[(recent["loaded"] == 0) | (recent["complete"] == 0)]
    for first, end, early in _stretches(gap):
        until = end + timedelta(days=MONTH - 1)
        days = days_text(first, end)
        what = f"{days} {'was loaded before its end' if early else 'is not loaded'}"
        if end > first:
            what = f"{days} {'were loaded before their end' if early else 'are not loaded'}"
        remedy = f"An operator loads the whole file of {'each' if end > first else 'that'} day"
        absent = f"{what}, so monthly numbers of {day_text(last)} are absent"
        grave = absent if until >= last else ""
        yield Problem(what, WINDOWED, f"{remedy}: {LOAD}", until=until, grave=grave)


def _short(warehouse: Published) -> Iterator[Problem]:
    publication = warehouse.publication
    if publication.first_day is None or publication.last_complete_day is None:
        return
    until = publication.first_day + timedelta(days=MONTH - 1)
    if publication.last_complete_day < until:
        yield Problem(
            f"The data begins on {day_text(publication.first_day)}, less than {MONTH} days before the "
            "newest day",
            "monthly users and the engagement ratio, which are absent",
            f"An operator loads earlier files, if there are any: {LOAD}",
            until=until,
        )


def _stretches(gap: pd.DataFrame) -> Iterator[tuple[date, date, bool]]:
    """First and last day of days in a row that don't count alike, and whether they were loaded early."""
    starts = (gap["day"].diff() != pd.Timedelta(days=1)) | (gap["loaded"] != gap["loaded"].shift())
    for _, rows in gap.groupby(starts.cumsum()):
        days = rows["day"]
        yield days.iloc[0].date(), days.iloc[-1].date(), bool(rows["loaded"].iloc[0])


def _devices(warehouse: Published) -> Iterator[Problem]:
    last = warehouse.publication.last_complete_day
    absent = coverage.days_without(warehouse, span=MONTH)
    if last is None or not len(absent) or absent[-1].date() < last - timedelta(days=MONTH - 1):
        return
    why = coverage.why_no_devices(warehouse, span=MONTH)
    daily = coverage.days_without(warehouse)
    still = len(daily) and daily[-1].date() >= last
    if why:
        what, _, remedy = why.rstrip(".").partition("). ")
        yield Problem(
            f"{what})",
            "multi- and single-device users, their goals, and connections by devices",
            f"An operator decides: {_lowered(remedy)}",
            until=None if still else absent[-1].date(),
        )


def _sequences(warehouse: Published, settings: Settings) -> Iterator[Problem]:
    if warehouse.lacks_sequences:
        what, _, remedy = coverage.NO_SEQUENCE.partition(". ")
        affects = "connection times, completion, steps and their goals, which are absent"
        yield Problem(what, affects, f"An operator can {_lowered(remedy)}")
    blank = coverage.blank_services(warehouse, settings.sync_services)
    if blank:
        what, _, remedy = blank.partition("; ")
        yield Problem(what, "attempts begun and completed", f"An operator can {remedy}")


def _doubtful(warehouse: Published) -> Iterator[Problem]:
    doubtful = warehouse.doubtful
    count = doubtful["day"].nunique()
    if not count:
        return
    have = quantity(count, "day has", "days have")
    events = int(doubtful["events"].sum())
    yield Problem(
        f"{have} only a few stray events ({events:,} in all), listed below with file and line",
        "no number: they count for no day",
        f"An operator can check these lines; they count once the rest of their day is loaded: {LOAD}",
    )


def _unusual(warehouse: Published) -> Iterator[Problem]:
    last = warehouse.publication.last_complete_day
    if last is None:
        return
    since = last - timedelta(days=RECENT_DAYS - 1)
    for sentence in anomalies.sentences(warehouse.frame("unusual_days", since=since)):
        yield Problem(
            sentence,
            f"that day's numbers, and {WINDOWED}",
            "Ask the operators of the servers whether it was an outage, a release or a real change",
        )


def _slow(warehouse: Published) -> Iterator[Problem]:
    """The volumes of the newest 14 days that differ from those of eight weeks before."""
    last = warehouse.publication.last_complete_day
    if last is None:
        return
    changed = anomalies.slow(warehouse.volumes)
    for row in each_row(changed[changed["day"] == pd.Timestamp(last)]):
        yield Problem(
            anomalies.slow_sentence(row.type, row.events, row.before, row.change),
            "every number, if events are missing or doubled",
            "Ask the operators of the servers whether that is a change of the servers or of people",
        )


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:] if text[1:2].islower() else text
