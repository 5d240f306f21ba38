"""One truth for a KPI: cards of every page, chips, the Goals page and `export goals` say the same."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from app_pages import opened, words
from conftest import LONG, Store, daily, environment

from kpi import goals
from kpi.dashboard.goals import glance
from kpi.dashboard.words import plain
from kpi.goals import frozen
from kpi.goals import words as goal_words
from kpi.goals.figures import Figures
from kpi.meaning.filters import Filters, Period
from kpi.meaning.kpis import GOAL_KPIS
from kpi.meaning.measures import MEASURES
from kpi.numbers import notes
from kpi.numbers.kpi_values import KpiValues, Subject
from kpi.numbers.warehouse import Warehouse, open_warehouse
from kpi.settings import Settings
from kpi.text import written

PLACES = {
    "app.py": {
        0: "engagement_ratio",
        1: "multi_device_percent",
        2: "connection_time_new",
        3: "connection_time_existing",
    },
    "pages/engagement.py": {0: "engagement_ratio"},
    "pages/multi_device.py": {0: "multi_device_percent"},
    "pages/connection_time.py": {0: "connection_time_new", 1: "connection_time_existing"},
}
"""The card of each page that a goal is about, by its place in the row."""

EXPLORED = {
    "engagement_ratio": {"explore": MEASURES["engagement_ratio"].title},
    "multi_device_percent": {"explore": MEASURES["multi_device_percent"].title},
    "connection_time_new": {"explore": MEASURES["connection_time"].title},
    "connection_time_existing": {
        "explore": MEASURES["connection_time"].title,
        "account": "existing",
    },
}


@pytest.fixture(scope="module")
def demo(demo_home: Path) -> Iterator[Warehouse]:
    """The demo store, which every page reads; its small cells are shown."""
    with environment(KPI_HOME=str(demo_home), KPI_MIN_USERS="1"):
        st.cache_data.clear()
        st.cache_resource.clear()
        warehouse = open_warehouse(Settings.read())
        yield warehouse
        warehouse.close()
        st.cache_data.clear()
        st.cache_resource.clear()


FILTERED = {"os": "Windows 7"}
EARLIER = {"period": "custom", "from": "2016-01-01", "to": "2016-03-20"}
ASKED = [(query, point) for query in ({}, FILTERED, EARLIER) for point in ("day", "week")]


@pytest.mark.parametrize(("query", "granularity"), daily(ASKED[2], of=ASKED))
def test_every_place_shows_the_same(
    demo: Warehouse, granularity: str, query: dict[str, str]
) -> None:
    """Value, verdict and interval of each KPI are the same on every page, by day and by week, and right."""
    filters = Filters(os=(query["os"],)) if "os" in query else Filters()
    last = date.fromisoformat(query.get("to", str(demo.publication.last_complete_day)))
    values = KpiValues(demo, 1)
    scored = {
        s.goal.measure: s
        for s in goals.scores(Figures(demo, 1), goals.read(), as_of=last)
        if s.goal.comparator is None
    }
    window = Period(date.fromordinal(last.toordinal() - 27), last)
    shown = {**query, **({"granularity": "week"} if granularity == "week" else {})}
    pages = {file: opened(file, **shown) for file in PLACES}
    for file, cards in PLACES.items():
        for place, name in cards.items():
            value = values.over(Subject(GOAL_KPIS[name], filters), window).value
            assert pages[file].metric[place].value == written(value, GOAL_KPIS[name].unit), (
                file,
                name,
            )
        said = words(pages[file])
        for name in cards.values():
            sentence = goal_words.verdict_sentence(scored[name])
            assert (plain(sentence) in said) == filters.empty, (file, name)
        assert ("The goal is for all users." in said) != filters.empty
    for name, chosen in EXPLORED.items():
        page = opened("pages/explore.py", **shown, **chosen)
        value = values.over(Subject(GOAL_KPIS[name], filters), window).value
        assert page.metric[0].value == written(value, GOAL_KPIS[name].unit), name
    said = words(opened("pages/goals.py", **shown))
    for score in goals.scores(Figures(demo, 1), goals.read(), filters, as_of=last):
        assert goal_words.distance(score) in said, score.goal.id


def test_export_and_chips_agree(demo: Warehouse, demo_home: Path, tmp_path: Path) -> None:
    """`export goals` prints the verdict and figures of every chip; Overview and Goals count them alike."""
    store = Store(tmp_path)
    printed = store.run("export", "goals", "--min-users=1", KPI_HOME=str(demo_home)).text
    rows = {row["goal"]: row for row in csv.DictReader(io.StringIO(printed))}
    page = opened("app.py")
    chips = [link.proto.label for link in page.get("page_link") if "badge" in link.proto.label]
    scored = goals.scores(Figures(demo, 1), goals.read())
    assert len(chips) == len(scored) == len(rows) == 7
    for chip, score in zip(chips, scored, strict=True):
        row = rows[score.goal.id]
        assert chip == glance.chip(score)
        assert row["status"] == score.status
        assert row["status"] in chip
        assert float(row["actual"]) == score.actual
        for name in ("gap", "low", "high"):
            assert (float(row[name]) if row[name] else None) == getattr(score, name)
    counted = glance.summary(scored)
    assert counted in words(page)
    assert counted in words(opened("pages/goals.py"))


def test_a_frozen_baseline_holds_in_every_place(
    demo_home: Path, tmp_path: Path, no_caches: None
) -> None:
    """Frozen, it moves the target on chip, card, chart, Goals and export at once; withdrawn, all go back."""
    home = shutil.copytree(demo_home, tmp_path / "home", symlinks=True)
    told = {"KPI_HOME": str(home), "KPI_MIN_USERS": "1"}
    with environment(**told):
        settings = Settings.read()
        before = every_place(told, tmp_path)
        mine = frozen.Frozen(
            "engagement_ratio", 5, 12.25, None, None, None, None, 31, date(2015, 12, 1),
            date(2015, 12, 31), Filters(), "2016.1", 1, "Ann *", "before the <b>campaign</b>",
            notes.now(), notes.new_id(),
        )  # fmt: skip
        frozen.freeze(settings, mine)
        named = goal_words.frozen_sentence(mine)
        shown = every_place(told, tmp_path)
        assert shown["export"]["target"] == "17.25"
        assert "the goal of 17.2%" in plain_again(shown["chip"])
        for place in ("chip", "card", "engagement", "goals", "stderr"):
            assert named in plain_again(shown[place]), place
            assert named not in plain_again(before[place]), place
        if not LONG:
            return
        frozen.withdraw(settings, mine.baseline_id, "Bob", "of another time")
        after = every_place(told, tmp_path)
        for place in ("chip", "card", "engagement", "stderr", "export"):
            assert after[place] == before[place], place


def every_place(told: dict[str, str], folder: Path) -> dict[str, Any]:
    """The words about the first goal: its chip, the cards, Goals, and what `export goals` prints."""
    printed = Store(folder / "beside").run("export", "goals", **told)
    overview = opened("app.py")
    chip = next(link for link in overview.get("page_link") if "badge" in link.proto.label)
    return {
        "export": next(csv.DictReader(io.StringIO(printed.text))),
        "stderr": printed.err,
        "chip": chip.proto.help,
        "card": words(overview),
        "engagement": words(opened("pages/engagement.py")),
        "goals": words(opened("pages/goals.py")),
    }


def plain_again(text: str) -> str:
    """Text without the escapes of Markdown."""
    return text.replace("\\", "")
