"""A chart as it is sent to a page: a Vega-Lite specification, the tables that it names, and its sentence."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import pyarrow as pa
from altair.utils import parse_shorthand, schemapi

from kpi.charts.looks import NOTHING_DRAWN


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

    It is what Altair's ``to_dict`` makes, without its many copies and its check against Vega-Lite's
    schema, which take longer than all else; tests compare the two for every chart.
    """
    tables: dict[str, pa.Table] = {}
    names: dict[int, str] = {}

    def plain(part: Any) -> Any:
        if isinstance(part, alt.SchemaBase):
            return plain(part._args[0] if part._args else _written_out(part._kwds))
        if isinstance(part, dict):
            return {
                name: plain(value) for name, value in part.items() if value is not alt.Undefined
            }
        if isinstance(part, list | tuple):
            return [plain(value) for value in part]
        if isinstance(part, pd.DataFrame | pa.Table):
            name = names.setdefault(id(part), f"table_{len(names)}")
            if name not in tables:
                tables[name] = part if isinstance(part, pa.Table) else _arrow(part)
            return {"name": name}
        return part.item() if isinstance(part, np.generic) else part

    spec = {**plain(chart), "$schema": alt.SCHEMA_URL}
    return Specification(spec, tables, spec.pop("description"))


def _arrow(frame: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(frame, preserve_index=False, nthreads=1)


def _written_out(properties: dict[str, Any]) -> dict[str, Any]:
    """The properties without Altair's short forms: 'day:T' of a channel, and a mark's bare name."""
    properties = {name: part for name, part in properties.items() if name != "_cached_hash"}
    if "shorthand" in properties:
        field = _field(properties.pop("shorthand"))
        # The second end of a bar or band has no type of its own.
        properties = {name: field.get(name, value) for name, value in properties.items()}
    if isinstance(properties.get("mark"), str):
        properties["mark"] = {"type": properties["mark"]}
    return properties


@cache
def _field(shorthand: str) -> dict[str, str]:
    return parse_shorthand(shorthand)


def unchecked() -> AbstractContextManager[None]:
    """While it lasts, parts of charts aren't checked against the schema as they are made."""
    return schemapi.debug_mode(False)
