"""Answers: the table that a question asks for, and the statements that it was read with."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import pandas as pd

from kpi.meaning.filters import Period
from kpi.meaning.measures import within
from kpi.meaning.question import Question
from kpi.numbers.published import Publication, Read
from kpi.store import queries

LONGEST_PART = 60
"""The longest part of a file's name, in characters."""


@dataclass(frozen=True)
class Statement:
    """A statement: its file in `queries/read`, and its text with parameters filled in."""

    query: str
    text: str


@dataclass(frozen=True)
class Answer:
    """A table, the question that it answers, and the publication that it was read from.

    Readers share the answer, so nobody may change its table in place.
    """

    question: Question
    table: pd.DataFrame = field(compare=False)
    publication: Publication
    readings: tuple[Read, ...] = field(default=(), compare=False, repr=False)

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """The statements behind the table, in Redshift's dialect, with the parameters filled in.

        They return whole counts and quartiles, of which means and percents are computed. A table under a
        filter is also read without parts of the filter, to know what must be hidden: left out here.
        """
        first: dict[str, Read] = {}
        for query, params in self.readings:
            if query in self.question.kind.queries:
                first.setdefault(query, (query, params))
        return tuple(
            Statement(query, queries.filled(f"read/{query}", **params))
            for query, params in first.values()
        )

    def within(self, period: Period) -> pd.DataFrame:
        """The rows of the days of a period."""
        return within(self.table, period)

    def file_name(self, days: tuple[date, date]) -> str:
        """The name of a download: table, days, choices, definitions and freshness."""
        words = [self.question.table, days_in_name(days), *self.question.words()]
        return download_name(self.publication, words)


def days_in_name(days: tuple[date, date]) -> str:
    """Two days as a part of a file's name."""
    return f"{days[0]}_{days[1]}"


def download_name(publication: Publication, words: Iterable[str]) -> str:
    """The name of a CSV file: its contents, then definitions and freshness of the publication."""
    parts = [
        *words,
        f"definitions-{publication.definitions}",
        f"through-{publication.last_complete_day}",
        f"built-{publication.built_at:%Y%m%dT%H%MZ}",
        *(["simulated"] if publication.simulated else []),
    ]
    return "_".join(map(_safe, parts)) + ".csv"


def _safe(word: str) -> str:
    """A part of a file's name; what is replaced or cut ends in a hash of the whole, so that names differ."""
    safe = re.sub(r"[^A-Za-z0-9._+-]+", "-", word)
    if len(safe) <= LONGEST_PART and safe == word:
        return safe
    sign = hashlib.blake2b(word.encode(), digest_size=3).hexdigest()
    return f"{safe[: LONGEST_PART - len(sign) - 1]}-{sign}"
