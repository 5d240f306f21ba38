"""A reader's choices between the URL and the widgets: defaults are left out, bad values ignored.

Streamlit's own binding of widgets loses a link's values when the page changes (observed on 1.67), so
the URL is read here before the widgets are drawn, and written after them. On the first run, after a
change of page, and when the browser went back or forth, the URL decides; otherwise the widgets do. Two
choices within a moment reach the server before the browser has written the first into its URL: where a
widget has changed, the widgets decide.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from datetime import date
from typing import Any

import streamlit as st

from kpi.dashboard.words import plain

LEFT, FILE, KNOWN, WIDGETS = "address_left", "address_file", "address_known", "address_widgets"


class Address:
    """The URL of one run of a page; ``file`` identifies the page."""

    def __init__(self, file: str) -> None:
        self._chosen: dict[str, list[str]] = {}
        said = {name: _once(st.query_params.get_all(name)) for name in st.query_params}
        left: dict[str, list[str]] | None = st.session_state.get(LEFT)
        moved = st.session_state.get(FILE) != file
        self._first = left is None
        elsewhere = any(said.get(key, []) != values for key, values in (left or {}).items())
        self._rules = moved or left is None or (elsewhere and not _chosen_since())
        self._said = {name: [*filter(None, values)] for name, values in said.items()}
        # Noted at once: a run that is cut short has also read the URL.
        st.session_state[FILE] = file
        st.session_state[LEFT] = {name: said.get(name, []) for name in left or said}

    @property
    def chosen(self) -> dict[str, list[str]]:
        """The choices that differ from defaults, by name; before any widget is drawn, those of the URL."""
        if not self._chosen:
            return self._said
        return {name: values for name, values in self._chosen.items() if values}

    def said(self, key: str) -> list[str]:
        """The values of a name in the URL, where the URL decides."""
        return self._said.get(key, []) if self._rules else []

    def refuse(self, key: str, why: str, after: int = 0) -> None:
        """Before a widget: ignore the URL's values after so many; with a notice on a first visit."""
        for value in self.said(key)[after:]:
            if self._first:
                notify_ignored(value, why)
        self._said[key] = self._said.get(key, [])[:after]

    def replace(self, key: str, values: list[str]) -> None:
        """Before a widget: values in place of the URL's."""
        self._said[key] = [*values]

    def imply(self, key: str, value: str, *given: str) -> None:
        """Before a widget: where the URL has one of ``given`` and not the key, it means this value."""
        if not self.said(key) and any(self.said(name) for name in given):
            self._said[key] = [value]

    def restore_choice(self, key: str, options: Sequence[str], usual: str) -> None:
        """Before a widget of a single choice: set it to the URL's value."""
        self._restore(key, usual, self._known(key, options.__contains__)[:1], list.pop)

    def restore_choices(self, key: str, options: Sequence[str]) -> None:
        """Before a widget of several choices: set it to the URL's values."""
        self._restore(key, [], self._known(key, options.__contains__), list)

    def restore_text(self, key: str, known: Callable[[str], bool], why: str) -> str:
        """The URL's value of a choice that has no widget, or the value of the last run; '' is none."""
        self._restore(key, "", self._known(key, known, why)[:1], list.pop)
        value: str = st.session_state.get(key, "")
        self.note(key, value, "")
        return value

    def restore_day(self, key: str, usual: date, first: date, last: date, covered: str) -> None:
        """Before a widget of a day between two others: set it to the URL's value."""

        def inside(value: str) -> bool:
            try:
                return first <= date.fromisoformat(value) <= last
            except ValueError:
                return False

        known = self._known(key, inside, f"isn't a loaded day ({covered})")
        self._restore(key, usual, known[:1], lambda days: date.fromisoformat(days[0]))

    def note(self, key: str, value: Any, usual: Any) -> None:
        """After a widget: its value, to be written to the URL; the default is left out."""
        if value == usual:
            self._chosen[key] = []
        elif isinstance(value, list):
            self._chosen[key] = [*map(str, value)]
        else:
            self._chosen[key] = [value.isoformat() if isinstance(value, date) else str(value)]

    def write(self) -> None:
        """Write the choices into the URL, and remove those of another page's widgets."""
        known: set[str] = st.session_state.setdefault(KNOWN, set())
        known |= set(self._chosen)
        wanted = {name: self._chosen.get(name, []) for name in sorted(known)}
        changed = {k: v for k, v in wanted.items() if st.query_params.get_all(k) != v}
        if changed:  # all at once, so that an act of the reader is a single step of Back
            st.query_params.update(changed)
        st.session_state[LEFT] = wanted
        st.session_state[WIDGETS] = {
            key: deepcopy(st.session_state[key]) for key in known if key in st.session_state
        }

    def _known(self, key: str, known: Callable[[str], bool], why: str | None = None) -> list[str]:
        """The values of the URL that can be chosen; on a first visit, a notice for each that can't."""
        values = self.said(key)
        for value in values:
            if self._first and not known(value):
                notify_ignored(value, why or f"isn't a value of {plain(key)}")
        return [value for value in values if known(value)]

    def _restore(
        self, key: str, usual: Any, values: list[str], read: Callable[[list[str]], Any]
    ) -> None:
        if self._rules and (values or key in st.session_state):
            st.session_state[key] = read(values) if values else usual


class NoAddress(Address):
    """The choices of a chart that a link asks for: no browser has them in its URL."""

    def __init__(self) -> None:
        self._chosen, self._said = {}, {}


def notify_ignored(value: str, why: str) -> None:
    """A notice that a value of the URL is ignored, with the reason."""
    st.toast(
        f"“{plain(value[:60])}” in the link was ignored: it {why}.",
        icon=":material/link_off:",
        duration="infinite",  # until the reader closes it
    )


def _chosen_since() -> bool:
    """True where the reader changed a widget of the URL since the last run that came to its end."""
    before: dict[str, Any] = st.session_state.get(WIDGETS, {})
    return any(
        key in st.session_state and st.session_state[key] != value for key, value in before.items()
    )


def _once(values: Sequence[str]) -> list[str]:
    """Values without repeats: Streamlit adds those of a link to the present values."""
    return list(dict.fromkeys(values))
