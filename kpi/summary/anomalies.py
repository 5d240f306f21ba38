"""Days whose volume of events departs from their recent weekday pattern.

A pipeline once stalled for three weeks, and code changes halved the volume unseen. So every day's
events of each type are compared with those of the same weekday in the 8 weeks before. The median of
these is the usual volume, whatever a few bad days among them say; how far a day may stray follows
from their median absolute deviation, and at least from chance and from slow trends.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from kpi.rows import each_row
from kpi.text import day_text, plural

EVERY_TYPE = "(all)"
MOST_TYPES = 60
"""The number of types watched, those with most events; a log of junk types can't drown the rest."""


@dataclass(frozen=True)
class Rule:
    """The rule for an unusual day; with fewer than ``least_weeks`` comparable days there is no verdict.

    A day is unusual when it is ``spreads`` standard deviations or more from the usual, by each of
    three measures: the median absolute deviation of the weeks before (scaled), ``trend`` of the usual
    volume (growth and seasons within two months), and chance alone, by which the square root of a
    count varies by a half. Fewer than ``least_events``, that day and usually, are never unusual.
    """

    weeks: int = 8
    least_weeks: int = 4
    spreads: float = 4.5
    trend: float = 0.04
    least_events: int = 10


RULE = Rule()


@dataclass(frozen=True)
class SlowRule:
    """The rule for a slow change: a fall or a rise over eight weeks, too small a day to be unusual.

    The sums of ``days`` days and of the same days ``apart`` days before differ by more than the share
    ``change``, and by ``spreads`` standard deviations of chance. ``least_pairs`` days must count in both.
    """

    days: int = 14
    apart: int = 56
    change: float = 0.15
    spreads: float = 4.5
    least_pairs: int = 10


SLOW_RULE = SlowRule()


def volumes(rows: Iterable[Mapping[Any, Any]]) -> pd.DataFrame:
    """The rows of `queries/read/day_volumes.sql` as typed columns; the same columns without rows."""
    columns = ["day", "type", "events", "loaded", "complete"]
    frame = pd.DataFrame([{name: row[name] for name in columns} for row in rows], columns=columns)
    frame["day"] = pd.to_datetime(frame["day"]).astype("datetime64[s]")
    return frame


def judged(volumes: pd.DataFrame) -> pd.DataFrame:
    """Every type's volume on every day that counts, beside what was usual for its weekday.

    ``volumes`` has day, type, events, loaded and complete, with a row of type '(all)' for each day.
    The result has one row per type and day, in order: type, day, events (0 where there were none),
    usual, low, high (absent without enough weeks), and unusual: 'low', 'high' or ''. Days that aren't
    complete are left out. A type is judged from its first day with events.
    """
    columns = ["type", "day", "events", "usual", "low", "high", "unusual"]
    table = _by_type(volumes)
    calendar = table.index
    if table.empty:
        return pd.DataFrame({name: [] for name in columns})
    before = np.stack([table.shift(7 * week).to_numpy() for week in range(1, RULE.weeks + 1)])
    usual, deviation = usual_and_deviation(before)
    spread = RULE.spreads * np.maximum(deviation, RULE.trend * usual)
    root, chance = np.sqrt(usual), RULE.spreads / 2
    low = np.maximum(np.minimum(usual - spread, np.maximum(root - chance, 0) ** 2), 0)
    high = np.maximum(usual + spread, (root + chance) ** 2)
    events = table.to_numpy()
    enough = np.fmax(events, usual) >= RULE.least_events
    verdict = np.where(enough & (events < low), "low", "")
    verdict = np.where(enough & (events > high), "high", verdict)
    # A row per type and day: the columns of each table of days and types, one below the other.
    numbers = {"events": events, "usual": usual, "low": low, "high": high}
    result = pd.DataFrame({name: pd.array(v.T.ravel(), "Float64") for name, v in numbers.items()})
    result = result.assign(
        type=np.repeat(table.columns, len(calendar)),
        day=np.tile(calendar, len(table.columns)),
        unusual=verdict.T.ravel(),
    )
    return result.loc[~np.isnan(events.T.ravel()), columns].reset_index(drop=True)


def _by_type(volumes: pd.DataFrame) -> pd.DataFrame:
    """Events by UTC day and type: 0 where a type had none; absent before its first, and on days not counted.

    Empty where no day counts.
    """
    whole = volumes[volumes["type"] == EVERY_TYPE]
    counts = whole.loc[(whole["loaded"] == 1) & (whole["complete"] == 1), "day"]
    if counts.empty:
        return pd.DataFrame()
    calendar = pd.date_range(whole["day"].min(), whole["day"].max(), name="day", unit="s")
    table = volumes.pivot(index="day", columns="type", values="events").astype(float)
    table = table.reindex(calendar)
    observed = table.notna().cummax()
    table = table.fillna(0).where(observed)
    table[~calendar.isin(pd.DatetimeIndex(counts))] = np.nan
    return table


