"""The measures: pure functions from a warehouse, a filter and a period to a frame.

Queries return whole counts; every ratio, mean and percent is computed here, once, for pages and
exports alike. Frames have the columns of the export, absent values as NA.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pandas as pd

from kpi.errors import NoData
from kpi.meaning.definitions import ATTEMPT_WINDOW, WEEK, WINDOWS
from kpi.meaning.filters import Filters, Period
from kpi.meaning.tables import ACCOUNTS, PRODUCTS, STEPS
from kpi.numbers import weeks
from kpi.numbers.cells import percent, small
from kpi.numbers.narrowed import Counted, hidden_counts, hidden_days, reaching
from kpi.numbers.published import Published

AUDIENCES = {"all": "active", "multi_device": "multi_device_5", "single_device": "single_device_5"}
OTHER_WINDOWS = ("active", *(f"multi_device_{n}" for n in WINDOWS if n != ATTEMPT_WINDOW))
WITH_DEVICE = "with_device"
WITHIN_SECONDS = (5, 10, 30, 60)
"""How soon a device may be ready; a time of exactly the limit is within it."""

NO_COMPLETE_DAY = (
    "no complete day has been summarised yet; load event files, then: python -m kpi summarise"
)


def engagement(
    warehouse: Published,
    filters: Filters = Filters(),
    period: Period = Period(),
    by: str | None = None,
    min_users: int = 10,
    incomplete: bool = False,
    weekly: bool = False,
) -> pd.DataFrame:
    """100 × mean DAU of 7 days / MAU of 28, for all, multi-device and single-device users.

    One row per day and audience: day, audience, dau, dau_7day_mean, mau (users), engagement_ratio
    (percent); with ``by``, its values first; ``weekly`` as in `kpi.numbers.weeks`. Source: specification,
    "Engagement Ratio".
    """
    judged = _judged(filters, period, by)
    counts = _user_counts(warehouse, filters, judged, by, tuple(AUDIENCES.values()), incomplete)
    names = {stored: name for name, stored in AUDIENCES.items()}
    frame = pd.DataFrame(
        {
            "broken_by": counts["broken_by"],
            "day": counts["day"],
            "audience": pd.Categorical(
                counts["audience"].map(names), list(AUDIENCES), ordered=True
            ),
            "dau": counts["daily_users"],
            "dau_7day_mean": counts["week_users"].astype("Float64") / WEEK,
            "mau": counts["monthly_users"],
        }
    )
    frame["engagement_ratio"] = percent(frame["dau_7day_mean"], frame["mau"])
    frame = frame.sort_values(["broken_by", "day", "audience"], ignore_index=True)
    frame["audience"] = frame["audience"].astype("str")
    whole = hidden_days(counts, frame, filters, by, min_users)
    hidden = small(frame["dau"], min_users) | whole
    # Single and multi add up to all on a day, so that one tells the other.
    split = frame["audience"] != "all"
    by_day = [frame["broken_by"], frame["day"]]
    hidden |= split & (hidden & split).groupby(by_day).transform("any")
    by_audience = hidden.astype(int).groupby([frame["broken_by"], frame["audience"]], sort=False)
    latest = by_audience.rolling(WEEK, min_periods=1).max()
    over_week = latest.droplevel(["broken_by", "audience"]).reindex(frame.index) > 0
    monthly = small(frame["mau"], min_users) | whole
    frame.loc[hidden, "dau"] = pd.NA
    frame.loc[over_week, "dau_7day_mean"] = pd.NA
    frame.loc[monthly, "mau"] = pd.NA
    frame.loc[over_week | monthly, "engagement_ratio"] = pd.NA
    if weekly:
        frame = weeks.on_sundays(frame.assign(dau=frame["dau_7day_mean"]))
    inside = _within_period(counts, period, warehouse, incomplete)
    shown = reaching(inside, ["daily_users", "monthly_users"], max(min_users, 1))
    return _finished(frame, period, by, shown, warehouse, incomplete)


def multi_device(
    warehouse: Published,
    filters: Filters = Filters(),
    period: Period = Period(),
    by: str | None = None,
    min_users: int = 10,
    incomplete: bool = False,
    weekly: bool = False,
    window: int = 5,
) -> pd.DataFrame:
    """Users active on two devices within ``window`` days (3, 5, 7 or 14), beside all users.

    One row per day: daily and monthly users, multi-device users, and their percent of users.
    Source: specification, "Multi-device usage".
    """
    if window not in WINDOWS:
        raise ValueError(f"window must be one of {WINDOWS}")
    multi = f"multi_device_{window}"
    # What a page asks for beside it is answered by the same query.
    if multi in AUDIENCES.values():
        audiences = tuple(AUDIENCES.values())
    elif not by:
        audiences = OTHER_WINDOWS
    else:
        audiences = ("active", multi)
    judged = _judged(filters, period, by)
    counts = _user_counts(warehouse, filters, judged, by, audiences, incomplete)
    keys = ["broken_by", "day"]
    everyone = counts[counts["audience"] == "active"].set_index(keys)
    several = counts[counts["audience"] == multi].set_index(keys).reindex(everyone.index)
    frame = pd.DataFrame(
        {
            "daily_users": everyone["daily_users"],
            "daily_multi_device_users": several["daily_users"],
            "daily_multi_device_percent": percent(several["daily_users"], everyone["daily_users"]),
            "monthly_users": everyone["monthly_users"],
            "monthly_multi_device_users": several["monthly_users"],
            "monthly_multi_device_percent": percent(
                several["monthly_users"], everyone["monthly_users"]
            ),
        }
    ).reset_index()
    whole = hidden_days(counts, frame, filters, by, min_users)
    for span in ("daily", "monthly"):
        of_all = small(frame[f"{span}_users"], min_users) | whole
        of_multi = small(frame[f"{span}_multi_device_users"], min_users) | whole
        if span == "daily":  # single and multi add up to all on a day, so that one tells the other
            of_multi |= small(frame["daily_users"] - frame["daily_multi_device_users"], min_users)
        frame.loc[of_all, f"{span}_users"] = pd.NA
        frame.loc[of_multi, f"{span}_multi_device_users"] = pd.NA
        frame.loc[of_all | of_multi, f"{span}_multi_device_percent"] = pd.NA
    frame = frame.sort_values(keys, ignore_index=True)
    if weekly:
        daily = ["daily_users", "daily_multi_device_users"]
        frame = weeks.on_sundays(weeks.mean_of_days(frame, "broken_by", daily))
        frame["daily_multi_device_percent"] = percent(frame[daily[1]], frame[daily[0]])
    inside = _within_period(counts, period, warehouse, incomplete)
    shown = reaching(inside, ["daily_users", "monthly_users"], max(min_users, 1))
    return _finished(frame, period, by, shown, warehouse, incomplete)


def device_coverage(
    warehouse: Published,
    filters: Filters = Filters(),
    period: Period = Period(),
    by: str | None = None,
    min_users: int = 10,
    incomplete: bool = False,
    weekly: bool = False,
) -> pd.DataFrame:
    """Of the day's active users, how many have a device on the day, and their percent.

    One row per day: daily_users, users_with_device, device_coverage_percent; the last two are absent
    where devices were never counted. Source: design, section 3.
    """
    audiences = ("active", WITH_DEVICE)
    counts = _user_counts(warehouse, filters, period, by, audiences, incomplete)
    keys = ["broken_by", "day"]
    everyone = counts[counts["audience"] == "active"].set_index(keys)
    some = counts[counts["audience"] == WITH_DEVICE].set_index(keys).reindex(everyone.index)
    columns = {"daily_users": everyone, "users_with_device": some}
    frame = pd.DataFrame(
        {name: part["daily_users"] for name, part in columns.items()}
    ).reset_index()
    frame["device_coverage_percent"] = percent(frame["users_with_device"], frame["daily_users"])
    few = small(frame["daily_users"], min_users)
    # Those with a device and those without add up to all, so that one tells the other.
    telling = few | small(frame["users_with_device"], min_users)
    telling |= small(frame["daily_users"] - frame["users_with_device"], min_users)
    frame.loc[few, "daily_users"] = pd.NA
    frame.loc[telling, ["users_with_device", "device_coverage_percent"]] = pd.NA
    frame = frame.sort_values(keys, ignore_index=True)
    if weekly:
        frame = weeks.on_sundays(weeks.mean_of_days(frame, "broken_by", list(columns)))
        frame["device_coverage_percent"] = percent(frame["users_with_device"], frame["daily_users"])
    inside = _within_period(counts, period, warehouse, incomplete)
    shown = reaching(inside, ["daily_users"], max(min_users, 1))
    return _finished(frame, period, by, shown, warehouse, incomplete)


def connection_time(
    warehouse: Published,
    filters: Filters = Filters(),
    period: Period = Period(),
    by: str | None = None,
    min_users: int = 10,
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
            found = _attempts(warehouse, "connection_time", filters, period, by, weekly)
            found["account"] = found.pop("new_account").map({1: "new", 0: "existing"}).astype("str")
            return found

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

    table = counted(filters, by, _judged(filters, period, by))
    hidden = hidden_counts(counted, table, filters, by, counts, ["account"], min_users)
    frame = table.frame
    for quartile in ("p25", "median", "p75"):
        frame[f"{quartile}_seconds"] = frame.pop(f"{quartile}_ms") / 1000
    shown = reaching(frame, counts, min_users if min_users > 1 else 0)
    columns = [*counts, "p25_seconds", "median_seconds", "p75_seconds"]
    frame.loc[hidden["connections"], columns] = pd.NA
    return _finished(frame, period, by, shown, warehouse, incomplete)


def completion(
    warehouse: Published,
    filters: Filters = Filters(),
    period: Period = Period(),
    by: str | None = None,
    min_users: int = 10,
    incomplete: bool = False,
    weekly: bool = False,
) -> pd.DataFrame:
    """Of the attempts begun on a day, how many became ready, ever and within 5 and 10 seconds.

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
    min_users: int = 10,
    incomplete: bool = False,
    weekly: bool = False,
) -> pd.DataFrame:
    """`completion`, with the percents ready within 30 and 60 seconds after those within 5 and 10."""
    limits = [f"within_{seconds}_seconds" for seconds in WITHIN_SECONDS]
    shares = {"completed": "completion_percent", **{name: f"{name}_percent" for name in limits}}
    counts = ["begun", *shares]

    def counted(filters: Filters, by: str | None, period: Period = period) -> Counted:
        def attempts(weekly: bool, period: Period) -> pd.DataFrame:
            found = _attempts(warehouse, "completion", filters, period, by, weekly)
            return _on_every_day(warehouse, found, filters, by, incomplete, {}, counts, weekly)

        frame = attempts(weekly, period)
        return Counted(frame, attempts(False, weeks.widened(period)) if weekly else None)

    table = counted(filters, by, _judged(filters, period, by))
    hidden = hidden_counts(counted, table, filters, by, counts, [], min_users)
    frame = table.frame
    shown = reaching(frame, counts, min_users if min_users > 1 else 0)
    begun_hidden = hidden["begun"]
    for count, share in shares.items():
        frame[share] = percent(frame[count], frame["begun"])
        frame.loc[begun_hidden | hidden[count], share] = pd.NA
    frame.loc[hidden["completed"], "completed"] = pd.NA
    frame.loc[begun_hidden, "begun"] = pd.NA
    return _finished(frame.drop(columns=limits), period, by, shown, warehouse, incomplete)


