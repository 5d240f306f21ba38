"""Filling on PostgreSQL grows with the events: no statement reads a table again for each row of another."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import Store
from postgres import ServerStore

from benchmarks.generate import generate

USERS, DAYS = 1500, 40
READS = 5
"""A scan is repeated by each parallel worker, by nothing else."""
SMALL = 200
"""Reading a table of a few rows again is as cheap as anything."""


@pytest.fixture(scope="module")
def watched(make_server_store: Callable[[str], Store]) -> ServerStore:
    """An empty store on PostgreSQL that writes the plan of every statement into the server's log."""
    store = make_server_store("postgresql")
    for setting in ("session_preload_libraries = 'auto_explain'", *_SAID):
        store.execute("ALTER DATABASE {name} SET " + setting, name=store.database)
    return store


_SAID = (
    "auto_explain.log_min_duration = 0",
    "auto_explain.log_analyze = on",
    "auto_explain.log_timing = off",
    "auto_explain.log_format = json",
)


def test_no_table_is_read_for_each_row_of_another(watched: ServerStore) -> None:
    """First filling, one more day and a late day all read a table of the store a few times a statement."""
    log = generate(watched.files, USERS, DAYS)
    for files in (log.files[:-1], log.files[-1:]):
        watched.load(*files)
        watched.summarise()
    plans = list(_plans(watched))
    repeated = {
        f"{node['Relation Name']} {node['Actual Loops']} times by: {plan['Query Text'][:100]}"
        for plan in plans
        for node in _nodes(plan["Plan"])
        if node["Node Type"] == "Seq Scan"
        and node["Actual Loops"] > READS
        and node["Actual Rows"] + node.get("Rows Removed by Filter", 0) > SMALL
    }
    assert not repeated
    read = {node.get("Relation Name") for plan in plans for node in _nodes(plan["Plan"])}
    assert {"event", "known_user", "known_device", "tag_segment", "user_day"} <= read


def _plans(store: ServerStore) -> Iterator[dict[str, Any]]:
    """Every plan in the server's log."""
    log = (store.postgres.folder / "log").read_text()
    for entry in re.split(r"^<", log, flags=re.MULTILINE):
        if entry.startswith(f"{store.database}>") and "  plan:\n" in entry:
            yield json.loads(entry.partition("  plan:\n")[2])


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)
