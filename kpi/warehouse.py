"""Reading a publication: the only way that measures and pages reach the numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

import duckdb
import pandas as pd
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from kpi import queries, store
from kpi.errors import NoData, WarehouseDown
from kpi.settings import Settings

CANT_READ = "the store can't be read now; try again, or run: python -m kpi doctor"


@dataclass(frozen=True)
class Publication:
    """What was built, when, by which definitions, and which days it tells of (UTC dates)."""

    id: int
    built_at: datetime
    definitions: str
    simulated: bool
    first_day: date | None
    last_complete_day: date | None
    last_day: date | None
    warnings: tuple[str, ...] = ()


class Warehouse:
    """One publication, opened for reading; safe to share between threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def frame(self, query: str, **params: Any) -> pd.DataFrame:
        """The result of a file in `queries/read` with bound parameters.

        Raises WarehouseDown, without SQL or hosts, when the engine can't answer.
        """
        try:
            with self._engine.connect() as connection:
                result = queries.run(connection, f"read/{query}", **params)
                return pd.DataFrame(result.all(), columns=list(result.keys()))
        except (SQLAlchemyError, duckdb.Error, OSError) as error:
            raise WarehouseDown(CANT_READ) from error

    @cached_property
    def publication(self) -> Publication:
        """What this warehouse holds."""
        found = self.frame("publication").to_dict("records")
        if not found:
            raise NoData("nothing has been summarised yet; run: python -m kpi summarise")
        row = found[0]
        warnings = []
        if row["days_missing"]:
            warnings.append(f"{row['days_missing']} days were never loaded; they are shown as gaps")
        return Publication(
            id=row["publication_id"],
            built_at=row["built_at"],
            definitions=row["definitions"],
            simulated=bool(row["simulated"]),
            first_day=_day(row["first_day"]),
            last_complete_day=_day(row["last_complete_day"]),
            last_day=_day(row["last_day"]),
            warnings=tuple(warnings),
        )

    @cached_property
    def tag_values(self) -> pd.DataFrame:
        """The values of each tag, most used first: tag, browser, found, users, everyone.

        Users are of the last 28 days; a row with a browser tells of that browser's versions.
        """
        return self.frame("tag_values")

    def known_values(self) -> dict[str, list[str]]:
        """The values of each tag, most used first."""
        values = self.tag_values
        return {
            str(tag): list(group["found"])
            for tag, group in values[values["browser"] == ""].groupby("tag", sort=False)
        }

    def close(self) -> None:
        """Let go of the publication."""
        self._engine.dispose()


def open_warehouse(settings: Settings) -> Warehouse:
    """The newest publication; raises NoData when there is none, Refused when it is of a newer version."""
    publication = store.publication_file(settings.home)
    warehouse = Warehouse(store.reading_engine(settings, publication))
    found = warehouse.frame("schema_version")
    store.refuse_newer_version(None if found.empty else int(found.iloc[0, 0]))
    return warehouse


def _day(value: Any) -> date | None:
    return None if pd.isna(value) else pd.Timestamp(value).date()
