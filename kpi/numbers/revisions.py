"""Changes in history: numbers of days that were published before and differ since, each with its reason."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from threading import Lock
from typing import Any

import pandas as pd

from kpi import store
from kpi.meaning.definitions import MONTH, RETURN_REACH, WIDEST_WINDOW
from kpi.meaning.question import Question
from kpi.meaning.tables import TABLES
from kpi.numbers.days import dates
from kpi.numbers.past import few, floats, people
from kpi.numbers.warehouse import Warehouse
from kpi.rows import each_row
from kpi.settings import Settings

COLUMNS = "publication published_at table group column day before after because".split()
BY = "publication published_at table group column because".split()

_USERS = ("engagement", "multi-device", "same-people", "growth", "retention")
_ATTEMPTS = ("connection-time", "completion", "steps")
COMPARED: Mapping[str, tuple[str, ...]] = {
    "daily_users": _USERS,
    "monthly_users_change": _USERS,
    "monthly_move": _USERS,
    "month_activity": _USERS,
    "connection": _ATTEMPTS,
    "blank_sequence": _ATTEMPTS,
    "day_status": (*_USERS, *_ATTEMPTS),
    "day_coverage": (*_USERS, *_ATTEMPTS),
    "firefox_engagement": ("firefox",),
}
"""The tables whose numbers, over all users and attempts, come of the rows of a stored table."""

MOST_COMPARED = 128
"""So many steps' changes are retained by a process; with late events a step has some thousand rows."""

_EVER = 100_000
_DEVICES = MONTH + WIDEST_WINDOW
REACH: dict[str, tuple[int, int]] = {
    "engagement": (_DEVICES, 0),
    "multi-device": (_DEVICES, 0),
    "same-people": (2 * MONTH, 0),
    "growth": (_EVER, 0),
    "retention": (0, RETURN_REACH),
    "connection-time": (_DEVICES, MONTH),
    "completion": (_DEVICES, MONTH),
    "steps": (_DEVICES, MONTH),
}
"""The days before and after a day whose events can change its numbers, by table."""


@dataclass(frozen=True)
class Step:
    """Two publications in a row, and the tables of which the second may have earlier numbers otherwise."""

    before: store.Past
    after: store.Past
    tables: frozenset[str]

    def key(self, least: int) -> Hashable:
        """All that its changes follow from, with ``least``, the fewest people of a number that is shown."""
        ends = [(past.number, past.built_at) for past in (self.before, self.after)]
        return *ends, self.tables, least


@dataclass(frozen=True)
class State:
    """Tables of a publication over all days, and the loads of each day."""

    tables: Mapping[str, pd.DataFrame]
    loads: pd.DataFrame


class Compared:
    """The changes of the steps that were compared last, for all threads of a process."""

    def __init__(self, size: int = MOST_COMPARED) -> None:
        self._size = size
        self._changes: dict[Hashable, pd.DataFrame] = {}
        self._lock = Lock()

    def changes(self, settings: Settings, steps: Sequence[Step], least: int) -> list[pd.DataFrame]:
        """The changes of each step; only steps that weren't compared before are compared."""
        with self._lock:
            keys = {step.key(least): step for step in steps}
            known = {key: self._changes.pop(key) for key in keys if key in self._changes}
            missing = [step for key, step in keys.items() if key not in known]
            for step, earlier, later in _compared(settings, missing, least):
                known[step.key(least)] = _changed_by(step, earlier, later, least)
            self._changes |= known
            for oldest in list(self._changes)[: -self._size]:
                del self._changes[oldest]
            return [known[key] for key in keys]


def revisions(
    settings: Settings, since: int, least: int, compared: Compared | None = None
) -> pd.DataFrame:
    """Each number that a publication after number ``since`` changed: a row each, with `COLUMNS`.

    An earlier number is absent where it differs by fewer than ``least`` people from a later that is listed;
    a number that was absent and is known now has no ``before``. New days change nothing. ``compared`` has
    what needn't be compared again.
    """
    parts = (compared or Compared()).changes(settings, steps_since(settings, since), least)
    if not parts:
        return pd.DataFrame(columns=COLUMNS)
    rows = pd.concat(parts, ignore_index=True)
    return without_few(rows, least) if least > 1 else rows


