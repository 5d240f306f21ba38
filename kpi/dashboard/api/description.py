"""The description of every link: OpenAPI for programs, and a plain page for people."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kpi.dashboard.api import pictures
from kpi.dashboard.api.contents import MEDIA
from kpi.dashboard.api.pictures import CHARTS
from kpi.meaning.parameters import FILTERS, NAMES, Parameter, parameters
from kpi.text import PRODUCT, sentence

FILE = "openapi.json"
TYPES: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "day": {"type": "string", "format": "date"},
    "count": {"type": "integer", "minimum": 1},
    "flag": {"type": "string"},
}
STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h2 { margin: 2rem 0 0; font-size: 1.3rem; }
h3 { margin: 1.2rem 0 0; font-size: 1rem; }
p { margin: 0.2rem 0; }
dl { margin: 0.4rem 0; }
dt { font-family: monospace; }
dd { margin: 0 0 0.3rem 1.5rem; }
"""


def openapi(prefix: str) -> bytes:
    """The description by OpenAPI 3.1."""
    paths: dict[str, Any] = {}
    for name in NAMES:
        for form, media in MEDIA.items():
            words = f"The table {name}, with the bytes of `export {name} --format {form}`."
            path = _path(words, parameters(name).values(), media)
            paths[f"/{name}.{form}"] = {"get": path}
    for chart in CHARTS.values():
        for form, media in pictures.MEDIA.items():
            words = f"A chart: {chart.words}."
            paths[f"/{chart.name}.{form}"] = {"get": _path(words, chart.parameters.values(), media)}
    document = {
        "openapi": "3.1.0",
        "info": {"title": PRODUCT, "version": "1"},
        "servers": [{"url": f"{prefix}/api/v1"}],
        "security": [{"signIn": []}],
        "components": {
            "securitySchemes": {
                "signIn": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "_streamlit_user",
                    "description": "The cookie of a reader who signed in on the pages.",
                }
            }
        },
        "paths": paths,
    }
    return json.dumps(document, indent=1).encode()


def page(prefix: str) -> bytes:
    """The page that lists every link, without a script and without anything from elsewhere."""
    root = f"{prefix}/api/v1"
    parts = [
        f"<h1>{PRODUCT}: numbers by link</h1>",
        "<p>Each link returns exact numbers, with the bytes of <code>python -m kpi export</code>, to whoever "
        "may see the pages. Small counts are hidden as there. A tag may be given several times: any of its "
        f'values counts. <a href="{root}/{FILE}">{FILE}</a> has the same by OpenAPI.</p>',
        "<h2>Filters</h2>",
        *_listed(FILTERS.values()),
        "<h2>Tables</h2>",
        *(part for name in NAMES for part in _described(root, name, "", MEDIA, parameters(name))),
        "<h2>Charts</h2>",
        *(
            part
            for chart in CHARTS.values()
            for part in _described(
                root, chart.name, f"{sentence(chart.words)} ", pictures.MEDIA, chart.parameters
            )
        ),
    ]
    head = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{PRODUCT}: numbers by link</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style><main>'
    )
    return (head + "\n".join(parts) + "</main></html>\n").encode()


def _path(words: str, known: Iterable[Parameter], media: str) -> dict[str, Any]:
    return {
        "summary": words,
        "parameters": [
            {
                "name": each.name,
                "in": "query",
                "description": each.words,
                "required": each.required,
                "schema": _schema(each),
            }
            for each in known
        ],
        "responses": {
            "200": {"description": "The numbers.", "content": {media: {}}},
            **{status: {"description": words} for status, words in REFUSALS.items()},
        },
    }


REFUSALS = {
    "304": "If-None-Match names the present content.",
    "400": "A parameter or value that the link can't have; a line says which.",
    "401": "Nobody is signed in, or the sign-in is over.",
    "403": "The reader may not see the numbers.",
    "404": "Nothing has this name.",
    "503": "The store can't be read now, or too many ask at once; try again.",
}


def _schema(parameter: Parameter) -> dict[str, Any]:
    values = list(parameter.values) or (["1", "0"] if parameter.kind == "flag" else [])
    schema: dict[str, Any] = dict(TYPES[parameter.kind])
    if values:
        schema["enum"] = values
    return {"type": "array", "items": schema} if parameter.several else schema


def _described(
    root: str,
    name: str,
    words: str,
    media: Mapping[str, str],
    known: Mapping[str, Parameter],
) -> Iterator[str]:
    forms = ", ".join(f'<a href="{root}/{name}.{form}">{form}</a>' for form in media)
    yield f"<h3>{name}</h3><p>{html.escape(words)}As {forms}.</p>"
    filters = f"<p>Filters: {', '.join(each for each in known if each in FILTERS)}.</p>"
    yield filters if FILTERS.keys() & known.keys() else ""
    yield from _listed(each for each in known.values() if each.name not in FILTERS)


def _listed(known: Iterable[Parameter]) -> Iterator[str]:
    yield "<dl>"
    for each in known:
        values = f": {', '.join(each.values)}" if each.values else ""
        needed = ", needed" if each.required else ""
        yield f"<dt>{each.name}</dt><dd>{html.escape(each.words + values + needed)}</dd>"
    yield "</dl>"
