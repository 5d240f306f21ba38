"""The page on what moved: the cards' change in a sentence, its groups, and why there is none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from app_pages import alts, graphs, opened, words
from browser import PATIENCE, Visit, serving
from conftest import built_once, environment
from demo_store import build
from playwright.sync_api import expect

from kpi.dashboard.moved.words import NOBODY_UNUSUAL, UNKNOWN, Change, sentences
from kpi.meaning.measures import MEASURES

PAGE = "pages/what_moved.py"
THIRTEEN_MONTHS = ("demo", "--users", "300", "--from", "2015-09-01", "--to", "2016-10-02")
DAYS = {"before": "2016-02-07", "after": "2016-03-20"}

at_demo = pytest.mark.usefixtures("at_demo")


# Sentences ------------------------------------------------------------------------------------


def change(*groups: tuple[str, float, float], **others: object) -> Change:
    """A change of the ratio with these groups: name, behaviour and mix."""
    names = ["group", "behaviour", "mix"]
    rows = pd.DataFrame(groups, columns=names).assign(total=lambda t: t["behaviour"] + t["mix"])
    whole = rows[["behaviour", "mix", "total"]].sum()
    given = {"tag": "Operating system", "unusual": None, "known": True, **others}
    return Change(MEASURES["engagement_ratio"], rows, whole, **given)


WINDOWS, BOTH, LINUX = ("Windows 7", 0.7, 0.0), ("Android + Windows 7", 0.9, 0.1), ("Linux", 0.5, 0)


def test_people_came_more_often() -> None:
    """A change by behaviour says so, counts the groups that rose, and names nobody where all did alike."""
    said = list(sentences(change(WINDOWS, BOTH, LINUX, usual=False, year_before=1.9)))
    assert said == [
        "+2.2 points, more than usual: the mix of people stayed much the same, and they came more often. "
        "3 of 3 groups by operating system rose.",
        NOBODY_UNUSUAL,
        "The same weeks a year before: +1.9 points; all moved alike, as then, so it may be the season.",
    ]


def test_a_group_that_goes_along() -> None:
    """An unusual value is named with all its groups, and the largest groups besides; never a cause."""
    said = " ".join(sentences(change(WINDOWS, BOTH, LINUX, ("iOS", 0, 0), unusual="Android")))
    assert "It goes along with operating system most: Android +1.0 points; besides" in said
    assert "Windows 7 +0.7 points, Linux +0.5 points" in said
    both = " ".join(sentences(change(WINDOWS, BOTH, LINUX, unusual="Windows 7")))
    assert "Windows 7, alone or with others, +1.7 points" in both
    hidden = " ".join(sentences(change(WINDOWS, unusual="BeOS")))
    assert "BeOS, which is among the small groups" in hidden
    assert not re.search(r"because|caused|due to", f"{said} {both} {hidden}")


def test_another_mix_of_people() -> None:
    """A change by mix, and one by both, are told apart."""
    assert "the mix of people changed" in next(sentences(change(("Linux", 0.1, -1.2))))
    both = next(sentences(change(("Linux", 1.0, -2.0))))
    assert "+1.0 points as people came more often, and −2.0 points by another mix" in both


def test_nothing_moved() -> None:
    """A change that doesn't show in the digits written is none, and goes along with nothing."""
    said = list(sentences(change(("Linux", 0.01, 0.01), unusual="Linux")))
    assert said == ["±0.0 points: nothing changed between the periods."]
    assert UNKNOWN in sentences(change(WINDOWS, known=False))


# The page -------------------------------------------------------------------------------------


@at_demo
def test_the_change_is_the_card_s() -> None:
    """The sentence has the change of the card, which has the 28 days before by default."""
    for query in ({}, DAYS):
        seen = opened(PAGE, **query)
        assert not seen.exception
        (card,) = seen.metric
        said = (str(part.value) for part in seen.markdown)
        plain = next(part for part in said if "groups by" in part).replace("\\", "").strip("*")
        assert plain.startswith(str(card.delta)), (plain, card.delta)
        assert re.search(r"\d+ of \d+ groups by .* (rose|fell)\.", plain)
        steps = next(alt for alt in alts(seen) if "by groups" in alt)
        assert steps.startswith("Engagement ratio, from ")
    assert "in 11 Jan – 7 Feb 2016" in steps and "in 22 Feb – 20 Mar 2016" in steps


@at_demo
@pytest.mark.parametrize("kpi", ("multi-device", "monthly users", "daily users"))
def test_every_kpi(kpi: str) -> None:
    """Each KPI has its steps; of monthly users the flows are there, too."""
    seen = opened(PAGE, moved=kpi, by="Browser", **DAYS)
    assert not seen.exception
    assert any("by groups" in alt for alt in alts(seen))
    assert any(header.value == "Who came, who went" for header in seen.header) == (
        kpi == "monthly users"
    )
    if kpi == "monthly users":
        assert re.search(r"[\d,]+ monthly users became [\d,]+\\: \\\+", words(seen))
        assert any("Flows of monthly users by week" in alt for alt in alts(seen))


