"""Weeks: distinct users are never added over days, attempts are pooled, small rests stay hidden."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from conftest import LONG, environment
from differencing import sums_that_come_out
from product import table_of

from kpi.meaning import periods
from kpi.meaning.filters import Filters, Period
from kpi.meaning.question import Question
from kpi.meaning.tables import EXPORTED, TABLES
from kpi.numbers import weeks
from kpi.numbers.warehouse import Warehouse, open_warehouse
from kpi.settings import Settings

EVERYONE = Filters()
WHOLE = Period()

BY_DAY = [name for name in EXPORTED if TABLES[name].accepts("weekly")]
"""The exported tables with rows by day."""


@pytest.fixture(scope="module")
def warehouse(demo_home: Path) -> Iterator[Warehouse]:
    """The demo store."""
    with environment(KPI_HOME=str(demo_home)):
        opened = open_warehouse(Settings.read())
    yield opened
    opened.close()


def weekly(warehouse: Warehouse, name: str, **options: object) -> pd.DataFrame:
    """A measure by week with no cell hidden."""
    return table_of(warehouse, name, min_users=0, weekly=True, **options)


@pytest.mark.parametrize("name", BY_DAY)
def test_every_row_is_a_whole_week(warehouse: Warehouse, name: str) -> None:
    """A row is told under a Sunday, from the first whole week to the last one that is complete."""
    days = weekly(warehouse, name)["day"]
    assert set(days.dt.day_of_week) == {6}
    assert days.max() <= pd.Timestamp(warehouse.publication.last_complete_day)


def test_users_of_a_week_are_a_mean_and_the_ratio_is_that_of_its_sunday(
    warehouse: Warehouse,
) -> None:
    """Daily users are the mean of seven days; MAU and ratio equal the Sunday's own."""
    by_day = table_of(warehouse, "engagement", min_users=0).set_index(["day", "audience"])
    by_week = weekly(warehouse, "engagement").dropna()
    for row in by_week.itertuples(index=False):
        days = pd.date_range(end=row.day, periods=7, unit="s")
        daily = [by_day.loc[(day, row.audience), "dau"] for day in days]
        assert row.dau == pytest.approx(sum(daily) / 7)
        sunday = by_day.loc[(row.day, row.audience)]
        assert (row.mau, row.engagement_ratio) == (sunday["mau"], sunday["engagement_ratio"])


def test_multi_device_percent_of_a_week_is_of_its_means(warehouse: Warehouse) -> None:
    """The share is of the mean counts, which is the share over all the week's user-days."""
    by_day = table_of(warehouse, "multi-device", min_users=0).set_index("day")
    for row in weekly(warehouse, "multi-device").dropna().itertuples(index=False):
        days = by_day.loc[pd.date_range(end=row.day, periods=7, unit="s")]
        several, everyone = days["daily_multi_device_users"].sum(), days["daily_users"].sum()
        assert row.daily_multi_device_percent == pytest.approx(100 * several / everyone)
        assert row.daily_users == pytest.approx(everyone / 7)


def test_times_of_a_week_are_pooled(warehouse: Warehouse) -> None:
    """A week's median is of all its attempts, never an average of its days' medians."""
    by_week = weekly(warehouse, "connection-time").dropna()
    assert len(by_week) > 10
    for row in by_week.tail(10).itertuples(index=False):
        last = row.day.date()
        week = Period(last - timedelta(days=6), last)
        question = Question("connection-breakdown", period=week, by="users", shown_from=0)
        mine = warehouse.ask(question).table.set_index("users").loc[row.account]
        assert row.connections == mine["connections"]
        assert row.median_seconds == pytest.approx(mine["median_seconds"])


def test_period_that_begins_within_a_week_has_whole_weeks(warehouse: Warehouse) -> None:
    """A row of a week is the same whatever day the period begins on."""
    whole = weekly(warehouse, "completion").dropna().set_index("day")
    some = weekly(warehouse, "completion", period=Period(date(2016, 2, 3), date(2016, 2, 25)))
    assert some["day"].dt.date.tolist() == [date(2016, 2, 7), date(2016, 2, 14), date(2016, 2, 21)]
    for row in some.itertuples(index=False):
        assert row.begun == whole.loc[row.day, "begun"]


@pytest.mark.parametrize(
    ("name", "count", "levels"),
    [
        ("connection-time", "connections", ["account"]),
        ("completion", "begun", []),
        ("steps", "reached", ["step"]),
    ],
)
def test_a_week_never_tells_of_its_hidden_days(
    warehouse: Warehouse, name: str, count: str, levels: list[str]
) -> None:
    """A week less its days that are shown is never a count of 1 to 9 people."""
    by_week = table_of(warehouse, name, weekly=True).dropna(subset=[count])
    by_day = table_of(warehouse, name)
    shown = by_day.assign(day=weeks.sunday(by_day["day"])).groupby(["day", *levels])[count].sum()
    rest = (
        by_week.set_index(["day", *levels])[count]
        .sub(shown, fill_value=0)
        .loc[by_week.set_index(["day", *levels]).index]
    )
    assert len(rest)
    assert not ((rest > 0) & (rest < 10)).any()


SHOWN_AS = {1: {}, 7: {"weekly": True}, 28: {"monthly": True}}
"""The days of a point, and how to ask for it."""


