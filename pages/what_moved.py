"""The page on what moved: the change of a KPI between two periods, and the groups that it goes along with."""

from kpi.dashboard import frame
from kpi.dashboard.moved import draw_moved

with frame("pages/what_moved.py") as page:
    draw_moved(page)
