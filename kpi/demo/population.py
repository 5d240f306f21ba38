"""The people of the simulation: who they are, when they come and go, and what devices they have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kpi.demo.timeline import (
    ANDROID,
    DAY_MS,
    DESKTOP,
    HOME,
    IOS,
    MOBILE,
    WEB,
    WINDOWS_10,
    WORK,
    Timeline,
)

# Code, share of accounts, hours from UTC, speed of connecting against the usual.
REGIONS = (
    ("US", 0.27, -6.0, 0.96),
    ("DE", 0.13, 1.0, 0.94),
    ("FR", 0.08, 1.0, 0.98),
    ("RU", 0.07, 3.0, 1.06),
    ("GB", 0.06, 0.0, 0.95),
    ("BR", 0.06, -3.0, 1.12),
    ("PL", 0.05, 1.0, 1.00),
    ("IN", 0.05, 5.5, 1.22),
    ("IT", 0.04, 1.0, 1.02),
    ("ES", 0.04, 1.0, 1.02),
    ("ID", 0.04, 7.0, 1.25),
    ("CA", 0.03, -6.0, 0.97),
    ("JP", 0.03, 9.0, 0.97),
    ("NL", 0.02, 1.0, 0.93),
    ("CN", 0.02, 8.0, 1.30),
    ("ZA", 0.01, 2.0, 1.15),
)

OPERATING_SYSTEMS = (
    "Windows 7",
    "Windows 8.1",
    "Windows 10",
    "Windows XP",
    "Windows Vista",
    "Mac OS X",
    "Linux",
    "Ubuntu",
    "Android",
    "iOS",
)
OS = {name: code for code, name in enumerate(OPERATING_SYSTEMS)}
DESKTOP_SHARES = (0.475, 0.145, 0.0, 0.055, 0.02, 0.185, 0.075, 0.045, 0.0, 0.0)

# How people stay: share of those that join, share of those here at the start, mean days, and
# the beta distribution of how probable a visit is on an ordinary day.
STAYS = (
    ("tried it once", 0.17, 0.00, 2.0, 1.1, 2.4),
    ("drifted away", 0.25, 0.03, 40.0, 0.95, 2.3),
    ("came for a while", 0.27, 0.25, 270.0, 0.75, 1.65),
    ("stays", 0.31, 0.72, 2400.0, 0.70, 1.20),
)

JOINS_PER_DAY = 0.0033
ABANDONED = 0.05
WEB_ONLY = 0.02
NEVER = 1 << 30

# Hours of a day's first use, local time: how many people start at each.
DESKTOP_HOURS = (
    *(4, 2, 1, 1, 1, 2, 6, 16, 30, 32, 22, 16),
    *(15, 16, 15, 14, 14, 15, 17, 20, 21, 18, 13, 8),
)
MOBILE_HOURS = (
    *(8, 4, 2, 2, 2, 5, 16, 26, 24, 18, 14, 14),
    *(17, 15, 13, 13, 14, 16, 18, 19, 21, 24, 24, 16),
)


def _inverse(hours: tuple[int, ...]) -> np.ndarray:
    """For 4096 equal chances, the milliseconds after midnight at which the day's use begins."""
    chances = np.cumsum(np.repeat(hours, 60).astype(float))
    minutes = np.searchsorted(chances / chances[-1], (np.arange(4096) + 0.5) / 4096)
    return minutes.astype(np.int64) * 60_000


FIRST_USE = np.stack([_inverse(DESKTOP_HOURS), _inverse(MOBILE_HOURS)])


