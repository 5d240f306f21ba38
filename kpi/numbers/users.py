"""Tables of users: engagement, multi-device usage and device coverage, by UTC day."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from kpi.meaning.definitions import ATTEMPT_WINDOW, LARGEST_SET, VERSIONLESS, WEEK, WINDOWS
from kpi.meaning.question import Question
from kpi.numbers import weeks
from kpi.numbers.bands import with_shares
from kpi.numbers.cells import percent, small
from kpi.numbers.days import counted, finished, judged, within_period
from kpi.numbers.narrowed import hidden_days, reaching
from kpi.numbers.published import Published

ACTIVE = "active"
AUDIENCES = {"all": ACTIVE, "multi_device": "multi_device_5", "single_device": "single_device_5"}
OTHER_WINDOWS = (ACTIVE, *(f"multi_device_{n}" for n in WINDOWS if n != ATTEMPT_WINDOW))
WITH_DEVICE = "with_device"
KEYS = ["broken_by", "day"]


def engagement(warehouse: Published, question: Question) -> pd.DataFrame:
    """100 × mean DAU of 7 days / MAU of 28, for all, multi-device and single-device users.

    One row per day and audience: day, audience, dau, dau_7day_mean, mau (users), engagement_ratio
    (percent); with a breakdown, its values first; weekly as in `kpi.numbers.weeks`. Source: specification,
    "Engagement Ratio".
    """
    least = question.shown_from
    counts = user_counts(warehouse, judged(question), tuple(AUDIENCES.values()))
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
    whole = hidden_days(counts, frame, question)
    hidden = small(frame["dau"], least) | whole
    # Single and multi add up to all on a day, so either reveals the other.
    split = frame["audience"] != "all"
    by_day = [frame["broken_by"], frame["day"]]
    hidden |= split & (hidden & split).groupby(by_day).transform("any")
    by_audience = hidden.astype(int).groupby([frame["broken_by"], frame["audience"]], sort=False)
    latest = by_audience.rolling(WEEK, min_periods=1).max()
    over_week = latest.droplevel(["broken_by", "audience"]).reindex(frame.index) > 0
    monthly = small(frame["mau"], least) | whole
    frame.loc[hidden, "dau"] = pd.NA
    frame.loc[over_week, "dau_7day_mean"] = pd.NA
    frame.loc[monthly, "mau"] = pd.NA
    frame.loc[over_week | monthly, "engagement_ratio"] = pd.NA
    if question.options.weekly:
        frame = weeks.on_sundays(frame.assign(dau=frame["dau_7day_mean"]))
    table = listed(frame, counts, ["daily_users", "monthly_users"], warehouse, question)
    return with_shares(table, {"engagement_ratio": "mau"}) if question.options.bands else table


def multi_device(warehouse: Published, question: Question) -> pd.DataFrame:
    """Users active on two devices within a window of 3, 5, 7 or 14 days, beside all users.

    One row per day: daily and monthly users, multi-device users, and their percent of users.
    Source: specification, "Multi-device usage".
    """
    least = question.shown_from
    multi = f"multi_device_{question.options.window}"
    # The audiences that a page also asks for, so that a single query answers all.
    if multi in AUDIENCES.values():
        audiences = tuple(AUDIENCES.values())
    elif not question.by:
        audiences = OTHER_WINDOWS
    else:
        audiences = (ACTIVE, multi)
    counts = user_counts(warehouse, judged(question), audiences)
    everyone, several = _by_day(counts, ACTIVE), _by_day(counts, multi)
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
    whole = hidden_days(counts, frame, question)
    for span in ("daily", "monthly"):
        of_all = small(frame[f"{span}_users"], least) | whole
        of_multi = small(frame[f"{span}_multi_device_users"], least) | whole
        if span == "daily":  # single and multi add up to all on a day, so either reveals the other
            of_multi |= small(frame["daily_users"] - frame["daily_multi_device_users"], least)
        frame.loc[of_all, f"{span}_users"] = pd.NA
        frame.loc[of_multi, f"{span}_multi_device_users"] = pd.NA
        frame.loc[of_all | of_multi, f"{span}_multi_device_percent"] = pd.NA
    frame = frame.sort_values(KEYS, ignore_index=True)
    if question.options.weekly:
        daily = ["daily_users", "daily_multi_device_users"]
        frame = weeks.on_sundays(weeks.mean_of_days(frame, daily))
        frame["daily_multi_device_percent"] = percent(frame[daily[1]], frame[daily[0]])
    table = listed(frame, counts, ["daily_users", "monthly_users"], warehouse, question)
    shares = {f"{span}_multi_device_percent": f"{span}_users" for span in ("daily", "monthly")}
    return with_shares(table, shares) if question.options.bands else table


def week_means(table: pd.DataFrame) -> pd.DataFrame:
    """The table of `multi_device` with daily users as means over the 7 days that end with each day.

    The percent is of the means, which is the share over all user-days of the 7.
    """
    days = table[["daily_users", "daily_multi_device_users"]].astype("float64")
    means = (days.rolling(WEEK, min_periods=WEEK).sum() / WEEK).astype("Float64")
    share = percent(means["daily_multi_device_users"], means["daily_users"])
    return table.assign(**means, daily_multi_device_percent=share)


def device_coverage(warehouse: Published, question: Question) -> pd.DataFrame:
    """The day's active users, those of them with a device on the day, and their percent.

    One row per day: daily_users, users_with_device, device_coverage_percent; the last two are absent
    where devices were never counted. Source: design, section 3.
    """
    least = question.shown_from
    counts = user_counts(warehouse, question, (ACTIVE, WITH_DEVICE))
    columns = {"daily_users": ACTIVE, "users_with_device": WITH_DEVICE}
    frame = pd.DataFrame(
        {name: _by_day(counts, audience)["daily_users"] for name, audience in columns.items()}
    ).reset_index()
    frame["device_coverage_percent"] = percent(frame["users_with_device"], frame["daily_users"])
    few = small(frame["daily_users"], least)
    # Users with and without a device add up to all, so either reveals the other.
    revealing = few | small(frame["users_with_device"], least)
    revealing |= small(frame["daily_users"] - frame["users_with_device"], least)
    frame.loc[few, "daily_users"] = pd.NA
    frame.loc[revealing, ["users_with_device", "device_coverage_percent"]] = pd.NA
    frame = frame.sort_values(KEYS, ignore_index=True)
    if question.options.weekly:
        frame = weeks.on_sundays(weeks.mean_of_days(frame, list(columns)))
        frame["device_coverage_percent"] = percent(frame["users_with_device"], frame["daily_users"])
    return listed(frame, counts, ["daily_users"], warehouse, question)


def user_counts(
    warehouse: Published, question: Question, audiences: tuple[str, ...]
) -> pd.DataFrame:
    """Whole counts per value, audience and day: daily_users, week_users, monthly_users.

    From six days before the period, since a cell hidden on a day is hidden in the week after it.
    """
    sets = counted_sets(warehouse, question, audiences)
    asked = replace(question, period=weeks.widened(question.period))
    counts = ("daily_users", "week_users", "monthly_users")
    named = {audience: audience for audience in audiences}
    return counted(warehouse, "engagement", asked, counts, **named, **sets)


def listed(
    frame: pd.DataFrame,
    counts: pd.DataFrame,
    sizes: list[str],
    warehouse: Published,
    question: Question,
) -> pd.DataFrame:
    """The rows of the period; of a breakdown, those of values of which any of the ``sizes`` may be shown."""
    inside = within_period(counts, warehouse, question)
    shown = reaching(inside, sizes, max(question.shown_from, 1))
    return finished(frame, shown, warehouse, question)


def _by_day(counts: pd.DataFrame, audience: str) -> pd.DataFrame:
    """The counts of an audience by value and day, on every day of everyone's."""
    everyone = counts[counts["audience"] == ACTIVE].set_index(KEYS)
    return counts[counts["audience"] == audience].set_index(KEYS).reindex(everyone.index)


def counted_sets(
    warehouse: Published, question: Question, audiences: tuple[str, ...]
) -> dict[str, object]:
    """The parameters for the audiences and sets to count; see `sets_asked`."""
    sets = sets_asked(warehouse, question)
    starred = tuple(f"{audience}{VERSIONLESS}" for audience in audiences)
    return {"counted_audiences": audiences if sets["lowest_set"] > 0 else starred, **sets}


def sets_asked(warehouse: Published, question: Question) -> dict[str, int]:
    """The parameters for the sets to count: those without versions, unless the question asks for a version.

    They give the same counts and are some twenty times fewer; older publications have none.
    """
    asks_version = question.by == "version" or "version" in question.filters.narrowed
    if asks_version or not warehouse.has_versionless_sets:
        return {"lowest_set": 1, "highest_set": LARGEST_SET}
    return {"lowest_set": -LARGEST_SET, "highest_set": -1}
