"""Firefox's reference figures: `load-firefox` reads day, product, dau, mau and checks every row."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
from sqlalchemy import Connection

from kpi import store
from kpi.errors import Refused
from kpi.events import simulated
from kpi.meaning.tables import PRODUCTS
from kpi.rows import each_row
from kpi.settings import Settings
from kpi.store import queries

COLUMNS = ["day", "product", "dau", "mau"]


@dataclass(frozen=True)
class Given:
    """The result of a load: the file's rows, and how many of them were new or changed."""

    rows: int
    changed: int


def load_firefox(settings: Settings, path: Path, replace: bool = False) -> Given:
    """Put a file's figures into the publication; the same file again changes nothing.

    Raises Refused, with line and reason, for the first bad row, for a day and product that have other
    figures in the store unless ``replace``, and in the demo's store for any other file.
    """
    given = _checked(path)
    with store.only_writer(settings), store.storage_faults(settings):
        simulated.refuse_others(store.stored_settings(settings), settings, [path])
        with store.next_publication(settings) as publishing:
            stored = pd.DataFrame(
                queries.run(publishing.connection, "read/firefox").all(),
                columns=["product", "day", "dau", "mau"],
            )
            stored["day"] = pd.to_datetime(stored["day"]).dt.strftime("%Y-%m-%d")
            both = given.merge(stored, on=["day", "product"], how="left", suffixes=("", "_now"))
            same = (both["dau"] == both["dau_now"]) & (both["mau"] == both["mau_now"])
            other = both["dau_now"].notna() & ~same
            if other.any() and not replace:
                row = both[other].iloc[0]
                raise Refused(
                    f"{path}: line {row['line']}: {row['product']} on {row['day']} has other "
                    "figures in the store; use --replace to correct it"
                )
            changed = given[~same.to_numpy()]
            if len(changed):
                _stage(publishing.connection, changed)
                queries.run(publishing.connection, "fill/firefox_engagement")
                publishing.publish(reason=store.FIREFOX)
    return Given(len(given), len(changed))


def _checked(path: Path) -> pd.DataFrame:
    try:
        given = pd.read_csv(path, dtype=str, keep_default_na=False)
    except FileNotFoundError as error:
        raise Refused(f"{path}: no such file") from error
    except PermissionError as error:
        raise Refused(f"{path}: no permission to read it") from error
    except (EOFError, zlib.error) as error:
        raise Refused(
            f"{path}: its compression is broken; is it cut off? Nothing was loaded"
        ) from error
    except ImportError as error:
        raise Refused(f"{path}: this compression can't be read; unpack it, or use .gz") from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError, OSError) as error:
        raise Refused(f"{path}: is no CSV with the columns {','.join(COLUMNS)}") from error
    if list(given.columns) != COLUMNS:
        raise Refused(f"{path}: line 1: the columns must be {','.join(COLUMNS)}")
    if given.empty:
        raise Refused(f"{path}: holds no figures")
    given.insert(0, "line", range(2, len(given) + 2))
    days = pd.to_datetime(given["day"], format="%Y-%m-%d", errors="coerce")
    spelled = given["day"].str.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
    _refuse(path, given, days.isna() | ~spelled, "day", "is no date like 2016-01-31")
    unknown = ~given["product"].isin(PRODUCTS)
    _refuse(path, given, unknown, "product", f"is none of {', '.join(PRODUCTS)}")
    for column in ("dau", "mau"):
        whole = given[column].str.fullmatch(r"[0-9]{1,15}")
        _refuse(path, given, ~whole, column, "is no whole number of 0 or more")
        given[column] = given[column].astype("int64")
    _refuse(path, given, given["dau"] > given["mau"], "dau", "is above mau")
    twice = given.duplicated(["day", "product"])
    _refuse(path, given, twice, "product", "is named twice for that day")
    return given


def _refuse(path: Path, given: pd.DataFrame, bad: pd.Series, column: str, reason: str) -> None:
    if bad.any():
        raise Refused(
            f"{path}: line {given.loc[bad, 'line'].iloc[0]}: {column} {reason}; nothing was loaded"
        )


def _stage(connection: Connection, given: pd.DataFrame) -> None:
    queries.run(connection, "tables/given_firefox")
    rows = [
        {"day": date.fromisoformat(row.day), "product": row.product, "dau": row.dau, "mau": row.mau}
        for row in each_row(given)
    ]
    queries.insert_rows(connection, "given_firefox", rows)
