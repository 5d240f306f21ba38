"""The Goals page: what it says without a browser, and what a product manager does in one."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import streamlit as st
from app_pages import alts, opened, words
from browser import PATIENCE, WINDOWS, Visit, serving
from conftest import daily, environment
from playwright.sync_api import Page, expect

from kpi import goals
from kpi.dashboard.goals.reading import frozen_label
from kpi.dashboard.words import plain
from kpi.goals import frozen, outlook, projected
from kpi.goals import words as told
from kpi.goals.backtest import Backtest
from kpi.goals.projected import Projected
from kpi.goals.words import summary
from kpi.numbers import notes
from kpi.numbers.warehouse import open_warehouse
from kpi.settings import Settings
from kpi.text import day_text

FILE = "pages/goals.py"
GOALS = 7
SHARE = "multi_device_share"
LABEL = "History, baseline and what the target needs"


@pytest.fixture
def at_goals(goals_home: Path, in_project: None) -> Iterator[None]:
    """Pages read the store of this file."""
    with environment(KPI_HOME=str(goals_home), KPI_MIN_USERS="1"):
        yield


@pytest.fixture(scope="module")
def own_home(goals_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the store, in which the tests in a browser freeze baselines."""
    return shutil.copytree(goals_home, tmp_path_factory.mktemp("own") / "home", symlinks=True)


