"""Filling the KPI tables for the days that changed, and publishing them in one step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from kpi import store
from kpi.errors import Refused
from kpi.meaning import definitions
from kpi.meaning.filters import Period
from kpi.settings import Settings
from kpi.store import queries
from kpi.summary import anomalies, basis
from kpi.summary.counting import DEVICE_REACH, UserCounts
from kpi.summary.days import EVER, Changed, frozen_from, in_ms, lacking_days
from kpi.summary.steps import Steps, days_at_once_of, parts_of

LOOK_AROUND_DAYS = 28
"""The days around a changed day in which the rest of a sequence is looked for, if it was no attempt."""


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
    history_days: int = 0
    """The number of days from the first to the last of the store."""


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
        with store.next_publication(settings) as publishing:
            run = _Run(settings, publishing, report)
            run.refuse_a_mixture(every_day=period == Period())
            run.keep_what_is_gone()
            result, changed = run.find_changes(*period.bounds)
            restated, completed = run.judge_days()
            relisted = run.list_loads()
            if not (changed or restated or relisted or run.lacks_counts()):
                return result
            users = UserCounts(run)
            if changed:
                run.fill(changed, users)
            followed = users.follow()
            recounted = bool(followed or (changed and changed.counted))
            same_people = users.fill_activity(recounted)
            run.list_days()
            history_days = run.mark_unusual_days()
            blank = queries.run(publishing.connection, "read/blank_sequences").scalar_one()
            reason = store.SETTINGS if run.anew else store.SUMMARY
            number = publishing.publish(
                definitions.version(settings.device_by), run.simulated, reason
            )
            queries.run(publishing.connection, "fill/published")
            run.keep_basis(every_day=period == Period())
            publishing.end_part()
            return replace(
                result,
                publication_id=number,
                completed=completed,
                same_people=same_people,
                followed=followed,
                blank_service=int(blank),
                history_days=history_days,
            )


class _Run(Steps):
    """One run over the changed days.

    Tags and segments come first (published tables), then all private tables in one transaction, then the
    rest.
    """

    def __init__(
        self, settings: Settings, publishing: store.Publishing, report: Callable[[str], None]
    ) -> None:
        super().__init__(settings, publishing, report)
        self.now = datetime.now(UTC).replace(tzinfo=None)

    def refuse_a_mixture(self, every_day: bool) -> None:
        """Refuse to summarise some days by another device identity than the rest."""
        frozen = self.frozen_before > EVER[0]
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
            self.freeze(frozen_before)

    def find_changes(self, first: date, last: date) -> tuple[Summarised, Changed | None]:
        """The days whose events changed, from one day to another; of none a number of 0 and None."""
        self.run("changed_day", first_wanted=first, last_wanted=last)
        self.run("new_sequence")
        rows = queries.run(self.connection, "read/changed_days").mappings().one()
        self.end_part()
        result = Summarised(rows["days"], rows["first_day"], rows["last_day"])
        if not rows["days"]:
            return result, None
        some = rows["first_counted"] is not None
        return result, Changed(
            (rows["first_day"], rows["last_day"]),
            (rows["first_counted"], rows["last_counted"]) if some else None,
            rows["last_before"],
            days_at_once_of(int(rows["events"]) / rows["days"]),
        )

    def judge_days(self) -> tuple[int, int]:
        """Judge which days are loaded and complete now; how many differ from what was published, and how
        many of these became complete.
        """
        now_seconds = int((self.now - datetime(1970, 1, 1)).total_seconds())
        self.run("loaded_day", now=self.now, now_seconds=now_seconds)
        status = queries.run(self.connection, "read/changed_status").mappings().one()
        self.end_part()
        return int(status["days"]), int(status["completed"])

    def keep_basis(self, every_day: bool) -> None:
        """Store the basis of the numbers; where days differ in it, a value that equals no basis."""
        differ = self.anew and not every_day
        check = basis.DIFFERING if differ else basis.check(self.settings)
        self.run("setting", name=basis.NAME, setting=check)

    def list_loads(self) -> bool:
        """List the loads and what expired; True where the newest publication's lists were out of date."""
        before = self._lists()
        self.run("load_manifest")
        if self.frozen_before > EVER[0]:
            self.run("retention")
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
        self.run("day_status")
        self.run("doubtful_day")
        self.end_part()

    def mark_unusual_days(self) -> int:
        """Judge every day's volume of events by its recent weekdays, mark those that stray; how many days."""
        self.run("usual_day")
        read = queries.run(self.connection, "read/day_volumes", most_types=anomalies.MOST_TYPES)
        volumes = read.mappings().all()
        for marked in anomalies.marks(anomalies.volumes(volumes)):
            self.run("unusual_day", **marked)
        self.end_part()
        return len({row["day"] for row in volumes})

    def lacks_counts(self) -> bool:
        """True where an older version left days without what is counted now."""
        return bool(lacking_days(self.connection, self.frozen_before))

    def fill(self, changed: Changed, users: UserCounts) -> None:
        """Fill everything that rests on the changed days, but moves and active days of people."""
        first_day, last_day = changed.days
        span = in_ms(first_day, last_day)
        self._name_segments(changed)
        self.run("unpublished_day")
        self.run("known_user", **span)
        self._fill_user_days(changed)
        self.run("touched_sequence", **span)
        touched = queries.run(
            self.connection, "read/touched_bounds", look_around_days=LOOK_AROUND_DAYS
        )
        self.run("attempt", **in_ms(**touched.mappings().one()))
        self.end_part()

        self.run("day_volume", **span)
        self.run("day_coverage", first_day=first_day, last_day=last_day)
        self.run("attempt_tag_combination")
        self.run("kept_value")
        self.run("segment")
        self.run("connection")
        self.run("day_status")
        users.count(changed)
        self.end_part()

    def _name_segments(self, changed: Changed) -> None:
        """Name the segments of the counted days' events, while nothing private has changed."""
        if changed.counted is None:
            return
        self.run("tag_combination", **in_ms(*changed.counted))
        self.run("kept_value")
        self.run("segment")
        self.end_part()

    def _fill_user_days(self, changed: Changed) -> None:
        """Store who was active on the counted days, on which devices, and who is multi-device since."""
        if changed.counted is None:
            return
        first, last = changed.counted
        for part in parts_of(first, last, changed.days_at_once):
            self.run("active_day", **in_ms(**part))
            self.run("user_day", **part)
            self.run("user_device_day", **part)
        reached = last + timedelta(days=DEVICE_REACH)
        for part in parts_of(first, reached, changed.days_at_once):
            first_device_day = part["first_day"] - timedelta(days=DEVICE_REACH)
            self.run("multi_device_day", **part, first_device_day=first_device_day)
