"""Charts: what is drawn for a measure's frame, and what must never be."""

from __future__ import annotations

import colorsys
import itertools
import tomllib
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import cache
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import altair as alt
import pandas as pd
import pytest
from conftest import PROJECT

from kpi import charts
from kpi.charts.labels import apart
from kpi.charts.layers import with_runs
from kpi.charts.looks import GREY, INK_SHARE, LOOKS, ink
from kpi.charts.values import values_drawn
from kpi.dashboard.reasons import POINTS, gaps_sentence, why_nothing
from kpi.meaning.filters import Period
from kpi.meaning.measures import MEASURES, within
from kpi.numbers.annotations import Annotation
from kpi.text import day_text, days_text, written

DAYS = pd.date_range("2016-01-01", periods=40, unit="s")


def engagement_frame(absent: tuple[int, ...] = ()) -> pd.DataFrame:
    """40 days of two audiences; the days named by number have no values."""
    rows = []
    for number, day in enumerate(DAYS):
        for audience, size in (("all", 1000), ("multi_device", 200), ("single_device", 800)):
            there = number not in absent
            mean, mau = size + number * 1.5, size * 2
            rows.append(
                {
                    "day": day,
                    "audience": audience,
                    "dau": size + number if there else pd.NA,
                    "dau_7day_mean": mean if there else pd.NA,
                    "mau": mau if there else pd.NA,
                    "engagement_ratio": 100 * mean / mau if there else pd.NA,
                }
            )
    return pd.DataFrame(rows).astype(
        {"dau": "Int64", "mau": "Int64", "dau_7day_mean": "Float64", "engagement_ratio": "Float64"}
    )


def firefox_frame() -> pd.DataFrame:
    """40 days of the three products."""
    rows = [
        {
            "day": day,
            "product": product,
            "dau": 100,
            "dau_7day_mean": 100.0,
            "mau": 250,
            "engagement_ratio": share,
        }
        for day in DAYS
        for product, share in (("desktop", 40.0), ("android", 35.0), ("ios", 30.0))
    ]
    return pd.DataFrame(rows).astype({"dau": "Int64", "mau": "Int64"})


def multi_device_frame() -> pd.DataFrame:
    """40 days of daily and monthly users."""
    frame = pd.DataFrame(
        {
            "day": DAYS,
            "daily_users": 1000,
            "daily_multi_device_users": range(180, 220),
            "monthly_users": 3000,
            "monthly_multi_device_users": 450,
        }
    )
    for span in ("daily", "monthly"):
        several, everyone = frame[f"{span}_multi_device_users"], frame[f"{span}_users"]
        frame[f"{span}_multi_device_percent"] = 100 * several / everyone
    return frame


def connection_frame(slowest: float = 20.0) -> pd.DataFrame:
    """40 days of both accounts; one day's upper quartile for new accounts is ``slowest``."""
    rows = [
        {
            "day": day,
            "account": account,
            "connections": 40 + number,
            "p25_seconds": median - 2,
            "median_seconds": median,
            "p75_seconds": slowest if number == 5 and account == "new" else median + 5,
        }
        for number, day in enumerate(DAYS)
        for account, median in (("new", 9.5), ("existing", 4.8))
    ]
    return pd.DataFrame(rows)


DRAWN: dict[str, tuple[Callable[..., alt.LayerChart], pd.DataFrame, dict[str, Any]]] = {
    "engagement_ratio": (
        charts.engagement_ratio,
        engagement_frame(),
        {"firefox": firefox_frame()},
    ),
    "multi_device_counts": (charts.multi_device_users, multi_device_frame(), {}),
    "multi_device_percent": (charts.multi_device_users, multi_device_frame(), {"percent": True}),
    "connection_time": (charts.connection_time, connection_frame(), {}),
    "connection_time_log": (charts.connection_time, connection_frame(), {"log": True}),
}
each_chart = pytest.mark.parametrize("name", DRAWN)


def drawn(name: str, **options: Any) -> alt.LayerChart:
    """One of the charts; without options it is drawn once for all tests."""
    if options:
        draw, frame, usual = DRAWN[name]
        return draw(frame, **{**usual, **options})
    return usually_drawn(name)


