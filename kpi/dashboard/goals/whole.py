"""The whole of the Goals page, from the choice of baseline to the frozen ones."""

from __future__ import annotations

import streamlit as st

from kpi import goals
from kpi.dashboard import notes, parts
from kpi.dashboard.drawing import picture
from kpi.dashboard.goals.freezing import draw_frozen
from kpi.dashboard.goals.opened import draw_opened
from kpi.dashboard.goals.reading import GoalsPage
from kpi.dashboard.goals.row import draw_row
from kpi.dashboard.page import Page
from kpi.dashboard.words import plain
from kpi.goals import projected, words
from kpi.goals.frozen import Frozen
from kpi.goals.outlook import Outlook
from kpi.goals.scoring import scored_window
from kpi.goals.words import summary
from kpi.meaning.measures import MEASURES
from kpi.numbers.answers import days_in_name, download_name
from kpi.text import ABSENT, day_text, plural, quantity

MEASURES_OF_GOALS = [
    MEASURES[name] for name in ("engagement_ratio", "multi_device_percent", "connection_time")
]


def draw_goals(page: Page) -> None:
    """The whole of the page: the choice of baseline, a row per goal, and the frozen baselines."""
    notes.draw_done()
    here = GoalsPage(page)
    outlooks = here.outlooks()
    for measure in MEASURES_OF_GOALS:
        page.remember(measure)
    as_of = outlooks[0].score.as_of
    left = outlooks[0].days_left
    scored = [shown.score for shown in outlooks]
    whose = "" if page.filters.empty else f"For {plain(page.filters.sentence())} only: "
    st.markdown(
        f"{whose}**{summary(scored)}** on {day_text(as_of)}; {quantity(left, 'day')} of "
        f"{here.year} {plural(left, 'remains', 'remain')}."
    )
    st.caption(
        f"Goals are scored over the 28 days that end the period, to {day_text(as_of)}: a percentage by the "
        "mean of its days, a median over all attempts of those days together. The comparison and weeks of "
        "the sidebar are not applied."
    )
    cautions = [
        "The goals are for all users: a segment's verdict is not the team's. Filters narrow Firefox "
        "Accounts' side; Firefox's own figures carry no tags."
    ]
    if of_attempts := page.filters.of_attempts_only:
        cautions.append(
            f"By {' and '.join(of_attempts)} only connections are narrowed, not goals about users."
        )
    parts.draw_note(None if page.filters.empty else " ".join(cautions))
    for shown in outlooks:
        with st.container(border=True):
            draw_row(page, shown)
            _draw_account(here, shown)
            draw_opened(here, shown)
    _draw_verdicts(here)
    table = goals.table([shown.score for shown in outlooks])
    behind = parts.Behind("goals", table, _file_name(page, here, outlooks))
    shown_now = picture(page, page.filters, f"Goals of {here.year}")
    parts.draw_tables(lambda: [behind], by_query=False, key="goals_table", picture=shown_now)
    draw_frozen(here)


def _draw_account(here: GoalsPage, shown: Outlook) -> None:
    """The newest published projection whose day has come, and the share of all that held; else nothing."""
    rows = here.accounted(shown.goal)
    if rows:
        newest = max(rows, key=lambda each: (each.due, each.weeks))
        sentence = words.account_sentence(newest, shown.score.as_of, words.scale_unit(shown.goal))
        st.caption(f"{sentence} {words.shares_sentence(projected.shares(rows))}")


def _file_name(page: Page, here: GoalsPage, outlooks: list[Outlook]) -> str:
    """The scored days, the filters, and the baseline where it isn't the usual first."""
    first = outlooks[0]
    scored = scored_window(first.goal, first.score.as_of).bounds
    base = f"{first.base.first}-{first.base.last}"
    if isinstance(here.base, Frozen):
        base = f"frozen-{here.base.baseline_id}"
    parts_of_name = ["goals", days_in_name(scored), *([f"baseline-{base}"] if here.base else [])]
    parts_of_name += [f"{name}-{days_in_name(days.bounds)}" for name, days in here.own_days.items()]
    return download_name(page.source.publication, [*parts_of_name, *page.filters.words()])


def _draw_verdicts(here: GoalsPage) -> None:
    """The verdicts under other windows, made once a reader asks."""
    with st.expander(
        "How firm are the verdicts? Other windows",
        icon=":material/rule:",
        on_change="rerun",
        key="windows",
        bind="query-params",
    ) as box:
        if not box.open:
            return
        st.markdown("Scored over 7, 28 and 91 days: the verdict, and the gap to the target.")
        st.dataframe(
            here.other_windows(of_devices=False),
            hide_index=True,
            placeholder=ABSENT,
            alt="Each goal's verdict when scored over 7, 28 and 91 days.",
        )
        by_devices = here.other_windows(of_devices=True)
        if len(by_devices):
            st.markdown("With two devices in 3, 5, 7 and 14 days making a multi-device user:")
            st.dataframe(
                by_devices,
                hide_index=True,
                placeholder=ABSENT,
                alt="Each multi-device goal's verdict with two devices in 3, 5, 7 and 14 days.",
            )
