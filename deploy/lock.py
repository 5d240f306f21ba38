"""Write requirements.lock: every package that requirements.txt leads to here, with its hash."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
HEAD = """\
# Every package, with its hash, that requirements.txt leads to on Python 3.11 and 64-bit Linux:
#   pip install --require-hashes -r requirements.lock
# Made anew, after requirements.txt was changed, by: python deploy/lock.py
"""


def resolved() -> list[tuple[str, str]]:
    """Name and pinned line of every package that pip would install."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        wanted = ["-r", str(PROJECT / "requirements.txt")]
        how = ["--quiet", "--dry-run", "--ignore-installed", "--report", str(report)]
        subprocess.run([sys.executable, "-m", "pip", "install", *how, *wanted], check=True)
        found = json.loads(report.read_text())["install"]
    lines = []
    for package in found:
        told, archive = package["metadata"], package["download_info"]["archive_info"]
        hashed = f"--hash=sha256:{archive['hashes']['sha256']}"
        lines.append((told["name"].lower(), f"{told['name']}=={told['version']} \\\n    {hashed}"))
    return sorted(lines)


if __name__ == "__main__":
    content = HEAD + "\n".join(line for _, line in resolved()) + "\n"
    (PROJECT / "requirements.lock").write_text(content)
