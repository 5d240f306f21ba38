"""Delivery: messages to people, each sent once, by mail and to chats.

`outbox` retains what is to be sent, and `sending` sends it, through `mail` and `chat`; `pages` gives the
addresses of pages for links. The content is made elsewhere: of digests in `kpi.digest`, of alerts in
`kpi.alerts`.
"""
