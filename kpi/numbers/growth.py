"""Flows of monthly users, and users who return in week 4: where a number of users comes from and goes to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from kpi.meaning.question import Question
from kpi.numbers import weeks
from kpi.numbers.cells import percent, small
from kpi.numbers.days import counted, judged, within_period
from kpi.numbers.grid import Grid, numbers, without
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
    daily = counts.frame("broken_by", None, [*MONTHLY, *FLOWS])
    hidden = pd.DataFrame(False, index=daily.index, columns=[*MONTHLY, *FLOWS])
    if least > 1:
        users = user_counts(warehouse, judged(question), tuple(AUDIENCES.values()))
        whole = users.beside(counts, hidden_days(users, question), False).ravel()
        for column in MONTHLY:
            hidden[column] = small(numbers(daily[column]), least)
        hidden["mau"] |= whole
        before = hidden["mau"].groupby(daily["broken_by"], sort=False).shift(fill_value=False)
        hidden["mau_before"] |= before.to_numpy(dtype=bool)
        for flow in FLOWS:
            hidden[flow] = small(numbers(daily[flow]), least)
        hidden = _with_others(daily, hidden, pd.DataFrame(True, daily.index, FLOWS))
    frame = daily[["broken_by", "day", *MONTHLY, *FLOWS]].copy()
    if question.options.weekly or question.options.total:
        inside = daily
        ends = weeks.sunday(daily["day"])
        if question.options.total:
            inside = _of_total(daily, warehouse, question)
            ends = pd.Series(inside["day"].max(), index=inside.index)
        frame, hidden = _added_up(inside, hidden.loc[inside.index], ends, least)
    for column in [*MONTHLY, *FLOWS]:
        frame[column] = frame[column].mask(hidden[column])
    table = Grid.of(frame, [*MONTHLY, *FLOWS])
    of_rows = question.with_options(weekly=False)  # which are under their Sundays already
    return listed(table, counts, MONTHLY, warehouse, of_rows, [*MONTHLY, *FLOWS])


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


def _of_total(daily: pd.DataFrame, warehouse: Published, question: Question) -> pd.DataFrame:
    """The days of the period; where it has no first day, from the first whose flows are known."""
    first, _ = question.period.bounds
    known = within_period(daily["day"].to_numpy(), warehouse, question)
    newest = daily.loc[known, "day"].max()
    inside = daily[(daily["day"] >= pd.Timestamp(first)) & (daily["day"] <= newest)]
    known = inside.loc[inside["new"].notna(), "day"]
    if question.period.first is None and len(known):
        return inside[inside["day"] >= known.min()]
    return inside


def _added_up(
    daily: pd.DataFrame, hidden: pd.DataFrame, ends: pd.Series, least: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Flows added up over the days that end with each of ``ends``, and the cells of them to hide.

    Absent where a day's are. A sum is hidden where it is small, or where less its shown days it reveals a
    single hidden day, or fewer people than the minimum.
    """
    spans = [daily["broken_by"], ends.rename("end")]
    days = daily.groupby(spans, sort=False)
    frame = days[FLOWS].sum().where(days[FLOWS].count().eq(days.size(), axis="index"))
    frame = frame.astype("Int64").assign(
        day=days["day"].last(),
        mau=days["mau"].nth(-1).array,
        mau_before=days["mau_before"].nth(0).array,
    )
    gone = hidden.groupby(spans, sort=False)
    cells = gone[FLOWS].sum()
    rest = daily[FLOWS].where(hidden[FLOWS]).groupby(spans, sort=False).sum()
    revealing = (cells == 1) | ((cells > 0) & (rest < least))
    few = {flow: small(numbers(frame[flow]), least) for flow in FLOWS}
    mask = revealing | pd.DataFrame(few, frame.index)
    mask["mau"], mask["mau_before"] = gone["mau"].last(), gone["mau_before"].first()
    whole = (frame["day"] == frame.index.get_level_values("end")).to_numpy()
    frame = frame[whole].reset_index("broken_by").reset_index(drop=True)
    mask, cells = (part[whole].reset_index(drop=True) for part in (mask, cells))
    frame = frame[["broken_by", "day", *MONTHLY, *FLOWS]]
    if least <= 1:
        return frame, mask.assign(**dict.fromkeys([*MONTHLY, *FLOWS], False))
    return frame, _with_others(frame, mask, cells > 0)


def _with_others(frame: pd.DataFrame, hidden: pd.DataFrame, lasting: pd.DataFrame) -> pd.DataFrame:
    """The cells to hide with those that reveal them: arrivals less leavers are the change of monthly users.

    Where monthly users are hidden, every flow is. Where flows of one direction only are hidden, the smallest
    flow of the other is hidden with them, of those that stay hidden (``lasting``) beside other tables.
    """
    hidden = hidden[[*MONTHLY, *FLOWS]].astype(bool)
    mau = hidden[MONTHLY].any(axis="columns")
    hidden[FLOWS] = hidden[FLOWS].apply(lambda flow: flow | mau)
    for flows, others in ((ARRIVING, LEAVING), (LEAVING, ARRIVING)):
        lonely = hidden[flows].any(axis="columns") & ~hidden[others].any(axis="columns")
        counts = frame[others].astype("Float64").to_numpy(dtype=float, na_value=np.inf)
        # A flow of nobody comes last: of all users nobody moves in or out, which everybody knows.
        order = np.where(counts > 0, counts, np.finfo(float).max)
        order = np.where(lasting[others].to_numpy(), order, np.inf)
        smallest = order.argmin(axis=1)
        for place, other in enumerate(others):
            hidden[other] |= lonely & (smallest == place)
    return hidden