@cache
def usually_drawn(name: str) -> alt.LayerChart:
    """One of the charts without options."""
    draw, frame, usual = DRAWN[name]
    return draw(frame, **usual)


_specifications: dict[int, tuple[alt.LayerChart, dict[str, Any]]] = {}


def specification(chart: alt.LayerChart) -> dict[str, Any]:
    """The chart's specification, which is made once; a chart stays here, so that no other gets its id."""
    if id(chart) not in _specifications:
        _specifications[id(chart)] = chart, chart.to_dict()
    return _specifications[id(chart)][1]


def layers(chart: alt.LayerChart, mark: str) -> Iterator[tuple[dict[str, Any], list[dict]]]:
    """The layers of a mark in the chart's specification, each with its rows."""
    told = specification(chart)
    for layer in told["layer"]:
        kind = layer["mark"] if isinstance(layer["mark"], str) else layer["mark"]["type"]
        if kind == mark:
            # Layers of the same rows share those of the whole chart.
            yield layer, told["datasets"][(layer.get("data") or told["data"])["name"]]


def only(chart: alt.LayerChart, mark: str) -> tuple[dict[str, Any], list[dict]]:
    """The one layer of a mark."""
    (found,) = layers(chart, mark)
    return found


@each_chart
def test_input_stays_unchanged(name: str) -> None:
    """A chart never changes the frame it was given."""
    _, frame, _ = DRAWN[name]
    before = frame.copy(deep=True)
    usually_drawn.__wrapped__(name).to_dict()
    pd.testing.assert_frame_equal(frame, before)


@each_chart
def test_specification_is_valid(name: str) -> None:
    """Every chart validates against Vega-Lite's schema."""
    told = drawn(
        name,
        goals=[charts.GoalLine("Goal", 20.0, date(2016, 1, 10), date(2016, 1, 20))],
        markers=[Annotation(date(2016, 1, 5), "Firefox 44")],
    ).to_dict()
    assert told["layer"]


def test_engagement_has_the_five_series_of_the_specification() -> None:
    """All, multi-device, Firefox desktop, Android and iOS; no other audience."""
    _, rows = only(drawn("engagement_ratio"), "line")
    assert {row["series"] for row in rows} == {"all", "multi_device", "desktop", "android", "ios"}


@each_chart
def test_every_series_has_a_colour_a_dash_or_place_and_a_label(name: str) -> None:
    """Colour is never alone: no two series share colour and dash, and each is labelled."""
    line, rows = only(drawn(name), "line")
    colours = line["encoding"]["color"]["scale"]
    dashes = line["encoding"]["strokeDash"]["scale"]
    looks = list(zip(colours["range"], map(tuple, dashes["range"]), strict=True))
    assert len(set(looks)) == len(looks) == len({row["series"] for row in rows})
    (labels,) = [r for layer, r in layers(drawn(name), "text") if "full" in r[0]]
    assert {row["series"] for row in labels} == {row["series"] for row in rows}


@pytest.mark.parametrize("background", ["#FFFFFF", "#12151B"])
@each_chart
def test_colours_stand_out_on_both_themes(name: str, background: str) -> None:
    """Every line has a contrast of 3:1 against white and against the dark theme (at two digits)."""
    line, _ = only(drawn(name), "line")
    for colour in line["encoding"]["color"]["scale"]["range"]:
        assert contrast(colour, background) >= 2.95, colour


