"""The headline of a KPI, the same on every page: its value over 28 days, the change, the last day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from kpi.meaning.definitions import MONTH, WEEK
from kpi.meaning.filters import Period
from kpi.meaning.measures import Measure
from kpi.numbers.kpi_values import KpiValues, Subject, WindowValue
from kpi.numbers.uncertainty import Interval, usual_swing


@dataclass(frozen=True)
class LastDay:
    """The KPI of the last day alone, and the users or attempts that it rests on; None where absent."""

    day: date
    value: float | None
    n: float | None


@dataclass(frozen=True)
class Headline:
    """A KPI over 28 days and over the 28 days that they are compared with.

    ``swing`` is the change that 95 of 100 pairs of such windows stay within when nothing happens; None
    where the history is too short to know it.
    """

    subject: Subject
    now: WindowValue
    before: WindowValue
    last: LastDay
    swing: float | None = None

    @property
    def change(self) -> float | None:
        """The difference of the two windows, in the KPI's unit."""
        if self.now.value is None or self.before.value is None:
            return None
        return self.now.value - self.before.value

    @property
    def unusual(self) -> bool:
        """True where the change is outside the usual swing; False where that is unknown."""
        change = self.change
        return change is not None and self.swing is not None and abs(change) > self.swing


def headline(
    values: KpiValues, subject: Subject, last_day: date, days_before: int = MONTH
) -> Headline:
    """The headline of the 28 days that end on a day, compared with those ``days_before`` earlier."""
    window = Period(last_day - timedelta(days=MONTH - 1), last_day)
    shift = timedelta(days=days_before)
    before = Period(last_day - timedelta(days=MONTH - 1) - shift, last_day - shift)
    return Headline(
        subject,
        values.over(subject, window),
        values.over(subject, before, bands=False),
        LastDay(
            last_day, _on(values.daily(subject), last_day), _on(values.daily_n(subject), last_day)
        ),
        usual_swing(values.week_values(subject, last_day), MONTH // WEEK, days_before // WEEK),
    )


def _on(days: pd.Series, day: date) -> float | None:
    value = days.get(pd.Timestamp(day))
    return None if value is None or pd.isna(value) else float(value)


def size_text(of: Headline) -> str | None:
    """The size of a change beside the KPI's usual swing; None where either is unknown."""
    if of.change is None or of.swing is None:
        return None
    return "more than usual" if of.unusual else "usual change"


def doubt_text(measure: Measure, value: WindowValue) -> str:
    """The interval of a value with the people or attempts behind it, or the way it is made of the days."""
    return f"{_interval(measure, value.interval)}{measure.n_text(value.n) or _basis(measure)}"


def _interval(measure: Measure, interval: Interval | None) -> str:
    if interval is None:
        return ""
    low, high = map(measure.text, interval)
    return f"between {low} and {high} (95% sure), "


def _basis(measure: Measure) -> str:
    """The way a count is made of the 28 days."""
    if measure.pooled_in:
        return "all of these days"
    return "users of these days" if measure.span == MONTH else "mean of the days"
