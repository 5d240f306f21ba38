"""The command line: `python -m kpi`, its arguments, its progress and journal, and `doctor`."""

DONE, REFUSED = 0, 1
"""The exit status of a command; 2 is wrong usage."""
