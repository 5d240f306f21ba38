"""The basis of the numbers beside events: settings and definitions that every day has to share."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from sqlalchemy import Connection

from kpi.errors import Refused
from kpi.meaning.definitions import device_identity, version
from kpi.settings import Settings
from kpi.store import queries

NAME = "basis"
"""The name of the check in the store."""

DIFFERING = "differing"
"""Stored in place of a check while some days rest on other settings than the rest."""


def check(settings: Settings) -> str:
    """A hash of 64 characters, equal where every number would be."""
    rests_on = [
        version(settings.device_by),
        sorted(set(settings.sync_services)),
        settings.min_device_coverage,
        settings.min_day_percent,
    ]
    return hashlib.sha256(json.dumps(rests_on).encode()).hexdigest()


def differs(settings: Settings, connection: Connection, stored: Mapping[str, str]) -> bool:
    """True where days were summarised by other settings or definitions, or by a version before checks."""
    return _summarised(connection) and stored.get(NAME) != check(settings)


def refuse_a_mixture(
    settings: Settings, connection: Connection, every_day: bool, frozen: bool
) -> None:
    """Raise Refused where some days would be of another device identity than the rest."""
    published = queries.run(connection, "read/publication").mappings().first()
    if published is None or not _summarised(connection):
        return
    before = device_identity(published["definitions"])
    if before == settings.device_by:
        return
    changed = f"KPI_DEVICE_BY is {settings.device_by}, and the numbers were made by {before}"
    if frozen:
        raise Refused(
            f"{changed}. Days whose events have expired can't be made anew, and no store mixes the two: "
            f"set KPI_DEVICE_BY back to {before}, or load all event files into a new KPI_HOME"
        )
    if not every_day:
        raise Refused(
            f"{changed}. Every day has to be made anew at once: run summarise without --from and --to"
        )


def _summarised(connection: Connection) -> bool:
    return queries.run(connection, "read/loaded_days").mappings().one()["last_day"] is not None
