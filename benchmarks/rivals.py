"""Other ways to count a year of daily and monthly users under a filter, on the same users and days.

Each rival is prepared once (what it must store) and asked for the days that it reaches: a single day, the
days it was prepared for, or the whole history. Times are per day, and scaled to the year by whoever reports
them. Those of ClickHouse are in `benchmarks.clickhouse`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Literal, Protocol

import datasketches
import duckdb
import numpy as np
import pyroaring

MONTH = 28
PRECISION = 12
"""The logarithm of the places of a sketch, of either kind."""

Counts = dict[date, tuple[float, float]]
"""Daily and monthly users by day."""

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
ISLANDS = """
WITH active AS (
  SELECT DISTINCT d.user_id, d.day
  FROM events.user_day AS d
  INNER JOIN picked_segment AS p ON p.segment_id = d.segment_id
),
around AS (
  SELECT
    day,
    LAG(day) OVER (PARTITION BY user_id ORDER BY day) AS before_day,
    LEAD(day) OVER (PARTITION BY user_id ORDER BY day) AS after_day
  FROM active
),
edge AS (
  SELECT
    day,
    1 AS users,
    CASE WHEN before_day IS NULL OR day - before_day > 28 THEN 1 ELSE 0 END AS change
  FROM around
  UNION ALL
  SELECT day + 28, 0, -1
  FROM around
  WHERE after_day IS NULL OR after_day - day > 28
  UNION ALL
  SELECT day, 0, 0 FROM kpi.day_status WHERE type = '(all)'
)
SELECT day, SUM(users) AS daily, SUM(SUM(change)) OVER (ORDER BY day) AS monthly
FROM edge
GROUP BY day
ORDER BY day
"""
WINDOWED = """
WITH active AS (
  SELECT DISTINCT d.user_id, CAST(d.day - DATE '2000-01-01' AS INTEGER) AS day_number
  FROM events.user_day AS d
  INNER JOIN picked_segment AS p ON p.segment_id = d.segment_id
  UNION ALL
  SELECT NULL, CAST(day - DATE '2000-01-01' AS INTEGER)
  FROM kpi.day_status
  WHERE type = '(all)'
)
SELECT DISTINCT
  DATE '2000-01-01' + day_number,
  COUNT(user_id) OVER (PARTITION BY day_number) AS daily,
  COUNT(DISTINCT user_id) OVER (
    ORDER BY day_number RANGE BETWEEN 27 PRECEDING AND CURRENT ROW
  ) AS monthly
FROM active
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
SELECT
  day,
  SUM(daily) AS daily,
  SUM(SUM(change)) OVER (ORDER BY day ROWS UNBOUNDED PRECEDING) AS monthly
FROM (
  SELECT v.day, SUM(v.daily) AS daily, SUM(v.change) AS change
  FROM last_value AS v
  INNER JOIN picked_segment AS p ON p.segment_id = v.segment_id
  GROUP BY v.day
  UNION ALL
  SELECT day, 0, 0
  FROM kpi.day_status
  WHERE type = '(all)'
)
GROUP BY day
ORDER BY day
"""


class Rival(Protocol):
    """A way of counting; ``bytes_per_day`` must be stored for a day of data."""

    exact: bool
    reach: Literal["day", "prepared", "whole"]
    """The days that one run counts: a single day, those it was prepared for, or the whole history."""
    bytes_per_day: float

    def counts(self, segments: set[int], days: list[date]) -> Counts:
        """Daily and monthly users of the days under a filter, given the segments it picks."""

    def use(self, threads: int) -> None:
        """Count with so many threads from now on."""


class InEngine:
    """Something that DuckDB counts from users and days, as they are stored: three integers a row."""

    def __init__(self, engine: duckdb.DuckDBPyConnection, exact: bool = True) -> None:
        self.exact, self._engine = exact, engine
        rows, days = engine.execute(
            "SELECT COUNT(*), COUNT(DISTINCT day) FROM events.user_day"
        ).fetchone()
        self.bytes_per_day = rows * 12 / days

    def use(self, threads: int) -> None:
        self._engine.execute("SET threads = $1", [threads])


class PerDay(InEngine):
    """A statement per day, the specification's way."""

    reach: Literal["day"] = "day"

    def __init__(self, engine: duckdb.DuckDBPyConnection, count: str, exact: bool) -> None:
        super().__init__(engine, exact)
        self._statement = ONE_DAY.format(count=count)

    def counts(self, segments: set[int], days: list[date]) -> Counts:
        pick(self._engine, segments)
        return {day: self._engine.execute(self._statement, [day]).fetchone() for day in days}


class InOnePass(InEngine):
    """One statement for all days."""

    reach: Literal["whole"] = "whole"

    def __init__(self, engine: duckdb.DuckDBPyConnection, statement: str) -> None:
        super().__init__(engine)
        self._statement = statement

    def counts(self, segments: set[int], days: list[date]) -> Counts:
        pick(self._engine, segments)
        return _asked(self._engine.execute(self._statement).fetchall(), days)