@dataclass
class Population:
    """Columns of users and of their device slots; a slot is a machine, its device may be renewed.

    Days are numbers of the timeline; a user or slot is about on days first <= day < end.
    Times of joining, adding and renewing are milliseconds since the first midnight, -1 where
    that lies before the period.
    """

    timeline: Timeline
    region: np.ndarray
    propensity: np.ndarray
    joined: np.ndarray  # ms of the sign-up's start, -1 before the period
    abandoned: np.ndarray
    web_only: np.ndarray
    first: np.ndarray
    end: np.ndarray
    pauses: np.ndarray  # (users, 2, 2): first day and end of up to two long absences
    base: np.ndarray  # a user's first slot
    slots: np.ndarray  # how many slots a user has

    slot_user: np.ndarray
    slot_platform: np.ndarray
    slot_rhythm: np.ndarray
    slot_use: np.ndarray  # chance of use on a day on which the user is active
    slot_os: np.ndarray
    slot_windows_10: np.ndarray  # the day from which a Windows machine has Windows 10
    slot_lag: np.ndarray  # days from a release to its installation
    slot_added: np.ndarray  # ms of the sign-in's start, -1 before the period or with the sign-up
    slot_renewed: np.ndarray  # ms of the sign-in that replaces the device id, or -1
    slot_first: np.ndarray
    slot_device: np.ndarray  # the slot's first device, -1 where devices are not registered
    devices: int


def time_of_day(rng: np.random.Generator, region: np.ndarray, mobile: np.ndarray) -> np.ndarray:
    """Milliseconds after a UTC midnight at which people of these regions begin to use a device."""
    hours = np.array([zone[2] for zone in REGIONS])
    local = FIRST_USE[mobile.astype(np.int8), rng.integers(0, 4096, region.size)]
    shift = (hours * 3_600_000).astype(np.int64)[region]
    return (local - shift + rng.integers(0, 60_000, region.size)) % DAY_MS


def _pick(rng: np.random.Generator, shares: ArrayLike, count: int) -> np.ndarray:
    """Codes, or days, drawn by their shares."""
    limits = np.cumsum(np.asarray(shares, dtype=float))
    codes = np.searchsorted(limits / limits[-1], rng.random(count), "right")
    return np.minimum(codes, limits.size - 1)


