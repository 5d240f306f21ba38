"""Text of the data or of a URL, made fit to be shown, or to be part of a file name or a link."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

from kpi.filters import Filters, Period
from kpi.warehouse import Publication

LONGEST_PART = 60


def plain(text: str) -> str:
    """Text that Markdown shows as it is: what data or a URL says is never markup."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$:&])", r"\\\1", " ".join(text.split()))


def file_name(
    metric: str,
    days: tuple[date, date],
    filters: Filters,
    options: Mapping[str, Any],
    told: Publication,
    through: date,
) -> str:
    """What a download is called: measure, days, filters, definitions and freshness."""
    words = [
        metric,
        f"{days[0]}_{days[1]}",
        *_option_words(options),
        *_filter_words(filters),
        f"definitions-{told.definitions}",
        f"through-{through}",
        f"built-{told.built_at:%Y%m%dT%H%MZ}",
        *(["simulated"] if told.simulated else []),
    ]
    return "_".join(map(_safe, words)) + ".csv"


def link(address: str, state: Mapping[str, Any]) -> str:
    """An address with what a reader chose, several values of one name repeated."""
    query = urlencode(state, doseq=True)
    return f"{address}?{query}" if query else address


def _safe(word: str) -> str:
    """A part of a file's name; one that can't stand as it is ends in a sign of the whole."""
    safe = re.sub(r"[^A-Za-z0-9._+-]+", "-", word)
    if len(safe) <= LONGEST_PART:
        return safe
    sign = hashlib.blake2b(word.encode(), digest_size=3).hexdigest()
    return f"{safe[: LONGEST_PART - len(sign) - 1]}-{sign}"


def _option_words(options: Mapping[str, Any]) -> list[str]:
    told = []
    for name, value in options.items():
        if isinstance(value, Period) or not value:
            continue
        told.append(name if value is True else f"{name}-{value}")
    return told


def _filter_words(filters: Filters) -> list[str]:
    told = []
    for name, value in vars(filters).items():
        if value:
            values = value if isinstance(value, str) else "+".join(value)
            told.append(f"{name.replace('_', '-')}-{values}")
    return told
