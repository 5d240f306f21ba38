"""The command that sends digests, or prints them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from kpi.digest.span import WEEKLY, Span, span
from kpi.errors import NoData
from kpi.settings import Settings
from kpi.text import day_text

if TYPE_CHECKING:
    from kpi.delivery.outbox import Message, Outbox
    from kpi.digest.content import Gathering
    from kpi.numbers.warehouse import Warehouse

FORMS = ("text", "html", "json")
READINGS = 24


def run_digest(settings: Settings, asked: argparse.Namespace) -> None:
    today = datetime.now(UTC).date()
    wanted = list(dict.fromkeys(asked.every or [WEEKLY]))
    if asked.dry_run:
        return _print(settings, wanted, today, asked.form, asked.output)
    from kpi.delivery.outbox import Outbox
    from kpi.delivery.sending import names_of, send_waiting, ways
    from kpi.digest import feed

    set_up = ways(settings)
    names, outbox = names_of(set_up), Outbox(settings)
    with outbox.alone():
        try:
            made = _fill(settings, wanted, today, outbox, list(names))
        except NoData as nothing:  # no fault: a schedule may begin before the first summary
            made = set()
            print(f"kpi: {nothing}", file=sys.stderr)
        messages = outbox.messages()
        outbox.replace(feed.NAME, feed.atom(messages, settings.address))
        for message in messages:
            if message.id in made and not message.channels and not message.silent:
                print(
                    f"{message.id}: in the feed alone; no KPI_MAIL_TO and no KPI_WEBHOOKS are set"
                )
        send_waiting(outbox, set_up)


def _fill(
    settings: Settings, wanted: list[str], today: date, outbox: Outbox, channels: list[str]
) -> set[str]:
    """Put the digests that are due into the outbox, those that aren't there yet; the ids of these."""
    from kpi.digest.pictures import pictures
    from kpi.digest.rendered import message_of

    before, made = outbox.messages(), set[str]()
    known = {message.id for message in before}
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
            outbox.write(message_of(digest, inline, channels, silent))
            made.add(days.id)
            if silent:
                print(f"{days.id}: nothing moved, so it isn't sent (KPI_DIGEST_ONLY_MOVED)")
    return made


def _print(
    settings: Settings, wanted: list[str], today: date, form: str, output: Path | None
) -> None:
    from kpi.delivery.outbox import Outbox
    from kpi.digest.pictures import pictures
    from kpi.digest.rendered import as_html, as_json, as_text, within_the_page
    from kpi.numbers.export import write_bytes

    parts, before = [], Outbox(settings).messages()
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


def _shown_last(messages: Sequence[Message], every: str) -> int | None:
    """The publication of the newest digest of a kind; None where there was none."""
    return max((each.publication for each in messages if each.kind == every), default=None)


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
