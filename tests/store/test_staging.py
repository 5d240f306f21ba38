"""Staging for Redshift: hashed Parquet in S3, a manifest, and the COPY statement by its text."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow.parquet
import pytest
from aws import BUCKET
from conftest import Store
from event_files import write
from logs import RAW_DEVICE, RAW_USER, random_log
from sqlalchemy import Connection

from kpi.store import adding, staged

STAGING = {
    "KPI_S3_STAGING": f"s3://{BUCKET}/kpi/staged",
    "KPI_COPY_ROLE": "arn:aws:iam::123456789012:role/kpi-copy",
}
COPY = re.compile(
    r"COPY events\.event \((?P<columns>[^)]*)\)\s+FROM '(?P<manifest>s3://[^']+)'\s+"
    r"IAM_ROLE '(?P<role>[^']+)'\s+MANIFEST\s+FORMAT AS PARQUET;?\s*$"
)


class Cluster:
    """Takes a COPY as Redshift does: reads the manifest and its files, and puts the rows in."""

    def __init__(self, s3: Any) -> None:
        self.s3 = s3
        self.copied: list[re.Match[str]] = []
        self.objects: dict[str, bytes] = {}
        self.manifests: list[dict[str, Any]] = []

    def run(self, connection: Connection, statement: str) -> None:
        told = COPY.search(statement)
        assert told, statement
        self.copied.append(told)
        manifest = json.loads(self._get(told["manifest"]))
        self.manifests.append(manifest)
        for entry in manifest["entries"]:
            content = self._get(entry["url"])
            assert entry["mandatory"] is True
            assert entry["meta"] == {"content_length": len(content)}
            table = pyarrow.parquet.read_table(io.BytesIO(content))
            assert table.schema.equals(adding.SCHEMA)
            adding._insert(connection, adding._Counted(table.to_batches()))

    def _get(self, url: str) -> bytes:
        bucket, _, key = url.removeprefix("s3://").partition("/")
        self.objects[url] = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return self.objects[url]


@pytest.fixture
def cluster(aws: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A stand-in for what happens within Redshift when it is sent the COPY."""
    cluster = Cluster(aws)
    monkeypatch.setattr(staged, "_run", cluster.run)
    yield cluster
    assert "Contents" not in aws.list_objects_v2(Bucket=BUCKET)


def test_staged_rows_are_the_rows(
    cluster: Cluster, make_server_store: Callable[[str], Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes by way of S3 gives the same exports as what goes over the connection."""
    monkeypatch.setattr(staged, "ROWS_PER_FILE", 1000)
    monkeypatch.setattr(adding, "BATCH_ROWS", 1000)
    log = random_log(4, days=40, users=150)
    assert len(log) > 3000
    by_s3, direct = make_server_store("redshift"), make_server_store("postgresql")
    for store, told in ((by_s3, STAGING), (direct, {})):
        store.load(write(store.files / "log.parquet", log), **told)
        store.summarise()
    which = (("engagement", "--min-users=0"), ("steps", "--min-users=0"))
    assert by_s3.exports(which) == direct.exports(which)
    copied = cluster.copied[0]
    assert {each["role"] for each in cluster.copied} == {STAGING["KPI_COPY_ROLE"]}
    assert all(each["manifest"].startswith(STAGING["KPI_S3_STAGING"]) for each in cluster.copied)
    columns = [name.strip().strip('"') for name in copied["columns"].split(",")]
    assert columns == adding.SCHEMA.names
    assert max(len(manifest["entries"]) for manifest in cluster.manifests) > 1


def test_no_raw_id_leaves_for_s3(
    cluster: Cluster, make_server_store: Callable[[str], Store]
) -> None:
    """What is staged holds hashed ids only, in its bytes and in its cells."""
    store = make_server_store("redshift")
    store.load(write(store.files / "log.parquet", random_log(4, days=40)), **STAGING)
    assert cluster.objects
    for url, content in cluster.objects.items():
        assert RAW_USER.encode() not in content and RAW_DEVICE.encode() not in content
        if url.endswith(".parquet"):
            table = pyarrow.parquet.read_table(io.BytesIO(content))
            uids = {uid for uid in table["uid"].to_pylist() if uid}
            assert uids and all(re.fullmatch(r"[0-9a-f]{64}", uid) for uid in uids)


def test_a_failed_copy_leaves_nothing(aws: Any, make_server_store: Callable[[str], Store]) -> None:
    """When the cluster refuses, nothing is loaded, what was staged is gone, and one line says why."""
    store = make_server_store("redshift")
    ran = store.run("load", write(store.files / "log.parquet", random_log(4, days=40)), **STAGING)
    assert ran.status == 1 and "couldn't copy the staged files" in ran.err
    assert len(ran.err.splitlines()) == 1
    assert store.execute("SELECT COUNT(*) FROM events.event") == [(0,)]
    assert "Contents" not in aws.list_objects_v2(Bucket=BUCKET)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"KPI_S3_STAGING": "bucket/folder"}, "must be like s3://BUCKET/FOLDER"),
        ({"KPI_COPY_ROLE": ""}, "KPI_COPY_ROLE is not set"),
        ({"KPI_S3_STAGING": "s3://no-such-bucket/x"}, "can't be written to"),
    ],
)
def test_bad_settings(
    told: dict[str, str], said: str, aws: Any, make_server_store: Callable[[str], Store]
) -> None:
    """A staging place or role that can't work is refused in a line that says which setting it is."""
    store = make_server_store("redshift")
    file = write(store.files / "log.parquet", random_log(4, days=30))
    ran = store.run("load", file, **{**STAGING, **told})
    assert ran.status == 1 and said in ran.err and len(ran.err.splitlines()) == 1


def test_many_rows_need_staging(
    make_server_store: Callable[[str], Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without staging, more rows than Redshift takes by INSERT in good time are refused whole."""
    monkeypatch.setattr(adding, "MOST_INSERTED", 100)
    store = make_server_store("redshift")
    ran = store.run("load", write(store.files / "log.parquet", random_log(4, days=40)))
    assert ran.status == 1 and "KPI_S3_STAGING" in ran.err
    assert store.execute("SELECT COUNT(*) FROM events.event") == [(0,)]
