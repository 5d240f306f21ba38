"""A real Chromium and servers of the dashboard for it, shared by the browser tests."""

from __future__ import annotations

import base64
import hashlib
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
from axe_playwright_python.sync_playwright import Axe
from conftest import PROJECT, environment
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Error,
    Page,
    Playwright,
    expect,
    sync_playwright,
)

from kpi.dashboard.navigation import PageLink

LOOKS = (PROJECT / "tests" / "support" / "looks.js").read_text(encoding="utf-8")
WIDTHS = (390, 1000, 1400, 1920)
SCHEMES = {"light": "rgb(255, 255, 255)", "dark": "rgb(18, 21, 27)"}
"""The background of each theme."""

WINDOWS = [(width, scheme) for width in (375, 1400) for scheme in ("light", "dark")]
"""Widths of a window, with the theme that the reader's system asks for."""

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Playwright's own list, of which the last on the command line counts, and the popups of the address bar,
    # which a page without a window draws all the same.
    "--disable-features=AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,HttpsUpgrades,"
    "HttpsFirstBalancedModeAutoEnable,LensOverlay,MediaRouter,PaintHolding,ThirdPartyStoragePartitioning,"
    "AvoidCorsURLLoaderRestartOnRedirect,OptimizationHints,NetworkTimeServiceQuerying,AimEnabled,"
    "PreconnectToSearch,WebUIOmniboxPopup,WebUIOmniboxAimPopup",
    # A script that runs for a second isn't worth a better machine code.
    "--js-flags=--no-opt",
]
AT_REST = "[data-testid=stApp][data-test-script-state=notRunning]"
GRAPH = "svg.marks"

PROBE = re.compile(r"/[a-z_]+/_stcore/(health|host-config)")
"""Streamlit's client asks below a page's own path first, and is told 404 (streamlit issue 7074)."""

DRAWN = """() => !document.querySelector('[data-testid=stSkeleton]')
  && [...document.querySelectorAll('[data-testid=stVegaLiteChart]')].every(
    chart => chart.querySelector('svg.marks, canvas.marks'))"""
"""Every chart stands, and nothing waits for its part of the client to be fetched."""
STILL = """() => new Promise(done => {
  let changed = performance.now();
  const watch = new MutationObserver(() => { changed = performance.now(); });
  watch.observe(document.body, {subtree: true, childList: true, attributes: true});
  const look = () => performance.now() - changed < 400
    ? requestAnimationFrame(look) : (watch.disconnect(), done());
  look();
})"""
"""Waits until nothing on the page has changed for a moment."""

PATIENCE = 60_000  # milliseconds; a shared machine may be slow, and nothing here measures speed


