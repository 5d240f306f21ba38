"""The Data page without a browser, and the charts of volumes it draws."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from app_pages import alts, opened, words
from conftest import Store, environment
from event_files import write
from logs import D, at, event, user
from test_data_quality import volumes

from kpi import charts
from kpi.errors import WarehouseDown
from kpi.meaning.glossary import GLOSSARY
from kpi.meaning.measures import MEASURES
from kpi.numbers import loads, warehouse
from kpi.settings import Settings
from kpi.summary import anomalies

FILE = "pages/data.py"


def at_store(store: Store) -> Any:
    """Pages read a store of a test's own."""
    told = {name: value for name, value in store.settings().items() if value is not None}
    return environment(**told)


def figures(page: Any) -> dict[str, str]:
    """The cards by their label."""
    return {metric.label: metric.value for metric in page.metric}


@pytest.mark.usefixtures("at_demo")
def test_full_page() -> None:
    """Freshness, volumes with the outage marked, rejects by reason, retention, all definitions."""
    page = opened(FILE, period="all")
    assert not page.exception
    told = words(page)
    store = warehouse.open_warehouse(Settings.read())
    assert figures(page)["Complete through"] == "31 Mar"
    assert figures(page)["Days that count"] == "152"
    assert "of 152; 0 not loaded" in told
    read, rejected = int(store.loads["rows_read"].sum()), int(store.loads["rows_rejected"].sum())
    assert rejected > 0 and f"{rejected:,} of {read:,} rows read" in told
    volume, strip = alts(page)
    assert volume.startswith("Events of all types together") and "Unusual: " in volume
    assert "account.signed low on" in strip
    reasons = page.dataframe[0].value
    assert int(reasons["rows"].sum()) == rejected
    assert "No raw event has expired" in told
    for measure in MEASURES.values():
        assert measure.definition in told
    for terms in GLOSSARY.values():
        assert all(meaning in told for meaning in terms.values())


@pytest.mark.usefixtures("at_demo")
def test_type_is_in_the_url() -> None:
    """The event type is chosen in the URL; one that isn't there is dropped with a notice."""
    page = opened(FILE, period="all", type="account.login")
    assert alts(page)[0].startswith("Events of account.login")
    page = opened(FILE, type="<script>alert(1)</script>")
    assert page.selectbox(key="type").value == "all types together"
    assert any("script" in toast.value for toast in page.toast)


@pytest.mark.usefixtures("at_demo")
def test_filters_are_said_not_to_apply() -> None:
    """Loads and volumes cover all events, and say so when a filter is set."""
    assert "filters are not applied" not in words(opened(FILE))
    assert "cover all events: the filters are not applied" in words(opened(FILE, os="Android"))


@pytest.mark.usefixtures("at_demo")
def test_tables_and_small_numbers() -> None:
    """The tables hold what was judged, without numbers of events below the minimum."""
    with environment(KPI_HOME=Settings.read().home.as_posix(), KPI_MIN_USERS="10"):
        page = opened(FILE, period="all", type="account.created")
        page.session_state["volume_table"] = True
        page.session_state["loads_table"] = True
        page.run()
        store = warehouse.open_warehouse(Settings.read())
    assert not page.exception
    unusual, volume, _, listed, *_ = (frame.value for frame in page.dataframe)
    judged = anomalies.judged(store.volumes)
    assert len(unusual) == (judged["unusual"] != "").sum()
    rows = judged[judged["type"] == "account.created"]
    assert len(volume) == len(rows)
    kept = volume["events"].notna().to_numpy()
    assert ((rows["events"] >= 10) | (rows["events"] == 0)).to_numpy().tolist() == kept.tolist()
    assert volume["events"][kept].tolist() == rows["events"][kept].tolist()
    assert listed["source"].tolist() == store.loads["source"].tolist()


