"""ClickHouse's ways to count, by chDB: exact counts a day at a time, and bitmaps merged over 28 days."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Literal

import duckdb
from chdb.session import Session

from benchmarks.rivals import Counts

START = date(2000, 1, 1)
"""Days are numbers from here."""

USER_DAY = """
CREATE TABLE user_day ENGINE = MergeTree ORDER BY (day, segment_id) AS
SELECT
  assumeNotNull(toUInt16(day)) AS day,
  assumeNotNull(toUInt32(segment_id)) AS segment_id,
  assumeNotNull(toUInt32(user_id)) AS user_id
FROM file({file:String}, Parquet)
"""
BITMAP = """
CREATE TABLE day_users ENGINE = MergeTree ORDER BY (day, segment_id) AS
SELECT day, segment_id, groupBitmapState(user_id) AS users
FROM user_day
GROUP BY day, segment_id
"""
A_DAY = """
SELECT uniqExactIf(user_id, day = {day:UInt16}), uniqExact(user_id)
FROM user_day
WHERE
  day > {day:UInt16} - 28
  AND day <= {day:UInt16}
  AND segment_id IN {segments:Array(UInt32)}
SETTINGS max_threads = {threads:UInt8}
"""
MONTHS = """
SELECT
  day + back AS month_day,
  groupBitmapMergeIf(users, back = 0) AS daily,
  groupBitmapMerge(users) AS monthly
FROM (
  SELECT day, groupBitmapMergeState(users) AS users
  FROM day_users
  WHERE segment_id IN {segments:Array(UInt32)}
  GROUP BY day
)
ARRAY JOIN range(28) AS back
GROUP BY month_day
SETTINGS max_threads = {threads:UInt8}
"""
SIZE = "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND table = {table:String}"


class ClickHouse:
    """Users and days in chDB, as a table sorted by day and segment, and the bitmaps made of it."""

    exact = True

    def __init__(self, engine: duckdb.DuckDBPyConnection, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        file = folder / "user_day.parquet"
        engine.cursor().table("events.user_day").select(
            "CAST(day - DATE '2000-01-01' AS INTEGER) AS day, segment_id, user_id"
        ).write_parquet(str(file))
        self._session = Session(str(folder / "chdb"))
        self._session.query("CREATE DATABASE IF NOT EXISTS benchmark")
        self._session.query("USE benchmark")
        self._session.query("DROP TABLE IF EXISTS user_day")
        self._session.query(USER_DAY, params={"file": str(file)})
        self.days = int(str(self._session.query("SELECT uniqExact(day) FROM user_day")))
        file.unlink()

    def make_bitmaps(self) -> None:
        """Make the bitmaps of users per day and segment."""
        self._session.query("DROP TABLE IF EXISTS day_users")
        self._session.query(BITMAP)

    def size(self, table: str) -> int:
        """The bytes of a table."""
        return int(str(self._session.query(SIZE, params={"table": table})))

    def rows(self, statement: str, **params: object) -> list[list[int]]:
        """The rows of a statement of whole numbers."""
        text = str(self._session.query(statement, "CSV", params=params))
        return [[int(cell) for cell in line.split(",")] for line in text.splitlines()]

    def close(self) -> None:
        """End the session."""
        self._session.close()


class ADay:
    """`uniqExact` over users and days, a day at a time."""

    exact = True
    reach: Literal["day"] = "day"

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse, self._threads = clickhouse, 1
        self.bytes_per_day = clickhouse.size("user_day") / clickhouse.days

    def use(self, threads: int) -> None:
        self._threads = threads

    def counts(self, segments: set[int], days: list[date]) -> Counts:
        counted = {}
        for day in days:
            given = {"day": (day - START).days, "segments": sorted(segments)}
            ((daily, monthly),) = self._clickhouse.rows(A_DAY, threads=self._threads, **given)
            counted[day] = (daily, monthly)
        return counted


class Months:
    """`groupBitmap` states per day and segment, merged over 28 days, in one statement."""

    exact = True
    reach: Literal["whole"] = "whole"

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse, self._threads = clickhouse, 1
        clickhouse.make_bitmaps()
        self.bytes_per_day = clickhouse.size("day_users") / clickhouse.days

    def use(self, threads: int) -> None:
        self._threads = threads

    def counts(self, segments: set[int], days: list[date]) -> Counts:
        given = {"segments": sorted(segments), "threads": self._threads}
        every = {
            START + timedelta(days=day): (daily, monthly)
            for day, daily, monthly in self._clickhouse.rows(MONTHS, **given)
        }
        return {day: every.get(day, (0, 0)) for day in days}
