"""The store for pages: a warehouse per publication, and answers cached by publication and question."""

from __future__ import annotations

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from threading import Semaphore, local

import pandas as pd
import streamlit as st

from kpi import goals, store
from kpi.errors import NoData
from kpi.goals import Figures, Goal, Score, frozen
from kpi.meaning.definitions import PLATFORM, device_identity
from kpi.meaning.glossary import BY_PLATFORM
from kpi.meaning.question import Question
from kpi.numbers import segments
from kpi.numbers.annotations import Annotation, history
from kpi.numbers.answers import Answer
from kpi.numbers.days import NO_COMPLETE_DAY
from kpi.numbers.headline import Headline, headline
from kpi.numbers.kpi_values import KpiValues, Subject
from kpi.numbers.published import Publication
from kpi.numbers.segments import Segment, Segments
from kpi.numbers.warehouse import PastWarehouse, Warehouse, open_warehouse
from kpi.settings import Settings

CACHED_RESULTS = 24
MOST_ANSWERS = 512
"""Answers cached for all readers together: a filter of a page asks for a dozen, most of some 50 kB."""
_SINGLE, _SEVERAL = Semaphore(1), Semaphore(8)
_HELD = local()
"""The semaphore that a thread holds, as `turn`."""


def turn(settings: Settings) -> Semaphore:
    """The semaphore to hold while a page is drawn: threads that draw at the same time need twice as long.

    Where a server does the counting, several pages may be drawn at once.
    """
    return _SINGLE if store.counts_here(settings) else _SEVERAL


@contextmanager
def taken_turn(settings: Settings) -> Iterator[None]:
    """Hold the semaphore while this thread draws a page."""
    with turn(settings):
        _HELD.turn = turn(settings)
        try:
            yield
        finally:
            _HELD.turn = None


@contextmanager
def another_turn() -> Iterator[None]:
    """Let other readers have this thread's turn meanwhile, for work that takes many seconds."""
    held: Semaphore | None = getattr(_HELD, "turn", None)
    if held is None:
        yield
        return
    held.release()
    try:
        yield
    finally:
        held.acquire()


@st.cache_resource(max_entries=4, show_spinner="Opening the store …", on_release=Warehouse.close)
def opened(
    key: str, _settings: Settings, _copy: Path | None, _number: int | None = None
) -> Warehouse:
    """The warehouse of a publication, shared by every reader; ``key`` distinguishes publications."""
    _freeze_imports()
    return open_warehouse(_settings, CACHED_RESULTS, _copy, _number)


@cache
def _freeze_imports() -> None:
    """Once in a process: exclude imported modules from garbage collection, which saves 0.1 s each time."""
    gc.collect()
    gc.freeze()
    atexit.register(gc.unfreeze)


def cache_key(*parts: object) -> str:
    """A text of all that a cached value depends on.

    What is cached here and on Goals has a single argument that Streamlit hashes, this text, and all by name:
    Streamlit's own way through fields costs ten times as much, and it looks up names that aren't given.
    """
    return " ".join(map(repr, parts))


@st.cache_resource(max_entries=MOST_ANSWERS, show_spinner="Counting exactly …")
def _answered(key: str, _question: Question, _warehouse: Warehouse) -> Answer:
    """The answer to a question; shared by all readers, so nobody may change it in place."""
    return _warehouse.ask(_question)


@st.cache_resource(max_entries=64, show_spinner=False)
def _tag_values(key: str, _tag: str, _of_browsers: bool, _warehouse: Warehouse) -> pd.DataFrame:
    """A tag's values; shared by all readers, so nobody may change them in place."""
    values = _warehouse.tag_values
    return values[(values["tag"] == _tag) & ((values["browser"] != "") == _of_browsers)]


@st.cache_resource(max_entries=32, show_spinner=False)
def _attempt_tag_values(key: str, _tag: str, _warehouse: Warehouse) -> pd.DataFrame:
    """The values of a tag of attempts; shared by all readers, so nobody may change them in place."""
    values = _warehouse.attempt_tag_values
    return values[values["tag"] == _tag]


@st.cache_resource(max_entries=8, show_spinner=False)
def _markers(key: str, _settings: Settings, _warehouse: Warehouse) -> list[Annotation]:
    return history(_settings, _warehouse)


@st.cache_data(max_entries=12, show_spinner=False)
def _listing(key: str, _name: str, _warehouse: Warehouse) -> pd.DataFrame:
    table: pd.DataFrame = getattr(_warehouse, _name)
    return table


@st.cache_resource(max_entries=128, show_spinner="Scoring the goals …")
def _scored(key: str, _goal: Goal, _day: date, _figures: Figures) -> Score:
    return goals.score(_figures, _goal, as_of=_day, every_baseline=False)


@st.cache_resource(max_entries=MOST_ANSWERS, show_spinner=False)
def _headline(
    key: str, _subject: Subject, _day: date, _days_before: int, _values: KpiValues
) -> Headline:
    return headline(_values, _subject, _day, _days_before)


@st.cache_resource(max_entries=8, show_spinner=False)
def _frozen(key: str, _settings: Settings) -> tuple[frozen.Frozen, ...]:
    return tuple(frozen.frozen_baselines(_settings))


