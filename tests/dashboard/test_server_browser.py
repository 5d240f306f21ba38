"""The dashboard on PostgreSQL, as the dashboard's role, in a real Chromium; and when the server goes away."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from browser import GRAPH, PATIENCE, Visit, path, serving
from playwright.sync_api import expect
from postgres import Postgres, ServerStore

from kpi.dashboard.navigation import PAGES, PageLink

DOWN = "The numbers can't be read right now"


@pytest.fixture(scope="module")
def on_postgres(
    postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[ServerStore, str]]:
    """A demo store on PostgreSQL, and a dashboard that reads it, not a copy, as the dashboard's role."""
    folder = tmp_path_factory.mktemp("on-postgres")
    store = ServerStore(folder, postgres, "postgresql")
    store.must("demo", "--users=300", "--from=2016-01-01", "--to=2016-02-29", KPI_HMAC_KEY=None)
    store.execute("CREATE ROLE reader LOGIN PASSWORD 'reader-pw' IN GROUP kpi_dashboard")
    url = postgres.url(store.database, "postgresql", "reader", "reader-pw")
    told = {"KPI_HOME": str(folder / "none"), "KPI_DATABASE_URL": url, "KPI_LOCAL_COPY": "0"}
    with serving(folder, **told) as address:
        yield store, address
    store.execute("DROP ROLE reader")


@pytest.mark.long
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.title)
def test_every_page(
    page: PageLink, on_postgres: tuple[ServerStore, str], visit: Callable[..., Visit]
) -> None:
    """Every page draws from PostgreSQL what it draws from files, and the console stays clean."""
    seen = visit(f"{on_postgres[1]}{path(page)}?period=all")
    expect(seen.page.get_by_text("Data through 29 Feb 2016 (UTC)")).to_be_visible(timeout=PATIENCE)
    expect(seen.page.locator(GRAPH).first).to_be_visible(timeout=PATIENCE)
    seen.rest()
    assert seen.page.get_by_text(DOWN).count() == 0
    assert seen.complaints == []


@pytest.mark.long
def test_a_server_that_goes_away_and_comes_back(
    on_postgres: tuple[ServerStore, str], visit: Callable[..., Visit]
) -> None:
    """While the server is gone the page says so in plain words; once it is back, so are the numbers."""
    store, address = on_postgres
    seen = visit(f"{address}/?period=all")
    seen.charts(3)
    assert seen.complaints == []
    store.postgres.stop()
    try:
        seen.page.reload()
        expect(seen.page.get_by_text(DOWN)).to_be_visible(timeout=PATIENCE)
        shown = seen.page.locator("body").inner_text()
        for secret in ("reader", "127.0.0.1", "psycopg2", "SELECT", str(store.postgres.port)):
            assert secret not in shown
    finally:
        store.postgres.start()
    seen.page.reload()
    seen.charts(3)
    assert seen.page.get_by_text(DOWN).count() == 0


@pytest.mark.long
def test_a_new_publication_is_seen(
    on_postgres: tuple[ServerStore, str], visit: Callable[..., Visit]
) -> None:
    """A change published on the server is on the page at its next reload."""
    store, address = on_postgres
    seen = visit(f"{address}/?period=all")
    seen.charts(3)
    store.must("unload", *[line.split(",")[0] for line in _last_loads(store)])
    store.summarise()
    seen.page.reload()
    expect(seen.page.get_by_text("Data through 28 Feb 2016 (UTC)")).to_be_visible(timeout=PATIENCE)


def _last_loads(store: ServerStore) -> list[str]:
    """The loads of the demo's last day."""
    return [line for line in store.must("loads").text.splitlines() if "2016-02-29" in line]
