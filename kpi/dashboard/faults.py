"""Refusals on a page: for a whole page, and for a part that reruns alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import streamlit as st

from kpi.dashboard import gate
from kpi.errors import NoData, Refused, Republished, WarehouseDown

P = ParamSpec("P")


def fragment(draw: Callable[P, None]) -> Callable[P, None]:
    """A part of a page that reruns alone: closed once the sign-in is over, and with its refusals shown in it.

    Streamlit shows an exception of a fragment as an error of its own and ends the page there, so no refusal
    may leave a fragment.
    """

    @st.fragment
    @wraps(draw)
    def guarded(*args: P.args, **options: P.kwargs) -> None:
        gate.close_if_over()
        try:
            draw(*args, **options)
        except Republished:
            st.rerun(scope="app")
        except Refused as refusal:
            draw_refusal(refusal)

    return guarded


def draw_refusal(refusal: Refused) -> None:
    """The message for a store that can't be read, or has nothing to read."""
    if isinstance(refusal, WarehouseDown):
        st.error(
            "The numbers can't be read right now: the store did not answer. Nothing is lost; "
            "reload the page in a minute. If the problem remains, an operator can look for the reason with:",
            icon=":material/cloud_off:",
        )
        # Code in colours can't all be read, and what scrolls sideways can't be reached by keyboard.
        st.code("python -m kpi doctor", language=None, wrap_lines=True)
    elif isinstance(refusal, NoData):
        st.info(
            "Nothing has been loaded yet. To load event files and summarise them, run:",
            icon=":material/upload_file:",
        )
        st.code("python -m kpi load FILE…\npython -m kpi summarise", language=None, wrap_lines=True)
        st.markdown("To try the dashboards with simulated data, run:")
        st.code("python -m kpi demo", language=None, wrap_lines=True)
    else:
        st.error("This can't be shown:", icon=":material/error:")
        st.text(str(refusal))
