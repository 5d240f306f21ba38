"""The warehouse: a publication that answers questions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from kpi import store
from kpi.errors import Refused
from kpi.meaning.question import Question
from kpi.numbers import metrics
from kpi.numbers.answers import Answer
from kpi.numbers.past import Apart, as_newest, beside_newest
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


class PastWarehouse(Warehouse):
    """An earlier publication, beside the newest: no answer differs from today's by a few people only."""

    newest: Warehouse

    @property
    def as_published(self) -> str:
        """The words for its numbers."""
        shown = self.publication
        return f"as published in publication {shown.id} of {shown.built_at:%Y-%m-%d %H:%M} UTC"

    def ask(self, question: Question) -> Answer:
        """The answer to a question, without the rows that would reveal a few people beside today's.

        Figures of Firefox, which accept no filter, are published by others: they are shown whole.
        """
        answer = super().ask(question)
        least = question.shown_from
        if least < 2 or answer.table.empty or not question.kind.accepts("filters"):
            return answer
        mine = self._apart(question)
        if not mine.counted:
            today = self.newest.ask(question).table
            return replace(answer, table=as_newest(answer.table, today))
        rests = [self._apart(wider).less(mine) for wider in _wider(question)]
        return replace(answer, table=beside_newest(answer.table, mine, rests, least))

    def _apart(self, question: Question) -> Apart:
        return Apart.of(super().ask(question).table, self.newest.ask(question).table)

    def close(self) -> None:
        """Let go of both publications."""
        super().close()
        self.newest.close()


def _wider(question: Question) -> Iterator[Question]:
    """The question without each part of its filter: attempts add up, so the rest of them is known too."""
    if question.kind.of_attempts:
        for dimension in question.filters.narrowed:
            yield replace(question, filters=question.filters.without(dimension))


def open_warehouse(
    settings: Settings,
    cache_size: int = 0,
    copy: Path | None = None,
    publication: int | None = None,
) -> Warehouse:
    """The newest publication, or a local ``copy`` of a server's, or an earlier ``publication``.

    Raises NoData when there is none, Refused when it is of a newer version or can't be shown.
    """
    opened = store.opened(settings, copy)
    warehouse = Warehouse(*opened, cache_size, settings.min_device_coverage)
    versions = warehouse.frame("schema_version")
    store.refuse_newer_version(None if versions.empty else version_of(versions))
    if publication is None or publication == warehouse.publication.id:
        return warehouse
    try:
        earlier = store.opened_past(settings, publication)
    except Refused:
        warehouse.close()
        raise
    past = PastWarehouse(*earlier, cache_size, settings.min_device_coverage)
    past.newest = warehouse
    return past
