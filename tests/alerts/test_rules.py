"""Rules of alerts equal plain loops, unknown days count for nothing, and planted changes are reported."""

from __future__ import annotations

import math
from datetime import date, timedelta

import alerts_oracle as oracle
import numpy as np
import pandas as pd
import pytest

from benchmarks import alerts as simulated
from kpi.alerts import departures, verdicts
from kpi.alerts.file import STEP, SWING
from kpi.goals import MET, NO_DATA, NOT_MET, TOO_CLOSE
from kpi.meaning.measures import MEASURES

FIRST = date(2015, 1, 1)
RATIO = MEASURES["engagement_ratio"]


def series(seed: int, days: int = 300, unknown: float = 0.05) -> pd.Series:
    """A ratio with a rhythm of the week, noise with memory, two jumps and unknown days."""
    rng = np.random.default_rng(seed)
    noise = np.zeros(days)
    for day in range(1, days):
        noise[day] = 0.6 * noise[day - 1] + rng.normal(0, 0.5)
    level = 40 + np.array([2, 2, 1, 0, 0, -3, -4])[np.arange(days) % 7] + noise
    level[200:] -= 4
    level[250:253] += 12
    level[rng.random(days) < unknown] = np.nan
    return pd.Series(level, pd.date_range(FIRST, periods=days, name="day"))


def known(days: pd.Series) -> oracle.Days:
    """The days with a value."""
    return {day.date(): value for day, value in days.dropna().items()}


