"""A chart as it is sent to a page: a Vega-Lite specification, the tables that it names, and its sentence."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd
import pyarrow as pa
from altair.utils import schemapi

from kpi.charts.looks import NOTHING_DRAWN

# Altair's theme, checks and data transformers are shared by all threads.
_ALTAIR = threading.Lock()


@dataclass(frozen=True)
class Specification:
    """``spec`` names its data; ``tables`` has them by name; ``sentence`` describes the chart to a screen
    reader.
    """

    spec: dict[str, Any]
    tables: dict[str, pa.Table]
    sentence: str

    @property
    def has_values(self) -> bool:
        """True where anything is drawn; a chart without values needs a sentence in its place."""
        return self.sentence != NOTHING_DRAWN

    @property
    def series(self) -> set[str]:
        """The keys of the lines that are drawn."""
        drawn = [
            table["series"] for table in self.tables.values() if "series" in table.column_names
        ]
        return {key for column in drawn for key in column.unique().to_pylist()}


def specified(chart: alt.LayerChart) -> Specification:
    """The chart with each of its frames as Arrow, once, and its sentence apart, which a page gives itself.

    It isn't checked against Vega-Lite's schema: that would be slower than drawing it, and tests check
    every chart.
    """
    tables: dict[str, pa.Table] = {}
    names: dict[int, str] = {}

    def as_table(data: Any) -> Any:
        if not isinstance(data, pd.DataFrame | pa.Table):
            return data
        name = names.setdefault(id(data), f"table_{len(names)}")
        if name not in tables:
            tables[name] = data if isinstance(data, pa.Table) else _arrow(data)
        return {"name": name}

    with _ALTAIR, alt.theme.enable("none"):
        alt.data_transformers.register("tables", as_table)
        with alt.data_transformers.enable("tables"):
            spec = chart.to_dict(validate=False)
    return Specification(spec, tables, spec.pop("description"))


def _arrow(frame: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(frame, preserve_index=False, nthreads=1)


def unchecked() -> AbstractContextManager[None]:
    """While it lasts, parts of charts aren't checked against the schema as they are made."""
    return schemapi.debug_mode(False)
