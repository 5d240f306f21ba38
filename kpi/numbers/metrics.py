"""The function of each table, by the table's name.

Queries return whole counts; every ratio, mean and percent is computed in these functions, once, for pages
and exports alike. Frames have the columns of the export, absent values as NA.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from kpi.numbers.attempts import (
    connection_breakdown,
    connection_distribution,
    ready_within,
    setup_steps,
)
from kpi.numbers.connections import completion, connection_time, steps
from kpi.numbers.firefox import firefox
from kpi.numbers.growth import growth, retention
from kpi.numbers.moved import moved
from kpi.numbers.moved_tags import moved_tags
from kpi.numbers.same_people import same_people
from kpi.numbers.users import device_coverage, engagement, multi_device

METRICS: dict[str, Callable[..., pd.DataFrame]] = {
    "engagement": engagement,
    "multi-device": multi_device,
    "device-coverage": device_coverage,
    "same-people": same_people,
    "growth": growth,
    "retention": retention,
    "connection-time": connection_time,
    "completion": completion,
    "steps": steps,
    "firefox": firefox,
    "moved": moved,
    "moved-tags": moved_tags,
    "ready-within": ready_within,
    "connection-distribution": connection_distribution,
    "connection-breakdown": connection_breakdown,
    "setup-steps": setup_steps,
}
