"""Every exported metric in plain sets and loops, read from the definitions alone.

This is deliberately slow and plain: for every day it collects the users again, one by one, from
the sentences of the specification ("Definitions") and of the design ("Definitions, settled"). It
shares no code and no method with the library, so that agreement means something.

An event is a dict with the columns of the event table (``timestamp`` in milliseconds, ...);
a missing column is a blank one. Rows come back as dicts in the columns of ``export``; ``day`` is
an ISO date and None is an absent value.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from typing import Any, NamedTuple

Event = Mapping[str, Any]
Row = dict[str, Any]
Cell = tuple[str, str, str]

DAY_MS = 24 * 60 * 60 * 1000
EPOCH = date(1970, 1, 1)
MONTH_DAYS = 28
MEAN_DAYS = 7
MULTI_DEVICE_DAYS = 5
AUDIENCES = ("all", "multi_device", "single_device")
STEPS = (
    "sequence.begin",
    "account.created",
    "account.login",
    "account.verified",
    "device.created",
    "device.connected",
)
ACQUISITION = ("region", "context", "entrypoint", "campaign", "migration")
COLUMNS = {
    "engagement": ("day", "audience", "dau", "dau_7day_mean", "mau", "engagement_ratio"),
    "multi-device": (
        "day",
        "daily_users",
        "daily_multi_device_users",
        "daily_multi_device_percent",
        "monthly_users",
        "monthly_multi_device_users",
        "monthly_multi_device_percent",
    ),
    "device-coverage": ("day", "daily_users", "users_with_device", "device_coverage_percent"),
    "same-people": ("day", "people", "week_people", "people_7day_mean", "engagement_ratio"),
    "growth": (
        *("day", "mau", "mau_before", "new", "returned", "moved_in", "lapsed", "moved_out"),
    ),
    "retention": ("day", "users", "returned_week_4", "retention_percent"),
    "connection-time": (
        "day",
        "account",
        "connections",
        "p25_seconds",
        "median_seconds",
        "p75_seconds",
    ),
    "completion": (
        "day",
        "begun",
        "completed",
        "completion_percent",
        "within_5_seconds_percent",
        "within_10_seconds_percent",
    ),
    "steps": ("day", "step", "reached", "median_seconds"),
    "firefox": ("day", "product", "dau", "dau_7day_mean", "mau", "engagement_ratio"),
}
COUNTS = {
    "engagement": ("dau", "mau"),
    "multi-device": (
        "daily_users",
        "daily_multi_device_users",
        "monthly_users",
        "monthly_multi_device_users",
    ),
    "device-coverage": ("daily_users", "users_with_device"),
    "same-people": ("people",),
    "growth": ("mau", "mau_before"),
    "retention": ("users",),
    "connection-time": ("connections",),
    "completion": ("begun", "completed"),
    "steps": ("reached",),
}


class Segment(NamedTuple):
    """One combination of the tags that can be filtered on."""

    browser: str
    version: str
    os: str
    service: str
    users: str  # 'new' or 'existing'


@dataclass(frozen=True)
class Filters:
    """What a reader picked: several values of a tag are "or", different tags are "and"."""

    browser: tuple[str, ...] = ()
    not_browser: tuple[str, ...] = ()
    version: tuple[str, ...] = ()
    not_version: tuple[str, ...] = ()
    os: tuple[str, ...] = ()
    not_os: tuple[str, ...] = ()
    service: tuple[str, ...] = ()
    not_service: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    not_region: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    not_context: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    not_entrypoint: tuple[str, ...] = ()
    campaign: tuple[str, ...] = ()
    not_campaign: tuple[str, ...] = ()
    migration: tuple[str, ...] = ()
    not_migration: tuple[str, ...] = ()
    users: str | None = None
    devices: str | None = None

    def picks(self, segment: Segment) -> bool:
        """Whether one event (or attempt) with these tags carries everything asked for."""
        for tag in ("browser", "version", "os", "service"):
            wanted, unwanted = getattr(self, tag), getattr(self, f"not_{tag}")
            value = getattr(segment, tag)
            if wanted and value not in wanted:
                return False
            if value in unwanted:
                return False
        return self.users is None or segment.users == self.users

    def picks_acquired(self, acquired: Mapping[str, str]) -> bool:
        """Whether an attempt that came from there, and no other way, is asked for."""
        for name in ACQUISITION:
            wanted, unwanted = getattr(self, name), getattr(self, f"not_{name}")
            if wanted and acquired[name] not in wanted:
                return False
            if acquired[name] in unwanted:
                return False
        return True

    def narrowed(self, by: str, value: str) -> Filters | None:
        """These filters and also ``by = value``; None if nothing could match both."""
        if by == "users":
            return replace(self, users=value) if self.users in (None, value) else None
        wanted = getattr(self, by)
        if wanted and value not in wanted:
            return None
        return replace(self, **{by: (value,)})

    def arguments(self) -> list[str]:
        """The same filters on the command line."""
        told = []
        for field in fields(self):
            picked = getattr(self, field.name)
            option = "--" + field.name.replace("_", "-")
            for value in picked if isinstance(picked, tuple) else [picked]:
                if value is not None:
                    told.append(f"{option}={value}")
        return told


@dataclass(frozen=True)
class Attempt:
    """One connection attempt: a sequence of a sync service."""

    first_seq_time: dict[str, int]  # milliseconds, by event type
    day_begun: int | None
    day_ready: int | None
    ready_ms: int | None
    segment: Segment
    devices: str  # 'single', 'multi' or 'unknown'
    acquired: dict[str, str]  # region, context, entrypoint, campaign, migration


def known(value: Any) -> Any:
    """Blank and NULL mean unknown."""
    return None if value in (None, "", "NULL") else value


def day_number(timestamp: int) -> int:
    """A UTC day is half-open: midnight itself is the first moment of the new day."""
    return timestamp // DAY_MS


def day_name(day: int) -> str:
    """The ISO date of a day number."""
    return (EPOCH + timedelta(days=day)).isoformat()


def tag(value: Any) -> str:
    """A blank tag is shown as (none)."""
    found = known(value)
    return "(none)" if found is None else str(found)


def major(version: Any) -> Any:
    """The version that counts is the part before the first dot."""
    found = known(version)
    return None if found is None else str(found).split(".")[0]


def percentile(values: Iterable[float], share: float) -> float | None:
    """The continuous percentile: linear between the two nearest ranks."""
    ranked = sorted(values)
    if not ranked:
        return None
    place = share * (len(ranked) - 1)
    low = int(place)
    high = min(low + 1, len(ranked) - 1)
    return ranked[low] + (ranked[high] - ranked[low]) * (place - low)


def percent(part: float | None, whole: float | None) -> float | None:
    """100 x part / whole; absent where either is absent or there is nothing to divide by."""
    if part is None or not whole:
        return None
    return 100.0 * part / whole


def loaded_days(events: Iterable[Event], min_percent: float) -> set[int]:
    """The days with enough events: some percent of the median of the nearest days that have any.

    One event alone is never enough among days of ten or more.
    """
    volumes: dict[int, int] = defaultdict(int)
    for event in events:
        volumes[day_number(event["timestamp"])] += 1
    ordered = sorted(volumes)
    loaded = set()
    for place, day in enumerate(ordered):
        nearest = ordered[max(place - 14, 0) : place] + ordered[place + 1 : place + 15]
        usual = percentile([volumes[other] for other in nearest], 0.5)
        alone = volumes[day] == 1 and usual is not None and usual >= 10 and min_percent > 0
        if usual is None or (not alone and volumes[day] * 100 >= min_percent * usual):
            loaded.add(day)
    return loaded


def creates_account(event: Event) -> bool:
    """Whether an event that doesn't know of new users, and has no sequence, creates an account."""
    unknown = "new_user" not in event and known(event.get("seq_id")) is None
    return unknown and event["type"] == "account.created"


