"""Page links, the sidebar of a phone and a server that is down, in a real Chromium."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from browser import PATIENCE, Visit, serving
from conftest import PROJECT
from playwright.sync_api import expect

from kpi.dashboard.client import SCRIPT
from kpi.dashboard.revised import COOKIE

PHONE = 375
SHARE = "multi_device_share"
LEFT_TO_BROWSER = """link => link.dispatchEvent(
  new MouseEvent("click", {bubbles: true, cancelable: true, metaKey: true}))"""


PLACES = [("stSidebar", "Engagement"), ("stMain", "Details")]


@pytest.mark.long
@pytest.mark.parametrize(("place", "name"), PLACES)
def test_page_link_with_ctrl_opens_a_new_tab(
    place: str, name: str, server: str, visit: Callable[..., Visit]
) -> None:
    """Ctrl-click opens the page in a new tab, with the filters; this tab keeps its page.

    Cmd opens a tab on a Mac only; here the browser is left to decide, too.
    """
    seen = visit(f"{server}/?users=new")
    seen.settle()
    assert_ctrl_opens_a_tab(seen, place, name, "engagement")


def assert_ctrl_opens_a_tab(seen: Visit, place: str, name: str, page: str) -> None:
    """A link clicked with Ctrl opens its page in a new tab, with the choices; this tab stays."""
    address, chosen = seen.page.url, seen.query
    link = seen.page.get_by_test_id(place).get_by_role("link", name=name).first
    seen.page.context.route("**/static/**", lambda route: route.abort())  # nobody reads the new tab
    with seen.page.context.expect_page() as opened:
        link.click(modifiers=["Control"])
    opened.value.wait_for_url(f"**/{page}?*", timeout=PATIENCE)
    assert parse_qs(urlparse(opened.value.url).query) == chosen
    opened.value.close()
    seen.page.context.unroute("**/static/**")
    assert seen.page.url == address
    assert seen.complaints == []
    assert link.evaluate(LEFT_TO_BROWSER), "Cmd-click"


@pytest.mark.long
def test_on_a_phone_the_sidebar_closes_after_a_choice_of_page(
    server: str, visit: Callable[..., Visit]
) -> None:
    """The page that was chosen is seen, not the sidebar."""
    seen = visit(f"{server}/explore?users=new", width=PHONE)
    seen.settle()
    seen.page.get_by_test_id("stExpandSidebarButton").click()
    sidebar = seen.page.get_by_test_id("stSidebar")
    expect(sidebar).to_have_attribute("data-collapsed", "false")
    sidebar.get_by_role("link", name="Data").click()
    seen.page.wait_for_url("**/data?users=new", timeout=PATIENCE)
    seen.settle()
    expect(sidebar).to_have_attribute("data-collapsed", "true")


GONE = "getComputedStyle(document.querySelector('[data-testid=stApp]'), '::after').content"
"""What the page says of a server that is gone."""


def test_a_typed_date_is_in_every_link_and_a_server_that_is_down_is_said(
    demo_home: Path, tmp_path: Path, visit: Callable[..., Visit]
) -> None:
    """A date that is typed counts once Enter is pressed; nothing else needs a click.

    A press of Copy link copies the address with every choice, and says so for a moment. Ctrl-click opens a
    page in a new tab, with the choices. A page whose server is gone says so in a sentence, before Streamlit's
    own dialog comes. A reader who leaves has a cookie of the publication that was shown.
    """
    with serving(tmp_path, KPI_HOME=str(demo_home)) as server:
        seen = visit(f"{server}/data?users=new&period=custom&from=2016-03-01&to=2016-03-20")
        seen.settle()
        seen.page.get_by_test_id("stDateInput").first.get_by_role("spinbutton").first.click()
        seen.page.keyboard.type("20160210")
        seen.page.keyboard.press("Enter")
        seen.page.wait_for_url("**from=2016-02-10&to=2016-03-20*", timeout=PATIENCE)
        seen.settle()
        seen.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        seen.page.get_by_role("button", name="Copy link").click()
        expect(seen.page.locator("body[data-kpi-copied]")).to_be_attached(timeout=PATIENCE)
        assert seen.page.evaluate("navigator.clipboard.readText()") == seen.page.url
        assert seen.query["users"] == ["new"]
        expect(seen.page.locator("body[data-kpi-copied]")).not_to_be_attached(timeout=PATIENCE)
        seen.page.evaluate("dispatchEvent(new Event('pagehide'))")
        looked = [c["value"] for c in seen.page.context.cookies(server) if c["name"] == COOKIE]
        assert looked == ["2"]  # Firefox's figures came second
        assert_ctrl_opens_a_tab(seen, "stSidebar", "Explore", "explore")
        seen.page.set_viewport_size({"width": PHONE, "height": 1000})
        seen.settle()
        assert seen.page.evaluate(GONE) == "none"
    seen.page.wait_for_function(f"{GONE}.includes('The server doesn’t answer right now.')")
    assert seen.page.get_by_role("dialog").count() == 0


def test_keyboard_opens_a_goal_on_a_phone(server: str, visit: Callable[..., Visit]) -> None:
    """A goal's summary takes the focus and Enter opens it; then nothing is wider than a phone's window.

    After a choice of page that page is seen, not the sidebar.
    """
    seen = visit(f"{server}/goals", width=PHONE, color_scheme="dark")
    seen.settle()
    seen.page.locator(f".st-key-open_{SHARE} summary").focus()
    seen.page.keyboard.press("Enter")
    seen.page.wait_for_url(f"**open_{SHARE}=true")
    seen.settle()
    assert seen.query == {f"open_{SHARE}": ["true"]}
    seen.assert_fits()
    seen.page.get_by_test_id("stExpandSidebarButton").click()
    sidebar = seen.page.get_by_test_id("stSidebar")
    expect(sidebar).to_have_attribute("data-collapsed", "false")
    sidebar.get_by_role("link", name="Data").click()
    seen.page.wait_for_url("**/data*", timeout=PATIENCE)
    expect(sidebar).to_have_attribute("data-collapsed", "true", timeout=PATIENCE)


def test_policy_of_nginx_allows_the_script() -> None:
    """The hash of the script is in the policy, so that browsers run it behind nginx."""
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in (PROJECT / "deploy/nginx.conf").read_text(encoding="utf-8")
