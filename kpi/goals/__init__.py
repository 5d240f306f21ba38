"""The goals of a year: baselines, targets, scores, and where the year will end.

`file` reads `kpi/goals.toml`; `figures` gathers the values of a goal; `scoring` decides whether it
is met. `baseline` works out a baseline and its bands, `frozen` stores it; `projection` says where the
year may end, and `backtest` how often that held. Nothing here draws, and nothing here knows of pages.
"""

from kpi.goals.figures import Figures
from kpi.goals.file import GOALS_FILE, KINDS, Goal, read
from kpi.goals.scoring import (
    COLUMNS,
    MET,
    NO_DATA,
    NOT_MET,
    TOO_CLOSE,
    Score,
    of_some_goal,
    score,
    scores,
    table,
)

__all__ = [
    "COLUMNS",
    "GOALS_FILE",
    "KINDS",
    "MET",
    "NOT_MET",
    "NO_DATA",
    "TOO_CLOSE",
    "Figures",
    "Goal",
    "Score",
    "of_some_goal",
    "read",
    "score",
    "scores",
    "table",
]
