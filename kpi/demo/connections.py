"""Attempts to connect a device: who tries, how far they come, and how long each step lasts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from kpi.demo.events import (
    BROWSERS,
    CAMPAIGNS,
    CONTEXTS,
    ENTRYPOINTS,
    MIGRATIONS,
    TAGS,
    TYPE,
    Events,
    hexadecimal_ids,
    in_order,
    make_events,
)
from kpi.demo.population import OS, REGIONS, Population, time_of_day
from kpi.demo.timeline import ANDROID, DAY_MS, DESKTOP, HOME, IOS, IOS_LAUNCH, WEB, Timeline

# On average so many days pass before a machine must sign in again.
DAYS_TO_RETURN = 540.0
MINUTE_MS = 60_000
HOUR_MS = 3_600_000
BEGUN, ENTERED, VERIFIED, READY = range(4)


Attempts = pd.DataFrame
"""A row per attempt: begin (ms), new, slot (the machine), user, device (-1 where its id must not appear),
reached (how far it comes), registers (whether a device record is made, or the known record used again), and a
column for each tag.
"""


def machine_tags(people: Population, slot: np.ndarray, day: np.ndarray) -> dict[str, np.ndarray]:
    """Browser, version and system of a machine on a day: versions arrive with the owner's lag."""
    timeline = people.timeline
    platform = people.slot_platform[slot]
    current = day - people.slot_lag[slot]
    number = np.arange(-1000, timeline.days)
    desktop = timeline.firefox_version(number).astype(np.int16)
    ios = timeline.ios_version(number).astype(np.int16)
    place = np.clip(current + 1000, 0, number.size - 1)
    version = np.where(platform == IOS, ios[place], desktop[place])
    version = np.where(platform == WEB, desktop[np.clip(day + 1000, 0, None)] + 5, version)
    system = people.slot_os[slot]
    system = np.where(day >= people.slot_windows_10[slot], OS["Windows 10"], system)
    browser = np.array([0, 1, 2, 3], dtype=np.int16)[platform]
    return {"browser": browser, "version": version, "os": system}


