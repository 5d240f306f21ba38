"""The registry of tables: names, queries, and the choices that a reader has.

`export`, Explore, downloads and pages read it; `kpi.numbers.metrics` has the function of each table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kpi.meaning.definitions import WINDOWS
from kpi.meaning.filters import ATTEMPT_BREAKDOWNS, BREAKDOWNS, Filters

AUDIENCES = ("all", "multi_device", "single_device")
ACCOUNTS = ("new", "existing")
PRODUCTS = ("desktop", "android", "ios")
STEPS = (
    "sequence.begin",
    "account.created",
    "account.login",
    "account.verified",
    "device.created",
    "device.connected",
)
MOVED = ("engagement-ratio", "multi-device-percent", "mau", "dau")
"""The measures whose change between two periods is split into groups of people."""

BASES = ("begun", "ready")
"""The attempts of a distribution: those begun in the period, or those that became ready in it."""


@dataclass(frozen=True)
class Level:
    """A column that distinguishes the rows of a day, with its values and its label on a page."""

    column: str
    label: str
    values: tuple[str, ...]

    @property
    def named(self) -> Mapping[str, str]:
        """The values by their names on a page."""
        return {value.replace("_", "-"): value for value in self.values}


@dataclass(frozen=True)
class Table:
    """A table.

    ``queries`` are its files in `queries/read`; ``choices`` the parts of a question that apply to it, of
    filters, devices, period, by, weekly, monthly, total, incomplete, window, of, bands, measure and days;
    ``tags`` the breakdowns that it has. A table that ``overlaps`` counts users, who can be in several
    segments, which don't add up. ``level`` distinguishes the rows of a day. Only ``exported`` tables are
    printed by `export`.
    """

    name: str
    queries: tuple[str, ...]
    choices: frozenset[str]
    tags: tuple[str, ...] = ()
    overlaps: bool = False
    level: Level | None = None
    exported: bool = True

    def accepts(self, choice: str) -> bool:
        """True where a part of a question applies to the table."""
        return choice in self.choices

    @property
    def of_attempts(self) -> bool:
        """True where the table counts connection attempts."""
        return self.accepts("devices")

    def applied(self, filters: Filters) -> Filters:
        """The part of a filter that applies to the table."""
        if not self.accepts("filters"):
            return Filters()
        return filters if self.of_attempts else filters.of_users

    @property
    def windows(self) -> tuple[int, ...]:
        """The device windows to choose from; none where there is no choice."""
        return WINDOWS if self.accepts("window") else ()


def _choices(names: str) -> frozenset[str]:
    return frozenset(names.split())


_BY_DAY = "filters period by weekly incomplete"
_USERS = _choices(_BY_DAY)
_ATTEMPTS = _choices(f"{_BY_DAY} devices monthly")
_POOLED = _choices("filters devices period incomplete")
_MOVED = _choices("filters period by incomplete window measure days")
_MOVED_QUERIES = ("moved_people", "moved_users")

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            "engagement",
            ("engagement",),
            _USERS | {"bands"},
            BREAKDOWNS,
            overlaps=True,
            level=Level("audience", "Users", AUDIENCES),
        ),
        Table(
            "multi-device",
            ("engagement",),
            _USERS | {"window", "bands"},
            BREAKDOWNS,
            overlaps=True,
        ),
        Table("device-coverage", ("engagement",), _USERS, BREAKDOWNS, overlaps=True),
        Table("same-people", ("same_people",), _USERS | {"bands"}, BREAKDOWNS, overlaps=True),
        Table("growth", ("growth",), _USERS | {"total"}, BREAKDOWNS, overlaps=True),
        Table("retention", ("returned",), _USERS, BREAKDOWNS, overlaps=True),
        Table(
            "connection-time",
            ("connection_time", "time_bands"),
            _ATTEMPTS | {"bands"},
            ATTEMPT_BREAKDOWNS,
            level=Level("account", "Account", ACCOUNTS),
        ),
        Table("completion", ("completion",), _ATTEMPTS | {"bands"}, ATTEMPT_BREAKDOWNS),
        Table(
            "steps", ("steps",), _ATTEMPTS, ATTEMPT_BREAKDOWNS, level=Level("step", "Step", STEPS)
        ),
        Table("firefox", ("firefox",), _choices("period weekly")),
        Table("moved", _MOVED_QUERIES, _MOVED, BREAKDOWNS),
        Table("moved-tags", _MOVED_QUERIES, _MOVED - {"by"}, exported=False),
        Table("ready-within", ("completion",), _ATTEMPTS - {"by"}, exported=False),
        Table(
            "connection-distribution", ("period_distribution",), _POOLED | {"of"}, exported=False
        ),
        Table(
            "connection-breakdown",
            ("period_attempts", "time_bands"),
            _POOLED | {"by", "bands"},
            ATTEMPT_BREAKDOWNS,
            exported=False,
        ),
        Table("setup-steps", ("period_steps",), _POOLED, exported=False),
    )
}
"""Every table by its name."""

EXPORTED = tuple(name for name, table in TABLES.items() if table.exported)
