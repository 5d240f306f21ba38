"""A page: it asks questions under the reader's choices, and remembers the measures that it shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from kpi import charts
from kpi.dashboard import targets
from kpi.dashboard.address import Address
from kpi.dashboard.sidebar import Chosen
from kpi.dashboard.source import Source
from kpi.dashboard.words import link
from kpi.goals import Score
from kpi.meaning import parameters
from kpi.meaning.definitions import ATTEMPT_WINDOW, MONTH
from kpi.meaning.filters import Filters, Period
from kpi.meaning.kpis import KPIS
from kpi.meaning.measures import Measure
from kpi.meaning.periods import CUSTOM
from kpi.meaning.question import ALL_DAYS, Options, Question
from kpi.meaning.tables import TABLES
from kpi.numbers import coverage
from kpi.numbers.answers import Answer, days_in_name, download_name
from kpi.numbers.export import for_reading
from kpi.numbers.headline import Headline
from kpi.numbers.kpi_values import KpiValues, Subject
from kpi.text import day_text, days_text, plural


class Page:
    """The publication, the reader's choices, and the answers to questions about both."""

    def __init__(self, source: Source, address: Address, chosen: Chosen) -> None:
        self.source = source
        self.address = address
        self.chosen = chosen
        self.filters: Filters = chosen.filters
        self.period: Period = chosen.period
        self.min_users: int = source.min_users
        self.today: date = source.today
        self.first_day: date = source.first_day
        self.links = dict(address.chosen)
        """The choices in links to other pages."""
        self.measures: dict[str, Measure] = {}
        """The measures that were shown; their definitions are at the end of the page."""
        self.pictured: list[charts.Pictured] = []
        """The charts that were shown since the last tables: those below offer a picture of them."""
        self._shown: dict[Question, pd.DataFrame] = {}
        self._noted: set[str] = set()

    def question(
        self, table: str, by: str | None = None, period: Period = Period(), **options: Any
    ) -> Question:
        """A question about a table under the reader's filters and granularity, over all days by default.

        ``options`` are those of `kpi.meaning.question.Options`. Over all days cards can look back.
        """
        given = {"weekly": self.chosen.weekly, **options}
        return Question(table, self.filters, period, by, Options(**given), self.min_users)

    def ask(self, table: str, **choices: Any) -> Answer:
        """The answer to `Page.question`."""
        return self.source.answer(self.question(table, **choices))

    def ask_pooled(self, table: str, **choices: Any) -> Answer:
        """The answer over the reader's whole period, for tables that pool it."""
        return self.ask(table, period=self.whole_period, **choices)

    def every_cell(self, answer: Answer) -> Answer:
        """The same answer with nothing hidden: to explain absent values, never to be shown."""
        return self.source.answer(answer.question.with_every_cell())

    def shown(self, answer: Answer) -> pd.DataFrame:
        """The rows of an answer within the reader's period."""
        if answer.question not in self._shown:
            self._shown[answer.question] = answer.within(self.period)
        return self._shown[answer.question]

    def compared(self, answer: Answer) -> charts.Compared | None:
        """The rows of the days that the reader compares with, under their days of the period."""
        comparison = self.chosen.comparison
        if comparison is None:
            return None
        rows = comparison.of(answer.table, self.period)
        return charts.Compared(comparison.name, rows, self.source.markers, comparison.shift)

    def unfinished(self, answer: Answer) -> pd.DataFrame | None:
        """The rows of days after the last complete day, to be drawn apart; None where there are none."""
        last = self.source.publication.last_day
        if last is None or last <= self.today or self.period.bounds[1] < self.today:
            return None
        if self.chosen.weekly or not answer.question.kind.accepts("incomplete"):
            return None
        later = Period(self.today + timedelta(days=1))
        return self.source.answer(answer.question.with_options(incomplete=True)).within(later)

    @property
    def values(self) -> KpiValues:
        """The values of KPIs, from answers that readers share."""
        return self.source.values

    def subject(self, name: str, window: int = ATTEMPT_WINDOW) -> Subject:
        """A KPI, by its name, under the reader's filters."""
        return Subject(KPIS[name], self.filters, window)

    def headline(self, subject: Subject) -> Headline:
        """The KPI over the 28 days that end the period, against the days it is compared with."""
        comparison = self.chosen.comparison
        days = comparison.days if comparison else MONTH
        return self.source.headline(subject, self.last_shown_day, days)

    def course(self, subject: Subject) -> pd.Series:
        """The KPI by day up to the last day of the period."""
        days = self.values.daily(subject)
        return days[days.index <= pd.Timestamp(self.last_shown_day)]

    @cached_property
    def scores(self) -> list[Score]:
        """The scores of the year's goals for the days that end the period, as goals are: for all users."""
        return self.source.scores(self.last_shown_day)

    def scores_of(self, subject: Subject) -> list[Score]:
        """The scores of the goals about a KPI, whatever the segment."""
        return [
            score
            for score in self.source.scores(self.last_shown_day, subject.kpi.id)
            if score.goal.device_window == subject.device_window or not subject.kpi.of_devices
        ]

    def verdicts_of(self, subject: Subject) -> list[Score]:
        """Those of them that are about the reader's segment: a goal for all users says nothing of a part."""
        filters = subject.filters
        return [score for score in self.scores_of(subject) if score.goal.filters == filters]

    def goal_lines(self, *subjects: Subject) -> list[charts.GoalLine]:
        """The goals about KPIs that are the same value over the year, where they are about the segment."""
        return targets.lines(score for subject in subjects for score in self.verdicts_of(subject))

    @property
    def last_shown_day(self) -> date:
        """The day of the cards: the last complete day of the period."""
        return min(self.period.last or self.today, self.today)

    @property
    def has_days(self) -> bool:
        """True where the period has a day between the first and the last complete day of the store."""
        return self.last_shown_day >= max(self.first_day, self.period.first or self.first_day)

    @property
    def whole_period(self) -> Period:
        """The reader's period with both ends, up to the last complete day."""
        return Period(self.period.first or self.first_day, self.last_shown_day)

    def numbers_query(self, answer: Answer) -> str | None:
        """The query of a link to the answer's rows within the period; None for what no link asks for."""
        asked = answer.question
        if not asked.kind.exported:
            return None
        if asked.period == ALL_DAYS:
            asked = replace(asked, period=self.period)
        pairs, known = parameters.pairs_of(asked), parameters.parameters(asked.table)
        if self.source.is_past:
            pairs.append((parameters.PUBLICATION, str(self.source.publication.id)))
        return urlencode(pairs) if all(name in known for name, _ in pairs) else None

    def file_name(self, answer: Answer) -> str:
        """The name of the download of an answer's rows within the period, or of the periods it compares."""
        if answer.question.period != ALL_DAYS:
            return answer.file_name(answer.question.period.bounds)
        return answer.file_name((self.period.first or self.first_day, self.last_shown_day))

    def readable(self, answer: Answer) -> bytes:
        """The rows of an answer as CSV for people, with the page's context and the compared days."""
        beside, comparison = None, self.chosen.comparison
        if comparison is not None and "day" in answer.table:
            first, last = self.period.bounds
            days = Period(first - comparison.shift, last - comparison.shift)
            before = self.source.answer(replace(answer.question, period=days))
            beside = comparison.name, comparison.of(before.table, self.period)
        return for_reading(self.shown(answer), self.context(answer.question.filters), beside)

    def listing_name(self, name: str, table: pd.DataFrame) -> str:
        """The name of the download of a table that answers no question, such as the loads."""
        days = (self.period.first or self.first_day, self.last_shown_day)
        if "day" not in table:
            days = self.first_day, self.today
        return download_name(self.source.publication, [name, days_in_name(days)])

    def sentence(self, filters: Filters) -> str:
        """Filters and the days of the page in words."""
        words = filters.sentence()
        words = f"{words[:1].upper()}{words[1:]}"
        if self.chosen.segment is not None and filters == self.filters:
            words = f"{self.chosen.segment}: {words}"
        return f"{words}; {days_text(self.period.first or self.first_day, self.last_shown_day)}"

    def context(self, filters: Filters, marked: bool = False) -> list[str]:
        """The words that a picture or a table needs away from its page, with the markers where ``marked``."""
        publication = self.source.publication
        simulated = "Demo data (simulated). " if publication.simulated else ""
        first, last = self.period.first or self.first_day, self.last_shown_day
        markers = [
            f"▼ {day_text(marker.day)}, {marker.kind}: {marker.label}"
            for marker in self.source.markers
            if marked and first <= marker.day <= last
        ]
        lines = [
            f"{self.sentence(filters)}.",
            f"{simulated}Data through {day_text(self.today)} (UTC), built "
            f"{day_text(publication.built_at.date())} {publication.built_at:%H:%M}. "
            f"Definitions {publication.definitions}.",
            self.chosen.compared_words,
            "; ".join(markers),
        ]
        return [line for line in lines if line]

    @property
    def link(self) -> str:
        """The address of this page with its choices; defaults are left out."""
        return link(st.context.url or "", self.address.chosen)

    @property
    def fixed_link(self) -> str:
        """The address of this page with its two days in place of a period that moves with the data."""
        days = self.period.first or self.first_day, self.last_shown_day
        chosen = {"period": [CUSTOM], "from": [f"{days[0]}"], "to": [f"{days[1]}"]}
        fixed = days[0] <= days[1] and days[0] >= self.first_day
        return link(st.context.url or "", {**self.address.chosen, **(chosen if fixed else {})})

    def remember(self, measure: Measure) -> None:
        """Note that a measure is shown, so that the page ends with its definition."""
        self.measures[measure.id] = measure

    def once(self, note: str | None) -> str | None:
        """A note under the first chart that it is about; None under later charts of the page."""
        if note is None or note in self._noted:
            return None
        self._noted.add(note)
        return note

    def reason(self, words: str) -> str:
        """The reason why a part of the page is empty; one that several parts have is whole at the first."""
        return self.once(words) or "Nothing to show, for the reason given above."

    def why_unknown(
        self, measure: Measure, answer: Answer | None = None, audience: str | None = None
    ) -> str | None:
        """The reason why values of a measure can't be known on days of the period; or None."""
        first, last = self.period.first or self.first_day, self.last_shown_day
        if first > last:
            return None
        period = Period(first, last)
        if measure.metric == "same-people" or not TABLES[measure.metric].overlaps:
            return coverage.why_absent(self.source.warehouse, measure.metric, self.filters, period)
        if measure.metric == "engagement" and audience in (None, "all"):
            return None
        window = answer.question.options.window if answer else measure.window
        return coverage.why_no_devices(self.source.warehouse, period, window, measure.span)

    def coverage(self) -> str | None:
        """The share of users with a device under the filters, where it is below 95%; or None."""
        return coverage.coverage_sentence(self.shown(self.ask("device-coverage", weekly=False)))

    def not_applied(self, measure: Measure) -> str | None:
        """A note on the chosen filters of connections that don't apply to a measure; or None."""
        names = self.filters.of_attempts_only
        if not names or not TABLES[measure.metric].overlaps:
            return None
        filters, apply, are = (
            plural(len(names), *words)
            for words in (("filter",), ("applies", "apply"), ("it is", "they are"))
        )
        return f"The {filters} of {' and '.join(names)} {apply} to connections only: {are} not applied here."


def rows_of(table: pd.DataFrame, picked: Mapping[str, str]) -> pd.DataFrame:
    """The rows whose columns have the picked values, as audience='all'."""
    for column, value in picked.items():
        table = table[table[column] == value]
    return table
