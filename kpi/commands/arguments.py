"""Checks of a command's arguments: days, counts, and the rules that hold between options."""

from __future__ import annotations

import argparse
from datetime import UTC, date, datetime

from kpi.meaning.definitions import MONTH
from kpi.meaning.filters import ATTEMPT_TAGS, FILTER_TAGS, TAGS, YEARS
from kpi.meaning.tables import EXPORTED, MOVED, TABLES

LISTS = ("revisions", "projections")
"""Exports over all publications, of no filter."""


def checked(parser: argparse.ArgumentParser, arguments: list[str] | None) -> argparse.Namespace:
    """The arguments; ends the program with the usage where they don't go together."""
    asked = parser.parse_args(arguments)
    if asked.name == "digest" and not asked.dry_run and (asked.form or asked.output):
        parser.error("--format and --output go with --dry-run: what is sent has every form")
    metric = getattr(asked, "metric", None)
    if metric is None:
        return asked
    if asked.since and metric != "revisions":
        parser.error("--since goes with revisions only")
    if metric in LISTS:
        _check_list(parser, asked)
        return asked
    if metric not in TABLES or not TABLES[metric].of_attempts:
        _refuse_attempt_filters(parser, asked, metric)
    of_devices = metric == "multi-device" or asked.measure == "multi-device-percent"
    if asked.window and not of_devices:
        parser.error("--window goes with multi-device only")
    if asked.bands and (metric not in TABLES or not TABLES[metric].accepts("bands")):
        names = ", ".join(name for name, table in TABLES.items() if table.accepts("bands"))
        parser.error(f"--bands goes with {names} only")
    if asked.total and (metric not in TABLES or not TABLES[metric].accepts("total")):
        parser.error("--total goes with growth only")
    if asked.total and asked.weekly:
        parser.error("--total and --weekly are two ways to add up; give one of them")
    asked.window = asked.window or 5
    _check_moved(parser, asked)
    of_goals = [
        name
        for name in ("as_of", "baseline_from", "baseline_to", "baseline", "plain")
        if getattr(asked, name)
    ]
    if of_goals and metric != "goals":
        parser.error(f"--{of_goals[0].replace('_', '-')} goes with goals only")
    if asked.published_by and asked.publication:
        parser.error("--published-by and --publication name a publication each; give one of them")
    if asked.baseline and (asked.baseline_from or asked.baseline_to):
        parser.error("--baseline has its own period; leave out the days")
    not_of_goals = [name for name in ("first", "last", "by", "weekly") if getattr(asked, name)]
    if not_of_goals and metric == "goals":
        parser.error("goals have no period, weeks or breakdown; --as-of gives the day to score")
    if asked.segment is not None:
        _check_segment(parser, asked, metric)
    narrowing = (*TAGS, *(f"not_{tag}" for tag in TAGS), "users", "by")
    narrowed = [name for name in narrowing if getattr(asked, name)]
    if metric == "firefox" and narrowed:
        option = narrowed[0].replace("_", "-")
        parser.error(f"--{option} can't be applied: Firefox's figures carry no tags")
    return asked


def _check_segment(parser: argparse.ArgumentParser, asked: argparse.Namespace, metric: str) -> None:
    names = [name for tag in FILTER_TAGS for name in (tag, f"not_{tag}")]
    beside = [name for name in (*names, "users", "devices") if getattr(asked, name)]
    if beside:
        option = beside[0].replace("_", "-")
        parser.error(f"--segment has its own filters; leave out --{option}")
    if metric == "firefox":
        parser.error("--segment can't be applied: Firefox's figures carry no tags")


def _check_list(parser: argparse.ArgumentParser, asked: argparse.Namespace) -> None:
    """Ends the program where revisions lack where they begin, or a list has what only tables of days have."""
    starts = [name for name in ("since", "publication", "baseline") if getattr(asked, name)]
    if asked.metric == "revisions" and len(starts) != 1:
        parser.error("revisions need one of --since DAY, --publication N and --baseline ID")
    if asked.metric == "projections" and starts:
        parser.error("projections are listed from the first on")
    of_tables = (
        "measure",
        "segment",
        "first",
        "last",
        "by",
        "weekly",
        "published_by",
        "users",
        "devices",
    )
    tags = [name for tag in (*TAGS, *ATTEMPT_TAGS) for name in (tag, f"not_{tag}")]
    given = [name for name in (*of_tables, *tags) if getattr(asked, name)]
    if given:
        parser.error(
            f"{asked.metric} are of all users and attempts, over all days: no filter, days or breakdown"
        )


def _refuse_attempt_filters(
    parser: argparse.ArgumentParser, asked: argparse.Namespace, metric: str
) -> None:
    if asked.devices:
        parser.error(f"--devices goes with attempts only; {metric} has single and multi beside all")
    options = {
        f"--{name.replace('_', '-')}": getattr(asked, name)
        for tag in ATTEMPT_TAGS
        for name in (tag, f"not_{tag}")
    }
    options[f"--by {asked.by}"] = asked.by in ATTEMPT_TAGS
    for option in filter(options.get, options):
        attempts = ", ".join(name for name in EXPORTED if TABLES[name].of_attempts)
        parser.error(f"{option} goes with attempts only: {attempts}")


def _check_moved(parser: argparse.ArgumentParser, asked: argparse.Namespace) -> None:
    """Ends the program where a change lacks its measure, days or tag, or other tables have them."""
    if asked.metric == "moved":
        if not asked.measure:
            parser.error(f"moved needs a measure: {', '.join(MOVED)}")
        if not (asked.first and asked.last and asked.by):
            parser.error("moved needs --from and --to, the last days of two periods, and --by")
        if asked.weekly:
            parser.error("moved has no weeks; --days gives the days of each period")
    elif asked.measure or asked.days:
        parser.error(f"{'a measure' if asked.measure else '--days'} goes with moved only")
    asked.measure, asked.days = asked.measure or MOVED[0], asked.days or MONTH


def day(text: str) -> date:
    """A UTC day written as 2016-01-31."""
    try:
        known = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day like 2016-01-31") from None
    if known.year not in YEARS:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no day of the years {YEARS[0]} to {YEARS[-1]}"
        )
    return known


def count(text: str) -> int:
    """A whole number of 0 or more."""
    try:
        number = int(text)
    except ValueError:
        number = -1
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of 0 or more")
    return number


def positive(text: str) -> int:
    """A whole number of 1 or more."""
    number = count(text)
    if number == 0:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number
