"""Notes by people: who added a baseline, marker or segment and when, and who withdrew it, when and why.

Notes and withdrawals are rows that are only ever added, apart from the publications; see `kpi.store.notes`.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from kpi import store
from kpi.errors import Refused
from kpi.meaning.filters import Filters
from kpi.settings import Settings
from kpi.store import queries
from kpi.text import day_text

# Bytes of UTF-8, as the columns of every engine count them.
LONGEST_NAME, LONGEST_REASON, LONGEST_FILTERS = 256, 1024, 4096


@dataclass(frozen=True)
class Withdrawal:
    """The person who withdrew a note, the moment in UTC, and the reason."""

    withdrawn_by: str
    withdrawn_at: datetime
    reason: str

    def __str__(self) -> str:
        """The moment, the person and the reason, as tables show them."""
        return f"{self.withdrawn_at:%Y-%m-%d %H:%M}, {self.withdrawn_by}: {self.reason}"


def new_id() -> str:
    """A name for a note that no other has."""
    return secrets.token_hex(6)


def now() -> datetime:
    """The moment of adding a note, in UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


def checked(text: str, note: str, what: str, longest: int) -> str:
    """The text that a reader typed, trimmed; raises Refused where it is empty, too long or can't be shown."""
    text = text.strip()
    if not text:
        raise Refused(f"{note} needs {what}")
    if len(text.encode("utf-8", "replace")) > longest:
        raise Refused(f"{what} may have {longest} bytes at most")
    if not all(character.isprintable() or character == "\n" for character in text):
        raise Refused(f"{what} holds characters that can't be shown")
    return text


def written_filters(filters: Filters, note: str) -> str:
    """Filters as text that any later version can read; raises Refused where it is too long."""
    text = json.dumps(filters.entries, ensure_ascii=False, sort_keys=True)
    if len(text.encode()) > LONGEST_FILTERS:
        raise Refused(f"the filters are too long to be stored with {note}")
    return text


def read_filters(text: str) -> Filters:
    """The filters of such a text."""
    return Filters.of_entries(json.loads(text))


def withdraw(settings: Settings, note_id: str, by: str, why: str) -> None:
    """Withdraw a note for good; raises Refused where who or why is missing, or somebody withdrew it before.

    Of two people who do it at once on a server both may succeed: the first one's words count.
    """
    withdrawal = {
        "withdrawn_by": checked(by, "a withdrawal", "who withdraws it", LONGEST_NAME),
        "withdrawn_at": now(),
        "reason": checked(why, "a withdrawal", "the reason why", LONGEST_REASON),
    }
    with store.storage_faults(settings), store.adding_notes(settings) as connection:
        before = withdrawals(connection).get(note_id)
        if before is not None:
            raise Refused(
                f"{before.withdrawn_by} withdrew it on {day_text(before.withdrawn_at.date())} already; "
                "load the page again to see it"
            )
        queries.run(connection, "fill/withdrawal", note_id=note_id, **withdrawal)


def withdrawals(connection: Connection) -> dict[str, Withdrawal]:
    """The first withdrawal of each withdrawn note, by the note's id."""
    return {row[0]: Withdrawal(*row[1:]) for row in queries.run(connection, "read/withdrawal")}
