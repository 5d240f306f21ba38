"""Snapshots: committed text files that a test compares with what the product gives today.

`make snapshots` writes them anew; the reviewer reads the difference. Fifteen lines of our own rather than
a library, since each snapshot is a file of its own kind (SQL, JSON, text) that people open and compare.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "snapshots"
Compare = Callable[[str, str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--renew-snapshots", action="store_true", help="write snapshots instead of comparing them"
    )


@pytest.fixture(scope="session")
def renewing(request: pytest.FixtureRequest) -> bool:
    """Whether snapshots are written rather than compared."""
    return bool(request.config.getoption("--renew-snapshots"))


@pytest.fixture(scope="session")
def same_as_snapshot(renewing: bool) -> Compare:
    """Compares a text with the snapshot of a name, such as 'sql/steps__none.sql'."""

    def compare(name: str, text: str) -> None:
        path = FOLDER / name
        if renewing:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            return
        assert path.exists(), f"no snapshot {name}; run: make snapshots"
        assert text == path.read_text(encoding="utf-8"), f"{name} changed; if meant: make snapshots"

    return compare


def assert_no_others(folder: str, names: Iterable[str], renewing: bool) -> None:
    """A folder holds no snapshot that no test compares; renewing deletes such files."""
    others = {path.name for path in (FOLDER / folder).iterdir()} - set(names)
    if renewing:
        for name in others:
            (FOLDER / folder / name).unlink()
    else:
        assert not others, f"snapshots of nothing in {folder}; run: make snapshots"
