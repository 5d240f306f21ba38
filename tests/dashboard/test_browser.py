"""The Overview in a real Chromium, on a server of its own: what a reader really gets."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlparse

import pytest
from browser import GRAPH, PATIENCE, WINDOWS, Visit, serving
from conftest import environment
from demo_store import DEMO_DAYS
from playwright.sync_api import expect

GRAPHS = 3
SCREEN = {"width": 1400, "height": 800}
COLOURS = """chart => new Set([...chart.querySelectorAll('.mark-text.role-mark text')]
  .filter(text => /^F.*%$/.test(text.textContent)).map(text => getComputedStyle(text).fill)).size"""
"""The number of colours that labels of lines have: those of their lines."""


def test_overview_on_a_fresh_server(server: str, visit: Callable[..., Visit]) -> None:
    """Three graphs with marks, the trust line, a clean console, and nothing asked of other hosts.

    On a screen of 1400 by 800 the goals, the cards and the beginning of the main chart are in sight.
    """
    seen = visit(f"{server}/?period=all")
    seen.page.set_viewport_size(SCREEN)
    seen.charts(GRAPHS)
    assert seen.page.locator(GRAPH).first.bounding_box()["y"] < SCREEN["height"] - 50
    assert seen.page.locator(GRAPH).first.evaluate(COLOURS) >= 4
    for number in range(GRAPHS):
        chart = seen.page.locator(GRAPH).nth(number)
        lines = chart.locator("g.mark-line path[d]")
        assert lines.count() >= 2, f"graph {number} has no lines"
        assert chart.locator("g.mark-text text").count() >= 2, f"graph {number} has no labels"
    expect(seen.page.get_by_text(f"Data through {DEMO_DAYS[1]} (UTC)")).to_be_visible()
    expect(seen.page.get_by_text("Demo data (simulated)")).to_be_visible()
    assert seen.complaints == []
    assert seen.asked - {""} == {urlparse(server).netloc}
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


@pytest.mark.long
def test_charts_are_named_for_those_who_cannot_see_them(
    server: str, visit: Callable[..., Visit]
) -> None:
    """Every graph has an accessible name: a sentence from its data."""
    seen = visit(f"{server}/?period=all")
    seen.charts(GRAPHS)
    names = seen.page.locator("[role=graphics-document], [role=img]").evaluate_all(
        "found => found.map(each => each.getAttribute('aria-label') || '')"
    )
    assert sum("on 31 Mar 2016" in name for name in names) >= GRAPHS


@pytest.mark.long
@pytest.mark.parametrize(("width", "scheme"), WINDOWS)
def test_fits_phones_and_screens_in_both_themes(
    server: str, visit: Callable[..., Visit], width: int, scheme: str
) -> None:
    """Nothing is wider than the window, graphs stay inside it, and the background is the theme's."""
    seen = visit(f"{server}/?period=all", width=width, color_scheme=scheme)
    seen.charts(GRAPHS)
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
    for chart in seen.page.locator(GRAPH).all():
        box = chart.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    colour = seen.page.get_by_test_id("stApp").evaluate(
        "app => getComputedStyle(app).backgroundColor"
    )
    light = sum(map(int, re.findall(r"\d+", colour)[:3])) > 3 * 128
    assert light == (scheme == "light")


@pytest.mark.long
def test_filter_goes_into_the_url_and_survives_reload_and_sharing(
    server: str, visit: Callable[..., Visit]
) -> None:
    """A filter picked by hand stands in the URL; a reload and another browser show the same."""
    seen = visit(server)
    seen.charts(GRAPHS)
    assert seen.query == {}
    sidebar = seen.page.get_by_test_id("stSidebarUserContent")
    sidebar.get_by_text("existing", exact=True).click()
    seen.page.wait_for_url("**users=existing**")
    expect(seen.page.get_by_test_id("stText").first).not_to_contain_text(
        "new and existing", timeout=PATIENCE
    )
    seen.rest()
    shared, sentence = seen.page.url, seen.sentence
    assert "existing users; " in sentence
    seen.page.reload()
    seen.charts(GRAPHS)
    assert seen.sentence == sentence
    other = visit(shared)
    other.charts(GRAPHS)
    assert other.sentence == sentence
    assert other.query == {"users": ["existing"]}


