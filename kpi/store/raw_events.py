"""An existing raw table, filled by somebody's pipeline, read as `events.event`.

Settings say which column is which and what its time is counted in. Its ids are hashed already, as the
specification has it; this program never writes to it.
"""

from __future__ import annotations

import re

from kpi.errors import Refused
from kpi.settings import Settings

COLUMNS = (
    "timestamp seq_id seq_time type uid device_id new_user user_agent_browser user_agent_version "
    "user_agent_os service context entrypoint campaign migration region"
).split()
TEXTS = {"seq_id": 64, "type": 128, "uid": 64, "device_id": 64} | dict.fromkeys(COLUMNS[7:], 256)
"""The length in bytes of each column of text."""

NEEDED = ("timestamp", "type", "uid")
TIMES = ("milliseconds", "seconds")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")


def view(settings: Settings) -> str:
    """The view `events.event` over the configured raw table."""
    named = mapping(settings)
    selected = ",\n".join(
        f"  {_expression(settings, column, named)} AS {_quoted(column)}" for column in COLUMNS
    )
    table = ".".join(_quoted(_word(part)) for part in (settings.raw_table or "").split("."))
    return (
        f"CREATE OR REPLACE VIEW events.event AS\nSELECT\n{selected},\n"
        f"  CAST(NULL AS INTEGER) AS load_id\nFROM {table} AS r"
    )


def mapping(settings: Settings) -> dict[str, str]:
    """Our columns by the raw table's; those that the settings don't name have our own names."""
    named = dict(settings.raw_columns)
    for ours in named:
        if ours not in COLUMNS:
            raise Refused(
                f"KPI_RAW_COLUMNS: {ours[:60]} is none of our columns: {', '.join(COLUMNS)}"
            )
    for ours in NEEDED:
        if named.get(ours) == "-":
            raise Refused(f"KPI_RAW_COLUMNS: {ours} can't be left out")
    if settings.raw_time not in TIMES:
        raise Refused(f"KPI_RAW_TIME must be one of {', '.join(TIMES)}")
    return {column: named.get(column, column) for column in COLUMNS}


def _expression(settings: Settings, column: str, named: dict[str, str]) -> str:
    raw = named[column]
    if raw == "-":
        kind = f"VARCHAR({TEXTS[column]})" if column in TEXTS else "BIGINT"
        return f"CAST(NULL AS {'SMALLINT' if column == 'new_user' else kind})"
    cell = f"r.{_quoted(_word(raw))}"
    if column == "timestamp":
        scale = " * 1000" if settings.raw_time == "seconds" else ""
        return f"CAST(FLOOR({cell}{scale}) AS BIGINT)"
    if column == "seq_time":
        return f"CAST({cell} AS BIGINT)"
    if column == "new_user":
        return f"CAST(CAST({cell} AS INTEGER) AS SMALLINT)"
    return f"CAST(NULLIF({cell}, '') AS VARCHAR({TEXTS[column]}))"


def _word(name: str) -> str:
    """The name, where a statement can hold it; anything else is refused."""
    if not _WORD.fullmatch(name):
        raise Refused(
            "KPI_RAW_TABLE and KPI_RAW_COLUMNS accept plain names: letters, digits, _ and $ only"
        )
    return name


def _quoted(name: str) -> str:
    return f'"{name}"'
