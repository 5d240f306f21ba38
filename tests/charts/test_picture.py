"""Pictures of charts say what a page says around them, and need nothing from elsewhere."""

from __future__ import annotations

import struct
from datetime import date

import pandas as pd

from kpi import charts
from kpi.charts import Picture, Pictured
from kpi.meaning.measures import MEASURES
from kpi.numbers.annotations import Annotation

LINES = ("Firefox on <Android> & iOS; 1 Jan – 28 Jan 2016.", "Demo data (simulated).")


def ratio(name: str) -> Pictured:
    """A chart of 28 days with a marker and a line under the pointer."""
    days = pd.date_range("2016-01-01", periods=28)
    frame = pd.DataFrame({"day": days, "engagement_ratio": 40.0, "mau": 100})
    marks = [Annotation(date(2016, 1, 9), "Firefox 44")]
    chart = charts.course(frame, MEASURES["engagement_ratio"], name, markers=marks)
    return Pictured(name, charts.specified(chart), small=True)


def test_picture_has_its_context_and_no_theme() -> None:
    """Title, context and each chart's name are text; it is dark on white, and fetches nothing."""
    picture = Picture("Engagement ratio", LINES, tuple(ratio(f"OS {n}") for n in range(4)))
    svg = picture.svg().decode()
    for words in ("Engagement ratio", "Demo data (simulated).", "OS 0", "OS 3", "40.0%"):
        assert f">{words}</text>" in svg
    assert "Firefox on &lt;Android&gt; &amp; iOS" in svg
    assert 'fill="white"' in svg and "currentColor" not in svg
    assert "http" not in svg.replace("http://www.w3.org/", "")
    clips = [part.split('"')[0] for part in svg.split('<clipPath id="')[1:]]
    assert len(clips) == len(set(clips))
    width, height = struct.unpack(">II", picture.png()[16:24])
    assert (width, height) == (2000, 2 * int(svg.split('height="')[1].split('"')[0]))


def test_picture_of_every_kind_of_chart() -> None:
    """Layers that follow the pointer are left out, whatever their selection is named."""
    frame = pd.DataFrame(
        {
            "account": "all",
            "within_seconds": [1.0, 5.0],
            "ready": [10, 20],
            "attempts": [40, 40],
            "percent": [25.0, 50.0],
        }
    )
    chart = charts.specified(charts.distribution(frame, of="begun"))
    assert ">5 s</text>" in Picture("Time", (), (Pictured("Time", chart),)).svg().decode()


def test_words_in_colour_have_a_colour_of_their_own() -> None:
    """A picture mixes the colour of a line's label itself, since its readers have no theme."""
    svg = Picture("Ratio", (), (ratio("OS"),)).svg().decode()
    assert "color-mix" not in svg
    blue = [round(0.75 * a + 0.25 * b) for a, b in zip((0, 114, 178), (15, 18, 25), strict=True)]
    assert f'fill="#{bytes(blue).hex()}"' in svg
