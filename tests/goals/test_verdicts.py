"""Verdicts of goals, and how often they are wrong: by simulated samples whose truth is known."""

from __future__ import annotations

from collections import Counter
from datetime import date
from statistics import median

import numpy as np
import pytest
from conftest import daily
from goals_oracle import ranked

from kpi.goals.figures import Figures
from kpi.goals.file import Goal
from kpi.goals.scoring import MET, NO_DATA, NOT_MET, TOO_CLOSE, Score, score
from kpi.meaning.filters import Period
from kpi.numbers.kpi_values import WindowValue
from kpi.numbers.uncertainty import share_interval

AS_OF = date(2016, 10, 31)
TIME = Goal("time", "Time", "connection_time_new", "ceiling", 10.0, 2016, lower=True)
SHARE = Goal("share", "Share", "multi_device_percent", "floor", 20.0, 2016)
RATIO = Goal("ratio", "Ratio", "engagement_ratio", "baseline_plus", 5.0, 2016)


class Values(Figures):
    """Figures with given values: of the goal's year, and of the baseline before it."""

    def __init__(self, actual: WindowValue, baseline: WindowValue) -> None:
        self.last_day, self.definitions, self.min_users, self.frozen = AS_OF, "", 0, ()
        self.by_year = {2016: actual, 2015: baseline}

    def over(self, goal: Goal, window: Period) -> WindowValue:
        """The value given for the year that the window ends in."""
        return self.by_year[window.bounds[1].year]


def value_of_times(times: np.ndarray) -> WindowValue:
    """The pooled median of attempts, with its interval by ranks."""
    ordered = sorted(times.tolist())
    ends = ranked(ordered, 0.5)
    return WindowValue(
        Period(AS_OF, AS_OF), median(ordered), len(ordered), 1, AS_OF, tuple(ends) if ends else None
    )


def value_of_share(percent: float, n: int) -> WindowValue:
    """A share of people, with its interval."""
    return WindowValue(Period(AS_OF, AS_OF), percent, n, 1, AS_OF, share_interval(percent, n))


def scored(goal: Goal, actual: WindowValue, baseline: WindowValue | None = None) -> Score:
    """The score of a value and a baseline; of no baseline by default."""
    return score(Values(actual, baseline or WindowValue(Period(), None, reason="none")), goal)


def times_with_median(seconds: float, n: int, samples: int) -> np.ndarray:
    """Samples of attempts' times that are as skewed as those of real attempts."""
    return seconds * np.exp(np.random.default_rng(n).normal(0, 0.75, (samples, n)))


def test_wrong_met_is_rare_where_attempts_are_few() -> None:
    """Of 26 attempts with a true median 10% over the ceiling, under 2% are met; by the sign over 20%."""
    verdicts = [scored(TIME, value_of_times(row)) for row in times_with_median(11.0, 26, 4000)]
    counted = Counter(verdict.status for verdict in verdicts)
    assert counted[MET] / 4000 < 0.02
    assert counted[TOO_CLOSE] / 4000 > 0.8
    assert np.mean([verdict.plain_status == MET for verdict in verdicts]) > 0.2


@pytest.mark.parametrize("n", daily(30, 300, of=(30, 300, 3000)))
def test_wrong_verdicts_of_a_time_on_its_ceiling_are_rare(n: int) -> None:
    """Where the truth is the ceiling itself, 95 of 100 are too close to call; no side is favoured."""
    rows = times_with_median(10.0, n, 2000)
    counted = Counter(scored(TIME, value_of_times(row)).status for row in rows)
    assert counted[TOO_CLOSE] / 2000 >= 0.94
    assert max(counted[MET], counted[NOT_MET]) / 2000 <= 0.035


@pytest.mark.parametrize("n", daily(30, of=(30, 300, 3000)))
def test_gap_interval_of_a_share_holds(n: int) -> None:
    """The true gap from a floor is in the interval 93 to 97 times of 100; a far gap has its verdict."""
    draw = np.random.default_rng(n)
    held = []
    for truth in (16.0, 20.0, 31.0):
        for got in draw.binomial(n, truth / 100, 800):
            verdict = scored(SHARE, value_of_share(100 * got / n, n))
            held.append(verdict.low <= truth - 20 <= verdict.high)
    assert 0.93 <= np.mean(held) <= 0.97
    assert scored(SHARE, value_of_share(20 + 250 / n**0.5, n)).status == MET
    assert scored(SHARE, value_of_share(max(20 - 150 / n**0.5, 0), n)).status == NOT_MET


@pytest.mark.parametrize("n", daily(30, of=(30, 300, 3000)))
def test_gap_interval_of_a_ratio_over_its_baseline_is_an_upper_bound(n: int) -> None:
    """Of people who come on 0 to 7 days, the true gap is in the interval 95 times of 100 or more."""
    draw = np.random.default_rng(n)
    truths = 100 * np.array([0.9 / 2.0, 0.7 / 1.8])
    held = []
    for _ in range(600):
        now, before = (
            float(100 * draw.binomial(7, draw.beta(a, 1.1, n)).mean() / 7) for a in (0.9, 0.7)
        )
        verdict = scored(RATIO, value_of_share(now, n), value_of_share(before, n))
        held.append(verdict.low <= truths[0] - truths[1] - 5 <= verdict.high)
    assert np.mean(held) >= 0.95


def test_verdict_needs_an_interval_and_a_target() -> None:
    """Without attempts there is no data; of one, or of a few, it is too close to call, and says why."""
    absent = WindowValue(Period(AS_OF, AS_OF), None, reason="no value")
    assert (scored(TIME, absent).status, scored(TIME, absent).reason) == (NO_DATA, "no value")
    for n in (1, 5):
        verdict = scored(TIME, value_of_times(np.full(n, 3.0)))
        assert verdict.status == TOO_CLOSE
        assert "too few for an interval" in str(verdict.reason)
    assert scored(TIME, value_of_times(np.full(30, 3.0))).status == MET
    assert scored(RATIO, value_of_share(40.0, 30)).status == NO_DATA
