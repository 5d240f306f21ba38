"""The CSV for people: context on top, heads with units, rounded numbers, compared days beside."""

from __future__ import annotations

import pandas as pd

from kpi.numbers.export import for_reading


def table(ratio: float) -> pd.DataFrame:
    """A day of a table, by operating system."""
    return pd.DataFrame(
        {
            "os": ["=cmd()", "iOS"],
            "day": pd.to_datetime(["2016-01-02"] * 2),
            "dau_7day_mean": pd.array([121.857, None], "Float64"),
            "engagement_ratio": pd.array([ratio, None], "Float64"),
        }
    )


def test_csv_for_people() -> None:
    """Each line of context is a cell; absent values stay empty, formulas are text."""
    text = for_reading(table(37.1234), ["=1, two"], ("a year before", table(36.06).head(1)))
    assert text.decode("utf-8-sig").splitlines() == [
        '"\'=1, two"',
        "",
        'Operating system,Day (UTC),"Daily users, 7-day mean","Engagement ratio, %",'
        '"Daily users, 7-day mean, a year before","Engagement ratio, %, a year before"',
        "'=cmd(),2016-01-02,122,37.1,122,36.1",
        "iOS,2016-01-02,,,,",
    ]
