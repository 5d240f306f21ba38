"""How sure a number is: intervals hold as often as they say, and equal plain loops on every engine."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable

import numpy as np
import oracle
import pandas as pd
import pytest
from conftest import Store, daily, same
from goals_oracle import ranked, wilson
from logs import random_log

from kpi.numbers.uncertainty import (
    mean_interval,
    of_difference,
    share_interval,
    share_intervals,
    usual_swing,
)

SIZES = (30, 300, 3000)
QUARTILES = {"p25": 0.25, "median": 0.5, "p75": 0.75}


def rows_of(store: Store, *arguments: str) -> list[dict[str, str]]:
    """The rows of an export."""
    ran = store.must("export", *arguments, "--min-users=0", "--allow-unknown")
    return list(csv.DictReader(io.StringIO(ran.text)))


# --- against plain loops ----------------------------------------------------------------------------


LOG = random_log(5, first="2016-02-01", days=35, attempts_per_day=14)


@pytest.mark.every_engine("long")
@pytest.mark.parametrize("filters", [oracle.Filters(), oracle.Filters(not_os=("Linux",))])
def test_bands_of_times_are_times_by_rank(
    store_of: Callable[..., Store], filters: oracle.Filters
) -> None:
    """By day and by week, the ends are the attempts' own times of the ranks; absent of few."""
    known, store = oracle.Log(LOG), store_of(LOG)
    held = 0
    for weekly in ((), ("--weekly",)):
        for row in rows_of(store, "connection-time", "--bands", *weekly, *filters.arguments()):
            last = np.datetime64(row["day"]).astype(int)
            days = range(last - 6, last + 1) if weekly else (last,)
            times = sorted(
                attempt.ready_ms / 1000
                for attempt in known.attempts_picked(filters)
                if attempt.day_ready in days and attempt.segment.users == row["account"]
            )
            for name, share in QUARTILES.items():
                ends = (ranked(times, share) if times else None) or (None, None)
                for end, expected in zip(("low", "high"), ends, strict=True):
                    cell = row[f"{name}_seconds_{end}"]
                    if len(times) >= 20:
                        assert same(float(cell) if cell else None, expected), (row, name)
                        held += 1
                    elif not times:
                        assert cell == ""
    assert held > 0


def test_bands_of_shares_are_wilsons(store_of: Callable[..., Store]) -> None:
    """Behind each ratio and share is Wilson's interval for the users or attempts it is of."""
    store = store_of(LOG)
    columns = {
        "engagement": {"engagement_ratio": "mau"},
        "multi-device": {
            "daily_multi_device_percent": "daily_users",
            "monthly_multi_device_percent": "monthly_users",
        },
        "completion": {"completion_percent": "begun", "within_5_seconds_percent": "begun"},
    }
    for metric, shares in columns.items():
        rows = rows_of(store, metric, "--bands")
        bare = rows_of(store, metric)
        assert [{k: row[k] for k in bare[0]} for row in rows] == bare
        for row in rows:
            for share, n in shares.items():
                ends = [row[f"{share}_{end}"] for end in ("low", "high")]
                if row[share] == "":
                    assert ends == ["", ""]
                    continue
                expected = wilson(float(row[share]), int(row[n]))
                assert [float(end) for end in ends] == pytest.approx(expected)


def test_interval_that_cannot_be_is_absent() -> None:
    """Of nobody there is no interval, of one person a wide one, of all alike one to the very end."""
    assert share_interval(0.0, 0) is None
    low, high = share_interval(100.0, 1) or (0.0, 0.0)
    assert (low < 30, high) == (True, 100.0)
    low, high = share_intervals(pd.Series([0.0, 50.0, None]), pd.Series([20, 0, 5]))
    assert low.tolist()[0] == 0.0
    assert 10 < high.tolist()[0] < 20
    assert low.isna().tolist() == high.isna().tolist() == [False, True, True]
    assert mean_interval(np.array([1.0, 2.0, 3.0])) is None
    assert mean_interval(np.array([2.0] * 9)) == (2.0, 2.0)
    assert usual_swing(pd.Series([1.0] * 15), 4, 4) is None
    assert of_difference(5.0, None, 3.0, None) == (2.0, 2.0)
    assert of_difference(5.0, (4.0, 8.0), 3.0, (2.0, 7.0)) == (
        2.0 - math.hypot(1, 4),
        2.0 + math.hypot(3, 1),
    )


