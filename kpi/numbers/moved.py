"""The change of a KPI between two periods, split into the groups of people that it goes along with.

The value of a period is that of the cards: the mean of its daily values, of monthly users that of its last
day. Each daily ratio is the sum over groups of share × rate, so the mean over days is one, too: with the
mean share, and the rate that mean share × rate gives. Source: design, sections 4b, 6 and 8.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import pandas as pd

from kpi.errors import Refused
from kpi.meaning.definitions import VERSIONLESS, WEEK
from kpi.meaning.filters import BREAKDOWN_NAMES, BREAKDOWNS, Period
from kpi.meaning.question import Options, Question
from kpi.numbers.grid import column_of, days_of, numbers, places_of
from kpi.numbers.published import Published
from kpi.numbers.same_people import same_people
from kpi.numbers.users import ACTIVE, engagement, multi_device, sets_asked
from kpi.text import days_text

ALL, SMALL = "(all)", "(small groups)"
MOST_GROUPS = 100
"""So many of the largest groups are apart; with the smaller ones nobody can do anything."""

AND = " + "
COUNTS = ("users", "active_users", "amount", "amount_squared")


@dataclass(frozen=True)
class Moving:
    """A measure whose change is split.

    ``table`` and ``column`` have its daily values. ``whole`` is the amount of a person who counts as 100%:
    active on 7 days, or multi-device on 1; None for a measure that counts people.
    """

    table: str
    column: str
    query: str
    whole: int | None = None
    title: str = ""

    @property
    def of_month(self) -> bool:
        """True where a value is a count of 28 days, of which a period has that of its last day."""
        return self.column == "mau"


MOVING = {
    "engagement-ratio": Moving(
        "same-people", "engagement_ratio", "moved_people", WEEK, "engagement ratio"
    ),
    "multi-device-percent": Moving(
        "multi-device",
        "daily_multi_device_percent",
        "moved_users",
        1,
        "share of multi-device users",
    ),
    "mau": Moving("engagement", "mau", "moved_people", title="number of monthly users"),
    "dau": Moving("engagement", "dau", "moved_users", title="number of daily users"),
}
"""The measures of the table `moved`, by name."""


@dataclass(frozen=True)
class Groups:
    """Counts by day and group: arrays of days × groups. A group has the values of a tag that name it."""

    days: np.ndarray
    values: tuple[tuple[str, ...], ...]
    counts: dict[str, np.ndarray]

    @property
    def names(self) -> list[str]:
        """A name for each group, such as 'Android + Windows 7'; '(small groups)' beyond the largest."""
        return [AND.join(values) if values else SMALL for values in self.values]

    def within(self, days: np.ndarray) -> dict[str, np.ndarray]:
        """The counts of some days."""
        chosen = np.isin(self.days, days)
        return {name: count[chosen] for name, count in self.counts.items()}


@dataclass(frozen=True)
class Read:
    """Counts of groups as they were read: columns with a row for each group and span of days.

    ``spans`` are the lengths of the spans, ``days`` their last days. ``values`` are the values of each tag in
    a group, by its number; group 0 has none.
    """

    tags: np.ndarray
    spans: np.ndarray
    days: np.ndarray
    groups: np.ndarray
    counts: dict[str, np.ndarray]
    values: dict[int, dict[str, tuple[str, ...]]]

    def of(self, tag: str, days_together: int = 1) -> Groups:
        """The groups of a tag, by day or by week.

        Raises Refused where the tag has a single value.
        """
        mine = (self.tags == tag) & (self.spans == days_together)
        group, at_day = self.groups[mine], self.days[mine]
        counts = {name: count[mine] for name, count in self.counts.items()}
        used, days = np.unique(group[counts["users"] > 0]), np.unique(at_day)
        values = [self.values[number][tag] if number else () for number in used.tolist()]
        if len(values) == 1 and values[0]:
            raise Refused(
                f"everybody has the same {BREAKDOWN_NAMES[tag].lower()} in both periods "
                f"({AND.join(values[0])}), so it says nothing about the change; choose another tag"
            )
        order = sorted(range(len(values)), key=values.__getitem__)
        place = places_of(group, used)
        known = place >= 0
        at = places_of(at_day, days)[known], np.argsort(order)[place[known]]
        tables = {}
        for name, count in counts.items():
            tables[name] = np.zeros((len(days), len(used)))
            tables[name][at] = count[known]
        return Groups(days, tuple(values[each] for each in order), tables)


def moved(warehouse: Published, question: Question) -> pd.DataFrame:
    """The change of a KPI between two periods by groups of people, the largest change first.

    One row per group and a last one of all: group, share_before, share_after (of people, 0 to 1),
    value_before, value_after, behaviour, mix, total (in the measure's unit: points, or users). The groups
    are the combinations of a tag's values that people used: in their 28 days, or on the day for daily
    users. A change of a ratio is behaviour (the group's own rate) and mix (its share of people); a count of
    people has neither. Raises Refused where the change can't be determined, with the reason.
    """
    if question.by is None:
        raise Refused("a change is split by a tag: give it with --by")
    periods = compared_periods(question)
    days = known_days(warehouse, question, periods)
    groups = read_groups(warehouse, question, periods, tags_with(warehouse, question))
    names, parts = change_by_group(groups.of(question.by), days, question)
    columns = {name: column_of(part, False) for name, part in parts.items()}
    return pd.DataFrame({"group": pd.Series(names, dtype="str"), **columns})


def change_by_group(
    groups: Groups, days: tuple[np.ndarray, np.ndarray], question: Question
) -> tuple[list[str], dict[str, np.ndarray]]:
    """The rows of `moved` for groups by day, over the days of two periods: their names, and other columns."""
    before, after = (groups.within(some) for some in days)
    names = _shown_names(groups, before, after, question)
    places: dict[str, int] = {}
    for name in names:
        places.setdefault(name, len(places))
    together = np.zeros((len(names), len(places)))
    together[np.arange(len(names)), [places[name] for name in names]] = 1
    sides = [{name: count @ together for name, count in side.items()} for side in (before, after)]
    whole = MOVING[question.options.measure].whole
    if whole:
        parts = _split(sides[0], sides[1], 100 / whole)
    else:
        parts = _differences(*(side["users"].mean(axis=0) for side in sides))
    return _ranked(list(places), parts)


def having(groups: pd.DataFrame, name: str) -> pd.DataFrame:
    """The rows of groups with a value of the tag, or of the combination of that name."""
    return groups[[has(group, name) for group in groups["group"]]]


def has(group: str, name: str) -> bool:
    """True for a group with a value of the tag, or of the combination of that name."""
    if AND in name:
        return group == name
    return name in group.split(AND) and group not in (SMALL, ALL)


def compared_periods(question: Question) -> tuple[Period, Period]:
    """The two periods: as many days that end with the question's first day, and with its last.

    Raises Refused where there are none, or where they overlap.
    """
    first, last = question.period.first, question.period.last
    if first is None or last is None:
        raise Refused("a change is between two days: give both, with --from and --to")
    days = question.options.days
    before, after = (Period(day - timedelta(days=days - 1), day) for day in (first, last))
    if (last - first).days < days:
        raise Refused(
            f"the {days} days {_of(before)} and {_of(after)} overlap, so a part of each would be compared "
            f"with itself; choose days that are at least {days} days apart, or shorter periods"
        )
    if MOVING[question.options.measure].of_month:
        return Period(first, first), Period(last, last)
    return before, after


def tags_with(warehouse: Published, question: Question) -> tuple[str, ...]:
    """The tags that are read together with the question's: by the same sets of segments."""
    sets = sets_asked(warehouse, question)
    others = {tag: sets_asked(warehouse, replace(question, by=tag)) for tag in BREAKDOWNS}
    return tuple(tag for tag in BREAKDOWNS if others[tag] == sets)


def read_groups(
    warehouse: Published, question: Question, periods: tuple[Period, Period], tags: tuple[str, ...]
) -> Read:
    """The counts of every group of some tags, on each day of two periods and in each week of the history.

    A single statement reads them all, since it takes as long as for a single tag. Weeks are counted back
    from the last day of the periods.
    """
    moving, sets = MOVING[question.options.measure], sets_asked(warehouse, question)
    star = VERSIONLESS if sets["lowest_set"] < 0 else ""
    (start, before), (after, end) = (period.bounds for period in periods)
    history = Period(min(warehouse.publication.first_day or start, start), end)
    rows = warehouse.frame(
        moving.query,
        **replace(question, by=None).parameters(history),
        **sets,
        tags=tags,
        narrowed=int(bool(question.filters.of_users.narrowed)),
        before_first=start,
        before_last=before,
        after_first=after,
        counted_audience=f"{ACTIVE}{star}",
        counted_part=f"multi_device_{question.options.window}{star}",
        device_window=question.options.window if moving.whole == 1 else 0,
        most_groups=MOST_GROUPS,
        with_incomplete=int(question.options.incomplete),
    )
    groups = numbers(rows["group_id"]).astype(int)
    return Read(
        rows["broken_by"].to_numpy(),
        numbers(rows["days_together"]),
        days_of(rows["last_day"]),
        groups,
        {name: numbers(rows[name]) for name in COUNTS},
        _values(warehouse, tags, np.unique(groups[groups != 0])),
    )


def _values(
    warehouse: Published, tags: tuple[str, ...], sets: np.ndarray
) -> dict[int, dict[str, tuple[str, ...]]]:
    """The values of some tags in some sets, in order."""
    if not len(sets):
        return {}
    rows = warehouse.frame("values_of_sets", sets=tuple(sets.tolist()))
    values: dict[int, dict[str, set[str]]] = {
        each: {tag: set() for tag in tags} for each in sets.tolist()
    }
    for tag in tags:
        for each, value in zip(rows["set_id"].tolist(), rows[tag].tolist(), strict=True):
            values[each][tag].add(value)
    return {
        each: {tag: tuple(sorted(some)) for tag, some in of_tag.items()}
        for each, of_tag in values.items()
    }


def known_days(
    warehouse: Published, question: Question, periods: tuple[Period, Period]
) -> tuple[np.ndarray, np.ndarray]:
    """The days of two periods on which the KPI has a value that may be shown: those that its cards count.

    Raises Refused where a period has none, with the reason.
    """
    days = _days_with_value(warehouse, question, question.shown_from)
    before, after = (_within(days, period) for period in periods)
    for known, period in zip((before, after), periods, strict=True):
        if not len(known):
            title = MOVING[question.options.measure].title
            why = _why_no_value(warehouse, question, period, days)
            raise Refused(f"the {title} has no value {_of(period)}: {why}")
    return before, after


def _within(days: np.ndarray, period: Period) -> np.ndarray:
    first, last = map(np.datetime64, period.bounds)
    return days[(days >= first) & (days <= last)]


def _days_with_value(warehouse: Published, question: Question, shown_from: int) -> np.ndarray:
    """The days on which the KPI has a value, with small cells hidden."""
    moving = MOVING[question.options.measure]
    options = Options(incomplete=question.options.incomplete, window=question.options.window)
    asked = Question(moving.table, question.filters, options=options, shown_from=shown_from)
    read = {"engagement": engagement, "multi-device": multi_device, "same-people": same_people}
    table = read[moving.table](warehouse, asked)
    has_value = ~np.isnan(numbers(table[moving.column]))
    if "audience" in table:
        has_value = has_value & (table["audience"] == "all").to_numpy(bool)
    return days_of(table["day"])[has_value]


def _why_no_value(
    warehouse: Published, question: Question, period: Period, days: np.ndarray
) -> str:
    least = question.shown_from
    if least > 1 and len(_within(_days_with_value(warehouse, question, 0), period)):
        return f"fewer than {least} people match, so it is hidden for privacy"
    if not len(days):
        return "no day of the store has a value under these filters"
    first, last = days[[0, -1]].astype("datetime64[D]").tolist()
    return (
        f"no day of it is complete and known; days with a value are within {days_text(first, last)}"
    )


def _shown_names(
    groups: Groups, before: dict[str, np.ndarray], after: dict[str, np.ndarray], question: Question
) -> list[str]:
    """The name under which each group is counted: small groups are together, and no fewer than may be shown.

    Raises Refused where no group is left.
    """
    users, active = (
        np.concatenate([before[name], after[name]]) for name in ("users", "active_users")
    )
    whole = MOVING[question.options.measure].whole
    # Of a day, multi-device users and the others add up to all.
    kinds = [users, *([active] if whole else []), *([users - active] if whole == 1 else [])]
    names = np.array(groups.names, dtype=object)

    def few(counts: np.ndarray) -> np.ndarray:
        small: np.ndarray = (counts > 0) & (counts < question.shown_from)
        return np.asarray(small.any(axis=0))

    hidden = np.any([names == SMALL, *(few(kind) for kind in kinds)], axis=0)
    for place in np.argsort(users.sum(axis=0), kind="stable"):
        # The smallest first, until those together reveal nobody.
        if not any(few(kind[:, hidden].sum(axis=1)) for kind in kinds):
            break
        hidden[place] = True
    if len(names) and hidden.all() and question.shown_from > 1:
        raise Refused(
            f"every group by {BREAKDOWN_NAMES[question.by or ''].lower()} has fewer than "
            f"{question.shown_from} people on some day of the periods, so all are hidden for privacy; choose "
            "another tag or a wider filter"
        )
    return [str(name) for name in np.where(hidden, SMALL, names)]


def _split(
    before: dict[str, np.ndarray], after: dict[str, np.ndarray], percent: float
) -> dict[str, np.ndarray]:
    """The parts of a ratio's change, with a last row of all."""
    (w0, c0), (w1, c1) = (_share_and_part(side, percent) for side in (before, after))
    r0, r1 = _rates(c0, w0), _rates(c1, w1)
    # Without people in a period a group has no rate of its own there: what it adds or takes is all mix.
    from_, to = np.where(np.isnan(r0), r1, r0), np.where(np.isnan(r1), r0, r1)
    whole0, whole1 = math.fsum(c0), math.fsum(c1)
    behaviour = (w0 + w1) / 2 * (to - from_)
    mix = (w1 - w0) * ((from_ + to) / 2 - (whole0 + whole1) / 2)
    parts = [math.fsum(part) for part in (behaviour, mix)]
    return {
        "share_before": np.append(w0, 1.0),
        "share_after": np.append(w1, 1.0),
        "value_before": np.append(r0, whole0),
        "value_after": np.append(r1, whole1),
        "behaviour": np.append(behaviour, parts[0]),
        "mix": np.append(mix, parts[1]),
        "total": np.append(behaviour + mix, whole1 - whole0),
    }


def _share_and_part(side: dict[str, np.ndarray], percent: float) -> tuple[np.ndarray, np.ndarray]:
    """The mean share of people of each group, and the mean of its part of the ratio, in percent."""
    people = side["users"].sum(axis=1, keepdims=True)
    return (side["users"] / people).mean(axis=0), (percent * side["amount"] / people).mean(axis=0)


def _rates(parts: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Each part of a whole; NaN where there is nothing to divide by."""
    return np.where(of > 0, parts / np.where(of > 0, of, 1), np.nan)


def _differences(before: np.ndarray, after: np.ndarray) -> dict[str, np.ndarray]:
    """The parts of a count's change, with a last row of all."""
    n0, n1 = (np.append(people, people.sum()) for people in (before, after))
    absent = np.full(len(n0), np.nan)
    return {
        "share_before": _rates(n0, np.full(len(n0), n0[-1])),
        "share_after": _rates(n1, np.full(len(n1), n1[-1])),
        "value_before": n0,
        "value_after": n1,
        "behaviour": absent,
        "mix": absent,
        "total": n1 - n0,
    }


def _ranked(
    names: list[str], parts: dict[str, np.ndarray]
) -> tuple[list[str], dict[str, np.ndarray]]:
    """The groups by the size of their change, then by name; all of them last."""
    total = parts["total"][:-1]
    size = np.where(np.isnan(total), np.inf, -np.abs(total)).tolist()
    order = sorted(range(len(names)), key=lambda place: (size[place], names[place]))
    ranked = {name: part[[*order, -1]] for name, part in parts.items()}
    return [*(names[place] for place in order), ALL], ranked


def _of(period: Period) -> str:
    first, last = period.bounds
    return f"{'on' if first == last else 'of'} {days_text(first, last)}"
