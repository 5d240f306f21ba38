"""Stories: what alerts have to say, from the first day out of the usual to the end.

They follow from the published tables, the goals and people's notes alone, for every day of the history, so
that nothing is lost where nobody was there to look.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from kpi.alerts import departures, verdicts
from kpi.alerts.departures import Stretch
from kpi.alerts.file import SWING, VERDICT, Alert
from kpi.alerts.verdicts import Change
from kpi.goals import Figures, Score, score, segment_of
from kpi.goals.frozen import Frozen
from kpi.goals.scoring import scored_day
from kpi.goals.words import signed
from kpi.meaning.definitions import WEEK
from kpi.numbers.annotations import Marker
from kpi.numbers.kpi_values import KpiValues
from kpi.numbers.warehouse import Warehouse
from kpi.text import day_text, days_text, sentence

TOUCHING = ("incident", "holiday")
"""Markers whose days say nothing of what is usual."""

MOST_MARKERS = 3


@dataclass(frozen=True)
class Story:
    """A stretch of days on which an alert has something to say.

    ``first`` and ``last`` are its first and its last day so far, ``known`` the complete day with which it was
    known, ``ended`` the complete day with which it was over; None while it goes on. ``what`` and ``size`` are
    what is the matter and how large it is, in words, ``markers`` the markers of these days. Another story
    ``follows`` where the end of this is its beginning.
    """

    alert: Alert
    first: date
    known: date
    last: date
    ended: date | None
    what: str
    size: str
    markers: tuple[str, ...] = ()
    follows: bool = False

    @property
    def headline(self) -> str:
        """The matter and its beginning or, once it is over, its days, in words without a value."""
        if self.ended is None:
            return f"{self.alert.name}: {self.what} since {day_text(self.first)}"
        days = days_text(self.first, self.last)
        return f"{self.alert.name}: {self.what}, {days}, over with {day_text(self.ended)}"

    @property
    def details(self) -> str:
        """The size of it, and the markers of its days, in sentences."""
        return f"{sentence(self.size)}{self._marked}"

    @property
    def text(self) -> str:
        """All of it in sentences."""
        return f"{self.headline}. {self.details}"

    @property
    def _marked(self) -> str:
        if not self.markers:
            return ""
        more = len(self.markers) - MOST_MARKERS
        rest = f" and {more} more" if more > 0 else ""
        return f" Markers: {'; '.join(self.markers[:MOST_MARKERS])}{rest}."


def stories(
    warehouse: Warehouse,
    alerts: Iterable[Alert],
    min_users: int = 10,
    frozen: Iterable[Frozen] = (),
    markers: Iterable[Marker] = (),
) -> list[Story]:
    """Every story of the history, in order of their first days; values of few people count as unknown.

    ``frozen`` are people's frozen baselines, ``markers`` those of charts.
    """
    values = KpiValues(warehouse, min_users)
    figures = Figures(warehouse, min_users, frozen=frozen)
    noted = sorted(markers, key=lambda marker: marker.day)
    listed: list[Story] = []
    for alert in alerts:
        if alert.rule == VERDICT:
            listed += _of_verdicts(figures, alert, noted)
        else:
            listed += _of_values(values, alert, noted)
    return sorted(listed, key=lambda story: (story.first, story.alert.id))


def _of_values(values: KpiValues, alert: Alert, markers: list[Marker]) -> Iterator[Story]:
    of, measure = alert.subject, alert.subject.kpi.measure
    days = values.daily(of)
    if alert.rule == SWING:
        touched = [marker.day for marker in markers if marker.kind in TOUCHING]
        judged = departures.swings(days, measure, touched)
    else:
        judged = departures.steps(days, values.daily_n(of), measure)
    for stretch in departures.stretches(judged, alert.rule):
        up = stretch.value > stretch.usual
        yield Story(
            alert,
            stretch.first,
            stretch.known,
            stretch.last,
            stretch.ended,
            f"{'higher' if up else 'lower'} than usual",
            _size(alert, stretch),
            _marked(markers, stretch.first, stretch.last),
        )


def _size(alert: Alert, stretch: Stretch) -> str:
    """The day that is farthest out, what it is compared with, and what is usual."""
    measure = alert.subject.kpi.measure
    compared = (
        f"{measure.text(stretch.usual)} a week before"
        if alert.rule == SWING
        else f"usually {measure.text(stretch.usual)}"
    )
    change = measure.change_text(stretch.value - stretch.usual)
    usual = measure.change_text(stretch.half).lstrip("+±")
    on = day_text(stretch.peak)
    return (
        f"{measure.text(stretch.value)} on {on}, {compared}: {change}, where up to {usual} is usual"
    )


def _of_verdicts(figures: Figures, alert: Alert, markers: list[Marker]) -> Iterator[Story]:
    """A story from each lasting change to the day on which the verdict of before is there again."""
    goal, filters = alert.goal, alert.subject.filters
    assert goal is not None
    first, last = date(goal.year, 1, 1), scored_day(goal, figures.last_day)
    if last < first or segment_of(goal, filters) is None:
        return

    def scored(day: date) -> Score:
        return score(figures, goal, filters, day, every_baseline=False)

    open_change: Change | None = None
    for change in [*verdicts.changes(lambda day: scored(day).status, first, last), None]:
        if open_change is not None:
            until = last if change is None else change.first - timedelta(days=1)
            yield Story(
                alert,
                open_change.first,
                open_change.known,
                until,
                None if change is None else change.known,
                f"{open_change.after} (before: {open_change.before})",
                _gap(scored(until)),
                _marked(markers, open_change.first, open_change.first),
                follows=change is not None and change.after != open_change.before,
            )
        back = open_change is not None and change is not None and change.after == open_change.before
        open_change = None if back else change


def _gap(score: Score) -> str:
    """The gap of a score and its day, or that it is unknown."""
    gap = "unknown" if score.gap is None else signed(score.gap, score.goal.unit)
    return f"gap {gap} on {day_text(score.as_of)}"


def _marked(markers: list[Marker], first: date, last: date) -> tuple[str, ...]:
    """The markers of the days, and of the week before, with which they are compared."""
    since = first - timedelta(days=WEEK)
    return tuple(
        f"{marker.label} ({day_text(marker.day)})"
        for marker in markers
        if since <= marker.day <= last
    )
