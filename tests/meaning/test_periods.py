"""Periods by name: months and quarters by the calendar."""

from __future__ import annotations

from datetime import date

import pytest

from kpi.meaning.periods import PRESETS

FIRST = date(2015, 1, 1)


@pytest.mark.parametrize(
    ("today", "name", "first", "last"),
    [
        (date(2016, 5, 17), "this month", date(2016, 5, 1), date(2016, 5, 17)),
        (date(2016, 5, 17), "last month", date(2016, 4, 1), date(2016, 4, 30)),
        (date(2016, 3, 31), "last month", date(2016, 2, 1), date(2016, 2, 29)),
        (date(2016, 1, 1), "last month", date(2015, 12, 1), date(2015, 12, 31)),
        (date(2016, 5, 17), "this quarter", date(2016, 4, 1), date(2016, 5, 17)),
        (date(2016, 5, 17), "last quarter", date(2016, 1, 1), date(2016, 3, 31)),
        (date(2016, 2, 29), "last quarter", date(2015, 10, 1), date(2015, 12, 31)),
        (date(2016, 12, 31), "this quarter", date(2016, 10, 1), date(2016, 12, 31)),
    ],
)
def test_months_and_quarters_follow_the_calendar(
    today: date, name: str, first: date, last: date
) -> None:
    """This one begins on its first day and ends today; the last one is whole, over the turn of a year too."""
    assert PRESETS[name](FIRST, today) == (first, last)
