"""Killed at any moment: after running the same command again, every export is as if nothing happened."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from conftest import EVERY_EXPORT, Store
from event_files import write
from killing import Commands, Ended
from logs import random_log

Exports = dict[tuple[str, ...], Any]
GLANCE = (("engagement", "--min-users=0"),)
NUMBERS = ("every number",)
SOME_EXPORTS = (*GLANCE, NUMBERS)
EVERY = (*EVERY_EXPORT, ("firefox",), NUMBERS)
EARLY, LATE = random_log(61, days=70), random_log(62, first="2016-03-25", days=12)
CORRECTED = [row for place, row in enumerate(EARLY) if place % 7]


@dataclass(frozen=True)
class Stage:
    """A command of a store's life, and the store before it and after it."""

    name: str
    arguments: tuple[str | Path, ...]
    before: Store
    after: Store
    seconds: float
    calls: int

    def moment(self, chance: random.Random, longest: float) -> dict[str, Any]:
        """A random moment of the command: by time or, of a short command, before one of its calls.

        On a busy machine a short command may end in a fraction of its measured time, before any kill.
        """
        short = self.seconds < longest / 4
        if not short and chance.random() < 0.5:
            return {"after_seconds": chance.uniform(0, self.seconds)}
        return {"at_call": chance.randint(1, self.calls)}


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory, forked: Commands) -> list[Stage]:
    """A store's undisturbed life, command by command."""
    folder = tmp_path_factory.mktemp("life")
    files = folder / "files"
    early = write(files / "early.csv.gz", EARLY)
    late = write(files / "late.json", LATE)
    corrected = write(files / "corrected" / "early.csv", CORRECTED)
    firefox = files / "firefox.csv"
    firefox.write_text("day,product,dau,mau\n2016-03-01,desktop,10,40\n2016-03-02,ios,7,9\n")
    commands: list[tuple[str, tuple[str | Path, ...]]] = [
        ("first load", ("load", early)),
        ("first summary", ("summarise",)),
        ("publish figures", ("load-firefox", firefox)),
        ("load", ("load", late)),
        ("summary", ("summarise",)),
        ("add a marker", ("annotate", "2016-03-08", "Firefox 45")),
        ("replace", ("load", "--replace", corrected)),
        ("summary of a correction", ("summarise",)),
        ("expire", ("expire", "--keep-days", "41")),
        ("unload", ("unload", "late.json")),
        ("summary of a removal", ("summarise",)),
    ]
    store = Store(folder / "0")
    store.home.mkdir(parents=True)
    stages = []
    for number, (name, arguments) in enumerate(commands, 1):
        after = store.copied_to(folder / str(number))
        ended = forked.run(after, arguments)
        assert ended.status == 0, f"{name}: {ended.said}"
        stages.append(Stage(name, arguments, store, after, ended.seconds, ended.calls))
        store = after
    return stages


def exports(store: Store, which: tuple[tuple[str, ...], ...]) -> Exports:
    """What metrics print, or why they can't, byte for byte; with all numbers, and the markers."""
    found: Exports = {}
    for each in which:
        if each != NUMBERS:
            ran = run(store, each)
            found[each] = ran.out + ran.err.encode()
        elif (store.home / "kpi.duckdb").exists():
            found[each] = store.numbers()
    marks = store.run("annotate", "--list")
    without_ids = "\n".join(line.partition(" ")[2] for line in marks.text.splitlines())
    found["annotate",] = without_ids + marks.err.replace(str(store.home), "")
    return found


@cache
def undisturbed(store: Store, which: tuple[tuple[str, ...], ...]) -> Exports:
    """What a store of the undisturbed life exports; it changes no more."""
    return exports(store, which)


def run(store: Store, asked: tuple[str, ...]) -> object:
    """One export; where there is nothing yet the store's folder is taken out of the sentence."""
    ran = store.run("export", *asked)
    return type(ran)(ran.status, ran.out, ran.err.replace(str(store.home), ""))


def undone(ended: Ended) -> bool:
    """Whether a removal says that there is nothing to remove any more: its kill came too late."""
    return ended.status == 1 and "no load has that name" in ended.said


def one_kill(
    chance: random.Random,
    stage: Stage,
    longest: float,
    forked: Commands,
    folder: Path,
    which: tuple[tuple[str, ...], ...],
) -> bool:
    """Kill a command once or twice, then run it again; whether it ever died."""
    store = stage.before.copied_to(folder)
    died = False
    told = []
    for _ in range(chance.choice((1, 1, 2))):
        moment = stage.moment(chance, longest)
        ended = forked.run(store, stage.arguments, **moment)
        told.append(f"{moment} of {stage.seconds:.2f} s, {stage.calls} calls")
        died |= ended.killed
        about = f"{stage.name}, killed: {told}"
        assert ended.killed or ended.status == 0 or undone(ended), f"{about}: {ended.said}"
        glance = exports(store, GLANCE)
        either = (undisturbed(stage.before, GLANCE), undisturbed(stage.after, GLANCE))
        assert glance in either, f"{about}: readers see neither the old nor the new"
    again = forked.run(store, stage.arguments)
    assert again.status == 0 or undone(again), f"{about}: {again.said}"
    found = exports(store, which)
    expected = undisturbed(stage.after, which)
    differing = [asked for asked in {*found, *expected} if found.get(asked) != expected.get(asked)]
    assert not differing, f"{about}: {differing}"
    assert not list(store.home.rglob("*.work*")), "left-overs of a publication"
    shutil.rmtree(store.folder)
    return died


def kill_often(
    times: int,
    seed: int,
    life: list[Stage],
    forked: Commands,
    folder: Path,
    which: tuple[tuple[str, ...], ...],
) -> None:
    """Kill commands in turn at random moments; most of the kills must meet a living command."""
    chance = random.Random(seed)
    longest = max(stage.seconds for stage in life)
    died = 0
    for number in range(times):
        stage = life[number % len(life)]
        died += one_kill(chance, stage, longest, forked, folder / str(number), which)
    assert died >= times * 0.7, f"only {died} of {times} commands died"


@pytest.mark.long
def test_killed_at_random_moments(life: list[Stage], forked: Commands, tmp_path: Path) -> None:
    """A kill or two in each of load, summary, publication, correction, expiry and removal."""
    kill_often(len(life), 1, life, forked, tmp_path, SOME_EXPORTS)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 12))
def test_killed_at_many_random_moments(
    seed: int, life: list[Stage], forked: Commands, tmp_path: Path
) -> None:
    """22 kills per seed, 220 in all."""
    kill_often(22, seed, life, forked, tmp_path, EVERY)
