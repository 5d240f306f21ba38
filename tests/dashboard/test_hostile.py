"""Hostile tag values and URLs: whatever the data or a link says is text, in pages, downloads and SQL."""

from __future__ import annotations

import csv
import io
import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from app_pages import opened, words
from browser import Visit, serving
from conftest import LONG, Store, daily, environment
from event_files import write
from logs import DAY_MS, at, event, user

from kpi.dashboard.navigation import PAGES
from kpi.numbers.export import FORMULA

HOSTILE = (
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    "'); DROP TABLE kpi.segment; --",
    "<script>window.hacked = 1</script>",
    "<img src=x onerror='window.hacked = 1'>",
    "[click](javascript:alert(1)) **bold** :red[x] $x^2$ :material/warning:",
    "\u202efdp.exe",
    "a'b\"c;d,e\nf",
    "{{7*7}} ${7*7} %(x)s %s :broken_by",
    "𝔘𝔫𝔦 ünï 中文 🦊",
    "x" * 256,
)
REFUSED = ("nul\0nul", "y" * 1_000_000)
"""Tag values that no row may hold: with a NUL, or longer than a column."""

FILES = [page.file for page in PAGES]


def hostile_log() -> list[dict]:
    """A month and more in which every hostile value has users enough to be shown, and attempts."""
    log = []
    for day in range(33):
        start = at("2016-03-01", "08:00") + day * DAY_MS
        for place, value in enumerate(HOSTILE):
            tags = {
                "user_agent_browser": value,
                "user_agent_version": value,
                "user_agent_os": value,
                "context": value,
                "entrypoint": value,
                "campaign": value,
                "migration": value,
            }
            for who in range(2):
                name = user(f"{place}x{who}")
                sequence = f"{day}-{place}-{who}"
                steps = (("sequence.begin", 0), ("account.login", 900), ("device.connected", 4000))
                log += [
                    event(
                        start + after,
                        kind,
                        seq_id=sequence,
                        seq_time=after,
                        uid=name,
                        service="sync",
                        **tags,
                    )
                    for kind, after in steps
                ]
                log.append(event(start, uid=name, service=value, **tags))
    return log


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store full of hostile tag values."""
    made = Store(tmp_path_factory.mktemp("hostile"))
    made.load(write(made.files / "log.json.gz", hostile_log()))
    made.summarise()
    made.must("annotate", "2016-03-20", "<script>window.hacked = 1</script> **x**")
    return made


@pytest.fixture
def at_hostile(hostile: Store, in_project: None) -> Iterator[None]:
    """Pages read that store."""
    with environment(KPI_HOME=str(hostile.home), KPI_MIN_USERS="1"):
        yield


def test_values_that_no_row_may_hold(store: Store) -> None:
    """A NUL in a tag rejects its row, a megabyte is shortened; both by line, and neither is repeated."""
    rows = [event(at("2016-03-01") + step, uid=user(step)) for step in range(60)]
    for place, value in enumerate(REFUSED):
        rows[place * 9]["campaign"] = value
    ran = store.load(write(store.files / "log.json", rows))
    assert "59 events, 1 row rejected" in ran.text
    assert "line 1: row holds a NUL" in ran.err or "line 1: holds a NUL" in ran.err
    assert "line 10: tag is longer than 256 bytes, shortened" in ran.err
    assert "\0" not in ran.said and "yyyy" not in ran.said


@pytest.mark.parametrize("by", ("browser", "version", "os", "service"))
def test_exports_hold_every_value_as_text(hostile: Store, by: str) -> None:
    """Exports hold every value as it is; a page's download puts no formula before a spreadsheet."""
    import json

    import pandas as pd

    from kpi.numbers.export import for_spreadsheets

    kept = [value for value in HOSTILE if by != "version" or value.split(".")[0] == value]
    told = hostile.must("export", "completion", f"--by={by}", "--min-users=0").text
    exported = [row[by] for row in csv.DictReader(io.StringIO(told, newline=""))]
    safe = for_spreadsheets(pd.DataFrame({by: exported})).decode("utf-8-sig")
    shown = {row[by] for row in csv.DictReader(io.StringIO(safe, newline=""))}
    assert not [cell for cell in shown if cell.startswith(FORMULA)]
    plain = json.loads(
        hostile.must("export", "completion", f"--by={by}", "--min-users=0", "--format=json").text
    )
    found = {row[by] for row in plain}
    if by != "service":  # attempts are of service sync
        assert set(kept) - {"\t=1"} <= found | {value.strip() for value in found}
    assert set(exported) == found
    assert {f"'{value}" if value.startswith(FORMULA) else value for value in found} == shown


