"""What an operator checks first: settings, store, freshness and integrity, each in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kpi import store
from kpi.errors import Refused
from kpi.events import identity
from kpi.settings import Settings
from kpi.warehouse import open_warehouse

WEAK_KEY_BYTES = 16


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at, whether it is well, and what to do if not."""

    subject: str
    good: bool
    sentence: str


def findings(settings: Settings) -> Iterator[Finding]:
    """Look at everything; a fault in one thing doesn't keep the rest from being looked at."""
    if not settings.hmac_key:
        yield Finding("key", False, f"KPI_HMAC_KEY is not set; make one: {identity.MAKE_A_KEY}")
    elif len(settings.hmac_key) < WEAK_KEY_BYTES:
        yield Finding("key", False, f"KPI_HMAC_KEY is short; make one: {identity.MAKE_A_KEY}")
    else:
        yield Finding("key", True, "set")
    found = store.has_events(settings)
    loaded = "found" if found else "nothing loaded; run: python -m kpi load FILE…"
    yield Finding("events", found, loaded)
    try:
        warehouse = open_warehouse(settings)
        publication = warehouse.publication
    except Refused as refusal:
        yield Finding("publication", False, str(refusal))
        return
    yield Finding(
        "publication",
        True,
        f"{publication.id}, built {publication.built_at:%Y-%m-%d %H:%M} UTC by definitions "
        f"{publication.definitions}{', simulated' if publication.simulated else ''}",
    )
    through = publication.last_complete_day
    told = f"complete through {through}" if through else "no complete day; load event files"
    yield Finding("days", through is not None, told)
    for warning in publication.warnings:
        yield Finding("days", False, warning)
    broken = warehouse.frame("integrity")
    for row in broken.itertuples(index=False):
        good = row.faults == 0
        yield Finding(
            "integrity",
            good,
            f"{row.rule}{'' if good else f': broken in {row.faults} places; load everything anew'}",
        )
    warehouse.close()