def steps_since(settings: Settings, since: int) -> list[Step]:
    """The steps from publication ``since`` on that may change numbers of days before, oldest first."""
    touched = store.touched(settings)
    steps = []
    for before, after in pairwise(store.past_publications(settings)):
        stored = touched.get(after.number, set())
        names = frozenset(name for table in stored for name in COMPARED.get(table, ()))
        if after.number > since and names:
            steps.append(Step(before, after, names))
    return steps


def _compared(
    settings: Settings, steps: Sequence[Step], least: int
) -> Iterator[tuple[Step, State, State]]:
    """Each step with the state before and after it, newest first: a state is read once."""
    ended_by = {step.before.number: step for step in steps}
    needed: dict[int, frozenset[str]] = {}
    for step in steps:
        for number in (step.before.number, step.after.number):
            needed[number] = needed.get(number, frozenset()) | step.tables
    numbers = sorted(needed, reverse=True)
    later = None
    for number, opened in zip(numbers, store.past_states(settings, numbers), strict=False):
        warehouse = Warehouse(*opened, len(needed[number]), settings.min_device_coverage)
        state = _state(warehouse, needed[number], least)
        if number in ended_by and later is not None:
            yield ended_by[number], state, later
        later = state


def _state(warehouse: Warehouse, names: frozenset[str], least: int) -> State:
    tables = {name: warehouse.ask(Question(name, shown_from=least)).table for name in sorted(names)}
    return State(tables, _load_days(warehouse))


def without_few(rows: pd.DataFrame, least: int) -> pd.DataFrame:
    """The changes without numbers of a day that differ by 1 to less than ``least`` people from later ones.

    Any two versions of a day that are listed, of a table with all its rows, are the same or far apart.
    """
    hidden = {"before": set[int](), "after": set[int]()}
    of_people = rows[rows["table"] != "firefox"]
    for _, day in of_people.groupby(["table", "day"], sort=False):
        _hide_few(day, least, hidden)
    shown = rows.copy()
    for column, places in hidden.items():
        shown.loc[sorted(places), column] = pd.NA
    return shown


def _hide_few(rows: pd.DataFrame, least: int, hidden: Mapping[str, set[int]]) -> None:
    """Note the places of a day's changes to hide, going back from the newest publication."""
    changes = rows[["group", "column", "before", "after"]].to_numpy(dtype=object)
    version: dict[tuple[str, str], Any] = {}
    for group, column, _, after in changes:
        version[group, column] = after  # the last is the newest
    listed, is_listed = [version], True
    for _, step in rows[::-1].groupby("publication", sort=False):
        earlier = version | {
            (group, column): before
            for group, column, before in step[["group", "column", "before"]].to_numpy(dtype=object)
        }
        if not is_listed:
            hidden["after"].update(step.index)
        is_listed = not any(_differ_by_few(earlier, other, least) for other in listed)
        if is_listed:
            listed.append(earlier)
        else:
            hidden["before"].update(step.index)
        version = earlier


def _differ_by_few(version: Mapping[Any, Any], other: Mapping[Any, Any], least: int) -> bool:
    return any(
        few(people(column, value), people(column, other[group, column]), least)
        for (group, column), value in version.items()
    )


def by_column(rows: pd.DataFrame) -> pd.DataFrame:
    """Changes in a row per publication, table, group and column: days, and the largest change of a day."""
    sized = rows.assign(change=rows["after"] - rows["before"])
    largest = sized.groupby(BY, sort=False)["change"].apply(_largest)
    days = sized.groupby(BY, sort=False)["day"].agg(first_day="min", last_day="max", days="nunique")
    return days.assign(change=largest).reset_index()


