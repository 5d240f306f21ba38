"""The store as pages read it: one warehouse per publication, and tables kept by publication and filters."""

from __future__ import annotations

import atexit
import gc
from functools import cache
from threading import Semaphore
from typing import Any

import pandas as pd
import streamlit as st

from kpi import behind, metrics, store
from kpi.annotations import Annotation, published
from kpi.behind import Statement
from kpi.filters import Filters
from kpi.frame.parts import Asked
from kpi.settings import Settings
from kpi.warehouse import Warehouse, open_warehouse

ANSWERS_KEPT = 24


_ONE, _SEVERAL = Semaphore(1), Semaphore(8)


def turn(settings: Settings) -> Semaphore:
    """Held while a page is made: Python's threads take twice as long when they draw at the same time.

    Where a server does the counting, several readers may wait for it at once.
    """
    return _SEVERAL if settings.database_url else _ONE


def publication_key(settings: Settings) -> str:
    """What tells the newest publication from every other; caches go by it."""
    return store.publication_key(settings)


def _let_go(warehouse: Warehouse) -> None:
    warehouse.close()


@st.cache_resource(max_entries=4, show_spinner="Opening the store …", on_release=_let_go)
def opened(key: str, _settings: Settings) -> Warehouse:
    """One warehouse per publication, shared by every reader; ``key`` tells publications apart."""
    _keep_what_is_imported()
    return open_warehouse(_settings, ANSWERS_KEPT)


@cache
def _keep_what_is_imported() -> None:
    """Once in a process: never again look at what is imported for garbage, which takes 0.1 s each time."""
    gc.collect()
    gc.freeze()
    atexit.register(gc.unfreeze)


@st.cache_resource(max_entries=128, show_spinner="Counting exactly …")
def measured(
    name: str,
    key: str,
    filters: Filters,
    min_users: int,
    options: dict[str, Any],
    _warehouse: Warehouse,
) -> pd.DataFrame:
    """A measure's table; the very same for every reader and run, so nobody may change it in place."""
    if name == "firefox":
        return metrics.firefox(_warehouse, **options)
    # Copied into one block a type, as it would become by being read: charts are kept by their rows.
    return behind.table(name)(_warehouse, filters, min_users=min_users, **options).copy()


@st.cache_resource(max_entries=64, show_spinner=False)
def tag_values(key: str, tag: str, of_browsers: bool, _warehouse: Warehouse) -> pd.DataFrame:
    """A tag's values; the very same for every reader and run, so nobody may change them in place."""
    values = _warehouse.tag_values
    return values[(values["tag"] == tag) & ((values["browser"] != "") == of_browsers)]


@st.cache_resource(max_entries=8, show_spinner=False)
def markers(key: str, _warehouse: Warehouse) -> list[Annotation]:
    return published(_warehouse)


@st.cache_data(max_entries=64, show_spinner=False)
def statements(key: str, asked: Asked, _warehouse: Warehouse) -> tuple[Statement, ...]:
    """The SQL that a table was read with."""
    return behind.statements(_warehouse, asked.metric, asked.filters, **asked.options)


@st.cache_data(max_entries=12, show_spinner=False)
def told(what: str, key: str, _warehouse: Warehouse) -> pd.DataFrame:
    return getattr(_warehouse, what)
