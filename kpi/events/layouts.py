"""The layout of an event file: which cell, key or column is which, by its names or its width.

A file is what its lines say: whatever known name or width occurs is read. A format ('events', the
specification's own; 'activity' and 'flow', what production emitted) only settles units and what must not
be missing. Source: formats of the public history of Firefox Accounts' servers.
"""

from __future__ import annotations

import csv
import difflib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from kpi.errors import Refused
from kpi.text import plural, quantity

NAMES: Mapping[str, tuple[str, ...]] = {
    "timestamp": ("timestamp",),
    "time": ("time", "eventtime"),
    "seq_id": ("seqid", "flowid"),
    "seq_time": ("seqtime", "flowtime"),
    "type": ("type",),
    "event": ("event", "eventtype"),
    "uid": ("uid", "userid"),
    "device_id": ("deviceid",),
    "new_user": ("newuser",),
    "browser": ("useragentbrowser", "uabrowser"),
    "version": ("useragentversion", "uaversion"),
    "os": ("useragentos", "uaos", "osname"),
    "user_agent": ("useragent",),
    "service": ("service",),
    "context": ("context",),
    "entrypoint": ("entrypoint",),
    "campaign": ("campaign", "utmcampaign"),
    "migration": ("migration",),
    "region": ("region",),
}
"""Each column that is read, and the names it has in files, without case and underscores."""

CELLS = (*NAMES, "nanoseconds")
KNOWN = {spelling: name for name, spellings in NAMES.items() for spelling in spellings}
SYNONYMS = {"userid": "uid", "osname": "os"}
"""Names from other systems; a load reports that it read them."""

UNUSED = set("country locale utmcontent utmmedium utmsource utmterm osversion language".split())
"""Names that servers write and no measure uses; a load doesn't report them."""

ENVELOPE = set(
    "timestamp type logger severity pid envversion hostname op level msg v name insertid labels logname "
    "receivetimestamp resource sourcelocation stream kubernetes docker sessionid insertid".split()
)
"""Names that log servers put around an event; a load doesn't report them."""

EVENTS = (
    "timestamp seqId seqTime type uid deviceId newUser userAgentBrowser userAgentVersion "
    "userAgentOS service context entrypoint campaign migration"
).split()
ACTIVITY = "timestamp ua_browser ua_version ua_os uid type service device_id country region".split()
FLOW = (
    "timestamp type flow_id flow_time ua_browser ua_version ua_os context entrypoint migration "
    "service utm_campaign utm_content utm_medium utm_source utm_term locale uid country region"
).split()
FORMATS = ("events", "activity", "flow")
SEPARATORS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "pipes"}
FIREFOX_HEADER = ["day", "product", "dau", "mau"]

_WITHOUT_HEADER: Sequence[tuple[str, Sequence[str], tuple[int, ...]]] = (
    ("activity", ACTIVITY, (7, 8, 10)),
    ("flow", FLOW, (16, 18, 20)),
    ("events", [*EVENTS, "region"], (15, 16)),
)
_REPEATED = set(
    "type event new_user browser version os service context entrypoint campaign migration region".split()
)
_SAMPLE_LINES = 200
_MOST_SPELLINGS = 200
_TYPE = re.compile(r"[A-Za-z][\w/-]*(\.[\w/-]+)+")
_MOMENT = re.compile(
    r"[0-9]{9,19}([.][0-9]*)?|[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?|[0-9.]+E\+?[0-9]+"
)
_PLAIN_NAME = re.compile(r" *[A-Za-z_][A-Za-z0-9_.$ -]{0,60}")
_LIKE_AN_ID = re.compile(r"[0-9A-Fa-f]{12}|[0-9]{6}")


class NoEvents(Refused):
    """A file that holds no events; in a folder it is passed over, unless its name promised some."""


class OtherData(NoEvents):
    """A file that servers write beside event files; in a folder it is passed over, whatever its name."""


@dataclass(frozen=True)
class Layout:
    """The meaning of a row's cells: for each, the column it is read as (None: not read), and its name."""

    format: str
    columns: tuple[str | None, ...]
    names: tuple[str, ...]

    @property
    def ignored(self) -> list[str]:
        """Names that aren't read and aren't known to be of no use, as far as they are plain names."""
        named = zip(self.names, self.columns, strict=True)
        unknown = (name for name, column in named if column is None)
        return [
            name
            for name in unknown
            if folded(name) not in UNUSED | ENVELOPE and _can_be_shown(name)
        ]

    @property
    def repeated(self) -> list[int]:
        """The cells, counted from 1, whose texts repeat from row to row."""
        return [place for place, name in enumerate(self.columns, 1) if name in _REPEATED]

    def spelled(self, column: str) -> str:
        """The file's own name for a column."""
        if column == "timestamp" and column not in self.columns:
            column = next((c for c in ("time", "nanoseconds") if c in self.columns), column)
        if column == "type" and "event" in self.columns:
            column = "event"
        if column not in self.columns:
            return column
        return self.names[self.columns.index(column)]


