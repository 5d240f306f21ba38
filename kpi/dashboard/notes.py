"""Forms for notes by people, frozen baselines and markers: who, why, and their withdrawal."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from kpi.dashboard import gate
from kpi.dashboard.words import plain
from kpi.errors import Refused
from kpi.numbers.notes import LONGEST_NAME, LONGEST_REASON

REFUSED, DONE = "note_refused", "note_done"


def draw_who(key: str) -> None:
    """The reader who is signed in, or a field for the name where nobody has to sign in."""
    reader = gate.reader_address()
    if reader is None:
        st.text_input("Who", max_chars=LONGEST_NAME, key=f"who_{key}")
    else:
        st.caption(f"As {plain(reader)}")


def draw_why(key: str) -> None:
    """A field for the reason."""
    st.text_area("Why", max_chars=LONGEST_REASON, key=f"why_{key}", height=80)


def who(key: str) -> str:
    """The reader who is signed in, or the name typed into the form; '' without either."""
    return gate.reader_address() or st.session_state.get(f"who_{key}") or ""


def why(key: str) -> str:
    """The reason typed into the form."""
    return st.session_state.get(f"why_{key}") or ""


def attempt(key: str, act: Callable[[], None], done: str) -> bool:
    """Carry out what a form asks for; False where it is refused. `draw_outcome` says which."""
    try:
        act()
    except Refused as refusal:
        st.session_state[REFUSED] = key, str(refusal)
        return False
    st.session_state[DONE] = done
    return True


def draw_outcome(key: str) -> None:
    """Below a form: the reason for a refusal. After a success the whole page is drawn anew."""
    refused = st.session_state.get(REFUSED)
    if refused and refused[0] == key:
        del st.session_state[REFUSED]
        st.error("It wasn't stored:", icon=":material/error:")
        st.text(refused[1])
    elif DONE in st.session_state:
        st.rerun()  # the form may be in a part of a page that is drawn by itself


def draw_done() -> None:
    """At the top of a page drawn anew, above its forms: what was stored just before."""
    done = st.session_state.pop(DONE, None)
    if done:
        st.toast(done, icon=":material/check:")


def draw_withdrawal(
    key: str,
    what: str,
    withdraw: Callable[[str, str], None],
    then: Callable[[], None] = lambda: None,
) -> None:
    """The form that withdraws a note; ``withdraw`` gets who and why, ``then`` is called after it."""

    def act() -> None:
        if attempt(key, lambda: withdraw(who(key), why(key)), "It is withdrawn."):
            then()

    with st.form(f"withdraw_{key}", border=True):
        st.markdown(f"**Withdraw** {plain(what)}")
        draw_who(key)
        draw_why(key)
        st.form_submit_button("Withdraw", icon=":material/undo:", on_click=act)
    draw_outcome(key)
