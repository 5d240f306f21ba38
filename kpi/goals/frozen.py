"""Frozen baselines: a value with its band, period and segment, stored with who froze it, when and why.

They are apart from the publications, so that no summary, correction or crash of one can lose them, and
rows are only ever added. See `kpi.store.baselines` for the embedded store's.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd

from kpi import store
from kpi.errors import Refused
from kpi.goals.file import Goal
from kpi.meaning.definitions import device_identity
from kpi.meaning.filters import Filters
from kpi.settings import Settings
from kpi.store import queries

# Bytes of UTF-8, as the columns of every engine count them.
LONGEST_NAME, LONGEST_REASON, LONGEST_FILTERS = 256, 1024, 4096


@dataclass(frozen=True)
class Frozen:
    """A baseline as it was when it was frozen; the bands are absent for periods too short for them."""

    measure: str
    device_window: int
    baseline: float
    low_80: float | None
    high_80: float | None
    low_95: float | None
    high_95: float | None
    days: int
    first_day: date
    last_day: date
    filters: Filters
    definitions: str
    publication_id: int
    frozen_by: str
    reason: str
    frozen_at: datetime
    baseline_id: str

    def holds_for(self, goal: Goal, definitions: str) -> bool:
        """True where it is of a goal's measure, device window and segment, by today's device identity."""
        identity = device_identity(self.definitions)
        if goal.of_devices and identity != device_identity(definitions):
            return False
        return (self.measure, self.device_window, self.filters) == (
            goal.measure,
            goal.device_window,
            goal.filters,
        )


def new_id() -> str:
    """A name for a baseline that no other has."""
    return secrets.token_hex(6)


def now() -> datetime:
    """The moment of freezing, in UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


def checked_words(text: str, what: str, longest: int) -> str:
    """The text that a reader typed, trimmed; raises Refused where it is empty, too long or can't be shown."""
    text = text.strip()
    if not text:
        raise Refused(f"a frozen baseline needs {what}")
    if len(text.encode("utf-8", "replace")) > longest:
        raise Refused(f"{what} may have {longest} bytes at most")
    if not all(character.isprintable() or character == "\n" for character in text):
        raise Refused(f"{what} holds characters that can't be shown")
    return text


def freeze(settings: Settings, frozen: Frozen) -> None:
    """Keep a baseline for good; raises Refused where who or why is missing or too long."""
    row = asdict(frozen)
    row["frozen_by"] = checked_words(frozen.frozen_by, "who freezes it", LONGEST_NAME)
    row["reason"] = checked_words(frozen.reason, "the reason why", LONGEST_REASON)
    row["filters"] = _written(frozen.filters)
    if len(row["filters"].encode()) > LONGEST_FILTERS:
        raise Refused("the filters are too long to be stored with a baseline")
    with store.storage_faults(settings), store.adding_baselines(settings) as connection:
        queries.run(connection, "fill/baseline", **row)


def frozen_baselines(settings: Settings) -> list[Frozen]:
    """Every frozen baseline, the newest first."""
    with store.storage_faults(settings), store.reading_baselines(settings) as connection:
        if connection is None:
            return []
        rows = queries.run(connection, "read/baseline").mappings().all()
    return [_read(dict(row)) for row in rows]


def by_id(settings: Settings, baseline_id: str) -> Frozen:
    """One frozen baseline; raises Refused when there is none of that id."""
    every = frozen_baselines(settings)
    for frozen in every:
        if frozen.baseline_id == baseline_id:
            return frozen
    known = ", ".join(frozen.baseline_id for frozen in every[:3])
    hint = f"; the newest: {known}" if known else "; none has been frozen yet"
    raise Refused(f"no frozen baseline has the id {baseline_id[:40]!r}{hint}")


def _written(filters: Filters) -> str:
    """Filters as text that any later version can read; what isn't narrowed is left out."""
    narrowed = {name: value for name, value in asdict(filters).items() if value}
    return json.dumps(narrowed, ensure_ascii=False, sort_keys=True)


def _read(row: dict[str, Any]) -> Frozen:
    entries = json.loads(str(row["filters"]))
    known = {field.name for field in fields(Filters)}
    picked: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in entries.items()
        if name in known
    }
    for name in ("first_day", "last_day"):
        row[name] = pd.Timestamp(str(row[name])).date()
    return Frozen(**{**row, "filters": Filters(**picked)})
