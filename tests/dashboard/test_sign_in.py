"""Signing in, in a real Chromium against a real OpenID provider on this machine."""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from browser import PATIENCE, Visit, serving
from conftest import daily
from playwright.sync_api import expect
from sessions import NUMBERS, Run, Session, cookies_of, shown_numbers
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from kpi.meaning.parameters import NAMES
from kpi.sign_outs import SignOuts

DOMAIN = "mozilla.example"
RIGHT, WRONG, UNVERIFIED = f"ann@{DOMAIN}", "eve@evil.example", f"una@{DOMAIN}"
SIGNED_IN = "Signed in as " + RIGHT
COOKIE_SECRET = "the secret that signs cookies in tests"
CLIENT_SECRET = "the secret of the client in tests"


@contextmanager
def signed_in_server(
    folder: Path,
    home: Path,
    *,
    token_age: timedelta = timedelta(hours=1),
    public: str = "http://127.0.0.1:{port}",
    **told: str,
) -> Iterator[str]:
    """A dashboard that asks a provider of its own who everybody is; readers come by ``public``."""
    from oidc_provider_mock import User, run_server_in_thread  # here, since it takes half a second

    people = [
        User(sub=address, claims={"email": address, "email_verified": address != UNVERIFIED})
        for address in (RIGHT, WRONG, UNVERIFIED)
    ]
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # the provider speaks plain HTTP on this machine
    secrets = folder / "secrets.toml"
    with run_server_in_thread(access_token_max_age=token_age, user_claims=people) as provider:
        secrets.write_text(
            "[auth]\n"
            f'redirect_uri = "{public}/oauth2callback"\n'
            f'cookie_secret = "{COOKIE_SECRET}"\n'
            'client_id = "kpi"\n'
            f'client_secret = "{CLIENT_SECRET}"\n'
            f'server_metadata_url = "http://localhost:{provider.server_port}'
            '/.well-known/openid-configuration"\n'
        )
        options = (f"--secrets.files={secrets}",)
        settings = {"KPI_HOME": str(home), "KPI_ALLOWED_DOMAINS": DOMAIN, **told}
        with serving(folder, *options, **settings) as address:
            yield address


