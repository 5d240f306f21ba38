"""The change of a KPI between two periods by groups of people, in plain loops, from the definitions alone.

A group is of the people whose values of a tag are the same set: in their 28 days, or on the day.
"""

from __future__ import annotations

from collections import defaultdict

from oracle import MONTH_DAYS, Filters, Log, Row, Segment

ALL = "(all)"
Person = tuple[str, float]
"""The name of a person's group, and the person's part of the measure: 0 to 100."""


def moved(
    log: Log, measure: str, filters: Filters, by: str, ends: tuple[int, int], days: int, window: int
) -> list[Row]:
    """The rows of ``python -m kpi export moved`` with no cell hidden, in any order."""
    periods = []
    for end in ends:
        first = end if measure == "mau" else end - days + 1
        people = [people_of(log, measure, filters, by, d, window) for d in range(first, end + 1)]
        periods.append([each for each in people if each is not None])
    if measure in ("mau", "dau"):
        return of_counts(*periods)
    return of_ratios(*periods)


def people_of(
    log: Log, measure: str, filters: Filters, by: str, day: int, window: int
) -> list[Person] | None:
    """Everybody who is counted on a day; None where the day has no value."""
    if measure in ("engagement-ratio", "mau"):
        month = range(day - MONTH_DAYS + 1, day + 1)
        if any(earlier not in log.loaded_days for earlier in month):
            return None
        people = []
        for user in sorted({user for d in month for user in log.segments.get(d, {})}):
            segments = set().union(*(log.segments.get(d, {}).get(user, set()) for d in month))
            if any(filters.picks(segment) for segment in segments):
                week = range(day - 6, day + 1)
                active = sum(user in log.segments.get(d, {}) for d in week)
                people.append((named(segments, by), 100 * active / 7))
        return people
    audience = "multi_device" if measure == "multi-device-percent" else "all"
    if not log.counted(day, audience, window):
        return None
    return [
        (named(segments, by), 100 * log.is_multi_device(user, day, window))
        for user, segments in sorted(log.segments.get(day, {}).items())
        if any(filters.picks(segment) for segment in segments)
    ]


def named(segments: set[Segment], by: str) -> str:
    """The name of the group of these segments."""
    return " + ".join(sorted({getattr(segment, by) for segment in segments}))


def of_ratios(before: list[list[Person]], after: list[list[Person]]) -> list[Row]:
    """The rows of a ratio: means over the days that have anybody."""
    shares: list[dict[str, float]] = []
    parts: list[dict[str, float]] = []
    for days in (before, after):
        share: dict[str, float] = defaultdict(float)
        part: dict[str, float] = defaultdict(float)
        with_people = [people for people in days if people]
        for people in with_people:
            for group, amount in people:
                share[group] += 1 / len(people) / len(with_people)
                part[group] += amount / len(people) / len(with_people)
        shares.append(share)
        parts.append(part)
    whole = [sum(part.values()) for part in parts]
    rows = []
    for group in {*shares[0], *shares[1]}:
        w0, w1 = (share.get(group, 0.0) for share in shares)
        r0 = parts[0][group] / w0 if w0 else None
        r1 = parts[1][group] / w1 if w1 else None
        from_, to = r1 if r0 is None else r0, r0 if r1 is None else r1
        behaviour = (w0 + w1) / 2 * (to - from_)
        mix = (w1 - w0) * ((from_ + to) / 2 - sum(whole) / 2)
        rows.append(row(group, w0, w1, r0, r1, behaviour, mix, behaviour + mix))
    behaviour, mix = (sum(each[part] for each in rows) for part in ("behaviour", "mix"))
    return [*rows, row(ALL, 1.0, 1.0, *whole, behaviour, mix, whole[1] - whole[0])]


def of_counts(before: list[list[Person]], after: list[list[Person]]) -> list[Row]:
    """The rows of a count of people: means over the days."""
    counts: list[dict[str, float]] = []
    for days in (before, after):
        count: dict[str, float] = defaultdict(float)
        for people in days:
            for group, _ in people:
                count[group] += 1 / len(days)
        counts.append(count)
    n0, n1 = (sum(count.values()) for count in counts)
    rows = []
    for group in [*sorted({*counts[0], *counts[1]}), ALL]:
        v0, v1 = (n0, n1) if group == ALL else (count.get(group, 0.0) for count in counts)
        shares = (v0 / n0 if n0 else None, v1 / n1 if n1 else None)
        rows.append(row(group, *shares, v0, v1, None, None, v1 - v0))
    return rows


def row(group: str, *cells: float | None) -> Row:
    """A row of the table."""
    names = "share_before share_after value_before value_after behaviour mix total".split()
    return {"group": group, **dict(zip(names, cells, strict=True))}