def _largest(changes: pd.Series) -> float | None:
    """The change that is furthest from 0; None where none is shown."""
    known = [float(change) for change in changes.dropna()]
    return max(known, key=abs, default=None)


def _changed_by(step: Step, earlier: State, later: State, least: int) -> pd.DataFrame:
    """The numbers that a step changed, with `COLUMNS`."""
    parts = [
        _changed(name, earlier.tables[name], later.tables[name]) for name in sorted(step.tables)
    ]
    rows = pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
    rows["day"] = dates(rows["day"])
    rows["because"] = list(_reasons(step, earlier, later, rows))
    rows.insert(0, "published_at", f"{step.after.built_at:%Y-%m-%dT%H:%M:%SZ}")
    rows.insert(0, "publication", step.after.number)
    return rows


def _changed(name: str, before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """The cells that a later publication has otherwise: table, group, column, day, before, after."""
    level = TABLES[name].level
    group = "product" if name == "firefox" else level.column if level else None
    keys = ["day", *([group] if group else [])]
    both = before.merge(after, how="left", on=keys, suffixes=("", "_after"))
    parts = []
    for column in (str(each) for each in before if each not in keys):
        then, now = floats(both[column]), floats(both[f"{column}_after"])
        differs = (then != now) & ~(then.isna() & now.isna())
        if name == "retention":
            differs &= then.notna()  # it is known four weeks later
        if differs.any():
            changed = {
                "table": name,
                "group": both[group] if group else "",
                "column": column,
                "day": both["day"],
                "before": then,
                "after": now,
            }
            parts.append(pd.DataFrame(changed)[differs])
    if not parts:
        return pd.DataFrame(columns=["table", "group", "column", "day", "before", "after"])
    return pd.concat(parts, ignore_index=True)


def _reasons(step: Step, earlier: State, later: State, rows: pd.DataFrame) -> Iterator[str]:
    """The loads, corrections and removals that reach the day of each change, or the publication's reason."""
    loads = _differing(earlier.loads, later.loads)
    whole = step.after.reason.split(", ")
    if step.before.definitions != step.after.definitions:
        whole = [f"definitions {step.before.definitions} → {step.after.definitions}"]
    known: dict[Any, str] = {}
    for row in each_row(rows):
        key = row.table, row.day
        if key not in known:
            known[key] = "; ".join(_of_day(row.table, row.day, loads, whole))
        yield known[key]


def _of_day(table: str, day: pd.Timestamp, loads: pd.DataFrame, whole: list[str]) -> list[str]:
    if table == "firefox":
        return [store.FIREFOX]
    back, forth = REACH[table]
    apart = (day - loads["day"]).dt.days
    near = loads[(apart <= back) & (apart >= -forth)]
    others = [each for each in whole if each not in (store.SUMMARY, store.FIREFOX)]
    if near.empty and not others:
        near = loads  # such as a day that counts as loaded since its neighbours do
    named = list(dict.fromkeys(near["named"]))
    return [*named, *others] or whole


def _differing(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """The loads whose events of a day differ between two publications: day, named."""
    both = before.merge(after, how="outer", on=["day", "load_id"], suffixes=("", "_after"))
    both = both[(both["events"] != both["events_after"]).fillna(True)]
    gone, come = set(both["source"].dropna()), set(both["source_after"].dropna())
    sources = both["source_after"].fillna(both["source"]).fillna("a raw table")
    named = [_named(str(source), source in gone, source in come) for source in sources]
    return pd.DataFrame({"day": both["day"], "named": named})


def _load_days(warehouse: Warehouse) -> pd.DataFrame:
    rows = warehouse.frame("load_days")
    rows["day"] = dates(rows["day"])
    rows["source"] = rows["source"].astype("object")
    return rows.astype({"load_id": "Int64", "events": "Int64"})


def _named(source: str, gone: bool, come: bool) -> str:
    if gone and come:
        return f"correction of {source}"
    return f"removal of {source}" if gone else f"load of {source}"
