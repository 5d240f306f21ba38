"""The tags ranked by how unusual the change of their most unusual value is: no change is called unusual
that chance or the past explains.

For each value of a tag, and each combination of values, the excess is its part of the KPI's change beyond
what it would be had everybody changed alike. It is measured in standard errors of people as a sample, and
compared with the largest of the tag's excesses in past pairs of periods as far apart. The largest of all
is compared, so many values and many pairs don't make chance look like a cause. Source:
docs/decisions/what-moved.md.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from kpi.errors import Refused
from kpi.meaning.definitions import WEEK
from kpi.meaning.filters import BREAKDOWNS
from kpi.meaning.question import Question
from kpi.numbers.grid import places_of
from kpi.numbers.moved import (
    AND,
    MOVING,
    Groups,
    Read,
    change_by_group,
    compared_periods,
    has,
    known_days,
    read_groups,
    tags_with,
)
from kpi.numbers.published import Published
from kpi.numbers.uncertainty import FEWEST_CHANGES

LEAST_PEOPLE = 10
"""Values of fewer people in both periods are never named."""

FEWEST_ERRORS = 2.5
"""A change within so many standard errors is never unusual, however quiet the past was."""

MARGIN = 1.1
"""An unusual change exceeds the largest of the past by a tenth, since the past is short."""

COUNTERPART, NEARLY_ALL = 0.5, 0.9
"""Two groups that are nearly all people together differ from each other: half as unusual is enough."""

TOO_LATE = "the data begins too late to compare whole weeks"
TOO_FEW = "too few people have any of its values to compare them"
DAY = np.timedelta64(1, "D")


def moved_tags(warehouse: Published, question: Question) -> pd.DataFrame:
    """The tags by how unusual the change of their most unusual value or combination is, the most first.

    One row per tag: tag, group (its most unusual value, or combination such as 'Android + Windows 7'), total
    (its groups' part of the change, in the measure's unit; absent where they are small), times_usual (1 or
    more: more than chance and the past explain; absent where the past is too short to know), why (the
    reason where nothing is known of a tag).
    """
    periods = compared_periods(question)
    days = known_days(warehouse, question, periods)
    (_, before), (_, end) = (period.bounds for period in periods)
    read: dict[tuple[str, ...], Read] = {}
    rows = []
    for tag in BREAKDOWNS:
        asked = replace(question, table="moved", by=tag)
        together = tags_with(warehouse, asked)
        if together not in read:
            read[together] = read_groups(warehouse, asked, periods, together)
        rows.append((tag, *_of_tag(read[together], asked, days, (end - before).days)))
    frame = pd.DataFrame(rows, columns=["tag", "group", "total", "times_usual", "why"])
    frame[["total", "times_usual"]] = frame[["total", "times_usual"]].astype("Float64")
    return frame.sort_values("times_usual", ascending=False, kind="stable", ignore_index=True)


def _of_tag(
    read: Read, question: Question, days: tuple[np.ndarray, np.ndarray], apart: int
) -> tuple[str | None, float | None, float | None, str]:
    """The most unusual group of a tag, its total, how many times usual it is, and why that is unknown."""
    tag = str(question.by)
    try:
        weekly = read.of(tag, WEEK)
        names, parts = change_by_group(read.of(tag), days, question)
    except Refused as refusal:
        return None, None, None, str(refusal)
    group, times, why = most_unusual(weekly, question, apart)
    mine = [place for place, name in enumerate(names) if group and has(name, group)]
    totals = parts["total"][mine]
    total = float(np.sum(totals, where=~np.isnan(totals))) if mine else None
    return group, total, times, why


def most_unusual(
    groups: Groups, question: Question, apart: int
) -> tuple[str | None, float | None, str]:
    """The most unusual value or combination of a tag's weekly groups, and how many times usual it is.

    ``apart`` is the number of days between the ends of the two periods. The last is the reason for absent
    numbers.
    """
    length = max(round(question.options.days / WEEK), 1)
    distance = max(round(apart / WEEK), 1)
    names, member = _candidates(groups)
    if not names:
        return None, None, TOO_FEW if len(groups.days) else TOO_LATE
    windows = _windows(groups, member, length)
    newest = len(windows["users"]) - 1
    if newest < distance:
        return None, None, TOO_LATE
    whole = MOVING[question.options.measure].whole
    excess = _excess(windows, distance, whole)
    now, past = np.abs(excess[-1]), np.abs(excess[:-length]).max(axis=1, initial=0)
    past = past[~np.isnan(past)]
    if np.isnan(now).any() or not now.any():
        return None, None, TOO_FEW
    if len(past) < FEWEST_CHANGES:
        return None, None, "the history is too short to know which changes are usual"
    first = _named(excess[-1], windows, member, distance)
    limit = max(FEWEST_ERRORS, MARGIN * float(past.max()))
    return names[first], round(float(now.max()) / limit, 2), ""


def _named(
    errors: np.ndarray, windows: dict[str, np.ndarray], member: np.ndarray, distance: int
) -> int:
    """The most unusual candidate, or everybody else where they changed more by themselves.

    Where only people with Android changed, all without Android differ from them as much.
    """
    people = windows["users"][-1]
    size = people / windows["all_users"][-1]
    best = max(
        range(len(errors)), key=lambda place: (round(abs(float(errors[place])), 6), -size[place])
    )
    apart = (member.T @ member[:, best]) == 0
    others = apart & (size + size[best] >= NEARLY_ALL)
    others &= np.abs(errors) >= COUNTERPART * np.abs(errors[best])
    if not others.any():
        return best
    amount = windows["amount"] if windows["amount"].any() else windows["users"]
    with np.errstate(divide="ignore", invalid="ignore"):
        own = np.nan_to_num(np.abs(np.log(amount[-1] / amount[-1 - distance])))
    other = int(np.flatnonzero(others)[np.abs(errors[others]).argmax()])
    return other if own[other] > own[best] else best


def _candidates(groups: Groups) -> tuple[list[str], np.ndarray]:
    """The values of a tag, and its combinations, with the groups that each consists of: groups × names."""
    values = sorted({value for of_group in groups.values for value in of_group})
    combined = [place for place, of_group in enumerate(groups.values) if of_group]
    place_of = {value: place for place, value in enumerate(values)}
    member = np.zeros((len(groups.values), len(values) + len(combined)))
    for place, of_group in enumerate(groups.values):
        member[place, [place_of[value] for value in of_group]] = 1
    member[combined, len(values) + np.arange(len(combined))] = 1
    return [*values, *(AND.join(groups.values[place]) for place in combined)], member


def _windows(groups: Groups, member: np.ndarray, length: int) -> dict[str, np.ndarray]:
    """Means per day over every ``length`` weeks in a row, of each candidate and of all people.

    Arrays of windows × candidates; NaN where a week isn't whole.
    """
    weeks = np.arange(groups.days[0], groups.days[-1] + DAY, WEEK * DAY)
    place = places_of(weeks, groups.days)

    def means(counts: np.ndarray) -> np.ndarray:
        every = np.where(place[:, None] >= 0, counts[place], np.nan)
        number = max(len(every) - length + 1, 0)
        weeks_of = [every[later : number + later] for later in range(length)]
        return np.asarray(np.sum(weeks_of, axis=0) / (length * WEEK))

    windows = {name: means(count @ member) for name, count in groups.counts.items()}
    whole = {f"all_{n}": means(c.sum(axis=1, keepdims=True)) for n, c in groups.counts.items()}
    return {**windows, **whole}


def _excess(windows: dict[str, np.ndarray], distance: int, whole: int | None) -> np.ndarray:
    """The excess of each candidate between windows ``distance`` weeks apart, in standard errors.

    An array of pairs × candidates; 0 where too few people have the value, NaN where a week isn't whole.
    """
    before = {name: values[:-distance] for name, values in windows.items()}
    after = {name: values[distance:] for name, values in windows.items()}
    of_measure = _excess_of_ratio if whole else _excess_of_count
    with np.errstate(divide="ignore", invalid="ignore"):
        points, variance = of_measure(before, after, float(whole or 1))
        errors = points / np.sqrt(variance)
    few = np.maximum(before["users"], after["users"]) < LEAST_PEOPLE
    unknown = np.isnan(before["all_users"] + after["all_users"])
    errors = np.where(few | ~np.isfinite(errors), 0.0, errors)
    return np.where(unknown, np.nan, errors)


def _excess_of_count(
    before: dict[str, np.ndarray], after: dict[str, np.ndarray], whole: float
) -> tuple[np.ndarray, np.ndarray]:
    """The people of each candidate beyond its share of the change, and their variance as a sample."""
    n0, n1, all0, all1 = before["users"], after["users"], before["all_users"], after["all_users"]
    share = (n0 / all0 + n1 / all1) / 2
    return n1 - n0 - share * (all1 - all0), share * (1 - share) * (all0 + all1)


def _excess_of_ratio(
    before: dict[str, np.ndarray], after: dict[str, np.ndarray], whole: float
) -> tuple[np.ndarray, np.ndarray]:
    """The mix of each candidate against everybody else and its behaviour beyond theirs, with their variance.

    Had everybody changed alike, the behaviour of each would be that of all by its part of the activity.
    """
    mine = [_rate(side, "", whole) for side in (before, after)]
    others = [_rate(side, "others", whole) for side in (before, after)]
    shares = [side["users"] / side["all_users"] for side in (before, after)]
    parts = [side["amount"] / side["all_amount"] for side in (before, after)]
    share, part = sum(shares) / 2, sum(parts) / 2
    # Without people in a period there is no rate, and the change is all mix.
    (r0, v0), (r1, v1) = _either(mine)
    (o0, u0), (o1, u1) = _either(others)
    apart = (r0 + r1 - o0 - o1) / 2
    mix = (shares[1] - shares[0]) * (1 - share) * apart
    behaviour = (1 - part) * share * (r1 - r0) - part * (1 - share) * (o1 - o0)
    people = 1 / before["all_users"] + 1 / after["all_users"]
    variance = (
        ((1 - part) * share) ** 2 * (v0 + v1)
        + (part * (1 - share)) ** 2 * (u0 + u1)
        + ((1 - share) * apart) ** 2 * share * (1 - share) * people
    )
    return mix + behaviour, variance


def _rate(side: dict[str, np.ndarray], of: str, whole: float) -> tuple[np.ndarray, np.ndarray]:
    """The rate of the candidates, or of everybody else, in percent, and its variance as that of a sample."""
    counts = [side[name] for name in ("users", "amount", "amount_squared")]
    if of:
        names = ("all_users", "all_amount", "all_amount_squared")
        counts = [side[name] - count for name, count in zip(names, counts, strict=True)]
    users, amount, squares = counts
    mean = amount / users
    return 100 / whole * mean, (100 / whole) ** 2 * (squares / users - mean**2) / users


def _either(
    sides: list[tuple[np.ndarray, np.ndarray]],
) -> list[tuple[np.ndarray, np.ndarray]]:
    """The rates of both periods, each in place of the other where that has none."""
    (r0, v0), (r1, v1) = sides
    return [
        (np.where(np.isfinite(r0), r0, r1), np.where(np.isfinite(r0), v0, 0)),
        (np.where(np.isfinite(r1), r1, r0), np.where(np.isfinite(r1), v1, 0)),
    ]
