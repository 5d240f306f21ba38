"""The charts: pure functions from a measure's frame to an Altair chart, which they leave unchanged.

One module per family of measures; `layers` draws values over days for all of them. A family is
imported with its first chart, since Altair takes a while and a page has other things to show first.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from kpi.charts.looks import (
    HEIGHT,
    MOST_LINES,
    Compared,
    GoalLine,
    Series,
)
from kpi.charts.spark import Spark, spark

if TYPE_CHECKING:
    from kpi.charts.attempts import (
        SHOWN_ROWS,
        completion_by,
        distribution,
        funnel,
        ready_within,
        times_by,
    )
    from kpi.charts.breakdown import by_value, course, extent, largest, ranked
    from kpi.charts.connection import connection_time
    from kpi.charts.engagement import active_users, engagement_ratio
    from kpi.charts.goals import goal_history, goal_spark, scale_strip
    from kpi.charts.multi_device import by_window, multi_device_users
    from kpi.charts.specification import Specification, specified, unchecked
    from kpi.charts.volumes import unusual_days, volume

FAMILIES = {
    "attempts": "SHOWN_ROWS completion_by distribution funnel ready_within times_by",
    "breakdown": "by_value course extent largest ranked",
    "connection": "connection_time",
    "engagement": "active_users engagement_ratio",
    "goals": "goal_history goal_spark scale_strip",
    "multi_device": "by_window multi_device_users",
    "specification": "Specification specified unchecked",
    "volumes": "unusual_days volume",
}
"""The modules that draw with Altair, and what each has for others."""


def __getattr__(name: str) -> Any:
    for family, names in FAMILIES.items():
        if name in names.split():
            return getattr(import_module(f"{__name__}.{family}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "HEIGHT",
    "MOST_LINES",
    "SHOWN_ROWS",
    "Compared",
    "GoalLine",
    "Series",
    "Spark",
    "Specification",
    "active_users",
    "by_value",
    "by_window",
    "completion_by",
    "connection_time",
    "course",
    "distribution",
    "engagement_ratio",
    "extent",
    "funnel",
    "goal_history",
    "goal_spark",
    "largest",
    "multi_device_users",
    "ranked",
    "ready_within",
    "scale_strip",
    "spark",
    "specified",
    "times_by",
    "unchecked",
    "unusual_days",
    "volume",
]
