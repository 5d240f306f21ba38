"""The steps of a summary: each is a file of statements in `queries/fill`, with what all of them need."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

from kpi import store
from kpi.meaning.definitions import (
    ATTEMPT_WINDOW,
    PLATFORM,
    UNKNOWN_DEVICES,
    WIDEST_WINDOW,
)
from kpi.settings import Settings
from kpi.store import queries
from kpi.summary import basis
from kpi.summary.days import first_retained_day, judge_volumes, stored_frozen_before

EVENTS_AT_ONCE = 20_000_000
"""About the number of events that a statement groups: it bounds memory, however long the range."""


class Steps:
    """The steps of one run, over a publication that is being made.

    DuckDB writes one file a transaction, so steps of private tables and of published tables alternate:
    ``end_part`` is between them.
    """

    def __init__(
        self, settings: Settings, publishing: store.Publishing, report: Callable[[str], None]
    ) -> None:
        self.settings = settings
        self.connection = publishing.connection
        self.end_part = publishing.end_part
        self._report = report
        stored = queries.settings(self.connection)
        self.simulated = stored.get("simulated") == "1"
        self.frozen_before = stored_frozen_before(stored)
        self.anew = basis.differs(settings, self.connection, stored)
        self._constants: dict[str, object] = {
            "by_platform": int(settings.device_by == PLATFORM),
            "anew": int(self.anew),
            "values_per_tag": settings.kept_values,
            "sync_services": settings.sync_services,
            "min_day_percent": settings.min_day_percent,
            "min_coverage": settings.min_device_coverage,
            "complete_after_seconds": settings.complete_after_hours * 3600,
            "raw_table": settings.raw_table or "",
            "widest_window": WIDEST_WINDOW,
            "multi_device_window": ATTEMPT_WINDOW,
            "multi_device_reach": ATTEMPT_WINDOW - 1,
            "unknown_devices": UNKNOWN_DEVICES,
        }
        judge_volumes(settings, self.connection, self.frozen_before)

    def freeze(self, frozen_before: date) -> None:
        """Freeze the days before another, and judge the volumes of the rest."""
        self.frozen_before = frozen_before
        self.run("setting", name="frozen_before", setting=frozen_before.isoformat())
        judge_volumes(self.settings, self.connection, frozen_before)

    def run(self, step: str, **params: object) -> None:
        """Execute a step's statements, each with those of the parameters that it uses."""
        self._report(step)
        frozen = {
            "frozen_before": self.frozen_before,
            "first_retained": first_retained_day(self.frozen_before),
        }
        queries.run(self.connection, f"fill/{step}", **{**self._constants, **frozen, **params})


def days_at_once_of(events_a_day: float) -> int:
    """The number of days that hold about EVENTS_AT_ONCE events."""
    return max(1, EVENTS_AT_ONCE // max(1, int(events_a_day)))


def parts_of(first: date, last: date, days_at_once: int) -> Iterator[dict[str, date]]:
    """The days from first to last, both included, in runs of so many."""
    while first <= last:
        days = min(days_at_once, (last - first).days + 1)
        end = first + timedelta(days=days - 1)
        yield {"first_day": first, "last_day": end}
        first = end + timedelta(days=1)