@pytest.fixture(scope="module")
def goals_server(own_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a fresh server over that copy."""
    with serving(tmp_path_factory.mktemp("server"), KPI_HOME=str(own_home)) as address:
        yield address


# --- without a browser ------------------------------------------------------------------------------


@pytest.mark.usefixtures("in_project")
def test_a_published_projection_is_beside_what_came(goals_home: Path) -> None:
    """A goal has its newest published range whose day has come, what came, and the share that held."""
    row = Projected(SHARE, date(2016, 5, 29), 1, 9, date(2016, 7, 31), 0.0, 100.0)
    earlier = replace(row, as_of=date(2016, 5, 22), due=date(2016, 7, 24), high=0.1)
    stored = mock.patch.object(projected, "stored", lambda settings: [earlier, row])
    with environment(KPI_HOME=str(goals_home), KPI_MIN_USERS="2"), stored:
        said = words(opened(FILE))
    assert said.count("9 weeks ago: 0.0% to 100.0%; it came to ") == 1
    assert said.count("1 of 2 for 9 weeks") == 1


@pytest.mark.usefixtures("at_goals")
def test_a_row_per_goal_tells_what_the_export_tells() -> None:
    """Seven goals, each with its title, verdict, distance, two charts and a chance, as scored."""
    page = opened(FILE)
    assert not page.exception
    said = words(page)
    warehouse = open_warehouse(Settings.read())
    scored = goals.scores(goals.Figures(warehouse, 1), goals.read())
    warehouse.close()
    assert len(scored) == GOALS
    assert [s.status for s in scored].count("no data") == 0
    for score in scored:
        assert score.goal.title.replace("-", "\\-").replace(".", "\\.") in said
        assert f"{told.written(score.actual, score.goal.unit)} now" in said
    badges = re.findall(r"-badge\[:material/\w+: ([a-z ]+)\]", said)
    assert badges[-GOALS:] == [score.status for score in scored]
    assert said.count("Chance of meeting it: ") == GOALS
    assert said.count("in 80 of 100 cases") == GOALS
    assert f"**{summary(scored)}** on 31 Jul 2016; 153 days of 2016 remain" in said
    sentences = alts(page)
    assert len(sentences) == len(set(sentences)) == 2 * GOALS
    assert sum(", target " in sentence for sentence in sentences) == GOALS


@pytest.mark.usefixtures("no_caches", "at_goals")
def test_nothing_heavy_runs_before_a_goal_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bands and back-tests are made for goals that are open in the URL, and for no other."""
    calls: list[str] = []
    real = outlook.tested

    def counted(seen: outlook.Outlook) -> object:
        calls.append(seen.goal.id)
        return real(seen)

    monkeypatch.setattr(outlook, "tested", counted)
    opened(FILE)
    assert calls == []
    page = opened(FILE, **{f"open_{SHARE}": "true"})
    assert calls == [SHARE]
    assert len(alts(page)) == 2 * GOALS + 1
    said = words(page)
    for part in (
        "80 of 100 days lie between",
        "past stretches of 22 weeks",
        "No yearly seasonality known",
        "It assumes that weeks to come change as past ones did",
        "Tested on this history:",
    ):
        assert part in said, part


@pytest.mark.usefixtures("no_caches", "at_goals")
def test_a_back_test_is_of_the_days_shown() -> None:
    """Another end of the period has another history, also where a reader has seen the first."""

    def tested(**choices: str) -> str:
        said = words(opened(FILE, **{f"open_{SHARE}": "true"}, **choices))
        return said[said.index("Tested on this history:") :].split(".")[0]

    whole, part = tested(), tested(to="2016-05-29")
    assert whole != part
    st.cache_data.clear()
    st.cache_resource.clear()
    assert tested(to="2016-05-29") == part


@pytest.mark.usefixtures("at_goals")
def test_threshold_moves_target_and_chance_but_not_the_goal() -> None:
    """Another threshold in the URL changes what it takes; the verdict in the row is the goal's."""
    page = opened(FILE, **{f"open_{SHARE}": "true", f"threshold_{SHARE}": "60"})
    said = words(page)
    assert "Target **60.0%**, not met today" in said
    assert "None of the" in said
    assert re.search(r"Chance of meeting it on 31 Dec 2016: under 5%", said)
    assert "At least 20% of daily users" in said.replace("\\", "")
    history = next(sentence for sentence in alts(page) if "Projected" in sentence)
    assert history.startswith("Multi-device users, ")
    easy = words(opened(FILE, **{f"open_{SHARE}": "true", f"threshold_{SHARE}": "1"}))
    assert "None: today's figure meets it" in easy
    assert "Chance of meeting it on 31 Dec 2016: over 95%" in easy


@pytest.mark.usefixtures("at_goals")
@pytest.mark.parametrize("bad", daily("101", "many", of=["101", "-1", "many", "nan"]))
def test_threshold_that_cannot_be_is_dropped_with_a_notice(bad: str) -> None:
    """A threshold in the URL that is no share is dropped, told, and the goal's own stands."""
    page = opened(FILE, **{f"open_{SHARE}": "true", f"threshold_{SHARE}": bad})
    assert not page.exception
    assert page.number_input(key=f"threshold_{SHARE}").value == 20.0
    notices = [toast.value for toast in page.toast]
    assert any("was ignored: it isn't a threshold from 0 to 100" in notice for notice in notices)


@pytest.mark.usefixtures("at_goals")
def test_chosen_days_are_the_baseline_of_every_goal() -> None:
    """A quarter, or own days in the URL, take the place of the year before."""
    quarter = words(opened(FILE, baseline="Q4 2015"))
    assert quarter.count("Q4 2015.") == GOALS
    own = {"baseline": "own days", "baseline_from": "2015-10-05", "baseline_to": "2015-11-29"}
    assert words(opened(FILE, **own)).count("5 Oct – 29 Nov 2015.") == GOALS


@pytest.mark.usefixtures("at_goals")
def test_verdicts_under_other_windows_stand_in_two_tables() -> None:
    """All goals over 7, 28 and 91 days; the multi-device goal with 3, 5, 7 and 14 days."""
    page = opened(FILE, windows="true")
    scoring, devices = (table.value for table in page.dataframe)
    assert list(scoring.columns) == ["Goal", "7 days", "28 days", "91 days"]
    assert len(scoring) == GOALS
    assert list(devices.columns) == ["Goal", "3 days", "5 days", "7 days", "14 days"]
    share = scoring.loc[scoring["Goal"].str.contains("multi-device"), "28 days"].iloc[0]
    assert devices["5 days"].iloc[0] == share
    assert re.fullmatch(r"(met|not met|too close to call), [+−]\d+\.\d points", share)


@pytest.mark.usefixtures("at_goals")
def test_filters_are_applied_and_what_they_cannot_reach_is_said() -> None:
    """A segment is scored; Firefox's own figures carry no tags, and the page says so."""
    page = opened(FILE, os="Android")
    assert not page.exception
    said = words(page)
    assert "Firefox's own figures carry no tags" in said
    assert "The comparison and weeks of the sidebar are not applied." in said


@pytest.mark.usefixtures("no_caches")
def test_small_cells_are_said_to_be_hidden(goals_home: Path) -> None:
    """Where too few people match, rows say hidden for privacy and draw nothing."""
    with environment(KPI_HOME=str(goals_home), KPI_MIN_USERS="100000"):
        page = opened(FILE, **{f"open_{SHARE}": "true"})
    assert not page.exception
    assert words(page).count("Hidden for privacy: fewer than 100000 people") >= GOALS
    assert alts(page) == []


@pytest.mark.usefixtures("at_demo")
def test_too_little_history_is_refused_with_the_reason() -> None:
    """Five months have under 26 whole weeks: verdicts stand, and no projection is made up."""
    page = opened(FILE, **{f"open_{SHARE}": "true"})
    assert not page.exception
    said = words(page)
    assert "Too little history to project from: " in said
    assert "and 26 are needed" in said
    assert "Chance of meeting it" not in said
    assert "80 of 100 days lie between" in said


@pytest.mark.usefixtures("at_goals")
def test_goals_of_a_year_that_is_over_are_final(monkeypatch: pytest.MonkeyPatch) -> None:
    """With goals of two years in the file one is chosen; of the past one nothing is left to chance."""
    every = goals.read()
    before = tuple(replace(goal, year=2015) for goal in every)
    monkeypatch.setattr(goals, "read", lambda: (*every, *before))
    now = words(opened(FILE))
    assert " on 31 Jul 2016; 153 days of 2016 remain" in now
    page = opened(FILE, year="2015", **{f"open_{SHARE}": "true"})
    assert not page.exception
    said = words(page)
    assert " on 31 Dec 2015; 0 days of 2015 remain" in said
    assert "The year is over: this is how it ended." in said
    assert "Chance of meeting it" not in said
    assert "No baseline: no value on any day of 1 Jan – 31 Dec 2014." in said


@pytest.mark.usefixtures("at_goals")
def test_broken_goals_file_is_told_with_its_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whoever edits the goals sees on the page which line is wrong, and no traceback."""
    broken = tmp_path / "goals.toml"
    broken.write_text('[[goal]]\nid = "x"\n')
    real = goals.read
    monkeypatch.setattr(goals, "read", lambda: real(broken))
    page = opened(FILE)
    assert not page.exception
    assert "line 1: goal 1: title is missing" in words(page)


@pytest.mark.usefixtures("at_goals")
def test_without_who_or_why_nothing_is_frozen(goals_home: Path) -> None:
    """The form says what is missing, keeps what was typed, and stores nothing."""
    settings = Settings(home=goals_home)
    before = frozen.frozen_baselines(settings)
    page = opened(FILE, **{f"open_{SHARE}": "true"})
    page.text_input(key=f"who_{SHARE}").set_value("Ann")
    freeze = next(button for button in page.button if button.label == "Freeze this baseline")
    freeze.click().run()
    assert not page.exception
    assert "needs the reason why" in words(page)
    assert page.text_input(key=f"who_{SHARE}").value == "Ann"
    assert frozen.frozen_baselines(settings) == before


@pytest.mark.usefixtures("at_goals")
def test_days_chosen_on_a_goal_are_of_that_goal_alone() -> None:
    """The days are in the link under the goal's own key; other goals keep the page's baseline."""
    page = opened(FILE, **{f"base_{SHARE}": "2015-10-05_2015-11-29"})
    assert not page.exception
    assert words(page).count("5 Oct – 29 Nov 2015.") == 1
    assert page.selectbox(key="baseline").value == "2015"
    assert f"base_{SHARE}" in page.query_params


@pytest.mark.usefixtures("at_goals")
def test_proposed_days_are_put_into_the_link_of_their_goal() -> None:
    """The button writes the goal's key and nothing else; a second button removes it again."""
    page = opened(FILE, **{f"open_{SHARE}": "true"})
    page.button(key=f"use_{SHARE}").click().run()
    assert not page.exception
    assert [name for name in page.query_params if name.startswith("base")] == [f"base_{SHARE}"]
    page.button(key=f"unuse_{SHARE}").click().run()
    assert f"base_{SHARE}" not in page.query_params


@pytest.mark.usefixtures("at_goals")
@pytest.mark.parametrize(
    "days",
    daily("soon", "2015-11-29_2015-10-05", of=["soon", "2015-11-29_2015-10-05", "2015-10-05", "_"]),
)
def test_days_of_a_goal_that_cannot_be_read_are_dropped(days: str) -> None:
    """A bad value in the link is ignored with a notice."""
    page = opened(FILE, **{f"base_{SHARE}": days})
    assert not page.exception
    assert any("isn't two days" in toast.value for toast in page.toast)
    assert f"base_{SHARE}" not in page.query_params


@pytest.mark.usefixtures("at_goals")
def test_a_short_baseline_is_frozen_only_when_confirmed() -> None:
    """Under 8 whole weeks a box must be ticked; then the form goes on to what else is missing."""
    days = {f"base_{SHARE}": "2015-10-05_2015-11-01", f"open_{SHARE}": "true"}
    page = opened(FILE, **days)
    page.text_input(key=f"who_{SHARE}").set_value("Ann")
    freeze = next(button for button in page.button if button.label == "Freeze this baseline")
    freeze.click().run()
    assert "Tick the box to confirm" in words(page)
    page.checkbox(key=f"short_{SHARE}").check()
    freeze = next(button for button in page.button if button.label == "Freeze this baseline")
    freeze.click().run()
    assert "needs the reason why" in words(page)


def frozen_share(**changed: Any) -> frozen.Frozen:
    """A baseline of the last quarter of 2015 for the goal of multi-device users."""
    goal = next(goal for goal in goals.read() if goal.id == SHARE)
    usual = frozen.Frozen(
        goal.measure, goal.device_window, 17.25, None, None, None, None, 92,
        date(2015, 10, 1), date(2015, 12, 31), goal.filters, "2016.1", 4,
        "Ann", "a *calm* autumn", notes.now(), notes.new_id(),
    )  # fmt: skip
    return replace(usual, **changed)


@pytest.mark.usefixtures("no_caches")
def test_a_frozen_baseline_is_the_default_until_it_is_withdrawn(
    goals_home: Path, tmp_path: Path
) -> None:
    """It is named by who, when and why, escaped; withdrawn with a reason, the year before holds again."""
    home = shutil.copytree(goals_home, tmp_path / "home", symlinks=True)
    settings = Settings(home=home)
    mine = frozen_share()
    frozen.freeze(settings, frozen_share(frozen_at=datetime(2016, 1, 2), reason="an earlier one"))
    frozen.freeze(settings, mine)
    frozen.withdraw(settings, frozen.frozen_baselines(settings)[1].baseline_id, "Cy", "replaced")
    day = day_text(mine.frozen_at.date())
    named = plain(f"Baseline 17.2% of Q4 2015, frozen by Ann on {day}: “a *calm* autumn”.")
    with environment(KPI_HOME=str(home), KPI_MIN_USERS="1"):
        page = opened(FILE, **{f"open_{SHARE}": "true"})
        assert not page.exception
        assert page.selectbox(key="baseline").value == "the team's"
        assert words(page).count(named) == 2  # in the row, and where it can be withdrawn
        assert named not in words(opened(FILE, baseline="2015"))
        withdraw = next(button for button in page.button if button.label == "Withdraw")
        withdraw.click().run()
        assert "a withdrawal needs who withdraws it" in words(page)
        page.text_input(key=f"who_{mine.baseline_id}").set_value("Bob <b>")
        page.text_area(key=f"why_{mine.baseline_id}").set_value("of another *time*")
        next(button for button in page.button if button.label == "Withdraw").click().run()
        assert not page.exception
        assert [toast.value for toast in page.toast] == ["It is withdrawn."]
        assert page.selectbox(key="baseline").value == "2015"
        assert named not in words(page)
        (history,) = [table.value for table in page.dataframe if "Withdrawn" in table.value]
        assert history["Status"].tolist() == ["withdrawn", "withdrawn"]
        assert history["Withdrawn"].iloc[0].endswith(", Bob <b>: of another *time*")
        page = opened(FILE, baseline=frozen_label(mine))
        assert page.selectbox(key="baseline").value == "2015"
        assert any("frozen 17.2%" in toast.value.replace("\\", "") for toast in page.toast)


@pytest.mark.usefixtures("no_caches")
def test_a_chosen_baseline_comes_before_the_default(goals_home: Path, tmp_path: Path) -> None:
    """A link may choose an older frozen baseline than the team's."""
    home = shutil.copytree(goals_home, tmp_path / "home", symlinks=True)
    settings = Settings(home=home)
    older = frozen_share(frozen_at=datetime(2016, 1, 2), baseline=16.25, reason="the older")
    for each in (older, frozen_share(reason="the newer")):
        frozen.freeze(settings, each)
    with environment(KPI_HOME=str(home), KPI_MIN_USERS="1"):
        page = opened(FILE, baseline=frozen_label(older))
    assert not page.exception
    assert "“the older”" in words(page) and "“the newer”" not in words(page)


def test_a_method_that_failed_on_a_history_says_so() -> None:
    """Far fewer or more ranges than promised are told as such; a few tries say nothing."""
    assert told.tested_sentence(Backtest(9, 9, 50, 40)).endswith("held (80%; they promise 80%).")
    assert "too sure of themselves" in told.tested_sentence(Backtest(26, 26, 44, 18))
    assert "wider than need be" in told.tested_sentence(Backtest(9, 9, 40, 40))
    assert told.tested_sentence(Backtest(9, 40, 8, 4)).endswith("It is too short to try 40 weeks.")


def test_chances_carry_no_false_precision() -> None:
    """Chances are told to the nearest 5 of 100, and never as certain."""
    said = [told.chance_text(chance) for chance in (0.0, 0.049, 0.134, 0.5, 0.874, 0.951, 1.0)]
    assert said == [
        *("under 5%", "under 5%", "about 15%", "about 50%", "about 85%", "over 95%", "over 95%")
    ]


# --- in a browser -----------------------------------------------------------------------------------


def choose(page: Page, label: str, option: str) -> None:
    """Pick an option of a select box by its label."""
    box = page.get_by_test_id("stSelectbox").filter(has_text=re.compile(f"^{label}"))
    box.get_by_role("combobox").click()
    page.get_by_role("option", name=option, exact=True).click()


@pytest.mark.long
def test_a_product_manager_sets_a_baseline_and_tries_a_target(
    goals_server: str, own_home: Path, visit: Callable[..., Visit]
) -> None:
    """Q4 2015 as baseline, its band, frozen with a reason; 25% multi-device; the link shows the same."""
    seen = visit(f"{goals_server}/goals")
    seen.charts(2 * GOALS)
    page = seen.page
    choose(page, "Baseline", "Q4 2015")
    page.wait_for_url("**baseline=Q4**")
    seen.rest()
    page.locator(f".st-key-open_{SHARE} summary").click()
    seen.charts(2 * GOALS + 1)
    opened = page.locator(f".st-key-open_{SHARE}")
    expect(opened.get_by_text("80 of 100 days lie between")).to_be_visible()
    expect(opened.get_by_text(re.compile(r"in Q4 2015: the mean of 92 days"))).to_be_visible()

    opened.get_by_label("Who").fill("Ann, product")
    opened.get_by_label("Why").fill("Agreed on <b>18 January</b>; the quarter before the goals")
    opened.get_by_role("button", name="Freeze this baseline").click()
    expect(page.get_by_test_id("stToast")).to_contain_text("frozen", timeout=PATIENCE)
    expect(opened.get_by_text("“Agreed on <b>18 January</b>; the quarter")).to_be_visible()
    page.wait_for_url("**baseline=frozen**")
    (kept,) = frozen.frozen_baselines(Settings(home=own_home))
    assert (kept.measure, kept.frozen_by) == ("multi_device_percent", "Ann, product")
    assert (kept.first_day.isoformat(), kept.last_day.isoformat()) == ("2015-10-01", "2015-12-31")
    assert kept.low_95 < kept.low_80 < kept.baseline < kept.high_80 < kept.high_95

    threshold = opened.get_by_role("spinbutton", name="At least, percent")
    threshold.fill("25")
    threshold.press("Enter")
    page.wait_for_url(f"**threshold_{SHARE}=25**")
    target = opened.get_by_text(re.compile(r"^Target 25\.0%, not met today"))
    expect(target).to_be_visible(timeout=PATIENCE)
    chance = opened.get_by_text(re.compile(r"^Chance of meeting it on 31 Dec 2016: .*\d+%$"))
    expect(chance).to_be_visible()
    seen.rest()
    figures = opened.inner_text().split(LABEL)[1]

    other = visit(page.url)
    other.charts(2 * GOALS + 1)
    elsewhere = other.page.locator(f".st-key-open_{SHARE}")
    expect(elsewhere.get_by_role("spinbutton", name="At least, percent")).to_have_value("25.00")
    expect(elsewhere.get_by_text(chance.inner_text())).to_be_visible()
    assert elsewhere.inner_text().split(LABEL)[1] == figures
    assert other.query == seen.query


@pytest.mark.long
@pytest.mark.parametrize(("width", "scheme"), WINDOWS)
def test_fits_phones_and_screens_in_both_themes(
    goals_server: str, visit: Callable[..., Visit], width: int, scheme: str
) -> None:
    """With a goal open nothing is wider than the window, and every chart stays inside it."""
    seen = visit(f"{goals_server}/goals?open_{SHARE}=true", width=width, color_scheme=scheme)
    seen.charts(2 * GOALS + 1)
    seen.assert_fits()


@pytest.mark.usefixtures("at_goals")
def test_an_opened_goal_says_how_its_baseline_is_made() -> None:
    """The baseline of a time is of all attempts together; of a share it is the mean of its days.

    The people behind a share of users are inside its goal; a goal of a time has none.
    """
    share = words(opened(FILE, **{f"open_{SHARE}": "true"}))
    assert "in 2015: the mean of " in share
    assert "**The people behind it.** In the 28 days to" in share
    of_time = words(opened(FILE, open_connection_time_new_account="true"))
    assert "in 2015: the median of all attempts of " in of_time
    assert "The people behind it" not in of_time
