"""Segments by name on pages: the choice in the sidebar, the form that saves filters, and the history.

The filters' widgets have the state; a segment sets them, and is the choice as long as they are its filters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from kpi.dashboard import notes
from kpi.dashboard.address import Address
from kpi.dashboard.source import Source
from kpi.dashboard.words import plain
from kpi.errors import Refused
from kpi.meaning.filters import FILTER_TAGS, ONLY, Filters
from kpi.numbers import closed, segments
from kpi.numbers.notes import withdraw
from kpi.numbers.segments import LONGEST, Segments
from kpi.text import ABSENT, quantity, sentence

if TYPE_CHECKING:
    from kpi.dashboard.page import Page

WIDE = ("Name", "Filters")
NONE, KEY, FORM = "none", "segment", "save_segment"
EVERYBODY = "all"
DEFAULTS: dict[str, Any] = {
    "users": EVERYBODY,
    "devices": EVERYBODY,
    **{tag: [] for tag in FILTER_TAGS},
    **{f"{tag}_mode": ONLY for tag in FILTER_TAGS},
}
"""The filters' widgets by key, as they are where nothing is narrowed."""


def set_widgets(filters: Filters) -> None:
    """Set the filters' widgets, before they are drawn."""
    for key, value in widgets(filters).items():
        st.session_state[key] = value


def widgets(filters: Filters) -> dict[str, Any]:
    """The state of the filters' widgets, by key."""
    return {**DEFAULTS, **filters.choices}


def draw_choice(source: Source, address: Address) -> Mapping[str, Filters]:
    """Draws the choice of a segment before the filters that it sets; the filters of each, by name."""
    notes.draw_done()
    try:
        known = source.segments()
    except Refused as refusal:
        address.refuse(KEY, "can't be read: the file of segments is broken")
        address.note(KEY, NONE, NONE)
        st.warning("Segments can't be used:", icon=":material/warning:")
        st.text(str(refusal))
        return {}
    usable, sentences = _usable(source, known)
    _open(address, known, usable)
    if usable:
        address.restore_choice(KEY, [NONE, *usable], NONE)
        if not address.said(KEY):  # otherwise the filters' widgets are yet to be set
            _forget_changed(usable)
        st.selectbox(
            "Segment",
            [NONE, *usable],
            key=KEY,
            on_change=_choose,
            args=(usable,),
            help="Filters that people saved under a name. A segment sets the filters below; change any, "
            "and it is no longer that segment. The Data page lists who saved each and why.",
        )
    chosen = st.session_state.get(KEY, NONE)
    for name, words in sentences.items():
        if name == chosen or name not in usable:
            st.caption(plain(words))
    return usable


def note_chosen(address: Address, usable: Mapping[str, Filters], filters: Filters) -> str | None:
    """After the filters: the name of the segment that they are, which the URL has in their place."""
    name = st.session_state.get(KEY, NONE)
    if usable.get(name) != filters:
        address.note(KEY, NONE, NONE)
        return None
    for key in DEFAULTS:
        address.note(key, None, None)
    address.note(KEY, name, NONE)
    return str(name)


def draw_saving(source: Source, filters: Filters) -> None:
    """The form that saves the chosen filters under a name."""
    with st.expander("Save as a segment", icon=":material/bookmark_add:", key="save_segment_open"):
        with st.form(f"form_{FORM}", border=False):
            st.text_input("Name", max_chars=LONGEST, key=f"name_{FORM}")
            notes.draw_who(FORM)
            notes.draw_why(FORM)
            st.form_submit_button(
                "Save", icon=":material/bookmark_add:", on_click=_save, args=(source, filters)
            )
        notes.draw_outcome(FORM)


