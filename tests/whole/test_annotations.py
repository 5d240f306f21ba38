"""Markers, from the command line to the charts that show them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest
from app_pages import opened
from conftest import Store, environment
from event_files import write
from logs import D, at, event, heartbeat, user

from kpi import charts
from kpi.numbers.annotations import Annotation

LINK = "https://example.org/releases/45"


@pytest.fixture
def filled(store: Store) -> Store:
    """A store of 40 days with one user."""
    log = heartbeat(D[0], 40) + [event(at(day), uid=user(1)) for day in D[:40]]
    store.load(write(store.files / "log.csv", log))
    store.summarise()
    return store


def listed(store: Store) -> list[str]:
    """What `annotate --list` prints."""
    return store.must("annotate", "--list").text.splitlines()


def flags(chart: Any) -> list[dict[str, Any]]:
    """The layers of triangles in a chart."""
    layers = chart.to_dict()["layer"]
    return [layer for layer in layers if layer["mark"].get("shape") == "triangle-down"]


@pytest.mark.every_engine("long")
def test_added_listed_replaced_and_removed(filled: Store) -> None:
    """A marker is added, listed, replaced by the same day and label, and removed; numbers stay."""
    before = filled.numbers()
    assert listed(filled) == []
    filled.must("annotate", D[9], "Firefox 45", "--url", LINK)
    filled.must("annotate", D[3], "Outage", "--kind", "incident")
    assert listed(filled) == [f"{D[3]} incident: Outage", f"{D[9]} release: Firefox 45 {LINK}"]
    filled.must("annotate", D[9], "Firefox 45", "--kind", "holiday")
    assert listed(filled)[1] == f"{D[9]} holiday: Firefox 45"
    filled.must("annotate", D[3], "Outage", "--remove")
    assert listed(filled) == [f"{D[9]} holiday: Firefox 45"]
    assert filled.numbers() == before


@pytest.mark.parametrize(
    "arguments",
    [
        (D[3],),
        (D[3], " "),
        (D[3], "two\nlines"),
        (D[3], "x" * 257),
        (D[3], "ü" * 129),
        (D[3], "x", "--url", "javascript:alert(1)"),
        (D[3], "x", "--url", "https://"),
        (D[3], "x", "--url", "https://example.org/" + "x" * 1024),
        (D[3], "never marked", "--remove"),
    ],
)
def test_refused_in_one_line(filled: Store, arguments: tuple[str, ...]) -> None:
    """A marker that can't be shown, or isn't there, is refused; nothing is published."""
    ran = filled.run("annotate", *arguments)
    assert ran.status == 1
    assert len(ran.err.splitlines()) == 1
    assert listed(filled) == []


def test_charts_show_kind_and_link() -> None:
    """Each marker is a triangle that tells its day, kind and label; one with a link opens it."""
    days = pd.date_range("2016-01-01", periods=30, unit="s")
    frame = pd.DataFrame({"day": days, "begun": 50, "completion_percent": 60.0})
    for limit in (5, 10, 30, 60):
        frame[f"within_{limit}_seconds_percent"] = 1.0 * limit
    markers = [
        Annotation(date(2016, 1, 5), "Firefox 45", "release", LINK),
        Annotation(date(2016, 1, 9), "Outage", "incident"),
        Annotation(date(2015, 1, 9), "long before", "holiday"),
    ]
    chart = charts.ready_within(frame, markers=markers)
    plain, linked = flags(chart)
    data = chart.to_dict()["datasets"]
    assert [row["what"] for row in data[plain["data"]["name"]]] == ["incident: Outage"]
    (row,) = data[linked["data"]["name"]]
    assert (row["what"], row["url"]) == ("release: Firefox 45", LINK)
    assert "href" in linked["encoding"] and "href" not in plain["encoding"]


def test_pages_show_what_was_marked(filled: Store, no_caches: None) -> None:
    """A marker stands on the charts of the next visit and in the list of the Data page."""
    filled.must("annotate", D[9], "Firefox 45", "--url", LINK)
    told = {name: value for name, value in filled.settings().items() if value is not None}
    with environment(**told, KPI_MIN_USERS="1"):
        page = opened("app.py", period="all")
        specifications = [chart.proto.spec for chart in page.get("vega_lite_chart")]
        assert any("release: Firefox 45" in one or LINK in one for one in specifications) or any(
            b"Firefox 45" in chart.proto.SerializeToString()
            for chart in page.get("vega_lite_chart")
        )
        page = opened("pages/data.py", period="all")
        assert not page.exception
        (markers,) = [frame.value for frame in page.dataframe if "label" in frame.value]
    assert markers[["label", "kind", "url"]].values.tolist() == [["Firefox 45", "release", LINK]]
