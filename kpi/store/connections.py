"""Connections to a server, and the sentences for when they, or the server, are in trouble.

No message of this module holds a host, a user, a password or SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, StatementError
from sqlalchemy.pool import NullPool, QueuePool
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from kpi.errors import Denied, Refused, WarehouseDown
from kpi.settings import Settings

DRIVERS = ("postgresql+psycopg2", "redshift+psycopg2", "redshift+redshift_connector")
CONNECT_SECONDS = 10
RECYCLE_SECONDS = 1800
SET = "SELECT set_config(%s, %s, false)"
"""A session's setting; PostgreSQL and Redshift both have the function, and it accepts parameters."""

CLIENT_CHECK = ("client_connection_check_interval", "1s")
"""A statement ends soon after the command that sent it, even if that was killed; PostgreSQL 14 or newer."""
MAKE_TABLES = "run: python -m kpi ddl --apply"
UNREACHABLE = (
    "the database can't be reached now; try again, and check that it runs and that "
    "KPI_DATABASE_URL has the right host and port"
)
CUT_OFF = {"08000", "08001", "08003", "08004", "08006", "57P01", "57P02", "57P03", "53300"}
"""SQLSTATEs of a server that goes away or is full of connections."""
COLLIDED = {"40001", "40P01"}
"""SQLSTATEs of two transactions that got into each other's way."""
WRONG_SQL = "42"
"""The class of SQLSTATEs of a statement that is wrong whatever the tables hold."""

Done = TypeVar("Done")


def address(settings: Settings) -> URL:
    """The configured URL; raises Refused, without repeating it, when it can't be used."""
    try:
        url = make_url(settings.database_url or "")
    except ArgumentError as error:
        raise Refused(
            "KPI_DATABASE_URL is no URL like redshift+psycopg2://USER:PASSWORD@HOST:5439/DATABASE"
        ) from error
    name = url.drivername
    if name in ("postgresql", "redshift"):
        url, name = url.set(drivername=f"{name}+psycopg2"), f"{name}+psycopg2"
    if name not in DRIVERS:
        raise Refused(f"KPI_DATABASE_URL must begin with one of {', '.join(DRIVERS)}")
    return url


def is_redshift(settings: Settings) -> bool:
    """True where the configured server is Redshift."""
    return address(settings).get_backend_name() == "redshift"


@lru_cache(maxsize=8)
def reading(settings: Settings) -> Engine:
    """The pool of connections that pages and exports share; a lost connection is replaced before its use."""
    # On Redshift every transaction sees a single state of the tables anyway.
    options = {} if is_redshift(settings) else {"isolation_level": "REPEATABLE READ"}
    return _engine(
        settings,
        settings.statement_seconds,
        poolclass=QueuePool,
        pool_size=4,
        max_overflow=16,
        pool_pre_ping=True,
        pool_recycle=RECYCLE_SECONDS,
        **options,
    )


def writing(settings: Settings) -> Engine:
    """Connections of one command; its statements may take as long as they need."""
    return _engine(settings, 0, poolclass=NullPool)


def _engine(settings: Settings, statement_seconds: float, **options: Any) -> Engine:
    url = address(settings)
    if url.drivername.endswith("psycopg2"):
        options["use_native_hstore"] = False  # no question for a type that we have no use of
    try:
        engine = create_engine(
            url, connect_args=_arguments(settings, url), hide_parameters=True, **options
        )
    except (NoSuchModuleError, ImportError) as error:
        package = (
            "redshift_connector" if "connector" in url.drivername else "requirements.txt's packages"
        )
        raise Refused(
            f"{url.drivername} needs a package that isn't installed: pip install {package}"
        ) from error
    timeout = f"{int(statement_seconds * 1000)}"
    grouped = engine.dialect.name == "redshift"
    courtesy = ("query_group", settings.query_group) if grouped else CLIENT_CHECK

    @event.listens_for(engine, "connect")
    def introduce(raw: Any, _record: Any) -> None:
        _execute(raw, SET, ("statement_timeout", timeout))
        raw.commit()
        try:
            _execute(raw, SET, courtesy)
            raw.commit()
        except engine.dialect.loaded_dbapi.Error:
            raw.rollback()  # a server that has no such setting does without

    return engine


def _execute(raw: Any, statement: str, values: tuple[Any, ...]) -> None:
    cursor = raw.cursor()
    cursor.execute(statement, values)
    cursor.close()


def _arguments(settings: Settings, url: URL) -> dict[str, Any]:
    """The driver's arguments beside the URL: TLS unless the server is this machine, and our name."""
    arguments: dict[str, Any] = {"application_name": settings.application_name}
    if url.drivername.endswith("redshift_connector"):
        arguments["timeout"] = CONNECT_SECONDS
        if url.host and _is_here(url):  # without a host, IAM finds the cluster by its name
            arguments["ssl"] = False
    else:
        arguments |= {"connect_timeout": CONNECT_SECONDS, "keepalives_idle": 60}
        if "sslmode" not in url.query:
            if _is_here(url):
                arguments["sslmode"] = "prefer"
            elif url.get_backend_name() == "postgresql":
                arguments["sslmode"] = "require"
            # Redshift's dialect verifies the server's certificate and name by itself.
    return arguments | dict(settings.connect_args)


def _is_here(url: URL) -> bool:
    """True where the server is on this machine: the loopback, or a socket in the file system."""
    host = str(url.host or url.query.get("host") or "")
    return host in ("", "localhost", "::1") or host.startswith(("127.", "/"))


