"""Filling the KPI tables for the days that changed, and publishing them in one step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from kpi import store
from kpi.errors import Refused
from kpi.events import load
from kpi.meaning import definitions
from kpi.meaning.definitions import (
    ATTEMPT_WINDOW,
    MONTH,
    NEEDED_DAYS,
    NO_OTHER_DEVICE,
    PLATFORM,
    RETURN_REACH,
    UNKNOWN_DEVICES,
    WEEK,
    WIDEST_WINDOW,
)
from kpi.meaning.filters import Period
from kpi.settings import Settings
from kpi.store import queries
from kpi.summary import anomalies, basis
from kpi.text import quantity

LOOK_AROUND_DAYS = 28
"""The days around a changed day in which the rest of a sequence is looked for, if it was no attempt."""

EVENTS_AT_ONCE = 20_000_000
"""About the number of events that a statement groups: it bounds memory, however long the range."""

ANY_DEVICES = (0, NO_OTHER_DEVICE)
FOLLOWED = "active"
"""The audience that is followed from set to set."""

DEVICE_REACH = WIDEST_WINDOW - 1
"""The days after a changed day that a device of it can reach."""

_EVER = (date(1970, 1, 1), date(9999, 1, 1))


@dataclass(frozen=True)
class Summarised:
    """The result of a run: the number of changed days, their range, and the publication they are in.

    No days and a publication: days became complete, or only the list of loads, or of what expired, was
    out of date.
    """

    days: int
    first_day: date | None = None
    last_day: date | None = None
    publication_id: int | None = None
    completed: int = 0
    """The number of days that became complete."""
    same_people: int = 0
    """The number of days whose people by active days were filled, also where no event changed."""
    followed: int = 0
    """The number of days on which people were followed from set to set for the first time."""
    blank_service: int = 0
    """The number of sequences that aren't attempts because they name no service."""


def summarise(
    settings: Settings,
    first: date | None = None,
    last: date | None = None,
    report: Callable[[str], None] = lambda step: None,
) -> Summarised:
    """Fill the KPI tables for the days whose events changed, and what depends on them.

    Where the numbers would rest on other settings or definitions than before (`kpi.summary.basis`), every day
    that isn't frozen changed. A day that was loaded after its end becomes complete by itself.

    ``first`` and ``last`` (UTC dates, both included) leave changed days outside them for another run;
    raises Refused where ``last`` is before ``first``.
    ``report`` gets the name of each step. Rerunning changes nothing, so it is tried again where the store
    was out of reach for a moment.
    """
    period = Period(first, last)
    return store.retried(lambda: _summarised(settings, period, report))


def _summarised(settings: Settings, period: Period, report: Callable[[str], None]) -> Summarised:
    with store.only_writer(settings), store.storage_faults(settings):
        if not store.has_events(settings):
            raise Refused(store.no_events(settings))
        load.prepare_store(settings)
        with store.next_publication(settings) as publishing:
            run = _Run(settings, publishing, report)
            run.refuse_a_mixture(every_day=period == Period())
            run.keep_what_is_gone()
            changed = run.find_changes(*period.bounds)
            restated, completed = run.judge_days()
            relisted = run.list_loads()
            if not (changed.days or restated or relisted or run.lacks_counts()):
                return changed
            if changed.days:
                run.fill()
            followed = run.follow()
            same_people = run.fill_activity(followed)
            run.list_days()
            run.mark_unusual_days()
            blank = queries.run(publishing.connection, "read/blank_sequences").scalar_one()
            reason = store.SETTINGS if run.anew else store.SUMMARY
            number = publishing.publish(
                definitions.version(settings.device_by), run.simulated, reason
            )
            queries.run(publishing.connection, "fill/published")
            run.keep_basis(every_day=period == Period())
            publishing.end_part()
            return replace(
                changed,
                publication_id=number,
                completed=completed,
                same_people=same_people,
                followed=followed,
                blank_service=int(blank),
            )


