"""What every chart sends to be drawn is the committed specification, its rows left out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd
import pytest
from product import publication, table
from snapshot import Compare, assert_no_others
from test_goals_charts import END, FAN, days, weeks

from kpi import charts
from kpi.charts import Compared, GoalLine
from kpi.meaning.measures import MEASURES
from kpi.numbers.annotations import Annotation
from kpi.numbers.by_value import of_users
from kpi.summary import anomalies

MARKERS = [Annotation(date(2016, 1, 26), "Firefox 44")]
GOALS = [GoalLine("Goal 2016", 25.0, date(2016, 1, 1), date(2016, 12, 31))]
DRAWS_NO_CHART = {
    *("largest", "extent", "specified", "unchecked"),
    *("multi_device_series", "shortened"),
}
RATIO = MEASURES["engagement_ratio"]
MARCH = (date(2016, 2, 29), date(2016, 3, 27))
GOAL = {"title": "Share", "unit": "percent"}

Tables = Callable[..., pd.DataFrame]


def by_os(of: Tables) -> pd.DataFrame:
    """The ratio of all users by system."""
    frame = of("engagement", by="os")
    return frame[frame["audience"] == "all"]


def of_change(of: Tables, measure: str = "engagement-ratio") -> pd.DataFrame:
    """The change of a measure by browser between two days of the demo."""
    period = (date(2016, 1, 31), date(2016, 3, 20))
    return of("moved", by="browser", period=period, measure=measure)


def volumes(of: Tables) -> pd.DataFrame:
    """Every type's events by day, judged."""
    return anomalies.judged(of("volumes"))


def year_before(frame: pd.DataFrame) -> Compared:
    """The same rows with other values, as days to compare with."""
    return Compared("a year before", frame, shift=timedelta(days=364))


CHARTS: dict[str, Callable[[Tables], Any]] = {
    "engagement_ratio": lambda of: charts.engagement_ratio(of("engagement"), of("firefox")),
    "engagement_ratio__all_layers": lambda of: charts.engagement_ratio(
        of("engagement"),
        of("firefox"),
        audiences=("all", "multi_device", "single_device"),
        goals=GOALS,
        markers=MARKERS,
        compared=year_before(of("engagement")),
        points_above={"desktop": 5.0},
        incomplete=of("engagement").tail(3),
    ),
    "engagement_ratio__nothing": lambda of: charts.engagement_ratio(of("engagement").head(0)),
    "engagement_ratio__weekly": lambda of: charts.engagement_ratio(of("engagement", weekly=True)),
    "active_users": lambda of: charts.active_users(of("engagement"), markers=MARKERS),
    "multi_device_users": lambda of: charts.multi_device_users(of("multi-device")),
    "multi_device_users__percent": lambda of: charts.multi_device_users(
        of("multi-device"), percent=True, goals=GOALS
    ),
    "by_window": lambda of: charts.by_window(
        of("multi-device"), others={n: of("multi-device", window=n) for n in (3, 5, 7, 14)}
    ),
    "connection_time": lambda of: charts.connection_time(
        of("connection-time"), goals=GOALS, markers=MARKERS
    ),
    "connection_time__log": lambda of: charts.connection_time(of("connection-time"), log=True),
    "same_people": lambda of: charts.same_people(of("same-people"), markers=MARKERS),
    "ready_within": lambda of: charts.ready_within(of("ready-within"), markers=MARKERS),
    **{
        f"distribution__{base}": lambda of, base=base: charts.distribution(
            of("connection-distribution", of=base), of=base
        )
        for base in ("begun", "ready")
    },
    "funnel": lambda of: charts.funnel(of("setup-steps")),
    "times_by": lambda of: charts.times_by(of("connection-breakdown", by="os"), "os", "System"),
    "completion_by": lambda of: charts.completion_by(
        of("connection-breakdown", by="region"), "region", "Region"
    ),
    "by_value": lambda of: charts.by_value(by_os(of), RATIO, "os", ["Android", "Linux"]),
    "course": lambda of: charts.course(
        by_os(of)[by_os(of)["os"] == "Android"],
        RATIO,
        "Android",
        compared=year_before(by_os(of)[by_os(of)["os"] == "Linux"]),
        span=charts.extent(by_os(of), RATIO),
    ),
    "ranked": lambda of: charts.ranked(
        of_users(by_os(of), RATIO, "os"),
        RATIO,
        "os",
        (date(2016, 2, 22), date(2016, 3, 20)),
        charts.largest(by_os(of), RATIO, "os", 5),
        compared=year_before(of_users(by_os(of), RATIO, "os")),
    ),
    "waterfall": lambda of: charts.waterfall(
        of_change(of).iloc[:-1], of_change(of).iloc[-1], RATIO, "January", "March"
    ),
    "waterfall__count": lambda of: charts.waterfall(
        of_change(of, measure="mau").iloc[:-1],
        of_change(of, measure="mau").iloc[-1],
        MEASURES["mau"],
        "January",
        "March",
    ),
    "flows": lambda of: charts.flows(of("growth", weekly=True, period=MARCH)),
    "retention": lambda of: charts.retention(
        of("retention"), of("retention", filters={"users": "new"})
    ),
    "volume": lambda of: charts.volume(
        volumes(of)[volumes(of)["type"] == "account.login"], name="account.login", markers=MARKERS
    ),
    "unusual_days": lambda of: charts.unusual_days(volumes(of)),
    "scale_strip": lambda of: charts.scale_strip(16.6, 19.9, 20.0, (19.7, 20.9), end=END, **GOAL),
    "goal_spark": lambda of: charts.goal_spark(weeks(), 20.0, year=2016, **GOAL),
    "goal_history": lambda of: charts.goal_history(
        days(),
        target=25.0,
        year=2016,
        baseline=17.2,
        band=(16.3, 18.1),
        base=(date(2015, 10, 1), date(2015, 12, 31)),
        fan=FAN,
        markers=MARKERS,
        **GOAL,
    ),
    "spark": lambda of: charts.spark(
        by_os(of).query("os == 'Android'")["engagement_ratio"], "percent"
    ),
}
"""Every chart, from the demo's tables; the goals' from made-up weeks and days."""


