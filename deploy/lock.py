"""Write requirements.lock: every package that requirements.txt leads to, with the hash of each of its files.

So it serves every machine and Python that a package has a file for. Needs pip-tools. Versions that are in the
lock stay as they are, unless requirements.txt asks for others.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
LOCK = PROJECT / "requirements.lock"
HEAD = """\
# Every package, with the hashes of all its files, that requirements.txt leads to on Linux:
#   pip install --require-hashes -r requirements.lock
# Made anew, after requirements.txt was changed, by: pip install pip-tools && python deploy/lock.py
"""
PLAIN = (
    "--no-annotate --no-header --strip-extras --no-emit-index-url --no-emit-find-links "
    "--no-emit-trusted-host"
).split()

if __name__ == "__main__":
    compiling = [
        sys.executable,
        "-m",
        "piptools",
        "compile",
        "--quiet",
        "--generate-hashes",
        *PLAIN,
    ]
    subprocess.run(
        [*compiling, "--output-file", str(LOCK), str(PROJECT / "requirements.txt")], check=True
    )
    LOCK.write_text(HEAD + LOCK.read_text())
