"""Users of sets of segments: by day, over 28 days, the moves between sets, and their active days."""

from __future__ import annotations

from datetime import date, timedelta

from kpi.errors import Refused
from kpi.meaning.definitions import MONTH, NO_OTHER_DEVICE, RETURN_REACH, WEEK, WIDEST_WINDOW
from kpi.store import queries
from kpi.summary.days import EVER, Changed, days_without_activity, unfollowed
from kpi.summary.steps import Steps, days_at_once_of, parts_of
from kpi.text import quantity

ANY_DEVICES = (0, NO_OTHER_DEVICE)
FOLLOWED = "active"
"""The audience that is followed from set to set."""

DEVICE_REACH = WIDEST_WINDOW - 1
"""The days after a changed day that a device of it can reach."""


class UserCounts:
    """The counts of users of one run."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps

    def count(self, changed: Changed) -> None:
        """Daily and monthly users of the changed days, and of the days that depend on them."""
        if changed.counted is None:
            return
        first, last = changed.counted
        loaded = dict(queries.run(self._steps.connection, "read/loaded_days").mappings().one())
        if loaded["last_day"] is None:
            loaded = {"first_day": EVER[1], "last_day": EVER[0]}
        self._steps.run(
            "shortened", first_loaded_day=loaded["first_day"], last_day=loaded["last_day"]
        )
        self._steps.run("audience")
        last_loaded = loaded["last_day"]
        last_before = changed.last_before or last_loaded
        reach = timedelta(days=RETURN_REACH)
        returned = min(first - timedelta(days=1), max(last_before, last_loaded) - reach)
        self._count_days(first - reach, returned, changed.days_at_once)
        end = last + timedelta(days=DEVICE_REACH)
        self._count_days(first, min(last_loaded, end), changed.days_at_once)
        # People leave their sets on days after the last loaded day, too.
        self._count_months(
            min(first, last_before + timedelta(days=1)),
            min(last_loaded, end + timedelta(days=MONTH)),
        )
        if changed.last_before is None:
            self._steps.run("followed_from", first_retained=EVER[0])
        self._steps.run(
            "stale_activity",
            first_day=first,
            last_day=last + timedelta(days=MONTH - 1),
            first_loaded_day=loaded["first_day"],
            last_loaded_day=loaded["last_day"],
        )

    def _count_days(self, first: date, last: date, days_at_once: int) -> None:
        """Daily users of every audience from one pass."""
        lowest, highest = ANY_DEVICES
        for part in parts_of(first, last, days_at_once):
            self._steps.run("daily_step", **part)
            self._name_sets(0, lowest, highest, first_active_day=part["first_day"], **part)
            self._steps.run("daily_users", **part)

    def _count_months(self, first: date, last: date) -> None:
        """Changes of the sets of 28 days, an audience at a time; of active users, moves between them."""
        for audience, lowest, highest in queries.run(
            self._steps.connection, "read/audiences"
        ).all():
            days = self._step_months(first, last, lowest, highest)
            self._steps.run("monthly_users_change", audience=audience, **days)
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
        self._steps.run("monthly_step", **days, lowest=lowest, highest=highest)
        self._name_sets(MONTH - 1, lowest, highest, **days)
        return days

    def _count_moves(self, days: dict[str, date]) -> None:
        self._steps.run("new_user", **days)
        self._steps.run("monthly_move", audience=FOLLOWED, **days)

    def follow(self) -> int:
        """Count moves and returns of the days that an older version counted without; how many."""
        lacking = unfollowed(self._steps.connection, self._steps.frozen_before)
        if not lacking["days"]:
            return 0
        last = lacking["last_day"]
        self._steps.run("audience")
        days_at_once = days_at_once_of(int(lacking["events"]) / lacking["days"])
        self._count_days(lacking["first_day"], last, days_at_once)
        if lacking["first_move"] is not None:
            self._count_moves(self._step_months(lacking["first_move"], last, *ANY_DEVICES))
        self._steps.run("followed_from")
        self._steps.end_part()
        return int(lacking["days"])

    def fill_activity(self, recounted: bool) -> int:
        """Count the people of every day that lacks it by their active days; the number of these days.

        Changed days lack it, and so does every day of a store that was made before these counts. Then all
        sets are counted again without their versions, as where other users were ``recounted``.
        """
        lacking = days_without_activity(self._steps.connection, self._steps.frozen_before)
        if lacking:
            events_a_day = sum(events for _, events in lacking) / len(lacking)
            # A part reads the 27 days before it as well, so a shorter one would save no memory.
            at_once = max(MONTH, days_at_once_of(events_a_day))
            for part in parts_of(lacking[0][0], lacking[-1][0], at_once):
                self._steps.run(
                    "activity_step",
                    **part,
                    first_active_day=part["first_day"] - timedelta(days=MONTH - 1),
                    first_week_day=part["first_day"] - timedelta(days=WEEK - 1),
                )
                self._steps.run("month_activity", **part)
        if lacking or recounted:
            self._steps.run("versionless")
        self._steps.end_part()
        return len(lacking)

    def _name_sets(self, reach: int, lowest: int, highest: int, **days: date) -> None:
        self._steps.run("segment_set", reach=reach, lowest=lowest, highest=highest, **days)
        collisions = queries.run(self._steps.connection, "read/set_key_collisions").scalar()
        if collisions:
            raise Refused(
                f"{quantity(collisions, 'set')} of segments share a key, so counts could be wrong; nothing "
                "was published. Load everything into a new KPI_HOME, which draws new keys"
            )
