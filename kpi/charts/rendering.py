"""A program of its own that renders a picture: `vl_convert` stops every thread of its process meanwhile.

It reads JSON from the standard input, a list of SVG as text and of charts among it, and writes the SVG or PNG
to the standard output. It imports nothing of the project, so that it starts at once.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

LONGEST_SECONDS = 60
PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR")
"""The variables of the environment that it needs; no secret is among them."""

Part = str | dict[str, Any]
"""A part of an SVG: text, or a chart with its specification, its place ``x`` and ``y`` and its ``number``."""


def rendered(parts: Sequence[Part], form: str) -> bytes:
    """A picture as 'svg' or 'png', by a process of its own; raises TimeoutExpired where it takes too long."""
    return subprocess.run(
        [sys.executable, "-I", __file__, form],
        input=json.dumps(parts).encode(),
        env={name: os.environ[name] for name in PASSED_ON if name in os.environ},
        stdout=subprocess.PIPE,
        check=True,
        timeout=LONGEST_SECONDS,
    ).stdout


def _main(form: str) -> None:
    import vl_convert

    parts = json.load(sys.stdin.buffer)
    svg = "".join(part if isinstance(part, str) else _nested(part) for part in parts)
    # A PNG has two pixels for each of the SVG's.
    drawn = vl_convert.svg_to_png(svg, scale=2) if form == "png" else svg.encode()
    sys.stdout.buffer.write(drawn)


def _nested(part: dict[str, Any]) -> str:
    """The chart as a part of the SVG; its number keeps its clips apart from those of other charts."""
    import vl_convert

    drawn = vl_convert.vegalite_to_svg(
        json.dumps(part["spec"]), vl_version="6.4", allowed_base_urls=[]
    )
    drawn = re.sub(r'(id="|url\(#)(clip\d+)', rf"\1chart{part['number']}-\2", drawn)
    return drawn.replace("<svg ", f'<svg x="{part["x"]}" y="{part["y"]}" ', 1)


if __name__ == "__main__":
    _main(sys.argv[1])
