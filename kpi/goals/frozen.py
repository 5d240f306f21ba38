"""Frozen baselines: a value with its band, period and segment, stored with who froze it, when and why.

A frozen baseline is the team's default until it is withdrawn or a later one replaces it. Like all notes
by people they are apart from the publications, so that no summary, correction or crash of one can lose them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd

from kpi import store
from kpi.errors import Refused
from kpi.goals.file import Goal
from kpi.meaning.definitions import device_identity
from kpi.meaning.filters import Filters, Period
from kpi.numbers import notes
from kpi.numbers.notes import LONGEST_NAME, LONGEST_REASON, Withdrawal
from kpi.settings import Settings
from kpi.store import queries
from kpi.text import day_text

NOTE = "a frozen baseline"


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
    withdrawal: Withdrawal | None = None

    @property
    def period(self) -> Period:
        """The days that the value is of."""
        return Period(self.first_day, self.last_day)

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


def team_baseline(baselines: Iterable[Frozen], goal: Goal, definitions: str) -> Frozen | None:
    """The newest baseline that is a goal's default, of baselines in the order of `frozen_baselines`.

    It holds for the goal, isn't withdrawn, and ends in the goal's year or the year before, so that a new
    year's goals don't inherit the baseline of the last.
    """
    years = (goal.year - 1, goal.year)
    return next(
        (
            each
            for each in baselines
            if each.withdrawal is None
            and each.last_day.year in years
            and each.holds_for(goal, definitions)
        ),
        None,
    )


def freeze(settings: Settings, frozen: Frozen) -> None:
    """Keep a baseline for good; raises Refused where who or why is missing or too long."""
    row = asdict(frozen)
    row["frozen_by"] = notes.checked(frozen.frozen_by, NOTE, "who freezes it", LONGEST_NAME)
    row["reason"] = notes.checked(frozen.reason, NOTE, "the reason why", LONGEST_REASON)
    row["filters"] = notes.written_filters(frozen.filters, "a baseline")
    with store.storage_faults(settings), store.adding_notes(settings) as connection:
        queries.run(connection, "fill/baseline", **row)


def frozen_baselines(settings: Settings) -> list[Frozen]:
    """Every frozen baseline, withdrawn or not, the newest first."""
    with store.storage_faults(settings), store.reading_notes(settings) as connection:
        if connection is None:
            return []
        rows = queries.run(connection, "read/baseline").mappings().all()
        withdrawn = notes.withdrawals(connection)
    return [_read({**row, "withdrawal": withdrawn.get(row["baseline_id"])}) for row in rows]


def withdraw(settings: Settings, baseline_id: str, by: str, why: str) -> None:
    """Withdraw a frozen baseline, which stays in the history; refusals are those of `notes.withdraw`."""
    notes.withdraw(settings, baseline_id, by, why)


def by_id(settings: Settings, baseline_id: str) -> Frozen:
    """The frozen baseline of an id; raises Refused when there is none, or it was withdrawn."""
    every = frozen_baselines(settings)
    for frozen in every:
        if frozen.baseline_id != baseline_id:
            continue
        if frozen.withdrawal is None:
            return frozen
        by, day = frozen.withdrawal.withdrawn_by, day_text(frozen.withdrawal.withdrawn_at.date())
        raise Refused(
            f"{by} withdrew the baseline {baseline_id} on {day}; `python -m kpi baselines` says why"
        )
    known = ", ".join([each.baseline_id for each in every if each.withdrawal is None][:3])
    hint = f"; the newest: {known}" if known else "; none has been frozen yet"
    raise Refused(f"no frozen baseline has the id {baseline_id[:40]!r}{hint}")


def _read(row: dict[str, Any]) -> Frozen:
    for name in ("first_day", "last_day"):
        row[name] = pd.Timestamp(str(row[name])).date()
    return Frozen(**{**row, "filters": notes.read_filters(row["filters"])})
