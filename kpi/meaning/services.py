"""Services by name, as `kpi/services.toml` has them: pages show names, exports and links keep ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kpi.errors import Refused
from kpi.meaning import toml_file

if TYPE_CHECKING:
    import pandas as pd

SERVICES_FILE = Path(__file__).resolve().parent.parent / "services.toml"
SERVICE = "service"
"""The tag whose values have names."""

LONGEST = 60


@cache
def read(path: Path = SERVICES_FILE) -> Mapping[str, str]:
    """The names of a file by id; raises Refused, with line and reason, for a broken one."""
    content, text = toml_file.read(path)
    lines = toml_file.Lines(text)
    names: dict[str, str] = {}
    for service, name in content.items():
        reason = _fault(service, name, names, content)
        if reason:
            raise Refused(f"{path}: line {lines.of_name(service)}: {service[:LONGEST]}: {reason}")
        names[service] = name
    return names


def _fault(service: str, name: Any, before: Mapping[str, str], every: Mapping[str, Any]) -> str:
    """The reason why a service can't have a name; '' where it can."""
    if not isinstance(name, str):
        return "the name must be a text"
    if not (1 <= len(name) <= LONGEST and name.isprintable() and name == name.strip()):
        return (
            f"the name must be 1 to {LONGEST} characters that can be shown, without spaces around"
        )
    if name in before.values():
        return f"another service has the name {name!r}"
    if name in every and name != service:
        return f"the name {name!r} is the id of another service"
    return ""


def shown(tag: str, value: str) -> str:
    """A tag's value as pages show it: of a service its name, where it has any."""
    return read().get(value, value) if tag == SERVICE else value


def id_of(tag: str, shown: str) -> str:
    """The tag's value that pages show so."""
    ids = {name: service for service, name in read().items()}
    return ids.get(shown, shown) if tag == SERVICE else shown


def names(tag: str, values: Iterable[str]) -> dict[str, str]:
    """A tag's values as pages show them side by side: a name that is another's id stays an id."""
    ids = dict.fromkeys(values)
    return {each: each if shown(tag, each) in ids else shown(tag, each) for each in ids}


def with_names(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the names of services in place of their ids."""
    if SERVICE not in table:
        return table
    return table.assign(**{SERVICE: table[SERVICE].map(names(SERVICE, table[SERVICE]))})
