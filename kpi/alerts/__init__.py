"""Alerts on KPIs: stretches of days out of the usual, each reported when it begins and when it ends.

`file` reads `kpi/alerts.toml`; `departures` says which days of a KPI are out of the usual, `verdicts` when a
goal's verdict changed for good; `story` makes stories of these, a pure function of the published tables;
`journal` knows which were reported, `history` brings them together. Nothing here sends, or knows of pages.
"""

from kpi.alerts.file import Alert as Alert
from kpi.alerts.file import read as read
from kpi.alerts.story import Story as Story
from kpi.alerts.story import stories as stories