@pytest.fixture(scope="module")
def of(demo_home: Path) -> Iterator[Tables]:
    """The demo's tables by name and options, and its 'volumes'."""
    with publication(demo_home) as warehouse:
        yield partial(table, warehouse)


@pytest.mark.parametrize("name", CHARTS)
def test_chart_is_the_committed_one(name: str, of: Tables, same_as_snapshot: Compare) -> None:
    """A chart's marks, encodings, scales, titles and sentence change only on purpose."""
    chart = CHARTS[name](of)
    drawn = vars(chart) if name == "spark" else specification(chart.to_dict())
    text = json.dumps(drawn, indent=1, sort_keys=True, ensure_ascii=False)
    same_as_snapshot(f"charts/{name}.json", f"{text}\n")


@pytest.mark.parametrize("name", [name for name in CHARTS if name != "spark"])
def test_page_is_sent_what_altair_makes_of_the_chart(name: str, of: Tables) -> None:
    """The specification of a chart is Altair's own, with the names of its tables in place of rows."""
    chart = CHARTS[name](of)
    sent = charts.specified(chart)
    names: dict[int, str] = {}

    def named(frame: Any) -> dict[str, str]:
        return {"name": names.setdefault(id(frame), f"table_{len(names)}")}

    alt.data_transformers.register("named", named)
    with alt.theme.enable("none"), alt.data_transformers.enable("named"):
        expected = specification(chart.to_dict(validate=False))
    assert specification({**sent.spec, "description": sent.sentence}) == expected
    assert list(sent.tables) == list(names.values())


def test_every_chart_has_its_snapshot(renewing: bool) -> None:
    """No chart of the package is without a snapshot, and no snapshot without its chart."""
    functions = {name for name in charts.__all__ if name.islower()} - DRAWS_NO_CHART
    assert functions == {name.partition("__")[0] for name in CHARTS}
    assert_no_others("charts", [f"{name}.json" for name in CHARTS], renewing)


def specification(spec: dict[str, Any]) -> dict[str, Any]:
    """The specification with data as columns and row counts, and names that no earlier chart changes."""
    datasets = spec.get("datasets", {})
    names = {name: f"data_{place}" for place, name in enumerate(datasets)}
    for name in re.findall(r'"(?:view_[0-9a-f_]+|param_\d+)"', json.dumps(spec)):
        bare = name.strip('"')
        names.setdefault(bare, f"{bare.partition('_')[0]}_{len(names)}")
    spec["datasets"] = {
        name: {"columns": sorted({column for row in rows for column in row}), "rows": len(rows)}
        for name, rows in datasets.items()
    }
    text = json.dumps(spec)
    for name, plain in names.items():
        text = text.replace(f'"{name}"', f'"{plain}"')
    return json.loads(text)
