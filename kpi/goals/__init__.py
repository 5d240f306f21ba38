"""The goals of a year: baselines, targets, scores, and where the year will end.

`file` reads `kpi/goals.toml`; `figures` gathers what a goal is measured by; `scoring` tells whether it
is met. `baseline` finds and bands a baseline, `frozen` keeps it; `projection` says where the year may
end and `backtest` how often that held. Nothing here draws, and nothing here knows of pages.
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
