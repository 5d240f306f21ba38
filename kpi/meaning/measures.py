"""The registry of measures, as data: names, units, definitions and columns, for pages, charts, tables
and downloads. Nothing here draws, and nothing here reads a warehouse.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from kpi.meaning.definitions import ATTEMPT_WINDOW, MONTH
from kpi.meaning.filters import ATTEMPT_TAG_NAMES, TAG_NAMES, Period
from kpi.text import Unit, plural, written

Better = Literal["higher", "lower"]

COUNTED = ("users", "attempts")


_OF_28_DAYS = (
    "mau",
    "engagement_ratio",
    "monthly_multi_device_percent",
    "monthly_multi_device_users",
)


@dataclass(frozen=True)
class Measure:
    """A measure: its name, unit, definition and good direction, and the columns that hold it.

    ``metric`` is its table of `export`, ``column`` its value there, ``n_column`` the count that it is
    computed from and ``n_words`` its name, after 1 and after more. ``source`` names where it is specified.
    ``words`` is the definition; {window} in it is ``window``, the days within which two devices count.
    ``pooled_in`` is the table that has its value over a whole period, of all attempts together; measures
    of users have none.
    """

    id: str
    title: str
    unit: Unit
    words: str
    metric: str
    column: str
    better: Better = "higher"
    n_column: str | None = None
    n_words: tuple[str, str] = ("", "")
    source: str = ""
    window: int = ATTEMPT_WINDOW
    pooled_in: str = ""

    @property
    def span(self) -> int:
        """The UTC days that a value of a day looks back over, the day included."""
        return MONTH if self.column in _OF_28_DAYS else 1

    @property
    def definition(self) -> str:
        """The definition in words, for the device window of the measure."""
        return self.words.format(window=self.window)

    def text(self, value: float | None) -> str:
        """A value with its unit, such as '40.4%', '8,543' or '4.8 s'."""
        return written(value, self.unit)

    def n_text(self, n: float | None) -> str:
        """The count behind a value, such as 'of 8,543 monthly users', or '' where there is none."""
        if self.n_column is None or pd.isna(n):
            return ""
        return f"of {self.n_counted(n)}"

    def n_counted(self, n: float | None) -> str:
        """A count with its name, such as '8,543 monthly users'."""
        return f"{written(n, 'users')} {plural(n, *self.n_words)}"

    def change_text(self, change: float) -> str:
        """A change with its sign and unit: a percentage changes in points, never in percent."""
        amount = written(abs(change), "users" if self.unit == "attempts" else self.unit)
        if self.unit == "percent":
            amount = f"{abs(change):.1f} points"
        if not any(digit in "123456789" for digit in amount):
            return f"±{amount}"
        return f"{'−' if change < 0 else '+'}{amount}"

    def flat(self, change: float) -> bool:
        """True where a change is too small to show in the digits that are written."""
        return not any(digit in "123456789" for digit in self.change_text(change))


MEASURES: dict[str, Measure] = {
    measure.id: measure
    for measure in (
        Measure(
            id="engagement_ratio",
            title="Engagement ratio",
            unit="percent",
            words=(
                "The mean of daily active users over the 7 UTC days that end with the day, as a "
                "percentage of the users active on any of the 28 days that end with it."
            ),
            metric="engagement",
            column="engagement_ratio",
            n_column="mau",
            n_words=("monthly user", "monthly users"),
            source="Specification, Engagement Ratio",
        ),
        Measure(
            id="same_people_ratio",
            title="Engagement ratio, same people",
            unit="percent",
            words=(
                "Of the people active in the segment on any of the 28 UTC days that end with the day, "
                "the share active anywhere on an average day of the last 7."
            ),
            better="higher",
            metric="same-people",
            column="engagement_ratio",
            n_column="people",
            n_words=("person", "people"),
            source="Design, section 3",
        ),
        Measure(
            id="dau",
            title="Daily active users",
            unit="users",
            words="Distinct users with at least one event of any type on the UTC day.",
            metric="engagement",
            column="dau",
            source="Specification, Definitions",
        ),
        Measure(
            id="mau",
            title="Monthly active users",
            unit="users",
            words=(
                "Distinct users with at least one event on any of the 28 UTC days that end with "
                "the day; absent unless all 28 were loaded."
            ),
            metric="engagement",
            column="mau",
            source="Specification, Definitions",
        ),
        Measure(
            id="multi_device_percent",
            title="Multi-device users",
            unit="percent",
            words=(
                "Of the day's active users, the share with an active device that day and two "
                "different devices active within the {window} UTC days that end with it."
            ),
            metric="multi-device",
            column="daily_multi_device_percent",
            n_column="daily_users",
            n_words=("daily user", "daily users"),
            source="Specification, Multi-device usage",
        ),
        Measure(
            id="multi_device_users",
            title="Multi-device daily users",
            unit="users",
            words=(
                "Distinct users with an active device on the UTC day and two different devices "
                "active within the {window} days that end with it."
            ),
            metric="multi-device",
            column="daily_multi_device_users",
            n_column="daily_users",
            n_words=("daily user", "daily users"),
            source="Specification, Multi-device usage",
        ),
        Measure(
            id="monthly_multi_device_percent",
            title="Multi-device monthly users, percent",
            unit="percent",
            words=(
                "Of the users active in the 28 UTC days that end with the day, the share who "
                "counted as multi-device on any of them."
            ),
            metric="multi-device",
            column="monthly_multi_device_percent",
            n_column="monthly_users",
            n_words=("monthly user", "monthly users"),
            source="Specification, Multi-device usage",
        ),
        Measure(
            id="monthly_multi_device_users",
            title="Multi-device monthly users",
            unit="users",
            words="Distinct users who counted as multi-device on any of the 28 UTC days.",
            metric="multi-device",
            column="monthly_multi_device_users",
            n_column="monthly_users",
            n_words=("monthly user", "monthly users"),
            source="Specification, Multi-device usage",
        ),
        Measure(
            id="connection_time",
            title="Median time to connect",
            unit="seconds",
            words=(
                "Seconds from the first request for the connection page until the device has "
                "fetched its keys and is registered; half of the attempts that became ready on "
                "the UTC day were faster."
            ),
            better="lower",
            metric="connection-time",
            pooled_in="connection-breakdown",
            column="median_seconds",
            n_column="connections",
            n_words=("connection", "connections"),
            source="Specification, Time taken to connect a device",
        ),
        Measure(
            id="completion",
            title="Completed connections",
            unit="percent",
            words=(
                "Of the connection attempts begun on the UTC day, the share whose device became "
                "ready to sync, ever."
            ),
            metric="completion",
            pooled_in="connection-breakdown",
            column="completion_percent",
            n_column="begun",
            n_words=("attempt begun", "attempts begun"),
            source="Specification, Time taken to connect a device",
        ),
        Measure(
            id="ready_within_5",
            title="Ready within 5 seconds",
            unit="percent",
            words=(
                "Of the connection attempts begun on the UTC day, the share whose device was ready "
                "to sync at most 5 seconds after the first request."
            ),
            metric="completion",
            pooled_in="connection-breakdown",
            column="within_5_seconds_percent",
            n_column="begun",
            n_words=("attempt begun", "attempts begun"),
            source="Design, section 3",
        ),
        Measure(
            id="step_reached",
            title="Attempts that took a step",
            unit="attempts",
            words=(
                "Of the connection attempts begun on the UTC day, how many had an event of the "
                "step's type."
            ),
            metric="steps",
            pooled_in="setup-steps",
            column="reached",
            source="Design, section 6",
        ),
        Measure(
            id="step_time",
            title="Median time to a step",
            unit="seconds",
            words=(
                "Seconds from the start of a connection attempt to its first event of the step's "
                "type; half of the attempts begun on the UTC day that took the step were faster."
            ),
            better="lower",
            metric="steps",
            pooled_in="setup-steps",
            column="median_seconds",
            n_column="reached",
            n_words=("attempt", "attempts"),
            source="Design, section 6",
        ),
        Measure(
            id="ready_within_10",
            title="Ready within 10 seconds",
            unit="percent",
            words=(
                "Of the connection attempts begun on the UTC day, the share whose device was ready "
                "to sync at most 10 seconds after the first request."
            ),
            metric="ready-within",
            pooled_in="connection-breakdown",
            column="within_10_seconds_percent",
            n_column="begun",
            n_words=("attempt begun", "attempts begun"),
            source="Design, section 3",
        ),
    )
}


def over_window(measure: Measure, days: int) -> Measure:
    """The measure with another window within which two devices count."""
    return replace(measure, window=days)


CENSORED_WORDS = (
    "Production stopped following an attempt 30 minutes after its page was opened (2 hours in later "
    "versions), so slower attempts count as not completed. Attempts of the last days may still complete."
)
"""The caution that is shown beside completion."""

COLUMNS: dict[str, tuple[str, Unit]] = {
    "day": ("Day (UTC)", "day"),
    "group": ("Group", "text"),
    "share_before": ("Share of people before", "share"),
    "share_after": ("Share of people after", "share"),
    "value_before": ("Value before", "number"),
    "value_after": ("Value after", "number"),
    "behaviour": ("Behaviour", "number"),
    "mix": ("Mix", "number"),
    "total": ("Change", "number"),
    "tag": ("Tag", "text"),
    "times_usual": ("Times what is usual", "number"),
    "why": ("Why it is unknown", "text"),
    "audience": ("Audience", "text"),
    "product": ("Product", "text"),
    "account": ("Account", "text"),
    "step": ("Step", "text"),
    "dau": ("Daily users", "users"),
    "dau_7day_mean": ("Daily users, 7-day mean", "users"),
    "mau": ("Monthly users", "users"),
    "engagement_ratio": ("Engagement ratio", "percent"),
    "engagement_ratio_low": ("Engagement ratio, at least (95%)", "percent"),
    "engagement_ratio_high": ("Engagement ratio, at most (95%)", "percent"),
    "people": ("People of 28 days", "users"),
    "week_people": ("Of them active in 7 days", "users"),
    "people_7day_mean": ("Of them active on a day, 7-day mean", "users"),
    "mau_before": ("Monthly users before", "users"),
    "new": ("New", "users"),
    "returned": ("Returned", "users"),
    "moved_in": ("Moved in", "users"),
    "lapsed": ("Lapsed", "users"),
    "moved_out": ("Moved out", "users"),
    "returned_week_4": ("Returned in week 4", "users"),
    "retention_percent": ("Returned in week 4", "percent"),
    "daily_users": ("Daily users", "users"),
    "daily_multi_device_users": ("Multi-device daily users", "users"),
    "daily_multi_device_percent": ("Multi-device, of daily", "percent"),
    "monthly_users": ("Monthly users", "users"),
    "monthly_multi_device_users": ("Multi-device monthly users", "users"),
    "monthly_multi_device_percent": ("Multi-device, of monthly", "percent"),
    "users_with_device": ("Users with a device", "users"),
    "device_coverage_percent": ("Users with a device", "percent"),
    "connections": ("Connections", "attempts"),
    "p25_seconds": ("A quarter within", "seconds"),
    "median_seconds": ("Half within (median)", "seconds"),
    "p75_seconds": ("Three quarters within", "seconds"),
    "begun": ("Begun", "attempts"),
    "completed": ("Completed", "attempts"),
    "completion_percent": ("Completed", "percent"),
    "within_5_seconds_percent": ("Ready within 5 s", "percent"),
    "within_10_seconds_percent": ("Ready within 10 s", "percent"),
    "within_30_seconds_percent": ("Ready within 30 s", "percent"),
    "within_60_seconds_percent": ("Ready within 60 s", "percent"),
    "reached": ("Took this step", "attempts"),
    "within_seconds": ("Within", "seconds"),
    "ready": ("Ready by then", "attempts"),
    "attempts": ("Of attempts", "attempts"),
    "percent": ("Of attempts", "percent"),
    "came_this_far": ("Came this far", "attempts"),
    "came_this_far_percent": ("Came this far", "percent"),
    "lost": ("Lost since the step before", "attempts"),
    "lost_percent": ("Lost since the step before", "percent"),
    "step_seconds": ("The step itself (median)", "seconds"),
    **{tag: (name, "text") for tag, name in {**TAG_NAMES, **ATTEMPT_TAG_NAMES}.items()},
    "users": ("Account", "text"),
    "type": ("Event type", "text"),
    "events": ("Events", "attempts"),
    "usual": ("Usually", "attempts"),
    "low": ("Usual from", "attempts"),
    "high": ("Usual to", "attempts"),
    "unusual": ("Unusually", "text"),
    "source": ("File", "text"),
    "format": ("Format", "text"),
    "status": ("Status", "text"),
    "rows_read": ("Rows read", "attempts"),
    "rows_kept": ("Rows accepted", "attempts"),
    "rows_rejected": ("Rows rejected", "attempts"),
    "rows_with_uid": ("With a user", "attempts"),
    "rows_with_device": ("With a device", "attempts"),
    "rows_with_sequence": ("With a sequence", "attempts"),
    "lines_passed_over": ("Lines passed over", "attempts"),
    "columns_missing": ("Columns missing", "text"),
    "columns_ignored": ("Columns ignored", "text"),
    "cells_changed": ("Cells changed", "text"),
    "first_lines": ("Lines", "text"),
    "rejected_because": ("Rejected because", "text"),
    "first_event_at": ("First event (UTC)", "text"),
    "last_event_at": ("Last event (UTC)", "text"),
    "loaded_at": ("Loaded (UTC)", "text"),
    "reason": ("Reason", "text"),
    "rows": ("Rows", "attempts"),
    "files": ("Files", "attempts"),
}
"""Every column of the exported tables: its heading and unit."""


def within(frame: pd.DataFrame, period: Period) -> pd.DataFrame:
    """The rows of the days of a period, in a frame of their own."""
    if frame.empty or "day" not in frame:
        return frame.copy()  # a table of the whole period, or without a type of its days
    days = pd.to_datetime(frame["day"]).to_numpy().astype("datetime64[D]")
    first, last = map(np.datetime64, period.bounds)
    rows = np.flatnonzero((days >= first) & (days <= last))
    if (
        len(rows) and rows[-1] - rows[0] == len(rows) - 1
    ):  # all in a row: a view of them costs nothing
        inside = frame.iloc[rows[0] : rows[-1] + 1]
    else:
        inside = frame.iloc[rows]
    return inside.reset_index(drop=True)
