"""KPIs in the 8 weeks before and after a day, such as that of a marker."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from kpi.meaning.definitions import WEEK
from kpi.meaning.filters import Period
from kpi.numbers.kpi_values import KpiValues, Subject

WEEKS = 8
SPAN = timedelta(days=WEEKS * WEEK)


@dataclass(frozen=True)
class Around:
    """A KPI over the 8 weeks before a day, and over the 8 that begin with it.

    Each is None where it is unknown, or where too few of its days have a value for a verdict.
    """

    before: float | None
    after: float | None

    @property
    def change(self) -> float | None:
        """The difference of the two, in the KPI's unit."""
        if self.before is None or self.after is None:
            return None
        return self.after - self.before


def around(values: KpiValues, subject: Subject, day: date) -> Around:
    """A KPI around a day, as `KpiValues.over` gives it: the mean of the days, or of all attempts together."""
    before, after = day - SPAN, day + SPAN - timedelta(days=1)
    return Around(
        _known(values, subject, Period(before, day - timedelta(days=1))),
        _known(values, subject, Period(day, after)),
    )


def _known(values: KpiValues, subject: Subject, window: Period) -> float | None:
    value = values.over(subject, window, bands=False)
    return None if value.why_no_verdict else value.value
