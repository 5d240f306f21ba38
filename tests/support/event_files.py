"""Writing events into files: the native format in all its spellings, and production's two."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
from logs import COLUMNS, DAY_MS, Event

SPECIFIED_NAMES = {
    "timestamp": "timestamp",
    "seq_id": "seqId",
    "seq_time": "seqTime",
    "type": "type",
    "uid": "uid",
    "device_id": "deviceId",
    "new_user": "newUser",
    "user_agent_browser": "userAgentBrowser",
    "user_agent_version": "userAgentVersion",
    "user_agent_os": "userAgentOS",
    "service": "service",
    "context": "context",
    "entrypoint": "entrypoint",
    "campaign": "campaign",
    "migration": "migration",
}
ACTIVITY_COLUMNS = (
    "timestamp",
    "ua_browser",
    "ua_version",
    "ua_os",
    "uid",
    "type",
    "service",
    "device_id",
    "country",
    "region",
)
FLOW_COLUMNS = (
    "timestamp",
    "type",
    "flow_id",
    "flow_time",
    "ua_browser",
    "ua_version",
    "ua_os",
    "context",
    "entrypoint",
    "migration",
    "service",
    "utm_campaign",
    "utm_content",
    "utm_medium",
    "utm_source",
    "utm_term",
    "locale",
    "uid",
    "country",
    "region",
)


def write(path: Path, events: Iterable[Event], *, spelling: str = "specified", **how: Any) -> Path:
    """Write events in the native format; the name's ending says which kind and compression."""
    kinds = path.name.removesuffix(".gz").removesuffix(".zst")
    names = SPECIFIED_NAMES if spelling == "specified" else {name: name for name in COLUMNS}
    if kinds.endswith(".csv"):
        content = csv_of(events, names, **how)
    elif kinds.endswith(".parquet"):
        content = parquet_of(events, names)
    else:
        content = json_lines_of(events, names)
    return write_bytes(path, content)


def write_bytes(path: Path, content: bytes) -> Path:
    """Write bytes, compressed if the name ends in .gz or .zst."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.name.endswith(".gz"):
        content = gzip.compress(content, mtime=0)
    elif path.name.endswith(".zst"):
        content = zstd(content)
    path.write_bytes(content)
    return path


def zstd(content: bytes) -> bytes:
    """The content as a Zstandard stream."""
    packed = pyarrow.BufferOutputStream()
    with pyarrow.CompressedOutputStream(packed, "zstd") as stream:
        stream.write(content)
    return packed.getvalue().to_pybytes()


def _cell(value: Any, blank: str) -> str:
    if value is None:
        return blank
    if isinstance(value, bool):
        return str(int(value))
    return str(value)


def csv_of(
    events: Iterable[Event],
    names: Mapping[str, str] = SPECIFIED_NAMES,
    *,
    order: Sequence[str] = COLUMNS,
    blank: str = "",
    region: str | None = None,
) -> bytes:
    """Events as CSV with a header; blanks as ``blank``; with a region column if one is given."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    extra = [] if region is None else ["region"]
    writer.writerow([names[name] for name in order] + extra)
    for row in events:
        tail = [] if region is None else [region]
        writer.writerow([_cell(row[name], blank) for name in order] + tail)
    return text.getvalue().encode()


def json_lines_of(
    events: Iterable[Event], names: Mapping[str, str], leave_out: bool = False
) -> bytes:
    """Events as JSON lines; a None is left out, or null on every other line unless all are left out."""
    lines = []
    for place, row in enumerate(events):
        told = {
            names[name]: value
            for name, value in row.items()
            if value is not None or (place % 2 and not leave_out)
        }
        lines.append(json.dumps(told, ensure_ascii=False))
    return ("\n".join(lines) + "\n").encode()


def parquet_of(events: Iterable[Event], names: Mapping[str, str]) -> bytes:
    """Events as Parquet, with integers for the times and a boolean for newUser."""
    rows = list(events)
    kinds = {"timestamp": pyarrow.int64(), "seq_time": pyarrow.int64(), "new_user": pyarrow.bool_()}
    table = pyarrow.table(
        {
            names[name]: pyarrow.array(
                [row[name] for row in rows], type=kinds.get(name, pyarrow.string())
            )
            for name in COLUMNS
        }
    )
    packed = io.BytesIO()
    pyarrow.parquet.write_table(table, packed)
    return packed.getvalue()


def production_csv(rows: Iterable[Mapping[str, Any]], names: Sequence[str], columns: int) -> bytes:
    """Rows as production wrote them: no header, the first ``columns`` of ``names``."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in rows:
        writer.writerow([_cell(row.get(name), "") for name in names[:columns]])
    return text.getvalue().encode()


def specified_example(day_shift: int = 0) -> str:
    """The specification's example table as CSV, faults included: line 7 has 14 cells."""
    sequence, person, machine = (
        "e17f606faf93812dfc45bdb308390119",
        "1161b57840f20ad4ea19ea0a87a99632",
        "3ccdd1cb9c3bee8a2d1750c4754d00c6",
    )
    tags = "Firefox,40,Windows 7,sync,fx_desktop_v2,firstrun,NULL,NULL"
    rows = [
        (1456434139863, sequence, 0, "sequence.begin", "NULL", "NULL", 0, tags),
        (1456434152520, sequence, 12657, "account.created", person, "NULL", 1, tags),
        (1456434152525, sequence, 20417, "device.created", person, machine, 1, tags),
        (1456434159933, sequence, 20070, "account.verified", person, machine, 1, tags),
        (1456434160275, sequence, 20412, "device.connected", person, machine, 1, tags),
        (
            1456434161650,
            "5470a525d256a47c6c4526b58470be10",
            0,
            "account.signed",
            person,
            machine,
            0,
            "Firefox,40,Windows 7,sync,NULL,NULL,NULL",
        ),
    ]
    lines = [",".join(SPECIFIED_NAMES.values())]
    lines += [",".join(map(str, (row[0] + day_shift * DAY_MS, *row[1:]))) for row in rows]
    return "\n".join(lines) + "\n"
