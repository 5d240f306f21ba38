"""Where the year will end: by hand where a hand can do it, by simulation where only chance can tell.

The coverage tests draw many series from a known law, project each from its own past, and count how
often the 80% range held what came. Seeds are fixed; a range that held in 75 to 85 of 100 cases keeps
its promise.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import daily

from kpi.goals import Goal, projection
from kpi.goals.backtest import backtest, moved_a_year_before, moved_as_far
from kpi.goals.blocks import block_of, circular_blocks, moving_blocks
from kpi.goals.projection import SEED, TooShort, project, simulated, usable
from kpi.goals.words import past_sentence

GOAL = Goal("share", "Share", "multi_device_percent", "floor", 20.0, 2016)
AS_OF = date(2016, 10, 30)  # 62 days before the year ends


def weeks_of(values: list[float] | np.ndarray, as_of: date = AS_OF) -> pd.Series:
    """Weekly values, the last of which ends on ``as_of``."""
    index = pd.date_range(end=pd.Timestamp(as_of), periods=len(values), freq="7D")
    return pd.Series(values, index=index, dtype=float)


# --- blocks -----------------------------------------------------------------------------------------


def test_draws_hold_whole_blocks_of_consecutive_weeks() -> None:
    """Within a block each week follows the one before; circular ones go on from the last to the first."""
    moving = moving_blocks(12, 4, 200, 1).reshape(200, 3, 4)
    assert (np.diff(moving, axis=2) == 1).all()
    circular = circular_blocks(12, 4, 200, 8, 1).reshape(200, 2, 4)
    assert (np.diff(circular, axis=2) % 12 == 1).all()
    assert set(circular.ravel()) == set(range(12))


def test_draws_are_the_same_for_everyone() -> None:
    """The same arguments give the same draws, in as many weeks as are asked for, more than there are too."""
    again = circular_blocks(26, 4, 50, 60, 7)
    circular_blocks.cache_clear()
    assert (circular_blocks(26, 4, 50, 60, 7) == again).all()
    assert again.shape == (50, 60)
    assert (circular_blocks(26, 4, 50, 60, 8) != again).any()


def test_blocks_are_longer_where_weeks_hang_together() -> None:
    """Weeks without memory are drawn in short blocks, weeks with a long one in longer, up to a quarter."""
    chance = np.random.default_rng(3)
    noise = chance.normal(size=100)
    assert block_of(noise) <= 3
    assert block_of(np.cumsum(noise)) > 6
    assert block_of(np.cumsum(noise)) <= 25
    assert block_of(np.full(40, 3.0)) == 2


# --- by hand ----------------------------------------------------------------------------------------


def test_steady_climb_goes_on() -> None:
    """Weeks that rise by 0.1 each rise on: 62 days later the figure is 0.1 x 62/7 higher, surely."""
    weeks = weeks_of(10 + 0.1 * np.arange(60))
    actual = float(weeks.iloc[-4:].mean())
    seen = project(GOAL, weeks, actual, AS_OF)
    low, high = seen.range_at_end()
    # Nine weeks ahead are 63 days; the days of the last scored week count as its whole.
    assert low == pytest.approx(high, abs=1e-6)
    assert low == pytest.approx(actual + 0.1 * 9, abs=0.03)
    assert seen.chance(GOAL, actual + 0.5) == 1.0
    assert seen.chance(GOAL, actual + 1.5) == 0.0
    assert list(seen.fan()["day"])[-1] == pd.Timestamp("2017-01-01")


def test_level_that_never_moved_stays() -> None:
    """A constant history gives a certain, constant projection, and a ceiling at it isn't met."""
    weeks = weeks_of([20.0] * 40)
    seen = project(GOAL, weeks, 20.0, AS_OF)
    assert seen.range_at_end() == (20.0, 20.0)
    assert seen.chance(GOAL, 20.0) == 1.0
    ceiling = Goal("c", "c", "connection_time_new", "ceiling", 20.0, 2016, lower=True)
    assert seen.chance(ceiling, 20.0) == 0.0


