"""The goals of a year: baselines, targets, scores, and where the year will end.

`file` reads `kpi/goals.toml`; `figures` gathers the values of a goal; `scoring` decides whether it
is met. `baseline` works out a baseline and its bands, `frozen` stores it; `projection` says where the
year may end, and `backtest` how often that held. Nothing here draws, and nothing here knows of pages.
"""

from kpi.goals.figures import Figures as Figures
from kpi.goals.file import Goal as Goal
from kpi.goals.file import read as read
from kpi.goals.scoring import MET as MET
from kpi.goals.scoring import NO_DATA as NO_DATA
from kpi.goals.scoring import NOT_MET as NOT_MET
from kpi.goals.scoring import TOO_CLOSE as TOO_CLOSE
from kpi.goals.scoring import Score as Score
from kpi.goals.scoring import score as score
from kpi.goals.scoring import scores as scores
from kpi.goals.scoring import segment_of as segment_of
from kpi.goals.scoring import table as table