def test_store_with_everything_wrong(store: Store, no_caches: None) -> None:
    """Missing days, old data, expired events, removed loads and types like markup: all told as text."""
    hostile = "**bold** <script>alert(1)</script> :red[x] $a$ `b`"
    log = [
        event(at(day, f"{hour:02}:{minute:02}"), kind, uid=user(minute))
        for day in [*D[:70], D[72]]
        for kind, hours in (("account.signed", range(10)), ("odd", range(1)))
        for hour in hours
        for minute in range(0, 60, 2)
        if (day, kind) != (D[68], "odd")
    ]
    store.load(write(store.files / "_late_*.csv", log))
    # Files with such types are refused; a raw table that somebody else fills may hold them.
    with duckdb.connect(str(store.home / "events.duckdb")) as engine:
        engine.execute("UPDATE event SET type = $1 WHERE type = 'odd'", [hostile])
    store.summarise()
    store.must("expire", "--keep-days", "50")
    with at_store(store):
        page = opened(FILE, period="all", type=hostile)
        assert not page.exception
        told = words(page)
        (answer,) = [str(part.value).replace("\\", "") for part in page.warning]
        listed = "\n".join(one.value for one in page.markdown if one.value.startswith("- "))
        assert alts(page)[0].startswith(f"Events of {hostile}")
    assert "The store has raw events from **24 Jan 2016** on" in told
    assert answer.startswith("**No: the newest complete day is 13 Mar 2016, ")
    assert hostile not in listed  # markup is written as text
    assert "11 Mar – 12 Mar 2016 are not loaded" in listed.replace("\\", "")
    assert "0 events, usually 30" in listed.replace("\\", "")
    assert figures(page)["Days that count"] == "71"


def test_empty_store(tmp_path: Path, no_caches: None) -> None:
    """Before anything is loaded the page says what to run."""
    with environment(KPI_HOME=str(tmp_path / "nothing")):
        page = opened(FILE)
    assert not page.exception
    assert "python -m kpi load" in words(page)


def test_failing_store(demo_home: Path, no_caches: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failing query gives one plain sentence, without SQL, host or path."""

    def fails(*_args: object) -> None:
        raise WarehouseDown("SELECT secret FROM host.example:5439")

    monkeypatch.setattr(anomalies, "volumes", fails)
    with environment(KPI_HOME=str(demo_home)):
        page = opened(FILE)
    assert not page.exception
    assert len(page.error) == 1
    assert "SELECT" not in words(page) and str(demo_home) not in words(page)


# Tables and charts --------------------------------------------------------------------------------


def test_reasons_count_standing_loads_only() -> None:
    """Rejects are summed over the loads that stand, by reason, the most frequent first."""
    manifest = pd.DataFrame(
        {
            "status": ["loaded", "loaded", "replaced"],
            "rows_read": [10, 20, 99],
            "rows_rejected": [3, 2, 9],
            "rejected_by_reason": [
                '{"type: is missing": 1, "row: too few cells": 2}',
                '{"type: is missing": 2}',
                '{"type: is missing": 9}',
            ],
        }
    )
    assert loads.rows(manifest) == (30, 5)
    assert loads.reasons(manifest).to_dict("list") == {
        "reason": ["type: is missing", "row: too few cells"],
        "rows": [3, 2],
        "files": [2, 1],
    }
    assert loads.rows(pd.DataFrame()) == (0, 0)


def test_volume_marks_unusual_days() -> None:
    """Low days point down and high days up; the words name them; the frame stays as it is."""
    counts = [1000 + 5 * (place % 7) for place in range(100)]
    counts[80], counts[90] = 100, 3000
    judged = anomalies.judged(volumes({"signed": counts}))
    rows = judged[judged["type"] == "signed"]
    before = rows.copy()
    chart = charts.volume(rows, name="signed")
    told = charts.specified(chart).sentence
    assert "low on 24 Mar 2016, high on 3 Apr 2016" in told
    shapes = [layer["mark"].get("shape") for layer in chart.to_dict()["layer"]]
    assert shapes[-2:] == ["triangle-down", "triangle-up"]
    pd.testing.assert_frame_equal(rows, before)
    assert (
        charts.specified(charts.unusual_days(judged)).sentence.count("signed low on 24 Mar 2016")
        == 1
    )


def test_nothing_unusual() -> None:
    """Without unusual days the strip says none, and without days there is nothing to draw."""
    judged = anomalies.judged(volumes({"signed": [1000] * 60}))
    assert charts.specified(charts.unusual_days(judged)).sentence == "Unusual days by type: none."
    assert not charts.specified(charts.unusual_days(judged.iloc[:0])).has_values
    hidden = anomalies.hidden_below(anomalies.judged(volumes({"rare": [3] * 60})), 10)
    rows = hidden[hidden["type"] == "rare"]
    assert rows[["events", "usual", "low"]].isna().all(axis=None) or rows["low"].eq(0).any()
    assert not charts.specified(charts.volume(rows, name="rare")).has_values
