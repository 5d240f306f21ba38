"""Filters and breakdowns that a store is closed to, since they could reveal small groups."""

from __future__ import annotations

from kpi.errors import Refused
from kpi.meaning.filters import Filters
from kpi.settings import Settings


def refuse(filters: Filters, by: str | None, settings: Settings) -> None:
    """Raises Refused where the settings close the store to such filters or to breakdowns."""
    if filters.subtracts and not settings.exclusions:
        raise Refused(
            "this store is closed to exclusions and to several values of one tag (KPI_EXCLUSIONS=0), "
            "since small groups come out by subtraction; give one value per tag"
        )
    if by and not settings.breakdowns:
        raise Refused(
            "this store is closed to breakdowns (KPI_BREAKDOWNS=0); narrow the table to one value instead"
        )
