"""Values of goals: of a goal's KPI, and of the Firefox product that it is compared with."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import pandas as pd

from kpi.goals.file import Goal
from kpi.goals.frozen import Frozen, team_baseline
from kpi.meaning.filters import Period
from kpi.numbers.kpi_values import (
    Ask,
    KpiValues,
    Subject,
    WindowValue,
    whole_weeks,
)
from kpi.numbers.warehouse import Warehouse


def subject(goal: Goal) -> Subject:
    """The KPI, filters and device window that a goal is about."""
    return Subject(goal.kpi, goal.filters, goal.device_window)


class Figures:
    """One publication's values for goals; the arguments are those of `KpiValues`.

    ``frozen`` are the baselines that people froze, the newest first.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        min_users: int = 10,
        incomplete: bool = False,
        ask: Ask | None = None,
        frozen: Iterable[Frozen] = (),
    ) -> None:
        self._values = KpiValues(warehouse, min_users, incomplete, ask)
        self._everything = warehouse, incomplete
        self.min_users = min_users
        self.incomplete = incomplete
        self.last_day: date = self._values.last_day
        self.definitions: str = warehouse.publication.definitions
        self.frozen = tuple(frozen)

    def team_baseline(self, goal: Goal) -> Frozen | None:
        """The frozen baseline that is a goal's default; None where it is the year before."""
        return team_baseline(self.frozen, goal, self.definitions)

    def with_every_cell(self) -> Figures:
        """The same with nothing hidden: to say why something is absent, never to be shown."""
        warehouse, incomplete = self._everything
        return Figures(warehouse, 0, incomplete, frozen=self.frozen)

    def over(self, goal: Goal, window: Period) -> WindowValue:
        """The value of the goal's KPI over a window of days; see `KpiValues.over`."""
        return self._values.over(subject(goal), window)

    def days(self, goal: Goal) -> pd.Series:
        """The goal's KPI by UTC day, over every day of the store; absent values as NaN."""
        return self._values.daily(subject(goal))

    def compared_days(self, goal: Goal) -> pd.Series:
        """The ratio of the Firefox product a goal compares with, by UTC day; empty where none was given."""
        return self._values.firefox(goal.comparator or "")

    def compared_users(self, goal: Goal) -> pd.Series:
        """The monthly users behind each of these ratios."""
        return self._values.firefox(goal.comparator or "", "mau")

    def scored_days(self, goal: Goal) -> pd.Series:
        """By UTC day, the goal's KPI, or its lead over the comparator."""
        days = self.days(goal)
        if goal.comparator is None:
            return days
        return days - self.compared_days(goal).reindex(days.index)

    def scored_weeks(self, goal: Goal, as_of: date) -> pd.Series:
        """The same by whole week; see `KpiValues.week_values`."""
        if goal.comparator is None:
            return self._values.week_values(subject(goal), as_of)
        return whole_weeks(self.scored_days(goal), as_of)
