"""The lock file names every direct requirement at its version, and hashes for all it names."""

from __future__ import annotations

import re

from conftest import PROJECT


def test_lock_and_requirements_agree() -> None:
    """What is pinned in requirements.txt is pinned alike, with a hash, in requirements.lock."""
    lock = (PROJECT / "requirements.lock").read_text().replace("\\\n", " ")
    entries = [line for line in lock.splitlines() if line and not line.startswith("#")]
    pinned = {}
    for entry in entries:
        name, version = re.match(r"([A-Za-z0-9._-]+)==(\S+)", entry).groups()
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry
        pinned[re.sub(r"[-_.]+", "-", name).lower()] = version
    wanted = (PROJECT / "requirements.txt").read_text().split()
    assert len(wanted) > 5 and len(pinned) > len(wanted)
    for line in wanted:
        name, version = line.split("==")
        assert pinned[re.sub(r"[-_.]+", "-", name).lower()] == version, line