def retried(work: Callable[[], Done]) -> Done:
    """The result of work that may be done twice, tried again where the server or the way to it failed."""
    trying = Retrying(
        retry=retry_if_exception(is_passing),
        stop=stop_after_attempt(3),
        wait=wait_random_exponential(multiplier=0.1, max=2),
        reraise=True,
    )
    return trying(work)


def is_passing(error: BaseException) -> bool:
    """True where a fault may be gone at the next try."""
    if isinstance(error, WarehouseDown) and error.__cause__ is not None:
        return is_passing(error.__cause__)
    if not isinstance(error, DBAPIError):
        return False
    return error.connection_invalidated or _state(error) in CUT_OFF or _collided(error)


@contextmanager
def faults(settings: Settings) -> Iterator[None]:
    """Turn what the driver says into one line that says what to do.

    An error that is not foreseen is reported by its SQLSTATE alone, since the server's message quotes
    rows; only SQL that is wrong by itself surfaces as the bug it is.
    """
    try:
        yield
    except DBAPIError as error:
        refused, state = refusal(error), _state(error)
        if refused is not None:
            raise refused from error
        if state.startswith(WRONG_SQL):
            raise
        raise Refused(
            f"the database refused a statement (SQLSTATE {state}) and nothing was changed; the "
            "database's own log has the reason"
        ) from None
    except Exception as error:
        if not type(error).__module__.startswith("botocore."):
            raise
        raise Refused(
            "the log-in by IAM failed; check region, cluster_identifier and db_user in "
            "[connections.kpi.connect_args], and this machine's AWS credentials"
        ) from error


@contextmanager
def driver_faults(connection: Connection, statement: str) -> Iterator[None]:
    """Errors of the driver, asked past SQLAlchemy to add rows, as SQLAlchemy would raise them.

    An error without a sentence of its own is refused by its SQLSTATE alone, since the server's message
    quotes the row.
    """
    driver = connection.dialect.loaded_dbapi.Error
    try:
        yield
    except driver as error:
        lost = connection.dialect.is_disconnect(error, connection.connection.dbapi_connection, None)
        raised = DBAPIError.instance(
            statement,
            None,
            error,
            driver,
            hide_parameters=True,
            connection_invalidated=lost,
            dialect=connection.dialect,
        )
        if lost:
            connection.invalidate(error)
        if refusal(raised) is None:
            raise Refused(
                f"the database refused the rows (SQLSTATE {_state(raised)}); nothing was loaded"
            ) from None
        raise raised from None


def refusal(error: Exception) -> Refused | None:
    """The sentence for an error of the driver; None when it is a bug of ours."""
    if not isinstance(error, DBAPIError):
        return None
    state, message = _state(error), str(error.orig)
    if "password authentication failed" in message or state in ("28P01", "28000"):
        return Refused("the database doesn't know this user or password; correct KPI_DATABASE_URL")
    if "does not support SSL" in message:
        return Refused(
            "the database offers no TLS; switch it on there, or, on a network that nobody else is on, "
            "add ?sslmode=disable to KPI_DATABASE_URL"
        )
    if "certificate verify failed" in message or "SSL error" in message:
        return Refused(
            "the database's TLS certificate can't be verified; set sslrootcert (and sslmode) in "
            "KPI_DATABASE_URL"
        )
    if state == "3D000" or ("database" in message and "does not exist" in message and not state):
        return Refused("there is no such database; correct the name at the end of KPI_DATABASE_URL")
    if state in ("3F000", "42P01", "42703"):
        return Refused(
            f"the database lacks our schemas or tables, or has older tables; {MAKE_TABLES}"
        )
    if state == "42501":
        return Denied(
            f"the database's user lacks a grant ({_denied(message)}); `python -m kpi ddl` prints all grants"
        )
    if state in ("57014", "55P03"):
        return WarehouseDown(
            "the database took too long and the statement was stopped; try again, or raise "
            "KPI_STATEMENT_SECONDS"
        )
    if state in ("53100", "53200"):
        return Refused("the database is out of disk or memory; free some and run it again")
    if state == "25006":
        return Refused("the database can only be read now; try again when it can be written to")
    if _collided(error):
        return WarehouseDown(
            "another command changed the same tables at the same moment; run it again when that is done"
        )
    if error.connection_invalidated or state in CUT_OFF or not state:
        return WarehouseDown(UNREACHABLE)
    return None


def _state(error: StatementError) -> str:
    """The SQLSTATE, or '' where the driver gives none, as for a server that was never reached."""
    orig = error.orig
    state = getattr(orig, "pgcode", None)
    if state is None and orig is not None and orig.args and isinstance(orig.args[0], dict):
        state = orig.args[0].get("C")  # redshift_connector
    return state or ""


def _collided(error: DBAPIError) -> bool:
    """True where two transactions got into each other's way; Redshift has no SQLSTATE for it."""
    return _state(error) in COLLIDED or "Serializable isolation violation" in str(error.orig)


def _denied(message: str) -> str:
    """Of a refusal by the server only what was denied, such as 'permission denied for table event'."""
    line = message.splitlines()[0] if message else ""
    place = line.find("permission denied")
    return line[place:] if place >= 0 else "permission denied"


def was_stopped(error: DBAPIError) -> bool:
    """True where a statement was stopped because it ran too long."""
    return _state(error) == "57014"
