"""A style and a script of a few lines that Streamlit's client lacks: docs/decisions/own-script.md."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

STYLE = Path(__file__).with_name("client.css")
SCRIPT = Path(__file__).with_name("client.js").read_text(encoding="utf-8")
"""The same for every reader; the policy of deploy/nginx.conf names its hash."""


def extend_client() -> None:
    """Send the style and the script to the reader's browser, which runs the script once."""
    st.html(STYLE)
    st.html(f"<script>{SCRIPT}</script>", unsafe_allow_javascript=True)
