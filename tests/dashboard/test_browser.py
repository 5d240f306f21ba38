"""The Overview and the filters in a real Chromium: what a reader really gets."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Callable
from pathlib import Path

import pytest
from browser import GRAPH, PATIENCE, WINDOWS, Visit, serving
from conftest import environment
from playwright.sync_api import expect

GRAPHS = 3


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
    seen.assert_fits()
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
