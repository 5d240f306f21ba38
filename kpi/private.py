"""Files and folders for their own user alone, whatever the umask of the process."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

OTHERS = stat.S_IRWXG | stat.S_IRWXO


@contextmanager
def umask() -> Iterator[None]:
    """Files and folders that are created meanwhile are private: 0600 and 0700."""
    before = os.umask(OTHERS)
    try:
        yield
    finally:
        os.umask(before)


def below(folder: Path) -> Iterator[Path]:
    """A folder and everything in it, links left out; nothing where it isn't there or can't be read."""
    with suppress(OSError):
        if folder.is_dir():
            yield folder
            yield from (path for path in folder.rglob("*") if not path.is_symlink())


def is_open(path: Path) -> bool:
    """True where every user of this machine may read, change or enter it."""
    try:
        return bool(path.stat().st_mode & stat.S_IRWXO)
    except OSError:
        return False


def close(paths: Iterable[Path]) -> list[Path]:
    """Take away what the group and others may do; the paths of which that was changed."""
    changed = []
    for path in paths:
        with suppress(FileNotFoundError):
            mode = stat.S_IMODE(path.stat().st_mode)
            if mode & OTHERS:
                path.chmod(mode & ~OTHERS)
                changed.append(path)
    return changed
