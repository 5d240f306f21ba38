"""Settings from the environment or ``.streamlit/secrets.toml``, read once and passed on."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import URL

from kpi.errors import Refused

DEVICE_ID, PLATFORM = "device_id", "platform"
DEVICE_IDENTITIES = (DEVICE_ID, PLATFORM)
"""The identities of a user's device: its id, or the pair of OS and browser."""

SECRETS_FILE = Path(".streamlit/secrets.toml")


VARIABLES = (
    "KPI_MIN_USERS KPI_EXCLUSIONS KPI_BREAKDOWNS KPI_MAX_REJECTS_PERCENT KPI_MAX_UNPACKED_RATIO "
    "KPI_COMPLETE_AFTER_HOURS KPI_KEPT_VALUES KPI_MIN_DAY_PERCENT KPI_MIN_DEVICE_COVERAGE KPI_MEMORY_LIMIT "
    "KPI_LOCK_SECONDS KPI_LOGIN_HOURS KPI_TRUST_UNVERIFIED_ADDRESSES KPI_NO_LOGIN KPI_STATEMENT_SECONDS "
    "KPI_APPLICATION_NAME KPI_LOCAL_COPY KPI_QUERY_GROUP KPI_S3_STAGING KPI_COPY_ROLE "
    "KPI_RAW_TABLE KPI_RAW_TIME KPI_ADDRESS KPI_MAIL_SERVER KPI_MAIL_FROM KPI_DIGEST_ONLY_MOVED"
).split()
"""Variables of a setting of the same name, which is read in the type of its default."""

OTHER_NAMES = {"KPI_TRUST_UNVERIFIED_ADDRESSES": "trust_unverified"}


