"""Changes in history: numbers of days that were published before and differ since, each with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pandas as pd

from kpi import store
from kpi.meaning.definitions import MONTH, RETURN_REACH, WIDEST_WINDOW
from kpi.meaning.question import Question
from kpi.meaning.tables import TABLES
from kpi.numbers.days import dates
from kpi.numbers.past import beside_newest
from kpi.numbers.warehouse import Warehouse
from kpi.rows import each_row
from kpi.settings import Settings

COLUMNS = "publication published_at table group column day before after because".split()
BY = "publication published_at table group column because".split()
COMPARED = (
    "engagement multi-device same-people growth retention connection-time completion steps firefox"
).split()
"""The tables whose numbers, over all users and attempts, are compared."""

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


def revisions(settings: Settings, since: int, least: int) -> pd.DataFrame:
    """Each number that a publication after number ``since`` changed: a row each, with `COLUMNS`.

    Numbers that differ by fewer than ``least`` people are absent, before and after; a number that was absent
    and is known now has no ``before``. New days change nothing.
    """
    past = store.past_publications(settings)
    steps = [(a, b) for a, b in pairwise(past) if b.number > since]
    parts = [_step(settings, before, after, least) for before, after in steps]
    if not parts:
        return pd.DataFrame(columns=COLUMNS)
    return pd.concat(parts, ignore_index=True)


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


def _step(settings: Settings, before: store.Past, after: store.Past, least: int) -> pd.DataFrame:
    earlier, later = _plain(settings, before.number), _plain(settings, after.number)
    try:
        rows = changes(earlier, later, least)
        rows["because"] = list(_reasons(earlier, later, after.reason, rows))
    finally:
        earlier.close()
        later.close()
    rows.insert(0, "published_at", f"{after.built_at:%Y-%m-%dT%H:%M:%SZ}")
    rows.insert(0, "publication", after.number)
    return rows


def _plain(settings: Settings, number: int) -> Warehouse:
    """A publication by itself."""
    return Warehouse(*store.opened_past(settings, number), 8, settings.min_device_coverage)


def changes(earlier: Warehouse, later: Warehouse, least: int) -> pd.DataFrame:
    """The numbers of a publication that another has otherwise: table, group, column, day, before, after."""
    parts = []
    for name in COMPARED:
        question = Question(name, shown_from=least)
        parts.append(_changed(name, earlier.ask(question).table, later.ask(question).table, least))
    rows = pd.concat(parts, ignore_index=True)
    return rows.assign(day=dates(rows["day"]))


def _changed(name: str, before: pd.DataFrame, after: pd.DataFrame, least: int) -> pd.DataFrame:
    level = TABLES[name].level
    group = "product" if name == "firefox" else level.column if level else None
    keys = ["day", *([group] if group else [])]
    shown = beside_newest(before, after, least)
    both = before.merge(after, how="left", on=keys, suffixes=("", "_after"))
    parts = []
    for column in (str(each) for each in before if each not in keys):
        then = pd.to_numeric(both[column]).astype("Float64")
        now = pd.to_numeric(both[f"{column}_after"]).astype("Float64")
        differs = (then != now).fillna(False) | (then.isna() != now.isna())
        if name == "retention":
            differs &= then.notna()  # it is known four weeks later
        few = shown[column].isna() & then.notna()
        parts.append(
            pd.DataFrame(
                {
                    "table": name,
                    "group": both[group] if group else "",
                    "column": column,
                    "day": both["day"],
                    "before": then.mask(few),
                    "after": now.mask(few),
                }
            )[differs.astype(bool)]
        )
    return pd.concat(parts, ignore_index=True)


def _reasons(
    earlier: Warehouse, later: Warehouse, reason: str, rows: pd.DataFrame
) -> Iterator[str]:
    """The loads, corrections and removals that reach the day of each change, or the publication's reason."""
    loads = _differing(earlier, later)
    whole = reason.split(", ")
    if earlier.publication.definitions != later.publication.definitions:
        versions = earlier.publication.definitions, later.publication.definitions
        whole = [f"definitions {versions[0]} → {versions[1]}"]
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


def _differing(earlier: Warehouse, later: Warehouse) -> pd.DataFrame:
    """The loads whose events of a day differ between two publications: day, named."""
    before, after = (_load_days(each) for each in (earlier, later))
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
