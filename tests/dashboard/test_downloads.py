"""What a reader downloads, on any page under any filter, is what the command line prints."""

from __future__ import annotations

import random
import re
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from browser import PATIENCE, Visit
from conftest import daily, environment
from playwright.sync_api import expect
from product import table_of

from kpi.dashboard.readings import CHANGING
from kpi.meaning.filters import TAGS, Filters, Period
from kpi.meaning.tables import TABLES
from kpi.numbers.export import written
from kpi.numbers.warehouse import Warehouse, open_warehouse
from kpi.settings import Settings

PAGES = {
    "/": {"engagement", "firefox", "multi-device", "connection-time"},
    "/engagement": {"engagement", "firefox", "growth", "retention"},
    "/multi_device": {"multi-device"},
    "/connection_time": {
        *("connection-time", "completion", "ready-within", "steps"),
        *("connection-distribution", "setup-steps", "connection-breakdown"),
    },
    "/explore": {"engagement"},
}
SEEDS = (1, 2, 3)


@pytest.fixture(scope="module")
def demo(demo_home: Path) -> Iterator[Warehouse]:
    """The demo's newest publication."""
    with environment(KPI_HOME=str(demo_home)):
        warehouse = open_warehouse(Settings.read())
    yield warehouse
    warehouse.close()


def random_filters(chance: random.Random, demo: Warehouse) -> Filters:
    """Values of up to two tags, picked or left out, of those many use; users and devices at times."""
    picked: dict[str, object] = {}
    known = demo.known_values()
    for tag in chance.sample(TAGS, chance.choice((0, 1, 1, 2))):
        common = known[tag][:4]
        values = chance.sample(common, min(len(common), chance.choice((1, 2))))
        picked[tag if chance.random() < 0.6 else f"not_{tag}"] = tuple(values)
    if chance.random() < 0.5:
        picked["users"] = chance.choice(("new", "existing"))
    if chance.random() < 0.3:
        picked["devices"] = chance.choice(("single", "multi"))
    return Filters(**picked)


def query_of(filters: Filters) -> str:
    """The filters as a page's URL has them, over all days."""
    told: dict[str, object] = {"period": "all"}
    for name, value in vars(filters).items():
        if value:
            told[name.removeprefix("not_")] = value
        if value and name.startswith("not_"):
            told[f"{name.removeprefix('not_')}_mode"] = "all except"
    return urlencode(told, doseq=True)


def arguments_of(filters: Filters, metric: str) -> list[str]:
    """The same filters for `export`, less those that don't go with a metric."""
    told = []
    for name, value in vars(filters).items():
        if name == "devices" and metric in TABLES and TABLES[metric].overlaps:
            continue
        for one in value if isinstance(value, tuple) else [value]:
            if one is not None:
                told.append(f"--{name.replace('_', '-')}={one}")
    return told


def expected(name: str, filters: Filters, demo: Warehouse, home: Path, folder: Path) -> bytes:
    """What stands behind a download, told by its file name: an export, or a pooled table's function."""
    metric = name.split("_")[0]
    options = dict(re.findall(r"_(by|of|window)-([a-z0-9]+)", name))
    if metric in TABLES and not TABLES[metric].exported:
        if metric != "ready-within":
            options["period"] = Period(demo.publication.first_day, demo.publication.last_day)
        return written(table_of(demo, metric, filters, min_users=1, **options), "csv")
    from kpi.commands.cli import main

    command = ["export", metric, "--min-users=1", f"-o={folder / 'exported.csv'}"]
    command += [f"--{option}={value}" for option, value in options.items()]
    if metric == "growth":  # of days of its own, whose flows are known
        first, last = name.split("_")[1:3]
        command += [f"--from={first}", f"--to={last}"]
        command += [f"--{option}" for option in ("total", "weekly") if f"_{option}_" in name]
    if metric != "firefox":
        command += arguments_of(filters, metric)
    with environment(KPI_HOME=str(home)):
        assert main(command) == 0, command
    return (folder / "exported.csv").read_bytes()


