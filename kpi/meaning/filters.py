"""Filters: tags, new or existing users, devices and a period to which a measure is narrowed."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from kpi.errors import Refused
from kpi.meaning import services

if TYPE_CHECKING:
    import pandas as pd

TAG_NAMES = {
    "browser": "Browser",
    "version": "Browser version",
    "os": "Operating system",
    "service": "Service",
}
"""The tags that readers filter and break users down by, and their names on pages."""

ATTEMPT_TAG_NAMES = {
    "region": "Region",
    "context": "Context",
    "entrypoint": "Entrypoint",
    "campaign": "Campaign",
    "migration": "Migration",
}
"""The tags that only attempts have: they filter and break down attempts."""

BREAKDOWN_NAMES = {**TAG_NAMES, "users": "New or existing users", **ATTEMPT_TAG_NAMES}
TAGS, ATTEMPT_TAGS = tuple(TAG_NAMES), tuple(ATTEMPT_TAG_NAMES)
FILTER_TAGS = (*TAGS, *ATTEMPT_TAGS)
"""Every tag that has a filter."""

ONLY, EXCEPT = "only these", "all except"
"""The two modes of a tag on a page: its values are picked, or left out."""

MOST_NAMED = 8
"""So many values of a tag are named in a sentence; more are counted."""

BREAKDOWNS = (*TAGS, "users")
ATTEMPT_BREAKDOWNS = tuple(BREAKDOWN_NAMES)


@dataclass(frozen=True)
class Filters:
    """A segment: values of the same tag are "or", different tags are "and", in a single event.

    ``not_…`` excludes values; ``users`` is None, 'new' or 'existing'; ``devices`` is None, 'single' or
    'multi'. Devices and `ATTEMPT_TAGS` apply to attempts only. A blank tag is named '(none)'.
    """

    browser: tuple[str, ...] = ()
    not_browser: tuple[str, ...] = ()
    version: tuple[str, ...] = ()
    not_version: tuple[str, ...] = ()
    os: tuple[str, ...] = ()
    not_os: tuple[str, ...] = ()
    service: tuple[str, ...] = ()
    not_service: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    not_region: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    not_context: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    not_entrypoint: tuple[str, ...] = ()
    campaign: tuple[str, ...] = ()
    not_campaign: tuple[str, ...] = ()
    migration: tuple[str, ...] = ()
    not_migration: tuple[str, ...] = ()
    users: str | None = None
    devices: str | None = None

    @property
    def empty(self) -> bool:
        """True where nothing is narrowed."""
        return self == Filters()

    @property
    def narrowed(self) -> tuple[str, ...]:
        """The dimensions of which values are picked or left out: tags, 'users' and 'devices'."""
        tags = [tag for tag in FILTER_TAGS if getattr(self, tag) or getattr(self, f"not_{tag}")]
        return (*tags, *(name for name in ("users", "devices") if getattr(self, name)))

    def without(self, dimension: str) -> Filters:
        """The same filter without restriction in a dimension."""
        opened: dict[str, Any] = {dimension: None}
        if dimension in FILTER_TAGS:
            opened = {dimension: (), f"not_{dimension}": ()}
        return replace(self, **opened)

    @property
    def of_users(self) -> Filters:
        """The part that applies to users: without devices and tags that only attempts have."""
        users = self
        for dimension in self.of_attempts_only:
            users = users.without(dimension)
        return users

    @property
    def of_attempts_only(self) -> tuple[str, ...]:
        """The dimensions narrowed that only attempts have."""
        return tuple(name for name in self.narrowed if name in (*ATTEMPT_TAGS, "devices"))

    def picked(self, dimension: str, values: pd.Series) -> pd.Series:
        """True for each value of a tag, or of 'users', that the filter lets through."""
        if dimension == "users":
            return values == self.users
        only, left_out = getattr(self, dimension), getattr(self, f"not_{dimension}")
        return (values.isin(only) if only else True) & ~values.isin(left_out)

    @property
    def subtracts(self) -> bool:
        """True where values are left out, or several of a tag picked, which leaves out the rest."""
        return any(
            getattr(self, f"not_{tag}") or len(getattr(self, tag)) > 1 for tag in FILTER_TAGS
        )

    def parameters(self) -> dict[str, Any]:
        """The bound parameters of the filter, for every query."""
        params: dict[str, Any] = {
            "new_user": (int(self.users == "new"),) if self.users else (),
            "any_devices": int(self.devices is None),
            "multi_device": int(self.devices == "multi"),
        }
        for tag in FILTER_TAGS:
            params |= {name: getattr(self, name) for name in (tag, f"not_{tag}")}
        return params

    @property
    def entries(self) -> dict[str, Any]:
        """The narrowed parts by name: lists of values, and words; `of_entries` reads them again."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in vars(self).items()
            if value
        }

    @property
    def choices(self) -> dict[str, Any]:
        """The choices of a page that narrow the same, by their names in its address."""
        chosen: dict[str, Any] = {}
        for tag in FILTER_TAGS:
            only, left_out = getattr(self, tag), getattr(self, f"not_{tag}")
            if only or left_out:
                chosen[tag] = [*(left_out or only)]
            if left_out:
                chosen[f"{tag}_mode"] = EXCEPT
        either = {"users": self.users, "devices": self.devices}
        return chosen | {name: value for name, value in either.items() if value}

    @classmethod
    def of_entries(cls, entries: Mapping[str, Any]) -> Filters:
        """The filters of such entries; names that this version doesn't know are left out."""
        known = {part.name for part in fields(cls)}
        read: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in entries.items()
            if name in known
        }
        return cls(**read)

    def unknown_values(self, known: dict[str, list[str]]) -> str | None:
        """A sentence on the first value that the data doesn't have, naming the nearest; or None."""
        for tag in FILTER_TAGS:
            for value in (*getattr(self, tag), *getattr(self, f"not_{tag}")):
                if value not in known.get(tag, []):
                    return _nearest(tag, value, known.get(tag, []))
        return None

    def words(self) -> list[str]:
        """The values picked and left out, as parts of a file's name."""
        return [
            f"{name.replace('_', '-')}-{value if isinstance(value, str) else _joined(value)}"
            for name, value in vars(self).items()
            if value
        ]

    def sentence(self) -> str:
        """The filter in words, such as 'Firefox on Android or iOS, all services, existing users'."""
        browser = _words(self.browser, self.not_browser, "browsers")
        version = _words(self.version, self.not_version, "versions", "")
        system = _words(self.os, self.not_os, "systems")
        parts = [
            f"{browser}{' ' + version if version else ''} on {system}",
            _words(_named_services(self.service), _named_services(self.not_service), "services"),
            f"{self.users} users" if self.users else "new and existing users",
        ]
        attempts = [
            _of_tag(tag, getattr(self, tag), getattr(self, f"not_{tag}"))
            for tag in self.of_attempts_only
            if tag in ATTEMPT_TAGS
        ]
        if self.devices:
            attempts.append(f"{self.devices}-device users")
        if attempts:
            parts.append(f"connections of {' and '.join(attempts)}")
        return ", ".join(parts)


