"""A digest's numbers are those of pages and exports, and its links reopen the page that has them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from statistics import mean
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from app_pages import opened, words
from conftest import Store, environment

from kpi.dashboard.words import plain
from kpi.delivery.outbox import Inline
from kpi.digest.content import Digest, Gathering
from kpi.digest.pictures import pictures
from kpi.digest.rendered import as_html, as_json, as_text, subject
from kpi.digest.span import span
from kpi.numbers.warehouse import open_warehouse
from kpi.settings import Settings
from kpi.text import ABSENT

ADDRESS = "https://kpi.example.org"
TODAY = date(2026, 11, 23)
LAST = date(2016, 7, 31)
SMALL = {"KPI_MIN_USERS": "1"}


@dataclass(frozen=True)
class Made:
    """A digest of a store, and its pictures."""

    digest: Digest
    inline: dict[str, Inline]


def made(home: Path, min_users: str, with_pictures: bool = False) -> Made:
    """The week's digest of a store."""
    told = {"KPI_HOME": str(home), "KPI_ADDRESS": ADDRESS, "KPI_MIN_USERS": min_users}
    settings = Settings.read(told)
    warehouse = open_warehouse(settings, 24)
    try:
        gathering = Gathering(settings, warehouse, span("week", TODAY, LAST))
        digest = gathering.digest(TODAY)
        return Made(digest, pictures(gathering.courses()) if with_pictures else {})
    finally:
        warehouse.close()


@pytest.fixture(scope="module")
def week(goals_home: Path) -> Made:
    """The week's digest of a demo of eleven months."""
    return made(goals_home, "1", with_pictures=True)


@pytest.fixture
def exported(goals_home: Path, tmp_path: Path) -> Store:
    """The same store, for exports."""
    store = Store(tmp_path)
    store.home = goals_home
    return store


@pytest.fixture
def at_goals(goals_home: Path, in_project: None) -> Iterator[None]:
    """Pages read the same store."""
    with environment(KPI_HOME=str(goals_home), **SMALL):
        yield


def test_goals_are_those_of_the_export(week: Made, exported: Store) -> None:
    """Each goal has the figures, verdict and interval of `export goals` on the day."""
    printed = exported.must("export", "goals", f"--as-of={LAST}", "--format=json", "--min-users=1")
    rows = json.loads(printed.text)
    assert len(rows) == 7
    line = json.loads(as_json(week.digest))
    for row, goal in zip(rows, line["goals"], strict=True):
        assert (row["goal"], row["status"]) == (goal["id"], goal["status"])
        for name in ("baseline", "target", "actual", "gap", "low", "high", "days", "n"):
            assert row[name] == pytest.approx(goal[name], rel=1e-12), (row["goal"], name)


def test_kpis_are_those_of_the_export(week: Made, exported: Store) -> None:
    """A KPI is the mean of its exported days, monthly users those of the last; groups those of `moved`."""
    first = LAST - timedelta(days=27)
    days = (f"--from={first}", f"--to={LAST}")
    engagement = exported.export("engagement", *days, min_users=1)
    ratios = [row["engagement_ratio"] for row in engagement if row["audience"] == "all"]
    shares = [
        row["daily_multi_device_percent"]
        for row in exported.export("multi-device", *days, min_users=1)
    ]
    kpis = {kpi.id: kpi for kpi in week.digest.kpis}
    assert kpis["engagement_ratio"].value == pytest.approx(mean(ratios), rel=1e-12)
    assert kpis["multi_device_percent"].value == pytest.approx(mean(shares), rel=1e-12)
    assert kpis["mau"].value == engagement[-3]["mau"] and engagement[-3]["audience"] == "all"
    before = LAST - timedelta(days=28)
    split = 0
    for measure, name in (("engagement-ratio", "engagement_ratio"), ("mau", "mau")):
        by = {"Operating system": "os", "Browser version": "version", "Browser": "browser"}
        tag = by[kpis[name].tag]
        table = exported.export(
            "moved", measure, f"--by={tag}", f"--from={before}", f"--to={LAST}", min_users=1
        )
        for part, row in zip(kpis[name].parts, table, strict=False):
            assert (part.group, part.total) == (row["group"], pytest.approx(row["total"]))
            split += 1
    assert split >= 4


def test_every_number_of_the_text_is_in_each_form(week: Made) -> None:
    """Text and HTML have the same sentences, and the figures of the JSON line in words."""
    text = " ".join(as_text(week.digest).split())
    html = " ".join(re.sub(r"<[^>]+>", " ", as_html(week.digest)).split())
    for goal in week.digest.goals:
        assert goal.distance in text and goal.distance.replace("'", "&#39;") in html
        assert goal.ending in text and goal.ending in html
    for kpi in week.digest.kpis:
        assert kpi.value_text in text and kpi.value_text in html
        for sentence in kpi.sentences:
            assert sentence in text and sentence.replace("'", "&#39;") in html
    assert "\n" not in as_json(week.digest)
    assert subject(week.digest).startswith("[Demo] Firefox Accounts KPIs, week to 31 Jul 2016: ")


