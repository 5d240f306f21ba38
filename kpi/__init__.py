"""Firefox Accounts KPI dashboards: exact engagement, multi-device and connection-time measures."""
