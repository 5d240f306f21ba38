"""The page on the change of a KPI between two periods."""

from kpi.dashboard.moved.drawing import draw_moved

__all__ = ["draw_moved"]
