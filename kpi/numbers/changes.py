"""The change of a KPI between two periods of 28 days, as pages and digests put it into words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from kpi.meaning import services
from kpi.meaning.definitions import MONTH
from kpi.meaning.filters import BREAKDOWN_NAMES
from kpi.meaning.measures import Measure
from kpi.meaning.periods import SAME_WEEKDAY_YEAR
from kpi.numbers.headline import Headline, headline
from kpi.numbers.kpi_values import KpiValues, Subject
from kpi.numbers.moved import AND
from kpi.numbers.moved_words import Change
from kpi.text import days_text

KPI_OF = {"multi-device-percent": "multi_device_percent", "mau": "mau", "dau": "dau"}
"""The KPIs of measures of `moved`; that of the engagement ratio depends on the filters."""

USUAL_TAG = "os"


@dataclass(frozen=True)
class Compared:
    """A measure of `moved`, its KPI under filters, and the last days of two periods."""

    name: str
    subject: Subject
    before: date
    after: date

    @property
    def measure(self) -> Measure:
        """The KPI's measure."""
        return self.subject.kpi.measure

    @property
    def apart(self) -> int:
        """The days between the two."""
        return (self.after - self.before).days

    @property
    def days(self) -> tuple[str, str]:
        """The two periods in words."""
        first, second = (
            days_text(day - timedelta(days=MONTH - 1), day) for day in (self.before, self.after)
        )
        return first, second

    def headline(self, values: KpiValues) -> Headline:
        """The KPI over the later period, compared with the earlier."""
        return headline(values, self.subject, self.after, max(self.apart, 1))

    def year_before(self, values: KpiValues, first_day: date) -> float | None:
        """The KPI's change between the same weeks a year before; None where it is unknown."""
        shift = timedelta(days=SAME_WEEKDAY_YEAR)
        if self.before - shift - timedelta(days=MONTH - 1) < first_day:
            return None
        return headline(values, self.subject, self.after - shift, max(self.apart, 1)).change


def likely_tags(tags: pd.DataFrame) -> list[str]:
    """The tags to split a change by, most likely first: those with an unusual group, then the system.

    ``tags`` are the rows of `moved-tags`.
    """
    unusual = tags.loc[(tags["times_usual"] >= 1).fillna(False), "tag"]
    return [*unusual, USUAL_TAG, *tags["tag"]]


def change_of(
    compared: Compared,
    of: Headline,
    tag: str,
    groups: pd.DataFrame,
    tags: pd.DataFrame,
    year_before: float | None,
) -> Change:
    """The change with its groups by a tag, of the rows of `moved` and of `moved-tags`, services named."""
    by_tag = tags.set_index("tag")
    times = by_tag["times_usual"]
    return Change(
        compared.measure,
        groups=groups.iloc[:-1],
        whole=groups.iloc[-1],
        tag=BREAKDOWN_NAMES.get(tag, tag),
        unusual=by_tag["group"][tag] if (times[[tag]] >= 1).any() else None,
        known=bool(times.notna().any()),
        usual=None if of.swing is None else not of.unusual,
        year_before=year_before,
    )


def with_names(table: pd.DataFrame, tag: str | None = None) -> pd.DataFrame:
    """The table with the names of services in its groups, which are of ``tag`` or of each row's own."""
    tags = table["tag"] if tag is None else [tag] * len(table)
    groups = [
        AND.join(services.shown(of, value) for value in group.split(AND))
        if isinstance(group, str)
        else group
        for of, group in zip(tags, table["group"], strict=True)
    ]
    return table.assign(group=pd.Series(groups, table.index, table["group"].dtype))
