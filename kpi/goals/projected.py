"""Projections that were published: stored once a week, and compared with what came on their day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import date, timedelta

import pandas as pd

from kpi import store
from kpi.goals.figures import Figures
from kpi.goals.file import Goal, read
from kpi.goals.frozen import frozen_baselines
from kpi.goals.projection import FEWEST_WEEKS, TooShort, project
from kpi.goals.scoring import score
from kpi.meaning.definitions import WEEK
from kpi.numbers.warehouse import open_warehouse
from kpi.settings import Settings
from kpi.store import queries

HORIZONS = (4, 9, 13, 26)
"""The weeks ahead, beside 31 December, for which a goal's figure is projected."""

YEAR_END = 0
"""The horizon of a projection to 31 December."""

COLUMNS = "goal as_of publication weeks day low high actual held".split()


@dataclass(frozen=True)
class Projected:
    """The range that a publication gave for a goal's figure on a day, in which 80 of 100 draws were.

    Figures are on the goal's scale: of a comparison with Firefox, the lead in points. ``weeks`` is the
    horizon, or `YEAR_END`; ``actual`` what came, None until the day is complete, or where it isn't known.
    """

    goal_id: str
    as_of: date
    publication_id: int
    weeks: int
    due: date
    low: float
    high: float
    actual: float | None = None

    @property
    def held(self) -> bool | None:
        """True where what came is in the range; None where that isn't known."""
        return None if self.actual is None else self.low <= self.actual <= self.high


def remember(settings: Settings) -> int:
    """Store the projections of the newest publication, unless the last are less than a week old; how many."""
    with closing(open_warehouse(settings, 24)) as warehouse:
        publication = warehouse.publication
        first, last = publication.first_day, publication.last_complete_day
        goals = [goal for goal in read() if last is not None and goal.year == last.year]
        if not goals or first is None or last is None or (last - first).days < FEWEST_WEEKS * WEEK:
            return 0
        if any(each.as_of > last - timedelta(days=WEEK) for each in stored(settings)):
            return 0
        figures = Figures(warehouse, settings.min_users, frozen=frozen_baselines(settings))
        made = list(projections(figures, goals, publication.id, last))
    if made:
        with store.storage_faults(settings), store.adding_notes(settings) as connection:
            rows = [{k: v for k, v in asdict(each).items() if k != "actual"} for each in made]
            queries.insert_rows(connection, "kpi.projection", rows)
    return len(made)


def stored(settings: Settings) -> list[Projected]:
    """Every projection that was stored, oldest first."""
    with store.storage_faults(settings), store.reading_notes(settings) as connection:
        if connection is None:
            return []
        rows = queries.run(connection, "read/projection").mappings().all()
    days = ("as_of", "due")
    return [Projected(**{**row, **{d: pd.Timestamp(row[d]).date() for d in days}}) for row in rows]


def projections(
    figures: Figures, goals: Iterable[Goal], publication: int, as_of: date
) -> Iterator[Projected]:
    """The projections of goals from a day on: for each horizon within the year, and for its end."""
    for goal in goals:
        end = date(goal.year, 12, 31)
        now = figure(figures, goal, as_of)
        due = {weeks: as_of + timedelta(weeks=weeks) for weeks in HORIZONS} | {YEAR_END: end}
        if now is None:
            continue
        weeks_before = figures.scored_weeks(goal, as_of)
        for weeks, day in due.items():
            if not as_of < day <= end:
                continue
            try:
                low, high = project(goal, weeks_before, now, as_of, end=day).range_at_end()
            except TooShort:
                break
            yield Projected(goal.id, as_of, publication, weeks, day, low, high)


def figure(figures: Figures, goal: Goal, day: date) -> float | None:
    """A goal's figure on a day, on its scale; None where it isn't known."""
    scored = score(figures, goal, as_of=day, every_baseline=False)
    return None if scored.actual is None else scored.actual - (scored.compared or 0.0)


def accounted(
    figures: Figures, goals: Iterable[Goal], made: Iterable[Projected]
) -> list[Projected]:
    """The projections of these goals beside what came; those of a day that isn't complete have no actual."""
    by_id = {goal.id: goal for goal in goals}
    came: dict[tuple[str, date], float | None] = {}
    rows = []
    for each in made:
        if each.goal_id not in by_id:
            continue
        place = each.goal_id, each.due
        if place not in came:
            over = each.due <= figures.last_day
            came[place] = figure(figures, by_id[each.goal_id], each.due) if over else None
        rows.append(Projected(**{**asdict(each), "actual": came[place]}))
    return rows


def shares(rows: Iterable[Projected]) -> dict[int, tuple[int, int]]:
    """By horizon, how many ranges held, and how many have been compared with what came."""
    counts: dict[int, tuple[int, int]] = {}
    for each in rows:
        if each.held is not None:
            held, known = counts.get(each.weeks, (0, 0))
            counts[each.weeks] = held + each.held, known + 1
    return dict(sorted(counts.items()))


def table(rows: Iterable[Projected]) -> pd.DataFrame:
    """The projections as `export projections` prints them: a row each; absent cells are not known yet."""
    cells = [
        (e.goal_id, e.as_of.isoformat(), e.publication_id, e.weeks or pd.NA, pd.Timestamp(e.due),
         e.low, e.high, e.actual, {True: "yes", False: "no", None: pd.NA}[e.held])
        for e in rows
    ]  # fmt: skip
    frame = pd.DataFrame(cells, columns=COLUMNS)
    return frame.astype({"weeks": "Int64", "actual": "Float64"})


def projection_table(settings: Settings, min_users: int) -> pd.DataFrame:
    """Every stored projection of a goal, beside what came by the newest publication."""
    with closing(open_warehouse(settings, 24)) as warehouse:
        figures = Figures(warehouse, min_users, frozen=frozen_baselines(settings))
        return table(accounted(figures, read(), stored(settings)))
