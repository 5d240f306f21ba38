"""Alerts on KPIs: stretches of days that are out of the usual, each reported when it begins and when it ends.

`file` reads `kpi/alerts.toml`; `departures` says which days of a KPI are out of the usual, `verdicts` when a
goal's verdict changed for good; `stories` makes stretches of these, a pure function of the published tables;
`journal` knows which were reported, and nothing else. Nothing here sends, and nothing here knows of pages.
"""

from kpi.alerts.file import Alert as Alert
from kpi.alerts.file import read as read
from kpi.alerts.stories import Story as Story
from kpi.alerts.stories import stories as stories
