"""Ten tasks that a product manager does in a browser, and the sentence that answers each."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browser import PATIENCE, Visit, serving
from playwright.sync_api import Locator, expect

pytestmark = pytest.mark.long

Open = Callable[..., Visit]
SHARE = "multi_device_share"
BADGE = ".stMarkdownBadge"


@pytest.fixture(scope="module")
def address(goals_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A fresh server over a copy of a demo of eleven months, with the privacy of production."""
    home = shutil.copytree(goals_home, tmp_path_factory.mktemp("own") / "home", symlinks=True)
    folder = tmp_path_factory.mktemp("server")
    with serving(folder, KPI_HOME=str(home), KPI_MIN_USERS="10") as own:
        yield own


def card(seen: Visit, title: str) -> Locator:
    """A card by its title."""
    return seen.page.get_by_test_id("stVerticalBlock").filter(has_text=re.compile(f"^{title}")).last


def verdict(badge: str) -> str:
    """The verdict in a badge, without the name of its icon."""
    found = re.search("too close to call|not met|met|no data", badge)
    assert found is not None, badge
    return found.group()


def choose(seen: Visit, label: str, option: str) -> None:
    """Pick an option of a select box by its label."""
    box = seen.page.get_by_test_id("stSelectbox").filter(has_text=re.compile(f"^{label}"))
    box.get_by_role("combobox").click()
    seen.page.get_by_role("option", name=option, exact=True).click()
    seen.rest()


def test_status(address: str, visit: Open) -> None:
    """The first line says how many goals are met; a chip opens its goal, which says the same."""
    seen = visit(address)
    line = seen.page.get_by_test_id("stMarkdown").filter(has_text=re.compile(r"^\d of 7 goals"))
    expect(line).to_contain_text(", for all users, on 31 Jul 2016")
    count = re.match(r"\d of 7 goals met(, \d too close to call)?", line.inner_text())
    assert count is not None
    chips = seen.page.get_by_role("link").filter(has=seen.page.locator(BADGE))
    verdicts = [verdict(chip.locator(BADGE).first.inner_text()) for chip in chips.all()]
    assert len(verdicts) == 7
    seen.page.get_by_role("link", name=re.compile("Multi-device users: at least 20")).click()
    seen.page.wait_for_url(f"**/goals?open_{SHARE}=true")
    expect(seen.page.get_by_text(count.group())).to_be_visible(timeout=PATIENCE)
    seen.settle()
    rows = seen.page.locator(".stMain, [data-testid=stMain]").first.locator(BADGE).all_inner_texts()
    assert [verdict(text) for text in rows if "Demo data" not in text] == verdicts, rows


def test_why_by_segment(address: str, visit: Open) -> None:
    """Ranked systems have n, and a sentence says where neighbours can't be ranked."""
    seen = visit(f"{address}/engagement")
    seen.settle()
    expect(seen.page.get_by_text("Values of 4 Jul – 31 Jul 2016.")).to_contain_text(
        "Bars whose whiskers overlap can't be ranked for sure."
    )
    expect(seen.page.get_by_text("these numbers overlap and don’t add up")).to_be_visible()
    bars = seen.page.locator("[aria-label^='Engagement ratio by os']").first
    label = bars.get_attribute("aria-label")
    assert re.search(r"Windows 7 \d+\.\d%  \(of \d+ monthly users\)", label), label


def test_share_a_segment(address: str, visit: Open) -> None:
    """A segment's link shows somebody else the same sentence and value, and no verdict of all users."""
    seen = visit(address)
    seen.page.get_by_role("combobox", name="Operating system").click()
    seen.page.get_by_role("option", name=re.compile("^Windows 7")).click()
    seen.page.wait_for_url("**os=Windows+7**")
    seen.settle()
    assert seen.sentence.startswith("All browsers on Windows 7, all services")
    other = visit(seen.page.url)
    other.settle()
    assert other.sentence == seen.sentence
    mine, theirs = card(seen, "Engagement ratio"), card(other, "Engagement ratio")
    expect(theirs).to_contain_text("The goal is for all users.")
    assert theirs.inner_text() == mine.inner_text()


