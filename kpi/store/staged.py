"""Staging for Redshift: hashed rows as Parquet files in S3, which the cluster reads by itself.

Only hashed ids leave this process. What was staged is deleted again, whether the COPY went well or not.
"""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from kpi.errors import Refused, WarehouseDown
from kpi.settings import Settings
from kpi.store import connections, queries

ROWS_PER_FILE = 1_000_000


def copy(
    settings: Settings, connection: Connection, batches: Iterable[pa.RecordBatch], schema: pa.Schema
) -> None:
    """Stage the rows, let the cluster copy them, within the caller's transaction, and clean up."""
    bucket, folder = _place(settings)
    if not settings.copy_role:
        raise Refused(
            "KPI_COPY_ROLE is not set: the IAM role (arn:aws:iam::…) the cluster reads S3 by"
        )
    boto3, errors = _boto3()
    prefix = f"{folder}{uuid.uuid4().hex}/"
    keys: list[str] = []
    try:
        client = boto3.client("s3")

        def put(name: str, content: bytes) -> None:
            client.put_object(Bucket=bucket, Key=prefix + name, Body=content)
            keys.append(prefix + name)

        try:
            entries = []
            for number, content in enumerate(_files(batches, schema)):
                name = f"events-{number:05d}.parquet"
                put(name, content)
                # Of Parquet the cluster wants to know the length.
                url, length = f"s3://{bucket}/{prefix}{name}", {"content_length": len(content)}
                entries.append({"url": url, "mandatory": True, "meta": length})
            if entries:
                put("manifest", json.dumps({"entries": entries}).encode())
                statement = queries.filled(
                    "fill/staged_events",
                    manifest=f"s3://{bucket}/{prefix}manifest",
                    role=settings.copy_role,
                )
                _run(connection, statement)
        finally:
            for key in keys:
                client.delete_object(Bucket=bucket, Key=key)
    except errors as error:
        raise WarehouseDown(
            "KPI_S3_STAGING can't be written to or cleaned up; check that the bucket is there and that "
            "this machine's AWS credentials may put and delete objects in it"
        ) from error


def _run(connection: Connection, statement: str) -> None:
    try:
        connection.exec_driver_sql(statement)
    except DBAPIError as error:
        raise connections.refusal(error) or Refused(
            "the cluster couldn't copy the staged files; nothing was loaded. Check that KPI_COPY_ROLE is "
            "attached to the cluster and may read KPI_S3_STAGING; SYS_LOAD_ERROR_DETAIL has the reason"
        ) from error


def _files(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[bytes]:
    """Parquet files of at most a million rows."""
    waiting: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        waiting.append(batch)
        rows += batch.num_rows
        if rows >= ROWS_PER_FILE:
            yield _parquet(waiting, schema)
            waiting, rows = [], 0
    if rows:
        yield _parquet(waiting, schema)


def _parquet(batches: list[pa.RecordBatch], schema: pa.Schema) -> bytes:
    packed = io.BytesIO()
    pyarrow.parquet.write_table(pa.Table.from_batches(batches, schema), packed)
    return packed.getvalue()


def _place(settings: Settings) -> tuple[str, str]:
    bucket, _, folder = (settings.s3_staging or "").removeprefix("s3://").partition("/")
    if not (settings.s3_staging or "").startswith("s3://") or not bucket:
        raise Refused("KPI_S3_STAGING must be like s3://BUCKET/FOLDER")
    return bucket, f"{folder.strip('/')}/" if folder.strip("/") else ""


def _boto3() -> tuple[Any, tuple[type[Exception], ...]]:
    try:
        import boto3
        import boto3.exceptions
        import botocore.exceptions
    except ImportError as error:
        raise Refused(
            "staging in S3 needs a package that isn't installed: pip install -r requirements-aws.txt"
        ) from error
    return boto3, (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError)
