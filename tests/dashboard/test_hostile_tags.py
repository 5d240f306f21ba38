"""What the data say is text everywhere: never markup, a script, a formula or an instruction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import quote

import duckdb
import pytest
from browser import GRAPH, Visit, path, serving
from conftest import Store
from event_files import write
from logs import Event, at, days_from, device, event, user
from playwright.sync_api import expect

from kpi.dashboard.navigation import PAGES, PageLink

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "=cmd()|'/c calc'!A1",
    "**bold** _it_ `code` # head",
    "[link](javascript:alert(1)) ![i](http://example.invalid/i.png)",
    ":red[x] :material/home: $a^2$ :smile:",
    "rtl \u202eevil\u202c \u200f",
    "' + datum.x + '\\\" {{x}} ${y} %s {0}",
)
MARKS = """() => ({
  scripts: [...document.scripts].filter(each => each.text.includes('alert(1)')).length,
  images: document.querySelectorAll('img[src=x], img[src*="example.invalid"]').length,
  links: document.querySelectorAll('a[href^="javascript"]').length,
  bold: [...document.querySelectorAll('strong')].filter(each => each.innerText == 'bold').length,
  maths: document.querySelectorAll('.katex').length,
})"""
NO_MARKS = {"scripts": 0, "images": 0, "links": 0, "bold": 0, "maths": 0}


def hostile_log() -> list[Event]:
    """Six weeks of users, each of whose tags is one hostile value, who connect devices every week."""
    log = []
    for number, value in enumerate(HOSTILE):
        tags = {
            "user_agent_browser": value,
            "user_agent_version": value.replace(".", ""),
            "user_agent_os": value,
            "service": "sync",
        }
        acquired = {name: value for name in ("context", "entrypoint", "campaign", "migration")}
        for place, day in enumerate(days_from("2016-01-04", 42)):
            for kind in ("account.signed", f"odd{number}"):
                who = {"uid": user(number), "device_id": device(f"{number}{place % 2}")}
                log.append(event(at(day), kind, **who, **tags))
            for step, kind in enumerate(("sequence.begin", "account.login", "device.connected")):
                sequence = {"seq_id": f"{number:016x}{place:016x}", "seq_time": 2000 * step}
                log.append(
                    event(
                        at(day, "13:00") + 2000 * step,
                        kind,
                        uid=user(number),
                        **sequence,
                        **tags,
                        **acquired,
                    )
                )
    return log


@pytest.fixture(scope="module")
def hostile_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server over a store whose every tag and type is hostile, and so is a marker."""
    store = Store(tmp_path_factory.mktemp("hostile"))
    store.load(write(store.files / "hostile.csv", hostile_log()))
    # Files with such types are refused; a raw table that somebody else fills may hold them.
    with duckdb.connect(str(store.home / "events.duckdb")) as engine:
        for number, value in enumerate(HOSTILE):
            engine.execute("UPDATE event SET type = $1 WHERE type = $2", [value, f"odd{number}"])
    store.summarise()
    for number, label in enumerate(HOSTILE):
        day = f"2016-01-{10 + number}"
        if all(map(str.isprintable, label)):
            store.must("annotate", day, label)
            continue
        assert "holds characters that can't be shown" in store.run("annotate", day, label).err
        with duckdb.connect(
            str((store.home / "kpi.duckdb").resolve())
        ) as engine:  # as versions before
            engine.execute("INSERT INTO annotation VALUES ($1, $2, 'release', NULL)", [day, label])
    told = {name: value for name, value in store.settings().items() if value is not None}
    with serving(tmp_path_factory.mktemp("server"), **told) as address:
        yield address


@pytest.mark.long
@pytest.mark.parametrize("page", PAGES, ids=[page.title for page in PAGES])
def test_hostile_values_are_text(
    page: PageLink, hostile_server: str, visit: Callable[..., Visit]
) -> None:
    """With every value chosen, in filters, breakdowns, charts, tooltips and tables, nothing is markup."""
    chosen = "&".join(f"os={quote(value)}" for value in HOSTILE)
    query = f"?period=all&by=Browser&view=ranked&{chosen}&type={quote(HOSTILE[0])}"
    seen = visit(f"{hostile_server}{path(page)}{query}")
    alerts: list[str] = []
    seen.page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    seen.settle()
    assert seen.sentence.startswith(f"All browsers on {' or '.join(HOSTILE)}, all services")
    options = seen.page.get_by_test_id("stSidebar").get_by_test_id("stMultiSelect")
    for value in HOSTILE:
        expect(options.filter(has_text="Operating system")).to_contain_text(value)
    if page.title in ("Connection time", "Engagement", "Multi-device", "Explore"):
        drawn = " ".join(seen.page.locator(f"{GRAPH} text").all_text_contents())
        assert "<script>alert(1)</script>"[:12] in drawn
    for help_icon in options.filter(has_not_text="Service").get_by_test_id("stTooltipIcon").all():
        help_icon.hover()
        expect(seen.page.get_by_test_id("stTooltipContent")).to_contain_text(HOSTILE[0])
        assert seen.page.evaluate(MARKS) == NO_MARKS
        seen.page.mouse.move(5, 5)
        expect(seen.page.get_by_test_id("stTooltipContent")).to_have_count(0)
    for table in seen.page.get_by_text("Table and download").all():
        table.click()
    seen.settle()
    assert seen.page.evaluate(MARKS) == NO_MARKS
    assert alerts == []
    assert seen.complaints == []
    assert not any("example.invalid" in host for host in seen.asked)


def test_tooltips_of_charts_are_text(hostile_server: str, visit: Callable[..., Visit]) -> None:
    """Pointing at a row named like a script, and at its marker, shows the name."""
    seen = visit(f"{hostile_server}/connection_time?period=all&by=Browser")
    alerts: list[str] = []
    seen.page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    seen.settle()
    drawn = " ".join(seen.page.locator(f"{GRAPH} text").all_text_contents())
    assert "<script>alert(1)</script>"[:12] in drawn
    chart = seen.page.locator(GRAPH).filter(has_text="n = ").last
    chart.locator("g.mark-rect path").first.hover()
    told = seen.page.locator("#vg-tooltip-element")
    expect(told).to_contain_text("n")
    assert any(value.split(" \u202e")[0] in told.inner_text() for value in HOSTILE)
    seen.page.mouse.move(5, 5)
    marker = seen.page.locator(GRAPH).first.locator("g.mark-symbol path[aria-label*=release]").first
    marker.hover(force=True)
    expect(told).to_contain_text("▼ release: ")
    assert any(value.split(" \u202e")[0] in told.inner_text() for value in HOSTILE)
    assert seen.page.evaluate(MARKS) == NO_MARKS
    assert seen.complaints == []
    assert alerts == []