@pytest.fixture(scope="module")
def guarded(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that asks everybody to sign in."""
    with signed_in_server(tmp_path_factory.mktemp("guarded"), demo_home) as address:
        yield address


def sign_in(seen: Visit, address: str) -> None:
    """Go to the provider and come back as somebody."""
    seen.page.get_by_role("button", name="Sign in").click()
    seen.page.wait_for_url("**/oauth2/authorize**")
    seen.page.get_by_role("button", name=address).click()
    seen.page.wait_for_url(re.compile(r"^http://127\.0\.0\.1"))
    seen.page.wait_for_selector("[data-testid=stApp]")
    seen.rest()


def assert_closed(seen: Visit) -> None:
    """The page shows no figure, no filter and no navigation."""
    assert seen.page.locator("svg.marks").count() == 0
    for kind in ("stMetric", "stDataFrame", "stDownloadButton", "stMultiSelect", "stPageLink"):
        assert seen.page.get_by_test_id(kind).count() == 0, kind


@pytest.mark.long
def test_signing_in_and_out(guarded: str, visit: Callable[..., Visit]) -> None:
    """A stranger meets a way in; a reader of the right domain sees the numbers, and can leave."""
    seen = visit(guarded)
    assert_closed(seen)
    sign_in(seen, RIGHT)
    seen.charts(3)
    expect(seen.page.get_by_text(SIGNED_IN)).to_be_visible()
    seen.page.reload()
    seen.charts(3)
    seen.page.get_by_role("button", name="Sign out").click()
    seen.page.wait_for_url("**/oauth2/end_session**")
    assert not [cookie for cookie in seen.page.context.cookies() if "user" in cookie["name"]]
    seen.page.goto(guarded)
    seen.rest()
    assert_closed(seen)
    expect(seen.page.get_by_role("button", name="Sign in")).to_be_visible()


def test_a_link_opens_after_signing_in_and_signing_out_ends_every_tab_and_copy(
    guarded: str, visit: Callable[..., Visit]
) -> None:
    """A link with filters, opened by a stranger, shows a way in and nothing else; it leads there afterwards.

    After signing out in one tab, another shows nothing at its next act, nor does a copied cookie.
    """
    seen = visit(f"{guarded}/data?os=Android&period=all")
    assert_closed(seen)
    sign_in(seen, RIGHT)
    seen.page.wait_for_url("**/data?os=Android**", timeout=PATIENCE)
    expect(seen.page.get_by_text(SIGNED_IN)).to_be_visible(timeout=PATIENCE)
    expect(seen.page.get_by_test_id("stDataFrame").first).to_be_visible(timeout=PATIENCE)
    seen.settle()
    assert "Android" in seen.sentence
    assert seen.query == {"os": ["Android"], "period": ["all"]}
    copied = cookies_of(seen.page.context.cookies(guarded))
    other = Visit(seen.page.context.new_page())
    other.page.goto(f"{guarded}/explore")
    other.settle()
    expect(other.page.locator("svg.marks").first).to_be_visible(timeout=PATIENCE)
    assert "metric" in with_cookies(guarded, copied).elements
    seen.page.get_by_role("button", name="Sign out").click()
    seen.page.wait_for_url("**/oauth2/end_session**")
    other.page.get_by_role("radiogroup", name="A point per").get_by_text("week", exact=True).click()
    expect(other.page.get_by_text("You signed out")).to_be_visible(timeout=PATIENCE)
    other.rest()
    assert_closed(other)
    assert_nothing_told(with_cookies(guarded, copied))
    assert not [cookie for cookie in seen.page.context.cookies() if "user" in cookie["name"]]
    seen.page.goto(f"{guarded}/data")
    seen.rest()
    assert_closed(seen)
    expect(seen.page.get_by_role("button", name="Sign in")).to_be_visible()


@pytest.mark.parametrize("who", daily(UNVERIFIED, of=(WRONG, UNVERIFIED)))
def test_who_may_not_see_the_numbers(guarded: str, visit: Callable[..., Visit], who: str) -> None:
    """Who says no at the provider comes back to a closed page.

    Another domain, or an address that nobody verified, is told so and shown nothing.
    """
    seen = visit(guarded)
    seen.page.get_by_role("button", name="Sign in").click()
    seen.page.wait_for_url("**/oauth2/authorize**")
    seen.page.get_by_role("button", name=re.compile("deny", re.I)).click()
    seen.page.wait_for_url(re.compile(r"^http://127\.0\.0\.1"))
    seen.rest()
    assert_closed(seen)
    sign_in(seen, who)
    expect(seen.page.get_by_text("You can't see these numbers")).to_be_visible(timeout=PATIENCE)
    expect(seen.page.get_by_text(who)).to_be_visible()
    assert_closed(seen)


@pytest.mark.long
def test_link_to_another_page(guarded: str, visit: Callable[..., Visit]) -> None:
    """A link to a page below the first one is as closed, and leads there after signing in."""
    seen = visit(f"{guarded}/engagement?period=all")
    assert_closed(seen)
    sign_in(seen, RIGHT)
    seen.page.wait_for_url("**/engagement?period=all", timeout=PATIENCE)
    expect(seen.page.get_by_role("heading", name="Engagement").first).to_be_visible()


@pytest.mark.long
def test_expired_token_of_the_provider(
    demo_home: Path, tmp_path: Path, visit: Callable[..., Visit]
) -> None:
    """A token that has expired when it arrives signs nobody in."""
    with signed_in_server(tmp_path, demo_home, token_age=timedelta(hours=-3)) as address:
        seen = visit(address)
        sign_in(seen, RIGHT)
        assert_closed(seen)
        expect(seen.page.get_by_role("button", name="Sign in")).to_be_visible(timeout=PATIENCE)


# Without a browser --------------------------------------------------------------------------------


def finished(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run it in a thread of its own, since the browser's driver keeps an event loop in this one."""
    with ThreadPoolExecutor(1) as other:
        return other.submit(asyncio.run, coroutine).result()


def open_session(address: str, query: str = "", page: str = "", **how: object) -> Any:
    """What the server says to a websocket that was opened by hand."""

    async def speak() -> Any:
        async with Session(address, **how) as session:
            first = await session.run(query, page)
            assert not shown_numbers(first), first.elements
            return await session.run(query, page)

    return finished(speak())


def user_cookie(address: str, secret: str = COOKIE_SECRET, **claims: object) -> str:
    """A cookie as Streamlit writes it after signing in, made by hand."""
    said = {
        "email": RIGHT,
        "email_verified": True,
        "iat": time.time(),
        "origin": address,
        "is_logged_in": True,
        "provider": "default",
        **claims,
    }
    return create_signed_value(secret, "_streamlit_user", json.dumps(said)).decode()


def xsrf_cookie(address: str) -> str:
    """The cookie that any visitor gets; its value is what a page sends back."""
    with urllib.request.urlopen(f"{address}/_stcore/health", timeout=30) as answer:
        found = re.search(r"_streamlit_xsrf=([^;]+)", answer.headers.get("Set-Cookie") or "")
    assert found, "no XSRF cookie"
    return found[1]


def assert_nothing_told(run: Run) -> None:
    """Nothing that came over a websocket shows or gives away a figure, a tag or a day."""
    assert not NUMBERS & set(run.elements), run.elements
    for secret in ("Android", "Firefox Mobile", "Data through", "2016-03", "Mar 2016"):
        assert secret not in run.text, secret
    assert "multiselect" not in run.elements and "page_link" not in run.elements


def with_cookies(address: str, cookies: Mapping[str, str]) -> Run:
    """What the server says to whoever has these cookies, from its own origin with its token."""
    xsrf = cookies["_streamlit_xsrf"]

    async def speak() -> Run:
        async with Session(address, cookies=cookies, origin=address, xsrf=xsrf) as session:
            return await session.run("period=all")

    return finished(speak())


def test_sign_outs_are_shared_by_processes(guarded: str, demo_home: Path) -> None:
    """A sign-in that another process over the same store ended opens nothing here."""
    claims = {"sub": "shared", "iat": time.time(), "nonce": "once", "email": RIGHT}
    cookies = {
        "_streamlit_xsrf": xsrf_cookie(guarded),
        "_streamlit_user": user_cookie(guarded, **claims),
    }
    assert "metric" in with_cookies(guarded, cookies).elements
    SignOuts(demo_home).end(claims)  # this process is another one
    assert_nothing_told(with_cookies(guarded, cookies))
    again = {**cookies, "_streamlit_user": user_cookie(guarded, **{**claims, "nonce": "twice"})}
    assert "metric" in with_cookies(guarded, again).elements


def test_websocket_without_a_session(guarded: str) -> None:
    """No figure comes over a websocket that was opened without signing in, whatever it asks for."""
    for page in ("", "engagement", "goals", "nosuch", "../app"):
        for query in ("", "period=all", "os=Android&period=all&embed=true"):
            run = open_session(guarded, query, page)
            assert_nothing_told(run)
    assert_nothing_told(open_session(guarded, session_id="00000000-0000-4000-8000-000000000000"))


def test_cookie_with_the_right_signature_opens(guarded: str) -> None:
    """The cookies made by hand here are of the right make, so that those refused below mean something."""
    xsrf = xsrf_cookie(guarded)
    cookies = {"_streamlit_xsrf": xsrf, "_streamlit_user": user_cookie(guarded)}

    async def speak() -> Any:
        async with Session(guarded, cookies=cookies, origin=guarded, xsrf=xsrf) as session:
            return await session.run("period=all")

    assert "metric" in finished(speak()).elements


@pytest.mark.parametrize(
    "case", ("secret", "unsigned", "origin", "old", "future", "domain", "claims")
)
def test_forged_and_expired_cookies(guarded: str, case: str) -> None:
    """A cookie signed by another secret or by none, of another site, too old, or without claims."""
    forged = {
        "secret": lambda: user_cookie(guarded, secret="another secret of the same length, no more"),
        "unsigned": lambda: json.dumps({"email": RIGHT, "is_logged_in": True}).replace('"', "'"),
        "origin": lambda: user_cookie(guarded, origin="http://evil.example"),
        "old": lambda: user_cookie(guarded, iat=time.time() - 13 * 3600),
        "future": lambda: user_cookie(guarded, iat=time.time() + 3600),
        "domain": lambda: user_cookie(guarded, email=WRONG),
        "claims": lambda: user_cookie(guarded, iat=None, email_verified=None),
    }[case]()
    xsrf = xsrf_cookie(guarded)
    cookies = {"_streamlit_xsrf": xsrf, "_streamlit_user": forged}
    run = open_session(guarded, "period=all", cookies=cookies, origin=guarded, xsrf=xsrf)
    assert_nothing_told(run)


@pytest.mark.parametrize("case", ("no origin", "another origin", "no token", "another token"))
def test_websocket_of_another_site(guarded: str, case: str) -> None:
    """A right cookie opens nothing where another site's page, or no page, speaks with it."""
    xsrf = xsrf_cookie(guarded)
    cookies = {"_streamlit_xsrf": xsrf, "_streamlit_user": user_cookie(guarded)}
    how = {
        "no origin": {"xsrf": xsrf},
        "another origin": {"xsrf": xsrf, "origin": "http://evil.example"},
        "no token": {"origin": guarded},
        "another token": {"origin": guarded, "xsrf": "2|12345678|" + "0" * 32 + "|1450000000"},
    }[case]
    try:
        run = open_session(guarded, "period=all", cookies=cookies, **how)
    except Exception as refused:
        assert "403" in str(refused), refused
    else:
        assert_nothing_told(run)


def by_link(address: str, path: str, cookie: str = "", host: str = "") -> tuple[int, str]:
    """The status and text of an answer to a link, with this cookie of a sign-in."""
    headers = {"Cookie": f"_streamlit_user={cookie}"} if cookie else {}
    headers |= {"Host": host} if host else {}
    try:
        with urllib.request.urlopen(
            urllib.request.Request(f"{address}/api{path}", headers=headers), timeout=60
        ) as answer:
            return answer.status, answer.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def test_links_without_sign_in(guarded: str, demo_home: Path) -> None:
    """A link shows nothing, not even a table's name, without a cookie that opens the pages, and then all."""
    paths = (
        "",
        "/v1/",
        "/v1/openapi.json",
        "/v1/engagement.csv",
        "/v1/completion.svg",
        "/v1/digests.atom",
        "/v1/nosuch",
    )
    claims = {"sub": "link", "iat": time.time(), "nonce": "link"}
    right = user_cookie(guarded, **claims)
    refused = {
        "": 401,
        "no cookie at all": 401,
        user_cookie(guarded, secret="another secret of the same length, no more"): 401,
        user_cookie(guarded, origin="http://evil.example"): 401,
        user_cookie(guarded, iat=time.time() - 13 * 3600): 401,
        user_cookie(guarded, is_logged_in=False): 401,
        right[:-1]: 401,
        user_cookie(guarded, email=WRONG): 403,
        user_cookie(guarded, email=UNVERIFIED, email_verified=False): 403,
    }
    for cookie, status in refused.items():
        for path in paths:
            got, text = by_link(guarded, path, cookie)
            assert got == status, (cookie, path, text)
            assert text.count("\n") == 1 and ("sign in on the pages" in text) == (status == 401)
            assert not [name for name in NAMES if name in text], text
    for path in ("/v1/engagement.csv", "/v1/openapi.json", "/v1/"):
        got, text = by_link(guarded, path, right)
        assert got == 200 and ("dau" if "csv" in path else "engagement") in text
    assert by_link(guarded, "/v1/engagement.csv", right, host="rebound.example")[0] == 401
    SignOuts(demo_home).end({"email": RIGHT, **claims})
    assert by_link(guarded, "/v1/engagement.csv", right)[0] == 401


def test_files_of_other_sessions(guarded: str, visit: Callable[..., Visit]) -> None:
    """No address of a download can be guessed, and those of a session that ended are gone."""
    for path in ("media/", "media/engagement.csv", f"media/{'0' * 56}.csv", "media/../../app.py"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{guarded}/{path}", timeout=30)
        assert refused.value.code in (400, 403, 404)
    for path in ("_stcore/agent/interact", "_stcore/metrics"):
        try:
            with urllib.request.urlopen(f"{guarded}/{path}", timeout=30) as answer:
                assert b"Android" not in answer.read()
        except urllib.error.HTTPError as closed:
            assert closed.code in (403, 404, 405)


def test_log_tells_no_address_and_no_secret(guarded: str, tmp_path_factory: object) -> None:
    """What a server logs of all this holds no mail address, no secret and no token."""
    folder = Path(tmp_path_factory.getbasetemp())
    told = (folder / "guarded0" / "server.log").read_text()
    for secret in (RIGHT, WRONG, COOKIE_SECRET, CLIENT_SECRET, "access_token", "id_token"):
        assert secret not in told, secret
