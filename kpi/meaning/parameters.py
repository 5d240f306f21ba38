"""The parameters of a link that asks for a table, named as the options of `export`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from kpi.errors import Refused
from kpi.meaning.filters import ATTEMPT_TAGS, FILTER_TAGS, TAG_NAMES, TAGS, YEARS, Filters, Period
from kpi.meaning.question import LEAST_SHOWN, Options, Question
from kpi.meaning.tables import EXPORTED, MOVED, TABLES

GOALS = "goals"
"""The table of the goals' scores, which has parameters of its own."""

SEGMENT = "segment"
"""The parameter that names saved filters."""

NAMES = (*EXPORTED, GOALS)
"""Every table that a link may ask for: those of `export`."""

LONGEST_SHOWN = 60
FLAG = {"1": True, "true": True, "": True, "0": False, "false": False}


@dataclass(frozen=True)
class Parameter:
    """A parameter: its name, its meaning in words, and what its value may be.

    ``kind`` is 'text', 'day', 'count' or 'flag'; ``values`` are all that it may be, where there is a list.
    ``several`` is True where a link may give it more than once. A link has to give what is ``required``.
    """

    name: str
    words: str
    kind: str = "text"
    values: tuple[str, ...] = ()
    several: bool = False
    required: bool = False

    def read(self, text: str) -> Any:
        """The value of a text; raises Refused where it can't be."""
        if self.values and text not in self.values:
            raise Refused(f"{self.name} must be one of {', '.join(self.values)}, not {_cut(text)}")
        if self.kind == "flag":
            if text.lower() not in FLAG:
                raise Refused(f"{self.name} must be 1 or 0, not {_cut(text)}")
            return FLAG[text.lower()]
        if self.kind == "count":
            if not re.fullmatch(r"[1-9][0-9]{0,4}", text):
                raise Refused(f"{self.name} must be a whole number from 1, not {_cut(text)}")
            return int(text)
        if self.kind == "day":
            return _day(self.name, text)
        return text


def parameters(table: str) -> dict[str, Parameter]:
    """The parameters of a table, by name."""
    every = _of_goals() if table == GOALS else _of_table(table)
    return {each.name: each for each in every}


def given(
    known: Mapping[str, Parameter], pairs: Iterable[tuple[str, str]], whose: str
) -> dict[str, Any]:
    """The values of a link's names and texts; lists where a parameter may be given more than once.

    A name may have _ in place of -. Raises Refused for the first that ``known`` doesn't have, for a second
    value and for a missing one; ``whose`` is the name of the table or chart in the sentence.
    """
    values: dict[str, Any] = {}
    for given_name, text in pairs:
        name = given_name if given_name in known else given_name.replace("_", "-")
        parameter = known.get(name)
        if parameter is None:
            raise Refused(
                f"{_cut(given_name)} is no parameter of {whose}; it has {', '.join(known) or 'none'}"
            )
        value = parameter.read(text)
        if parameter.several:
            values.setdefault(name, []).append(value)
        elif name in values:
            raise Refused(f"{name} may be given once only")
        else:
            values[name] = value
    for parameter in known.values():
        if parameter.required and parameter.name not in values:
            raise Refused(f"{whose} needs {parameter.name}: {parameter.words}")
    return values


def filters(values: Mapping[str, Any]) -> Filters:
    """The filters among a link's values."""
    tags = {
        name: tuple(values.get(name.replace("_", "-"), ()))
        for tag in FILTER_TAGS
        for name in (tag, f"not_{tag}")
    }
    return Filters(**tags, users=values.get("users"), devices=values.get("devices"))


def question(
    table: str,
    values: Mapping[str, Any],
    picked: Filters | None = None,
    least_shown: int = LEAST_SHOWN,
) -> Question:
    """The question of a link's values; raises Refused for values that don't go together.

    ``picked`` are filters in place of those among the values.
    """
    if values.get("weekly") and values.get("total"):
        raise Refused("total and weekly are two ways to add up; give one of them")
    if "window" in values and values.get("measure", "multi-device-percent") != MOVED[1]:
        raise Refused(f"window goes with {MOVED[1]} only")
    options = {
        "weekly": values.get("weekly", False),
        "incomplete": values.get("include-incomplete", False),
        "window": int(values.get("window", Options.window)),
        **{name: values[name] for name in ("bands", "total", "measure", "days") if name in values},
    }
    period = Period(values.get("from"), values.get("to"))
    return Question(
        table, picked or filters(values), period, values.get("by"), Options(**options), least_shown
    )