@dataclass(frozen=True)
class Recognised:
    """The way to read a file's rows.

    ``encoding`` is 'csv', 'lines' (JSON in each line), 'json' (an array, or values over several lines)
    or 'parquet'. Of a CSV, ``layouts`` has one layout for each width a row may have, ``header`` is the
    text of its header line, ``skipped`` the number of lines before the first row, ``comments`` how many
    of these are comments.
    """

    encoding: str
    layouts: Mapping[int, Layout] = field(default_factory=dict)
    separator: str = ","
    header: str | None = None
    skipped: int = 0
    comments: int = 0

    @property
    def repeated(self) -> dict[int, list[int]]:
        """The cells whose texts repeat from row to row, by the width of a row."""
        return {width: layout.repeated for width, layout in self.layouts.items()}


def folded(name: str) -> str:
    """A name without case, underscores and anything before its last dot."""
    return name.rpartition(".")[2].replace("_", "").strip().strip('"').lower()


def recognise(path: Path, head: bytes, wanted: str) -> Recognised:
    """The way to read a text that begins with ``head``; ``wanted`` is a format or 'auto'.

    Raises Refused, naming the file and the reason, where it holds no events.
    """
    lines = _first_lines(path, head)
    first = next((line for line in lines if line.strip()), None)
    if first is None:
        raise NoEvents(f"{path}: is empty")
    if first.lstrip().startswith("[") and _begins_an_array(first):
        return Recognised("json")
    if first.strip() == "{":
        return Recognised("json")
    sample = [line for line in lines if line.strip()][:_SAMPLE_LINES]
    if any(_object_in(line) is not None for line in sample):
        return Recognised("lines")
    return _csv(path, lines, wanted)


def keyed(keys: Iterable[str], wanted: str, mozlog: bool = False) -> Layout:
    """The layout of objects with these keys; ``mozlog`` where they come from a mozlog envelope."""
    names = tuple(keys)
    # A key that is no plain name can't be asked for, and none of ours is spelled so.
    columns = [KNOWN.get(folded(name)) if is_plain(name) else None for name in names]
    if mozlog:  # the envelope's own names are spelled with a capital
        for place, name in enumerate(names):
            if name == "Timestamp":
                columns[place] = "nanoseconds"
            elif name == "Type":
                columns[place] = None
    return Layout(format_of(names, wanted), tuple(columns), names)


def named(path: Path, names: Sequence[str], wanted: str) -> Layout:
    """The layout of a CSV's header or a Parquet file's columns; Refused where a column is named twice."""
    spelled = [folded(name) for name in names]
    if len(set(spelled)) < len(spelled):
        raise Refused(f"{path}: a column is named twice in its header")
    return Layout(
        format_of(names, wanted), tuple(KNOWN.get(name) for name in spelled), tuple(names)
    )


def format_of(names: Iterable[str], wanted: str) -> str:
    """The format that names speak of, unless ``wanted`` names it."""
    if wanted != "auto":
        return wanted
    spelled = {folded(name) for name in names}
    if "flowid" in spelled:
        return "flow"
    production = {"uabrowser", "useragent", "event", "eventtype", "time"}
    return "activity" if spelled & production else "events"


def missing(layout: Layout, keys_may_be_absent: bool) -> list[str]:
    """The needed columns that are absent, as the format spells them.

    Where ``keys_may_be_absent``, as in JSON, only the columns that every kind of event has are needed.
    """
    if layout.format == "events" and not keys_may_be_absent:
        return [name for name in EVENTS if KNOWN[folded(name)] not in layout.columns]
    groups = {
        "events": {"timestamp": ("timestamp", "time"), "type": ("type",), "uid": ("uid", "seq_id")},
        "activity": {
            "time": ("timestamp", "time", "nanoseconds"),
            "event": ("type", "event"),
            "uid": ("uid",),
        },
        "flow": {
            "time": ("timestamp", "time", "nanoseconds"),
            "event": ("type", "event"),
            "flow_id": ("seq_id",),
        },
    }[layout.format]
    return [name for name, columns in groups.items() if not set(columns) & set(layout.columns)]


