"""The days on which a KPI departs from the usual, by the rules `swing` and `step`, and stretches of these."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from kpi.alerts.file import STEP, SWING
from kpi.meaning.definitions import WEEK
from kpi.meaning.measures import Measure
from kpi.numbers.uncertainty import usual_swings
from kpi.rows import each_row
from kpi.summary.anomalies import RULE, usual_and_deviation

NEEDED = {SWING: (3, WEEK), STEP: (1, 1)}
"""So many days out of the usual, on the same side, of so many complete days begin a stretch."""

QUIET_DAYS = WEEK
"""So many complete days in a row within the usual end a stretch."""

BEYOND = 1.1
"""A day is outside where its change exceeds the usual swing by a tenth, since the past is short."""

TOUCHED_DAYS = 2 * WEEK
"""So many days from an incident or a holiday on, changes say nothing of the usual swing."""


@dataclass(frozen=True)
class Stretch:
    """Days out of the usual: the first and the last, and the day on which that was known.

    ``ended`` is the complete day on which it was over, None while it goes on. ``peak`` is the day that is
    farthest out on the side on which it began, with its value, the usual and the half width of what is usual.
    """

    first: date
    known: date
    last: date
    ended: date | None
    peak: date
    value: float
    usual: float
    half: float


def swings(days: pd.Series, measure: Measure, touched: Iterable[date] = ()) -> pd.DataFrame:
    """Each known day of a KPI beside the same weekday a week before, and the usual swing of such changes.

    ``days`` has every UTC day in order, absent values as NaN; ``touched`` are days of incidents and holidays.
    Columns: value, usual, half (the width to either side that is usual), side (−1 below, 0, 1 above). Days
    whose value, comparison or swing is unknown have no row.
    """
    days = _every_day(days)
    before = days.shift(WEEK)
    changes = days - before
    instructive = changes.copy()
    for day in touched:
        first = pd.Timestamp(day)
        instructive[first : first + pd.Timedelta(days=TOUCHED_DAYS - 1)] = np.nan
    return _sided(days, before, BEYOND * usual_swings(instructive, WEEK), measure)


def steps(days: pd.Series, n: pd.Series, measure: Measure) -> pd.DataFrame:
    """Each known day of a KPI beside the median of its weekday in the 8 weeks before, as volumes are judged.

    ``n`` are the users or attempts behind each value. The columns are those of `swings`.
    """
    days = _every_day(days)
    before = np.stack([days.shift(WEEK * week).to_numpy() for week in range(1, RULE.weeks + 1)])
    usual, deviation = usual_and_deviation(before)
    chance = _chance(usual, n.reindex(days.index).to_numpy(), measure)
    half = RULE.spreads * np.fmax(np.maximum(deviation, RULE.trend * np.abs(usual)), chance)
    return _sided(days, pd.Series(usual, days.index), pd.Series(half, days.index), measure)


def stretches(departures: pd.DataFrame, rule: str) -> list[Stretch]:
    """The stretches of days out of the usual, oldest first; only the last may go on."""
    needed, of = NEEDED[rule]
    rows = list(each_row(departures.reset_index()))
    made: list[Stretch] = []
    start = 0
    while (begun := _begun(rows, start, needed, of)) is not None:
        first, known = begun
        end = _quiet_from(rows, known)
        inside = rows[first : len(rows) if end is None else end + 1]
        out = [row for row in inside if row.side]
        peak = max(out, key=lambda row: row.side * out[0].side * abs(row.value - row.usual))
        made.append(
            Stretch(
                out[0].day.date(),
                rows[known].day.date(),
                out[-1].day.date(),
                None if end is None else rows[end].day.date(),
                peak.day.date(),
                peak.value,
                peak.usual,
                peak.half,
            )
        )
        if end is None:
            break
        start = end + 1
    return made


def _begun(rows: list[Any], start: int, needed: int, of: int) -> tuple[int, int] | None:
    """The places of the first day out of the usual, and of the day with which there are enough."""
    for known in range(start, len(rows)):
        side = rows[known].side
        recent = range(max(known - of + 1, start), known + 1)
        alike = [place for place in recent if side and rows[place].side == side]
        if len(alike) >= needed:
            return alike[0], known
    return None


def _quiet_from(rows: list[Any], known: int) -> int | None:
    """The place of the day with which enough days in a row were within the usual."""
    quiet = 0
    for place in range(known + 1, len(rows)):
        quiet = 0 if rows[place].side else quiet + 1
        if quiet == QUIET_DAYS:
            return place
    return None


def _every_day(days: pd.Series) -> pd.Series:
    return days if days.empty else days.asfreq("D")


def _chance(usual: np.ndarray, n: np.ndarray, measure: Measure) -> np.ndarray:
    """The standard error of a value by chance alone; 0 for times, whose chance is in their deviation."""
    if measure.unit == "percent":
        share = np.clip(usual / 100, 0, 1)
        return 100 * np.sqrt(share * (1 - share) / np.where(n > 0, n, np.nan))
    if measure.unit == "seconds":
        return np.zeros(len(usual))
    return np.sqrt(np.maximum(usual, 0))


def _sided(days: pd.Series, usual: pd.Series, half: pd.Series, measure: Measure) -> pd.DataFrame:
    table = pd.DataFrame({"value": days, "usual": usual, "half": half}).dropna()
    away: pd.Series = table["value"] - table["usual"]
    out = (away.abs() > table["half"]) & ~away.map(measure.flat).astype(bool)
    side = (away > 0).astype(int) - (away < 0).astype(int)
    return table.assign(side=side.where(out, 0)).rename_axis("day")
