"""`python -m benchmarks.causes HOME`: planted causes in a demo's people, and how many are named first.

Each case is a pair of periods of 28 days of the demo in HOME, 4 to 26 weeks apart. In the later one a cause
is planted: of the people with one value of one tag, half come twice or aren't there (a mix shift), or their
missed days become active by half, or their active days missed (a rate change), or both. A cause counts that
changes the ratio by a point or more. Null pairs are the same without a cause.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from kpi.meaning.definitions import MONTH, WEEK
from kpi.meaning.filters import BREAKDOWNS
from kpi.meaning.question import Question
from kpi.numbers.moved import AND, MOST_GROUPS, Groups
from kpi.numbers.moved_tags import most_unusual

KINDS = ("mix", "rate", "both")
LEAST_CHANGE = 1.0
"""A planted cause changes the engagement ratio by so many points at least."""

SHARES = (0.03, 0.7)
"""Causes are planted in values that this share of people have in both periods."""

SAME_PEOPLE = 0.95
"""Two values that so much of their people share, such as Android and Firefox Mobile, are the same cause."""

MOST_VALUES = 62
SETTLED = date(2016, 1, 1)
"""The demo's own causes of 2015 (Windows 10, Firefox for iOS) are past, so that a pair without a cause is."""

PEOPLE = """
SELECT
  d.day,
  d.user_id,
  g.browser,
  g.version,
  g.os,
  g.service,
  CASE WHEN g.new_user = 1 THEN 'new' ELSE 'existing' END AS users
FROM events.user_day AS d
INNER JOIN kpi.segment AS g ON g.segment_id = d.segment_id
"""


@dataclass
class Tag:
    """A tag: its values, and each person's combination of them by day: an index into ``bits``."""

    values: list[str]
    bits: np.ndarray
    of_person: np.ndarray
    by_day: list[np.ndarray] = field(default_factory=list)

    def having(self, value: int) -> np.ndarray:
        """True where a person has a value within 28 days: days × people."""
        return ((self.bits >> value) & 1).astype(bool)[self.of_person]

    def names(self, combination: int) -> tuple[str, ...]:
        """The values of a combination, in order."""
        return tuple(sorted(v for place, v in enumerate(self.values) if (combination >> place) & 1))


ATTACH = {
    "events": "ATTACH $1 AS events (READ_ONLY)",
    "kpi": "ATTACH $1 AS kpi (READ_ONLY)",
}
"""The statements that attach the files of a store, by their names."""


