"""Other ways to count a year of daily and monthly users under a filter, on the same users and days.

Each rival is prepared once (what it must keep) and asked for single days or for all of them. Prepared
things are built over the log's last days only, where users are many; sizes and times are per day, and
scaled to the year by whoever reports them.
"""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Protocol

import datasketches
import duckdb
import numpy as np
import pyroaring

from benchmarks.measure import seconds

MONTH = 28
HLL_PRECISION = 12

ONE_DAY = """
WITH picked AS (SELECT segment_id FROM picked_segment)
SELECT
  (
    SELECT {count}
    FROM events.user_day AS d
    INNER JOIN picked AS p ON p.segment_id = d.segment_id
    WHERE d.day = $1
  ),
  (
    SELECT {count}
    FROM events.user_day AS d
    INNER JOIN picked AS p ON p.segment_id = d.segment_id
    WHERE d.day > CAST($1 AS DATE) - 28 AND d.day <= $1
  )
"""
LAST_VALUE = """
CREATE TEMP TABLE last_value AS
WITH one AS (
  SELECT day, user_id, MAX(segment_id) AS segment_id
  FROM events.user_day
  GROUP BY day, user_id
),
held AS (
  SELECT
    day,
    segment_id,
    LEAST(
      COALESCE(LEAD(day) OVER (PARTITION BY user_id ORDER BY day), day + 28), day + 28
    ) AS until_day
  FROM one
)
SELECT day, segment_id, SUM(active) AS daily, SUM(change) AS change
FROM (
  SELECT day, segment_id, 1 AS active, 1 AS change FROM held
  UNION ALL
  SELECT until_day, segment_id, 0, -1 FROM held
)
GROUP BY day, segment_id
ORDER BY day, segment_id
"""
LAST_VALUE_ALL_DAYS = """
SELECT day, daily, SUM(change) OVER (ORDER BY day ROWS UNBOUNDED PRECEDING) AS monthly
FROM (
  SELECT v.day, SUM(v.daily) AS daily, SUM(v.change) AS change
  FROM last_value AS v
  INNER JOIN picked_segment AS p ON p.segment_id = v.segment_id
  GROUP BY v.day
)
ORDER BY day
"""


class Rival(Protocol):
    """One way of counting."""

    name: str
    exact: bool
    kept_bytes: float
    """Bytes that must be stored per day of data."""

    def day(self, day: date, segments: set[int]) -> tuple[float, float]:
        """Daily and monthly users of one day under a filter, given the segments it picks."""

    def year_seconds(self, days: list[date], whole: int, segments: set[int]) -> float:
        """Seconds for a chart of so many days, from the days asked."""


class PerDay:
    """A statement per day over users and days, the specification's way."""

    def __init__(self, engine: duckdb.DuckDBPyConnection, name: str, count: str, exact: bool):
        self.name, self.exact = name, exact
        self._engine, self._statement = engine, ONE_DAY.format(count=count)
        rows = engine.execute("SELECT COUNT(*), COUNT(DISTINCT day) FROM events.user_day")
        user_days, days = rows.fetchone()
        self.kept_bytes = user_days * 12 / days  # three integers a row, as they are stored

    def day(self, day: date, segments: set[int]) -> tuple[float, float]:
        return self._engine.execute(self._statement, [day]).fetchone()

    def year_seconds(self, days: list[date], whole: int, segments: set[int]) -> float:
        return whole * statistics.median(seconds(lambda d=d: self.day(d, segments)) for d in days)


class Bitmaps:
    """A Roaring bitmap of user ids per day and segment."""

    name, exact = "roaring", True

    def __init__(self, engine: duckdb.DuckDBPyConnection, days: list[date]) -> None:
        self._by_day = {
            day: {
                segment: pyroaring.BitMap(users)
                for segment, users in _users_by_segment(engine, day)
            }
            for day in days
        }
        sizes = [len(m.serialize()) for by in self._by_day.values() for m in by.values()]
        self.kept_bytes = sum(sizes) / len(days)

    def _daily(self, day: date, segments: set[int]) -> pyroaring.BitMap:
        picked = [sketch for segment, sketch in self._by_day[day].items() if segment in segments]
        return pyroaring.BitMap.union(*picked) if picked else pyroaring.BitMap()

    def day(self, day: date, segments: set[int]) -> tuple[float, float]:
        month = [self._daily(d, segments) for d in _month(day)]
        return len(month[-1]), len(pyroaring.BitMap.union(*month))

    def year_seconds(self, days: list[date], whole: int, segments: set[int]) -> float:
        """Every day's union once, then 28 of them for each day."""

        def run() -> None:
            daily = {day: self._daily(day, segments) for day in self._by_day}
            for day in list(self._by_day)[MONTH - 1 :]:
                len(pyroaring.BitMap.union(*(daily[d] for d in _month(day))))

        return _per_day(run, len(self._by_day)) * whole


