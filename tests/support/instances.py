"""Instances of DuckDB in memory that one connection after another uses.

A new instance costs 15 milliseconds of CPU, since it begins with the definition of every function, and a
command connects several times. A connection has an instance for itself, and leaves it as a new one is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import duckdb

IDLE = 8
SETTING = re.compile(r"\s*SET\s+(?:GLOBAL\s+)?(\w+)", re.IGNORECASE)
ATTACHED = """
SELECT '"' || REPLACE(database_name, '"', '""') || '"' FROM duckdb_databases()
WHERE NOT internal AND database_name <> 'memory'
"""
LEFT = """
SELECT (SELECT COUNT(*) FROM duckdb_tables()) + (SELECT COUNT(*) FROM duckdb_views() WHERE NOT internal)
  + (SELECT COUNT(*) FROM duckdb_schemas() WHERE NOT internal AND schema_name <> 'main')
"""


class Borrowed:
    """A connection to an instance, which is there for others once the connection is closed."""

    def __init__(self, instance: Any, give_back: Callable[[Any], None]) -> None:
        self._instance, self._give_back = instance, give_back
        self._connection = instance.cursor()
        self._settings: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def __enter__(self) -> Borrowed:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def execute(self, statement: Any, *values: Any, **named: Any) -> Borrowed:
        """Carry out a statement; a setting is put back when the connection is closed."""
        setting = SETTING.match(statement) if isinstance(statement, str) else None
        if setting:
            self._settings.add(setting[1])
        self._connection.execute(statement, *values, **named)
        return self

    def close(self) -> None:
        """Close the connection and its cursors, and leave the instance empty; else it is closed, too."""
        instance, self._instance = self._instance, None
        if instance is None:
            return
        self._connection.close()
        try:
            with instance.cursor() as last:
                for (name,) in last.execute(ATTACHED).fetchall():
                    last.execute("DETACH " + name)
                for setting in self._settings - {"TimeZone"}:  # which is of a connection
                    last.execute("RESET GLOBAL " + setting)
                (left,) = last.execute(LEFT).fetchone()
        except duckdb.Error:
            left = 1
        if left:
            instance.close()
        else:
            self._give_back(instance)


class Instances:
    """The instances that nobody uses at the moment, by their settings."""

    def __init__(self, connect: Callable[..., Any]) -> None:
        self._connect = connect
        self._idle: dict[object, list[Any]] = {}

    def borrowed(self, config: dict[str, Any]) -> Borrowed:
        """A connection to an instance with these settings."""
        idle = self._idle.setdefault(tuple(sorted(config.items())), [])

        def give_back(instance: Any) -> None:
            if len(idle) < IDLE:
                idle.append(instance)

        try:
            instance = idle.pop()
        except IndexError:
            instance = self._connect(":memory:", False, config)
        return Borrowed(instance, give_back)