def contrast(one: str, other: str) -> float:
    """The contrast of two colours by WCAG."""

    def light(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    bright, dim = sorted((light(one), light(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def test_absent_values_leave_a_gap() -> None:
    """A day without a value is neither zero nor joined over: its neighbours are in two runs."""
    chart = charts.engagement_ratio(engagement_frame(absent=(10, 11)))
    line, rows = only(chart, "line")
    mine = [row for row in rows if row["series"] == "all"]
    assert len(mine) == 38
    assert all(row["value"] > 0 for row in mine)
    assert mine[9]["run"] != mine[10]["run"]
    assert len({row["run"] for row in mine}) == 2
    assert line["encoding"]["detail"]["field"] == "run"


def test_rows_that_are_missing_leave_a_gap() -> None:
    """A day that has no row at all parts the line like one without a value."""
    frame = engagement_frame()
    frame = frame[frame["day"] != DAYS[20]]
    _, rows = only(charts.engagement_ratio(frame), "line")
    assert len({row["run"] for row in rows if row["series"] == "all"}) == 2


def test_a_lonely_day_is_a_point() -> None:
    """A value between two absent ones is drawn as a point, since a line of one value is invisible."""
    frame = engagement_frame(absent=(9, 11))
    points = [r for layer, r in layers(charts.engagement_ratio(frame), "point") if "run" in r[0]]
    assert [pd.Timestamp(row["day"]) for row in points[0]] == [DAYS[10]] * 2


def test_runs_end_with_their_series() -> None:
    """Two series never share a run, even where one begins on the day after the other ends."""
    frame = pd.DataFrame({"day": DAYS[:4], "value": [1.0, 2.0, 3.0, 4.0]})
    series = pd.Series(["a", "a", "b", "b"])
    values = values_drawn(frame, series, frame["value"], [""] * 4, complete=True)
    assert with_runs(values).run.tolist() == [1, 1, 2, 2]


def test_incomplete_day_is_drawn_apart() -> None:
    """An incomplete day is in no line, band, label or sentence, and is told as incomplete."""
    frame = engagement_frame()
    last = frame[frame["day"] == DAYS[-1]]
    chart = charts.engagement_ratio(frame[frame["day"] < DAYS[-1]], incomplete=last)
    lines = list(layers(chart, "line"))
    assert max(row["day"] for row in lines[0][1]) == DAYS[-2].isoformat()
    assert lines[1][0]["mark"]["strokeDash"] == [1, 3]
    assert max(row["day"] for row in lines[1][1]) == DAYS[-1].isoformat()
    assert "incomplete day" in chart.to_dict()["title"]["text"]
    assert "8 Feb 2016" in charts.specified(chart).sentence
    assert "9 Feb 2016" not in charts.specified(chart).sentence
    _, rows = only(chart, "rect")
    assert rows[-1]["words"]["Day (UTC)"].endswith(", incomplete")


def test_pointer_tells_exact_values_with_n() -> None:
    """Every ratio and percentile that the pointer tells stands beside what it rests on."""
    for name, expected in (
        ("engagement_ratio", "50.0%  (1,000 of 2,000)"),
        ("multi_device_percent", "18.0%  (180 of 1,000)"),
        ("connection_time", "9.50 s  (7.50 s to 14.5 s; n = 40)"),
    ):
        stripes, rows = only(drawn(name), "rect")
        day, first = list(rows[0]["words"].items())[:2]
        assert day == ("Day (UTC)", "Fri 1 Jan 2016")
        assert first[1] == expected
        assert stripes["encoding"]["tooltip"]["field"] == "words"


@each_chart
def test_every_day_can_be_pointed_at(name: str) -> None:
    """A stripe reaches from the middle between a day and the one before to that after; it moves the rule."""
    chart = specification(drawn(name))
    stripes, rows = only(drawn(name), "rect")
    assert [row["day"] for row in rows] == [day.isoformat() for day in DAYS]
    assert all(one["until"] == after["since"] for one, after in pairwise(rows))
    (pointed,) = chart["params"]
    assert pointed["views"] == [stripes["name"]]
    rule = [layer for layer, r in layers(drawn(name), "rule") if "words" in r[0]]
    assert [layer["transform"] for layer in rule] == [
        [{"filter": {"param": pointed["name"], "empty": False}}]
    ]


def test_goal_line_is_drawn_over_its_own_days_only() -> None:
    """A goal for some days is no constant line; one for other days isn't drawn."""
    goals = [
        charts.GoalLine("Goal 2016", 25.0, date(2016, 1, 20)),
        charts.GoalLine("Goal of days", 15.0, date(2016, 1, 2), date(2016, 1, 20)),
        charts.GoalLine("Goal 2017", 99.0, date(2017, 1, 1)),
    ]
    chart = drawn("multi_device_percent", goals=goals)
    (rows,) = [r for layer, r in layers(chart, "rule") if "label" in r[0]]
    assert [(row["label"], row["value"]) for row in rows] == [("", 25.0), ("Goal of days", 15.0)]
    (beside,) = [r for layer, r in layers(chart, "text") if "full" in r[0]]
    assert "Goal 2016" in [row["full"] for row in beside]
    assert "Goal of days" not in [row["full"] for row in beside]
    assert "Goal 2016" in charts.specified(chart).sentence
    assert pd.Timestamp(rows[0]["day"]) == pd.Timestamp(2016, 1, 20)
    assert pd.Timestamp(rows[0]["until"]) == DAYS[-1]


def test_log_scale_has_a_logarithmic_axis_and_shows_every_band() -> None:
    """The logarithm cuts nothing; the linear axis says how many days it cuts."""
    log = charts.connection_time(connection_frame(slowest=3000), log=True)
    line, _ = only(log, "line")
    assert line["encoding"]["y"]["scale"]["type"] == "log"
    assert line["encoding"]["y"]["scale"]["domain"][1] >= 3000
    assert "title" not in log.to_dict()
    linear = charts.connection_time(connection_frame(slowest=3000))
    line, _ = only(linear, "line")
    assert line["encoding"]["y"]["scale"]["domain"] == [0, 15]
    assert "exceeds the chart on 1 day" in linear.to_dict()["title"]["text"]


@each_chart
def test_every_layer_of_values_is_on_the_same_axis(name: str) -> None:
    """No layer's own values widen the axis: each names the same ends, and one draws the ticks."""
    chart = drawn(name, goals=[charts.GoalLine("Goal", 20.0)])
    encodings = [
        layer["encoding"]["y"] for layer in chart.to_dict()["layer"] if "y" in layer["encoding"]
    ]
    placed = [each for each in encodings if "field" in each]
    assert len({str(each["scale"]) for each in placed}) == 1
    assert sum("axis" in each for each in placed) == 1


def test_counts_and_times_begin_at_zero() -> None:
    """A linear axis of people or seconds begins at zero."""
    for name in ("multi_device_counts", "connection_time"):
        line, _ = only(drawn(name), "line")
        assert line["encoding"]["y"]["scale"]["domain"][0] == 0


@each_chart
def test_alt_text_tells_days_and_last_values(name: str) -> None:
    """The sentence has the chart's days and, for each series, its last value and range."""
    told = charts.specified(drawn(name)).sentence
    assert "1 Jan – 9 Feb 2016" in told
    line, _ = only(drawn(name), "line")
    assert told.count("between") == len(line["encoding"]["color"]["scale"]["domain"])
    assert charts.specified(drawn(name)).sentence == told


@each_chart
def test_specification_is_the_chart_with_its_rows_apart(name: str) -> None:
    """What is sent to a page is valid Vega-Lite, names every frame once, and has all of its rows."""
    chart = drawn(name)
    sent = charts.specified(chart)
    assert "description" not in sent.spec
    inline = {key: table.to_pylist() for key, table in sent.tables.items()}
    texts = {
        key: [{k: str(v) for k, v in row.items() if k != "words"} for row in rows]
        for key, rows in inline.items()
    }
    alt.LayerChart.from_dict({**sent.spec, "datasets": texts}).to_dict()
    told = chart.to_dict()
    names = [(layer.get("data") or told["data"])["name"] for layer in told["layer"]]
    sent_names = [(part.get("data") or sent.spec["data"])["name"] for part in sent.spec["layer"]]
    for before, after in zip(names, sent_names, strict=True):
        assert len(told["datasets"][before]) == len(inline[after])
        assert set(told["datasets"][before][0]) == set(inline[after][0])
    assert set(sent_names) == set(inline)


def test_label_of_an_earlier_day_says_so() -> None:
    """A series that ends before the others has the day of its last value in its label."""
    frame = connection_frame()
    late_new = (frame["account"] == "new") & (frame["day"] > DAYS[20])
    frame.loc[late_new, ["p25_seconds", "median_seconds", "p75_seconds"]] = float("nan")
    (rows,) = [r for layer, r in layers(charts.connection_time(frame), "text") if "full" in r[0]]
    assert [row["full"] for row in rows] == [
        "New account 9.50 s, 21 Jan",
        "Existing account 4.80 s",
    ]


def test_nothing_to_draw() -> None:
    """A frame without rows or values makes an empty chart, which says so."""
    for frame in (engagement_frame().head(0), engagement_frame(absent=tuple(range(40)))):
        chart = charts.engagement_ratio(frame)
        chart.to_dict()
        assert not charts.specified(chart).has_values
    assert charts.specified(drawn("engagement_ratio")).has_values


def test_a_single_day_is_drawn() -> None:
    """One day has an axis, a point and a label."""
    chart = charts.engagement_ratio(engagement_frame().head(3))
    assert charts.specified(chart).has_values
    assert chart.to_dict()["layer"]


def test_labels_never_touch_and_stay_near() -> None:
    """Labels are a gap apart, in their order, inside the plot; those with room don't move."""
    assert apart([10, 100, 200], 15, 250) == [10, 100, 200]
    for wanted in ([100, 101, 102], [0, 0, 0, 0], [250, 249, 248], [5, 240, 245, 250]):
        placed = apart(wanted, 15, 250)
        inside = sorted(placed)
        assert all(b - a >= 15 - 1e-9 for a, b in itertools.pairwise(inside))
        assert inside[0] >= 0
        assert inside[-1] <= 250
        order = sorted(range(len(wanted)), key=lambda i: wanted[i])
        assert [placed[i] for i in order] == inside


def test_hostile_names_are_only_text() -> None:
    """A marker or goal named like markup or a field path is drawn as it is written."""
    name = "<script>alert(1)</script> a.b[0]"
    chart = drawn(
        "multi_device_percent",
        markers=[Annotation(date(2016, 1, 5), name)],
        goals=[charts.GoalLine(name, 20.0)],
    )
    texts = [row for _, rows in layers(chart, "text") for row in rows]
    assert any(row.get("full") == name for row in texts)
    (flag,) = [row for _, rows in layers(chart, "point") for row in rows if "words" in row]
    assert flag["words"] == {"title": f"▼ release: {name}", "Day (UTC)": "5 Jan 2016"}
    assert flag["said"] == f"5 Jan 2016, release: {name}"


# --- comparison, breakdowns -----------------------------------------------------------------------


def by_system_frame() -> pd.DataFrame:
    """40 days of three systems: the largest has the lowest ratio, the smallest is hidden at times."""
    parts = []
    for system, size, hidden in (("Windows", 900, 0), ("Android", 300, 0), ("Haiku", 12, 39)):
        rows = engagement_frame(absent=tuple(range(hidden)))
        rows = rows[rows["audience"] == "all"].assign(os=system)
        rows["engagement_ratio"] = rows["engagement_ratio"] * 300 / (size + 300)
        rows["mau"] = (rows["mau"] * size // 1000).astype("Int64")
        parts.append(rows)
    return pd.concat(parts, ignore_index=True)


RATIO = MEASURES["engagement_ratio"]
LAST = DAYS[-1].date()


def test_compared_days_are_drawn_pale_and_told_by_the_pointer() -> None:
    """The other days stand under the period's, paler, and add to no label, sentence or band."""
    beside = charts.Compared(
        "a year before", engagement_frame().assign(engagement_ratio=30.0), shift=timedelta(days=364)
    )
    chart = charts.engagement_ratio(engagement_frame(), compared=beside)
    pale, full = (layer["mark"] for layer, _ in layers(chart, "line"))
    assert pale["opacity"] < 0.5
    assert "opacity" not in full
    assert "pale: a year before" in chart.to_dict()["title"]["text"]
    assert "30.0%" not in charts.specified(chart).sentence
    _, rows = only(chart, "rect")
    own = DAYS[0] - pd.Timedelta(days=364)
    words = rows[0]["words"]["FxA, all users, a year before"]
    assert words.startswith("30.0%") and words.endswith(f", {own:%a} {day_text(own)}")


def test_goals_beside_firefox_follow_its_own_ratio() -> None:
    """A goal so many points above a product moves with it, from day to day."""
    chart = charts.engagement_ratio(
        engagement_frame(), firefox_frame(), points_above={"desktop": 5.0}
    )
    curve = next(rows for layer, rows in layers(chart, "line") if layer["mark"].get("color"))
    assert {row["value"] for row in curve} == {45.0}
    assert "Firefox’s own ratio + 5 points" in chart.to_dict()["title"]["text"]


def test_weeks_are_one_line() -> None:
    """Rows that are a week apart are joined; a week that is missing leaves a gap."""
    weekly = engagement_frame()
    weekly = weekly[weekly["day"].dt.day_of_week == 6]
    rows = [r for r in only(charts.engagement_ratio(weekly), "line")[1] if r["series"] == "all"]
    assert len({row["run"] for row in rows}) == 1
    days = weekly["day"].unique()
    parted = weekly[weekly["day"] != days[2]]
    rows = [r for r in only(charts.engagement_ratio(parted), "line")[1] if r["series"] == "all"]
    assert len({row["run"] for row in rows}) == 2


def test_daily_mean_and_monthly_users_are_of_one_audience() -> None:
    """DAU, its mean and MAU of the chosen users, and of no others."""
    _, rows = only(charts.active_users(engagement_frame(), audience="multi_device"), "line")
    assert {row["series"] for row in rows} == {"dau", "dau_7day_mean", "mau"}
    assert max(row["value"] for row in rows) == 400


def test_every_window_has_a_line() -> None:
    """3, 5, 7 and 14 days are told apart by colour, dash and label."""
    others = {days: multi_device_frame() for days in (3, 5, 7, 14)}
    _, rows = only(charts.by_window(multi_device_frame(), others=others), "line")
    assert {row["series"] for row in rows} == {"3", "5", "7", "14"}


def test_largest_goes_by_what_a_measure_rests_on() -> None:
    """The values with the most users come first, however high or low the measure itself."""
    frame = by_system_frame()
    assert charts.largest(frame, RATIO, "os", 5) == ["Windows", "Android", "Haiku"]
    assert charts.largest(frame, RATIO, "os", 1) == ["Windows"]
    hidden = frame.assign(engagement_ratio=pd.NA, mau=pd.NA)
    assert charts.largest(hidden, RATIO, "os", 5) == []


WINDOW = (date(2016, 1, 13), date(2016, 2, 9))


def on(day: date) -> pd.DataFrame:
    """The rows of a day: a row a value, as bars have them."""
    frame = by_system_frame()
    return frame[frame["day"] == pd.Timestamp(day)].reset_index(drop=True)


def test_bars_are_ranked_and_carry_their_n() -> None:
    """The greatest value stands first; each bar says what it rests on, also in the sentence."""
    chart = charts.ranked(on(LAST), RATIO, "os", WINDOW, ["Windows", "Android", "Haiku"])
    bar, rows = only(chart, "bar")
    assert [row["name"] for row in rows] == ["Haiku", "Android", "Windows"]
    assert rows[2]["label"].endswith("n = 1,800")
    assert bar["encoding"]["y"]["sort"] is None
    assert bar["encoding"]["x"]["scale"]["domain"][0] == 0
    assert "Windows" in charts.specified(chart).sentence
    assert "13 Jan – 9 Feb 2016" in charts.specified(chart).sentence


def test_bars_show_the_compared_value_as_a_tick() -> None:
    """What a value was before is a tick on its bar; one that wasn't has none."""
    before = on(LAST)
    before = before[before["os"] != "Haiku"].assign(engagement_ratio=80.0)
    chart = charts.ranked(
        on(LAST), RATIO, "os", WINDOW, ["Windows", "Haiku"],
        compared=charts.Compared("previous period", before, shift=timedelta(days=28)),
    )  # fmt: skip
    _, rows = only(chart, "tick")
    assert [(row["name"], row["before"]) for row in rows] == [("Windows", 80.0)]
    assert "previous period" in chart.to_dict()["title"]["text"]


def test_values_hidden_on_the_day_have_no_bar() -> None:
    """A hidden value is absent from the bars and their sentence, never a bar of zero."""
    few = on(DAYS[5].date())
    chart = charts.ranked(few, RATIO, "os", WINDOW, ["Windows", "Haiku"])
    assert [row["name"] for row in only(chart, "bar")[1]] == ["Windows"]
    nothing = charts.ranked(few, RATIO, "os", WINDOW, ["Haiku"])
    nothing.to_dict()
    assert not charts.specified(nothing).has_values


def test_small_charts_share_an_axis() -> None:
    """Charts that stand side by side are drawn on the same values, so that heights compare."""
    frame = by_system_frame()
    span = charts.extent(frame, RATIO)
    domains = set()
    for system in ("Windows", "Android"):
        chart = charts.course(frame[frame["os"] == system], RATIO, system, span=span)
        line, _ = only(chart, "line")
        domains.add(tuple(line["encoding"]["y"]["scale"]["domain"]))
    assert len(domains) == 1


def test_lines_by_value_are_few_and_told_apart() -> None:
    """A line for each value, named at its end; a value named like markup is only text."""
    name = "<b>alert(1)</b>"
    frame = by_system_frame().replace({"os": {"Windows": name}})
    chart = charts.by_value(frame, RATIO, "os", [name, "Android"])
    line, rows = only(chart, "line")
    assert {row["series"] for row in rows} == {name, "Android"}
    assert len(set(line["encoding"]["color"]["scale"]["range"])) == 2
    labels = [r["full"] for _, rows in layers(chart, "text") for r in rows if "full" in r]
    assert any(label.startswith(name) for label in labels)


# --- measures -------------------------------------------------------------------------------------


def test_each_measure_is_defined_whole() -> None:
    """A measure has a title, one definition sentence, a direction and a source."""
    for name, measure in MEASURES.items():
        assert measure.id == name
        assert measure.title
        assert measure.definition.endswith(".")
        assert measure.source.startswith(("Specification", "Design"))
        assert measure.better in ("higher", "lower")


def test_numbers_are_written_in_their_units() -> None:
    """Percents have one decimal, seconds three digits, people none; an absent value is a dash."""
    assert written(40.42, "percent") == "40.4%"
    assert [written(v, "seconds") for v in (4.822, 12.34, 1234.5)] == [
        "4.82 s",
        "12.3 s",
        "1,234 s",
    ]
    assert written(8543.0, "users") == "8,543"
    assert written(None, "users") == written(pd.NA, "percent") == "–"


def test_percentages_change_in_points() -> None:
    """A change of a percentage is in points, never in percent."""
    ratio, time = MEASURES["engagement_ratio"], MEASURES["connection_time"]
    assert ratio.change_text(1.234) == "+1.2 points"
    assert ratio.change_text(-0.5) == "−0.5 points"
    assert time.change_text(-1.04) == "−1.04 s"
    assert ratio.flat(0.04)
    assert not ratio.flat(-0.06)


def test_within_keeps_the_days_of_the_period() -> None:
    """Both ends of a period belong to it."""
    rows = within(engagement_frame(), Period(date(2016, 1, 2), date(2016, 1, 3)))
    assert rows["day"].dt.date.unique().tolist() == [date(2016, 1, 2), date(2016, 1, 3)]
    assert len(within(engagement_frame().head(0), Period())) == 0


def test_four_empties_are_told_apart() -> None:
    """No rows, nothing that matches, hidden for privacy and not yet 28 days have a sentence each."""
    ratio, full = MEASURES["engagement_ratio"], engagement_frame()
    bare = engagement_frame(absent=tuple(range(40)))
    none = full.assign(dau=0, dau_7day_mean=0.0, mau=0, engagement_ratio=pd.NA)
    none = none.astype({"engagement_ratio": "Float64"})
    early = full.assign(mau=pd.NA, engagement_ratio=pd.NA)
    early = early.astype({"mau": "Int64", "engagement_ratio": "Float64"})

    def told(rows: pd.DataFrame, everything: pd.DataFrame, unfiltered: bool = False) -> str | None:
        return why_nothing(ratio, rows, everything, unfiltered, 10, "1 Jan – 9 Feb 2016")

    assert "whole week" in why_nothing(
        ratio, full.head(0), full.head(0), True, 10, "", point=POINTS[7]
    )
    assert "Remove" not in told(bare, full, unfiltered=True)
    assert told(full, full) is None
    assert "covers 1 Jan – 9 Feb 2016" in told(full.head(0), full.head(0))
    assert "covers" in told(bare, bare)
    assert "Remove a filter" in told(none, none)
    assert "longer" in told(none, none, unfiltered=True)
    assert "Hidden for privacy" in told(bare, full)
    assert "28 loaded days" in told(early, early)


def test_gaps_are_told_with_their_reason() -> None:
    """Hidden days and days without a value are counted apart."""
    ratio, full = MEASURES["engagement_ratio"], engagement_frame()
    assert gaps_sentence(ratio, full, full, 10) is None
    told = gaps_sentence(ratio, engagement_frame((3, 4, 5)), engagement_frame((5,)), 10)
    assert "2 days hidden" in told
    assert "1 day without a value" in told
    nobody = engagement_frame((5,))
    nobody.loc[nobody["engagement_ratio"].isna(), "mau"] = 0
    assert (
        gaps_sentence(ratio, nobody, nobody, 10)
        == "Gaps are not zeros: 1 day where nothing matches."
    )
    assert "1 week where" in gaps_sentence(ratio, nobody, nobody, 10, POINTS[7])


def test_ranges_of_days_are_written_short() -> None:
    """The year stands once where both days share it."""
    assert days_text(date(2016, 1, 1), date(2016, 6, 14)) == "1 Jan – 14 Jun 2016"
    assert days_text(date(2015, 12, 1), date(2016, 1, 14)) == "1 Dec 2015 – 14 Jan 2016"
    assert days_text(date(2016, 1, 1), date(2016, 1, 1)) == "1 Jan 2016"


def test_sparkline_breaks_at_gaps_and_marks_the_last_value() -> None:
    """A card's course is one line per run of days, from the lowest at the foot to the highest."""
    spark = charts.spark(pd.Series([1.0, 3.0, None, 2.0, 2.0]), "percent")
    assert spark is not None
    lines = [
        line.get("points")
        for line in ElementTree.fromstring(spark.svg).iter()
        if "points" in line.attrib
    ]
    assert [len(line.split()) for line in lines] == [2, 2]
    assert lines[0].split() == ["4.0,36.0", "62.0,4.0"]
    dot = next(
        one for one in ElementTree.fromstring(spark.svg).iter() if one.tag.endswith("circle")
    )
    assert (dot.get("cx"), dot.get("cy")) == ("236.0", "20.0")
    assert spark.sentence == "Course: 2.0% last, between 1.0% and 3.0%."


def test_values_that_only_rounding_tells_apart() -> None:
    """Ratios of one value, computed from different counts, are drawn as that one value."""
    frame = engagement_frame()
    ratios = [20.0, 20.000000000000004] * (len(frame) // 2)
    frame["engagement_ratio"] = pd.array(ratios, dtype="Float64")
    chart = charts.engagement_ratio(frame).to_dict()
    domains = {
        tuple(layer["encoding"]["y"]["scale"]["domain"])
        for layer in chart["layer"]
        if "scale" in layer.get("encoding", {}).get("y", {})
    }
    assert domains == {(20.0, 25.0)}
    flat = charts.spark(pd.Series(ratios[:2]), "percent")
    assert flat is not None and "4.0,20.0 236.0,20.0" in flat.svg


def test_sparkline_needs_two_values() -> None:
    """A single value has no course, nor have few of many days; one that never changes lies in the middle."""
    assert charts.spark(pd.Series([None, 3.0]), "users") is None
    assert charts.spark(pd.Series([None, None, None, 3.0, 2.0]), "users") is None
    flat = charts.spark(pd.Series([3.0, 3.0]), "users")
    assert flat is not None and "4.0,20.0 236.0,20.0" in flat.svg


def test_words_in_colour_are_legible_in_both_themes() -> None:
    """Labels in the colour of a line have a contrast of 4.5:1 with the background, and the line's hue."""
    with (PROJECT / ".streamlit" / "config.toml").open("rb") as file:
        themes = tomllib.load(file)["theme"]
    for colour, _dash in LOOKS:
        for theme in (themes["light"], themes["dark"]):
            words = mixed(colour, theme["textColor"])
            assert contrast(words, theme["backgroundColor"]) >= 4.5, (colour, theme)
            if colour != GREY:
                assert abs(hue(words) - hue(colour)) < 0.03
            assert f"{colour} {INK_SHARE}%" in ink(colour)


def mixed(colour: str, text: str) -> str:
    """A colour as the browser mixes it with a page's text colour."""
    share, parts = INK_SHARE / 100, zip(rgb(colour), rgb(text), strict=True)
    return f"#{bytes(round(a * share + b * (1 - share)) for a, b in parts).hex()}"


def rgb(colour: str) -> bytes:
    """Red, green and blue."""
    return bytes.fromhex(colour.removeprefix("#"))


def hue(colour: str) -> float:
    """The hue, from 0 to 1."""
    return colorsys.rgb_to_hls(*(part / 255 for part in rgb(colour)))[0]