def page_of(link: str) -> tuple[str, dict[str, Any]]:
    """The page that a link of a digest opens, and its choices."""
    parts = urlsplit(link)
    assert f"{parts.scheme}://{parts.netloc}" == ADDRESS
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    return f"pages{parts.path}.py", query


@pytest.mark.usefixtures("at_goals")
def test_a_link_reopens_what_moved(week: Made) -> None:
    """The page behind a KPI's link has its value, its change and its sentences."""
    kpi = next(kpi for kpi in week.digest.kpis if kpi.id == "multi_device_percent")
    file, query = page_of(kpi.link or "")
    seen = opened(file, **query)
    assert not seen.exception
    assert (seen.metric[0].value, seen.metric[0].delta) == (kpi.value_text, kpi.change_text)
    assert plain(" ".join(kpi.sentences)) in words(seen)


@pytest.mark.usefixtures("at_goals")
def test_a_link_reopens_the_goals(week: Made) -> None:
    """The Goals page behind a goal's link has the verdicts, distances and endings of the digest."""
    file, query = page_of(week.digest.goals[0].link or "")
    seen = opened(file, **query)
    assert not seen.exception and not seen.warning
    said = words(seen).replace("**", "").replace("\\", "")
    for goal in week.digest.goals:
        assert goal.distance in said
        assert goal.ending in said
    assert week.digest.summary in said


def test_small_numbers_are_hidden(goals_home: Path) -> None:
    """What pages hide, a digest hides: below the minimum there is a reason in place of a number."""
    digest = made(goals_home, "100000").digest
    assert not any(kpi.parts for kpi in digest.kpis)
    assert all(kpi.value is None and kpi.why for kpi in digest.kpis)
    assert all(goal.actual is None for goal in digest.goals)
    text = " ".join(as_text(digest).split())
    assert "hidden for privacy: fewer than 100000 people or attempts match" in text.replace(
        "Hidden", "hidden"
    )
    assert " now, " not in text and all(kpi.value_text == ABSENT for kpi in digest.kpis)


def test_html_is_fit_for_mail_clients(week: Made) -> None:
    """Nothing is fetched; styles are inline, and both themes have their colours; text is never markup."""
    html = as_html(week.digest, week.inline.values())
    assert set(re.findall(r'src="([^"]*)"', html)) == {
        f"cid:{picture.content_id}" for picture in week.inline.values()
    }
    assert not re.search(r"<(script|link|iframe|form|base)|url\(|@import", html)
    assert "prefers-color-scheme: dark" in html
    body = html.partition("<body")[2]
    assert all(
        "style=" in tag for tag in re.findall(r"<(?:table|h1|h2|p|ul|li|img|a) [^>]*>", body)
    )
    assert all(link.startswith(ADDRESS) for link in re.findall(r'href="([^"]*)"', html))
    marked = replace(week.digest, markers=("<script>alert(1)</script>",))
    assert "<script>" not in as_html(marked) and "&lt;script&gt;" in as_html(marked)


def test_pictures_are_png_with_a_sentence(week: Made) -> None:
    """Each goal and each KPI with a course has a picture, which is described in words."""
    assert {goal.id for goal in week.digest.goals} <= set(week.inline)
    for picture in week.inline.values():
        assert picture.png.startswith(b"\x89PNG") and len(picture.png) < 40_000
        assert picture.sentence.endswith(".")
        assert picture.sentence in as_html(week.digest, [picture])


def test_without_an_address_there_are_no_links(week: Made) -> None:
    """Links need the dashboard's address; without it everything else stays."""
    digest = replace(
        week.digest,
        links={},
        goals=tuple(replace(goal, link=None) for goal in week.digest.goals),
        kpis=tuple(replace(kpi, link=None) for kpi in week.digest.kpis),
    )
    assert "href" not in as_html(digest) and "http" not in as_text(digest)


def test_something_moved(week: Made) -> None:
    """A verdict, an unusual change, history and numbers of no use count as moved; nothing else does."""
    calm = replace(
        week.digest,
        goals=tuple(replace(goal, was=goal.status) for goal in week.digest.goals),
        kpis=tuple(replace(kpi, moved=False) for kpi in week.digest.kpis),
        trusted=True,
    )
    assert not calm.something_moved
    assert "No verdict has changed" in as_text(calm) and "No KPI changed by more" in as_text(calm)
    was_met = replace(calm.goals[0], status="not met", was="met")
    for moved in (
        replace(calm, goals=(was_met, *calm.goals[1:])),
        replace(calm, kpis=(replace(calm.kpis[0], moved=True), *calm.kpis[1:])),
        replace(calm, revisions=("mau of 3 days",)),
        replace(calm, trusted=False),
    ):
        assert moved.something_moved
    assert "not met; on 24 Jul 2016 it was: met." in as_text(replace(calm, goals=(was_met,)))
    assert "1 changed" in subject(replace(calm, goals=(was_met,)))
