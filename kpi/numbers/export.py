"""Writing a measure's table: CSV, JSON or Parquet, to the standard output or a file."""

from __future__ import annotations

import codecs
import io
import os
import sys
from pathlib import Path

import pandas as pd

from kpi.errors import Refused

FORMATS = ("csv", "json", "parquet")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""The beginnings of formulas in spreadsheets."""


def written(frame: pd.DataFrame, form: str) -> bytes:
    """The table in a format; days as YYYY-MM-DD, absent values as an empty field or null."""
    if form == "parquet":
        buffer = io.BytesIO()
        days = frame.assign(day=frame["day"].dt.date) if "day" in frame else frame
        days.to_parquet(buffer, index=False)
        return buffer.getvalue()
    if "day" in frame and len(frame):
        frame = frame.assign(day=frame["day"].dt.strftime("%Y-%m-%d"))
    if form == "json":
        text = frame.to_json(orient="records", double_precision=15, force_ascii=False) + "\n"
        return text.encode()
    return frame.to_csv(index=False, lineterminator="\n").encode("utf-8", "replace")


def for_spreadsheets(frame: pd.DataFrame) -> bytes:
    """The table as CSV for people: text that a spreadsheet would run begins with an apostrophe.

    Otherwise the bytes of `written`, after the byte order mark by which spreadsheets know UTF-8.
    """
    texts = [str(name) for name in frame if pd.api.types.is_string_dtype(frame[name])]
    safe = {name: frame[name].map(_no_formula, na_action="ignore") for name in texts}
    return codecs.BOM_UTF8 + written(frame.assign(**safe), "csv")


def _no_formula(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text


def write(frame: pd.DataFrame, form: str, path: Path | None) -> None:
    """Write the table to a file, whole or not at all, or to the standard output."""
    content = written(frame, form)
    if path is None:
        stream = getattr(sys.stdout, "buffer", None)
        if stream is None:
            sys.stdout.write(content.decode())
        else:
            sys.stdout.flush()
            stream.write(content)
        sys.stdout.flush()
        return
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(content)  # a pipe or a device can't be replaced
            return
        path = path.resolve()  # the target of a link is replaced, not the link
        part = path.with_name(path.name + ".part")
        try:
            part.write_bytes(content)
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise Refused(f"{path}: can't be written ({error.strerror})") from error
