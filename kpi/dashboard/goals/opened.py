"""What a goal opens to: its history, whether a target is reasonable, and its baseline."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from kpi import charts
from kpi.dashboard.address import notify_ignored
from kpi.dashboard.drawing import drawn, put
from kpi.dashboard.faults import fragment
from kpi.dashboard.goals.freezing import draw_freeze
from kpi.dashboard.goals.reading import OWN_DAYS, GoalsPage
from kpi.dashboard.sidebar import BOUND
from kpi.dashboard.words import plain
from kpi.goals import outlook, words
from kpi.goals.baseline import Baseline, Proposal
from kpi.goals.outlook import Outlook
from kpi.goals.projection import TooShort
from kpi.meaning.filters import Period
from kpi.text import day_text, days_text, written


@fragment
def draw_opened(here: GoalsPage, seen: Outlook) -> None:
    """What a goal opens to, made only once a reader opens it; its own changes redraw nothing else."""
    goal = seen.goal
    with st.expander(
        "History, baseline and what it takes",
        icon=":material/query_stats:",
        on_change="rerun",
        key=f"open_{goal.id}",
        bind="query-params",
    ) as box:
        if not box.open:
            return
        if seen.now is None or seen.target is None:
            st.info(words.standing(seen.score), icon=":material/info:")
            return
        found, offered = here.baseline(seen)
        place = st.container()
        left, right = st.columns(2, gap="large")
        with left:
            target = _draw_reasonable(here, seen)
        with right:
            _draw_baseline(here, seen, found, offered)
        with place:
            _draw_history(here, seen, found, target)


def _draw_history(here: GoalsPage, seen: Outlook, found: Baseline | None, target: float) -> None:
    first = seen.base.bounds[0]
    days = seen.days[seen.days.index >= pd.Timestamp(first)]
    band = None
    if found is not None and found.low_80 is not None:
        band = found.low_80, found.high_80
    chart = drawn(
        charts.goal_history,
        days,
        title=words.scale_title(seen.goal),
        unit=words.scale_unit(seen.goal),
        target=target,
        year=seen.goal.year,
        baseline=seen.baseline,
        band=band,
        base=seen.base.bounds,
        fan=seen.projection.fan() if seen.projection else None,
        markers=here.page.source.markers,
    )
    put(chart)
    told = ["▼ marks releases, incidents and holidays."]
    if band:
        told.append("Grey: where 80 of 100 days of the baseline lie.")
    if seen.projection and seen.days_left:
        told.append("Beyond today: where 80 of 100 projected weeks lie.")
    st.caption(" ".join(told))


def _draw_reasonable(here: GoalsPage, seen: Outlook) -> float:
    """Another threshold and what it takes; the target it makes."""
    goal = seen.goal
    st.subheader("Is it reasonable?")
    threshold = _draw_threshold(seen)
    target = outlook.target_for(seen, threshold)
    if target is None:
        assert seen.target is not None  # an opened goal without one says so instead
        target = seen.target
    need = outlook.needed(seen, target)
    unit = words.scale_unit(goal)
    verdict = "met today" if need.met_now else "not met today"
    st.markdown(
        f"Target **{written(target, unit)}**{' ahead' if goal.comparator else ''}, {verdict}: "
        f"{written(seen.now, unit)} now."
    )
    st.markdown(f"**Change it takes.** {words.pace(seen, need)}")
    if seen.days_left:
        st.markdown(f"**The past.** {words.precedent(seen, need)}")
    if seen.projection is None or not seen.days_left:
        st.info(words.ending(seen), icon=":material/info:")
    else:
        st.markdown(
            f"**Chance of meeting it on {day_text(seen.end)}: {words.chance_text(need.chance or 0.0)}**"
        )
        st.caption(
            f"{words.ASSUMPTION} {words.SEASON if seen.projection.yearly else words.NO_SEASON}"
        )
        try:
            st.caption(words.tested_told(here.tested(seen)))
        except TooShort as short:
            st.caption(str(short))
    return target


def _draw_threshold(seen: Outlook) -> float:
    goal = seen.goal
    labels = {
        "baseline_plus": "Points above the baseline"
        if goal.unit == "percent"
        else "Seconds on top of it",
        "comparator_plus": f"Points above {words.COMPARED.get(goal.comparator or '', '')}",
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
        help="Another threshold to try; the goal itself stands in kpi/goals.toml.",
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
    here: GoalsPage, seen: Outlook, found: Baseline | None, offered: Proposal
) -> None:
    goal, unit = seen.goal, words.scale_unit(seen.goal)
    st.subheader("Baseline")
    if found is None:
        st.info(words.baseline_told(seen), icon=":material/info:")
    else:
        st.markdown(
            f"**{written(seen.baseline, unit)}** in {words.period_text(seen.base)}: the mean of "
            f"{found.days} days ({found.weeks} whole weeks)."
        )
        st.markdown("\n".join(words.bands_told(found, unit)))
        for warning in found.warnings:
            st.caption(f":material/warning: {plain(warning)}")
    if offered.period is None:
        st.caption(f"Nothing to propose. {plain(offered.reason)}")
    elif offered.period != seen.base:
        st.caption(f"Proposed: {days_text(*offered.period.bounds)}. {plain(offered.reason)}")
        if st.button(
            "Use the proposed days",
            key=f"use_{goal.id}",
            icon=":material/event_available:",
            on_click=_use,
            args=(offered.period,),
        ):
            st.rerun()
    else:
        st.caption(f"These are the days proposed. {plain(offered.reason)}")
    if seen.frozen is not None:
        one = seen.frozen
        st.caption(
            f"Frozen on {day_text(one.frozen_at.date())} by {plain(one.frozen_by)}: {plain(one.reason)}"
        )
    elif goal.comparator is None and found is not None:
        draw_freeze(here, seen, found)


def _use(period: Period) -> None:
    st.session_state["baseline"] = OWN_DAYS
    st.session_state["baseline_from"], st.session_state["baseline_to"] = period.bounds
