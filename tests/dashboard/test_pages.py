"""Pages without a browser: the Overview over a full store, an empty one and one that fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from app_pages import ABOVE, alts, graphs, words
from conftest import PROJECT, environment
from demo_store import DEMO_DAYS
from product import table_of
from streamlit.testing.v1 import AppTest

from kpi.errors import WarehouseDown
from kpi.numbers import metrics, warehouse

GRAPHS = 3


def overview(**query: str | list[str]) -> AppTest:
    """The Overview as it stands after its first run."""
    page = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)
    for name, value in query.items():
        page.query_params[name] = value
    return page.run()


def chart_count(page: AppTest) -> int:
    """How many charts the page draws."""
    return len(graphs(page))


@pytest.mark.usefixtures("at_demo")
def test_overview_shows_the_three_graphs_and_the_cards() -> None:
    """A full store gives three graphs, four cards with n, the trust line and the filters in words."""
    page = overview(period="all")
    assert not page.exception
    assert chart_count(page) == GRAPHS
    assert [card.value for card in page.metric] == [
        card.value for card in page.metric if card.value
    ]
    assert len(page.metric) == 4
    assert page.metric[0].value.endswith("%")
    assert page.metric[0].delta.endswith(" points")
    assert page.metric[2].value.endswith(" s")
    told = words(page)
    assert f"Data through **{DEMO_DAYS[1]}** (UTC)" in told
    assert "exact" in told
    assert "All browsers on all systems, all services, new and existing users" in told
    assert " – ".join(DEMO_DAYS) in told
    assert "31 Mar 2016 alone: " in told


@pytest.mark.usefixtures("at_demo")
def test_demo_data_is_marked() -> None:
    """Simulated data is never shown without saying so."""
    badges = [str(part.value) for part in overview().markdown]
    assert any("Demo data (simulated)" in badge for badge in badges)


@pytest.mark.usefixtures("at_demo")
def test_every_chart_has_its_own_alt_text() -> None:
    """Each chart is described by a sentence from its data."""
    told = alts(overview(period="all"))
    assert len(set(told)) == GRAPHS
    *days, weeks = told  # the last whole week ends on a Sunday
    assert all("on 31 Mar 2016" in sentence for sentence in days)
    assert weeks.startswith("Time to connect") and "on 27 Mar 2016" in weeks


@pytest.mark.usefixtures("at_demo")
def test_cards_equal_the_export(demo_home: Path) -> None:
    """A card's value is the mean of the last 28 days of `export`."""
    from kpi.settings import Settings

    store = warehouse.open_warehouse(Settings.read())
    frame = table_of(store, "engagement")
    last = frame[frame["audience"] == "all"]["engagement_ratio"].tail(28)
    assert overview().metric[0].value == f"{last.mean():.1f}%"
    store.close()


@pytest.mark.usefixtures("at_demo")
def test_filters_in_the_url_narrow_the_page() -> None:
    """A filter in the URL is applied, told in words, and can be reset."""
    page = overview(os="Android", users="existing", period="all", reading="in the segment")
    assert not page.exception
    assert "All browsers on Android, all services, existing users" in words(page)
    assert "the filters are not applied to them" in words(page)
    page.button(key="reset").click().run()
    assert not page.exception
    assert "All browsers on all systems, all services, new and existing users" in words(page)


@pytest.mark.usefixtures("at_demo")
def test_the_same_caption_is_under_a_single_chart() -> None:
    """Marks, devices without tags and filters that don't apply are explained once on a page."""
    said = words(overview(period="all", devices="multi"))
    assert said.count("▼ marks releases") == 1
    assert said.count("The filter of devices applies to connections only") == 1


@pytest.mark.usefixtures("at_demo")
def test_exclude_is_its_own_mode() -> None:
    """ "All except" leaves the picked values out and says so."""
    page = overview(os="Android", os_mode="all except")
    assert "All browsers on all systems except Android" in words(page)


@pytest.mark.usefixtures("at_demo")
def test_value_that_does_not_exist_is_dropped_with_a_notice() -> None:
    """A bad value in the URL narrows nothing and is told, as text and not as markup."""
    page = overview(os="**Windows** 3.11", period="tomorrow")
    assert not page.exception
    assert "All browsers on all systems" in words(page)
    told = [toast.value for toast in page.toast]
    assert all(toast.proto.duration == 0 for toast in page.toast), "until the reader closes it"
    assert any(r"\*\*Windows\*\* 3\.11" in toast for toast in told)
    assert any("tomorrow" in toast for toast in told)


