"""The connection time page without a browser, and the charts of attempts it draws."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from app_pages import ABOVE, alts, graphs, opened, words
from conftest import daily, environment
from product import table_of

from kpi import charts
from kpi.charts.attempts import SHOWN_ROWS, time_text
from kpi.dashboard.pooled import TAGS_IN_ORDER
from kpi.errors import WarehouseDown
from kpi.meaning.filters import ATTEMPT_BREAKDOWNS, Filters, Period
from kpi.numbers import attempts, metrics, warehouse
from kpi.settings import Settings

FILE = "pages/connection_time.py"
CHARTS = 6
PERIOD = Period(pd.Timestamp("2015-11-01").date(), pd.Timestamp("2016-03-31").date())


@pytest.mark.usefixtures("at_demo")
def test_full_page() -> None:
    """Four cards with n, six charts with their own words, shares of the period, what censors."""
    page = opened(FILE, period="all")
    assert not page.exception
    assert len(alts(page)) == len(set(alts(page))) == CHARTS
    told = words(page)
    assert "30 minutes" in told and "2 hours" in told
    assert "attempts begun in the period. Small counts are hidden" in told
    pooled = table_of(
        warehouse.open_warehouse(Settings.read()),
        "connection-breakdown",
        period=PERIOD,
        min_users=1,
    ).iloc[0]
    shares = {metric.label: metric.value for metric in page.metric}
    assert shares["Within 10 s"] == f"{pooled['within_10_seconds_percent']:.1f}%"
    assert shares["Ever"] == f"{pooled['completion_percent']:.1f}%"
    assert f"Percent of the {int(pooled['begun']):,} attempts begun" in told


@pytest.mark.usefixtures("at_demo")
@pytest.mark.parametrize(
    "title", daily("Region", of=["Region", "New or existing users", "Operating system"])
)
def test_breakdown_is_in_the_url(title: str) -> None:
    """The tag to break down by is chosen in the URL; a bad one is dropped with a notice."""
    page = opened(FILE, by=title)
    assert sum(f"by {title.lower()}: " in sentence for sentence in alts(page)) == 2
    page = opened(FILE, by="colour")
    assert page.selectbox(key="by").value == "Region"
    assert any("colour" in toast.value for toast in page.toast)


@pytest.mark.usefixtures("at_demo")
def test_toggles() -> None:
    """Scale and base of the distribution are in the URL; of those ready all are there in the end."""
    page = opened(FILE, time_scale="log", distribution_of="those ready", period="all")
    assert not page.exception
    (sentence,) = [told for told in alts(page) if told.startswith("How soon")]
    assert "of attempts that became ready" in sentence
    assert sentence.count("100.0% in the end") == 2
    specifications = [chart.spec for chart in graphs(page)]
    assert sum('"type": "log"' in specification for specification in specifications) >= 3


@pytest.mark.usefixtures("at_demo")
@pytest.mark.parametrize(
    ("query", "caution"),
    [
        ({"users": "new"}, "counts as new only once its account is created"),
        ({"devices": "multi"}, "counts as single-device"),
        ({"os": "Android"}, "slower attempts count as not completed"),
    ],
)
def test_filters_come_with_their_cautions(query: dict[str, str], caution: str) -> None:
    """A filter that depends on how far an attempt came says so beside completion."""
    page = opened(FILE, period="all", **query)
    assert not page.exception
    assert caution in words(page)


@pytest.mark.usefixtures("at_demo")
def test_nothing_matches() -> None:
    """Where no attempt matches, each chart gives way to a sentence on what to do, the same only once."""
    page = opened(FILE, period="all", os="iOS", browser="Firefox")
    assert not page.exception
    assert alts(page) == []
    told = [str(part.value) for part in page.info]
    assert len(told) == CHARTS
    assert all("Remove a filter" in sentence or sentence == ABOVE for sentence in told)
    assert len(set(told)) == 1 + len([sentence for sentence in told if sentence != ABOVE])


def test_everything_hidden(demo_home: Path, no_caches: None) -> None:
    """Fewer attempts than the minimum: hidden, said so, and no figure in any card."""
    with environment(KPI_HOME=str(demo_home), KPI_MIN_USERS="1000000"):
        page = opened(FILE, period="all")
        assert not page.exception
        assert alts(page) == []
        told = [str(part.value) for part in page.info]
        assert len(told) == CHARTS and "Hidden for privacy" in told[0]
        assert all("Hidden for privacy" in sentence or sentence == ABOVE for sentence in told)
        assert all(metric.value == "–" for metric in page.metric)


def test_empty_store(tmp_path: Path, no_caches: None) -> None:
    """Before anything is loaded the page says what to run."""
    with environment(KPI_HOME=str(tmp_path / "nothing")):
        page = opened(FILE)
    assert not page.exception
    assert "python -m kpi load" in words(page)


def test_failing_store(demo_home: Path, no_caches: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failing query gives one plain sentence, without SQL, host or path."""

    def fails(*_args: object, **_options: object) -> None:
        raise WarehouseDown("SELECT secret FROM host.example:5439")

    monkeypatch.setitem(metrics.METRICS, "setup-steps", fails)
    with environment(KPI_HOME=str(demo_home)):
        page = opened(FILE)
    assert not page.exception
    assert len(page.error) == 1
    assert "can't be read right now" in page.error[0].value
    assert "SELECT" not in words(page) and str(demo_home) not in words(page)