@pytest.mark.parametrize("value", HOSTILE)
def test_filters_take_every_value_as_text(hostile: Store, value: str) -> None:
    """A filter by a hostile value finds exactly its users; nothing of it is SQL."""
    rows = hostile.export("engagement", f"--os={value}", "--to=2016-03-01")
    assert rows[0]["dau"] == 2
    rows = hostile.export("engagement", f"--not-os={value}", "--to=2016-03-01")
    assert rows[0]["dau"] == 2 * (len(HOSTILE) - 1)


def every_markdown(page: object) -> list[str]:
    """What is drawn as Markdown, in which data must be escaped."""
    parts = [*page.markdown, *page.caption, *page.info, *page.error, *page.toast]
    helped = [getattr(part.proto, "help", "") for part in page.multiselect]
    return [str(part.value) for part in parts] + helped


@pytest.mark.usefixtures("at_hostile")
@pytest.mark.parametrize("file", FILES)
def test_pages_show_every_value_as_text(file: str) -> None:
    """No page takes a value for markup, a link or an icon, filtered by it or not."""
    some, other = {"os": list(HOSTILE[:7])}, {"browser": HOSTILE[8], "os_mode": "all except"}
    for query in ({}, some, other) if LONG else ({**some, **other},):
        page = opened(file, period="all", **query)
        assert not page.exception, page.exception
        for told in every_markdown(page):
            assert not re.search(r"(?<!\\)\[click", told), told
            assert not re.search(r"(?<!\\)\*\*bold", told), told
            assert not re.search(r"(?<!\\)<(script|img)", told), told
            assert "unsafe" not in told


@pytest.mark.long
def test_nothing_of_the_data_runs_in_a_browser(
    hostile: Store, visit: object, tmp_path: Path
) -> None:
    """In Chromium no value of the data runs, whichever page shows it, in text, chart or tooltip."""
    with serving(tmp_path, KPI_HOME=str(hostile.home)) as address:
        seen: Visit = visit(address)
        for file in FILES:
            name = "" if file == "app.py" else Path(file).stem
            seen.page.goto(f"{address}/{name}?period=all&by=os&os=%3Cscript%3Ewindow.hacked%3D1")
            seen.rest()
            assert seen.page.evaluate("window.hacked") is None, file
            assert seen.page.get_by_test_id("stException").count() == 0, file
            assert seen.page.locator("a[href^='javascript']").count() == 0, file


# Links ----------------------------------------------------------------------------------------------

KEYS = (
    "period first last from to compare weekly users os browser version service os_mode browser_mode "
    "service_mode by metric measure goal window devices unit scale show tab account time_scale "
    "multi_device_unit embed embed_options nosuch threshold baseline"
).split()
VALUES = (
    "",
    "all",
    "this year",
    "nosuch",
    "-1",
    "1e999",
    "NaN",
    "2016-02-30",
    "9999-12-31",
    "0001-01-01",
    "2016-03-01",
    "%00",
    "\x00",
    "\u202e",
    "🦊",
    "true",
    "[]",
    "{}",
    "x" * 5000,
    "../../etc/passwd",
    "'; DROP TABLE kpi.segment; --",
    *HOSTILE[:8],
)


def asked(chance: random.Random) -> dict[str, list[str]]:
    """A link with one to eight parameters, each once or several times."""
    return {
        chance.choice(KEYS): [chance.choice(VALUES) for _ in range(chance.choice((1, 1, 2, 30)))]
        for _ in range(chance.randint(1, 8))
    }


def fuzz_links(file: str, cases: int, seed: int) -> None:
    """So many links to a page: each draws it, with notices, or says plainly why not."""
    chance = random.Random(f"{seed}{file}")
    for _ in range(cases):
        query = asked(chance)
        page = opened(file, **query)
        assert not page.exception, (file, query, page.exception)
        assert page.title[0].value
        assert "SELECT" not in words(page).partition("-- ")[0], query


@pytest.mark.usefixtures("at_hostile")
@pytest.mark.parametrize("file", daily("app.py", "pages/explore.py", "pages/goals.py", of=FILES))
def test_fuzzed_links(file: str) -> None:
    """A link of nonsense to every page."""
    fuzz_links(file, 1, 1)


@pytest.mark.long
@pytest.mark.usefixtures("at_hostile")
@pytest.mark.parametrize("seed", (2, 3))
@pytest.mark.parametrize("file", FILES)
def test_many_fuzzed_links(file: str, seed: int) -> None:
    """100 links to every page per seed."""
    fuzz_links(file, 100, seed)
