"""Writing a measure's table: CSV, JSON, Parquet or Arrow, to the standard output or a file."""

from __future__ import annotations

import codecs
import csv
import io
import os
import sys
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from kpi.errors import Refused
from kpi.meaning.measures import COLUMNS, COUNTED
from kpi.text import Unit

FORMATS = ("csv", "json", "parquet", "arrow")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""The beginnings of formulas in spreadsheets."""


def written(frame: pd.DataFrame, form: str) -> bytes:
    """The table in a format; days as YYYY-MM-DD, absent values as an empty field or null."""
    if form in ("parquet", "arrow"):
        buffer = io.BytesIO()
        days = frame.assign(day=frame["day"].dt.date) if "day" in frame else frame
        if form == "parquet":
            days.to_parquet(buffer, index=False)
        else:
            days.reset_index(drop=True).to_feather(buffer, compression="uncompressed")
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


def for_reading(
    frame: pd.DataFrame, lines: Iterable[str], compared: tuple[str, pd.DataFrame] | None = None
) -> bytes:
    """The table as CSV for people: lines of context, heads with units, rounded numbers, compared columns.

    ``compared`` is the name of a comparison and its rows, each under its day of the table.
    """
    rows = _readable(frame)
    if compared is not None:
        name, other = compared
        keys = [_head(str(column)) for column in frame if _unit(str(column)) in ("day", "text")]
        beside = {head: f"{head}, {name}" for head in rows if head not in keys}
        rows = rows.merge(_readable(other).rename(columns=beside), how="left", on=keys)
    context = io.StringIO()
    csv.writer(context, lineterminator="\n").writerows([_no_formula(line)] for line in lines)
    table = for_spreadsheets(rows).removeprefix(codecs.BOM_UTF8)
    return codecs.BOM_UTF8 + context.getvalue().encode("utf-8", "replace") + b"\n" + table


def _readable(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({_head(str(name)): _rounded(frame[name]) for name in frame})


def _rounded(column: pd.Series) -> pd.Series:
    unit = _unit(str(column.name))
    if unit == "day":
        return column.dt.strftime("%Y-%m-%d")
    if unit in ("percent", "seconds"):
        return column.round(1 if unit == "percent" else 2)
    return column.round().astype("Int64") if unit in COUNTED else column


def _head(column: str) -> str:
    title = COLUMNS.get(column, (column, ""))[0]
    return title + {"percent": ", %", "seconds": ", seconds"}.get(_unit(column), "")


def _unit(column: str) -> Unit:
    return COLUMNS.get(column, (column, "text"))[1]


def _no_formula(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text


def write(frame: pd.DataFrame, form: str, path: Path | None) -> None:
    """Write the table to a file, whole or not at all, or to the standard output."""
    write_bytes(written(frame, form), path)


def write_bytes(content: bytes, path: Path | None) -> None:
    """Write bytes to a file, whole or not at all, or to the standard output."""
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
