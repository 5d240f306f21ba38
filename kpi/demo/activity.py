"""Everyday use: which devices are used on which days, and the certificates they have signed."""

from __future__ import annotations

import numpy as np

from kpi.demo.connections import device_on, machine_tags
from kpi.demo.events import BROWSERS, CONTEXTS, TYPE, Events, hexadecimal_ids, in_order, make_events
from kpi.demo.population import Population, time_of_day
from kpi.demo.timeline import DAY_MS, DESKTOP, MOBILE, WEB, Part

SIX_HOURS_MS = 6 * 3_600_000
# The chances of more than 1, 2 and 3 signings of a device on a day.
MORE_SIGNINGS = np.array([[0.37, 0.14, 0.045], [0.24, 0.08, 0.02]])
BLANK_DEVICE = 0.003
BLANK_SERVICE = 0.012
WEB_LOGINS = 0.004
# Kinds of part in which every signing has a sequence of its own, as the specification's example has it.
SIGNING_KINDS = ("days", "run")


def everyday_events(people: Population, part: Part, seed: int) -> Events:
    """All events of a part outside connection attempts, by time."""
    rng = np.random.default_rng([seed, 5, part.start])
    user, day = _active_days(people, part.start, part.stop, rng)
    slot, used_on = _used_slots(people, user, day, rng)
    at_web = people.slot_platform[slot] == WEB
    own_ids = part.kind in SIGNING_KINDS
    parts = [
        _signings(people, slot[~at_web], used_on[~at_web], rng, own_ids),
        _web_logins(people, slot, used_on, at_web, rng, 64 if part.kind == "logs" else 32),
        _departures(people, part.start, part.stop, rng),
    ]
    return in_order(parts)