def draw_segments(page: Page) -> None:
    """The history of segments, withdrawn ones too, and the form that withdraws one."""
    try:
        known = page.source.segments()
    except Refused as refusal:
        st.warning("Segments can't be used:", icon=":material/warning:")
        st.text(str(refusal))
        return
    if not known.every:
        st.caption("None yet. Choose filters, and save them as a segment in the sidebar.")
        return
    names = {
        "name": "Name",
        "filters": "Filters",
        "saved_by": "Saved by",
        "saved_at": "Saved (UTC)",
        "reason": "Why",
        "in_use": "In use",
        "withdrawn": "Withdrawn",
    }
    st.dataframe(
        segments.table(known).drop(columns="id").rename(columns=names),
        hide_index=True,
        placeholder=ABSENT,
        column_config={name: st.column_config.TextColumn(width="medium") for name in WIDE},
        alt=f"{quantity(len(known.every), 'segment')}, with who saved and who withdrew each.",
    )
    for words in _usable(page.source, known)[1].values():
        st.caption(plain(words))
    _draw_withdrawing(page, known)


def _draw_withdrawing(page: Page, known: Segments) -> None:
    current = {each.name: each for each in known.named if each.segment_id}
    if not current:
        return
    picked = st.selectbox("A segment to withdraw", list(current), key="withdrawn_segment")
    note, settings = current[picked].segment_id, page.source.settings
    notes.draw_withdrawal(
        "withdrawn_segment",
        f"{picked}; it stays in the list above",
        lambda who, why: withdraw(settings, note, who, why),
    )


def _usable(source: Source, known: Segments) -> tuple[dict[str, Filters], dict[str, str]]:
    """The filters of each segment that can be chosen, and sentences on what the data lacks, by name."""
    values = source.warehouse.known_values() if known.named else {}
    usable: dict[str, Filters] = {}
    sentences: dict[str, str] = {}
    for segment in known.named:
        try:
            filters, lost = segments.fitted(segment, values)
            closed.refuse(filters, None, source.settings)
        except Refused as refusal:
            sentences[segment.name] = sentence(str(refusal))
            continue
        usable[segment.name] = filters
        if lost:
            sentences[segment.name] = sentence(lost)
    return usable, sentences


def _open(address: Address, known: Segments, usable: Mapping[str, Filters]) -> None:
    """Where the URL names a segment, its filters take the place of the URL's own."""
    for name in address.said(KEY)[:1]:
        try:
            segment = known.by_name(name)
        except Refused as refusal:
            address.refuse(KEY, f"isn't a segment: {refusal}")
            continue
        if segment.name not in usable:
            address.refuse(KEY, "can't be used now; the reason is in the sidebar")
            continue
        address.replace(KEY, [segment.name])
        for key, value in widgets(usable[segment.name]).items():
            address.refuse(key, "is a filter beside a segment, which has its own")
            address.replace(key, value if isinstance(value, list) else [value])


def _forget_changed(usable: Mapping[str, Filters]) -> None:
    """No segment is chosen once a reader changed any of its filters."""
    name = st.session_state.get(KEY, NONE)
    if name not in usable or _comparable(widgets(usable[name])) != _comparable(
        {key: st.session_state.get(key, usual) for key, usual in DEFAULTS.items()}
    ):
        st.session_state[KEY] = NONE


def _comparable(state: Mapping[str, Any]) -> dict[str, Any]:
    """The state without the order of values, and without the mode of a tag that has none."""
    return {
        key: sorted(value) if isinstance(value, list) else value
        for key, value in state.items()
        if not key.endswith("_mode") or state[key.removesuffix("_mode")]
    }


def _choose(usable: Mapping[str, Filters]) -> None:
    set_widgets(usable.get(st.session_state[KEY], Filters()))


def _save(source: Source, filters: Filters) -> None:
    name = (st.session_state.get(f"name_{FORM}") or "").strip()

    def act() -> None:
        segments.save(source.settings, name, filters, notes.who(FORM), notes.why(FORM))

    if notes.attempt(FORM, act, "The segment is saved, for everyone."):
        st.session_state[KEY] = name
        st.session_state[f"name_{FORM}"] = ""
