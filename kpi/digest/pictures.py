"""Charts of a digest as PNG, on a transparent ground, in colours that read on white and on black."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pandas as pd

from kpi import charts
from kpi.charts.looks import GREY
from kpi.charts.picture import INK, standing_alone
from kpi.delivery.outbox import Inline
from kpi.digest.content import Courses
from kpi.goals import words
from kpi.goals.outlook import Outlook
from kpi.meaning.kpis import KPIS

WIDTH = 240
SCALE = 2
CLEAR: dict[str, Any] = {"background": None, "height": 48}


def pictures(courses: Courses) -> dict[str, Inline]:
    """The lines of KPIs and of goals, by the id of the KPI or goal; absent where there is no line."""
    return {picture.name: picture for picture in (*_of_kpis(courses), *_of_goals(courses))}


def _of_kpis(courses: Courses) -> Iterator[Inline]:
    import vl_convert

    for name, course in courses.kpis.items():
        spark = charts.spark(course, KPIS[name].unit)
        if spark is not None:
            yield Inline(name, vl_convert.svg_to_png(spark.svg, scale=SCALE), spark.sentence)


def _of_goals(courses: Courses) -> Iterator[Inline]:
    import vl_convert

    for name, shown in courses.goals.items():
        with charts.unchecked():
            chart = charts.specified(_goal_line(shown))
        if chart.has_values:
            spec = json.dumps({**standing_alone(chart, WIDTH), **CLEAR}).replace(INK, GREY)
            png = vl_convert.vegalite_to_png(
                spec, vl_version="6.4", scale=SCALE, allowed_base_urls=[]
            )
            yield Inline(name, png, chart.sentence)


def _goal_line(shown: Outlook) -> Any:
    """The weeks of a goal since its baseline began, with its target."""
    recent = shown.weeks[shown.weeks.index >= pd.Timestamp(shown.base.bounds[0])]
    return charts.goal_spark(
        recent,
        shown.target,
        title=words.scale_title(shown.goal),
        unit=words.scale_unit(shown.goal),
        year=shown.goal.year,
    )
