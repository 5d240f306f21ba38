"""Frozen baselines beside what the same period and segment give today."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from kpi.goals.figures import Figures
from kpi.goals.file import Goal, read
from kpi.goals.frozen import Frozen
from kpi.meaning.kpis import GOAL_KPIS

COLUMNS = (
    "baseline_id measure device_window baseline today drift low_80 high_80 low_95 high_95 days first_day "
    "last_day segment definitions publication_id frozen_at frozen_by reason default_of withdrawn_at "
    "withdrawn_by withdrawn_because"
).split()


@dataclass(frozen=True)
class Drift:
    """A frozen baseline, and its value as recalculated today; None where there is none any more.

    ``default_of`` are the ids of the goals that it is the default of.
    """

    frozen: Frozen
    today: float | None
    default_of: tuple[str, ...] = ()

    @property
    def drift(self) -> float | None:
        """The distance of today's value from the frozen value, in the measure's unit."""
        return None if self.today is None else self.today - self.frozen.baseline


def drifts(figures: Figures, baselines: Iterable[Frozen]) -> list[Drift]:
    """Each frozen baseline with today's value, which late files and corrections may have moved."""
    goals = {goal.id: figures.team_baseline(goal) for goal in read()}
    return [
        Drift(
            frozen,
            _today(figures, frozen),
            tuple(goal for goal, default in goals.items() if default == frozen),
        )
        for frozen in baselines
    ]


def table(drifts: Iterable[Drift]) -> pd.DataFrame:
    """One row per frozen baseline, as `python -m kpi baselines` prints them."""
    rows = []
    for each in drifts:
        row = {**vars(each.frozen), "today": each.today, "drift": each.drift}
        row["segment"] = each.frozen.filters.sentence()
        row["frozen_at"] = f"{each.frozen.frozen_at:%Y-%m-%dT%H:%M:%SZ}"
        row["default_of"] = " ".join(each.default_of)
        withdrawal = each.frozen.withdrawal
        row["withdrawn_at"] = withdrawal and f"{withdrawal.withdrawn_at:%Y-%m-%dT%H:%M:%SZ}"
        row["withdrawn_by"] = withdrawal and withdrawal.withdrawn_by
        row["withdrawn_because"] = withdrawal and withdrawal.reason
        row["first_day"] = each.frozen.first_day.isoformat()
        row["last_day"] = each.frozen.last_day.isoformat()
        rows.append([row[name] for name in COLUMNS])
    return pd.DataFrame(rows, columns=COLUMNS)


def _today(figures: Figures, frozen: Frozen) -> float | None:
    if frozen.measure not in GOAL_KPIS:
        return None  # frozen by a later version
    goal = Goal(
        id=frozen.baseline_id,
        title="",
        measure=frozen.measure,
        kind="floor",
        threshold=0.0,
        year=frozen.last_day.year,
        device_window=frozen.device_window,
        filters=frozen.filters,
    )
    if not frozen.holds_for(goal, figures.definitions):
        return None  # another device identity's numbers can't be compared
    return figures.over(goal, frozen.period).value
