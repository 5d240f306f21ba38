"""The command line: `python -m kpi …` (design, section 6)."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path

from kpi import private
from kpi.commands import DONE, REFUSED, alerting, digesting, exporting, loading, simulating, upkeep
from kpi.commands.arguments import checked, count, day, positive
from kpi.commands.digesting import FORMS
from kpi.commands.journal import recorded
from kpi.digest.span import EVERY, MONTHLY
from kpi.errors import Refused
from kpi.meaning.filters import ATTEMPT_BREAKDOWNS, ATTEMPT_TAGS, FILTER_TAGS
from kpi.meaning.tables import EXPORTED, MOVED
from kpi.settings import Settings


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 done, 1 refused with one line on stderr, 2 wrong usage."""
    try:
        asked = checked(_parser(), arguments)
    except SystemExit as stop:
        return int(stop.code or 0)
    logging.getLogger("sqlalchemy").setLevel(logging.CRITICAL)
    journal = os.environ.get("KPI_LOG_FILE")
    with private.umask():
        return recorded(Path(journal) if journal else None, asked.name, lambda: _carried_out(asked))


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


@cache
def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m kpi",
        description="Exact KPIs of Firefox Accounts, from event files to pages.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[..., int | None], text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text)
        made.set_defaults(command=run, name=name)
        return made

    load = command("load", loading.run_load, "read event files or folders into the store")
    load.add_argument("files", nargs="+", type=Path, metavar="FILE")
    load.add_argument("--format", choices=["auto", "events", "activity", "flow"], default="auto")
    load.add_argument(
        "--time-unit",
        choices=["seconds", "milliseconds", "microseconds", "nanoseconds"],
        help="of times that are numbers, where it isn't the format's own",
    )
    load.add_argument("--ids-hashed", action="store_true", help="user ids are HMACed already")
    load.add_argument("--replace", action="store_true", help="swap a corrected file in")

    unload = command("unload", loading.run_unload, "remove exactly what a load brought")
    unload.add_argument("sources", nargs="+", metavar="SOURCE", help="as `loads` names it")

    command("loads", loading.run_loads, "list what was loaded")

    firefox = command(
        "load-firefox", loading.run_load_firefox, "read Firefox's figures: day,product,dau,mau"
    )
    firefox.add_argument("file", type=Path, metavar="FILE")
    firefox.add_argument("--replace", action="store_true", help="correct stored figures")

    summarise = command(
        "summarise", upkeep.run_summarise, "fill the KPI tables for the days that changed"
    )
    _add_period(summarise)

    export = command("export", exporting.run_export, "print one metric's table")
    export.add_argument("metric", choices=[*EXPORTED, "goals", "projections", "revisions"])
    export.add_argument("measure", nargs="?", choices=MOVED, help="moved only")
    _add_period(export)
    export.add_argument("--days", type=positive, metavar="N", help="moved only: of each period")
    for tag in FILTER_TAGS:
        whose = "attempts only" if tag in ATTEMPT_TAGS else None
        export.add_argument(f"--{tag}", action="append", metavar="VALUE", help=whose)
        export.add_argument(f"--not-{tag}", action="append", metavar="VALUE", help=whose)
    export.add_argument("--segment", metavar="NAME", help="saved filters, in place of others")
    export.add_argument("--users", choices=["new", "existing"])
    export.add_argument("--devices", choices=["single", "multi"], help="attempts only")
    export.add_argument(
        "--by", choices=ATTEMPT_BREAKDOWNS, help="a column more; some tags of attempts only"
    )
    export.add_argument("--window", type=int, choices=[3, 5, 7, 14], help="multi-device only")
    export.add_argument("--as-of", type=day, metavar="DAY", help="goals only")
    export.add_argument("--baseline-from", type=day, metavar="DAY", help="goals only")
    export.add_argument("--baseline-to", type=day, metavar="DAY", help="goals only")
    export.add_argument("--baseline", metavar="ID", help="goals only: a frozen baseline")
    export.add_argument("--min-users", type=count, metavar="N", help="0 shows every cell")
    export.add_argument("--allow-unknown", action="store_true", help="values the data don't have")
    export.add_argument("--include-incomplete", action="store_true", help="days not yet complete")
    export.add_argument(
        "--bands", action="store_true", help="95%% intervals of ratios, shares, times"
    )
    export.add_argument(
        "--plain", action="store_true", help="goals: verdicts by the gap's sign alone"
    )
    export.add_argument("--weekly", action="store_true", help="whole weeks, under their Sunday")
    export.add_argument(
        "--total", action="store_true", help="growth only: flows of all days added up"
    )
    export.add_argument(
        "--published-by", type=day, metavar="DAY", help="as readers had it at the end of a UTC day"
    )
    export.add_argument("--publication", type=positive, metavar="N", help="as publication N had it")
    export.add_argument(
        "--since", type=day, metavar="DAY", help="revisions only: since the end of a UTC day"
    )
    _add_output(export)

    _add_output(
        command(
            "publications", exporting.run_publications, "list the publications that can be shown"
        )
    )

    _add_output(
        command("baselines", exporting.run_baselines, "list frozen baselines beside today's values")
    )

    _add_output(
        command("segments", exporting.run_segments, "list segments by name, withdrawn ones too")
    )

    alerts = command(
        "alerts", alerting.run_alerts, "list what is out of the usual by kpi/alerts.toml, and was"
    )
    said = alerts.add_mutually_exclusive_group()
    said.add_argument("--json", action="store_true", help="a list of stories, the newest first")
    said.add_argument(
        "--report", action="store_true", help="send each beginning and each end once, then no more"
    )
    said.add_argument(
        "--dry-run",
        action="store_true",
        help="print what --report would send; send and note nothing",
    )

    expire = command("expire", upkeep.run_expire, "delete raw events past retention")
    expire.add_argument("--keep-days", type=count, required=True, metavar="N")

    command(
        "blank-tags",
        upkeep.run_blank_tags,
        "blank stored tags that look like ids, mail addresses or tokens",
    )

    demo = command(
        "demo", simulating.run_demo, "simulate events into files, load and summarise them"
    )
    demo.add_argument("--users", type=positive, default=simulating.USERS, metavar="N")
    _add_period(demo, simulating.FIRST, simulating.LAST)
    demo.add_argument("--seed", type=count, default=simulating.SEED, metavar="N")

    command(
        "ready",
        simulating.run_ready,
        "build the demo if nothing is configured; what `make run` calls first",
    )

    annotate = command(
        "annotate", upkeep.run_annotate, "mark a day on every chart, list or remove marks"
    )
    annotate.add_argument("day", nargs="?", type=day, metavar="DAY")
    annotate.add_argument("label", nargs="?", metavar="LABEL")
    annotate.add_argument("--kind", choices=["release", "incident", "holiday"], default="release")
    annotate.add_argument("--url")
    annotate.add_argument("--who", default="an operator", metavar="NAME")
    annotate.add_argument("--list", action="store_true")
    annotate.add_argument("--remove", action="store_true", help="withdraw the mark")
    annotate.add_argument("--why", default="", metavar="REASON", help="of a removal")

    withdraw = command(
        "withdraw",
        upkeep.run_withdraw,
        "withdraw a frozen baseline, a marker or a segment, for everyone",
    )
    withdraw.add_argument(
        "id", metavar="ID", help="as `baselines`, `segments` and `annotate --list` print it"
    )
    withdraw.add_argument("--who", required=True, metavar="NAME")
    withdraw.add_argument("--why", required=True, metavar="REASON")

    digest = command(
        "digest", digesting.run_digest, "send what a week brought by mail and to chats, or print it"
    )
    digest.add_argument(
        "--every", action="append", choices=EVERY, help="a week unless given; both may be"
    )
    digest.add_argument("--monthly", dest="every", action="append_const", const=MONTHLY)
    digest.add_argument("--dry-run", action="store_true", help="print it and send nothing")
    digest.add_argument(
        "--format", dest="form", choices=FORMS, help="with --dry-run; text unless given"
    )
    digest.add_argument("-o", "--output", type=Path, metavar="FILE", help="with --dry-run")

    ddl = command("ddl", upkeep.run_ddl, "print what a server needs once, or carry it out")
    ddl.add_argument("--dialect", choices=["redshift", "postgresql"], default="redshift")
    ddl.add_argument("--apply", action="store_true", help="on the configured database")

    command("backup", upkeep.run_backup, "copy the whole store into its backups folder")

    doctor = command(
        "doctor", upkeep.run_doctor, "check settings, secrets, store, freshness and integrity"
    )
    doctor.add_argument("--json", action="store_true", help="one list of findings, for alerts")
    doctor.add_argument(
        "--repair", action="store_true", help="first close what others may read of the store"
    )
    return parser


def _add_period(
    command: argparse.ArgumentParser, first: date | None = None, last: date | None = None
) -> None:
    command.add_argument("--from", dest="first", type=day, metavar="DAY", default=first)
    command.add_argument("--to", dest="last", type=day, metavar="DAY", default=last)


def _add_output(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--format", dest="form", choices=["csv", "json", "parquet", "arrow"], default="csv"
    )
    command.add_argument("-o", "--output", type=Path, metavar="FILE")
