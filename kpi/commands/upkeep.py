"""Commands that keep a store in order: summaries, expiry, private tags, markers, schema, backups, doctor."""

from __future__ import annotations

import argparse
import json
import sys

from kpi.commands import DONE, REFUSED
from kpi.commands.progress import progress
from kpi.errors import Refused
from kpi.meaning.definitions import PROJECTED_FROM_WEEKS, WEEK
from kpi.settings import Settings
from kpi.text import quantity


def _tidy(settings: Settings, otherwise: str) -> None:
    """Tidy the store; where that is refused, print ``otherwise`` and the reason."""
    from kpi import store

    try:
        store.tidy(settings)
    except Refused as refusal:
        print(f"kpi: {otherwise}: {refusal}", file=sys.stderr)


def _remember_projections(settings: Settings) -> None:
    """Store the goals' projections, once a week; a refusal leaves what was published as it is."""
    from kpi.goals import projected

    try:
        projected.remember(settings)
    except Refused as refusal:
        print(
            f"kpi: published, but projections of goals weren't stored: {refusal}", file=sys.stderr
        )


def run_summarise(settings: Settings, asked: argparse.Namespace) -> None:
    from kpi.numbers.coverage import blank_services_sentence
    from kpi.summary.summarise import summarise

    with progress("Summarising") as step:
        done = summarise(settings, asked.first, asked.last, step)
        if done.days:
            step("tidying")
            _tidy(settings, "published, but not tidied")
            if done.history_days > PROJECTED_FROM_WEEKS * WEEK:
                step("projecting the goals")
                _remember_projections(settings)
    if done.publication_id is None:
        print("nothing changed since the last summary")
    elif done.days == 0 and done.completed:
        days = quantity(done.completed, "day")
        print(f"no day's events changed; {days} became complete, publication {done.publication_id}")
    elif done.days == 0 and (done.followed or done.same_people):
        parts = {
            "growth and retention": done.followed,
            "same-people numbers": done.same_people,
        }
        filled = (f"{part} of {quantity(days, 'day')}" for part, days in parts.items() if days)
        print(
            f"no day's events changed; {' and '.join(filled)} filled, publication {done.publication_id}"
        )
    elif done.days == 0:
        print(f"no day changed; the list of loads is up to date, publication {done.publication_id}")
    else:
        print(
            f"{quantity(done.days, 'changed day')} ({done.first_day} to {done.last_day}) summarised, "
            f"publication {done.publication_id}"
        )
    if done.blank_service:
        print(blank_services_sentence(done.blank_service, settings.sync_services))
    # The last line is for schedulers and their alarms.
    print(
        json.dumps(
            {
                "command": "summarise",
                "days": done.days,
                "first_day": done.first_day and str(done.first_day),
                "last_day": done.last_day and str(done.last_day),
                "publication": done.publication_id,
            }
        )
    )


def run_expire(settings: Settings, asked: argparse.Namespace) -> None:
    from kpi.summary.expire import expire

    gone = expire(settings, asked.keep_days)
    _tidy(settings, "expired, but the server may hold the deleted rows until it is vacuumed")
    print(
        f"{quantity(gone.events, 'event')} expired; events are retained from {gone.first_retained}, days "
        f"from {gone.frozen_before} can still be refilled, and every summary stays"
    )


def run_blank_tags(settings: Settings, asked: argparse.Namespace) -> None:
    from kpi.summary.blank_tags import LOOKS_PRIVATE, blank_tags

    done = blank_tags(settings)
    if not done.values:
        print(f"no stored tags {LOOKS_PRIVATE}; nothing changed")
        return
    _tidy(settings, "blanked, but the server may hold the old rows until it is vacuumed")
    counts = ", ".join(f"{tag} {values}" for tag, values in done.values.items())
    where = (
        f"publication {done.publication_id}" if done.publication_id else "nothing was published yet"
    )
    print(f"values blanked: {counts}; {where}")
    if not settings.database_url:
        print("backups and the publications before this hold them until you delete those files")


def run_annotate(settings: Settings, asked: argparse.Namespace) -> None:
    from kpi.numbers import annotations

    if asked.list or asked.day is None:
        for note in annotations.listed(settings):
            url = f" {note.url}" if note.url else ""
            print(f"{note.marker_id} {note.day} {note.kind}: {note.label}{url}")
        return
    if not asked.label:
        raise Refused("a marker needs a label: python -m kpi annotate DAY LABEL")
    if asked.remove:
        annotations.remove(settings, asked.day, asked.label, asked.who, asked.why)
        print(f"{asked.day} {asked.label!r} withdrawn; the Data page lists who withdrew it and why")
    else:
        note = annotations.Annotation(asked.day, asked.label, asked.kind, asked.url)
        annotations.annotate(settings, [note], asked.who)
        print(f"{asked.day} {asked.label!r} marked")


def run_withdraw(settings: Settings, asked: argparse.Namespace) -> None:
    from kpi.goals import frozen
    from kpi.numbers import annotations, notes, segments

    baselines = {each.baseline_id for each in frozen.frozen_baselines(settings)}
    if asked.id in baselines:
        what = f"the baseline {asked.id}"
    elif asked.id in {each.marker_id for each in annotations.every(settings)}:
        what = f"the marker {asked.id}"
    elif asked.id in {each.segment_id for each in segments.stored(settings)}:
        what = f"the segment {asked.id}"
    else:
        raise Refused(
            f"no frozen baseline, marker or segment has the id {asked.id[:40]!r}; `python -m kpi baselines`, "
            "`python -m kpi segments` and `python -m kpi annotate --list` print ids"
        )
    notes.withdraw(settings, asked.id, asked.who, asked.why)
    print(f"{what} is withdrawn; it stays in the history, with who withdrew it, when and why")


def run_ddl(settings: Settings, asked: argparse.Namespace) -> None:
    from kpi.store import ddl

    if asked.apply:
        done = ddl.apply(settings)
        print(f"{quantity(done, 'statement')} carried out; nothing that existed was changed")
    else:
        print(ddl.printed(settings, asked.dialect), end="")


def run_backup(settings: Settings, asked: argparse.Namespace) -> None:
    from kpi import store

    print(f"backed up into {store.back_up(settings)}; copy it to another machine")


def run_doctor(settings: Settings, asked: argparse.Namespace) -> int:
    from kpi.commands import doctor

    if asked.repair:
        for path in doctor.close(settings):
            print(f"kpi: {path} is private now", file=sys.stderr)
    findings = []
    for finding in doctor.findings(settings):
        findings.append(finding)
        if not asked.json:
            print(f"{'ok  ' if finding.good else 'BAD '} {finding.subject}: {finding.sentence}")
    if asked.json:
        print(json.dumps([vars(finding) for finding in findings], ensure_ascii=False))
    return DONE if all(finding.good for finding in findings) else REFUSED
