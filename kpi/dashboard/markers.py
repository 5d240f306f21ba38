"""Markers on pages: those of the period with the KPIs around them; adding, withdrawing, and the history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pandas as pd
import streamlit as st

from kpi.dashboard import notes
from kpi.dashboard.faults import fragment
from kpi.dashboard.page import Page
from kpi.dashboard.words import link
from kpi.errors import Refused
from kpi.meaning.definitions import MONTH
from kpi.meaning.filters import Filters, Period
from kpi.meaning.kpis import KPIS
from kpi.meaning.measures import Measure
from kpi.numbers.annotations import (
    KINDS,
    LONGEST_LABEL,
    LONGEST_URL,
    Annotation,
    annotate,
    withdraw,
)
from kpi.numbers.around import WEEKS, Around, around
from kpi.numbers.kpi_values import KpiValues, Subject
from kpi.text import ABSENT, day_text, quantity

KPIS_AROUND = (
    "engagement_ratio",
    "multi_device_percent",
    "connection_time_new",
    "connection_time_existing",
)
"""The KPIs of the goals, which are compared before and after each marker."""

FORM, MOVED = "marker", "What moved"


@fragment
def draw_markers_of_period(page: Page) -> None:
    """The markers of the period and of the compared days, with the KPIs around each, once it is opened."""
    shown = _of_period(page)
    if not shown:
        return
    with st.expander(
        f"Markers ({len(shown)}), with KPIs before and after",
        icon=":material/flag:",
        on_change="rerun",
        key="markers_open",
    ) as box:
        if not box.open:
            return
        kpis = _around(page.source.notes_key, page.min_users, page.filters, shown, page)
        moved = {MOVED: pd.Series([_moved_link(page, each.day) for each in shown])}
        st.dataframe(
            pd.DataFrame([_row(marker) for marker in shown]).assign(**kpis, **moved),
            hide_index=True,
            placeholder=ABSENT,
            column_config={
                "Link": st.column_config.LinkColumn("Link", display_text="open"),
                MOVED: st.column_config.LinkColumn(MOVED, display_text="28 days before and after"),
            },
            alt=f"{quantity(len(shown), 'marker')}, each with the KPIs in the {WEEKS} weeks before and "
            "after it.",
        )
        st.caption(
            f"KPIs: the {WEEKS} weeks before the day → the {WEEKS} weeks from it, under the filters of this "
            "page; of a percentage the mean of the days, of a time the median of all attempts. "
            f"{ABSENT} where a quarter of the days or more has no value. What came after a marker wasn't "
            "always caused by it. Markers are added and withdrawn on the Data page."
        )


def draw_markers(page: Page) -> None:
    """The history of markers, withdrawn ones too, and the forms that add and withdraw one."""
    notes.draw_done()
    every = page.source.every_marker
    if every:
        history = pd.DataFrame(
            [{**_row(each), "Added": _added(each), "Withdrawn": _withdrawn(each)} for each in every]
        )
        st.dataframe(
            history,
            hide_index=True,
            height="auto" if len(every) < 8 else 260,
            placeholder=ABSENT,
            column_config={"Link": st.column_config.LinkColumn("Link", display_text="open")},
            alt=f"{quantity(len(every), 'marker')}, with who added and who withdrew each.",
        )
    else:
        st.caption("None yet.")
    draw_markers_of_period(page)
    left, right = st.columns(2, gap="large")
    with left:
        _draw_adding(page)
    with right:
        _draw_withdrawing(page)
    st.caption("An operator can do the same by:")
    command = 'python -m kpi annotate 2016-03-08 "Firefox 45" --kind release --url https://…'
    st.code(command, None, wrap_lines=True)


def _draw_adding(page: Page) -> None:
    with st.form(f"add_{FORM}", border=True):
        st.markdown("**Add** a marker to every chart")
        st.date_input("Day (UTC)", page.today, key=f"day_{FORM}", format="YYYY-MM-DD")
        st.text_input("Label", max_chars=LONGEST_LABEL, key=f"label_{FORM}")
        st.selectbox("Kind", KINDS, key=f"kind_{FORM}")
        st.text_input(
            "Link", max_chars=LONGEST_URL, key=f"url_{FORM}", placeholder="https://…, optional"
        )
        notes.draw_who(FORM)
        st.form_submit_button("Add", icon=":material/flag:", on_click=_add, args=(page,))
    notes.draw_outcome(FORM)


def _add(page: Page) -> None:
    state, settings = st.session_state, page.source.settings
    marker = Annotation(*(state[f"{name}_{FORM}"] for name in ("day", "label", "kind", "url")))

    def act() -> None:
        if marker.day is None:  # the field was cleared
            raise Refused("a marker needs a day")
        annotate(settings, [marker], notes.who(FORM))

    if notes.attempt(FORM, act, "The marker is on every chart now."):
        state[f"label_{FORM}"] = state[f"url_{FORM}"] = ""


def _draw_withdrawing(page: Page) -> None:
    current = {_name(each): each for each in reversed(page.source.markers)}
    if not current:
        return
    picked = st.selectbox("A marker to withdraw", list(current), key="withdrawn_marker")
    marker, settings = current[picked], page.source.settings
    notes.draw_withdrawal(
        "withdrawn_marker",
        f"{picked}; it stays in the list above",
        lambda who, why: withdraw(settings, marker, who, why),
    )


@st.cache_data(max_entries=64, show_spinner="Comparing before and after …")
def _around(
    key: str, min_users: int, filters: Filters, markers: Sequence[Annotation], _page: Page
) -> dict[str, list[str]]:
    """A column for each KPI: its value before and after each marker, and the change."""
    values = KpiValues(_page.source.warehouse, min_users)
    columns = {}
    for name in KPIS_AROUND:
        kpi = KPIS[name]
        columns[kpi.title] = [
            _text(kpi.measure, around(values, Subject(kpi, filters), marker.day))
            for marker in markers
        ]
    return columns


def _text(measure: Measure, of: Around) -> str:
    if of.before is None and of.after is None:
        return ABSENT
    change = "" if of.change is None else f" ({measure.change_text(of.change)})"
    return f"{measure.text(of.before)} → {measure.text(of.after)}{change}"


def _moved_link(page: Page, day: date) -> str | None:
    """The address of the page on what moved in the 28 days from a day, against the 28 before it."""
    before, after = day - timedelta(days=1), day + timedelta(days=MONTH - 1)
    if before < page.first_day or after > page.today:
        return None
    return link("what_moved", {**page.links, "before": before, "after": after})


def _of_period(page: Page) -> list[Annotation]:
    """The markers of the period and of the days that it is compared with, in order of days."""
    first, last = page.period.first or page.first_day, page.last_shown_day
    spans = [Period(first, last)]
    if page.chosen.comparison is not None:
        shift = page.chosen.comparison.shift
        spans.append(Period(first - shift, last - shift))
    return [each for each in page.source.markers if any(_within(each.day, span) for span in spans)]


def _within(day: date, span: Period) -> bool:
    first, last = span.bounds
    return first <= day <= last


def _row(marker: Annotation) -> dict[str, object]:
    return {
        "Day (UTC)": day_text(marker.day),
        "Kind": marker.kind,
        "Label": marker.label,
        "Link": marker.url,
    }


def _name(marker: Annotation) -> str:
    return f"{day_text(marker.day)}, {marker.kind}: {marker.label}"


def _added(marker: Annotation) -> str:
    if marker.marked_at is None:
        return ABSENT
    return f"{marker.marked_at:%Y-%m-%d %H:%M}, {marker.marked_by}"


def _withdrawn(marker: Annotation) -> str:
    return ABSENT if marker.withdrawal is None else str(marker.withdrawal)
