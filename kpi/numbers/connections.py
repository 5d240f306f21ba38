"""Tables of connection attempts by the UTC day they began, or became ready."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from kpi.meaning.definitions import ATTEMPT_WINDOW, WEEK
from kpi.meaning.question import Question
from kpi.meaning.tables import ACCOUNTS, STEPS
from kpi.numbers import weeks
from kpi.numbers.bands import QUARTILES, with_shares_of, with_times
from kpi.numbers.cells import percent
from kpi.numbers.days import finished, judged
from kpi.numbers.grid import NO_LEVEL, Cells, Grid, days_of, without
from kpi.numbers.narrowed import Points, hidden_counts, reaching
from kpi.numbers.published import Published

WITHIN_SECONDS = (5, 10, 30, 60)
"""The limits of the shares that are ready in time; a time of exactly the limit is within it."""

LIMITS = [f"within_{seconds}_seconds" for seconds in WITHIN_SECONDS]
SHARES = {"completed": "completion_percent", **{name: f"{name}_percent" for name in LIMITS}}
"""The percents of the attempts begun, by the count of which each is."""


def connection_time(warehouse: Published, question: Question) -> pd.DataFrame:
    """Quartiles of the seconds from the first request to a device ready to sync, by day ready.

    One row per day and account ('new', 'existing'), also where there were no connections.
    Source: specification, "Time taken to connect a device".
    """
    table, hidden, shown = _TIME.judged(warehouse, question)
    gone, cells = hidden["connections"], table.cells
    seconds = {f"{name}_seconds": without(cells[f"{name}_ms"] / 1000, gone) for name in QUARTILES}
    table = replace(table, cells={"connections": without(cells["connections"], gone), **seconds})
    rows = finished(table, shown, warehouse, question, ["connections"], "account")
    if not question.options.bands:
        return rows
    return with_times(rows, warehouse, question, question.options.point_days)


def completion(warehouse: Published, question: Question) -> pd.DataFrame:
    """The attempts begun on a day, and those of them that became ready, ever and within 5 and 10 seconds.

    One row per day: begun, completed (attempts), and percents of those begun. Recent days may still
    complete. Source: specification, "Time taken to connect a device".
    """
    frame = ready_shares(warehouse, question)
    table = frame.drop(columns=["within_30_seconds_percent", "within_60_seconds_percent"])
    return with_shares_of(table, "begun") if question.options.bands else table


def ready_shares(warehouse: Published, question: Question) -> pd.DataFrame:
    """`completion`, with the percents ready within 30 and 60 seconds after those within 5 and 10."""
    table, hidden, shown = _COMPLETION.judged(warehouse, question)
    cells, counts = completion_cells(table.cells, hidden), ["begun", "completed"]
    return finished(replace(table, cells=cells), shown, warehouse, question, counts)


def completion_cells(counts: Cells, hidden: Cells) -> Cells:
    """The shown counts of attempts begun and completed, and the percents of those begun."""
    shown = {count: without(counts[count], hidden[count]) for count in ("begun", "completed")}
    shares = {
        share: without(percent(counts[count], counts["begun"]), hidden["begun"] | hidden[count])
        for count, share in SHARES.items()
    }
    return {**shown, **shares}


def steps(warehouse: Published, question: Question) -> pd.DataFrame:
    """The attempts begun on a day that reached each step of set-up, and the median seconds.

    One row per day and step. Source: specification, "Time taken to connect a device".
    """
    table, hidden, shown = _STEPS.judged(warehouse, question)
    gone = hidden["reached"]
    cells = {
        "reached": without(table.cells["reached"], gone),
        "median_seconds": without(table.cells["median_ms"] / 1000, gone),
    }
    return finished(replace(table, cells=cells), shown, warehouse, question, ["reached"], "step")


@dataclass(frozen=True)
class _Attempts:
    """A query of attempts: its counts, its times, and its level with the values as stored and as named."""

    query: str
    counts: tuple[str, ...]
    times: tuple[str, ...] = ()
    level: str | None = None
    stored: tuple[Any, ...] = NO_LEVEL
    levels: tuple[str, ...] = NO_LEVEL

    def judged(
        self, warehouse: Published, question: Question
    ) -> tuple[Grid, dict[str, np.ndarray], pd.Index]:
        """The whole counts, the cells of each count to hide, and the values of a breakdown to list."""
        points = self.counted(warehouse, judged(question))
        hidden = hidden_counts(warehouse, self.counted, points, question, self.counts)
        least = question.shown_from if question.shown_from > 1 else 0
        return points[0], hidden, reaching(points[0], self.counts, least)

    def counted(self, warehouse: Published, question: Question) -> Points:
        """The whole counts of a question, beside those of the weeks and days that its points consist of.

        Every day and level has a count: 0 where a counted day has none, absent where it doesn't count. No
        day counts where no event of the store carries a sequence. With a filter of devices, a day doesn't
        count where too few users had a device within its window.
        """
        point_days = question.options.point_days
        rows = self._rows(warehouse, question, point_days)
        values = pd.Index(sorted(rows["broken_by"].unique()) if question.by else [""], dtype="str")
        days, counts = _counted_days(warehouse, question)
        whole = self._by_day(rows, self.counts, values, days, 0)
        times = self._by_day(rows, self.times, values, days, np.nan)
        absent = ~counts[:, np.newaxis]
        cells = {
            name: without(those, absent) for name, those in {**whole.cells, **times.cells}.items()
        }
        finer = (
            self._by_day(
                self._rows(warehouse, question, length),
                self.counts,
                values,
                weeks.parts(days, point_days, length),
                0,
            )
            for length in (WEEK, 1)
            if length < point_days
        )
        return replace(whole, cells=cells), *finer

    def _rows(self, warehouse: Published, question: Question, point_days: int) -> pd.DataFrame:
        """The rows by points of so many days, from before the period, so that its own points are whole."""
        period = weeks.widened(question.period, question.options.point_days)
        return warehouse.frame(self.query, point_days=point_days, **question.parameters(period))

    def _by_day(
        self,
        rows: pd.DataFrame,
        columns: tuple[str, ...],
        values: pd.Index,
        days: np.ndarray,
        absent: float,
    ) -> Grid:
        return Grid.of(
            rows,
            columns,
            self.level,
            self.levels,
            stored=self.stored,
            values=values,
            days=days,
            absent=absent,
        )


_TIME = _Attempts(
    "connection_time",
    ("connections",),
    tuple(f"{name}_ms" for name in QUARTILES),
    "new_account",
    (1, 0),
    ACCOUNTS,
)
_COMPLETION = _Attempts("completion", ("begun", *SHARES))
_STEPS = _Attempts("steps", ("reached",), ("median_ms",), "step", STEPS, STEPS)


def _counted_days(warehouse: Published, question: Question) -> tuple[np.ndarray, np.ndarray]:
    """The days, or the last days of points, and True for those that count."""
    window = ATTEMPT_WINDOW if question.filters.devices else 0
    incomplete = int(question.options.incomplete)
    days = warehouse.frame("days", with_incomplete=incomplete, device_window=window)
    counted = (days["counted"] == 1).to_numpy() & (not warehouse.lacks_sequences)
    return weeks.whole(counted, days_of(days["day"]), question.options.point_days)