def test_baseline(address: str, visit: Open) -> None:
    """A baseline that is frozen with a reason is the team's, and the Overview names it."""
    seen = visit(f"{address}/goals?open_{SHARE}=true&baseline=Q4+2015")
    goal = seen.page.locator(f".st-key-open_{SHARE}")
    goal.get_by_label("Who").first.fill("Ann")
    goal.get_by_label("Why").first.fill("The quarter before the goals")
    goal.get_by_role("button", name="Freeze this baseline").click()
    expect(seen.page.get_by_test_id("stToast")).to_contain_text("frozen", timeout=PATIENCE)
    other = visit(f"{address}/goals")
    row = other.page.locator(f".st-key-open_{SHARE}")
    expect(
        other.page.get_by_text(re.compile("Baseline .* of Q4 2015, frozen by Ann")).first
    ).to_be_visible(timeout=PATIENCE)
    expect(row).to_be_visible()


def test_who_gives_up(address: str, visit: Open) -> None:
    """The connection page says how many attempts were begun, completed, and where they end."""
    seen = visit(f"{address}/connection_time")
    seen.settle()
    done = card(seen, "Completed, ever")
    assert re.search(
        r"between \d+\.\d% and \d+\.\d% \(95% sure\), of \d+ attempts begun", done.inner_text()
    )
    expect(
        seen.page.get_by_text(re.compile(r"Percent of the \d+ attempts begun in the period"))
    ).to_be_visible()
    expect(seen.page.get_by_text("so slower attempts count as not completed")).to_be_visible()


def test_this_quarter_against_the_last(address: str, visit: Open) -> None:
    """A comparison is of 28 days with 28 days, named by their dates; a year without data is refused."""
    seen = visit(f"{address}/engagement")
    choose(seen, "Compare with", "previous period")
    days = seen.page.get_by_text(re.compile("^The cards are about .*, against"))
    expect(days).to_contain_text("against 30 Nov – 27 Dec 2015", timeout=PATIENCE)
    choose(seen, "Compare with", "a year before")
    expect(seen.page.get_by_text("Not compared: this would need the days")).to_contain_text(
        "the data begins on 1 Sep 2015"
    )


def test_a_slide(address: str, visit: Open) -> None:
    """A picture for a slide has the chart's title, the filters in words, and that the data are simulated."""
    seen = visit(f"{address}/engagement?os=Windows+7")
    seen.settle()
    seen.page.get_by_text("Table and download, SQL").first.click()
    button = seen.page.get_by_role("button", name="Picture (SVG)").first
    with seen.page.expect_download(timeout=PATIENCE) as started:
        button.click()
    picture = Path(started.value.path()).read_text()
    for words in (
        "Engagement ratio",
        "All browsers on Windows 7",
        "Demo data (simulated)",
        "31 Jul 2016",
    ):
        assert words in picture, words
    assert started.value.suggested_filename.endswith(".svg")


def test_a_marker(address: str, visit: Open) -> None:
    """A marker that is added with who is named on charts and in the list, with the KPIs before and after."""
    seen = visit(f"{address}/data")
    form = seen.page.get_by_test_id("stForm").filter(has_text="Add a marker")
    for part, digits in (("month", "06"), ("day", "20")):
        form.get_by_role("spinbutton", name=re.compile(f"^{part}")).focus()
        seen.page.keyboard.type(digits)
    form.get_by_label("Label").fill("Campaign of the summer")
    form.get_by_label("Who").fill("Ann")
    form.get_by_role("button", name="Add").click()
    expect(seen.page.get_by_test_id("stToast")).to_contain_text("marker", timeout=PATIENCE)
    other = visit(address)
    other.settle()
    sign = other.page.locator("svg.marks path[aria-label*='Campaign of the summer']").first
    expect(sign).to_be_attached(timeout=PATIENCE)
    other.page.get_by_text(re.compile("^Markers")).first.click()
    expect(other.page.get_by_text("8 weeks").first).to_be_visible(timeout=PATIENCE)


