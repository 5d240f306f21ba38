"""The content of a digest as plain data; every number is that of a page and of its export."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import pandas as pd

from kpi import goals
from kpi.delivery.pages import page_link
from kpi.digest.revised import revised
from kpi.digest.span import Span
from kpi.errors import Refused
from kpi.goals import Figures, words
from kpi.goals.frozen import frozen_baselines
from kpi.goals.outlook import Outlook, outlook
from kpi.meaning.definitions import MONTH
from kpi.meaning.filters import BREAKDOWN_NAMES, Period
from kpi.meaning.kpis import KPIS
from kpi.meaning.periods import CUSTOM
from kpi.meaning.question import EVERYBODY, Options, Question
from kpi.numbers import trust
from kpi.numbers.annotations import history
from kpi.numbers.answers import Answer
from kpi.numbers.changes import Compared, change_of, likely_tags, with_names
from kpi.numbers.headline import Headline, doubt_text, size_text
from kpi.numbers.kpi_values import KpiValues, Subject
from kpi.numbers.moved_words import sentences
from kpi.numbers.warehouse import Warehouse
from kpi.rows import each_row
from kpi.settings import Settings
from kpi.text import PRODUCT, day_text, days_text, sentence

MOST_PARTS = 3
FOUR_WEEKS = timedelta(days=MONTH - 1)
COURSE_DAYS = 90
"""Days of the line beside a KPI, as on its card."""

SPLIT = {
    "engagement_ratio": ("engagement-ratio", "engagement ratio"),
    "multi_device_percent": ("multi-device-percent", "multi-device"),
    "mau": ("mau", "monthly users"),
}
"""KPIs whose change is split into groups: the measure of `moved`, and its name in a link to the page."""

SHOWN = (*SPLIT, "connection_time_new", "connection_time_existing")
"""The KPIs of a digest: those of the Overview's cards, and monthly users."""


@dataclass(frozen=True)
class GoalLine:
    """A goal: the figures of `export goals`, the verdict in words, and the verdict of ``since``."""

    id: str
    title: str
    status: str
    was: str
    distance: str
    ending: str
    baseline: float | None
    target: float | None
    actual: float | None
    gap: float | None
    low: float | None
    high: float | None
    days: int
    n: int
    link: str | None

    @property
    def changed(self) -> bool:
        """True where the verdict differs from the one before."""
        return self.status != self.was


@dataclass(frozen=True)
class Part:
    """A group's part of a change."""

    group: str
    total: float
    text: str


@dataclass(frozen=True)
class KpiLine:
    """A KPI over 28 days, its change, and the groups that the change goes along with.

    ``why`` says why there is no value, or no split; ``tag`` is the tag of the groups.
    """

    id: str
    title: str
    value: float | None
    before: float | None
    value_text: str
    change_text: str
    size: str | None
    doubt: str
    moved: bool
    sentences: tuple[str, ...]
    tag: str | None
    parts: tuple[Part, ...]
    why: str | None
    link: str | None

    @property
    def listed(self) -> str:
        """The groups with their parts, in words."""
        return "; ".join(f"{part.group} {part.text}" for part in self.parts)


@dataclass(frozen=True)
class Digest:
    """The content of a week's or a month's digest, over all users."""

    id: str
    every: str
    due: date
    day: date
    title: str
    context: str
    compared: str
    publication: int
    simulated: bool
    summary: str
    since: str
    goals: tuple[GoalLine, ...]
    kpis: tuple[KpiLine, ...]
    revisions: tuple[str, ...]
    markers: tuple[str, ...]
    trust: str
    trusted: bool
    warnings: tuple[str, ...]
    links: Mapping[str, str]

    @property
    def lead(self) -> tuple[str, ...]:
        """The first sentences: the verdicts that changed, and the KPIs that changed by more than usual."""
        verdicts = [
            f"{goal.title}: {goal.status}; on {self.since} it was: {goal.was}."
            for goal in self.goals
            if goal.changed
        ]
        unusual = [
            f"{kpi.title} changed by more than usual: {kpi.change_text}."
            for kpi in self.kpis
            if kpi.moved
        ]
        none = [f"No verdict has changed since {self.since}."] if self.goals else []
        return (*(verdicts or none), *(unusual or ["No KPI changed by more than usual."]))

    @property
    def something_moved(self) -> bool:
        """True where a verdict changed, a KPI by more than usual, history, or where numbers are no use."""
        return (
            any(goal.changed for goal in self.goals)
            or any(kpi.moved for kpi in self.kpis)
            or bool(self.revisions)
            or not self.trusted
        )


