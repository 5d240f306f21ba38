"""Commands that read event files and list what was read."""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from kpi.commands import DONE, REFUSED
from kpi.commands.progress import progress
from kpi.settings import Settings
from kpi.text import plural, quantity

if TYPE_CHECKING:
    from kpi.events.load import Loaded


SHOWN = 5
SHOWN_NAMES = 12
NO_SERVICE = "(none)"


def run_load(settings: Settings, asked: argparse.Namespace) -> int:
    from kpi.events import load
    from kpi.events.folder import event_files
    from kpi.events.layouts import NoEvents

    loads: list[load.Loaded] = []
    refused = passed_over = 0
    options = load.Options(asked.format, asked.ids_hashed, asked.replace, asked.time_unit)
    with progress("Loading", len(event_files(asked.files)[0])) as step:

        def report(loaded: load.Loaded) -> None:
            step(loaded.source)
            loads.append(loaded)
            if asked.replace and loaded.status == "loaded" and not loaded.replaced:
                nothing = "no load had that name; nothing was replaced"
                print(f"{loaded.source}: {nothing}", file=sys.stderr)
            _report_rows(loaded)

        for refusal in load.load_files(settings, asked.files, options, report):
            print(f"kpi: {refusal}", file=sys.stderr)
            if isinstance(refusal, NoEvents):
                passed_over += 1
            else:
                refused += 1
    for line in _load_summary(loads, refused, passed_over):
        print(line)
    blank = sum(loaded.contents.blank_sequences for loaded in loads)
    if blank and NO_SERVICE not in settings.sync_services:
        from kpi.numbers.coverage import blank_services_sentence

        print(blank_services_sentence(blank, settings.sync_services))
    return REFUSED if refused or not loads else DONE


def _load_summary(loads: list[Loaded], refused: int, passed_over: int) -> Iterator[str]:
    """The files of a load in a line, and in a second what the files lack or hold beside."""
    new = [loaded for loaded in loads if loaded.status == "loaded"]
    events = sum(loaded.contents.accepted for loaded in new)
    rejected = sum(loaded.contents.rows_rejected for loaded in new)
    line = f"{quantity(len(new), 'file')} loaded, {len(loads) - len(new)} already there, {refused} refused"
    if passed_over:
        line += f", {passed_over} passed over"
    line += f": {quantity(events, 'event')}, {quantity(rejected, 'row')} rejected"
    shares = [
        (name, sum(getattr(loaded.contents, f"with_{part}") for loaded in new))
        for name, part in (("a user", "uid"), ("a device", "device"), ("a sequence", "sequence"))
    ]
    if events:
        line += "; " + ", ".join(f"{100 * n / events:.0f}% with {name}" for name, n in shares)
    yield line
    parts = []
    lines = sum(loaded.contents.passed_over for loaded in new)
    if lines:
        parts.append(f"lines that are no events: {lines}")
    for words, part in (
        ("not in the files", "missing"),
        ("not read", "ignored"),
        ("read", "synonyms"),
    ):
        files = Counter(name for loaded in new for name in getattr(loaded, part))
        named = [
            name if count == len(new) else f"{name} ({count} of {quantity(len(new), 'file')})"
            for name, count in files.most_common(SHOWN_NAMES)
        ]
        if len(files) > SHOWN_NAMES:
            named.append(f"and {len(files) - SHOWN_NAMES} more")
        if named:
            parts.append(f"{words}: {', '.join(named)}")
    if parts:
        yield "; ".join(parts)


def _report_rows(loaded: Loaded) -> None:
    """Rejected, changed and doubtful rows of a file, the first of each, on the standard error."""
    held = loaded.contents
    notes = [(fault, "row rejected") for fault in held.faults[:SHOWN]]
    notes += [(doubt, "row loaded") for doubt in held.doubts[:SHOWN]]
    for fault, outcome in notes:
        print(f"{loaded.source}: line {fault.line}: {fault}; {outcome}", file=sys.stderr)
    for words, (rows, line) in held.changes.items():
        more = f", and in {rows - 1} more {plural(rows - 1, 'row')}" if rows > 1 else ""
        print(f"{loaded.source}: line {line}{more}: {words}; row loaded", file=sys.stderr)
    if held.rows_rejected > SHOWN:
        print(f"{loaded.source}: {held.rows_rejected} rows rejected in all", file=sys.stderr)
    if held.unknown_types:
        names = ", ".join(repr(name) for name, _ in held.unknown_types.most_common(SHOWN))
        beyond = f"types beyond the specification's, counted as activity: {names}"
        print(f"{loaded.source}: {beyond}", file=sys.stderr)


def run_unload(settings: Settings, asked: argparse.Namespace) -> None:
    from kpi.events import load

    sources = list(dict.fromkeys(asked.sources))
    for source, events in zip(sources, load.unload(settings, sources), strict=True):
        print(f"{source}: {quantity(events, 'event')} removed; now run: python -m kpi summarise")


def run_loads(settings: Settings, asked: argparse.Namespace) -> None:
    from kpi.events import load

    entries = load.loads(settings)
    columns = "source format rows_read rows_kept rows_rejected status loaded_at".split()
    listed = csv.writer(sys.stdout, lineterminator="\n")
    listed.writerow(columns)
    for entry in entries:
        entry["loaded_at"] = f"{entry['loaded_at']:%Y-%m-%dT%H:%M:%SZ}"
        listed.writerow([entry[column] for column in columns])


def run_load_firefox(settings: Settings, asked: argparse.Namespace) -> None:
    from kpi.events.firefox import load_firefox

    given = load_firefox(settings, asked.file, asked.replace)
    print(f"{quantity(given.rows, 'figure')} read, {given.changed} of them new or corrected")
