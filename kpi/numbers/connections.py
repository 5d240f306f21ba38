"""Tables of connection attempts by the UTC day they began, or became ready."""

from __future__ import annotations

import pandas as pd

from kpi.meaning.definitions import ATTEMPT_WINDOW
from kpi.meaning.filters import Filters, Period
from kpi.meaning.question import LEAST_SHOWN
from kpi.meaning.tables import ACCOUNTS, STEPS
from kpi.numbers import weeks
from kpi.numbers.cells import percent
from kpi.numbers.days import dates, finished, judged_period
from kpi.numbers.narrowed import Counted, hidden_counts, reaching
from kpi.numbers.published import Published

WITHIN_SECONDS = (5, 10, 30, 60)
"""The limits of the shares that are ready in time; a time of exactly the limit is within it."""


def connection_time(
    warehouse: Published,
    filters: Filters = Filters(),
    period: Period = Period(),
    by: str | None = None,
    min_users: int = LEAST_SHOWN,
    incomplete: bool = False,
    weekly: bool = False,
) -> pd.DataFrame:
    """Quartiles of the seconds from the first request to a device ready to sync, by day ready.

    One row per day and account ('new', 'existing'), also where there were no connections.
    Source: specification, "Time taken to connect a device".
    """

    counts = ["connections"]

    def counted(filters: Filters, by: str | None, period: Period = period) -> Counted:
        def accounts(weekly: bool, period: Period) -> pd.DataFrame:
            rows = _attempts(warehouse, "connection_time", filters, period, by, weekly)
            rows["account"] = rows.pop("new_account").map({1: "new", 0: "existing"}).astype("str")
            return rows

        frame = _on_every_day(
            warehouse,
            accounts(weekly, period),
            filters,
            by,
            incomplete,
            {"account": ACCOUNTS},
            counts,
            weekly,
        )
        return Counted(frame, accounts(False, weeks.widened(period)) if weekly else None)

    table = counted(filters, by, judged_period(filters, period, by))
    hidden = hidden_counts(counted, table, filters, by, counts, ["account"], min_users)
    frame = table.frame
    for quartile in ("p25", "median", "p75"):
        frame[f"{quartile}_seconds"] = frame.pop(f"{quartile}_ms") / 1000
    shown = reaching(frame, counts, min_users if min_users > 1 else 0)
    columns = [*counts, "p25_seconds", "median_seconds", "p75_seconds"]
    frame.loc[hidden["connections"], columns] = pd.NA
    return finished(frame, period, by, shown, warehouse, incomplete)


def completion(
    warehouse: Published,
    filters: Filters = Filters(),
    period: Period = Period(),
    by: str | None = None,
    min_users: int = LEAST_SHOWN,
    incomplete: bool = False,
    weekly: bool = False,
) -> pd.DataFrame:
    """The attempts begun on a day, and those of them that became ready, ever and within 5 and 10 seconds.

    One row per day: begun, completed (attempts), and percents of those begun. Recent days may still
    complete. Source: specification, "Time taken to connect a device".
    """
    frame = ready_shares(warehouse, filters, period, by, min_users, incomplete, weekly)
    return frame.drop(columns=["within_30_seconds_percent", "within_60_seconds_percent"])


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
    counts = ["begun", *shares]

    def counted(filters: Filters, by: str | None, period: Period = period) -> Counted:
        def attempts(weekly: bool, period: Period) -> pd.DataFrame:
            rows = _attempts(warehouse, "completion", filters, period, by, weekly)
            return _on_every_day(warehouse, rows, filters, by, incomplete, {}, counts, weekly)

        frame = attempts(weekly, period)
        return Counted(frame, attempts(False, weeks.widened(period)) if weekly else None)

    table = counted(filters, by, judged_period(filters, period, by))
    hidden = hidden_counts(counted, table, filters, by, counts, [], min_users)
    frame = table.frame
    shown = reaching(frame, counts, min_users if min_users > 1 else 0)
    begun_hidden = hidden["begun"]
    for count, share in shares.items():
        frame[share] = percent(frame[count], frame["begun"])
        frame.loc[begun_hidden | hidden[count], share] = pd.NA
    frame.loc[hidden["completed"], "completed"] = pd.NA
    frame.loc[begun_hidden, "begun"] = pd.NA
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

    counts = ["reached"]
    levels: dict[str, tuple[str, ...]] = {"step": STEPS}

    def counted(filters: Filters, by: str | None, period: Period = period) -> Counted:
        def by_step(weekly: bool, period: Period) -> pd.DataFrame:
            return _attempts(warehouse, "steps", filters, period, by, weekly)

        frame = _on_every_day(
            warehouse, by_step(weekly, period), filters, by, incomplete, levels, counts, weekly
        )
        return Counted(frame, by_step(False, weeks.widened(period)) if weekly else None)

    table = counted(filters, by, judged_period(filters, period, by))
    hidden = hidden_counts(counted, table, filters, by, counts, ["step"], min_users)
    frame = table.frame
    frame["median_seconds"] = frame.pop("median_ms") / 1000
    shown = reaching(frame, counts, min_users if min_users > 1 else 0)
    frame.loc[hidden["reached"], ["reached", "median_seconds"]] = pd.NA
    return finished(frame, period, by, shown, warehouse, incomplete)


def _attempts(
    warehouse: Published,
    query: str,
    filters: Filters,
    period: Period,
    by: str | None,
    weekly: bool = False,
) -> pd.DataFrame:
    first, last = (weeks.widened(period) if weekly else period).bounds
    rows = warehouse.frame(
        query,
        broken_by=by or "",
        first_day=first,
        last_day=last,
        weekly=int(weekly),
        **filters.parameters(),
    )
    rows["day"] = dates(rows["day"])
    return rows


def _on_every_day(
    warehouse: Published,
    rows: pd.DataFrame,
    filters: Filters,
    by: str | None,
    incomplete: bool,
    levels: dict[str, tuple[str, ...]],
    counts: list[str],
    weekly: bool = False,
) -> pd.DataFrame:
    """Rows for every day and level: 0 where a counted day has none, absent where it doesn't count.

    No day counts where no event of the store carries a sequence. With a filter of devices, a day doesn't
    count where too few users had a device within its window.
    """
    window = ATTEMPT_WINDOW if filters.devices else 0
    days = warehouse.frame("days", with_incomplete=int(incomplete), device_window=window)
    if warehouse.lacks_sequences:
        days["counted"] = 0
    counted = pd.Series(days["counted"].to_numpy() == 1, index=pd.DatetimeIndex(dates(days["day"])))
    if weekly:
        counted = weeks.whole(counted)
    calendar = pd.DatetimeIndex(counted.index).as_unit("s")
    values = sorted(rows["broken_by"].unique()) if by else [""]
    names = ["broken_by", "day", *levels]
    index = pd.MultiIndex.from_product([values, calendar, *levels.values()], names=names)
    frame = rows.set_index(names).reindex(index).reset_index()
    counts_at = frame["day"].map(counted).astype(bool)
    for column in frame.columns.difference(names):
        if column in counts:
            frame[column] = pd.to_numeric(frame[column]).fillna(0).astype("Int64")
        else:
            frame[column] = pd.to_numeric(frame[column]).astype("Float64")
        frame.loc[~counts_at, column] = pd.NA
    return frame
