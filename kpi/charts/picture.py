"""Pictures of charts with their context in words, dark on white whatever the theme, as SVG or PNG."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

from kpi.charts.looks import INK_SHARE, TEXT, ink
from kpi.charts.rendering import Part, rendered
from kpi.charts.specification import Specification

WIDTH, EDGE, LINE = 1000, 24, 19
CHARACTERS = 135
"""The most characters of a line of words over the width."""

INK, FAINT, FONT = "#0F1219", "#4A5260", "Liberation Sans, Arial, sans-serif"
LOOK: dict[str, Any] = {
    "font": FONT,
    "view": {"stroke": None},
    "axis": {
        "labelColor": FAINT,
        "titleColor": FAINT,
        "gridColor": "#E6EAF1",
        "domain": False,
        "ticks": False,
    },
}
"""Vega's settings that a page's theme has on a page."""


@dataclass(frozen=True)
class Pictured:
    """A chart and the words above it; ``small`` charts are three in a row."""

    title: str
    chart: Specification
    small: bool = False


@dataclass(frozen=True)
class Picture:
    """Charts below a title and lines of context."""

    title: str
    lines: tuple[str, ...]
    charts: tuple[Pictured, ...]

    def svg(self) -> bytes:
        """The picture as SVG, whose texts stay texts."""
        return rendered(self._parts(), "svg")

    def png(self) -> bytes:
        """The picture as PNG, with two pixels for each of the SVG's."""
        return rendered(self._parts(), "png")

    def _parts(self) -> list[Part]:
        parts: list[Part] = [_text(self.title, EDGE, EDGE + 18, INK, 21, bold=True)]
        y = EDGE + 42
        for line in (part for whole in self.lines for part in wrap(whole, CHARACTERS)):
            parts.append(_text(line, EDGE, y, FAINT, 13))
            y += LINE
        number = 0
        for row in _rows(self.charts):
            width = (WIDTH - 2 * EDGE - 32) / 3 if row[0].small else WIDTH - 2 * EDGE
            tallest = 0
            for place, pictured in enumerate(row):
                x = EDGE + round(place * (width + 16))
                parts.append(_text(pictured.title, x, y + 20, INK, 15, bold=True))
                spec = standing_alone(pictured.chart, width)
                parts.append({"spec": spec, "x": x, "y": y + 30, "number": number})
                tallest, number = max(tallest, pictured.chart.spec["height"]), number + 1
            y += 44 + tallest
        height = y + EDGE - 10
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}">'
            f'<rect width="{WIDTH}" height="{height}" fill="white"/>'
        )
        return [head, *parts, "</svg>"]


def _rows(charts: Sequence[Pictured]) -> Iterator[list[Pictured]]:
    row: list[Pictured] = []
    for pictured in charts:
        if row and (len(row) == 3 or not (pictured.small and row[0].small)):
            yield row
            row = []
        row.append(pictured)
    if row:
        yield row


def standing_alone(chart: Specification, width: float) -> dict[str, Any]:
    """The chart's specification with its data and a fixed width, without what follows the pointer."""
    spec = {name: part for name, part in chart.spec.items() if name != "params"}
    pointed = [*chart.spec.get("params", ())]
    views = [view for param in pointed for view in param.get("views", ())]
    spec["layer"] = [
        layer
        for layer in spec["layer"]
        if layer.get("name") not in views
        and not any(param["name"] in str(layer.get("transform")) for param in pointed)
    ]
    spec |= {
        "width": round(width),
        "autosize": {"type": "fit", "contains": "padding"},
        "background": "white",
        "config": {**spec.get("config", {}), **LOOK},
    }
    text = json.dumps(spec)
    spec["datasets"] = {
        name: table.to_pylist()
        for name, table in chart.tables.items()
        if f'{{"name": "{name}"}}' in text
    }
    text = json.dumps(spec, default=lambda day: day.isoformat())
    return json.loads(_on_white(text))


def _on_white(text: str) -> str:
    """A specification whose words have colours of their own in place of those of a page's theme."""

    def mixed(colour: re.Match[str]) -> str:
        parts = zip(bytes.fromhex(colour[1]), bytes.fromhex(INK[1:]), strict=True)
        share = INK_SHARE / 100
        return "#" + bytes(round(a * share + b * (1 - share)) for a, b in parts).hex()

    text = re.sub(re.escape(ink("#")).replace("\\#", "#([0-9A-F]{6})"), mixed, text)
    return text.replace(json.dumps(TEXT), json.dumps(INK))


def _text(words: str, x: float, y: float, colour: str, size: int, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x}" y="{y}" fill="{colour}" font-family="{FONT}" font-size="{size}"{weight}>'
        f"{html.escape(words)}</text>"
    )
