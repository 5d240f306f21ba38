"""The digest: what a week or a month brought, sent to people who don't open the dashboard every day.

`content` gathers it as plain data, by the functions that pages and exports ask; `rendered` writes that as
text, HTML and JSON, `feed` as Atom; `outbox` retains what is to be sent, and `sending` sends it, through
`mail` and `chat`. Nothing here draws pages, and no number is worked out here.
"""
