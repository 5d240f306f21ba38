"""The second reading of a segment's ratio: how active the people of the last 28 days were in the last 7."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from kpi.meaning.definitions import WEEK
from kpi.meaning.question import Question
from kpi.numbers import weeks
from kpi.numbers.cells import percent, small
from kpi.numbers.days import counted, judged
from kpi.numbers.grid import Cells, Grid, without
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
    sets = sets_asked(warehouse, question)
    counts = counted(warehouse, "same_people", judged(question), COUNTS, sets)
    people, week_people, active_days, squares = (counts.cells[name] for name in COUNTS)
    mean = active_days / WEEK
    cells = {
        "people": people,
        "week_people": week_people,
        "people_7day_mean": mean,
        "engagement_ratio": percent(mean, people),
    }
    if question.options.bands:
        low, high = mean_days_interval(people, active_days, squares)
        cells |= {"engagement_ratio_low": low, "engagement_ratio_high": high}
    table = replace(counts, cells=cells)
    if question.shown_from > 1:
        users = user_counts(warehouse, judged(question), tuple(AUDIENCES.values()))
        table = replace(table, cells=_shown(table, active_days, users, question))
    return listed(table, counts, ["people"], warehouse, question, whole=["people", "week_people"])


def mean_days_interval(
    people: np.ndarray, active_days: np.ndarray, active_days_squared: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The 95% interval of 100 × the mean share of 7 days on which people are active, in percent.

    ``active_days`` and ``active_days_squared`` are sums over the people, each active on 0 to 7 days.
    Wilson's interval with Student's t, for as many people who are active always or never as would have the
    same standard error. Where all are active alike nothing is known of the spread, and the interval is that
    of the widest: an upper bound. Absent where there are no people. Source: docs/decisions/same-people.md.
    """
    from scipy.special import stdtrit  # here, since only intervals need it

    number = np.where(people > 0, people, np.nan)
    share = active_days / WEEK / number
    # In whole numbers, so that people who are active alike differ by nothing at all.
    apart = (active_days_squared * number - active_days**2) / (number * WEEK) ** 2
    widest = share * (1 - share)
    alike = apart <= 0
    effective = np.where(
        alike, number, np.maximum(number, (number - 1) * widest / np.where(alike, 1, apart))
    )
    reach = stdtrit(np.maximum(number - 1, 1), (1 + CONFIDENCE) / 2)
    low, high = wilson(share, effective, reach)
    return 100 * low, 100 * high


def _shown(table: Grid, active_days: np.ndarray, users: Grid, question: Question) -> Cells:
    """The cells without those that reveal few people.

    ``users`` are the counts of the table `engagement`: people are its monthly users. Those active in the week
    and those not add up to all people, so each reveals the other. Where `engagement` hides a day of the week,
    the active days less the days it shows would be that day's users, unless enough were active elsewhere.
    """
    least = question.shown_from
    count, of_week = table.cells["people"], table.cells["week_people"]
    whole = hidden_days(users, question)
    people = small(count, least) | users.beside(table, whole, False)
    week = small(of_week, least) | people
    others = small(count - of_week, least)
    hidden = {"people": people, "week_people": week | others}
    mean = week | _telling_days(table, active_days, users, whole, least)
    return {name: without(cells, hidden.get(name, mean)) for name, cells in table.cells.items()}


def _telling_days(
    table: Grid, active_days: np.ndarray, users: Grid, whole: np.ndarray, least: int
) -> np.ndarray:
    """True where active days are the week's daily users of the segment, of which some day is hidden."""
    active = users.level(AUDIENCES["all"])
    hidden = weeks.any_of_week(small(active["daily_users"], least) | whole)
    elsewhere = active_days - users.beside(table, active["week_users"])
    return users.beside(table, hidden, False) & ~(elsewhere >= least)
