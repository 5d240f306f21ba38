"""The history of a store's alerts: worked out after each publication, listed on the Data page, and reported.

The list is a file of the store's folder, since the verdicts of times cost seconds; it can be written again at
any time. `report` is all that a delivery has to call.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from kpi import store
from kpi.alerts import file as of_file
from kpi.alerts.file import read
from kpi.alerts.journal import Journal, Reported, to_send, unreported, written
from kpi.alerts.segments import of_segments
from kpi.alerts.story import Story, stories
from kpi.errors import NoData, Refused
from kpi.goals.file import GOALS_FILE
from kpi.goals.frozen import frozen_baselines
from kpi.numbers import annotations as notes
from kpi.numbers import segments
from kpi.numbers.days import NO_COMPLETE_DAY
from kpi.numbers.warehouse import open_warehouse
from kpi.settings import ALERTS_FOLDER, Settings

FILE = "history.json"
COLUMNS = "alert name rule first_day last_day ended what size markers".split()


@dataclass(frozen=True)
class History:
    """The stories of a publication up to its newest complete day, and what is wrong with alerts."""

    publication: int
    last_day: date
    stories: tuple[Story, ...]
    warnings: tuple[str, ...] = ()
    simulated: bool = False
    first_day: date = date.min

    @property
    def table(self) -> pd.DataFrame:
        """A row per story, the newest first; days as ISO dates, `ended` absent while it goes on."""
        rows = [_row(story) for story in reversed(self.stories)]
        return pd.DataFrame(rows, columns=COLUMNS)


def gathered(settings: Settings) -> History:
    """The history of the newest publication; raises Refused for a broken file, NoData where no day counts."""
    alerts, named = read(), segments.read(settings)
    frozen = frozen_baselines(settings)
    with closing(open_warehouse(settings, cache_size=64)) as warehouse:
        markers = [m for m in notes.history(settings, warehouse) if m.withdrawal is None]
        publication = warehouse.publication
        if publication.last_complete_day is None:
            raise NoData(NO_COMPLETE_DAY)
        watched, faults = of_segments(alerts, named, warehouse.known_values())
        every = stories(warehouse, watched, settings.min_users, frozen, markers)
        return History(
            publication.id,
            publication.last_complete_day,
            tuple(every),
            tuple(faults),
            publication.simulated,
            publication.first_day or publication.last_complete_day,
        )


def news(settings: Settings) -> tuple[History, list[Reported]]:
    """The history, and what would be delivered now; nothing is noted."""
    known = gathered(settings)
    return known, to_send(unreported(known.stories, Journal(settings).lines(), known.last_day))


Deliver = Callable[[History, list[Reported], str], None]
"""The function that delivers reports, given the history, the reports and their lines in the journal."""


def report(settings: Settings, deliver: Deliver, delivered: str = "") -> History | None:
    """Deliver what is unreported, then note it; the history, or None where nothing changed since.

    ``deliver`` gets the history, the reports and their lines in the journal, and isn't called without
    reports. Where it raises, nothing is noted, so that the next run tries again. Two runs at once can't
    report a story twice. ``delivered`` are the lines of the last delivery, which a crash may have left
    unnoted.
    """
    journal, basis = Journal(settings), _basis(settings)
    with journal.alone():
        journal.catch_up(delivered)
        if _content(settings).get("reported") == basis:
            return None
        known = gathered(settings)
        reports = unreported(known.stories, journal.lines(), known.last_day)
        lines = written(reports)
        if to_send(reports):
            deliver(known, to_send(reports), lines)
        if reports:
            journal.note(lines)
        write(settings, known, basis)
    return known


def write(settings: Settings, history: History, reported: str = "") -> None:
    """Write the list that pages show, whole or not at all; ``reported`` is the basis that was reported."""
    file = _file(settings)
    content = {
        "publication": history.publication,
        "last_day": history.last_day.isoformat(),
        "reported": reported,
        "stories": [_row(story) for story in reversed(history.stories)],
    }
    work = file.with_name(f"{FILE}.work")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        work.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        os.replace(work, file)
    except OSError as error:
        raise Refused(f"{file}: can't be written to ({error.strerror})") from error


def listed(settings: Settings) -> tuple[int, pd.DataFrame] | None:
    """The publication and the table of the last list; None where none was written, or it can't be read."""
    content = _content(settings)
    if not content:
        return None
    return content["publication"], pd.DataFrame(content["stories"], columns=COLUMNS)


def _file(settings: Settings) -> Path:
    return settings.home / ALERTS_FOLDER / FILE


def _content(settings: Settings) -> dict[str, Any]:
    """The content of the file; empty where there is none, or where it can't be read."""
    try:
        content = json.loads(_file(settings).read_text(encoding="utf-8"))
        return content if {"publication", "stories"} <= set(content) else {}
    except (OSError, ValueError, TypeError):
        return {}


def _basis(settings: Settings) -> str:
    """Everything that stories follow from: publication, notes, three files and the minimum, as a hash."""
    parts = [store.publication_key(settings), store.notes_key(settings), str(settings.min_users)]
    parts += [
        file.read_text(encoding="utf-8")
        for file in (of_file.ALERTS_FILE, GOALS_FILE, segments.SEGMENTS_FILE)
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _row(story: Story) -> dict[str, Any]:
    return {
        "alert": story.alert.id,
        "name": story.alert.name,
        "rule": story.alert.rule,
        "first_day": story.first.isoformat(),
        "last_day": story.last.isoformat(),
        "ended": None if story.ended is None else story.ended.isoformat(),
        "what": story.what,
        "size": story.size,
        "markers": "; ".join(story.markers),
    }
