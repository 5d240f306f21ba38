"""Random event logs for tests, small enough that edges collide.

An event is a dict with the columns of the event table. Ids carry the marks ``RAW_USER`` and
``RAW_DEVICE``, so that a test can look for them wherever they must never be.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

Event = dict[str, Any]

RAW_USER = "rawuser"
RAW_DEVICE = "rawdevice"
DAY_MS = 24 * 60 * 60 * 1000
COLUMNS = (
    "timestamp",
    "seq_id",
    "seq_time",
    "type",
    "uid",
    "device_id",
    "new_user",
    "user_agent_browser",
    "user_agent_version",
    "user_agent_os",
    "service",
    "context",
    "entrypoint",
    "campaign",
    "migration",
)
HOSTILE = "Robert'); DROP TABLE segment; --"
PLATFORMS = (
    ("Firefox", "40", "Windows 7"),
    ("Firefox", "41.0.1", "Windows 7"),
    ("Firefox", "41", "Linux"),
    ("Firefox Mobile", "41.0", "Android"),
    ("Mobile Firefox, iOS", "1.2", "iOS"),
    ('Fenn"ec', "40.0", "Android"),
    ("Firefox", "", ""),
    ("", "", "Mac OS X"),
    (HOSTILE, "9;9", "<b>ö</b>"),
)


def at(day: str | date, clock: str = "12:00") -> int:
    """The timestamp in milliseconds of a UTC day and time."""
    moment = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


def days_from(first: str, count: int) -> list[str]:
    """The ISO dates of ``count`` days from ``first`` on."""
    start = date.fromisoformat(first)
    return [(start + timedelta(days=step)).isoformat() for step in range(count)]


D = days_from("2016-01-01", 80)  # D[0] is the first day of every told story


def event(timestamp: int, kind: str = "account.signed", **columns: Any) -> Event:
    """One event; columns not named are blank."""
    unknown = set(columns) - set(COLUMNS)
    if unknown:
        raise TypeError(f"no such columns: {sorted(unknown)}")
    return {**dict.fromkeys(COLUMNS), "timestamp": timestamp, "type": kind, **columns}


def user(name: Any) -> str:
    """A raw user id that can be found again wherever it leaks."""
    return f"{RAW_USER}{name}"


def device(name: Any) -> str:
    """A raw device id that can be found again wherever it leaks."""
    return f"{RAW_DEVICE}{name}"


def heartbeat(first: str, count: int) -> list[Event]:
    """One event of nobody on every day, so that all of them are loaded."""
    return [event(at(day, "06:00")) for day in days_from(first, count)]


# Random logs ------------------------------------------------------------------------------------


def random_log(
    seed: int,
    *,
    first: str = "2016-01-20",
    days: int = 64,
    users: int = 9,
    attempts_per_day: float = 1.5,
    unloaded: Sequence[int] = (),
) -> list[Event]:
    """A log of few users and devices on few days; the same seed gives the same log.

    ``unloaded`` are the positions of days on which nothing at all happens.
    """
    chance = random.Random(seed)
    calendar = [
        day for place, day in enumerate(days_from(first, days)) if place not in set(unloaded)
    ]
    owned = {
        person: [
            (device(f"{person}x{number}"), chance.choice(PLATFORMS))
            for number in range(chance.choice((1, 2, 2, 3)))
        ]
        for person in range(users)
    }
    around = {person: _stays(chance, calendar) for person in owned}
    log: list[Event] = []
    for person, devices in owned.items():
        log += _activity(chance, person, devices, around[person])
    for day in calendar:
        log.append(event(_moment(chance, day), uid=chance.choice((None, "", "NULL"))))
        present = {person: owned[person] for person in owned if day in around[person]}
        for _ in range(int(chance.random() * 2 * attempts_per_day + 0.5)):
            log += _sequence(chance, day, present or owned)
    # An attempt near midnight may run into a day on which nothing was to happen.
    allowed = set(calendar)
    log = [e for e in log if _day(e["timestamp"]) in allowed]
    chance.shuffle(log)
    return log


def _day(timestamp: int) -> str:
    return datetime.fromtimestamp(timestamp // 1000, UTC).date().isoformat()


def _moment(chance: random.Random, day: str) -> int:
    start = at(day, "00:00")
    edge = chance.random()
    if edge < 0.1:
        return start
    if edge < 0.2:
        return start + DAY_MS - 1
    return start + chance.randrange(DAY_MS)


def _stays(chance: random.Random, calendar: list[str]) -> list[str]:
    """The days on which a user is around: always, or in stays with telling gaps between them."""
    if chance.random() < 0.2:
        return calendar
    around = []
    place = chance.randrange(len(calendar))
    if chance.random() < 0.5:
        place //= 4
    while place < len(calendar):
        stay = chance.choice((1, 1, 2, 5, 9))
        around += calendar[place : place + stay]
        # Away for so long that the windows of 3, 5, 7, 14 and 28 days just hold or just don't.
        place += stay - 1 + chance.choice((2, 3, 4, 5, 6, 7, 13, 14, 27, 28, 28, 29, 29, 30))
    return around


def _activity(
    chance: random.Random, person: int, devices: list[tuple[str, Any]], around: list[str]
) -> list[Event]:
    """A user's ordinary days, with a habit per device."""
    log = []
    for name, (browser, version, system) in devices:
        habit = chance.choice((0.3, 0.6, 1))
        for day in around:
            if chance.random() > habit:
                continue
            if chance.random() < 0.02:
                version = f"{chance.randrange(40, 44)}.0"
            for _ in range(chance.choice((1, 1, 2))):
                log.append(
                    event(
                        _moment(chance, day),
                        chance.choice(
                            ("account.signed", "account.signed", "account.login", "device.updated")
                        ),
                        uid=user(person) if chance.random() > 0.03 else "",
                        device_id=name if chance.random() > 0.15 else chance.choice((None, "")),
                        new_user=chance.random() < 0.05,
                        user_agent_browser=browser,
                        user_agent_version=version,
                        user_agent_os=system,
                        service=chance.choice(("sync", "sync", "", "a1b2c3d4e5f60718")),
                    )
                )
    return log


