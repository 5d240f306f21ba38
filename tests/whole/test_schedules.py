"""The schedules that are shipped: one refused file stops no summary, and the alarm is kept."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from conftest import PROJECT

RECIPES = ("deploy/kpi-summarise.service", "docs/operations.md", "docs/redshift.md")
STUB = '#!/bin/sh\necho "$3"\ntest "$3" != "$FAILS"\n'


def commands() -> dict[str, str]:
    """Every scheduled command as its shell gets it: of units, of containers and of cron."""
    found = {}
    for name in RECIPES:
        text = (PROJECT / name).read_text()
        for line in re.findall(r"^ExecStart=/bin/sh -c '(.+)'$", text, re.M):
            found[f"{name} unit"] = line.replace("$$", "$")
        for line in re.findall(r"^ +sh -c '(.+)'$", text, re.M):
            found[f"{name} container"] = line
        for line in re.findall(r"^[0-9]+ [0-9]+ \* \* \* kpi (.+)$", text, re.M):
            found[f"{name} cron"] = line
    return found


def test_every_recipe_is_found() -> None:
    """No recipe calls `load` on a line, or before an `&&`, that keeps `summarise` from running."""
    assert len(commands()) == 4
    for name in RECIPES:
        assert not re.search(r"kpi load \S+ &&|ExecStart=\S+ -m", (PROJECT / name).read_text()), (
            name
        )


@pytest.mark.parametrize("recipe", commands())
@pytest.mark.parametrize(("fails", "status"), (("", 0), ("load", 1), ("summarise", 1)))
def test_summaries_run_whatever_load_says(
    recipe: str, fails: str, status: int, tmp_path: Path
) -> None:
    """`summarise` follows a `load` that refused a file, and the run fails where either did."""
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(STUB)
    python.chmod(0o755)
    (tmp_path / "env").write_text("")
    command = re.sub(r"/(opt|srv)/kpi(?=[/ ])", str(tmp_path), commands()[recipe])
    ran = subprocess.run(
        ["/bin/sh", "-c", command],
        env={"PATH": f"{python.parent}:/usr/bin:/bin", "FAILS": fails},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout.split() == ["load", "summarise"], ran.stderr
    assert ran.returncode == status


def test_the_installation_starts_every_timer() -> None:
    """Each timer is started, and calls a unit; each summary is followed by the sending of alerts."""
    deploy = PROJECT / "deploy"
    (started,) = re.findall(
        r"^systemctl enable --now (.*)$", (deploy / "install.sh").read_text(), re.M
    )
    timers = sorted(deploy.glob("*.timer"))
    assert {each.name for each in timers} == {name for name in started.split() if ".timer" in name}
    assert all(each.with_suffix(".service").exists() for each in timers)
    unit = (deploy / "kpi-summarise.service").read_text()
    after = re.search(r"^ExecStopPost=(.*)$", unit, re.M)[1]
    assert after.endswith("-m kpi alerts --report") and "\nTimeoutStopSec=15min\n" in unit


def test_units_are_hardened_alike() -> None:
    """Every unit may write to the store and nowhere else, and gets no more rights than the dashboard."""
    hardened = [
        re.search(r"^NoNewPrivileges=yes\n(?:\w+=.*\n)+", unit.read_text(), re.M)[0]
        for unit in sorted((PROJECT / "deploy").glob("*.service"))
    ]
    assert len(hardened) == 4 and len(set(hardened)) == 1
    assert {"ProtectSystem=strict", "ReadWritePaths=/srv/kpi", "UMask=0077"} <= set(
        hardened[0].splitlines()
    )
