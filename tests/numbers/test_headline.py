"""Headlines of KPIs: a value of 28 days, its change and its last day, beside plain loops."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import oracle
import pytest
from conftest import Store, environment
from event_files import write
from goals_oracle import daily, value_over
from logs import random_log

from kpi.meaning.filters import Filters, Period
from kpi.meaning.kpis import KPIS
from kpi.numbers.headline import Headline, LastDay, headline
from kpi.numbers.kpi_values import KpiValues, Subject, WindowValue
from kpi.numbers.warehouse import open_warehouse
from kpi.settings import Settings

GOALS = (
    "engagement_ratio",
    "multi_device_percent",
    "connection_time_new",
    "connection_time_existing",
)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[KpiValues, oracle.Log]]:
    """A random log of four months with a hole, with every cell."""
    log = random_log(31, first="2016-01-01", days=125, unloaded=(40,))
    store = Store(tmp_path_factory.mktemp("headlines"))
    store.load(write(store.files / "events.parquet", log))
    store.summarise()
    with environment(**store.settings()):
        warehouse = open_warehouse(Settings.read())
    yield KpiValues(warehouse, 0), oracle.Log(log)
    warehouse.close()


def of(values: KpiValues, name: str, filters: Filters = Filters(), **chosen: object) -> Headline:
    """The headline of a KPI for the last complete day."""
    return headline(values, Subject(KPIS[name], filters), values.last_day, **chosen)


@pytest.mark.parametrize("name", GOALS)
@pytest.mark.parametrize("users", [None, "existing"])
@pytest.mark.parametrize("days_before", [28, 56])
def test_value_and_change_equal_plain_loops(
    filled: tuple[KpiValues, oracle.Log], name: str, users: str | None, days_before: int
) -> None:
    """Both windows are those of the oracle, under a filter too, and the change is their difference."""
    values, log = filled
    shown = of(values, name, Filters(users=users), days_before=days_before)
    expected = []
    for shift in (0, days_before):
        last = values.last_day - timedelta(days=shift)
        window = ((last - timedelta(days=27)).isoformat(), last.isoformat())
        expected.append(value_over(log, name, oracle.Filters(users=users), window)[0])
    assert shown.now.value == pytest.approx(expected[0])
    assert shown.before.value == pytest.approx(expected[1])
    if None not in expected:
        assert shown.change == pytest.approx(expected[0] - expected[1])


def test_monthly_users_are_the_last_days_and_daily_users_a_mean(
    filled: tuple[KpiValues, oracle.Log],
) -> None:
    """Users of 28 days aren't averaged over 28 days more; daily users are."""
    values, log = filled
    last, first = values.last_day, values.last_day - timedelta(days=27)
    rows = [r for r in log.engagement(oracle.Filters()) if r["audience"] == "all"]
    by_day = {row["day"]: row for row in rows}
    assert of(values, "mau").now.value == by_day[last.isoformat()]["mau"]
    users = [by_day[(first + timedelta(days=n)).isoformat()]["dau"] for n in range(28)]
    assert of(values, "dau").now.value == pytest.approx(sum(users) / 28)


def test_last_day_is_its_own_value_with_its_n(filled: tuple[KpiValues, oracle.Log]) -> None:
    """The small print has the day's value and the users or attempts of that day alone."""
    values, log = filled
    shown = of(values, "engagement_ratio").last
    assert shown.day == values.last_day
    ratios = daily(log, "engagement_ratio", oracle.Filters())
    assert shown.value == pytest.approx(ratios[values.last_day.isoformat()])
    assert shown.n == of(values, "mau").now.value


def test_change_is_absent_where_a_window_is(filled: tuple[KpiValues, oracle.Log]) -> None:
    """Compared with days before the store begins there is no change, and nothing is unusual."""
    values, _ = filled
    shown = of(values, "engagement_ratio", days_before=364)
    assert (shown.change, shown.unusual) == (None, False)
    assert shown.now.value is not None
    assert shown.before.reason == "no value on any day of 9 Apr – 6 May 2015"


def test_swing_needs_a_history() -> None:
    """A change is unusual only beyond a known swing."""
    subject = Subject(KPIS["engagement_ratio"])
    window = Period(date(2016, 1, 1), date(2016, 1, 28))
    now, before = WindowValue(window, 40.0), WindowValue(window, 38.0)
    last = LastDay(date(2016, 1, 28), 40.0, 10)
    assert not Headline(subject, now, before, last).unusual
    assert not Headline(subject, now, before, last, swing=2.0).unusual
    assert Headline(subject, now, before, last, swing=1.9).unusual
