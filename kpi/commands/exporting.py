"""Commands that print tables."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from typing import TYPE_CHECKING

from kpi.errors import Refused, Republished
from kpi.meaning.filters import FILTER_TAGS
from kpi.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

    from kpi.meaning.filters import Filters
    from kpi.numbers.segments import Segment
    from kpi.numbers.warehouse import Warehouse


def run_export(settings: Settings, asked: argparse.Namespace) -> None:
    from kpi.goals.command import goal_table
    from kpi.meaning.definitions import ATTEMPT_WINDOW
    from kpi.meaning.filters import Filters, Period
    from kpi.meaning.question import Options, Question
    from kpi.numbers import closed, coverage, export, past, segments
    from kpi.numbers.warehouse import PastWarehouse, open_warehouse

    if asked.metric == "revisions":
        return _export_revisions(settings, asked)
    if asked.metric == "projections":
        return _export_projections(settings, asked)
    period = Period(asked.first, asked.last)
    whole = Filters(
        **{
            name: tuple(getattr(asked, name) or ())
            for tag in FILTER_TAGS
            for name in (tag, f"not_{tag}")
        },
        users=asked.users,
        devices=asked.devices,
    )

    segment = None
    if asked.segment is not None:
        segment = segments.read(settings).by_name(asked.segment)
        whole = segment.filters
    closed.refuse(whole, asked.by, settings)

    number = asked.publication
    if asked.published_by is not None:
        number = past.number_by(settings, asked.published_by)

    def frame() -> pd.DataFrame:
        with closing(open_warehouse(settings, publication=number)) as warehouse:
            if isinstance(warehouse, PastWarehouse):
                print(warehouse.as_published, file=sys.stderr)
            return measured(warehouse)

    def measured(warehouse: Warehouse) -> pd.DataFrame:
        filters = whole
        if segment is not None:
            filters = _of_segment(segment, asked, warehouse)
        elif not asked.allow_unknown and not filters.empty:
            unknown = filters.unknown_values(warehouse.known_values())
            if unknown:
                raise Refused(f"{unknown} (or pass --allow-unknown)")
        min_users = settings.min_users if asked.min_users is None else asked.min_users
        if asked.metric == "goals":
            return goal_table(
                settings,
                warehouse,
                filters,
                min_users,
                as_of=asked.as_of,
                days=(asked.baseline_from, asked.baseline_to),
                baseline=asked.baseline,
                incomplete=asked.include_incomplete,
                plain=asked.plain,
            )
        why = coverage.why_absent(
            warehouse, asked.metric, filters, period, asked.window or ATTEMPT_WINDOW
        )
        if why:
            print(why, file=sys.stderr)
        options = Options(
            asked.weekly,
            asked.include_incomplete,
            asked.window,
            bands=asked.bands,
            measure=asked.measure,
            days=asked.days,
            total=asked.total,
        )
        question = Question(asked.metric, filters, period, asked.by, options, min_users)
        return warehouse.ask(question).table

    try:
        table = frame()
    except Republished:
        table = frame()  # a summary was published meanwhile; the new numbers, all of them
    export.write(table, asked.form, asked.output)


def _of_segment(segment: Segment, asked: argparse.Namespace, warehouse: Warehouse) -> Filters:
    """The filters of a segment that apply to the table; their words, and what doesn't apply, go to stderr."""
    from kpi.meaning.tables import TABLES
    from kpi.numbers import segments

    filters, lost = segment.filters, None
    if not asked.allow_unknown:
        filters, lost = segments.fitted(segment, warehouse.known_values())
    of_attempts = asked.metric in TABLES and TABLES[asked.metric].of_attempts
    apart = () if of_attempts else filters.of_attempts_only
    filters = filters if of_attempts else filters.of_users
    print(f"segment {segment.name!r}: {filters.sentence()}", file=sys.stderr)
    if apart:
        print(f"{', '.join(apart)}: of attempts only, not applied", file=sys.stderr)
    if lost:
        print(lost, file=sys.stderr)
    return filters


def run_segments(settings: Settings, asked: argparse.Namespace) -> None:
    from kpi.numbers import export, segments

    export.write(segments.table(segments.read(settings)), asked.form, asked.output)


def run_baselines(settings: Settings, asked: argparse.Namespace) -> None:
    from kpi.goals.command import frozen_table
    from kpi.numbers import export

    export.write(frozen_table(settings), asked.form, asked.output)


def _export_revisions(settings: Settings, asked: argparse.Namespace) -> None:
    from kpi.goals import frozen
    from kpi.numbers import export, past, revisions

    if asked.baseline:
        since = frozen.by_id(settings, asked.baseline).publication_id
    elif asked.since:
        since = past.number_by(settings, asked.since)
    else:
        since = asked.publication
    past.refuse_unknown(settings, since)
    least = settings.min_users if asked.min_users is None else asked.min_users
    export.write(revisions.revisions(settings, since, least), asked.form, asked.output)


def _export_projections(settings: Settings, asked: argparse.Namespace) -> None:
    from kpi.goals.projected import projection_table
    from kpi.numbers import export

    least = settings.min_users if asked.min_users is None else asked.min_users
    export.write(projection_table(settings, least), asked.form, asked.output)


def run_publications(settings: Settings, asked: argparse.Namespace) -> None:
    from kpi import store
    from kpi.numbers import export, past

    export.write(past.listed(settings), asked.form, asked.output)
    began = store.beginning(settings)
    if began:
        print(began, file=sys.stderr)