class Sketches:
    """A HyperLogLog sketch per day and segment, merged."""

    name, exact = "hll", False

    def __init__(self, engine: duckdb.DuckDBPyConnection, days: list[date]) -> None:
        self._by_day = {
            day: {segment: _sketch(users) for segment, users in _users_by_segment(engine, day)}
            for day in days
        }
        sizes = [len(s.serialize_compact()) for by in self._by_day.values() for s in by.values()]
        self.kept_bytes = sum(sizes) / len(days)

    def _daily(self, day: date, segments: set[int]) -> datasketches.hll_sketch:
        return _merged(
            sketch for segment, sketch in self._by_day[day].items() if segment in segments
        )

    def day(self, day: date, segments: set[int]) -> tuple[float, float]:
        month = [self._daily(d, segments) for d in _month(day)]
        return month[-1].get_estimate(), _merged(month).get_estimate()

    def year_seconds(self, days: list[date], whole: int, segments: set[int]) -> float:
        """Every day's merge once, then 28 of them for each day."""

        def run() -> None:
            daily = {day: self._daily(day, segments) for day in self._by_day}
            for day in list(self._by_day)[MONTH - 1 :]:
                _merged(daily[d] for d in _month(day)).get_estimate()

        return _per_day(run, len(self._by_day)) * whole


class LastValue:
    """One attribution a user: the segment of the last event, as in Mozilla's exact-MAU tables."""

    name, exact = "last_value", False

    def __init__(self, engine: duckdb.DuckDBPyConnection) -> None:
        self._engine = engine
        engine.execute(LAST_VALUE)
        rows, days = engine.execute(
            "SELECT COUNT(*), COUNT(DISTINCT day) FROM last_value"
        ).fetchone()
        self.kept_bytes = rows * 16 / days

    def day(self, day: date, segments: set[int]) -> tuple[float, float]:
        users = {d: (daily, monthly) for d, daily, monthly in self._all_days()}
        return users.get(day, (0, 0))

    def _all_days(self) -> list[tuple]:
        return self._engine.execute(LAST_VALUE_ALL_DAYS).fetchall()

    def year_seconds(self, days: list[date], whole: int, segments: set[int]) -> float:
        return statistics.median(seconds(self._all_days) for _ in range(5))


def pick(engine: duckdb.DuckDBPyConnection, segments: set[int]) -> None:
    """Make the filter's segments known to the statements."""
    engine.execute(
        "CREATE OR REPLACE TEMP TABLE picked_segment AS SELECT UNNEST($1) AS segment_id",
        [sorted(segments) or [-1]],
    )


def _users_by_segment(
    engine: duckdb.DuckDBPyConnection, day: date
) -> Iterator[tuple[int, np.ndarray]]:
    columns = engine.execute(
        "SELECT segment_id, user_id FROM events.user_day WHERE day = $1 ORDER BY 1, 2", [day]
    ).fetchnumpy()
    segment, user = columns["segment_id"], columns["user_id"].astype(np.uint32)
    edges = np.flatnonzero(np.diff(segment)) + 1
    for users, first in zip(np.split(user, edges), [0, *edges], strict=True):
        if users.size:
            yield int(segment[first]), users


def _sketch(users: np.ndarray) -> datasketches.hll_sketch:
    sketch = datasketches.hll_sketch(HLL_PRECISION, datasketches.tgt_hll_type.HLL_8)
    deque(map(sketch.update, users.tolist()), maxlen=0)
    return sketch


def _merged(sketches: Iterator[datasketches.hll_sketch] | list) -> datasketches.hll_sketch:
    union = datasketches.hll_union(HLL_PRECISION)
    for sketch in sketches:
        union.update(sketch)
    return union.get_result()


def _month(day: date) -> list[date]:
    return [day - timedelta(days=back) for back in range(MONTH - 1, -1, -1)]


def _per_day(run, days: int) -> float:
    """Seconds per charted day, given a run over so many days."""
    return statistics.median(seconds(run) for _ in range(3)) / max(days - MONTH + 1, 1)