@dataclass(frozen=True)
class Courses:
    """The lines beside the words: a KPI's days, and a goal's weeks with its outlook; by id."""

    kpis: Mapping[str, pd.Series]
    goals: Mapping[str, Outlook]


class Gathering:
    """The gathering of a digest from a publication, the settings, and the days."""

    def __init__(self, settings: Settings, warehouse: Warehouse, span: Span) -> None:
        self._settings, self._warehouse, self._span = settings, warehouse, span
        self._answers: dict[Question, Answer] = {}
        self._values = KpiValues(warehouse, settings.min_users, ask=self._answer)

    def digest(self, today: date, since: int | None = None) -> Digest:
        """The digest, with what changed in history after publication ``since``, that of the one before."""
        span, publication = self._span, self._warehouse.publication
        scores = [shown.score for shown in self._outlooks.values()]
        problems = trust.problems(self._warehouse, self._settings, today)
        demo = "Demo data (simulated). " if publication.simulated else ""
        return Digest(
            id=span.id,
            every=span.every,
            due=span.due,
            day=span.day,
            title=f"{PRODUCT}, {span.every} to {day_text(span.day)}",
            context=f"{demo}All users. Data through {day_text(span.day)} (UTC), built "
            f"{day_text(publication.built_at.date())} {publication.built_at:%H:%M}. Definitions "
            f"{publication.definitions}.",
            compared=f"KPIs are about {self._days(span.day)}, against {self._days(span.before)}.",
            publication=publication.id,
            simulated=publication.simulated,
            summary=words.summary(scores) if scores else "",
            since=day_text(span.since),
            goals=tuple(map(self._goal, self._outlooks.values())),
            kpis=tuple(map(self._kpi, SHOWN)),
            revisions=tuple(revised(self._settings, since, [KPIS[name] for name in SHOWN])),
            markers=tuple(self._markers()),
            trust=trust.answer(self._warehouse, problems),
            trusted=not any(problem.grave for problem in problems),
            warnings=tuple(problem.sentence for problem in problems),
            links=self._links(),
        )

    def courses(self) -> Courses:
        """The lines that pictures show."""
        days = {name: self._values.daily(Subject(KPIS[name])) for name in SHOWN}
        last = pd.Timestamp(self._span.day)
        return Courses(
            {name: course.loc[:last].tail(COURSE_DAYS) for name, course in days.items()},
            self._outlooks,
        )

    @cached_property
    def _figures(self) -> Figures:
        frozen = frozen_baselines(self._settings)
        return Figures(self._warehouse, self._settings.min_users, ask=self._answer, frozen=frozen)

    @cached_property
    def _outlooks(self) -> dict[str, Outlook]:
        """The goals of the year, by id."""
        day = self._span.day
        asked = [goal for goal in goals.read() if goal.year == day.year]
        scored = goals.scores(self._figures, asked, as_of=day)
        return {each.goal.id: outlook(self._figures, each) for each in scored}

    def _answer(self, question: Question) -> Answer:
        if question not in self._answers:
            self._answers[question] = self._warehouse.ask(question)
        return self._answers[question]

    def _goal(self, shown: Outlook) -> GoalLine:
        score, goal = shown.score, shown.goal
        before = goals.score(self._figures, goal, as_of=self._span.since, every_baseline=False)
        return GoalLine(
            id=goal.id,
            title=goal.title,
            status=score.status,
            was=before.status,
            distance=words.distance(score),
            ending=_ending(shown),
            baseline=score.baseline,
            target=score.target,
            actual=score.actual,
            gap=score.gap,
            low=score.low,
            high=score.high,
            days=score.days,
            n=score.n,
            link=self._link("/goals", **self._period, **{f"open_{goal.id}": "true"}),
        )

    def _kpi(self, name: str) -> KpiLine:
        subject = Subject(KPIS[name])
        measured, in_link = SPLIT.get(name, (name, ""))
        compared = Compared(measured, subject, self._span.before, self._span.day)
        of, measure = compared.headline(self._values), compared.measure
        known = of.now.value is not None
        said, tag, parts, why = self._split(compared, of) if in_link else ((), None, (), None)
        return KpiLine(
            id=name,
            title=subject.kpi.title,
            value=of.now.value,
            before=of.before.value,
            value_text=measure.text(of.now.value),
            change_text="" if of.change is None else measure.change_text(of.change),
            size=size_text(of),
            doubt=doubt_text(measure, of.now) if known else "",
            moved=of.unusual,
            sentences=said,
            tag=tag,
            parts=parts,
            why=why if known else sentence(of.now.reason or "no value to show"),
            link=self._link(
                "/what_moved",
                moved=in_link,
                before=str(self._span.before),
                after=str(self._span.day),
            )
            if in_link
            else self._link("/connection_time", **self._period),
        )

    def _split(
        self, compared: Compared, of: Headline
    ) -> tuple[tuple[str, ...], str | None, tuple[Part, ...], str | None]:
        """The sentences on a change, the tag and its largest groups; or why there are none."""
        try:
            tags = self._answer(self._moved(compared, "moved-tags")).table
            tag, groups = self._groups(compared, tags)
        except Refused as refusal:
            return (), None, (), sentence(str(refusal))
        named, named_tags = with_names(groups, tag), with_names(tags)
        before = compared.year_before(self._values, self._first_day)
        change = change_of(compared, of, tag, named, named_tags, before)
        parts = [
            Part(row.group, float(row.total), compared.measure.change_text(float(row.total)))
            for row in each_row(named.iloc[:-1].head(MOST_PARTS))
            if not compared.measure.flat(float(row.total))
        ]
        return tuple(sentences(change)), BREAKDOWN_NAMES[tag], tuple(parts), None

    def _groups(self, compared: Compared, tags: pd.DataFrame) -> tuple[str, pd.DataFrame]:
        """The first likely tag that splits the change, and its groups; raises Refused where none does."""
        refused = Refused("no tag splits the change")
        for tag in likely_tags(tags):
            try:
                return tag, self._answer(self._moved(compared, "moved", tag)).table
            except Refused as refusal:
                refused = refusal
        raise refused

    def _moved(self, compared: Compared, table: str, by: str | None = None) -> Question:
        period = Period(compared.before, compared.after)
        options = Options(measure=compared.name)
        return Question(table, EVERYBODY, period, by, options, self._settings.min_users)

    def _markers(self) -> Iterator[str]:
        """The markers of people within the days that are compared."""
        first = Period(self._span.before, self._span.day)
        for marker in history(self._settings, self._warehouse):
            if marker.withdrawal is None and first.bounds[0] < marker.day <= first.bounds[1]:
                yield f"{day_text(marker.day)}, {marker.kind}: {marker.label}"

    @property
    def _first_day(self) -> date:
        return self._warehouse.publication.first_day or self._span.day

    @property
    def _period(self) -> dict[str, str]:
        """The choice of a period, in links: the days of the year up to the day."""
        first = max(self._first_day, self._span.day.replace(month=1, day=1))
        return {"period": CUSTOM, "from": str(first), "to": str(self._span.day)}

    def _links(self) -> dict[str, str]:
        pages = {
            "Overview": self._link("/", **self._period),
            "Goals": self._link("/goals", **self._period),
            "Data": self._link("/data"),
        }
        return {name: address for name, address in pages.items() if address}

    def _link(self, path: str, **choices: str) -> str | None:
        """A page under these choices; None where the dashboard's address isn't set."""
        return page_link(self._settings, path, choices)

    @staticmethod
    def _days(last: date) -> str:
        return days_text(last - FOUR_WEEKS, last)


def _ending(shown: Outlook) -> str:
    """Where the year may end, and the chance of meeting the goal, as on the Goals page."""
    if shown.now is None or shown.target is None:
        return ""
    if shown.projection is None or not shown.days_left:
        return sentence(words.ending(shown))
    chance = words.chance_text(shown.projection.chance(shown.goal, shown.target))
    return (
        f"On {day_text(shown.end)}: {sentence(words.ending(shown))} Chance of meeting it: {chance}."
    )
