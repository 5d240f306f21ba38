"""The command line: `python -m kpi …` (design, section 6)."""

from __future__ import annotations

import argparse
import csv
import json
import logging
import os
import secrets
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from kpi import private
from kpi.commands.arguments import Checked, count, day, positive
from kpi.commands.journal import recorded
from kpi.commands.progress import progress
from kpi.errors import NoData, Refused, Republished
from kpi.meaning.filters import BREAKDOWNS, TAGS
from kpi.meaning.tables import EXPORTED
from kpi.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

    from kpi.events.load import Loaded
    from kpi.numbers.warehouse import Warehouse

DONE, REFUSED = 0, 1
DEMO_FIRST, DEMO_LAST = date(2015, 1, 1), date(2016, 10, 31)
SHOWN = 5
NO_SERVICE = "(none)"
SHOWN_NAMES = 12


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 done, 1 refused with one line on stderr, 2 wrong usage."""
    try:
        asked = _parser().parse_args(arguments)
    except SystemExit as stop:
        return int(stop.code or 0)
    logging.getLogger("sqlalchemy").setLevel(logging.CRITICAL)
    journal = os.environ.get("KPI_LOG_FILE")
    name = asked.command.__name__.strip("_").replace("_", "-")
    with private.umask():
        return recorded(Path(journal) if journal else None, name, lambda: _carried_out(asked))


def _carried_out(asked: argparse.Namespace) -> int:
    try:
        return asked.command(Settings.read(os.environ), asked) or DONE
    except Refused as refusal:
        print(f"kpi: {refusal}", file=sys.stderr)
        return REFUSED
    except BrokenPipeError:
        sys.stderr.close()  # whoever read the output has gone
        return REFUSED
    except KeyboardInterrupt:
        print("kpi: stopped; what was under way left nothing behind", file=sys.stderr)
        return REFUSED


def _load(settings: Settings, asked: argparse.Namespace) -> int:
    from kpi.events import load
    from kpi.events.folder import event_files
    from kpi.events.layouts import NoEvents

    loads: list[load.Loaded] = []
    refused = passed_over = 0
    options = load.Options(asked.format, asked.ids_hashed, asked.replace, asked.time_unit)
    with progress("Loading", len(event_files(asked.files)[0])) as step:

        def report(loaded: load.Loaded) -> None:
            step(loaded.source)
            loads.append(loaded)
            if asked.replace and loaded.status == "loaded" and not loaded.replaced:
                print(
                    f"{loaded.source}: no load went by that name; nothing was replaced",
                    file=sys.stderr,
                )
            _report_rows(loaded)

        for refusal in load.load_files(settings, asked.files, options, report):
            print(f"kpi: {refusal}", file=sys.stderr)
            if isinstance(refusal, NoEvents):
                passed_over += 1
            else:
                refused += 1
    for line in _load_summary(loads, refused, passed_over):
        print(line)
    blank = sum(loaded.blank_sequences for loaded in loads)
    if blank and NO_SERVICE not in settings.sync_services:
        from kpi.numbers.coverage import blank_services_sentence

        print(blank_services_sentence(blank, settings.sync_services))
    return REFUSED if refused or not loads else DONE


def _load_summary(loads: list[Loaded], refused: int, passed_over: int) -> Iterator[str]:
    """The files of a load in a line, and in a second what the files lack or hold beside."""
    new = [loaded for loaded in loads if loaded.status == "loaded"]
    events = sum(loaded.rows_kept for loaded in new)
    rejected = sum(loaded.rows_rejected for loaded in new)
    line = f"{len(new)} files loaded, {len(loads) - len(new)} already there, {refused} refused"
    if passed_over:
        line += f", {passed_over} passed over"
    line += f": {events} events, {rejected} rows rejected"
    shares = [
        (name, sum(getattr(loaded, f"rows_with_{part}") for loaded in new))
        for name, part in (("a user", "uid"), ("a device", "device"), ("a sequence", "sequence"))
    ]
    if events:
        line += "; " + ", ".join(f"{100 * n / events:.0f}% with {name}" for name, n in shares)
    yield line
    parts = []
    lines = sum(loaded.lines_passed_over for loaded in new)
    if lines:
        parts.append(f"lines that are no events: {lines}")
    for words, part in (
        ("not in the files", "missing"),
        ("not read", "ignored"),
        ("read", "synonyms"),
    ):
        files = Counter(name for loaded in new for name in getattr(loaded, part))
        named = [
            name if count == len(new) else f"{name} ({count} of {len(new)} files)"
            for name, count in files.most_common(SHOWN_NAMES)
        ]
        if len(files) > SHOWN_NAMES:
            named.append(f"and {len(files) - SHOWN_NAMES} more")
        if named:
            parts.append(f"{words}: {', '.join(named)}")
    if parts:
        yield "; ".join(parts)


def _report_rows(loaded: Loaded) -> None:
    """Rejected, changed and doubtful rows of a file, the first of each, on the standard error."""
    notes = [(fault, "row rejected") for fault in loaded.faults[:SHOWN]]
    notes += [(doubt, "row kept") for doubt in loaded.doubts[:SHOWN]]
    for fault, outcome in notes:
        print(f"{loaded.source}: line {fault.line}: {fault}; {outcome}", file=sys.stderr)
    for words, (rows, line) in loaded.changes.items():
        more = f", and in {rows - 1} more rows" if rows > 1 else ""
        print(f"{loaded.source}: line {line}{more}: {words}; row kept", file=sys.stderr)
    if loaded.rows_rejected > SHOWN:
        print(f"{loaded.source}: {loaded.rows_rejected} rows rejected in all", file=sys.stderr)
    if loaded.unknown_types:
        names = ", ".join(repr(name) for name in list(loaded.unknown_types)[:SHOWN])
        print(
            f"{loaded.source}: types beyond the specification's, counted as activity: {names}",
            file=sys.stderr,
        )


def _unload(settings: Settings, asked: argparse.Namespace) -> None:
    from kpi.events import load

    sources = list(dict.fromkeys(asked.sources))
    for source, events in zip(sources, load.unload(settings, sources), strict=True):
        print(f"{source}: {events} events removed; now run: python -m kpi summarise")


def _loads(settings: Settings, asked: argparse.Namespace) -> None:
    from kpi.events import load

    entries = load.loads(settings)
    columns = "source format rows_read rows_kept rows_rejected status loaded_at".split()
    listed = csv.writer(sys.stdout, lineterminator="\n")
    listed.writerow(columns)
    for entry in entries:
        entry["loaded_at"] = f"{entry['loaded_at']:%Y-%m-%dT%H:%M:%SZ}"
        listed.writerow([entry[column] for column in columns])


def _load_firefox(settings: Settings, asked: argparse.Namespace) -> None:
    from kpi.events.firefox import load_firefox

    given = load_firefox(settings, asked.file, asked.replace)
    print(f"{given.rows} figures read, {given.changed} of them new or corrected")


def _summarise(settings: Settings, asked: argparse.Namespace) -> None:
    from kpi import store
    from kpi.numbers.coverage import blank_services_sentence
    from kpi.summary.summarise import summarise

    with progress("Summarising") as step:
        done = summarise(settings, asked.first, asked.last, step)
        if done.days:
            step("tidying")
            try:
                store.tidy(settings)
            except Refused as refusal:
                print(f"kpi: published, but not tidied: {refusal}", file=sys.stderr)
    if done.publication_id is None:
        print("nothing changed since the last summary")
    elif done.days == 0 and done.completed:
        days = "1 day" if done.completed == 1 else f"{done.completed} days"
        print(f"no day's events changed; {days} became complete, publication {done.publication_id}")
    elif done.days == 0:
        print(f"no day changed; the list of loads is up to date, publication {done.publication_id}")
    else:
        print(
            f"{done.days} changed days ({done.first_day} to {done.last_day}) summarised, "
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


def _export(settings: Settings, asked: argparse.Namespace) -> None:
    from kpi.goals.command import goal_table
    from kpi.meaning.definitions import ATTEMPT_WINDOW
    from kpi.meaning.filters import Filters, Period
    from kpi.meaning.question import Options, Question
    from kpi.numbers import coverage, export
    from kpi.numbers.warehouse import open_warehouse

    period = Period(asked.first, asked.last)
    filters = Filters(
        **{name: tuple(getattr(asked, name) or ()) for tag in TAGS for name in (tag, f"not_{tag}")},
        users=asked.users,
        devices=asked.devices,
    )

    if filters.subtracts and not settings.exclusions:
        raise Refused(
            "this store is closed to exclusions and to several values of one tag (KPI_EXCLUSIONS=0), "
            "since small groups come out by subtraction; give one value per tag"
        )
    if asked.by and not settings.breakdowns:
        raise Refused(
            "this store is closed to breakdowns (KPI_BREAKDOWNS=0); narrow the table to one value instead"
        )

    def frame() -> pd.DataFrame:
        warehouse = open_warehouse(settings)
        try:
            return measured(warehouse)
        finally:
            warehouse.close()

    def measured(warehouse: Warehouse) -> pd.DataFrame:
        if not asked.allow_unknown and not filters.empty:
            unknown = filters.unknown_values(warehouse.known_values())
            if unknown:
                raise Refused(unknown)
        min_users = settings.min_users if asked.min_users is None else asked.min_users
        if asked.metric == "goals":
            return goal_table(
                settings,
                warehouse,
                filters,
                min_users,
                as_of=asked.as_of,
                days=(asked.baseline_from, asked.baseline_to),
                baseline=asked.baseline,
                incomplete=asked.include_incomplete,
            )
        why = coverage.why_absent(
            warehouse, asked.metric, filters, period, asked.window or ATTEMPT_WINDOW
        )
        if why:
            print(why, file=sys.stderr)
        options = Options(asked.weekly, asked.include_incomplete, asked.window)
        question = Question(asked.metric, filters, period, asked.by, options, min_users)
        return warehouse.ask(question).table

    try:
        table = frame()
    except Republished:
        table = frame()  # a summary was published meanwhile; the new numbers, all of them
    export.write(table, asked.form, asked.output)


def _baselines(settings: Settings, asked: argparse.Namespace) -> None:
    from kpi.goals.command import frozen_table
    from kpi.numbers import export

    export.write(frozen_table(settings), asked.form, asked.output)


def _demo(settings: Settings, asked: argparse.Namespace) -> None:
    from dataclasses import replace

    from kpi import store
    from kpi.demo import FIREFOX_FILE, markers, write_files
    from kpi.events import load, simulated
    from kpi.events.firefox import load_firefox
    from kpi.events.layouts import NoEvents
    from kpi.numbers import annotations
    from kpi.settings import demo_folder, demo_key_file
    from kpi.summary.summarise import summarise

    if asked.last < asked.first:
        raise Refused(f"the demo would end ({asked.last}) before it begins ({asked.first})")
    simulated.mark(settings)
    if settings.hmac_key is None:
        with store.storage_faults(settings):
            settings.home.mkdir(parents=True, exist_ok=True)
            demo_key_file(settings.home).touch(mode=0o600)
            demo_key_file(settings.home).write_text(secrets.token_hex(32))
        settings = replace(settings, hmac_key=demo_key_file(settings.home).read_bytes())
    folder = demo_folder(settings.home)
    with progress("Building the demo") as step, store.storage_faults(settings):
        step("simulating events")
        files = write_files(folder, asked.users, asked.first, asked.last, asked.seed)
        done = 0

        def report(loaded: load.Loaded) -> None:
            nonlocal done
            done += 1
            step(f"loading {done} of {len(files)} files")

        for refusal in load.load_files(settings, [folder], report=report):
            if isinstance(refusal, NoEvents):
                continue  # Firefox's figures lie beside the events
            raise Refused(f"{refusal}. To build another demo, set KPI_HOME to a new folder")
        summarise(settings, tell=step)
        load_firefox(settings, folder / FIREFOX_FILE)
        annotations.annotate(settings, markers(asked.first, asked.last))
    print(
        f"demo (simulated data) of {asked.users} users, {asked.first} to {asked.last}, in "
        f"{store.place(settings)}; event files in {folder}"
    )


def _expire(settings: Settings, asked: argparse.Namespace) -> None:
    from kpi import store
    from kpi.summary.expire import expire

    gone = expire(settings, asked.keep_days)
    try:
        store.tidy(settings)
    except Refused as refusal:
        print(
            f"kpi: expired, but the server may hold the deleted rows until it is vacuumed: {refusal}",
            file=sys.stderr,
        )
    print(
        f"{gone.events} events expired; events are kept from {gone.first_kept}, days from "
        f"{gone.frozen_before} can still be refilled, and every summary stays"
    )


def _blank_tags(settings: Settings, asked: argparse.Namespace) -> None:
    from kpi import store
    from kpi.summary.blank_tags import LOOKS_PRIVATE, blank_tags

    done = blank_tags(settings)
    if not done.values:
        print(f"no stored tags {LOOKS_PRIVATE}; nothing changed")
        return
    try:
        store.tidy(settings)
    except Refused as refusal:
        print(
            f"kpi: blanked, but the server may hold the old rows until it is vacuumed: {refusal}",
            file=sys.stderr,
        )
    counts = ", ".join(f"{tag} {values}" for tag, values in done.values.items())
    where = (
        f"publication {done.publication_id}" if done.publication_id else "nothing was published yet"
    )
    print(f"values blanked: {counts}; {where}")
    if not settings.database_url:
        print("backups and the publications before this hold them until you delete those files")


def _ready(settings: Settings, asked: argparse.Namespace) -> None:
    """Say who will be answered; build the demo where nothing is configured and none was made yet."""
    from kpi import access, store

    print(access.answered(settings))
    if settings.database_url:
        return  # the pages say what is the matter with it
    try:
        store.publication_key(settings)
        return
    except NoData:
        pass
    if os.environ.get("KPI_HOME") or store.has_events(settings):
        return  # the pages say what to load
    print("No store is configured (KPI_HOME): building a demo of simulated data in data/ ...")
    main(["demo"])


def _annotate(settings: Settings, asked: argparse.Namespace) -> None:
    from kpi.numbers import annotations

    if asked.list or asked.day is None:
        for note in annotations.standing(settings):
            print(f"{note.day} {note.kind}: {note.label}{' ' + note.url if note.url else ''}")
        return
    if not asked.label:
        raise Refused("a marker needs a label: python -m kpi annotate DAY LABEL")
    note = annotations.Annotation(asked.day, asked.label, asked.kind, asked.url)
    if asked.remove:
        annotations.remove(settings, note)
        print(f"{asked.day} {asked.label!r} removed")
    else:
        annotations.annotate(settings, [note])
        print(f"{asked.day} {asked.label!r} marked")


def _ddl(settings: Settings, asked: argparse.Namespace) -> None:
    from kpi.store import ddl

    if asked.apply:
        print(f"{ddl.apply(settings)} statements carried out; nothing that stood was changed")
    else:
        print(ddl.printed(settings, asked.dialect), end="")


def _backup(settings: Settings, asked: argparse.Namespace) -> None:
    from kpi import store

    print(f"backed up into {store.back_up(settings)}; copy it to another machine")


def _doctor(settings: Settings, asked: argparse.Namespace) -> int:
    from kpi.commands import doctor

    if asked.repair:
        for path in doctor.close(settings):
            print(f"kpi: {path} is private now", file=sys.stderr)
    found = []
    for finding in doctor.findings(settings):
        found.append(finding)
        if not asked.json:
            print(f"{'ok  ' if finding.good else 'BAD '} {finding.subject}: {finding.sentence}")
    if asked.json:
        print(json.dumps([vars(finding) for finding in found], ensure_ascii=False))
    return DONE if all(finding.good for finding in found) else REFUSED


def _parser() -> Checked:
    parser = argparse.ArgumentParser(
        prog="python -m kpi",
        description="Exact KPIs of Firefox Accounts, from event files to pages.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[..., int | None], text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text)
        made.set_defaults(command=run)
        return made

    load = command("load", _load, "read event files or folders into the store")
    load.add_argument("files", nargs="+", type=Path, metavar="FILE")
    load.add_argument("--format", choices=["auto", "events", "activity", "flow"], default="auto")
    load.add_argument(
        "--time-unit",
        choices=["seconds", "milliseconds", "microseconds", "nanoseconds"],
        help="of times that are numbers, where it isn't the format's own",
    )
    load.add_argument("--ids-hashed", action="store_true", help="user ids are HMACed already")
    load.add_argument("--replace", action="store_true", help="swap a corrected file in")

    unload = command("unload", _unload, "remove exactly what a load brought")
    unload.add_argument("sources", nargs="+", metavar="SOURCE", help="as `loads` names it")

    command("loads", _loads, "list what was loaded")

    firefox = command("load-firefox", _load_firefox, "read Firefox's figures: day,product,dau,mau")
    firefox.add_argument("file", type=Path, metavar="FILE")
    firefox.add_argument("--replace", action="store_true", help="correct figures that stand")

    summarise = command("summarise", _summarise, "fill the KPI tables for whatever changed")
    _add_period(summarise)

    export = command("export", _export, "print one metric's table")
    export.add_argument(
        "metric",
        choices=[*EXPORTED, "goals"],
    )
    _add_period(export)
    for tag in TAGS:
        export.add_argument(f"--{tag}", action="append", metavar="VALUE")
        export.add_argument(f"--not-{tag}", action="append", metavar="VALUE")
    export.add_argument("--users", choices=["new", "existing"])
    export.add_argument("--devices", choices=["single", "multi"], help="attempts only")
    export.add_argument("--by", choices=BREAKDOWNS)
    export.add_argument("--window", type=int, choices=[3, 5, 7, 14], help="multi-device only")
    export.add_argument("--as-of", type=day, metavar="DAY", help="goals only")
    export.add_argument("--baseline-from", type=day, metavar="DAY", help="goals only")
    export.add_argument("--baseline-to", type=day, metavar="DAY", help="goals only")
    export.add_argument("--baseline", metavar="ID", help="goals only: a frozen one")
    export.add_argument("--min-users", type=count, metavar="N", help="0 shows every cell")
    export.add_argument("--allow-unknown", action="store_true", help="values the data don't have")
    export.add_argument("--include-incomplete", action="store_true", help="days not yet complete")
    export.add_argument("--weekly", action="store_true", help="whole weeks, under their Sunday")
    _add_output(export)

    _add_output(command("baselines", _baselines, "list frozen baselines beside today's values"))

    expire = command("expire", _expire, "delete raw events past retention")
    expire.add_argument("--keep-days", type=count, required=True, metavar="N")

    command(
        "blank-tags", _blank_tags, "blank stored tags that look like ids, mail addresses or tokens"
    )

    demo = command("demo", _demo, "simulate events into files, load and summarise them")
    demo.add_argument("--users", type=positive, default=20_000, metavar="N")
    _add_period(demo, DEMO_FIRST, DEMO_LAST)
    demo.add_argument("--seed", type=count, default=1, metavar="N")

    command("ready", _ready, "build the demo if nothing is configured; what `make run` calls first")

    annotate = command("annotate", _annotate, "mark a day on every chart, list or remove marks")
    annotate.add_argument("day", nargs="?", type=day, metavar="DAY")
    annotate.add_argument("label", nargs="?", metavar="LABEL")
    annotate.add_argument("--kind", choices=["release", "incident", "holiday"], default="release")
    annotate.add_argument("--url")
    annotate.add_argument("--list", action="store_true")
    annotate.add_argument("--remove", action="store_true")

    ddl = command("ddl", _ddl, "print what a server needs once, or carry it out")
    ddl.add_argument("--dialect", choices=["redshift", "postgresql"], default="redshift")
    ddl.add_argument("--apply", action="store_true", help="on the configured database")

    command("backup", _backup, "copy the whole store into its backups folder")

    doctor = command("doctor", _doctor, "check settings, secrets, store, freshness and integrity")
    doctor.add_argument("--json", action="store_true", help="one list of findings, for alerts")
    doctor.add_argument(
        "--repair", action="store_true", help="first close what others may read of the store"
    )
    return Checked(parser)


def _add_period(
    command: argparse.ArgumentParser, first: date | None = None, last: date | None = None
) -> None:
    command.add_argument("--from", dest="first", type=day, metavar="DAY", default=first)
    command.add_argument("--to", dest="last", type=day, metavar="DAY", default=last)


def _add_output(command: argparse.ArgumentParser) -> None:
    command.add_argument("--format", dest="form", choices=["csv", "json", "parquet"], default="csv")
    command.add_argument("-o", "--output", type=Path, metavar="FILE")
