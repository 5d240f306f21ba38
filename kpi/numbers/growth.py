"""Flows of monthly users, and users who return in week 4: where a number of users comes from and goes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from kpi.meaning.definitions import WEEK
from kpi.meaning.question import Question
from kpi.numbers import weeks
from kpi.numbers.cells import percent, small
from kpi.numbers.days import counted, judged, within_period
from kpi.numbers.grid import Cells, Grid, without
from kpi.numbers.narrowed import hidden_days
from kpi.numbers.published import Published
from kpi.numbers.users import ACTIVE, AUDIENCES, counted_sets, listed, user_counts

ARRIVING = ["new", "returned", "moved_in"]
LEAVING = ["lapsed", "moved_out"]
FLOWS = [*ARRIVING, *LEAVING]
MONTHLY = ["mau", "mau_before"]
RETURNED = "returned_week_4"


def growth(warehouse: Published, question: Question) -> pd.DataFrame:
    """Monthly users of a day and of the day before, and the flows from the one number to the other.

    One row per day: day, mau, mau_before, new (never active before), returned (lapsed earlier), moved_in
    (from outside the filter), lapsed (active nowhere in 28 days), moved_out (active, but outside the
    filter); with a breakdown, its values first. Weekly, and in total over the period, flows add up and
    mau_before is that of the day before the first. Flows are absent where monthly users of a day or of the
    day before are, and on the first 56 days of the history. Source: design, sections 4b and 6.
    """
    least = question.shown_from
    counts = _daily_flows(warehouse, judged(question))
    table, hidden = counts, _hidden(counts, warehouse, question)
    if question.options.total:
        inside = _of_total(counts, warehouse, question)
        whole = np.zeros(inside.sum())
        table, hidden = _added_up(table.on(inside), hidden.on(inside), whole, least)
        question = question.with_options(weekly=False)
    elif question.options.weekly:
        ends = weeks.last_days(counts.days, WEEK)
        table, hidden = _added_up(table, hidden, ends, least)
    shown = {name: without(cells, hidden.cells[name]) for name, cells in table.cells.items()}
    table = replace(table, cells=shown)
    return listed(table, counts, MONTHLY, warehouse, question, whole=[*MONTHLY, *FLOWS])


def retention(warehouse: Published, question: Question) -> pd.DataFrame:
    """A day's active users, those active again on any of days 21 to 27 after it, and their percent.

    One row per day: day, users, returned_week_4, retention_percent; with a breakdown, its values first (by
    users, the count is daily_users); weekly, means of the 7 days. The last two are absent until the seven
    days are complete. Source: design, sections 4b and 6.
    """
    least = question.shown_from
    asked = judged(question)
    sets = counted_sets(warehouse, asked, (ACTIVE, RETURNED))
    widened = replace(asked, period=weeks.widened(asked.period))
    counts = counted(warehouse, "returned", widened, ["users", RETURNED], sets)
    users, returned = counts.cells["users"], counts.cells[RETURNED]
    if least > 1:
        everyone = user_counts(warehouse, asked, tuple(AUDIENCES.values()))
        few = small(users, least)
        few |= everyone.beside(counts, hidden_days(everyone, question), False)
        # Users who returned and those who didn't add up to all, so either reveals the other.
        revealing = few | small(returned, least) | small(users - returned, least)
        users, returned = without(users, few), without(returned, revealing)
    if question.options.weekly:
        users, returned = weeks.mean_of_days(users), weeks.mean_of_days(returned)
    # By users, whose values have the column of that name, it is another.
    named = "daily_users" if question.by == "users" else "users"
    cells = {named: users, RETURNED: returned, "retention_percent": percent(returned, users)}
    table = replace(counts, cells=cells)
    return listed(table, counts, ["users"], warehouse, question, [named, RETURNED])


def _daily_flows(warehouse: Published, question: Question) -> Grid:
    """Whole counts per value and day, from the Monday before the period on."""
    sets = counted_sets(warehouse, question, (ACTIVE,))
    asked = replace(question, period=weeks.widened(question.period))
    counts = counted(warehouse, "growth", asked, [*MONTHLY, "new_users", *FLOWS[1:]], sets)
    named = {"new" if name == "new_users" else name: each for name, each in counts.cells.items()}
    return replace(counts, cells=named)


def _hidden(daily: Grid, warehouse: Published, question: Question) -> Grid:
    """The cells of days to hide, as True."""
    least = question.shown_from
    hidden = {name: small(cells, least) for name, cells in daily.cells.items()}
    if least > 1:
        users = user_counts(warehouse, judged(question), tuple(AUDIENCES.values()))
        hidden["mau"] |= users.beside(daily, hidden_days(users, question), False)
    hidden["mau_before"][:, 1:] |= hidden["mau"][:, :-1]
    return replace(daily, cells=_with_others(hidden, daily.cells))


def _of_total(daily: Grid, warehouse: Published, question: Question) -> np.ndarray:
    """True for the days of the period; where it has no first day, from the first whose flows are known."""
    inside = within_period(daily.days, warehouse, question)
    known = inside & ~np.isnan(daily.cells["new"]).all(axis=(0, 2))
    if question.period.first is None and known.any():
        inside &= np.logical_or.accumulate(known)
    return inside


def _added_up(daily: Grid, hidden: Grid, spans: np.ndarray, least: int) -> tuple[Grid, Grid]:
    """Flows added up over the days of each span, under its last day, and the cells of them to hide.

    ``spans`` has the span of each day. Flows are absent where a day's are. A sum is hidden where it is small,
    or where less its shown days it reveals a single hidden day, or fewer people than the minimum.
    """
    first = np.unique(spans, return_index=True)[1]
    last = np.append(first, len(spans))[1:] - 1
    added = partial(np.add.reduceat, indices=first, axis=1)
    sums, gone = (
        {"mau": cells["mau"][:, last], "mau_before": cells["mau_before"][:, first]}
        for cells in (daily.cells, hidden.cells)
    )
    unknown = {}
    for flow in FLOWS:
        of_days, few = daily.cells[flow], hidden.cells[flow]
        sums[flow], number = added(of_days), added(few.astype(int))
        rest = added(np.where(few, of_days, 0))
        gone[flow] = small(sums[flow], least) | (number == 1) | ((number > 0) & (rest < least))
        # The days of any other sum are all shown, so that hiding it would hide nothing.
        unknown[flow] = np.where(number > 0, sums[flow], np.inf)
    table = replace(daily, days=daily.days[last], cells=sums)
    return table, replace(table, cells=_with_others(gone, unknown))


def _with_others(hidden: Cells, flows: Cells) -> Cells:
    """The cells to hide with those that reveal them: arrivals less leavers are the change of monthly users.

    Where monthly users are hidden, every flow is. Where flows of one direction only are hidden, the smallest
    of ``flows`` of the other is hidden with them.
    """
    users = hidden["mau"] | hidden["mau_before"]
    hidden = {**hidden, **{flow: hidden[flow] | users for flow in FLOWS}}
    for some, others in ((ARRIVING, LEAVING), (LEAVING, ARRIVING)):
        lonely = _any(hidden, some) & ~_any(hidden, others)
        # A flow of nobody comes last: of all users nobody moves in or out, which everybody knows.
        order = [np.where(flows[other] > 0, flows[other], np.finfo(float).max) for other in others]
        smallest = np.argmin(order, axis=0)
        for place, other in enumerate(others):
            hidden[other] |= lonely & (smallest == place)
    return hidden


def _any(cells: Cells, columns: Sequence[str]) -> np.ndarray:
    """True where any of the columns is."""
    return np.any([cells[name] for name in columns], axis=0)
