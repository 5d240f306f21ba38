"""What goes wrong on a page, told where it stands: for a whole page, and for a part that reruns alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import streamlit as st

from kpi.dashboard import gate
from kpi.errors import NoData, Refused, Republished, WarehouseDown

P = ParamSpec("P")


def fragment(draw: Callable[P, None]) -> Callable[P, None]:
    """A part of a page that reruns alone: shut once the sign-in is over, and telling its own faults.

    Streamlit shows what a fragment raises as an error of its own and ends the page there, so nothing that
    a reader can do something about may leave one.
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
    """The one place where a store that can't be read from is told."""
    if isinstance(refusal, WarehouseDown):
        st.error(
            "The numbers can't be read right now: the store did not answer. Nothing is lost; "
            "reload the page in a minute. If it stays so, whoever runs this finds the reason with:",
            icon=":material/cloud_off:",
        )
        st.code("python -m kpi doctor", language="shell")
    elif isinstance(refusal, NoData):
        st.info(
            "Nothing has been loaded yet. Load event files and sum them up:",
            icon=":material/upload_file:",
        )
        st.code("python -m kpi load FILE…\npython -m kpi summarise", language="shell")
        st.markdown("Or look around with simulated data first:")
        st.code("python -m kpi demo", language="shell")
    else:
        st.error("This can't be shown:", icon=":material/error:")
        st.text(str(refusal))