def device_of(event: Event, device_by: str) -> Any:
    """What identifies the device of an event: its id, or OS and browser where both are known."""
    if device_by == "device_id":
        return known(event.get("device_id"))
    pair = (known(event.get("user_agent_os")), known(event.get("user_agent_browser")))
    return None if None in pair else pair


class Log:
    """What a list of events says about users, devices, days and attempts."""

    def __init__(
        self,
        events: Iterable[Event],
        sync_services: Iterable[str] = ("sync",),
        min_day_percent: float = 5,
        min_coverage: float = 50,
        device_by: str = "device_id",
    ) -> None:
        events = list(events)
        self.sync_services = set(sync_services)
        self.min_coverage = min_coverage
        self.loaded_days = loaded_days(events, min_day_percent)
        # Per day, per user: the segments of that user's events, and the devices seen.
        self.segments: dict[int, dict[str, set[Segment]]] = defaultdict(lambda: defaultdict(set))
        self.devices: dict[int, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        sequences: dict[str, list[Event]] = defaultdict(list)
        self.has_sequences = False
        for event in events:
            day = day_number(event["timestamp"])
            user, device = known(event.get("uid")), device_of(event, device_by)
            if user is not None and day in self.loaded_days:
                self.segments[day][user].add(self._event_segment(event))
                if device is not None:
                    self.devices[day][user].add(device)
            if known(event.get("seq_id")) is not None and known(event.get("seq_time")) is not None:
                sequences[event["seq_id"]].append(event)
                self.has_sequences |= day in self.loaded_days
        found = (self._attempt(sequence) for sequence in sequences.values())
        self.attempts = [attempt for attempt in found if attempt is not None]
        self.has_sequences |= bool(self.attempts)

    @property
    def days(self) -> list[int]:
        """Every day from the first to the last loaded one."""
        if not self.loaded_days:
            return []
        return list(range(min(self.loaded_days), max(self.loaded_days) + 1))

    @staticmethod
    def _event_segment(event: Event) -> Segment:
        return Segment(
            tag(event.get("user_agent_browser")),
            tag(major(event.get("user_agent_version"))),
            tag(event.get("user_agent_os")),
            tag(event.get("service")),
            "new" if event.get("new_user") or creates_account(event) else "existing",
        )

    # Users ------------------------------------------------------------------------------------

    def is_multi_device(self, user: str, day: int, window: int) -> bool:
        """An active device that day, and two different ones in the window that ends with it."""
        if not self.devices.get(day, {}).get(user):
            return False
        seen: set[str] = set()
        for earlier in range(day - window + 1, day + 1):
            seen |= self.devices.get(earlier, {}).get(user, set())
        return len(seen) >= 2

    def users_on(self, day: int, audience: str, filters: Filters, window: int) -> set[str]:
        """The users of an audience on a day who were in a picked segment on that same day."""
        found = set()
        for user, segments in self.segments.get(day, {}).items():
            if not any(filters.picks(segment) for segment in segments):
                continue
            multi = self.is_multi_device(user, day, window)
            if audience == "all" or multi == (audience == "multi_device"):
                found.add(user)
        return found

    def coverage(self, day: int) -> float | None:
        """Of the day's users, the percent with a device; absent where there are none."""
        return percent(len(self.devices.get(day, {})), len(self.segments.get(day, {})))

    def knows_devices(self, day: int, window: int) -> bool:
        """Whether enough users had a device on every loaded day of the window that ends with a day."""
        days = [
            earlier for earlier in range(day - window + 1, day + 1) if earlier in self.loaded_days
        ]
        shares = [self.coverage(earlier) for earlier in days]
        return all(share is None or share >= self.min_coverage for share in shares)

    def counted(self, day: int, audience: str, window: int) -> bool:
        """Whether a day has a number: it is loaded and, of single or multi, devices are known."""
        return day in self.loaded_days and (audience == "all" or self.knows_devices(day, window))

    def all_counted(self, day: int, days: int, audience: str, window: int) -> bool:
        """Whether every day of those that end with ``day`` has a number."""
        return all(self.counted(d, audience, window) for d in range(day - days + 1, day + 1))

    def counts(self, audience: str, filters: Filters, window: int) -> dict[int, Row]:
        """DAU, its 7-day mean, and MAU, per day."""
        on = {day: self.users_on(day, audience, filters, window) for day in self.days}
        counted: dict[int, Row] = {}
        for day in self.days:
            mean = mau = None
            if self.all_counted(day, MEAN_DAYS, audience, window):
                mean = sum(len(on[day - back]) for back in range(MEAN_DAYS)) / MEAN_DAYS
            if self.all_counted(day, MONTH_DAYS, audience, window):
                mau = len(set().union(*(on[day - back] for back in range(MONTH_DAYS))))
            dau = len(on[day]) if self.counted(day, audience, window) else None
            counted[day] = {"dau": dau, "mean": mean, "mau": mau}
        return counted

    def days_active(self, day: int, filters: Filters) -> list[int] | None:
        """Of everybody in a segment on any of 28 days, on how many of the last 7 they were active anywhere.

        Absent unless all 28 days are loaded.
        """
        month = range(day - MONTH_DAYS + 1, day + 1)
        if any(earlier not in self.loaded_days for earlier in month):
            return None
        people = set()
        for earlier in month:
            people |= self.users_on(earlier, "all", filters, MULTI_DEVICE_DAYS)
        week = range(day - MEAN_DAYS + 1, day + 1)
        return [sum(user in self.segments.get(d, {}) for d in week) for user in sorted(people)]

    def same_people(self, filters: Filters) -> list[Row]:
        """Per day: the people of 28 days, those active in 7, their mean daily users, and the ratio."""
        rows = []
        for day in self.days:
            active = self.days_active(day, filters)
            dau = len(self.users_on(day, "all", filters, MULTI_DEVICE_DAYS))
            row: Row = {"day": day_name(day), "_dau": dau if day in self.loaded_days else None}
            row |= dict.fromkeys((*COLUMNS["same-people"][1:], "_active_days"))
            if active is not None:
                row["people"], row["_active_days"] = len(active), sum(active)
                row["week_people"] = sum(days > 0 for days in active)
                row["people_7day_mean"] = sum(active) / MEAN_DAYS
                row["engagement_ratio"] = percent(row["people_7day_mean"], len(active))
            rows.append(row)
        return rows

    def people_of_month(self, day: int, filters: Filters) -> set[str]:
        """Everybody who was in a picked segment on any of the 28 days that end with ``day``."""
        people: set[str] = set()
        for earlier in range(day - MONTH_DAYS + 1, day + 1):
            people |= self.users_on(earlier, "all", filters, MULTI_DEVICE_DAYS)
        return people

    def growth(self, filters: Filters) -> list[Row]:
        """Per day: monthly users, those of the day before, and the way of each who came or went."""
        rows = []
        for place, day in enumerate(self.days):
            row: Row = {"day": day_name(day)} | dict.fromkeys(COLUMNS["growth"][1:])
            rows.append(row)
            known = [
                self.all_counted(end, MONTH_DAYS, "all", MULTI_DEVICE_DAYS)
                for end in (day, day - 1)
            ]
            now, before = (self.people_of_month(end, filters) for end in (day, day - 1))
            if known[0]:
                row["mau"] = len(now)
            if known[1]:
                row["mau_before"] = len(before)
            if not all(known) or place < 2 * MONTH_DAYS:
                continue
            row |= dict.fromkeys(COLUMNS["growth"][3:], 0)
            anywhere, earlier = (self.people_of_month(end, Filters()) for end in (day, day - 1))
            for user in now - before:
                if user in earlier:
                    row["moved_in"] += 1
                else:
                    row["returned" if self.first_day(user) < day else "new"] += 1
            for user in before - now:
                row["moved_out" if user in anywhere else "lapsed"] += 1
        return rows

    def first_day(self, user: str) -> int:
        """The first day on which a user was active."""
        return min(day for day, users in self.segments.items() if user in users)

    def retention(self, filters: Filters) -> list[Row]:
        """Per day: its users, and those of them who were active again 21 to 27 days later."""
        rows = []
        for day in self.days:
            users = self.users_on(day, "all", filters, MULTI_DEVICE_DAYS)
            loaded = day in self.loaded_days
            later = range(day + 21, day + 28)
            back = None
            if loaded and all(other in self.loaded_days for other in later):
                back = sum(
                    any(user in self.segments.get(other, {}) for other in later) for user in users
                )
            rows.append(
                {
                    "day": day_name(day),
                    "users": len(users) if loaded else None,
                    "returned_week_4": back,
                    "retention_percent": percent(back, len(users)),
                }
            )
            rows[-1]["_mau"] = (
                len(self.people_of_month(day, filters))
                if self.all_counted(day, MONTH_DAYS, "all", MULTI_DEVICE_DAYS)
                else None
            )
        return rows

    # Attempts ---------------------------------------------------------------------------------

    def _attempt(self, sequence: list[Event]) -> Attempt | None:
        ordered = sorted(sequence, key=lambda event: (event["seq_time"], event["timestamp"]))

        def first(column: str) -> Any:
            for event in ordered:
                if known(event.get(column)) is not None:
                    return event[column]
            return None

        if tag(first("service")) not in self.sync_services:
            return None
        first_seq_time: dict[str, int] = {}
        first_timestamp: dict[str, int] = {}
        for event in sorted(sequence, key=lambda event: (event["timestamp"], event["seq_time"])):
            # The first occurrence counts; a later one of the same type never does.
            first_seq_time.setdefault(event["type"], event["seq_time"])
            first_timestamp.setdefault(event["type"], event["timestamp"])

        day_begun = day_ready = ready_ms = None
        if "sequence.begin" in first_timestamp:
            day_begun = day_number(first_timestamp["sequence.begin"])
        if "device.connected" in first_timestamp:
            needed = [k for k in ("device.connected", "device.created") if k in first_timestamp]
            ready_ms = max(first_seq_time[kind] for kind in needed)
            day_ready = day_number(max(first_timestamp[kind] for kind in needed))

        new = "account.created" in first_seq_time or any(e.get("new_user") for e in ordered)
        user = first("uid")
        judged = next(
            day
            for day in (day_ready, day_begun, min(day_number(e["timestamp"]) for e in ordered))
            if day is not None
        )
        devices = "single"
        if user is not None and self.is_multi_device(user, judged, MULTI_DEVICE_DAYS):
            devices = "multi"
        if not self.counted(judged, devices, MULTI_DEVICE_DAYS):
            devices = "unknown"
        return Attempt(
            first_seq_time,
            day_begun,
            day_ready,
            ready_ms,
            Segment(
                tag(first("user_agent_browser")),
                tag(major(first("user_agent_version"))),
                tag(first("user_agent_os")),
                tag(first("service")),
                "new" if new else "existing",
            ),
            devices,
            {name: tag(first(name)) for name in ACQUISITION},
        )

    def counts_attempts(self, day: int, filters: Filters) -> bool:
        """Whether attempts of a day have numbers under a filter."""
        known_devices = filters.devices is None or self.knows_devices(day, MULTI_DEVICE_DAYS)
        return self.has_sequences and day in self.loaded_days and known_devices

    def attempts_picked(self, filters: Filters) -> list[Attempt]:
        """The attempts whose tags, account and devices are the ones asked for."""
        return [
            attempt
            for attempt in self.attempts
            if filters.picks(attempt.segment)
            and filters.picks_acquired(attempt.acquired)
            and filters.devices in (None, attempt.devices)
        ]

    # Metrics ----------------------------------------------------------------------------------

    def engagement(self, filters: Filters) -> list[Row]:
        """Per day and audience: DAU, mean DAU over 7 days, MAU, and mean as a percentage of MAU."""
        counted = {name: self.counts(name, filters, MULTI_DEVICE_DAYS) for name in AUDIENCES}
        return [
            {
                "day": day_name(day),
                "audience": audience,
                "dau": counted[audience][day]["dau"],
                "dau_7day_mean": counted[audience][day]["mean"],
                "mau": counted[audience][day]["mau"],
                "engagement_ratio": percent(
                    counted[audience][day]["mean"], counted[audience][day]["mau"]
                ),
            }
            for day in self.days
            for audience in AUDIENCES
        ]

    def multi_device(self, filters: Filters, window: int = MULTI_DEVICE_DAYS) -> list[Row]:
        """Per day: multi-device users of the day and of the month, beside all active users."""
        everyone = self.counts("all", filters, window)
        multi = self.counts("multi_device", filters, window)
        return [
            {
                "day": day_name(day),
                "daily_users": everyone[day]["dau"],
                "daily_multi_device_users": multi[day]["dau"],
                "daily_multi_device_percent": percent(multi[day]["dau"], everyone[day]["dau"]),
                "monthly_users": everyone[day]["mau"],
                "monthly_multi_device_users": multi[day]["mau"],
                "monthly_multi_device_percent": percent(multi[day]["mau"], everyone[day]["mau"]),
            }
            for day in self.days
        ]

    def device_coverage(self, filters: Filters) -> list[Row]:
        """Per day: the users, those of them with a device that day, and their percent."""
        rows = []
        for day in self.days:
            loaded = day in self.loaded_days
            users = self.users_on(day, "all", filters, 1)
            with_device = users & set(self.devices.get(day, {}))
            rows.append(
                {
                    "day": day_name(day),
                    "daily_users": len(users) if loaded else None,
                    "users_with_device": len(with_device) if loaded else None,
                    "device_coverage_percent": percent(len(with_device), len(users)),
                }
            )
        return rows

    def connection_time(self, filters: Filters) -> list[Row]:
        """Per day ready and kind of account: quartiles of the seconds until ready to sync."""
        rows = []
        for day in self.days:
            loaded = self.counts_attempts(day, filters)
            for account in ("new", "existing"):
                seconds = [
                    attempt.ready_ms / 1000
                    for attempt in self.attempts_picked(filters)
                    if loaded and attempt.day_ready == day and attempt.segment.users == account
                ]
                rows.append(
                    {
                        "day": day_name(day),
                        "account": account,
                        "connections": len(seconds) if loaded else None,
                        "p25_seconds": percentile(seconds, 0.25),
                        "median_seconds": percentile(seconds, 0.5),
                        "p75_seconds": percentile(seconds, 0.75),
                    }
                )
        return rows

    def completion(self, filters: Filters) -> list[Row]:
        """Per day begun: how many attempts became ready, ever and soon, of those begun."""
        rows = []
        for day in self.days:
            begun = [a for a in self.attempts_picked(filters) if a.day_begun == day]
            ready = [attempt.ready_ms for attempt in begun if attempt.ready_ms is not None]
            loaded = self.counts_attempts(day, filters)
            soon = {
                limit: sum(ms <= limit * 1000 for ms in ready) if loaded else None
                for limit in (5, 10)
            }
            count, completed = (len(begun), len(ready)) if loaded else (None, None)
            rows.append(
                {
                    "day": day_name(day),
                    "begun": count,
                    "completed": completed,
                    "completion_percent": percent(completed, count),
                    "within_5_seconds_percent": percent(soon[5], count),
                    "within_10_seconds_percent": percent(soon[10], count),
                    "_within_5": soon[5],
                    "_within_10": soon[10],
                }
            )
        return rows

    def steps(self, filters: Filters) -> list[Row]:
        """Per day begun and step: the attempts that reached it, and the median of when."""
        rows = []
        for day in self.days:
            loaded = self.counts_attempts(day, filters)
            begun = [a for a in self.attempts_picked(filters) if loaded and a.day_begun == day]
            for step in STEPS:
                times = [a.first_seq_time[step] / 1000 for a in begun if step in a.first_seq_time]
                rows.append(
                    {
                        "day": day_name(day),
                        "step": step,
                        "reached": len(times) if loaded else None,
                        "median_seconds": percentile(times, 0.5),
                    }
                )
        return rows

    def values(self, by: str) -> list[str]:
        """Every value that a tag takes in any event or attempt."""
        if by == "users":
            return ["existing", "new"]
        if by in ACQUISITION:
            return sorted({attempt.acquired[by] for attempt in self.attempts})
        segments = {attempt.segment for attempt in self.attempts}
        for users in self.segments.values():
            for found in users.values():
                segments |= found
        return sorted({getattr(segment, by) for segment in segments})


def export(
    log: Log,
    metric: str,
    filters: Filters = Filters(),
    *,
    by: str | None = None,
    first: str | None = None,
    last: str | None = None,
    window: int = MULTI_DEVICE_DAYS,
    min_users: int = 0,
) -> list[Row]:
    """The rows of ``python -m kpi export METRIC``."""

    def table(picked: Filters) -> list[Row]:
        if metric == "multi-device":
            return log.multi_device(picked, window)
        return getattr(log, metric.replace("-", "_"))(picked)

    def in_period(rows: list[Row]) -> list[Row]:
        return [
            row
            for row in rows
            if (first is None or row["day"] >= first) and (last is None or row["day"] <= last)
        ]

    def shown(rows: list[Row], lead: Row, telling: set[Cell], segment: bool = False) -> list[Row]:
        # A count has another name beside the values of its own.
        names = {name: "daily_users" if name in lead else name for name in COLUMNS[metric]}
        return [
            {**lead, **{names[name]: row[name] for name in COLUMNS[metric]}}
            for row in in_period(hide_small(metric, rows, min_users, telling, segment))
        ]

    if by is None:
        whole = table(filters)
        return shown(whole, {}, telling_accounts(metric, whole, min_users))
    tables: dict[str, list[Row]] = {}
    for value in log.values(by):
        narrowed = filters.narrowed(by, value)
        if narrowed is None:
            continue
        found = table(narrowed)
        # A value is listed only if something was counted for it in the period.
        if any(row[count] for row in in_period(found) for count in COUNTS[metric]):
            tables[value] = found
    listed = {  # and only if a count of it is not small on some day
        value
        for value, found in tables.items()
        if any(
            (row[count] or 0) >= min_users for row in in_period(found) for count in COUNTS[metric]
        )
    }
    of_all = telling_accounts(metric, _added_up(metric, tables), min_users)
    telling = telling_values(metric, tables, min_users, of_all)
    return [
        row
        for value, found in tables.items()
        if value in listed
        for row in shown(found, {by: value}, telling.get(value, set()), segment=True)
    ]


# Hiding small cells -------------------------------------------------------------------------


PARTS = {
    "connection-time": ("account", ("connections",)),
    "completion": (None, ("begun", "completed", "_within_5", "_within_10")),
    "steps": ("step", ("reached",)),
}
"""Counts of attempts that add up: over the values of a breakdown, at each of a level."""


def _cells(metric: str, rows: list[Row]) -> dict[Cell, int]:
    level, counts = PARTS.get(metric, (None, ()))
    return {
        (row["day"], row[level] if level else "", name): row[name]
        for row in rows
        for name in counts
        if row[name]
    }


def _added_up(metric: str, tables: dict[str, list[Row]]) -> list[Row]:
    """The connections of all values of a breakdown together, by day and account."""
    if metric != "connection-time":
        return []
    together: dict[tuple[str, str], int] = {}
    for rows in tables.values():
        for row in rows:
            place = row["day"], row["account"]
            together[place] = together.get(place, 0) + (row["connections"] or 0)
    return [
        {"day": day, "account": account, "connections": count}
        for (day, account), count in together.items()
    ]


def telling_accounts(metric: str, rows: list[Row], min_users: int) -> set[Cell]:
    """Of a day's new and existing accounts, those that are hidden: a small one, and so the other."""
    if metric != "connection-time":
        return set()
    cells = _cells(metric, rows)
    by_day: dict[str, list[Cell]] = {}
    for cell in cells:
        by_day.setdefault(cell[0], []).append(cell)
    return {
        cell for pair in by_day.values() if any(cells[c] < min_users for c in pair) for cell in pair
    }


def telling_values(
    metric: str, tables: dict[str, list[Row]], min_users: int, of_all: set[Cell]
) -> dict[str, set[Cell]]:
    """Per value of a breakdown, the cells that would tell of a small one, taken from the whole."""
    found: dict[str, set[Cell]] = {value: set() for value in tables}
    cells = {value: _cells(metric, rows) for value, rows in tables.items()}
    for place in {cell for of_value in cells.values() for cell in of_value}:
        parts = sorted((count[place], value) for value, count in cells.items() if place in count)
        hidden = [part for part in parts if part[0] < min_users]
        if place in of_all:
            hidden = parts
        elif hidden and (len(hidden) == 1 or sum(count for count, _ in hidden) < min_users):
            hidden = parts[: len(hidden) + 1]
        for _, value in hidden:
            found[value].add(place)
    return found


def hide_small(
    metric: str,
    rows: list[Row],
    min_users: int,
    telling: Set[Cell] = frozenset(),
    segment: bool = False,
) -> list[Row]:
    """The same rows without counts of 1 to ``min_users - 1`` and without what derives from them.

    ``rows`` must be every day in order, since a mean looks six days back. A count of 0 stays.
    ``telling`` are further cells to hide: day, level and count. Of a ``segment`` nothing of users is shown
    on a day whose monthly users are few, not even a 0.
    """

    def small(count: int | None) -> bool:
        return count is not None and 0 < count < min_users

    hidden = [dict(row) for row in rows]
    if metric == "engagement":
        few = {
            row["day"] for row in rows if segment and row["audience"] == "all" and small(row["mau"])
        }
        _hide_engagement(rows, hidden, small, few)
    elif metric == "multi-device":
        for true, row in zip(rows, hidden, strict=True):
            users, multi = true["daily_users"], true["daily_multi_device_users"]
            if segment and small(true["monthly_users"]):
                for name in set(row) - {"day"}:
                    row[name] = None
                continue
            # All users and the multi-device ones shown together would tell the single ones.
            if small(multi) or (None not in (users, multi) and small(users - multi)):
                row["daily_multi_device_users"] = None
            if small(users):
                row["daily_users"] = None
            for count in ("monthly_users", "monthly_multi_device_users"):
                if small(true[count]):
                    row[count] = None
            for span in ("daily", "monthly"):
                if None in (row[f"{span}_users"], row[f"{span}_multi_device_users"]):
                    row[f"{span}_multi_device_percent"] = None
    elif metric == "device-coverage":
        for true, row in zip(rows, hidden, strict=True):
            users, some = true["daily_users"], true["users_with_device"]
            if small(users):
                row["daily_users"] = None
            if small(users) or small(some) or (None not in (users, some) and small(users - some)):
                row["users_with_device"] = row["device_coverage_percent"] = None
    elif metric == "same-people":
        for place, (true, row) in enumerate(zip(rows, hidden, strict=True)):
            week = rows[max(0, place - MEAN_DAYS + 1) : place + 1]
            few = small(true["people"]) or small(true["week_people"])
            if any(small(d["_dau"]) or (segment and small(d["people"])) for d in week):
                # The active days less the daily users that are shown would be those that are hidden.
                daily = [d["_dau"] for d in week]
                known = None not in (*daily, true["_active_days"])
                few = few or not known or true["_active_days"] - sum(daily) < min_users
            if few:
                row["people_7day_mean"] = row["engagement_ratio"] = None
            others = None if true["people"] is None else true["people"] - true["week_people"]
            if small(true["people"]) or small(true["week_people"]) or small(others):
                row["week_people"] = None
            if small(true["people"]):
                row["people"] = None
    elif metric == "growth":
        for place, (true, row) in enumerate(zip(rows, hidden, strict=True)):
            gone = {name for name in COLUMNS["growth"][1:] if small(true[name])}
            if place and small(rows[place - 1]["mau"]):
                gone.add("mau_before")
            if gone & {"mau", "mau_before"}:
                gone |= set(COLUMNS["growth"][3:])
            sides = ("new", "returned", "moved_in"), ("lapsed", "moved_out")
            for side, other in (sides, sides[::-1]):
                # Those who came less those who went are known, so either number alone would tell the other.
                if gone & set(side) and not gone & set(other):
                    gone.add(min(other, key=lambda name: (true[name] == 0, true[name])))
            row |= dict.fromkeys(gone)
    elif metric == "retention":
        for true, row in zip(rows, hidden, strict=True):
            users, back = true["users"], true["returned_week_4"]
            few = small(users) or (segment and small(true["_mau"]))
            if few:
                row["users"] = None
            if few or small(back) or (None not in (users, back) and small(users - back)):
                row["returned_week_4"] = row["retention_percent"] = None
    elif metric == "connection-time":
        for row in hidden:
            cell = row["day"], row["account"], "connections"
            if small(row["connections"]) or cell in telling:
                for name in ("connections", "p25_seconds", "median_seconds", "p75_seconds"):
                    row[name] = None
    elif metric == "completion":
        for true, row in zip(rows, hidden, strict=True):
            gone = {
                name: small(true[name]) or (row["day"], "", name) in telling
                for name in ("begun", "completed", "_within_5", "_within_10")
            }
            if gone["begun"] or gone["completed"]:
                row["completion_percent"] = None
            for limit in (5, 10):
                if gone["begun"] or gone[f"_within_{limit}"]:
                    row[f"within_{limit}_seconds_percent"] = None
            for count in ("begun", "completed"):
                if gone[count]:
                    row[count] = None
    elif metric == "steps":
        for row in hidden:
            if small(row["reached"]) or (row["day"], row["step"], "reached") in telling:
                row["reached"] = row["median_seconds"] = None
    return hidden


def _hide_engagement(
    rows: list[Row], hidden: list[Row], small: Any, few: Set[str] = frozenset()
) -> None:
    true = {(row["day"], row["audience"]): row["dau"] for row in rows}
    days = [row["day"] for row in rows if row["audience"] == "all"]

    def dau_hidden(day: str, audience: str) -> bool:
        if day in few:
            return True
        if audience == "all":
            return small(true[day, "all"])
        return small(true[day, "multi_device"]) or small(true[day, "single_device"])

    for row in hidden:
        day, audience = row["day"], row["audience"]
        place = days.index(day)
        mean_days = days[max(0, place - MEAN_DAYS + 1) : place + 1]
        if any(dau_hidden(earlier, audience) for earlier in mean_days):
            row["dau_7day_mean"] = row["engagement_ratio"] = None
        if dau_hidden(day, audience):
            row["dau"] = None
        if small(row["mau"]) or day in few:
            row["mau"] = row["engagement_ratio"] = None


# Firefox reference ----------------------------------------------------------------------------


def firefox(figures: Iterable[tuple[str, str, int, int]]) -> list[Row]:
    """Per day and product, from (day, product, dau, mau): the 7-day mean and the ratio."""
    given = {(day, product): (dau, mau) for day, product, dau, mau in figures}
    rows = []
    for day, product in sorted(given):
        week = [date.fromisoformat(day) - timedelta(days=back) for back in range(MEAN_DAYS)]
        daus = [given.get((earlier.isoformat(), product)) for earlier in week]
        mean = None if None in daus else sum(dau for dau, _ in daus) / MEAN_DAYS
        dau, mau = given[day, product]
        rows.append(
            {
                "day": day,
                "product": product,
                "dau": dau,
                "dau_7day_mean": mean,
                "mau": mau,
                "engagement_ratio": percent(mean, mau),
            }
        )
    return rows


# Production's two formats -----------------------------------------------------------------------


def events_of_activity(rows: Iterable[Mapping[str, Any]], columns: int) -> list[Event]:
    """What the rows of an activity file mean; with 7 columns there is no device."""
    return [
        {
            "timestamp": row["timestamp"] * 1000,
            "type": row["type"],
            "uid": row.get("uid"),
            "device_id": row.get("device_id") if columns > 7 else None,
            "user_agent_browser": row.get("ua_browser"),
            "user_agent_version": row.get("ua_version"),
            "user_agent_os": row.get("ua_os"),
            "service": row.get("service"),
        }
        for row in rows
    ]


def events_of_flow(rows: list[Mapping[str, Any]], columns: int) -> list[Event]:
    """What the rows of flow files mean together; with 16 columns there is no uid."""
    signing_up = {row["flow_id"] for row in rows if row["type"] == "account.created"}
    events = []
    for row in rows:
        kind = row["type"]
        parts = kind.split(".")
        duration = parts[0] == "flow" and parts[1:2] in (["performance"], ["timing"])
        if kind == "flow.begin" or (
            parts[0] == "flow" and len(parts) == 3 and parts[2] == "begin" and not duration
        ):
            kind = "sequence.begin"
        elif kind in ("account.keyfetch", "flow.complete"):
            kind = "device.connected"
        elif kind.startswith("flow.continued."):
            kind = "flow.continued"
        events.append(
            {
                "timestamp": row["timestamp"] * 1000,
                "seq_id": row["flow_id"],
                "seq_time": None if duration else row["flow_time"],
                "type": kind,
                "uid": row.get("uid") if columns > 16 else None,
                "new_user": row["flow_id"] in signing_up,
                "user_agent_browser": row.get("ua_browser"),
                "user_agent_version": row.get("ua_version"),
                "user_agent_os": row.get("ua_os"),
                "service": row.get("service"),
                "context": row.get("context"),
                "entrypoint": row.get("entrypoint"),
                "campaign": row.get("utm_campaign"),
                "migration": row.get("migration"),
            }
        )
    return events