@pytest.mark.usefixtures("at_demo")
def test_period_without_days_says_which_days_there_are() -> None:
    """A gap is never a zero: an empty period has no chart of zeros, but a sentence."""
    page = overview(period="last year")
    assert not page.exception
    assert chart_count(page) >= 1  # the last two months of 2015
    assert "1 Jan – 31 Dec 2015" in words(page)


@pytest.mark.usefixtures("no_caches")
def test_small_cells_are_hidden_and_said_so(demo_home: Path) -> None:
    """Where fewer people than the minimum match, the page says hidden and draws nothing."""
    with environment(KPI_HOME=str(demo_home), KPI_MIN_USERS="100000"):
        page = overview(period="all")
        assert not page.exception
        assert chart_count(page) == 0
        said = [str(part.value) for part in page.info]
        assert "Hidden for privacy" in said[0] and len(said) == GRAPHS
        assert all("Hidden" in each or each == ABOVE for each in said)
        assert all(card.value == "–" for card in page.metric)


@pytest.mark.usefixtures("at_demo")
def test_toggles_change_what_a_chart_shows() -> None:
    """Percent and the log scale are one toggle each, and stay in the URL."""
    page = overview(multi_device_unit="percent", time_scale="log")
    told = alts(page)
    assert any(sentence.startswith("Multi-device users, percent") for sentence in told)
    specifications = [chart.spec for chart in graphs(page)]
    assert any('"type": "log"' in specification for specification in specifications)


@pytest.mark.usefixtures("no_caches")
def test_empty_store_names_the_command_that_loads(tmp_path: Path) -> None:
    """Before anything is loaded the page says what to run, and draws nothing."""
    with environment(KPI_HOME=str(tmp_path / "nothing")):
        page = overview()
    assert not page.exception
    assert "python -m kpi load" in words(page)
    assert "python -m kpi demo" in words(page)
    assert chart_count(page) == 0


@pytest.mark.usefixtures("no_caches")
def test_store_that_does_not_answer_is_told_plainly(
    demo_home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A failing query gives one plain sentence: no SQL, no host, no path, no traceback."""

    def fails(*_args: object, **_options: object) -> None:
        raise WarehouseDown("SELECT secret FROM host.example:5439") from OSError("host.example")

    monkeypatch.setitem(metrics.METRICS, "multi-device", fails)
    with environment(KPI_HOME=str(demo_home)):
        page = overview()
    assert not page.exception
    assert len(page.error) == 1
    assert "can't be read right now" in page.error[0].value
    for secret in ("SELECT", "host.example", str(demo_home)):
        assert secret not in words(page)


@pytest.mark.usefixtures("no_caches")
def test_broken_store_is_told_plainly(tmp_path: Path) -> None:
    """A publication that is no database gives the same sentence."""
    (tmp_path / "kpi.duckdb").write_bytes(b"not a database" * 1000)
    with environment(KPI_HOME=str(tmp_path)):
        page = overview()
    assert not page.exception
    assert "can't be read right now" in page.error[0].value
    assert str(tmp_path) not in words(page)


@pytest.mark.usefixtures("no_caches")
def test_setting_that_cannot_be_understood_is_told() -> None:
    """A bad setting is told by name, without a traceback."""
    with environment(KPI_MIN_USERS="many"):
        page = overview()
    assert not page.exception
    assert "KPI_MIN_USERS must be a number" in words(page)


@pytest.mark.usefixtures("no_caches")
def test_bug_surfaces(demo_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody foresaw is not dressed up as a failing store."""

    def breaks(*_args: object, **_options: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(metrics.METRICS, "multi-device", breaks)
    with environment(KPI_HOME=str(demo_home)):
        page = overview()
    assert len(page.exception) == 1
    assert not page.error


@pytest.mark.usefixtures("at_demo")
def test_a_card_says_how_a_count_is_made() -> None:
    """Daily users are a mean of the 28 days, monthly users are the users of these days."""
    page = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)
    page.switch_page("pages/engagement.py")
    captions = [caption.value for caption in page.run().caption]
    assert "The cards are about 4 Mar – 31 Mar 2016, against 5 Feb – 3 Mar 2016." in captions
    cards = [words for words in captions if "alone: " in words]
    assert "mean of the days" in cards[2]
    assert "users of these days" in cards[3]
    assert "(95% sure), of " in cards[0]
