"""An event file on disk: its name, hash, compression and bytes; read at most twice.

The first reading computes the hash, by which a file that was loaded before is recognised. The second
yields the unpacked content block by block. Compression is recognised by content, never by name.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import IO, NamedTuple, cast

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from kpi.errors import Refused, one_line

HARMLESS_BYTES = 64 << 20
PARQUET_ROW_BYTES = 100
"""The size a row of a Parquet file counts as, however well a million equal rows pack."""

EVENT_ENDINGS = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet")
_COMPRESSION_ENDINGS = (".gz", ".zst")
_READ_AT_ONCE = 1 << 20
_HEAD_BYTES = 512
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_PARQUET = b"PAR1"
_NOT_READ = {
    b"PK\x03\x04": (
        "a zip archive or a workbook",
        "unzip it and load the files in it, or save it as CSV",
    ),
    b"BZh": ("compressed with bzip2", "unpack it with bunzip2, or use gzip or zstd"),
    b"\xfd7zXZ\x00": ("compressed with xz", "unpack it with unxz, or use gzip or zstd"),
    b"7z\xbc\xaf\x27\x1c": ("a 7z archive", "unpack it and load the files in it"),
    b"Rar!": ("a rar archive", "unpack it and load the files in it"),
    b"\x04\x22\x4d\x18": ("compressed with lz4", "unpack it with unlz4, or use gzip or zstd"),
    b"\x1f\x9d": ("compressed with compress (.Z)", "unpack it with uncompress, or use gzip"),
    b"\x89LZO": ("compressed with lzop", "unpack it with lzop -d, or use gzip or zstd"),
    b"Obj\x01": ("an Avro file", "export the events as CSV, JSON lines or Parquet"),
    b"ORC": ("an ORC file", "export the events as CSV, JSON lines or Parquet"),
    b"\xff\xfe": ("UTF-16 text", "save it as UTF-8"),
    b"\xfe\xff": ("UTF-16 text", "save it as UTF-8"),
}


class ParquetContent(NamedTuple):
    """The columns of a Parquet file; the rows and the bytes of each of its row groups."""

    names: tuple[str, ...]
    is_nested: bool
    groups: tuple[tuple[int, int], ...]

    def parts(self, most_bytes: int) -> Iterator[tuple[int, int]]:
        """The first row and the number of rows of parts of the file, each of whole row groups.

        A row group of more than ``most_bytes`` is a part of its own.
        """
        first, rows, size = 0, 0, 0
        for group_rows, group_bytes in self.groups:
            if rows and size + group_bytes > most_bytes:
                yield first, rows
                first, rows, size = first + rows, 0, 0
            rows += group_rows
            size += group_bytes
        if rows:
            yield first, rows


class EventFile:
    """A file that may hold events: ``source`` is the name of its load, ``folder`` where it was met."""

    def __init__(self, path: Path, source: str, folder: Path | None = None) -> None:
        self.path = path
        self.source = source
        self._folder = folder
        self._state_hashed: tuple[int, int] | None = None

    @property
    def is_in_folder(self) -> bool:
        """True for a file of a folder that was given, false for a file that was named itself."""
        return self._folder is not None

    @property
    def is_named_like_events(self) -> bool:
        """True where the name ends as those of event files do."""
        return self.source.lower().endswith(EVENT_ENDINGS)

    @cached_property
    def sha256(self) -> str:
        """The hash of the bytes on disk, in hexadecimal digits: the first reading."""
        self._state_hashed = self._state()
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    @cached_property
    def head(self) -> bytes:
        """The first bytes on disk."""
        with self.path.open("rb") as file:
            return file.read(_HEAD_BYTES)

    @property
    def is_parquet(self) -> bool:
        """True for a Parquet file."""
        return self.head.startswith(_PARQUET)

    @property
    def compression(self) -> str | None:
        """'gzip', 'zstd' or None, by the first bytes."""
        if self.head.startswith(_GZIP):
            return "gzip"
        return "zstd" if self.head.startswith(_ZSTD) else None

    def refuse_unreadable_kinds(self) -> None:
        """Raise Refused for archives, compressions and encodings that aren't read, with what to do."""
        self._refuse_kind(self.head, "")

    def blocks(self, max_unpacked_ratio: float) -> Iterator[bytes]:
        """The unpacked content in blocks of about a megabyte: the second reading.

        Raises Refused where the content is damaged, unpacks to more than ``max_unpacked_ratio`` times
        its size, or changed since its hash was computed.
        """
        most = max(max_unpacked_ratio * self.path.stat().st_size, HARMLESS_BYTES)
        unpacked = 0
        with self._unpacked() as stream:
            while block := stream.read(_READ_AT_ONCE):
                if unpacked == 0 and self.compression:
                    self._refuse_kind(block[:_HEAD_BYTES], f"{self.compression} data that hold ")
                unpacked += len(block)
                self._refuse_bomb(unpacked > most, max_unpacked_ratio)
                yield block

    def parquet(self, max_unpacked_ratio: float) -> ParquetContent:
        """The schema and the row groups of a Parquet file: the second reading begins here.

        Raises Refused where it is damaged, or would unpack to too much.
        """
        most = max(max_unpacked_ratio * self.path.stat().st_size, HARMLESS_BYTES)
        with self.parquet_faults(), pq.ParquetFile(self.path) as file:
            groups = [file.metadata.row_group(number) for number in range(file.num_row_groups)]
            size = max(sum(g.total_byte_size for g in groups), _row_bytes(file.metadata.num_rows))
            self._refuse_bomb(size > most, max_unpacked_ratio)
            return ParquetContent(
                tuple(file.schema_arrow.names),
                any(pa.types.is_nested(column.type) for column in file.schema_arrow),
                tuple((g.num_rows, max(g.total_byte_size, _row_bytes(g.num_rows))) for g in groups),
            )

    @contextmanager
    def parquet_faults(self) -> Iterator[None]:
        """Refuse the file where reading it as Parquet fails."""
        try:
            yield
        except (PermissionError, FileNotFoundError, duckdb.OutOfMemoryException):
            raise
        except (pa.ArrowException, OSError, UnicodeDecodeError, duckdb.Error) as error:
            if not self.path.exists():
                raise unreadable(self.path, FileNotFoundError()) from error
            raise Refused(f"{self.path}: is no whole Parquet file; is it cut off?") from error

    @contextmanager
    def _unpacked(self) -> Iterator[IO[bytes]]:
        kind = self.compression
        try:
            with self.path.open("rb") as file, _decompressed(file, kind) as stream:
                yield stream
        except (PermissionError, FileNotFoundError):
            raise
        except (EOFError, OSError, ValueError, zlib.error) as error:
            raise Refused(
                f"{self.path}: its {kind or 'text'} data can't be read; is it cut off?"
            ) from error
        if self._state_hashed not in (None, self._state()):
            raise Refused(
                f"{self.path}: changed while it was read; nothing was loaded. Load it again once it "
                "is complete"
            )

    def _state(self) -> tuple[int, int]:
        """The file's size and the moment of its last change, to notice that it is written to."""
        status = self.path.stat()
        return status.st_size, status.st_mtime_ns

    def _refuse_kind(self, head: bytes, within: str) -> None:
        for magic, (kind, advice) in _NOT_READ.items():
            if head.startswith(magic):
                raise Refused(f"{self.path}: is {within}{kind}, which is not read; {advice}")
        if head[257:262] == b"ustar":
            raise Refused(
                f"{self.path}: is {within}a tar archive, which is not read; unpack it and load the "
                "files in it"
            )
        if within and head.startswith((_GZIP, _ZSTD, _PARQUET)):
            raise Refused(f"{self.path}: is compressed twice; unpack it first")

    def _refuse_bomb(self, too_large: bool, ratio: float) -> None:
        if too_large:
            raise Refused(
                f"{self.path}: unpacks to more than {ratio:g} times its size; if it is meant to, "
                "raise KPI_MAX_UNPACKED_RATIO"
            )


