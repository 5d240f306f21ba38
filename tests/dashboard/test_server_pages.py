"""Pages of a store on PostgreSQL in a real Chromium, with a local copy of its numbers and without."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from browser import PATIENCE, Visit, serving
from event_files import write
from logs import random_log
from playwright.sync_api import expect
from postgres import Postgres, ServerStore

PLACES = ("", "engagement", "multi_device", "connection_time", "explore", "what_moved", "data")
CHOSEN = "os=Linux&os=Android"
ANOTHER = "os=Linux&users=new"
SILENT, AWAY = "The database has not answered since", "The numbers can't be read right now"


@pytest.mark.long
@pytest.mark.parametrize("dialect", ["postgresql", "redshift"])
def test_pages_of_a_server(
    make_server_store: Callable[[str], ServerStore],
    postgres: Postgres,
    tmp_path: Path,
    visit: Callable[..., Visit],
    dialect: str,
) -> None:
    """Every page says the same from the server and from a copy.

    While the server is away a copy answers a choice that nobody made before, and the page says since when
    the server is silent; without a copy it says that the store did not answer. Then all is as before.
    """
    store = make_server_store(dialect)
    store.load(write(store.files / "log.parquet", random_log(5, days=80, users=40)))
    store.summarise()
    homes = {"1": tmp_path / "copied", "0": tmp_path / "asked"}
    for home in homes.values():
        home.mkdir()
    servers = {
        copied: serving(home, **store.settings(KPI_HOME=str(home), KPI_LOCAL_COPY=copied))
        for copied, home in homes.items()
    }
    with servers["1"] as by_copy, servers["0"] as by_server:
        seen = visit(f"{by_copy}/?{CHOSEN}")
        _reload_until(seen, lambda: any(homes["1"].rglob("*.duckdb")))
        before = _texts(seen, by_copy)
        assert before == _texts(seen, by_server)
        assert not any(homes["0"].rglob("*.duckdb"))
        postgres.stop()
        try:
            seen.page.goto(f"{by_copy}/?{ANOTHER}")
            _reload_until(seen, lambda: SILENT in _main(seen))
            assert AWAY not in _main(seen)
            assert "on Linux, all services, new users; " in seen.sentence
            seen.page.goto(f"{by_server}/?{ANOTHER}")
            expect(seen.page.get_by_text(AWAY).first).to_be_visible(timeout=PATIENCE)
        finally:
            postgres.start()
        for address in (by_copy, by_server):
            seen.page.goto(f"{address}/?{CHOSEN}")
            _reload_until(seen, lambda: not {SILENT, AWAY} & _said(seen))
            assert _texts(seen, address) == before


def _texts(seen: Visit, address: str) -> list[str]:
    """The text of every page under the chosen filters."""
    texts = []
    for place in PLACES:
        seen.page.goto(f"{address}/{place}?{CHOSEN}")
        seen.settle()
        texts.append(_main(seen))
    return texts


def _main(seen: Visit) -> str:
    return seen.page.get_by_test_id("stMain").inner_text()


def _said(seen: Visit) -> set[str]:
    """Those of the sentences about a server that is away that the page says."""
    text = _main(seen)
    return {sentence for sentence in (SILENT, AWAY) if sentence in text}


def _reload_until(seen: Visit, done: Callable[[], bool]) -> None:
    """Reload the page until something is so."""
    seen.settle()
    for _ in range(100):
        if done():
            return
        seen.page.reload()
        seen.settle()
    pytest.fail("it did not come about")
