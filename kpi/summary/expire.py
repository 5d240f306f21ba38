"""Retention: raw events go, what was summarised of them stays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from kpi import store
from kpi.errors import Refused
from kpi.events import load
from kpi.meaning.definitions import NEEDED_DAYS
from kpi.settings import Settings
from kpi.store import queries
from kpi.summary.summarise import (
    epoch_ms,
    frozen_from,
    kept_from,
    stored_frozen_before,
    unsummarised,
)


@dataclass(frozen=True)
class Expired:
    """What went: events removed, the first day still kept, and the first day that can be refilled."""

    events: int
    first_kept: date
    frozen_before: date


def expire(settings: Settings, keep_days: int) -> Expired:
    """Delete private rows older than ``keep_days`` before the last loaded day.

    Days nearer than 40 to the cut can no longer be refilled, since what they depend on is gone; late
    rows for them are rejected on load. Raises Refused below what the next summary needs, and while
    changed days wait to be summarised.
    """
    if keep_days < NEEDED_DAYS:
        raise Refused(
            f"the next summary needs the last {NEEDED_DAYS} days; keep {NEEDED_DAYS} or more"
        )
    load.refuse_raw_table(settings)
    with store.only_writer(settings), store.storage_faults(settings):
        load.prepare_store(settings)
        with store.next_publication(settings) as publishing:
            publishing.refuse_without_room()
            connection = publishing.connection
            waiting = unsummarised(settings, connection)
            if waiting:
                raise Refused(f"{waiting} days wait to be summarised; run: python -m kpi summarise")
            last = queries.run(connection, "read/loaded_days").mappings().one()["last_day"]
            if last is None:
                raise Refused("nothing was summarised yet, so nothing can expire")
            # What has expired once is gone: keeping more from now on brings no day back.
            frozen_before = max(
                frozen_from(last - timedelta(days=keep_days - 1)),
                stored_frozen_before(queries.settings(connection)),
            )
            first_kept = kept_from(frozen_before)
            before = queries.run(connection, "read/event_count").scalar_one()
            queries.run(
                connection,
                "fill/expired",
                first_kept=first_kept,
                first_kept_ms=epoch_ms(first_kept),
                frozen_before=frozen_before.isoformat(),
            )
            publishing.end_part()
            after = queries.run(connection, "read/event_count").scalar_one()
            publishing.shrink_events()
            queries.run(
                connection, "fill/retention", first_kept=first_kept, frozen_before=frozen_before
            )
            publishing.publish()
    return Expired(before - after, first_kept, frozen_before)
