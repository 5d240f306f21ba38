"""Filling the KPI tables for whatever days changed, and publishing them in one step."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection

from kpi import anomalies, queries, store
from kpi.definitions import ATTEMPT_WINDOW, DEFINITIONS, MONTH, NEEDED_DAYS, WIDEST_WINDOW
from kpi.errors import Refused
from kpi.events import load
from kpi.filters import Period
from kpi.settings import Settings

LOOK_AROUND_DAYS = 28
"""How far from a changed day the rest of a sequence is looked for, if it wasn't an attempt before."""

EVENTS_AT_ONCE = 20_000_000
"""About how many events one statement groups: memory is bounded by it, however long the range."""

DIFFERING = "differing"
"""Kept in place of a check while some days are of other services than the rest."""

ANY_DEVICES = (0, 999)
_EVER = (date(1970, 1, 1), date(9999, 1, 1))


@dataclass(frozen=True)
class Summarised:
    """What a run did: how many days changed, from when to when, and the publication they are in.

    No days and a publication: only the list of loads, or of what expired, was out of date.
    """

    days: int
    first_day: date | None = None
    last_day: date | None = None
    publication_id: int | None = None


def summarise(
    settings: Settings,
    first: date | None = None,
    last: date | None = None,
    tell: Callable[[str], None] = lambda step: None,
) -> Summarised:
    """Fill the KPI tables for the days whose events changed, and what depends on them.

    Where other services' sequences count as attempts than before, every day that isn't frozen changed.

    ``first`` and ``last`` (UTC dates, both included) leave changed days outside them for another run;
    raises Refused where ``last`` is before ``first``.
    ``tell`` hears the name of each step. Rerunning changes nothing, so it is tried again where the store
    was out of reach for a moment.
    """
    period = Period(first, last)
    return store.retried(lambda: _summarised(settings, period, tell))


def _summarised(settings: Settings, period: Period, tell: Callable[[str], None]) -> Summarised:
    with store.only_writer(settings), store.storage_faults(settings):
        if not store.has_events(settings):
            raise Refused(store.no_events(settings))
        load.prepare_store(settings)
        with store.next_publication(settings) as publishing:
            run = _Run(settings, publishing, tell)
            run.keep_what_is_gone()
            changed = run.find_changes(*period.bounds)
            relisted = run.list_loads()
            if changed.days == 0 and not relisted:
                return changed
            if changed.days:
                run.fill()
            run.mark_unusual_days()
            number = publishing.publish(DEFINITIONS, run.simulated)
            queries.run(publishing.connection, "fill/published")
            run.keep_services(every_day=period == Period())
            publishing.end_part()
            return Summarised(changed.days, changed.first_day, changed.last_day, number)