def _row_bytes(rows: int) -> int:
    return rows * PARQUET_ROW_BYTES


def _decompressed(file: IO[bytes], kind: str | None) -> IO[bytes]:
    if kind == "gzip":
        # Arrow reads it, too, but never gives back the memory of a damaged file.
        return cast(IO[bytes], gzip.open(file))
    if kind == "zstd":
        return io.BufferedReader(pa.CompressedInputStream(file, "zstd"), _READ_AT_ONCE)
    return file


def source_name(relative: Path) -> str:
    """The name of a file's load: its path below the folder given, without .gz or .zst.

    A corrected file has it in common with the first, however either is compressed.
    """
    name = relative.as_posix()
    for ending in _COMPRESSION_ENDINGS:
        name = name.removesuffix(ending)
    return one_line(name)


def unreadable(path: Path, error: OSError) -> Refused:
    """The refusal of a file or folder that the system doesn't let be read."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return Refused(f"{path}: no such file or folder")
    if isinstance(error, PermissionError):
        return Refused(f"{path}: no permission to read it")
    return Refused(f"{path}: can't be read ({error.strerror or 'the system gives no reason'})")


def has_utf8_name(path: Path) -> bool:
    """True where the path's name is UTF-8, as the store's texts are."""
    return os.fsencode(path).decode(errors="replace") == os.fspath(path)
