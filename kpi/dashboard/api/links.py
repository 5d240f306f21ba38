"""The routes below /api: the gate first, then what the link asks for, in a thread beside the event loop."""

from __future__ import annotations

import asyncio
import logging
from subprocess import TimeoutExpired
from threading import current_thread
from typing import Any
from urllib.parse import urlparse

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from streamlit import auth_util
from streamlit.web.server.starlette import starlette_websocket
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from kpi.access import Denied
from kpi.dashboard import gate
from kpi.dashboard.api import contents, description, pictures
from kpi.dashboard.api.contents import MEDIA, Content, Pairs
from kpi.dashboard.api.pictures import CHARTS
from kpi.dashboard.navigation import base_path
from kpi.dashboard.source import Source, turn
from kpi.delivery.outbox import Outbox
from kpi.digest import feed
from kpi.errors import Denied as NotReadable
from kpi.errors import NoData, Refused, Republished, WarehouseDown
from kpi.meaning.parameters import NAMES
from kpi.settings import Settings

VERSION = "v1"
FEED = "digests.atom"
AT_ONCE = 2
"""So many links are answered at a time; others wait, and pages go on."""

PATIENCE_SECONDS = 30.0
LONGEST_QUERY = 8000
TOO_LONG = "the chart takes too long to draw; ask for fewer days, or for its table"
BUSY = "too many links are asked for at once; try again in a moment"
HEADERS = {
    "Cache-Control": "private, no-cache",
    "Vary": "Cookie",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}
"""For every answer: nobody stores it for others, runs it or reads it from another site."""


class NotNamed(Refused):
    """Nothing has the name that a link asks for."""


def routes() -> list[Route]:
    """The routes for `st.App`, below the base path of its pages."""
    prefix = base_path()
    links = Links(prefix)
    return [Route(f"{prefix}/api{rest}", links.answer) for rest in ("", "/{path:path}")]


class Links:
    """Answers to links, a few at a time; ``prefix`` is the base path of the pages."""

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def answer(self, request: Request) -> Response:
        """The response to a request: first the gate's, before a word on what there is."""
        response = await run_in_threadpool(_refusal, request)
        if response is None:
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await self._turns.acquire()
            except TimeoutError:
                return _sentence(503, BUSY, {"Retry-After": "5"})
            try:
                response = await run_in_threadpool(self._answered, request)
            finally:
                self._turns.release()
        return response

    def _answered(self, request: Request) -> Response:
        if len(request.url.query) > LONGEST_QUERY:
            return _sentence(414, f"the link is longer than {LONGEST_QUERY} characters")
        version, _, name = request.path_params.get("path", "").partition("/")
        if version != VERSION:
            name = version
        elif not name:
            return Response(description.page(self._prefix), headers=HEADERS, media_type="text/html")
        elif name == description.FILE:
            return Response(
                description.openapi(self._prefix), headers=HEADERS, media_type="application/json"
            )
        try:
            return _digests() if name == FEED else _content(request, name)
        except NotNamed as refusal:
            return _sentence(404, str(refusal))
        except (WarehouseDown, NoData, NotReadable) as refusal:
            return _sentence(503, str(refusal), {"Retry-After": "30"})
        except TimeoutExpired:
            return _sentence(503, TOO_LONG)
        except Refused as refusal:
            return _sentence(400, str(refusal))


def claims(request: Request) -> dict[str, Any]:
    """The claims of a request's signed cookie, read as Streamlit reads a page's; {} without any.

    A page proves its origin by the header that browsers send with a websocket. A link has none, so the host
    that it asks for must be that of the redirect URI, to which the cookie is bound.
    """
    origin = auth_util.get_origin_from_redirect_uri()
    known: dict[str, Any] = {}
    if origin is not None and urlparse(origin).netloc == request.headers.get("host"):
        signed = starlette_websocket._get_signed_cookie_with_chunks(
            request.cookies, USER_COOKIE_NAME
        )
        if signed is not None:
            known = starlette_websocket._parse_decoded_user_cookie(signed, origin)
    return {**known, **starlette_websocket.gather_user_info(request.headers)}


