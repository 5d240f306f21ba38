"""The reasons why numbers of devices or attempts are absent: low device coverage, or no sequences."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import pandas as pd

from kpi.errors import NoData
from kpi.meaning.definitions import ATTEMPT_WINDOW, DEVICE_ID, MONTH, device_identity
from kpi.meaning.filters import Filters, Period
from kpi.numbers.days import NO_COMPLETE_DAY
from kpi.numbers.published import Published
from kpi.text import days_text, plural, quantity

NO_SEQUENCE = (
    "No event in the loaded files carries a sequence (seqId and seqTime, or flow_id and flow_time), so "
    "connection attempts can't be counted. Load flow files with: python -m kpi load FILE…, then: "
    "python -m kpi summarise"
)
WELL_COVERED = 95
"""From this percent of users with a device on, multi-device numbers are shown without their coverage."""

NOT_FOLLOWED = {"growth": ("Flows are", 2 * MONTH), "retention": ("Users of week 4 are", 0)}
"""By table: its numbers of people who are followed, and the days until the first after these began."""

SUMMARISE = "Run: python -m kpi summarise"
HAS = {DEVICE_ID: "have a device id", "platform": "have an OS and a browser"}
REMEDY = {
    DEVICE_ID: "Load files with device ids, or set KPI_DEVICE_BY=platform",
    "platform": "Load files with OS and browser",
}


def days_without(
    warehouse: Published, window: int = ATTEMPT_WINDOW, span: int = 1
) -> pd.DatetimeIndex:
    """The days whose numbers of a device window are absent, for daily values or those of ``span`` days."""
    return warehouse.derived(_days_without, window, span)


def _days_without(warehouse: Published, window: int, span: int) -> pd.DatetimeIndex:
    days = warehouse.coverage
    low = days[pd.to_numeric(days["days_since_low_coverage"]) < window] if len(days) else days
    without = pd.DatetimeIndex(pd.to_datetime(low["day"]))
    last = warehouse.publication.last_day
    if not len(without) or last is None:
        return without
    touched = {day + timedelta(days=later) for day in without for later in range(span)}
    return pd.DatetimeIndex(sorted(day for day in touched if day <= pd.Timestamp(last)))


def why_no_devices(
    warehouse: Published,
    period: Period = Period(),
    window: int = ATTEMPT_WINDOW,
    span: int = 1,
    what: str = "Multi-device numbers",
) -> str | None:
    """A sentence on days of a period without numbers of devices: the reason and the remedy; or None."""
    first, last = (pd.Timestamp(day.isoformat()) for day in _bounds(warehouse, period))
    absent = days_without(warehouse, window, span)
    absent = absent[(absent >= first) & (absent <= last)]
    if not len(absent):
        return None
    days = warehouse.coverage
    at = pd.DatetimeIndex(pd.to_datetime(days["day"]))
    # The cause of the first absent day is up to a window and a span before it.
    low = days[
        (pd.to_numeric(days["days_since_low_coverage"]) == 0).to_numpy()
        & (at >= absent[0] - timedelta(days=window + span - 2))
        & (at <= absent[-1])
    ]
    with_device = low["users_with_device"].sum()
    share = f"only {100 * with_device / low['users'].sum():.1f}%" if with_device else "none"
    identity = device_identity(warehouse.publication.definitions)
    return (
        f"{what} are absent {_when(absent)}: {share} of the users {HAS[identity]} "
        f"(at least {warehouse.least_coverage:g}% are needed). {REMEDY[identity]}."
    )


def why_absent(
    warehouse: Published,
    metric: str,
    filters: Filters = Filters(),
    period: Period = Period(),
    window: int = ATTEMPT_WINDOW,
) -> str | None:
    """The reason for absent numbers of a table, if it is devices or sequences; or None."""
    if metric in ("engagement", "multi-device"):
        return why_no_devices(warehouse, period, window, MONTH)
    if metric == "same-people":
        return why_no_activity(warehouse, period)
    if metric in NOT_FOLLOWED:
        return why_not_followed(warehouse, metric, period)
    if metric in ("firefox", "goals", "device-coverage", "moved"):
        return None
    if warehouse.lacks_sequences:
        return NO_SEQUENCE
    if filters.devices:
        what = f"Connections of {filters.devices}-device users"
        return why_no_devices(warehouse, period, what=what)
    return None


def why_no_activity(warehouse: Published, period: Period = Period()) -> str | None:
    """Why same-people numbers are absent on days that have monthly users, and what to do; or None."""
    first, last = period.bounds
    lacking = warehouse.frame("days_without_activity", first_day=first, last_day=last)
    if lacking.empty:
        return None
    days = pd.DatetimeIndex(pd.to_datetime(lacking["day"]))
    absent = f"Same-people numbers are absent {_when(days)}, which an older version summarised without them"
    if can_be_filled(warehouse, days[-1]):
        return f"{absent}. {SUMMARISE}"
    return f"{absent}; the events that they need have expired."


def why_not_followed(warehouse: Published, metric: str, period: Period = Period()) -> str | None:
    """Why flows or retention are absent on days that an older version summarised, and what to do; or None."""
    what, later = NOT_FOLLOWED[metric]
    row = warehouse.frame("followed_from").iloc[0]
    first, last = _bounds(warehouse, period)
    waits = pd.isna(row["followed_from"])
    if not waits:
        if row["followed_from"] <= row["first_day"]:
            return None
        last = min(last, row["followed_from"] + timedelta(days=later - 1))
    if first > last:
        return None
    absent = (
        f"{what} absent on {days_text(first, last)}, which an older version summarised without them"
    )
    return (
        f"{absent}. {SUMMARISE}" if waits else f"{absent}; the events that they need have expired."
    )


def can_be_filled(warehouse: Published, day: pd.Timestamp) -> bool:
    """True where the private rows of the 28 days that end with a day are retained."""
    retention = warehouse.retention
    if retention.empty:
        return True
    return day >= pd.Timestamp(retention["first_kept"].iloc[0]) + timedelta(days=MONTH - 1)


def coverage_sentence(table: pd.DataFrame) -> str | None:
    """The share of users with a device in a table of `metrics.device_coverage`, where it is below 95%.

    Of the days whose counts may be shown; None where there are none, or nearly all users have a device.
    """
    rows = table.dropna(subset=["daily_users", "users_with_device"])
    users = rows["daily_users"].sum()
    if not users:
        return None
    share = 100 * rows["users_with_device"].sum() / users
    if share >= WELL_COVERED:
        return None
    return f"Device coverage: {share:.1f}% of the daily users under these filters have a device."


def warnings(warehouse: Published) -> tuple[str, ...]:
    """Sentences on unknown numbers of the last 28 days."""
    last = warehouse.publication.last_complete_day
    if last is None:
        return ()
    recent = Period(last - timedelta(days=MONTH - 1), last)
    reasons = (
        why_no_devices(warehouse, recent),
        NO_SEQUENCE if warehouse.lacks_sequences else None,
    )
    return tuple(filter(None, reasons))


def blank_services(warehouse: Published, services: Iterable[str]) -> str | None:
    """The sentence on sequences that aren't attempts because they name no service; or None."""
    count = int(warehouse.frame("blank_sequences")["sequences"].iloc[0])
    return blank_services_sentence(count, services)


def blank_services_sentence(count: int, services: Iterable[str]) -> str | None:
    """The sentence on so many sequences that name no service; None for none."""
    if not count:
        return None
    have = f"{count:,} {plural(count, 'sequence has', 'sequences have')}"
    with_blank = ",".join((*services, "(none)"))
    return (
        f"{have} a blank service and {plural(count, 'is', 'are')} not counted as connection attempts; "
        f"set KPI_SYNC_SERVICES={with_blank} if blank means Sync"
    )


def _bounds(warehouse: Published, period: Period) -> tuple[date, date]:
    """The first and last day of a period, or of the publication where the period is open."""
    publication = warehouse.publication
    first = period.first or publication.first_day
    last = period.last or publication.last_complete_day
    start = first or last or publication.last_day
    end = last or publication.last_day or first
    if start is None or end is None:
        raise NoData(NO_COMPLETE_DAY)
    return start, end


def _when(days: pd.DatetimeIndex) -> str:
    """Days in words: a stretch, or their number within a stretch."""
    first, last = days[0].date(), days[-1].date()
    whole = len(days) == (last - first).days + 1
    some = "" if whole else f"{quantity(len(days), 'day')} of "
    return f"on {some}{days_text(first, last)}"
