"""Retention: raw events are deleted, their summaries stay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from kpi import store
from kpi.errors import Refused
from kpi.events import load
from kpi.meaning.definitions import NEEDED_DAYS
from kpi.settings import Settings
from kpi.store import queries
from kpi.summary.days import (
    epoch_ms,
    first_retained_day,
    frozen_from,
    stored_frozen_before,
    unsummarised,
)
from kpi.text import plural


@dataclass(frozen=True)
class Expired:
    """The number of events removed, the first day that has events, and the first that can be refilled."""

    events: int
    first_retained: date
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
        with store.next_publication(settings) as publishing:
            publishing.refuse_without_room()
            connection = publishing.connection
            waiting = unsummarised(settings, connection)
            if waiting:
                days = plural(waiting, "day waits", "days wait")
                raise Refused(f"{waiting} {days} to be summarised; run: python -m kpi summarise")
            last = queries.run(connection, "read/loaded_days").mappings().one()["last_day"]
            if last is None:
                raise Refused("nothing was summarised yet, so nothing can expire")
            # What has expired once is gone: keeping more from now on brings no day back.
            frozen_before = max(
                frozen_from(last - timedelta(days=keep_days - 1)),
                stored_frozen_before(queries.settings(connection)),
            )
            first_retained = first_retained_day(frozen_before)
            before = queries.run(connection, "read/event_count").scalar_one()
            queries.run(
                connection,
                "fill/expired",
                first_retained=first_retained,
                first_retained_ms=epoch_ms(first_retained),
                frozen_before=frozen_before.isoformat(),
            )
            publishing.end_part()
            after = queries.run(connection, "read/event_count").scalar_one()
            publishing.shrink_events()
            queries.run(
                connection,
                "fill/retention",
                first_retained=first_retained,
                frozen_before=frozen_before,
            )
            publishing.publish(reason=store.EXPIRY)
    return Expired(before - after, first_retained, frozen_before)
