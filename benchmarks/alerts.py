"""`python -m benchmarks.alerts`: false alerts in quiet years, and planted changes that are reported in time.

The people are those of the demo, with its rhythm of the week, its growth, and people who come, go
and pause; its holidays, outage and campaign are left out. A year can have a shock that all people share: the
logarithm of everyone's chance of a visit is an AR(1) of days. The last 365 of 670 days are judged. Rules are
those of `kpi.alerts`; a year is drawn from its seed alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np
import pandas as pd

from kpi.alerts import departures, verdicts
from kpi.alerts.file import STEP, SWING
from kpi.demo.activity import _active_days
from kpi.demo.population import populate
from kpi.demo.timeline import Timeline
from kpi.goals import MET, NOT_MET, TOO_CLOSE
from kpi.meaning.definitions import MONTH, WEEK
from kpi.meaning.measures import MEASURES
from kpi.summary import anomalies

FIRST, LAST = date(2015, 1, 1), date(2016, 10, 31)
YEAR = 365
AT_ONCE = 14
"""People's habits grow by the year in the demo; here they do so every two weeks, without a step to see."""

MEMORY = 0.7
"""The part of a shock that lasts a day."""

PLANTED_EVERY = 31
"""A change is planted on every so manieth day of the judged year, each in a copy of the year."""


@dataclass(frozen=True)
class _Quiet(Timeline):
    """The demo's calendar without outage, holidays and campaign; with a shock, and summers if wanted."""

    seed: int = 0
    shock: float = 0.0
    summers: bool = False

    @cached_property
    def outage_days(self) -> tuple[int, ...]:
        return ()

    @cached_property
    def holiday(self) -> np.ndarray:
        factor = np.ones(self.days)
        for number in range(self.days if self.summers else 0):
            day = self.day(number)
            start, end = date(day.year, 6, 20), date(day.year, 9, 8)
            if start <= day <= end:
                factor[number] -= 0.065 * np.sin(np.pi * (day - start).days / (end - start).days)
        return factor

    @cached_property
    def sign_up_season(self) -> np.ndarray:
        return np.zeros(self.days, dtype=bool)

    @cached_property
    def rhythm(self) -> np.ndarray:
        usual = Timeline.rhythm.func(self)  # type: ignore[attr-defined]
        rng = np.random.default_rng([self.seed, 99])
        steps = rng.normal(0, self.shock * np.sqrt(1 - MEMORY**2), self.days)
        steps[0] = rng.normal(0, self.shock)
        for number in range(1, self.days):
            steps[number] += MEMORY * steps[number - 1]
        return usual * np.exp(steps)


@dataclass(frozen=True)
class Year:
    """Users by UTC day: of the day, and of the 28 days that end with it."""

    dau: pd.Series
    mau: pd.Series

    @property
    def ratio(self) -> pd.Series:
        """The engagement ratio in percent; absent on the first 27 days."""
        ratio = 100 * self.dau.rolling(WEEK).mean() / self.mau
        return ratio.where(np.arange(len(ratio)) >= MONTH - 1)

    def with_fewer_visits(self, day: pd.Timestamp, points: float) -> Year:
        """The same with so many fewer users a day from a day on that the ratio is in a week points lower."""
        part = 1 - points / float(self.ratio[day - pd.Timedelta(days=1)])
        return Year(self.dau.where(self.dau.index < day, self.dau * part), self.mau)


def drawn(users: int, seed: int, shock: float = 0.0, summers: bool = False) -> Year:
    """A year of a demo of so many accounts, and the 305 days before it."""
    timeline = _Quiet(FIRST, LAST, seed, shock, summers)
    people = populate(timeline, users, seed)
    days = timeline.days
    active = []
    for start in range(0, days, AT_ONCE):
        rng = np.random.default_rng([seed, 5, start])
        user, day = _active_days(people, start, min(start + AT_ONCE, days), rng)
        active.append(user.astype(np.int64) * 10_000 + day)
    user, day = np.divmod(np.sort(np.concatenate(active)), 10_000)
    following = np.where(user[1:] == user[:-1], day[1:] - day[:-1], MONTH)
    ends = day + np.minimum(np.append(following, MONTH), MONTH)
    within = np.bincount(day, minlength=days + MONTH) - np.bincount(ends, minlength=days + MONTH)
    index = pd.date_range(FIRST, LAST, name="day")
    return Year(
        pd.Series(np.bincount(day, minlength=days).astype(float), index),
        pd.Series(np.cumsum(within)[:days].astype(float), index),
    )


