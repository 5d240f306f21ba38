"""A store of simulated data that several tests read and none changes."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import pytest
from conftest import built_once, environment

DEMO = ("demo", "--users", "500", "--from", "2015-11-01", "--to", "2016-03-31")
DEMO_DAYS = ("1 Nov 2015", "31 Mar 2016")
ELEVEN_MONTHS = ("demo", "--users", "500", "--from", "2015-09-01", "--to", "2016-07-31")


def build(home: Path, command: tuple[str, ...] = DEMO) -> Path:
    """The folder of a demo store, built by the command line."""
    from kpi.commands.cli import main

    with environment(KPI_HOME=str(home)):
        assert main(list(command)) == 0, "the demo could not be built"
    return home


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the demo store."""
    return built_once(tmp_path_factory, "demo", build)


@pytest.fixture
def noted_demo(demo_home: Path, tmp_path: Path) -> Path:
    """The folder of the demo store with notes by people of its own, which a test may add."""
    home = tmp_path / "noted"
    home.mkdir()
    for part in ("publications", "events.duckdb", "demo.key"):
        (home / part).symlink_to(demo_home / part)
    shutil.copy(demo_home / "kpi.duckdb", home / "kpi.duckdb", follow_symlinks=False)
    return home


@pytest.fixture(scope="session")
def goals_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a demo of eleven months, so that there is a baseline and enough to project from."""
    return built_once(tmp_path_factory, "goals", partial(build, command=ELEVEN_MONTHS))
