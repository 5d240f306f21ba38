"""Answers: the table that a question asks for, and the statements that it was read with."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import pandas as pd

from kpi.meaning.filters import Period
from kpi.meaning.measures import within
from kpi.meaning.question import Question
from kpi.numbers import attempts, metrics
from kpi.numbers.published import Publication, Published, Read, noted
from kpi.store import queries

LONGEST_PART = 60
"""The longest part of a file's name, in characters."""


@dataclass(frozen=True)
class Statement:
    """One statement: the file in `queries/read` it comes from, and its text with parameters filled in."""

    query: str
    text: str


@dataclass(frozen=True)
class Answer:
    """A table, the question that it answers, and the publication that it was read from.

    The very same answer may be shared by readers, so nobody changes its table in place.
    """

    question: Question
    table: pd.DataFrame = field(compare=False)
    publication: Publication
    readings: tuple[Read, ...] = field(default=(), compare=False, repr=False)

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """The statements behind the table, in Redshift's dialect, with the parameters filled in.

        They return whole counts and quartiles; means and percents are made of them afterwards. A table under
        a filter also reads itself without parts of the filter, to see what must be hidden: left out here.
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
    """The name of a CSV file: what it holds, then definitions and freshness of the publication."""
    parts = [
        *words,
        f"definitions-{publication.definitions}",
        f"through-{publication.last_complete_day}",
        f"built-{publication.built_at:%Y%m%dT%H%MZ}",
        *(["simulated"] if publication.simulated else []),
    ]
    return "_".join(map(_safe, parts)) + ".csv"


def _safe(word: str) -> str:
    """A part of a file's name; a long one is cut and ends in a hash of the whole."""
    safe = re.sub(r"[^A-Za-z0-9._+-]+", "-", word)
    if len(safe) <= LONGEST_PART:
        return safe
    sign = hashlib.blake2b(word.encode(), digest_size=3).hexdigest()
    return f"{safe[: LONGEST_PART - len(sign) - 1]}-{sign}"


def function(name: str) -> Callable[..., pd.DataFrame]:
    """The function that works a table out, by the table's name."""
    return metrics.METRICS.get(name) or attempts.DETAILS[name]


def answer(published: Published, question: Question) -> Answer:
    """The answer to a question, from one publication."""
    with noted() as readings:
        # Copied into one block a type, as it would become by being read: charts are kept by their rows.
        table = function(question.table)(published, **question.arguments()).copy()
    return Answer(question, table, published.publication, tuple(readings))