class _Run:
    """One run over the changed days; each step is a file in `queries/fill`.

    DuckDB writes one file a transaction, so the steps alternate: tags and segments (unpublished),
    then all private tables in one transaction, then the rest (unpublished).
    """

    def __init__(
        self, settings: Settings, publishing: store.Publishing, tell: Callable[[str], None]
    ) -> None:
        self.settings = settings
        self.connection = publishing.connection
        self.end_part = publishing.end_part
        self.tell = tell
        stored = queries.settings(self.connection)
        self.simulated = stored.get("simulated") == "1"
        self.frozen_before = stored_frozen_before(stored)
        self.anew = _with_other_services(settings, stored)

    def keep_what_is_gone(self) -> None:
        """Freeze the days that a pipeline dropped from its table, with those that depend on them."""
        if not (self.settings.database_url and self.settings.raw_table):
            return
        found = queries.run(self.connection, "read/events_gone").mappings().one()
        if found["first_summarised"] is None:
            return
        if found["first_present"] is None:
            raise Refused(
                f"{self.settings.raw_table} holds no events, though some were summarised before; "
                "nothing was changed"
            )
        frozen_before = frozen_from(found["first_present"])
        if (
            found["first_present"] > found["first_summarised"]
            and frozen_before > self.frozen_before
        ):
            self.frozen_before = frozen_before
            self._run("setting", name="frozen_before", setting=frozen_before.isoformat())

    def find_changes(self, first: date, last: date) -> Summarised:
        self._run(
            "changed_day",
            frozen_before=self.frozen_before,
            first_wanted=first,
            last_wanted=last,
            anew=int(self.anew),
        )
        self._run("new_sequence", frozen_before=self.frozen_before)
        found = queries.run(self.connection, "read/changed_days").mappings().one()
        self.end_part()
        if found["days"]:
            self.first_changed, self.last_changed = found["first_day"], found["last_day"]
            events_a_day = max(1, int(found["events"]) // found["days"])
            self.days_at_once = max(1, EVENTS_AT_ONCE // events_a_day)
        return Summarised(found["days"], found["first_day"], found["last_day"])

    def keep_services(self, every_day: bool) -> None:
        """Keep whose sequences count as attempts; where days differ in it, none will be the same."""
        differ = self.anew and not every_day
        check = DIFFERING if differ else _services_check(self.settings)
        self._run("setting", name="sync_services", setting=check)

    def list_loads(self) -> bool:
        """List the loads and what expired; whether the newest publication's lists were out of date."""
        before = self._lists()
        self._run("load_manifest")
        if self.frozen_before > _EVER[0]:
            self._run(
                "retention",
                first_kept=kept_from(self.frozen_before),
                frozen_before=self.frozen_before,
            )
        self.end_part()
        published = queries.run(self.connection, "read/publication").first() is not None
        return published and self._lists() != before

    def _lists(self) -> list[object]:
        return [
            queries.run(self.connection, f"read/{name}").all()
            for name in ("load_manifest", "retention")
        ]

    def mark_unusual_days(self) -> None:
        """Judge every day's volume of events by its recent weekdays, and mark those that stray."""
        self._run("usual_day")
        found = queries.run(self.connection, "read/day_volumes", most_types=anomalies.MOST_TYPES)
        for marked in anomalies.marks(anomalies.volumes(found.mappings().all())):
            self._run("unusual_day", **marked)
        self.end_part()

    def fill(self) -> None:
        changed = _in_ms(self.first_changed, self.last_changed)
        self._run("seen_tags", **changed)
        self._run("kept_value", kept_values=self.settings.kept_values)
        self._run("segment")
        self.end_part()

        self._run("unpublished_day")
        self._run("known_user", **changed)
        for part in self._parts(self.first_changed, self.last_changed):
            self._run("active_day", **_in_ms(**part))
            self._run("user_day", **part)
            self._run("user_device_day", **part)
        reach = WIDEST_WINDOW - 1
        for part in self._parts(self.first_changed, self.last_changed + timedelta(days=reach)):
            self._run(
                "multi_device_day",
                **part,
                first_device_day=part["first_day"] - timedelta(days=reach),
                widest_window=WIDEST_WINDOW,
            )
        self._run("touched_sequence", **changed)
        touched = queries.run(
            self.connection, "read/touched_bounds", look_around_days=LOOK_AROUND_DAYS
        )
        self._run(
            "attempt",
            **_in_ms(**touched.mappings().one()),
            multi_device_reach=ATTEMPT_WINDOW - 1,
        )
        self.end_part()

        services = self.settings.sync_services
        self._run("seen_attempt_tags", sync_services=services)
        self._run("kept_value", kept_values=self.settings.kept_values)
        self._run("segment")
        self._run(
            "connection",
            sync_services=services,
            first_kept=kept_from(self.frozen_before),
            multi_device_window=ATTEMPT_WINDOW,
        )
        self._run(
            "day_status",
            **changed,
            now=datetime.now(UTC).replace(tzinfo=None),
            complete_after_seconds=self.settings.complete_after_hours * 3600,
        )
        self._count_users(reach)
        self.end_part()

    def _count_users(self, reach: int) -> None:
        """Daily users of every audience from one pass; monthly changes, an audience at a time."""
        loaded = queries.run(self.connection, "read/loaded_days").mappings().one()
        if loaded["last_day"] is None:
            loaded = {"first_day": _EVER[1], "last_day": _EVER[0]}
        self._run("shortened", first_loaded_day=loaded["first_day"], last_day=loaded["last_day"])
        first = self.first_changed
        last_daily = min(loaded["last_day"], self.last_changed + timedelta(days=reach))
        monthly = {
            "first_day": first,
            "last_day": min(loaded["last_day"], self.last_changed + timedelta(days=reach + MONTH)),
            "first_active_day": first - timedelta(days=MONTH - 1),
        }
        self._run("audience")
        for part in self._parts(first, last_daily):
            self._run("daily_step", **part)
            self._name_sets(0, *ANY_DEVICES, part["first_day"], part["last_day"])
            self._run("daily_users", **part)
        for audience, lowest, highest in queries.run(self.connection, "read/audiences").all():
            self._run("monthly_step", **monthly, lowest=lowest, highest=highest)
            self._name_sets(
                MONTH - 1, lowest, highest, monthly["first_active_day"], monthly["last_day"]
            )
            self._run("monthly_users_change", audience=audience, **monthly)
        self._run("versionless")

    def _parts(self, first: date, last: date) -> Iterator[dict[str, date]]:
        """The days from first to last, both included, in runs of about EVENTS_AT_ONCE events."""
        while first <= last:
            days = min(self.days_at_once, (last - first).days + 1)
            end = first + timedelta(days=days - 1)
            yield {"first_day": first, "last_day": end}
            first = end + timedelta(days=1)

    def _name_sets(
        self, reach: int, lowest: int, highest: int, first_active_day: date, last_day: date
    ) -> None:
        self._run(
            "segment_set",
            reach=reach,
            lowest=lowest,
            highest=highest,
            first_active_day=first_active_day,
            last_day=last_day,
        )
        collisions = queries.run(self.connection, "read/set_key_collisions").scalar()
        if collisions:
            raise Refused(
                f"{collisions} sets of segments share a key, so counts could be wrong; nothing was "
                "published. Load everything into a new KPI_HOME, which draws new keys"
            )

    def _run(self, step: str, **params: object) -> None:
        self.tell(step)
        queries.run(self.connection, f"fill/{step}", **params)


def unsummarised(settings: Settings, connection: Connection) -> int:
    """How many days have changed since the newest publication."""
    stored = queries.settings(connection)
    queries.run(
        connection,
        "fill/changed_day",
        frozen_before=stored_frozen_before(stored),
        first_wanted=_EVER[0],
        last_wanted=_EVER[1],
        anew=int(_with_other_services(settings, stored)),
    )
    return queries.run(connection, "read/changed_days").mappings().one()["days"]


def _with_other_services(settings: Settings, stored: Mapping[str, str]) -> bool:
    """Whether the numbers were made while other services' sequences were connection attempts."""
    return stored.get("sync_services", _services_check(settings)) != _services_check(settings)


def _services_check(settings: Settings) -> str:
    """Equal for equal sets of services; of 64 characters, however many there are."""
    return hashlib.sha256(json.dumps(sorted(set(settings.sync_services))).encode()).hexdigest()


def stored_frozen_before(stored: dict[str, str]) -> date:
    """Days before it can't be refilled, since events they depend on have expired."""
    return date.fromisoformat(stored.get("frozen_before", _EVER[0].isoformat()))


def frozen_from(first_kept: date) -> date:
    """The first day that can be refilled, where events are kept from a day on."""
    return first_kept + timedelta(days=NEEDED_DAYS - 1)


def kept_from(frozen_before: date) -> date:
    """The first day whose events are kept, where days before another are frozen."""
    return frozen_before - timedelta(days=NEEDED_DAYS - 1)


def _in_ms(first_day: date, last_day: date) -> dict[str, int]:
    """The bounds of UTC days, both included, as a half-open range of milliseconds."""
    return {"first_ms": epoch_ms(first_day), "end_ms": epoch_ms(last_day + timedelta(days=1))}


def epoch_ms(day: date) -> int:
    """The UTC day's first millisecond since 1970."""
    return (day - date(1970, 1, 1)).days * 86_400_000
