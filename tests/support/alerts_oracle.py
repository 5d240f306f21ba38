"""The rules of alerts in plain loops: days in dictionaries, a day at a time."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any

Days = dict[date, float]
"""Values by day; a day without a value isn't in it."""

Judged = list[tuple[date, float, float, float, int]]
"""Day, value, what is usual, half the width of what is usual, and the side on which the day is out of it."""


def quantile(values: list[float], share: float) -> float:
    """The quantile between two neighbours, as numpy has it by default."""
    ordered, place = sorted(values), share * (len(values) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def swings(days: Days, touched: Iterable[date] = ()) -> Judged:
    """Each day beside the day a week before; out where the change exceeds the usual swing by a tenth."""
    off = {day + timedelta(days=more) for day in touched for more in range(14)}
    week = timedelta(days=7)
    changes = {day: days[day] - days[day - week] for day in days if day - week in days}
    judged: Judged = []
    for day in sorted(changes):
        past = [
            abs(changes[earlier])
            for back in range(7, 365)
            if (earlier := day - timedelta(days=back)) in changes and earlier not in off
        ]
        if len(past) < 84:
            continue
        half = 1.1 * quantile(past, min(0.95 * (1 + 7 / len(past)), 1.0))
        judged.append((day, days[day], days[day - week], half, side(changes[day], half)))
    return judged


def steps(days: Days, chance: Callable[[float, date], float]) -> Judged:
    """Each day beside the median of its weekday in the 8 weeks before, as volumes are judged."""
    judged: Judged = []
    for day in sorted(days):
        earlier = [day - timedelta(days=7 * week) for week in range(1, 9)]
        known = [days[each] for each in earlier if each in days]
        if len(known) < 4:
            continue
        usual = statistics.median(known)
        deviation = 1.4826 * statistics.median(abs(value - usual) for value in known)
        half = 4.5 * max(deviation, 0.04 * abs(usual), chance(usual, day))
        judged.append((day, days[day], usual, half, side(days[day] - usual, half)))
    return judged


def side(change: float, half: float) -> int:
    """-1 below what is usual, 1 above; 0 within it, or where a tenth doesn't show the change."""
    if abs(change) <= half or abs(change) < 0.05:
        return 0
    return 1 if change > 0 else -1


def stretches(judged: Judged, needed: int, of: int) -> list[tuple[date, date, date, date | None]]:
    """First, known, last and ended of each stretch: begun by so many days on a side, ended by 7 within."""
    listed: list[tuple[date, date, date, date | None]] = []
    recent: list[tuple[date, int]] = []
    going_on: dict[str, Any] | None = None
    for day, _, _, _, where in judged:
        if going_on is None:
            recent = [*recent, (day, where)][-of:]
            alike = [each for each, other in recent if where and other == where]
            if len(alike) >= needed:
                going_on = {"first": alike[0], "known": day, "last": day, "quiet": 0}
            continue
        going_on["quiet"] = 0 if where else going_on["quiet"] + 1
        if where:
            going_on["last"] = day
        if going_on["quiet"] == 7:
            listed.append((going_on["first"], going_on["known"], going_on["last"], day))
            going_on, recent = None, []
    if going_on is not None:
        listed.append((going_on["first"], going_on["known"], going_on["last"], None))
    return listed


def verdict_changes(verdicts: dict[date, str], first: date) -> list[tuple[date, date, str, str]]:
    """First day, known day, before and after of each lasting change; ends of weeks that agree decide."""
    last = max(verdicts)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    used = dict(verdicts)
    for start in range(0, len(days), 7):
        end = min(start + 7, len(days) - 1)
        if verdicts[days[start]] == verdicts[days[end]] != "no data":
            for place in range(start, end):
                used[days[place]] = verdicts[days[start]]
    listed = []
    settled: str | None = None
    run: list[date] = []
    running = ""
    for day in days:
        now = used[day]
        if now == "no data":
            continue
        run = [*run, day] if now == running else [day]
        running = now
        if len(run) >= {"met": 7, "not met": 7, "too close to call": 56}[now] and now != settled:
            if settled is not None:
                listed.append((run[0], day, settled, now))
            settled = now
    return listed
