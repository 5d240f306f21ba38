"""Freezing a baseline, and the baselines that were frozen."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from kpi.dashboard import gate
from kpi.dashboard.goals.reading import GoalsPage, choose_days, frozen_label
from kpi.dashboard.page import Page
from kpi.dashboard.words import plain
from kpi.errors import Refused
from kpi.goals import drift, frozen, words
from kpi.goals.baseline import FEWEST_WEEKS, Baseline
from kpi.goals.frozen import Frozen
from kpi.goals.outlook import Outlook
from kpi.text import ABSENT, days_text, written

FROZEN_NOW, NOT_FROZEN = "frozen_now", "not_frozen"


def draw_freeze(here: GoalsPage, shown: Outlook, baseline: Baseline) -> None:
    """The form that freezes a baseline for good."""
    reader = gate.reader_address()
    name = shown.goal.id
    with st.form(f"freeze_{name}", border=True):
        st.markdown(
            f"**Freeze** {written(baseline.value, shown.goal.unit)}, {words.period_text(shown.base)}"
        )
        if reader is None:
            st.text_input("Who", max_chars=200, key=f"who_{name}")
        else:
            st.caption(f"As {plain(reader)}")
        st.text_area("Why", max_chars=1000, key=f"why_{name}", height=80)
        if baseline.weeks < FEWEST_WEEKS:
            st.checkbox(short_text(baseline), key=f"short_{name}")
        st.form_submit_button(
            "Freeze this baseline",
            icon=":material/ac_unit:",
            on_click=_freeze,
            args=(here.page, shown, baseline),
        )
    refused = st.session_state.pop(NOT_FROZEN, None)
    if refused:
        st.error("It wasn't frozen:", icon=":material/error:")
        st.text(refused)
    elif FROZEN_NOW in st.session_state:
        st.rerun()  # the choice of baselines and their list are outside this fragment


def _freeze(page: Page, shown: Outlook, baseline: Baseline) -> None:
    """Keep a baseline and choose it, before the page is drawn anew."""
    name = shown.goal.id
    who = gate.reader_address() or st.session_state.get(f"who_{name}") or ""
    why = st.session_state.get(f"why_{name}") or ""
    if baseline.weeks < FEWEST_WEEKS and not st.session_state.get(f"short_{name}"):
        st.session_state[NOT_FROZEN] = f"Tick the box to confirm: {short_text(baseline)}"
        return
    try:
        chosen = _to_freeze(page, shown, baseline, who, why)
        frozen.freeze(page.source.settings, chosen)
    except Refused as refusal:
        st.session_state[NOT_FROZEN] = str(refusal)
        return
    st.session_state[FROZEN_NOW] = chosen.baseline_id
    st.session_state["baseline"] = frozen_label(chosen)
    choose_days(shown.goal, None)


def short_text(baseline: Baseline) -> str:
    """The second confirmation that a short period needs."""
    return (
        f"Freeze it although it has {baseline.weeks} whole weeks, under the {FEWEST_WEEKS} of a firm "
        "baseline."
    )


def draw_frozen(here: GoalsPage) -> None:
    new = st.session_state.pop(FROZEN_NOW, None)
    if new:
        st.toast(
            "The baseline is frozen, and goals of its measure use it.", icon=":material/ac_unit:"
        )
    st.header("Frozen baselines")
    if not here.frozen:
        st.caption("None yet. Open a goal to freeze its baseline, with a reason.")
        return
    drifts = drift.drifts(here.figures, here.frozen)
    rows = [
        {
            "Measure": words.measure_of(each.frozen),
            "Days": days_text(each.frozen.first_day, each.frozen.last_day),
            "Frozen": words.value_of(each.frozen, each.frozen.baseline),
            "Today": words.value_of(each.frozen, each.today),
            "Drift": words.drift_of(each),
            "Who": each.frozen.frozen_by,
            "When (UTC)": f"{each.frozen.frozen_at:%Y-%m-%d %H:%M}",
            "Why": each.frozen.reason,
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
        alt=f"{len(rows)} frozen baselines beside what their days give today.",
    )  # fmt: skip
    st.caption(
        "Today: the same days and segment as the data are now. A drift comes from late or corrected "
        "files, or from another version of the definitions."
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
        frozen_at=frozen.now(),
        baseline_id=frozen.new_id(),
    )