class _Run:
    """One run over the changed days; each step is a file in `queries/fill`.

    DuckDB writes one file a transaction, so the steps alternate: tags and segments (unpublished),
    then all private tables in one transaction, then the rest (unpublished).
    """

    def __init__(
        self, settings: Settings, publishing: store.Publishing, report: Callable[[str], None]
    ) -> None:
        self.settings = settings
        self.connection = publishing.connection
        self.end_part = publishing.end_part
        self.report = report
        stored = queries.settings(self.connection)
        self.now = datetime.now(UTC).replace(tzinfo=None)
        self.simulated = stored.get("simulated") == "1"
        self.frozen_before = stored_frozen_before(stored)
        self.anew = basis.differs(settings, self.connection, stored)
        self.constants: dict[str, object] = {
            "by_platform": int(settings.device_by == PLATFORM),
            "anew": int(self.anew),
            "values_per_tag": settings.kept_values,
            "sync_services": settings.sync_services,
            "min_day_percent": settings.min_day_percent,
            "min_coverage": settings.min_device_coverage,
            "complete_after_seconds": settings.complete_after_hours * 3600,
            "raw_table": settings.raw_table or "",
            "widest_window": WIDEST_WINDOW,
            "multi_device_window": ATTEMPT_WINDOW,
            "multi_device_reach": ATTEMPT_WINDOW - 1,
            "unknown_devices": UNKNOWN_DEVICES,
        }
        self.first_counted: date | None = None
        _judge_volumes(settings, self.connection, self.frozen_before)

    def refuse_a_mixture(self, every_day: bool) -> None:
        """Refuse to summarise some days by another device identity than the rest."""
        frozen = self.frozen_before > _EVER[0]
        basis.refuse_a_mixture(self.settings, self.connection, every_day, frozen)

    def keep_what_is_gone(self) -> None:
        """Freeze the days that a pipeline dropped from its table, with those that depend on them."""
        if not (self.settings.database_url and self.settings.raw_table):
            return
        span = queries.run(self.connection, "read/events_gone").mappings().one()
        if span["first_summarised"] is None:
            return
        if span["first_present"] is None:
            raise Refused(
                f"{self.settings.raw_table} holds no events, though some were summarised before; "
                "nothing was changed"
            )
        frozen_before = frozen_from(span["first_present"])
        dropped = span["first_present"] > span["first_summarised"]
        if dropped and frozen_before > self.frozen_before:
            self.frozen_before = frozen_before
            self._run("setting", name="frozen_before", setting=frozen_before.isoformat())
            _judge_volumes(self.settings, self.connection, self.frozen_before)

    def find_changes(self, first: date, last: date) -> Summarised:
        self._run("changed_day", first_wanted=first, last_wanted=last)
        self._run("new_sequence")
        changes = queries.run(self.connection, "read/changed_days").mappings().one()
        self.end_part()
        if changes["days"]:
            self.first_changed, self.last_changed = changes["first_day"], changes["last_day"]
            self.first_counted = changes["first_counted"]
            self.last_counted = changes["last_counted"]
            self.last_before = changes["last_before"]
            self.days_at_once = _days_at_once(int(changes["events"]) / changes["days"])
        return Summarised(changes["days"], changes["first_day"], changes["last_day"])

    def judge_days(self) -> tuple[int, int]:
        """Judge which days are loaded and complete now; how many differ from what was published, and how
        many of these became complete.
        """
        now_seconds = int((self.now - datetime(1970, 1, 1)).total_seconds())
        self._run("loaded_day", now=self.now, now_seconds=now_seconds)
        status = queries.run(self.connection, "read/changed_status").mappings().one()
        self.end_part()
        return int(status["days"]), int(status["completed"])

    def keep_basis(self, every_day: bool) -> None:
        """Store the basis of the numbers; where days differ in it, a value that equals no basis."""
        differ = self.anew and not every_day
        check = basis.DIFFERING if differ else basis.check(self.settings)
        self._run("setting", name=basis.NAME, setting=check)

    def list_loads(self) -> bool:
        """List the loads and what expired; True where the newest publication's lists were out of date."""
        before = self._lists()
        self._run("load_manifest")
        if self.frozen_before > _EVER[0]:
            self._run("retention")
        self.end_part()
        published = queries.run(self.connection, "read/publication").first() is not None
        return published and self._lists() != before

    def _lists(self) -> list[object]:
        return [
            queries.run(self.connection, f"read/{name}").all()
            for name in ("load_manifest", "retention")
        ]

    def list_days(self) -> None:
        """State which days are loaded and complete, and list those that hold strays only."""
        self._run("day_status")
        self._run("doubtful_day")
        self.end_part()

    def mark_unusual_days(self) -> None:
        """Judge every day's volume of events by its recent weekdays, and mark those that stray."""
        self._run("usual_day")
        volumes = queries.run(self.connection, "read/day_volumes", most_types=anomalies.MOST_TYPES)
        for marked in anomalies.marks(anomalies.volumes(volumes.mappings().all())):
            self._run("unusual_day", **marked)
        self.end_part()

    def fill(self) -> None:
        changed = _in_ms(self.first_changed, self.last_changed)
        self._name_segments()
        self._run("unpublished_day")
        self._run("known_user", **changed)
        self._fill_user_days()
        self._run("touched_sequence", **changed)
        touched = queries.run(
            self.connection, "read/touched_bounds", look_around_days=LOOK_AROUND_DAYS
        )
        self._run("attempt", **_in_ms(**touched.mappings().one()))
        self.end_part()

        self._run("day_volume", **changed)
        self._run("day_coverage", first_day=self.first_changed, last_day=self.last_changed)
        self._run("attempt_tag_combination")
        self._run("kept_value")
        self._run("segment")
        self._run("connection")
        self._run("day_status")
        self._count_users()
        self.end_part()

    def _name_segments(self) -> None:
        """Name the segments of the counted days' events, while nothing private has changed."""
        if self.first_counted is None:
            return
        self._run("tag_combination", **_in_ms(self.first_counted, self.last_counted))
        self._run("kept_value")
        self._run("segment")
        self.end_part()

    def _fill_user_days(self) -> None:
        """Store who was active on the counted days, on which devices, and who is multi-device since."""
        if self.first_counted is None:
            return
        for part in self._parts(self.first_counted, self.last_counted):
            self._run("active_day", **_in_ms(**part))
            self._run("user_day", **part)
            self._run("user_device_day", **part)
        last = self.last_counted + timedelta(days=DEVICE_REACH)
        for part in self._parts(self.first_counted, last):
            first_device_day = part["first_day"] - timedelta(days=DEVICE_REACH)
            self._run("multi_device_day", **part, first_device_day=first_device_day)

    def _count_users(self) -> None:
        """Daily and monthly users of the changed days, and of the days that depend on them."""
        if self.first_counted is None:
            return
        loaded = dict(queries.run(self.connection, "read/loaded_days").mappings().one())
        if loaded["last_day"] is None:
            loaded = {"first_day": _EVER[1], "last_day": _EVER[0]}
        self._run("shortened", first_loaded_day=loaded["first_day"], last_day=loaded["last_day"])
        self._run("audience")
        first, last, last_loaded = self.first_counted, self.last_counted, loaded["last_day"]
        last_before = self.last_before or last_loaded
        reach = timedelta(days=RETURN_REACH)
        returned = min(first - timedelta(days=1), max(last_before, last_loaded) - reach)
        self._count_days(first - reach, returned, self.days_at_once)
        end = last + timedelta(days=DEVICE_REACH)
        self._count_days(first, min(last_loaded, end), self.days_at_once)
        # People leave their sets on days after the last loaded day, too.
        self._count_months(
            min(first, last_before + timedelta(days=1)),
            min(last_loaded, end + timedelta(days=MONTH)),
        )
        if self.last_before is None:
            self._run("followed_from", first_retained=_EVER[0])
        self._run(
            "stale_activity",
            first_day=first,
            last_day=last + timedelta(days=MONTH - 1),
            first_loaded_day=loaded["first_day"],
            last_loaded_day=loaded["last_day"],
        )

    def _count_days(self, first: date, last: date, days_at_once: int) -> None:
        """Daily users of every audience from one pass."""
        lowest, highest = ANY_DEVICES
        for part in _parts(first, last, days_at_once):
            self._run("daily_step", **part)
            self._name_sets(0, lowest, highest, first_active_day=part["first_day"], **part)
            self._run("daily_users", **part)

    def _count_months(self, first: date, last: date) -> None:
        """Changes of the sets of 28 days, an audience at a time; of active users, moves between them."""
        for audience, lowest, highest in queries.run(self.connection, "read/audiences").all():
            days = self._step_months(first, last, lowest, highest)
            self._run("monthly_users_change", audience=audience, **days)
            if audience == FOLLOWED:
                self._count_moves(days)

    def _step_months(self, first: date, last: date, lowest: int, highest: int) -> dict[str, date]:
        """Follow an audience from set to set; the parameters of the days."""
        days = {
            "first_day": first,
            "last_day": last,
            "day_before": first - timedelta(days=1),
            "first_active_day": first - timedelta(days=MONTH),
        }
        self._run("monthly_step", **days, lowest=lowest, highest=highest)
        self._name_sets(MONTH - 1, lowest, highest, **days)
        return days

    def _count_moves(self, days: dict[str, date]) -> None:
        self._run("new_user", **days)
        self._run("monthly_move", audience=FOLLOWED, **days)

    def follow(self) -> int:
        """Count moves and returns of the days that an older version counted without; how many."""
        lacking = _unfollowed(self.connection, self.frozen_before)
        if not lacking["days"]:
            return 0
        last = lacking["last_day"]
        self._run("audience")
        days_at_once = _days_at_once(int(lacking["events"]) / lacking["days"])
        self._count_days(lacking["first_day"], last, days_at_once)
        if lacking["first_move"] is not None:
            self._count_moves(self._step_months(lacking["first_move"], last, *ANY_DEVICES))
        self._run("followed_from")
        self.end_part()
        return int(lacking["days"])

    def lacks_counts(self) -> bool:
        """True where an older version left days without what is counted now."""
        return bool(_lacking(self.connection, self.frozen_before))

    def fill_activity(self, followed: int) -> int:
        """Count the people of every day that lacks it by their active days; the number of these days.

        Changed days lack it, and so does every day of a store that was made before these counts. Then all
        sets are counted again without their versions, as where people were ``followed`` for the first time.
        """
        lacking = _days_without_activity(self.connection, self.frozen_before)
        if lacking:
            events_a_day = sum(events for _, events in lacking) / len(lacking)
            # A part reads the 27 days before it as well, so a shorter one would save no memory.
            at_once = max(MONTH, _days_at_once(events_a_day))
            for part in _parts(lacking[0][0], lacking[-1][0], at_once):
                self._run(
                    "activity_step",
                    **part,
                    first_active_day=part["first_day"] - timedelta(days=MONTH - 1),
                    first_week_day=part["first_day"] - timedelta(days=WEEK - 1),
                )
                self._run("month_activity", **part)
        if lacking or followed or self.first_counted is not None:
            self._run("versionless")
        self.end_part()
        return len(lacking)

    def _parts(self, first: date, last: date) -> Iterator[dict[str, date]]:
        return _parts(first, last, self.days_at_once)

    def _name_sets(self, reach: int, lowest: int, highest: int, **days: date) -> None:
        self._run("segment_set", reach=reach, lowest=lowest, highest=highest, **days)
        collisions = queries.run(self.connection, "read/set_key_collisions").scalar()
        if collisions:
            raise Refused(
                f"{quantity(collisions, 'set')} of segments share a key, so counts could be wrong; nothing "
                "was published. Load everything into a new KPI_HOME, which draws new keys"
            )

    def _run(self, step: str, **params: object) -> None:
        """Execute a step's statements, each with those of the parameters that it uses."""
        self.report(step)
        frozen = {
            "frozen_before": self.frozen_before,
            "first_retained": first_retained_day(self.frozen_before),
        }
        queries.run(self.connection, f"fill/{step}", **{**self.constants, **frozen, **params})


