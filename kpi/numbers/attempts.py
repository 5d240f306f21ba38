"""Connection attempts of a whole period, pooled: distribution, breakdowns and steps of set-up.

Percentiles are those of the attempts themselves, never averages of days. Days that aren't complete
don't count. No hidden part of a whole can be computed from the other parts (`kpi.numbers.cells`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from kpi.meaning.definitions import ATTEMPT_WINDOW
from kpi.meaning.measures import within
from kpi.meaning.question import Question
from kpi.meaning.tables import ACCOUNTS
from kpi.numbers.bands import QUARTILES, WHOLE_PERIOD, with_shares_of, with_times
from kpi.numbers.cells import hidden_parts, percent, small
from kpi.numbers.connections import LIMITS, SHARES, completion_cells, ready_shares
from kpi.numbers.grid import NO_DAY, Grid, column_of, numbers, without
from kpi.numbers.narrowed import Points, hidden_counts
from kpi.numbers.published import Published

PATH = {
    "sequence.begin": 1,
    "account.created": 2,
    "account.login": 2,
    "device.created": 3,
    "account.verified": 4,
    "device.connected": 5,
}
"""The steps of set-up and their places in order; two steps at the same place are alternatives."""

BREAKDOWN_COUNTS = ("begun", "connections", *SHARES)


def ready_within(warehouse: Published, question: Question) -> pd.DataFrame:
    """Of the attempts begun on a day, the percent ready within 5, 10, 30 and 60 seconds, and ever.

    One row per day, or per week or four as in `kpi.numbers.weeks`: day, begun, within_…_seconds_percent,
    completion_percent. A time of exactly the limit is within it. Source: design, section 3.
    """
    frame = ready_shares(warehouse, replace(question, table="completion"))
    return frame[["day", "begun", *(SHARES[name] for name in LIMITS), "completion_percent"]]


def connection_distribution(warehouse: Published, question: Question) -> pd.DataFrame:
    """The attempts ready within each time, and their percent of those begun, or of those ready.

    One row per account and time: account, within_seconds, ready (attempts up to and including that
    time), attempts (all of them), percent. The base 'begun' counts the attempts begun in the period, as
    account 'all', since the account of an abandoned attempt is unknown. 'ready' counts those that
    became ready in the period, 'new' and 'existing', half of which are within the median. Times have
    two digits and are exact. A time is a row only where at least as many more attempts as may be shown
    became ready since the row before.
    """
    by_day_ready, least = question.options.of == "ready", question.shown_from

    def read(asked: Question) -> dict[str, pd.DataFrame]:
        rows = _rows(warehouse, "period_distribution", asked, by_day_ready=int(by_day_ready))
        rows["attempts"] = pd.to_numeric(rows["attempts"]).astype("Int64")
        if not by_day_ready:
            return {"all": rows}
        return {name: rows[rows["new_account"] == (name == "new")] for name in ACCOUNTS}

    def summed(by_account: dict[str, pd.DataFrame]) -> np.ndarray:
        return np.array([float(rows["attempts"].sum()) for rows in by_account.values()])

    by_account = read(question)
    totals = summed(by_account)
    wider = [summed(read(other)) for other in _wider(question)]
    hidden = hidden_parts(totals, least, _few_more(totals, wider, least))
    parts = [
        _cumulated(rows, account, int(total), least)
        for (account, rows), total, gone in zip(by_account.items(), totals, hidden, strict=True)
        if total > 0 and not gone
    ]
    columns = ["account", "within_seconds", "ready", "attempts", "percent"]
    if not parts:
        return pd.DataFrame({name: [] for name in columns})
    frame = pd.concat(parts, ignore_index=True)
    share = percent(numbers(frame["ready"]), numbers(frame["attempts"]))
    frame["percent"] = column_of(share, False)
    return frame[columns]


def connection_breakdown(warehouse: Published, question: Question) -> pd.DataFrame:
    """Completion and quartiles of a whole period, by a tag of the attempts, most begun first.

    One row per value of the breakdown (a single row without a breakdown): begun and
    completed attempts, percents of those begun, completed ever and within 5 to 60 seconds, by the days
    begun; connections and their quartiles in seconds by the days ready. An attempt has one value of
    each tag, so rows add up.
    """
    table = _pooled(warehouse, question)[0]
    order = np.lexsort([-table.cells[name].ravel() for name in ("connections", "begun")])
    table = table.under(order)
    hidden = hidden_counts(warehouse, _pooled, (table,), question, BREAKDOWN_COUNTS)
    cells, gone = table.cells, hidden["connections"]
    shown = {
        **completion_cells(cells, hidden),
        "connections": without(cells["connections"], gone),
        **{f"{name}_seconds": without(cells[f"{name}_ms"] / 1000, gone) for name in QUARTILES},
    }
    whole = ["begun", "completed", "connections"]
    if _unknown(warehouse, question):
        shown, whole = {name: np.full_like(those, np.nan) for name, those in shown.items()}, []
    rows = replace(table, cells=shown).frame(question.by, None, whole).drop(columns="day")
    if not question.options.bands:
        return rows
    return with_times(with_shares_of(rows, "begun"), warehouse, question, WHOLE_PERIOD)


def _pooled(warehouse: Published, question: Question) -> Points:
    """The whole counts and quartiles of a period, by the values of a breakdown, under a single day."""
    rows = _rows(warehouse, "period_attempts", question)
    # Without a breakdown there is a row, also where nothing matches.
    values = pd.Index(rows["broken_by"]).sort_values() if question.by else pd.Index([""])
    days = np.array([NO_DAY])
    parts = [
        Grid.of(rows, columns, values=values, days=days, absent=absent)
        for columns, absent in (
            (("begun", *SHARES, "connections"), 0),
            ([f"{name}_ms" for name in QUARTILES], np.nan),
        )
    ]
    cells = {name: those for part in parts for name, those in part.cells.items()}
    return (replace(parts[0], cells=cells),)


def setup_steps(warehouse: Published, question: Question) -> pd.DataFrame:
    """The progress of the attempts begun in a period, and the time of each step of set-up.

    One row per step, in order: came_this_far (attempts that took this step or a later step), their
    percent of those begun, lost (how many fewer than at the place before) and its percent of those;
    reached (attempts with an event of this very step), the median seconds from the beginning to it,
    and step_seconds, the median from the latest step before it.
    """
    least = question.shown_from
    counts = _rows(warehouse, "period_steps", question)

    def column(name: str, timed_from: str, counts: pd.DataFrame = counts) -> np.ndarray:
        rows = counts[counts["timed_from"] == timed_from]
        cells = np.full(len(PATH), np.nan)
        cells[pd.Index(PATH).get_indexer(pd.Index(rows["step"]))] = numbers(rows[name])
        return cells

    came = np.nan_to_num(column("came_this_far", "begin"))
    reached = np.nan_to_num(column("reached", "begin"))
    _, first, place = np.unique(list(PATH.values()), return_index=True, return_inverse=True)
    by_place = came[first]
    before = np.array([np.nan, *by_place[:-1]])[place]
    lost = before - came
    wider = [_rows(warehouse, "period_steps", other) for other in _wider(question)]
    few = _small_loss(by_place, least)[place]
    few |= _few_more(came, [column("came_this_far", "begin", rows) for rows in wider], least)
    few_lost = few | small(before, least) | small(lost, least)
    few_reached = few | small(reached, least)
    few_reached |= _few_more(reached, [column("reached", "begin", rows) for rows in wider], least)
    for ways in (place == of for of in range(len(first))):
        few_reached[ways] |= hidden_parts(reached[ways], least)
    few_timed = few_reached | small(column("reached", "step_before"), least)
    seconds, step_seconds = (
        column("median_ms", timed_from) / 1000 for timed_from in ("begin", "step_before")
    )
    shown = {
        "came_this_far": without(came, few),
        "came_this_far_percent": without(percent(came, by_place[0]), few),
        "lost": without(lost, few_lost),
        "lost_percent": without(percent(lost, before), few_lost),
        "reached": without(reached, few_reached),
        "median_seconds": without(seconds, few_reached),
        "step_seconds": without(step_seconds, few_timed),
    }
    unknown = _unknown(warehouse, question)
    return pd.DataFrame(
        {
            "step": list(PATH),
            **{
                name: column_of(
                    without(cells, unknown), name in ("came_this_far", "lost", "reached")
                )
                for name, cells in shown.items()
            },
        }
    )


def _unknown(warehouse: Published, question: Question) -> bool:
    """True where attempts can't be counted: no event has a sequence, or no day of the period has devices."""
    if warehouse.lacks_sequences:
        return True
    if not question.filters.devices:
        return False
    incomplete = int(question.options.incomplete)
    loaded, known = (
        within(
            warehouse.frame("days", with_incomplete=incomplete, device_window=window),
            question.period,
        )
        for window in (0, ATTEMPT_WINDOW)
    )
    return loaded["counted"].sum() > 0 and known["counted"].sum() == 0


