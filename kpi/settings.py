"""Settings from the environment or ``.streamlit/secrets.toml``, read once and passed on."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kpi.errors import Refused

SECRETS_FILE = Path(".streamlit/secrets.toml")


@dataclass(frozen=True)
class Settings:
    """Everything an operator may set; the environment wins over the secrets file.

    ``home`` is the embedded store's folder (KPI_HOME). ``hmac_key`` (KPI_HMAC_KEY) is kept out of
    ``repr`` so that no message or log can hold it.
    """

    home: Path = Path("data")
    database_url: str | None = field(default=None, repr=False)
    hmac_key: bytes | None = field(default=None, repr=False)
    min_users: int = 10
    max_rejects_percent: float = 5.0
    complete_after_hours: float = 1.0
    kept_values: int = 200
    sync_services: tuple[str, ...] = ("sync",)
    memory_limit: str | None = None
    lock_seconds: float = 60.0
    allowed_domains: tuple[str, ...] = ()
    allowed_addresses: tuple[str, ...] = field(default=(), repr=False)
    login_hours: float = 12.0
    trust_unverified: bool = False
    no_login: bool = False

    @classmethod
    def read(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Settings as they stand now.

        Raises Refused when a setting can't be understood; the message never holds its value.
        """
        told = {**_secrets(SECRETS_FILE), **environ}
        home = Path(told.get("KPI_HOME") or "data").expanduser()
        key = told.get("KPI_HMAC_KEY")
        services = told.get("KPI_SYNC_SERVICES")
        settings = cls(
            home=home,
            database_url=told.get("KPI_DATABASE_URL") or None,
            hmac_key=key.encode() if key else _demo_key(home),
            min_users=_number(told, "KPI_MIN_USERS", int, cls.min_users),
            max_rejects_percent=_number(
                told, "KPI_MAX_REJECTS_PERCENT", float, cls.max_rejects_percent
            ),
            complete_after_hours=_number(
                told, "KPI_COMPLETE_AFTER_HOURS", float, cls.complete_after_hours
            ),
            kept_values=_number(told, "KPI_KEPT_VALUES", int, cls.kept_values),
            sync_services=tuple(s.strip() for s in services.split(",") if s.strip())
            if services
            else cls.sync_services,
            memory_limit=told.get("KPI_MEMORY_LIMIT") or None,
            lock_seconds=_number(told, "KPI_LOCK_SECONDS", float, cls.lock_seconds),
            allowed_domains=_names(told, "KPI_ALLOWED_DOMAINS"),
            allowed_addresses=_names(told, "KPI_ALLOWED_ADDRESSES"),
            login_hours=_number(told, "KPI_LOGIN_HOURS", float, cls.login_hours),
            trust_unverified=_yes(told, "KPI_TRUST_UNVERIFIED_ADDRESSES"),
            no_login=_yes(told, "KPI_NO_LOGIN"),
        )
        if settings.database_url:
            raise Refused(
                "KPI_DATABASE_URL is set, but this version reads the embedded store only; "
                "unset it and set KPI_HOME"
            )
        return settings


def demo_key_file(home: Path) -> Path:
    """Where the demo keeps the key it made for its own simulated ids."""
    return home / "demo.key"


def _demo_key(home: Path) -> bytes | None:
    try:
        return demo_key_file(home).read_text().strip().encode() or None
    except OSError:
        return None


def _secrets(path: Path) -> dict[str, str]:
    try:
        with path.open("rb") as file:
            found = tomllib.load(file)
    except FileNotFoundError:
        return {}
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise Refused(f"{path} can't be read; check its permissions and TOML syntax") from error
    return {name: _text(value) for name, value in found.items() if name.startswith("KPI_")}


def _text(value: object) -> str:
    """A setting as the environment would have it: names by comma, true as 1."""
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(int(value)) if isinstance(value, bool) else str(value)


def _names(told: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Names by comma, folded; a domain may be written with its @."""
    parts = (part.strip().casefold() for part in (told.get(name) or "").split(","))
    return tuple(part.removeprefix("@") for part in parts if part)


def _yes(told: Mapping[str, str], name: str) -> bool:
    value = (told.get(name) or "0").strip().lower()
    if value not in ("0", "1", "false", "true"):
        raise Refused(f"{name} must be 0 or 1")
    return value in ("1", "true")


def _number(told: Mapping[str, str], name: str, kind: type, default: float) -> float:
    value = told.get(name)
    if not value:
        return default
    try:
        number = kind(value)
    except ValueError as error:
        raise Refused(f"{name} must be a number of 0 or more") from error
    if not number >= 0:
        raise Refused(f"{name} must be a number of 0 or more")
    return number
