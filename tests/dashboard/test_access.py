"""Who gets in: rules over what an identity provider says, and what a server without sign-in answers."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import PROJECT, Store, environment
from streamlit.testing.v1 import AppTest

from kpi.access import Denied, Reader, admitted, only_this_machine, open_to_others
from kpi.dashboard.gate import MOST_LINKS, Links
from kpi.errors import Refused
from kpi.settings import Settings
from kpi.sign_outs import FOLDER, REMEMBERED_SECONDS, SignOuts

NOW = datetime(2016, 6, 15, 12, tzinfo=UTC)
RULES = Settings(allowed_domains=("mozilla.example",), allowed_addresses=("guest@other.example",))


def claims(**told: Any) -> dict[str, Any]:
    """What a provider says of somebody who signed in an hour ago; None takes a claim away."""
    said = {
        "is_logged_in": True,
        "email": "Ann@Mozilla.example",
        "email_verified": True,
        "iat": (NOW - timedelta(hours=1)).timestamp(),
        **told,
    }
    return {name: value for name, value in said.items() if value is not None}


def test_the_right_domain_and_the_named_address_get_in() -> None:
    """An address of an allowed domain, or itself allowed, is let in, in any spelling of case."""
    assert admitted(claims(), RULES, NOW) == Reader("Ann@Mozilla.example")
    assert isinstance(admitted(claims(email="GUEST@other.example"), RULES, NOW), Reader)


@pytest.mark.parametrize(
    ("allowed", "domain", "same"),
    (
        ("straße.example", "straße.example", True),
        ("straße.example", "xn--strae-oqa.example", True),
        ("straße.example", "STRAßE.example", True),
        ("straße.example", "strasse.example", False),
        ("strasse.example", "straße.example", False),
        ("münchen.example", "MÜNCHEN.example", True),
        ("münchen.example", "xn--mnchen-3ya.example", True),
        ("münchen.example", "munchen.example", False),
        ("mozilla.example", "ｍozilla.example", True),
        ("mozilla.example", "mоzilla.example", False),  # a Cyrillic o
        ("mozilla.example", "mozilla.example.", False),
        ("mozilla.example", "mozilla..example", False),
        ("ﬀ.example", "ff.example", True),
    ),
)
def test_domains_are_compared_as_idna_does(allowed: str, domain: str, same: bool) -> None:
    """Two spellings are one domain where the name system has them as one, and only there."""
    rules = Settings.read({"KPI_ALLOWED_DOMAINS": allowed})
    verdict = admitted(claims(email=f"ann@{domain}"), rules, NOW)
    assert isinstance(verdict, Reader) == same
    named = Settings.read({"KPI_ALLOWED_ADDRESSES": f"Ann@{allowed}"})
    verdict = admitted(claims(email=f"ann@{domain}"), named, NOW)
    assert isinstance(verdict, Reader) == same


@pytest.mark.parametrize(
    "told",
    (
        {"is_logged_in": None},
        {"is_logged_in": False},
        {"is_logged_in": "true"},
        {"email": None},
        {"email": ""},
        {"email": 7},
        {"email": ["ann@mozilla.example"]},
        {"email": "mozilla.example"},
        {"email": "ann@other.example"},
        {"email": "ann@sub.mozilla.example"},
        {"email": "ann@mozilla.example.evil.example"},
        {"email": "ann@evil.example@mozilla.example"},
        {"email": "ann@evil.example\n@mozilla.example"},
        {"email": "@mozilla.example"},
        {"email": " ann@mozilla.example"},
        {"email": "ann@mozilla.example "},
        {"email": "ann @mozilla.example"},
        {"email": "ann@ mozilla.example"},
        {"email": "\u00a0ann@mozilla.example"},
        {"email": "ann@"},
        {"email": "guest@other.example.evil.example"},
        {"email": "xguest@other.example"},
        {"email_verified": None},
        {"email_verified": False},
        {"email_verified": "false"},
        {"email_verified": 1.5},
        {"iat": None},
        {"iat": True},
        {"iat": "yesterday"},
        {"iat": 1e300},
        {"iat": float("nan")},
        {"iat": (NOW - timedelta(hours=12, seconds=1)).timestamp()},
        {"iat": (NOW + timedelta(hours=1)).timestamp()},
    ),
    ids=str,
)
def test_everyone_else_stays_out(told: dict[str, Any]) -> None:
    """Whatever isn't said, isn't verified, is of another domain or too old is refused."""
    assert isinstance(admitted(claims(**told), RULES, NOW), Denied)


def test_without_rules_nobody_gets_in() -> None:
    """Sign-in alone lets nobody in: anyone may have an account with a public provider."""
    verdict = admitted(claims(), Settings(), NOW)
    assert isinstance(verdict, Denied) and "KPI_ALLOWED_DOMAINS" in verdict.reason
    assert isinstance(admitted(claims(), Settings(allowed_domains=("*",)), NOW), Reader)


def test_unverified_addresses_only_where_an_operator_trusts_them() -> None:
    """A provider that never says "verified" is trusted by a setting, and by nothing else."""
    rules = Settings(allowed_domains=("mozilla.example",), trust_unverified=True)
    assert isinstance(admitted(claims(email_verified=None), rules, NOW), Reader)


@pytest.mark.parametrize("address", ("127.0.0.1", "127.8.9.1", "::1", "[::1]", "localhost"))
def test_addresses_of_this_machine(address: str) -> None:
    """Loopback is this machine."""
    assert only_this_machine(address)
    assert open_to_others(address, {"Host": f"{address}:8501"}, Settings()) is None


@pytest.mark.parametrize(
    "address", (None, "", "0.0.0.0", "::", "192.168.0.7", "kpi.example", "127.0.0.1.evil.example")
)
def test_addresses_that_others_reach(address: str | None) -> None:
    """Every other address, and none (which is all), answers only where it was allowed to."""
    assert not only_this_machine(address)
    assert "KPI_NO_LOGIN" in open_to_others(address, {}, Settings())
    assert open_to_others(address, {}, Settings(no_login=True)) is None


@pytest.mark.parametrize(
    "headers",
    (
        {"Host": "kpi.example"},
        {"Host": "rebound.evil.example:8501"},
        {"host": "127.0.0.1.evil.example"},
        {"Host": "localhost:8501", "X-Forwarded-For": "203.0.113.7"},
        {"Host": "localhost", "forwarded": "for=203.0.113.7"},
    ),
    ids=str,
)
def test_requests_from_elsewhere(headers: dict[str, str]) -> None:
    """A request under another name, or through a proxy, isn't answered without sign-in."""
    assert open_to_others("127.0.0.1", headers, Settings()) is not None


