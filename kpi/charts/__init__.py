"""The charts: pure functions from a measure's frame to an Altair chart, which they leave unchanged.

One module per family of measures; `layers` draws values over days for all of them.
"""

from kpi.charts.attempts import completion_by, distribution, funnel, ready_within, times_by
from kpi.charts.breakdown import MOST_LINES, by_value, course, extent, largest, ranked
from kpi.charts.connection import connection_time
from kpi.charts.engagement import active_users, engagement_ratio
from kpi.charts.goals import goal_history, goal_spark, scale_strip
from kpi.charts.looks import (
    HEIGHT,
    Compared,
    GoalLine,
    Series,
    alt_text,
    has_values,
    unchecked,
)
from kpi.charts.multi_device import by_window, multi_device_users
from kpi.charts.spark import spark
from kpi.charts.specification import Specification, specification
from kpi.charts.volumes import unusual_days, volume

__all__ = [
    "HEIGHT",
    "MOST_LINES",
    "Compared",
    "GoalLine",
    "Series",
    "Specification",
    "active_users",
    "alt_text",
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
    "has_values",
    "largest",
    "multi_device_users",
    "ranked",
    "ready_within",
    "scale_strip",
    "spark",
    "specification",
    "times_by",
    "unchecked",
    "unusual_days",
    "volume",
]
