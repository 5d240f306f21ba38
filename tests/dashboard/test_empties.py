"""An empty chart names the true reason, and asks a reader to remove a filter only where there are any."""

from __future__ import annotations

from pathlib import Path

import pytest
from app_pages import ABOVE, opened, words
from conftest import LONG, environment
from streamlit.testing.v1 import AppTest

DAYS = {"period": "custom", "from": "2016-03-08", "to": "2016-03-12"}
"""Tuesday to Saturday, days of the demo."""

NOT_LOADED, NO_WEEK = "No day of this period is loaded", "has no whole week"


def infos(page: AppTest) -> list[str]:
    """The sentences in place of charts."""
    assert not page.exception
    return [str(part.value) for part in page.info]


@pytest.mark.parametrize("file", ["app.py", "pages/explore.py"])
def test_weeks_over_a_period_without_a_whole_week(file: str, at_demo: None) -> None:
    """The days are loaded; no Monday to Sunday is among them."""
    said = infos(opened(file, granularity="week", **DAYS))
    assert NO_WEEK in said[0] and set(said[1:]) <= {ABOVE}, said


def test_explore_over_days_without_attempts(at_demo: None) -> None:
    """Where nothing matches on loaded days, that is the reason, above the breakdown and in it."""
    page = opened(
        "pages/explore.py",
        explore="Median time to connect",
        os="iOS",
        browser="Firefox",
        version="46",
        **DAYS,
    )
    said = infos(page)
    assert "Nothing matches these filters" in said[0] and said[1:] == [ABOVE], said


def test_no_filter_to_remove(demo_home: Path, no_caches: None) -> None:
    """Without a filter nobody is asked to remove any."""
    with environment(KPI_HOME=str(demo_home), KPI_MIN_USERS="100000"):
        files = ("pages/explore.py", "pages/connection_time.py", "app.py")
        for file in files if LONG else files[:1]:
            page = opened(file)
            assert any("Hidden for privacy" in said for said in infos(page))
            assert "Remove a filter" not in words(page), file


def test_gaps_of_explore_have_a_sentence(demo_home: Path, no_caches: None) -> None:
    """The chart of a measure with hidden days is followed by their number and the reason."""
    with environment(KPI_HOME=str(demo_home), KPI_MIN_USERS="2"):
        page = opened("pages/explore.py", explore="Median time to connect", period="all")
        assert any("Gaps are not zeros" in str(part.value) for part in page.caption)