@pytest.mark.usefixtures("at_demo")
def test_tables_are_those_of_the_metric_functions() -> None:
    """What stands behind each chart is what its function gives for the same filters and period."""
    page = opened(FILE, period="all", users="existing", by="Context")
    store = warehouse.open_warehouse(Settings.read())
    chosen = Filters(users="existing")
    page.session_state["breakdown_table"] = True
    page.session_state["steps_table"] = True
    page.session_state["distribution_table"] = True
    page.session_state["completion_table"] = True
    page.session_state["connection_time_table"] = True
    page.run()
    assert not page.exception
    shown = [frame.value for frame in page.dataframe]
    expected = [
        table_of(store, "connection-time", chosen, min_users=1),
        table_of(store, "connection-distribution", chosen, PERIOD, min_users=1),
        table_of(store, "completion", chosen, min_users=1),
        table_of(store, "ready-within", chosen, min_users=1),
        table_of(store, "setup-steps", chosen, PERIOD, min_users=1),
        table_of(store, "steps", chosen, min_users=1),
        table_of(store, "connection-breakdown", chosen, PERIOD, by="context", min_users=1),
    ]
    assert len(shown) == len(expected)
    for got, wanted in zip(shown, expected, strict=True):
        assert list(got.columns) == list(wanted.columns)
        pd.testing.assert_frame_equal(
            got.reset_index(drop=True).astype(object).where(got.notna().to_numpy(), None),
            wanted.astype(object).where(wanted.notna().to_numpy(), None),
            check_dtype=False,
        )


def test_every_breakdown_is_offered() -> None:
    """The page offers each tag of an attempt, once."""
    assert sorted(TAGS_IN_ORDER) == sorted(ATTEMPT_BREAKDOWNS)


# Charts -------------------------------------------------------------------------------------------


def breakdown(values: int, name: str = "value {}") -> pd.DataFrame:
    """A breakdown by region with so many values."""
    rows = [
        {
            "region": name.format(place),
            "begun": 1000 - place,
            "completion_percent": 60.0,
            "connections": 600 - place,
            "p25_seconds": 4.0 + place,
            "median_seconds": 7.0 + place,
            "p75_seconds": 20.0 + place,
        }
        for place in range(values)
    ]
    return pd.DataFrame(rows)


def drawn_values(chart: Any) -> list[dict[str, Any]]:
    """Every row of data in a chart's specification."""
    return [row for rows in chart.to_dict()["datasets"].values() for row in rows]


