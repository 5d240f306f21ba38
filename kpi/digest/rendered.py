"""A digest as text, as HTML for mail clients, and as a line of JSON."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from kpi import goals
from kpi.delivery.outbox import Inline, Message
from kpi.delivery.templates import templates
from kpi.digest.content import Digest

TEMPLATES = Path(__file__).parent / "templates"
MARKS = {goals.MET: "✓", goals.NOT_MET: "✗", goals.TOO_CLOSE: "≈", goals.NO_DATA: "?"}
"""The mark of each verdict, which is never shown by colour alone."""

STATUS_COLOURS = {
    goals.MET: ("met", "#1a7f37"),
    goals.NOT_MET: ("missed", "#c62828"),
    goals.TOO_CLOSE: ("close", "#9a5b00"),
    goals.NO_DATA: ("unknown", "#57606a"),
}
"""The class, which has the colour on dark, and the colour on light of each verdict."""


def by_content_id(picture: Inline) -> str:
    """The address of a picture that is a part of the same mail."""
    return f"cid:{picture.content_id}"


def within_the_page(picture: Inline) -> str:
    """The address of a picture that holds all of it, for a page in a file of its own."""
    return f"data:image/png;base64,{base64.b64encode(picture.png).decode()}"


def subject(digest: Digest) -> str:
    """The subject of a mail: the days, and how many goals are met or changed."""
    changed = sum(goal.changed for goal in digest.goals)
    parts = [digest.summary, f"{changed} changed" if changed else ""]
    said = ", ".join(filter(None, parts))
    demo = "[Demo] " if digest.simulated else ""
    return f"{demo}{digest.title}" + (f": {said}" if said else "")


def as_text(digest: Digest) -> str:
    """The digest as plain text."""
    return templates(TEMPLATES).get_template("digest.txt").render(digest=digest, marks=MARKS)


def as_html(
    digest: Digest, pictures: Iterable[Inline] = (), source: Callable[[Inline], str] = by_content_id
) -> str:
    """The digest as a page for mail clients; ``source`` gives the address of a picture within it.

    Styles are inline, the layout is of tables, and nothing is fetched from anywhere.
    """
    shown = {picture.name: picture for picture in pictures}
    return (
        templates(TEMPLATES)
        .get_template("digest.html")
        .render(
            digest=digest,
            subject=subject(digest),
            pictures=shown,
            sources={name: source(picture) for name, picture in shown.items()},
            marks=MARKS,
            colours=STATUS_COLOURS,
        )
    )


def as_json(digest: Digest) -> str:
    """The digest as a line of JSON, with every figure in full."""
    return json.dumps(asdict(digest), default=str, ensure_ascii=False)


def message_of(
    digest: Digest, pictures: list[Inline], channels: list[str], silent: bool
) -> Message:
    """A digest as it is sent to these recipients."""
    return Message(
        id=digest.id,
        publication=digest.publication,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        subject=subject(digest),
        text=as_text(digest),
        html=as_html(digest, pictures),
        line=as_json(digest),
        pictures=pictures,
        channels=[] if silent else channels,
        silent=silent,
    )
