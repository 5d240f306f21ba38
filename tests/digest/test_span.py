"""The days of a digest: the newest whole week or month, by the calendar."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from kpi.digest.span import MONTHLY, WEEKLY, span

SUNDAY = date(2016, 9, 18)


@pytest.mark.parametrize("after", range(1, 8))
def test_a_week_ends_on_sunday(after: int) -> None:
    """From Monday to Sunday the digest is that of the Sunday before, so it is made once."""
    week = span(WEEKLY, SUNDAY + timedelta(days=after), SUNDAY + timedelta(days=after - 1))
    assert (week.id, week.day) == ("week-2016-09-18", SUNDAY)
    assert week.before == SUNDAY - timedelta(days=28) and week.since == SUNDAY - timedelta(days=7)


@pytest.mark.parametrize(
    ("last", "day", "before"),
    (
        (date(2016, 3, 9), date(2016, 2, 29), date(2016, 1, 31)),
        (date(2016, 2, 20), date(2016, 2, 20), date(2016, 1, 23)),
    ),
)
def test_a_month_is_compared_with_the_month_before(last: date, day: date, before: date) -> None:
    """The 28 days that end a month are compared with those that end the month before; they don't overlap."""
    month = span(MONTHLY, date(2016, 3, 10), last)
    assert (month.id, month.day, month.before) == ("month-2016-02-29", day, before)


def test_a_digest_waits_for_its_last_day() -> None:
    """A digest waits two days for its last day, then it is sent with the days that there are."""
    monday = SUNDAY + timedelta(days=1)
    saturday = SUNDAY - timedelta(days=1)
    assert not span(WEEKLY, monday, SUNDAY).waits(monday)
    for days, waits in ((1, True), (2, True), (3, False)):
        today = SUNDAY + timedelta(days=days)
        late = span(WEEKLY, today, saturday)
        assert (late.waits(today), late.id, late.day) == (waits, "week-2016-09-18", saturday)
