"""The charts of a goal: what they show, what they say of it, and that they leave their input alone."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from kpi import charts
from kpi.numbers.annotations import Annotation

END = date(2016, 12, 31)


def data_of(layer: dict[str, Any], chart: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows a layer draws."""
    return chart["datasets"][layer["data"]["name"]]


def weeks() -> pd.Series:
    """Sixty weeks with a gap, the last ending on 30 October 2016."""
    index = pd.date_range(end="2016-10-30", periods=60, freq="7D")
    values = np.linspace(15, 20, 60)
    values[10] = np.nan
    return pd.Series(values, index=index)


def days() -> pd.Series:
    """Daily values from October 2015 to October 2016, one of them absent."""
    index = pd.date_range("2015-10-01", "2016-10-30")
    values = np.linspace(17, 20, len(index))
    values[50] = np.nan
    return pd.Series(values, index=index)


FAN = pd.DataFrame(
    {
        "day": pd.date_range("2016-11-06", periods=9, freq="7D"),
        "low": np.linspace(19.8, 19.0, 9),
        "middle": np.linspace(20.0, 20.5, 9),
        "high": np.linspace(20.2, 22.0, 9),
    }
)


def test_strip_holds_all_figures_on_one_scale() -> None:
    """Baseline, now, target and range lie inside one scale, with a label each and one sentence."""
    chart = charts.scale_strip(
        16.6, 19.9, 20.0, (19.7, 20.9), title="Share", unit="percent", end=END
    ).to_dict()
    low, high = chart["layer"][0]["encoding"]["x"]["scale"]["domain"]
    assert low < 16.6
    assert high > 20.9
    labels = data_of(chart["layer"][-1], chart)
    assert [row["words"] for row in labels] == ["baseline 16.6%", "now 19.9%", "target 20.0%"]
    assert chart["description"] == (
        "Share: now 19.9%, target 20.0%, baseline 16.6%, 19.7% to 20.9% on 31 Dec 2016."
    )
    assert labels[0]["side"] == "left"
    assert len({row["at"] for row in labels}) == 3


def test_strip_without_baseline_or_range_draws_the_rest() -> None:
    """Where there is no baseline and no projection, now and target stand all the same."""
    chart = charts.scale_strip(None, 5.3, 5.0, None, title="Time", unit="seconds", end=END)
    told = chart.to_dict()
    assert told["description"] == "Time: now 5.30 s, target 5.00 s."
    assert len(told["layer"]) == 4
    same = charts.scale_strip(None, 5.0, 5.0, None, title="Time", unit="seconds", end=END).to_dict()
    low, high = same["layer"][0]["encoding"]["x"]["scale"]["domain"]
    assert low < 5.0 < high


def test_spark_breaks_at_gaps_and_draws_the_goal_over_its_year() -> None:
    """A missing week parts the line; the goal's line begins with its year; nothing is changed."""
    values = weeks()
    kept = values.copy()
    told = charts.goal_spark(values, 20.0, title="Share", unit="percent", year=2016).to_dict()
    pd.testing.assert_series_equal(values, kept)
    line, _, rule = told["layer"]
    assert len({row["run"] for row in data_of(line, told)}) == 2
    assert len(data_of(line, told)) == 59
    (goal,) = data_of(rule, told)
    assert goal["day"].startswith("2016-01-01")
    assert goal["until"].startswith("2016-10-30")
    assert "20.0% last, between 15.0% and 20.0%; the goal is 20.0%." in told["description"]


def test_spark_of_nothing_says_so() -> None:
    """Without a whole week there is nothing to draw, and the chart says that."""
    empty = charts.goal_spark(weeks() * np.nan, 20.0, title="Share", unit="percent", year=2016)
    assert not charts.specified(empty).has_values


def test_history_has_band_target_and_fan_to_the_end_of_the_year() -> None:
    """Days, the baseline with its band and the fan are drawn on an axis that isn't stretched to zero."""
    values, fan = days(), FAN.copy()
    kept = values.copy()
    chart = charts.goal_history(
        values,
        title="Share",
        unit="percent",
        target=25.0,
        year=2016,
        baseline=17.2,
        band=(16.3, 18.1),
        base=(date(2015, 10, 1), date(2015, 12, 31)),
        fan=fan,
        markers=[Annotation(date(2016, 3, 8), "Shorter form")],
    )
    told = chart.to_dict()
    pd.testing.assert_series_equal(values, kept)
    pd.testing.assert_frame_equal(fan, FAN)
    (band,) = (layer for layer in told["layer"] if layer["mark"]["type"] == "area")
    assert band["encoding"]["y"]["scale"]["domain"][0] > 10
    rows = pd.DataFrame(data_of(band, told))
    assert set(rows["series"]) == {"baseline", "projection"}
    ends = rows.groupby("series")["day"].max().str[:10]
    assert ends.to_dict() == {"baseline": "2016-12-31", "projection": "2016-12-31"}
    assert rows.loc[
        rows["series"] == "baseline", ["low", "high"]
    ].drop_duplicates().values.tolist() == [[16.3, 18.1]]
    projected = rows[rows["series"] == "projection"]
    assert projected["day"].min()[:10] == "2016-10-30"
    assert (projected["low"] <= projected["high"]).all()
    sentence = charts.specified(chart).sentence
    for part in ("Share 20.0% on 30 Oct 2016", "Baseline 17.2%", "Projected 2", "25.0%"):
        assert part in sentence, sentence


def test_history_without_band_fan_or_target_is_the_line() -> None:
    """Where there is neither, the days are drawn alone."""
    told = charts.goal_history(
        days(), title="Share", unit="percent", target=None, year=2016
    ).to_dict()
    assert not [layer for layer in told["layer"] if layer["mark"]["type"] == "area"]
    assert "Baseline" not in told["description"]


def test_leads_are_written_in_points() -> None:
    """A lead over Firefox is a difference of percentages: points, with a minus sign of its own."""
    chart = charts.scale_strip(
        -3.9, -0.9, 5.0, None, title="Lead", unit="points", end=END
    ).to_dict()
    assert chart["description"] == "Lead: now −0.9 points, target 5.0 points, baseline −3.9 points."
