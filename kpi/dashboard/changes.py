"""The list of changes in history, on the Data page: numbers that were published before and differ since."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from kpi import store
from kpi.dashboard import draw
from kpi.dashboard.about import DAY, draw_list
from kpi.dashboard.faults import fragment
from kpi.dashboard.page import Page
from kpi.dashboard.revised import looked_at
from kpi.dashboard.source import another_turn
from kpi.goals.words import value_of
from kpi.meaning.kpis import KPIS
from kpi.meaning.measures import COLUMNS
from kpi.numbers import revisions
from kpi.settings import Settings
from kpi.text import day_text, quantity

RECENT = 10
"""The newest publications whose changes are listed for readers who look for the first time."""

MOST_OFFERED = 60
"""So many publications are offered to compare with: a step between two takes about a second."""

_COMPARED = revisions.Compared()
"""The steps that were compared for any reader."""


def draw_changes(page: Page) -> None:
    """The numbers that publications changed, with the reasons, once a reader asks for them."""
    if page.source.settings.database_url:
        st.markdown(
            "A database has its newest publication only, so changes of its numbers aren't known."
        )
        return
    starts = _starts(page)
    if not starts:
        st.markdown("There is a single publication, so nothing has changed.")
        return
    chosen = draw.choose(
        page,
        "Changes",
        list(starts),
        "changes",
        help="A number of a day that was published before, and that a later publication has otherwise.",
        of_data=True,
    )
    _draw_since(page, chosen, starts[chosen])


@st.cache_resource(max_entries=4, show_spinner=False)
def _publications(key: str, _settings: Settings) -> dict[int, store.Past]:
    return {past.number: past for past in store.past_publications(_settings)}


def _starts(page: Page) -> dict[str, int]:
    """The publications to compare with, each by the words for the changes since."""
    every = _publications(page.source.key, page.source.settings)
    *before, newest = every or [0]
    if not before:
        return {}
    looked = looked_at(page)
    starts = {"since you last looked": looked} if looked in before else {}
    starts[f"in the last {RECENT} publications"] = [*before, newest][-RECENT - 1 :][0]
    starts |= _since_frozen(page, every)
    for number in before[::-1][:MOST_OFFERED]:
        built = every[number].built_at
        starts[f"since {day_text(built.date())}, {built:%H:%M} (publication {number})"] = number
    return starts


def _since_frozen(page: Page, every: Mapping[int, store.Past]) -> dict[str, int]:
    """The publications from which baselines were frozen that are in force."""
    starts = {}
    for each in page.source.frozen:
        if each.withdrawal is None and each.publication_id in every:
            measure = KPIS[each.measure].title if each.measure in KPIS else each.measure
            value = f"{measure} {value_of(each, each.baseline)}"
            frozen = f"frozen {day_text(each.frozen_at.date())} ({each.baseline_id})"
            starts[f"since the baseline {value} was {frozen}"] = each.publication_id
    return starts


@fragment
def _draw_since(page: Page, words: str, since: int) -> None:
    with st.expander(
        f"What changed {words}",
        icon=":material/history:",
        on_change="rerun",
        key="open_changes",
        bind="query-params",
    ) as box:
        if not box.open:
            return
        rows = _changes(page.source.key, since, page.min_users, page.source.settings)
        if rows.empty:
            st.markdown("No number of a day that was published before has changed.")
            return
        draw_list(
            rows.drop(columns="publication").rename(columns={"because": "Because"}),
            f"{quantity(len(rows), 'change')} of numbers published before.",
            first_day=DAY,
            last_day=DAY,
        )
        st.caption(
            "All users and attempts. The largest change of a day is shown; it is blank where numbers were "
            "absent before, or differ by a few people. `python -m kpi export revisions` lists every number."
        )


@st.cache_data(max_entries=16, show_spinner="Comparing publications …")
def _changes(key: str, since: int, min_users: int, _settings: Settings) -> pd.DataFrame:
    with another_turn():
        changed = revisions.revisions(_settings, since, min_users, _COMPARED)
    listed = revisions.by_column(changed)
    names = {column: title for column, (title, _) in COLUMNS.items()}
    return listed.assign(column=listed["column"].map(names).fillna(listed["column"]))
