"""What a reader chose, in a real Chromium: in the URL, kept from page to page, in what is downloaded."""

from __future__ import annotations

import random
import re
from codecs import BOM_UTF8
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest
from browser import GRAPH, PATIENCE, Visit, serving
from conftest import LONG, PROJECT, environment
from playwright.sync_api import WebSocket, expect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from timing import filter_changes

from kpi.commands.cli import main
from kpi.dashboard.navigation import PAGES
from kpi.meaning.filters import TAGS
from kpi.numbers.warehouse import open_warehouse
from kpi.settings import Settings

THERE = [page for page in PAGES if (PROJECT / page.file).exists()]
CHOSEN = {
    "os": ["Windows 7", "Android"],
    "os_mode": ["all except"],
    "users": ["existing"],
    "period": ["custom"],
    "from": ["2016-02-01"],
    "to": ["2016-03-20"],
    "compare": ["previous period"],
    "granularity": ["week"],
}
SENTENCE = (
    "All browsers on all systems except Windows 7, Android, all services, existing users; "
    "1 Feb – 20 Mar 2016"
)
DOWNLOADS = {
    "/": ("engagement_table", "engagement"),
    "/engagement": ("engagement_table", "engagement"),
    "/multi_device": ("multi_device_table", "multi-device"),
    "/explore?explore=Median+time+to+connect": ("all_table", "connection-time"),
    "/explore?explore=Completed+connections": ("all_table", "completion"),
    "/explore?explore=Median+time+to+a+step": ("all_table", "steps"),
}
FILTERS = 12


def address(server: str, path: str, chosen: dict[str, list[str]]) -> str:
    """A page's address with what was chosen."""
    query = urlencode(chosen, doseq=True)
    return f"{server}{path}{'&' if '?' in path else '?'}{query}" if query else f"{server}{path}"


def test_choices_survive_a_link_page_changes_and_reload(
    server: str, visit: Callable[..., Visit]
) -> None:
    """Filters, days, comparison and weeks of a link are applied, also on the next page and after a reload.

    On a screen the sidebar stays open after a choice of page.
    """
    seen = visit(address(server, "/engagement" if LONG else "/explore", CHOSEN))
    seen.settle()
    assert seen.sentence == SENTENCE
    assert seen.query == CHOSEN
    for title in ("Explore", "Overview") if LONG else ("Data",):
        seen.page.get_by_test_id("stSidebar").get_by_role("link", name=title).click()
        expect(seen.page.get_by_role("heading", name=title, exact=True, level=1)).to_be_visible()
        seen.settle()
        assert seen.sentence == SENTENCE
        assert seen.query == CHOSEN
        sidebar = seen.page.get_by_test_id("stSidebar")
        expect(sidebar).to_have_attribute("data-collapsed", "false")
    seen.page.reload()
    seen.settle()
    assert seen.sentence == SENTENCE
    assert seen.query == CHOSEN
    assert seen.complaints == []


@pytest.mark.long
def test_link_to_copy_is_the_address(server: str, visit: Callable[..., Visit]) -> None:
    """The link leads to the same page, filters, days and choices, with defaults left out."""
    chosen = {"users": ["new"], "view": ["lines"], "period": ["all"]}
    seen = visit(address(server, "/engagement", chosen))
    seen.settle()
    seen.page.get_by_role("button", name="Copy link").click()
    link = seen.page.get_by_test_id("stPopoverBody").get_by_test_id("stCode").first
    expect(link).to_contain_text("/engagement?", timeout=PATIENCE)
    other = visit(link.inner_text().strip())
    other.settle()
    assert other.query == chosen
    assert other.sentence == seen.sentence


@pytest.mark.long
def test_choice_made_by_hand_goes_into_the_url(server: str, visit: Callable[..., Visit]) -> None:
    """A period, its own days, and a comparison picked in the sidebar are applied and in the URL."""
    seen = visit(f"{server}/data")
    seen.settle()
    sidebar = seen.page.get_by_test_id("stSidebarUserContent")
    sidebar.get_by_role("combobox", name=re.compile("Period")).click()
    seen.page.get_by_role("option", name="custom").click()
    days = sidebar.get_by_role("group", name="From")
    days.get_by_role("spinbutton", name=re.compile("day")).click(timeout=PATIENCE)
    seen.page.get_by_role("button", name=re.compile("January 5, 2016")).click()
    seen.page.wait_for_url("**from=2016-01-05**", timeout=PATIENCE)
    expect(seen.page.get_by_test_id("stText").first).to_contain_text(
        "5 Jan – 31 Mar 2016", timeout=PATIENCE
    )
    both = {"from": ["2016-01-05"], "to": ["2016-03-31"]}
    assert seen.query == {"period": ["custom"], **both}


