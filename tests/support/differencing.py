"""An attacker who subtracts exports from each other, in plain loops, and counts what comes out.

A fact is a number of 1 to fewer than the minimum of people or attempts, of a named group on a day. The
attacker has the whole table, and for one tag after another every filter of a single value, every
exclusion of a single value, and the breakdown. Whatever comes out must be true, or the attacker is wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pandas as pd
from product import table_of

from kpi.meaning.filters import Filters
from kpi.numbers import metrics
from kpi.numbers.warehouse import Warehouse

ATTEMPTS = {
    "connection-time": (("account",), ("connections",)),
    "completion": ((), ("begun", "completed")),
    "steps": (("step",), ("reached",)),
}
USERS = {
    "engagement": (("audience",), ("dau", "mau")),
    "same-people": ((), ("people", "week_people")),
    "multi-device": (
        (),
        ("daily_users", "daily_multi_device_users", "monthly_users", "monthly_multi_device_users"),
    ),
}
TABLES = {**ATTEMPTS, **USERS}
Cell = tuple[Any, ...]
Cells = dict[Cell, float | None]
"""Every count of a table, by column, day and levels; None is hidden or absent."""


@dataclass
class Shown:
    """What the attacker has of one table and tag, and the truth to be checked against."""

    whole: Cells
    filtered: dict[str, Cells]
    excluded: dict[str, Cells]
    broken: dict[str, Cells]


@dataclass
class Facts:
    """Small groups whose number came out: by subtraction, and days on which a blank stands beside a 0."""

    subtracted: set[Cell] = field(default_factory=set)
    presence: set[Cell] = field(default_factory=set)

    def counts(self) -> dict[str, int]:
        """How many facts, by table."""
        named = Counter(f"{fact[0]} subtracted" for fact in self.subtracted)
        named.update(f"{fact[0]} presence" for fact in self.presence)
        return dict(sorted(named.items()))


def cells(table: pd.DataFrame, metric: str) -> Cells:
    """The counts of an exported table."""
    levels, counts = TABLES[metric]
    found: Cells = {}
    for row in table.to_dict("records"):
        for count in counts:
            value = row[count]
            place = (count, row["day"], *(row[level] for level in levels))
            found[place] = None if pd.isna(value) else float(value)
    return found


class Attacker:
    """Reads every table under one minimum, and the same with nothing hidden to check what it finds."""

    def __init__(self, warehouse: Warehouse, min_users: int, tags: tuple[str, ...]) -> None:
        self.warehouse = warehouse
        self.least = min_users
        self.values = {
            tag: ["new", "existing"] if tag == "users" else warehouse.known_values()[tag]
            for tag in tags
        }

    def facts(self, metric: str, **options: Any) -> Facts:
        """Everything that comes out of one table under all tags."""
        found = Facts()
        for tag in self.values:
            shown = self._shown(metric, tag, self.least, options)
            truth = self._shown(metric, tag, 0, options)
            derive = _of_attempts if metric in ATTEMPTS else _of_users
            for place, group, number, true in derive(shown, truth):
                assert number == true, (metric, tag, place, group, number, true)
                if 0 < number < self.least:
                    found.subtracted.add((metric, tag, group, *place))
            for value in self.values[tag]:
                for table, whole in (
                    (shown.filtered[value], truth.filtered[value]),
                    (shown.broken.get(value, {}), truth.broken.get(value, {})),
                ):
                    for place in self._beside_zero(table, whole):
                        found.presence.add((metric, tag, value, *place))
        return found

    def _shown(self, metric: str, tag: str, least: int, options: dict[str, Any]) -> Shown:
        def table(filters: Filters = Filters(), by: str | None = None) -> pd.DataFrame:
            return table_of(self.warehouse, metric, filters, by=by, min_users=least, **options)

        broken = table(by=tag)
        values = self.values[tag]
        return Shown(
            whole=cells(table(), metric),
            filtered={v: cells(table(_only(tag, v)), metric) for v in values},
            excluded={}
            if tag == "users"
            else {v: cells(table(_except(tag, v)), metric) for v in values},
            broken={
                str(value): cells(rows, metric) for value, rows in broken.groupby(tag, sort=False)
            },
        )

    def _beside_zero(self, shown: Cells, truth: Cells) -> Iterator[Cell]:
        """Cells that are hidden in a course that shows a 0 on another day, of 1 to few people."""
        zeros = {(place[0], *place[2:]) for place, number in shown.items() if number == 0}
        for place, number in shown.items():
            few = truth.get(place) is not None and 0 < truth[place] < self.least
            if number is None and few and (place[0], *place[2:]) in zeros:
                yield place


def sums_that_come_out(points: Iterable[tuple[int, int, float]], least: int) -> set[Cell]:
    """The stretches of days whose number comes out of shown points, of 1 to fewer than ``least``.

    A point is its first day, the day after its last, and its number. Numbers of stretches that share an end
    are added or subtracted, as often as it takes: whoever knows all points knows no more.
    """
    known: dict[int, dict[int, float]] = {}
    for first, after, number in points:
        mine, other = (known.setdefault(day, {day: 0.0}) for day in (first, after))
        if mine is other:
            continue
        shift = mine[first] + number - other[after]
        mine |= {day: at + shift for day, at in other.items()}
        known |= dict.fromkeys(other, mine)
    return {
        (first, after, number)
        for at in {id(each): each for each in known.values()}.values()
        for first in at
        for after in at
        if first < after and 0 < (number := at[after] - at[first]) < least
    }


def _of_attempts(shown: Shown, truth: Shown) -> Iterator[tuple[Cell, str, float, float]]:
    """What comes out of attempts, of which each has one value of a tag, so that values add up."""
    for place, all_true in truth.whole.items():
        if all_true is None:
            continue
        whole = shown.whole.get(place)
        known: dict[str, float] = {}
        for value in shown.filtered:
            direct = shown.filtered[value].get(place)
            if direct is None:
                direct = shown.broken.get(value, {}).get(place)
            rest = shown.excluded.get(value, {}).get(place)
            if direct is None and None not in (whole, rest):
                direct = whole - rest
            if direct is not None:
                known[value] = direct
            if whole is None and None not in (direct, rest):
                whole = direct + rest
        true = {v: truth.filtered[v].get(place) or 0 for v in shown.filtered}
        for value, number in known.items():
            yield place, value, number, true[value]
            rest = shown.excluded.get(value, {}).get(place)
            if rest is not None:
                yield place, f"not {value}", rest, all_true - true[value]
            elif whole is not None:
                yield place, f"not {value}", whole - number, all_true - true[value]
        if whole is not None and len(known) < len(true):
            left = sum(number for value, number in true.items() if value not in known)
            yield place, "the rest", whole - sum(known.values()), left


def _of_users(shown: Shown, truth: Shown) -> Iterator[tuple[Cell, str, float, float]]:
    """What comes out of users, who can have several values of a tag: only this, only others, both."""
    for place, all_true in truth.whole.items():
        if all_true is None:
            continue
        whole = shown.whole.get(place)
        for value in shown.filtered:
            mine = shown.filtered[value].get(place)
            if mine is None:
                mine = shown.broken.get(value, {}).get(place)
            rest = shown.excluded.get(value, {}).get(place)
            mine_true = truth.filtered[value].get(place)
            rest_true = truth.excluded.get(value, {}).get(place)
            if None not in (whole, mine):
                yield place, f"without {value}", whole - mine, all_true - mine_true
            if None not in (whole, rest):
                yield place, f"only {value}", whole - rest, all_true - rest_true
            if None not in (whole, mine, rest):
                both = mine_true + rest_true - all_true
                yield place, f"{value} and others", mine + rest - whole, both


def _only(tag: str, value: str) -> Filters:
    return Filters(users=value) if tag == "users" else Filters(**{tag: (value,)})


def _except(tag: str, value: str) -> Filters:
    return Filters(**{f"not_{tag}": (value,)})


def window_facts(warehouse: Warehouse, least: int) -> tuple[int, int]:
    """Days on which two windows of multi-device use differ by 1 to few users, daily and monthly.

    The users between them used a second device within the wider window but not within the narrower.
    """
    table: Callable[..., pd.DataFrame] = metrics.multi_device
    tables = [table(warehouse, min_users=least, window=window) for window in (3, 5, 7, 14)]
    found = []
    for column in ("daily_multi_device_users", "monthly_multi_device_users"):
        found.append(
            sum(
                int(((wide[column] - narrow[column]).between(1, least - 1)).fillna(False).sum())
                for narrow, wide in pairwise(tables)
            )
        )
    return found[0], found[1]
