"""The tables that `export goals` and `baselines` print."""

from __future__ import annotations

import sys
from datetime import date

import pandas as pd

from kpi.errors import Refused
from kpi.goals import drift, frozen, scoring, words
from kpi.goals.figures import Figures
from kpi.goals.file import read
from kpi.meaning.filters import Filters, Period
from kpi.numbers.warehouse import Warehouse, open_warehouse
from kpi.settings import Settings


def goal_table(
    settings: Settings,
    warehouse: Warehouse,
    filters: Filters,
    min_users: int,
    *,
    as_of: date | None = None,
    days: tuple[date | None, date | None] = (None, None),
    baseline: str | None = None,
    incomplete: bool = False,
    plain: bool = False,
) -> pd.DataFrame:
    """The score of every goal; a frozen baseline, and why a goal has no verdict, go to stderr.

    Arguments as in `goal_scores`. ``plain`` decides by the gap's sign alone.
    """
    figures = Figures(warehouse, min_users, incomplete, frozen=frozen.frozen_baselines(settings))
    scored = goal_scores(settings, figures, filters, as_of=as_of, days=days, baseline=baseline)
    for score in scored:
        named = words.target_base(score)
        if named:
            print(f"{score.goal.id}: {named}", file=sys.stderr)
        if score.reason:
            print(f"{score.goal.id}: {score.reason}", file=sys.stderr)
    return scoring.table(scored, plain)


def goal_scores(
    settings: Settings,
    figures: Figures,
    filters: Filters,
    *,
    as_of: date | None = None,
    days: tuple[date | None, date | None] = (None, None),
    baseline: str | None = None,
) -> list[scoring.Score]:
    """The scores of all goals.

    ``days`` are the first and last of a baseline period, ``baseline`` the id of a frozen baseline; raises
    Refused when that is for no goal.
    """
    goals = read()
    base: Period | frozen.Frozen | None = None
    if baseline:
        base = frozen.by_id(settings, baseline)
        if not scoring.of_some_goal(base, goals, filters, figures.definitions):
            raise Refused(
                f"the baseline {baseline} is of {base.measure}, {base.filters.sentence()}, "
                f"by definitions {base.definitions}, which no goal is about under these filters"
            )
    elif any(days):
        base = Period(*days)
    return scoring.scores(figures, goals, filters, as_of, base)


def frozen_table(settings: Settings) -> pd.DataFrame:
    """Every frozen baseline beside what its period gives today."""
    warehouse = open_warehouse(settings)
    try:
        figures = Figures(warehouse, settings.min_users, frozen=frozen.frozen_baselines(settings))
        return drift.table(drift.drifts(figures, figures.frozen))
    finally:
        warehouse.close()
