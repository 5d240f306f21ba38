"""What can be explored: any measure, whose rows of it, and the tags it can be broken down by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from kpi.definitions import WINDOWS
from kpi.filters import ATTEMPT_BREAKDOWNS, BREAKDOWNS
from kpi.measures import MEASURES, Measure
from kpi.metrics import ACCOUNTS, AUDIENCES, STEPS, USER_METRICS

LEVELS: dict[str, tuple[str, str, Mapping[str, str]]] = {
    "engagement": (
        "Users",
        "audience",
        {name.replace("_", "-"): name for name in AUDIENCES},
    ),
    "connection-time": ("Account", "account", {name: name for name in ACCOUNTS}),
    "steps": ("Step", "step", {name: name for name in STEPS}),
}
"""By table: what its rows are told apart by (label, column), and their values by name."""

PICKS_WINDOW = "multi-device"
NAMES = (
    "engagement_ratio dau mau multi_device_percent multi_device_users "
    "monthly_multi_device_percent monthly_multi_device_users connection_time completion "
    "ready_within_5 ready_within_10 step_reached step_time"
).split()


@dataclass(frozen=True)
class Explorable:
    """A measure that can be explored, and the tags that its users or attempts carry."""

    measure: Measure

    @property
    def dimensions(self) -> tuple[str, ...]:
        """What it can be broken down by: attempts carry more tags than users do."""
        return BREAKDOWNS if self.measure.metric in USER_METRICS else ATTEMPT_BREAKDOWNS

    @property
    def level(self) -> tuple[str, str, Mapping[str, str]] | None:
        """What tells the rows of a day apart: label, column, values by name; None where nothing does."""
        return LEVELS.get(self.measure.metric)

    @property
    def windows(self) -> tuple[int, ...]:
        """The windows it can be counted by, where there are several."""
        return WINDOWS if self.measure.metric == PICKS_WINDOW else ()


def explorable() -> dict[str, Explorable]:
    """Every measure that can be explored, by its title."""
    told = (replace(MEASURES[name], metric=_table(MEASURES[name])) for name in NAMES)
    return {measure.title: Explorable(measure) for measure in told}


def _table(measure: Measure) -> str:
    """The table of a measure that can be broken down: the shares within seconds stand in completion's."""
    return "completion" if measure.metric == "ready-within" else measure.metric
