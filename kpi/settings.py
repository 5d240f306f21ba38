"""Settings from the environment or ``.streamlit/secrets.toml``, read once and passed on."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL

from kpi.errors import Refused

DEVICE_ID, PLATFORM = "device_id", "platform"
DEVICE_IDENTITIES = (DEVICE_ID, PLATFORM)
"""The identities of a user's device: its id, or the pair of OS and browser."""

SECRETS_FILE = Path(".streamlit/secrets.toml")


Number = TypeVar("Number", int, float)


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
        return cls(
            home=home,
            database_url=given.get("KPI_DATABASE_URL") or _connection_url(secrets),
            hmac_key=key.encode() if key else _demo_key(home),
            min_users=_number(given, "KPI_MIN_USERS", int, cls.min_users),
            exclusions=_yes(given, "KPI_EXCLUSIONS", cls.exclusions),
            breakdowns=_yes(given, "KPI_BREAKDOWNS", cls.breakdowns),
            max_rejects_percent=_number(
                given, "KPI_MAX_REJECTS_PERCENT", float, cls.max_rejects_percent
            ),
            max_unpacked_ratio=_number(
                given, "KPI_MAX_UNPACKED_RATIO", float, cls.max_unpacked_ratio
            ),
            complete_after_hours=_number(
                given, "KPI_COMPLETE_AFTER_HOURS", float, cls.complete_after_hours
            ),
            kept_values=_number(given, "KPI_KEPT_VALUES", int, cls.kept_values),
            sync_services=tuple(s.strip() for s in services.split(",") if s.strip())
            if services
            else cls.sync_services,
            min_day_percent=_number(given, "KPI_MIN_DAY_PERCENT", float, cls.min_day_percent),
            min_device_coverage=_number(
                given, "KPI_MIN_DEVICE_COVERAGE", float, cls.min_device_coverage
            ),
            device_by=_device_by(given),
            memory_limit=given.get("KPI_MEMORY_LIMIT") or None,
            lock_seconds=_number(given, "KPI_LOCK_SECONDS", float, cls.lock_seconds),
            allowed_domains=_names(given, "KPI_ALLOWED_DOMAINS"),
            allowed_addresses=_names(given, "KPI_ALLOWED_ADDRESSES"),
            login_hours=_number(given, "KPI_LOGIN_HOURS", float, cls.login_hours),
            trust_unverified=_yes(given, "KPI_TRUST_UNVERIFIED_ADDRESSES"),
            no_login=_yes(given, "KPI_NO_LOGIN"),
            sign_in="auth" in secrets,
            statement_seconds=_number(given, "KPI_STATEMENT_SECONDS", float, cls.statement_seconds),
            application_name=given.get("KPI_APPLICATION_NAME") or cls.application_name,
            query_group=given.get("KPI_QUERY_GROUP") or cls.query_group,
            connect_args=_connect_args(secrets),
            s3_staging=given.get("KPI_S3_STAGING") or None,
            copy_role=given.get("KPI_COPY_ROLE") or None,
            raw_table=given.get("KPI_RAW_TABLE") or None,
            raw_columns=_pairs(given, "KPI_RAW_COLUMNS"),
            raw_time=given.get("KPI_RAW_TIME") or cls.raw_time,
        )


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


def _yes(given: Mapping[str, str], name: str, default: bool = False) -> bool:
    value = (given.get(name) or str(int(default))).strip().lower()
    if value not in ("0", "1", "false", "true"):
        raise Refused(f"{name} must be 0 or 1")
    return value in ("1", "true")


def _device_by(given: Mapping[str, str]) -> str:
    value = (given.get("KPI_DEVICE_BY") or DEVICE_ID).strip().lower()
    if value not in DEVICE_IDENTITIES:
        raise Refused(f"KPI_DEVICE_BY must be {' or '.join(DEVICE_IDENTITIES)}")
    return value


def _number(given: Mapping[str, str], name: str, kind: type[Number], default: Number) -> Number:
    value = given.get(name)
    if not value:
        return default
    with suppress(ValueError):
        number = kind(value)
        if number >= 0:
            return number
    raise Refused(f"{name} must be a number of 0 or more")
