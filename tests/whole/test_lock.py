"""The locks name every direct requirement at its version, and hashes for all they name."""

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


def test_locks_and_requirements_agree() -> None:
    """What is pinned in a file of requirements is pinned alike, with a hash, in its lock."""
    for name in ("requirements", "requirements-dev"):
        pinned = _pinned(f"{name}.lock")
        wanted = (PROJECT / f"{name}.txt").read_text().split()
        assert len(wanted) > 5 and len(pinned) > len(wanted)
        for line in wanted:
            package, version = line.split("==")
            assert pinned[_plain(package)] == version, line


def test_locks_share_no_package() -> None:
    """Both are installed at the same time, and tests run with the packages that users have."""
    assert not _pinned("requirements.lock").keys() & _pinned("requirements-dev.lock").keys()


def _pinned(lock: str) -> dict[str, str]:
    """The version of each package of a lock; fails for a package without a hash."""
    text = (PROJECT / lock).read_text().replace("\\\n", " ")
    entries = [line for line in text.splitlines() if line and not line.startswith("#")]
    pinned = {}
    for entry in entries:
        name, version = re.match(r"([A-Za-z0-9._-]+)==(\S+)", entry).groups()
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry
        pinned[_plain(name)] = version
    return pinned


def _plain(package: str) -> str:
    """A package's name as indexes compare it, without extras."""
    return re.sub(r"[-_.]+", "-", package.partition("[")[0]).lower()


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
