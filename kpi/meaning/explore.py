"""The measures that Explore offers, each with its table of the registry."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kpi.meaning.measures import MEASURES, Measure
from kpi.meaning.tables import TABLES, Level

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
        """The tags by which it can be broken down: attempts have more than users."""
        return TABLES[self.measure.metric].tags

    @property
    def level(self) -> Level | None:
        """The level that distinguishes the rows of a day, if there are several."""
        return TABLES[self.measure.metric].level

    @property
    def windows(self) -> tuple[int, ...]:
        """The windows it can be counted by, where there are several."""
        return TABLES[self.measure.metric].windows


def explorable() -> dict[str, Explorable]:
    """Every measure that can be explored, by its title."""
    measures = (replace(MEASURES[name], metric=_table(MEASURES[name])) for name in NAMES)
    return {measure.title: Explorable(measure) for measure in measures}


def _table(measure: Measure) -> str:
    """The table of a measure that can be broken down: completion's has the shares within seconds, too."""
    return "completion" if measure.metric == "ready-within" else measure.metric
