"""The store behind every command and page: a folder of DuckDB files, or a server.

`embedded` and `server` hold the same functions; the settings choose between them here and nowhere
else. What the statements in `queries/` can't say alike on every engine is in these two modules (how a
publication is made and published, how rows are added) and in `dialects` (a few words of DDL).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import ModuleType

from sqlalchemy import Connection

from kpi.settings import Settings
from kpi.store.connections import retried as retried
from kpi.store.reading import Opened as Opened
from kpi.store.reading import Past as Past
from kpi.store.reading import Shown as Shown
from kpi.store.shared import EXPIRY as EXPIRY
from kpi.store.shared import FIREFOX as FIREFOX
from kpi.store.shared import SCHEMA_VERSION as SCHEMA_VERSION
from kpi.store.shared import SETTINGS as SETTINGS
from kpi.store.shared import SUMMARY as SUMMARY
from kpi.store.shared import TAGS as TAGS
from kpi.store.shared import Loading as Loading
from kpi.store.shared import Publishing as Publishing
from kpi.store.shared import refuse_newer_version as refuse_newer_version
from kpi.store.shared import stored_key as stored_key


def place(settings: Settings) -> str:
    """The store's name in messages: its folder, or 'the database', never a host."""
    return _kind(settings).place(settings)


def has_events(settings: Settings) -> bool:
    """True once anything was loaded."""
    return _kind(settings).has_events(settings)


def no_events(settings: Settings) -> str:
    """The sentence where there are no events: what is missing, and what to do."""
    if settings.database_url and settings.raw_table:
        return (
            f"{settings.raw_table} holds no events; look at what fills it, at its name and at this user's "
            "rights. What was summarised stays as it is"
        )
    return f"nothing has been loaded yet in {place(settings)}; run: python -m kpi load FILE…"


def publication_key(settings: Settings) -> str:
    """A key of the newest publication, for caches; raises NoData where there is none."""
    return _kind(settings).publication_key(settings)


def shown(settings: Settings) -> Shown:
    """The publication that pages show: the newest, of a server read from a local copy."""
    return _kind(settings).shown(settings)


def opened(settings: Settings, copy: Path | None = None) -> Opened:
    """The newest publication, or a local copy of it, for reading; NoData when there is none."""
    return _kind(settings).opened(settings, copy)


def opened_past(settings: Settings, number: int) -> Opened:
    """An earlier publication, for reading; Refused, with the reason, where it can't be shown."""
    return _kind(settings).opened_past(settings, number)


def past_states(settings: Settings, numbers: Iterable[int]) -> Iterator[Opened]:
    """The publications of these numbers, for reading, the highest first; each is there until the next."""
    return _kind(settings).past_states(settings, numbers)


def touched(settings: Settings) -> dict[int, set[str]]:
    """The tables in which each publication has rows of days before otherwise, by its number."""
    return _kind(settings).touched(settings)


def past_publications(settings: Settings) -> list[Past]:
    """The publications that can be shown, oldest first; the newest is the last."""
    return _kind(settings).past_publications(settings)


def differing(settings: Settings) -> list[str]:
    """The tables of the newest publication whose rows aren't those that were published."""
    return _kind(settings).differing(settings)


def beginning(settings: Settings) -> str | None:
    """The reason why there are no publications before the first that can be shown; None without a history."""
    return _kind(settings).beginning(settings)


def counts_here(settings: Settings) -> bool:
    """True where this machine counts for pages, not a server."""
    return _kind(settings).counts_here(settings)


def only_writer(settings: Settings) -> AbstractContextManager[None]:
    """Hold the store's lock: one load, summary or change at a time; others wait, then are refused."""
    return _kind(settings).only_writer(settings)


def storage_faults(settings: Settings) -> AbstractContextManager[None]:
    """Turn what the engine says of a store in trouble into one line without SQL, hosts or secrets."""
    return _kind(settings).storage_faults(settings)


def next_publication(settings: Settings) -> AbstractContextManager[Publishing]:
    """The newest publication to change, as `kpi`, beside the private tables, as `events`.

    Readers see the change when the block ends after `publish`; otherwise it never was.
    """
    return _kind(settings).next_publication(settings)


def loading(settings: Settings) -> AbstractContextManager[Loading]:
    """The private tables, open for loading, and the engine that reads, checks and hashes files."""
    return _kind(settings).loading(settings)


def reading_events(settings: Settings) -> AbstractContextManager[Connection | None]:
    """A connection that reads the private tables; None where nothing was ever loaded."""
    return _kind(settings).reading_events(settings)


def adding_notes(settings: Settings) -> AbstractContextManager[Connection]:
    """A connection that may add rows to the notes by people; committed when the block ends without fault."""
    return _kind(settings).adding_notes(settings)


def reading_notes(settings: Settings) -> AbstractContextManager[Connection | None]:
    """A connection that sees every note by people; None when there never was any."""
    return _kind(settings).reading_notes(settings)


def notes_key(settings: Settings) -> str:
    """A key that differs whenever a note was added, for caches."""
    return _kind(settings).notes_key(settings)


def stored_settings(settings: Settings) -> dict[str, str]:
    """The store's record of itself: the check of its key, its version, retention."""
    return _kind(settings).stored_settings(settings)


def damage(settings: Settings) -> Iterator[str]:
    """Sentences on parts of the store that are damaged, each with the way back."""
    return _kind(settings).damage(settings)


def private_files(settings: Settings) -> Iterator[Path]:
    """Files of the store that other users of this machine could read if their modes let them."""
    return _kind(settings).private_files(settings)


def local_copy(settings: Settings) -> Iterator[tuple[bool, str]]:
    """Where pages read a local copy: True and its state, or False and what keeps it from being made."""
    return _kind(settings).local_copy(settings)


def back_up(settings: Settings) -> Path:
    """Copy the whole store into a folder of its own, whole or not at all; the folder."""
    return _kind(settings).back_up(settings)


def tidy(settings: Settings) -> None:
    """Refresh statistics and free space after a fill, outside of any transaction."""
    _kind(settings).tidy(settings)


def _kind(settings: Settings) -> ModuleType:
    if settings.database_url:
        from kpi.store import server

        return server
    from kpi.store import embedded

    return embedded