def test_settings_of_access() -> None:
    """Domains and addresses by comma, in any case, with or without @; a bad switch is refused."""
    told = Settings.read(
        {"KPI_ALLOWED_DOMAINS": " @Mozilla.example, b.example,", "KPI_NO_LOGIN": "1"}
    )
    assert told.allowed_domains == ("mozilla.example", "b.example") and told.no_login
    with pytest.raises(Refused, match="KPI_NO_LOGIN must be 0 or 1"):
        Settings.read({"KPI_NO_LOGIN": "perhaps"})


def test_links_are_few_and_kept_once() -> None:
    """What readers asked for before signing in is given back once, and can't fill the memory."""
    links = Links()
    for number in range(MOST_LINKS + 50):
        links.remember(f"browser{number}", "app.py", {"os": ["Android"]})
    assert links.recall("browser0") is None
    assert links.recall("browser60") == ("app.py", {"os": ["Android"]})
    assert links.recall("browser60") is None
    links.remember("long", "app.py", {"os": ["x" * 5000]})
    links.remember(None, "app.py", {})
    assert links.recall("long") is None and links.recall(None) is None


def test_sign_outs_are_private_and_forgotten_in_time(tmp_path: Path) -> None:
    """Each is an empty file that nobody else can read, named by no claim; old ones go with the next."""
    before = os.umask(0)
    try:
        told = claims(sub="ann", nonce="first")
        SignOuts(tmp_path / "home").end(told)
    finally:
        os.umask(before)
    folder = tmp_path / "home" / FOLDER
    (file,) = folder.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700 and file.stat().st_mode & 0o777 == 0o600
    assert file.stat().st_size == 0 and "ann" not in file.name
    outs = SignOuts(tmp_path / "home")
    assert outs.ended(told) and not outs.ended({**told, "nonce": "second"})
    old = time.time() - REMEMBERED_SECONDS - 1
    os.utime(file, (old, old))
    outs.end({**told, "nonce": "second"})
    assert outs.ended({**told, "nonce": "second"}) and not file.exists()