@st.cache_resource(max_entries=8, show_spinner=False)
def _saved(key: str, _settings: Settings) -> tuple[Segment, ...]:
    return tuple(segments.stored(_settings))


class Source:
    """The newest publication, or an earlier one, for a single run of a page.

    Raises NoData without a complete day.
    """

    def __init__(self, settings: Settings, number: int | None = None) -> None:
        self.settings = settings
        self.min_users = settings.min_users
        self.shown = store.shown(settings)
        self.key = self.shown.key if number is None else f"{self.shown.key} as of {number}"
        self.warehouse = opened(
            key=self.key, _settings=settings, _copy=self.shown.file, _number=number
        )
        self.publication: Publication = self.warehouse.publication
        if self.publication.last_complete_day is None:
            raise NoData(NO_COMPLETE_DAY)
        self.today: date = self.publication.last_complete_day
        self.first_day: date = self.publication.first_day or self.today
        self.asked: dict[Question, Answer] = {}
        """The answers of this run."""
        self._scores: dict[tuple[date, str], Score] = {}

    @property
    def is_past(self) -> bool:
        """True where an earlier publication than the newest is shown."""
        return isinstance(self.warehouse, PastWarehouse)

    def answer(self, question: Question) -> Answer:
        """The answer to a question; nobody may change its table in place."""
        if question not in self.asked:
            self.asked[question] = _answered(
                key=cache_key(self.key, question), _question=question, _warehouse=self.warehouse
            )
        return self.asked[question]

    def as_of(self, number: int) -> Source:
        """The same as of an earlier publication; raises Refused where it can't be shown."""
        return Source(self.settings, number)

    @property
    def notes_key(self) -> str:
        """A key of what changes with the publication or with any note by people."""
        return f"{self.key} {self.shown.notes_key}"

    @cached_property
    def values(self) -> KpiValues:
        """The values of KPIs, from answers that readers share."""
        return KpiValues(self.warehouse, self.min_users, ask=self.answer)

    def headline(self, subject: Subject, day: date, days_before: int) -> Headline:
        """The headline of the 28 days that end on a day, compared with those ``days_before`` earlier."""
        return _headline(
            key=cache_key(self.key, subject, day, days_before, self.min_users),
            _subject=subject,
            _day=day,
            _days_before=days_before,
            _values=self.values,
        )

    def figures(self, incomplete: bool = False) -> Figures:
        """The values of goals, with the baselines that people froze."""
        return Figures(self.warehouse, self.min_users, incomplete, self.answer, self.frozen)

    @cached_property
    def frozen(self) -> tuple[frozen.Frozen, ...]:
        """The baselines that people froze, withdrawn ones too."""
        return _frozen(key=self.notes_key, _settings=self.settings)

    def scores(self, day: date, kpi: str | None = None) -> list[Score]:
        """The scores of the goals of a day's year, for all users, as of the day; of a KPI, or all."""
        return [
            self._score(goal, day)
            for goal in self._goals
            if goal.year == day.year and kpi in (None, goal.measure)
        ]

    def _score(self, goal: Goal, day: date) -> Score:
        if (day, goal.id) not in self._scores:
            self._scores[day, goal.id] = _scored(
                key=cache_key(self.notes_key, goal, day, self.min_users),
                _goal=goal,
                _day=day,
                _figures=self.figures(),
            )
        return self._scores[day, goal.id]

    @cached_property
    def _goals(self) -> tuple[Goal, ...]:
        return goals.read()

    def segments(self) -> Segments:
        """The segments by name; raises Refused for a broken file of them."""
        return Segments([*segments.of_file(), *_saved(key=self.notes_key, _settings=self.settings)])

    def tag_values(self, tag: str, of_browsers: bool = False) -> pd.DataFrame:
        """The values of a tag, most used first: found, users, everyone (users of any value).

        ``of_browsers`` gives a row per ``browser`` and version instead.
        """
        return _tag_values(
            key=cache_key(self.key, tag, of_browsers),
            _tag=tag,
            _of_browsers=of_browsers,
            _warehouse=self.warehouse,
        )

    def attempt_tag_values(self, tag: str) -> pd.DataFrame:
        """The values of a tag that only attempts have, most used first: found, attempts, everyone."""
        return _attempt_tag_values(
            key=cache_key(self.key, tag), _tag=tag, _warehouse=self.warehouse
        )

    @cached_property
    def every_marker(self) -> list[Annotation]:
        """Releases, incidents and holidays, by day, withdrawn ones too."""
        return _markers(key=self.notes_key, _settings=self.settings, _warehouse=self.warehouse)

    @cached_property
    def markers(self) -> list[Annotation]:
        """Releases, incidents and holidays, by day."""
        return [each for each in self.every_marker if each.withdrawal is None]

    def listing(self, name: str) -> pd.DataFrame:
        """A list of the publication: 'loads', 'retention', 'volumes' or 'doubtful'."""
        return _listing(key=cache_key(self.key, name), _name=name, _warehouse=self.warehouse)

    @property
    def device_identity(self) -> str:
        """The identity of a user's device in this store: a device id, or OS and browser."""
        return device_identity(self.publication.definitions)

    @property
    def device_note(self) -> str | None:
        """A sentence on the identity of devices, where it isn't the device id; or None."""
        return BY_PLATFORM if self.device_identity == PLATFORM else None
