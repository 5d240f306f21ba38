"""The texts of an Arrow column by their bytes: characters that none of them holds need no work in SQL."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from kpi.events.lines import BLANKS

_BLANK = ord(" ")
_LONGEST_BLANK = max(map(len, BLANKS))


class Texts:
    """The cells of a column of texts; where they are coded, the texts of its dictionaries.

    A column of another type is no text. NumPy looks at the bytes: `pyarrow.compute` is no faster, and
    slower to import than a small file to check.
    """

    def __init__(self, column: pa.ChunkedArray) -> None:
        chunks = column.chunks
        kind = column.type
        if pa.types.is_dictionary(kind):
            chunks, kind = [chunk.dictionary for chunk in chunks], kind.value_type
        self.are_texts = pa.types.is_string(kind) or pa.types.is_large_string(kind)
        self.are_null = pa.types.is_null(kind)
        self._chunks = [chunk for chunk in chunks if len(chunk)] if self.are_texts else []

    @property
    def longest(self) -> int:
        """The number of bytes of the longest text."""
        return max((int(np.diff(places).max()) for places, _ in self._bytes()), default=0)

    def hold(self, *marks: str) -> bool:
        """True where a text holds any of some characters of ASCII."""
        return any((codes == ord(mark)).any() for _, codes in self._bytes() for mark in marks)

    def are_padded(self) -> bool:
        """True where a text begins or ends with a space."""
        for places, codes in self._bytes():
            if not (codes == _BLANK).any():
                continue
            filled = places[1:] > places[:-1]
            firsts, lasts = places[:-1][filled], places[1:][filled] - 1
            if (codes[firsts] == _BLANK).any() or (codes[lasts] == _BLANK).any():
                return True
        return False

    def have_capitals(self) -> bool:
        """True where a text has a capital letter of ASCII."""
        return any((codes - np.uint8(ord("A")) < 26).any() for _, codes in self._bytes())

    def may_be_blank(self) -> bool:
        """False where every text is longer than any that is read as blank."""
        for chunk, (places, _) in zip(self._chunks, self._bytes(), strict=True):
            lengths = np.diff(places)
            if np.count_nonzero(lengths <= _LONGEST_BLANK) > chunk.null_count:
                return True
        return False

    def _bytes(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """For each chunk, where its texts begin and end, and its bytes."""
        for chunk in self._chunks:
            _, offsets, content = chunk.buffers()
            kind = np.int64 if pa.types.is_large_string(chunk.type) else np.int32
            places = np.frombuffer(offsets, kind)[chunk.offset : chunk.offset + len(chunk) + 1]
            codes = np.frombuffer(content or b"", np.uint8)[places[0] : places[-1]]
            yield places - places[0], codes
