"""Those who receive messages: a mail server and a webhook on this machine, which a test can make fail."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from tenacity import wait_none

from kpi.delivery import sending

PASSWORD = "MARKED-mail-password"


def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries follow each other at once, within a moment."""
    monkeypatch.setattr(sending, "wait_random_exponential", lambda **_: wait_none())
    monkeypatch.setattr(sending, "TRY_SECONDS", 0.2)


@dataclass
class MailServer:
    """A mail server: what it received, and how it behaves.

    ``refused`` has the answer to a recipient, ``answers`` those to the next messages, which are accepted
    afterwards; a silent server accepts connections and says nothing.
    """

    refused: dict[str, str] = field(default_factory=dict)
    answers: list[str] = field(default_factory=list)
    silent: bool = False
    received: list[tuple[str, bytes]] = field(default_factory=list)
    sign_ins: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        """What KPI_MAIL_SERVER says of it."""
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def messages(self) -> list[EmailMessage]:
        """The messages, as a mail client reads them."""
        read = (message_from_bytes(content, policy=policy.default) for _, content in self.received)
        return list(read)

    async def handle_RCPT(
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Accept a recipient, unless it is to be refused."""
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Accept a message, unless another answer is next."""
        if self.answers:
            return self.answers.pop(0)
        (address,) = envelope.rcpt_tos
        self.received.append((address, envelope.content))
        return "250 OK"

    def authenticated(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, data: Any
    ) -> AuthResult:
        """Let in whoever has the password."""
        self.sign_ins += 1
        right = isinstance(data, LoginPassword) and data.password == PASSWORD.encode()
        return AuthResult(success=right, handled=False)

    def protocol(self) -> asyncio.Protocol:
        """The protocol of a connection."""
        if self.silent:
            return asyncio.Protocol()
        return SMTP(self, authenticator=self.authenticated, auth_require_tls=False, hostname="here")


@contextmanager
def mail_server(port: int = 0) -> Iterator[MailServer]:
    """A mail server that runs for a while, at any free port unless one is given."""
    server, loop, started, over = MailServer(), asyncio.new_event_loop(), Event(), asyncio.Event()

    async def serve() -> None:
        listening = await loop.create_server(server.protocol, "127.0.0.1", port)
        server.port = listening.sockets[0].getsockname()[1]
        started.set()
        await over.wait()
        listening.close()

    thread = Thread(target=asyncio.Runner(loop_factory=lambda: loop).run, args=(serve(),))
    thread.start()
    assert started.wait(30)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(30)


class Webhook:
    """A webhook: the bodies that it received, and the answers it gives next, 200 afterwards."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.received: list[dict[str, Any]] = []

    @cached_property
    def server(self) -> ThreadingHTTPServer:
        """Its server on this machine."""
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = hook.answers.pop(0) if hook.answers else 200
                if answer == 200:
                    hook.received.append(json.loads(body))
                self.send_response(answer)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        """What KPI_WEBHOOKS says of it, with a secret in its path."""
        return f"json://127.0.0.1:{self.server.server_port}/MARKED-webhook-token"


@contextmanager
def webhook() -> Iterator[Webhook]:
    """A webhook that answers for a while."""
    hook = Webhook()
    thread = Thread(target=hook.server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield hook
    finally:
        hook.server.shutdown()
        hook.server.server_close()
        thread.join(30)


def pictures_of(message: EmailMessage) -> dict[str, bytes]:
    """The pictures within a message, by content id."""
    return {
        part["Content-ID"].strip("<>"): base64.b64decode(part.get_payload())
        for part in message.walk()
        if part.get_content_type() == "image/png"
    }
