"""The two readings of a segment's engagement ratio, and the choice between them."""

from __future__ import annotations

from kpi.dashboard import draw
from kpi.dashboard.figures import RATIO, SAME_PEOPLE
from kpi.dashboard.page import Page
from kpi.dashboard.parts import draw_note
from kpi.meaning.measures import Measure

READINGS = {"same people": SAME_PEOPLE, "in the segment": RATIO}
CHANGING = {
    "version": "changes version",
    "service": "changes service",
    "users": "is no longer new",
}
"""The tags that people change without being less active, in words on who does."""

_HELP = (
    "*Same people*: of those active in the segment in 28 days, the share active anywhere on an average day "
    "of the last 7. *In the segment*: the specification’s ratio, of users active in the segment on a day."
)


def choose_reading(page: Page, key: str, by: str | None = None) -> Measure:
    """The engagement ratio in the reading that the reader chose, with a sentence where one misleads.

    Without a segment the two are equal, and there is no choice. Under a filter or a breakdown ``by`` a tag
    that people change, that of the same people is the default. Source: design, section 3.
    """
    tags = [tag for tag in (*page.filters.of_users.narrowed, by) if tag]
    if not tags:
        return RATIO
    changing = " or ".join(dict.fromkeys(CHANGING[tag] for tag in tags if tag in CHANGING))
    usual = "same people" if changing else "in the segment"
    chosen = draw.choose(page, "Ratio of", list(READINGS), key=key, default=usual, help=_HELP)
    if changing:
        draw_note(page.once(_sentence(READINGS[chosen], changing)))
    return READINGS[chosen]


def _sentence(measure: Measure, changing: str) -> str:
    if measure is SAME_PEOPLE:
        return (
            f"This is the ratio of the same people, wherever they are active now. Whoever {changing} leaves "
            "the segment: counted there alone, they lower the ratio though they are as active as before."
        )
    return (
        f"Careful: whoever {changing} leaves the segment, but counts among its monthly users for up to 28 "
        "days. The ratio can fall though people are as active as before."
    )
