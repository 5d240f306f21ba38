"""Segments in the sidebar: saved, chosen, in the link, and reported where they can't be used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from app_pages import opened, words
from conftest import environment
from httpx import Response
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from kpi.dashboard import api
from kpi.meaning.filters import Filters
from kpi.numbers import notes, segments
from kpi.settings import Settings

HOSTILE = "<script>**a** 🦊"
EXPLORE = "pages/explore.py"
ANDROID = Filters(os=("Android",), not_browser=("Chrome", "Firefox Mobile"), users="existing")


@pytest.fixture
def settings(noted_demo: Path, no_caches: None) -> Iterator[Settings]:
    """The settings of a demo whose notes a test may add."""
    with environment(KPI_HOME=str(noted_demo), KPI_MIN_USERS="1"):
        yield Settings.read()


def query(page: AppTest) -> dict[str, list[str]]:
    """The choices in the page's address."""
    given = {name: page.query_params[name] for name in page.query_params}
    return {name: [each] if isinstance(each, str) else each for name, each in given.items() if each}


def toasts(page: AppTest) -> str:
    """The page's notices."""
    return "\n".join(toast.value for toast in page.toast)


def test_filters_are_saved_and_reopened_by_name(settings: Settings) -> None:
    """Saved filters are a choice, the link has their name alone, and another browser reopens them."""
    page = opened(EXPLORE, os="Android", users="existing")
    assert "segment" not in [box.key for box in page.selectbox]
    page.text_input(key="name_save_segment").set_value(HOSTILE)
    page.text_input(key="who_save_segment").set_value("Ann")
    save = next(button for button in page.button if button.label == "Save")
    save.click().run()
    assert "a segment needs the reason why" in words(page)
    page.text_area(key="why_save_segment").set_value("our team")
    next(button for button in page.button if button.label == "Save").click().run()
    assert not page.exception and "The segment is saved, for everyone." in toasts(page)
    assert page.selectbox(key="segment").value == HOSTILE
    assert query(page) == {"segment": [HOSTILE]}
    page = opened(EXPLORE, segment=HOSTILE.upper())
    assert not page.exception and not page.toast
    assert page.multiselect(key="os").value == ["Android"]
    assert page.radio(key="users").value == "existing"
    assert f"{HOSTILE}: All browsers on Android" in words(page)
    assert query(page) == {"segment": [HOSTILE]}
    page.radio(key="users").set_value("new").run()
    assert page.selectbox(key="segment").value == "none"
    assert query(page) == {"os": ["Android"], "users": ["new"]}


def test_a_choice_sets_and_leaves_filters(settings: Settings) -> None:
    """Choosing a segment sets every filter, those of connections too; none removes them all."""
    segments.save(settings, "phones", ANDROID, "Ann", "why")
    some = Filters(region=("US",), devices="multi")
    segments.save(settings, "US", some, "Ann", "why")
    page = opened(EXPLORE, service="sync", period="all")
    page.selectbox(key="segment").set_value("phones").run()
    assert page.multiselect(key="browser").value == list(ANDROID.not_browser)
    assert page.radio(key="browser_mode").value == "all except"
    assert page.multiselect(key="service").value == []
    assert query(page) == {"period": ["all"], "segment": ["phones"]}
    page.selectbox(key="segment").set_value("US").run()
    assert page.multiselect(key="region").value == ["US"]
    assert page.multiselect(key="os").value == [] and page.radio(key="devices").value == "multi"
    page.selectbox(key="segment").set_value("none").run()
    assert page.multiselect(key="browser").value == [] and query(page) == {"period": ["all"]}
    page.selectbox(key="segment").set_value("phones").run()
    next(button for button in page.button if button.label == "Reset filters").click().run()
    assert page.selectbox(key="segment").value == "none" and query(page) == {"period": ["all"]}


def test_filters_beside_a_segment_are_refused_with_a_notice(settings: Settings) -> None:
    """A link with a segment and other filters shows the segment, and says that the others are ignored."""
    segments.save(settings, "phones", ANDROID, "Ann", "why")
    page = opened(EXPLORE, segment="phones", os="iOS")
    assert page.multiselect(key="os").value == ["Android"]
    assert "iOS” in the link was ignored" in toasts(page)


