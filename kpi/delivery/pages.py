"""The addresses of pages, for links in messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from kpi.settings import Settings

Choices = Mapping[str, str | Sequence[str]]
"""The choices of a page, by their names in the address."""


def page_link(settings: Settings, path: str, choices: Choices | None = None) -> str | None:
    """A page under these choices; None where the dashboard's address isn't set."""
    address = settings.address
    if not address:
        return None
    chosen = f"?{urlencode(choices, doseq=True)}" if choices else ""
    return f"{address.rstrip('/')}{path}{chosen}"