def begun(judged: pd.DataFrame, rule: str) -> list[date]:
    """The days of the judged year with which a story was known."""
    since = LAST - timedelta(days=YEAR - 1)
    return [each.known for each in departures.stretches(judged, rule) if each.known >= since]


def of_ratio(ratio: pd.Series) -> pd.DataFrame:
    """The engagement ratio as `swing` judges it."""
    return departures.swings(ratio, MEASURES["engagement_ratio"])


def of_users(year: Year) -> pd.DataFrame:
    """Daily users as `step` judges them."""
    return departures.steps(year.dau, year.dau, MEASURES["dau"])


def of_ratio_steps(year: Year) -> pd.DataFrame:
    """The engagement ratio as `step` judges it."""
    return departures.steps(year.ratio, year.mau, MEASURES["engagement_ratio"])


def planted_days() -> Iterator[pd.Timestamp]:
    """The days on which changes are planted, each with three weeks of the year after it."""
    first = pd.Timestamp(LAST) - pd.Timedelta(days=YEAR - 10)
    for number in range(0, YEAR - 31, PLANTED_EVERY):
        yield first + pd.Timedelta(days=number)


def reported_within(judged: pd.DataFrame, rule: str, day: pd.Timestamp, days: int) -> bool:
    """True where a story about a fall is known on one of so many days from a day on."""
    last = day + pd.Timedelta(days=days - 1)
    return any(
        day <= pd.Timestamp(each.known) <= last and each.value < each.usual
        for each in departures.stretches(judged[:last], rule)
    )


def drops(year: Year, points: float = 1.0) -> Iterator[tuple[bool, bool, bool]]:
    """For each planted drop: reported in 7 days where the ratio falls at once; in 7, and in 14, by visits."""
    for day in planted_days():
        at_once = year.ratio.where(year.ratio.index < day, year.ratio - points)
        fewer = of_ratio(year.with_fewer_visits(day, points).ratio)
        yield (
            reported_within(of_ratio(at_once), SWING, day, 7),
            reported_within(fewer, SWING, day, 7),
            reported_within(fewer, SWING, day, 14),
        )


def volumes(events: pd.Series) -> pd.DataFrame:
    """A volume of every day, all loaded and complete, as `kpi.summary.anomalies` reads it."""
    rows = {"day": events.index, "type": anomalies.EVERY_TYPE, "events": events.round()}
    return anomalies.volumes(
        pd.DataFrame(rows).assign(loaded=1, complete=1).to_dict(orient="records")
    )


def volume_falls(year: Year, share: float = 0.2) -> Iterator[tuple[bool, bool]]:
    """For each planted lasting fall of the volume: marked within 7 days, and noted slowly within 14."""
    for day in planted_days():
        last = day + pd.Timedelta(days=13)
        events = year.dau.where(year.dau.index < day, year.dau * (1 - share))[:last]
        judged = anomalies.judged(volumes(events)).set_index("day")
        week = judged[day : day + pd.Timedelta(days=6)]
        noted = anomalies.slow(volumes(events)).set_index("day")[day:]
        yield bool((week["unusual"] == "low").any()), bool((noted["change"] < 0).any())


def slow_notes(year: Year) -> int:
    """The slow notes of the judged year: stretches of days with one."""
    noted = anomalies.slow(volumes(year.dau))
    days = noted.loc[noted["day"] > pd.Timestamp(LAST) - pd.Timedelta(days=YEAR), "day"]
    return int((days.diff() != pd.Timedelta(days=1)).sum())


