"""Trends are thick lines before faint days; where points of few attempts are hidden, they are wider."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
from app_pages import alts, opened, words
from conftest import environment
from streamlit.testing.v1 import AppTest

from kpi import charts
from kpi.charts.layers import with_runs
from kpi.charts.values import values_drawn
from kpi.numbers.users import week_means


def users(days: int = 20) -> pd.DataFrame:
    """The columns of `multi_device` that charts read; nothing is known on the tenth day."""
    table = pd.DataFrame({"day": pd.date_range("2016-01-04", periods=days)})
    for name in ("daily", "monthly"):
        table[f"{name}_users"] = pd.array([100 + 10 * (day % 7) for day in range(days)], "Int64")
        table[f"{name}_multi_device_users"] = pd.array(range(10, 10 + days), "Int64")
        share = 100 * table[f"{name}_multi_device_users"] / table[f"{name}_users"]
        table[f"{name}_multi_device_percent"] = share.astype("Float64")
    table.loc[9, [name for name in table if "daily" in name]] = pd.NA
    return table


def test_week_means_are_of_seven_days_that_are_known() -> None:
    """The percent is of the mean counts; a mean over an unknown day is absent."""
    table, means = users(), week_means(users())
    for day in range(len(table)):
        days = table.iloc[max(day - 6, 0) : day + 1]
        value = means.loc[day, "daily_multi_device_percent"]
        if len(days) < 7 or days["daily_users"].isna().any():
            assert pd.isna(value)
        else:
            share = 100 * days["daily_multi_device_users"].sum() / days["daily_users"].sum()
            assert math.isclose(value, share)
    assert means["monthly_users"].equals(table["monthly_users"])


def test_days_are_thin_and_move_neither_axis_nor_label() -> None:
    """The label has the value of the thick line, the tooltip both; a day far above is noted, not fitted."""
    table = users()
    table.loc[15, "daily_multi_device_percent"] = 95.0
    chart = charts.multi_device_users(week_means(users()), percent=True, days=table)
    spec = charts.specified(chart)
    thin, *_, thick = (layer for layer in spec.spec["layer"] if layer["mark"]["type"] == "line")
    assert thin["mark"]["strokeWidth"] < 2 and thin["mark"]["opacity"] < 0.5
    assert thick["encoding"]["y"]["scale"]["domain"][1] < 40
    note = " ".join(spec.spec["title"]["text"])
    assert "thick: 7-day mean; thin: days" in note and "exceeds the chart on 1 day" in note
    tips = chart.layer[-1].data["words"][-1].as_py()
    assert {"Of daily users", "Of daily users, 7-day mean", "Of monthly users"} < set(tips)


WEEK, FOUR_WEEKS = "A point is a week: ", "A point is four weeks, shown on their last Sunday: "


def spans(page: AppTest) -> list[str]:
    """The sentences on wider points of a page, up to the reason."""
    said = [str(part.value) for part in page.caption]
    return [span for text in said for span in (WEEK, FOUR_WEEKS) if text.startswith(span)]


def test_days_of_few_attempts_become_weeks_or_four(demo_home: Path, no_caches: None) -> None:
    """Where few match on most days points are weeks, where few match in most weeks four of them; it is said.

    So it is where the reader chose weeks. Times are of fewer attempts than completion is.
    """
    with environment(KPI_HOME=str(demo_home), KPI_MIN_USERS="10"):
        for granularity, said in (("day", [FOUR_WEEKS, WEEK]), ("week", [FOUR_WEEKS])):
            page = opened("pages/connection_time.py", period="all", granularity=granularity)
            assert not page.exception
            assert spans(page) == said
            assert "four weeks, shown on their last Sunday: in most weeks fewer than 10" in words(
                page
            )
            assert any(alt.startswith("Time to connect") for alt in alts(page))


def test_four_weeks_are_a_line() -> None:
    """Points four weeks apart are joined, and a point without a value breaks the line."""
    days = pd.date_range("2016-01-31", periods=6, freq="28D", unit="s")
    values = [5.0, 6.0, 7.0, None, 8.0, 9.0]
    frame = pd.DataFrame({"day": days, "value": values})
    rows = values_drawn(frame, "new", frame["value"], [""] * 6, complete=True)
    assert with_runs(rows).run.tolist() == [1, 1, 1, 2, 3, 3]


def test_period_of_few_attempts_has_its_own_median(demo_home: Path, no_caches: None) -> None:
    """Where no week has enough attempts, the period's are told together, with their number."""
    with environment(KPI_HOME=str(demo_home), KPI_MIN_USERS="25"):
        said = words(opened("pages/connection_time.py", period="all", os="Windows 10"))
    assert "All attempts of the period together: " in said and "n = " in said


def test_lines_of_a_breakdown_become_weeks(demo_home: Path, no_caches: None) -> None:
    """By the same rule as the line of all attempts, also beside compared days; tables stay by day.

    Values of fewer attempts are by four weeks where those of all together are by week.
    """
    explored = {"explore": "Median time to connect", "account": "existing"}
    views = {
        "lines": {"period": "all"},
        "small multiples": {"period": "last 28 days", "compare": "previous period"},
    }
    with environment(KPI_HOME=str(demo_home), KPI_MIN_USERS="3"):
        for view, days in views.items():
            page = opened("pages/explore.py", view=view, **explored, **days)
            assert not page.exception
            assert spans(page) == [WEEK, FOUR_WEEKS]
            assert len(alts(page)) > 1
        for other, said in (({"view": "ranked"}, [WEEK]), ({"view": "lines"}, [FOUR_WEEKS])):
            by_week = {} if said == [WEEK] else {"granularity": "week"}
            page = opened("pages/explore.py", period="all", **explored, **other, **by_week)
            assert not page.exception
            assert spans(page) == said