def test_days_already_known_count_in_the_last_window() -> None:
    """A week before the end, three of the four scored weeks are known, so that little can change."""
    chance = np.random.default_rng(5)
    weeks = weeks_of(30 + np.cumsum(chance.normal(0, 1, 80)), date(2016, 12, 24))
    actual = float(weeks.iloc[-4:].mean())
    seen = project(GOAL, weeks, actual, date(2016, 12, 24))
    middle = float(np.median(seen.at_end))
    known = float(weeks.iloc[-3:].sum())
    assert middle == pytest.approx((known + weeks.iloc[-1]) / 4, abs=0.15)
    low, high = seen.range_at_end()
    assert high - low < 1.0  # a quarter of one week's swing of about 2.6


def test_after_the_year_the_figure_is_what_it_is() -> None:
    """On 31 December nothing is left to chance."""
    weeks = weeks_of(np.random.default_rng(1).normal(20, 1, 60), date(2016, 12, 31))
    seen = project(GOAL, weeks, 20.4, date(2016, 12, 31))
    assert seen.range_at_end() == (20.4, 20.4)
    assert (seen.chance(GOAL, 20.4), seen.chance(GOAL, 20.5)) == (1.0, 0.0)


def test_percentages_stay_within_0_and_100_and_leads_may_be_negative() -> None:
    """A share near 100 can't pass it; a lead over Firefox may fall below zero."""
    chance = np.random.default_rng(2)
    seen = project(GOAL, weeks_of(98 + chance.normal(0, 2, 60)), 98.0, AS_OF)
    assert seen.at_end.max() <= 100.0
    assert seen.levels.max() <= 100.0
    lead = Goal("l", "l", "engagement_ratio", "comparator_plus", 5.0, 2016, comparator="ios")
    falling = project(lead, weeks_of(1 - 0.2 * np.arange(60)), -10.0, AS_OF)
    assert falling.at_end.max() < 0


@pytest.mark.parametrize("whole", [0, 1, 25])
def test_under_26_whole_weeks_there_is_a_reason_and_no_number(whole: int) -> None:
    """25 whole weeks are refused, with how many there are; bridged weeks don't count as whole."""
    values = [20.0] * whole + [float("nan")] * 5 if whole else []
    with pytest.raises(TooShort, match=f"{whole} whole week"):
        project(GOAL, weeks_of(values), 20.0, AS_OF)
    with pytest.raises(TooShort, match="26 are needed"):
        usable(weeks_of([20.0] * 12 + [float("nan")] * 10 + [20.0] * 13))
    assert project(GOAL, weeks_of([20.0] * 26), 20.0, AS_OF).known_weeks == 26


def test_gaps_are_bridged() -> None:
    """Weeks that aren't whole lie on a line between their neighbours."""
    known = usable(weeks_of([float("nan"), *[1.0] * 20, float("nan"), *[3.0] * 20]))
    assert len(known) == 41
    assert known.iloc[20] == 2.0


def test_yearly_pattern_is_known_after_two_years_only() -> None:
    """With 104 weeks a summer dip is foreseen, with 103 it isn't and the projection says so."""
    week = np.arange(150)
    values = (
        50
        + 5 * np.sin(2 * np.pi * week / (365.25 / 7))
        + np.random.default_rng(4).normal(0, 0.2, 150)
    )
    short = project(GOAL, weeks_of(values[:103]), 50.0, AS_OF)
    assert not short.yearly
    seen = simulated(values[:130], 20, 500, SEED)
    assert project(GOAL, weeks_of(values[:104]), 50.0, AS_OF).yearly
    assert np.abs(np.median(seen, axis=0) - values[130:]).max() < 1.0


def test_past_moves_are_counted_between_scored_windows() -> None:
    """Of six weeks' two-week moves of 2-week means, those at or beyond the needed one count."""
    weeks = weeks_of([0.0, 0.0, 1.0, 3.0, 3.0, 2.0])
    # Means of two weeks: 0, 0.5, 2, 3, 2.5; moves over two weeks: 2, 2.5, 0.5.
    assert moved_as_far(weeks, 2, 2.0, window=2) == (2, 3)
    assert moved_as_far(weeks, 2, 2.6, window=2) == (0, 3)
    assert moved_as_far(-weeks, 2, -2.5, window=2) == (1, 3)
    assert moved_as_far(weeks, 9, 0.0, window=2) == (0, 0)


