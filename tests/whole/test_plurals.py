"""After a count of 1 a noun is in the singular, in sentences of pages and of commands."""

from __future__ import annotations

import re
from datetime import date

import pandas as pd
import pytest
from conftest import Store
from event_files import write
from logs import D, at, event

from kpi.dashboard.reasons import gaps_sentence
from kpi.goals import words
from kpi.goals.backtest import Backtest
from kpi.goals.words import summary
from kpi.meaning import periods
from kpi.meaning.filters import Period
from kpi.meaning.measures import MEASURES
from kpi.numbers.coverage import blank_services_sentence
from kpi.numbers.kpi_values import WindowValue
from kpi.text import plural, quantity

NOUNS = (
    "attempts|connections|days|events|files|goals|people|ranges|rows|sequences|users|values|weeks"
)
SINGULAR = re.compile(rf"(?<![\d,.])1 ([a-z]+ )?({NOUNS})\b")
"""A count of 1 before a plural."""


def test_words_after_a_count() -> None:
    """Only 1 has the singular; 0 and parts have the plural."""
    assert [quantity(n, "day") for n in (0, 1, 2)] == ["0 days", "1 day", "2 days"]
    assert quantity(1, "day has", "days have") == "1 day has"
    assert plural(1.0, "person", "people") == "person"
    assert [plural(n, "hour") for n in (0.5, None)] == ["hours", "hours"]
    assert SINGULAR.search("1 connections") and not SINGULAR.search("21 connections")


@pytest.mark.parametrize("measure", [each for each in MEASURES.values() if each.n_column])
def test_the_count_behind_a_value(measure) -> None:
    """On cards and in verdicts, such as 'of 1 connection'."""
    assert not SINGULAR.search(measure.n_text(1))
    assert measure.n_text(2).startswith("of 2 ") and measure.n_text(2) != measure.n_text(1)


def test_sentences_of_pages() -> None:
    """Gaps, comparisons, tests of the method, and reasons for no verdict."""
    day = date(2016, 1, 4)
    rows = pd.DataFrame({"day": [day], "median_seconds": [pd.NA], "connections": [pd.NA]})
    everything = rows.assign(median_seconds=1.0, connections=1)
    window = Period(day, date(2016, 1, 31))
    week = day, date(2016, 1, 10)
    said = [
        gaps_sentence(MEASURES["connection_time"], rows, everything, 10),
        periods.compared("previous period", *week, date(2015, 1, 1), None)[1],
        words.tested_sentence(Backtest(1, 1, 1, 1)),
        WindowValue(window, 5.0, 3, 1, day).why_no_verdict,
        blank_services_sentence(1, ("sync",)),
        summary([]),
    ]
    assert "1 day hidden" in said[0] and "1 week before" in said[1]
    assert said[3] == "only 1 of the 28 days has a value, and 21 are needed"
    assert not [sentence for sentence in said if SINGULAR.search(sentence)]


def test_sentences_of_commands(store: Store) -> None:
    """One file of one event on one day, loaded, summarised and removed."""
    log = [event(at(D[0], "10:00"))]
    file = write(store.files / "log.csv", log)
    said = [
        store.load(file).text,
        store.must("summarise").text,
        store.must("unload", "log.csv").text,
    ]
    assert "1 file loaded, 0 already there" in said[0] and ": 1 event, 0 rows rejected" in said[0]
    assert "1 changed day (" in said[1]
    assert "1 event removed" in said[2]
    assert not [sentence for sentence in said if SINGULAR.search(sentence)]