@pytest.mark.parametrize("draw", [charts.times_by, charts.completion_by])
def test_ranked_rows(draw: Any) -> None:
    """Ranked rows keep their order, are no more than fit, tell n, and leave their frame unchanged."""
    frame = breakdown(SHOWN_ROWS + 7)
    before = frame.copy()
    chart = draw(frame, "region", "Region")
    rows = drawn_values(chart)
    assert [row["name"] for row in rows] == list(frame["region"].head(SHOWN_ROWS))
    assert all("n = " in row["beside"] for row in rows)
    assert "value 0 " in charts.specified(chart).sentence
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("draw", [charts.times_by, charts.completion_by])
def test_hostile_values_are_data(draw: Any) -> None:
    """A value that looks like an expression, a field or markup is drawn as it stands."""
    hostile = "datum.x + '</script><script>alert(1)</script>' =cmd() [a](javascript:b) {}"
    chart = draw(breakdown(1, hostile.replace("{}", "\u202e")), "region", "Region")
    specification = chart.to_dict()
    (row,) = drawn_values(chart)
    assert row["name"] == hostile.replace("{}", "\u202e")
    del specification["datasets"], specification["description"]
    assert "alert" not in str(specification)


def test_hidden_rows_are_not_drawn() -> None:
    """A value whose figures are hidden has no row in the chart."""
    frame = breakdown(3).astype({"median_seconds": "Float64"})
    frame.loc[1, "median_seconds"] = pd.NA
    rows = drawn_values(charts.times_by(frame, "region", "Region"))
    assert [row["name"] for row in rows] == ["value 0", "value 2"]


def test_funnel_skips_steps_that_nobody_took() -> None:
    """A step without an event has no bar; two ways to one step share theirs, with both times."""
    steps = list(attempts.PATH)
    frame = pd.DataFrame(
        {
            "step": steps,
            "came_this_far": [100, 60, 60, 50, 50, 40],
            "came_this_far_percent": [100.0, 60.0, 60.0, 50.0, 50.0, 40.0],
            "lost": [None, 40, 40, 10, 0, 10],
            "lost_percent": [None, 40.0, 40.0, 16.7, 0.0, 20.0],
            "reached": [100, 20, 40, 50, 0, 40],
            "median_seconds": [0.0, 6.0, 4.0, 5.0, None, 8.0],
            "step_seconds": [None, 6.0, 4.0, 0.5, None, 1.0],
        }
    )
    chart = charts.funnel(frame)
    rows = drawn_values(chart)
    assert [row["percent"] for row in rows] == [100, 60, 50, 40]
    assert (
        "lost 40.0% (40), step time 6.00 s to create, 4.00 s to sign in"
        in charts.specified(chart).sentence
    )
    assert "verified" not in charts.specified(chart).sentence


def test_distribution_tells_quartiles_and_the_end() -> None:
    """The words of the distribution name the times of a quarter, half and three quarters, and the end."""
    frame = pd.DataFrame(
        {
            "account": "all",
            "within_seconds": [1.5, 4.0, 90.0, 7200.0],
            "ready": [10, 26, 50, 60],
            "attempts": 100,
            "percent": [10.0, 26.0, 50.0, 60.0],
        }
    )
    told = charts.specified(charts.distribution(frame, of="begun")).sentence
    assert "a quarter within 4 s, half within 90 s, 60.0% in the end" in told
    assert "three quarters" not in told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.45, "450 ms"), (5, "5 s"), (60, "1 min"), (90, "90 s"), (300, "5 min"), (72_000, "20 h")],
)
def test_times_in_words(seconds: float, told: str) -> None:
    """Times are written in the unit a reader would say."""
    assert time_text(seconds) == told


def test_nothing_to_draw() -> None:
    """Empty tables give charts that say there are no values."""
    empty = breakdown(1).iloc[:0]
    for chart in (
        charts.times_by(empty, "region", "Region"),
        charts.completion_by(empty, "region", "Region"),
        charts.distribution(pd.DataFrame({"account": []}), of="begun"),
    ):
        assert not charts.specified(chart).has_values
