"""The parts of the Goals page: the choice of baseline, a row per goal, and what a goal opens to."""

from kpi.dashboard.goals.whole import draw_goals

__all__ = ["draw_goals"]
