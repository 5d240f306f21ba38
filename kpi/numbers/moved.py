"""The change of a KPI between two periods, split into the groups of people that it goes along with.

The value of a period is that of the cards: the mean of its daily values, of monthly users that of its last
day. Each daily ratio is the sum over groups of share × rate, so the mean over days is one, too: with the
mean share, and the rate that mean share × rate gives. Source: design, sections 4b, 6 and 8.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd

from kpi.errors import Refused
from kpi.meaning.definitions import VERSIONLESS, WEEK
from kpi.meaning.filters import BREAKDOWN_NAMES, Period
from kpi.meaning.question import Options, Question
from kpi.numbers.days import dates
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

    days: pd.DatetimeIndex
    values: tuple[tuple[str, ...], ...]
    counts: dict[str, np.ndarray]

    @property
    def names(self) -> list[str]:
        """A name for each group, such as 'Android + Windows 7'; '(small groups)' beyond the largest."""
        return [AND.join(values) if values else SMALL for values in self.values]

    def within(self, days: pd.DatetimeIndex) -> dict[str, np.ndarray]:
        """The counts of some days."""
        return {name: count[self.days.isin(days)] for name, count in self.counts.items()}


def moved(warehouse: Published, question: Question) -> pd.DataFrame:
    """The change of a KPI between two periods by groups of people, the largest change first.

    One row per group and a last one of all: group, share_before, share_after (of people, 0 to 1),
    value_before, value_after, behaviour, mix, total (in the measure's unit: points, or users). The groups
    are the combinations of a tag's values that people used: in their 28 days, or on the day for daily
    users. A change of a ratio is behaviour (the group's own rate) and mix (its share of people); a count of
    people has neither. Raises Refused where the change can't be determined, with the reason.
    """
    periods = compared_periods(question)
    days = known_days(warehouse, question, periods)
    return change_by_group(read_groups(warehouse, question, periods), days, question)


def change_by_group(
    groups: Groups, days: tuple[pd.DatetimeIndex, pd.DatetimeIndex], question: Question
) -> pd.DataFrame:
    """The rows of `moved` for groups by day, over the days of two periods."""
    before, after = (groups.within(some) for some in days)
    names = _shown_names(groups, before, after, question)
    order = list(dict.fromkeys(names))
    together = np.array([[name == other for other in order] for name in names], dtype=float)
    together = together.reshape(len(names), len(order))
    sides = [{name: count @ together for name, count in side.items()} for side in (before, after)]
    whole = MOVING[question.options.measure].whole
    if whole:
        frame = _split(sides[0], sides[1], 100 / whole)
    else:
        frame = _differences(*(side["users"].mean(axis=0) for side in sides))
    frame.insert(0, "group", [*order, ALL])
    return _ranked(frame)


def having(groups: pd.DataFrame, name: str) -> pd.DataFrame:
    """The rows of groups with a value of the tag, or of the combination of that name."""
    if AND in name:
        return groups[groups["group"] == name]
    with_value = groups["group"].map(lambda group: name in str(group).split(AND))
    return groups[with_value & ~groups["group"].isin([SMALL, ALL])]


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


def read_groups(
    warehouse: Published,
    question: Question,
    periods: tuple[Period, Period],
    days_together: int = 1,
) -> Groups:
    """The counts of every group on each day of two periods, or of whole weeks, counted back from the last.

    Raises Refused where the tag has a single value.
    """
    if question.by is None:
        raise Refused("a change is split by a tag: give it with --by")
    moving, sets = MOVING[question.options.measure], sets_asked(warehouse, question)
    star = VERSIONLESS if sets["lowest_set"] < 0 else ""
    (first, last), after = periods[0].bounds, periods[1]
    rows = warehouse.frame(
        moving.query,
        **question.parameters(after),
        **sets,
        narrowed=int(bool(question.filters.of_users.narrowed)),
        before_first=first,
        before_last=last,
        counted_audience=f"{ACTIVE}{star}",
        counted_part=f"multi_device_{question.options.window}{star}",
        device_window=question.options.window if moving.whole == 1 else 0,
        days_together=days_together,
        most_groups=MOST_GROUPS,
        with_incomplete=int(question.options.incomplete),
    )
    rows["last_day"] = dates(rows["last_day"])
    used = rows.loc[rows["users"] > 0, "group_id"].drop_duplicates()
    values = _values(warehouse, question.by, [int(group) for group in used if group])
    at = {group: place for place, group in enumerate(sorted(used, key=lambda g: values.get(g, ())))}
    if len(at) == 1 and 0 not in at:
        name = AND.join(next(iter(values.values())))
        raise Refused(
            f"everybody has the same {BREAKDOWN_NAMES[question.by].lower()} in both periods ({name}), so it "
            "says nothing about the change; choose another tag"
        )
    days = pd.DatetimeIndex(rows["last_day"].drop_duplicates().sort_values())
    counts = {}
    mine = rows[rows["group_id"].isin(at)]
    place = (
        days.get_indexer(pd.DatetimeIndex(mine["last_day"])),
        mine["group_id"].map(at).to_numpy(dtype=int),
    )
    for name in COUNTS:
        counts[name] = np.zeros((len(days), len(at)))
        counts[name][place] = pd.to_numeric(mine[name]).to_numpy(dtype=float)
    return Groups(days, tuple(values.get(int(group), ()) for group in at), counts)


def _values(warehouse: Published, by: str, sets: list[int]) -> dict[int, tuple[str, ...]]:
    """The values of a tag in some sets, in order."""
    if not sets:
        return {}
    rows = warehouse.frame("values_of_sets", broken_by=by, sets=tuple(sorted(sets)))
    by_set = rows.groupby("set_id", sort=False)["tag_value"]
    return {int(str(group)): tuple(sorted(map(str, values))) for group, values in by_set}


def known_days(
    warehouse: Published, question: Question, periods: tuple[Period, Period]
) -> tuple[pd.DatetimeIndex, pd.DatetimeIndex]:
    """The days of two periods on which the KPI has a value that may be shown: those that its cards count.

    Raises Refused where a period has none, with the reason.
    """
    days = _daily(warehouse, question, question.shown_from).dropna()
    before, after = (pd.DatetimeIndex(_within(days, period).index) for period in periods)
    for known, period in zip((before, after), periods, strict=True):
        if not len(known):
            title = MOVING[question.options.measure].title
            why = _why_no_value(warehouse, question, period, days)
            raise Refused(f"the {title} has no value {_of(period)}: {why}")
    return before, after


def _within(days: pd.Series, period: Period) -> pd.Series:
    first, last = (pd.Timestamp(day) for day in period.bounds)
    return days[(days.index >= first) & (days.index <= last)]


def _daily(warehouse: Published, question: Question, shown_from: int) -> pd.Series:
    """The KPI by day, with small cells hidden."""
    moving = MOVING[question.options.measure]
    options = Options(incomplete=question.options.incomplete, window=question.options.window)
    asked = Question(moving.table, question.filters, options=options, shown_from=shown_from)
    read = {"engagement": engagement, "multi-device": multi_device, "same-people": same_people}
    table = read[moving.table](warehouse, asked)
    if "audience" in table:
        table = table[table["audience"] == "all"]
    values = table[moving.column].astype("Float64").to_numpy(float, na_value=np.nan)
    return pd.Series(values, pd.DatetimeIndex(table["day"]))


def _why_no_value(warehouse: Published, question: Question, period: Period, days: pd.Series) -> str:
    least = question.shown_from
    if least > 1 and len(_within(_daily(warehouse, question, 0).dropna(), period)):
        return f"fewer than {least} people match, so it is hidden for privacy"
    if not len(days):
        return "no day of the store has a value under these filters"
    first, last = (day.date() for day in (days.index[0], days.index[-1]))
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
) -> pd.DataFrame:
    """The parts of a ratio's change, with a last row of all."""
    (w0, c0), (w1, c1) = (_share_and_part(side, percent) for side in (before, after))
    r0, r1 = _rates(c0, w0), _rates(c1, w1)
    # Without people in a period a group has no rate of its own there: what it adds or takes is all mix.
    from_, to = np.where(np.isnan(r0), r1, r0), np.where(np.isnan(r1), r0, r1)
    whole0, whole1 = math.fsum(c0), math.fsum(c1)
    behaviour = (w0 + w1) / 2 * (to - from_)
    mix = (w1 - w0) * ((from_ + to) / 2 - (whole0 + whole1) / 2)
    parts = [math.fsum(part) for part in (behaviour, mix)]
    return pd.DataFrame(
        {
            "share_before": [*w0, 1.0],
            "share_after": [*w1, 1.0],
            "value_before": [*r0, whole0],
            "value_after": [*r1, whole1],
            "behaviour": [*behaviour, parts[0]],
            "mix": [*mix, parts[1]],
            "total": [*(behaviour + mix), whole1 - whole0],
        }
    ).astype("Float64")


def _share_and_part(side: dict[str, np.ndarray], percent: float) -> tuple[np.ndarray, np.ndarray]:
    """The mean share of people of each group, and the mean of its part of the ratio, in percent."""
    people = side["users"].sum(axis=1, keepdims=True)
    return (side["users"] / people).mean(axis=0), (percent * side["amount"] / people).mean(axis=0)


def _rates(parts: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Each part of a whole; NaN where there is nothing to divide by."""
    return np.where(of > 0, parts / np.where(of > 0, of, 1), np.nan)


def _differences(before: np.ndarray, after: np.ndarray) -> pd.DataFrame:
    """The parts of a count's change, with a last row of all."""
    n0, n1 = (np.append(people, people.sum()) for people in (before, after))
    frame = pd.DataFrame(
        {
            "share_before": _rates(n0, np.full(len(n0), n0[-1])),
            "share_after": _rates(n1, np.full(len(n1), n1[-1])),
            "value_before": n0,
            "value_after": n1,
            "behaviour": np.nan,
            "mix": np.nan,
            "total": n1 - n0,
        }
    )
    return frame.astype("Float64")


def _ranked(frame: pd.DataFrame) -> pd.DataFrame:
    """The groups by the size of their change, then by name; all of them last."""
    groups = frame.iloc[:-1]
    groups = groups.assign(size=-groups["total"].abs()).sort_values(
        ["size", "group"], kind="stable"
    )
    rows = [groups.drop(columns="size"), frame.iloc[-1:]]
    return pd.concat(rows, ignore_index=True)


def _of(period: Period) -> str:
    first, last = period.bounds
    return f"{'on' if first == last else 'of'} {days_text(first, last)}"
