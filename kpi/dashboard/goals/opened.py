"""The inside of a goal: its history, whether a target is reasonable, and its baseline."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from kpi import charts
from kpi.dashboard import parts
from kpi.dashboard.address import notify_ignored
from kpi.dashboard.drawing import drawn, picture_of, put
from kpi.dashboard.faults import fragment
from kpi.dashboard.goals.freezing import draw_freeze, draw_withdrawal
from kpi.dashboard.goals.people import draw_people
from kpi.dashboard.goals.reading import GoalsPage, choose_days
from kpi.dashboard.sidebar import BOUND
from kpi.dashboard.words import plain
from kpi.goals import outlook, words
from kpi.goals.baseline import Baseline, Proposal
from kpi.goals.file import COMPARED
from kpi.goals.outlook import Outlook
from kpi.goals.projection import TooShort
from kpi.numbers.answers import days_in_name, download_name
from kpi.text import day_text, days_text, quantity, written

PAST_SHOWN = 3
"""Past projections, newest first, that are shown beside what came."""


@fragment
def draw_opened(here: GoalsPage, shown: Outlook) -> None:
    """The inside of a goal, made only once a reader opens it; its own changes redraw nothing else."""
    goal = shown.goal
    with st.expander(
        "History, baseline and what the target needs",
        icon=":material/query_stats:",
        on_change="rerun",
        key=f"open_{goal.id}",
        bind="query-params",
    ) as box:
        if not box.open:
            return
        if shown.now is None or shown.target is None:
            st.info(words.distance(shown.score), icon=":material/info:")
            return
        baseline, offered = here.baseline(shown)
        place = st.container()
        left, right = st.columns(2, gap="large")
        with left:
            target = _draw_reasonable(here, shown)
            draw_people(here.page, shown.score)
        with right:
            _draw_baseline(here, shown, baseline, offered)
        with place:
            _draw_history(here, shown, baseline, target)


def _draw_history(
    here: GoalsPage, shown: Outlook, baseline: Baseline | None, target: float
) -> None:
    first = shown.base.bounds[0]
    days = shown.days[shown.days.index >= pd.Timestamp(first)]
    band = None
    if baseline is not None and baseline.low_80 is not None:
        band = baseline.low_80, baseline.high_80
    chart = drawn(
        charts.goal_history,
        days,
        title=words.scale_title(shown.goal),
        unit=words.scale_unit(shown.goal),
        target=target,
        year=shown.goal.year,
        baseline=shown.baseline,
        band=band,
        base=shown.base.bounds,
        fan=shown.projection.fan() if shown.projection else None,
        markers=here.page.source.markers,
    )
    put(chart)
    notes = ["▼ marks releases, incidents and holidays."]
    if band:
        notes.append("Grey: where 80 of 100 days of the baseline lie.")
    if shown.projection and shown.days_left:
        notes.append("Beyond today: where 80 of 100 projected weeks lie.")
    st.caption(" ".join(notes))
    page, pictured = here.page, (charts.Pictured(shown.goal.title, chart),)
    words_of_name = [shown.goal.id, days_in_name(shown.base.bounds), *page.filters.words()]
    name = download_name(page.source.publication, words_of_name).removesuffix(".csv")
    slide = picture_of(page, pictured, page.filters, f"Goals of {here.year}")
    parts.draw_picture(slide, name, f"picture_{shown.goal.id}")


def _draw_reasonable(here: GoalsPage, shown: Outlook) -> float:
    """The target of another threshold, which is drawn with the change that it needs."""
    goal = shown.goal
    st.markdown("**Is it reasonable?**")
    threshold = _draw_threshold(shown)
    target = outlook.target_for(shown, threshold)
    if target is None:
        assert shown.target is not None  # an opened goal without a target says so instead
        target = shown.target
    need = outlook.needed(shown, target)
    unit = words.scale_unit(goal)
    verdict = "met today" if need.met_now else "not met today"
    if target == shown.target:  # the goal's own has a verdict, with its doubt
        verdict = shown.score.status
    st.markdown(
        f"Target **{written(target, unit)}**{' ahead' if goal.comparator else ''}, {verdict}: "
        f"{written(shown.now, unit)} now."
    )
    st.markdown(f"**Change it needs.** {words.pace(shown, need)}")
    if shown.days_left:
        st.markdown(f"**The past.** {words.precedent(shown, need)}")
    if shown.projection is None or not shown.days_left:
        st.info(words.ending(shown), icon=":material/info:")
    else:
        st.markdown(
            f"**Chance of meeting it on {day_text(shown.end)}: {words.chance_text(need.chance or 0.0)}**"
        )
        st.caption(
            f"{words.ASSUMPTION} {words.SEASON if shown.projection.yearly else words.NO_SEASON}"
        )
        try:
            test = here.tested(shown)
            past = [words.past_sentence(each, unit) for each in test.apart[:PAST_SHOWN]]
            st.caption("  \n".join([words.tested_sentence(test), *past]))
        except TooShort as short:
            st.caption(str(short))
    return target


def _draw_threshold(shown: Outlook) -> float:
    goal = shown.goal
    labels = {
        "baseline_plus": "Points above the baseline"
        if goal.unit == "percent"
        else "Seconds on top of it",
        "comparator_plus": f"Points above {COMPARED.get(goal.comparator or '', '')}",
        "floor": "At least, percent" if goal.unit == "percent" else "At least, seconds",
        "ceiling": "Under, percent" if goal.unit == "percent" else "Under, seconds",
    }
    low, high = (0.0, 100.0) if goal.unit == "percent" else (0.0, 3600.0)
    if goal.kind.endswith("_plus"):
        low = -high
    low, high = min(low, goal.threshold), max(high, goal.threshold)
    _tell_bad_threshold(f"threshold_{goal.id}", low, high)
    return st.number_input(
        labels[goal.kind],
        low,
        high,
        goal.threshold,
        0.5 if goal.unit == "percent" else 0.25,
        "%.2f",
        key=f"threshold_{goal.id}",
        required=True,
        help="Another threshold to try; the goal itself is in kpi/goals.toml.",
        **BOUND,
    )


def _tell_bad_threshold(key: str, low: float, high: float) -> None:
    """A notice for a threshold in the URL that can't be tried; the widget drops it."""
    if key in st.session_state:
        return
    for value in st.query_params.get_all(key):
        try:
            inside = low <= float(value) <= high
        except ValueError:
            inside = False
        if value and not inside:
            notify_ignored(value, f"isn't a threshold from {low:g} to {high:g}")


