"""Filters that only attempts have: applied to connections, and said where they can't be applied."""

from __future__ import annotations

from pathlib import Path

import pytest
from app_pages import opened, words
from conftest import LONG, Store, environment
from streamlit.testing.v1 import AppTest

from kpi.commands.cli import main
from kpi.meaning.filters import ATTEMPT_TAGS, Filters
from kpi.meaning.question import Question
from kpi.meaning.tables import TABLES

CONNECTION, EXPLORE = "pages/connection_time.py", "pages/explore.py"
TIMES = {"Time to connect, new", "Time to connect, existing"}


MOST_OPTIONS = 10
"""As many options as a test has; a page has 200."""


def cards(page: AppTest) -> dict[str, str]:
    """The value of each card by its label."""
    return {card.label: card.value for card in page.metric}


def test_tables_of_users_leave_them_out() -> None:
    """A question about users is the same with and without them; a question about attempts isn't."""
    for tag in ATTEMPT_TAGS:
        for name in (tag, f"not_{tag}"):
            filters = Filters(os=("iOS",), **{name: ("(none)",)})
            for table, kind in TABLES.items():
                plain = Question(table, Filters(os=("iOS",)))
                assert (Question(table, filters) == plain) is not kind.of_attempts
            assert filters.of_users == Filters(os=("iOS",))
            assert filters.subtracts is name.startswith("not_")


def test_sentence() -> None:
    """The filter is said in words, with values picked and left out."""
    said = Filters(region=("DE", "(none)"), not_campaign=("spring",), devices="multi").sentence()
    assert said.endswith(
        "connections of region DE or (none) and any campaign except spring and multi-device users"
    )


@pytest.mark.usefixtures("at_demo")
def test_connections_are_narrowed_and_users_are_not() -> None:
    """On the Overview times change and users' numbers don't, which is said; the link holds the filter."""
    everybody, some = (
        opened("app.py"),
        opened("app.py", entrypoint="menupanel", entrypoint_mode="all except"),
    )
    assert not some.exception and [toast.value for toast in some.toast] == []
    before, after = cards(everybody), cards(some)
    changed = {label for label in before if before[label] != after[label]}
    assert changed and changed <= TIMES
    said = words(some)
    assert "connections of any entrypoint except menupanel" in said
    assert "The filter of entrypoint applies to connections only: it is not applied here." in said
    assert "entrypoint=menupanel" in said and "entrypoint_mode=all+except" in said
    assert "The goal is for all users." in said


@pytest.mark.usefixtures("at_demo")
def test_measures_of_attempts_apply_them() -> None:
    """Connection time and Explore's measures of attempts are narrowed by a campaign and an entrypoint."""
    chosen = {"campaign": "(none)", "entrypoint": "menupanel"}
    places = [(EXPLORE, {"explore": "Completed connections"}), (CONNECTION, {})]
    for file, measure in places if LONG else places[:1]:
        everybody, some = opened(file, **measure), opened(file, **measure, **chosen)
        assert not some.exception and [toast.value for toast in some.toast] == []
        assert cards(everybody) != cards(some)
        assert "not applied" not in words(some)
    both = opened(EXPLORE, **chosen)
    assert "The filters of entrypoint and campaign apply to connections only" in words(both)


@pytest.mark.usefixtures("at_demo")
def test_options_have_shares_of_attempts() -> None:
    """Options are of the data, most used first, with their shares of attempts; others are refused."""
    page = opened(CONNECTION, entrypoint="nowhere", attempt_filters="true")
    assert any("nowhere" in toast.value for toast in page.toast)
    box = page.multiselect(key="entrypoint")
    assert "(none)" in page.multiselect(key="campaign").options
    assert "share of the last 28 days' connection attempts" in box.help
    first = box.options[0]
    box.set_value([first]).run()
    assert f"connections of entrypoint {first}" in words(page)
    page.button(key="reset").click().run()
    assert page.multiselect(key="entrypoint").value == []


def test_many_campaigns(store: Store, no_caches: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of countless values the most used are options; any other is one while a link names it."""
    monkeypatch.setattr("kpi.dashboard.sidebar.MOST_OPTIONS", MOST_OPTIONS)
    from event_files import write
    from logs import D, at, event

    log = [
        event(
            at(D[0], "10:00") + place,
            "sequence.begin",
            seq_id=f"{place:032x}",
            seq_time=0,
            service="sync",
            campaign=f"campaign {place:03}",
        )
        for place in range(MOST_OPTIONS + 5)
    ]
    store.load(write(store.files / "log.parquet", log))
    store.summarise()
    last = f"campaign {MOST_OPTIONS + 4:03}"
    with environment(**store.settings(), KPI_MIN_USERS="1"):
        page, linked = opened(CONNECTION, attempt_filters="true"), opened(CONNECTION, campaign=last)
    assert len(page.multiselect(key="campaign").options) == MOST_OPTIONS
    assert last not in page.multiselect(key="campaign").options
    assert linked.multiselect(key="campaign").value == [last]
    rows = store.export("completion", f"--campaign={last}")
    assert [row["begun"] for row in rows] == [1]


def test_command_line(demo_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`export` narrows attempts by them, and refuses unknown values, and them for users, in a line."""
    with environment(KPI_HOME=str(demo_home)):
        assert main(["export", "completion", "--region=US", "--not-migration=sync11"]) == 0
        assert main(["export", "completion", "--region=USA"]) == 1
        assert "no region is named 'USA'; the nearest: 'US'" in capsys.readouterr().err
        assert main(["export", "engagement", "--not-campaign=x"]) == 2
        assert main(["export", "multi-device", "--by=region"]) == 2
    said = capsys.readouterr().err
    assert "--by region goes with attempts only: connection-time, completion, steps" in said
    assert "--not-campaign goes with attempts only: connection-time, completion, steps" in said
