"""The warehouse: a publication that answers questions."""

from __future__ import annotations

from pathlib import Path

from kpi import store
from kpi.meaning.question import Question
from kpi.numbers import metrics
from kpi.numbers.answers import Answer
from kpi.numbers.published import Published, noted, version_of
from kpi.settings import Settings


class Warehouse(Published):
    """A publication, opened for reading; safe to share between threads."""

    def ask(self, question: Question) -> Answer:
        """The answer to a question, with the statements that it was read with."""
        with noted() as readings:
            # Copied into a block per type, as reading it would do: charts are cached by their rows.
            table = metrics.METRICS[question.table](self, question).copy()
        return Answer(question, table, self.publication, tuple(readings))


def open_warehouse(settings: Settings, cache_size: int = 0, copy: Path | None = None) -> Warehouse:
    """The newest publication, or a local ``copy`` of a server's.

    Raises NoData when there is none, Refused when it is of a newer version.
    """
    opened = store.opened(settings, copy)
    warehouse = Warehouse(*opened, cache_size, settings.min_device_coverage)
    versions = warehouse.frame("schema_version")
    store.refuse_newer_version(None if versions.empty else version_of(versions))
    return warehouse
