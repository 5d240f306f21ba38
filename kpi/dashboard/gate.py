"""The gate of every page: without a right to see the numbers nothing is read and nothing is drawn."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any

import streamlit as st

from kpi import access
from kpi.access import Closed, Denied, Reader
from kpi.dashboard.words import plain
from kpi.settings import Settings
from kpi.sign_outs import SignOuts

LOG = logging.getLogger(__name__)
MOST_LINKS = 1000
LINK_SECONDS = 15 * 60
LONGEST_LINK = 4000
BROWSER_COOKIE = "_streamlit_xsrf"


def admit(file: str, settings: Settings) -> Reader | None:
    """Let the reader of a page through, or draw the way to sign in and stop.

    Returns the reader, or None where nobody has to sign in: on this machine only, or where an operator
    allowed it.
    """
    verdict = judged(st.user.to_dict(), st.context.headers.to_dict(), settings)
    if isinstance(verdict, Closed):
        st.error("The numbers are closed.", icon=":material/lock:")
        st.text(verdict.reason)
        st.stop()
    if isinstance(verdict, Denied):
        _draw_denial(verdict, file)
        st.stop()
    if verdict is not None:
        _back_to_link(file)
    return verdict


def judged(
    claims: Mapping[str, Any], headers: Mapping[str, str], settings: Settings
) -> Reader | Denied | None:
    """The reader of these claims, or the denial; None where nobody has to sign in.

    Pages and links to numbers ask it alike: ``claims`` are those of Streamlit's signed cookie.
    """
    if sign_in_configured(claims):
        return _verdict(claims, settings)
    refusal = access.open_to_others(st.get_option("server.address"), headers, settings)
    return Closed(refusal) if refusal else None


def _verdict(claims: Mapping[str, Any], settings: Settings) -> Reader | Denied:
    """The reader who is signed in, or the denial: by the rules, and unless the sign-in was ended."""
    verdict = access.admitted(claims, settings, datetime.now(UTC))
    if isinstance(verdict, Reader) and SignOuts(settings.home).ended(claims):
        return Denied("You signed out. Sign in again to see the numbers.", again=True)
    return verdict


def _sign_out() -> None:
    """Ends the sign-in for every tab and every copy of its cookie, then clears this browser's."""
    try:
        SignOuts(Settings.read().home).end(st.user.to_dict())
    except OSError:
        LOG.error(
            "a sign-out can't be recorded in KPI_HOME: copies of its cookie work until they expire"
        )
    st.logout()


def sign_in_configured(claims: Mapping[str, Any]) -> bool:
    """True where there is an [auth] section, so that everyone has to sign in.

    A file of secrets that can't be read may hold the section, so it counts as if it did.
    """
    if "is_logged_in" in claims:
        return True
    try:
        return "auth" in st.secrets
    except FileNotFoundError:  # no file, or no file that can be parsed
        return any(Path(file).exists() for file in st.get_option("secrets.files"))


def reader_address() -> str | None:
    """The reader's address, for what a reader stores; None where nobody has to sign in."""
    claims = st.user.to_dict()
    if not sign_in_configured(claims):
        return None
    verdict = _verdict(claims, Settings.read())
    return verdict.address if isinstance(verdict, Reader) else None


def close_if_over() -> None:
    """In a part of a page that reruns by itself: back to the gate once the sign-in is over."""
    if sign_in_configured(st.user.to_dict()) and reader_address() is None:
        st.rerun(scope="app")


def draw_reader(reader: Reader | None) -> None:
    """At the foot of the sidebar: the reader who is signed in, and the way to sign out."""
    if reader is None:
        return
    with st.sidebar:
        st.divider()
        st.caption(f"Signed in as {plain(reader.address)}")
        st.button("Sign out", icon=":material/logout:", key="sign_out", on_click=_sign_out)


def _draw_denial(denied: Denied, file: str) -> None:
    signed_in = st.user.to_dict().get("is_logged_in") is True
    if signed_in:
        st.error("You can't see these numbers.", icon=":material/lock:")
        st.text(denied.reason)
    else:
        st.text("Sign in to see the numbers.")
    if denied.again:
        _links().remember(_browser(), file, _query())
        st.button("Sign in", type="primary", icon=":material/login:", on_click=st.login)
    if signed_in:
        st.button("Sign out", icon=":material/logout:", on_click=_sign_out)


def _back_to_link(file: str) -> None:
    """After signing in, which leads to the first page, go to the page that was asked for."""
    link = _links().recall(_browser())
    if link is None:
        return
    wanted, query = link
    if (wanted, query) != (file, _query()) and not _query():
        st.switch_page(wanted, query_params=query)


def _query() -> dict[str, list[str]]:
    return {name: st.query_params.get_all(name) for name in st.query_params}


def _browser() -> str | None:
    """An identity of the browser: the token of Streamlit's own cookie, whose mask changes at each visit."""
    cookie = st.context.cookies.get(BROWSER_COOKIE) or ""
    try:
        _, mask, masked, _ = cookie.split("|")
        key = bytes.fromhex(mask)
        return bytes(b ^ key[i % len(key)] for i, b in enumerate(bytes.fromhex(masked))).hex()
    except (ValueError, ZeroDivisionError):
        return None


class Links:
    """The pages that readers asked for before they signed in: few, for a short while, by browser."""

    def __init__(self) -> None:
        self._links: OrderedDict[str, tuple[float, str, dict[str, Any]]] = OrderedDict()
        self._lock = Lock()

    def remember(self, browser: str | None, file: str, query: dict[str, list[str]]) -> None:
        """Store the page that a browser asked for; the oldest are dropped."""
        if not browser or len(browser) > 512 or len(str(query)) > LONGEST_LINK:
            return
        with self._lock:
            self._links[browser] = (monotonic(), file, query)
            self._links.move_to_end(browser)
            while len(self._links) > MOST_LINKS:
                self._links.popitem(last=False)

    def recall(self, browser: str | None) -> tuple[str, dict[str, list[str]]] | None:
        """The page that a browser asked for not long ago; only once."""
        with self._lock:
            link = self._links.pop(browser or "", None)
        if link is None or monotonic() - link[0] > LINK_SECONDS:
            return None
        return link[1], link[2]


@st.cache_resource
def _links() -> Links:
    return Links()
