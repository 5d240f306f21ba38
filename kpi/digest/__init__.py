"""The digest: what a week or a month brought, sent to people who don't open the dashboard every day.

`content` gathers it as plain data, by the functions that pages and exports ask; `rendered` writes that as
text, HTML and JSON, `feed` as Atom; `kpi.delivery` sends it. Nothing here draws pages, and no number is
worked out here.
"""