@pytest.mark.parametrize(
    ("name", "counts", "levels"),
    [
        ("completion", ["begun", "completed"], []),
        pytest.param("connection-time", ["connections"], ["account"], marks=pytest.mark.long),
        pytest.param("steps", ["reached"], ["step"], marks=pytest.mark.long),
    ],
)
def test_days_weeks_and_four_weeks_reveal_no_few(
    warehouse: Warehouse, name: str, counts: list[str], levels: list[str]
) -> None:
    """Somebody who adds and subtracts all points of all lengths gets no number of 1 to 9 people."""
    four_weeks = 0
    asked = ((None, EVERYONE), ("users", EVERYONE), (None, Filters(not_os=("iOS",))))
    for by, filters in asked if LONG else asked[:2]:
        shown: dict[object, list[tuple[int, int, float]]] = defaultdict(list)
        for length, options in SHOWN_AS.items():
            table = table_of(warehouse, name, filters, by=by, **options)
            for row in table.to_dict("records"):
                after = row["day"].toordinal() + 1
                for count in counts:
                    if not pd.isna(row[count]):
                        course = (
                            count,
                            *(row[level] for level in (*levels, *([by] if by else []))),
                        )
                        shown[course].append((after - length, after, row[count]))
                        four_weeks += length == 28 and row[count] > 0
        for course, points in shown.items():
            assert not sums_that_come_out(points, 10), course
    assert four_weeks > 3


def test_four_weeks_are_fixed(warehouse: Warehouse) -> None:
    """They are the same four whole weeks for every reader and period; a year before has others of them."""
    every = table_of(warehouse, "completion", min_users=0, monthly=True)
    days = every["day"].tolist()
    assert {(day - pd.Timestamp(1970, 1, 4)).days % 28 for day in days} == {0}
    assert len(days) > 4 and (every["day"].diff().dropna() == pd.Timedelta(days=28)).all()
    period = Period(days[2].date() - timedelta(days=3), days[3].date() + timedelta(days=3))
    some = table_of(warehouse, "completion", period=period, min_users=0, monthly=True)
    pd.testing.assert_frame_equal(some, every.iloc[2:4].reset_index(drop=True))
    assert 364 % 28 == 0


# --- comparing periods ----------------------------------------------------------------------------

LOADED_FROM = date(2015, 1, 1)


@pytest.mark.parametrize("name", periods.COMPARISONS[1:4])
def test_compared_days_are_the_same_weekdays_and_do_not_overlap(name: str) -> None:
    """Every comparison shifts by whole weeks, at least by the period's own length."""
    first, last = date(2016, 1, 1), date(2016, 6, 14)
    comparison, words = periods.compared(name, first, last, LOADED_FROM)
    assert comparison is not None
    assert comparison.days % 7 == 0
    assert comparison.days >= (last - first).days + 1
    assert "weekdays" in words


def test_a_year_before_is_364_days() -> None:
    """A Tuesday stands beside the Tuesday 52 weeks before; 2015 is so many years of 52 weeks."""
    first, last = date(2016, 5, 1), date(2016, 6, 14)
    assert periods.compared("a year before", first, last, LOADED_FROM)[0].days == 364
    later = date(2017, 5, 1), date(2017, 6, 14)
    assert periods.compared("2015", *later, LOADED_FROM)[0].days == 2 * 364


def test_custom_comparison_has_as_many_days_on_the_same_weekdays() -> None:
    """It begins on the weekday of the period that is nearest to the chosen day, and overlaps nothing."""
    first, last = date(2016, 1, 1), date(2016, 3, 31)  # a Friday; 91 days
    comparison, words = periods.compared("custom", first, last, LOADED_FROM, date(2015, 7, 1))
    assert comparison.days == 26 * 7
    assert "Compared with 3 Jul – 1 Oct 2015" in words and "moved by 2 days" in words
    comparison, words = periods.compared("custom", first, last, LOADED_FROM, date(2015, 10, 6))
    assert comparison is None
    assert "would overlap" in words and "2 Oct 2015 or an earlier day" in words


@pytest.mark.parametrize(
    ("name", "first", "last", "why"),
    [
        ("a year before", date(2015, 1, 1), date(2016, 6, 14), "a year or less"),
        ("2015", date(2015, 3, 1), date(2015, 4, 1), "must lie after 2015"),
        ("2015", date(2016, 1, 1), date(2017, 6, 1), "within a year"),
        ("previous period", date(2015, 1, 1), date(2015, 2, 1), "the data begins on 1 Jan 2015"),
    ],
)
def test_unequal_periods_are_refused_with_a_sentence(
    name: str, first: date, last: date, why: str
) -> None:
    """What can't be compared fairly isn't compared, and says why."""
    comparison, words = periods.compared(name, first, last, LOADED_FROM)
    assert comparison is None
    assert why in words


def test_compared_rows_stand_under_the_days_they_are_beside() -> None:
    """The rows of the compared days carry the period's own days; the table stays as it was."""
    days = pd.date_range("2016-01-01", periods=56, unit="s")
    table = pd.DataFrame({"day": days, "value": range(56)})
    comparison, _ = periods.compared(
        "previous period", date(2016, 1, 29), date(2016, 2, 25), date(2016, 1, 1)
    )
    rows = comparison.of(table, Period(date(2016, 1, 29), date(2016, 2, 25)))
    assert rows["value"].tolist() == list(range(28))
    assert rows["day"].tolist() == days[28:].tolist()
    assert table["day"].tolist() == days.tolist()


def test_days_the_wrong_way_round_are_exchanged_with_a_notice() -> None:
    """A period that ends before it begins is read the other way round, and says so."""
    period, notice = periods.custom(date(2016, 2, 1), date(2016, 1, 1))
    assert (period.first, period.last) == (date(2016, 1, 1), date(2016, 2, 1))
    assert "exchanged" in notice
    assert periods.custom(date(2016, 1, 1), date(2016, 2, 1))[1] == ""
