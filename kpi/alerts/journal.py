"""The journal of reported stories: a line for each beginning and each end, in a folder of the store.

It is all that is remembered. Without it, stories that go on would be reported a second time, and none lost.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from kpi import private
from kpi.alerts.story import Story
from kpi.errors import Refused
from kpi.meaning.definitions import WEEK
from kpi.settings import ALERTS_FOLDER, Settings
from kpi.store.locks import locked

FILE = "reported.jsonl"
BEGAN, ENDED, GONE = "began", "ended", "gone"
RECENT = timedelta(days=WEEK)
"""A story that was over for longer when it came to light is history, and isn't reported."""

NO_STORY = "it is no story any more, since its numbers or its alert were changed"
BUSY = "another command reports alerts; try again in a moment"


@dataclass(frozen=True)
class Reported:
    """A line: a story of an alert that began or ended, or that is gone since numbers or alerts changed.

    ``until`` is the last day of a story that ended. ``headline`` says what happened, without a value; it is
    empty where nothing is sent. ``story`` is the story itself, which isn't in the journal.
    """

    alert: str
    first: date
    event: str
    until: date | None
    headline: str
    story: Story | None = field(default=None, compare=False)
    at: str = ""

    @property
    def text(self) -> str:
        """The report in sentences."""
        return f"{self.headline}." if self.story is None else self.story.text

    def meets(self, story: Story) -> bool:
        """True where the story that was reported and this share a day."""
        begins_before = story.ended is None or self.first <= story.last
        return begins_before and (self.until is None or self.until >= story.first)


class Journal:
    """The journal of a store, whose folder is ``home`` (KPI_HOME)."""

    def __init__(self, settings: Settings) -> None:
        self.file = settings.home / ALERTS_FOLDER / FILE
        self._lock_seconds = settings.lock_seconds

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the journal's lock, from what is unreported to its note; raises Refused where another does."""
        try:
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self.file.with_name("lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise self._not_written(error) from error
        with locked(lock, fcntl.LOCK_EX, self._lock_seconds, BUSY), private.umask():
            yield

    def lines(self) -> list[Reported]:
        """Everything that was reported, in order; a line that a crash cut off counts as not reported."""
        return [line for line in map(_read, self._text().splitlines()) if line is not None]

    def catch_up(self, text: str) -> None:
        """Add the lines of the last delivery where a crash came between it and its note."""
        if text and text not in self._text():
            self.note(text)

    def note(self, text: str) -> None:
        """Add lines, as `written` has them; they are on the disk when this returns."""
        try:
            with self.file.open("a", encoding="utf-8") as file:
                # A line that a crash cut off is ended first.
                file.write(text if _ends_whole(self.file) else f"\n{text}")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise self._not_written(error) from error

    def _text(self) -> str:
        try:
            return self.file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as error:
            raise Refused(
                f"{self.file} can't be read; python -m kpi doctor names who may"
            ) from error

    def _not_written(self, error: OSError) -> Refused:
        return Refused(f"{self.file}: can't be written to ({error.strerror}); nothing was noted")


def unreported(
    stories: Iterable[Story], lines: Iterable[Reported], last_day: date
) -> list[Reported]:
    """The reports to send, given the lines of those that were sent, on the newest complete day.

    A story is known again by its alert and its days, which late rows may move. A story that began and
    ended since is a single report.
    """
    known = _begun(lines)
    reports: list[Reported] = []
    for story in sorted(stories, key=lambda story: story.first):
        mine = [begun for begun in known if begun.alert == story.alert.id and begun.meets(story)]
        known = [begun for begun in known if begun not in mine]
        reports += _of(story, mine[0] if mine else None, last_day)
    for begun in known:
        if begun.until is None:
            reports.append(
                Reported(begun.alert, begun.first, GONE, last_day, f"{begun.headline}: {NO_STORY}")
            )
    return reports


def written(reports: Iterable[Reported]) -> str:
    """The lines of reports in the journal, with the moment."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return "".join(_written(report, now) for report in reports)


def to_send(reports: Iterable[Reported]) -> list[Reported]:
    """The reports to send: none of an end that is another story's beginning."""
    return [report for report in reports if report.headline]


def _begun(lines: Iterable[Reported]) -> list[Reported]:
    """The beginnings that were reported, each with the last day of its story where its end was reported."""
    begun: dict[tuple[str, date], Reported] = {}
    for line in lines:
        key = line.alert, line.first
        if line.event == BEGAN:
            begun[key] = line
        elif line.event == GONE:
            begun.pop(key, None)
        elif key in begun:
            begun[key] = replace(begun[key], until=line.until)
    return list(begun.values())


def _of(story: Story, begun: Reported | None, last_day: date) -> Iterator[Reported]:
    name, ended = story.alert.id, story.ended
    if begun is None:
        if ended is not None and last_day - ended > RECENT:
            return
        yield Reported(name, story.first, BEGAN, None, story.headline, story)
        if ended is not None:
            yield Reported(name, story.first, ENDED, story.last, "")
    elif ended is not None and begun.until is None:
        headline = "" if story.follows else story.headline
        yield Reported(name, begun.first, ENDED, story.last, headline, story)


def _written(report: Reported, at: str) -> str:
    line = {
        "alert": report.alert,
        "first": report.first.isoformat(),
        "event": report.event,
        "until": report.until and report.until.isoformat(),
        "headline": report.headline,
        "at": at,
    }
    return json.dumps(line, ensure_ascii=False) + "\n"


def _read(text: str) -> Reported | None:
    try:
        line = json.loads(text)
        until = line["until"] and date.fromisoformat(line["until"])
        first = date.fromisoformat(line["first"])
        headline = line.get("headline", line.get("sentence", ""))
        return Reported(line["alert"], first, line["event"], until, headline, at=line["at"])
    except (ValueError, KeyError, TypeError):
        return None


def _ends_whole(file: Path) -> bool:
    with file.open("rb") as read:
        size = read.seek(0, os.SEEK_END)
        return size == 0 or (read.seek(size - 1), read.read(1))[1] == b"\n"
