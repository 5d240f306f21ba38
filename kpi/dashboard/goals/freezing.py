"""Freezing a baseline, and the baselines that were frozen."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from kpi.dashboard import gate
from kpi.dashboard.goals.reading import GoalsPage, frozen_label
from kpi.dashboard.page import Page
from kpi.dashboard.words import plain
from kpi.errors import Refused
from kpi.goals import drift, frozen, words
from kpi.goals.baseline import Baseline
from kpi.goals.frozen import Frozen
from kpi.goals.outlook import Outlook
from kpi.meaning.measures import ABSENT, days_text, written

FROZEN_NOW, NOT_FROZEN = "frozen_now", "not_frozen"


def draw_freeze(here: GoalsPage, seen: Outlook, found: Baseline) -> None:
    """The form that keeps a baseline for good."""
    reader = gate.reader_address()
    name = seen.goal.id
    with st.form(f"freeze_{name}", border=True):
        st.markdown(
            f"**Freeze** {written(found.value, seen.goal.unit)}, {words.period_text(seen.base)}"
        )
        if reader is None:
            st.text_input("Who", max_chars=200, key=f"who_{name}")
        else:
            st.caption(f"As {plain(reader)}")
        st.text_area("Why", max_chars=1000, key=f"why_{name}", height=80)
        st.form_submit_button(
            "Freeze this baseline",
            icon=":material/ac_unit:",
            on_click=_freeze,
            args=(here.page, seen, found),
        )
    refused = st.session_state.pop(NOT_FROZEN, None)
    if refused:
        st.error("It wasn't frozen:", icon=":material/error:")
        st.text(refused)
    elif FROZEN_NOW in st.session_state:
        st.rerun()  # the choice of baselines and their list stand outside


def _freeze(page: Page, seen: Outlook, found: Baseline) -> None:
    """Keep a baseline and choose it, before the page is drawn anew."""
    name = seen.goal.id
    who = gate.reader_address() or st.session_state.get(f"who_{name}") or ""
    why = st.session_state.get(f"why_{name}") or ""
    try:
        kept = _kept(page, seen, found, who, why)
        frozen.freeze(page.source.settings, kept)
    except Refused as refusal:
        st.session_state[NOT_FROZEN] = str(refusal)
        return
    st.session_state[FROZEN_NOW] = kept.baseline_id
    st.session_state["baseline"] = frozen_label(kept)


def draw_frozen(here: GoalsPage) -> None:
    new = st.session_state.pop(FROZEN_NOW, None)
    if new:
        st.toast(
            "The baseline is frozen, and goals of its measure go by it.", icon=":material/ac_unit:"
        )
    st.header("Frozen baselines")
    if not here.frozen:
        st.caption("None yet. Open a goal to freeze its baseline, with a reason.")
        return
    found = drift.drifts(here.figures, here.frozen)
    rows = [
        {
            "Measure": words.measure_of(one.frozen),
            "Days": days_text(one.frozen.first_day, one.frozen.last_day),
            "Frozen": words.value_of(one.frozen, one.frozen.baseline),
            "Today": words.value_of(one.frozen, one.today),
            "Drift": words.drift_of(one),
            "Who": one.frozen.frozen_by,
            "When (UTC)": f"{one.frozen.frozen_at:%Y-%m-%d %H:%M}",
            "Why": one.frozen.reason,
            "80 of 100 days": words.band_of(one.frozen),
            "Segment": one.frozen.filters.sentence(),
            "Definitions": one.frozen.definitions,
            "Publication": one.frozen.publication_id,
            "Id": one.frozen.baseline_id,
        }
        for one in found
    ]
    st.dataframe(
        pd.DataFrame(rows), hide_index=True, placeholder=ABSENT,
        alt=f"{len(rows)} frozen baselines beside what their days give today.",
    )  # fmt: skip
    st.caption(
        "Today: the same days and segment as the data stand now. A drift comes from late or corrected "
        "files, or from another version of the definitions."
    )


def _kept(page: Page, seen: Outlook, found: Baseline, who: str, why: str) -> Frozen:
    first, last = found.period.bounds
    return Frozen(
        measure=seen.goal.measure,
        device_window=seen.goal.device_window,
        baseline=found.value,
        low_80=found.low_80,
        high_80=found.high_80,
        low_95=found.low_95,
        high_95=found.high_95,
        days=found.days,
        first_day=first,
        last_day=last,
        filters=seen.goal.filters,
        definitions=page.source.publication.definitions,
        publication_id=page.source.publication.id,
        frozen_by=who,
        reason=why,
        frozen_at=frozen.now(),
        baseline_id=frozen.new_id(),
    )