def connection_attempts(people: Population, seed: int) -> Attempts:
    """All attempts of the period by begin: sign-ups, further devices, returns, and failures."""
    timeline = people.timeline
    rng = np.random.default_rng([seed, 2])
    base, joined = people.base, people.joined
    ups = np.flatnonzero((joined >= 0) & (joined // DAY_MS < timeline.days))
    first_slot = people.base[people.slot_user]
    added = np.flatnonzero((people.slot_added >= 0) & (np.arange(first_slot.size) > first_slot))
    renewed = np.flatnonzero(people.slot_renewed >= 0)
    returned, back = _returns(people, rng)
    slot = np.concatenate([base[ups], added, renewed, returned])
    user = people.slot_user[slot]
    source = np.repeat(range(4), [ups.size, added.size, renewed.size, returned.size])
    new = source == 0
    begin = np.concatenate(
        [joined[ups], people.slot_added[added], people.slot_renewed[renewed], back]
    )
    # Days later, people sign in at the hours at which they use the device anyway.
    settled = ~new & (begin - joined[user] > 2 * DAY_MS)
    at = time_of_day(rng, people.region[user], people.slot_platform[slot] != DESKTOP)
    begin = np.where(settled, begin // DAY_MS * DAY_MS + at, begin)
    device = device_on(people, slot, begin // DAY_MS) + (source == 2)
    device = np.where(people.slot_device[slot] < 0, -1, device)
    reached = np.full(slot.size, READY)
    lost = rng.random(slot.size) < 0.5
    reached[new & people.abandoned[user]] = ENTERED
    reached[new & people.abandoned[user] & lost] = VERIFIED
    day = begin // DAY_MS
    tags = machine_tags(people, slot, day)
    tags |= _acquisition(people, rng, slot, day, new, tags["version"])
    columns = {"begin": begin, "new": new, "slot": slot, "user": user, "device": device}
    columns |= {"reached": reached, "registers": source != 3, **tags}
    succeeded = pd.DataFrame(columns)
    whole = pd.concat([succeeded, _failures(timeline, rng, succeeded)])
    inside = whole[(whole["begin"] >= 0) & (whole["begin"] < timeline.days * DAY_MS)]
    return inside.sort_values("begin", kind="stable", ignore_index=True)


def device_on(people: Population, slot: np.ndarray, day: np.ndarray) -> np.ndarray:
    """The device a slot is on a day, -1 where it is not registered: the new device after renewal."""
    renewed = people.slot_renewed[slot]
    device = people.slot_device[slot]
    return device + ((device >= 0) & (renewed >= 0) & (day > renewed // DAY_MS))


def _returns(people: Population, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Machines that have to sign in again, and when: a lapsed session, a changed password."""
    timeline = people.timeline
    start = np.maximum(people.slot_first, 0)
    stay = np.minimum(people.end[people.slot_user], timeline.days) - start
    stay = np.where(people.slot_platform == WEB, 0, np.maximum(stay, 0))
    slot = np.repeat(np.arange(stay.size), rng.poisson(stay / DAYS_TO_RETURN))
    day = start[slot] + (rng.random(slot.size) * stay[slot]).astype(np.int64)
    # Nobody signs in on days without service; the week's rhythm holds for this as well.
    returns = rng.random(slot.size) < timeline.rhythm[HOME, day] * timeline.service_level[day]
    returns &= day > people.slot_renewed[slot] // DAY_MS + 1
    return slot[returns], day[returns] * DAY_MS + rng.integers(0, DAY_MS, int(returns.sum()))


def _acquisition(
    people: Population,
    rng: np.random.Generator,
    slot: np.ndarray,
    day: np.ndarray,
    new: np.ndarray,
    version: np.ndarray,
) -> dict[str, np.ndarray]:
    """Service, context, entrypoint, campaign, migration and region of attempts."""
    timeline = people.timeline
    count = slot.size
    platform = people.slot_platform[slot]
    context = np.select(
        [platform == ANDROID, platform == IOS, platform == WEB, version >= 42],
        [
            CONTEXTS.index("fx_fennec_v1"),
            CONTEXTS.index("fx_ios_v1"),
            CONTEXTS.index("web"),
            CONTEXTS.index("fx_desktop_v3"),
        ],
        CONTEXTS.index("fx_desktop_v2"),
    )
    draw = rng.random(count)
    entry = np.where(
        new,
        np.searchsorted([0.34, 0.62, 0.76, 0.86, 0.94], draw, "right"),
        np.searchsorted([0.42, 0.48, 0.74, 0.78, 0.81], draw, "right"),
    )
    phone = np.where(draw < 0.55, ENTRYPOINTS.index("home-panel"), ENTRYPOINTS.index("settings"))
    entry = np.where(platform == DESKTOP, entry, phone)
    entry = np.where((platform == WEB) | (rng.random(count) < 0.03), -1, entry)

    draw = rng.random(count)
    back = timeline.sign_up_season[np.clip(day, 0, timeline.days - 1)] & new & (draw < 0.30)
    launch = day - timeline.number(IOS_LAUNCH)
    phones = (platform == IOS) & (launch >= 0) & (launch < 90) & (draw < 0.35)
    tour = (entry == ENTRYPOINTS.index("whatsnew")) & (draw < 0.70)
    campaign = np.select([back, phones, tour, draw > 0.985], range(len(CAMPAIGNS)), -1)
    moving = 0.07 * np.exp(-1.6 * (timeline.years(day) + 0.1))
    migration = np.where(
        (platform == DESKTOP) & (rng.random(count) < moving), MIGRATIONS.index("sync11"), -1
    )
    migration = np.where((platform == WEB) & new, MIGRATIONS.index("amo"), migration)
    service = np.where(platform == WEB, rng.integers(1, 5, count), 0)
    return {
        "service": service,
        "context": context,
        "entrypoint": entry,
        "campaign": campaign,
        "migration": migration,
        "region": people.region[people.slot_user[slot]],
    }


def completion_share(timeline: Timeline, day: np.ndarray, new: np.ndarray) -> np.ndarray:
    """The share of begun attempts meant to become ready: slowly better, a step with a release."""
    years = timeline.years(day)
    step = day >= timeline.shorter_sign_up_day
    return np.where(new, 0.575 + 0.016 * years + 0.045 * step, 0.675 + 0.018 * years)


def _failures(timeline: Timeline, rng: np.random.Generator, succeeded: Attempts) -> Attempts:
    """Attempts that end early, each like a success of its day; some are their first try."""
    day = np.clip(succeeded["begin"].to_numpy() // DAY_MS, 0, timeline.days - 1)
    new = succeeded["new"].to_numpy()
    share = completion_share(timeline, day, new)
    count = rng.poisson((1 - share) / share)
    donor = np.repeat(np.arange(succeeded.begin.size), count)
    begin = succeeded["begin"].to_numpy()[donor]
    region = succeeded["region"].to_numpy()
    elsewhere = time_of_day(rng, region[donor], rng.random(donor.size) < 0.2)
    retry = rng.random(donor.size) < 0.30
    before = (rng.exponential(9.0, donor.size) + 0.6) * MINUTE_MS
    begin = np.where(retry, begin - before.astype(np.int64), begin // DAY_MS * DAY_MS + elsewhere)
    entered = retry & ~new[donor] & (rng.random(donor.size) < 0.55)

    # In the outage nearly everything fails, at the first page or soon after.
    for number in timeline.outage_days:
        near = np.flatnonzero(np.abs(day - number) <= 14)
        missing = 1.7 * near.size / 27 * (1 - timeline.service_level[number])
        extra = rng.choice(near, int(missing)) if near.size else near
        at = time_of_day(rng, region[extra], rng.random(extra.size) < 0.2)
        donor = np.concatenate([donor, extra])
        begin = np.concatenate([begin, number * DAY_MS + at])
        entered = np.concatenate([entered, np.zeros(extra.size, dtype=bool)])
    failed = succeeded.iloc[donor].reset_index(drop=True)
    reached = np.where(entered, ENTERED, BEGUN)
    user = np.where(entered, failed["user"], -1)
    return failed.assign(begin=begin, device=-1, user=user, reached=reached)


def with_step_times(timeline: Timeline, attempts: Attempts, seed: int) -> Attempts:
    """The attempts with the time of each step, in ms after the begin; ``reset`` is -1 for nearly all.

    Times are log-normal in the body, with tails of minutes and hours. A device is ready once it is connected
    and registered, whichever is later.
    """
    rng = np.random.default_rng([seed, 3])
    count, new = attempts.begin.size, attempts.new
    day = attempts["begin"].to_numpy() // DAY_MS
    years = timeline.years(day)
    usual = np.where(
        new,
        10.75 * np.exp(-0.045 * years) * np.where(day >= timeline.shorter_sign_up_day, 0.86, 1.0),
        5.3 * np.exp(-0.058 * years),
    )
    pace = np.array([zone[3] for zone in REGIONS])[attempts.region]
    slow = np.array([1.0, 1.24, 1.12, 1.0])[attempts.browser]
    pace = pace * np.where(attempts.entrypoint == ENTRYPOINTS.index("firstrun"), 0.94, 1.0)
    spread = np.where(new, 0.50, 0.46)
    total = usual * pace * slow * np.exp(spread * rng.normal(size=count)) * 1000

    # Filling the form is most of it; then the mail is opened, at once or in the evening.
    part = np.where(new, 0.50 + 0.26 * rng.random(count), 0.68 + 0.20 * rng.random(count))
    entered = total * part
    tail = rng.random(count) < np.where(new, 0.125, 0.07)
    minutes = np.where(
        new, np.exp(rng.normal(2.5, 1.8, count)), np.exp(rng.normal(0.1, 0.9, count))
    )
    waiting = np.where(tail, np.minimum(minutes * MINUTE_MS, 20 * HOUR_MS), 0.0)
    reset = np.where(~new & tail & (rng.random(count) < 0.55), waiting + entered * 0.6, -1.0)
    entered = np.where(new, entered, entered + waiting)
    connected = np.where(new, total + waiting, entered + total * (1 - part))
    gap = connected - entered
    verified = entered + gap * (0.90 + 0.07 * rng.random(count))
    # Registering follows the sign-in at once, and sometimes comes last.
    registered = entered + gap * np.where(tail & new, 0.02, 0.25) * rng.random(count)
    late = rng.random(count) < 0.11
    registered = np.where(late, connected + 40 + 700 * rng.random(count), registered)
    ready = np.maximum(connected, registered)
    steps = {"entered": entered, "registered": registered, "verified": verified, "ready": ready}
    steps |= {"connected": connected, "reset": reset}
    return attempts.assign(**{name: np.rint(time).astype(int) for name, time in steps.items()})


def connection_events(timeline: Timeline, attempts: Attempts, flow_days: int, seed: int) -> Events:
    """The events of all attempts, by time, with the ids and tags that their steps carry."""
    rng = np.random.default_rng([seed, 4])
    count, new = attempts.begin.size, attempts.new
    in_flow = int(np.searchsorted(attempts.begin, flow_days * DAY_MS))
    ids = pa.concat_arrays(
        [hexadecimal_ids(rng, in_flow, 64), hexadecimal_ids(rng, count - in_flow)]
    )
    web = attempts.browser == BROWSERS.index("Chrome")
    ready = (attempts.reached == READY) & ~web
    device = attempts.device
    # Not every client registered its device; now and then a page request goes unrecorded.
    unknown = device < 0
    recorded = rng.random(count) >= 0.006
    twice = rng.random(count) < 0.005
    entered = attempts.reached >= ENTERED
    verified = new & ((attempts.reached == VERIFIED) | (attempts.reached == READY))
    again = attempts.connected + 150 + rng.integers(0, 1500, count)
    zero = np.zeros(count, dtype=np.int64)
    # Which attempts, which type, when, whether the user is known by then, and since when the device.
    plan = (
        (recorded, "sequence.begin", zero, False, None),
        (entered & (attempts.reset >= 0), "account.reset", attempts.reset, True, None),
        (entered & new, "account.created", attempts.entered, True, None),
        (entered & ~new, "account.login", attempts.entered, True, None),
        (ready & ~unknown & attempts.registers, "device.created", attempts.registered, True, zero),
        (verified, "account.verified", attempts.verified, True, attempts.registered),
        (ready, "device.connected", attempts.connected, True, attempts.registered),
        (ready & twice, "device.connected", again, True, zero),
    )
    parts = []
    for chosen, name, seq_time, user_known, since in plan:
        at = np.flatnonzero(chosen)
        registered = ready[at] & (seq_time[at] >= (np.inf if since is None else since[at]))
        parts.append(
            make_events(
                at.size,
                ids.take(pa.array(at)),
                time=attempts.begin[at] + seq_time[at],
                type=TYPE[name],
                seq_time=seq_time[at],
                user=attempts.user[at] if user_known else -1,
                device=np.where(registered, device[at], -1),
                new_user=(new[at] & user_known).astype(np.int16),
                **{tag: attempts[tag][at] for tag in (*TAGS, "region")},
            )
        )
    at = np.flatnonzero(ready & attempts.registers)
    signed = attempts.ready[at] + 700 + rng.integers(0, 2500, at.size)
    tags = ("browser", "version", "os", "service", "region")
    parts.append(
        make_events(
            at.size,
            time=attempts.begin[at] + signed,
            type=TYPE["account.signed"],
            user=attempts.user[at],
            device=device[at],
            **{tag: attempts[tag][at] for tag in tags},
        )
    )
    events = in_order(parts)
    end = np.searchsorted(events.columns["time"], timeline.days * DAY_MS)
    return events.part(0, int(end))
