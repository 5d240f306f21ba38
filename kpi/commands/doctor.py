"""An operator's first checks: settings, secrets, store, freshness and integrity, each in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pandas as pd

from kpi import alerts, goals, private, store
from kpi.alerts.segments import of_segments
from kpi.delivery.channels import Recipients, of_alerts, of_digests
from kpi.delivery.outbox import ALERTS, DIGESTS, Box, Outbox
from kpi.delivery.sending import names_of, waiting, ways
from kpi.errors import Denied, Refused, WarehouseDown
from kpi.events import identity
from kpi.meaning.definitions import device_identity
from kpi.numbers import coverage, segments
from kpi.numbers.segments import Segments
from kpi.numbers.warehouse import Warehouse, open_warehouse
from kpi.rows import each_row
from kpi.settings import SECRETS_FILE, Settings
from kpi.sign_outs import FOLDER, SignOuts
from kpi.summary.blank_tags import (
    LOOKS_PRIVATE,
    PrivateTags,
    counted,
    private_tags,
    stored_private_tags,
)
from kpi.text import plural, quantity

WEAK_KEY_BYTES = 16
FEWEST_CHARACTERS = 8
SHOWN_DOUBTS = 10
RECENT_LOADS = timedelta(days=7)
HIGH_REJECTS = 0.2
"""Recent loads are reported when they rejected more than this part of what refuses a file."""


@dataclass(frozen=True)
class Finding:
    """A thing that was looked at, whether it is well, and what to do if not."""

    subject: str
    good: bool
    sentence: str


def findings(settings: Settings) -> Iterator[Finding]:
    """Look at everything; a fault in one thing doesn't keep the rest from being looked at."""
    yield from _key(settings)
    yield from _open_to_others(settings)
    yield from _sign_outs(settings)
    yield from _choices()
    yield from _messages(settings, DIGESTS, of_digests(settings))
    yield from _messages(settings, ALERTS, of_alerts(settings))
    try:
        yield from _events(settings)
    except WarehouseDown as refusal:
        yield Finding("store", False, str(refusal))
        return
    except Denied:
        yield Finding(
            "events", True, "not for this user to read, as it should be for a dashboard's"
        )
    except Refused as refusal:
        yield Finding("events", False, str(refusal))
    try:
        warehouse = open_warehouse(settings)
    except Refused as refusal:
        yield Finding("publication", False, str(refusal))
        return
    try:
        yield from _numbers(settings, warehouse)
    except Refused as refusal:
        yield Finding("publication", False, str(refusal))
    finally:
        warehouse.close()


def _events(settings: Settings) -> Iterator[Finding]:
    present = store.has_events(settings)
    yield Finding("events", present, "present" if present else store.no_events(settings))
    faults = list(store.damage(settings))
    for sentence in faults:
        yield Finding("files", False, sentence)
    if faults or not present:
        return
    try:
        store.refuse_newer_version(int(store.stored_settings(settings).get("schema_version", 0)))
    except Refused as refusal:
        yield Finding("schema", False, str(refusal))


def _key(settings: Settings) -> Iterator[Finding]:
    """The key, judged first by whether it is this store's, then by its strength."""
    key, check, needed = settings.hmac_key, None, True
    try:
        check = store.stored_settings(settings).get("key_check")
    except Denied:
        needed = False
    except Refused:
        pass  # reported with what can't be read
    if not key and not needed:
        yield Finding("key", True, "not set, and not needed to show numbers")
    elif not key:
        yield Finding("key", False, f"KPI_HMAC_KEY is not set; make a key: {identity.MAKE_A_KEY}")
    elif check is not None and check != identity.key_check(key):
        yield Finding("key", False, identity.ANOTHER_KEY)
    elif weak(key):
        yield Finding(
            "key",
            False,
            "KPI_HMAC_KEY is weak: ids could be guessed by trying keys. A store keeps its key, so make a key "
            f"for a new store: {identity.MAKE_A_KEY}",
        )
    else:
        yield Finding("key", True, "set")


def _open_to_others(settings: Settings) -> Iterator[Finding]:
    """The secrets file and the store's files that others can read; within a closed folder, none."""
    files = [SECRETS_FILE.absolute()]
    inside = list(store.private_files(settings))
    if inside and private.is_open(inside[0]):
        files += inside
    for path in files:
        if private.is_open(path):
            open_ = f"every user of this machine can read {path}"
            yield Finding("secrets", False, f"{open_}; run: python -m kpi doctor --repair")


