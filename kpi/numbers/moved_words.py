"""Sentences on the change of a KPI between two periods: only what the numbers say, and never a cause."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from kpi.meaning.measures import Measure
from kpi.numbers.moved import SMALL, having

SMALL_PART = 0.25
"""A part of a change is worth no word of its own below this part of the other."""

MOST_NAMED = 2
ALIKE = 2 / 3
"""All rose alike where this part of the groups rose."""

DID = {
    "engagement_ratio": ("came more often", "came less often"),
    "same_people_ratio": ("came more often", "came less often"),
    "multi_device_percent": ("were multi-device more often", "were multi-device less often"),
}
NOBODY_UNUSUAL = (
    "No group stands out: none changed differently from the rest by more than chance, or by more than in "
    "earlier periods as far apart."
)
UNKNOWN = "Whether a group stands out isn't known: the history is too short to know which changes are usual."


@dataclass(frozen=True)
class Change:
    """A change between two periods: its groups by a tag, and the most unusual group of any tag.

    ``groups`` and ``whole`` are rows of `moved`; ``tag`` names the tag on pages. ``unusual`` is the value or
    combination to name, None where none is unusual; ``known`` is False where the past is too short to know.
    ``usual`` is True where the KPI changes as much when nothing happens, None where that is unknown;
    ``year_before`` is the change between the same weeks 52 weeks earlier, None where it is unknown.
    """

    measure: Measure
    groups: pd.DataFrame
    whole: pd.Series
    tag: str
    unusual: str | None
    known: bool
    usual: bool | None = None
    year_before: float | None = None

    @property
    def total(self) -> float:
        """The change of the KPI."""
        return float(self.whole["total"])


def sentences(of: Change) -> Iterator[str]:
    """The sentences on a change: its kind, the groups that it goes along with, and the year before."""
    yield _kind(of)
    if of.measure.flat(of.total):
        return
    yield _groups(of) if of.unusual else NOBODY_UNUSUAL if of.known else UNKNOWN
    if of.year_before is not None:
        yield _year_before(of)


def _kind(of: Change) -> str:
    change = of.measure.change_text(of.total)
    if not of.measure.flat(of.total) and of.usual is not None:
        change = f"{change}, {'a usual change' if of.usual else 'more than usual'}"
    if of.measure.flat(of.total):
        return f"{change}: nothing changed between the periods."
    rose = _rose(of)
    if pd.isna(of.whole["mix"]):
        return f"{change}. {rose}."
    behaviour, mix = float(of.whole["behaviour"]), float(of.whole["mix"])
    did = DID[of.measure.id][behaviour < 0]
    if abs(mix) < SMALL_PART * abs(behaviour):
        return f"{change}: the mix of people stayed much the same, and they {did}. {rose}."
    if abs(behaviour) < SMALL_PART * abs(mix):
        return f"{change}: each group did much as before, and the mix of people changed. {rose}."
    parts = [of.measure.change_text(part) for part in (behaviour, mix)]
    return f"{change}: {parts[0]} as people {did}, and {parts[1]} by another mix of people. {rose}."


def _rose(of: Change) -> str:
    """The number of groups that changed in the direction of the whole."""
    totals = of.groups.loc[of.groups["group"] != SMALL, "total"]
    same = int((totals * of.total > 0).sum())
    verb = "rose" if of.total > 0 else "fell"
    return f"{same} of {len(totals)} groups by {of.tag.lower()} {verb}"


def _groups(of: Change) -> str:
    """The unusual value or combination with its part of the change, and the largest groups besides."""
    mine = having(of.groups, of.unusual or "")
    others = of.groups[~of.groups["group"].isin(mine["group"]) & (of.groups["group"] != SMALL)]
    texts = [
        f"{row['group']} {of.measure.change_text(float(row['total']))}"
        for _, row in others.head(MOST_NAMED).iterrows()
        if not of.measure.flat(float(row["total"]))
    ]
    besides = f"; besides {', '.join(texts)}" if texts else ""
    return f"It goes along with {of.tag.lower()} most: {_named(of, mine)}{besides}."


def _named(of: Change, mine: pd.DataFrame) -> str:
    if mine.empty:
        return f"{of.unusual}, which is among the small groups"
    part = of.measure.change_text(float(mine["total"].sum()))
    return f"{of.unusual}{', alone or with others,' if len(mine) > 1 else ''} {part}"


def _year_before(of: Change) -> str:
    change = of.measure.change_text(of.year_before or 0.0)
    words = f"The same weeks a year before: {change}"
    totals = of.groups["total"]
    alike = (totals * of.total > 0).sum() >= ALIKE * len(totals)
    as_then = 0.5 <= (of.year_before or 0.0) / of.total <= 2
    if alike and as_then and of.known and not of.unusual:
        return f"{words}; all moved alike, as then, so it may be the season."
    return f"{words}."