class Demo:
    """The people of a demo: active days of the last 7 and values of 28 days, by day."""

    def __init__(self, home: Path) -> None:
        with duckdb.connect() as connection:
            for name, attach in ATTACH.items():
                connection.execute(attach, [str((home / f"{name}.duckdb").resolve())])
            rows = connection.execute(PEOPLE).df()
        self.first = rows["day"].min().date()
        day = (rows["day"] - rows["day"].min()).dt.days.to_numpy()
        person = pd.factorize(rows["user_id"])[0]
        self.days, people = int(day.max()) + 1, int(person.max()) + 1
        active = np.zeros((self.days, people), dtype=np.int8)
        active[day, person] = 1
        self.active_days = np.zeros((self.days, people), dtype=np.int8)
        for back in range(WEEK):
            self.active_days[back:] += active[: self.days - back]
        self.tags = {name: self._tag(rows[name], day, person, people) for name in BREAKDOWNS}
        self.present = self.tags["users"].bits[self.tags["users"].of_person] != 0

    def _tag(self, column: pd.Series, day: np.ndarray, person: np.ndarray, people: int) -> Tag:
        values = [str(value) for value in column.value_counts().index[:MOST_VALUES]]
        place = column.map({v: i for i, v in enumerate(values)}).fillna(MOST_VALUES).astype(int)
        on_day = np.zeros((self.days, people), dtype=np.int64)
        np.bitwise_or.at(on_day, (day, person), np.int64(1) << place.to_numpy())
        of_month = on_day.copy()
        for back in range(1, MONTH):
            of_month[back:] |= on_day[:-back]
        bits, index = np.unique(of_month, return_inverse=True)
        index = index.reshape(of_month.shape)
        # The largest combinations, as the statement has them; 0 is nobody, -1 all others.
        size = np.bincount(index[index > 0] if bits[0] == 0 else index.ravel(), minlength=len(bits))
        size[bits == 0] = 0
        large = np.argsort(-size, kind="stable")[:MOST_GROUPS]
        large = large[size[large] > 0]
        renumbered = np.full(len(bits), len(large) + 1)
        renumbered[large] = np.arange(1, len(large) + 1)
        renumbered[bits == 0] = 0
        tag = Tag(
            values, np.array([0, *bits[large], np.int64(1) << MOST_VALUES]), renumbered[index]
        )
        tag.by_day = self._counted(tag, 0, self.days - 1, self.active_days, None)
        return tag

    def _counted(
        self, tag: Tag, first: int, last: int, active_days: np.ndarray, weight: np.ndarray | None
    ) -> list[np.ndarray]:
        """Users, active days and their squares by day and combination."""
        groups, days = len(tag.bits), last - first + 1
        cell = (np.arange(days)[:, None] * groups + tag.of_person[first : last + 1]).ravel()
        weights = np.ones(active_days.shape) if weight is None else weight
        amounts = (weights, weights * active_days, weights * active_days.astype(float) ** 2)
        counts = [
            np.bincount(cell, amount.ravel(), days * groups).reshape(days, groups)
            for amount in amounts
        ]
        for count in counts:
            count[:, 0] = 0
        return counts

    def groups(self, name: str, last: int, planted: Planted | None) -> Groups:
        """The weekly counts of a tag's groups, counted back from a day; the last 4 weeks with a cause."""
        tag = self.tags[name]
        weeks = (last - MONTH + 2) // WEEK
        start = last - weeks * WEEK + 1
        counts = [count[start : last + 1] for count in tag.by_day]
        if planted is not None:
            newest = self._counted(tag, last - MONTH + 1, last, planted.active_days, planted.weight)
            counts = [
                np.concatenate([count[:-MONTH], new])
                for count, new in zip(counts, newest, strict=True)
            ]
        users, amount, squares = (
            count.reshape(weeks, WEEK, -1).sum(axis=1)[:, 1:] for count in counts
        )
        ends = pd.date_range(end=self.day(last), periods=weeks, freq="7D").to_numpy()
        values = tuple(tag.names(bits) for bits in tag.bits[1:])
        named = {"users": users, "active_users": users}
        return Groups(ends, values, {**named, "amount": amount, "amount_squared": squares})

    def day(self, number: int) -> pd.Timestamp:
        """The day with a number."""
        return pd.Timestamp(self.first + timedelta(days=number))

    def named_first(
        self, before: int, last: int, planted: Planted | None
    ) -> tuple[str, str] | None:
        """The tag and the value or combination named first; None where no group is unusual."""
        best: tuple[float, str, str] | None = None
        for tag in BREAKDOWNS:
            question = Question("moved", by=tag)
            groups = self.groups(tag, last, planted)
            name, times, _ = most_unusual(groups, question, last - before)
            if name is not None and times is not None and times >= 1:
                best = max(best or (0.0, "", ""), (times, tag, name))
        return None if best is None else best[1:]

    def same_people(self, tag: str, name: str, planted: Planted, last: int) -> bool:
        """True where a named value has the people of the planted value."""
        window = slice(last - MONTH + 1, last + 1)
        chosen = self.tags[tag]
        if name not in chosen.values:
            return False
        mine = chosen.having(chosen.values.index(name))[window]
        both = (mine & planted.having).sum()
        return bool(both >= SAME_PEOPLE * (mine | planted.having).sum())


@dataclass(frozen=True)
class Planted:
    """A cause: its kind, tag and value, and the people of the last 28 days with it."""

    kind: str
    tag: str
    value: str
    change: float
    having: np.ndarray
    active_days: np.ndarray
    weight: np.ndarray


def pairs(demo: Demo, rng: np.random.Generator, settled: date) -> Iterator[tuple[int, int]]:
    """Random last days of two periods, as numbers of days."""
    earliest = (settled - demo.first).days + MONTH - 1
    while True:
        apart = int(rng.integers(4, 27)) * WEEK
        if earliest + apart < demo.days - 1:
            last = int(rng.integers(earliest + apart, demo.days))
            yield last - apart, last


def plant(
    demo: Demo, before: int, last: int, kind: str, rng: np.random.Generator
) -> Planted | None:
    """A random cause of a kind; None where it changes too little, or too few or many people have it."""
    name = BREAKDOWNS[rng.integers(len(BREAKDOWNS))]
    tag = demo.tags[name]
    value = int(rng.integers(len(tag.values)))
    has = tag.having(value)
    ends = [slice(end - MONTH + 1, end + 1) for end in (before, last)]
    shares = [has[end].sum() / demo.present[end].sum() for end in ends]
    if not all(SHARES[0] <= share <= SHARES[1] for share in shares):
        return None
    mine, days = has[ends[1]], demo.active_days[ends[1]].astype(int)
    weight, more = np.ones(days.shape), rng.random() < 0.5
    changed = days
    if kind != "mix":
        half = rng.binomial(WEEK - days if more else days, 0.5)
        changed = np.where(mine, days + half if more else half, days)
    if kind != "rate":
        weight = np.where(mine & (rng.random(days.shape[1]) < 0.5), 2.0 if more else 0.0, 1.0)
    there = demo.present[ends[1]]
    ratio = [
        100 * (by * of).sum() / WEEK / (by * there).sum()
        for by, of in ((np.ones(days.shape), days), (weight, changed))
    ]
    change = float(ratio[1] - ratio[0])
    if abs(change) < LEAST_CHANGE:
        return None
    return Planted(kind, name, tag.values[value], change, mine, changed, weight)


