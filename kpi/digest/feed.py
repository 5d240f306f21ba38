"""The digests as an Atom feed (RFC 4287)."""

from __future__ import annotations

import html
import uuid
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from kpi.delivery.outbox import Message
from kpi.text import PRODUCT

NAMESPACE = "http://www.w3.org/2005/Atom"
NAME = "feed.atom"
ENTRIES = 20
NEVER = "1970-01-01T00:00:00+00:00"


def atom(messages: Sequence[Message], address: str | None = None) -> bytes:
    """The newest digests, the newest first; ``address`` is the dashboard's."""
    shown = [message for message in messages if not message.silent][-ENTRIES:][::-1]
    feed = Element("feed", xmlns=NAMESPACE)
    newest = shown[0].made_at if shown else NEVER
    _head(feed, _urn(f"{address} digests"), f"{PRODUCT}: digests", newest, address)
    SubElement(SubElement(feed, "author"), "name").text = PRODUCT
    for message in shown:
        entry = SubElement(feed, "entry")
        _head(entry, _urn(f"{address} {message.id}"), message.subject, message.made_at, address)
        # Readers of feeds run the lines of plain text together.
        content = SubElement(entry, "content", type="html")
        content.text = f"<pre>{html.escape(message.text)}</pre>"
    return tostring(feed, encoding="utf-8", xml_declaration=True)


def _head(parent: Element, name: str, title: str, updated: str, address: str | None) -> None:
    SubElement(parent, "id").text = name
    SubElement(parent, "title").text = title
    SubElement(parent, "updated").text = updated
    if address:
        SubElement(parent, "link", rel="alternate", href=address)


def _urn(name: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_URL, name).urn