def test_same_weeks_a_year_before_are_told_where_they_are_known() -> None:
    """52 weeks back, over as many weeks as are left; unknown in a shorter history or before the end."""
    weeks = weeks_of(np.arange(60.0))
    assert moved_a_year_before(weeks, 9) == 9.0
    assert moved_a_year_before(weeks.iloc[8:], 9) is None
    assert moved_a_year_before(weeks, 60) is None


def test_backtest_never_sees_the_weeks_it_is_judged_by() -> None:
    """A history that jumps at its end fails exactly the tries that lie before the jump."""
    calm = 20 + np.random.default_rng(6).normal(0, 0.1, 60)
    jumped = np.concatenate([calm[:-4], calm[-4:] + 50])
    before, after = backtest(weeks_of(calm), 4), backtest(weeks_of(jumped), 4)
    assert before.tries == after.tries == 60 - 26 - 4 + 1
    assert 0 < before.held - after.held <= 4


def test_backtest_tries_what_the_history_allows() -> None:
    """Where the year's end is further than the history, fewer weeks are tried, but 8 times at least."""
    weeks = weeks_of(np.random.default_rng(8).normal(20, 1, 45))
    found = backtest(weeks, 40)
    assert (found.wanted, found.weeks_ahead, found.tries) == (40, 12, 8)
    with pytest.raises(TooShort, match="34 whole weeks are needed"):
        backtest(weeks.iloc[:33], 4)


# --- coverage ---------------------------------------------------------------------------------------

Law = Callable[[np.random.Generator, int], np.ndarray]


def random_walk(chance: np.random.Generator, weeks: int) -> np.ndarray:
    """Every week's change is new, with a drift that nobody was told of."""
    return np.cumsum(chance.normal(chance.normal(0, 0.05), 0.3, weeks))


def heavy_walk(chance: np.random.Generator, weeks: int) -> np.ndarray:
    """The same with rare large changes."""
    return np.cumsum(0.2 * chance.standard_t(4, weeks))


def noisy_walk(chance: np.random.Generator, weeks: int) -> np.ndarray:
    """A walk under weekly noise, as a measure of few people has."""
    return np.cumsum(chance.normal(0, 0.15, weeks)) + chance.normal(0, 0.4, weeks)


def seasonal_walk(chance: np.random.Generator, weeks: int) -> np.ndarray:
    """A walk on top of a yearly pattern, as engagement has."""
    return _season(chance, weeks) + np.cumsum(chance.normal(0, 0.2, weeks))


def seasonal_noise(chance: np.random.Generator, weeks: int) -> np.ndarray:
    """A yearly pattern and a trend under noise that leaves no trace."""
    return _season(chance, weeks) + 0.02 * np.arange(weeks) + chance.normal(0, 0.4, weeks)


def slow_return(chance: np.random.Generator, weeks: int) -> np.ndarray:
    """A level that wanders for months and returns."""
    from scipy.signal import lfilter  # here, since it takes most of a second to import

    shocks = chance.normal(0, 0.3, weeks + 80)
    return np.asarray(lfilter([1.0], [1.0, -0.9], shocks))[80:]


def _season(chance: np.random.Generator, weeks: int) -> np.ndarray:
    turn = 2 * np.pi * np.arange(weeks) / (365.25 / 7)
    phase = chance.uniform(0, 2 * np.pi)
    return 2 * np.sin(turn + phase) + 0.6 * np.cos(2 * turn + phase)


def coverage(law: Law, history: int, ahead: int, series: int, seed: int) -> float:
    """How often the 80% range held the mean of the four weeks that end ``ahead`` weeks later."""
    chance = np.random.default_rng(seed)
    held = 0
    for number in range(series):
        values = law(chance, history + ahead)
        drawn = simulated(values[:history], ahead, 400, 1000 + number % 40)
        low, high = np.quantile(drawn[:, -4:].mean(axis=1), [0.1, 0.9])
        held += low <= values[-4:].mean() <= high
    return held / series