def _days_at_once(events_a_day: float) -> int:
    """The number of days that hold about EVENTS_AT_ONCE events."""
    return max(1, EVENTS_AT_ONCE // max(1, int(events_a_day)))


def _parts(first: date, last: date, days_at_once: int) -> Iterator[dict[str, date]]:
    """The days from first to last, both included, in runs of so many."""
    while first <= last:
        days = min(days_at_once, (last - first).days + 1)
        end = first + timedelta(days=days - 1)
        yield {"first_day": first, "last_day": end}
        first = end + timedelta(days=1)


def _lacking(connection: Connection, frozen_before: date) -> int:
    """The number of days that an older version left without what is counted now, and that can be filled."""
    unfollowed = int(_unfollowed(connection, frozen_before)["days"])
    return unfollowed or len(_days_without_activity(connection, frozen_before))


def _unfollowed(connection: Connection, frozen_before: date) -> dict[str, Any]:
    """The first and last day on which people can be followed, and weren't; the number of days and events."""
    first_retained = first_retained_day(frozen_before) if frozen_before > _EVER[0] else _EVER[0]
    rows = queries.run(connection, "read/unfollowed_days", first_retained=first_retained)
    return dict(rows.mappings().one())


def _days_without_activity(
    connection: Connection, frozen_before: date
) -> Sequence[tuple[date, int]]:
    """The days with people whose active days aren't counted, where they can be, and their events."""
    frozen = frozen_before > _EVER[0]
    first = first_retained_day(frozen_before) + timedelta(days=MONTH - 1) if frozen else _EVER[0]
    days = queries.run(connection, "read/days_without_activity", first_day=first, last_day=_EVER[1])
    return [(day, int(events)) for day, events in days]


def unsummarised(settings: Settings, connection: Connection) -> int:
    """The number of days that changed since the newest publication; if none, of those without active days."""
    stored = queries.settings(connection)
    frozen_before = stored_frozen_before(stored)
    _judge_volumes(settings, connection, frozen_before)
    queries.run(
        connection,
        "fill/changed_day",
        frozen_before=frozen_before,
        first_wanted=_EVER[0],
        last_wanted=_EVER[1],
        anew=int(basis.differs(settings, connection, stored)),
    )
    changed = int(queries.run(connection, "read/changed_days").mappings().one()["days"])
    return changed or _lacking(connection, frozen_before)


def _judge_volumes(settings: Settings, connection: Connection, frozen_before: date) -> None:
    """Count the events that there are by day, and judge which days they are enough for."""
    queries.run(
        connection,
        "fill/judged_day",
        frozen_before=frozen_before,
        min_day_percent=settings.min_day_percent,
    )


def stored_frozen_before(stored: dict[str, str]) -> date:
    """Days before it can't be refilled, since events they depend on have expired."""
    return date.fromisoformat(stored.get("frozen_before", _EVER[0].isoformat()))


def frozen_from(first_retained: date) -> date:
    """The first day that can be refilled, where events are retained from a day on."""
    return first_retained + timedelta(days=NEEDED_DAYS - 1)


def first_retained_day(frozen_before: date) -> date:
    """The first day whose events are retained, where days before another are frozen."""
    return frozen_before - timedelta(days=NEEDED_DAYS - 1)


def _in_ms(first_day: date, last_day: date) -> dict[str, int]:
    """The bounds of UTC days, both included, as a half-open range of milliseconds."""
    return {"first_ms": epoch_ms(first_day), "end_ms": epoch_ms(last_day + timedelta(days=1))}


def epoch_ms(day: date) -> int:
    """The UTC day's first millisecond since 1970."""
    return (day - date(1970, 1, 1)).days * 86_400_000
