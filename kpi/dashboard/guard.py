"""A guard that answers requests before Streamlit does: only pages pass.

Streamlit accepts uploads from anyone with a session, shows its metrics to anyone, looks up this machine's
address at an outside service to judge an unknown Origin, and signs a reader out by a mere link. Nothing of
that is needed here, so such requests are refused before a byte of them is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlparse

from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, RedirectResponse, Response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

METHODS = ("GET", "HEAD", "OPTIONS")
CLOSED = ("/_stcore/upload_file", "/_stcore/metrics", "/_stcore/agent")
SIGN_OUT = "/auth/logout"
OTHER_SITES = ("cross-site", "same-site")
"""Values of Sec-Fetch-Site for a request that comes from a page of another origin."""


class Guard:
    """An ASGI middleware in front of Streamlit."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = _refusal(scope)
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await refusal(scope, receive, send)


def _refusal(scope: Scope) -> Response | None:
    """The refusal of a request; None where Streamlit may answer it."""
    if scope["type"] not in ("http", "websocket"):
        return None
    headers = Headers(scope=scope)
    if scope["type"] == "websocket":
        return None if same_origin(headers) else PlainTextResponse("Refused", 403)
    if scope["method"] not in METHODS:
        return PlainTextResponse("Refused: pages are only read", 405, {"Allow": ", ".join(METHODS)})
    path = scope["path"]
    if any(closed in path for closed in CLOSED):
        return PlainTextResponse("Not Found", 404)
    if path.endswith(SIGN_OUT) and headers.get("sec-fetch-site") in OTHER_SITES:
        return RedirectResponse(path.removesuffix(SIGN_OUT) or "/", 303)
    return None


def same_origin(headers: Headers) -> bool:
    """True where a websocket was opened by a page of this very address, or by no page.

    False also behind a proxy that doesn't pass on the Host that readers ask for: the Origin of their
    browsers differs then.
    """
    origin = headers.get("origin")
    return origin is None or urlparse(origin).netloc == headers.get("host")


GUARD = (Middleware(Guard),)