def _draw_baseline(
    here: GoalsPage, shown: Outlook, baseline: Baseline | None, offered: Proposal
) -> None:
    goal, unit = shown.goal, words.scale_unit(shown.goal)
    st.markdown("**Baseline**")
    if baseline is None:
        st.info(words.baseline_sentence(shown), icon=":material/info:")
    else:
        st.markdown(
            f"**{written(shown.baseline, unit)}** in {words.period_text(shown.base)}: "
            f"{words.basis_of(goal)} of {quantity(baseline.days, 'day')} "
            f"({quantity(baseline.weeks, 'whole week')})."
        )
        st.markdown("\n".join(words.band_sentences(baseline, unit)))
        for warning in baseline.warnings:
            st.caption(f":material/warning: {plain(warning)}")
    if offered.period is None:
        st.caption(f"Nothing to propose. {plain(offered.reason)}")
    elif offered.period != shown.base:
        st.caption(f"Proposed: {days_text(*offered.period.bounds)}. {plain(offered.reason)}")
        if st.button(
            "Use the proposed days",
            key=f"use_{goal.id}",
            icon=":material/event_available:",
            on_click=choose_days,
            args=(goal, offered.period),
        ):
            st.rerun()
    else:
        st.caption(f"These are the days proposed. {plain(offered.reason)}")
    if goal.id in here.own_days and st.button(
        "Use the page's baseline", key=f"unuse_{goal.id}", on_click=choose_days, args=(goal, None)
    ):
        st.rerun()
    if shown.frozen is not None:
        st.caption(plain(words.frozen_sentence(shown.frozen)))
        draw_withdrawal(here, shown.frozen)
    elif goal.comparator is None and baseline is not None:
        draw_freeze(here, shown, baseline)