@dataclass(frozen=True)
class Settings:
    """Everything an operator may set; the environment wins over the secrets file.

    ``home`` is the embedded store's folder (KPI_HOME). ``hmac_key`` (KPI_HMAC_KEY) is left out of
    ``repr`` so that no message or log can hold it.
    """

    home: Path = Path("data")
    database_url: str | None = field(default=None, repr=False)
    hmac_key: bytes | None = field(default=None, repr=False)
    min_users: int = 10
    exclusions: bool = True
    """True where filters may leave values out, or hold several values of a tag, which reveals the same."""
    breakdowns: bool = True
    max_rejects_percent: float = 5.0
    max_unpacked_ratio: float = 200.0
    complete_after_hours: float = 1.0
    kept_values: int = 200
    sync_services: tuple[str, ...] = ("sync",)
    min_day_percent: float = 5.0
    min_device_coverage: float = 50.0
    device_by: str = DEVICE_ID
    memory_limit: str | None = None
    lock_seconds: float = 60.0
    allowed_domains: tuple[str, ...] = ()
    allowed_addresses: tuple[str, ...] = field(default=(), repr=False)
    login_hours: float = 12.0
    trust_unverified: bool = False
    no_login: bool = False
    local_copy: bool = True
    """True where pages of a server read a local copy of its numbers, in the folder `home`."""
    sign_in: bool = False
    """True where the secrets file has an [auth] section; the gate asks Streamlit itself."""
    statement_seconds: float = 60.0
    application_name: str = "kpi"
    query_group: str = "kpi"
    connect_args: tuple[tuple[str, Any], ...] = field(default=(), repr=False)
    s3_staging: str | None = None
    copy_role: str | None = None
    raw_table: str | None = None
    raw_columns: tuple[tuple[str, str], ...] = ()
    raw_time: str = "milliseconds"
    address: str | None = None
    """The dashboard's address, which links of messages begin with."""
    mail_server: str | None = field(default=None, repr=False)
    mail_from: str | None = None
    mail_to: tuple[str, ...] = field(default=(), repr=False)
    webhooks: tuple[str, ...] = field(default=(), repr=False)
    alert_mail_to: tuple[str, ...] = field(default=(), repr=False)
    alert_webhooks: tuple[str, ...] = field(default=(), repr=False)
    """Recipients of alerts; where none is set, these are the recipients of digests."""
    digest_only_moved: bool = False
    """True where a digest of a week or month in which nothing moved isn't sent."""

    @classmethod
    def read(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """The current settings.

        Raises Refused when a setting can't be understood; the message never holds its value.
        """
        secrets = _secrets(SECRETS_FILE)
        stored = {name: _text(value) for name, value in secrets.items() if name.startswith("KPI_")}
        given = {**stored, **environ}
        home = Path(given.get("KPI_HOME") or "data").expanduser()
        key = given.get("KPI_HMAC_KEY")
        services = given.get("KPI_SYNC_SERVICES")
        plain = {}
        for variable in filter(given.get, VARIABLES):
            name = OTHER_NAMES.get(variable, variable.removeprefix("KPI_").lower())
            plain[name] = _understood(variable, given[variable], getattr(cls, name))
        return cls(
            **plain,
            home=home,
            database_url=given.get("KPI_DATABASE_URL") or _connection_url(secrets),
            hmac_key=key.encode() if key else _demo_key(home),
            sync_services=tuple(s.strip() for s in services.split(",") if s.strip())
            if services
            else cls.sync_services,
            device_by=_device_by(given),
            allowed_domains=_names(given, "KPI_ALLOWED_DOMAINS"),
            allowed_addresses=_names(given, "KPI_ALLOWED_ADDRESSES"),
            sign_in="auth" in secrets,
            connect_args=_connect_args(secrets),
            raw_columns=_pairs(given, "KPI_RAW_COLUMNS"),
            mail_to=_names(given, "KPI_MAIL_TO"),
            webhooks=_addresses(given, "KPI_WEBHOOKS"),
            alert_mail_to=_names(given, "KPI_ALERT_MAIL_TO"),
            alert_webhooks=_addresses(given, "KPI_ALERT_WEBHOOKS"),
        )


ALERTS_FOLDER, DIGESTS_FOLDER = "alerts", "digests"
"""Folders of the store, of what was reported, and of messages that were sent or are to be sent."""


def demo_key_file(home: Path) -> Path:
    """The file of the key that the demo made for its own simulated ids."""
    return home / "demo.key"


def demo_folder(home: Path) -> Path:
    """The folder of the demo's event files."""
    return home / "demo"


def _demo_key(home: Path) -> bytes | None:
    try:
        return demo_key_file(home).read_text().strip().encode() or None
    except OSError:
        return None


def _secrets(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError as error:
        raise Refused(f"{path} is not UTF-8; save it as UTF-8") from error
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise Refused(f"{path} can't be read; check its permissions and TOML syntax") from error


def _connection(secrets: Mapping[str, Any]) -> Mapping[str, Any]:
    sections = secrets.get("connections", {})
    return sections.get("kpi", {}) if isinstance(sections, dict) else {}


def _connection_url(secrets: Mapping[str, Any]) -> str | None:
    """The URL of `[connections.kpi]`: as it is, or put together from its parts."""
    given = _connection(secrets)
    if given.get("url"):
        return str(given["url"])
    if not given.get("dialect"):
        return None
    driver = f"+{given['driver']}" if given.get("driver") else ""
    url = URL.create(
        f"{given['dialect']}{driver}",
        given.get("username"),
        given.get("password"),
        given.get("host"),
        given.get("port"),
        given.get("database"),
        given.get("query") or {},
    )
    return url.render_as_string(hide_password=False)


def _connect_args(secrets: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """The driver's arguments of `[connections.kpi.connect_args]`, beside the URL, such as `iam = true`."""
    return tuple(_connection(secrets).get("connect_args", {}).items())


def _pairs(given: Mapping[str, str], name: str) -> tuple[tuple[str, str], ...]:
    """A setting like 'uid=user_hash,type=event_type'."""
    parts = [part.strip() for part in (given.get(name) or "").split(",") if part.strip()]
    sides = [part.partition("=") for part in parts]
    pairs = tuple((left.strip(), right.strip()) for left, _, right in sides)
    if not all(map(all, pairs)):
        raise Refused(f"{name} must be like uid=user_hash,type=event_type")
    return pairs


def _text(value: object) -> str:
    """A setting as the environment would have it: names by comma, true as 1."""
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(int(value)) if isinstance(value, bool) else str(value)


def _names(given: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Names by comma, in small letters; a domain may be written with its @."""
    parts = (part.strip().lower() for part in (given.get(name) or "").split(","))
    return tuple(part.removeprefix("@") for part in parts if part)


def _addresses(given: Mapping[str, str], name: str) -> tuple[str, ...]:
    """URLs, by commas or spaces; a comma within a URL is a part of it."""
    parts = re.split(r"[,\s]+(?=[A-Za-z][A-Za-z0-9+.-]*://)", (given.get(name) or "").strip())
    return tuple(filter(None, (part.strip(", ") for part in parts)))


def _device_by(given: Mapping[str, str]) -> str:
    value = (given.get("KPI_DEVICE_BY") or DEVICE_ID).strip().lower()
    if value not in DEVICE_IDENTITIES:
        raise Refused(f"KPI_DEVICE_BY must be {' or '.join(DEVICE_IDENTITIES)}")
    return value


def _understood(variable: str, text: str, default: object) -> Any:
    """A setting of its default's type; raises Refused, without its value, where it is no such thing."""
    if isinstance(default, bool):
        value = text.strip().lower()
        if value not in ("0", "1", "false", "true"):
            raise Refused(f"{variable} must be 0 or 1")
        return value in ("1", "true")
    if not isinstance(default, (int, float)):
        return text
    with suppress(ValueError):
        number = type(default)(text)
        if number >= 0:
            return number
    raise Refused(f"{variable} must be a number of 0 or more")
