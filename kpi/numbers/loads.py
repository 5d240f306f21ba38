"""The manifest of loads for readers: rows, rejects by reason, days and status."""

from __future__ import annotations

import json

import pandas as pd

LOADED = "loaded"
COUNTS = ("rows_with_uid", "rows_with_device", "rows_with_sequence", "lines_passed_over")
WORDS = ("columns_missing", "columns_ignored", "cells_changed")
"""Columns on the contents of a load's rows; absent for loads of earlier versions."""


def rows(manifest: pd.DataFrame) -> tuple[int, int]:
    """Rows read and rows rejected by the loads in force."""
    if manifest.empty:
        return 0, 0
    in_force = manifest[manifest["status"] == LOADED]
    return int(in_force["rows_read"].sum()), int(in_force["rows_rejected"].sum())


def reasons(manifest: pd.DataFrame) -> pd.DataFrame:
    """Reasons for rejected rows of the loads in force: reason, rows, files; the most frequent first."""
    rejected = manifest.loc[manifest["status"] == LOADED, "rejected_by_reason"]
    counts = [item for text in rejected for item in json.loads(text).items()]
    by_reason = pd.DataFrame(counts, columns=["reason", "rows"]).groupby("reason")["rows"]
    frame = by_reason.agg(rows="sum", files="count").reset_index()
    return frame.sort_values(["rows", "reason"], ascending=[False, True], ignore_index=True)


def listed(manifest: pd.DataFrame) -> pd.DataFrame:
    """Every load, the newest first, with its first and last moment and the reasons in words."""
    frame = manifest[
        ["source", "format", "status", "rows_read", "rows_kept", "rows_rejected"]
    ].copy()
    frame["rejected_because"] = [
        "; ".join(f"{reason} ({count})" for reason, count in json.loads(text).items())
        for text in manifest["rejected_by_reason"]
    ]
    for name in COUNTS:
        frame[name] = pd.to_numeric(manifest[name]).astype("Int64")
    for name in WORDS:
        frame[name] = manifest[name].map(_words)
    for name in ("first_timestamp", "last_timestamp"):
        moments = pd.to_datetime(pd.to_numeric(manifest[name]), unit="ms")
        frame[name.replace("timestamp", "event_at")] = moments.dt.strftime("%Y-%m-%d %H:%M:%S")
    frame["loaded_at"] = pd.to_datetime(manifest["loaded_at"]).dt.strftime("%Y-%m-%d %H:%M:%S")
    return frame.reset_index(drop=True)


def _words(text: str | None) -> str | None:
    """A list, or counts by name, as the loader wrote them in JSON; any other text as it is."""
    if not text or pd.isna(text):
        return None
    try:
        entries = json.loads(text)
    except ValueError:
        return text
    if isinstance(entries, dict):
        return "; ".join(f"{name} ({count})" for name, count in entries.items()) or None
    return ", ".join(map(str, entries)) or None if isinstance(entries, list) else str(entries)
