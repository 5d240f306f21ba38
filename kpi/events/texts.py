"""The texts of an Arrow column by their bytes: characters that none of them holds need no work in SQL."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

_BLANK = ord(" ")
_PART_BYTES = 1 << 17
_BUCKET_BYTES = 8
"""The bytes of a text that its bucket is computed of."""


class Texts:
    """The cells of a column of texts.

    NumPy looks at the bytes: `pyarrow.compute` is no faster, and slower to import than a small file to
    check.
    """

    def __init__(self, column: pa.ChunkedArray) -> None:
        texts = [
            chunk.dictionary if pa.types.is_dictionary(chunk.type) else chunk
            for chunk in column.chunks
        ]
        self._chunks = [chunk for chunk in texts if len(chunk)]

    @property
    def longest(self) -> int:
        """The number of bytes of the longest text."""
        return max((int(np.diff(places).max()) for places, _ in self._bytes()), default=0)

    def are_padded(self) -> bool:
        """True where a text begins or ends with a space."""
        for places, codes in self._bytes():
            if not any((part == _BLANK).any() for part in _parts(codes)):
                continue
            filled = places[1:] > places[:-1]
            firsts, lasts = places[:-1][filled], places[1:][filled] - 1
            if (codes[firsts] == _BLANK).any() or (codes[lasts] == _BLANK).any():
                return True
        return False

    def have_capitals(self) -> bool:
        """True where a text has a capital letter of ASCII."""
        return any(
            (part - np.uint8(ord("A")) < 26).any()
            for _, codes in self._bytes()
            for part in _parts(codes)
        )

    def buckets(self) -> np.ndarray:
        """A number below 65,536 for each text, the same for equal texts; any number for a missing one."""
        return np.concatenate([_buckets(places, codes) for places, codes in self._bytes()])

    def _bytes(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """For each chunk, where its texts begin and end, and its bytes."""
        for chunk in self._chunks:
            _, offsets, content = chunk.buffers()
            places = np.frombuffer(offsets, np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]
            codes = np.frombuffer(content or b"", np.uint8)[places[0] : places[-1]]
            yield places - places[0], codes


def _buckets(places: np.ndarray, codes: np.ndarray) -> np.ndarray:
    starts, ends = places[:-1], places[1:]
    buckets = np.zeros(len(starts), np.uint16)
    for place in range(min(_BUCKET_BYTES, int((ends - starts).max()))):
        at = starts + place
        buckets = buckets * np.uint16(31) + np.where(at < ends, codes.take(at, mode="clip"), 0)
    return buckets


def _parts(codes: np.ndarray) -> Iterator[np.ndarray]:
    """The same bytes in parts that stay in the processor's caches, as does what is computed of them."""
    return (codes[start : start + _PART_BYTES] for start in range(0, len(codes), _PART_BYTES))
