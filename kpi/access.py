"""Who may see the numbers: rules over what an identity provider says of somebody.

No Streamlit here; `kpi.dashboard.gate` asks these rules before a page is drawn.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import idna

from kpi.settings import Settings

EVERYBODY = "*"
PROXY_HEADERS = {"forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip"}


@dataclass(frozen=True)
class Reader:
    """Somebody who signed in and may see the numbers."""

    address: str


@dataclass(frozen=True)
class Denied:
    """The reason for a denial, in a sentence; ``again`` is True where signing in again may help."""

    reason: str
    again: bool = False


@dataclass(frozen=True)
class Closed(Denied):
    """The reason why a server where nobody signs in doesn't answer a request from elsewhere."""


def admitted(claims: Mapping[str, Any], settings: Settings, now: datetime) -> Reader | Denied:
    """The reader of these OpenID claims, or the denial: by address, domain and age of the sign-in.

    Everything that isn't said is a reason to refuse: no address, an address that the provider did not
    verify, no time of signing in, no rule that lets anybody in.
    """
    if claims.get("is_logged_in") is not True:
        return Denied("not signed in", again=True)
    since = claims.get("iat")
    if isinstance(since, bool) or not isinstance(since, (int, float)):
        return Denied("The identity provider did not say when you signed in.", again=True)
    try:
        signed_in = datetime.fromtimestamp(since, UTC)
    except (ValueError, OverflowError, OSError):
        return Denied("The identity provider did not say when you signed in.", again=True)
    minute = timedelta(minutes=1)
    if not -minute <= now - signed_in <= timedelta(hours=settings.login_hours):
        return Denied("Your sign-in has expired.", again=True)
    address = claims.get("email")
    if not isinstance(address, str) or same_address(address) is None:
        return Denied("The identity provider gave no mail address that can be read.")
    verified = claims.get("email_verified") in (True, "true")
    if not verified and not settings.trust_unverified:
        return Denied(f"The identity provider has not verified the address {address}.")
    if not (settings.allowed_domains or settings.allowed_addresses):
        return Denied(
            "Nobody is let in yet: whoever runs this sets KPI_ALLOWED_DOMAINS or KPI_ALLOWED_ADDRESSES."
        )
    folded = same_address(address)
    if (
        EVERYBODY in settings.allowed_domains
        or same_domain(address.rpartition("@")[2]) in map(same_domain, settings.allowed_domains)
        or folded in map(same_address, settings.allowed_addresses)
    ):
        return Reader(address)
    return Denied(f"{address} may not see these numbers; ask whoever runs this.")


def same_domain(domain: str) -> str | None:
    """A domain as IDNA writes it, the same for every spelling of it; None where it is not valid.

    By IDNA 2008 'straße.example' and 'strasse.example' are two domains, of two owners.
    """
    try:
        return idna.encode(domain.lower(), uts46=True, transitional=False).decode("ascii")
    except idna.IDNAError:
        return None


def same_address(address: str) -> str | None:
    """A mail address, the same for every spelling of case and domain; None where it is not valid.

    Blanks around or within it, and nothing before its @, make it invalid.
    """
    local, at, domain = address.rpartition("@")
    named = same_domain(domain)
    if not at or not local or named is None or "@" in local or not address.isprintable():
        return None
    return None if any(sign.isspace() for sign in address) else f"{local.lower()}@{named}"


def only_this_machine(address: str | None) -> bool:
    """True where a server bound to this address is reached from its own machine only."""
    if not address:
        return False  # every interface
    if address == "localhost" or address.startswith("unix://"):
        return True
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False


def open_to_others(
    address: str | None, headers: Mapping[str, str], settings: Settings
) -> str | None:
    """Why a server without sign-in must not answer this request, or None where it may.

    ``address`` is what the server is bound to. A request for another host's name (a proxy, or a web
    page that rebinds its own name to this machine) or with a proxy's marks comes from elsewhere.
    """
    if settings.no_login:
        return None
    given = {name.lower(): value for name, value in headers.items()}
    from_here = "host" not in given or only_this_machine(_without_port(given["host"]))
    if only_this_machine(address) and from_here and not PROXY_HEADERS & given.keys():
        return None
    return (
        "This server can be reached from other machines, and nobody has to sign in. Configure sign-in "
        "([auth] in .streamlit/secrets.toml), bind it to 127.0.0.1 and open it there, or set "
        "KPI_NO_LOGIN=1 where everyone who reaches it may see the numbers."
    )


def answered(settings: Settings) -> str:
    """A line for the operator who starts the dashboard, on the readers whom it answers."""
    if settings.sign_in:
        return "Readers sign in with OpenID Connect before they see anything."
    if settings.no_login:
        return "KPI_NO_LOGIN is set: everyone who reaches this server sees the numbers."
    return (
        "The dashboard answers this machine only (127.0.0.1), since nobody has to sign in; "
        "docs/operations.md says how to let others in."
    )


def _without_port(host: str) -> str:
    """The name in a request's Host; that of an IPv6 address ends with a bracket where it has no port."""
    return host if host.endswith("]") else host.rpartition(":")[0] or host
