"""Tables of users: engagement, multi-device usage and device coverage, by UTC day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from kpi.meaning.definitions import ATTEMPT_WINDOW, LARGEST_SET, VERSIONLESS, WEEK, WINDOWS
from kpi.meaning.question import Question
from kpi.numbers import weeks
from kpi.numbers.bands import with_shares
from kpi.numbers.cells import percent, small
from kpi.numbers.days import counted, finished, judged, within_period
from kpi.numbers.grid import NO_LEVEL, Grid, column_of, numbers, without
from kpi.numbers.narrowed import hidden_days, reaching
from kpi.numbers.published import Published

ACTIVE = "active"
AUDIENCES = {"all": ACTIVE, "multi_device": "multi_device_5", "single_device": "single_device_5"}
WITH_DEVICE = "with_device"
EVERY_PAGE = (*AUDIENCES.values(), WITH_DEVICE)
OTHER_WINDOWS = (ACTIVE, *(f"multi_device_{n}" for n in WINDOWS if n != ATTEMPT_WINDOW))
READ_TOGETHER = (EVERY_PAGE, OTHER_WINDOWS)
"""Audiences that a page asks for in several tables, so that a single statement answers all of them."""
COUNTS = ("daily_users", "week_users", "monthly_users")


def engagement(warehouse: Published, question: Question) -> pd.DataFrame:
    """100 × mean DAU of 7 days / MAU of 28, for all, multi-device and single-device users.

    One row per day and audience: day, audience, dau, dau_7day_mean, mau (users), engagement_ratio
    (percent); with a breakdown, its values first; weekly as in `kpi.numbers.weeks`. Source: specification,
    "Engagement Ratio".
    """
    least = question.shown_from
    counts = user_counts(warehouse, judged(question), tuple(AUDIENCES.values()))
    dau, mau = counts.cells["daily_users"], counts.cells["monthly_users"]
    mean = counts.cells["week_users"] / WEEK
    whole = hidden_days(counts, question)
    hidden = small(dau, least) | whole
    # Single and multi add up to all on a day, so either reveals the other.
    hidden[..., 1:] |= hidden[..., 1:].any(axis=2, keepdims=True)
    over_week, monthly = weeks.any_of_week(hidden), small(mau, least) | whole
    shown_mean = without(mean, over_week)
    table = replace(
        counts,
        cells={
            "dau": shown_mean if question.options.weekly else without(dau, hidden),
            "dau_7day_mean": shown_mean,
            "mau": without(mau, monthly),
            "engagement_ratio": without(percent(mean, mau), over_week | monthly),
        },
        levels=tuple(AUDIENCES),
    )
    sizes = ["daily_users", "monthly_users"]
    rows = listed(table, counts, sizes, warehouse, question, ["dau"], ["mau"], "audience")
    return with_shares(rows, {"engagement_ratio": "mau"}) if question.options.bands else rows


def multi_device(warehouse: Published, question: Question) -> pd.DataFrame:
    """Users active on two devices within a window of 3, 5, 7 or 14 days, beside all users.

    One row per day: daily and monthly users, multi-device users, and their percent of users.
    Source: specification, "Multi-device usage".
    """
    least = question.shown_from
    multi = f"multi_device_{question.options.window}"
    counts = user_counts(warehouse, judged(question), (ACTIVE, multi))
    everyone, several = counts.level(ACTIVE), counts.level(multi)
    whole = hidden_days(counts, question)
    cells = {}
    for span in ("daily", "monthly"):
        users, of_them = everyone[f"{span}_users"], several[f"{span}_users"]
        of_all, of_multi = small(users, least) | whole, small(of_them, least) | whole
        if span == "daily":  # single and multi add up to all on a day, so either reveals the other
            of_multi |= small(users - of_them, least)
        share = without(percent(of_them, users), of_all | of_multi)
        users, of_them = without(users, of_all), without(of_them, of_multi)
        if span == "daily" and question.options.weekly:
            users, of_them = weeks.mean_of_days(users), weeks.mean_of_days(of_them)
            share = percent(of_them, users)
        cells[f"{span}_users"] = users
        cells[f"{span}_multi_device_users"] = of_them
        cells[f"{span}_multi_device_percent"] = share
    table = replace(counts, cells=cells, levels=NO_LEVEL)
    sizes, daily = ["daily_users", "monthly_users"], ["daily_users", "daily_multi_device_users"]
    monthly = ["monthly_users", "monthly_multi_device_users"]
    rows = listed(table, counts, sizes, warehouse, question, daily, monthly)
    shares = {f"{span}_multi_device_percent": f"{span}_users" for span in ("daily", "monthly")}
    return with_shares(rows, shares) if question.options.bands else rows


def week_means(table: pd.DataFrame) -> pd.DataFrame:
    """The table of `multi_device` with daily users as means over the 7 days that end with each day.

    The percent is of the means, which is the share over all user-days of the 7.
    """
    columns = ["daily_users", "daily_multi_device_users"]
    users, of_them = (weeks.mean_of_days(numbers(table[name])[np.newaxis]) for name in columns)
    means = {
        name: column_of(cells, False) for name, cells in zip(columns, (users, of_them), strict=True)
    }
    share = column_of(percent(of_them, users), False)
    return table.assign(**means, daily_multi_device_percent=share)


def device_coverage(warehouse: Published, question: Question) -> pd.DataFrame:
    """The day's active users, those of them with a device on the day, and their percent.

    One row per day: daily_users, users_with_device, device_coverage_percent; the last two are absent
    where devices were never counted. Source: design, section 3.
    """
    least = question.shown_from
    counts = user_counts(warehouse, question, (ACTIVE, WITH_DEVICE))
    users, with_device = (
        counts.level(audience)["daily_users"] for audience in (ACTIVE, WITH_DEVICE)
    )
    few = small(users, least)
    # Users with and without a device add up to all, so either reveals the other.
    revealing = few | small(with_device, least) | small(users - with_device, least)
    share = without(percent(with_device, users), revealing)
    users, with_device = without(users, few), without(with_device, revealing)
    if question.options.weekly:
        users, with_device = weeks.mean_of_days(users), weeks.mean_of_days(with_device)
        share = percent(with_device, users)
    cells = {
        "daily_users": users,
        "users_with_device": with_device,
        "device_coverage_percent": share,
    }
    table = replace(counts, cells=cells, levels=NO_LEVEL)
    daily = ["daily_users", "users_with_device"]
    return listed(table, counts, ["daily_users"], warehouse, question, daily)


def user_counts(warehouse: Published, question: Question, audiences: tuple[str, ...]) -> Grid:
    """Whole counts per value, day and audience: daily_users, week_users, monthly_users.

    From six days before the period, since a cell hidden on a day is hidden in the week after it.
    """
    read = _read_for(question, audiences)
    sets = counted_sets(warehouse, question, read)
    asked = replace(question, period=weeks.widened(question.period))
    params = {**{audience: audience for audience in read}, **sets}
    counts = counted(warehouse, "engagement", asked, COUNTS, params, "audience", read)
    return counts.at(audiences)


def _read_for(question: Question, audiences: tuple[str, ...]) -> tuple[str, ...]:
    """The audiences to read for those that are asked for; of a breakdown, which is dear, no others."""
    together = READ_TOGETHER if question.by is None else (tuple(AUDIENCES.values()),)
    return next((read for read in together if set(audiences) <= set(read)), audiences)


def listed(
    table: Grid,
    counts: Grid,
    sizes: Sequence[str],
    warehouse: Published,
    question: Question,
    daily: Sequence[str] = (),
    whole: Sequence[str] = (),
    level: str | None = None,
) -> pd.DataFrame:
    """The rows of the period; of a breakdown, those of values of which any of the ``sizes`` may be shown.

    Weekly, those of Sundays. The columns ``whole`` have whole numbers, and so have ``daily``, unless they are
    means of a week.
    """
    inside = within_period(counts.days, warehouse, question)
    shown = reaching(counts.on(inside), sizes, max(question.shown_from, 1))
    if question.options.weekly:
        table = table.on(weeks.are_sundays(table.days))
    else:
        whole = [*daily, *whole]
    return finished(table, shown, warehouse, question, whole, level)


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
