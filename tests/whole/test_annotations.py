"""Markers, from the command line to the charts that show them."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from app_pages import opened, words
from conftest import Store, environment
from event_files import write
from logs import D, at, event, heartbeat, user
from product import publication
from streamlit.testing.v1 import AppTest

from kpi import charts
from kpi import store as stores
from kpi.charts.markers import marked_days, names
from kpi.dashboard import gate
from kpi.meaning.kpis import KPIS
from kpi.meaning.measures import MEASURES
from kpi.numbers import annotations
from kpi.numbers.annotations import Annotation
from kpi.numbers.around import around
from kpi.numbers.kpi_values import KpiValues, Subject
from kpi.settings import Settings
from kpi.store import queries

LINK = "https://example.org/releases/45"
HOSTILE = "=HYPERLINK(1) <script>alert(1)</script> **x**"


LOG = heartbeat(D[0], 40) + [event(at(day), uid=user(1)) for day in D[:40]]


@pytest.fixture
def filled(store_of: Callable[..., Store]) -> Store:
    """A store of 40 days with one user."""
    return store_of(LOG)


def listed(store: Store) -> list[str]:
    """What `annotate --list` prints, without the ids."""
    lines = store.must("annotate", "--list").text.splitlines()
    assert len({line[:13] for line in lines}) == len(lines)
    return [line[13:] for line in lines]


def data_of(chart: Any, mark: str, **wanted: Any) -> list[dict[str, Any]]:
    """The rows of a chart's layers of a mark, whose properties are those wanted."""
    specified = chart.to_dict()
    return [
        row
        for layer in specified["layer"]
        if layer["mark"]["type"] == mark and wanted.items() <= layer["mark"].items()
        for row in specified["datasets"][layer["data"]["name"]]
    ]


FLAG = {"shape": "triangle-down", "filled": True}
COMPARED_FLAG = {"shape": "triangle-down", "filled": False}


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


def shares(first: str = "2016-01-01", days: int = 60) -> pd.DataFrame:
    """Rows of a chart over days."""
    frame = pd.DataFrame({"day": pd.date_range(first, periods=days, unit="s"), "begun": 50})
    frame["completion_percent"] = 60.0
    for limit in (5, 10, 30, 60):
        frame[f"within_{limit}_seconds_percent"] = 1.0 * limit
    return frame


def test_all_markers_of_a_day_are_in_one_tooltip() -> None:
    """A day is a triangle with every marker of it, also pointed at elsewhere; the first link opens."""
    markers = [
        Annotation(date(2016, 1, 5), "Firefox 45", "release", LINK),
        Annotation(date(2016, 1, 5), "Shorter form", "release"),
        Annotation(date(2016, 1, 5), "Outage", "incident"),
        Annotation(date(2016, 1, 29), "Alone", "holiday"),
        Annotation(date(2015, 1, 9), "long before", "holiday"),
    ]
    chart = charts.ready_within(shares(), markers=markers)
    both = {row["said"]: row for row in data_of(chart, "point", **FLAG)}
    said = "5 Jan 2016, release: Firefox 45; release: Shorter form; incident: Outage"
    assert set(both) == {said, "29 Jan 2016, holiday: Alone"}
    title = f"▼ {said.partition(', ')[2]}"
    assert both[said]["words"] == {"title": title, "Day (UTC)": "5 Jan 2016"}
    assert both[said]["url"] == LINK
    titles = {row["words"]["Day (UTC)"]: row["words"]["title"] for row in data_of(chart, "rect")}
    assert titles["Tue 5 Jan 2016"] == title
    assert titles["Wed 6 Jan 2016"] is None
    linked = [layer for layer in chart.to_dict()["layer"] if "href" in layer["encoding"]]
    assert len(linked) == 1


def test_names_on_charts_never_touch() -> None:
    """Each marked day is named at its line or at that of a day before it, and lines are 13 pixels apart."""
    chance = random.Random(3)
    first, last = pd.Timestamp("2016-01-01"), pd.Timestamp("2016-12-30")
    for _ in range(50):
        days = sorted(chance.sample(range(365), chance.randint(1, 30)))
        marked = marked_days(
            [Annotation((first + pd.Timedelta(days=n)).date(), f"mark {n}") for n in days],
            first,
            last,
        )
        named = names(marked, first, last, 300, 20)
        lines = [300 * n / 364 for n, name in zip(days, named, strict=True) if name]
        assert all(after - before >= 13 for before, after in pairwise(lines))
        assert all(len(name) <= 20 for name in named)
        more = [int(name.partition(" +")[2] or name.count(",")) for name in named if name]
        assert sum(more) + len(lines) == len(days)


