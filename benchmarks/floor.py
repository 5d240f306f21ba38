"""The least that a page can be, for `benchmarks.app`: one choice in the sidebar, and one chart of it."""

import altair as alt
import pandas as pd
import streamlit as st

st.set_page_config(layout="wide")
steps = st.sidebar.radio("Steps", [1, 2, 3], key="steps", bind="query-params")
days = pd.date_range("2016-01-01", periods=90)
frame = pd.DataFrame({"day": days, "value": [place * steps % 7 for place in range(90)]})
st.altair_chart(alt.Chart(frame).mark_line().encode(x="day:T", y="value:Q"), alt="Steps")
