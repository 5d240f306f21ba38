"""`make screenshots`: every page of the demo, light and dark, wide and narrow, into docs/screenshots/.

The store of KPI_HOME is shown where that is set; otherwise the demo is built anew, as `make run` has it.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(PROJECT), str(PROJECT / "tests"), str(PROJECT / "tests" / "support")]

from browser import ARGUMENTS, AT_REST, CHROMIUM, DRAWN, PATIENCE, STILL, path, serving  # noqa: E402
from conftest import environment  # noqa: E402
from PIL import Image  # noqa: E402
from playwright.sync_api import Browser, sync_playwright  # noqa: E402

from kpi.commands.cli import main as kpi  # noqa: E402
from kpi.dashboard.navigation import PAGES  # noqa: E402

FOLDER = PROJECT / "docs" / "screenshots"
WIDTHS = {"wide": 1400, "narrow": 390}
LEAST_HEIGHT = 900
DIGEST_WIDTH, DIGEST_HEIGHT = 700, 1500
COLOURS = 256
"""As many as a palette holds: enough for pages of few colours, at half the bytes."""


def main() -> None:
    """Take every picture, over the store that there is."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        home = os.environ.get("KPI_HOME") or str(Path(temporary) / "demo")
        if "KPI_HOME" not in os.environ:
            with environment(KPI_HOME=home):
                kpi(["demo"])
        with (
            serving(Path(temporary), KPI_HOME=home, KPI_MIN_USERS=None) as address,
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
            for page in PAGES:
                for scheme in ("light", "dark"):
                    for name, width in WIDTHS.items():
                        picture = taken(browser, address + path(page), scheme, width)
                        page_name = path(page).strip("/") or "overview"
                        file = FOLDER / f"{page_name}_{scheme}_{name}.png"
                        file.write_bytes(picture)
                        print(f"{file.relative_to(PROJECT)}: {len(picture) / 1024:,.0f} KiB")
            (FOLDER / "digest.png").write_bytes(digest(browser, Path(temporary), home))
            browser.close()


def digest(browser: Browser, folder: Path, home: str) -> bytes:
    """A picture of the digest as a mail client shows it: light and dark beside each other."""
    page = folder / "digest.html"
    with environment(KPI_HOME=home, KPI_ADDRESS="https://kpi.example.org"):
        kpi(["digest", "--dry-run", "--format", "html", "--output", str(page)])
    shots = []
    for scheme in ("light", "dark"):
        context = browser.new_context(
            viewport={"width": DIGEST_WIDTH, "height": LEAST_HEIGHT}, color_scheme=scheme
        )
        shown = context.new_page()
        shown.goto(page.as_uri())
        shots.append(Image.open(io.BytesIO(shown.screenshot(full_page=True))))
        context.close()
    height = min(DIGEST_HEIGHT, *(shot.height for shot in shots))
    beside = Image.new("RGB", (2 * DIGEST_WIDTH, height))
    for place, shot in enumerate(shots):
        beside.paste(shot.crop((0, 0, DIGEST_WIDTH, height)), (place * DIGEST_WIDTH, 0))
    written = io.BytesIO()
    beside.save(written, "PNG", optimize=True)  # two themes have more colours than a palette
    return written.getvalue()


def taken(browser: Browser, address: str, scheme: str, width: int) -> bytes:
    """A picture of a whole page, as a PNG of few colours."""
    context = browser.new_context(
        viewport={"width": width, "height": LEAST_HEIGHT}, color_scheme=scheme
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    for _ in range(2):  # the page scrolls within itself, so the window is made as high as it is
        page.wait_for_selector(AT_REST)
        page.wait_for_function(DRAWN)
        page.evaluate(STILL)
        height = page.get_by_test_id("stMain").evaluate("main => main.scrollHeight")
        page.set_viewport_size({"width": width, "height": max(LEAST_HEIGHT, height)})
    page.evaluate(STILL)
    picture = Image.open(io.BytesIO(page.screenshot(animations="disabled")))
    context.close()
    return packed(picture)


def packed(picture: Image.Image) -> bytes:
    """A picture as a PNG of few colours."""
    written = io.BytesIO()
    picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(
        written, "PNG", optimize=True
    )
    return written.getvalue()


if __name__ == "__main__":
    main()
