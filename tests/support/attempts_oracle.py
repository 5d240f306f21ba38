"""Pooled figures of connection attempts in plain loops, read from their definitions alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from oracle import Attempt, Filters, Log, day_name, percent, percentile

Row = dict[str, Any]
LIMITS = (5, 10, 30, 60)
# One place after the other; the two in one place are two ways to the same.
PLACES = (
    ("sequence.begin",),
    ("account.created", "account.login"),
    ("device.created",),
    ("account.verified",),
    ("device.connected",),
)


STEPS_AFTER = (
    "account.created",
    "account.login",
    "account.verified",
    "device.created",
    "device.connected",
)
MONDAY = 4  # 5 January 1970, from which weeks and four weeks are counted


class Period:
    """The attempts under filters, begun or ready within days (ISO dates, both included)."""

    def __init__(self, log: Log, filters: Filters, first: str | None, last: str | None) -> None:
        self.log, self.filters = log, filters
        self.first, self.last = first or "", last or "9999"
        picked = log.attempts_picked(filters)
        counted = {day for day in log.days if log.counts_attempts(day, filters)}
        self.begun = [a for a in picked if a.day_begun in counted and self._within(a.day_begun)]
        self.ready = [a for a in picked if a.day_ready in counted and self._within(a.day_ready)]

    def _within(self, day: int | None) -> bool:
        return day is not None and self.first <= day_name(day) <= self.last

    def ready_within(self) -> list[Row]:
        """Per day: of the attempts begun, the percent ready within each limit, and ever."""
        rows = []
        for day in self.log.days:
            if not self._within(day):
                continue
            loaded = self.log.counts_attempts(day, self.filters)
            begun = [a for a in self.begun if a.day_begun == day]
            row: Row = {"day": day_name(day), "begun": len(begun) if loaded else None}
            for limit in LIMITS:
                soon = sum(_within(a, limit) for a in begun)
                row[f"within_{limit}_seconds_percent"] = percent(soon, len(begun))
            done = sum(a.ready_ms is not None for a in begun)
            row["completion_percent"] = percent(done, len(begun))
            rows.append(row)
        return rows

    def points(self, metric: str, length: int, by: str | None, value: str | None) -> list[Row]:
        """Per point of so many days, counted from a Monday: all its attempts together, of a value of a tag.

        Only points that end within the log; one that lacks a day has no values.
        """
        rows = []
        for last in self.log.days:
            if (last - MONDAY) % length != length - 1:
                continue
            days = range(last - length + 1, last + 1)
            whole = all(
                day in self.log.days and self.log.counts_attempts(day, self.filters) for day in days
            )
            mine = [a for a in (*self.begun, *self.ready) if by is None or _value(a, by) == value]
            begun = [a for a in self.begun if a in mine and a.day_begun in days]
            ready = [a for a in self.ready if a in mine and a.day_ready in days]
            rows += [{"day": day_name(last), **row} for row in _points[metric](begun, ready, whole)]
        return rows

    def distribution(self, of: str, seconds: Iterable[float]) -> list[Row]:
        """Per account and time: how many attempts were ready by then, counted one by one."""
        rows = []
        for account in ("all",) if of == "begun" else ("new", "existing"):
            attempts = self.begun if of == "begun" else self.ready
            attempts = [a for a in attempts if account in ("all", a.segment.users)]
            for limit in seconds:
                ready = sum(_within(a, limit) for a in attempts)
                rows.append(
                    {
                        "account": account,
                        "within_seconds": limit,
                        "ready": ready,
                        "attempts": len(attempts),
                        "percent": percent(ready, len(attempts)),
                    }
                )
        return rows

    def breakdown(self, by: str | None) -> dict[str, Row]:
        """Per value of a tag: completion of the attempts begun, quartiles of those ready."""
        values = {_value(a, by) for a in (*self.begun, *self.ready)}
        rows = {}
        for value in values:
            begun = [a for a in self.begun if _value(a, by) == value]
            times = [a.ready_ms / 1000 for a in self.ready if _value(a, by) == value]
            done = [a for a in begun if a.ready_ms is not None]
            row: Row = {
                "begun": len(begun),
                "completed": len(done),
                "completion_percent": percent(len(done), len(begun)),
            }
            for limit in LIMITS:
                soon = sum(_within(a, limit) for a in begun)
                row[f"within_{limit}_seconds_percent"] = percent(soon, len(begun))
            row |= {
                "connections": len(times),
                "p25_seconds": percentile(times, 0.25),
                "median_seconds": percentile(times, 0.5),
                "p75_seconds": percentile(times, 0.75),
            }
            rows[value] = row
        return rows

    def steps(self) -> list[Row]:
        """Per step: how many came as far, how many fell away, and when it was reached."""
        rows = []
        came_before = None
        for place, ways in enumerate(PLACES):
            later = {step for steps in PLACES[place:] for step in steps}
            came = [a for a in self.begun if later & set(a.first_seq_time)]
            if place == 0:
                came = self.begun
            lost = None if came_before is None else came_before - len(came)
            for step in ways:
                times, own = [], []
                for attempt in self.begun:
                    moment = attempt.first_seq_time.get(step)
                    if moment is None:
                        continue
                    times.append(moment / 1000)
                    earlier = [
                        other_moment
                        for other, other_moment in attempt.first_seq_time.items()
                        if other != step and other_moment <= moment and other in ALL_STEPS
                    ]
                    if earlier:
                        own.append((moment - max(earlier)) / 1000)
                rows.append(
                    {
                        "step": step,
                        "came_this_far": len(came),
                        "came_this_far_percent": percent(len(came), len(self.begun)),
                        "lost": lost,
                        "lost_percent": percent(lost, came_before),
                        "reached": len(times),
                        "median_seconds": percentile(times, 0.5),
                        "step_seconds": percentile(own, 0.5),
                    }
                )
            came_before = len(came)
        return rows


def _completed(begun: list[Attempt], _ready: list[Attempt], whole: bool) -> list[Row]:
    done = sum(a.ready_ms is not None for a in begun)
    row: Row = {"begun": len(begun), "completed": done}
    row["completion_percent"] = percent(done, len(begun))
    for limit in (5, 10):
        soon = sum(_within(a, limit) for a in begun)
        row[f"within_{limit}_seconds_percent"] = percent(soon, len(begun))
    return [row if whole else dict.fromkeys(row)]


def _times(_begun: list[Attempt], ready: list[Attempt], whole: bool) -> list[Row]:
    rows = []
    for account in ("new", "existing"):
        times = [a.ready_ms / 1000 for a in ready if a.segment.users == account]
        row: Row = {"connections": len(times)}
        for name, share in (("p25", 0.25), ("median", 0.5), ("p75", 0.75)):
            row[f"{name}_seconds"] = percentile(times, share)
        rows.append({"account": account, **(row if whole else dict.fromkeys(row))})
    return rows


def _steps(begun: list[Attempt], _ready: list[Attempt], whole: bool) -> list[Row]:
    rows = []
    for step in ("sequence.begin", *STEPS_AFTER):
        times = [a.first_seq_time[step] / 1000 for a in begun if step in a.first_seq_time]
        row: Row = {"reached": len(times), "median_seconds": percentile(times, 0.5)}
        rows.append({"step": step, **(row if whole else dict.fromkeys(row))})
    return rows


_points = {"completion": _completed, "connection-time": _times, "steps": _steps}

ALL_STEPS = {step for ways in PLACES for step in ways}


def _within(attempt: Attempt, seconds: float) -> bool:
    return attempt.ready_ms is not None and attempt.ready_ms <= seconds * 1000


def _value(attempt: Attempt, by: str | None) -> str:
    if by is None:
        return ""
    return attempt.acquired[by] if by in attempt.acquired else getattr(attempt.segment, by)
