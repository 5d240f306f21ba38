"""The published tables, through which measures and pages read the numbers."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any, TypeVar, cast

import duckdb
import pandas as pd
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from kpi import store
from kpi.errors import NoData, Refused, Republished, WarehouseDown
from kpi.rows import records
from kpi.settings import Settings
from kpi.store import connections, queries
from kpi.summary import anomalies
from kpi.text import day_text, plural, quantity

RECENT_DAYS = 28
"""Every page warns of unusual days for as long as a monthly count includes them."""

MOST_DERIVED = 64
"""Tables derived from readings that a warehouse retains; the least used are dropped first."""

STALE_AFTER_DAYS = 3
LISTS_SINCE_SCHEMA = 2
"""Publications of schema 1 have no list of loads; the next summary adds it."""

_Derived = TypeVar("_Derived")

Read = tuple[str, dict[str, Any]]
"""A reading: the file in `queries/read`, and its parameters."""

_READ: ContextVar[list[Read] | None] = ContextVar("read", default=None)

CANT_READ = "the store can't be read now; try again, or run: python -m kpi doctor"


@dataclass(frozen=True)
class Publication:
    """A publication: its number, time, version of the definitions, and days (UTC dates)."""

    id: int
    built_at: datetime
    definitions: str
    simulated: bool
    first_day: date | None
    last_complete_day: date | None
    last_day: date | None
    noted: tuple[str, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings about the numbers, in sentences: unusual and missing days, old data."""
        return (*self.noted, *self.old_data(datetime.now(UTC).date()))

    def old_data(self, today: date) -> tuple[str, ...]:
        """A sentence when the newest complete day is long past; simulated data don't age."""
        if self.simulated or self.last_complete_day is None:
            return ()
        age = (today - self.last_complete_day).days
        if age <= STALE_AFTER_DAYS:
            return ()
        return (
            f"The newest complete day is {quantity(age, 'day')} old: {day_text(self.last_complete_day)}; "
            "newer files may wait to be loaded and summarised",
        )


@contextmanager
def noted() -> Iterator[list[Read]]:
    """The readings made within the context, in order, also those answered from the cache."""
    read: list[Read] = []
    token = _READ.set(read)
    try:
        yield read
    finally:
        _READ.reset(token)


