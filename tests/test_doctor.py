"""What `doctor` tells an operator: secrets, files, freshness, rejects; and the same for alerts."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

import pytest
from conftest import KEY, Store
from event_files import write
from logs import D, at, event, random_log, user

from kpi.doctor import weak


@pytest.fixture
def filled(store: Store) -> Store:
    """A store with a publication."""
    store.load(write(store.files / "log.csv", random_log(95, days=35)))
    store.summarise()
    return store


def told(store: Store, **settings: str) -> dict[str, list[dict[str, object]]]:
    """The findings by subject, as an alert reads them."""
    ran = store.run("doctor", "--json", **settings)
    found: dict[str, list[dict[str, object]]] = {}
    for finding in json.loads(ran.text):
        found.setdefault(finding["subject"], []).append(finding)
    bad = any(not finding["good"] for each in found.values() for finding in each)
    assert ran.status == int(bad)
    return found


@pytest.mark.parametrize(
    ("key", "is_weak"),
    (
        (b"short", True),
        (b"secret" * 2, True),
        (b"a" * 64, True),
        (b"abababab" * 8, True),
        (KEY.encode(), False),
        (b"0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0", False),
    ),
)
def test_weak_keys(key: bytes, is_weak: bool) -> None:
    """Short keys and keys of few characters are weak; those that the refusal tells to make are not."""
    assert weak(key) is is_weak


def test_keys(filled: Store) -> None:
    """A missing, weak or other key is told, and never shown."""
    assert told(filled)["key"][0]["good"]
    for key, words in ((None, "not set"), ("aaaaaaaaaaaaaaaaaaaaaa", "weak")):
        finding = told(filled, KPI_HMAC_KEY=key)["key"][0]
        assert not finding["good"] and words in finding["sentence"]
    other = secrets.token_hex(32)
    finding = told(filled, KPI_HMAC_KEY=other)["key"][0]
    assert not finding["good"] and "not the key this store was made with" in finding["sentence"]
    assert other not in json.dumps(told(filled, KPI_HMAC_KEY=other))


def test_files_that_everybody_can_read(filled: Store) -> None:
    """A store is made for its own user; one opened to all, and a secrets file that is, are told."""
    assert filled.home.stat().st_mode & 0o077 == 0
    assert "secrets" not in told(filled)
    file = filled.folder / ".streamlit" / "secrets.toml"
    file.parent.mkdir()
    file.write_text('KPI_MIN_USERS = "10"\n')
    file.chmod(0o644)
    assert str(file) in told(filled)["secrets"][0]["sentence"]
    file.chmod(0o600)
    assert "secrets" not in told(filled)
    filled.home.chmod(0o755)
    assert any("events.duckdb" in finding["sentence"] for finding in told(filled)["secrets"])


def test_old_data_and_gaps(filled: Store) -> None:
    """Data of long ago are told, with status 1, so that an alert sees a pipeline that stalled."""
    days = told(filled)["days"]
    assert any("days old" in finding["sentence"] for finding in days if not finding["good"])


def test_many_rejects(filled: Store) -> None:
    """A recent file of which many rows were rejected, though too few to refuse it, is told by name."""
    assert told(filled)["rejects"][0]["good"]
    rows = [event(at(D[33]) + step, uid=user(step)) for step in range(60)]
    rows[7]["type"] = ""
    rows[9]["timestamp"] = 1
    filled.load(write(filled.files / "dirty.csv", rows))
    filled.summarise()
    finding = told(filled)["rejects"][0]
    assert not finding["good"] and finding["sentence"].startswith("dirty.csv: 3.3%")


def test_without_a_store(store: Store, tmp_path: Path) -> None:
    """Before anything is loaded doctor says so, without a traceback, as text and as JSON."""
    ran = store.run("doctor")
    assert ran.status == 1 and "nothing loaded" in ran.text and ran.err == ""
    assert not told(store)["events"][0]["good"]
