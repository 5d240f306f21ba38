"""Freezing and withdrawing a baseline, and the history of both."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from kpi.dashboard import notes
from kpi.dashboard.goals.reading import GoalsPage, choose_days, forget_baseline, frozen_label
from kpi.dashboard.page import Page
from kpi.errors import Refused
from kpi.goals import drift, frozen, words
from kpi.goals.baseline import FEWEST_WEEKS, Baseline
from kpi.goals.frozen import Frozen
from kpi.goals.outlook import Outlook
from kpi.numbers.notes import new_id, now
from kpi.text import ABSENT, days_text, plural, quantity, written


def draw_freeze(here: GoalsPage, shown: Outlook, baseline: Baseline) -> None:
    """The form that freezes a baseline as the team's."""
    name = shown.goal.id
    with st.form(f"freeze_{name}", border=True):
        st.markdown(
            f"**Freeze** {written(baseline.value, shown.goal.unit)}, {words.period_text(shown.base)}"
        )
        notes.draw_who(name)
        notes.draw_why(name)
        if baseline.weeks < FEWEST_WEEKS:
            st.checkbox(short_text(baseline), key=f"short_{name}")
        st.form_submit_button(
            "Freeze this baseline",
            icon=":material/ac_unit:",
            on_click=_freeze,
            args=(here.page, shown, baseline),
        )
    notes.draw_outcome(name)


def _freeze(page: Page, shown: Outlook, baseline: Baseline) -> None:
    """Store a baseline and choose it, before the page is drawn anew."""
    name = shown.goal.id
    chosen = _to_freeze(page, shown, baseline, notes.who(name), notes.why(name))

    def act() -> None:
        if baseline.weeks < FEWEST_WEEKS and not st.session_state.get(f"short_{name}"):
            raise Refused(f"Tick the box to confirm: {short_text(baseline)}")
        frozen.freeze(page.source.settings, chosen)

    if notes.attempt(name, act, "The baseline is frozen, and goals of its measure use it."):
        st.session_state["baseline"] = frozen_label(chosen)
        choose_days(shown.goal, None)


def draw_withdrawal(here: GoalsPage, shown: Frozen) -> None:
    """The form that withdraws a frozen baseline; a choice of it ends with it."""
    settings = here.page.source.settings
    notes.draw_withdrawal(
        shown.baseline_id,
        "this baseline; it stays in the list below",
        lambda who, why: frozen.withdraw(settings, shown.baseline_id, who, why),
        forget_baseline,
    )


def short_text(baseline: Baseline) -> str:
    """The second confirmation that a short period needs."""
    return (
        f"Freeze it although it has {quantity(baseline.weeks, 'whole week')}, under the {FEWEST_WEEKS} of a "
        "firm baseline."
    )


def draw_frozen(here: GoalsPage) -> None:
    """The history of frozen baselines and their withdrawals, beside what their days give today."""
    st.header("Frozen baselines")
    if not here.frozen:
        st.caption("None yet. Open a goal to freeze its baseline, with a reason.")
        return
    drifts = drift.drifts(here.figures, here.frozen)
    rows = [
        {
            "Measure": words.measure_of(each.frozen),
            "Status": words.status_of(each),
            "Days": days_text(each.frozen.first_day, each.frozen.last_day),
            "Frozen": words.value_of(each.frozen, each.frozen.baseline),
            "Today": words.value_of(each.frozen, each.today),
            "Drift": words.drift_of(each),
            "Who": each.frozen.frozen_by,
            "When (UTC)": f"{each.frozen.frozen_at:%Y-%m-%d %H:%M}",
            "Why": each.frozen.reason,
            "Withdrawn": words.withdrawal_of(each.frozen),
            "80 of 100 days": words.band_of(each.frozen),
            "Segment": each.frozen.filters.sentence(),
            "Definitions": each.frozen.definitions,
            "Publication": each.frozen.publication_id,
            "Id": each.frozen.baseline_id,
        }
        for each in drifts
    ]
    st.dataframe(
        pd.DataFrame(rows), hide_index=True, placeholder=ABSENT,
        alt=f"{len(rows)} frozen {plural(len(rows), 'baseline')} beside what the same days give today.",
    )  # fmt: skip
    st.caption(
        "The newest baseline of a measure and segment is the team's default on every page and in exports, "
        "for goals of the year of its last day and of the next, until it is withdrawn. Today: the same days "
        "and segment as the data are now. A drift comes from late or corrected files, or from another "
        "version of the definitions."
    )


def _to_freeze(page: Page, shown: Outlook, baseline: Baseline, who: str, why: str) -> Frozen:
    first, last = baseline.period.bounds
    return Frozen(
        measure=shown.goal.measure,
        device_window=shown.goal.device_window,
        baseline=baseline.value,
        low_80=baseline.low_80,
        high_80=baseline.high_80,
        low_95=baseline.low_95,
        high_95=baseline.high_95,
        days=baseline.days,
        first_day=first,
        last_day=last,
        filters=shown.goal.filters,
        definitions=page.source.publication.definitions,
        publication_id=page.source.publication.id,
        frozen_by=who,
        reason=why,
        frozen_at=now(),
        baseline_id=new_id(),
    )
