"""Adding hashed rows to a server's private tables: each server has its own way."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import redirect_stderr

import pyarrow as pa
import pyarrow.csv
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from kpi.errors import Refused
from kpi.settings import Settings
from kpi.store import connections, queries, staged
from kpi.store.raw_events import COLUMNS
from kpi.store.shared import driver

BATCH_ROWS = 50_000
MOST_INSERTED = 20_000
TYPES = {
    "timestamp": pa.int64(),
    "seq_time": pa.int64(),
    "new_user": pa.int16(),
    "load_id": pa.int32(),
}
SCHEMA = pa.schema([(name, TYPES.get(name, pa.string())) for name in (*COLUMNS, "load_id")])
"""The columns of `events.event` in their order; Redshift accepts Parquet of exactly these types."""


def add(settings: Settings, connection: Connection, batches: Iterable[pa.RecordBatch]) -> int:
    """Add rows, ids hashed, within the caller's transaction; how many."""
    counted = _Counted(batch.cast(SCHEMA) for batch in batches)
    if not connections.is_redshift(settings):
        _copy(connection, counted)
    elif settings.s3_staging:
        staged.copy(settings, connection, counted, SCHEMA)
    else:
        _insert(connection, counted)
    return counted.rows


class _Counted:
    """Batches that are counted as they pass."""

    def __init__(self, batches: Iterable[pa.RecordBatch]) -> None:
        self._batches = batches
        self.rows = 0

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for batch in self._batches:
            self.rows += batch.num_rows
            yield batch


def _copy(connection: Connection, batches: Iterable[pa.RecordBatch]) -> None:
    """Send rows over the connection by PostgreSQL's COPY."""
    (statement,) = queries.statements("fill/copied_events")
    rows = _Csv(batches)
    cursor = driver(connection).cursor()
    try:
        # Where the connection is lost, the driver itself prints the server's words, rows among them.
        with connections.driver_faults(connection, statement), redirect_stderr(io.StringIO()):
            cursor.copy_expert(statement, rows)
    except (DBAPIError, Refused):
        if rows.fault is not None:
            raise rows.fault from None  # the driver only repeats it
        raise
    finally:
        cursor.close()


class _Csv(io.RawIOBase):
    """Batches as CSV that is read piece by piece, so that a file of any size passes through."""

    def __init__(self, batches: Iterable[pa.RecordBatch]) -> None:
        self._batches = iter(batches)
        self._left = b""
        self.fault: BaseException | None = None

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        try:
            return self._read(size)
        except BaseException as error:
            self.fault = error
            raise

    def _read(self, size: int) -> bytes:
        while not self._left:
            batch = next(self._batches, None)
            if batch is None:
                return b""
            piece = io.BytesIO()
            options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed")
            pyarrow.csv.write_csv(batch, piece, options)
            self._left = piece.getvalue()
        end = size if size >= 0 else len(self._left)
        given, self._left = self._left[:end], self._left[end:]
        return given


def _insert(connection: Connection, batches: _Counted) -> None:
    """A few rows without staging; Redshift is slow at it, so many are refused."""
    for batch in batches:
        if batches.rows > MOST_INSERTED:
            raise Refused(
                f"more than {MOST_INSERTED} events go to Redshift by way of S3 only: set KPI_S3_STAGING "
                "(s3://BUCKET/FOLDER) and KPI_COPY_ROLE; see docs/redshift.md"
            )
        queries.insert_rows(connection, "events.event", batch.to_pylist())
