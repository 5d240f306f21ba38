"""Commands that print tables."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from typing import TYPE_CHECKING

from kpi.errors import Refused, Republished
from kpi.meaning.filters import TAGS, Filters, Period
from kpi.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

    from kpi.numbers.warehouse import Warehouse


def run_export(settings: Settings, asked: argparse.Namespace) -> None:
    from kpi.meaning.definitions import ATTEMPT_WINDOW
    from kpi.meaning.question import Options, Question
    from kpi.numbers import coverage, export
    from kpi.numbers.warehouse import open_warehouse

    period = Period(asked.first, asked.last)
    filters = Filters(
        **{name: tuple(getattr(asked, name) or ()) for tag in TAGS for name in (tag, f"not_{tag}")},
        users=asked.users,
        devices=asked.devices,
    )

    if filters.subtracts and not settings.exclusions:
        raise Refused(
            "this store is closed to exclusions and to several values of one tag (KPI_EXCLUSIONS=0), "
            "since small groups come out by subtraction; give one value per tag"
        )
    if asked.by and not settings.breakdowns:
        raise Refused(
            "this store is closed to breakdowns (KPI_BREAKDOWNS=0); narrow the table to one value instead"
        )

    def frame() -> pd.DataFrame:
        with closing(open_warehouse(settings)) as warehouse:
            return measured(warehouse)

    def measured(warehouse: Warehouse) -> pd.DataFrame:
        if not asked.allow_unknown and not filters.empty:
            unknown = filters.unknown_values(warehouse.known_values())
            if unknown:
                raise Refused(unknown)
        min_users = settings.min_users if asked.min_users is None else asked.min_users
        if asked.metric == "goals":
            return _goals(settings, warehouse, filters, min_users, asked)
        why = coverage.why_absent(
            warehouse, asked.metric, filters, period, asked.window or ATTEMPT_WINDOW
        )
        if why:
            print(why, file=sys.stderr)
        options = Options(asked.weekly, asked.include_incomplete, asked.window, bands=asked.bands)
        question = Question(asked.metric, filters, period, asked.by, options, min_users)
        return warehouse.ask(question).table

    try:
        table = frame()
    except Republished:
        table = frame()  # a summary was published meanwhile; the new numbers, all of them
    export.write(table, asked.form, asked.output)


def _goals(
    settings: Settings,
    warehouse: Warehouse,
    filters: Filters,
    min_users: int,
    asked: argparse.Namespace,
) -> pd.DataFrame:
    """The score of every goal; the reason where a goal has no verdict goes to stderr.

    Raises Refused for a frozen baseline that is for no goal.
    """
    from kpi import goals
    from kpi.goals import frozen, scoring

    every = goals.read()
    base: Period | frozen.Frozen | None = None
    if asked.baseline:
        base = frozen.by_id(settings, asked.baseline)
        if not scoring.of_some_goal(base, every, filters, warehouse.publication.definitions):
            raise Refused(
                f"the baseline {asked.baseline} is of {base.measure}, {base.filters.sentence()}, "
                f"by definitions {base.definitions}, which no goal is about under these filters"
            )
    elif asked.baseline_from or asked.baseline_to:
        base = Period(asked.baseline_from, asked.baseline_to)
    figures = goals.Figures(warehouse, min_users, asked.include_incomplete)
    scored = goals.scores(figures, every, filters, asked.as_of, base)
    for score in scored:
        if score.reason:
            print(f"{score.goal.id}: {score.reason}", file=sys.stderr)
    return goals.table(scored, asked.plain)


def run_baselines(settings: Settings, asked: argparse.Namespace) -> None:
    from kpi.goals import Figures, drift, frozen
    from kpi.numbers import export
    from kpi.numbers.warehouse import open_warehouse

    with closing(open_warehouse(settings)) as warehouse:
        figures = Figures(warehouse, settings.min_users)
        table = drift.table(drift.drifts(figures, frozen.frozen_baselines(settings)))
    export.write(table, asked.form, asked.output)
