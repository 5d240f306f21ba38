"""Tasks of a product manager whose sentence a page says without a browser, too; `test_ten_tasks` has all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from app_pages import alts, opened, words
from conftest import environment
from streamlit.testing.v1.element_tree import Block

SHARE = "multi_device_share"


@pytest.fixture(autouse=True)
def at_goals(goals_home: Path, in_project: None) -> Iterator[None]:
    """Pages read the demo of the tasks, with the privacy of production."""
    with environment(KPI_HOME=str(goals_home), KPI_MIN_USERS="10"):
        yield


def words_beside(title: str, block: Block) -> str:
    """All that the card with a figure says; '' where a block has no such card."""
    for child in block.children.values():
        if isinstance(child, Block) and (said := words_beside(title, child)):
            return said
    if title in [part.label for part in block if part.type == "metric"]:
        return "\n".join(str(getattr(part, "value", "")) for part in block)
    return ""


def verdict(words: str) -> str:
    """The verdict in a badge."""
    found = re.search("too close to call|not met|met|no data", words)
    assert found is not None, words
    return found.group()


def test_status() -> None:
    """The first line says how many goals are met; the chips and the Goals page have the same verdicts."""
    page = opened("app.py")
    (count,) = re.findall(r"\d of 7 goals met(?:, \d too close to call)?", words(page))
    assert ", for all users, on 31 Jul 2016" in words(page)
    chips = [link.proto for link in page.get("page_link") if "badge" in link.proto.label]
    assert len(chips) == 7
    assert any(f"open_{SHARE}=true" in chip.query_string for chip in chips)
    goals = opened("pages/goals.py", **{f"open_{SHARE}": "true"})
    assert count in words(goals)
    rows = re.findall(r"-badge\[:material/\w+: ([a-z ]+)\]", words(goals))
    assert [verdict(chip.label) for chip in chips] == rows[-7:]


def test_share_a_segment() -> None:
    """A segment's link shows its sentence and value, and no verdict of all users."""
    page = opened("app.py", os="Windows 7")
    sentences = [part.value for part in page.text]
    assert any(said.startswith("All browsers on Windows 7, all services") for said in sentences)
    assert "The goal is for all users." in words_beside("Engagement ratio", page.main)


def test_why_by_segment() -> None:
    """Ranked systems have n, and a sentence says where neighbours can't be ranked."""
    page = opened("pages/engagement.py")
    (said,) = [
        part for part in words(page).splitlines() if part.startswith("Values of 4 Jul – 31 Jul")
    ]
    assert "Bars whose whiskers overlap can't be ranked for sure." in said
    assert "these numbers overlap and don’t add up" in words(page)
    (label,) = [alt for alt in alts(page) if alt.startswith("Engagement ratio by os")]
    assert re.search(r"Windows 7 \d+\.\d%  \(of \d+ monthly users\)", label), label


def test_who_gives_up() -> None:
    """The connection page says how many attempts were begun, completed, and where they end."""
    page = opened("pages/connection_time.py")
    assert re.search(
        r"between \d+\.\d% and \d+\.\d% \(95% sure\), of \d+ attempts begun",
        words_beside("Completed, ever", page.main),
    )
    assert re.search(r"Percent of the \d+ attempts begun in the period", words(page))
    assert "so slower attempts count as not completed" in words(page)


def test_this_quarter_against_the_last() -> None:
    """A comparison is of 28 days with 28 days, named by their dates; a year without data is refused."""
    page = opened("pages/engagement.py")
    (comparison,) = [box for box in page.selectbox if box.label == "Compare with"]
    page = comparison.select("previous period").run()
    (days,) = re.findall("^The cards are about .*, against.*", words(page), re.MULTILINE)
    assert "against 30 Nov – 27 Dec 2015" in days
    (comparison,) = [box for box in page.selectbox if box.label == "Compare with"]
    page = comparison.select("a year before").run()
    (said,) = re.findall("Not compared: this would need the days.*", words(page))
    assert "the data begins on 1 Sep 2015" in said


def test_trust() -> None:
    """The Data page begins with whether today's numbers can be trusted, and names what is missing."""
    page = opened("pages/data.py")
    assert page.header[0].value.startswith("Can I trust today")
    (said,) = [part.value for part in (*page.success, *page.warning)]
    plain = said.replace("\\", "").strip("*")
    assert re.match("(Yes|With care|No): .*31 Jul 2016", plain), plain
