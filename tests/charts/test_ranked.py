"""Ranked bars show the window of the cards."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from product import publication, table

from kpi.charts.labels import LONGEST_LABEL
from kpi.meaning.measures import MEASURES
from kpi.numbers.by_value import neighbours_overlap, of_users
from kpi.numbers.uncertainty import share_interval
from kpi.text import shortened

RATIO = MEASURES["engagement_ratio"]


def test_a_bar_is_the_mean_of_the_days_and_n_of_the_last(demo_home: Path) -> None:
    """Each bar is the mean of its 28 daily values, with n of the last day and Wilson's interval."""
    with publication(demo_home) as warehouse:
        frame = table(warehouse, "engagement", by="os")
    last = date(2016, 3, 20)
    frame = frame[frame["audience"] == "all"]
    days = frame["day"].dt.date
    window = frame[(days > last - timedelta(days=28)) & (days <= last)]
    bars = of_users(window, RATIO, "os").set_index("os")
    assert len(bars) > 1
    for name, row in bars.iterrows():
        mine = [
            (each.day, each.engagement_ratio, each.mau)
            for each in window.itertuples()
            if each.os == name and not pd.isna(each.engagement_ratio)
        ]
        mean = sum(value for _, value, _ in mine) / len(mine)
        assert row["engagement_ratio"] == pytest.approx(mean)
        assert row[RATIO.n_column] == max(mine)[2]
        ends = share_interval(mean, max(mine)[2])
        assert (row["engagement_ratio_low"], row["engagement_ratio_high"]) == pytest.approx(ends)


def test_neighbours_overlap_is_said_of_ranks_next_to_each_other() -> None:
    """Two bars overlap where the upper's low end is not above the lower's high end."""
    frame = pd.DataFrame(
        {"x": [1.0, 9.0, 5.0], "x_low": [0.0, 8.0, 4.0], "x_high": [2.0, 10.0, 6.0]}
    )
    assert not neighbours_overlap(frame, "x")
    assert neighbours_overlap(frame.assign(x_high=[4.0, 10.0, 6.0]), "x")


def test_long_names_that_begin_alike_differ_and_leave_the_plot_its_room() -> None:
    """Labels beside lines are shortened in the middle: both ends of a name stay."""
    names = [f"Firefox for a system with a very long name, {end}" for end in ("release", "beta")]
    short = [shortened(name, LONGEST_LABEL) for name in names]
    assert len(set(short)) == 2
    assert all(len(name) == LONGEST_LABEL and "…" in name for name in short)
    assert shortened("Windows Vista", LONGEST_LABEL) == "Windows Vista"