def test_trust(address: str, visit: Open) -> None:
    """The Data page begins with whether today's numbers can be trusted, and names what is missing."""
    seen = visit(f"{address}/data")
    seen.settle()
    expect(seen.page.get_by_text("Can I trust today").first).to_be_visible()
    expect(seen.page.get_by_text(re.compile("^(Yes|With care|No): "))).to_contain_text(
        "31 Jul 2016"
    )


def test_on_a_phone(address: str, visit: Open) -> None:
    """On a phone the goals come first, nothing is wider than the window, and a choice of page shows it."""
    seen = visit(address, width=390)
    seen.settle()
    page = seen.page
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.get_by_text(re.compile(r"^\d of 7 goals met")).bounding_box()["y"] < 700
    page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_test_id("stSidebar").get_by_role("link", name="Goals").click()
    page.wait_for_url("**/goals")
    seen.settle()
    expect(page.get_by_test_id("stSidebarContent")).not_to_be_in_viewport(timeout=PATIENCE)


def tab_to(seen: Visit, name: str) -> None:
    """Press Tab until what has the focus begins with a name."""
    for _ in range(150):
        seen.page.keyboard.press("Tab")
        if re.match(name, seen.page.evaluate(FOCUSED)):
            return
    raise AssertionError(f"Tab doesn't come to {name}")


FOCUSED = """() => {
  const at = document.activeElement;
  const label = at.getAttribute('aria-label') || [...(at.labels || [])].map(each => each.innerText).join(' ');
  return (label || at.innerText || '').replace(/^\\s*[a-z_]+\\n/, '').trim();
}"""
"""The name of the element that has the focus, without that of its icon."""


def test_by_keyboard_alone(address: str, visit: Open) -> None:
    """Status, a segment to share, and a baseline to freeze, with no more than the keyboard."""
    seen = visit(address)
    seen.settle()
    keys = seen.page.keyboard
    tab_to(seen, ".*Multi-device users: at least 20")
    keys.press("Enter")
    seen.page.wait_for_url(f"**/goals?open_{SHARE}=true")
    seen.settle()

    tab_to(seen, "Operating system")
    keys.type("Windows 7")
    keys.press("Enter")
    seen.page.wait_for_url("**os=Windows+7**")
    seen.settle()
    keys.press("Escape")
    tab_to(seen, "Copy link")
    keys.press("Enter")
    link = seen.page.get_by_test_id("stPopoverBody").get_by_test_id("stCode").first.inner_text()
    other = visit(link)
    other.settle()
    assert other.sentence == seen.sentence
    assert seen.sentence.startswith("All browsers on Windows 7")
    keys.press("Escape")

    seen.page.goto(f"{address}/goals")
    seen.settle()
    tab_to(seen, "Baseline")
    keys.type("Q4 2015")
    keys.press("Enter")
    seen.page.wait_for_url("**baseline=Q4+2015**")
    seen.settle()
    for _ in range(5):  # the fifth goal is that of multi-device users
        tab_to(seen, "History, baseline")
    keys.press("Enter")
    seen.page.wait_for_url(f"**open_{SHARE}=true**")
    seen.settle()
    tab_to(seen, "Who")
    keys.type("Eve")
    tab_to(seen, "Why")
    keys.type("By keyboard")
    tab_to(seen, "Freeze this baseline")
    keys.press("Enter")
    expect(seen.page.get_by_test_id("stToast")).to_contain_text("frozen", timeout=PATIENCE)
    row = visit(f"{address}/goals").page.get_by_text(re.compile("Baseline .* frozen by Eve"))
    expect(row.first).to_be_visible(timeout=PATIENCE)