def slow(volumes: pd.DataFrame) -> pd.DataFrame:
    """The days up to which 14 complete days departed from the 14 days eight weeks before, by type.

    ``volumes`` is that of `judged`. One row per type and such day, in order: type, day (the last of the 14),
    events and before (each the mean of a day), change (the share by which it changed). Days are compared in
    pairs of which both count; fewer than `SLOW_RULE.least_pairs` of them give no verdict.
    """
    table = _by_type(volumes)
    before = table.shift(SLOW_RULE.apart)
    table, before = table.where(before.notna()), before.where(table.notna())
    days, least = SLOW_RULE.days, SLOW_RULE.least_pairs
    sums, sums_before = (each.rolling(days, min_periods=least).sum() for each in (table, before))
    pairs = table.notna().rolling(days).sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        change = sums / sums_before - 1
    chance = (sums**0.5 - sums_before**0.5).abs() > SLOW_RULE.spreads * np.sqrt(0.5)
    out = (change.abs() > SLOW_RULE.change) & chance
    parts = {"events": sums / pairs, "before": sums_before / pairs, "change": change}
    rows = pd.DataFrame({name: part.where(out).T.stack() for name, part in parts.items()})
    rows = rows.dropna().rename_axis(["type", "day"]).reset_index()
    return rows[["type", "day", *parts]]


def slow_sentence(kind: str, events: float, before: float, change: float) -> str:
    """A row of `slow` in a sentence without a full stop; few events a day are not named."""
    name = "Events" if kind == EVERY_TYPE else f"Events {kind}"
    way = "more" if change > 0 else "fewer"
    return (
        f"{name}: over the newest {SLOW_RULE.days} days {abs(change):.0%} {way} than {SLOW_RULE.apart // 7} "
        f"weeks before: {_count_text(events)} a day, before {_count_text(before)}"
    )


def usual_and_deviation(before: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The median of the comparable days before, along the first axis, and their scaled median deviation.

    Both are NaN where under `Rule.least_weeks` of these days are known.
    """
    with warnings.catch_warnings():  # where no week counts, there is no median
        warnings.simplefilter("ignore", RuntimeWarning)
        usual = np.nanmedian(before, axis=0)
        deviation = 1.4826 * np.nanmedian(np.abs(before - usual), axis=0)
    few = (~np.isnan(before)).sum(axis=0) < RULE.least_weeks
    return np.where(few, np.nan, usual), np.where(few, np.nan, deviation)


def hidden_below(judged: pd.DataFrame, least: int) -> pd.DataFrame:
    """The same without numbers of events from 1 to less than ``least``, which could reveal a person."""
    shown = judged.copy()
    for name in ("events", "usual", "low", "high"):
        few = (shown[name] > 0) & (shown[name] < least)
        shown[name] = shown[name].mask(few.fillna(False).astype(bool))
    return shown


def marks(volumes: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """The warning beside each unusual day (a date) and type."""
    result = judged(volumes)
    for row in each_row(result[result["unusual"] != ""]):
        yield {
            "day": row.day.date(),
            "type": row.type,
            "warning": f"{row.unusual}: {_count_text(row.events)} events, usually "
            f"{row.usual:,.0f} ({row.low:,.0f} to {row.high:,.0f})",
        }


def sentences(marked: pd.DataFrame) -> Iterator[str]:
    """One sentence per unusual day, the latest first: the whole day's volume, or its types'.

    ``marked`` has day, type and warnings, as `queries/read/unusual_days.sql` gives them.
    """
    for day, rows in marked.groupby("day", sort=False):
        by_type = dict(zip(rows["type"], rows["warnings"], strict=True))
        whole = by_type.pop(EVERY_TYPE, None)
        name = day_text(pd.Timestamp(str(day)).date())
        if whole:
            yield f"{name}: volume {whole}"
        else:
            types = "; ".join(f"{kind} {warning}" for kind, warning in sorted(by_type.items())[:3])
            more = len(by_type) - 3
            rest = f"; and {more} more {plural(more, 'type')}" if more > 0 else ""
            yield f"{name}: {types}{rest}"


def _count_text(events: float) -> str:
    """A number of events; less than a few could reveal a person."""
    return f"under {RULE.least_events}" if 0 < events < RULE.least_events else f"{events:,.0f}"