LAWS = [
    (random_walk, 52, 9),
    (random_walk, 96, 26),
    (heavy_walk, 96, 9),
    (noisy_walk, 96, 9),
    (seasonal_walk, 104, 9),
    (seasonal_walk, 156, 26),
    (seasonal_noise, 156, 9),
]


@pytest.mark.parametrize(
    ("law", "history", "ahead"),
    daily(LAWS[4], of=LAWS),
    ids=lambda told: getattr(told, "__name__", str(told)),
)
def test_80_percent_ranges_hold_in_75_to_85_of_100_cases(
    law: Law, history: int, ahead: int
) -> None:
    """The promise of 80 of 100 is kept on random walks, noisy ones, and series with a season."""
    assert 0.75 <= coverage(law, history, ahead, series=500, seed=2016) <= 0.85


@pytest.mark.long
@pytest.mark.parametrize(
    "law", [random_walk, heavy_walk, noisy_walk, seasonal_walk, seasonal_noise]
)
@pytest.mark.parametrize("ahead", [4, 9, 17])
def test_ranges_hold_over_more_laws_and_spans(law: Law, ahead: int) -> None:
    """The same for every law at three spans, with 1,500 series each."""
    history = 156 if law in (seasonal_walk, seasonal_noise) else 80
    assert 0.75 <= coverage(law, history, ahead, series=1500, seed=1) <= 0.85


def test_naive_resampling_of_changes_would_not_do() -> None:
    """What the method adds is needed: changes drawn alone, without drift's doubt, hold too seldom."""
    chance = np.random.default_rng(2016)
    held, series, history, ahead = 0, 400, 30, 26
    for number in range(series):
        values = random_walk(chance, history + ahead)
        changes = np.diff(values[:history])
        draws = circular_blocks(len(changes), 4, 400, ahead, number % 40)
        ends = values[history - 1] + np.cumsum(changes[draws], axis=1)[:, -4:].mean(axis=1)
        low, high = np.quantile(ends, [0.1, 0.9])
        held += low <= values[-4:].mean() <= high
    assert held / series < 0.70


def test_projection_after_a_gap_begins_with_the_last_known_week() -> None:
    """Weeks without a value before the day scored widen the range as much as weeks to come."""
    chance = np.random.default_rng(5)
    values = 40 + np.cumsum(chance.normal(0, 0.4, 80))
    whole = weeks_of(values)
    gap = whole.copy()
    gap.iloc[-10:] = np.nan
    as_of, end = whole.index[-1].date(), (whole.index[-1] + pd.Timedelta(weeks=4)).date()
    spans = []
    for weeks in (whole, gap):
        low, high = project(GOAL, weeks, float(values[-14]), as_of, end=end).range_at_end()
        spans.append(high - low)
    assert spans[1] > 1.5 * spans[0]
    assert len(project(GOAL, gap, float(values[-14]), as_of, end=end).weeks) == 14


@pytest.mark.parametrize("absent", [0, 1, 3])
def test_steady_climb_goes_on_after_a_gap(absent: int) -> None:
    """Where the last weeks have no value, the figure now is of those before, and the end is the same."""
    values = 10 + 0.1 * np.arange(60)
    weeks = weeks_of([*values[: 60 - absent], *[float("nan")] * absent])
    actual = float(values[56 : 60 - absent].mean())
    shown = project(GOAL, weeks, actual, AS_OF, end=AS_OF + timedelta(weeks=8))
    assert shown.range_at_end() == pytest.approx((values[56:].mean() + 0.8,) * 2, abs=1e-6)


def covered_after_a_gap(series: int) -> float:
    """How often the 80% range for 4 weeks ahead held, where the newest 3 weeks have no value."""
    chance = np.random.default_rng(12)
    held = 0
    for _ in range(series):
        values = 50 + random_walk(chance, 84)
        weeks = weeks_of([*values[:77], *[float("nan")] * 3])
        end = AS_OF + timedelta(weeks=4)
        low, high = project(GOAL, weeks, float(values[76]), AS_OF, 400, end).range_at_end()
        held += low <= values[80:].mean() <= high
    return held / series


