"""Text of the data or of a URL, made fit to be shown or to be part of a file name."""

from __future__ import annotations

import re

from kpi.filters import Filters


def plain(text: str) -> str:
    """Text that Markdown shows as it is: what data or a URL says is never markup."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$:&])", r"\\\1", " ".join(text.split()))


def filter_words(filters: Filters) -> list[str]:
    told = []
    for name, value in vars(filters).items():
        if value:
            values = value if isinstance(value, str) else "+".join(value)
            told.append(f"{name.replace('_', '-')}-{values}")
    return told