@pytest.mark.parametrize(
    ("path", "seed"),
    daily(("/connection_time", 1), of=[(path, seed) for path in PAGES for seed in SEEDS]),
)
def test_downloads_equal_exports(
    path: str,
    seed: int,
    server: str,
    visit: Callable[..., Visit],
    demo: Warehouse,
    demo_home: Path,
    tmp_path: Path,
) -> None:
    """Under random filters every table's download is byte for byte what `export` prints.

    Pictures and tables for people have the page's context; the client's own, which have none, aren't offered.
    """
    filters = random_filters(random.Random(f"{path} {seed}"), demo)
    seen = visit(f"{server}{path}?{query_of(filters)}")
    seen.settle()
    assert_no_tools_of_the_client(seen)
    buttons = seen.page.get_by_test_id("stDownloadButton").get_by_role("button", name="as CSV")
    for table in seen.page.get_by_text("Table and download").all():
        before = buttons.count()
        table.click()
        expect(buttons).not_to_have_count(before, timeout=PATIENCE)
        seen.settle()
    assert_pictures_and_a_readable_table(seen, tmp_path)
    found = set()
    for button in buttons.all():
        with seen.page.expect_download() as started:
            button.click()
        name = started.value.suggested_filename
        started.value.save_as(tmp_path / name)
        got = (tmp_path / name).read_bytes()
        wanted = expected(name, filters, demo, demo_home, tmp_path)
        assert got == BOM_UTF8 + wanted, (name, filters)
        assert re.search(r"_definitions-.*through-2016-03-31.*_simulated\.csv$", name), name
        assert len(got.splitlines()) > 1
        found.add(name.split("_")[0])
    same_people = path in ("/", "/engagement") and not CHANGING.keys().isdisjoint(filters.narrowed)
    assert found == PAGES[path] | ({"same-people"} if same_people else set())


def assert_no_tools_of_the_client(seen: Visit) -> None:
    """Charts offer the whole screen, and nothing else of the client's."""
    tools = seen.page.get_by_test_id("stElementToolbarButton").filter(visible=True)
    names = {tool.get_by_role("button").get_attribute("aria-label") for tool in tools.all()}
    assert names and all(name.startswith("Fullscreen") for name in names), names


def assert_pictures_and_a_readable_table(seen: Visit, folder: Path) -> None:
    """The first table's CSV, the same for people, and its pictures have the page's context and a name."""
    contents: dict[str, str] = {}
    for button in ("as CSV", "for spreadsheets", "(SVG)", "(PNG)"):
        with seen.page.expect_download(timeout=PATIENCE) as started:
            seen.page.get_by_role("button", name=button).first.click()
        name = started.value.suggested_filename
        started.value.save_as(folder / name)
        contents[name] = (folder / name).read_bytes().decode("utf-8", "replace")
    table, readable, svg, png = contents
    base = table.removesuffix(".csv")
    assert (readable, svg, png) == (f"{base}_readable.csv", f"{base}.svg", f"{base}.png")
    for name in (readable, svg):
        for words in (seen.sentence, "Demo data (simulated)", "Data through"):
            assert words in contents[name], (name, words)
    assert "▼" in contents[svg] and contents[png][1:4] == "PNG"


@pytest.mark.long
def test_pictures_and_tables_of_a_comparison(
    server: str, visit: Callable[..., Visit], tmp_path: Path
) -> None:
    """A comparison is in what is saved: in the picture, and as a column of the table for people."""
    seen = visit(f"{server}/explore?os=Android&compare=previous+period", color_scheme="dark")
    seen.settle()
    assert_no_tools_of_the_client(seen)
    seen.page.get_by_text("Table and download").first.click()
    assert_pictures_and_a_readable_table(seen, tmp_path)
    (readable,), (svg,) = tmp_path.glob("*_readable.csv"), tmp_path.glob("*.svg")
    for saved in (readable, svg):
        assert "Compared with" in saved.read_text(encoding="utf-8")
    assert "Engagement ratio, %, previous period" in readable.read_text(encoding="utf-8")


PICTURES = [
    ("/goals?open_multi_device_share=true", "At least 20% of daily users are multi-device"),
    ("/goals", "Engagement ratio 5 points above Firefox desktop: "),
    ("/data", "Volume of all types together"),
]


@pytest.mark.long
@pytest.mark.parametrize(("asked", "words"), PICTURES)
def test_pictures_of_goals_and_data(
    asked: str, words: str, server: str, visit: Callable[..., Visit]
) -> None:
    """An opened goal, the row of goals, and the volumes are offered as pictures that say what they show."""
    seen = visit(f"{server}{asked}")
    seen.settle()
    if "open" not in asked:
        seen.page.get_by_text("Table and download").first.click()
    with seen.page.expect_download(timeout=PATIENCE) as started:
        seen.page.get_by_role("button", name="Picture (SVG)").first.click()
    svg = Path(started.value.path()).read_text()
    for said in (words, "Demo data (simulated)", "Data through 31 Mar 2016"):
        assert said in svg, said