class LastValue(InEngine):
    """One attribution a user: the segment of the last event, as in Mozilla's exact-MAU tables."""

    reach: Literal["whole"] = "whole"

    def __init__(self, engine: duckdb.DuckDBPyConnection) -> None:
        super().__init__(engine, exact=False)
        engine.execute(LAST_VALUE)
        rows, days = engine.execute(
            "SELECT COUNT(*), COUNT(DISTINCT day) FROM last_value"
        ).fetchone()
        self.bytes_per_day = rows * 16 / days

    def counts(self, segments: set[int], days: list[date]) -> Counts:
        pick(self._engine, segments)
        return _asked(self._engine.execute(LAST_VALUE_ALL_DAYS).fetchall(), days)


class Merged:
    """A bitmap or sketch of user ids per day and segment, merged in Python, on one thread."""

    reach: Literal["prepared"] = "prepared"

    def __init__(
        self, engine: duckdb.DuckDBPyConnection, days: list[date], kind: type[Kind]
    ) -> None:
        self.exact, self._kind = kind.exact, kind
        self._by_day = {
            day: {segment: kind.of(users) for segment, users in _users_by_segment(engine, day)}
            for day in days
        }
        stored = [kind.size(part) for by in self._by_day.values() for part in by.values()]
        self.bytes_per_day = sum(stored) / len(days)

    def counts(self, segments: set[int], days: list[date]) -> Counts:
        """Every day's union once, then 28 of them for each day."""
        needed = sorted({before for day in days for before in _month(day)})
        daily = {day: self._daily(day, segments) for day in needed}
        return {
            day: (
                self._kind.count(daily[day]),
                self._kind.count(self._kind.union([daily[before] for before in _month(day)])),
            )
            for day in days
        }

    def use(self, threads: int) -> None:
        """Nothing: it always counts on one."""

    def _daily(self, day: date, segments: set[int]) -> Any:
        parts = self._by_day[day]
        return self._kind.union([part for segment, part in parts.items() if segment in segments])


class Kind(Protocol):
    """What `Merged` merges."""

    exact: bool

    @staticmethod
    def of(users: np.ndarray) -> Any:
        """The bitmap or sketch of some user ids."""

    @staticmethod
    def union(parts: list[Any]) -> Any:
        """That of all users in any of the parts."""

    @staticmethod
    def count(part: Any) -> float:
        """The number of users in it."""

    @staticmethod
    def size(part: Any) -> int:
        """The bytes that it takes on a disk."""


class Roaring:
    """Roaring bitmaps."""

    exact = True

    @staticmethod
    def of(users: np.ndarray) -> pyroaring.BitMap:
        return pyroaring.BitMap(users)

    @staticmethod
    def union(parts: list[pyroaring.BitMap]) -> pyroaring.BitMap:
        return pyroaring.BitMap.union(*parts) if parts else pyroaring.BitMap()

    @staticmethod
    def count(part: pyroaring.BitMap) -> float:
        return len(part)

    @staticmethod
    def size(part: pyroaring.BitMap) -> int:
        return len(part.serialize())


class HyperLogLog:
    """HyperLogLog sketches."""

    exact = False

    @staticmethod
    def of(users: np.ndarray) -> datasketches.hll_sketch:
        sketch = datasketches.hll_sketch(PRECISION, datasketches.tgt_hll_type.HLL_8)
        deque(map(sketch.update, users.tolist()), maxlen=0)
        return sketch

    @staticmethod
    def union(parts: list[datasketches.hll_sketch]) -> datasketches.hll_sketch:
        union = datasketches.hll_union(PRECISION)
        for part in parts:
            union.update(part)
        return union.get_result()

    @staticmethod
    def count(part: datasketches.hll_sketch) -> float:
        return part.get_estimate()

    @staticmethod
    def size(part: datasketches.hll_sketch) -> int:
        return len(part.serialize_compact())


class Theta:
    """Theta sketches."""

    exact = False

    @staticmethod
    def of(users: np.ndarray) -> datasketches.compact_theta_sketch:
        sketch = datasketches.update_theta_sketch(PRECISION)
        deque(map(sketch.update, users.tolist()), maxlen=0)
        return sketch.compact()

    @staticmethod
    def union(parts: list[datasketches.theta_sketch]) -> datasketches.compact_theta_sketch:
        union = datasketches.theta_union(PRECISION)
        for part in parts:
            union.update(part)
        return union.get_result()

    @staticmethod
    def count(part: datasketches.compact_theta_sketch) -> float:
        return part.get_estimate()

    @staticmethod
    def size(part: datasketches.compact_theta_sketch) -> int:
        return len(part.serialize())


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


def _asked(rows: list[tuple[Any, ...]], days: list[date]) -> Counts:
    """The counts of the days asked; nobody on days without a row."""
    every = {day: (daily, monthly) for day, daily, monthly in rows}
    return {day: every.get(day, (0, 0)) for day in days}


def _month(day: date) -> list[date]:
    return [day - timedelta(days=back) for back in range(MONTH - 1, -1, -1)]
