"""The description of every link: OpenAPI for programs, and a plain page for people."""

from __future__ import annotations

from typing import Any

from starlette.responses import HTMLResponse, JSONResponse, Response

FILE = "openapi.json"


def page(headers: dict[str, str]) -> Response:
    """The page that lists every link."""
    return HTMLResponse("", headers=headers)


def openapi(prefix: str, headers: dict[str, str]) -> Response:
    """The description by OpenAPI 3.1."""
    content: dict[str, Any] = {"openapi": "3.1.0"}
    return JSONResponse(content, headers=headers)
