"""Which kind of event file lies here: its format, encoding, compression and columns.

A format says how an event is spelled (`events`, the specification's own; `activity` and `flow`, what
production emitted); an encoding says how rows are written (CSV, JSON lines, Parquet). The first lines
of the file decide, never its name.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from kpi.errors import Refused

EVENTS = (
    "timestamp seq_id seq_time type uid device_id new_user user_agent_browser user_agent_version "
    "user_agent_os service context entrypoint campaign migration"
).split()
ACTIVITY = "timestamp ua_browser ua_version ua_os uid type service device_id country region".split()
FLOW = (
    "timestamp type flow_id flow_time ua_browser ua_version ua_os context entrypoint migration "
    "service utm_campaign utm_content utm_medium utm_source utm_term locale uid country region"
).split()

NAMES: Mapping[str, tuple[str, ...]] = {
    "events": (*EVENTS, "region"),
    "activity": (*ACTIVITY, "event", "time", "user_agent"),
    "flow": (*FLOW, "event", "time", "user_agent"),
}
"""Every column name that a format may use; absent ones are read as blank."""

HEADERLESS = {7: "activity", 8: "activity", 10: "activity", 16: "flow", 18: "flow", 20: "flow"}
"""Production's files have no header; the number of cells tells which they are."""

REQUIRED = {"events": EVENTS, "activity": ("type", "uid"), "flow": ("type", "flow_id")}
SUFFIXES = (".csv", ".json", ".jsonl", ".ndjson", ".parquet")
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
FIREFOX_HEADER = ["day", "product", "dau", "mau"]
HARMLESS_BYTES = 64 << 20
PARQUET_ROW_BYTES = 100
"""What a row of a Parquet file counts as, however well a million equal ones pack."""

_UNPACKED_AT_ONCE = 4 << 20
_SAMPLE_BYTES = 1 << 18
_SAMPLE_LINES = 200


@dataclass(frozen=True)
class Recognised:
    """A file's format, encoding and the names of its columns in order (None: a column to pass over).

    Of a CSV, ``header`` tells whether its first line names its columns, ``lines`` how many it has.
    """

    format: str
    encoding: str
    columns: tuple[str | None, ...]
    names: tuple[str, ...]
    header: bool = False
    lines: int = 0


def recognise(path: Path, wanted: str, max_unpacked_ratio: float) -> Recognised:
    """What kind of event file ``path`` is; ``wanted`` overrides the format, not the encoding.

    Raises Refused, naming the file and the reason, when it is no event file, or one that unpacks to
    more than ``max_unpacked_ratio`` times its size.
    """
    lines = _count_lines(path, max_unpacked_ratio)
    if _starts_with(path, b"PAR1"):
        return _parquet(path, wanted)
    first = _first_lines(path)
    if first[0].lstrip().startswith("{"):
        return _json_lines(path, first, wanted)
    return replace(_csv(path, first, wanted), lines=lines)


def _count_lines(path: Path, ratio: float) -> int:
    """How many lines a file of text has; 0 for Parquet. Refuses what unpacks to too much, meanwhile.

    Files of production pack 10 to 30 times; whatever unpacks to less than 64 MB is let through.
    """
    most = max(ratio * path.stat().st_size, HARMLESS_BYTES)
    if _starts_with(path, b"PAR1"):
        with _whole_parquet(path):
            told = pq.read_metadata(path)
            unpacked = sum(told.row_group(n).total_byte_size for n in range(told.num_row_groups))
        _refuse_bomb(path, max(unpacked, told.num_rows * PARQUET_ROW_BYTES) > most, ratio)
        return 0
    unpacked, ends, last = 0, 0, b"\n"
    for piece in _pieces(path, lambda stream: stream.read(_UNPACKED_AT_ONCE)):
        unpacked += len(piece)
        _refuse_bomb(path, unpacked > most, ratio)
        ends += piece.count(b"\n")
        if b"\r" in piece:
            ends += piece.count(b"\r") - piece.count(b"\r\n")
        ends -= last == b"\r" and piece[:1] == b"\n"
        last = piece[-1:]
    return ends + (last not in b"\r\n")


def text_lines(path: Path, most: int) -> Iterator[bytes]:
    """The lines of a text file as they stand in it; what is longer than ``most`` bytes in parts."""
    return _pieces(path, lambda stream: stream.readline(most))


def _pieces(path: Path, read: Callable[[IO[bytes]], bytes]) -> Iterator[bytes]:
    """What is read of a possibly compressed file until it ends."""
    with _unpacked(path) as stream:
        while piece := read(stream):
            yield piece


@contextmanager
def _unpacked(path: Path) -> Iterator[IO[bytes]]:
    """A possibly compressed file of text as it was before; Refused where it is damaged or cut off."""
    compression = COMPRESSIONS.get(path.suffix)
    try:
        with _opened(path, compression) as stream:
            yield stream
    except (PermissionError, FileNotFoundError):
        raise
    except (EOFError, OSError, ValueError, zlib.error) as error:
        raise Refused(
            f"{path}: its {compression or 'text'} can't be read; is it cut off?"
        ) from error


def _opened(path: Path, compression: str | None) -> IO[bytes]:
    if compression == "gzip":
        # Arrow reads it, too, but never gives back the memory of a broken one.
        return gzip.open(path)
    if compression:
        return io.BufferedReader(pa.input_stream(str(path), compression=compression))
    return path.open("rb")


