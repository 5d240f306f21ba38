"""What a reader chose, between the URL and the widgets: defaults are left out, bad values dropped.

Streamlit's own binding of widgets loses what a link carries when the page changes (seen on 1.67), so
the URL is read here before the widgets are drawn, and written after them. On the first run, after a
change of page, and when the browser went back or forth, the URL says what is chosen; else the widgets do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import streamlit as st

from kpi.dashboard.words import plain

LEFT, FILE, KNOWN = "address_left", "address_file", "address_known"


class Address:
    """The URL of one run of a page; ``file`` tells pages apart."""

    def __init__(self, file: str) -> None:
        self._chosen: dict[str, list[str]] = {}
        said = {name: _once(st.query_params.get_all(name)) for name in st.query_params}
        left: dict[str, list[str]] | None = st.session_state.get(LEFT)
        moved = st.session_state.get(FILE) != file
        self._first = left is None
        self._rules = moved or left is None or any(said.get(k, []) != v for k, v in left.items())
        self._said = {name: [one for one in told if one] for name, told in said.items()}
        # Noted at once: a run that is cut short has read the URL all the same.
        st.session_state[FILE] = file
        st.session_state[LEFT] = {name: said.get(name, []) for name in left or said}

    @property
    def chosen(self) -> dict[str, list[str]]:
        """What isn't a default, by its name in the URL; before any widget is drawn, what the URL says."""
        if not self._chosen:
            return self._said
        return {name: values for name, values in self._chosen.items() if values}

    def said(self, key: str) -> list[str]:
        """What the URL says by a name, where it is the URL that says what is chosen."""
        return self._said.get(key, []) if self._rules else []

    def refuse(self, key: str, why: str, after: int = 0) -> None:
        """Before a widget: drop what the URL says beyond so many values; a notice on a first visit."""
        for value in self.said(key)[after:]:
            if self._first:
                tell_dropped(value, why)
        self._said[key] = self._said.get(key, [])[:after]

    def one_of(self, key: str, options: Sequence[str], usual: str) -> None:
        """Before a widget of one choice: let it stand as the URL says."""
        self._let(key, usual, [v for v in self._known(key, options.__contains__)][:1], list.pop)

    def some_of(self, key: str, options: Sequence[str]) -> None:
        """Before a widget of several choices: let it stand as the URL says."""
        self._let(key, [], self._known(key, options.__contains__), list)

    def day(self, key: str, usual: date, first: date, last: date, covered: str) -> None:
        """Before a widget of a day between two others: let it stand as the URL says."""

        def inside(value: str) -> bool:
            try:
                return first <= date.fromisoformat(value) <= last
            except ValueError:
                return False

        known = self._known(key, inside, f"isn't one of the days loaded, {covered}")
        self._let(key, usual, known[:1], lambda told: date.fromisoformat(told[0]))

    def note(self, key: str, value: Any, usual: Any) -> None:
        """After a widget: what is chosen, to be written; its default is left out."""
        if value == usual:
            self._chosen[key] = []
        elif isinstance(value, list):
            self._chosen[key] = [str(one) for one in value]
        else:
            self._chosen[key] = [value.isoformat() if isinstance(value, date) else str(value)]

    def write(self) -> None:
        """Bring the URL in line with what is chosen; what another page's widgets said goes."""
        known: set[str] = st.session_state.setdefault(KNOWN, set())
        known |= set(self._chosen)
        wanted = {name: self._chosen.get(name, []) for name in sorted(known)}
        changed = {k: v for k, v in wanted.items() if v and st.query_params.get_all(k) != v}
        if changed:
            st.query_params.update(changed)
        for name, values in wanted.items():
            if not values and name in st.query_params:
                del st.query_params[name]
        st.session_state[LEFT] = wanted

    def _known(self, key: str, known: Callable[[str], bool], why: str | None = None) -> list[str]:
        """The values of the URL that can be chosen; on a first visit, a notice for each that can't."""
        values = self.said(key)
        for value in values:
            if self._first and not known(value):
                tell_dropped(value, why or f"isn't a value of {plain(key)}")
        return [value for value in values if known(value)]

    def _let(self, key: str, usual: Any, told: list[str], read: Callable[[list[str]], Any]) -> None:
        if self._rules and (told or key in st.session_state):
            st.session_state[key] = read(told) if told else usual


def tell_dropped(value: str, why: str) -> None:
    """A notice that a value of the URL can't be chosen."""
    st.toast(
        f"“{plain(value[:60])}” in the link {why}; it was dropped.",
        icon=":material/link_off:",
        duration="long",
    )


def _once(values: Sequence[str]) -> list[str]:
    """Values without repeats: a link's are added to those that stand."""
    return list(dict.fromkeys(values))