def populate(timeline: Timeline, users: int, seed: int) -> Population:
    """Draw all accounts that exist in the period, those from before it first, then as they join."""
    rng = np.random.default_rng([seed, 1])
    days = timeline.days
    joining = round(users * JOINS_PER_DAY * days / (1 + JOINS_PER_DAY * days))
    joining = min(max(joining, min(users, 2)), users)
    is_new = np.arange(users) >= users - joining

    stay = np.where(
        is_new,
        _pick(rng, [kind[1] for kind in STAYS], users),
        _pick(rng, [kind[2] for kind in STAYS], users),
    )
    mean_days, alpha, beta = np.array([kind[3:] for kind in STAYS]).T[:, stay]
    propensity = rng.beta(alpha, beta)
    stays = np.ceil(rng.exponential(mean_days)).astype(np.int64)

    region = _pick(rng, [zone[1] for zone in REGIONS], users)
    join_day = np.sort(_pick(rng, timeline.sign_up_weight, joining))
    joined = np.full(users, -1, dtype=np.int64)
    at = time_of_day(rng, region[is_new], rng.random(joining) < 0.15)
    joined[is_new] = np.sort(_after_outage(timeline, rng, join_day * DAY_MS + at))
    first = np.where(is_new, joined // DAY_MS + 1, 0)
    abandoned = is_new & (rng.random(users) < ABANDONED)
    web_only = rng.random(users) < WEB_ONLY
    end = np.minimum(np.where(abandoned, 0, first + stays), days)

    pauses = np.full((users, 2, 2), NEVER, dtype=np.int64)
    for number, chance in enumerate((0.42, 0.20)):
        start = first + 5 + (rng.random(users) * days * 1.05).astype(np.int64)
        length = np.exp(rng.normal(3.45, 0.75, users)).astype(np.int64) + 7
        away = rng.random(users) < chance
        pauses[away, number, 0] = start[away]
        pauses[away, number, 1] = (start + length)[away]

    slots = _slots(timeline, rng, is_new, joined, first, end, stay, abandoned | web_only)
    # People with several devices are the keener.
    several = slots["count"] > 1
    propensity[several] = 0.22 + 0.78 * propensity[several] ** 0.65
    propensity[web_only] *= 0.3
    base = np.concatenate([[0], np.cumsum(slots["count"])[:-1]])
    machine = _machines(timeline, rng, slots, end, web_only)
    return Population(
        timeline=timeline,
        region=region,
        propensity=propensity,
        joined=joined,
        abandoned=abandoned,
        web_only=web_only,
        first=first,
        end=end,
        pauses=pauses,
        base=base,
        slots=slots["count"],
        slot_user=slots["user"],
        slot_added=slots["added"],
        slot_first=slots["first"],
        **machine,
    )


def _after_outage(timeline: Timeline, rng: np.random.Generator, at: np.ndarray) -> np.ndarray:
    """Times at which people succeed: who meets the outage tries again some days later."""
    level = np.append(timeline.service_level, 1.0)[np.clip(at // DAY_MS, -1, timeline.days)]
    failed = (at >= 0) & (rng.random(at.size) >= level)
    later = at + rng.integers(2, 7, at.size) * DAY_MS
    return np.where(failed & (later // DAY_MS < timeline.days), later, at)


def _slots(
    timeline: Timeline,
    rng: np.random.Generator,
    is_new: np.ndarray,
    joined: np.ndarray,
    first: np.ndarray,
    end: np.ndarray,
    stay: np.ndarray,
    single: np.ndarray,
) -> dict[str, np.ndarray]:
    """One to four machines for each user: user, place, time added, first day, count per user."""
    users = is_new.size
    years = timeline.years(np.maximum(first, 0))
    added_ms = [np.where(is_new, joined, -1)]
    exists = [np.ones(users, dtype=bool)]
    # Some add a second device in the first hours, some within days, many much later or never.
    kind = rng.random(users)
    early = 0.057 + 0.008 * years
    soon = early + 0.015
    late = np.array([0.0, 0.07, 0.125, 0.185])[stay] + 0.012 * years
    delay = np.select(
        [kind < early, kind < soon, kind < soon + late],
        [
            0.01 + rng.exponential(0.35, users),
            2 + 5 * rng.random(users),
            7 + rng.exponential(310.0, users),
        ],
        default=np.inf,
    )
    chance = np.array([1.0, 0.25, 0.28])
    for place in (1, 2, 3):
        if place > 1:
            again = rng.exponential(260.0, users) + 1.0
            delay = np.where(rng.random(users) < chance[place - 1], delay + again, np.inf)
        start = np.where(is_new, joined, 0) + np.where(np.isfinite(delay), delay, 0) * DAY_MS
        # Half of those who were here before had added theirs before.
        before = ~is_new & (rng.random(users) < 0.56)
        start = np.where(before, -1, np.minimum(start, NEVER * DAY_MS)).astype(np.int64)
        start = _after_outage(timeline, rng, start)
        day = start // DAY_MS
        there = exists[-1] & np.isfinite(delay) & ~single
        there &= (start < 0) | ((day < end) & (day < timeline.days))
        added_ms.append(start)
        exists.append(there)
    present = np.stack(exists, axis=1)
    user, number = np.nonzero(present)
    added = np.stack(added_ms, axis=1)[user, number]
    start_day = np.where(added < 0, 0, added // DAY_MS + 1)
    return {
        "user": user,
        "place": number,
        "added": added,
        "first": np.where(number == 0, first[user], start_day),
        "count": present.sum(axis=1),
    }


def _machines(
    timeline: Timeline,
    rng: np.random.Generator,
    slots: dict[str, np.ndarray],
    end: np.ndarray,
    web_only: np.ndarray,
) -> dict[str, Any]:
    """Each slot's platform, system, habits of updating, and device ids."""
    user, place, added = slots["user"], slots["place"], slots["added"]
    count = user.size
    day = np.where(added < 0, -1, added // DAY_MS)
    draw = rng.random(count)
    platform = np.where(
        place == 0,
        np.select([draw < 0.855, draw < 0.975], [DESKTOP, ANDROID], IOS),
        np.select([draw < 0.46, draw < 0.79], [DESKTOP, ANDROID], IOS),
    )
    # Before its launch nobody had Firefox on iOS; those who would add it soon after, do.
    launch = timeline.ios_launch_day
    waits = (platform == IOS) & (day < launch) & (launch > 0)
    joins_late = waits & (place > 0) & (rng.random(count) < 0.55)
    arrival = launch + np.minimum(rng.exponential(45.0, count), 400.0)
    joins_late &= (arrival < end[user]) & (arrival < timeline.days)
    when = _after_outage(timeline, rng, (arrival * DAY_MS).astype(np.int64))
    added[joins_late] = when[joins_late]
    slots["first"][joins_late] = when[joins_late] // DAY_MS + 1
    platform[waits & ~joins_late] = np.where(place == 0, DESKTOP, ANDROID)[waits & ~joins_late]
    platform[web_only[user]] = WEB
    day = np.where(added < 0, -1, added // DAY_MS)

    mobile = (platform == ANDROID) | (platform == IOS)
    rhythm = np.where(mobile, MOBILE, np.where(rng.random(count) < 0.27, WORK, HOME))
    # The second desktop of somebody who has a desktop at work is at home.
    second = np.flatnonzero((place == 1) & (rhythm != MOBILE))
    rhythm[second] = np.where(rhythm[second - 1] == WORK, HOME, rhythm[second])
    # A further device is either part of the day or lies in a drawer.
    often = rng.random(count) < 0.68
    use = np.where(often, 0.40 + 0.58 * rng.beta(2.2, 1.5, count), 0.03 * rng.random(count))
    use = np.where(place == 0, 0.80 + 0.18 * rng.random(count), use)

    system = _pick(rng, DESKTOP_SHARES, count)
    # New accounts come from old systems ever less often.
    old = (system == OS["Windows XP"]) | (system == OS["Windows Vista"])
    system[old & (day >= 0) & (rng.random(count) < 0.6)] = OS["Windows 7"]
    windows = (system == OS["Windows 7"]) | (system == OS["Windows 8.1"])
    release = timeline.number(WINDOWS_10)
    upgrade = release + 3 + rng.exponential(150.0, count)
    upgrade = np.where(windows & (rng.random(count) < 0.32), upgrade, NEVER)
    bought = windows & (day > release + 30) & (rng.random(count) < 0.28)
    upgrade = np.where(bought, release, upgrade).astype(np.int64)
    system[platform == ANDROID] = OS["Android"]
    system[platform == IOS] = OS["iOS"]
    upgrade[mobile] = NEVER

    # Most update within a week or so; some are weeks late, a few hold on to an old version.
    lag = 1.5 + np.exp(rng.normal(1.45, 0.62, count))
    slow = rng.random(count)
    lag = np.where(slow < 0.10, 15 + rng.exponential(45.0, count), lag)
    lag = np.where(slow < 0.025, 120 + rng.exponential(160.0, count), lag)

    renewed = rng.exponential(2600.0, count) + np.maximum(day, 0) + 3
    stop = np.minimum(end[user], timeline.days)
    keep = (renewed < stop) & (platform != WEB)
    renewed_ms = np.where(keep, (renewed * DAY_MS).astype(np.int64), -1)
    renewed_ms = _after_outage(timeline, rng, renewed_ms)
    unregistered = (rng.random(count) < 0.03) & (day < timeline.number(WINDOWS_10) + 150)
    ids = np.where(unregistered | (platform == WEB), 0, 1 + (renewed_ms >= 0))
    device = np.where(ids > 0, np.cumsum(ids) - ids, -1)
    return {
        "slot_platform": platform.astype(np.int8),
        "slot_rhythm": rhythm.astype(np.int8),
        "slot_use": use.astype(np.float32),
        "slot_os": system,
        "slot_windows_10": upgrade,
        "slot_lag": np.minimum(lag, 900).astype(np.int64),
        "slot_renewed": renewed_ms,
        "slot_device": device,
        "devices": int(ids.sum()),
    }