def _refusal(request: Request) -> Response | None:
    """The gate's refusal; None where the reader may see the numbers."""
    try:
        verdict = gate.judged(claims(request), dict(request.headers), Settings.read())
    except Refused as refusal:
        return _sentence(503, str(refusal))
    if not isinstance(verdict, Denied):
        return None
    if verdict.again:
        return _sentence(
            401,
            f"{verdict.reason.rstrip('.')}: sign in on the pages, then open this link again",
            {"WWW-Authenticate": "Cookie"},
        )
    return _sentence(403, verdict.reason)


def _digests() -> Response:
    """The Atom feed of digests, as the command wrote it last."""
    file = Outbox(Settings.read()).folder / feed.NAME
    try:
        return Response(file.read_bytes(), headers=HEADERS, media_type="application/atom+xml")
    except FileNotFoundError as missing:
        raise NotNamed("no digest was made yet; `python -m kpi digest` makes it") from missing


def _content(request: Request, name: str) -> Response:
    """The response with the bytes; of the next publication, where that came while they were read."""
    pairs = request.query_params.multi_items()
    settings = Settings.read()
    for last in (False, True):
        try:
            return _sent(request, _chosen(settings, name, pairs), settings)
        except Republished:
            if last:
                raise
    raise AssertionError("a loop that returns or raises")


def _chosen(settings: Settings, name: str, pairs: Pairs) -> Content:
    """The content of a name such as 'engagement.csv' or 'engagement-ratio.svg'."""
    part, dot, form = name.partition(".")
    if part in NAMES and (form in MEDIA or not dot):
        return contents.table(_source(settings), part, form or "json", pairs)
    if part in CHARTS and form in pictures.MEDIA:
        return pictures.picture(_source(settings), CHARTS[part], form, pairs)
    raise NotNamed(
        f"nothing is named {name[:60]!r}; tables are {', '.join(NAMES)}, each with "
        f".{', .'.join(MEDIA)}; charts are {', '.join(CHARTS)}, each with .{', .'.join(pictures.MEDIA)}"
    )


def _source(settings: Settings) -> Source:
    try:
        return Source(settings)
    except (WarehouseDown, NoData):
        raise
    except Refused as refusal:
        raise WarehouseDown(str(refusal)) from refusal


def _sent(request: Request, content: Content, settings: Settings) -> Response:
    headers = {
        **HEADERS,
        "ETag": content.tag,
        "Content-Disposition": f'inline; filename="{content.file}"',
    }
    if content.note:
        headers["X-Note"] = content.note.encode("unicode_escape").decode()
    if _is_known(request.headers.get("if-none-match", ""), content.tag):
        return Response(status_code=304, headers=headers)
    shared = turn(settings)
    if not shared.acquire(timeout=PATIENCE_SECONDS):
        return _sentence(503, BUSY, {"Retry-After": "5"})
    try:
        answer = content.read()
    finally:
        shared.release()
    return Response(content.write(answer), headers=headers, media_type=content.media)


def _is_known(tags: str, tag: str) -> bool:
    """True where a browser's or program's copy, by its tags, is the content of this tag."""
    known = [each.strip().removeprefix("W/") for each in tags.split(",")]
    return "*" in known or tag.removeprefix("W/") in known


def _sentence(status: int, words: str, headers: dict[str, str] | None = None) -> Response:
    return PlainTextResponse(f"{words}\n", status, {**HEADERS, **(headers or {})})


def _of_a_page(_record: logging.LogRecord) -> bool:
    return not current_thread().name.startswith("AnyIO worker")


# Streamlit warns where its caches are used by a thread that draws no page, as those of links are.
logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context").addFilter(_of_a_page)
