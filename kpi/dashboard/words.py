"""Text of the data or of a URL, made fit to be shown or to be part of a link."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode


def plain(text: str) -> str:
    """Text that Markdown shows as it is: text of data or of a URL is never markup."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$:&])", r"\\\1", " ".join(text.split()))


def link(address: str, state: Mapping[str, Any]) -> str:
    """An address with a reader's choices; several values of a name are repeated."""
    query = urlencode(state, doseq=True)
    return f"{address}?{query}" if query else address
