"""A question: a table, filters, a period, a breakdown and options."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from kpi.meaning.definitions import ATTEMPT_WINDOW, MONTH, WEEK, WINDOWS
from kpi.meaning.filters import Filters, Period
from kpi.meaning.tables import BASES, MOVED, TABLES, Table

EVERYBODY, ALL_DAYS = Filters(), Period()
LEAST_SHOWN = 10
"""Counts of 1 to 9 people are hidden unless a question says otherwise."""


@dataclass(frozen=True)
class Options:
    """Points of a week, or of four; incomplete days; the device window; the base of attempts; intervals.

    Then one total; of a change between two periods: its measure, and the days that each period has.
    """

    weekly: bool = False
    incomplete: bool = False
    window: int = ATTEMPT_WINDOW
    of: str = BASES[0]
    bands: bool = False
    total: bool = False
    measure: str = MOVED[0]
    days: int = MONTH
    monthly: bool = False

    @property
    def point_days(self) -> int:
        """The days that a point has: 1, 7 or 28."""
        if self.monthly:
            return MONTH
        return WEEK if self.weekly else 1

    @property
    def chosen(self) -> dict[str, Any]:
        """The options that differ from the default, by name."""
        return {
            part.name: getattr(self, part.name)
            for part in fields(self)
            if getattr(self, part.name) != part.default
        }


@dataclass(frozen=True)
class Question:
    """A question to a table. Questions with the same meaning are equal, so they serve as keys of answers.

    ``table`` is a name of `kpi.meaning.tables.TABLES`; parts that don't apply to the table are reset to
    their defaults. Counts below ``shown_from`` people are hidden; 0 shows every cell.
    Raises ValueError for a tag, window, base or measure that the table doesn't have.
    """

    table: str
    filters: Filters = EVERYBODY
    period: Period = ALL_DAYS
    by: str | None = None
    options: Options = Options()
    shown_from: int = LEAST_SHOWN

    def __post_init__(self) -> None:
        table = TABLES[self.table]
        if self.by is not None and self.by not in table.tags:
            raise ValueError(f"{self.by!r} is none of {', '.join(table.tags) or 'no tag'}")
        if self.options.window not in WINDOWS:
            raise ValueError(f"the window must be a number of {WINDOWS}")
        if self.options.of not in BASES:
            raise ValueError(f"{self.options.of!r} is none of {', '.join(BASES)}")
        if self.options.measure not in MOVED:
            raise ValueError(f"{self.options.measure!r} is none of {', '.join(MOVED)}")
        filters = table.applied(self.filters)
        period = self.period if table.accepts("period") else ALL_DAYS
        options = replace(
            Options(), **{k: v for k, v in self.options.chosen.items() if table.accepts(k)}
        )
        for name, value in (("filters", filters), ("period", period), ("options", options)):
            object.__setattr__(self, name, value)

    @property
    def kind(self) -> Table:
        """The table's entry in the registry."""
        return TABLES[self.table]

    def with_every_cell(self) -> Question:
        """The same question with nothing hidden: to explain absent values, never to be shown."""
        return replace(self, shown_from=0)

    def with_options(self, **options: Any) -> Question:
        """The same question under other options."""
        return replace(self, options=replace(self.options, **options))

    def parameters(self, period: Period | None = None) -> dict[str, Any]:
        """The bound parameters of breakdown, filter and days; ``period`` replaces the question's own."""
        first, last = (period or self.period).bounds
        days = {"first_day": first, "last_day": last}
        return {"broken_by": self.by or "", **days, **self.filters.parameters()}

    def words(self) -> list[str]:
        """The breakdown and options, as parts of a file's name."""
        options = [
            name if value is True else f"{name}-{value}"
            for name, value in self.options.chosen.items()
        ]
        return [*([f"by-{self.by}"] if self.by else []), *options, *self.filters.words()]