def test_keyboard_reaches_the_filters_and_reset_clears_them(
    server: str, visit: Callable[..., Visit]
) -> None:
    """Without a mouse a reader gets from the top of the page to the sidebar's filters.

    Reset removes every filter from the page and the URL, and leaves the period.
    """
    chosen = "os=Android&os_mode=all+except&users=existing&devices=multi&period=all"
    seen = visit(f"{server}/data?{chosen}")
    seen.settle()
    assert "except Android" in seen.sentence
    reached = set()
    for _ in range(40):
        seen.page.keyboard.press("Tab")
        reached.add(seen.page.evaluate("document.activeElement.getAttribute('aria-label') || ''"))
    assert any("Period" in label for label in reached)
    assert any("Browser" in label for label in reached)
    steps = seen.page.evaluate("history.length")
    seen.page.get_by_role("button", name="Reset filters").click()
    expect(seen.page.get_by_test_id("stText").first).to_contain_text("new and existing users")
    seen.page.wait_for_function("new URLSearchParams(location.search).size === 1")
    assert seen.query == {"period": ["all"]}
    seen.rest()
    assert seen.page.evaluate("history.length") - steps == 1, "an act is a single step of Back"


@pytest.mark.long
def test_bad_value_in_the_url_is_dropped_with_a_notice(
    server: str, visit: Callable[..., Visit]
) -> None:
    """A value that isn't there is dropped from page and URL, and shown as text."""
    seen = visit(f"{server}/?browser=%3Cscript%3Ealert(1)%3C/script%3E&period=all")
    notice = seen.page.get_by_test_id("stToast")
    expect(notice).to_contain_text("<script>alert(1)</script>", timeout=PATIENCE)
    seen.charts(GRAPHS)
    assert seen.query == {"period": ["all"]}
    assert "All browsers" in seen.sentence


@pytest.mark.long
def test_download_equals_the_export(
    server: str,
    visit: Callable[..., Visit],
    demo_home: Path,
    tmp_path: Path,
) -> None:
    """The table's download holds what `export` prints, and its name says what it is."""
    from kpi.commands.cli import main

    seen = visit(f"{server}/?period=all&users=existing")
    seen.charts(GRAPHS)
    seen.page.get_by_text("Table and download").first.click()
    button = seen.page.get_by_role("button", name="Download engagement as CSV")
    with seen.page.expect_download() as started:
        button.click()
    started.value.save_as(tmp_path / "downloaded.csv")
    exported = tmp_path / "exported.csv"
    with environment(KPI_HOME=str(demo_home)):
        status = main(
            ["export", "engagement", "--users=existing", "--min-users=1", "-o", str(exported)]
        )
    assert status == 0
    assert (tmp_path / "downloaded.csv").read_bytes() == BOM_UTF8 + exported.read_bytes()
    name = started.value.suggested_filename
    assert name.startswith("engagement_2015-11-01_2016-03-31_users-existing_definitions-")
    assert "through-2016-03-31" in name
    assert name.endswith("_simulated.csv")


@pytest.mark.long
def test_empty_store_says_what_to_run(visit: Callable[..., Visit], tmp_path: Path) -> None:
    """With nothing loaded a reader meets the command, not an error."""
    with serving(tmp_path, KPI_HOME=str(tmp_path / "nothing")) as address:
        seen = visit(address)
        expect(seen.page.get_by_text("Nothing has been loaded yet")).to_be_visible()
        expect(seen.page.get_by_text("python -m kpi load")).to_be_visible()
        assert seen.page.locator(GRAPH).count() == 0
        assert seen.complaints == []
