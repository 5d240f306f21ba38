"""Explore's ranked bars, of every measure that it offers."""

from __future__ import annotations

import pytest
from app_pages import opened, words
from conftest import daily

from kpi.meaning.explore import explorable


@pytest.mark.usefixtures("at_demo")
@pytest.mark.parametrize("title", daily(*list(explorable())[::4], of=explorable()))
def test_ranked_bars_name_their_days(title: str) -> None:
    """Bars of every measure are of the 28 days of the cards; of steps, of the last day."""
    page = opened("pages/explore.py", explore=title, view="ranked", compare="previous period")
    assert not page.exception
    said = [part.value for part in page.caption if part.value.startswith("Values of ")]
    assert len(said) == 1, words(page)
    assert ("–" in said[0]) == (explorable()[title].pooled_in != "setup-steps")
