"""What a reader sees at every width, in both themes, of stores that have much, little or nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browser import GRAPH, SCHEMES, WIDTHS, Visit, path, serving
from conftest import Store
from event_files import ACTIVITY_COLUMNS, production_csv, write_bytes
from logs import random_activity

from kpi.dashboard.navigation import PAGES


@pytest.mark.long
def test_labels_of_bars_are_at_their_bars(server: str, visit: Callable[..., Visit]) -> None:
    """Labels of bars are at their bars on a wide screen."""
    seen = visit(f"{server}/engagement?period=all")
    seen.resize(WIDTHS[-1])
    gaps = seen.page.locator(GRAPH).last.evaluate(ENDS)
    assert len(gaps) > 3 and all(0 <= gap < 20 for gap in gaps), gaps


ENDS = """chart => {
  const right = part => part.getBoundingClientRect().right;
  const at = part => Math.round(part.getBoundingClientRect().top / 10);
  const marks = [...chart.querySelectorAll('.mark-rect.role-mark path, .mark-rule.role-mark line')];
  return [...chart.querySelectorAll('.mark-text.role-mark text')].map(text => {
    const box = text.getBoundingClientRect(), middle = (box.top + box.bottom) / 2;
    const ends = marks.filter(mark => {
      const edge = mark.getBoundingClientRect();
      return edge.top <= middle + 3 && edge.bottom >= middle - 3;
    }).map(right);
    return box.left - Math.max(...ends);
  });
}"""
"""The pixels between each label and the end of its bar, or of the whisker on it."""


def activity_only(store: Store) -> None:
    """Activity of seven columns: no device ids, and no attempts."""
    content = production_csv(random_activity(7, days=60), ACTIVITY_COLUMNS, 7)
    store.load(write_bytes(store.files / "events-2016-01-20.csv", content))
    store.summarise()


def with_a_hole(store: Store) -> None:
    """The demo without two days of its last fortnight."""
    store.must("unload", *(f"native/events-2016-03-{day}.csv" for day in (20, 21)))
    store.summarise()


NOTHING, FEW = "os=iOS&browser=Firefox", "os=Linux&users=new&version=45"
STORES: dict[str, tuple[Callable[[Store], None] | None, str]] = {
    "demo": (None, "period=all"),
    "few": (None, f"period=all&{FEW}"),
    "no match": (None, f"period=all&{NOTHING}"),
    "hole": (with_a_hole, "period=all"),
    "activity only": (activity_only, "period=all"),
    "empty": (lambda _store: None, ""),
}
"""What is done with a store, and the query that pages are opened with."""


@pytest.fixture(params=STORES, ids=lambda name: name.replace(" ", "-"))
def address(
    request: pytest.FixtureRequest, demo_home: Path, tmp_path: Path
) -> Iterator[tuple[str, str]]:
    """A server over a store, with the privacy of production, and the query."""
    change, query = STORES[request.param]
    store = Store(tmp_path)
    if change in (None, with_a_hole):
        shutil.copytree(demo_home, store.home, symlinks=True)
    if change:
        change(store)
    with serving(tmp_path, KPI_HOME=str(store.home), KPI_MIN_USERS="10") as served:
        yield served, query


@pytest.mark.long
@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_page_at_every_width(
    scheme: str, address: tuple[str, str], visit: Callable[..., Visit]
) -> None:
    """Whatever a store has, no page has words that touch or are cut off, and axe finds nothing."""
    served, query = address
    found = {}
    for page in PAGES:
        seen = visit(f"{served}{path(page)}?{query}", color_scheme=scheme)
        for width in reversed(WIDTHS):
            seen.resize(width)
            found[page.title, width] = seen.faults()
        found[page.title, 0] = seen.complaints
    assert {place: faults for place, faults in found.items() if faults} == {}
