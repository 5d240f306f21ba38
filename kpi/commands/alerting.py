"""The command that lists the stories of alerts, and reports those that weren't reported."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kpi.errors import NoData, Refused
from kpi.settings import Settings

if TYPE_CHECKING:
    from kpi.alerts.history import History
    from kpi.alerts.journal import Reported


def run_alerts(settings: Settings, asked: argparse.Namespace) -> None:
    """List every story; or with ``--report`` send each beginning and end once, ``--dry-run`` print it."""
    if asked.dry_run:
        _print(settings)
    elif asked.report:
        _report(settings)
    else:
        _list(settings, asked)


def _list(settings: Settings, asked: argparse.Namespace) -> None:
    from kpi.alerts import history

    with _nothing_is_no_fault():
        known = history.gathered(settings)
        history.write(settings, known)
        _warn(known)
        if asked.json:
            print(known.table.to_json(orient="records", force_ascii=False))
            return
        for story in reversed(known.stories):
            print(story.text)
        going_on = sum(story.ended is None for story in known.stories)
        print(json.dumps({"command": "alerts", "stories": len(known.stories), "open": going_on}))


def _print(settings: Settings) -> None:
    """Print the message that would be sent now, if any; nothing is sent and nothing noted."""
    from kpi.alerts import history
    from kpi.alerts.message import rendered

    with _nothing_is_no_fault():
        known, reports = history.news(settings)
        _warn(known)
        if reports:
            print(rendered(settings, known, reports).text, end="")


def _report(settings: Settings) -> None:
    """Put what is unreported into the outbox, and send all that waits there, whatever became of the first."""
    from kpi.alerts import history
    from kpi.alerts.message import message_of
    from kpi.delivery.channels import of_alerts
    from kpi.delivery.outbox import ALERTS, Outbox
    from kpi.delivery.sending import names_of, send_waiting, ways

    set_up = ways(settings, of_alerts(settings))
    channels, outbox = list(names_of(set_up)), Outbox(settings, ALERTS)

    def deliver(known: History, reports: list[Reported], lines: str) -> None:
        if channels:
            outbox.write(message_of(settings, known, reports, lines, channels))
        print("\n".join(report.text for report in reports), flush=True)

    with outbox.alone():
        last = outbox.messages()[-1:]
        refusals = []
        try:
            with _nothing_is_no_fault():
                known = history.report(settings, deliver, last[0].line if last else "")
                if known is not None:
                    _warn(known)
        except Refused as refusal:
            refusals.append(str(refusal))
        try:
            send_waiting(outbox, set_up)
        except Refused as refusal:
            refusals.append(str(refusal))
    if refusals:
        raise Refused("; ".join(refusals))


def _warn(known: History) -> None:
    for warning in known.warnings:
        print(f"kpi: {warning}", file=sys.stderr)


@contextmanager
def _nothing_is_no_fault() -> Iterator[None]:
    """Where there is nothing to look at yet, that is said, and the command succeeds."""
    try:
        yield
    except NoData as nothing:
        print(f"kpi: {nothing}", file=sys.stderr)
