"""Every page in a real Chromium: deep links, a clean console, accessible, both themes, any width."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlparse

import pytest
from browser import GRAPH, LOOKS, PATIENCE, SCHEMES, WIDTHS, Visit, path
from conftest import LONG, PROJECT, daily
from demo_store import DEMO_DAYS
from playwright.sync_api import expect

from kpi.dashboard.navigation import PAGES, PageLink

THERE = [page for page in PAGES if (PROJECT / page.file).exists()]
NARROW = WIDTHS[0]


OFTEN = ("Overview", "Data")
"""Pages looked at in every run; the others have the same parts, and other tests draw them in Chromium."""


@pytest.mark.parametrize(
    "page",
    daily(*(page for page in THERE if page.title in OFTEN), of=THERE),
    ids=[page.title for page in THERE],
)
def test_page(page: PageLink, server: str, visit: Callable[..., Visit]) -> None:
    """A deep link shows the whole frame; nothing complains; axe finds nothing in either theme, no words of
    charts touch, leave their chart or are too pale; on a phone nothing is wider than the window. Nothing is
    asked of other hosts.

    In long runs in both themes, else in each by turns.
    """
    dark = page.title in OFTEN[1::2]
    themes = ("light", "dark") if LONG else ("dark",) if dark else ("light",)
    seen = visit(f"{server}{path(page)}?period=all", color_scheme=themes[0])
    seen.settle()
    assert seen.page.get_by_role("heading", name=page.title, exact=True, level=1).is_visible()
    links = seen.page.get_by_test_id("stSidebar").get_by_role("link")
    expect(links).to_have_count(len(THERE), timeout=PATIENCE)
    assert [link.inner_text().split("\n")[-1] for link in links.all()] == [p.title for p in THERE]
    for theme in themes:
        seen.page.emulate_media(color_scheme=theme)
        seen.page.wait_for_function(
            "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"
            f" == '{SCHEMES[theme]}'"
        )
        seen.settle()
        assert seen.faults() == []
    if page.title == "Overview":
        assert_overview(seen)
    assert seen.asked - {""} == {urlparse(server).netloc}
    seen.resize(NARROW)
    assert seen.page.evaluate(LOOKS) == []
    seen.assert_fits()
    assert seen.complaints == []
    assert seen.page.get_by_test_id("stException").count() == 0


GRAPHS = 3
SCREEN = {"width": 1400, "height": 800}
COLOURS = """chart => new Set([...chart.querySelectorAll('.mark-text.role-mark text')]
  .filter(text => /^F.*%$/.test(text.textContent)).map(text => getComputedStyle(text).fill)).size"""
"""The number of colours that labels of lines have: those of their lines."""


def assert_overview(seen: Visit) -> None:
    """Three graphs with marks and the trust line; pointing at a graph shows the day's exact values.

    On a screen of 1400 by 800 the goals, the cards and the beginning of the main chart are in sight.
    """
    seen.page.set_viewport_size(SCREEN)
    seen.charts(GRAPHS)
    assert seen.page.locator(GRAPH).first.bounding_box()["y"] < SCREEN["height"] - 50
    assert seen.page.locator(GRAPH).first.evaluate(COLOURS) >= 4
    for number in range(GRAPHS):
        chart = seen.page.locator(GRAPH).nth(number)
        lines = chart.locator("g.mark-line path[d]")
        assert lines.count() >= 2, f"graph {number} has no lines"
        assert chart.locator("g.mark-text text").count() >= 2, f"graph {number} has no labels"
    expect(seen.page.get_by_text("Data through " + DEMO_DAYS[1] + " (UTC)")).to_be_visible()
    expect(seen.page.get_by_text("Demo data (simulated)")).to_be_visible()
    assert_tells_exact_values(seen)


def assert_tells_exact_values(seen: Visit) -> None:
    """Pointing at a graph tells the day and every series' value with its n."""
    seen.page.locator(GRAPH).first.scroll_into_view_if_needed()
    box = seen.page.locator(GRAPH).first.bounding_box()
    for step in (0.4, 0.41, 0.42):
        seen.page.mouse.move(box["x"] + box["width"] * step, box["y"] + box["height"] / 2)
    told = seen.page.locator("#vg-tooltip-element")
    expect(told).to_contain_text("Day (UTC)", timeout=PATIENCE)
    expect(told).to_contain_text(re.compile(r"FxA, all users\s*\d+\.\d%\s+\([\d,]+ of [\d,]+\)"))
    seen.page.mouse.move(5, 5)
