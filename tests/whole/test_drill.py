"""An operator's drill: the documents' own commands, typed one after the other on a machine of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import PROJECT
from event_files import write
from logs import random_log

RUNBOOK = "docs/operations.md"
STUBS = {
    "id": "exit 1",
    "useradd": 'echo "useradd $*" >>"$NOTES"',
    "chown": 'echo "chown $*" >>"$NOTES"',
    "systemctl": 'echo "systemctl $*" >>"$NOTES"',
    "python-with-packages": """
mkdir -p "$3/bin"
printf '#!/bin/sh\\nexec "%s" "$@"\\n' "$INTERPRETER" >"$3/bin/python"
printf '#!/bin/sh\\necho "pip $*" >>"%s"\\n' "$NOTES" >"$3/bin/pip"
chmod 755 "$3/bin/python" "$3/bin/pip\"""",
}
"""What needs a machine to itself: users, services, and packages from the network, which are here already."""


class Machine:
    """A folder that stands for a machine's root, with a clone of this repository."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.clone = folder / "clone"
        self.notes = folder / "notes"
        self.notes.touch()
        stubs = folder / "stubs"
        stubs.mkdir()
        self.root.mkdir()
        for name, content in STUBS.items():
            (stubs / name).write_text("\n".join(["#!/bin/sh", content, ""]))
            (stubs / name).chmod(0o755)
        self.environment = {
            "PATH": f"{stubs}:{os.defpath}",
            "ROOT": str(self.root),
            "PYTHON": "python-with-packages",
            "INTERPRETER": sys.executable,
            "NOTES": str(self.notes),
        }
        self.type(f'git clone --quiet "{PROJECT}" "{self.clone}"', folder)
        self.blocks = re.findall(
            r"^```sh\n(.*?)^```", (PROJECT / RUNBOOK).read_text(), re.DOTALL | re.MULTILINE
        )

    def block(self, words: str) -> str:
        """The runbook's one block of commands that has these words."""
        (block,) = [block for block in self.blocks if words in block]
        return block

    def type(self, commands: str, folder: Path, status: int = 0) -> str:
        """What a shell prints; our folder stands for the machine's root."""
        moved = re.sub(
            r"(?<![\w/])/(srv|opt|etc)\b", lambda path: f"{self.root}{path[0]}", commands
        )
        ran = subprocess.run(
            ["bash", "-c", moved], cwd=folder, env=self.environment, capture_output=True, text=True
        )
        assert ran.returncode == status, f"{commands}\n{ran.stdout}{ran.stderr}"
        return ran.stdout + ran.stderr

    def as_kpi(self, commands: str, status: int = 0) -> str:
        """The same as the store's own user, who has read the settings, as the runbook says first."""
        return self.type(self.block("set -a;") + commands, self.root, status)

    def timer(self, unit: str) -> str:
        """What a timer's service runs."""
        content = (self.root / "etc/systemd/system" / f"{unit}.service").read_text()
        assert (self.root / "etc/systemd/system" / f"{unit}.timer").exists()
        (command,) = re.findall(r"^ExecStart=(.*)$", content, re.MULTILINE)
        return self.as_kpi(command.replace("$$", "$"))

    def numbers(self, home: str = "/srv/kpi") -> str:
        """Every number of two measures."""
        return self.as_kpi(
            f"export KPI_HOME={home}\n"
            ".venv/bin/python -m kpi export engagement --min-users=0\n"
            ".venv/bin/python -m kpi export completion --min-users=0\n"
        )


@pytest.mark.long
def test_an_operators_drill(tmp_path: Path) -> None:
    """Install, load, schedule, expire, back up, restore, roll back and upgrade as the documents say."""
    machine = Machine(tmp_path)
    install = machine.block("install.sh")
    machine.type(install, machine.clone)
    assert "useradd --system" in machine.notes.read_text()
    assert "--require-hashes" in machine.notes.read_text()
    assert (
        "enable --now kpi-summarise.timer kpi-expire.timer kpi-digest.timer"
        in machine.notes.read_text()
    )
    store, files = machine.root / "srv/kpi", machine.root / "srv/kpi-files"
    assert store.stat().st_mode & 0o777 == 0o700
    assert (machine.root / "etc/kpi.env").stat().st_mode & 0o777 == 0o600

    # A sequence without a service is no attempt, which doctor reports.
    log = [row | {"service": row["service"] or "sync"} for row in random_log(101, days=130)]
    end = max(row["timestamp"] for row in log)
    last_day = [row for row in log if row["timestamp"] >= end - end % 86_400_000]
    write(files / "first.csv", [row for row in log if row not in last_day])
    said = machine.as_kpi(
        machine.block(
            "kpi load /srv/kpi-files\n.venv/bin/python -m kpi summarise\n.venv/bin/python -m kpi doctor\n"
        ),
        status=1,
    )
    bad = [line for line in said.splitlines() if line.startswith("BAD")]
    assert "1 file loaded" in said and all("days" in line for line in bad), said
    first = machine.numbers()

    write(files / "second.csv", last_day)
    assert "1 file loaded, 1 already there" in machine.timer("kpi-summarise")
    assert "nothing changed" in machine.timer("kpi-summarise")
    whole = machine.numbers()
    assert whole != first
    assert "events expired" in machine.timer("kpi-expire")
    assert machine.numbers() == whole

    assert "backed up into" in machine.as_kpi(machine.block("kpi backup"))
    store.chmod(0o755)
    said = machine.as_kpi(
        machine.block("--repair").replace("doctor --repair", "doctor --repair || true")
    )
    assert "2 already there" in said and "nothing changed" in said
    restored = machine.root / "srv/kpi-restored"
    assert restored.stat().st_mode & 0o777 == 0o700
    assert machine.numbers("/srv/kpi-restored") == whole

    machine.as_kpi(machine.block("ln -sfn"))
    machine.as_kpi(".venv/bin/python -m kpi summarise")
    assert machine.numbers() == whole

    before = os.readlink(machine.root / "opt/kpi")
    commit = "git -c user.name=x -c user.email=x@example.org commit --quiet --allow-empty -m next"
    machine.type(f"{commit}\n{install}", machine.clone)
    after = os.readlink(machine.root / "opt/kpi")
    assert after != before and (machine.root / "opt" / before).exists()
    assert machine.numbers() == whole
    assert "nothing changed" in machine.timer("kpi-summarise")