def _active_days(
    people: Population, start: int, stop: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Who is active on which day: a chance for each user and day, by the day's rhythm."""
    timeline = people.timeline
    about = np.flatnonzero((people.first < stop) & (people.end > start))
    # Habits slowly grow stronger: the same people, a little more often every year.
    years = float(timeline.years(np.array([(start + stop) // 2]))[0])
    chance = people.propensity[about] ** (1.08 - 0.14 * years)
    rhythm = timeline.rhythm[:, start:stop].astype(np.float32)
    kind = people.slot_rhythm[people.base[about]]
    chances = np.minimum(chance.astype(np.float32)[:, None] * rhythm[kind], 0.985)
    active = rng.random(chances.shape, dtype=np.float32) < chances
    day = np.arange(start, stop)
    active &= (day >= people.first[about, None]) & (day < people.end[about, None])
    for number in range(people.pauses.shape[1]):
        pause = people.pauses[about, number]
        away = np.flatnonzero((pause[:, 0] < stop) & (pause[:, 1] > start))
        active[away] &= (day < pause[away, 0, None]) | (day >= pause[away, 1, None])
    row, column = np.nonzero(active)
    return about[row], column + start


def _used_slots(
    people: Population, user: np.ndarray, day: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The machines used on users' active days: the first, if no other is."""
    count = people.slots[user]
    alone = count == 1
    slots, days = [people.base[user[alone]]], [day[alone]]
    user, day, count = user[~alone], day[~alone], count[~alone]
    base = people.base[user]
    nothing = np.ones(user.size, dtype=bool)
    for place in (3, 2, 1, 0):
        there = np.flatnonzero(count > place)
        slot = base[there] + place
        use = people.slot_use[slot]
        if place:
            # A machine at work rests at the weekend; a phone is used a little more.
            rhythm = people.timeline.rhythm[people.slot_rhythm[slot], day[there]]
            use = use * rhythm / people.timeline.service_level[day[there]]
        used = (rng.random(there.size) < use) & (day[there] >= people.slot_first[slot])
        if place == 0:
            used |= nothing
        nothing[there[used]] = False
        slots.append(slot[used])
        days.append(day[there[used]])
    return np.concatenate(slots), np.concatenate(days)


def _signings(
    people: Population,
    slot: np.ndarray,
    day: np.ndarray,
    rng: np.random.Generator,
    own_ids: bool,
) -> Events:
    """One to four signed certificates for each device and day, six hours apart."""
    mobile = people.slot_rhythm[slot] == MOBILE
    owner = people.slot_user[slot]
    first_use = time_of_day(rng, people.region[owner], mobile)
    more = MORE_SIGNINGS[mobile.astype(np.int8)]
    count = 1 + (rng.random(slot.size)[:, None] < more).sum(axis=1)
    parts_place, parts_time = [], []
    for number in range(4):
        place = np.flatnonzero(count > number)
        time = first_use[place] + number * SIX_HOURS_MS
        time += number * rng.integers(500, 240_000, place.size) + rng.integers(0, 1000, place.size)
        within = time < DAY_MS
        parts_place.append(place[within])
        parts_time.append(time[within])
    place = np.concatenate(parts_place)
    time = np.concatenate(parts_time) + day[place] * DAY_MS

    tags = machine_tags(people, slot, day)
    device = device_on(people, slot, day)
    device = np.where(rng.random(place.size) < BLANK_DEVICE, -1, device[place])
    service = np.where(rng.random(place.size) < BLANK_SERVICE, -1, 0)
    return make_events(
        place.size,
        hexadecimal_ids(rng, place.size) if own_ids else None,
        time=time,
        type=TYPE["account.signed"],
        seq_time=0 if own_ids else -1,
        user=owner[place],
        device=device,
        service=service,
        region=people.region[owner][place],
        **{name: values[place] for name, values in tags.items()},
    )


def _web_logins(
    people: Population,
    slot: np.ndarray,
    day: np.ndarray,
    at_web: np.ndarray,
    rng: np.random.Generator,
    seq_digits: int,
) -> Events:
    """Sign-ins to web sites with an account: a begun sequence and a login, without a device."""
    desktop = people.slot_platform[slot] == DESKTOP
    chosen = np.flatnonzero(at_web | (desktop & (rng.random(slot.size) < WEB_LOGINS)))
    slot, day, at_web = slot[chosen], day[chosen], at_web[chosen]
    owner = people.slot_user[slot]
    count = slot.size
    tags = machine_tags(people, slot, day)
    draw = rng.random(count)
    # Most people go to a single site; some sites are not registered as a service.
    site = np.where(draw < 0.75, 1 + owner % 4, rng.integers(1, 5, count))
    common = {
        **tags,
        "service": np.where(draw > 0.93, -1, site),
        "context": CONTEXTS.index("web"),
        "region": people.region[owner],
    }
    chrome = ~at_web & (rng.random(count) < 0.25)
    common["browser"] = np.where(chrome, BROWSERS.index("Chrome"), tags["browser"])
    common["version"] = np.where(chrome, tags["version"] + 5, tags["version"])
    begin = day * DAY_MS + time_of_day(rng, people.region[owner], ~desktop[chosen])
    took = np.rint(np.exp(rng.normal(2.1, 0.6, count)) * 1000).astype(np.int64)
    ids = hexadecimal_ids(rng, count, seq_digits)
    took = np.minimum(took, (day + 1) * DAY_MS - begin - 1)
    start = make_events(count, ids, time=begin, type=TYPE["sequence.begin"], seq_time=0, **common)
    common |= {"time": begin + took, "seq_time": took, "user": owner}
    login = make_events(count, ids, type=TYPE["account.login"], **common)
    done = np.flatnonzero(at_web | (rng.random(count) < 0.8))
    return in_order([start, login.take(done)])


def _departures(people: Population, start: int, stop: int, rng: np.random.Generator) -> Events:
    """People who leave for good: some delete the account, some sign a device out, most just go."""
    days = people.timeline.days
    leaving = np.flatnonzero((people.end > start) & (people.end <= stop) & (people.end < days))
    leaving = leaving[people.end[leaving] > people.first[leaving]]
    draw = rng.random(leaving.size)
    parts = []
    for name, low, high in (
        ("account.deleted", 0.0, 0.05),
        ("device.disconnected", 0.05, 0.26),
        ("device.deleted", 0.23, 0.29),
    ):
        user = leaving[(draw >= low) & (draw < high)]
        slot = people.base[user]
        day = people.end[user] - 1
        at = time_of_day(rng, people.region[user], people.slot_rhythm[slot] == MOBILE)
        device = -1 if name == "account.deleted" else device_on(people, slot, day)
        parts.append(
            make_events(
                user.size,
                time=day * DAY_MS + at,
                type=TYPE[name],
                user=user,
                device=device,
                service=0,
                region=people.region[user],
                **machine_tags(people, slot, day),
            )
        )
    return in_order(parts) if leaving.size else make_events(0)
