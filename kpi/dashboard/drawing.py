"""Charts on a page: made once for equal values, whoever asks, and kept for the next reader."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import streamlit as st

from kpi import charts

if TYPE_CHECKING:
    import altair as alt

    from kpi.charts import Specification

MOST_KEPT = 512
"""Charts kept for all readers together, each of some 50 kB; the least used go first."""


def drawn(draw: Callable[..., alt.LayerChart], *values: Any, **options: Any) -> Specification:
    """What a function of `kpi.charts` draws of these values."""
    told = pickle.dumps((draw.__module__, draw.__qualname__, values, options))
    return _drawn(hashlib.blake2b(told).hexdigest(), lambda: draw(*values, **options))


def put(chart: Specification) -> None:
    """A chart on the page, with its sentence for those who can't see it."""
    # Streamlit takes the tables out of the specification it is given.
    st.vega_lite_chart({**chart.spec, "datasets": chart.tables}, alt=chart.sentence)


@st.cache_resource(max_entries=MOST_KEPT, show_spinner=False)
def _drawn(key: str, _draw: Callable[[], alt.LayerChart]) -> Specification:
    with charts.unchecked():
        return charts.specified(_draw())
