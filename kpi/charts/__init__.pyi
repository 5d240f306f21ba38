from .attempts import (
    SHOWN_ROWS,
    WITHIN_SERIES,
    completion_by,
    distribution,
    funnel,
    ready_within,
    times_by,
)
from .breakdown import by_value, course, extent, largest, ranked
from .connection import connection_time
from .engagement import (
    ACTIVE_SERIES,
    ENGAGEMENT_SERIES,
    active_users,
    engagement_ratio,
    same_people,
)
from .flows import flows, retention
from .goals import goal_history, goal_spark, scale_strip
from .labels import LONGEST_LABEL
from .looks import HEIGHT, MOST_LINES, Compared, GoalLine, Series
from .moved import waterfall
from .multi_device import WINDOW_SERIES, by_window, multi_device_series, multi_device_users
from .picture import Picture, Pictured
from .spark import Spark, spark
from .specification import Specification, specified, unchecked
from .volumes import unusual_days, volume

__all__ = [
    "ACTIVE_SERIES",
    "ENGAGEMENT_SERIES",
    "HEIGHT",
    "LONGEST_LABEL",
    "MOST_LINES",
    "SHOWN_ROWS",
    "WINDOW_SERIES",
    "WITHIN_SERIES",
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
    "flows",
    "funnel",
    "goal_history",
    "goal_spark",
    "largest",
    "multi_device_series",
    "multi_device_users",
    "ranked",
    "ready_within",
    "retention",
    "same_people",
    "scale_strip",
    "spark",
    "specified",
    "times_by",
    "unchecked",
    "unusual_days",
    "volume",
    "waterfall",
]
