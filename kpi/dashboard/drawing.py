"""Charts on a page: drawn once for equal values, and cached for all readers."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import streamlit as st

from kpi import charts
from kpi.meaning.filters import Filters
from kpi.text import PRODUCT

if TYPE_CHECKING:
    import altair as alt

    from kpi.charts import Specification
    from kpi.dashboard.page import Page

MOST_CHARTS = 512
"""Charts cached for all readers together, each of some 50 kB; the least used are dropped first."""


def drawn(draw: Callable[..., alt.LayerChart], *values: Any, **options: Any) -> Specification:
    """The chart that a function of `kpi.charts` draws of these values."""
    content = pickle.dumps((draw.__module__, draw.__qualname__, values, options))
    key = hashlib.blake2b(content).hexdigest()
    return _drawn(key=key, _draw=lambda: draw(*values, **options))


def put(
    chart: Specification, page: Page | None = None, title: str = "", small: bool = False
) -> None:
    """A chart on the page, with its sentence for screen readers.

    A chart with a title is part of the picture that the tables behind it offer; ``small`` as in `Pictured`.
    """
    if page:
        page.pictured.append(charts.Pictured(title, chart, small))
    # Streamlit removes the tables from the specification that it receives.
    st.vega_lite_chart({**chart.spec, "datasets": chart.tables}, alt=chart.sentence)


def picture(page: Page, filters: Filters, title: str = "") -> charts.Picture | None:
    """The charts since the last picture, with the page's context under ``filters``; None without charts."""
    pictured, page.pictured = tuple(page.pictured), []
    return picture_of(page, pictured, filters, title) if pictured else None


def picture_of(
    page: Page, pictured: tuple[charts.Pictured, ...], filters: Filters, title: str = ""
) -> charts.Picture:
    """Some charts with the page's context under ``filters``."""
    heading = f"{PRODUCT}: {title}" if title else PRODUCT
    frames = [frame for part in pictured for frame in part.chart.tables.values()]
    marked = any("day" in frame.column_names for frame in frames)
    return charts.Picture(heading, tuple(page.context(filters, marked)), pictured)


@st.cache_resource(max_entries=MOST_CHARTS, show_spinner=False)
def _drawn(key: str, _draw: Callable[[], alt.LayerChart]) -> Specification:
    with charts.unchecked():
        return charts.specified(_draw())
