"""Sentences on what changed in history since the digest before: numbers of days that it may have shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from kpi import store
from kpi.meaning.kpis import Kpi
from kpi.meaning.measures import COLUMNS
from kpi.numbers import revisions
from kpi.rows import each_row
from kpi.settings import Settings
from kpi.text import day_text, quantity, sentence, written


def revised(settings: Settings, since: int | None, kpis: Sequence[Kpi]) -> list[str]:
    """Sentences on the numbers of ``kpis`` that publications after ``since`` changed, over all users.

    Empty where there was no digest before, where its publication can't be shown any more, and on a database,
    which has its newest publication only.
    """
    if since is None or settings.database_url:
        return []
    if since not in [past.number for past in store.past_publications(settings)]:
        return []
    rows = revisions.by_column(revisions.revisions(settings, since, settings.min_users))
    return [line for kpi in kpis for line in _sentences(rows, kpi)]


def _sentences(rows: pd.DataFrame, kpi: Kpi) -> Iterator[str]:
    measure = kpi.measure
    of = rows[(rows["table"] == measure.metric) & (rows["column"] == measure.column)]
    if kpi.group is not None:
        of = of[of["group"] == kpi.group]
    for row in each_row(of):
        days = f"{quantity(row.days, 'day')} from {day_text(row.first_day)} to {day_text(row.last_day)}"
        size = ""
        if pd.notna(row.change):
            _, unit = COLUMNS[measure.column]
            sign = "+" if row.change > 0 else "−"
            size = f", by up to {sign}{written(abs(row.change), 'points' if unit == 'percent' else unit)}"
        yield sentence(f"{kpi.title}: {days}{size}. Reason: {row.because}")