def _sequence(
    chance: random.Random, day: str, owned: Mapping[int, list[tuple[str, Any]]]
) -> list[Event]:
    """One sequence with steps in any order, some twice, some missing, clocks disagreeing."""
    seq_id = f"{chance.getrandbits(128):032x}"
    person = chance.choice(list(owned))
    name, (browser, version, system) = chance.choice(owned[person])
    wanted = {
        "sequence.begin": 0.85,
        "account.created": 0.25,
        "account.login": 0.5,
        "account.verified": 0.4,
        "device.created": 0.6,
        "device.connected": 0.7,
        "account.reset": 0.05,
        "unheard.of": 0.1,
    }
    kinds = [kind for kind, share in wanted.items() if chance.random() < share]
    kinds += [kind for kind in kinds if chance.random() < 0.15]
    if chance.random() < 0.3:
        chance.shuffle(kinds)
    start = _moment(chance, day)
    if chance.random() < 0.2:
        start = at(day, "23:59:55") + chance.randrange(5000)
    tags = {
        "user_agent_browser": browser,
        "user_agent_version": version,
        "user_agent_os": system,
        "service": chance.choice(("sync", "sync", "sync", "sync", "", "a1b2c3d4e5f60718")),
        "context": chance.choice(("fx_desktop_v2", "")),
        "entrypoint": chance.choice(("firstrun", "menupanel", None)),
        "campaign": chance.choice((None, "spring; sale")),
        "migration": chance.choice((None, "sync11")),
    }
    flagged_new = chance.random() < 0.2
    elapsed = 0
    log = []
    for place, kind in enumerate(kinds):
        moment = start + elapsed
        if chance.random() < 0.2:
            moment = start + chance.randrange(20_000)
        own = dict(tags)
        if chance.random() < 0.15:
            # Tags that come and go; another value only at a seqTime of its own.
            for tag in chance.sample(list(own), 3):
                own[tag] = chance.choice((None, "", "NULL"))
            own["user_agent_os"] = f"{chance.choice(('Linux', 'Android', 'iOS'))}"
        log.append(
            event(
                moment,
                kind,
                seq_id=seq_id if chance.random() > 0.02 else None,
                seq_time=elapsed if chance.random() > 0.02 else None,
                uid=user(person) if place and chance.random() > 0.1 else None,
                device_id=name if kind.startswith("device.") else None,
                new_user=flagged_new and chance.random() < 0.5,
                **own,
            )
        )
        elapsed += chance.choice((1, 700, 1300, 2500, 5000, 5000, 10_000, 20_001, 4_000_000))
    return log


# Production's formats -------------------------------------------------------------------------


def random_activity(seed: int, *, first: str = "2016-01-20", days: int = 40) -> list[Event]:
    """Rows of activity files: ordinary days of few users."""
    log = random_log(seed, first=first, days=days, attempts_per_day=0)
    return [
        {
            "timestamp": row["timestamp"] // 1000,
            "ua_browser": row["user_agent_browser"],
            "ua_version": row["user_agent_version"],
            "ua_os": row["user_agent_os"],
            "uid": row["uid"],
            "type": row["type"],
            "service": row["service"],
            "device_id": row["device_id"],
            "country": "Germany",
            "region": "Hesse",
        }
        for row in log
    ]


def random_flow(seed: int, *, first: str = "2016-01-20", days: int = 40) -> list[Event]:
    """Rows of flow files: sequences in production's own words, durations among them."""
    chance = random.Random(seed)
    rows = []
    for row in random_log(seed, first=first, days=days, attempts_per_day=3):
        if row["seq_id"] is None or row["seq_time"] is None:
            continue
        kind = {
            "sequence.begin": chance.choice(("flow.begin", "flow.signup.begin", "flow.begin")),
            "device.connected": chance.choice(("account.keyfetch", "flow.complete")),
            "unheard.of": "flow.signin.engage",
        }.get(row["type"], row["type"])
        made = {
            "timestamp": row["timestamp"] // 1000,
            "type": kind,
            "flow_id": row["seq_id"] * 2,
            "flow_time": row["seq_time"],
            "ua_browser": row["user_agent_browser"],
            "ua_version": row["user_agent_version"],
            "ua_os": row["user_agent_os"],
            "context": row["context"],
            "entrypoint": row["entrypoint"],
            "migration": row["migration"],
            "service": row["service"],
            "utm_campaign": row["campaign"],
            "utm_source": "desktop-snippet",
            "locale": "de",
            "uid": row["uid"],
            "country": "Germany",
            "region": "Hesse",
        }
        rows.append(made)
        if chance.random() < 0.2:
            duration = chance.choice(("flow.performance.network", "flow.timing.total"))
            rows.append({**made, "type": duration, "flow_time": chance.randrange(30)})
    return rows
