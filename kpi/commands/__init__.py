"""The command line: `python -m kpi`, its arguments, its progress and journal, and `doctor`."""
