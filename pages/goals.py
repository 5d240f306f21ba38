"""Goals: the verdict on each target of the year, the distance to it, and where the year may end."""

from kpi.dashboard import frame
from kpi.dashboard.goals import draw_goals

with frame("pages/goals.py") as page:
    draw_goals(page)