def refuse_missing(path: Path, layout: Layout, keys_may_be_absent: bool = False) -> None:
    """Raise Refused where a needed column is missing, naming it and the nearest unknown name."""
    absent = missing(layout, keys_may_be_absent)
    if not absent:
        return
    hints = []
    for name in absent:
        near = _nearest(name, layout.ignored)
        if near:
            hints.append(f"{near!r} is no known name: rename it to {name} if that is what it holds")
    if not hints and layout.ignored:
        hints.append(f"names that are not known: {', '.join(layout.ignored[:5])}")
    if set(absent) & {"time", "timestamp"}:
        hints.append("without a time no event belongs to a day")
    hint = f"; {'; '.join(hints)}" if hints else ""
    is_are = plural(len(absent), "is", "are")
    raise Refused(
        f"{path}: wrong columns for the format {layout.format}: {', '.join(absent)} {is_are} missing{hint}"
    )


def absent_columns(layouts: Sequence[Layout], blank: Iterable[str] = ()) -> list[str]:
    """Known columns that none of the layouts has, in the specification's names.

    Columns that are ``blank`` in every row count as absent where only some of the layouts have them.
    """
    columns = {column for layout in layouts for column in layout.columns}
    if columns & {"time", "nanoseconds"}:
        columns.add("timestamp")
    if "event" in columns:
        columns.add("type")
    if "user_agent" in columns:
        columns |= {"browser", "version", "os"}
    if {layout.format for layout in layouts} != {"events"}:
        columns.add("new_user")
    columns -= {c for c in blank if any(c not in layout.columns for layout in layouts)}
    return [name for name in EVENTS if KNOWN[folded(name)] not in columns]


def _nearest(name: str, candidates: Sequence[str]) -> str | None:
    by_folded = {folded(candidate): candidate for candidate in candidates}
    within = [f for f in by_folded if len(f) > 2 and (f in folded(name) or folded(name) in f)]
    near = within or difflib.get_close_matches(folded(name), by_folded, n=1, cutoff=0.6)
    return by_folded[near[0]] if near else None


def is_plain(name: str) -> bool:
    """True where a name is made of letters, digits, underscores, dots, dollars, dashes and blanks."""
    return bool(_PLAIN_NAME.fullmatch(name))


def _can_be_shown(name: str) -> bool:
    """True where a name can be shown: a name that looks like an id may be an id."""
    return is_plain(name) and not _LIKE_AN_ID.search(name)


def _first_lines(path: Path, head: bytes) -> list[str]:
    """The whole lines of a text's beginning; Refused where it is no text."""
    text = head.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="replace")
    if "\0" in text[:4096] or text.count("\ufffd") > len(text) / 10:
        raise NoEvents(f"{path}: is neither CSV, JSON lines nor Parquet")
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _begins_an_array(line: str) -> bool:
    """True where a JSON array of objects begins, unlike `[1, 2]` or a log's `[INFO] {…}`."""
    rest = line.strip()[1:].lstrip()
    return rest == "" or rest.startswith("{")


