"""What `doctor` tells an operator: secrets, files, freshness, rejects; and the same for alerts."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from conftest import KEY, Store
from event_files import write
from logs import D, at, event, random_log, user

from kpi.commands import doctor
from kpi.commands.doctor import weak

LOG = random_log(95, days=35)


@pytest.fixture
def filled(store_of: Callable[..., Store]) -> Store:
    """A store with a publication."""
    return store_of(LOG)


@pytest.fixture
def numbers_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of what surrounds the numbers: they aren't looked at, which is most of doctor's work."""
    monkeypatch.setattr(doctor, "_events", lambda *_: iter(()))
    monkeypatch.setattr(doctor, "_numbers", lambda *_: iter(()))


def findings(store: Store, **settings: str) -> dict[str, list[dict[str, object]]]:
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


@pytest.mark.usefixtures("numbers_unread")
def test_keys(filled: Store) -> None:
    """A missing, weak or other key is told, and never shown."""
    assert findings(filled)["key"][0]["good"]
    empty = Store(filled.folder / "empty")
    for store, key, words in ((filled, None, "not set"), (empty, "a" * 22, "weak")):
        finding = findings(store, KPI_HMAC_KEY=key)["key"][0]
        assert not finding["good"] and words in finding["sentence"]
    other = secrets.token_hex(32)
    finding = findings(filled, KPI_HMAC_KEY=other)["key"][0]
    assert not finding["good"] and "not the key this store was made with" in finding["sentence"]
    assert other not in json.dumps(findings(filled, KPI_HMAC_KEY=other))


@pytest.mark.usefixtures("numbers_unread")
def test_another_key_comes_before_a_weak_one(filled: Store) -> None:
    """A key of another store is told as such, though it is weak, too: a new key would help nobody."""
    finding = findings(filled, KPI_HMAC_KEY="a" * 30)["key"][0]
    assert "not the key this store was made with" in finding["sentence"]


def test_a_newer_schema(filled: Store) -> None:
    """A store of a newer program is told by doctor, who says to upgrade."""
    with duckdb.connect(str(filled.home / "events.duckdb")) as events:
        events.execute("UPDATE store SET setting = '99' WHERE name = 'schema_version'")
    (finding,) = findings(filled)["schema"]
    assert "newer version (schema 99" in finding["sentence"]


def test_backup_without_the_private_file_is_refused(filled: Store) -> None:
    """A backup that wouldn't be whole isn't made, and nothing is put in the missing file's place."""
    (filled.home / "events.duckdb").unlink()
    ran = filled.run("backup")
    assert ran.status == 1 and "events.duckdb is missing" in ran.err
    assert not (filled.home / "events.duckdb").exists()
    assert not (filled.home / "backups").exists()


def test_loads_needs_no_right_to_write(filled: Store, make_store: Callable[[], Store]) -> None:
    """The loads are listed from files that were opened for reading only; asking for them makes nothing."""
    before = filled.must("loads").text
    opened: list[int] = []
    really = os.open

    def watched(path: object, flags: int, *more: object) -> int:
        opened.append(flags)
        return really(path, flags, *more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "open", watched)
        assert filled.must("loads").text == before and "log.parquet" in before
    (filled.home / "lock").unlink()
    assert filled.must("loads").text == before
    assert opened and not any(flags & (os.O_RDWR | os.O_WRONLY | os.O_CREAT) for flags in opened)
    empty = make_store()
    assert empty.must("loads").text.count("\n") == 1 and not empty.home.exists()


@pytest.mark.usefixtures("numbers_unread")
def test_files_that_everybody_can_read(filled: Store) -> None:
    """A store is made for its own user; one opened to all, and a secrets file that is, are told."""
    assert filled.home.stat().st_mode & 0o077 == 0
    assert "secrets" not in findings(filled)
    file = filled.folder / ".streamlit" / "secrets.toml"
    file.parent.mkdir()
    file.write_text('KPI_MIN_USERS = "10"\n')
    file.chmod(0o644)
    assert str(file) in findings(filled)["secrets"][0]["sentence"]
    file.chmod(0o600)
    assert "secrets" not in findings(filled)
    filled.home.chmod(0o755)
    (filled.home / "events.duckdb").chmod(0o644)
    open_to_all = [finding["sentence"] for finding in findings(filled)["secrets"]]
    assert len(open_to_all) == 2 and any("events.duckdb" in sentence for sentence in open_to_all)
    file.chmod(0o604)
    assert "is private now" in filled.run("doctor", "--repair").err
    assert "secrets" not in findings(filled)
    assert file.stat().st_mode & 0o077 == 0


