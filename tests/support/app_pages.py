"""What page tests share: a page as it stands after its first run, and all that it says."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from conftest import PROJECT, environment
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.caching import (
    get_data_cache_stats_provider,
    get_resource_cache_stats_provider,
)
from streamlit.testing.v1 import AppTest

# Each AppTest reads the metadata of every installed package, which takes twice as long as most pages.
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)


@pytest.fixture
def in_project(monkeypatch: pytest.MonkeyPatch) -> None:
    """The working directory is the project's, as on a server; caches stay, as on a server."""
    monkeypatch.chdir(PROJECT)


@pytest.fixture
def no_caches(in_project: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing is cached before the test; after it the caches are as they were."""
    for caches in (get_data_cache_stats_provider(), get_resource_cache_stats_provider()):
        monkeypatch.setattr(caches, "_function_caches", {})
    yield
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def at_demo(demo_home: Path, in_project: None) -> Iterator[None]:
    """Pages read the demo store, which is so small that much would be hidden."""
    with environment(KPI_HOME=str(demo_home), KPI_MIN_USERS="1"):
        yield


def opened(file: str, **query: str | list[str]) -> AppTest:
    """A page, by its file, as it stands after its first run."""
    page = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)
    if file != "app.py":
        page.switch_page(file)
    for name, value in query.items():
        page.query_params[name] = value
    return page.run()


ABOVE = "Nothing to show, for the reason given above."
"""The sentence in place of a reason that an earlier part of the page has."""


def words(page: AppTest) -> str:
    """All that the page says, with plain spaces where it has those at which no line ends."""
    parts = [*page.markdown, *page.text, *page.info, *page.error, *page.caption, *page.code]
    return "\n".join(str(part.value).replace("\u00a0", " ") for part in parts)


def graphs(page: AppTest) -> list[Any]:
    """The page's charts, but for the small ones in cards."""
    every = [chart.proto for chart in page.get("vega_lite_chart")]
    return [chart for chart in every if not chart.alt.startswith("Course: ")]


def alts(page: AppTest) -> list[str]:
    """The sentences that stand for the page's charts."""
    return [chart.alt for chart in graphs(page)]
