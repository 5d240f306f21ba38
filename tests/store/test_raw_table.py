"""An existing raw table, filled by somebody's pipeline, as the source of events."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from conftest import EVERY_EXPORT, Store, daily
from event_files import write
from logs import random_log
from postgres import ServerStore

from kpi.settings import Settings
from kpi.store import raw_events

SECONDS = {
    "KPI_RAW_TABLE": "pipeline.activity_events",
    "KPI_RAW_COLUMNS": "timestamp=at,uid=user_hash,device_id=deviceId,region=-",
    "KPI_RAW_TIME": "seconds",
}
MAKE_RAW = """
CREATE SCHEMA pipeline;
CREATE TABLE pipeline.activity_events AS
SELECT
  "timestamp" / 1000.0 AS at, seq_id, seq_time, type, uid AS user_hash, device_id AS "deviceId",
  new_user = 1 AS new_user, user_agent_browser, user_agent_version, user_agent_os, service, context,
  COALESCE(entrypoint, '') AS entrypoint, campaign, migration
FROM events.event;
DROP TABLE events.event;
"""


@pytest.mark.parametrize("dialect", daily("redshift", of=("postgresql", "redshift")))
def test_same_numbers_from_a_raw_table(
    dialect: str, make_server_store: Callable[[str], ServerStore]
) -> None:
    """Mapped columns, seconds, booleans and blanks give the exports that loaded files give."""
    loaded = make_server_store(dialect)
    loaded.load(write(loaded.files / "log.csv", random_log(6, days=45)))
    raw = loaded.copied_to(loaded.folder / "raw")
    loaded.summarise()
    for statement in MAKE_RAW.split(";\n"):
        if statement.strip():
            raw.execute(statement)
    raw.must("ddl", "--apply", **SECONDS)
    raw.must("summarise", **SECONDS)
    for asked in EVERY_EXPORT[::3]:
        assert raw.must("export", *asked).out == loaded.must("export", *asked).out, asked
    raw.execute("DELETE FROM pipeline.activity_events WHERE user_hash IS NULL")
    assert "summarised, publication" in raw.must("summarise", **SECONDS).text
    assert "nothing changed" in raw.must("summarise", **SECONDS).text


def test_what_the_pipeline_drops_stays(make_server_store: Callable[[str], ServerStore]) -> None:
    """Days whose events a pipeline no longer keeps are frozen as they were summarised, and said so."""
    store = make_server_store("postgresql")
    store.load(write(store.files / "log.csv", random_log(6, days=80)))
    for statement in MAKE_RAW.split(";\n"):
        if statement.strip():
            store.execute(statement)
    store.must("ddl", "--apply", **SECONDS)
    store.must("summarise", **SECONDS)
    before = store.numbers()
    for days in (10, 25):
        store.execute(
            "DELETE FROM pipeline.activity_events WHERE at < "
            f"(SELECT MAX(at) FROM pipeline.activity_events) - {80 - days} * 86400"
        )
        ran = store.must("summarise", **SECONDS)
        assert "summarised, publication" not in ran.text, ran.text
        assert store.numbers() == before
    store.execute(
        "DELETE FROM pipeline.activity_events WHERE at > "
        "(SELECT MAX(at) FROM pipeline.activity_events) - 86400"
    )
    assert "summarised, publication" in store.must("summarise", **SECONDS).text
    store.execute("DELETE FROM pipeline.activity_events")
    ran = store.run("summarise", **SECONDS)
    assert ran.status == 1 and "holds no events" in ran.err
    told = [line for line in store.run("doctor", **SECONDS).text.splitlines() if "BAD" in line]
    assert any("pipeline.activity_events holds no events" in line for line in told)
    assert not any("kpi load" in line for line in told)


def test_the_raw_table_is_only_read(make_server_store: Callable[[str], ServerStore]) -> None:
    """Where events come from a raw table, loading files and expiring events are refused."""
    store = make_server_store("postgresql")
    file = write(store.files / "log.csv", random_log(6, days=45))
    store.load(file)
    store.summarise()
    other = write(store.files / "other.csv", random_log(7, days=45))
    for command in (("load", other), ("unload", "log.csv"), ("expire", "--keep-days", "50")):
        ran = store.run(*command, **SECONDS)
        assert ran.status == 1 and "KPI_RAW_TABLE is set" in ran.err, command


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"raw_table": 'x"; DROP TABLE y; --'}, "plain names"),
        ({"raw_columns": (("uid", "a b"),)}, "plain names"),
        ({"raw_columns": (("user", "uid"),)}, "none of our columns"),
        ({"raw_columns": (("uid", "-"),)}, "can't be left out"),
        ({"raw_time": "hours"}, "must be one of milliseconds, seconds"),
    ],
)
def test_bad_mappings(told: dict, said: str) -> None:
    """Names that can't stand in a statement, unknown columns and units are refused."""
    from kpi.errors import Refused

    settings = Settings(**{"raw_table": "raw.events", **told})
    with pytest.raises(Refused, match=said):
        raw_events.view(settings)


def test_a_mapping_that_is_no_mapping(store: Store) -> None:
    """KPI_RAW_COLUMNS that can't be read is refused in a line."""
    ran = store.run("ddl", KPI_RAW_TABLE="raw.events", KPI_RAW_COLUMNS="uid")
    assert ran.status == 1 and "KPI_RAW_COLUMNS must be like" in ran.err