class Published:
    """The tables of one publication, opened for reading; safe to share between threads."""

    def __init__(
        self,
        engine: Engine,
        key: str | None = None,
        explain: Callable[[Exception], Refused | None] = lambda error: None,
        cache_size: int = 0,
        least_coverage: float = Settings.min_device_coverage,
    ) -> None:
        """``key`` identifies the publication where the engine would continue with the next publication.

        ``explain`` turns an error of the engine into a sentence. ``cache_size`` results are cached for
        measures that need the same counts. ``least_coverage`` is the least percent of users with a device
        for numbers of devices.
        """
        self._engine = engine
        self._key = key
        self._explain = explain
        self.least_coverage = least_coverage
        self._answered = lru_cache(cache_size)(self._answer)
        self._derived = lru_cache(MOST_DERIVED)(self._derive)

    def frame(self, query: str, **params: Any) -> pd.DataFrame:
        """The result of a file in `queries/read` with bound parameters.

        Raises WarehouseDown, without SQL or hosts, when the engine can't answer, and Republished when
        the publication isn't there any more.
        """
        read = _READ.get()
        if read is not None:
            read.append((query, params))
        given = ((k, tuple(v) if isinstance(v, list) else v) for k, v in params.items())
        # Shallow, since pandas copies what anyone changes.
        return self._answered(query, tuple(sorted(given))).copy(deep=False)

    def derived(self, function: Callable[..., _Derived], *arguments: Hashable) -> _Derived:
        """``function(self, *arguments)``, computed once for all questions: nobody may change it in place."""
        result, readings = self._derived(function, arguments)
        read = _READ.get()
        if read is not None:
            read.extend(readings)
        return cast(_Derived, result)

    def _derive(self, function: Callable[..., Any], arguments: tuple[Hashable, ...]) -> Any:
        with noted() as readings:
            return function(self, *arguments), readings

    def _answer(self, query: str, params: tuple[tuple[str, Any], ...]) -> pd.DataFrame:
        try:
            names, rows = connections.retried(lambda: self._read(query, dict(params)))
        except (SQLAlchemyError, duckdb.Error, OSError) as error:
            raise self._explain(error) or WarehouseDown(CANT_READ) from error
        # Column by column, since pandas looks at every row it is given.
        columns = map(list, zip(*rows, strict=True)) if rows else ([] for _ in names)
        named = zip(names, columns, strict=True)
        return pd.DataFrame({name: _plain(cells) for name, cells in named})

    def _read(self, query: str, params: dict[str, Any]) -> tuple[list[str], Sequence[Any]]:
        with self._engine.connect() as connection:
            if self._key is not None and store.stored_key(connection) != self._key:
                raise Republished("newer numbers were published just now; try again")
            result = queries.run(connection, f"read/{query}", **params)
            return list(result.keys()), result.all()

    @cached_property
    def publication(self) -> Publication:
        """The publication in this warehouse."""
        rows = records(self.frame("publication"))
        if not rows:
            raise NoData("nothing has been summarised yet; run: python -m kpi summarise")
        row = rows[0]
        return Publication(
            id=row["publication_id"],
            built_at=row["built_at"],
            definitions=row["definitions"],
            simulated=bool(row["simulated"]),
            **{name: _day(row[name]) for name in ("first_day", "last_complete_day", "last_day")},
            noted=tuple(self._noted(row)),
        )

    def _noted(self, row: dict[str, Any]) -> Iterator[str]:
        last = _day(row["last_complete_day"])
        if last is not None:
            since = last - timedelta(days=RECENT_DAYS - 1)
            yield from anomalies.sentences(self.frame("unusual_days", since=since))
        if row["days_missing"]:
            missing = row["days_missing"]
            yield f"{_days(missing)} never loaded; shown as {plural(missing, 'a gap', 'gaps')}"
        if row["days_loaded_early"]:
            early = row["days_loaded_early"]
            over = plural(early, "it was over; it doesn't", "they were over; they don't")
            yield f"{_days(early)} loaded before {over} count"
        doubtful = self.doubtful["day"].nunique()
        if doubtful:
            have = quantity(doubtful, "day has", "days have")
            yield f"{have} only a few stray events, which don't count; the Data page lists the rows"

    @cached_property
    def loads(self) -> pd.DataFrame:
        """The manifest of loads, the newest first; empty in a publication of the first schema."""
        return self._listed("load_manifest")

    @cached_property
    def retention(self) -> pd.DataFrame:
        """A row with first_kept and frozen_before, once anything expired."""
        return self._listed("retention")

    @cached_property
    def doubtful(self) -> pd.DataFrame:
        """The days whose few events don't make them loaded: day, load_id, source, events, first_lines."""
        return self.frame("doubtful_day")

    @cached_property
    def coverage(self) -> pd.DataFrame:
        """Users, users with a device and events with a sequence of every day with these counts."""
        return self.frame("day_coverage")

    @cached_property
    def lacks_sequences(self) -> bool:
        """True where no event of the whole store carries a sequence; False where that is unknown."""
        days = self.coverage
        if days.empty or days["events_with_sequence"].sum() > 0:
            return False
        return not days["any_attempt"].iloc[0]

    def _listed(self, query: str) -> pd.DataFrame:
        version = self.frame("schema_version")
        if version.empty or version_of(version) < LISTS_SINCE_SCHEMA:
            return pd.DataFrame()
        return self.frame(query)

    @cached_property
    def has_versionless_sets(self) -> bool:
        """True where users are also counted by sets of segments without their version."""
        return bool(self.frame("versionless_sets")["members"].iloc[0])

    @cached_property
    def volumes(self) -> pd.DataFrame:
        """Events per day and type, as `kpi.summary.anomalies` judges them."""
        return anomalies.volumes(
            self.frame("day_volumes", most_types=anomalies.MOST_TYPES).to_dict("records")
        )

    @cached_property
    def tag_values(self) -> pd.DataFrame:
        """The values of each tag, most used first: tag, browser, found, users, everyone.

        Users are of the last 28 days; a row with a browser is about that browser's versions.
        """
        return self.frame("tag_values")

    @cached_property
    def attempt_tag_values(self) -> pd.DataFrame:
        """The values of each tag that only attempts have, most used first: tag, found, attempts, everyone.

        Attempts are of the last 28 days.
        """
        return self.frame("attempt_tag_values")

    def known_values(self) -> dict[str, list[str]]:
        """The values of each tag, most used first."""
        values = self.tag_values
        every = (values[values["browser"] == ""], self.attempt_tag_values)
        return {
            str(tag): list(group["found"])
            for part in every
            for tag, group in part.groupby("tag", sort=False)
        }

    def close(self) -> None:
        """Let go of the publication."""
        self._engine.dispose()


def version_of(table: pd.DataFrame) -> int:
    """The version of the tables in the only row of `read/schema_version`."""
    return int(str(table.iloc[0, 0]))


def _days(count: int) -> str:
    return quantity(count, "day was", "days were")


def _plain(cells: list[Any]) -> list[Any]:
    """Numbers as Python's own, where an engine gives a sum of whole numbers as a decimal."""
    if not isinstance(next((cell for cell in cells if cell is not None), None), Decimal):
        return cells
    return [
        (int(cell) if cell == cell.to_integral_value() else float(cell))
        if isinstance(cell, Decimal)
        else cell
        for cell in cells
    ]


def _day(value: Any) -> date | None:
    return None if pd.isna(value) else pd.Timestamp(value).date()
