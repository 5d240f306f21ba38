"""Secrets are nowhere: all that a whole run prints, logs, writes and shows is searched for them."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from browser import serving
from conftest import Store
from event_files import write
from logs import RAW_DEVICE, RAW_USER, event, random_log, user
from sessions import Session

MARKED_KEY = "MARKED-hmac-key-0123456789abcdef"
MARKED_COOKIE = "MARKED-cookie-secret-0123456789abcdef"
MARKED_CLIENT = "MARKED-client-secret"
MARKED_ADDRESS = "marked-reader@mozilla.example"
SECRETS = ("MARKED", "marked-reader", RAW_USER, RAW_DEVICE)


def found_in(content: bytes) -> list[str]:
    """The secrets that stand in something."""
    return [secret for secret in SECRETS if secret.encode() in content]


def test_no_command_tells_a_secret(store: Store) -> None:
    """Every command, done and refused, prints and writes everything but secrets and ids."""
    log = random_log(97, days=50)
    bad = [event(7, uid=user("bad"))]
    journal = store.folder / "journal"
    told = {
        "KPI_HMAC_KEY": MARKED_KEY,
        "KPI_ALLOWED_ADDRESSES": MARKED_ADDRESS,
        "KPI_LOG_FILE": str(journal),
    }
    good = write(store.files / "log.csv", log)
    commands = (
        ("load", good),
        ("load", good),
        ("load", write(store.files / "bad.csv", bad)),
        ("load", store.files / "missing.csv"),
        ("loads",),
        ("summarise",),
        ("export", "engagement", "-o", store.folder / "out.csv"),
        ("export", "completion", "--by=os", "--format=parquet", "-o", store.folder / "out.parquet"),
        ("export", "goals", "--format=json"),
        ("export", "engagement", "--os=nosuch"),
        ("annotate", "2016-02-01", "x"),
        ("annotate", "--list"),
        ("doctor",),
        ("doctor", "--json"),
        ("expire", "--keep-days=41"),
        ("expire", "--keep-days=1"),
        ("backup",),
        ("unload", "log.csv"),
        ("nosuch",),
    )
    for command in commands:
        ran = store.run(*command, **told)
        assert not found_in(ran.out) and not found_in(ran.err.encode()), command
    other = store.run("load", good, **{**told, "KPI_HMAC_KEY": MARKED_KEY + "other"})
    assert not found_in(other.out + other.err.encode())
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    assert [line["command"] for line in lines[:3]] == ["load", "load", "load"]
    assert [line["ended"] for line in lines[:4]] == ["done", "done", "refused", "refused"]
    assert "nosuch" not in journal.read_text() and "log.csv" not in journal.read_text()
    seen = 0
    for path in store.folder.rglob("*"):
        if path.is_file() and store.files not in path.parents:
            seen += 1
            assert not found_in(path.read_bytes()), path
    assert seen > 6


def test_secrets_that_a_file_holds_wrongly(store: Store) -> None:
    """A secrets file that can't be understood is named, and not a word of it is told."""
    folder = store.folder / ".streamlit"
    folder.mkdir()
    for content in (
        f'KPI_HMAC_KEY = "{MARKED_KEY}',
        f'KPI_MIN_USERS = "{MARKED_KEY}"',
        f'KPI_DATABASE_URL = "postgresql://u:{MARKED_CLIENT}@127.0.0.1:1/x"',
        f'KPI_NO_LOGIN = "{MARKED_KEY}"',
    ):
        (folder / "secrets.toml").write_text(content)
        ran = store.run("export", "engagement")
        assert ran.status == 1 and len(ran.err.splitlines()) == 1
        assert not found_in(ran.out + ran.err.encode()), content
    for encoding in ("latin-1", "utf-16"):
        (folder / "secrets.toml").write_bytes(f'KPI_HMAC_KEY = "é{MARKED_KEY}"'.encode(encoding))
        for command in (("export", "engagement"), ("loads",), ("doctor",)):
            ran = store.run(*command)
            assert ran.status == 1 and len(ran.err.splitlines()) == 1
            assert "secrets.toml" in ran.err and "UTF-8" in ran.err
            assert not found_in(ran.out + ran.err.encode()), encoding


@pytest.mark.long
def test_no_server_tells_a_secret(demo_home: Path, tmp_path: Path) -> None:
    """What a server logs and sends to readers and strangers holds no secret, and no filter is logged."""
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(
        f'[auth]\nredirect_uri = "http://127.0.0.1/oauth2callback"\ncookie_secret = "{MARKED_COOKIE}"\n'
        f'client_id = "kpi"\nclient_secret = "{MARKED_CLIENT}"\n'
        'server_metadata_url = "http://127.0.0.1:9/.well-known/openid-configuration"\n'
    )
    told = {
        "KPI_HOME": str(demo_home),
        "KPI_HMAC_KEY": MARKED_KEY,
        "KPI_ALLOWED_ADDRESSES": MARKED_ADDRESS,
    }

    async def visit(address: str) -> str:
        said = ""
        for page in ("", "data"):
            async with Session(address) as session:
                said += (await session.run("os=Android&period=all", page, patience=120)).text
        return said

    for options in ((), (f"--secrets.files={secrets}",)):
        folder = tmp_path / f"with{len(options)}"
        folder.mkdir()
        with serving(folder, *options, **told) as address:
            with ThreadPoolExecutor(1) as other:
                said = other.submit(asyncio.run, visit(address)).result()
        assert said and not found_in(said.encode())
        log = (folder / "server.log").read_bytes()
        assert not found_in(log)
        assert b"Android" not in log and b"os=" not in log