def _sign_outs(settings: Settings) -> Iterator[Finding]:
    """The check that signing out ends a sign-in for every copy of its cookie; only where readers sign in."""
    if not settings.sign_in:
        return
    recorded = SignOuts(settings.home).can_be_recorded()
    fault = (
        f"{settings.home / FOLDER} can't be written to, so copies of a cookie outlive signing out; "
        "set KPI_HOME to a folder that the dashboard's user may write to"
    )
    yield Finding("sign-outs", recorded, "are recorded" if recorded else fault)


def _choices() -> Iterator[Finding]:
    """The files of goals, segments and alerts, which people change; of a broken one line and reason."""
    for name, read in (
        ("goals", goals.read),
        ("segments", segments.of_file),
        ("alerts", alerts.read),
    ):
        try:
            count = len(read())
        except Refused as refusal:
            yield Finding(name, False, str(refusal))
        else:
            yield Finding(name, True, f"{quantity(count, name.removesuffix('s'))} in {name}.toml")


def _watched(settings: Settings, warehouse: Warehouse) -> Iterator[Finding]:
    """The alerts that watch nobody, or not all that they name; broken files are reported by themselves."""
    try:
        watched, named = alerts.read(), segments.of_file()
    except Refused:
        return
    every = Segments([*named, *segments.stored(settings)])
    _, faults = of_segments(watched, every, warehouse.known_values())
    yield from (Finding("alerts", False, fault) for fault in faults)


def _messages(settings: Settings, box: Box, to: Recipients) -> Iterator[Finding]:
    """The messages that haven't reached their recipients, and faults in the settings that they need."""
    try:
        names = names_of(ways(settings, to))
        messages = Outbox(settings, box).messages()
    except Refused as refusal:
        yield Finding(box.name, False, str(refusal))
        return
    late = [(message, key) for message in messages for key in waiting(message, names)]
    for message, key in late:
        why = message.failures.get(key, "the command that sends it was cut off")
        again = f"the next run tries again: {box.command}"
        yield Finding(box.name, False, f"{message.id} hasn't reached {names[key]}: {why}; {again}")
    if messages and not late:
        reached = quantity(len(messages[-1].sent), "recipient")
        yield Finding(box.name, True, f"the last, {messages[-1].id}, was sent to {reached}")


def close(settings: Settings) -> list[Path]:
    """Make the secrets file and the whole store private; the files and folders that weren't."""
    with store.storage_faults(settings):
        return private.close([SECRETS_FILE.absolute(), *store.private_files(settings)])


def weak(key: bytes) -> bool:
    """True where a key is short, or long but of hardly any different characters."""
    return len(key) < WEAK_KEY_BYTES or len(set(key)) < FEWEST_CHARACTERS


def _numbers(settings: Settings, warehouse: Warehouse) -> Iterator[Finding]:
    publication = warehouse.publication
    yield Finding(
        "publication",
        True,
        f"{publication.id}, built {publication.built_at:%Y-%m-%d %H:%M} UTC by definitions "
        f"{publication.definitions}{', simulated' if publication.simulated else ''}",
    )
    through = publication.last_complete_day
    newest = f"complete through {through}" if through else "no complete day; load event files"
    rule = (
        "a day that was loaded becomes complete by the first summary at least "
        f"{settings.complete_after_hours:g} {plural(settings.complete_after_hours, 'hour')} after its UTC end"
    )
    yield Finding("days", through is not None, f"{newest}; {rule}")
    for warning in publication.warnings:
        yield Finding("days", False, warning)
    yield from (Finding("local copy", *state) for state in store.local_copy(settings))
    yield from _history(settings)
    yield from _watched(settings, warehouse)
    yield from _tags(settings, warehouse)
    yield from _unknown(settings, warehouse)
    yield _same_people(warehouse)
    yield _flows(warehouse)
    yield from _doubtful(warehouse)
    yield from _rejects(settings, warehouse.loads)
    for row in each_row(warehouse.frame("integrity")):
        good = row.faults == 0
        broken = f": broken in {quantity(row.faults, 'place')}; load everything anew"
        yield Finding("integrity", good, f"{row.rule}{'' if good else broken}")


def _history(settings: Settings) -> Iterator[Finding]:
    """The earlier publications that can be shown; a server has none, and damage is a fault of files."""
    if settings.database_url or list(store.damage(settings)):
        return
    past = store.past_publications(settings)
    if not past:
        begins = "it begins with the next publication; run: python -m kpi summarise"
        yield Finding("history", True, f"none yet; {begins}")
        return
    wrong = store.differing(settings)
    count = quantity(len(past), "publication")
    good = f"{count} can be shown, since {past[0].built_at:%Y-%m-%d}"
    bad = (
        f"{', '.join(wrong)} of the newest publication differ from its record; go back to a backup"
    )
    yield Finding("history", not wrong, bad if wrong else good)


