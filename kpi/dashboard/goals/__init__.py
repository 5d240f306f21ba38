"""The parts of the Goals page: the choice of baseline, a row per goal, and what a goal opens to."""

from kpi.dashboard.goals.glance import draw_goals_at_a_glance
from kpi.dashboard.goals.whole import draw_goals

__all__ = ["draw_goals", "draw_goals_at_a_glance"]