def test_what_cannot_be_used_is_reported(settings: Settings) -> None:
    """A link to a segment that was withdrawn, never was, or is empty says so; empty ones are listed."""
    segments.save(settings, "gone", ANDROID, "Ann", "why")
    (segment,) = segments.read(settings).named
    notes.withdraw(settings, segment.segment_id, "Bob", "not needed")
    segments.save(settings, "old", Filters(os=("Maemo",)), "Ann", "why")
    segments.save(settings, "some", Filters(os=("Android", "Maemo")), "Ann", "why")
    for name, reason in {
        "gone": "Bob withdrew the segment 'gone'",
        "never": "no segment is named 'never'",
        "old": "can't be used now",
    }.items():
        page = opened(EXPLORE, segment=name)
        assert reason in toasts(page).replace("\\", ""), toasts(page)
        assert "The segment 'old' is empty: the data has no os 'Maemo'" in shown(page)
        assert "names; the rest of it applies" not in shown(page)
        assert "segment" not in query(page) and not page.exception
    page = opened(EXPLORE, segment="some")
    assert page.multiselect(key="os").value == ["Android"]
    assert "The data has no os 'Maemo' (any more)" in shown(page)


def shown(page: AppTest) -> str:
    """What the page says, as a reader sees its Markdown."""
    return re.sub(r"\\(.)", r"\1", words(page))


def test_a_broken_file_is_a_sentence(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages go on without segments, and say in which line the file is broken."""
    file = tmp_path / "segments.toml"
    file.write_text('[[segment]]\nname = "a"\nfilters = { os = "Android" }\n')
    monkeypatch.setattr(segments, "SEGMENTS_FILE", file)
    for path in (EXPLORE, "pages/data.py"):
        page = opened(path, segment="a")
        assert not page.exception
        assert f"{file}: line 3: segment 1: filters.os must be one of" in words(page)
        assert "“a” in the link was ignored" in toasts(page)


def test_links_use_segments(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A `segment` of a link has the bytes of its filters, and a note on missing values; faults are a line."""
    segments.save(settings, HOSTILE, Filters(os=("Android", "Maemo"), region=("US",)), "Ann", "why")
    segments.save(settings, "old", Filters(os=("Maemo",)), "Ann", "why")
    client = TestClient(Starlette(routes=api.routes()), base_url="http://127.0.0.1:8501")

    def answer(table: str, **asked: str) -> Response:
        return client.get(f"/api/v1/{table}", params=asked)

    by_name = answer("engagement.csv", segment=HOSTILE.upper())
    assert by_name.status_code == 200
    assert by_name.content == answer("engagement.csv", os="Android").content
    assert "the data has no os 'Maemo'" in by_name.headers["x-note"]
    attempts = answer("completion.csv", segment=HOSTILE)
    assert attempts.content == answer("completion.csv", os="Android", region="US").content
    assert "&lt;script&gt;" in answer("active-users.svg", segment=HOSTILE).text
    for asked, line in (
        ({"segment": "old"}, "the segment 'old' is empty"),
        ({"segment": "no\none"}, "no segment is named 'no\\none'"),
        ({"segment": HOSTILE, "users": "new"}, "a segment has its own filters"),
    ):
        refused = answer("engagement", **asked)
        assert refused.status_code == 400 and refused.text.startswith(line), refused.text
        assert refused.text.count("\n") == 1
    file = tmp_path / "segments.toml"
    file.write_text("segment = 1")
    monkeypatch.setattr(segments, "SEGMENTS_FILE", file)
    refused = answer("engagement", segment="old")
    assert refused.status_code == 503 and refused.text.startswith(f"{file}: line 1: ")


def test_the_data_page_has_the_history(settings: Settings) -> None:
    """Every segment with who, when and why; a reader withdraws one, and it stays in the list."""
    segments.save(settings, HOSTILE, ANDROID, "Ann", "=our team")
    page = opened("pages/data.py")
    page.text_input(key="who_withdrawn_segment").set_value("Bob")
    page.text_area(key="why_withdrawn_segment").set_value("not needed")
    buttons = [button for button in page.button if button.label == "Withdraw"]
    buttons[-1].click().run()
    assert not page.exception
    (history,) = [frame.value for frame in page.dataframe if "Filters" in frame.value]
    assert history["Name"].item() == HOSTILE and not history["In use"].item()
    assert history["Withdrawn"].item().endswith(", Bob: not needed")
    assert segments.read(settings).named == []
