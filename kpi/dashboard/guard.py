"""What the server answers at all, before Streamlit sees a request: pages, and nothing else.

Streamlit takes uploads from anyone with a session, shows its metrics to anyone, looks up this machine's
address at an outside service to judge an unknown Origin, and signs a reader out by a mere link. Nothing of
that is needed here, so it is refused before a byte of it is read.
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
"""What browsers say of a request that a page of another origin made them send."""


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
    """The answer to a request that Streamlit isn't asked; None where it is."""
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
    """Whether a websocket was opened by a page of this very address, or by no page.

    A proxy that doesn't pass on the Host that readers ask for is met here as well: their browsers' Origin
    is another then.
    """
    origin = headers.get("origin")
    return origin is None or urlparse(origin).netloc == headers.get("host")


GUARD = (Middleware(Guard),)
