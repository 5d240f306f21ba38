"""The simulated events as columns of codes, and the words and ids the codes stand for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from kpi.demo.population import OPERATING_SYSTEMS, REGIONS
from kpi.events.contents import KNOWN_TYPES

TYPES = tuple(KNOWN_TYPES)
TYPE = {name: code for code, name in enumerate(TYPES)}
# The second name is Android's, as the servers read it from the user agent.
BROWSERS = ("Firefox", "Firefox Mobile", "Firefox iOS", "Chrome")
SERVICES = tuple("sync 3a1f6c0d9be27458 b7d20e85416fca93 58c9e3f17a04d2b6 e06b94d8c35f1a72".split())
CONTEXTS = ("fx_desktop_v2", "fx_desktop_v3", "fx_fennec_v1", "fx_ios_v1", "web")
ENTRYPOINTS = tuple(
    "menupanel firstrun preferences whatsnew uitour synced-tabs home-panel settings".split()
)
CAMPAIGNS = ("back-to-school", "fx-ios-launch", "whatsnew-tour", "newsletter")
MIGRATIONS = ("sync11", "amo")

WORDS: dict[str, tuple[str, ...]] = {
    "type": TYPES,
    "browser": BROWSERS,
    "version": tuple(str(number) for number in range(400)),
    "os": OPERATING_SYSTEMS,
    "service": SERVICES,
    "context": CONTEXTS,
    "entrypoint": ENTRYPOINTS,
    "campaign": CAMPAIGNS,
    "migration": MIGRATIONS,
    "region": tuple(zone[0] for zone in REGIONS),
}
TAGS = ("browser", "version", "os", "service", "context", "entrypoint", "campaign", "migration")
COLUMNS = ("time", "type", "seq_time", "user", "device", "new_user", *TAGS, "region")


@dataclass
class Events:
    """Columns of events: times in ms since the first midnight, codes with -1 for blank, and ids."""

    columns: dict[str, np.ndarray]
    seq_id: pa.Array

    def __len__(self) -> int:
        """The number of events."""
        return self.columns["time"].size

    def take(self, order: np.ndarray) -> Events:
        """The events at these places, in this order."""
        columns = {name: values[order] for name, values in self.columns.items()}
        return Events(columns, self.seq_id.take(pa.array(order)))

    def part(self, start: int, stop: int) -> Events:
        """The events from ``start`` to before ``stop``, without copying."""
        columns = {name: values[start:stop] for name, values in self.columns.items()}
        return Events(columns, self.seq_id.slice(start, stop - start))


def make_events(count: int, seq_id: pa.Array | None = None, **columns: object) -> Events:
    """Events from the columns given, arrays or single values; the other columns are blank."""
    full: dict[str, np.ndarray] = {}
    for name in COLUMNS:
        kind = np.int64 if name in ("time", "seq_time", "user", "device") else np.int16
        given = columns.pop(name, 0 if name == "new_user" else -1)
        full[name] = np.broadcast_to(np.asarray(given, dtype=kind), (count,))
    if columns:
        raise TypeError(f"not columns of events: {', '.join(columns)}")
    return Events(full, pa.nulls(count, pa.string()) if seq_id is None else seq_id)


def in_order(parts: Iterable[Events]) -> Events:
    """All events of several parts, by time; those of the same moment as the parts had them."""
    parts = list(parts)
    columns = {name: np.concatenate([part.columns[name] for part in parts]) for name in COLUMNS}
    seq_id = pa.concat_arrays([part.seq_id for part in parts])
    return Events(columns, seq_id).take(np.argsort(columns["time"], kind="stable"))


def hexadecimal_ids(rng: np.random.Generator, count: int, digits: int = 32) -> pa.Array:
    """That many random ids in hexadecimal, made from a single run of random bytes."""
    text = rng.bytes(count * digits // 2).hex().encode("ascii")
    places = np.arange(count + 1, dtype=np.int64) * digits
    ids = pa.LargeStringArray.from_buffers(count, pa.py_buffer(places), pa.py_buffer(text))
    return ids.cast(pa.string()) if count * digits < 2**31 else ids