@at_demo
def test_under_a_filter_it_is_of_the_same_people() -> None:
    """A segment's ratio is that of the same people, whose parts add up; the card is of it, too."""
    seen = opened(PAGE, os="Windows 7", by="Browser", **DAYS)
    assert not seen.exception
    assert "Engagement ratio, same people" in words(seen)


@at_demo
def test_what_can_t_be_compared() -> None:
    """Periods that overlap, and days before there is a value, are a sentence and no chart."""
    seen = opened(PAGE, before="2016-03-10", after="2016-03-20")
    assert "overlap" in seen.info[0].value and not graphs(seen)
    seen = opened(PAGE, before="2015-11-20", after="2016-03-20")
    assert "has no value of" in seen.info[0].value and not graphs(seen)
    seen = opened(PAGE, before="2016-03-20", after="2016-02-07")
    assert "The later period came first: the two were exchanged." in words(seen)
    assert any("by groups" in alt for alt in alts(seen))


@at_demo
def test_a_marker_opens_what_moved_around_it() -> None:
    """The list of markers links to the 28 days before and from each, under the reader's filters."""
    seen = opened("app.py", browser="Firefox", period="all")
    seen.session_state["markers_open"] = True
    seen.run()
    table = next(each.value for each in seen.dataframe if "What moved" in each.value)
    links = dict(zip(table["Day (UTC)"], table["What moved"], strict=True))
    link = links["26 Jan 2016"]
    assert link.startswith("what_moved?") and "browser=Firefox" in link
    assert link.endswith("before=2016-01-25&after=2016-02-22")


@pytest.mark.usefixtures("in_project")
def test_two_clicks_answer_from_month_to_month(goals_home: Path) -> None:
    """Buttons of months choose both periods; the sentence, the steps and the link say the answer."""
    with environment(KPI_HOME=str(goals_home), KPI_MIN_USERS="1"):
        page = opened(PAGE)
        for side, day in (("before", "2016-04-30"), ("after", "2016-06-30")):
            page = page.button(key=f"{side}_{day}").click().run()
        assert not page.exception
        said = words(page).replace("\\", "")
        assert re.search(r"\d+ of \d+ groups by .* (rose|fell)\.", said), said
        steps = next(alt for alt in alts(page) if "by groups" in alt)
        assert re.search(r"in 3 Apr – 30 Apr 2016 to \d+\.\d% in 3 Jun – 30 Jun 2016", steps), steps
        assert page.query_params["before"] == "2016-04-30"
        assert page.query_params["after"] == "2016-06-30"


# In a browser ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A fresh server over a demo that goes on until October 2016."""
    home = built_once(tmp_path_factory, "thirteen-months", partial(build, command=THIRTEEN_MONTHS))
    with serving(tmp_path_factory.mktemp("server"), KPI_HOME=str(home)) as own:
        yield own


@pytest.mark.long
def test_from_june_to_september_in_three_clicks(address: str, visit: Callable[..., Visit]) -> None:
    """From the Overview: the page, June, September; the sentence, the steps and the link say the answer."""
    seen = visit(address)
    seen.page.get_by_test_id("stSidebar").get_by_role("link", name="What moved").click()
    seen.page.wait_for_url("**/what_moved*")
    seen.rest()
    for side, day in (("before", "2016-06-30"), ("after", "2016-09-30")):
        seen.page.locator(f".st-key-{side}_{day}").get_by_role("button").click()
        seen.page.wait_for_url(f"**{side}={day}*")
    seen.settle()
    answer = seen.page.get_by_text(re.compile("points, a usual change: "))
    expect(answer).to_have_text(
        re.compile(
            r"^[+−]\d+\.\d points, a usual change: .*\. \d+ of \d+ groups by .* (rose|fell)\. .+"
        ),
        timeout=PATIENCE,
    )
    assert re.search("No group stands out|It goes along with", answer.inner_text())
    steps = seen.page.locator("[aria-label*='by groups']").first
    assert re.search(
        r"from \d+\.\d% in 3 Jun – 30 Jun 2016 to \d+\.\d% in 3 Sep – 30 Sep 2016",
        steps.get_attribute("aria-label") or "",
    )
    assert seen.query == {"before": ["2016-06-30"], "after": ["2016-09-30"]}
    other = visit(seen.page.url)
    other.settle()
    theirs = other.page.get_by_text(re.compile("points, a usual change: "))
    assert theirs.inner_text() == answer.inner_text()
    assert seen.complaints == []


@at_demo
def test_services_have_their_names() -> None:
    """Groups by service are named as elsewhere, in sentences, the chart and the ranking of tags."""
    page = opened(PAGE, by="Service", moved="daily users", **DAYS)
    assert not page.exception
    said = " ".join([words(page), *alts(page)])
    assert "Sync" in said and not re.search(r"\bsync\b", said), said