# --- how often intervals hold -----------------------------------------------------------------------


@pytest.mark.parametrize("share", QUARTILES.values())
def test_ranks_hold_a_quantile_95_times_of_100(share: float) -> None:
    """For every size the chance is at least 95%, by the binomial distribution itself; for 30 at most 97%."""
    from scipy.stats import binom  # here, since it takes half a second to import

    sizes = np.array([*range(6, 3001), 10_000, 20_000])
    places = [ranked(list(range(1, size + 1)), share) for size in sizes]
    known = np.array([place is not None for place in places])
    first, last = np.array([place for place in places if place]).T
    held = binom.cdf(last - 1, sizes[known], share) - binom.cdf(first - 1, sizes[known], share)
    assert held.min() >= 0.95 - 1e-5
    for size in SIZES:
        assert held[list(sizes[known]).index(size)] <= 0.97
    assert (known == (sizes >= sizes[known].min())).all()


@pytest.mark.parametrize("n", SIZES)
def test_intervals_of_shares_hold(n: int) -> None:
    """Over shares of 2 to 98%, Wilson's interval has the truth 93 to 97 times of 100, counted exactly."""
    from scipy.stats import binom  # here, since it takes half a second to import

    counts = np.arange(n + 1)
    low, high = share_intervals(pd.Series(100 * counts / n), pd.Series(np.full(n + 1, n)))
    low, high = low.to_numpy(float), high.to_numpy(float)
    truths = np.linspace(0.02, 0.98, 193)
    held = [binom.pmf(counts, n, p)[(low <= 100 * p) & (100 * p <= high)].sum() for p in truths]
    assert 0.93 <= np.mean(held) <= 0.97


@pytest.mark.parametrize("n", daily(*SIZES[:-1], of=SIZES))
def test_interval_of_a_ratio_is_an_upper_bound(n: int) -> None:
    """Of people who come on 0 to 7 days of a week, Wilson's interval has the true ratio 95 times or more."""
    draw = np.random.default_rng(n)
    rates = draw.beta(0.7, 1.1, (1500, n))
    ratio = 100 * draw.binomial(7, rates).mean(axis=1) / 7
    low, high = share_intervals(pd.Series(ratio), pd.Series(np.full(1500, n)))
    truth = 100 * 0.7 / 1.8
    assert ((low <= truth) & (truth <= high)).mean() >= 0.95


def test_a_slow_median_is_seldom_called_met() -> None:
    """Of 26 attempts with a true median 10% over the target, under 2% say met; by the sign over 20%."""
    draw = np.random.default_rng(26)
    times = np.sort(11.0 * np.exp(draw.normal(0, 0.75, (20_000, 26))), axis=1)
    by_median = (np.median(times, axis=1) < 10).mean()
    upper = [ranked(row, 0.5)[1] < 10 for row in times.tolist()]
    assert by_median > 0.2
    assert np.mean(upper) < 0.02


def weekly_series(memory: float, weeks: int, count: int, seed: int = 1) -> np.ndarray:
    """Series whose weeks hang together: (count, weeks), around 0."""
    draw = np.random.default_rng(seed)
    noise = draw.normal(0, 1, (count, weeks + 60))
    series = np.zeros_like(noise)
    for week in range(1, weeks + 60):
        series[:, week] = memory * series[:, week - 1] + noise[:, week]
    return series[:, 60:]


