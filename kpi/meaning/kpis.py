"""KPIs: a measure of one group of rows, such as the median time of new accounts. Cards show them and
goals are about them. They follow from the registries of measures and tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kpi.meaning.filters import Filters, Period
from kpi.meaning.measures import MEASURES, Measure
from kpi.meaning.question import Options, Question
from kpi.meaning.tables import TABLES, Table
from kpi.text import Unit

EVERYONE = "all"
"""The audience that a KPI is about unless its name says otherwise."""

RATIOS_AND_TIMES = ("percent", "seconds")


@dataclass(frozen=True)
class Kpi:
    """A measure, and the value of its table's level that picks its rows; None where there is no level."""

    measure: Measure
    group: str | None = None

    @property
    def id(self) -> str:
        """The name in the goals file, such as 'connection_time_new'."""
        if self.group in (None, EVERYONE):
            return self.measure.id
        return f"{self.measure.id}_{self.group.replace('.', '_')}"

    @property
    def title(self) -> str:
        """The name on a page, such as 'Median time to connect, new account'."""
        if self.group in (None, EVERYONE):
            return self.measure.title
        name = self.group.replace("_", "-")
        return f"{self.measure.title}, {name}{' account' * (self._level == 'account')}"

    @property
    def table(self) -> Table:
        """The table that holds it; of completion the table of all limits, which the connection page shows."""
        name = self.measure.metric
        return TABLES["ready-within" if name == "completion" else name]

    @property
    def unit(self) -> Unit:
        """Its unit."""
        return self.measure.unit

    @property
    def timed(self) -> bool:
        """True for a median of attempts, which is pooled over days and never averaged."""
        return self.unit == "seconds"

    @property
    def of_devices(self) -> bool:
        """True where it depends on the identity of users' devices."""
        return self.table.accepts("window") or (
            self._level == "audience" and self.group != EVERYONE
        )

    def rows(self, table: pd.DataFrame) -> np.ndarray:
        """True for its rows of a table: a row per day."""
        return self._of_group(table, self._level)

    def pooled(
        self, filters: Filters, period: Period, options: Options, shown_from: int
    ) -> Question:
        """The question that gives its value over all attempts of a period together."""
        by = "users" if self._level == "account" else None
        return Question(self.measure.pooled_in, filters, period, by, options, shown_from)

    def pooled_rows(self, table: pd.DataFrame) -> np.ndarray:
        """True for its row of the answer to `pooled`; for none where no attempt matches."""
        return self._of_group(table, {"account": "users", "step": "step"}.get(self._level or ""))

    def _of_group(self, table: pd.DataFrame, column: str | None) -> np.ndarray:
        if column is None:
            return np.ones(len(table), dtype=bool)
        return table[column].to_numpy(dtype=object) == self.group

    @property
    def _level(self) -> str | None:
        return None if self.table.level is None else self.table.level.column


def _kpis() -> Iterator[Kpi]:
    for measure in MEASURES.values():
        level = TABLES[measure.metric].level
        for group in level.values if level else (None,):
            yield Kpi(measure, group)


KPIS: dict[str, Kpi] = {kpi.id: kpi for kpi in _kpis()}
"""Every KPI by its name."""

GOAL_KPIS = {name: kpi for name, kpi in KPIS.items() if kpi.unit in RATIOS_AND_TIMES}
"""The KPIs that a goal may be about: ratios, shares and times."""
