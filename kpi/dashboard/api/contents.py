"""The contents behind links: a table's bytes, as `export` writes them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

import kpi
from kpi import goals
from kpi.dashboard.source import Source
from kpi.errors import Refused, WarehouseDown
from kpi.goals import scoring
from kpi.goals.command import goal_scores
from kpi.meaning import parameters
from kpi.meaning.filters import Filters, Period
from kpi.numbers import closed, export, past, segments
from kpi.numbers.answers import days_in_name, download_name
from kpi.numbers.segments import Segments
from kpi.numbers.warehouse import PastWarehouse

MEDIA = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "arrow": "application/vnd.apache.arrow.file",
    "parquet": "application/vnd.apache.parquet",
}
"""The media type of each form of a table."""

Pairs = Sequence[tuple[str, str]]
"""The names and texts of a link's parameters."""


@dataclass(frozen=True)
class Content:
    """Bytes to be written: all that decides them, the name of their file, and their media type.

    ``read`` asks the store, at a page's turn; ``write`` turns what it returned into bytes.
    ``note`` is a sentence beside them.
    """

    key: tuple[Any, ...]
    file: str
    media: str
    read: Callable[[], Any]
    write: Callable[[Any], bytes]
    note: str | None = None

    @property
    def tag(self) -> str:
        """The ETag: weak, since what is between may compress the bytes."""
        content = repr((_code(), *self.key)).encode("utf-8", "replace")
        return f'W/"{hashlib.blake2b(content, digest_size=16).hexdigest()}"'


def table(source: Source, name: str, form: str, pairs: Pairs) -> Content:
    """A table in a form; raises Refused for what the link can't ask for."""
    values = parameters.given(parameters.parameters(name), pairs, name)
    source = published(source, values)
    picked, note = filters(source, values)
    note = noted(source, note)
    if name == parameters.GOALS:
        return _goals(source, form, values, picked.of_users, note)
    question = parameters.question(name, values, picked, source.min_users)
    publication = source.publication
    days = question.period.first or source.first_day, question.period.last or source.today
    words = [name, days_in_name(days), *question.words()]
    return Content(
        (source.key, source.settings.min_device_coverage, question, form),
        download_name(publication, words).removesuffix("csv") + form,
        MEDIA[form],
        lambda: source.answer(question).table,
        lambda table: export.written(table, form),
        note,
    )


def published(source: Source, values: dict[str, Any]) -> Source:
    """The source of the publication that a link names, which is taken out of its values; else the newest.

    Raises Refused where it can't be shown, and where a link names two.
    """
    day, number = (values.pop(each.name, None) for each in parameters.PUBLICATIONS)
    if day and number:
        raise Refused("published-by and publication name a publication each; give one of them")
    if day:
        number = past.number_by(source.settings, day)
    return source.as_of(number) if number else source


def noted(source: Source, note: str | None) -> str | None:
    """A note with the words for an earlier publication before it."""
    if isinstance(source.warehouse, PastWarehouse):
        return "; ".join(filter(None, (source.warehouse.as_published, note)))
    return note


def filters(source: Source, values: Mapping[str, Any]) -> tuple[Filters, str | None]:
    """The filters of a link, its own or those of the segment that it names, and a note on what they lack.

    Raises Refused for what the store is closed to, and for values that it doesn't have.
    """
    picked, name, note = parameters.filters(values), values.get(parameters.SEGMENT), None
    if name is not None and not picked.empty:
        raise Refused("a segment has its own filters; leave out the others")
    known = {} if name is None and picked.empty else source.warehouse.known_values()
    if name is not None:
        picked, note = segments.fitted(_segments(source).by_name(name), known)
    closed.refuse(picked, values.get("by"), source.settings)
    unknown = picked.unknown_values(known)
    if unknown:
        raise Refused(unknown)
    return picked, note


def _segments(source: Source) -> Segments:
    """The segments by name; a broken file of them is no fault of the link."""
    try:
        return source.segments()
    except Refused as refusal:
        raise WarehouseDown(str(refusal)) from refusal


def _goals(
    source: Source, form: str, values: dict[str, Any], picked: Filters, note: str | None
) -> Content:
    days = values.get("baseline-from"), values.get("baseline-to")
    Period(*days)
    if values.get("baseline") and any(days):
        raise Refused("a baseline has its own period; leave out its days")

    def read() -> pd.DataFrame:
        scores = goal_scores(
            source.settings,
            source.figures(values.get("include-incomplete", False)),
            picked,
            as_of=values.get("as-of"),
            days=days,
            baseline=values.get("baseline"),
        )
        return scoring.table(scores, values.get("plain", False))

    settings = source.settings
    return Content(
        (
            source.notes_key,
            settings.min_device_coverage,
            source.min_users,
            goals.read(),
            values,
            picked,
            form,
        ),
        download_name(source.publication, ["goals", *picked.words()]).removesuffix("csv") + form,
        MEDIA[form],
        read,
        lambda table: export.written(table, form),
        note,
    )


@cache
def _code() -> str:
    """A sign of the program that writes the bytes: another version may write others."""
    folder = Path(kpi.__file__).resolve().parent
    files = [*folder.rglob("*.py"), *folder.parent.glob("queries/**/*.sql")]
    files += folder.parent.glob("requirements.lock")
    content = b"".join(file.read_bytes() for file in sorted(files))
    return hashlib.blake2b(content, digest_size=8).hexdigest()