def _object_in(line: str) -> dict[str, object] | None:
    """The JSON object in a line, behind anything that a log server wrote before it."""
    start = line.find("{")
    if start < 0:
        return None
    try:
        value = json.loads(line[start:], parse_int=str)  # Python refuses numbers of 4,300 digits
    except (json.JSONDecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _csv(path: Path, lines: list[str], wanted: str) -> Recognised:
    skipped, separators = 0, tuple(SEPARATORS)
    for line in lines:
        if said := re.fullmatch(r"sep=(.)", line.strip()):
            separators = (said[1],)
        elif line.strip() and not line.startswith("#"):
            break
        skipped += 1
    comments = sum(line.startswith("#") for line in lines[:skipped])
    rows = lines[skipped:]
    header = _header(rows[0], separators)
    if header is not None:
        separator, names = header
        if [name.strip().lower() for name in names] == FIREFOX_HEADER:
            raise OtherData(
                f"{path}: holds Firefox figures; use: python -m kpi load-firefox {path}"
            )
        layout = named(path, names, wanted)
        refuse_missing(path, layout)
        return Recognised(
            "csv", {len(names): layout}, separator, rows[0].strip(), skipped + 1, comments
        )
    recognised = _without_header(path, [row for row in rows if row.strip()], separators, wanted)
    return replace(recognised, skipped=skipped, comments=comments)


def _header(line: str, separators: Iterable[str]) -> tuple[str, list[str]] | None:
    """The separator and the names of a header line; None where the line is no header."""
    best: tuple[int, str, list[str]] | None = None
    for separator in separators:
        names = [name.strip() for name in _cells(line, separator)]
        known = sum(folded(name) in KNOWN or folded(name) in UNUSED for name in names)
        firefox = [name.lower() for name in names] == FIREFOX_HEADER
        if len(names) > 1 and (known > len(names) / 2 or firefox) and (not best or known > best[0]):
            best = known, separator, names
    return best and (best[1], best[2])


def _cells(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    except csv.Error:
        return []


def _without_header(
    path: Path, rows: list[str], separators: Iterable[str], wanted: str
) -> Recognised:
    """The layouts by width of a file without header, by the content of its first lines."""
    rows = rows[:_SAMPLE_LINES]
    best: tuple[int, str, dict[int, Layout]] = (0, ",", {})
    for separator in separators:
        cells = [_cells(row, separator) for row in rows]
        layouts, fitting = _by_width(cells)
        if fitting > best[0]:
            best = fitting, separator, layouts
    fitting, separator, layouts = best
    if fitting <= len(rows) / 2:
        separator, layouts = ",", _by_usual_width(path, rows, separators)
    if wanted != "auto" and wanted not in {layout.format for layout in layouts.values()}:
        actual = next(iter(layouts.values())).format
        raise Refused(f"{path}: wrong columns for the format {wanted}: the rows are of {actual}")
    return Recognised("csv", layouts, separator)


def _by_width(rows: Sequence[Sequence[str]]) -> tuple[dict[int, Layout], int]:
    """The layouts of rows by their width, and how many rows fit any; widths of a kind come together."""
    layouts: dict[int, Layout] = {}
    fitting = 0
    for kind, names, widths in _WITHOUT_HEADER:
        fits = {
            width: sum(_fits(row, names) for row in rows if len(row) == width) for width in widths
        }
        if not any(fits.values()):
            continue
        fitting += sum(fits.values())
        for width in widths:
            if fits[width] or width not in layouts:
                layouts[width] = _first_cells(kind, names, width)
    return layouts, fitting


def _by_usual_width(
    path: Path, rows: Sequence[str], separators: Iterable[str]
) -> dict[int, Layout]:
    """The layouts of the most common number of cells, for rows whose types look like none.

    The check of every row then says what is wrong with each.
    """
    cells = [_cells(row, ",") for row in rows]
    usual = Counter(map(len, cells)).most_common(1)[0][0]
    kinds = (kind for kind in _WITHOUT_HEADER if usual in kind[2])
    kind, names, widths = next(kinds, ("", (), ()))
    if not kind or all(_is_email_event(row) for row in cells[:5]):
        raise _unknown_layout(path, rows, separators)
    return {width: _first_cells(kind, names, width) for width in widths}


def _first_cells(kind: str, names: Sequence[str], width: int) -> Layout:
    own = tuple(names[:width])
    return Layout(kind, tuple(KNOWN.get(folded(name)) for name in own), own)


def _fits(row: Sequence[str], names: Sequence[str]) -> bool:
    """True where a row has a moment and a type where they belong."""
    moment, kind = row[names.index("timestamp")].strip(), row[names.index("type")].strip()
    return bool(_MOMENT.fullmatch(moment)) and bool(_TYPE.fullmatch(kind))


def _unknown_layout(path: Path, rows: Sequence[str], separators: Iterable[str]) -> Refused:
    widths = {separator: [len(_cells(row, separator)) for row in rows] for separator in separators}
    separator = max(widths, key=lambda each: Counter(widths[each]).most_common(1)[0][0])
    cells = Counter(widths[separator]).most_common(1)[0][0]
    if all(_is_email_event(_cells(row, ",")) for row in rows[:5]):
        return OtherData(f"{path}: holds email events, not activity; they are not read")
    if cells <= 4:
        return NoEvents(
            f"{path}: is neither CSV, JSON lines nor Parquet of events: line 1 is no header of the "
            f"format events, and its lines have {quantity(cells, 'cell')}"
        )
    return Refused(
        f"{path}: wrong columns: line 1 is no header of the format events, and {cells} cells separated "
        f"by {SEPARATORS.get(separator, repr(separator))} hold no timestamp and type where activity "
        "(7, 8 or 10 cells), flow (16, 18 or 20) or events (15 or 16) have them; add a header line"
    )


def _is_email_event(cells: Sequence[str]) -> bool:
    """A row of production's email events: moment, id, domain, template, event, two flags, locale."""
    return len(cells) == 8 and {cells[5], cells[6]} <= {"true", "false"} and "." in cells[2]
