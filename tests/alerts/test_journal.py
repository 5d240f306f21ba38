"""Reports: a story is reported once when it begins and once when it ends, whatever happens between."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from kpi import alerts
from kpi.alerts.journal import Journal, Reported, to_send, unreported, written
from kpi.settings import Settings

DAY = date(2016, 5, 2)


def day(number: int) -> date:
    """A day, counted from the first day of the stories."""
    return DAY + timedelta(days=number)


def story(first: int, last: int, ended: int | None, alert: int = 0) -> alerts.Story:
    """A story of an alert of the file, by days."""
    end = None if ended is None else day(ended)
    watched = alerts.read()[alert]
    return alerts.Story(watched, day(first), day(first + 2), day(last), end, "lower", "39%")


class Reader:
    """Runs one after the other over a journal, with what each sent."""

    def __init__(self, folder: Path) -> None:
        self.journal = Journal(Settings(home=folder))

    def run(self, stories: list[alerts.Story], newest: int) -> list[str]:
        """The sentences of a run on a newest complete day."""
        with self.journal.alone():
            reports = unreported(stories, self.journal.lines(), day(newest))
            self.journal.note(written(reports))
        return [report.headline for report in to_send(reports)]


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    """A reader of an empty journal."""
    return Reader(tmp_path / "home")


def test_a_story_is_reported_twice_in_all(reader: Reader) -> None:
    """It is reported when it is known, goes on silently, and is reported when it is over."""
    assert reader.run([], 0) == []
    assert reader.run([story(0, 2, None)], 2) == [story(0, 2, None).headline]
    for last in range(3, 9):
        assert reader.run([story(0, last, None)], last) == []
    assert reader.run([story(0, 8, 15)], 15) == [story(0, 8, 15).headline]
    assert reader.run([story(0, 8, 15)], 16) == []
    assert len(reader.run([story(0, 8, 15), story(40, 43, None)], 43)) == 1


def test_late_rows_move_a_story_without_another_report(reader: Reader) -> None:
    """A story whose days move is the same story; of another alert it is another."""
    reader.run([story(3, 5, None)], 5)
    assert reader.run([story(1, 5, None)], 6) == []
    assert reader.run([story(4, 7, None)], 7) == []
    assert len(reader.run([story(4, 7, None), story(4, 7, None, alert=1)], 7)) == 1
    assert len(reader.run([story(2, 7, 14), story(4, 7, None, alert=1)], 14)) == 1


def test_a_story_that_was_corrected_away_is_said_to_be_gone(reader: Reader) -> None:
    """Once, and a story that comes back is a new report."""
    reader.run([story(0, 4, None)], 4)
    (gone,) = reader.run([], 5)
    assert gone.endswith(": it is no story any more, since its numbers or its alert were changed")
    assert reader.run([], 6) == []
    assert len(reader.run([story(0, 4, None)], 7)) == 1


def test_history_is_not_reported(reader: Reader) -> None:
    """What was over for more than a week when it came to light is in the list only; else it is one report."""
    assert reader.run([story(0, 4, 11)], 19) == []
    assert reader.run([story(10, 14, 21)], 25) == [story(10, 14, 21).headline]
    assert reader.run([story(10, 14, 21)], 26) == []


def test_an_end_that_is_a_beginning_is_one_report(reader: Reader) -> None:
    """Where another verdict follows, only that is reported."""
    reader.run([story(0, 9, None)], 9)
    first = replace(story(0, 9, 16), follows=True)
    then = story(10, 16, None)
    assert reader.run([first, then], 16) == [then.headline]
    assert reader.run([first, replace(then, last=day(20))], 20) == []
    assert reader.run([first, replace(then, last=day(20), ended=day(27))], 27) != []


def test_a_line_that_was_cut_off_counts_as_not_reported(reader: Reader) -> None:
    """After a crash the next run reports it again, and reads on."""
    reader.run([story(0, 2, None)], 2)
    file = reader.journal.file
    whole = file.read_text()
    file.write_text(whole[: len(whole) // 2])
    assert len(reader.run([story(0, 2, None)], 2)) == 1
    assert reader.run([story(0, 2, None)], 2) == []
    assert [line.alert for line in reader.journal.lines()] == [alerts.read()[0].id]
    assert file.stat().st_mode & 0o077 == 0


def test_lines_of_an_earlier_version_count(reader: Reader) -> None:
    """A line with a sentence in place of the headline is a report, so that nothing is reported again."""
    reader.run([story(0, 2, None)], 2)
    file = reader.journal.file
    file.write_text(file.read_text().replace('"headline"', '"sentence"'))
    assert reader.run([story(0, 3, None)], 3) == []
    assert len(reader.run([], 4)) == 1


def test_a_delivery_that_was_not_noted_is_noted_once(reader: Reader) -> None:
    """Lines that a message has and the journal lacks count from then on; no lines are none."""
    lines = written(unreported([story(0, 2, None)], [], day(2)))
    for _ in range(2):
        reader.journal.file.parent.mkdir(parents=True, exist_ok=True)
        reader.journal.catch_up(lines)
        reader.journal.catch_up("")
    assert reader.journal.file.read_text() == lines
    assert reader.run([story(1, 3, None)], 3) == []


def test_a_report_says_when(reader: Reader) -> None:
    """A line of the journal has the alert, the event, the days and the moment."""
    reader.run([story(0, 2, None)], 2)
    (line,) = reader.journal.lines()
    assert replace(line, at="") == Reported(
        alerts.read()[0].id, day(0), "began", None, story(0, 2, None).headline
    )
    assert line.at.endswith("+00:00")