@pytest.mark.parametrize(
    ("start", "choice", "option", "end"),
    [
        (
            "/data?period=custom&from=2016-02-01&to=2016-03-01&users=new",
            "Period",
            "last 28 days",
            {"period": ["last 28 days"], "users": ["new"]},
        ),
        pytest.param(
            "/explore?explore=Multi-device+users&window=7&by=Service",
            "Measure",
            "Engagement ratio",
            {"by": ["Service"]},
            marks=pytest.mark.long,
        ),
    ],
    ids=["a period", "a measure"],
)
def test_a_choice_is_a_single_step_of_back(
    start: str,
    choice: str,
    option: str,
    end: dict[str, list[str]],
    server: str,
    visit: Callable[..., Visit],
) -> None:
    """What a choice removes from the URL goes in the same step, and Back restores all of it."""
    seen = visit(f"{server}{start}")
    seen.settle()
    before, steps = seen.query, seen.page.evaluate("history.length")
    seen.page.get_by_role("combobox", name=re.compile(choice)).first.click()
    seen.page.get_by_role("option", name=option, exact=True).click()
    seen.page.wait_for_function(
        "before => location.search != before", arg=f"?{start.split('?')[1]}"
    )
    seen.settle()
    assert seen.query == end
    assert seen.page.evaluate("history.length") - steps == 1
    seen.page.go_back()
    seen.settle()
    assert seen.query == before


LATE = """(() => {
  const Real = WebSocket, late = f => event => setTimeout(() => f(event), window.late || 0);
  window.WebSocket = class extends Real {
    set onmessage(f) { super.onmessage = late(f); }
    addEventListener(kind, f, ...rest) {
      super.addEventListener(kind, kind === 'message' ? late(f) : f, ...rest);
    }
  };
})()"""
"""What the server sends arrives ``window.late`` milliseconds later."""


def ends_a_run(frame: bytes | str) -> bool:
    """True for the server's message that a page is drawn."""
    return isinstance(frame, bytes) and (
        ForwardMsg.FromString(frame).WhichOneof("type") == "script_finished"
    )


@pytest.mark.long
def test_two_quick_choices_are_both_made(server: str, visit: Callable[..., Visit]) -> None:
    """A second choice before the browser has the URL of the first loses neither; Back undoes each."""
    seen = visit(f"{server}/engagement?period=all")
    seen.settle()
    seen.page.add_init_script(LATE)
    sockets: list[WebSocket] = []
    seen.page.on("websocket", lambda socket: sockets.append(socket))
    seen.page.reload()
    seen.settle()
    seen.page.evaluate("window.late = 1500")
    sidebar = seen.page.get_by_test_id("stSidebarUserContent")
    # The run of the first choice ends, and its URL is on its way.
    with sockets[-1].expect_event("framereceived", ends_a_run, timeout=PATIENCE):
        sidebar.get_by_text("week", exact=True).click()
    seen.page.get_by_role("radio", name="monthly users").first.click(force=True)
    seen.page.wait_for_url("**measure=monthly**", timeout=PATIENCE)
    seen.page.evaluate("window.late = 0")
    both = {"period": ["all"], "granularity": ["week"], "measure": ["monthly users"]}
    assert seen.query == both
    expect(sidebar.get_by_role("radio", name="week")).to_be_checked()
    for url in ("**granularity=week", "**period=all"):
        seen.page.go_back()
        seen.page.wait_for_url(url, timeout=PATIENCE)
    expect(sidebar.get_by_role("radio", name="day")).to_be_checked(timeout=PATIENCE)


@pytest.mark.long
def test_a_day_that_is_emptied_comes_back(server: str, visit: Callable[..., Visit]) -> None:
    """Whoever empties a day and leaves it has the day of before, on the page, in the field, in the URL."""
    seen = visit(f"{server}/?period=custom&from=2016-02-01&to=2016-02-20")
    seen.settle()
    sentence, query = seen.sentence, seen.query
    field = seen.page.get_by_test_id("stSidebarUserContent").get_by_role("group", name="From")
    for part in ("year", "month", "day"):
        field.get_by_role("spinbutton", name=re.compile(part)).focus()
        for _ in range(4):
            seen.page.keyboard.press("Backspace")
    expect(field).to_contain_text("yyyy")
    seen.page.get_by_role("heading", level=1).first.click()
    expect(field).to_contain_text("2016", timeout=PATIENCE)
    seen.settle()
    assert (seen.sentence, seen.query) == (sentence, query)
    assert seen.complaints == []


@pytest.mark.long
def test_bad_days_in_the_url_are_dropped_with_a_notice(
    server: str, visit: Callable[..., Visit]
) -> None:
    """A day that isn't loaded, or is no day, is told and leaves the URL."""
    seen = visit(f"{server}/explore?period=custom&from=2036-01-01&to=nonsense&compare=yesterday")
    notices = seen.page.get_by_test_id("stToast")
    for said in ("2036-01-01", "nonsense", "yesterday"):
        expect(notices.filter(has_text=said)).to_be_visible(timeout=PATIENCE)
    seen.settle()
    both = {"from": ["2016-01-01"], "to": ["2016-03-31"]}
    assert seen.query == {"period": ["custom"], **both}
    assert "1 Jan – 31 Mar 2016" in seen.sentence


