"""Numbers and charts by link: the bytes of `export`, behind the gate of pages."""

from __future__ import annotations

import io
import random
import re
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import pandas as pd
import pyarrow.feather
import pytest
from app_pages import opened
from conftest import Ran, Store, daily
from starlette.applications import Starlette
from starlette.testclient import TestClient

from kpi.charts import rendering
from kpi.dashboard import api
from kpi.dashboard.api import links
from kpi.dashboard.api.contents import MEDIA
from kpi.dashboard.api.pictures import CHARTS
from kpi.dashboard.guard import GUARD
from kpi.delivery.outbox import Outbox
from kpi.digest import feed
from kpi.errors import Refused, WarehouseDown
from kpi.meaning import parameters
from kpi.meaning.parameters import NAMES, PUBLICATIONS, Parameter
from kpi.numbers.export import written
from kpi.numbers.warehouse import Warehouse
from kpi.settings import Settings

ROOT = "/api/v1"
HERE = "http://127.0.0.1:8501"
FORMS = tuple(MEDIA)


@pytest.fixture
def client(at_demo: None) -> Iterator[TestClient]:
    """A client of the routes of links, as the server has them, over the demo."""
    yield TestClient(Starlette(routes=api.routes(), middleware=GUARD), base_url=HERE)


@pytest.fixture(scope="module")
def store(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The demo, as the command line reads it."""
    store = Store(tmp_path_factory.mktemp("links"))
    store.home = demo_home
    return store


def exported(store: Store, table: str, form: str, pairs: list[tuple[str, str]]) -> Ran:
    """An export by the command line under a link's parameters."""
    measure = [text for name, text in pairs if name == "measure"]
    options = [
        f"--{name}" if text == "1" and name in FLAGS else f"--{name}={text}"
        for name, text in pairs
        if name != "measure"
    ]
    return store.run("export", table, *measure, *options, f"--format={form}", KPI_MIN_USERS="1")


FLAGS = {"weekly", "total", "include-incomplete", "bands", "plain"}


def random_pairs(table: str, chance: random.Random, known: dict[str, list[str]]) -> list[Any]:
    """Parameters of a table, each as likely as not, with values of the data."""
    pairs: list[tuple[str, str]] = []
    days = [
        f"{each.date()}"
        for each in sorted(chance.sample(list(pd.date_range("2015-11-05", "2016-03-28")), 2))
    ]
    for each in parameters.parameters(table).values():
        tag = each.name.removeprefix("not-")
        if not each.required and chance.random() < (0.8 if tag in known else 0.5):
            continue
        if each.name in ("to", "baseline-to") and pairs[-1:] != [(before(each), days[0])]:
            pairs += [(before(each), days[0])]
        pairs += [(each.name, text) for text in texts(each, tag, chance, known, days)]
    return together(pairs)


def before(last: Parameter) -> str:
    """The name of the first day that goes with a last day."""
    return last.name.replace("to", "from")


def texts(
    each: Parameter,
    tag: str,
    chance: random.Random,
    known: dict[str, list[str]],
    days: list[str],
) -> list[str]:
    """Texts of a parameter; none of those that name an earlier publication, which the demo doesn't have."""
    if each in PUBLICATIONS:
        return []
    if tag in known:
        return chance.sample(known[tag][:5], min(len(known[tag]), chance.choice((1, 2))))
    if each.values:
        return [chance.choice(each.values)]
    return {
        "flag": ["1"],
        "count": [str(chance.choice((7, 28)))],
        "day": [days[1] if each.name in ("to", "baseline-to", "as-of") else days[0]],
        "text": [],
    }[each.kind]


def together(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The pairs without those that exclude others."""
    names = {name for name, _ in pairs}
    measure = dict(pairs).get("measure", "multi-device-percent")
    left_out = {"weekly"} if "total" in names else set()
    left_out |= {"window"} if measure != "multi-device-percent" else set()
    return [pair for pair in pairs if pair[0] not in left_out]


@pytest.mark.parametrize("seed", daily(1, of=range(1, 21)))
def test_every_table_equals_its_export(client: TestClient, store: Store, seed: int) -> None:
    """A table by link has the bytes that the command line prints under the same filters and options.

    What the command line refuses is refused with the same line.
    """
    with store.opened() as warehouse:
        known = warehouse.known_values()
    whole = 0
    for place, table in enumerate(NAMES):
        form = FORMS[(seed + place) % len(FORMS)]
        pairs = random_pairs(table, random.Random(f"{seed} {table}"), known)
        answer = client.get(f"{ROOT}/{table}.{form}?{urlencode(pairs)}")
        ran = exported(store, table, form, pairs)
        if ran.status:
            assert (answer.status_code, f"kpi: {answer.text}") == (400, ran.err), (table, pairs)
        else:
            assert (answer.status_code, answer.content) == (200, ran.out), (table, pairs)
            assert answer.headers["content-type"].startswith(MEDIA[form])
            whole += 1
    assert whole > len(NAMES) / 2


def test_a_question_and_its_link_are_the_same(client: TestClient, store: Store) -> None:
    """The parameters that a question is written as ask the same question."""
    with store.opened() as warehouse:
        known = warehouse.known_values()
    for seed in range(30):
        for table in parameters.EXPORTED:
            pairs = random_pairs(table, random.Random(f"{seed} {table}"), known)
            of_table = parameters.parameters(table)
            asked = parameters.question(table, parameters.given(of_table, pairs, table))
            values = parameters.given(of_table, parameters.pairs_of(asked), table)
            assert parameters.question(table, values) == asked


def test_arrow_and_json_have_the_same_rows(client: TestClient) -> None:
    """Arrow has days as days, and JSON, the form without an ending, the rows of both."""
    rows = pd.DataFrame(client.get(f"{ROOT}/engagement").json())
    arrow = pyarrow.feather.read_table(io.BytesIO(client.get(f"{ROOT}/engagement.arrow").content))
    assert arrow["day"][0].as_py() == date(2015, 11, 1)
    assert [f"{day}" for day in arrow["day"].to_pylist()] == list(rows["day"])
    assert arrow["dau"].to_pylist() == list(rows["dau"])


@pytest.mark.parametrize("chart", daily("engagement-ratio", of=CHARTS))
def test_a_chart_is_the_picture_of_its_page(client: TestClient, chart: str) -> None:
    """A chart by link is an SVG of texts with its context, without scripts and without anything remote."""
    answer = client.get(f"{ROOT}/{chart}.svg?users=existing&granularity=week&period=all")
    assert answer.status_code == 200 and answer.headers["content-type"] == "image/svg+xml"
    drawn = ElementTree.fromstring(answer.text)
    texts = " ".join(each.text or "" for each in drawn.iter("{http://www.w3.org/2000/svg}text"))
    assert "existing users" in texts and "Demo data (simulated)" in texts
    assert any(True for _ in drawn.iter("{http://www.w3.org/2000/svg}path"))
    for remote in ("<script", "<image", "<use", "@import", "url(http"):
        assert remote not in answer.text


def test_a_chart_as_png(client: TestClient) -> None:
    """A PNG is the same picture; one without values has the reason in words."""
    answer = client.get(f"{ROOT}/completion.png?period=last+28+days")
    assert answer.headers["content-type"] == "image/png" and answer.content[:4] == b"\x89PNG"
    empty = client.get(f"{ROOT}/active-users.svg?from=2001-01-01&to=2001-01-02")
    assert empty.status_code == 200 and "No day of this period is loaded" in empty.text


TABLES_OF = {
    "pages/explore.py": ["all_table"],
    "app.py": ["engagement_table", "multi_device_table", "connection_time_table"],
    "pages/engagement.py": ["engagement_table", "retention_table", "flows_table"],
    "pages/multi_device.py": ["multi_device_table"],
    "pages/connection_time.py": ["connection_time_table", "completion_table", "steps_table"],
}


@pytest.mark.parametrize("file", daily("pages/explore.py", of=TABLES_OF))
def test_a_page_names_the_links_of_its_tables(client: TestClient, file: str) -> None:
    """Behind a chart each table has links, which return the rows that the page shows."""
    choices = {"os": "Android", "os_mode": "all except", "period": "last 28 days"}
    page = opened(file, **choices, granularity="week" if file == "app.py" else "day")
    for key in TABLES_OF[file]:
        page.session_state[key] = True
    page.run()
    shown = [written(frame.value, "csv") for frame in page.dataframe]
    linked = [each.value for each in page.markdown if " by link: " in each.value]
    assert len(linked) >= len(TABLES_OF[file])
    for words in linked:
        answer = client.get(re.search(r"\[csv\]\(([^)]*)\)", words)[1])
        assert answer.status_code == 200 and answer.content in shown, words


BAD = {
    "engagement?colour=red": "'colour' is no parameter of engagement; it has segment, browser",
    "engagement?devices=multi": "'devices' is no parameter of engagement",
    "engagement?min-users=0": "'min-users' is no parameter",
    "engagement?from=yesterday": "from must be a day like 2016-01-31, of the years 1970 to 9998",
    "growth?from=0001-01-01": "from must be a day like 2016-01-31, of the years 1970",
    "engagement?from=2016-02-30": "from must be a day",
    "engagement?from=2016-02-03&to=2016-02-01": "the period ends (2016-02-01) before it begins",
    "engagement?by=region": "by must be one of browser, version, os, service, users",
    "engagement?users=new&users=existing": "users may be given once only",
    "engagement?os=Andriod": "no os is named 'Andriod'; the nearest: 'Android'",
    "engagement?os=%00%0a": "no os is named '\\x00\\n'",
    "engagement?weekly=perhaps": "weekly must be 1 or 0, not 'perhaps'",
    "engagement.csv?format=json": "'format' is no parameter of engagement",
    "multi-device?window=4": "window must be one of 3, 5, 7, 14, not '4'",
    "growth?weekly&total": "total and weekly are two ways to add up",
    "moved?from=2016-01-01": "moved needs measure",
    "goals?baseline=x&baseline-from=2016-01-01": "a baseline has its own period",
    "goals?baseline=nosuch": "no frozen baseline has the id 'nosuch'",
    "connection-time.svg?time_scale=cubic": "time_scale must be one of linear, log",
    "active-users.svg?period=all&from=2016-01-01": "a period has its own days",
}


def test_bad_links_have_a_line(client: TestClient) -> None:
    """An unknown parameter or value is refused in a line that says what to do."""
    for link, words in BAD.items():
        answer = client.get(f"{ROOT}/{link}")
        assert answer.status_code == 400, (link, answer.status_code, answer.text[:99])
        assert answer.text.startswith(words) and answer.text.count("\n") == 1, answer.text
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"


def test_unknown_names_have_the_list(client: TestClient) -> None:
    """What has another name isn't there, and the answer lists the tables and charts."""
    for path in ("nosuch", "engagement.xml", "engagement-ratio", "engagement/x", "moved-tags"):
        answer = client.get(f"{ROOT}/{path}")
        assert answer.status_code == 404, path
        assert "tables are engagement, " in answer.text and answer.text.count("\n") == 1
    assert client.get("/api/v2/engagement").status_code == 404
    assert client.get(f"{ROOT}/engagement?{'os=x&' * 2000}").status_code == 414


def test_a_known_content_is_not_sent_again(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tag differs by question and form; a copy of the same tag is answered by 304 without counting."""
    links = ("engagement", "engagement.csv", "engagement.csv?os=Linux", "completion.svg", "goals")
    tags = {link: client.get(f"{ROOT}/{link}").headers["etag"] for link in links}
    assert len(set(tags.values())) == len(links)
    monkeypatch.setattr(Warehouse, "ask", None)
    for link, tag in tags.items():
        for known in (tag, f'"other", {tag}', tag.removeprefix("W/"), "*"):
            answer = client.get(f"{ROOT}/{link}", headers={"If-None-Match": known})
            assert (answer.status_code, answer.content) == (304, b"")
            assert answer.headers["etag"] == tag
    answer = client.get(f"{ROOT}/engagement.csv", headers={"If-None-Match": '"other"'})
    assert answer.status_code == 200 and answer.content


def test_the_feed_of_digests(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The feed is the file that the last digest wrote; before the first there is a line."""
    monkeypatch.setenv("KPI_HOME", str(tmp_path))
    none = client.get(f"{ROOT}/digests.atom")
    assert none.status_code == 404 and "python -m kpi digest" in none.text
    Outbox(Settings.read()).folder.mkdir()
    (Outbox(Settings.read()).folder / feed.NAME).write_bytes(feed.atom([]))
    there = client.get(f"{ROOT}/digests.atom")
    assert there.status_code == 200 and there.content == feed.atom([])
    assert there.headers["content-type"] == "application/atom+xml"


def test_only_reading(client: TestClient) -> None:
    """HEAD has the headers of GET; anything else is refused, and no answer may be read by another site."""
    got, head = client.get(f"{ROOT}/engagement.csv"), client.head(f"{ROOT}/engagement.csv")
    same = ("etag", "content-type", "content-length", "content-disposition")
    assert [head.headers[name] for name in same] == [got.headers[name] for name in same]
    assert head.status_code == 200 and not head.content
    assert client.post(f"{ROOT}/engagement").status_code == 405
    for answer in (got, client.get(f"{ROOT}/nosuch"), client.get(ROOT)):
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["cache-control"] == "private, no-cache"
        assert "access-control-allow-origin" not in answer.headers


def test_the_description_is_whole(client: TestClient) -> None:
    """OpenAPI and the page for people name every table and chart with each parameter, nothing remote."""
    description = client.get(f"{ROOT}/openapi.json").json()
    page = client.get(f"{ROOT}/")
    assert page.headers["content-type"].startswith("text/html")
    for link in ("//", "<script", "url(", "import"):
        assert link not in page.text.replace("<!doctype", ""), link
    for name in (*NAMES, *CHARTS):
        assert f"<h3>{name}</h3>" in page.text
    for table in NAMES:
        known = description["paths"][f"/{table}.csv"]["get"]["parameters"]
        assert [each["name"] for each in known] == list(parameters.parameters(table))
    for chart in CHARTS.values():
        known = description["paths"][f"/{chart.name}.svg"]["get"]["parameters"]
        assert [each["name"] for each in known] == list(chart.parameters)


def test_a_store_that_is_down(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that doesn't answer, or that a newer version wrote, is a sentence and 503."""
    for refusal in (WarehouseDown("the store can't be read now"), Refused("the store is newer")):

        def refuse(*_: object, refusal: Refused = refusal) -> None:
            raise refusal

        monkeypatch.setattr(links, "Source", refuse)
        answer = client.get(f"{ROOT}/engagement")
        assert (answer.status_code, answer.text) == (503, f"{refusal}\n")


def test_a_chart_that_takes_too_long(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chart whose drawing takes too long is ended, and is a sentence and 503."""
    monkeypatch.setattr(rendering, "LONGEST_SECONDS", 0.01)
    answer = client.get(f"{ROOT}/completion.png?users=new")
    assert (answer.status_code, answer.text) == (503, f"{links.TOO_LONG}\n")


def test_too_many_at_once(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where two links are being answered, a third waits, and is refused after a while."""
    monkeypatch.setattr(links, "PATIENCE_SECONDS", 0.2)
    begun, go_on = threading.Semaphore(0), threading.Event()

    def slow(*_: object) -> None:
        begun.release()
        assert go_on.wait(60)
        raise WarehouseDown("slow")

    monkeypatch.setattr(links, "Source", slow)
    with client:  # a single event loop for all of its requests
        asking = [
            threading.Thread(target=client.get, args=(f"{ROOT}/engagement",))
            for _ in range(links.AT_ONCE)
        ]
        for each in asking:
            each.start()
        for _ in asking:
            assert begun.acquire(timeout=60)
        answer = client.get(f"{ROOT}/engagement")
        go_on.set()
        for each in asking:
            each.join()
    assert answer.status_code == 503 and answer.text == f"{links.BUSY}\n"
    assert answer.headers["retry-after"]


def test_bands_where_nothing_matches(client: TestClient) -> None:
    """A breakdown with intervals in which nothing matches is a table without rows."""
    answer = client.get(f"{ROOT}/connection-time?by=users&bands&os=iOS&not-os=iOS")
    assert answer.status_code == 200 and answer.json() == []


def test_below_another_path(at_demo: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the pages are below a path, so are the links, and the page that lists them."""
    monkeypatch.setattr(links, "base_path", lambda: "/kpi")
    client = TestClient(Starlette(routes=api.routes(), middleware=GUARD), base_url=HERE)
    assert client.get("/kpi/api/v1/steps.csv?weekly").status_code == 200
    assert client.get(f"{ROOT}/steps.csv").status_code == 404
    assert 'href="/kpi/api/v1/engagement.csv"' in client.get("/kpi/api/v1").text
    description = client.get("/kpi/api/v1/openapi.json").json()
    assert description["servers"] == [{"url": "/kpi/api/v1"}]


def test_elsewhere_is_closed(client: TestClient) -> None:
    """Where nobody signs in, a request by another name or a proxy gets a reason, no name of a table."""
    for headers in ({"Host": "rebound.example"}, {"X-Forwarded-For": "10.0.0.1"}):
        for path in ("", "/", "/v1/engagement", "/v1/nosuch", "/v1/openapi.json", "/x"):
            answer = client.get(f"/api{path}", headers=headers)
            assert answer.status_code == 403 and "KPI_NO_LOGIN" in answer.text
            assert "engagement" not in answer.text
