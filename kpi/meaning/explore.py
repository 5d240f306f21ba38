"""The measures that Explore offers, each with its table of the registry."""

from __future__ import annotations

from dataclasses import replace

from kpi.meaning.measures import MEASURES, Measure

NAMES = (
    "engagement_ratio same_people_ratio dau mau multi_device_percent multi_device_users "
    "monthly_multi_device_percent monthly_multi_device_users connection_time completion "
    "ready_within_5 ready_within_10 step_reached step_time"
).split()


def explorable() -> dict[str, Measure]:
    """Every measure that can be explored, by its title."""
    measures = (replace(MEASURES[name], metric=_table(MEASURES[name])) for name in NAMES)
    return {measure.title: measure for measure in measures}


def _table(measure: Measure) -> str:
    """The table of a measure that can be broken down: completion's has the shares within seconds, too."""
    return "completion" if measure.metric == "ready-within" else measure.metric
