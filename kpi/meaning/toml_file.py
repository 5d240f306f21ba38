"""TOML files that people edit: their content, and the lines of names, for refusals of what is wrong."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from kpi.errors import Refused


def read(path: Path) -> tuple[dict[str, Any], str]:
    """The content of a file and its text; raises Refused, with line and reason, for a broken one."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise Refused(f"{path}: can't be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise Refused(f"{path}: line {line}: is no UTF-8 text") from error
    try:
        return tomllib.loads(text), text
    except tomllib.TOMLDecodeError as error:
        raise Refused(f"{path}: {_syntax(str(error), text)}") from error


def _syntax(fault: str, text: str) -> str:
    """The parser's fault, with the line first."""
    match = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", fault)
    line = int(match[2]) if match else max(len(text.splitlines()), 1)
    reason = match[1] if match else fault.removesuffix(" (at end of document)")
    return f"line {line}: {reason}"


class Lines:
    """The lines of names in the text; the parser reports the lines of its own faults only."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()

    def of_name(self, name: str) -> int:
        """The line where a name is first given a value or a table."""
        return self.between(name, 1, len(self._lines) + 1) or 1

    def between(self, name: str, start: int, end: int, table: str = "") -> int | None:
        """The line of a name from ``start`` up to ``end``, as a part of a ``table`` too; None without."""
        key = rf"[\"']?{re.escape(name)}[\"']?"
        within = rf"({re.escape(table)}\s*\.\s*)?" if table else ""
        given = re.compile(rf"\s*({key}\s*[.=]|\[+\s*{within}{key}\s*[.\]])")
        return next((n for n in range(start, end) if given.match(self._lines[n - 1])), None)


class TableLines(Lines):
    """The lines of the entries of an array of tables, such as [[goal]], and of their settings."""

    def __init__(self, text: str, table: str) -> None:
        super().__init__(text)
        self._table = table
        head = re.compile(rf"\s*\[\[\s*[\"']?{table}[\"']?\s*\]\]")
        self._starts = [number for number, line in enumerate(self._lines, 1) if head.match(line)]

    def of(self, place: int, setting: str = "") -> int:
        """The line of an entry's setting, or of the entry's beginning."""
        if place >= len(self._starts):
            return self.of_name(self._table)
        start = self._starts[place]
        end = self._starts[place + 1] if place + 1 < len(self._starts) else len(self._lines) + 1
        return self.between(setting, start, end, self._table) or start if setting else start


def entries(
    path: Path, table: str, *, some: bool = False
) -> list[tuple[Any, Callable[..., Refused]]]:
    """The entries of an array of tables, such as [[goal]], each with the function that words its refusal.

    That takes the reason and the setting that is wrong. Raises Refused where the file holds anything else or,
    with ``some``, no entry.
    """
    content, text = read(path)
    lines = TableLines(text, table)
    for name in content:
        if name != table:
            raise Refused(
                f"{path}: line {lines.of_name(name)}: {name} is no setting; "
                f"the file holds [[{table}]] tables"
            )
    listed = content.get(table, [])
    if not isinstance(listed, list) or (some and not listed):
        raise Refused(f"{path}: line {lines.of_name(table)}: must hold [[{table}]] tables")

    def refusal(place: int, reason: str, setting: str = "") -> Refused:
        return Refused(f"{path}: line {lines.of(place, setting)}: {table} {place + 1}: {reason}")

    return [(entry, partial(refusal, place)) for place, entry in enumerate(listed)]


def refuse_wrong_settings(
    entry: Any,
    kind: str,
    settings: Mapping[str, tuple[type, str]],
    required: Iterable[str],
    refuse: Callable[..., Refused],
) -> None:
    """Refuse an entry that is no table, has an unknown setting, a wrong kind of value, or lacks a setting.

    ``kind`` is such as 'an alert'; ``settings`` has the type of each value, and its words.
    """
    article, table = kind.split()
    if not isinstance(entry, dict):
        raise refuse(f"must be {article} [[{table}]] table")
    for name, value in entry.items():
        if name not in settings:
            raise refuse(f"{name} is no setting of {kind}", name)
        of_type, words = settings[name]
        if not isinstance(value, of_type) or isinstance(value, bool):
            raise refuse(f"{name} must be {words}", name)
    for name in required:
        if name not in entry:
            raise refuse(f"{name} is missing")
