"""Exports are byte for byte those of the commit before: a hash of each, of several stores, is committed."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from conftest import LONG, TESTS, Store, daily
from event_files import write
from logs import random_log
from product import EXPORTS
from snapshot import FOLDER, Compare, assert_no_others
from test_cases import CASES, LOADED

OF_USERS = ("engagement", "multi-device", "device-coverage", "same-people", "growth", "retention")
OF_ATTEMPTS = ("connection-time", "completion", "steps")
BY = tuple(f"--by={tag}" for tag in ("browser", "version", "os", "service", "users"))
# By metrics: what is asked for besides every cell and the cells shown by default.
CHOICES: dict[tuple[str, ...], tuple[str, ...]] = {
    (*OF_USERS, *OF_ATTEMPTS): (
        *(f"{by} --min-users=0" for by in BY),
        "--by=os --weekly --min-users=3",
        "--os=Android --min-users=0",
        "--os=Android --users=existing",
        "--not-os=Android --not-os=iOS --min-users=3",
        "--browser=Firefox --version=41 --min-users=0",
        "--users=new --min-users=0",
        "--include-incomplete --min-users=0",
    ),
    OF_ATTEMPTS: ("--devices=multi --min-users=0", "--devices=single --by=os --min-users=3"),
    ("multi-device",): tuple(f"--window={days} --min-users=0" for days in (3, 7, 14)),
    (*OF_USERS, *OF_ATTEMPTS, "firefox"): (
        "--weekly --min-users=0",
        "--from=2016-02-01 --to=2016-02-29 --min-users=0",
        "--format=json --min-users=0",
    ),
    ("engagement", "multi-device", "same-people", "connection-time", "completion"): (
        "--bands --min-users=0",
        "--bands --by=os",
    ),
    ("growth",): ("--total --min-users=0", "--total --by=os", "--total --from=2016-03-20"),
    ("moved",): tuple(
        f"{choice} --from=2016-02-04 --to=2016-03-03"
        for choice in (
            "engagement-ratio --by=os --min-users=0",
            "engagement-ratio --by=version --days=7",
            "multi-device-percent --by=browser --window=7 --min-users=0",
            "mau --by=users --os=Android --min-users=0",
            "dau --by=service --days=1 --min-users=3",
        )
    ),
    ("goals",): ("--os=Android --min-users=0", "--as-of=2016-03-01 --min-users=0", "--plain"),
}


def arguments(every_choice: bool) -> Iterator[str]:
    """The arguments of the exports whose bytes are compared."""
    for metric in EXPORTS:
        chosen = [
            choice for metrics, some in CHOICES.items() if metric in metrics for choice in some
        ]
        whole = () if metric == "moved" else ("--min-users=0", "")
        for choice in (*whole, *(chosen if every_choice else ())):
            yield f"{metric} {choice}".strip()


def of_demo(store: Store, demo_home: Path) -> None:
    """The demo."""
    shutil.copytree(demo_home, store.home, symlinks=True)


def of_schema_1(store: Store, demo_home: Path) -> None:
    """The fixture: a store that the first version of the program made, as it was then."""
    with tarfile.open(TESTS / "fixtures" / "schema-1.tar.xz") as archive:
        archive.extractall(store.folder, filter="data")


def of_random_log(store: Store, demo_home: Path) -> None:
    """A random log with hostile values, few users and days on which nothing was loaded."""
    log = random_log(7, days=64, users=24, attempts_per_day=8, unloaded=(20, 21, 40))
    store.load(write(store.files / "log.csv", log))
    store.summarise()


def of_cases(store: Store, demo_home: Path) -> None:
    """Every case of a file as people have them, together."""
    store.load(*(CASES / name for name in LOADED))
    store.summarise()


STORES: dict[str, tuple[Callable[[Store, Path], None], bool]] = {
    "demo": (of_demo, True),
    "random-log": (of_random_log, True),
    "schema-1": (of_schema_1, False),
    "cases": (of_cases, False),
}
"""How each store is built, and whether every choice is exported of it."""


def often(name: str, place: int) -> bool:
    """True where every run makes the export at a place: every second, of the demo or of the random log."""
    return place % 6 in ((0,) if name == "demo" else (2, 4))


@pytest.mark.parametrize("name", daily("demo", "random-log", of=STORES))
def test_exports_are_the_committed_ones(
    name: str, store: Store, demo_home: Path, same_as_snapshot: Compare, renewing: bool
) -> None:
    """Not a byte of any export changes but on purpose; a refusal is a line of its own."""
    build, every_choice = STORES[name]
    build(store, demo_home)
    committed = FOLDER / "exports" / f"{name}.txt"
    lines = committed.read_text().splitlines() if committed.exists() else []
    known = {asked: line for line in lines for asked in [line.split("  ")[-1]]}
    compared = [
        f"{_hashed(store, asked)}  {asked}"
        if LONG or renewing or often(name, place)
        else known.get(asked, asked)
        for place, asked in enumerate(arguments(every_choice))
    ]
    same_as_snapshot(f"exports/{name}.txt", "\n".join([*compared, ""]))


def _hashed(store: Store, asked: str) -> str:
    ran = store.run("export", *asked.split(), "--allow-unknown")
    return sha256(ran.out).hexdigest() if ran.status == 0 else f"refused: {ran.err.strip()}"


def test_every_store_has_its_snapshot(renewing: bool) -> None:
    """No list of hashes is without its store."""
    assert_no_others("exports", [f"{name}.txt" for name in STORES], renewing)