def pairs_of(asked: Question) -> list[tuple[str, str]]:
    """The names and texts that ask a question: `question` of them is the same question again."""
    return list(_pairs(asked))


def _pairs(asked: Question) -> Iterator[tuple[str, str]]:
    options = asked.options.chosen
    if asked.kind.accepts("measure"):
        yield "measure", asked.options.measure
    yield from pairs_of_filters(asked.filters)
    for name, day in (("from", asked.period.first), ("to", asked.period.last)):
        if day:
            yield name, day.isoformat()
    if asked.by:
        yield "by", asked.by
    for name, value in options.items():
        if name != "measure":
            text = "1" if value is True else str(value)
            yield {"incomplete": "include-incomplete"}.get(name, name), text


def pairs_of_filters(picked: Filters) -> list[tuple[str, str]]:
    """The names and texts of filters."""
    return [
        (name.replace("_", "-"), each)
        for name, value in vars(picked).items()
        if value
        for each in ((value,) if isinstance(value, str) else value)
    ]


def _of_table(name: str) -> Iterator[Parameter]:
    table = TABLES[name]
    accepts = table.accepts
    if accepts("measure"):
        yield Parameter("measure", "the measure whose change is split", values=MOVED, required=True)
    if accepts("filters"):
        yield from _of_filters(table.of_attempts)
    if accepts("period"):
        needed = accepts("measure")
        first, last = (
            ("last day of the first period", "last day of the second period")
            if needed
            else ("first UTC day", "last UTC day")
        )
        yield Parameter("from", first, "day", required=needed)
        yield Parameter("to", last, "day", required=needed)
    if accepts("days"):
        yield Parameter("days", "days that each period has; 28 unless given", "count")
    if accepts("by"):
        words = "a tag by whose values rows are broken down"
        yield Parameter("by", words, values=table.tags, required=accepts("measure"))
    if accepts("window"):
        words = "days within which a user is active on two devices; 5 unless given"
        yield Parameter("window", words, values=tuple(map(str, table.windows)))
    for choice, (flag, words) in _FLAGS.items():
        if accepts(choice):
            yield Parameter(flag, words, "flag")
    yield from PUBLICATIONS


PUBLISHED_BY, PUBLICATION = "published-by", "publication"
PUBLICATIONS = (
    Parameter(PUBLISHED_BY, "numbers as readers had them at the end of a UTC day", "day"),
    Parameter(PUBLICATION, "numbers as the publication of this number had them", "count"),
)
"""The parameters that name an earlier publication, of which a link may give one."""

_FLAGS = {
    "weekly": ("weekly", "whole weeks, under their Sunday"),
    "total": ("total", "all days added up"),
    "incomplete": ("include-incomplete", "days that are not yet complete, too"),
    "bands": ("bands", "95% intervals of ratios, shares and times"),
}


def _of_goals() -> Iterator[Parameter]:
    yield from _of_filters(of_attempts=False)
    yield Parameter("as-of", "the day to score; the last complete day unless given", "day")
    yield Parameter("baseline-from", "first day of the baseline's period", "day")
    yield Parameter("baseline-to", "last day of the baseline's period", "day")
    yield Parameter("baseline", "the id of a frozen baseline")
    yield Parameter(*_FLAGS["incomplete"], "flag")
    yield Parameter("plain", "verdicts by the gap's sign alone", "flag")
    yield from PUBLICATIONS


def _of_filters(of_attempts: bool) -> Iterator[Parameter]:
    yield Parameter(SEGMENT, "saved filters by their name, in place of those below")
    names = {**TAG_NAMES, **{tag: tag for tag in ATTEMPT_TAGS}}
    for tag in FILTER_TAGS if of_attempts else TAGS:
        words = f"a value of {names[tag].lower()}"
        yield Parameter(tag, words, several=True)
        yield Parameter(f"not-{tag}", f"{words} to leave out", several=True)
    yield Parameter("users", "new or existing users only", values=("new", "existing"))
    if of_attempts:
        words = "attempts of single- or multi-device users only"
        yield Parameter("devices", words, values=("single", "multi"))


def _day(name: str, text: str) -> date:
    try:
        known = re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) and date.fromisoformat(text)
    except ValueError:
        known = None
    if not known or known.year not in YEARS:
        years = f"of the years {YEARS[0]} to {YEARS[-1]}"
        raise Refused(f"{name} must be a day like 2016-01-31, {years}, not {_cut(text)}")
    return known


def _cut(text: str) -> str:
    return repr(text[:LONGEST_SHOWN])


FILTERS = {each.name: each for each in _of_filters(of_attempts=True)}
"""The parameters that are filters, by name; those of attempts have no meaning for measures of users."""