@pytest.mark.long
def test_choices_are_made_by_keyboard_alone(server: str, visit: Callable[..., Visit]) -> None:
    """The keyboard reaches a page's choices, which say what they are, and changes them."""
    seen = visit(f"{server}/multi_device")
    seen.settle()
    percent = seen.page.get_by_role("radio", name="percent")
    percent.focus()
    seen.page.keyboard.press("Space")
    seen.page.wait_for_url("**multi_device_unit=percent**", timeout=PATIENCE)
    seen.settle()
    names = seen.page.locator(GRAPH).evaluate_all(
        "found => found.map(each => each.getAttribute('aria-label')"
        " || each.closest('[aria-label]')?.getAttribute('aria-label') || '')"
    )
    assert any("percent" in name for name in names)


@pytest.mark.long
@pytest.mark.parametrize("page", THERE, ids=[page.title for page in THERE])
def test_deep_link_is_the_first_thing_a_fresh_server_sees(
    page, visit: Callable[..., Visit], demo_home: Path, tmp_path: Path
) -> None:
    """Whichever page is asked for first, it has its whole frame."""
    with serving(tmp_path, KPI_HOME=str(demo_home)) as fresh:
        path = page.file.removeprefix("pages/").removesuffix(".py").replace("app", "")
        seen = visit(f"{fresh}/{path}?users=existing")
        seen.settle()
        assert seen.page.get_by_role("heading", name=page.title, exact=True, level=1).is_visible()
        assert "existing users" in seen.sentence
        assert seen.page.get_by_test_id("stSidebar").get_by_role("link").count() == len(THERE)
        assert seen.complaints == []


@pytest.fixture(scope="module")
def tag_values(demo_home: Path) -> dict[str, list[str]]:
    """The values of each tag in the demo store."""
    with environment(KPI_HOME=str(demo_home)):
        warehouse = open_warehouse(Settings.read())
        values = warehouse.known_values()
        warehouse.close()
    return values


def random_choice(
    chance: random.Random, values: dict[str, list[str]]
) -> tuple[dict[str, list[str]], list[str]]:
    """Filters, days and weeks at random: for the URL, and for `export`."""
    chosen: dict[str, list[str]] = {"period": ["all"]}
    told = []
    for tag in chance.sample(TAGS, chance.randint(0, 2)):
        some = chance.sample(values[tag][:6], min(len(values[tag][:6]), chance.randint(1, 3)))
        chosen[tag] = some
        mode = ""
        if chance.random() < 0.4:
            chosen[f"{tag}_mode"], mode = ["all except"], "not-"
        told += [f"--{mode}{tag}={value}" for value in some]
    if chance.random() < 0.5:
        users = chance.choice(["new", "existing"])
        chosen["users"] = [users]
        told.append(f"--users={users}")
    if chance.random() < 0.3:
        chosen["granularity"] = ["week"]
        told.append("--weekly")
    if chance.random() < 0.5:
        chosen |= {"period": ["custom"], "from": ["2016-01-11"], "to": ["2016-03-13"]}
        told += ["--from=2016-01-11", "--to=2016-03-13"]
    return chosen, told


@pytest.mark.long
def test_downloads_equal_the_export(
    server: str,
    visit: Callable[..., Visit],
    demo_home: Path,
    tag_values: dict[str, list[str]],
    tmp_path: Path,
) -> None:
    """For a dozen filters, days and weeks at random, downloads are what `export` prints, byte by byte."""
    chance = random.Random(2016)
    seen = visit(server)
    for number in range(FILTERS):
        path, (key, metric) = list(DOWNLOADS.items())[number % len(DOWNLOADS)]
        chosen, told = random_choice(chance, tag_values)
        seen.page.goto(address(server, path, chosen))
        seen.rest()
        seen.page.locator(f".st-key-{key}").get_by_text("Table and download").click()
        button = seen.page.get_by_role("button", name=f"Download {metric} as CSV").first
        with seen.page.expect_download() as started:
            button.click()
        got, wanted = tmp_path / f"{number}.csv", tmp_path / f"{number}-export.csv"
        started.value.save_as(got)
        with environment(KPI_HOME=str(demo_home)):
            assert main(["export", metric, *told, "--min-users=1", "-o", str(wanted)]) == 0
        assert got.read_bytes() == BOM_UTF8 + wanted.read_bytes(), (path, told)
        assert "definitions-2016.1" in started.value.suggested_filename


@pytest.mark.long
@pytest.mark.parametrize("path", ["/", "/engagement", "/multi_device", "/explore"])
def test_fifty_filter_changes(
    server: str, visit: Callable[..., Visit], path: str, record_property: Callable[..., None]
) -> None:
    """Fifty changes of a filter one after the other: every one is drawn, and nothing complains.

    The times are recorded; how long is too long depends on what else the machine does.
    """
    seen = visit(f"{server}{path}")
    seen.settle()
    waits = filter_changes(seen, 50)
    record_property("median_ms", round(waits.at(0.5)))
    record_property("p95_ms", round(waits.at(0.95)))
    print(f"{path}: median {waits.at(0.5):.0f} ms, 95th percentile {waits.at(0.95):.0f} ms")
    assert len(waits.all) == 50
    assert seen.complaints == []
