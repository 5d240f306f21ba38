"""The command that lists the stories of alerts, and reports those that weren't reported."""

from __future__ import annotations

import argparse
import json
import sys

from kpi.errors import NoData
from kpi.settings import Settings


def run_alerts(settings: Settings, asked: argparse.Namespace) -> None:
    """List every story, or with ``--report`` print each beginning and end once."""
    try:
        _list(settings, asked)
    except NoData as nothing:
        print(f"kpi: {nothing}", file=sys.stderr)  # no fault: there is nothing to look at yet


def _list(settings: Settings, asked: argparse.Namespace) -> None:
    from kpi.alerts import history

    if asked.report:
        known = history.report(settings, lambda sentences: print("\n".join(sentences), flush=True))
        if known is None:
            return
    else:
        known = history.gathered(settings)
        history.write(settings, known)
    for warning in known.warnings:
        print(f"kpi: {warning}", file=sys.stderr)
    if asked.report:
        return
    if asked.json:
        print(known.table.to_json(orient="records", force_ascii=False))
        return
    for story in reversed(known.stories):
        print(story.begun if story.ended is None else story.over)
    going_on = sum(story.ended is None for story in known.stories)
    print(json.dumps({"command": "alerts", "stories": len(known.stories), "open": going_on}))
