"""Tables of connection attempts by the UTC day they began, or became ready."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kpi.meaning.definitions import ATTEMPT_WINDOW, WEEK
from kpi.meaning.question import Question
from kpi.meaning.tables import ACCOUNTS, STEPS
from kpi.numbers import weeks
from kpi.numbers.bands import with_shares_of, with_times
from kpi.numbers.cells import Counted, percent
from kpi.numbers.days import dates, finished, judged
from kpi.numbers.narrowed import hidden_counts, reaching
from kpi.numbers.published import Published

WITHIN_SECONDS = (5, 10, 30, 60)
"""The limits of the shares that are ready in time; a time of exactly the limit is within it."""

LIMITS = [f"within_{seconds}_seconds" for seconds in WITHIN_SECONDS]
SHARES = {"completed": "completion_percent", **{name: f"{name}_percent" for name in LIMITS}}
"""The percents of the attempts begun, by the count of which each is."""


Levels = tuple[tuple[str, tuple[str, ...]], ...]
"""The columns beside the day that distinguish the rows of a table, with their values."""


def connection_time(warehouse: Published, question: Question) -> pd.DataFrame:
    """Quartiles of the seconds from the first request to a device ready to sync, by day ready.

    One row per day and account ('new', 'existing'), also where there were no connections.
    Source: specification, "Time taken to connect a device".
    """
    attempts = _Attempts("connection_time", ("connections",), (("account", ACCOUNTS),))
    frame, hidden, shown = attempts.judged(warehouse, question)
    for quartile in ("p25", "median", "p75"):
        frame[f"{quartile}_seconds"] = frame.pop(f"{quartile}_ms") / 1000
    columns = ["connections", "p25_seconds", "median_seconds", "p75_seconds"]
    frame.loc[hidden["connections"], columns] = pd.NA
    rows = finished(frame, shown, warehouse, question)
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
    attempts = _Attempts("completion", ("begun", *SHARES))
    frame, hidden, shown = attempts.judged(warehouse, question)
    for count, share in SHARES.items():
        share_hidden = hidden["begun"] | hidden[count]
        frame[share] = percent(frame[count], frame["begun"]).mask(share_hidden)
    for count in ("begun", "completed"):
        frame[count] = frame[count].mask(hidden[count])
    return finished(frame.drop(columns=LIMITS), shown, warehouse, question)


def steps(warehouse: Published, question: Question) -> pd.DataFrame:
    """The attempts begun on a day that reached each step of set-up, and the median seconds.

    One row per day and step. Source: specification, "Time taken to connect a device".
    """
    attempts = _Attempts("steps", ("reached",), (("step", STEPS),))
    frame, hidden, shown = attempts.judged(warehouse, question)
    frame["median_seconds"] = frame.pop("median_ms") / 1000
    frame.loc[hidden["reached"], ["reached", "median_seconds"]] = pd.NA
    return finished(frame, shown, warehouse, question)


@dataclass(frozen=True)
class _Attempts:
    """A query of attempts: its counts, and its columns beside broken_by and day."""

    query: str
    counts: tuple[str, ...]
    levels: Levels = ()

    def judged(
        self, warehouse: Published, question: Question
    ) -> tuple[pd.DataFrame, dict[str, pd.Series], set[str]]:
        """The whole counts, the cells of each count to hide, and the values of a breakdown to list."""
        table = self.counted(warehouse, judged(question))
        names = tuple(name for name, _ in self.levels)
        hidden = hidden_counts(warehouse, self.counted, table, question, self.counts, names)
        least = question.shown_from if question.shown_from > 1 else 0
        return table.frame, hidden, reaching(table.frame, self.counts, least)

    def counted(self, warehouse: Published, question: Question) -> Counted:
        """The whole counts of a question, beside those of the weeks and days that its points consist of."""
        frame = self._on_every_day(warehouse, question)  # read first: its statement is the answer's
        point_days, finer = question.options.point_days, None
        for days in (1, WEEK):
            if days < point_days:
                finer = Counted(self._rows(warehouse, question, days), days, finer)
        return Counted(frame, point_days, finer)

    def _rows(self, warehouse: Published, question: Question, point_days: int) -> pd.DataFrame:
        """The rows by points of so many days, from before the period, so that its own points are whole."""
        period = weeks.widened(question.period, question.options.point_days)
        rows = warehouse.frame(self.query, point_days=point_days, **question.parameters(period))
        rows["day"] = dates(rows["day"])
        if "new_account" in rows:
            rows["account"] = rows.pop("new_account").map({1: "new", 0: "existing"})
        names = ("broken_by", *(name for name, _ in self.levels))
        return rows.astype(dict.fromkeys(names, "str"))  # no rows have texts, too

    def _on_every_day(self, warehouse: Published, question: Question) -> pd.DataFrame:
        """Rows for every day and level: 0 where a counted day has none, absent where it doesn't count.

        No day counts where no event of the store carries a sequence. With a filter of devices, a day
        doesn't count where too few users had a device within its window.
        """
        rows = self._rows(warehouse, question, question.options.point_days)
        values = sorted(rows["broken_by"].unique()) if question.by else [""]
        counted = _counted_days(warehouse, question)
        keys = {
            "broken_by": pd.Index(values, dtype="str"),
            "day": pd.DatetimeIndex(counted.index).as_unit("s"),
            **{name: pd.Index(level, dtype="str") for name, level in self.levels},
        }
        sizes = [len(key) for key in keys.values()]
        places = np.indices(sizes).reshape(len(sizes), -1)
        frame = pd.DataFrame(
            {name: key.take(of) for (name, key), of in zip(keys.items(), places, strict=True)}
        )
        own = np.stack([key.get_indexer(pd.Index(rows[name])) for name, key in keys.items()])
        known = np.flatnonzero((own >= 0).all(axis=0))
        filled = np.ravel_multi_index(tuple(own[:, known]), sizes)
        absent = ~counted.to_numpy(dtype=bool)[places[1]]
        for column in rows.columns.difference(list(keys)):
            cells = pd.to_numeric(rows[column]).take(known)
            if column in self.counts:
                counts = np.zeros(len(frame), dtype="int64")
                counts[filled] = cells.to_numpy()
                frame[column] = pd.arrays.IntegerArray(counts, absent.copy())
            else:
                times = np.full(len(frame), np.nan)
                times[filled] = cells.to_numpy(dtype=float, na_value=np.nan)
                frame[column] = pd.arrays.FloatingArray(times, absent | np.isnan(times))
        return frame


def _counted_days(warehouse: Published, question: Question) -> pd.Series:
    """True for the days, or the last days of points, that count."""
    window = ATTEMPT_WINDOW if question.filters.devices else 0
    incomplete = int(question.options.incomplete)
    days = warehouse.frame("days", with_incomplete=incomplete, device_window=window)
    counts = (days["counted"] == 1) & (not warehouse.lacks_sequences)
    counted = pd.Series(counts.to_numpy(), index=pd.DatetimeIndex(dates(days["day"])))
    return weeks.whole(counted, question.options.point_days)