USERS: dict[str, tuple[str, ...]] = {"users": ("new", "existing")}
DEVICES: dict[str, tuple[str, ...]] = {"devices": ("single", "multi")}


def picked(
    entries: Mapping[str, Any],
    tags: tuple[str, ...],
    choices: Mapping[str, tuple[str, ...]],
    refuse: Callable[[str], Exception],
) -> Filters:
    """The filters of a file's entries; raises what ``refuse`` returns for a reason.

    ``tags`` may be narrowed, and ``choices`` are what else may be, with their values.
    """
    known = {*tags, *(f"not_{tag}" for tag in tags)}
    for name, value in entries.items():
        if name in choices and isinstance(value, str) and value in choices[name]:
            continue
        if name in known and isinstance(value, list) and all(isinstance(v, str) for v in value):
            continue
        if name.removeprefix("not_") in ATTEMPT_TAGS and not set(ATTEMPT_TAGS) <= set(tags):
            raise refuse(
                f"filters.{name} goes with measures of connection attempts only, such as completion"
            )
        words = [f"or {name} with {' or '.join(values)}" for name, values in choices.items()]
        raise refuse(
            f"filters.{name} must be one of {', '.join(sorted(known))} with a list of texts, "
            f"{', '.join(words)}"
        )
    return Filters.of_entries(entries)


YEARS = range(1970, 9999)
"""The years of days that may be asked for, so that weeks and windows around them are days, too."""


@dataclass(frozen=True)
class Period:
    """UTC days from first to last, both included; None means from the first, to the last."""

    first: date | None = None
    last: date | None = None

    def __post_init__(self) -> None:
        if self.first and self.last and self.last < self.first:
            raise Refused(f"the period ends ({self.last}) before it begins ({self.first})")

    @property
    def bounds(self) -> tuple[date, date]:
        """Two dates that a query can compare with, far away where no bound is set."""
        return self.first or date(1970, 1, 1), self.last or date(9999, 1, 1)

    def covers(self, other: Period) -> bool:
        """True where every day of the other period is a day of this period."""
        (first, last), (other_first, other_last) = self.bounds, other.bounds
        return first <= other_first and other_last <= last


def _words(
    picked: tuple[str, ...], excluded: tuple[str, ...], kind: str, everything: str | None = None
) -> str:
    """Values of a tag in words; many are counted, such as '200 versions'."""
    words = _named(picked, kind, " or ") if picked else everything
    if words is None:
        words = f"all {kind}"
    return f"{words} except {_named(excluded, kind, ', ')}".strip() if excluded else words


def _of_tag(tag: str, picked: tuple[str, ...], excluded: tuple[str, ...]) -> str:
    """A tag of attempts in words, such as 'region DE or FR' and 'any campaign except spring'."""
    words = f"{tag} {_named(picked, f'{tag}s', ' or ')}" if picked else f"any {tag}"
    return f"{words} except {_named(excluded, f'{tag}s', ', ')}" if excluded else words


def _named_services(ids: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(services.shown(services.SERVICE, each) for each in ids)


def _named(values: tuple[str, ...], kind: str, between: str) -> str:
    return between.join(values) if len(values) <= MOST_NAMED else f"{len(values)} {kind}"


def _nearest(tag: str, value: str, known: list[str]) -> str:
    folded = {name.lower(): name for name in known}
    near = [folded[name] for name in difflib.get_close_matches(value.lower(), folded, 3, 0.4)]
    names = ", ".join(repr(name) for name in (near or known[:3]))
    hint = f"; the nearest: {names}" if names else ""
    return f"no {tag} is named {value[:60]!r}{hint}"


def _joined(values: tuple[str, ...]) -> str:
    """Values joined by plus signs; a plus sign within a value is written otherwise, so that names differ."""
    return "+".join(value.replace("%", "%25").replace("+", "%2B") for value in values)
