from .attempts import SHOWN_ROWS, completion_by, distribution, funnel, ready_within, times_by
from .breakdown import by_value, course, extent, largest, ranked
from .connection import connection_time
from .engagement import active_users, engagement_ratio
from .goals import goal_history, goal_spark, scale_strip
from .labels import shortened
from .looks import HEIGHT, MOST_LINES, Compared, GoalLine, Series
from .multi_device import by_window, multi_device_users
from .picture import Picture, Pictured
from .spark import Spark, spark
from .specification import Specification, specified, unchecked
from .volumes import unusual_days, volume

__all__ = [
    "HEIGHT",
    "MOST_LINES",
    "SHOWN_ROWS",
    "Compared",
    "GoalLine",
    "Picture",
    "Pictured",
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
    "shortened",
    "spark",
    "specified",
    "times_by",
    "unchecked",
    "unusual_days",
    "volume",
]
