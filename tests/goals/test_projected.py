"""Projections that were published are stored, and compared with what came on their day."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from conftest import Store, parsed

from kpi.goals import projected, read
from kpi.goals.figures import Figures
from kpi.goals.projected import HORIZONS, YEAR_END, Projected, accounted, projections, shares
from kpi.goals.words import account_sentence, shares_sentence
from kpi.numbers.warehouse import open_warehouse
from kpi.settings import Settings

MADE = date(2016, 5, 8)
"""The day of the projections: 12 weeks before the demo's last day."""


@pytest.fixture(scope="module")
def figures(goals_home: Path) -> Iterator[Figures]:
    """Figures of the demo of eleven months."""
    with closing(open_warehouse(Settings(home=goals_home), 24)) as warehouse:
        yield Figures(warehouse, 0)


@pytest.fixture(scope="module")
def made(figures: Figures) -> list[Projected]:
    """The projections of all goals from a day on which 36 weeks were known."""
    return list(projections(figures, read(), 7, MADE))


def test_each_horizon_within_the_year_is_projected(made: list[Projected]) -> None:
    """A goal has a range for each horizon and for 31 December; of shares those further ahead are wider."""
    by_goal: dict[str, list[Projected]] = {}
    for each in made:
        by_goal.setdefault(each.goal_id, []).append(each)
        days = {YEAR_END: date(2016, 12, 31)}
        assert each.due == days.get(each.weeks, MADE + timedelta(weeks=each.weeks))
    assert len(by_goal) >= 5
    for rows in by_goal.values():
        assert [each.weeks for each in rows] == [*HORIZONS, YEAR_END]
    (share,) = [rows for name, rows in by_goal.items() if name == "multi_device_share"]
    assert share[0].high - share[0].low < share[-1].high - share[-1].low


def test_projections_are_compared_with_what_came(
    goals_home: Path, figures: Figures, made: list[Projected]
) -> None:
    """What came is, in plain loops, the mean of the 28 days that end on the day; held is inside the range."""
    store = Store(goals_home.parent)
    rows = store.must("export", "multi-device", "--min-users=0", KPI_HOME=str(goals_home)).text
    days = {row["day"]: row["daily_multi_device_percent"] for row in parsed(rows)}
    compared = 0
    for each in accounted(figures, read(), made):
        if each.due > figures.last_day:
            assert each.actual is None and each.held is None
        elif each.goal_id == "multi_device_share":
            window = [str(each.due - timedelta(days=back)) for back in range(28)]
            came = sum(days[day] for day in window) / 28
            assert each.actual == pytest.approx(came)
            assert each.held == (each.low <= came <= each.high)
            compared += 1
    assert compared == 2  # 4 and 9 weeks are over, 13 aren't


def test_shares_count_what_held() -> None:
    """By horizon, the share counts ranges whose day has come, and none else; the words name them."""
    row = Projected("share", MADE, 7, 9, MADE + timedelta(weeks=9), 39.0, 42.7)
    rows = [
        replace(row, actual=40.8),
        replace(row, actual=43.0),
        replace(row, weeks=4, actual=39.0),
        replace(row, weeks=26),
    ]
    assert shares(rows) == {4: (1, 1), 9: (1, 2)}
    held = account_sentence(rows[0], row.due, "percent")
    assert held == "9 weeks ago: 39.0% to 42.7%; it came to 40.8%."
    missed = account_sentence(rows[1], row.due + timedelta(days=7), "percent")
    assert missed.startswith("10 weeks ago for 10 Jul 2016: ") and "outside the range" in missed
    assert "1 of 1 for 4 weeks, 1 of 2 for 9 weeks." in shares_sentence(shares(rows))


def test_projections_are_stored_once_a_week(goals_home: Path, tmp_path: Path) -> None:
    """The newest publication's projections are stored once, and `export projections` prints them."""
    home = shutil.copytree(goals_home, tmp_path / "home", symlinks=True)
    settings = Settings(home=home)
    assert projected.remember(settings) > 5
    assert projected.remember(settings) == 0
    count = len(projected.stored(settings))
    store = Store(tmp_path)
    printed = store.must("export", "projections", KPI_HOME=str(home)).text
    assert printed.splitlines()[0] == "goal,as_of,publication,weeks,day,low,high,actual,held"
    assert len(printed.splitlines()) == count + 1
    assert store.run("export", "projections", "--os=Linux", KPI_HOME=str(home)).status == 2