def steps(
    warehouse: Published,
    filters: Filters = Filters(),
    period: Period = Period(),
    by: str | None = None,
    min_users: int = 10,
    incomplete: bool = False,
    weekly: bool = False,
) -> pd.DataFrame:
    """Of the attempts begun on a day, how many reached each step of set-up, and the median seconds.

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

    table = counted(filters, by, _judged(filters, period, by))
    hidden = hidden_counts(counted, table, filters, by, counts, ["step"], min_users)
    frame = table.frame
    frame["median_seconds"] = frame.pop("median_ms") / 1000
    shown = reaching(frame, counts, min_users if min_users > 1 else 0)
    frame.loc[hidden["reached"], ["reached", "median_seconds"]] = pd.NA
    return _finished(frame, period, by, shown, warehouse, incomplete)


def firefox(warehouse: Published, period: Period = Period(), weekly: bool = False) -> pd.DataFrame:
    """Firefox's own engagement ratio, by product, from the figures given to `load-firefox`.

    One row per day and product: day, product, dau, dau_7day_mean, mau (users), engagement_ratio
    (percent). A day that wasn't given, between a product's first and last, is a row of absent values.
    """
    given = warehouse.frame("firefox")
    parts = []
    for product in PRODUCTS:
        rows = given[given["product"] == product]
        if rows.empty:
            continue
        days = _dates(rows["day"])
        part = rows[["dau", "mau"]].astype("Int64").set_index(pd.DatetimeIndex(days, name="day"))
        part = part.reindex(pd.date_range(days.min(), days.max(), name="day", unit="s"))
        part["dau_7day_mean"] = part["dau"].astype("Float64").rolling(WEEK, WEEK).sum() / WEEK
        part["product"] = product
        parts.append(part.reset_index())
    columns = ["day", "product", "dau", "dau_7day_mean", "mau", "engagement_ratio"]
    if not parts:
        return pd.DataFrame({name: [] for name in columns})
    frame = pd.concat(parts, ignore_index=True)
    frame["dau_7day_mean"] = frame["dau_7day_mean"].astype("Float64")
    frame["engagement_ratio"] = percent(frame["dau_7day_mean"], frame["mau"])
    frame["product"] = pd.Categorical(frame["product"], PRODUCTS, ordered=True)
    frame = frame.sort_values(["day", "product"], ignore_index=True)
    frame["product"] = frame["product"].astype("str")
    if weekly:
        frame = weeks.on_sundays(frame.assign(dau=frame["dau_7day_mean"]))
    first, last = period.bounds
    inside = (frame["day"] >= pd.Timestamp(first)) & (frame["day"] <= _stamp(last))
    return frame.loc[inside, columns].reset_index(drop=True)


METRICS: dict[str, Callable[..., pd.DataFrame]] = {
    "engagement": engagement,
    "multi-device": multi_device,
    "device-coverage": device_coverage,
    "connection-time": connection_time,
    "completion": completion,
    "steps": steps,
    "firefox": firefox,
}
"""Every measure by the name that `export` knows it by."""


def _user_counts(
    warehouse: Published,
    filters: Filters,
    period: Period,
    by: str | None,
    audiences: tuple[str, ...],
    incomplete: bool,
) -> pd.DataFrame:
    """Whole counts per value, audience and day: daily_users, week_users, monthly_users.

    From six days before the period, since what is hidden on a day is hidden in the week after it.
    """
    first, last = weeks.widened(period).bounds
    found = warehouse.frame(
        "engagement",
        audiences=audiences,
        **counted_sets(warehouse, filters, by, audiences),
        broken_by=by or "",
        first_day=first,
        last_day=last,
        with_incomplete=int(incomplete),
        **filters.parameters(),
    )
    found["day"] = _dates(found["day"])
    for count in ("daily_users", "week_users", "monthly_users"):
        found[count] = pd.to_numeric(found[count]).astype("Int64")
    return found


def counted_sets(
    warehouse: Published, filters: Filters, by: str | None, audiences: tuple[str, ...]
) -> dict[str, object]:
    """Which sets a question is answered by: those without versions, unless it asks for a version.

    They give the same counts and are some twenty times fewer; a publication made before they were
    counted has none.
    """
    asks_version = bool(filters.version or filters.not_version or by == "version")
    if asks_version or not warehouse.has_versionless_sets:
        return {"counted_audiences": audiences, "lowest_set": 1, "highest_set": 2**31 - 1}
    starred = tuple(f"{audience}*" for audience in audiences)
    return {"counted_audiences": starred, "lowest_set": -(2**31) + 1, "highest_set": -1}


def _judged(filters: Filters, period: Period, by: str | None) -> Period:
    """The days by which a course under a filter is judged: all, so that no choice of days says more."""
    return Period() if filters.narrowed and by is None else period


def _attempts(
    warehouse: Published,
    query: str,
    filters: Filters,
    period: Period,
    by: str | None,
    weekly: bool = False,
) -> pd.DataFrame:
    first, last = (weeks.widened(period) if weekly else period).bounds
    found = warehouse.frame(
        query,
        broken_by=by or "",
        first_day=first,
        last_day=last,
        weekly=int(weekly),
        **filters.parameters(),
    )
    found["day"] = _dates(found["day"])
    return found


def _on_every_day(
    warehouse: Published,
    found: pd.DataFrame,
    filters: Filters,
    by: str | None,
    incomplete: bool,
    levels: dict[str, tuple[str, ...]],
    counts: list[str],
    weekly: bool = False,
) -> pd.DataFrame:
    """Rows for every day and level: 0 where a counted day has none, absent where it doesn't count.

    No day counts where no event of the store carries a sequence, nor, with a filter of devices, one for
    whose window too few users had a device.
    """
    window = ATTEMPT_WINDOW if filters.devices else 0
    days = warehouse.frame("days", with_incomplete=int(incomplete), device_window=window)
    if warehouse.lacks_sequences:
        days["counted"] = 0
    counted = pd.Series(
        days["counted"].to_numpy() == 1, index=pd.DatetimeIndex(_dates(days["day"]))
    )
    if weekly:
        counted = weeks.whole(counted)
    calendar = pd.DatetimeIndex(counted.index).as_unit("s")
    values = sorted(found["broken_by"].unique()) if by else [""]
    names = ["broken_by", "day", *levels]
    index = pd.MultiIndex.from_product([values, calendar, *levels.values()], names=names)
    frame = found.set_index(names).reindex(index).reset_index()
    stands = frame["day"].map(counted).astype(bool)
    for column in frame.columns.difference(names):
        if column in counts:
            frame[column] = pd.to_numeric(frame[column]).fillna(0).astype("Int64")
        else:
            frame[column] = pd.to_numeric(frame[column]).astype("Float64")
        frame.loc[~stands, column] = pd.NA
    return frame


def _finished(
    frame: pd.DataFrame,
    period: Period,
    by: str | None,
    shown: set[str],
    warehouse: Published,
    incomplete: bool,
) -> pd.DataFrame:
    """The rows of the period up to the last day that counts, with the breakdown's name, or without.

    ``shown`` are the values of a breakdown that are listed.
    """
    frame = _within_period(frame, period, warehouse, incomplete)
    if not by:
        return frame.drop(columns="broken_by")
    frame = frame[frame["broken_by"].isin(shown)].reset_index(drop=True)
    return frame.rename(columns={"broken_by": by})


def _within_period(
    frame: pd.DataFrame, period: Period, warehouse: Published, incomplete: bool
) -> pd.DataFrame:
    """The rows of the period up to the last day that counts."""
    publication = warehouse.publication
    today = publication.last_day if incomplete else publication.last_complete_day
    if today is None:
        raise NoData(NO_COMPLETE_DAY)
    first, last = period.bounds
    inside = (frame["day"] >= pd.Timestamp(first)) & (frame["day"] <= _stamp(min(last, today)))
    return frame[inside].reset_index(drop=True)


def _dates(days: pd.Series) -> pd.Series:
    return pd.to_datetime(days).astype("datetime64[s]")


def _stamp(day: date) -> pd.Timestamp:
    return pd.Timestamp(day).as_unit("s") if day.year < 2262 else pd.Timestamp(day.isoformat())
