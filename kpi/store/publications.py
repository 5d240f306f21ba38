"""The publications of an embedded store: numbered files in a folder, and the link to the newest.

Readers resolve the link `kpi.duckdb`. A new publication has a number above every file present, and the
file that the link leads to is never removed, whatever its number.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress
from itertools import chain
from pathlib import Path
from shlex import quote

from kpi.errors import NoData, WarehouseDown

RETAINED = 3
"""The number of publications that are there as whole files, at most."""

READ_ON_SECONDS = 3600.0
"""So long readers may go on with a publication that isn't the newest any more."""

NOTHING_YET = (
    "nothing has been summarised yet in {home}; "
    "run: python -m kpi load FILE… && python -m kpi summarise"
)
LINK_LOST = (
    "{link} is missing or leads to no file, though there are publications; "
    "`python -m kpi doctor` prints the way back"
)
GO_BACK = "to go back to the newest whole publication and fill what it lacks, run: {command}"
START_AGAIN = (
    "no publication is whole; look in a backup first, since what has expired is nowhere else. "
    "To build it anew from the events that are left, without Firefox's figures and markers of earlier "
    "versions, run: {command}"
)
_NUMBERED = re.compile(r"kpi-(\d+)\.duckdb")


def folder(home: Path) -> Path:
    """The folder of the publications."""
    return home / "publications"


def link(home: Path) -> Path:
    """The link that readers resolve."""
    return home / "kpi.duckdb"


def newest(home: Path) -> Path:
    """The file that the link leads to.

    Raises NoData where nothing was ever published, WarehouseDown where there are publications but the link
    leads to none of them, or can't be read.
    """
    try:
        target = link(home).resolve(strict=True)
        with target.open("rb"):
            return target
    except FileNotFoundError as error:
        if _published(home):
            raise WarehouseDown(LINK_LOST.format(link=link(home))) from error
        raise NoData(NOTHING_YET.format(home=home)) from error
    except OSError as error:
        raise WarehouseDown(f"{link(home)}: can't be read; check its permissions") from error


def newest_or_none(home: Path) -> Path | None:
    """The file that the link leads to, None where nothing was ever published."""
    with suppress(NoData):
        return newest(home)
    return None


def numbered(home: Path) -> dict[int, Path]:
    """The publications present by their number, lowest first."""
    files = {}
    for file in folder(home).glob("kpi-*.duckdb"):
        number = _NUMBERED.fullmatch(file.name)
        if number:
            files[int(number[1])] = file
    return dict(sorted(files.items()))


def name_of(number: int) -> str:
    """The name of a publication's file."""
    return f"kpi-{number:06d}.duckdb"


def number_of(file: Path) -> int:
    """The number in the name of a publication's file; 0 where it has none."""
    number = _NUMBERED.fullmatch(file.name)
    return int(number[1]) if number else 0


def history_of(publication: Path) -> Path:
    """The file of the history that belongs to a publication: of those before it, as differences.

    There is no such file beside a publication without a number, such as a copy that followed the link to it.
    """
    return publication.with_name(f"history-{publication.name.removeprefix('kpi-')}")


def next_number(home: Path) -> int:
    """A number above every publication present."""
    return max(numbered(home), default=0) + 1


def put_in_place(home: Path, work: Path, number: int, history: Path) -> None:
    """Make a finished file the newest publication, in one step that a crash can't halve.

    Its history is there before it, so that a publication without one never had any.
    """
    target = work.with_name(name_of(number))
    for finished in (history, work):
        with finished.open("rb+") as file:
            os.fsync(file.fileno())
    os.replace(history, history_of(target))
    # The new link comes first: if this is cut off, it marks the unfinished publication.
    coming = _coming(home)
    coming.unlink(missing_ok=True)
    coming.symlink_to(target.relative_to(home))
    os.replace(work, target)
    os.replace(coming, link(home))
    for changed in (home, work.parent):
        sync_folder(changed)
    for old in list(numbered(home).values())[:-RETAINED]:
        if old != target:
            _remove(old)


def remove_superseded(home: Path, newest: Path, now: float) -> None:
    """Remove the publications before the newest, once it has been in place for so long that none is read.

    The history beside the newest can give them back.
    """
    if now - newest.stat().st_mtime < READ_ON_SECONDS or not history_of(newest).exists():
        return
    for number, old in numbered(home).items():
        if number < number_of(newest):
            _remove(old)


def _remove(publication: Path) -> None:
    publication.unlink()
    history_of(publication).unlink(missing_ok=True)


def sync_folder(changed: Path) -> None:
    """See to it that the names in a folder are on the disk."""
    handle = os.open(changed, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)


def way_back(home: Path, damaged: Callable[[Path], bool]) -> str:
    """Advice where the link leads to no publication or to damage; it ends with the command to run.

    It names the newest whole publication below the damaged, else above it, else an earlier publication that
    was written again, else a backup's.
    """
    bad = _NUMBERED.fullmatch(Path(os.path.realpath(link(home))).name)
    number = int(bad[1]) if bad else 0
    others = {each: file for each, file in numbered(home).items() if each != number}
    nearest = sorted(others, key=lambda each: (each < number or not number, each), reverse=True)
    copies = [
        folder(home).glob("past/kpi-*.duckdb"),
        (home / "backups").glob("*/publications/kpi-*.duckdb"),
    ]
    newest_first = (
        sorted(files, key=lambda file: file.stat().st_mtime, reverse=True) for files in copies
    )
    whole = next((others[each] for each in nearest if not damaged(others[each])), None)
    copied = (
        None if whole else next((file for file in chain(*newest_first) if not damaged(file)), None)
    )
    there, then = quote(str(link(home))), "python -m kpi summarise"
    if whole:
        return GO_BACK.format(command=f"ln -sfn publications/{whole.name} {there} && {then}")
    if copied:
        name = name_of(max(number, next_number(home) - 1) + 1)
        to = quote(str(folder(home) / name))
        copy = f"cp -p {quote(str(copied))} {to}"
        return GO_BACK.format(command=f"{copy} && ln -sfn publications/{name} {there} && {then}")
    aside = quote(f"{folder(home)}.damaged")
    command = f"mv {quote(str(folder(home)))} {aside} && rm -f {there} && {then}"
    return START_AGAIN.format(command=command)


def _published(home: Path) -> bool:
    """True where there is any publication but a first one that was cut off before its link was made."""
    cut_off = Path(os.path.realpath(_coming(home)))
    return any(file.resolve() != cut_off for file in numbered(home).values())


def _coming(home: Path) -> Path:
    return home / "kpi.duckdb.next"
