"""The files that a load is given: those named, and every file of the folders named."""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from kpi.errors import Refused
from kpi.events.event_file import EventFile, source_name, unreadable


def event_files(paths: Iterable[Path]) -> tuple[list[EventFile], list[Refused]]:
    """Every file under ``paths``, in order, and the refusals of paths that can't be read.

    A file in a folder is named by its path below that folder. Every file of a folder and its subfolders
    is among them, whatever its name, but hidden files; an empty folder is refused.
    """
    files: list[EventFile] = []
    refused: list[Refused] = []
    for path in paths:
        try:
            is_folder = stat.S_ISDIR(path.stat().st_mode)
        except OSError as error:
            refused.append(unreadable(path, error))
            continue
        if not is_folder:
            files.append(EventFile(path, source_name(Path(path.name))))
            continue
        within, closed = _files_below(path)
        if not within and not closed:
            closed = [Refused(f"{path}: no files in this folder")]
        refused += closed
        files += [EventFile(file, source_name(file.relative_to(path)), path) for file in within]
    return files, refused


def of_a_shared_name(files: Iterable[EventFile]) -> dict[str, list[EventFile]]:
    """Files of different content whose loads would share a name, by that name."""
    named: dict[str, list[EventFile]] = defaultdict(list)
    for file in files:
        named[file.source].append(file)
    return {
        source: same
        for source, same in named.items()
        if len(same) > 1 and len({_content(file) for file in same}) > 1
    }


def refusal_of_shared(file: EventFile, same: Iterable[EventFile]) -> Refused:
    """The refusal of a file among those of its name: why it isn't loaded, and what to do."""
    other = next(each.path for each in same if each.path != file.path)
    beside = other.parent == file.path.parent
    way = (
        "remove or rename either"
        if beside
        else "give a folder that both are below, or rename either"
    )
    return Refused(
        f"{file.path}: {other} has the same name, {file.source}, and other content; neither was "
        f"loaded: {way}"
    )


def _content(file: EventFile) -> str:
    """The hash of a file; the path where it can't be read, which no other file shares."""
    try:
        return file.sha256
    except OSError:
        return str(file.path)


def _files_below(path: Path) -> tuple[list[Path], list[Refused]]:
    """The files in a folder and its subfolders, in order; and the refusals of closed subfolders."""
    closed: list[Refused] = []
    files = [
        file
        for folder, _, names in os.walk(
            path, onerror=lambda error: closed.append(unreadable(Path(error.filename), error))
        )
        for name in names
        if not name.startswith(".") and _is_file(file := Path(folder, name))
    ]
    return sorted(files), closed


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return True  # reading it will say what is wrong