def test_ranges_hold_after_a_gap() -> None:
    """A range that begins with the last known week holds as often as without a gap."""
    assert 0.7 <= covered_after_a_gap(250) <= 0.88


@pytest.mark.long
def test_ranges_hold_after_a_gap_of_many_series() -> None:
    """The same with 1,500 series, in 75 to 85 of 100."""
    assert 0.75 <= covered_after_a_gap(1500) <= 0.85


def test_past_projections_are_listed_with_what_came() -> None:
    """Each try has the days, its range and the mean of the weeks that came; those apart share no week."""
    weeks = weeks_of(20 + np.random.default_rng(6).normal(0, 0.1, 60))
    test = backtest(weeks, 4, scored_weeks=2)
    assert len(test.past) == test.tries
    assert sum(past.held for past in test.past) == test.held
    assert test.past[-1].due == AS_OF
    for past in test.past:
        assert past.due - past.made == timedelta(weeks=4)
        came = weeks[pd.Timestamp(past.due - timedelta(weeks=1)) : pd.Timestamp(past.due)]
        assert past.came == pytest.approx(came.mean())
    ends = [(past.made, past.due) for past in test.apart]
    assert ends[0][1] == AS_OF
    assert all(older[1] == newer[0] for newer, older in pairwise(ends))
    said = past_sentence(test.past[-1], "percent")
    assert said.startswith("From the weeks to 2 Oct 2016: 19.")
    assert "by 30 Oct 2016; " in said


@pytest.mark.parametrize("drift", [0.0, 0.3])
def test_a_drift_is_as_likely_as_the_history_makes_it(drift: float) -> None:
    """A steady climb goes on; where the level only wanders, most draws have no drift."""
    chance = np.random.default_rng(11)
    moved = []
    for _ in range(40):
        levels = 100 + np.cumsum(chance.normal(drift, 0.3 if drift else 1.0, 80))
        moved.append(np.median(simulated(levels, 26, 200, 1)[:, -1]) - levels[-1])
    if drift:
        assert np.mean(moved) == pytest.approx(26 * drift, rel=0.15)
    else:
        spread_of_the_mean_change = 26 / np.sqrt(79)
        assert np.std(moved) < 0.8 * spread_of_the_mean_change


def score_of_drifts(law: Law, series: int) -> float:
    """The interval score of ranges 26 weeks ahead, as a multiple of that of ranges that always drift.

    The score of a range is its width and, for a value outside it, ten times the distance (Gneiting and
    Raftery 2007): less is better.
    """

    def drifting(changes: np.ndarray, ahead: int, yearly: bool) -> list[Any]:
        fits = every_fit(changes, ahead, yearly)
        return fits[: len(fits) // 2]

    every_fit = projection._fits
    chance = np.random.default_rng(7)
    scores: dict[Any, float] = {every_fit: 0.0, drifting: 0.0}
    for _ in range(series):
        values = law(chance, 106)
        came = values[-4:].mean()
        for fits in scores:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(projection, "_fits", fits)
                drawn = simulated(values[:80], 26, 200, SEED)
            low, high = np.quantile(drawn[:, -4:].mean(axis=1), [0.1, 0.9])
            scores[fits] += high - low + 10 * (max(low - came, 0) + max(came - high, 0))
    return scores[every_fit] / scores[drifting]


@pytest.mark.parametrize(
    ("law", "at_most"),
    daily(
        (noisy_walk, 0.95),
        (random_walk, 1.05),
        of=[(noisy_walk, 0.95), (slow_return, 0.95), (random_walk, 1.05)],
    ),
)
def test_drifts_weighed_by_their_errors_give_better_ranges(law: Law, at_most: float) -> None:
    """Where a level only wanders, ranges score better than with a drift in every draw."""
    assert score_of_drifts(law, 80) <= at_most