def _tags(settings: Settings, warehouse: Warehouse) -> Iterator[Finding]:
    """The check for tags that look like ids, mail addresses or tokens: counts by tag, never a value."""
    published = private_tags(warehouse.frame("long_tags_published").to_dict("records"))
    stored = _stored_private_tags(settings)
    mend = (
        "blank them in what fills KPI_RAW_TABLE"
        if settings.database_url and settings.raw_table
        else "run: python -m kpi blank-tags"
    )
    for where, tags in (("published", published), ("private", stored)):
        if tags:
            yield Finding("tags", False, f"{where} values {LOOKS_PRIVATE}: {counted(tags)}; {mend}")
    if not (published or stored):
        unread = "" if stored is not None else "; the private tables couldn't be read"
        yield Finding("tags", True, f"none {LOOKS_PRIVATE}{unread}")


def _stored_private_tags(settings: Settings) -> PrivateTags | None:
    """The private tables' tags of that kind; None where they can't be read (a finding of its own)."""
    try:
        with store.storage_faults(settings), store.reading_events(settings) as connection:
            return {} if connection is None else stored_private_tags(connection)
    except Refused:
        return None


def _unknown(settings: Settings, warehouse: Warehouse) -> Iterator[Finding]:
    """The check that enough users have a device, and any event a sequence, for numbers to be known."""
    identity = device_identity(warehouse.publication.definitions)
    why = coverage.why_no_devices(warehouse)
    yield Finding(
        "devices", why is None, why or f"a device is known by {identity}, of enough users"
    )
    if identity != settings.device_by:
        changed = f"KPI_DEVICE_BY is {settings.device_by}, and the numbers are by {identity}"
        yield Finding("devices", False, f"{changed}; run: python -m kpi summarise")
    if warehouse.lacks_sequences:
        yield Finding("sequences", False, coverage.NO_SEQUENCE)
    blank = coverage.blank_services(warehouse, settings.sync_services)
    if blank:
        yield Finding("sequences", False, blank)


def _same_people(warehouse: Warehouse) -> Finding:
    """The days that lack the counts of people by active days; expired ones can't be mended."""
    why = coverage.why_no_activity(warehouse)
    if why is None:
        return Finding("same people", True, "counted on every day with monthly users")
    return Finding("same people", not why.endswith(coverage.SUMMARISE), why)


def _flows(warehouse: Warehouse) -> Finding:
    """The days on which nobody was followed from set to set; expired ones can't be mended."""
    why = coverage.why_not_followed(warehouse, "growth")
    if why is None:
        return Finding("flows", True, "people are followed from day to day in all of the history")
    return Finding("flows", not why.endswith(coverage.SUMMARISE), why)


def _doubtful(warehouse: Warehouse) -> Iterator[Finding]:
    """The files and lines whose few events count for no day."""
    rows = warehouse.doubtful
    for row in each_row(rows.head(SHOWN_DOUBTS)):
        lines = f", line {row.first_lines}" if row.first_lines else ""
        events = quantity(row.events, "event")
        day = pd.Timestamp(row.day).date()
        yield Finding(
            "doubtful", False, f"{row.source}{lines}: {events} of {day}, out of all numbers"
        )
    if len(rows) > SHOWN_DOUBTS:
        more = f"{len(rows) - SHOWN_DOUBTS} more; the Data page lists them"
        yield Finding("doubtful", False, more)


def _rejects(settings: Settings, loads: pd.DataFrame) -> Iterator[Finding]:
    """The loads of the last week with loads that rejected much more than files usually do."""
    if loads.empty:
        return
    at = pd.to_datetime(loads["loaded_at"])
    recent = loads[(at > at.max() - RECENT_LOADS) & (loads["status"] == "loaded")]
    limit = settings.max_rejects_percent * HIGH_REJECTS
    high = recent[recent["rows_rejected"] * 100 > limit * recent["rows_read"]]
    for load in each_row(high):
        share = 100 * load.rows_rejected / load.rows_read
        yield Finding(
            "rejects", False, f"{load.source}: {share:.1f}% of its rows were rejected when loaded"
        )
    if high.empty:
        yield Finding("rejects", True, "few in recent loads")