def test_a_long_name_is_shortened_in_the_middle() -> None:
    """Both ends of a name stay; with others of the day the first and their number."""
    label = "The campaign of spring with a very long name, version 2"
    long = [Annotation(date(2016, 1, 5), label)]
    named = [
        row["wide"]
        for row in data_of(charts.ready_within(shares(), markers=long), "text", angle=270)
    ]
    (name,) = named
    assert name.startswith("The cam") and name.endswith("sion 2") and "…" in name
    both = [*long, Annotation(date(2016, 1, 5), "Another")]
    rows = data_of(charts.ready_within(shares(), markers=both), "text", angle=270)
    assert rows[0]["wide"].startswith("The ca") and rows[0]["wide"].endswith(" +1")


def test_markers_of_compared_days_are_on_the_pale_line() -> None:
    """A compared day's marker is hollow, at the pale value, under the day of the period, by its own date."""
    rows = pd.DataFrame(
        {"day": pd.date_range("2016-01-01", periods=40, unit="s"), "audience": "all"}
    )
    for name, value in (("engagement_ratio", 40.0), ("dau", 50), ("mau", 100)):
        rows[name] = value
    rows["dau_7day_mean"] = 45.0
    before = rows.assign(engagement_ratio=range(40))
    marker = Annotation(date(2015, 1, 12), "Firefox 35")  # 364 days before 11 January 2016
    compared = charts.Compared("a year before", before, [marker], timedelta(days=364))
    chart = charts.course(rows, MEASURES["engagement_ratio"], "all", compared=compared, height=300)
    (flag,) = data_of(chart, "point", **COMPARED_FLAG)
    assert flag["day"].startswith("2016-01-11")
    assert flag["value"] == 10.0
    assert flag["said"] == "12 Jan 2015, release: Firefox 35"
    assert [row["wide"] for row in data_of(chart, "text", angle=270)] == ["Firefox 35"]
    assert data_of(chart, "point", **FLAG) == []
    small = charts.course(rows, MEASURES["engagement_ratio"], "all", compared=compared)
    assert len(data_of(small, "point", **COMPARED_FLAG)) == 1
    assert data_of(small, "text", angle=270) == []


def test_before_and_after_are_means_of_eight_weeks(demo_home: Path) -> None:
    """By plain loops: the mean of 56 days before the day and of 56 from it; unknown where days lack."""
    with publication(demo_home) as warehouse:
        values = KpiValues(warehouse, 1)
        subject = Subject(KPIS["multi_device_percent"])
        days = values.daily(subject)
        middle = date(2016, 1, 20)
        found = around(values, subject, middle)
        sums = []
        for start in (-56, 0):
            mine = [days[pd.Timestamp(middle + timedelta(days=start + n))] for n in range(56)]
            sums.append(sum(mine) / 56)
        assert [found.before, found.after] == pytest.approx(sums)
        assert found.change == pytest.approx(sums[1] - sums[0])
        late = around(values, subject, values.last_day - timedelta(days=20))
        assert late.after is None and late.before is not None and late.change is None
        early = around(values, subject, date(2015, 11, 10))
        assert early.before is None


def test_pages_show_what_was_marked(filled: Store, no_caches: None) -> None:
    """A marker is on the charts of the next visit, in the list of its page, and on the Data page."""
    filled.must("annotate", D[9], "Firefox 45", "--url", LINK, "--who", "Ann")
    told = {name: value for name, value in filled.settings().items() if value is not None}
    with environment(**told, KPI_MIN_USERS="1"):
        page = opened("app.py", period="all")
        assert any(
            b"Firefox 45" in chart.proto.SerializeToString()
            for chart in page.get("vega_lite_chart")
        )
        page.session_state["markers_open"] = True
        page.run()
        (listed_here,) = [frame.value for frame in page.dataframe if "Label" in frame.value]
        assert listed_here[["Kind", "Label", "Link"]].values.tolist() == [
            ["release", "Firefox 45", LINK]
        ]
        assert set(listed_here) >= {"Engagement ratio", "Multi-device users"}
        page = opened("pages/data.py", period="all")
        assert not page.exception
        (markers,) = [frame.value for frame in page.dataframe if "Added" in frame.value]
    assert markers[["Label", "Kind", "Link"]].values.tolist() == [["Firefox 45", "release", LINK]]
    assert markers["Added"].item().endswith(", Ann")


def test_a_marker_is_withdrawn_by_its_id(filled: Store) -> None:
    """`withdraw` accepts the id that `annotate --list` prints; an unknown id is refused in a line."""
    filled.must("annotate", D[9], "Firefox 45")
    line = filled.must("annotate", "--list").text
    ran = filled.must("withdraw", line.split()[0], "--who=Bob", "--why=of another product")
    assert "the marker" in ran.text and listed(filled) == []
    settings = {name: value for name, value in filled.settings().items() if value is not None}
    (marker,) = annotations.every(Settings.read(settings))
    assert str(marker.withdrawal).endswith(", Bob: of another product")
    ran = filled.run("withdraw", "0123", "--who=Bob", "--why=of another product")
    assert ran.status == 1 and "has the id '0123'; `python -m kpi baselines`, " in ran.err