@pytest.fixture(scope="session")
def server(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a fresh server over the demo store."""
    with serving(tmp_path_factory.mktemp("server"), KPI_HOME=str(demo_home)) as address:
        yield address


def path(page: PageLink) -> str:
    """Where a page is found."""
    return (
        "/" if page.file == "app.py" else f"/{page.file.removeprefix('pages/').removesuffix('.py')}"
    )


class serving:
    """A dashboard on a free port of the loopback, for as long as the block lasts."""

    def __init__(
        self, folder: Path, *options: str, script: str = "app.py", **told: str | None
    ) -> None:
        self._log = folder / "server.log"
        self._options = options
        self._script = script
        self._told = {"KPI_MIN_USERS": "1", **told}

    def __enter__(self) -> str:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "streamlit", "run", self._script]
        command += [f"--server.port={port}", *self._options]
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

    @property
    def process(self) -> int:
        """The server's process."""
        return self._process.pid

    def __exit__(self, *_error: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise


@pytest.fixture(scope="session")
def driver() -> Iterator[Playwright]:
    """The driver of browsers, of which a process can have no second."""
    if not CHROMIUM.exists():
        pytest.fail(f"{CHROMIUM} is missing: apt-get install chromium", pytrace=False)
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The private key of the certificates of tests."""
    key = tmp_path_factory.mktemp("key") / "kpi.key"
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)
    return key


def openssl(*arguments: str | Path) -> bytes:
    """The output of an openssl command."""
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True).stdout


@pytest.fixture(scope="session")
def chromium(driver: Playwright, key: Path) -> Iterator[Browser]:
    """The system's own Chromium, which trusts the key.

    Playwright's `ignore_https_errors` has each refused certificate answered with another try instead, of
    which a request has a limited number: ERR_TOO_MANY_RETRIES is the error of certificates alone.
    """
    public = openssl("pkey", "-in", key, "-pubout", "-outform", "DER")
    pin = base64.b64encode(hashlib.sha256(public).digest()).decode()
    trusted = f"--ignore-certificate-errors-spki-list={pin}"
    browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=[*ARGUMENTS, trusted])
    try:
        yield browser
    finally:
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
        if PROBE.fullmatch(urlparse(message.location.get("url", "")).path):
            return
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def rest(self) -> None:
        """Wait until the script has run to its end."""
        self.page.wait_for_selector(AT_REST)

    def charts(self, count: int) -> None:
        """Wait until so many charts are drawn."""
        expect(self.page.locator(GRAPH)).to_have_count(count, timeout=PATIENCE)
        self.rest()

    def faults(self) -> list[str]:
        """All that axe finds for readers with a disability, and the faults of `looks.js`."""
        found = Axe().run(self.page, options={"resultTypes": ["violations"]}).response
        return [
            *self.page.evaluate(LOOKS),
            *(
                f"{rule['id']} ({rule['impact']}): {node['target']} {node['html'][:200]}"
                for rule in found["violations"]
                for node in rule["nodes"]
            ),
        ]

    def assert_fits(self) -> None:
        """Nothing is wider than the window, and every chart is inside it."""
        width = self.page.viewport_size["width"]
        assert self.page.evaluate("document.documentElement.scrollWidth") <= width
        for chart in self.page.locator(GRAPH).all():
            box = chart.bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width

    def resize(self, width: int) -> None:
        """Give the window another width and wait until charts have followed."""
        self.page.set_viewport_size({"width": width, "height": 1000})
        self.settle()
        self.page.evaluate(STILL)

    def settle(self) -> None:
        """Wait until the page is at rest and every chart that is asked for is drawn."""
        self.rest()
        self.page.wait_for_function(DRAWN)
        self.rest()

    @property
    def sentence(self) -> str:
        """The filters in words."""
        return self.page.get_by_test_id("stText").first.inner_text()

    @property
    def query(self) -> dict[str, list[str]]:
        """What the URL says."""
        return parse_qs(urlparse(self.page.url).query)


_idle: dict[tuple[object, ...], list[BrowserContext]] = {}
"""Contexts that no test uses, by browser and options; they have the client's scripts and nothing else."""


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Callable[..., Visit]]:
    """Opens an address as a reader does who was never there before; each visit is another reader."""
    used: list[tuple[tuple[object, ...], BrowserContext]] = []

    def open_page(address: str, width: int = 1400, **options: str) -> Visit:
        kind = (chromium, *sorted(options.items()))
        idle = _idle.setdefault(kind, [])
        context = idle.pop() if idle else chromium.new_context(**options)
        used.append((kind, context))
        visit = Visit(context.new_page())
        visit.page.set_viewport_size({"width": width, "height": 1000})
        visit.page.goto(address)
        visit.rest()
        return visit

    yield open_page
    for kind, context in used:
        try:
            forget(context)
        except Error:
            context.close()
        else:
            _idle[kind].append(context)


def forget(context: BrowserContext) -> None:
    """Close a reader's pages and forget what their sites stored."""
    for page in context.pages:
        page.evaluate("localStorage.clear()")
        page.close()
    context.clear_cookies()