def written(demo: Demo, before: int, last: int, planted: Planted | None, file: Path) -> None:
    """Write a case for other programs: people and active days of both periods by all five combinations.

    The first line names the values that are right: that of the cause, and those of the same people.
    """
    parts = []
    for period, end in enumerate((before, last)):
        days = slice(end - MONTH + 1, end + 1)
        active, weight = (
            demo.active_days[days].astype(float),
            np.ones((MONTH, demo.present.shape[1])),
        )
        if period and planted is not None:
            active, weight = planted.active_days.astype(float), planted.weight
        there = demo.present[days]
        names = {
            name: np.array(["" if not bits else AND.join(tag.names(bits)) for bits in tag.bits])[
                tag.of_person[days][there]
            ]
            for name, tag in demo.tags.items()
        }
        counts = {"people": weight[there], "active": (weight * active)[there] / WEEK}
        frame = pd.DataFrame({"period": period, **names, **counts})
        parts.append(frame.groupby(["period", *names], as_index=False)[list(counts)].sum())
    right = []
    if planted is not None:
        right = [
            f"{name}={value}"
            for name, tag in demo.tags.items()
            for value in tag.values
            if (name, value) == (planted.tag, planted.value)
            or demo.same_people(name, value, planted, last)
        ]
    file.write_text("# " + ";".join(right) + "\n" + pd.concat(parts).to_csv(index=False))


def outcomes(
    demo: Demo,
    causes: int,
    nulls: int,
    seed: int = 1,
    settled: date = SETTLED,
    cases: Path | None = None,
) -> tuple[Counter[tuple[str, str]], list[str]]:
    """Cases by kind and outcome (right, wrong, none), and a sentence on each that isn't as it should be.

    The ``cases`` are written into a folder, for other programs.
    """
    rng = np.random.default_rng(seed)
    count: Counter[tuple[str, str]] = Counter()
    misses = []
    chosen = pairs(demo, rng, settled)
    while sum(count.values()) < causes:
        before, last = next(chosen)
        planted = plant(demo, before, last, KINDS[sum(count.values()) % 3], rng)
        if planted is None:
            continue
        if cases is not None:
            written(demo, before, last, planted, cases / f"cause-{sum(count.values()):03}.csv")
        named = demo.named_first(before, last, planted)
        right = named is not None and (
            (named[0] == planted.tag and planted.value in named[1].split(AND))
            or demo.same_people(*named, planted, last)
        )
        outcome = "right" if right else "none" if named is None else "wrong"
        count[planted.kind, outcome] += 1
        if not right:
            misses.append(
                f"{planted.kind} in {planted.tag} {planted.value}, {planted.change:+.1f} points, "
                f"{demo.day(before):%Y-%m-%d} to {demo.day(last):%Y-%m-%d}: {named}"
            )
    for place in range(nulls):
        before, last = next(chosen)
        if cases is not None:
            written(demo, before, last, None, cases / f"null-{place:03}.csv")
        named = demo.named_first(before, last, None)
        count["null", "none" if named is None else "wrong"] += 1
        if named is not None:
            misses.append(
                f"null, {demo.day(before):%Y-%m-%d} to {demo.day(last):%Y-%m-%d}: {named}"
            )
    return count, misses


def main() -> None:
    """Plant causes, and print the outcomes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.causes", description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--causes", type=int, default=100)
    parser.add_argument("--nulls", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--settled", type=date.fromisoformat, default=SETTLED)
    parser.add_argument("--cases", type=Path, help="a folder to write the cases to")
    asked = parser.parse_args()
    demo = Demo(asked.home)
    count, misses = outcomes(
        demo, asked.causes, asked.nulls, asked.seed, asked.settled, asked.cases
    )
    for (kind, outcome), number in sorted(count.items()):
        print(f"{kind:5} {outcome:6} {number}")
    print(*misses, sep="\n")


if __name__ == "__main__":
    main()
