"""How fast the pages are in a real Chromium: `python -m benchmarks.app`.

For each page: the first load, from the address to the last chart drawn, on a server just started and
on one that is warm; and filter changes by hand, from the key or click to the last thing redrawn: those
whose numbers nobody asked for before, and those that somebody did. Beside them Streamlit's own floor, a
page of one choice and one chart (`benchmarks/floor.py`). The store is that of KPI_HOME, or a demo built
for the occasion. Needs the development requirements.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(PROJECT), str(PROJECT / "tests"), str(PROJECT / "tests" / "support")]

from browser import ARGUMENTS, AT_REST, CHROMIUM, DRAWN, PATIENCE, path, serving  # noqa: E402
from conftest import environment  # noqa: E402
from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402

from kpi.commands.cli import main as kpi  # noqa: E402
from kpi.dashboard.navigation import PAGES  # noqa: E402

WATCH = """() => {
  window.acted = 0;
  window.changed = performance.now();
  new MutationObserver(() => { window.changed = performance.now(); })
    .observe(document.querySelector('[data-testid=stMain]'),
             {subtree: true, childList: true, attributes: true, characterData: true});
  for (const kind of ['pointerdown', 'keydown'])
    addEventListener(kind, () => { window.acted = performance.now(); }, true);
}"""
TOOK = "() => window.changed - window.acted"
LOADED = "() => window.changed"
# Asked ten times a second only: on two cores, looking slows what is looked at. Right after an act
# nothing has begun to change, so stillness counts only once something has.
SETTLED = f"""() => document.querySelector('{AT_REST}') && ({DRAWN})()
  && window.changed > window.acted && performance.now() - window.changed > 400"""
CHANGES = 50
Steps = Callable[[Page], list[Callable[[], object]]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a line per page: first loads, and the median and 95th percentile of a filter change."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.app", description=__doc__)
    parser.add_argument("--changes", type=int, default=CHANGES, metavar="N")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        home = os.environ.get("KPI_HOME") or str(folder / "demo")
        if "KPI_HOME" not in os.environ:
            with environment(KPI_HOME=home):
                kpi(["demo"])
        store = {"KPI_HOME": home, "KPI_MIN_USERS": None}
        print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; milliseconds")
        print(
            f"{'page':16} {'fresh':>7} {'warm':>7} {'median':>7} {'95%':>7} {'slowest':>8} {'new':>7}"
        )
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
            with serving(folder, script="benchmarks/floor.py", **store) as address:
                _report("Streamlit's floor", browser, address, of_floor, asked.changes)
            for link in PAGES:
                with serving(folder, **store) as address:
                    _report(link.title, browser, address + path(link), of_filters, asked.changes)
            browser.close()


def _report(name: str, browser: Browser, address: str, steps: Steps, count: int) -> None:
    fresh, warm = (first_load(browser, address) for _ in range(2))
    times = list(changes(browser, address, steps, count))
    new = [took for first, took in times if first]
    every = sorted(took for _, took in times)
    print(
        f"{name:16} {fresh:7,.0f} {warm:7,.0f} {statistics.median(every):7,.0f} "
        f"{every[int(0.95 * (len(every) - 1))]:7,.0f} {every[-1]:8,.0f} {statistics.median(new):7,.0f}",
        flush=True,
    )


def first_load(browser: Browser, address: str) -> float:
    """Milliseconds from asking for the address until nothing changes any more."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    page.wait_for_selector("[data-testid=stMain]")
    page.evaluate(WATCH)
    still(page)
    took = page.evaluate(LOADED)
    context.close()
    return took


def changes(
    browser: Browser, address: str, steps: Steps, count: int
) -> Iterator[tuple[bool, float]]:
    """For each of so many changes in the sidebar: True with new choices, and milliseconds."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    page.wait_for_selector("[data-testid=stMain]")
    page.evaluate(WATCH)
    still(page)
    reached = {page.url}
    for step in islice(cycle(steps(page)), count):
        before = page.url
        step()
        page.wait_for_function("before => location.href != before", arg=before, polling=50)
        still(page)
        yield page.url not in reached, page.evaluate(TOOK)
        reached.add(page.url)
    context.close()


def of_filters(page: Page) -> list[Callable[[], object]]:
    """Choices of users, devices and systems that end where they began."""
    sidebar = page.get_by_test_id("stSidebarUserContent")
    radios = sidebar.get_by_test_id("stRadio")
    users, devices = (radios.filter(has_text=name) for name in ("Users", "Devices"))
    choices = sidebar.get_by_test_id("stMultiSelect")
    system = choices.filter(has_text="Operating system").locator("input")
    return [
        lambda: users.get_by_text("existing", exact=True).click(),
        lambda: devices.get_by_text("multi", exact=True).click(),
        lambda: (system.fill("Windows 10"), system.press("Enter")),
        lambda: users.get_by_text("new", exact=True).click(),
        lambda: (system.fill("Android"), system.press("Enter")),
        lambda: devices.get_by_text("single", exact=True).click(),
        lambda: system.press("Backspace"),
        lambda: users.get_by_text("all", exact=True).click(),
        lambda: system.press("Backspace"),
        lambda: devices.get_by_text("all", exact=True).click(),
    ]


def of_floor(page: Page) -> list[Callable[[], object]]:
    """Every choice that the floor's page has."""
    radio = page.get_by_test_id("stRadio")
    return [lambda name=name: radio.get_by_text(name, exact=True).click() for name in "231"]


def still(page: Page) -> None:
    """Wait until the script has run, all charts stand and nothing has changed for a moment."""
    page.wait_for_function(SETTLED, polling=100)


if __name__ == "__main__":
    main()