def test_sign_outs_that_cannot_be_looked_up_are_closed(tmp_path: Path) -> None:
    """Where the folder can't be looked into, nobody's sign-in counts; without one, nobody signed out."""
    assert not SignOuts(tmp_path / "none").ended(claims())
    loop = tmp_path / FOLDER
    loop.symlink_to(loop)
    assert SignOuts(tmp_path).ended(claims())


def test_whoever_starts_it_is_told_who_is_answered(store: Store) -> None:
    """`make run` says in one line whether readers sign in, or only this machine is answered."""
    assert "this machine only (127.0.0.1)" in store.must("ready").text.splitlines()[0]
    assert "everyone" in store.must("ready", KPI_NO_LOGIN="1").text.splitlines()[0]
    secrets = store.folder / ".streamlit" / "secrets.toml"
    secrets.parent.mkdir()
    secrets.write_text('[auth]\nclient_id = "x"\n')
    assert "sign in with OpenID" in store.must("ready").text.splitlines()[0]


PAGES = sorted(path.relative_to(PROJECT).as_posix() for path in PROJECT.glob("pages/*.py"))
FIGURES = ("vega_lite_chart", "metric", "arrow_data_frame", "download_button", "table")


def drawn(page: str, **user: Any) -> AppTest:
    """A page as somebody meets it where sign-in is configured."""
    app = AppTest.from_file(str(PROJECT / page), default_timeout=60)
    app.secrets["auth"] = {"client_id": "x", "client_secret": "y", "cookie_secret": "z" * 32}
    app.user = user
    app.query_params["period"] = "all"
    return app.run()


@pytest.mark.parametrize("page", ("app.py", *PAGES))
@pytest.mark.parametrize("who", ("nobody", "a stranger"))
def test_no_page_draws_a_figure_before_sign_in(demo_home: Path, page: str, who: str) -> None:
    """Every page, signed out or signed in from elsewhere, draws the gate and nothing behind it."""
    user = (
        {} if who == "nobody" else claims(email="x@evil.example", iat=datetime.now(UTC).timestamp())
    )
    with environment(KPI_HOME=str(demo_home), KPI_ALLOWED_DOMAINS="mozilla.example"):
        app = drawn(page, **user)
    assert not app.exception
    assert not any(app.get(kind) for kind in FIGURES)
    assert not app.sidebar.children
    assert app.button


def test_a_reader_is_named_and_sees_the_page(demo_home: Path) -> None:
    """Who is let in sees the page, and is named beside the way out."""
    user = claims(iat=datetime.now(UTC).timestamp())
    with environment(KPI_HOME=str(demo_home), KPI_ALLOWED_DOMAINS="mozilla.example"):
        app = drawn("app.py", **user)
    assert not app.exception
    assert app.metric and app.get("vega_lite_chart")
    assert any("Ann@Mozilla" in caption.value for caption in app.sidebar.caption)
    assert app.button(key="sign_out")
