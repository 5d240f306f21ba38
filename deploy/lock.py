"""Write requirements.lock: every package that requirements.txt leads to, with its hashes.

Resolved for the Python that runs this, on 64-bit Linux for Intel and AMD and for ARM; both get the same
versions, a package made for each has a hash for each.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
MACHINES = ("x86_64", "aarch64")
MANYLINUX = (
    "manylinux_2_17",
    "manylinux2014",
    "manylinux_2_26",
    "manylinux_2_27",
    "manylinux_2_28",
)
HEAD = """\
# Every package, with its hashes, that requirements.txt leads to on Python 3.11 and 64-bit Linux (x86_64
# and aarch64):
#   pip install --require-hashes -r requirements.lock
# Made anew, after requirements.txt was changed, by: python deploy/lock.py
"""


def resolved(machine: str, wanted: Path) -> list[tuple[str, str, str]]:
    """Name, version and hash of every package that pip would install on a kind of machine."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        how = ["--quiet", "--dry-run", "--ignore-installed", "--report", str(report)]
        where = ["--target", folder, "--only-binary=:all:"]
        where += [part for name in MANYLINUX for part in ("--platform", f"{name}_{machine}")]
        command = [sys.executable, "-m", "pip", "install", *how, *where, "-r", str(wanted)]
        subprocess.run(command, check=True)
        found = json.loads(report.read_text())["install"]
    return [
        (
            package["metadata"]["name"],
            package["metadata"]["version"],
            package["download_info"]["archive_info"]["hashes"]["sha256"],
        )
        for package in found
    ]


def locked() -> str:
    """The lines of the lock, by name; the second machine gets the versions of the first."""
    hashes: dict[str, set[str]] = defaultdict(set)
    with tempfile.TemporaryDirectory() as folder:
        pinned = Path(folder) / "pinned.txt"
        pinned.write_text((PROJECT / "requirements.txt").read_text())
        for machine in MACHINES:
            for name, version, sha256 in resolved(machine, pinned):
                hashes[f"{name}=={version}"].add(sha256)
            pinned.write_text("\n".join(hashes) + "\n")
    return "".join(
        " \\\n    ".join([pin, *(f"--hash=sha256:{each}" for each in sorted(hashes[pin]))]) + "\n"
        for pin in sorted(hashes, key=str.lower)
    )


if __name__ == "__main__":
    (PROJECT / "requirements.lock").write_text(HEAD + locked())
