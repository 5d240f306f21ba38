"""Messages by mail: one for each recipient, with text, HTML and the pictures within it."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from urllib.parse import unquote, urlsplit

from kpi.delivery.channels import ANSWER_SECONDS, Failure, Recipients, key_of
from kpi.delivery.outbox import Message
from kpi.errors import Refused
from kpi.settings import Settings

PORTS = {"smtp": 587, "smtps": 465}
THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
ADDRESS = re.compile(r"[^@\s<>]+@[^@\s<>]+")
SERVER = "KPI_MAIL_SERVER must be like smtps://USER:PASSWORD@HOST or smtp://HOST:PORT"


@dataclass(frozen=True)
class Server:
    """A mail server, as KPI_MAIL_SERVER names it."""

    host: str
    port: int
    tls_first: bool
    user: str
    password: str

    @classmethod
    def named(cls, url: str) -> Server:
        """The server of a URL; raises Refused, without the URL, where it is none."""
        try:
            parts = urlsplit(url)
            port = parts.port or PORTS[parts.scheme]
        except (ValueError, KeyError) as error:
            raise Refused(SERVER) from error
        if not parts.hostname:
            raise Refused(SERVER)
        user, password = (unquote(part or "") for part in (parts.username, parts.password))
        return cls(parts.hostname, port, parts.scheme == "smtps", user, password)

    @contextmanager
    def connected(self) -> Iterator[smtplib.SMTP]:
        """A connection, signed in. It is encrypted, except to this machine."""
        secure = ssl.create_default_context()
        with suppress_goodbye(
            smtplib.SMTP_SSL(self.host, self.port, timeout=ANSWER_SECONDS, context=secure)
            if self.tls_first
            else smtplib.SMTP(self.host, self.port, timeout=ANSWER_SECONDS)
        ) as connection:
            if not self.tls_first and self.host not in THIS_MACHINE:
                connection.starttls(context=secure)
            if self.user:
                connection.login(self.user, self.password)
            yield connection


class Mail:
    """The way to recipients of mail; raises Refused where a setting that it needs is missing or wrong."""

    def __init__(self, settings: Settings, to: Recipients) -> None:
        named = to.mail_setting
        for name in ("mail_server", "mail_from"):
            if not getattr(settings, name):
                raise Refused(f"{named} needs KPI_{name.upper()}, too; set it, or remove {named}")
        self._server = Server.named(settings.mail_server or "")
        self._from = settings.mail_from or ""
        if not ADDRESS.fullmatch(parseaddr(self._from)[1]):
            raise Refused("KPI_MAIL_FROM must be a mail address, such as: KPIs <kpi@example.org>")
        if not all(map(ADDRESS.fullmatch, to.mail_to)):
            raise Refused(f"{named} must be mail addresses, by comma")
        self._domain = parseaddr(self._from)[1].rpartition("@")[2]
        self._addresses = {key_of(address): address for address in to.mail_to}

    @property
    def recipients(self) -> dict[str, str]:
        """The place of each address in KPI_MAIL_TO, by its key."""
        return {key: f"mail address {place}" for place, key in enumerate(self._addresses, 1)}

    def send(self, sent: Message, keys: Iterable[str]) -> Iterator[tuple[str, Failure | None]]:
        """Send a message to each recipient, over one connection."""
        left = list(keys)
        try:
            with self._server.connected() as connection:
                while left:
                    failure = self._send(connection, sent, left[0])
                    yield left.pop(0), failure
        except (OSError, smtplib.SMTPException) as error:
            # Of the message that was under way nobody knows: the next try has the same Message-ID.
            yield from ((key, reason(error)) for key in left)

    def message(self, sent: Message, key: str) -> EmailMessage:
        """The message to a recipient. A repeat is the same, to the last byte of its head."""
        message = EmailMessage()
        message["From"] = self._from
        message["To"] = self._addresses[key]
        message["Subject"] = sent.subject
        message["Date"] = format_datetime(sent.moment)
        message["Message-ID"] = f"<{sent.id}.{key}@{self._domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(sent.text)
        message.add_alternative(sent.html, subtype="html")
        page = message.get_body(("html",))
        assert isinstance(page, EmailMessage)
        for picture in sent.pictures:
            page.add_related(
                picture.png,
                "image",
                "png",
                cid=f"<{picture.content_id}>",
                filename=f"{picture.name}.png",
                disposition="inline",
            )
        return message

    def _send(self, connection: smtplib.SMTP, sent: Message, key: str) -> Failure | None:
        """Send a message; a refusal is of this recipient alone, so that others get theirs."""
        try:
            connection.send_message(self.message(sent, key))
        except smtplib.SMTPServerDisconnected:
            raise
        except smtplib.SMTPException as error:
            return reason(error)
        return None


@contextmanager
def suppress_goodbye(connection: smtplib.SMTP) -> Iterator[smtplib.SMTP]:
    """The connection, closed at the end; a server that doesn't answer the goodbye has all the same sent."""
    try:
        yield connection
        with suppress(OSError, smtplib.SMTPException):
            connection.quit()
    finally:
        connection.close()


def reason(error: Exception) -> Failure:
    """The reason for a failure, of its kind and code alone."""
    match error:
        case smtplib.SMTPAuthenticationError(smtp_code=code):
            return Failure(f"the mail server refused the user or the password ({code})", False)
        case smtplib.SMTPRecipientsRefused(recipients=refused):
            code = next(iter(refused.values()))[0]
            return Failure(f"the mail server refused the recipient ({code})", code < 500)
        case smtplib.SMTPServerDisconnected():
            return Failure("the mail server closed the connection, or was silent", True)
        case smtplib.SMTPResponseException(smtp_code=code):
            return Failure(f"the mail server refused the message ({code})", code < 500)
        case smtplib.SMTPNotSupportedError():
            return Failure("the mail server offers no encryption or no sign-in", False)
        case ssl.SSLCertVerificationError():
            return Failure("the certificate of the mail server isn't valid", False)
        case TimeoutError():
            return Failure(f"the mail server was silent for {ANSWER_SECONDS} s", True)
        case _:
            return Failure("the mail server can't be reached", True)
