"""In full screen labels are at their lines, since they are placed for several heights."""

from __future__ import annotations

import pandas as pd

from kpi import charts
from kpi.charts.looks import AXIS_HEIGHT, HEIGHT, LABEL_GAP
from kpi.meaning.measures import MEASURES


def test_labels_come_nearer_to_their_lines_as_the_chart_grows() -> None:
    """Labels of lines that touch are a gap apart at every height, and nearer to their lines at a greater."""
    days = pd.date_range("2016-01-01", periods=28)
    parts = [
        pd.DataFrame({"os": name, "day": days, "engagement_ratio": value, "mau": 100})
        for name, value in (("Windows 7", 40.0), ("Windows 10", 40.2), ("Linux", 30.0))
    ]
    measure = MEASURES["engagement_ratio"]
    names = ["Windows 7", "Windows 10", "Linux"]
    chart = charts.by_value(pd.concat(parts), measure, "os", names)
    (label,) = [layer for layer in chart.layer if "datum.at_" in str(layer.mark.to_dict())]
    expression = label.mark.to_dict()["y"]["expr"]
    assert expression.startswith("height * (height < 512 ? datum.at_256 :")
    plot = HEIGHT - AXIS_HEIGHT
    gaps = []
    for height in (plot, 2 * plot, 3 * plot, 4 * plot):
        seven, ten, _ = label.data[f"at_{height}"].to_pylist()
        assert (seven - ten) * height >= LABEL_GAP - 1e-9
        gaps.append(seven - ten)
    assert gaps == sorted(gaps, reverse=True) and gaps[-1] < gaps[0] / 2