def assert_judged(table: pd.DataFrame, expected: oracle.Judged) -> None:
    """The same days, values, comparisons, widths and sides."""
    assert [day.date() for day in table.index] == [row[0] for row in expected]
    assert table["side"].tolist() == [row[4] for row in expected]
    numbers = table[["value", "usual", "half"]].to_numpy()
    assert np.allclose(numbers, [row[1:4] for row in expected], rtol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_swings_equal_plain_loops(seed: int) -> None:
    """Days beside those a week before, the usual swing, and stretches are those of plain loops."""
    days, touched = series(seed), [FIRST + timedelta(days=130)]
    table = departures.swings(days, RATIO, touched)
    expected = oracle.swings(known(days), touched)
    assert_judged(table, expected)
    got = departures.stretches(table, SWING)
    assert [(s.first, s.known, s.last, s.ended) for s in got] == oracle.stretches(expected, 3, 7)
    assert got


@pytest.mark.parametrize("seed", range(3))
def test_steps_equal_plain_loops(seed: int) -> None:
    """Days beside the median of their weekday, and stretches, are those of plain loops."""
    days = series(seed)
    n = pd.Series(np.random.default_rng(seed).integers(300, 900, len(days)), days.index)
    table = departures.steps(days, n, RATIO)

    def chance(usual: float, day: date) -> float:
        return 100 * math.sqrt(usual / 100 * (1 - usual / 100) / n[pd.Timestamp(day)])

    expected = oracle.steps(known(days), chance)
    assert_judged(table, expected)
    got = departures.stretches(table, STEP)
    assert [(s.first, s.known, s.last, s.ended) for s in got] == oracle.stretches(expected, 1, 1)
    assert got


@pytest.mark.parametrize("seed", range(20))
def test_changes_of_verdicts_equal_plain_loops(seed: int) -> None:
    """Lasting changes are those of plain loops over every day, and few verdicts are asked for."""
    rng = np.random.default_rng(seed)
    words = [MET, NOT_MET, TOO_CLOSE, NO_DATA]
    spells: list[str] = []
    while len(spells) < 300:
        spells += [words[rng.choice(4, p=[0.3, 0.3, 0.3, 0.1])]] * int(rng.integers(1, 70))
    days = {FIRST + timedelta(days=number): word for number, word in enumerate(spells[:300])}
    asked: set[date] = set()

    def verdict(day: date) -> str:
        asked.add(day)
        return days[day]

    got = verdicts.changes(verdict, FIRST, max(days))
    expected = oracle.verdict_changes(days, FIRST)
    assert [(c.first, c.known, c.before, c.after) for c in got] == expected
    assert len(asked) < 200


def test_a_verdict_that_wavers_is_no_story() -> None:
    """Six days of another verdict, or eight weeks less a day of one too close to call, change nothing."""
    spell = [MET] * 30 + [NOT_MET] * 6 + [MET] * 30 + [TOO_CLOSE] * 55 + [MET] * 30
    days = {FIRST + timedelta(days=number): word for number, word in enumerate(spell)}
    assert verdicts.changes(days.__getitem__, FIRST, max(days)) == []


def test_unknown_days_count_for_nothing() -> None:
    """Two days out of the usual and any number of unknown days are no story; a third known day is."""
    days = pd.date_range(FIRST, periods=10)
    table = pd.DataFrame({"value": 9.0, "usual": 5.0, "half": 1.0, "side": 0}, days)
    table.loc[days[[1, 5]], "side"] = 1
    gaps = table.drop(days[[3, 4, 6]])
    assert departures.stretches(gaps.rename_axis("day"), SWING) == []
    gaps.loc[days[8], "side"] = 1
    (only,) = departures.stretches(gaps.rename_axis("day"), SWING)
    assert (only.first, only.known, only.ended) == (days[1].date(), days[8].date(), None)


def test_the_farthest_day_is_on_the_side_of_the_beginning() -> None:
    """A fall whose recovery is larger is still said to be a fall, from its first report to its last."""
    days = pd.date_range(FIRST, periods=9, name="day")
    table = pd.DataFrame({"value": 5.0, "usual": 5.0, "half": 1.0, "side": 0}, days)
    table.loc[days[:3], ["value", "side"]] = [3.0, -1]
    table.loc[days[5], ["value", "side"]] = [9.0, 1]
    (only,) = departures.stretches(table, SWING)
    assert (only.value, only.peak, only.last) == (3.0, days[0].date(), days[5].date())


def test_a_change_that_does_not_show_is_no_change() -> None:
    """A series that hardly ever moves isn't out of the usual by what a tenth of a point doesn't show."""
    level = np.where(np.arange(200) < 150, 40.0, 40.04)
    days = pd.Series(level, pd.date_range(FIRST, periods=200))
    assert (departures.swings(days, RATIO)["side"] == 0).all()
    assert departures.stretches(departures.swings(days.where(days < 40.01, 40.4), RATIO), SWING)


def test_no_history_no_story() -> None:
    """With less than twelve weeks of changes nothing is called unusual, and of no day nothing is said."""
    assert departures.swings(series(1, 90, 0.0), RATIO).empty
    assert departures.stretches(departures.swings(series(1, 0), RATIO), SWING) == []


def test_a_lasting_drop_is_reported_in_a_week() -> None:
    """Of a demo of 20,000 people whose ratio falls by a point, three of four falls at least in each year.

    The long run has the figures of many years.
    """
    year = simulated.drawn(20_000, 3)
    ratio = year.ratio
    reported = [
        simulated.reported_within(
            simulated.of_ratio(ratio.where(ratio.index < day, ratio - 1.0)), SWING, day, 7
        )
        for day in list(simulated.planted_days())[::3]
    ]
    assert sum(reported) >= 3, reported
    assert len(simulated.begun(simulated.of_ratio(ratio), SWING)) <= 1


@pytest.mark.long
def test_figures_of_the_decision_hold() -> None:
    """Quiet years have at most a false alert each, and 90 of 100 drops of a point are reported in 7 days."""
    years = [simulated.drawn(20_000, seed) for seed in range(2001, 2101)]
    false = [len(simulated.begun(simulated.of_ratio(year.ratio), SWING)) for year in years]
    assert np.mean(false) <= 1
    reported = [at_once for year in years[:40] for at_once, *_ in simulated.drops(year)]
    assert np.mean(reported) >= 0.9
    assert np.mean([simulated.slow_notes(year) for year in years[:40]]) <= 1
