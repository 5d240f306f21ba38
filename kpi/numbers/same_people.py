"""The second reading of a segment's ratio: how active the people of the last 28 days were in the last 7."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kpi.meaning.definitions import WEEK
from kpi.meaning.question import Question
from kpi.numbers import weeks
from kpi.numbers.cells import percent, small
from kpi.numbers.days import counted, judged
from kpi.numbers.narrowed import hidden_days
from kpi.numbers.published import Published
from kpi.numbers.uncertainty import CONFIDENCE, wilson
from kpi.numbers.users import AUDIENCES, listed, sets_asked, user_counts

COUNTS = ["people", "week_people", "active_days", "active_days_squared"]


def same_people(warehouse: Published, question: Question) -> pd.DataFrame:
    """Of the people in a segment on any of 28 days, the share active anywhere on a mean day of the last 7.

    One row per day: day, people, week_people (of them active in the 7 days), people_7day_mean (their mean
    daily users), engagement_ratio (percent); with a breakdown, its values first; with bands the ratio's 95%
    interval: engagement_ratio_low, engagement_ratio_high. Without a filter the ratio is the specification's.
    Source: design, section 3 ("segment's ratio, two readings").
    """
    counts = _counted(warehouse, judged(question))
    frame = counts[["broken_by", "day", "people", "week_people"]].copy()
    frame["people_7day_mean"] = counts["active_days"].astype("Float64") / WEEK
    frame["engagement_ratio"] = percent(frame["people_7day_mean"], frame["people"])
    if question.options.bands:
        low, high = mean_days_interval(
            counts["people"], counts["active_days"], counts["active_days_squared"]
        )
        frame["engagement_ratio_low"], frame["engagement_ratio_high"] = low, high
    if question.shown_from > 1:
        users = user_counts(warehouse, judged(question), tuple(AUDIENCES.values()))
        _hide(frame, counts, users, question)
    if question.options.weekly:
        frame = weeks.on_sundays(frame)
    return listed(frame, counts, ["people"], warehouse, question)


def mean_days_interval(
    people: pd.Series, active_days: pd.Series, active_days_squared: pd.Series
) -> tuple[pd.Series, pd.Series]:
    """The 95% interval of 100 × the mean share of 7 days on which people are active, in percent.

    ``active_days`` and ``active_days_squared`` are sums over the people, each active on 0 to 7 days.
    Wilson's interval with Student's t, for as many people who are active always or never as would have the
    same standard error. Where all are active alike nothing is known of the spread, and the interval is that
    of the widest: an upper bound. Absent where there are no people. Source: docs/decisions/same-people.md.
    """
    from scipy.special import stdtrit  # here, since only intervals need it

    number = people.astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    number = np.where(number > 0, number, np.nan)
    days = active_days.astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    squares = active_days_squared.astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    share = days / WEEK / number
    # In whole numbers, so that people who are active alike differ by nothing at all.
    apart = (squares * number - days**2) / (number * WEEK) ** 2
    widest = share * (1 - share)
    alike = apart <= 0
    effective = np.where(
        alike, number, np.maximum(number, (number - 1) * widest / np.where(alike, 1, apart))
    )
    reach = stdtrit(np.maximum(number - 1, 1), (1 + CONFIDENCE) / 2)
    low, high = wilson(share, effective, reach)
    return _percents(100 * low, people), _percents(100 * high, people)


def _percents(values: np.ndarray, like: pd.Series) -> pd.Series:
    return pd.Series(values, index=like.index).astype("Float64")


def _counted(warehouse: Published, question: Question) -> pd.DataFrame:
    """Whole counts per value and day."""
    sets = sets_asked(warehouse, question)
    rows = counted(warehouse, "same_people", question, COUNTS, **sets)
    return rows.sort_values(["broken_by", "day"], ignore_index=True)


def _hide(
    frame: pd.DataFrame, counts: pd.DataFrame, users: pd.DataFrame, question: Question
) -> None:
    """Remove what reveals few people.

    ``users`` are the counts of the table `engagement`: people are its monthly users. Those active in the week
    and those not add up to all people, so each reveals the other. Where `engagement` hides a day of the week,
    the active days less the days it shows would be that day's users, unless enough were active elsewhere.
    """
    least = question.shown_from
    people = small(frame["people"], least) | hidden_days(users, frame, question)
    week = small(frame["week_people"], least) | people
    others = small(frame["people"] - frame["week_people"], least)
    mean = week | _telling_days(frame, counts, users, question)
    rest = [name for name in frame if str(name).startswith(("people_7day", "engagement_ratio"))]
    frame.loc[people, "people"] = pd.NA
    frame.loc[week | others, "week_people"] = pd.NA
    frame.loc[mean, rest] = pd.NA


def _telling_days(
    frame: pd.DataFrame, counts: pd.DataFrame, users: pd.DataFrame, question: Question
) -> pd.Series:
    """The rows whose active days are the week's daily users of the segment, of which some day is hidden."""
    keys = ["broken_by", "day"]
    active = users[users["audience"] == AUDIENCES["all"]].sort_values(keys, ignore_index=True)
    hidden = small(active["daily_users"], question.shown_from)
    hidden |= hidden_days(users, active, question)
    values = active["broken_by"]
    over_week = hidden.astype(int).groupby(values, sort=False).rolling(WEEK, min_periods=1).max()
    active["hidden"] = over_week.droplevel(0) > 0
    beside = frame[keys].merge(active[[*keys, "week_users", "hidden"]], how="left", on=keys)
    elsewhere = counts["active_days"] - beside["week_users"]
    few = (elsewhere < question.shown_from).fillna(True).astype(bool)
    return beside["hidden"].fillna(False).astype(bool) & few