def press(page: AppTest, label: str) -> AppTest:
    """The page after a press on a button."""
    return next(button for button in page.button if button.label == label).click().run()


def test_a_reader_adds_and_withdraws_a_marker(filled: Store, no_caches: None) -> None:
    """On the Data page, with who; a refusal is a plain line; what is withdrawn stays in the history."""
    told = {name: value for name, value in filled.settings().items() if value is not None}
    with environment(**told, KPI_MIN_USERS="1"):
        page = opened("pages/data.py", period="all")
        page.text_input(key="label_marker").set_value(HOSTILE)
        page = press(page, "Add")
        assert "a marker needs who adds it" in words(page)
        page.text_input(key="who_marker").set_value("Ann")
        page.text_input(key="url_marker").set_value("javascript:alert(1)")
        page = press(page, "Add")
        assert "a marker's link starts with http:// or https://" in words(page)
        assert listed(filled) == []
        page.text_input(key="url_marker").set_value("")
        page.date_input(key="day_marker").set_value(None)
        assert "a marker needs a day" in words(press(page, "Add"))
        page.date_input(key="day_marker").set_value(date.fromisoformat(D[39]))
        page = press(page, "Add")
        assert not page.exception
        assert [toast.value for toast in page.toast] == ["The marker is on every chart now."]
        assert page.text_input(key="label_marker").value == ""
        assert listed(filled) == [f"{D[39]} release: {HOSTILE}"]
        page.text_input(key="who_withdrawn_marker").set_value("Bob")
        page = press(page, "Withdraw")
        assert "a withdrawal needs the reason why" in words(page)
        page.text_area(key="why_withdrawn_marker").set_value("=of another product")
        page = press(page, "Withdraw")
        assert not page.exception
        assert [toast.value for toast in page.toast] == ["It is withdrawn."]
        (markers,) = [frame.value for frame in page.dataframe if "Withdrawn" in frame.value]
    assert listed(filled) == []
    assert markers["Withdrawn"].item().endswith(", Bob: =of another product")


def test_who_is_the_address_of_a_reader_who_signed_in(
    filled: Store, no_caches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The form has no field for a name then, and the address of the sign-in is stored."""
    monkeypatch.setattr(gate, "reader_address", lambda: "ann@example.org")
    told = {name: value for name, value in filled.settings().items() if value is not None}
    with environment(**told, KPI_MIN_USERS="1"):
        page = opened("pages/data.py", period="all")
        assert "who_marker" not in [field.key for field in page.text_input]
        page.text_input(key="label_marker").set_value("Firefox 46")
        page = press(page, "Add")
        assert not page.exception
        (markers,) = [frame.value for frame in page.dataframe if "Added" in frame.value]
    assert markers["Added"].item().endswith(", ann@example.org")


def test_markers_of_earlier_versions_stay(filled: Store) -> None:
    """Those that a publication holds are listed, survive the next publication, and can be withdrawn."""
    with duckdb.connect(str((filled.home / "kpi.duckdb").resolve())) as kpi:
        kpi.execute("INSERT INTO annotation VALUES (?, 'Old', 'release', NULL)", [D[5]])
    filled.must("annotate", D[9], "New")
    both = [f"{D[5]} release: Old", f"{D[9]} release: New"]
    assert listed(filled) == both
    filled.load(write(filled.files / "more.parquet", [event(at(D[20]), uid=user(2))]))
    filled.summarise()
    assert listed(filled) == both
    filled.must("annotate", D[5], "Old", "--remove", "--who", "Ann", "--why", "of a test")
    assert listed(filled) == both[1:]
    filled.must("annotate", D[5], "Old")
    assert listed(filled) == both


@pytest.mark.every_engine
def test_people_who_mark_at_once_all_succeed(store: Store) -> None:
    """Markers of several days and the same marker, added by threads at once: none is lost or doubled."""
    with environment(**store.settings()):
        settings = Settings.read()

    def mark(number: int) -> None:
        marker = Annotation(date(2016, 1, 1 + number // 2), "at once")
        annotations.annotate(settings, [marker], f"reader {number}")

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(mark, range(12)))
    with stores.reading_notes(settings) as connection:
        days = [row.day for row in queries.run(connection, "read/marker")]
    assert {str(day) for day in days} == {f"2016-01-{number:02}" for number in range(1, 7)}
    store.load(write(store.files / "log.parquet", heartbeat(D[0], 3)))
    store.summarise()
    assert listed(store) == [f"2016-01-0{number} release: at once" for number in range(1, 7)]
