"""The lock file names every direct requirement at its version, and hashes for all it names."""

from __future__ import annotations

import re

from conftest import PROJECT

COMPILED = ("duckdb", "numpy", "pandas", "pyarrow", "scipy", "psycopg2-binary")
FILES = 8
"""A compiled package has a file for each Python and kind of machine, ARM's among them."""


def test_compiled_packages_have_the_hash_of_every_file() -> None:
    """The lock serves other machines than the one it was made on."""
    lock = (PROJECT / "requirements.lock").read_text().replace("\\\n", " ")
    for name in COMPILED:
        (entry,) = re.findall(rf"^{name}==.*$", lock, re.MULTILINE)
        assert len(set(re.findall(r"sha256:[0-9a-f]{64}", entry))) >= FILES, name


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


def test_whoever_runs_it_installs_from_the_lock() -> None:
    """`make run`, the container and the install script install what the lock has, and refuse the rest."""
    makefile = (PROJECT / "Makefile").read_text()
    assert re.search(r"^run: \$\(VENV\)/installed$", makefile, re.MULTILINE)
    pip = re.search(r"^PIP := (.*)$", makefile, re.MULTILINE)[1]
    recipe = re.search(
        r"^\$\(VENV\)/installed: requirements.lock .*\n\t(.*)$", makefile, re.MULTILINE
    )
    ways = (
        recipe[1].replace("$(PIP)", pip),
        *((PROJECT / name).read_text() for name in ("Dockerfile", "deploy/install.sh")),
    )
    for way in ways:
        assert re.search(r"pip\W? install .*--require-hashes -r \S*requirements\.lock", way), way


def test_the_base_image_is_named_by_its_digest() -> None:
    """A build begins from the same bytes today and in a year, whatever a name comes to mean."""
    bases = re.findall(r"^FROM (\S+)", (PROJECT / "Dockerfile").read_text(), re.MULTILINE)
    assert bases
    assert all(re.fullmatch(r"[a-z]+:[\w.-]+@sha256:[0-9a-f]{64}", base) for base in bases), bases
