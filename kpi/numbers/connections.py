"""Tables of connection attempts by the UTC day they began, or became ready."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from kpi.meaning.definitions import ATTEMPT_WINDOW
from kpi.meaning.filters import Filters, Period
from kpi.meaning.question import LEAST_SHOWN
from kpi.meaning.tables import ACCOUNTS, STEPS
from kpi.numbers import weeks
from kpi.numbers.bands import with_shares, with_times
from kpi.numbers.cells import percent
from kpi.numbers.days import dates, finished, judged_period
from kpi.numbers.narrowed import Counted, hidden_counts, reaching
from kpi.numbers.published import Published

WITHIN_SECONDS = (5, 10, 30, 60)
"""The limits of the shares that are ready in time; a time of exactly the limit is within it."""


Levels = dict[str, tuple[str, ...]]
"""The columns beside the day that distinguish the rows of a table, with their values."""


def connection_time(
    warehouse: Published,
    filters: Filters = Filters(),
    period: Period = Period(),
    by: str | None = None,
    min_users: int = LEAST_SHOWN,
    incomplete: bool = False,
    weekly: bool = False,
    bands: bool = False,
) -> pd.DataFrame:
    """Quartiles of the seconds from the first request to a device ready to sync, by day ready.

    One row per day and account ('new', 'existing'), also where there were no connections.
    Source: specification, "Time taken to connect a device".
    """
    attempts = _Attempts(
        warehouse, "connection_time", ["connections"], {"account": ACCOUNTS}, incomplete, weekly
    )
    frame, hidden, shown = attempts.judged(filters, period, by, min_users)
    for quartile in ("p25", "median", "p75"):
        frame[f"{quartile}_seconds"] = frame.pop(f"{quartile}_ms") / 1000
    columns = ["connections", "p25_seconds", "median_seconds", "p75_seconds"]
    frame.loc[hidden["connections"], columns] = pd.NA
    rows = finished(frame, period, by, shown, warehouse, incomplete)
    if not bands:
        return rows
    span = "week" if weekly else "day"
    return with_times(rows, warehouse, filters, period, by, span, incomplete)


def completion(
    warehouse: Published,
    filters: Filters = Filters(),
    period: Period = Period(),
    by: str | None = None,
    min_users: int = LEAST_SHOWN,
    incomplete: bool = False,
    weekly: bool = False,
    bands: bool = False,
) -> pd.DataFrame:
    """The attempts begun on a day, and those of them that became ready, ever and within 5 and 10 seconds.

    One row per day: begun, completed (attempts), and percents of those begun. Recent days may still
    complete. Source: specification, "Time taken to connect a device".
    """
    frame = ready_shares(warehouse, filters, period, by, min_users, incomplete, weekly)
    table = frame.drop(columns=["within_30_seconds_percent", "within_60_seconds_percent"])
    shares = [str(name) for name in table if str(name).endswith("_percent")]
    return with_shares(table, dict.fromkeys(shares, "begun")) if bands else table


def ready_shares(
    warehouse: Published,
    filters: Filters = Filters(),
    period: Period = Period(),
    by: str | None = None,
    min_users: int = LEAST_SHOWN,
    incomplete: bool = False,
    weekly: bool = False,
) -> pd.DataFrame:
    """`completion`, with the percents ready within 30 and 60 seconds after those within 5 and 10."""
    limits = [f"within_{seconds}_seconds" for seconds in WITHIN_SECONDS]
    shares = {"completed": "completion_percent", **{name: f"{name}_percent" for name in limits}}
    attempts = _Attempts(warehouse, "completion", ["begun", *shares], {}, incomplete, weekly)
    frame, hidden, shown = attempts.judged(filters, period, by, min_users)
    for count, share in shares.items():
        frame[share] = percent(frame[count], frame["begun"])
        frame.loc[hidden["begun"] | hidden[count], share] = pd.NA
    frame.loc[hidden["completed"], "completed"] = pd.NA
    frame.loc[hidden["begun"], "begun"] = pd.NA
    return finished(frame.drop(columns=limits), period, by, shown, warehouse, incomplete)


def steps(
    warehouse: Published,
    filters: Filters = Filters(),
    period: Period = Period(),
    by: str | None = None,
    min_users: int = LEAST_SHOWN,
    incomplete: bool = False,
    weekly: bool = False,
) -> pd.DataFrame:
    """The attempts begun on a day that reached each step of set-up, and the median seconds.

    One row per day and step. Source: specification, "Time taken to connect a device".
    """
    attempts = _Attempts(warehouse, "steps", ["reached"], {"step": STEPS}, incomplete, weekly)
    frame, hidden, shown = attempts.judged(filters, period, by, min_users)
    frame["median_seconds"] = frame.pop("median_ms") / 1000
    frame.loc[hidden["reached"], ["reached", "median_seconds"]] = pd.NA
    return finished(frame, period, by, shown, warehouse, incomplete)


@dataclass(frozen=True)
class _Attempts:
    """The whole counts of a query of attempts, and the cells of them to hide."""

    warehouse: Published
    query: str
    counts: list[str]
    levels: Levels
    incomplete: bool
    weekly: bool

    def judged(
        self, filters: Filters, period: Period, by: str | None, min_users: int
    ) -> tuple[pd.DataFrame, dict[str, pd.Series], set[str]]:
        """The whole counts, the cells of each count to hide, and the values of ``by`` that are listed."""

        def counted(filters: Filters, by: str | None, period: Period = period) -> Counted:
            frame = self._on_every_day(filters, by, period)
            if not self.weekly:
                return Counted(frame)
            return Counted(frame, self._rows(filters, by, weeks.widened(period), False))

        table = counted(filters, by, judged_period(filters, period, by))
        levels = list(self.levels)
        hidden = hidden_counts(counted, table, filters, by, self.counts, levels, min_users)
        shown = reaching(table.frame, self.counts, min_users if min_users > 1 else 0)
        return table.frame, hidden, shown

    def _rows(self, filters: Filters, by: str | None, period: Period, weekly: bool) -> pd.DataFrame:
        first, last = (weeks.widened(period) if weekly else period).bounds
        rows = self.warehouse.frame(
            self.query,
            broken_by=by or "",
            first_day=first,
            last_day=last,
            weekly=int(weekly),
            **filters.parameters(),
        )
        rows["day"] = dates(rows["day"])
        if "new_account" in rows:
            rows["account"] = rows.pop("new_account").map({1: "new", 0: "existing"}).astype("str")
        return rows

    def _on_every_day(self, filters: Filters, by: str | None, period: Period) -> pd.DataFrame:
        """Rows for every day and level: 0 where a counted day has none, absent where it doesn't count.

        No day counts where no event of the store carries a sequence. With a filter of devices, a day
        doesn't count where too few users had a device within its window.
        """
        rows = self._rows(filters, by, period, self.weekly)
        values = sorted(rows["broken_by"].unique()) if by else [""]
        counted = self._counted_days(filters)
        calendar = pd.DatetimeIndex(counted.index).as_unit("s")
        names = ["broken_by", "day", *self.levels]
        index = pd.MultiIndex.from_product([values, calendar, *self.levels.values()], names=names)
        frame = rows.set_index(names).reindex(index).reset_index()
        for column in frame.columns.difference(names):
            if column in self.counts:
                frame[column] = pd.to_numeric(frame[column]).fillna(0).astype("Int64")
            else:
                frame[column] = pd.to_numeric(frame[column]).astype("Float64")
            frame.loc[~frame["day"].map(counted).astype(bool), column] = pd.NA
        return frame

    def _counted_days(self, filters: Filters) -> pd.Series:
        """True for the days, or the Sundays of the weeks, that count."""
        window = ATTEMPT_WINDOW if filters.devices else 0
        incomplete = int(self.incomplete)
        days = self.warehouse.frame("days", with_incomplete=incomplete, device_window=window)
        counts = (days["counted"] == 1) & (not self.warehouse.lacks_sequences)
        counted = pd.Series(counts.to_numpy(), index=pd.DatetimeIndex(dates(days["day"])))
        return weeks.whole(counted) if self.weekly else counted
