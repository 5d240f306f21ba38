"""The charts: pure functions from a measure's frame to an Altair chart, which they leave unchanged.

One module per family of measures; `layers` draws values over days for all of them.
"""

from kpi.charts.attempts import completion_by, distribution, funnel, ready_within, times_by
from kpi.charts.connection import connection_time
from kpi.charts.engagement import engagement_ratio
from kpi.charts.goals import goal_history, goal_spark, scale_strip
from kpi.charts.looks import GoalLine, Series, alt_text, has_values, without_description
from kpi.charts.multi_device import multi_device_users

__all__ = [
    "GoalLine",
    "Series",
    "alt_text",
    "completion_by",
    "connection_time",
    "distribution",
    "engagement_ratio",
    "funnel",
    "goal_history",
    "goal_spark",
    "has_values",
    "multi_device_users",
    "ready_within",
    "scale_strip",
    "times_by",
    "without_description",
]
