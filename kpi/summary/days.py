"""Days: those that changed since the newest publication, that lack what is counted now, that are frozen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection

from kpi.meaning.definitions import MONTH, NEEDED_DAYS
from kpi.settings import Settings
from kpi.store import queries
from kpi.summary import basis

EVER = (date(1970, 1, 1), date(9999, 1, 1))


@dataclass(frozen=True)
class Changed:
    """The days whose events changed: the first and last of them, and of those whose users are counted anew.

    ``counted`` is None where no users are. ``last_before`` is the last day of the newest publication, or
    None; ``days_at_once`` the days that a statement groups.
    """

    days: tuple[date, date]
    counted: tuple[date, date] | None
    last_before: date | None
    days_at_once: int


def lacking_days(connection: Connection, frozen_before: date) -> int:
    """The number of days that an older version left without what is counted now, and that can be filled."""
    days = int(unfollowed(connection, frozen_before)["days"])
    return days or len(days_without_activity(connection, frozen_before))


def unfollowed(connection: Connection, frozen_before: date) -> dict[str, Any]:
    """The first and last day on which people can be followed, and weren't; the number of days and events."""
    first_retained = first_retained_day(frozen_before) if frozen_before > EVER[0] else EVER[0]
    rows = queries.run(connection, "read/unfollowed_days", first_retained=first_retained)
    return dict(rows.mappings().one())


def days_without_activity(
    connection: Connection, frozen_before: date
) -> Sequence[tuple[date, int]]:
    """The days with people whose active days aren't counted, where they can be, and their events."""
    frozen = frozen_before > EVER[0]
    first = first_retained_day(frozen_before) + timedelta(days=MONTH - 1) if frozen else EVER[0]
    days = queries.run(connection, "read/days_without_activity", first_day=first, last_day=EVER[1])
    return [(day, int(events)) for day, events in days]


def unsummarised(settings: Settings, connection: Connection) -> int:
    """The number of days that changed since the newest publication; if none, of those without active days."""
    stored = queries.settings(connection)
    frozen_before = stored_frozen_before(stored)
    judge_volumes(settings, connection, frozen_before)
    queries.run(
        connection,
        "fill/changed_day",
        frozen_before=frozen_before,
        first_wanted=EVER[0],
        last_wanted=EVER[1],
        anew=int(basis.differs(settings, connection, stored)),
    )
    changed = int(queries.run(connection, "read/changed_days").mappings().one()["days"])
    return changed or lacking_days(connection, frozen_before)


def judge_volumes(settings: Settings, connection: Connection, frozen_before: date) -> None:
    """Count the events that there are by day, and judge which days they are enough for."""
    queries.run(
        connection,
        "fill/judged_day",
        frozen_before=frozen_before,
        min_day_percent=settings.min_day_percent,
    )


def stored_frozen_before(stored: dict[str, str]) -> date:
    """Days before it can't be refilled, since events they depend on have expired."""
    return date.fromisoformat(stored.get("frozen_before", EVER[0].isoformat()))


def frozen_from(first_retained: date) -> date:
    """The first day that can be refilled, where events are retained from a day on."""
    return first_retained + timedelta(days=NEEDED_DAYS - 1)


def first_retained_day(frozen_before: date) -> date:
    """The first day whose events are retained, where days before another are frozen."""
    return frozen_before - timedelta(days=NEEDED_DAYS - 1)


def in_ms(first_day: date, last_day: date) -> dict[str, int]:
    """The bounds of UTC days, both included, as a half-open range of milliseconds."""
    return {"first_ms": epoch_ms(first_day), "end_ms": epoch_ms(last_day + timedelta(days=1))}


def epoch_ms(day: date) -> int:
    """The UTC day's first millisecond since 1970."""
    return (day - date(1970, 1, 1)).days * 86_400_000
