"""The command that sends digests, or prints them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from kpi.digest.span import WEEKLY, Span, span
from kpi.errors import NoData, Refused
from kpi.settings import Settings
from kpi.text import day_text, quantity

if TYPE_CHECKING:
    from kpi.digest.content import Gathering
    from kpi.digest.outbox import Issue, Outbox
    from kpi.numbers.warehouse import Warehouse

FORMS = ("text", "html", "json")
READINGS = 24


def run_digest(settings: Settings, asked: argparse.Namespace) -> None:
    today = datetime.now(UTC).date()
    wanted = list(dict.fromkeys(asked.every or [WEEKLY]))
    if asked.dry_run:
        return _print(settings, wanted, today, asked.form, asked.output)
    from kpi.digest import feed
    from kpi.digest.outbox import Outbox
    from kpi.digest.sending import names_of, send, waiting, ways

    set_up = ways(settings)
    names, outbox = names_of(set_up), Outbox(settings)
    with outbox.alone():
        made = _fill(settings, wanted, today, outbox, list(names))
        issues = outbox.issues()
        outbox.replace(feed.NAME, feed.atom(issues, settings.address))
        failed = []
        for issue in issues:
            before = waiting(issue, names)
            send(outbox, issue, set_up)
            left = waiting(issue, names)
            if issue.id in made and not issue.channels and not issue.silent:
                print(f"{issue.id}: in the feed alone; no KPI_MAIL_TO and no KPI_WEBHOOKS are set")
            if before:
                reached = quantity(len(before) - len(left), "recipient")
                print(f"{issue.id}: sent to {reached}")
            failed += [f"{issue.id} to {names[key]}: {issue.failures[key]}" for key in left]
        outbox.tidy()
    if failed:
        raise Refused(
            f"not delivered: {'; '.join(failed)}. It stays in {outbox.folder}, and the next run tries again"
        )


def _fill(
    settings: Settings, wanted: list[str], today: date, outbox: Outbox, channels: list[str]
) -> set[str]:
    """Put the digests that are due into the outbox, those that aren't there yet; the ids of these."""
    from kpi.digest.outbox import issue_of
    from kpi.digest.pictures import pictures

    before, made = outbox.issues(), set[str]()
    known = {issue.id for issue in before}
    with closing(_opened(settings)) as warehouse:
        for days in _spans(warehouse, wanted, today):
            if days.id in known:
                print(f"{days.id}: made before")
                continue
            if days.waits(today):
                print(f"{days.id}: waits until {day_text(days.due)} is complete")
                continue
            gathering = _gathering(settings, warehouse, days)
            digest = gathering.digest(today, _shown_last(before, days.every))
            silent = settings.digest_only_moved and not digest.something_moved
            inline = list(pictures(gathering.courses()).values())
            outbox.write(issue_of(digest, inline, channels, silent))
            made.add(days.id)
            if silent:
                print(f"{days.id}: nothing moved, so it isn't sent (KPI_DIGEST_ONLY_MOVED)")
    return made


def _print(
    settings: Settings, wanted: list[str], today: date, form: str, output: Path | None
) -> None:
    from kpi.digest.outbox import Outbox
    from kpi.digest.pictures import pictures
    from kpi.digest.rendered import as_html, as_json, as_text, within_the_page
    from kpi.numbers.export import write_bytes

    parts, before = [], Outbox(settings).issues()
    with closing(_opened(settings)) as warehouse:
        for days in _spans(warehouse, wanted, today):
            gathering = _gathering(settings, warehouse, days)
            digest = gathering.digest(today, _shown_last(before, days.every))
            if form == "html":
                inline = pictures(gathering.courses()).values()
                parts.append(as_html(digest, inline, within_the_page))
            else:
                parts.append(as_json(digest) + "\n" if form == "json" else as_text(digest))
    write_bytes("".join(parts).encode(), output)


def _shown_last(issues: Sequence[Issue], every: str) -> int | None:
    """The publication of the newest digest of a kind; None where there was none."""
    return max((issue.publication for issue in issues if issue.every == every), default=None)


def _opened(settings: Settings) -> Warehouse:
    from kpi.numbers.warehouse import open_warehouse

    return open_warehouse(settings, READINGS)


def _spans(warehouse: Warehouse, wanted: list[str], today: date) -> Iterator[Span]:
    from kpi.numbers.days import NO_COMPLETE_DAY

    last = warehouse.publication.last_complete_day
    if last is None:
        raise NoData(NO_COMPLETE_DAY)
    yield from (span(every, today, last) for every in wanted)


def _gathering(settings: Settings, warehouse: Warehouse, days: Span) -> Gathering:
    from kpi.digest.content import Gathering

    return Gathering(settings, warehouse, days)
