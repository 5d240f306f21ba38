"""Numbers and charts by link, as routes of Streamlit's own server: docs/decisions/numbers-by-link.md."""

from kpi.dashboard.api.links import routes as routes
