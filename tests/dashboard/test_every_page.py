"""Every page in a real Chromium: deep links, a clean console, accessible, both themes, any width."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from browser import LOOKS, PATIENCE, SCHEMES, WIDTHS, Visit, path
from conftest import LONG, PROJECT, daily
from playwright.sync_api import expect

from kpi.dashboard.navigation import PAGES, PageLink

THERE = [page for page in PAGES if (PROJECT / page.file).exists()]
NARROW = WIDTHS[0]


OFTEN = ("Overview", "Data", "What moved")
"""Pages looked at in every run; the others have the same parts, and other tests draw them in Chromium."""


@pytest.mark.parametrize(
    "page",
    daily(*(page for page in THERE if page.title in OFTEN), of=THERE),
    ids=[page.title for page in THERE],
)
def test_page(page: PageLink, server: str, visit: Callable[..., Visit]) -> None:
    """A deep link shows the whole frame; nothing complains; axe finds nothing in either theme, no words of
    charts touch, leave their chart or are too pale; on a phone nothing is wider than the window.

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
    seen.resize(NARROW)
    assert seen.page.evaluate(LOOKS) == []
    for chart in seen.page.locator("svg.marks").all():
        box = chart.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= NARROW
    assert seen.complaints == []
    assert seen.page.get_by_test_id("stException").count() == 0
