"""A simulator of Firefox Accounts: real event files of people who do not exist.

Nothing in it is measured; the figures only have a plausible size, so that the dashboards can be
judged before there is data. The files are loaded and summarised like anyone's.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import numpy as np

from kpi.demo.activity import everyday_events
from kpi.demo.connections import connection_attempts, connection_events, with_step_times
from kpi.demo.events import Events, hexadecimal_ids, in_order
from kpi.demo.files import EventFiles
from kpi.demo.firefox import write_firefox
from kpi.demo.population import Population, populate
from kpi.demo.timeline import DAY_MS, Annotation, Part, Timeline

FIREFOX_FILE = "firefox.csv"
LOG_DAYS = 14
SHORTEST_WITH_ALL_FORMATS = 42
# Parquet and compressed CSV in turn, with one file of JSON lines and one of gzip early on.
FIRST_KINDS = (".parquet", ".csv.zst", ".jsonl.zst", ".parquet", ".csv.gz")
LATER_KINDS = (".parquet", ".csv.zst")


def markers(first: date, last: date) -> list[Annotation]:
    """The events simulated in a period: releases, the outage, the holidays, by day."""
    return Timeline(first, last).markers()


def write_files(folder: Path, users: int, first: date, last: date, seed: int) -> list[Path]:
    """Write a simulated period's event files below a folder, and FIREFOX_FILE beside them.

    The same arguments give the same bytes. users is how many accounts exist in the period, some
    from before it; first and last are UTC days, both included. Returns the event files' paths in
    order of time. A period of six weeks or more starts with a fortnight of production's logs and
    goes on with monthly native files of all kinds; shorter periods have native files by day.
    """
    if users < 1:
        raise ValueError("users must be 1 or more")
    if last < first:
        raise ValueError("the last day lies before the first")
    timeline = Timeline(first, last)
    folder.mkdir(parents=True, exist_ok=True)
    write_firefox(folder / FIREFOX_FILE, timeline, seed)

    rng = np.random.default_rng([seed, 6])
    people, simulated = simulate(timeline, users, seed, plan(timeline))
    uids, devices = hexadecimal_ids(rng, users), hexadecimal_ids(rng, max(people.devices, 1))
    files = EventFiles(folder, timeline, uids, devices)
    # One thread simulates while another writes, each part's file after the part before.
    with ThreadPoolExecutor(max_workers=1) as writer:
        writing = writer.submit(lambda: None)
        for part, events in simulated:
            writing.result()
            writing = writer.submit(files.write, part, events)
        writing.result()
    files.close()
    return files.written


def simulate(
    timeline: Timeline, users: int, seed: int, parts: list[Part]
) -> tuple[Population, Iterator[tuple[Part, Events]]]:
    """The people of a period, and the events of each part of it, by time, made as they are asked for."""
    log_days = max((part.stop for part in parts if part.kind == "logs"), default=0)
    people = populate(timeline, users, seed)
    attempts = with_step_times(timeline, connection_attempts(people, seed), seed)
    connecting = connection_events(timeline, attempts, log_days, seed)
    # Everyday use begins on the day after a device is ready, however late that was.
    ready = (attempts.begin + attempts.ready) // DAY_MS + 1
    own = np.flatnonzero(attempts.new & (attempts.user >= 0))
    people.first[attempts.user[own]] = ready[own]
    others = np.flatnonzero((attempts.device >= 0) & attempts.registers)
    slot = attempts.slot[others]
    people.slot_first[slot] = np.maximum(
        people.slot_first[slot], np.where(people.slot_renewed[slot] < 0, ready[others], 0)
    )
    return people, _parts(people, connecting, seed, parts)


def _parts(
    people: Population, connecting: Events, seed: int, parts: list[Part]
) -> Iterator[tuple[Part, Events]]:
    """Each part's events: connection attempts and everyday use in one order of time."""
    times = connecting.columns["time"]
    for part in parts:
        daily = everyday_events(people, part, seed)
        low, high = np.searchsorted(times, np.array([part.start, part.stop]) * DAY_MS)
        yield part, in_order([connecting.part(int(low), int(high)), daily])


def plan(timeline: Timeline) -> list[Part]:
    """The parts of days by file: logs first, then native by month, then native by day."""
    days = timeline.days
    if days < SHORTEST_WITH_ALL_FORMATS:
        return [Part(0, days, "days")]
    by_day = timeline.number(timeline.last.replace(day=1))
    if by_day < LOG_DAYS + 14:
        by_day = days - 14
    months = [n for n in range(LOG_DAYS, by_day) if n == LOG_DAYS or timeline.day(n).day == 1]
    if len(months) < 3:
        # Too short for a file a month; thirds show every kind of file as well.
        months = [LOG_DAYS + (by_day - LOG_DAYS) * third // 3 for third in range(3)]
    parts = [Part(0, LOG_DAYS, "logs")]
    kinds = FIRST_KINDS + LATER_KINDS * len(months)
    for number, (start, stop) in enumerate(zip(months, [*months[1:], by_day], strict=True)):
        day = timeline.day(start)
        whole = day.day == 1 and (stop == by_day or timeline.day(stop).day == 1)
        label = f"{day:%Y-%m}" if whole else f"{day:%Y-%m-%d}"
        parts.append(Part(start, stop, "month", f"native/{label}{kinds[number]}"))
    return [*parts, Part(by_day, days, "days")]