def test_everything_made_is_private(filled: Store, tmp_path: Path) -> None:
    """Whatever the umask, each command makes files and folders for its own user alone, restored ones too."""
    before = os.umask(0)
    try:
        new = Store(tmp_path / "new")
        new.must("demo", "--users", "20", "--from", "2016-01-01", "--to", "2016-02-12")
        new.must("expire", "--keep-days", "41")
        new.must("backup", KPI_LOG_FILE=str(new.home / "log.jsonl"))
        new.must("export", "engagement", "-o", new.home / "numbers.csv")
    finally:
        os.umask(before)
    made = [new.home, *(path for path in new.home.rglob("*") if not path.is_symlink())]
    assert len(made) > 10
    assert [path for path in made if path.stat().st_mode & 0o077] == []
    (backup,) = (new.home / "backups").iterdir()
    restored = tmp_path / "restored"
    subprocess.run(["cp", "-a", backup, restored], check=True)
    assert restored.stat().st_mode & 0o077 == 0


def test_old_data_and_gaps(filled: Store) -> None:
    """Data of long ago are told, with status 1, so that an alert sees a pipeline that stalled."""
    days = findings(filled)["days"]
    assert any("days old" in finding["sentence"] for finding in days if not finding["good"])


def test_many_rejects(filled: Store) -> None:
    """A recent file of which many rows were rejected, though too few to refuse it, is told by name."""
    assert findings(filled)["rejects"][0]["good"]
    rows = [event(at(D[33]) + step, uid=user(step)) for step in range(60)]
    rows[7]["type"] = ""
    rows[9]["timestamp"] = 1
    filled.load(write(filled.files / "dirty.csv", rows))
    filled.summarise()
    finding = findings(filled)["rejects"][0]
    assert not finding["good"] and finding["sentence"].startswith("dirty.csv: 3.3%")


def test_without_a_store(store: Store, tmp_path: Path) -> None:
    """Before anything is loaded doctor says so, without a traceback, as text and as JSON."""
    ran = store.run("doctor")
    assert ran.status == 1 and "nothing has been loaded" in ran.text and ran.err == ""
    assert not findings(store)["events"][0]["good"]


ALERT = """[[alert]]
id = "ratio"
title = "Ratio"
rule = "swing"
measure = "engagement_ratio"
segment = "Mine"
"""
SEGMENT = """[[segment]]
name = "Mine"
filters = { os = ["Linux"] }
"""


def test_files_of_segments_and_alerts(
    filled: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken file is named with line and reason; so is an alert whose segment is renamed or empty."""
    of_alerts, of_segments = tmp_path / "alerts.toml", tmp_path / "segments.toml"
    monkeypatch.setattr("kpi.alerts.file.ALERTS_FILE", of_alerts)
    monkeypatch.setattr("kpi.numbers.segments.SEGMENTS_FILE", of_segments)

    def said(watched: str, named: str) -> list[str]:
        of_alerts.write_text(watched)
        of_segments.write_text(named)
        every = findings(filled)
        return [
            each["sentence"] for each in (*every["segments"], *every["alerts"]) if not each["good"]
        ]

    assert said(ALERT, SEGMENT) == []
    assert said(ALERT + "mail = 1\n", SEGMENT + "who = 1\n") == [
        f"{of_segments}: line 4: segment 1: who is no setting of a segment",
        f"{of_alerts}: line 7: alert 1: mail is no setting of an alert",
    ]
    (renamed,) = said(ALERT, SEGMENT.replace("Mine", "Mine too"))
    assert renamed.startswith(
        "the alert ratio: no segment is named 'Mine'; the nearest: 'Mine too'"
    )
    (emptied,) = said(ALERT, SEGMENT.replace("Linux", "Plan 9"))
    assert "the segment 'Mine' is empty: the data has no os 'Plan 9' (any more)" in emptied
    assert emptied.endswith("it watches nobody until that is mended")


@pytest.mark.usefixtures("numbers_unread")
def test_sign_outs_that_cannot_be_recorded(filled: Store) -> None:
    """Where readers sign in, doctor says whether sign-outs can be recorded, and creates nothing."""
    assert "sign-outs" not in findings(filled)
    file = filled.folder / ".streamlit" / "secrets.toml"
    file.parent.mkdir()
    file.write_text('[auth]\ncookie_secret = "not shown"\n')
    file.chmod(0o600)
    folder = filled.home / "sign-outs"
    assert findings(filled)["sign-outs"][0]["good"] and not folder.exists()
    folder.mkdir(mode=0o700)
    assert findings(filled)["sign-outs"][0]["good"]
    folder.rmdir()
    folder.write_text("")
    (finding,) = findings(filled)["sign-outs"]
    assert not finding["good"] and f"{folder} can't be written to" in finding["sentence"]
    folder.unlink()
    folder.symlink_to(folder)
    assert not findings(filled)["sign-outs"][0]["good"]