SPREAD = 0.33
"""The standard deviation of the part of a week on which a monthly user of the demo is active."""

TARGETS = np.linspace(-2, 2, 17)
"""A goal's distance from the level of its KPI, in half widths of the interval of its gap."""


def changed_verdicts(years: list[Year]) -> int:
    """Lasting changes of the verdict on a floor near the ratio, in years without growth, for every target."""
    ratios = pd.concat([year.ratio for year in years], axis=1)
    level = ratios.sub(ratios.mean(axis=1), axis=0).rolling(MONTH).mean()
    half = 1.96 * 100 * SPREAD / np.sqrt(np.mean([year.mau.iloc[-1] for year in years]))
    first = LAST - timedelta(days=YEAR - 1)
    count = 0
    for _, gaps in level.items():
        for target in TARGETS:
            beyond = gaps + target * half
            words = np.where(beyond > half, MET, np.where(beyond < -half, NOT_MET, TOO_CLOSE))
            by_day = dict(zip(gaps.index.date, words, strict=True))
            count += len(verdicts.changes(by_day.__getitem__, first, LAST))
    return count


def a_year(count: int, years: int) -> str:
    """A rate a year with its exact 95% interval."""
    from scipy.special import gammaincinv  # here, since tests import this module

    low = gammaincinv(count, 0.025) if count else 0.0
    high = gammaincinv(count + 1, 0.975)
    return f"{count / years:.2f} ({low / years:.2f}–{high / years:.2f})"


def main() -> None:
    """Print a row of figures for each size and shock."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", type=int, default=100)
    parser.add_argument("--first-seed", type=int, default=1001)
    parser.add_argument("--users", type=int, nargs="+", default=[20_000, 2_000])
    parser.add_argument("--shock", type=float, nargs="+", default=[0.0, 0.005])
    parser.add_argument("--points", type=float, default=1.0)
    parser.add_argument("--summers", action="store_true")
    asked = parser.parse_args()
    for users in asked.users:
        for shock in asked.shock:
            seeds = range(asked.first_seed, asked.first_seed + asked.years)
            _measure(users, shock, asked.summers, seeds, asked.points)


def _measure(users: int, shock: float, summers: bool, seeds: range, points: float) -> None:
    counts = dict.fromkeys(("ratio swing", "users step", "ratio step", "slow notes"), 0)
    reported: list[tuple[bool, bool, bool]] = []
    falls: list[tuple[bool, bool]] = []
    years = []
    for place, seed in enumerate(seeds):
        year = drawn(users, seed, shock, summers)
        years.append(year)
        counts["ratio swing"] += len(begun(of_ratio(year.ratio), SWING))
        counts["users step"] += len(begun(of_users(year), STEP))
        counts["ratio step"] += len(begun(of_ratio_steps(year), STEP))
        counts["slow notes"] += slow_notes(year)
        reported += drops(year, points)
        if place % 5 == 0:
            falls += volume_falls(year)
    monthly = np.mean([year.mau.iloc[-1] for year in years])
    print(f"{users:,} accounts, {monthly:,.0f} monthly, shock {shock:.1%}, summers {summers}")
    for name, count in counts.items():
        print(f"  {name}: {a_year(count, len(seeds))} a year")
    changed = changed_verdicts(years)
    print(f"  verdict: {a_year(changed, len(seeds) * len(TARGETS))} a goal and year")
    at_once, in_7, in_14 = np.mean(reported, axis=0)
    print(f"  drop of {points:g} points: at once, reported in 7 days: {at_once:.1%}")
    print(f"  by visits, reported in 7 days: {in_7:.1%}, in 14: {in_14:.1%}")
    marked, noted = np.mean(falls, axis=0)
    print(f"  volume −20%: marked in 7 days {marked:.1%}, slow note in 14 {noted:.1%}", flush=True)


if __name__ == "__main__":
    main()
