"""The demo's store: it is marked as simulated, and accepts only the demo's own files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from kpi import store
from kpi.errors import Refused
from kpi.settings import Settings, demo_folder
from kpi.store import queries


def mark(settings: Settings) -> None:
    """Say that this store holds simulated events only; refused where real events were loaded."""
    with (
        store.only_writer(settings),
        store.storage_faults(settings),
        store.loading(settings) as loading,
        loading.transaction(),
    ):
        if _is_simulated(queries.settings(loading.connection)):
            return
        if queries.run(loading.connection, "read/last_load").mappings().one()["loads"]:
            raise Refused(
                f"{store.place(settings)} holds real events; set KPI_HOME to a new folder for the demo"
            )
        queries.run(loading.connection, "fill/setting", name="simulated", setting="1")


def refuse_others(stored: Mapping[str, str], settings: Settings, files: Iterable[Path]) -> None:
    """Raise Refused for files that aren't the demo's own where the store is marked as simulated."""
    if not _is_simulated(stored):
        return
    own = demo_folder(settings.home).resolve()
    other = next((path for path in files if own not in path.resolve().parents), None)
    if other is not None:
        way = (
            "KPI_DATABASE_URL to another database"
            if settings.database_url
            else "KPI_HOME to a new folder and KPI_HMAC_KEY to a key"
        )
        raise Refused(
            f"{other}: {store.place(settings)} holds the simulated demo, which accepts nothing else; "
            f"set {way} for it"
        )


def _is_simulated(stored: Mapping[str, str]) -> bool:
    return stored.get("simulated") == "1"
