"""Engagement's part on people: who came and went, who was back in week 4, and a usual week."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from app_pages import alts, opened, words
from product import publication, table_of

from kpi.dashboard.goals.people import people_sentence
from kpi.dashboard.returning import retention_sentence, week_sentence
from kpi.meaning.filters import Filters, Period
from kpi.text import written

ENGAGEMENT = "pages/engagement.py"


@pytest.mark.usefixtures("at_demo")
def test_numbers_of_people_are_those_of_the_exports(demo_home: Path) -> None:
    """The quick ratio, both shares of week 4 and the newest week are worked out from the tables."""
    page = opened(ENGAGEMENT, period="all")
    assert not page.exception
    text = words(page)
    with publication(demo_home) as warehouse:
        days = warehouse.publication
        first = days.first_day + timedelta(days=56)
        total = table_of(
            warehouse,
            "growth",
            period=Period(first, days.last_complete_day),
            min_users=1,
            total=True,
        )
        row = total.iloc[0]
        came, went = (
            row["new"] + row["returned"] + row["moved_in"],
            row["lapsed"] + row["moved_out"],
        )
        assert f"**Quick ratio** {came / went:.2f}" in text
        for name, filters in (("all users", Filters()), ("new accounts", Filters(users="new"))):
            table = table_of(warehouse, "retention", filters, min_users=1).dropna()
            share = 100 * table["returned_week_4"].sum() / table["users"].sum()
            assert f"{name} {written(share, 'percent')}" in text
        week = table_of(warehouse, "same-people", min_users=1).dropna().iloc[-1]
        each = 7 * week["people_7day_mean"] / week["week_people"]
        assert f"{week['week_people']:,} people were active, on {each:.1f} days each" in text
    assert any("Back in week 4" in alt for alt in alts(page))


@pytest.mark.usefixtures("at_demo")
def test_days_that_nobody_can_know_yet() -> None:
    """Of the last 28 days one is known; where accounts are filtered, they aren't shown beside all."""
    page = opened(ENGAGEMENT, period="last 28 days", users="new")
    assert not page.exception
    text = words(page)
    assert "Days are known 27 days later." in text and "new accounts " not in text


def test_nothing_shown_has_no_sentence() -> None:
    """Hidden and absent counts give no share and no week, rather than a 0."""
    empty = pd.DataFrame({"day": pd.to_datetime(["2016-03-01"]), "users": [pd.NA]})
    rows = empty.assign(returned_week_4=pd.NA, week_people=pd.NA, people_7day_mean=pd.NA)
    assert retention_sentence("all users", rows) is None and week_sentence(rows) is None


@pytest.mark.parametrize(
    ("mau", "flows", "said"),
    (
        (
            110,
            (15, 2, 0, 6, 1),
            "with a gain of people: monthly users went from 100 to 110; 17 came and 7 went.",
        ),
        (
            90,
            (1, 0, 0, 11, 0),
            "with a loss of people: monthly users went from 100 to 90; 1 came and 11 went.",
        ),
        (
            100,
            (None, 0, 0, None, 0),
            "with neither gain nor loss of people: monthly users went from 100 to 100.",
        ),
        (None, (None,) * 5, None),
    ),
)
def test_a_ratio_by_gain_or_by_loss(
    mau: int | None, flows: tuple[int | None, ...], said: str | None
) -> None:
    """A goal of a ratio says whether people were gained or lost, and no flow that is hidden."""
    names = ("new", "returned", "moved_in", "lapsed", "moved_out")
    row = pd.Series(
        {
            "day": pd.Timestamp("2016-03-31"),
            "mau": mau,
            "mau_before": 100,
            **dict(zip(names, flows, strict=True)),
        },
        dtype=object,
    )
    sentence = people_sentence(row)
    expected = said and f"In the 28 days to 31 Mar 2016 the ratio came {said}"
    assert sentence == expected
