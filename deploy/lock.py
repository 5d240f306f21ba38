"""Write requirements.lock and requirements-dev.lock: every package that the requirements lead to, with the
hash of each of its files.

So they serve every machine and Python that a package has a file for. The second has what tests need beside
the first, so that both can be installed at the same time. Tests run with the packages that users have: where
a package of tests asks for an older version of such a package, it gets the version of the first. Needs
pip-tools. Versions that are in the locks stay as they are, unless the requirements ask for others.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
LOCK = PROJECT / "requirements.lock"
DEV_LOCK = PROJECT / "requirements-dev.lock"
HEAD = """\
# Every package, with the hashes of all its files, that requirements.txt leads to on Linux:
#   pip install --require-hashes -r requirements.lock
# Made anew, after requirements.txt was changed, by: pip install pip-tools && python deploy/lock.py
"""
DEV_HEAD = """\
# What requirements-dev.txt leads to beside the packages of requirements.lock; made anew with it:
#   pip install --no-deps --require-hashes -r requirements-dev.lock
"""
COMPILING = (
    *(sys.executable, "-m", "piptools", "compile", "--quiet", "--generate-hashes"),
    *("--no-annotate", "--no-header", "--strip-extras"),
    *("--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host"),
)


def entries(text: str) -> list[str]:
    """The entries of a lock, each a package with its version and hashes; comments are left out."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return "\n".join(lines).replace("\\\n", "\0").splitlines()


def compiled(known: str, *requirements: str) -> list[str]:
    """The entries that files of requirements lead to, at the versions of ``known`` where they agree."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "requirements.lock"
        output.write_text(known)
        files = [str(PROJECT / name) for name in requirements]
        subprocess.run([*COMPILING, "--output-file", str(output), *files], check=True)
        return entries(output.read_text())


def write(lock: Path, head: str, packages: list[str]) -> None:
    """Write a lock of these packages."""
    lock.write_text(head + "".join(f"{entry}\n" for entry in packages).replace("\0", "\\\n"))


def name(entry: str) -> str:
    """The name of an entry's package."""
    return entry.partition("==")[0]


if __name__ == "__main__":
    used = compiled(LOCK.read_text(), "requirements.txt")
    write(LOCK, HEAD, used)
    known = DEV_LOCK.read_text() if DEV_LOCK.exists() else ""
    every = compiled(known + LOCK.read_text(), "requirements.txt", "requirements-dev.txt")
    of_users = {name(entry) for entry in used}
    write(DEV_LOCK, DEV_HEAD, [entry for entry in every if name(entry) not in of_users])
