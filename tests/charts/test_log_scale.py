"""Zeros on a logarithmic axis, and names of files that differ wherever filters do."""

from __future__ import annotations

from datetime import date
from itertools import combinations

import pandas as pd
import pytest

from kpi import charts
from kpi.meaning.filters import Filters
from kpi.numbers.answers import _safe


@pytest.mark.parametrize("zeros", [(0,), (2,), (0, 1, 2)], ids=["first", "last", "all"])
def test_a_zero_is_drawn_at_the_least_positive_value(zeros: tuple[int, ...]) -> None:
    """On the log scale 0 s is drawn at the bottom, with a note; its label says 0."""
    medians = [0.0 if at in zeros else 0.05 * (at + 1) for at in range(3)]
    frame = pd.DataFrame(
        {
            "day": [date(2016, 5, day) for day in (1, 2, 3)],
            "account": "new",
            "connections": 20,
            "p25_seconds": 0.0,
            "median_seconds": medians,
            "p75_seconds": [value * 2 for value in medians],
        }
    )
    frame["day"] = pd.to_datetime(frame["day"])
    spec = charts.connection_time(frame, log=True).to_dict()
    drawn = [row for rows in spec["datasets"].values() for row in rows if "value" in row]
    positive = [value for value in medians if value > 0]
    floor = min(positive, default=0.001)
    assert min(row["value"] for row in drawn if row["value"] is not None) == pytest.approx(floor)
    assert f"0 is drawn at {floor:.3g} s" in spec["title"]["text"]
    words = f"{medians[-1]:.2f} s"
    assert any(
        str(row.get("full", "")).endswith(words)
        for rows in spec["datasets"].values()
        for row in rows
    )
    assert ("',.3~f'" in str(spec)) == (floor < 0.1)


def test_names_of_files_differ_with_their_filters() -> None:
    """Two filters never give a download the same name."""
    names = ["Ω", "Ψ", "a b", "a-b", "a+b", "a%2Bb", "a", "b"]
    several = [("a", "b"), ("a", "+b"), ("a+", "b")]
    filters = [Filters(os=values) for values in [*((name,) for name in names), *several]]
    parts = [[_safe(word) for word in each.words()] for each in filters]
    assert all(one != other for one, other in combinations(parts, 2))
