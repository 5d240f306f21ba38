"""Raw sessions of the dashboard: its websocket spoken to without a browser, to see all that it says."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ssl import SSLContext
from typing import Any
from urllib.parse import urlencode, urlparse

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

LARGEST = 200 << 20


@dataclass
class Run:
    """What the server sent for one run of a page."""

    finished: bool = False
    elements: list[str] = field(default_factory=list)
    text: str = ""
    page_hashes: dict[str, str] = field(default_factory=dict)
    redirect: str = ""
    bytes: int = 0

    @property
    def charts(self) -> int:
        """How many charts were sent."""
        return self.elements.count("vega_lite_chart") + self.elements.count("arrow_vega_lite_chart")

    @property
    def failed(self) -> bool:
        """Whether the page broke or told an error."""
        return "exception" in self.elements or not self.finished


NUMBERS = {"vega_lite_chart", "arrow_vega_lite_chart", "arrow_data_frame", "metric", "table"}
NUMBERS |= {"arrow_table", "download_button", "data_frame"}
"""Elements that show figures, or give them away."""


class Session:
    """One reader's session; use as an async context manager."""

    def __init__(
        self,
        address: str,
        *,
        cookies: Mapping[str, str] | None = None,
        origin: str | None = None,
        xsrf: str = "",
        session_id: str = "",
        ssl: SSLContext | None = None,
    ) -> None:
        place = urlparse(address)
        self._ssl = ssl
        self._url = f"{'wss' if ssl else 'ws'}://{place.netloc}/_stcore/stream"
        self._cookies = dict(cookies or {})
        self._origin = origin
        self._protocols = ["streamlit", *([xsrf] if xsrf else [])]
        if session_id:
            self._protocols = ["streamlit", xsrf or "none", session_id]
        self._socket: ClientConnection | None = None
        self.page_hashes: dict[str, str] = {}

    async def __aenter__(self) -> Session:
        headers = {}
        if self._cookies:
            headers["Cookie"] = "; ".join(
                f"{name}={value}" for name, value in self._cookies.items()
            )
        self._socket = await connect(
            self._url,
            origin=self._origin,
            subprotocols=self._protocols,
            additional_headers=headers,
            max_size=LARGEST,
            ssl=self._ssl,
            proxy=None,
            open_timeout=60,
            ping_timeout=None,
        )
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._socket.close()

    async def run(
        self,
        query: Mapping[str, Any] | str = "",
        page: str = "",
        *,
        fragment: str = "",
        patience: float = 60,
    ) -> Run:
        """Ask for a page as a browser does, and take everything until it is drawn."""
        message = BackMsg()
        asked = message.rerun_script
        asked.query_string = query if isinstance(query, str) else urlencode(query, doseq=True)
        asked.page_name = page
        asked.page_script_hash = self.page_hashes.get(page, "")
        if fragment:
            asked.fragment_id = fragment
        await self._socket.send(message.SerializeToString())
        return await self.answer(patience)

    async def send(self, message: BackMsg) -> None:
        """Send anything at all."""
        await self._socket.send(message.SerializeToString())

    async def answer(self, patience: float = 60) -> Run:
        """Everything up to the end of the run, or as much as came in time."""
        run = Run()
        said: list[str] = []
        try:
            async with asyncio.timeout(patience):
                while not run.finished:
                    data = await self._socket.recv()
                    run.bytes += len(data)
                    message = ForwardMsg.FromString(data)
                    self._note(run, message, said)
        except TimeoutError:
            pass
        run.text = "\n".join(said)
        return run

    def _note(self, run: Run, message: ForwardMsg, said: list[str]) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            for page in message.new_session.app_pages:
                name = "" if page.is_default else page.url_pathname or page.page_name
                self.page_hashes[name] = page.page_script_hash
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            run.elements.append(message.delta.new_element.WhichOneof("type"))
            said.append(str(message.delta.new_element))
        elif kind == "auth_redirect":
            run.redirect = message.auth_redirect.url
        elif kind == "script_finished":
            run.finished = message.script_finished in (
                ForwardMsg.FINISHED_SUCCESSFULLY,
                ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY,
            )
            if message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                raise AssertionError("the page does not compile")
        if kind != "delta":
            said.append(str(message)[:20_000])


def shown_numbers(run: Run) -> list[str]:
    """What of a run shows figures."""
    return [element for element in run.elements if element in NUMBERS]


def cookies_of(found: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """A browser's cookies by name."""
    return {cookie["name"]: cookie["value"] for cookie in found}


def numbers_in(text: str) -> list[str]:
    """Groups of digits that could be figures of the store."""
    return re.findall(r"\b\d[\d,]*\.?\d*\b", text)


__all__ = ["NUMBERS", "Run", "Session", "cookies_of", "json", "numbers_in", "shown_numbers"]