def _refuse_bomb(path: Path, too_large: bool, ratio: float) -> None:
    if too_large:
        raise Refused(
            f"{path}: unpacks to more than {ratio:g} times its size; if it is meant to, "
            "raise KPI_MAX_UNPACKED_RATIO"
        )


def is_firefox_file(path: Path) -> bool:
    """Whether a file holds Firefox's reference figures, which `load-firefox` reads."""
    if _starts_with(path, b"PAR1"):
        return False
    return [cell.strip().lower() for cell in _first_lines(path)[0].split(",")] == FIREFOX_HEADER


def bare_name(name: str) -> str:
    """A file's name without its compression: what a corrected file has in common with the first."""
    for suffix in COMPRESSIONS:
        name = name.removesuffix(suffix)
    return name


def _starts_with(path: Path, magic: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(magic)) == magic


def _first_lines(path: Path) -> list[str]:
    """Up to 200 whole lines from the start of a possibly compressed text file; blank ones don't count."""
    with _unpacked(path) as stream:
        head = stream.read(_SAMPLE_BYTES)
    if b"\0" in head[:4096]:
        raise Refused(f"{path}: is neither CSV, JSON lines nor Parquet")
    text = head.decode("utf-8-sig", errors="replace")
    if text.count("\ufffd") > len(text) / 10:
        raise Refused(f"{path}: is neither CSV, JSON lines nor Parquet")
    lines = text.splitlines()
    if len(head) == _SAMPLE_BYTES and len(lines) > 1:
        lines.pop()
    told = [line for line in lines if line.strip()][:_SAMPLE_LINES]
    if not told:
        raise Refused(f"{path}: is empty")
    return told


def _folded(name: str) -> str:
    return name.replace("_", "").strip().lower()


def _by_name(given: list[str], wanted: str, path: Path) -> tuple[str, tuple[str | None, ...]]:
    """The format that column names speak of, and our name for each column."""
    folded = [_folded(name) for name in given]
    if len(set(folded)) < len(folded):
        raise Refused(f"{path}: a column is named twice in its header")
    if wanted != "auto":
        kind = wanted
    elif "flowid" in folded:
        kind = "flow"
    elif "uabrowser" in folded or "useragent" in folded:
        kind = "activity"
    else:
        kind = "events"
    known = known_names(kind)
    columns = tuple(known.get(name) for name in folded)
    spelled_apart = {"type": "event"} if kind != "events" else {}
    missing = [
        name
        for name in REQUIRED[kind]
        if name not in columns and spelled_apart.get(name) not in columns
    ]
    if missing:
        raise Refused(f"{path}: wrong columns for the format {kind}: {', '.join(missing)} missing")
    return kind, columns


def _csv(path: Path, lines: list[str], wanted: str) -> Recognised:
    try:
        rows = list(csv.reader(io.StringIO("\n".join(lines))))
    except csv.Error as error:
        raise Refused(f"{path}: is neither CSV, JSON lines nor Parquet") from error
    first = rows[0]
    known = {_folded(name) for names in NAMES.values() for name in names}
    if len(first) > 1 and sum(_folded(cell) in known for cell in first) > len(first) / 2:
        kind, columns = _by_name(first, wanted, path)
        return Recognised(kind, "csv", columns, tuple(first), header=True)
    cells = Counter(len(row) for row in rows).most_common(1)[0][0]
    kind = HEADERLESS.get(cells)
    if wanted == "events" or kind is None:
        raise Refused(
            f"{path}: wrong columns: line 1 is no header of the format events, and {cells} cells "
            "are neither activity (7, 8 or 10) nor flow (16, 18 or 20)"
        )
    if wanted not in ("auto", kind):
        raise Refused(f"{path}: wrong columns for the format {wanted}: {cells} cells a line")
    columns = tuple((ACTIVITY if kind == "activity" else FLOW)[:cells])
    return Recognised(kind, "csv", columns, columns)


def with_keys(kind: Recognised, keys: Iterable[str]) -> Recognised:
    """The kind of a file of JSON lines with keys that its first lines don't have."""
    names = tuple(dict.fromkeys((*kind.names, *keys)))
    known = known_names(kind.format)
    return replace(kind, names=names, columns=tuple(known.get(_folded(name)) for name in names))


def known_names(kind: str) -> dict[str, str]:
    """Our name for each column of a format, by its name without case and underscores."""
    return {_folded(name): name for name in NAMES[kind]}


def _json_lines(path: Path, lines: list[str], wanted: str) -> Recognised:
    keys: list[str] = []
    for line in lines:
        try:
            row = json.loads(line, parse_int=str)  # Python refuses numbers of 4,300 digits
        except (json.JSONDecodeError, RecursionError):
            continue
        if isinstance(row, dict):
            keys += [key for key in row if key not in keys]
    folded = {_folded(key) for key in keys}
    if wanted == "auto":
        wanted = "flow" if "flowid" in folded else "activity" if "event" in folded else "events"
    if not folded & {"type", "event"}:
        raise Refused(f"{path}: wrong columns for the format {wanted}: type missing")
    return with_keys(Recognised(wanted, "json", (), ()), keys)


def _parquet(path: Path, wanted: str) -> Recognised:
    with _whole_parquet(path):
        names = pq.read_schema(path).names
    kind, columns = _by_name(names, wanted, path)
    return Recognised(kind, "parquet", columns, tuple(names))


@contextmanager
def _whole_parquet(path: Path) -> Iterator[None]:
    try:
        yield
    except (PermissionError, FileNotFoundError):
        raise
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise Refused(f"{path}: is no whole Parquet file; is it cut off?") from error
