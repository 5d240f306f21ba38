"""The Overview in a real Chromium, on a server of its own: what a reader really gets."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from conftest import PROJECT, environment
from demo_store import DEMO_DAYS, demo_home  # noqa: F401
from playwright.sync_api import Browser, Page, expect, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AT_REST = "[data-testid=stApp][data-test-script-state=notRunning]"
GRAPHS = 3
PATIENCE = 60_000  # milliseconds; a shared machine may be slow, and nothing here measures speed

# One server and one browser serve every test of this file.
pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture(scope="module")
def server(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:  # noqa: F811
    """The address of a fresh server over the demo store."""
    with serving(tmp_path_factory.mktemp("server"), KPI_HOME=str(demo_home)) as address:
        yield address


class serving:
    """A dashboard on a free port of the loopback, for as long as the block lasts."""

    def __init__(self, folder: Path, **told: str) -> None:
        self._log = folder / "server.log"
        self._told = {"KPI_MIN_USERS": "1", **told}

    def __enter__(self) -> str:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}"]
        with environment(**self._told), self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, cwd=PROJECT, env=dict(os.environ), stdout=log, stderr=subprocess.STDOUT
            )
        address = f"http://127.0.0.1:{port}"
        for _ in range(600):
            if self._process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{address}/_stcore/health", timeout=1):
                    return address
            except OSError:
                try:
                    self._process.wait(0.1)
                except subprocess.TimeoutExpired:
                    continue
        self.__exit__()
        pytest.fail(f"the server did not start: {self._log.read_text()[-500:]}")

    def __exit__(self, *_error: object) -> None:
        self._process.terminate()
        self._process.wait(20)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's own Chromium."""
    if not CHROMIUM.exists():
        pytest.fail(f"{CHROMIUM} is missing: apt-get install chromium", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


class Visit:
    """A page in a fresh browser context, with all that it asked for and complained of."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.asked: set[str] = set()
        page.set_default_timeout(PATIENCE)
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.asked.add(urlparse(request.url).netloc))

    def _note(self, message: object) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def rest(self) -> None:
        """Wait until the script has run to its end."""
        self.page.wait_for_selector(AT_REST)

    def charts(self, count: int = GRAPHS) -> None:
        """Wait until so many charts are drawn."""
        expect(self.page.locator("svg.marks")).to_have_count(count, timeout=PATIENCE)
        self.rest()

    @property
    def sentence(self) -> str:
        """The filters in words."""
        return self.page.get_by_test_id("stText").first.inner_text()

    @property
    def query(self) -> dict[str, list[str]]:
        """What the URL says."""
        return parse_qs(urlparse(self.page.url).query)


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Callable[..., Visit]]:
    """Opens an address as a reader does who was never there before."""
    contexts = []

    def open_page(address: str, width: int = 1400, **options: str) -> Visit:
        context = chromium.new_context(viewport={"width": width, "height": 1000}, **options)
        contexts.append(context)
        visit = Visit(context.new_page())
        visit.page.goto(address)
        visit.rest()
        return visit

    yield open_page
    for context in contexts:
        context.close()


def test_overview_on_a_fresh_server(server: str, visit: Callable[..., Visit]) -> None:
    """Three graphs with marks, the trust line, a clean console, and nothing asked of other hosts."""
    seen = visit(f"{server}/?period=all")
    seen.charts()
    for number in range(GRAPHS):
        chart = seen.page.locator("svg.marks").nth(number)
        lines = chart.locator("g.mark-line path[d]")
        assert lines.count() >= 2, f"graph {number} has no lines"
        assert chart.locator("g.mark-text text").count() >= 2, f"graph {number} has no labels"
    expect(seen.page.get_by_text(f"Data through {DEMO_DAYS[1]} (UTC)")).to_be_visible()
    expect(seen.page.get_by_text("Demo data (simulated)")).to_be_visible()
    assert seen.complaints == []
    assert seen.asked - {""} == {urlparse(server).netloc}


def test_charts_are_named_for_those_who_cannot_see_them(
    server: str, visit: Callable[..., Visit]
) -> None:
    """Every graph has an accessible name: a sentence from its data."""
    seen = visit(f"{server}/?period=all")
    seen.charts()
    names = seen.page.locator("[role=graphics-document], [role=img]").evaluate_all(
        "found => found.map(each => each.getAttribute('aria-label') || '')"
    )
    assert sum("on 31 Mar 2016" in name for name in names) >= GRAPHS


@pytest.mark.parametrize("width", [375, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_fits_phones_and_screens_in_both_themes(
    server: str, visit: Callable[..., Visit], width: int, scheme: str
) -> None:
    """Nothing is wider than the window, graphs stay inside it, and the background is the theme's."""
    seen = visit(f"{server}/?period=all", width=width, color_scheme=scheme)
    seen.charts()
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
    for chart in seen.page.locator("svg.marks").all():
        box = chart.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    colour = seen.page.get_by_test_id("stApp").evaluate(
        "app => getComputedStyle(app).backgroundColor"
    )
    light = sum(map(int, re.findall(r"\d+", colour)[:3])) > 3 * 128
    assert light == (scheme == "light")


def test_filter_goes_into_the_url_and_survives_reload_and_sharing(
    server: str, visit: Callable[..., Visit]
) -> None:
    """A filter picked by hand stands in the URL; a reload and another browser show the same."""
    seen = visit(server)
    seen.charts()
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
    seen.charts()
    assert seen.sentence == sentence
    other = visit(shared)
    other.charts()
    assert other.sentence == sentence
    assert other.query == {"users": ["existing"]}


def test_reset_clears_the_filters_and_the_url(server: str, visit: Callable[..., Visit]) -> None:
    """Reset takes every filter out of the page and of the URL, and keeps the period."""
    seen = visit(f"{server}/?os=Android&os_mode=all+except&users=existing&period=all")
    seen.charts()
    assert "except Android" in seen.sentence
    seen.page.get_by_role("button", name="Reset filters").click()
    expect(seen.page.get_by_test_id("stText").first).to_contain_text("new and existing users")
    seen.page.wait_for_function("new URLSearchParams(location.search).size === 1")
    assert seen.query == {"period": ["all"]}


def test_bad_value_in_the_url_is_dropped_with_a_notice(
    server: str, visit: Callable[..., Visit]
) -> None:
    """A value that isn't there is dropped from page and URL, and shown as text."""
    seen = visit(f"{server}/?browser=%3Cscript%3Ealert(1)%3C/script%3E&period=all")
    notice = seen.page.get_by_test_id("stToast")
    expect(notice).to_contain_text("<script>alert(1)</script>", timeout=PATIENCE)
    seen.charts()
    assert seen.query == {"period": ["all"]}
    assert "All browsers" in seen.sentence


def test_pointer_shows_exact_values(server: str, visit: Callable[..., Visit]) -> None:
    """Pointing at a graph tells the day and every series' value with its n."""
    seen = visit(f"{server}/?period=all")
    seen.charts()
    box = seen.page.locator("svg.marks").first.bounding_box()
    for step in (0.4, 0.41, 0.42):
        seen.page.mouse.move(box["x"] + box["width"] * step, box["y"] + box["height"] / 2)
    told = seen.page.locator("#vg-tooltip-element")
    expect(told).to_contain_text("Day (UTC)", timeout=PATIENCE)
    expect(told).to_contain_text(re.compile(r"FxA, all users\s*\d+\.\d%\s+\([\d,]+ of [\d,]+\)"))


def test_download_equals_the_export(
    server: str,
    visit: Callable[..., Visit],
    demo_home: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    """The table's download holds what `export` prints, and its name says what it is."""
    from kpi.cli import main

    seen = visit(f"{server}/?period=all&users=existing")
    seen.charts()
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
    assert (tmp_path / "downloaded.csv").read_bytes() == exported.read_bytes()
    name = started.value.suggested_filename
    assert name.startswith("engagement_2015-11-01_2016-03-31_users-existing_definitions-")
    assert "through-2016-03-31" in name
    assert name.endswith("_simulated.csv")


def test_keyboard_reaches_the_filters(server: str, visit: Callable[..., Visit]) -> None:
    """Without a mouse a reader gets from the top of the page to the sidebar's filters."""
    seen = visit(server)
    seen.charts()
    reached = set()
    for _ in range(40):
        seen.page.keyboard.press("Tab")
        reached.add(seen.page.evaluate("document.activeElement.getAttribute('aria-label') || ''"))
    assert any("Period" in label for label in reached)
    assert any("Browser" in label for label in reached)


def test_empty_store_says_what_to_run(visit: Callable[..., Visit], tmp_path: Path) -> None:
    """With nothing loaded a reader meets the command, not an error."""
    with serving(tmp_path, KPI_HOME=str(tmp_path / "nothing")) as address:
        seen = visit(address)
        expect(seen.page.get_by_text("Nothing has been loaded yet")).to_be_visible()
        expect(seen.page.get_by_text("python -m kpi load")).to_be_visible()
        assert seen.page.locator("svg.marks").count() == 0
        assert seen.complaints == []