def _rows(warehouse: Published, query: str, question: Question, **params: int) -> pd.DataFrame:
    incomplete = int(question.options.incomplete)
    return warehouse.frame(query, **question.parameters(), with_incomplete=incomplete, **params)


def _wider(question: Question) -> list[Question]:
    """The question without each dimension of its filter in turn; none where every count is shown."""
    filters = question.filters
    wider = [filters.without(name) for name in filters.narrowed if question.shown_from > 1]
    return [replace(question, filters=other) for other in wider]


def _few_more(counts: np.ndarray, wider: Sequence[np.ndarray], min_users: int) -> np.ndarray:
    """True where a count under a wider filter is only a few attempts more."""
    few = np.zeros(len(counts), dtype=bool)
    for whole in wider:
        few |= small(np.nan_to_num(whole) - counts, min_users) & (counts > 0)
    return few


def _small_loss(came: np.ndarray, min_users: int) -> np.ndarray:
    """True for places not to show: few came there, or few were lost since the last place shown."""
    hidden, shown = [], None
    for count in came:
        lost = 0 if shown is None else shown - count
        hide = 0 < count < min_users or 0 < lost < min_users
        hidden.append(hide)
        shown = shown if hide else count
    return np.array(hidden)


def _cumulated(rows: pd.DataFrame, account: str, attempts: int, min_users: int) -> pd.DataFrame:
    """An account's attempts up to each time; times are left out until enough attempts are new."""
    ready = rows.groupby("within_ms")["attempts"].sum()  # those never ready have no time
    rows_shown: list[tuple[float, int]] = []
    so_far = shown = 0
    for within_ms, count in zip(ready.index.astype(int), ready, strict=True):
        so_far += int(count)
        if so_far - shown >= max(min_users, 1):
            rows_shown.append((within_ms / 1000, so_far))
            shown = so_far
    if rows_shown and shown < so_far:  # the slowest few join those before them
        rows_shown[-1] = (int(ready.index[-1]) / 1000, so_far)
    return pd.DataFrame(
        {
            "account": account,
            "within_seconds": pd.array([seconds for seconds, _ in rows_shown], dtype="Float64"),
            "ready": pd.array([count for _, count in rows_shown], dtype="Int64"),
            "attempts": pd.array([attempts] * len(rows_shown), dtype="Int64"),
        }
    )
