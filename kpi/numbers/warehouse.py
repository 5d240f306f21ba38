"""The warehouse: a publication that answers questions."""

from __future__ import annotations

from functools import partial

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


def open_warehouse(settings: Settings, cache_size: int = 0) -> Warehouse:
    """The newest publication; raises NoData when there is none, Refused when it is of a newer version."""
    key = store.lasting_key(settings)
    explain = partial(store.explained, settings)
    warehouse = Warehouse(
        store.reading_engine(settings), key, explain, cache_size, settings.min_device_coverage
    )
    versions = warehouse.frame("schema_version")
    store.refuse_newer_version(None if versions.empty else version_of(versions))
    return warehouse
