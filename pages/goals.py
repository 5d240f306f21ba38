"""Goals: whether each target of the year is met, how far off it is, and where the year may end."""

from kpi.dashboard import frame
from kpi.dashboard.goals import draw_goals

with frame("pages/goals.py") as page:
    draw_goals(page)