def held_of_means(memory: float, weeks: int, count: int, by_day: bool) -> float:
    """How often the interval of a mean held the true one; ``memory`` is from day to day, or week to week."""
    series = weekly_series(memory, 7 * weeks if by_day else weeks, count)
    if by_day:
        series = series.reshape(count, weeks, 7).mean(axis=2)
    return float(np.mean([low <= 0 <= high for low, high in map(mean_interval, series)]))


@pytest.mark.parametrize(
    ("memory", "weeks", "by_day"),
    [(0.0, 8, True), (0.9, 8, True), (0.5, 8, False), (0.9, 52, True), (0.7, 52, False)],
)
def test_interval_of_a_mean_holds_on_series_with_memory(
    memory: float, weeks: int, by_day: bool
) -> None:
    """The mean of days and weeks that hang together lies in its interval 93 to 97 times of 100."""
    assert 0.93 <= held_of_means(memory, weeks, 4000, by_day) <= 0.97


@pytest.mark.long
@pytest.mark.parametrize("memory", [0.0, 0.5, 0.8, 0.9, 0.95])
@pytest.mark.parametrize("weeks", [8, 13, 26, 52])
def test_interval_of_a_mean_holds_over_more_memories(memory: float, weeks: int) -> None:
    """The same with a memory of up to 0.95 from day to day, where 8 weeks are too few: 92 of 100."""
    least = 0.91 if (memory, weeks) == (0.95, 8) else 0.93
    assert least <= held_of_means(memory, weeks, 20_000, by_day=True) <= 0.975


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("others", SIZES)
def test_interval_of_a_difference_of_shares_holds(n: int, others: int) -> None:
    """A share less another, of other people, is in its interval 93 to 97 times of 100."""
    draw = np.random.default_rng(n + others)
    held = []
    for share, other in ((0.2, 0.15), (0.45, 0.4), (0.6, 0.6)):
        mine = 100 * draw.binomial(n, share, 1000) / n
        theirs = 100 * draw.binomial(others, other, 1000) / others
        ends = [
            zip(*share_intervals(pd.Series(shares), pd.Series(np.full(1000, size))), strict=True)
            for shares, size in ((mine, n), (theirs, others))
        ]
        intervals = map(of_difference, mine, ends[0], theirs, ends[1])
        held += [low <= 100 * (share - other) <= high for low, high in intervals]
    assert 0.93 <= np.mean(held) <= 0.97


@pytest.mark.parametrize("n", daily(*SIZES[:-1], of=SIZES))
def test_interval_of_a_difference_of_medians_holds(n: int) -> None:
    """A median less a baseline's of four times the attempts is in its interval 94 to 98 times of 100."""
    draw = np.random.default_rng(n)
    held = []
    for _ in range(2000):
        mine, theirs = (np.sort(8 * np.exp(draw.normal(0, 0.75, size))) for size in (n, 4 * n))
        values = float(np.median(mine)), float(np.median(theirs))
        low, high = of_difference(values[0], ranked(mine, 0.5), values[1], ranked(theirs, 0.5))
        held.append(low <= 0 <= high)
    assert 0.94 <= np.mean(held) <= 0.98


def test_usual_swing_calls_few_changes_unusual() -> None:
    """Where nothing happens, a change between windows of 4 weeks is outside it under 8 times of 100."""
    unusual = []
    for row in weekly_series(0.5, 60, 400, seed=3):
        weeks = pd.Series(row)
        swing = usual_swing(weeks, 4, 4)
        unusual.append(abs(weeks[-4:].mean() - weeks[-8:-4].mean()) > swing)
    assert np.mean(unusual) < 0.08
    step = pd.Series([*weekly_series(0.5, 56, 1)[0], *(weekly_series(0.5, 4, 1, 9)[0] + 9)])
    assert abs(step[-4:].mean() - step[-8:-4].mean()) > usual_swing(step, 4, 4)
